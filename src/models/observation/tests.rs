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
    let d = x.len();
    let normal = |x: f64, mean: f64, sigma: f64| {
        -0.5 * ((x - mean) / sigma).powi(2) - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
    };
    let number = |(at, x): (usize, &f32)| {
        let (x, e) = (f64::from(*x), f64::from(emitted[at]));
        match model {
            ObservationModel::Bernoulli => {
                let p = e.exp() / (1.0 + e.exp());
                x * p.ln() + (1.0 - x) * (1.0 - p).ln()
            }
            ObservationModel::Gaussian { sigma } => normal(x, e, f64::from(sigma)),
            ObservationModel::QuantizedNormal => {
                let sigma = f64::from(emitted[d + at]).exp().max(1.0 / 512.0);
                // The middles of 2,000 parts of the level, relative to the greatest of them.
                let parts = (0..2000).map(|i| (f64::from(i) + 0.5) / 2000.0 - 0.5);
                let logs: Vec<f64> = parts.map(|u| normal(x + u / 255.0, e, sigma)).collect();
                let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logs.iter().map(|log| (log - highest).exp()).sum();
                highest + (sum / 2000.0 / 255.0).ln()
            }
            ObservationModel::Categorical => {
                let weight = |level: usize| f64::from(emitted[level * d + at]).exp();
                let all: f64 = (0..256).map(weight).sum();
                (weight((255.0 * x).round() as usize) / all).ln()
            }
        }
    };
    x.iter().enumerate().map(number).sum()
}

/// Grey levels, which every density takes, beside what a decoder may emit for them: 40 rows of 3
/// numbers.
fn rows(model: ObservationModel) -> (Rows, Rows) {
    let mut stream = Seed::new(5).derive("observation").stream(0);
    let greys = stream.uniform(120, 0.0, 1.0).into_iter();
    let x = Rows::new(3, greys.map(|x| (255.0 * x).round() / 255.0).collect());
    let columns = 3 * model.emitted_per_number();
    let emitted = stream.normal(40 * columns).into_iter().map(|e| 3.0 * e);
    (x, Rows::new(columns, emitted.collect()))
}

