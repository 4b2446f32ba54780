//! Embedding, LSTM and a language model of both.

use sweepline::nn::layers::{LstmState, sequence_major, time_major};
use sweepline::nn::{Backend, Cpu, Embedding, Linear, Lstm, Matrix, Params, Seed, losses as nn};

use super::case::{Answers, Case, fill, pull_back};

pub(super) fn embedding(case: &Case) -> Answers {
    let mut params = Params::new(&Cpu::default());
    let (vocabulary, width) = (case.number("vocabulary"), case.number("width"));
    let mut builder = params.builder(Seed::new(0));
    let embedding = Embedding::new(&mut builder, vocabulary as usize, width as usize);
    fill(case, &mut params, str::to_owned);
    let pass = params.record();
    let y = embedding.forward(&pass, &case.indices("ids"));
    let mut answers = Answers::new();
    answers.put("y", &y);
    let gradients = pass.gradients(pull_back(y, case.matrix("upstream")));
    let gradient = gradients.get(embedding.weight).expect("it is not frozen");
    answers.put_values("grad.weight", &gradient);
    answers
}

/// Rows of `[B, T, …]` in the order of time.
fn by_time(x: Matrix<Cpu>, batch: usize) -> Matrix<Cpu> {
    let rows: Vec<usize> = (0..x.rows()).collect();
    Cpu::gather_rows(x, &time_major(&rows, batch))
}

/// Rows in the order of time as `[B, T, …]`.
fn by_sequence(x: Matrix<Cpu>, batch: usize) -> Matrix<Cpu> {
    let rows: Vec<usize> = (0..x.rows()).collect();
    Cpu::gather_rows(x, &sequence_major(&rows, batch))
}

pub(super) fn lstm(case: &Case) -> Answers {
    let setting = |key| case.number(key) as usize;
    let (layers, width) = (setting("layers"), setting("hidden"));
    let batch = case.shape("x")[0];
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(0));
    let lstm = Lstm::new(&mut builder, setting("input"), width, layers);
    let names = fill(case, &mut params, str::to_owned);

    let pass = params.record();
    let x = case.matrix("x").watched(pass.tape());
    let states = ["h0", "c0"].map(|name| {
        let values = case.values(name);
        let layer = |values: &[f32]| {
            let state = Cpu::default().matrix(values.to_vec(), batch, width);
            state.watched(pass.tape())
        };
        values.chunks(batch * width).map(layer).collect::<Vec<_>>()
    });
    let pairs = states[0].iter().zip(&states[1]);
    let first = pairs.map(|(h, c)| LstmState {
        h: h.clone(),
        c: c.clone(),
    });
    let output = lstm.forward(&pass, by_time(x.clone(), batch), first.collect());
    let y = by_sequence(output.y, batch);

    let mut answers = Answers::new();
    answers.put("y", &y);
    let mut total = (y * case.matrix("upstream_y")).sum();
    let last = |part: fn(&LstmState<Cpu>) -> &Matrix<Cpu>| {
        let all: Vec<_> = output.last.iter().map(|s| part(s).clone()).collect();
        all
    };
    for (name, tensors) in [("hn", last(|s| &s.h)), ("cn", last(|s| &s.c))] {
        let values: Vec<f32> = tensors.iter().flat_map(|t| t.to_vec()).collect();
        answers.put_values(name, &values);
        let upstream = case.values(&format!("upstream_{name}"));
        for (tensor, upstream) in tensors.into_iter().zip(upstream.chunks(batch * width)) {
            let upstream = Cpu::default().matrix(upstream.to_vec(), batch, width);
            total = total + (tensor * upstream).sum();
        }
    }
    let mut gradients = total.backward();
    answers.put("grad.x", &gradients.of(&x));
    for (name, states) in ["h0", "c0"].iter().zip(&states) {
        let all = states.iter().flat_map(|s| gradients.of(s).to_vec());
        answers.put_values(&format!("grad.{name}"), &all.collect::<Vec<_>>());
    }
    let gradients = pass.gradients(gradients);
    for (index, name) in names.iter().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad.{name}"), &gradient);
    }
    answers
}

pub(super) fn lstm_language_model(case: &Case) -> Answers {
    let setting = |key| case.number(key) as usize;
    let (vocabulary, width) = (setting("vocabulary"), setting("hidden"));
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(0));
    let words = Embedding::new(
        &mut builder.part("embedding"),
        vocabulary,
        setting("embedding"),
    );
    let lstm = Lstm::new(&mut builder, setting("embedding"), width, setting("layers"));
    let out = Linear::new(&mut builder.part("out"), width, vocabulary);
    let names = fill(case, &mut params, |name| {
        name.replace("embedding.weight", "embedding")
    });

    let (batch, length) = (case.shape("ids")[0], case.shape("ids")[1]);
    let ids = case.indices("ids");
    let sentences = || ids.chunks(length);
    let given: Vec<usize> = sentences().flat_map(|s| s[..length - 1].to_vec()).collect();
    let targets: Vec<usize> = sentences().flat_map(|s| s[1..].to_vec()).collect();

    let pass = params.record();
    let embedded = words.forward(&pass, &time_major(&given, batch));
    let first = lstm.zero_state(pass.device(), batch);
    let hidden = by_sequence(lstm.forward(&pass, embedded, first).y, batch);
    let logits = out.forward(&pass, hidden);
    let loss =
        nn::masked_sequence_cross_entropy(logits.clone(), &targets, &case.indices("lengths"));
    let mut answers = Answers::new();
    answers.put("logits", &logits);
    answers.put("token_nll", &loss.token_nll);
    answers.put("loss", &loss.batch_mean);
    let gradients = pass.backward(loss.batch_mean);
    for (index, name) in names.iter().enumerate() {
        let gradient = gradients.at(index).expect("nothing is frozen");
        answers.put_values(&format!("grad.{name}"), &gradient);
    }
    answers
}
