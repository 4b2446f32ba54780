//! Layers of images: convolutions, masked and gated ones, batch normalisation.

use sweepline::nn::layers::{BatchNorm, GatedConv, Mask, MaskedConv2d};
use sweepline::nn::{
    Activation, Backend, Conv2d, ConvTranspose2d, Cpu, Init, Padding, Params, Seed, Statistics,
    Window,
};

use super::case::{Answers, Case, fill, pull_back, put_gradients};

type Four = (usize, usize, usize, usize);

/// The window of a case: `padding` on all sides.
fn window(case: &Case) -> Window {
    let (rows, columns) = case.pair("padding");
    Window {
        kernel: case.pair("kernel"),
        stride: case.pair("stride"),
        padding: Padding {
            top: rows,
            bottom: rows,
            left: columns,
            right: columns,
        },
    }
}

pub(super) fn conv2d(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let (outputs, inputs) = (case.shape("weight")[0], case.shape("weight")[1]);
    let mut builder = params.builder(Seed::new(0));
    let layer = Conv2d::new(&mut builder, inputs, outputs, window(case));
    let names = fill(case, &mut params, str::to_owned);
    let pass = params.record();
    let x = case.tensor::<Four>("x").watched(pass.tape());
    let y = layer.forward(&pass, x.clone());
    let mut answers = Answers::new();
    answers.put("y", &y);
    let mut gradients = pull_back(y, case.tensor("upstream"));
    answers.put("grad.x", &gradients.of(&x));
    put_gradients(&mut answers, "grad.", &names, &pass.gradients(gradients));
    answers
}

pub(super) fn conv_transpose2d(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let (inputs, outputs) = (case.shape("weight")[0], case.shape("weight")[1]);
    let (rows, columns) = case.pair("output_padding");
    let mut builder = params.builder(Seed::new(0));
    let layer = ConvTranspose2d::new(&mut builder, inputs, outputs, window(case));
    let layer = layer.output_padding(rows, columns);
    let names = fill(case, &mut params, str::to_owned);
    let pass = params.record();
    let x = case.tensor::<Four>("x").watched(pass.tape());
    let y = layer.forward(&pass, x.clone());
    let mut answers = Answers::new();
    answers.put("y", &y);
    let mut gradients = pull_back(y, case.tensor("upstream"));
    answers.put("grad.x", &gradients.of(&x));
    put_gradients(&mut answers, "grad.", &names, &pass.gradients(gradients));
    answers
}

/// Three updates and an evaluation; a matrix counts as images of one pixel.
pub(super) fn batch_norm(case: &Case) -> Answers {
    let shape = case.shape("x1");
    let pixels = |axis: usize| shape.get(axis).copied().unwrap_or(1);
    let shape = (shape[0], shape[1], pixels(2), pixels(3));
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(0));
    let mut layer = BatchNorm::with_init(&mut builder, shape.1, Init::Constant(1.0));
    layer.momentum = case.number("momentum") as f32;
    layer.eps = case.number("eps") as f32;
    let names = ["gamma", "beta"].map(str::to_owned);
    for (index, name) in names.iter().enumerate() {
        let values = case.values(name);
        params.set(index, values).expect("as many numbers");
    }

    let mut answers = Answers::new();
    let mut step = |params: &mut Params<Cpu>, batch: &str, statistics: Statistics<Cpu>| {
        let pass = params.record();
        let image = |name: &str| Cpu::default().constant(case.values(name), shape);
        let x = image(&format!("x{batch}")).watched(pass.tape());
        // A matrix goes through the layer as a matrix.
        let (n, c) = (shape.0, shape.1);
        let none = Activation::Identity;
        let y = match case.shape("x1").len() {
            2 => {
                let rows = x.clone().reshape((n, c));
                layer.rows(&pass, rows, &statistics, none).reshape(shape)
            }
            _ => layer.images(&pass, x.clone(), &statistics, none),
        };
        answers.put(&format!("y{batch}"), &y);
        let mut gradients = pull_back(y, image("upstream"));
        answers.put(&format!("grad{batch}.x"), &gradients.of(&x));
        let gradients = pass.gradients(gradients);
        put_gradients(&mut answers, &format!("grad{batch}."), &names, &gradients);
        statistics.keep(params).expect("sizes of its own layer");
        for name in ["running_mean", "running_var"] {
            let index = params.index_of(name).expect("a buffer of the layer");
            answers.put_values(&format!("{name}{batch}"), &params.values(index));
        }
    };
    for update in 1..=case.number("updates") as usize {
        step(&mut params, &update.to_string(), Statistics::noted());
    }
    step(&mut params, "_eval", Statistics::Running);
    answers
}

fn mask(case: &Case) -> Mask {
    match case.text("mask") {
        "A" => Mask::A,
        "B" => Mask::B,
        other => panic!("{}: no mask `{other}`", case.name),
    }
}

pub(super) fn masked_conv2d(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let (outputs, inputs) = (case.shape("weight")[0], case.shape("weight")[1]);
    let (kernel, mask) = (case.pair("kernel").0, mask(case));
    assert_eq!(mask.values(kernel), case.values("mask"), "{}", case.name);
    let mut builder = params.builder(Seed::new(0));
    let layer = MaskedConv2d::new(&mut builder, inputs, outputs, kernel, mask);
    let names = fill(case, &mut params, str::to_owned);
    let pass = params.record();
    let x = case.tensor::<Four>("x").watched(pass.tape());
    let y = layer.forward(&pass, x.clone(), Activation::Identity);
    let mut answers = Answers::new();
    answers.put("y", &y);
    let mut gradients = pull_back(y, case.tensor("upstream"));
    answers.put("grad.x", &gradients.of(&x));
    put_gradients(&mut answers, "grad.", &names, &pass.gradients(gradients));
    answers
}

pub(super) fn gated_pixelcnn_layer(case: &Case) -> Answers {
    let setting = |key| case.number(key) as usize;
    let (inputs, channels, kernel) = (
        setting("channels_in"),
        setting("channels"),
        setting("kernel"),
    );
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(0));
    let layer = GatedConv::new(&mut builder, inputs, channels, kernel, mask(case));
    let names = fill(case, &mut params, str::to_owned);
    let pass = params.record();
    // The first layer has one input for both stacks.
    let inputs: Vec<&str> = match case.has("x") {
        true => vec!["x"],
        false => vec!["v", "h"],
    };
    let given = inputs.iter().map(|name| case.tensor::<Four>(name));
    let given: Vec<_> = given.map(|x| x.watched(pass.tape())).collect();
    let (v, h) = (given[0].clone(), given[given.len() - 1].clone());
    let output = layer.forward(&pass, v, h);
    let mut answers = Answers::new();
    answers.put("v_features", &output.v_features);
    answers.put("v_out", &output.v);
    answers.put("h_out", &output.h);
    let upstream = |name: &str| case.tensor::<Four>(name);
    let total = (output.v * upstream("upstream_v")).sum();
    let total = total + (output.h * upstream("upstream_h")).sum();
    let mut gradients = total.backward();
    for (name, x) in inputs.iter().zip(&given) {
        answers.put(&format!("grad.{name}"), &gradients.of(x));
    }
    put_gradients(&mut answers, "grad.", &names, &pass.gradients(gradients));
    answers
}
