//! Scores of models that refine their posteriors, on one whose every number has a closed form.
//!
//! x|z ~ N(w·z, 1) with z ~ N(0, I) in two dimensions, so x ~ N(0, 1 + w·w), and for a Gaussian q of
//! independent dimensions
//!
//! ```text
//! E_q log p(x|z) = −½ [ln 2π + (x − w·μ)² + Σ w_j² σ_j²]
//! ```
//!
//! The refinement is gradient ascent on the bound of each observation, without noise.

use std::f64::consts::TAU;

use super::*;
use crate::data::Array;
use crate::data::Split;
use crate::models::DiagonalGaussians;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Inference;
use crate::models::semi_amortized::Observed;
use crate::models::semi_amortized::Refinement;
use crate::models::semi_amortized::SemiAmortized;
use crate::models::semi_amortized::Start;
use crate::random::Seed;
use crate::random::Stream;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

const W: [f64; 2] = [0.8, -0.5];

/// The model, with so many inner steps.
pub(crate) struct Linear {
    pub steps: usize,
}

/// `n` observations of the model's own density: quantiles of N(0, 1 + w·w).
pub(crate) fn data(n: usize) -> Dataset {
    use statrs::distribution::ContinuousCDF;
    use statrs::distribution::Normal;
    let scale = (1.0 + W[0] * W[0] + W[1] * W[1]).sqrt();
    let normal = Normal::standard();
    let x = (0..n).map(|i| (scale * normal.inverse_cdf((i as f64 + 0.5) / n as f64)) as f32);
    let split = Split::new().with("x", Array::new(&[n, 1], x.collect::<Vec<f32>>()));
    let meta = serde_json::json!({"name": "linear"});
    let mut data = Dataset::new(split.clone(), split.clone(), split, meta);
    let known: Vec<f64> = (0..KNOWN).map(|row| row as f64).collect();
    data.generator
        .insert("true_nll".to_owned(), Array::column(known));
    data
}

/// Of so many observations, the first, the data say a likelihood: 0, 1, 2, …
const KNOWN: usize = 10;

fn images(x: &Content) -> &Rows {
    match x {
        Content::Images(rows) => rows,
        Content::Sequences(_) => panic!("the model is of numbers"),
    }
}

impl Fitted for Linear {
    fn shape(&self) -> &[usize] {
        &[1]
    }

    fn latent(&self) -> usize {
        2
    }

    fn decode(&self, _z: &Rows) -> Result<Decoded, ModelError> {
        Err(ModelError::Unsupported("not asked for".to_owned()))
    }

    fn semi_amortized(&self) -> Option<&dyn SemiAmortized> {
        Some(self)
    }
}

impl SemiAmortized for Linear {
    fn method(&self) -> Inference {
        Inference::SaVae
    }

    fn latent(&self) -> usize {
        2
    }

    fn has_encoder(&self) -> bool {
        true
    }

    fn refinement(&self) -> Refinement {
        Refinement {
            start: Start::Encoder,
            steps: self.steps,
            rate: 0.2,
            momentum: 0.0,
            clip: 0.0,
        }
    }

    fn batches(&self, data: &Dataset, split: &str) -> Result<Vec<Observed>, ModelError> {
        let x = params_of(data, split)?;
        // Out of order, as batches by length are.
        let order: Vec<usize> = (0..x.len()).rev().collect();
        let content = Content::Images(x);
        let batches = order.chunks(7).map(|rows| Observed {
            rows: rows.to_vec(),
            content: content.gather(rows),
        });
        Ok(batches.collect())
    }

    fn predicted(&self, x: &Content) -> Vec<usize> {
        vec![4; x.len()]
    }

    fn infer(
        &self,
        x: &Content,
        how: &Refinement,
        _noise: Seed,
    ) -> Result<Vec<DiagonalGaussians>, ModelError> {
        let x = images(x);
        let start = match how.start {
            Start::Encoder => [0.3, 0.3],
            Start::Zeros | Start::Random(_) => [0.0; 2],
        };
        let mut points: Vec<[f64; 2]> = vec![start; x.len()];
        let mut trajectory = Vec::new();
        for k in 0..=how.steps {
            if k > 0 {
                for (mean, x) in points.iter_mut().zip(&x.values) {
                    let error = f64::from(*x) - W[0] * mean[0] - W[1] * mean[1];
                    let rate = f64::from(how.rate);
                    *mean = [0, 1].map(|j| mean[j] + rate * (W[j] * error - mean[j]));
                }
            }
            let mean = points.iter().flatten().map(|m| *m as f32).collect();
            // The best variances, 1 / (1 + w_j²).
            let log_var = W.map(|w| -(1.0 + w * w).ln() as f32).repeat(x.len());
            trajectory.push(DiagonalGaussians::new(
                Rows::new(2, mean),
                LogVariances::new(Rows::new(2, log_var)),
            ));
        }
        Ok(trajectory)
    }

