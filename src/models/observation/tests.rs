//! Every observation model: one likelihood on the host and on the tape, and what it is in closed form.

use super::*;
use crate::nn::Cpu;
use crate::nn::backend::Backend;
use crate::nn::params::Params;
use crate::random::Seed;

const SIGMA: f32 = 0.7;

/// Every one; a new variant has to be named or this does not compile, and listed or it fails.
fn all() -> Vec<ObservationModel> {
    let named = |name: &&str| ObservationModel::named(name, SIGMA).expect("it is listed");
    let all: Vec<ObservationModel> = ObservationModel::NAMES.iter().map(named).collect();
    for (model, name) in all.iter().zip(ObservationModel::NAMES) {
        assert_eq!(model.name(), name);
    }
    all
}

/// log p(x|z) from the textbook, with probabilities in place of logits.
fn textbook(model: ObservationModel, x: &[f32], emitted: &[f32]) -> f64 {
    let pairs = x.iter().zip(emitted);
    let pairs = pairs.map(|(x, e)| (f64::from(*x), f64::from(*e)));
    pairs
        .map(|(x, e)| match model {
            ObservationModel::Bernoulli => {
                let p = e.exp() / (1.0 + e.exp());
                x * p.ln() + (1.0 - x) * (1.0 - p).ln()
            }
            ObservationModel::Gaussian { sigma } => {
                let sigma = f64::from(sigma);
                -0.5 * ((x - e) / sigma).powi(2) - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
            }
        })
        .sum()
}

/// Observations in [0, 1], which every density takes, beside what a decoder may emit: `[40, 3]`.
fn rows() -> (Rows, Rows) {
    let mut stream = Seed::new(5).derive("observation").stream(0);
    let x = Rows::new(3, stream.uniform(120, 0.0, 1.0));
    let emitted = stream.normal(120).into_iter().map(|e| 3.0 * e);
    (x, Rows::new(3, emitted.collect()))
}

#[test]
fn the_likelihood_is_that_of_the_textbook() {
    let (x, emitted) = rows();
    for model in all() {
        let found = Decoded::new(model, emitted.clone()).log_likelihood(&x);
        let found = found.expect("x lies in every support");
        let pairs = x.values.chunks(3).zip(emitted.values.chunks(3));
        for (found, (x, emitted)) in found.iter().zip(pairs) {
            let expected = textbook(model, x, emitted);
            assert!(
                (found - expected).abs() < 1e-10,
                "{model:?}: {found} {expected}"
            );
        }
    }
}

/// The tape computes in single precision: 1e-5 of numbers up to 100.
#[test]
fn the_tape_has_the_same_likelihood_and_the_same_gradient() {
    let (x, emitted) = rows();
    let device = Cpu::default();
    for model in all() {
        let decoded = Decoded::new(model, emitted.clone());
        let expected = decoded.log_likelihood(&x).expect("x lies in every support");
        let params = Params::new(&device);
        let pass = params.record_inputs();
        let matrix = device.matrix(emitted.values.clone(), 40, 3);
        let matrix = matrix.watched(pass.tape());
        let nll = Emitted::new(model, matrix.clone()).nll(device.matrix(x.values.clone(), 40, 3));
        for (found, expected) in nll.to_vec().iter().zip(&expected) {
            let error = (f64::from(*found) + expected).abs();
            assert!(
                error < 1e-5 * (1.0 + expected.abs()),
                "{model:?}: {found} {expected}"
            );
        }
        let found = nll.sum().backward().of(&matrix).to_vec();
        let mut expected = vec![0.0; 120];
        for (row, into) in expected.chunks_mut(3).enumerate() {
            decoded.add_gradient(row, -1.0, &x.values[row * 3..][..3], into);
        }
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{model:?}"
            );
        }
        let host = Emitted::new(model, matrix).to_host();
        assert_eq!(
            host.log(7, &x.values[21..24]),
            decoded.log(7, &x.values[21..24])
        );
    }
}

/// Central differences with step 1e-3; single precision inputs bound the error by about 1e-4.
#[test]
fn gradients_agree_with_finite_differences() {
    for model in all() {
        let (x, emitted) = ([0.25, 1.0], [0.5f32, -1.5]);
        let log =
            |emitted: [f32; 2]| Decoded::new(model, Rows::new(2, emitted.to_vec())).log(0, &x);
        let mut gradient = [0.0; 2];
        let decoded = Decoded::new(model, Rows::new(2, emitted.to_vec()));
        decoded.add_gradient(0, 2.0, &x, &mut gradient);
        for i in 0..2 {
            let at = |by: f32| {
                let mut moved = emitted;
                moved[i] += by;
                log(moved)
            };
            let slope = 2.0 * (at(1e-3) - at(-1e-3)) / 2e-3;
            let found = f64::from(gradient[i]);
            assert!((found - slope).abs() < 5e-4, "{model:?}: {found} {slope}");
        }
    }
}

/// E[x|z] by summing or integrating x p(x|z) over x, which uses the likelihood alone.
#[test]
fn means_are_those_of_the_likelihood() {
    for model in all() {
        for emitted in [-2.0f32, 0.0, 1.5] {
            let decoded = Decoded::new(model, Rows::new(1, vec![emitted]));
            let density = |x: f64| decoded.log(0, &[x as f32]).exp();
            let expected = match model {
                ObservationModel::Bernoulli => density(1.0),
                ObservationModel::Gaussian { .. } => {
                    let nodes = (-800..=800).map(|i| f64::from(i) / 100.0);
                    nodes.map(|x| 0.01 * x * density(x)).sum()
                }
            };
            let found = f64::from(decoded.means().into_rows().values[0]);
            assert!(
                (found - expected).abs() < 1e-5,
                "{model:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn what_lies_outside_the_support_is_refused_with_its_number_and_place() {
    for model in all() {
        let (low, high) = model.support();
        let decoded = Decoded::new(model, Rows::new(2, vec![0.5; 6]));
        let wrong = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let beyond = [low as f32 - 0.25, high as f32 + 0.25];
        for wrong in wrong.into_iter().chain(beyond) {
            let x = Rows::new(2, vec![0.0, 1.0, 0.5, wrong, wrong, 0.5]);
            let error = decoded.log_likelihood(&x).expect_err("it is outside");
            let said = error.to_string();
            assert!(
                said.contains(&format!("has {wrong} in observation 1")),
                "{said}"
            );
        }
        let inside = Rows::new(2, vec![0.0, 1.0, 0.5, 0.25, 0.75, 1.0]);
        assert!(decoded.log_likelihood(&inside).is_ok(), "{model:?}");
    }
}

#[test]
fn rows_that_are_appended_keep_their_own_likelihood() {
    let (x, emitted) = rows();
    for model in all() {
        let whole = Decoded::new(model, emitted.clone()).log_likelihood(&x);
        let mut parts = Decoded::new(model, Rows::new(3, Vec::new()));
        for part in emitted.chunks(7) {
            parts.append(Decoded::new(model, part));
        }
        assert_eq!(parts.len(), 40);
        assert_eq!(parts.log_likelihood(&x).ok(), whole.ok());
    }
}

#[test]
fn shares_add_up_to_one_however_small_the_terms() {
    let mut terms = [-2000.0, -2000.0 + 3.0f64.ln(), f64::NEG_INFINITY];
    let total = normalise(&mut terms);
    assert!((total - (4.0f64.ln() - 2000.0)).abs() < 1e-9);
    assert!((terms[0] - 0.25).abs() < 1e-12 && (terms[1] - 0.75).abs() < 1e-12);
    assert_eq!(terms[2], 0.0);
}
