//! Fitting a network to the formula of a synthetic density, so that the data come from a network.
//!
//! Yacoby et al. 2024, appendix: full supervision until the error is small. The loss is the mean
//! squared error over N(0, 1), the distribution of the latent variable.

use serde_json::json;
use statrs::distribution::ContinuousCDF;
use statrs::distribution::Normal;

use super::ModelError;
use crate::data::Array;
use crate::data::Arrays;
use crate::data::generators::Generator;
use crate::data::surrogate;
use crate::data::surrogate::Surrogate;
use crate::nn::backend::Backend;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::nn::layers::Activation;
use crate::nn::layers::Mlp;
use crate::nn::optim::Algorithm;
use crate::nn::optim::Schedule;
use crate::nn::params::Params;
use crate::random::Seed;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// How a surrogate is fitted.
pub struct Fit {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Mean squared error, over both dimensions, at which the fit ends.
    pub threshold: f64,
    /// At most so many updates.
    pub updates: u64,
    pub batch: usize,
    /// First learning rate of Adam; it falls to zero as half a cosine.
    pub lr: f64,
    pub seed: Seed,
    pub device: DeviceChoice,
}

/// A fitted surrogate.
pub struct FittedSurrogate {
    /// `0.weight`, `0.bias`, … as [`Surrogate::from_arrays`] takes them.
    pub arrays: Arrays,
    /// E ‖f̂(z) − f(z)‖² over z ~ N(0, 1).
    pub mse: f64,
    pub updates: u64,
}

/// Updates between two looks at the error.
const EVERY: u64 = 500;
/// Latent variables on which the error is judged: quantiles of N(0, 1).
const JUDGED: usize = 20_000;

impl Fit {
    /// Fits a network to the decoder of `generator`.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] where the error stays above the threshold,
    /// [`ModelError::Cancelled`] when stopped from outside.
    pub fn run(
        &self,
        generator: &Generator,
        monitor: &dyn Monitor,
    ) -> Result<FittedSurrogate, ModelError> {
        on_device!(self.device, |device| self
            .run_on(&device, generator, monitor))
    }

    fn run_on<B: Backend>(
        &self,
        device: &B,
        generator: &Generator,
        monitor: &dyn Monitor,
    ) -> Result<FittedSurrogate, ModelError> {
        let mut training = Supervised::new(self, device, generator);
        let config = json!({ "generator": generator.name });
        let trained = TrainingLoop::new(&config, monitor)?.run(&mut training)?;
        if let Some(how) = trained.diverged {
            let why = format!("the network diverged: {how}; a smaller `lr` may help");
            return Err(ModelError::Unsupported(why));
        }
        let errors = trained
            .curve
            .rows
            .iter()
            .map(|row| (row.iteration, row.scores[1]));
        let lowest = { errors }.min_by(|a, b| a.1.total_cmp(&b.1));
        match lowest {
            Some((updates, mse)) if mse <= self.threshold => Ok(FittedSurrogate {
                arrays: training.judged.unscaled(training.network.params()),
                mse,
                updates,
            }),
            lowest => Err(ModelError::Unsupported(format!(
                "the mean squared error of the network fell to {:.2e}, not to the `threshold` of \
                 {:.2e}: allow more `updates` or a wider `hidden`, or raise the threshold",
                lowest.map_or(f64::INFINITY, |(_, mse)| mse),
                self.threshold
            ))),
        }
    }
}

/// The network under full supervision by the formula.
struct Supervised<'a, B: Backend> {
    fit: &'a Fit,
    generator: &'a Generator,
    judged: FormulaOnGrid,
    network: Component<B>,
    layers: Mlp,
    /// The last error that was judged.
    mse: f64,
}

impl<'a, B: Backend> Supervised<'a, B> {
    fn new(fit: &'a Fit, device: &B, generator: &'a Generator) -> Self {
        let widths = [&[1], fit.hidden.as_slice(), &[2]].concat();
        let mut params = Params::new(device);
        let layers = Mlp::new(
            &mut params.builder(fit.seed.derive("fit/init")),
            &widths,
            Activation::LeakyRelu(surrogate::SLOPE as f32),
        );
        let falling = Schedule::Cosine {
            iterations: fit.updates,
        };
        let rate = LearningRate::scheduled(fit.lr, falling);
        Supervised {
            fit,
            generator,
            judged: FormulaOnGrid::new(generator),
            network: Component::new("network", params).optimised(Algorithm::adam(0.9, 0.999), rate),
            layers,
            mse: f64::INFINITY,
        }
    }
}