    fn log_likelihood(&self, x: &Content, z: &Rows) -> Result<Vec<f64>, ModelError> {
        let pairs = images(x).values.iter().zip(z.values.chunks_exact(2));
        let log = |(x, z): (&f32, &[f32])| {
            let error = f64::from(*x) - W[0] * f64::from(z[0]) - W[1] * f64::from(z[1]);
            -0.5 * (error * error + TAU.ln())
        };
        Ok(pairs.map(log).collect())
    }

    fn log_likelihood_by_part(&self, _x: &Content, _z: &Rows) -> Result<Rows, ModelError> {
        unreachable!("no score asks for it")
    }

    fn output_gradients(&self, _x: &Content, _z: &Rows) -> Result<Vec<Rows>, ModelError> {
        unreachable!("no score asks for it")
    }

    fn input_gradients(&self, _x: &Content, _noise: &Rows) -> Result<Vec<Rows>, ModelError> {
        unreachable!("no score asks for it")
    }

    fn generate(
        &self,
        _z: &Rows,
        _count: usize,
        _stream: &mut Stream,
    ) -> Result<Content, ModelError> {
        unreachable!("no score asks for it")
    }
}

fn params_of(data: &Dataset, split: &str) -> Result<Rows, ModelError> {
    crate::models::params::observations(data, split)
}

/// The numbers of a score by name.
fn scores(name: &str, steps: usize, n: usize, given: &[(&str, i64)]) -> Vec<(&'static str, f64)> {
    let found = ALL.iter().find(|metric| metric.name() == name);
    let metric = found.expect("it is registered");
    let given: Vec<(&str, Value)> = given.iter().map(|(k, v)| (*k, Value::from(*v))).collect();
    let values = values(metric.params(), &given);
    let scores = metric.score(&Asked {
        model: &Linear { steps },
        data: &data(n),
        classifier: None,
        params: &values,
        monitor: &Session::default(),
    });
    let names = metric.measures().iter().map(|measure| measure.name);
    let numbers = scores.expect("the score exists").numbers;
    names.zip(numbers).collect()
}

