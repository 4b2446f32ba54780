//! Bounds and their gradients on a model whose answers are known: z ~ N(0, 1), x|z ~ N(θ z, 1).

use dfdx::prelude::Cpu;

use super::*;
use crate::nn::{Init, Linear, Params, Pass, Scale, Seed, Vector};

/// The linear Gaussian model with a linear Gaussian proposal.
struct Toy {
    params: Params<Cpu>,
    proposal: Linear,
    model: Linear,
    x: Vec<f32>,
}

impl Toy {
    fn new(x: Vec<f32>) -> Self {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(0));
        let init = Init::Constant(0.0);
        let proposal = Linear::with_init(&mut builder.part("q"), 1, 2, init, true);
        let model = Linear::with_init(&mut builder.part("p"), 1, 1, init, false);
        for (index, values) in [vec![0.3, 0.1], vec![0.05, -0.9], vec![0.8]]
            .into_iter()
            .enumerate()
        {
            params.set(index, values).expect("as many numbers");
        }
        Toy {
            params,
            proposal,
            model,
            x,
        }
    }

    fn x(&self) -> Matrix<Cpu> {
        Cpu::default().matrix(self.x.clone(), self.x.len(), 1)
    }

    fn gradients(&self, estimator: Estimator, samples: usize, draw: u64) -> (f32, Vec<f32>) {
        let noise = Seed::new(1).stream(draw).normal(samples * self.x.len());
        let noise = Cpu::default().matrix(noise, samples * self.x.len(), 1);
        let (weighted, gradients) = gradients(
            &self.params,
            estimator,
            noise,
            |pass| losses::split_columns(self.proposal.forward(pass, self.x()), 1),
            |pass, z| self.log_joint(pass, z, samples),
        );
        let all = (0..3).flat_map(|i| gradients.at(i).expect("nothing is frozen"));
        (weighted.loss, all.collect())
    }

    fn log_joint(&self, pass: &Pass<Cpu>, z: Matrix<Cpu>, samples: usize) -> Vector<Cpu> {
        let mean = self.model.forward(pass, z.clone());
        let x = repeated(self.x(), samples);
        log_prior(z) - losses::gaussian_nll_fixed(x, mean, 1.0)
    }

    /// The exact log likelihood: x ~ N(0, 1 + θ²).
    fn log_likelihood(&self) -> f64 {
        let variance = 1.0 + 0.8_f64.powi(2);
        let of = |x: &f32| {
            -0.5 * ((std::f64::consts::TAU * variance).ln() + f64::from(*x).powi(2) / variance)
        };
        self.x.iter().map(of).sum::<f64>() / self.x.len() as f64
    }
}

/// Mean and standard error over draws.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn the_bound_rises_with_the_samples_towards_the_log_likelihood() {
    let toy = Toy::new(vec![-1.2, 0.4, 2.0]);
    let mean_bound = |samples| {
        let draws = 0..400;
        let bounds: Vec<f64> = draws
            .map(|d| -f64::from(toy.gradients(Estimator::Naive, samples, d).0))
            .collect();
        moments(&bounds).0
    };
    let bounds = [1, 4, 16, 64].map(mean_bound);
    assert!(bounds.is_sorted(), "{bounds:?}");
    let exact = toy.log_likelihood();
    assert!(bounds[3] < exact + 0.01 && bounds[3] > exact - 0.05);
}

#[test]
fn dreg_and_the_naive_gradient_have_one_mean_and_the_model_gets_the_same() {
    let toy = Toy::new(vec![-1.2, 0.4, 2.0]);
    let draws = 3000;
    let all = |estimator| -> Vec<Vec<f32>> {
        let draws = 0..draws;
        draws.map(|d| toy.gradients(estimator, 5, d).1).collect()
    };
    let (naive, dreg) = (all(Estimator::Naive), all(Estimator::Dreg));
    for entry in 0..5 {
        let pairs = naive.iter().zip(&dreg);
        let differences: Vec<f64> = pairs
            .map(|(a, b)| f64::from(a[entry]) - f64::from(b[entry]))
            .collect();
        let (mean, error) = moments(&differences);
        match entry {
            // The model's gradient is the same draw by draw: only rounding differs.
            4 => assert!(differences.iter().all(|d| d.abs() < 1e-5)),
            // Four standard errors of the mean of paired differences.
            _ => assert!(mean.abs() < 4.0 * error, "{entry}: {mean} ± {error}"),
        }
    }
}

