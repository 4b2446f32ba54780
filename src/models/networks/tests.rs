//! Sizes of the papers' networks, shapes for any picture, batch norm and gradients.

use super::*;
use crate::nn::Cpu;
use crate::nn::Params;
use crate::nn::tensor::Scalar;
use crate::random::Seed;

fn of(kind: NetworkKind, maps: usize) -> Architecture {
    Architecture {
        kind,
        maps,
        ..Architecture::mlp_of(vec![7], HiddenActivation::Relu)
    }
}

type Declares = fn(&mut Builder<'_, Cpu>, &Architecture, &[usize]) -> Network;

const ENCODER: Declares = |builder, kind, shape| encoder(builder, kind, shape, 20);
const GENERATOR: Declares = |builder, kind, shape| generator(builder, kind, 10, shape);
const DISCRIMINATOR: Declares = |builder, kind, shape| discriminator(builder, kind, shape, 1, true);
const CRITIC: Declares = |builder, kind, shape| discriminator(builder, kind, shape, 1, false);

fn declared(declares: Declares, kind: &Architecture, shape: &[usize]) -> (Params<Cpu>, Network) {
    let mut params = Params::new(&Cpu::default());
    let network = declares(&mut params.builder(Seed::new(1)), kind, shape);
    (params, network)
}

/// The shapes of the weights that are no vectors, in order.
fn weights(declares: Declares, kind: NetworkKind, shape: &[usize]) -> Vec<Vec<usize>> {
    let (params, _) = declared(declares, &of(kind, 64), shape);
    let all = (0..params.len()).map(|index| params.shape(index).to_vec());
    all.filter(|shape| shape.len() > 1).collect()
}

#[test]
fn the_sizes_are_those_of_the_tables_for_color_mnist() {
    let kind = NetworkKind::ColorMnist;
    let shape = [3, 28, 28];
    let found = weights(GENERATOR, kind, &shape);
    assert_eq!(
        found,
        [
            vec![3136, 10],
            vec![64, 64, 5, 5],
            vec![64, 32, 5, 5],
            vec![32, 3, 5, 5],
        ]
    );
    let found = weights(ENCODER, kind, &shape);
    assert_eq!(
        found,
        [
            vec![32, 3, 5, 5],
            vec![64, 32, 5, 5],
            vec![64, 64, 5, 5],
            vec![20, 3136],
        ]
    );
    let found = weights(DISCRIMINATOR, kind, &shape);
    assert_eq!(
        found,
        [
            vec![8, 3, 5, 5],
            vec![16, 8, 5, 5],
            vec![32, 16, 5, 5],
            vec![64, 32, 5, 5],
            vec![64, 64, 5, 5],
            vec![1, 1024],
        ]
    );
}

#[test]
fn the_sizes_are_those_of_the_published_code_for_photographs() {
    let kind = NetworkKind::Dcgan;
    let found = weights(GENERATOR, kind, &[3, 32, 32]);
    assert_eq!(
        found,
        [
            vec![256 * 16, 10],
            vec![256, 128, 4, 4],
            vec![128, 64, 4, 4],
            vec![64, 3, 4, 4],
        ]
    );
    let found = weights(DISCRIMINATOR, kind, &[3, 64, 64]);
    assert_eq!(
        found,
        [
            vec![64, 3, 4, 4],
            vec![128, 64, 4, 4],
            vec![256, 128, 4, 4],
            vec![512, 256, 4, 4],
            vec![1, 512 * 16],
        ]
    );
}

/// Every network over pictures of even, odd and unequal sides.
fn every() -> Vec<(&'static str, Declares, Architecture, Vec<usize>)> {
    let mut all = Vec::new();
    for (kind, shapes) in [
        (NetworkKind::Mlp, [[1, 5, 3], [3, 8, 8], [3, 14, 14]]),
        (NetworkKind::ColorMnist, [[1, 5, 7], [3, 8, 8], [3, 14, 13]]),
        (NetworkKind::Dcgan, [[1, 8, 8], [3, 16, 8], [3, 16, 16]]),
    ] {
        for shape in shapes {
            let architecture = of(kind, 4);
            assert_eq!(architecture.check(&shape), Ok(()));
            for (name, declares) in [
                ("encoder", ENCODER),
                ("generator", GENERATOR),
                ("discriminator", DISCRIMINATOR),
                ("critic", CRITIC),
            ] {
                all.push((name, declares, architecture.clone(), shape.to_vec()));
            }
        }
    }
    all
}

/// Rows that the network takes, how many numbers it has to give for each.
fn given(name: &str, shape: &[usize]) -> (Vec<f32>, usize, usize) {
    let pixels = shape.iter().product();
    let (inputs, outputs) = match name {
        "encoder" => (pixels, 20),
        "generator" => (10, pixels),
        _ => (pixels, 1),
    };
    let x = Seed::new(2).stream(0).normal(6 * inputs);
    (x, inputs, outputs)
}

#[test]
fn every_network_gives_what_was_asked_for_and_by_running_statistics_each_row_by_itself() {
    let device = Cpu::default();
    for (name, declares, architecture, shape) in every() {
        let (mut params, network) = declared(declares, &architecture, &shape);
        let (x, inputs, outputs) = given(name, &shape);
        let what = format!("{name} {architecture:?} {shape:?}");
        // Statistics that are not those of the beginning.
        let noted = Statistics::noted();
        network.forward(&params.eval(), device.matrix(x.clone(), 6, inputs), &noted);
        noted.keep(&mut params).expect("its own layers");
        let pass = params.eval();
        let forward = |rows: &[f32]| {
            let x = device.matrix(rows.to_vec(), rows.len() / inputs, inputs);
            network.forward(&pass, x, &Statistics::Running).to_vec()
        };
        let whole = forward(&x);
        assert_eq!(whole.len(), 6 * outputs, "{what}");
        let alone: Vec<f32> = x.chunks(inputs).flat_map(forward).collect();
        let size = whole.iter().fold(0.0f32, |size, y| size.max(y.abs()));
        for (one, of_six) in alone.iter().zip(&whole) {
            // Matrix products of other sizes may sum in another order.
            assert!(
                (one - of_six).abs() <= 1e-5 * size,
                "{what}: {one} {of_six}"
            );
        }
    }
}

#[test]
fn batch_norm_ties_rows_together_but_in_mlps_and_critics() {
    let device = Cpu::default();
    for (name, declares, architecture, shape) in every() {
        let (params, network) = declared(declares, &architecture, &shape);
        let (x, inputs, outputs) = given(name, &shape);
        let pass = params.eval();
        let forward = |rows: &[f32]| {
            let x = device.matrix(rows.to_vec(), rows.len() / inputs, inputs);
            network.forward(&pass, x, &Statistics::Batch).to_vec()
        };
        let (six, two) = (forward(&x), forward(&x[..2 * inputs]));
        let moved = six[..outputs]
            .iter()
            .zip(&two)
            .any(|(a, b)| (a - b).abs() > 1e-5 * a.abs());
        let free = name == "critic"
            || architecture.kind == NetworkKind::Mlp
            // The first convolution of a DCGAN's discriminator has no batch norm, and here is the only one.
            || (name == "discriminator" && architecture.kind == NetworkKind::Dcgan && shape[2] == 8);
        assert_eq!(moved, !free, "{name} {architecture:?} {shape:?}");
    }
}

/// Along a random direction of all parameters, by central differences: the bends of ReLU and single
/// precision leave about one per cent.
#[test]
fn gradients_agree_with_finite_differences() {
    let device = Cpu::default();
    for (name, declares, architecture, shape) in every() {
        let (mut params, network) = declared(declares, &architecture, &shape);
        // Steps are small beside weights of this size, and few units of ReLU change sides.
        for index in 0..params.len() {
            if params.shape(index).len() > 1 {
                let values = Seed::new(5)
                    .stream(index as u64)
                    .normal(params.values(index).len());
                params.set(index, values).expect("as many");
            }
        }
        let (x, inputs, outputs) = given(name, &shape);
        let targets = Seed::new(3).stream(0).normal(6 * outputs);
        let loss = |params: &Params<Cpu>, pass: &Pass<'_, Cpu>| -> Scalar<Cpu> {
            let device = params.device();
            let x = device.matrix(x.clone(), 6, inputs);
            let targets = device.matrix(targets.clone(), 6, outputs);
            (network.forward(pass, x, &Statistics::Batch) * targets).sum()
        };
        let pass = params.record();
        let value = loss(&params, &pass);
        let gradients = pass.backward(value);
        let before: Vec<Vec<f32>> = (0..params.len()).map(|i| params.values(i)).collect();
        let mut slope = 0.0;
        let mut directions = Vec::new();
        for (index, values) in before.iter().enumerate() {
            let direction = Seed::new(4).stream(index as u64).normal(values.len());
            if let Some(gradient) = gradients.at(index) {
                let products = gradient.iter().zip(&direction);
                slope += products
                    .map(|(g, d)| f64::from(*g) * f64::from(*d))
                    .sum::<f64>();
            }
            directions.push(direction);
        }
        let learned: Vec<bool> = (0..params.len())
            .map(|i| gradients.at(i).is_some())
            .collect();
        let mut at = |step: f32| {
            for (index, values) in before
                .iter()
                .enumerate()
                .filter(|(index, _)| learned[*index])
            {
                let moved = values
                    .iter()
                    .zip(&directions[index])
                    .map(|(v, d)| v + step * d);
                params.set(index, moved.collect()).expect("as many");
            }
            let pass = params.eval();
            let x = device.matrix(x.clone(), 6, inputs);
            let y = network.forward(&pass, x, &Statistics::Batch).to_vec();
            y.iter()
                .zip(&targets)
                .map(|(y, t)| f64::from(*y) * f64::from(*t))
                .sum::<f64>()
        };
        // A longer step crosses bends, a shorter one is lost in rounding.
        let step = 3e-5f32;
        let found = (at(step) - at(-step)) / (2.0 * f64::from(step));
        assert!(
            (found - slope).abs() < 0.03 * (1.0 + slope.abs()),
            "{name} {architecture:?} {shape:?}: {found} {slope}"
        );
    }
}

