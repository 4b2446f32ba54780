//! Networks for images against what must hold whatever the implementation: central differences,
//! causality, probabilities that sum to one, running statistics that survive a checkpoint.

use super::layers::{GatedConv, Mask, MaskedConv2d, PixelCnn, ResidualBlock, Stack, Stage, rows};
use super::*;

const NONE: Activation = Activation::Identity;

fn normal(purpose: u64, n: usize) -> Vec<f32> {
    Seed::new(40).stream(purpose).normal(n)
}

fn images(purpose: u64, shape: (usize, usize, usize, usize)) -> Images<Cpu> {
    Cpu::default().constant(normal(purpose, shape.num_elements()), shape)
}

/// Compares the gradient of `loss` with central differences along random directions in the space
/// of all weights.
///
/// Float32 allows no better: the loss has relative errors of some 1e-7, the step is 1e-2 of a unit
/// direction, so differences are good to some 1e-5 of the loss; the truncation error is of that size too.
fn check_gradient(params: &mut Params<Cpu>, loss: impl Fn(&Pass<Cpu>) -> Scalar<Cpu>) {
    let pass = params.record();
    let value = loss(&pass);
    let scale = f64::from(value.value()).abs().max(1.0);
    let gradients = pass.backward(value);
    let start: Vec<Vec<f32>> = (0..params.len()).map(|i| params.values(i)).collect();
    for direction in 0..6 {
        let directions: Vec<Vec<f32>> = start
            .iter()
            .enumerate()
            .map(|(i, v)| match params.role(i) {
                Role::Weight => normal(1000 + 50 * direction + i as u64, v.len()),
                Role::Buffer => vec![0.0; v.len()],
            })
            .collect();
        let squares = directions.iter().flatten().map(|d| f64::from(*d).powi(2));
        let norm = squares.sum::<f64>().sqrt();
        let mut slope = 0.0;
        for (i, direction) in directions.iter().enumerate() {
            let gradient = gradients.at(i).unwrap_or_default();
            let products = gradient.iter().zip(direction);
            slope += products.map(|(g, d)| f64::from(g * d)).sum::<f64>();
        }
        slope /= norm;
        let mut at = |step: f64| {
            for (i, (start, direction)) in start.iter().zip(&directions).enumerate() {
                let moved = start.iter().zip(direction);
                let moved = moved.map(|(s, d)| s + (step / norm * f64::from(*d)) as f32);
                params.set(i, moved.collect()).expect("as many numbers");
            }
            f64::from(loss(&params.eval()).value())
        };
        let step = 1e-2;
        let difference = (at(step) - at(-step)) / (2.0 * step);
        at(0.0);
        assert!(
            (difference - slope).abs() < 1e-4 * scale + 2e-3 * slope.abs(),
            "direction {direction}: {difference} by differences, {slope} by the tape"
        );
    }
}

/// `Σ w · y` with fixed random weights, as one number.
fn project(y: Images<Cpu>) -> Scalar<Cpu> {
    let w = images(7, y.shape());
    (y * w).mean()
}

#[test]
fn gradients_of_image_layers_are_central_differences() {
    let tanh = Activation::Tanh;
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(1));
    let conv = Conv2d::new(&mut builder.part("conv"), 3, 8, Window::square(4, 2, 1));
    let norm = BatchNorm::new(&mut builder.part("norm"), 8);
    let back = ConvTranspose2d::new(&mut builder.part("back"), 8, 3, Window::square(5, 2, 2));
    let masked = MaskedConv2d::new(&mut builder.part("masked"), 3, 4, 3, Mask::B);
    let first = GatedConv::new(&mut builder.part("first"), 4, 6, 5, Mask::A);
    let gated = GatedConv::new(&mut builder.part("gated"), 6, 6, 3, Mask::B);
    let x = images(0, (4, 3, 8, 8));
    check_gradient(&mut params, |pass| {
        let y = conv.forward(pass, x.clone());
        let y = norm.images(pass, y, &Statistics::Batch, tanh);
        let y = back
            .clone()
            .output_padding(1, 1)
            .forward_with(pass, y, tanh);
        let y = masked.forward(pass, y, tanh);
        let y = first.forward(pass, y.clone(), y);
        let y = gated.forward(pass, y.v, y.h);
        project(Cpu::add(y.h, y.v, tanh))
    });
}