fn number(scores: &[(&'static str, f64)], name: &str) -> f64 {
    let found = scores.iter().find(|(own, _)| *own == name);
    found.expect("the score has it").1
}

/// Means over the data of the bound in closed form, and of its KL, at λ_K.
fn closed(steps: usize, n: usize) -> (f64, f64) {
    closed_over(steps, n, n)
}

/// The same over the first of `n` observations.
fn closed_over(steps: usize, n: usize, first: usize) -> (f64, f64) {
    let model = Linear { steps };
    let x = Content::Images(params_of(&data(n), "test").unwrap());
    let q = model.infer(&x, &model.refinement(), Seed::new(0)).unwrap();
    let q = q.into_iter().next_back().unwrap();
    let kls = q.kls();
    let spread: f64 = W.iter().map(|w| w * w / (1.0 + w * w)).sum();
    let pairs = images(&x)
        .values
        .iter()
        .zip(q.mean().values.chunks_exact(2));
    let nlls = pairs.map(|(x, mean)| {
        let error = f64::from(*x) - W[0] * f64::from(mean[0]) - W[1] * f64::from(mean[1]);
        0.5 * (TAU.ln() + error * error + spread)
    });
    let mean = |all: Vec<f64>| all[..first].iter().sum::<f64>() / first as f64;
    let kl = mean(kls);
    (mean(nlls.collect()) + kl, kl)
}

#[test]
fn the_bound_and_its_parts_are_those_of_the_closed_form() {
    for steps in [0, 20] {
        let found = scores("bound", steps, 200, &[("samples", 400)]);
        let (bound, kl) = closed(steps, 200);
        // 80,000 draws of a log-likelihood whose standard deviation is about 1: 0.004.
        let nll = number(&found, "nll_bound");
        assert!((nll - bound).abs() < 0.015, "{nll} {bound}");
        assert!((number(&found, "kl") - kl).abs() < 1e-5);
        assert!((number(&found, "kl_share") - kl / nll).abs() < 1e-5);
        assert!((number(&found, "reconstruction") + nll - kl).abs() < 1e-9);
        // Four parts each.
        assert!((number(&found, "perplexity") - (nll / 4.0).exp()).abs() < 1e-9);
        assert_eq!(number(&found, "predicted"), 4.0);
        assert_eq!(number(&found, "true_nll"), 4.5);
        // Of the ten lowest quantiles, which come last in the batches.
        let gap = number(&found, "true_gap");
        let (lowest, _) = closed_over(steps, 200, KNOWN);
        assert!((gap - (lowest - 4.5)).abs() < 0.1, "{gap} {lowest}");
        assert!(lowest > bound + 1.0, "they are unlikely: {lowest} {bound}");
    }
    let (start, end) = (closed(0, 200).0, closed(20, 200).0);
    assert!(end < start - 0.1, "steps help: {start} {end}");
}

#[test]
fn importance_weights_come_to_the_evidence() {
    let variance = 1.0 + W[0] * W[0] + W[1] * W[1];
    let x = params_of(&data(50), "test").unwrap();
    let squares: f64 = x.values.iter().map(|x| f64::from(*x).powi(2)).sum();
    let exact = 0.5 * ((TAU * variance).ln() + squares / 50.0 / variance);
    // 50 observations of 500 samples with weights near one: an error of some 0.003.
    for steps in [0, 20] {
        let found = scores("importance-nll", steps, 50, &[("samples", 500)]);
        let nll = number(&found, "nll_iw");
        assert!((nll - exact).abs() < 0.02, "{nll} {exact}");
        assert!((number(&found, "perplexity_iw") - (nll / 4.0).exp()).abs() < 1e-9);
    }
    let one = number(
        &scores("importance-nll", 0, 50, &[("samples", 1)]),
        "nll_iw",
    );
    assert!(one > exact, "one sample is a bound: {one} {exact}");
}

/// At the optimum μ = w x / (1 + w·w), so Var μ_j = w_j² / (1 + w·w); at the start every mean is the
/// same.
#[test]
fn units_are_active_and_carry_information_only_where_q_depends_on_x() {
    assert_eq!(
        number(&scores("active-units", 0, 100, &[]), "active_units"),
        0.0
    );
    assert_eq!(
        number(&scores("active-units", 60, 100, &[]), "active_units"),
        2.0
    );
    let at = |steps: usize| scores("marginal-kl", steps, 100, &[("samples", 4000)]);
    let start = number(&at(0), "mutual_information");
    assert!(start.abs() < 0.05, "{start}");
    // q(z) = N(0, C) with C = D + Var(x) g gᵀ, g = w / (1 + w·w), D = diag σ²: I = ½ ln |C| / |D|.
    let found = number(&at(60), "mutual_information");
    let variance = 1.0 + W[0] * W[0] + W[1] * W[1];
    let scaled: f64 = W.iter().map(|w| w * w / variance * (1.0 + w * w)).sum();
    let exact = 0.5 * (1.0 + scaled).ln();
    // Quantiles of 200 points and 4,000 draws: some 0.02.
    assert!((found - exact).abs() < 0.05, "{found} {exact}");
}

#[test]
fn the_gap_to_the_grid_closes_with_steps() {
    let few = scores("grid-gap", 1, 30, &[("observations", 3)]);
    let many = scores("grid-gap", 80, 30, &[("observations", 3)]);
    // The grid is fine to a thousandth of a unit.
    assert!(number(&many, "mean_gap") < 5e-3, "{many:?}");
    assert!(number(&many, "grid_gap").abs() < 1e-3, "{many:?}");
    assert!(number(&few, "mean_gap") > 0.1, "{few:?}");
    assert!(number(&few, "mean_gap_start") > number(&few, "mean_gap"));
    // The first batch has the last rows: of each the optimum and the start are known.
    let x = params_of(&data(30), "test").unwrap();
    let variance = 1.0 + W[0] * W[0] + W[1] * W[1];
    let distances = (27..30).map(|i| {
        let best = W.map(|w| w * f64::from(x.values[i]) / variance);
        (best[0] - 0.3).hypot(best[1] - 0.3)
    });
    let expected = distances.sum::<f64>() / 3.0;
    let found = number(&many, "mean_gap_start");
    assert!((found - expected).abs() < 3e-3, "{found} {expected}");
}