#[test]
fn plane_points_odd_sides_and_shallow_networks_are_refused() {
    let refused = |architecture: Architecture, shape: &[usize], what: &str| {
        let (message, help) = architecture.check(shape).expect_err("it cannot");
        assert!(
            message.contains(what) && !help.is_empty(),
            "{message}; {help}"
        );
    };
    let deep = |kind, depth| Architecture {
        depth: Some(depth),
        ..of(kind, 4)
    };
    refused(of(NetworkKind::Dcgan, 4), &[2], "is for pictures");
    refused(of(NetworkKind::Dcgan, 4), &[3, 30, 30], "30 × 30");
    refused(of(NetworkKind::Dcgan, 4), &[3, 7, 7], "at least 8 × 8");
    refused(deep(NetworkKind::Dcgan, 6), &[3, 32, 32], "6 times");
    refused(of(NetworkKind::ColorMnist, 4), &[784], "is for pictures");
    refused(of(NetworkKind::ColorMnist, 4), &[1, 3, 3], "at least 4 × 4");
    refused(deep(NetworkKind::ColorMnist, 1), &[1, 28, 28], "halves");
    assert_eq!(of(NetworkKind::Dcgan, 4).check(&[1, 28, 28]), Ok(()));
    assert_eq!(deep(NetworkKind::Dcgan, 5).check(&[3, 32, 32]), Ok(()));
}