#[test]
fn the_signal_to_noise_ratio_of_dreg_grows_with_the_samples() {
    let toy = Toy::new(vec![1.0]);
    let ratio = |estimator, samples| {
        let draws = 0..600;
        let slopes: Vec<f64> = draws
            .map(|d| f64::from(toy.gradients(estimator, samples, d).1[0]))
            .collect();
        let (mean, error) = moments(&slopes);
        mean.abs() / (error * (slopes.len() as f64).sqrt())
    };
    let dreg = [1, 10, 100].map(|s| ratio(Estimator::Dreg, s));
    assert!(dreg.is_sorted(), "{dreg:?}");
    let naive = [1, 100].map(|s| ratio(Estimator::Naive, s));
    assert!(
        naive[1] < naive[0] && naive[1] < dreg[2],
        "{naive:?} {dreg:?}"
    );
}

#[test]
fn with_the_exact_posterior_every_weight_is_the_likelihood() {
    // x|z ~ N(z, 1): z|x ~ N(x/2, 1/2), whatever z was drawn.
    let device = Cpu::default();
    let x = device.matrix(vec![0.7, -2.0], 2, 1);
    let (samples, mean) = (6, x.clone() * 0.5);
    let log_var = device.full(0.5_f32.ln(), (2, 1));
    let (mean, log_var) = (repeated(mean, samples), repeated(log_var, samples));
    let noise = device.matrix(Seed::new(3).stream(0).normal(12), 12, 1);
    let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
    let log_joint =
        log_prior(z.clone()) - losses::gaussian_nll_fixed(repeated(x, samples), z.clone(), 1.0);
    let log_q = -losses::gaussian_nll(z, mean, log_var, Scale::LogVar);
    let log_w = (log_joint - log_q).reshape((samples, 2));
    for (s, w) in log_w.to_vec().iter().enumerate() {
        let x = [0.7_f64, -2.0][s % 2];
        let exact = -0.5 * ((2.0 * std::f64::consts::TAU).ln() + x * x / 2.0);
        assert!((f64::from(*w) - exact).abs() < 1e-5, "{w} is not {exact}");
    }
    for n in effective_samples(log_w).to_vec() {
        assert!((n - samples as f32).abs() < 1e-3);
    }
}

#[test]
fn components_are_drawn_by_their_shares() {
    let device = Cpu::default();
    let mixture = Mixture {
        logits: device.matrix(vec![0.2_f32.ln(), 0.8_f32.ln(), 50.0, -50.0], 2, 2),
        mean: device.full(0.0, (4, 1)),
        log_var: device.full(0.0, (4, 1)),
    };
    let n = 10_000;
    let drawn = mixture.draw_components(&mut Seed::new(5).stream(0), n);
    let second = drawn[..n].iter().sum::<usize>() as f64 / n as f64;
    assert!((second - 0.8).abs() < 0.02, "{second}"); // five standard errors
    assert!(drawn[n..].iter().all(|c| *c == 0));
}

#[test]
fn quadrature_finds_the_log_likelihood_of_a_linear_model() {
    let toy = Toy::new(vec![-1.2, 0.4, 2.0]);
    let got = log_likelihood(&Cpu::default(), (-8.0, 8.0), 2001, |grid| {
        let (n, points) = (toy.x.len(), grid.rows());
        let rows: Vec<usize> = (0..n * points).map(|r| r % points).collect();
        let z = Cpu::gather_rows(grid, &rows);
        let rows: Vec<usize> = (0..n * points).map(|r| r / points).collect();
        let x = Cpu::gather_rows(toy.x(), &rows);
        let mean = toy.model.forward(&toy.params.eval(), z.clone());
        (log_prior(z) - losses::gaussian_nll_fixed(x, mean, 1.0)).reshape((n, points))
    });
    let mean = got.iter().map(|v| f64::from(*v)).sum::<f64>() / got.len() as f64;
    assert!((mean - toy.log_likelihood()).abs() < 1e-5, "{mean}");
}