#[test]
fn the_likelihood_is_that_of_the_textbook() {
    for model in all() {
        let (x, emitted) = rows(model);
        let found = Decoded::new(model, emitted.clone()).log_likelihood(&x);
        let found = found.expect("x lies in every support");
        let pairs = x
            .values
            .chunks(3)
            .zip(emitted.values.chunks(emitted.columns));
        for (found, (x, emitted)) in found.iter().zip(pairs) {
            let expected = textbook(model, x, emitted);
            // Narrow normals give numbers up to 1e7, and their floor is a single precision number; so is x.
            assert!(
                (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "{model:?}: {found} {expected}"
            );
        }
    }
}

/// The tape computes in single precision: 1e-5 of numbers up to 100.
#[test]
fn the_tape_has_the_same_likelihood_and_the_same_gradient() {
    let device = Cpu::default();
    for model in all() {
        let (x, emitted) = rows(model);
        let decoded = Decoded::new(model, emitted.clone());
        let expected = decoded.log_likelihood(&x).expect("x lies in every support");
        let params = Params::new(&device);
        let pass = params.record_inputs();
        let matrix = device.matrix(emitted.values.clone(), 40, emitted.columns);
        let matrix = matrix.watched(pass.tape());
        let of = |x: &Rows| device.matrix(x.values.clone(), 40, 3);
        let emitted_on = || Emitted::new(model, matrix.clone());
        for (found, expected) in emitted_on().score(of(&x)).to_vec().iter().zip(&expected) {
            let error = (f64::from(*found) + expected).abs();
            assert!(
                error < 2e-5 * (1.0 + expected.abs()),
                "{model:?}: {found} {expected}"
            );
        }
        // That is trained under noise.
        if model == ObservationModel::QuantizedNormal {
            continue;
        }
        let nll = emitted_on().nll(of(&x));
        let found = nll.sum().backward().of(&matrix).to_vec();
        let mut expected = vec![0.0; emitted.values.len()];
        for (row, into) in expected.chunks_mut(emitted.columns).enumerate() {
            decoded.add_gradient(row, -1.0, &x.values[row * 3..][..3], into);
        }
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 2e-5 * (1.0 + expected.abs()),
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
        let x = [0.2, 1.0];
        let emitted = [0.5f32, -0.5].repeat(model.emitted_per_number());
        let decode =
            |emitted: &[f32]| Decoded::new(model, Rows::new(emitted.len(), emitted.to_vec()));
        let log = |emitted: Vec<f32>| decode(&emitted).log(0, &x);
        let mut gradient = vec![0.0; emitted.len()];
        decode(&emitted).add_gradient(0, 2.0, &x, &mut gradient);
        for i in 0..emitted.len() {
            let at = |by: f32| {
                let mut moved = emitted.clone();
                moved[i] += by;
                log(moved)
            };
            let slope = 2.0 * (at(1e-3) - at(-1e-3)) / 2e-3;
            let found = f64::from(gradient[i]);
            assert!((found - slope).abs() < 5e-4, "{model:?}: {found} {slope}");
        }
    }
}

/// Sums over the values of x, or integrals over [−8, 8] in steps of 0.01.
fn total(model: ObservationModel, weigh: impl Fn(f64) -> f64) -> f64 {
    match model {
        ObservationModel::Bernoulli => weigh(0.0) + weigh(1.0),
        ObservationModel::Categorical | ObservationModel::QuantizedNormal => {
            (0..256).map(|k| weigh(f64::from(k) / 255.0)).sum()
        }
        ObservationModel::Gaussian { .. } => {
            let nodes = (-800..=800).map(|i| f64::from(i) / 100.0);
            nodes.map(|x| 0.01 * weigh(x)).sum()
        }
    }
}

/// By the likelihood alone: that p(x|z) is normalised, and E[x|z].
#[test]
fn densities_are_normalised_and_means_are_those_of_the_likelihood() {
    for model in all() {
        for emitted in [-2.0f32, 0.0, 1.5] {
            // A normal that lies within the levels; logits that fall off towards the bright levels.
            let emitted: Vec<f32> = match model {
                ObservationModel::QuantizedNormal => vec![0.4 + 0.1 * emitted, -4.0],
                ObservationModel::Categorical => (0..256)
                    .map(|k| (k as f32 / 40.0).sin() + emitted * k as f32 / 255.0)
                    .collect(),
                _ => vec![emitted],
            };
            let decoded = Decoded::new(model, Rows::new(emitted.len(), emitted));
            let density = |x: f64| decoded.log(0, &[x as f32]).exp();
            let mass = total(model, density);
            assert!((mass - 1.0).abs() < 1e-6, "{model:?}: {mass}");
            let expected = total(model, |x| x * density(x));
            let found = f64::from(decoded.clone().means().into_rows().values[0]);
            assert!(
                (found - expected).abs() < 1e-5,
                "{model:?}: {found} {expected}"
            );
        }
    }
}

/// What lies beyond the first and the last level is lost; within, the whole normal is shared out.
#[test]
fn the_masses_of_the_levels_add_up_to_at_most_one() {
    use statrs::distribution::ContinuousCDF;
    use statrs::distribution::Normal;
    for mean in [-0.4f32, 0.0, 0.31, 1.0, 1.7] {
        for log_sigma in [-9.0f32, -6.0, -4.0, -2.0, 0.0, 3.0] {
            let model = ObservationModel::QuantizedNormal;
            let decoded = Decoded::new(model, Rows::new(2, vec![mean, log_sigma]));
            let logs = (0..256).map(|k| decoded.log(0, &[(f64::from(k) / 255.0) as f32]));
            let logs: Vec<f64> = logs.collect();
            assert!(logs.iter().all(|log| *log <= 0.0), "{mean} {log_sigma}");
            let total: f64 = logs.iter().map(|log| log.exp()).sum();
            let sigma = f64::from(log_sigma.max(LEAST_LOG_SIGMA)).exp();
            let normal = Normal::new(mean.into(), sigma).expect("a σ above zero");
            let all = normal.cdf(1.0 + 0.5 / 255.0) - normal.cdf(-0.5 / 255.0);
            assert!(
                (total - all).abs() < 1e-9,
                "{mean} {log_sigma}: {total} {all}"
            );
            assert!(total <= 1.0 + 1e-12, "{mean} {log_sigma}: {total}");
        }
    }
}

/// By Jensen's inequality; equal where the density is even over a level.
#[test]
fn what_is_trained_under_noise_bounds_what_is_scored() {
    let (model, device, n) = (ObservationModel::QuantizedNormal, Cpu::default(), 4000);
    let mut stream = Seed::new(8).stream(0);
    for (log_sigma, least, most) in [(-1.0, -1e-4, 1e-4), (-5.0, 1e-4, 5e-3), (-7.0, 0.1, 0.3)] {
        let emitted = [0.5f32, 0.6, log_sigma, log_sigma].repeat(n);
        let x = [0.5f32, 0.6].map(|x| (255.0 * x).round() / 255.0).repeat(n);
        let of = |x: Vec<f32>| device.matrix(x, n, 2);
        let on = || Emitted::new(model, device.matrix(emitted.clone(), n, 4));
        let scored = on().score(of(x.clone())).mean().value();
        let trained = on().nll(of(dequantised(x, &mut stream))).mean().value();
        let above = f64::from(trained - scored);
        assert!(
            (least..most).contains(&above),
            "{log_sigma}: {trained} {scored}"
        );
    }
}

#[test]
fn noise_spreads_a_grey_value_over_its_level() {
    let mut stream = Seed::new(3).stream(0);
    let found = dequantised(vec![0.4; 10_000], &mut stream);
    let scaled: Vec<f64> = found
        .iter()
        .map(|x| 255.0 * f64::from(*x) - 102.0)
        .collect();
    assert!(scaled.iter().all(|u| (-0.5001..0.5001).contains(u)));
    let mean = scaled.iter().sum::<f64>() / 1e4;
    let square = scaled.iter().map(|u| u * u).sum::<f64>() / 1e4;
    // 1/12 with a standard error of 0.0007; the mean has one of 0.003.
    assert!(
        mean.abs() < 0.012 && (square - 1.0 / 12.0).abs() < 0.003,
        "{mean} {square}"
    );
}

#[test]
fn numbers_between_levels_are_refused_where_levels_are_observed() {
    let x = Rows::new(2, vec![0.2, 0.4, 0.6, 0.5]);
    for model in all() {
        let checked = model.check(&x, "`train` of `mine`");
        assert_eq!(checked.is_err(), model.is_over_levels(), "{model:?}");
        let said = checked.err().map(|error| error.to_string());
        assert!(said.is_none_or(|said| said.contains("has 0.5 in observation 1")));
    }
}

#[test]
fn what_lies_outside_the_support_is_refused_with_its_number_and_place() {
    for model in all() {
        let (low, high) = model.support();
        let decoded = Decoded::new(
            model,
            Rows::new(
                2 * model.emitted_per_number(),
                vec![0.5; 6 * model.emitted_per_number()],
            ),
        );
        let wrong = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let beyond = [low as f32 - 0.25, high as f32 + 0.25];
        for wrong in wrong.into_iter().chain(beyond) {
            let x = Rows::new(2, vec![0.0, 1.0, 0.6, wrong, wrong, 0.6]);
            let error = decoded.log_likelihood(&x).expect_err("it is outside");
            let said = error.to_string();
            assert!(
                said.contains(&format!("has {wrong} in observation 1")),
                "{said}"
            );
        }
        let inside = Rows::new(2, vec![0.0, 1.0, 0.4, 0.2, 0.8, 1.0]);
        assert!(decoded.log_likelihood(&inside).is_ok(), "{model:?}");
    }
}

#[test]
fn the_observations_next_to_the_means_have_a_likelihood() {
    for model in all() {
        let emitted = 3 * model.emitted_per_number();
        let numbers = (0..emitted).map(|i| (i as f32 * 0.37).sin());
        let decoded = Decoded::new(model, Rows::new(emitted, numbers.collect()));
        let means = decoded.clone().means().into_rows();
        let near = decoded.clone().observations();
        assert!(decoded.log_likelihood(&near).is_ok(), "{model:?}");
        // Half a level; means below 0 or above 1 have a level at that end.
        let inside = |x: &f32| x.clamp(0.0, 1.0);
        for (x, mean) in near.values.iter().zip(&means.values) {
            match model.is_over_levels() {
                true => assert!((x - inside(mean)).abs() < 0.502 / 255.0, "{model:?}"),
                false => assert_eq!(x, mean, "{model:?}"),
            }
        }
    }
}

#[test]
fn rows_that_are_appended_keep_their_own_likelihood() {
    for model in all() {
        let (x, emitted) = rows(model);
        let whole = Decoded::new(model, emitted.clone()).log_likelihood(&x);
        let mut parts = Decoded::new(model, Rows::new(emitted.columns, Vec::new()));
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