#[test]
fn gradients_of_a_residual_block_are_central_differences() {
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(2));
    let change = ResidualBlock::new(&mut builder.part("change"), 3, 8);
    let keep = ResidualBlock::new(&mut builder.part("keep"), 8, 8);
    assert!(change.skip.is_some() && keep.skip.is_none());
    let x = images(0, (3, 3, 6, 5));
    let pass = params.record();
    let y = keep.forward(
        &pass,
        change.forward(&pass, x, &Statistics::Batch),
        &Statistics::Batch,
    );
    assert_eq!(y.shape(), (3, 8, 6, 5));
    assert!(y.to_vec().iter().all(|v| *v >= 0.0));
    let gradients = pass.backward(project(y));
    // Its ReLUs have kinks, where differences mean little: that a gradient reaches every weight
    // is what is new here; the layers themselves are checked above.
    for index in 0..params.len() {
        if params.role(index) == Role::Weight {
            let gradient = gradients.at(index).expect("nothing is frozen");
            assert!(gradient.iter().any(|g| *g != 0.0), "parameter {index}");
        }
    }
}

/// A small PixelCNN for one channel and `context` further ones.
fn pixel_cnn(context: usize) -> (Params<Cpu>, PixelCnn) {
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(3));
    let net = PixelCnn::new(&mut builder, 1 + context, 5, &[5, 3, 3], 1);
    (params, net)
}

#[test]
fn a_pixel_changes_only_the_logits_after_it() {
    let (h, w) = (6, 5);
    let (params, net) = pixel_cnn(0);
    let x = images(0, (1, 1, h, w));
    let logits = |values: Vec<f32>| {
        let x = Cpu::default().constant(values, (1, 1, h, w));
        net.forward(&params.eval(), x).to_vec()
    };
    let before = logits(x.to_vec());
    for pixel in 0..h * w {
        let mut values = x.to_vec();
        values[pixel] += 1.0;
        let after = logits(values);
        assert_eq!(before[..=pixel], after[..=pixel], "pixel {pixel}");
        if pixel + 1 < h * w {
            assert_ne!(before[pixel + 1..], after[pixel + 1..], "pixel {pixel}");
        }
    }
}

#[test]
fn every_earlier_pixel_is_seen() {
    let (h, w) = (4, 4);
    let (params, net) = pixel_cnn(0);
    let pass = params.record_inputs();
    let x = images(0, (1, 1, h, w)).watched(pass.tape());
    let y = net.forward(&pass, x.clone());
    let mut last = vec![0.0; h * w];
    last[h * w - 1] = 1.0;
    let last = Cpu::default().constant(last, y.shape());
    let gradient = (y * last).sum().backward().of(&x).to_vec();
    for (pixel, g) in gradient.iter().enumerate() {
        assert_eq!(*g != 0.0, pixel + 1 < h * w, "pixel {pixel}");
    }
}

#[test]
fn probabilities_of_all_two_by_two_images_sum_to_one() {
    let (params, net) = pixel_cnn(2);
    let context = normal(5, 2 * 4);
    let mut all = Vec::new();
    let mut targets = Vec::new();
    for image in 0..16 {
        let pixels = (0..4).map(|i| f32::from(image >> i & 1 == 1));
        let pixels: Vec<f32> = pixels.collect();
        all.extend_from_slice(&pixels);
        all.extend_from_slice(&context);
        targets.extend_from_slice(&pixels);
    }
    let x = Cpu::default().constant(all, (16, 3, 2, 2));
    let logits = rows(net.forward(&params.eval(), x));
    let targets = Cpu::default().matrix(targets, 16, 4);
    let nll = losses::bernoulli_nll(logits, targets).to_vec();
    let total: f64 = nll.iter().map(|nll| f64::from(-nll).exp()).sum();
    assert!((total - 1.0).abs() < 1e-5, "{total}");
}