impl<B: Backend> TrainingAlgorithm<B> for Supervised<'_, B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.network]
    }

    fn phases(&self) -> Vec<Phase> {
        let none = Batches::none();
        vec![Phase::iterations("fit", self.fit.updates, EVERY, none)]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = self.fit.batch;
        let z = self
            .fit
            .seed
            .derive("fit/latent")
            .stream(at.number)
            .normal(rows);
        let wanted = z
            .iter()
            .flat_map(|z| self.judged.scaled(self.generator.decode((*z).into())));
        let device = self.network.device();
        let wanted = device.matrix(wanted.collect(), rows, 2);
        let z = device.matrix(z, rows, 1);
        let pass = self.network.record();
        let loss = (self.layers.forward(&pass, z) - wanted).square().mean();
        at.report("loss", f64::from(loss.value()), rows);
        let gradients = pass.backward(loss);
        self.network.update(gradients);
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let arrays = self.judged.unscaled(self.network.params());
        self.mse = self.judged.error(&arrays);
        Ok(vec![("mse", self.mse)])
    }

    fn finished(&self, _phase: usize) -> bool {
        self.mse <= self.fit.threshold
    }
}

/// The formula on a grid, and the unit in which the network learns it.
struct FormulaOnGrid {
    z: Vec<f64>,
    mean: Vec<[f64; 2]>,
    /// Root mean square of the formula: learned values are near one.
    unit: f64,
}

impl FormulaOnGrid {
    fn new(generator: &Generator) -> Self {
        let normal = Normal::standard();
        let z: Vec<f64> = (0..JUDGED)
            .map(|i| normal.inverse_cdf((i as f64 + 0.5) / JUDGED as f64))
            .collect();
        let mean: Vec<[f64; 2]> = z.iter().map(|z| generator.decode(*z)).collect();
        let squares: f64 = mean.iter().flatten().map(|x| x * x).sum();
        let unit = (squares / (2 * JUDGED) as f64).sqrt();
        FormulaOnGrid { z, mean, unit }
    }

    fn scaled(&self, mean: [f64; 2]) -> [f32; 2] {
        mean.map(|x| (x / self.unit) as f32)
    }

    /// The parameters with the last layer in the units of x.
    fn unscaled<B: Backend>(&self, params: &Params<B>) -> Arrays {
        let last = params.len() - 2;
        let parameters = params.names().enumerate().map(|(i, name)| {
            let mut values = params.values(i);
            if i >= last {
                values.iter_mut().for_each(|v| *v *= self.unit as f32);
            }
            (name.to_owned(), Array::new(params.shape(i), values))
        });
        parameters.collect()
    }

    fn error(&self, arrays: &Arrays) -> f64 {
        let network = Surrogate::from_arrays(arrays);
        let network = network.unwrap_or_else(|why| unreachable!("BUG: {why}"));
        let squares = self.z.iter().zip(&self.mean).map(|(z, mean)| {
            let found = network.decode(*z);
            (found[0] - mean[0]).powi(2) + (found[1] - mean[1]).powi(2)
        });
        squares.sum::<f64>() / self.z.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generators;
    use crate::training::tests::Session;

    fn fit(threshold: f64, updates: u64) -> Fit {
        Fit {
            hidden: vec![20, 20],
            threshold,
            updates,
            batch: 200,
            lr: 1e-2,
            seed: Seed::new(3),
            device: DeviceChoice::Cpu,
        }
    }

    #[test]
    fn a_fit_that_was_interrupted_ends_with_the_same_network() {
        let circle = generators::get("circle").expect("it is listed");
        let fit = fit(2e-3, 4000);
        let whole = fit.run(circle, &Session::default()).expect("it is easy");
        let session = Session::stopping_after(300);
        let stopped = fit.run(circle, &session);
        assert!(matches!(stopped, Err(ModelError::Cancelled)));
        let resumed = fit.run(circle, &session.next_attempt(None));
        let resumed = resumed.expect("it goes on");
        assert_eq!((resumed.mse, resumed.updates), (whole.mse, whole.updates));
        assert!(resumed.arrays == whole.arrays);
    }

    /// The error is judged again here, at other latent variables and with the same weight on rare
    /// ones as on common ones: hence five times the threshold.
    #[test]
    fn a_circle_is_learnt_to_the_error_that_was_asked_for() {
        let circle = generators::get("circle").expect("it is listed");
        let found = fit(2e-3, 4000)
            .run(circle, &Session::default())
            .expect("it is easy");
        assert!(found.mse <= 2e-3 && found.updates.is_multiple_of(EVERY));
        let network = Surrogate::from_arrays(&found.arrays).expect("it is a network");
        let surrogate = circle.through(network);
        let squares = (-200..=200).map(|i| {
            let z = f64::from(i) / 100.0;
            let (a, b) = (circle.decode(z), surrogate.decode(z));
            (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
        });
        let mse = squares.sum::<f64>() / 401.0;
        assert!(mse < 1e-2, "{mse}");
    }

    #[test]
    fn an_error_that_stays_too_large_is_a_failure_that_says_so() {
        let spiral = generators::get("spiral-dots").expect("it is listed");
        let error = fit(1e-6, 500).run(spiral, &Session::default()).err();
        let text = error.expect("500 updates do not suffice").to_string();
        assert!(text.contains("not to the `threshold` of 1.00e-6"), "{text}");
    }
}