#[test]
fn running_statistics_are_kept_in_order_and_saved() {
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(4));
    let conv = Conv2d::new(&mut builder.part(0), 2, 3, Window::square(3, 1, 1));
    let norm = BatchNorm::new(&mut builder.part(1), 3);
    let net = Stack::new(vec![Stage::Conv(conv, NONE), Stage::Norm(norm, NONE)]);
    assert!(net.has_batch_norm());
    let (real, fake) = (images(0, (4, 2, 5, 5)), images(1, (4, 2, 5, 5)));
    let fake = fake * 3.0 + 1.0;
    let first = params.values(norm.running_mean.index());

    // Real and generated images are two batches: each is normalised by its own statistics.
    let pass = params.record();
    let noted = Statistics::noted();
    let apart = net.forward(&pass, fake.clone(), &noted).to_vec();
    net.forward(&pass, real, &noted);
    let forgotten = net.forward(&pass, fake.clone(), &Statistics::Batch);
    assert_eq!(apart, forgotten.to_vec());
    assert_eq!(params.values(norm.running_mean.index()), first);
    noted.keep(&mut params).expect("sizes of its own layer");
    assert_ne!(params.values(norm.running_mean.index()), first);

    let header = Header {
        iteration: 2,
        config: serde_json::Value::Null,
    };
    let bytes = checkpoint::to_bytes(&header, &params, &[]).expect("a checkpoint");
    let mut loaded = params.clone();
    for index in 0..loaded.len() {
        let n = loaded.values(index).len();
        loaded.set(index, vec![0.5; n]).expect("as many numbers");
    }
    checkpoint::from_bytes(&bytes, &mut loaded, &mut []).expect("its own checkpoint");
    let run = |params: &Params<Cpu>| {
        let pass = params.eval();
        net.forward(&pass, fake.clone(), &Statistics::Running)
            .to_vec()
    };
    assert_eq!(run(&params), run(&loaded));
    assert_ne!(run(&params), apart);
}

/// A critic of both kinds of layers and its parameters.
fn critic(activation: Activation) -> (Params<Cpu>, Stack) {
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(6));
    let strided = Window::square(4, 2, 1);
    let stages = vec![
        Stage::Linear(Linear::new(&mut builder.part(0), 12, 18), activation),
        Stage::Reshape(2, 3, 3),
        Stage::ConvTranspose(
            ConvTranspose2d::new(&mut builder.part(1), 2, 4, strided).output_padding(1, 0),
            activation,
        ),
        Stage::Conv(Conv2d::new(&mut builder.part(2), 4, 8, strided), activation),
        Stage::Linear(Linear::new(&mut builder.part(3), 8 * 3 * 3, 1), NONE),
    ];
    (params, Stack::new(stages))
}

#[test]
fn the_input_gradient_is_the_tapes() {
    for activation in [Activation::LeakyRelu(0.2), Activation::Tanh] {
        let (params, net) = critic(activation);
        let pass = params.record_inputs();
        let x = images(0, (5, 3, 2, 2)).watched(pass.tape());
        let y = net.forward(&pass, x.clone(), &Statistics::Batch);
        let values = y.to_vec();
        let want = y.sum().backward().of(&x).to_vec();
        let got = penalty::input_gradient(&net, &params.eval(), x.detach());
        assert_eq!(got.output.to_vec(), values);
        for (got, want) in got.gradient.to_vec().iter().zip(&want) {
            assert!((got - want).abs() < 1e-6, "{got} is not {want}");
        }
    }
}

#[test]
fn the_penaltys_gradient_is_a_central_difference_for_smooth_critics() {
    for activation in [Activation::Tanh, Activation::Softplus, Activation::Sigmoid] {
        let (mut params, net) = critic(activation);
        let x = images(0, (5, 3, 2, 2));
        check_gradient(&mut params, |pass| {
            penalty::gradient_penalty(&net, pass, x.clone(), 10.0)
        });
    }
}

/// With leaky ReLUs differences are no check: kinks. There the penalty is compared with another
/// exact way: the unit vector v along each input gradient, pushed forward through the
/// layers beside the input, gives vᵀ∇f, whose gradient times 2 (‖∇f‖ − 1) is the penalty's.
/// f(x) = w x, so that the penalty is λ (|w| − 1)² and its gradient 2 λ (w − 1), however flat f is.
#[test]
fn the_penalty_of_a_flat_critic_has_all_of_its_gradient() {
    for w in [1e-1_f32, 1e-4, 1e-6, 1e-8] {
        let mut params = Params::new(&Cpu::default());
        let linear = Linear::with_init(
            &mut params.builder(Seed::new(0)),
            1,
            1,
            Init::Constant(w),
            false,
        );
        let critic = Stack::new(vec![Stage::Linear(linear.clone(), Activation::Identity)]);
        let pass = params.record();
        let x = pass.device().constant(vec![0.3], (1, 1, 1, 1));
        let loss = penalty::gradient_penalty(&critic, &pass, x, 10.0);
        let found = pass.backward(loss).get(linear.weight).expect("it has one")[0];
        let wanted = 20.0 * (w - 1.0);
        assert!(
            (found / wanted - 1.0).abs() < 1e-4,
            "{w}: {found}, not {wanted}"
        );
    }
}

#[test]
fn the_penaltys_gradient_is_that_of_a_pushed_forward_direction() {
    let activation = Activation::LeakyRelu(0.2);
    let (params, net) = critic(activation);
    let (n, weight) = (5, 10.0);
    let x = images(0, (n, 3, 2, 2));
    let pass = params.record();
    let loss = penalty::gradient_penalty(&net, &pass, x.clone(), weight);
    let reverse = pass.backward(loss);

    let slope = penalty::input_gradient(&net, &params.eval(), x.clone()).gradient;
    let norms = penalty::norms(slope.clone());
    let ones = Cpu::default().full(1.0, (n,));
    let v = rows(slope).times_column(ones.clone() / norms.clone());
    let factor = (norms - 1.0) * (2.0 * weight / n as f32);

    let (eval, pass) = (params.eval(), params.record());
    let (mut y, mut t) = (x.clone(), v.reshape((n, 3, 2, 2)));
    for stage in &net.stages {
        // The tangent goes through the layer without its bias, then through the slope at y.
        let (linear, activation) = match stage.clone() {
            Stage::Linear(mut layer, a) => {
                layer.bias = None;
                (Stage::Linear(layer, NONE), a)
            }
            Stage::Conv(mut layer, a) => {
                layer.bias = None;
                (Stage::Conv(layer, NONE), a)
            }
            Stage::ConvTranspose(mut layer, a) => {
                layer.bias = None;
                (Stage::ConvTranspose(layer, NONE), a)
            }
            other => (other, NONE),
        };
        y = stage.forward(&eval, y, &Statistics::Batch);
        t = linear.forward(&pass, t, &Statistics::Batch);
        t = Cpu::times_derivative(t, y.clone(), activation);
    }
    let forward = pass.backward((rows(t).sum_rows() * factor).sum());
    for index in 0..params.len() {
        let got = reverse.at(index).expect("nothing is frozen");
        let want = forward.at(index).expect("nothing is frozen");
        let largest = want.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        for (got, want) in got.iter().zip(&want) {
            // Float32 sums in another order.
            assert!(
                (got - want).abs() <= 1e-5 * largest.max(1e-3),
                "{got} is not {want}"
            );
        }
    }
}
