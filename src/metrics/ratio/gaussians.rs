//! Density ratios between Gaussians whose divergence is known in closed form: how far the estimate is
//! from it, and whether it falls where one Gaussian learns from the estimate.

use super::RatioClassifier;
use super::RatioParams;
use super::logits;
use crate::data::gaussian_pair::Gaussian;
use crate::data::gaussian_pair::kl;
use crate::metrics::held_out::fit_phase;
use crate::models::Rows;
use crate::nn::Activation;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Linear;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::random::Seed;
use crate::registry::choices;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;

choices! {
    /// What learns.
    pub enum Task {
        /// The classifier alone.
        Estimation = "estimation",
        /// The classifier and the second Gaussian.
        Learning = "learning",
    }
}

/// A = first values and b of x = A ξ + b, ξ ~ N(0, I).
struct Affine<B: Backend> {
    component: Component<B>,
    layer: Linear,
}

impl<B: Backend> Affine<B> {
    fn new(name: &'static str, device: &B, from: &Gaussian) -> Self {
        let d = from.mean.len();
        let (mut component, layer) = Component::declare(name, device, Seed::new(0), |builder| {
            Linear::zeros(builder, d, d)
        });
        let single = |numbers: &[f64]| numbers.iter().map(|number| *number as f32).collect();
        let params = component.params_mut();
        for (name, values) in [("weight", &from.factor), ("bias", &from.mean)] {
            let index = params.names().position(|own| own.ends_with(name));
            let index = index.expect("a layer has both");
            params.set(index, single(values)).expect("as many numbers");
        }
        Affine { component, layer }
    }

    /// What it is now.
    fn gaussian(&self) -> Gaussian {
        let params = self.component.params();
        let of = |name: &str| -> Vec<f64> {
            let index = params.names().position(|own| own.ends_with(name));
            let values = params.values(index.expect("a layer has both"));
            values.into_iter().map(f64::from).collect()
        };
        Gaussian {
            mean: of("bias"),
            factor: of("weight"),
        }
    }

    /// A ξ + b for rows ξ.
    fn draw(&self, pass: &Pass<'_, B>, noise: Vec<f32>, n: usize) -> Matrix<B> {
        let d = noise.len() / n.max(1);
        let noise = pass.device().matrix(noise, n, d);
        let weight = pass.get(self.layer.weight);
        let bias = self.layer.bias.map(|bias| pass.get(bias));
        B::linear(noise, weight, bias, Activation::Identity)
    }
}

/// The classifier tells the second Gaussian q (label 1) from the first p; with [`Task::Learning`] the
/// second then takes a step down the estimate E_q a of KL(q‖p).
pub struct GaussianRatio<B: Backend> {
    classifier_component: Component<B>,
    classifier: RatioClassifier,
    first: Affine<B>,
    second: Affine<B>,
    fixed: Gaussian,
    task: Task,
    params: RatioParams,
    samples: usize,
    seed: Seed,
}

/// KL(q‖p): the truth, the estimate.
#[derive(Clone, Copy, Debug)]
pub struct Divergence {
    pub exact: f64,
    pub ratio: f64,
}

impl<B: Backend> GaussianRatio<B> {
    /// Of a pair; `samples` draws of the second judge the classifier, `lr` is the rate of the
    /// second Gaussian.
    pub fn new(
        device: &B,
        [first, second]: &[Gaussian; 2],
        task: Task,
        params: &RatioParams,
        (lr, samples): (f64, usize),
        seed: Seed,
    ) -> Self {
        let (component, classifier) = params.classifier(device, first.mean.len(), seed);
        let adam = Algorithm::adam(params.beta1, params.beta2);
        let mut moving = Affine::new("second", device, second);
        moving.component.optimise(adam, LearningRate::constant(lr));
        GaussianRatio {
            classifier_component: component,
            classifier,
            first: Affine::new("first", device, first),
            second: moving,
            fixed: first.clone(),
            task,
            params: params.clone(),
            samples,
            seed: seed.derive("draws"),
        }
    }

    /// Where it stands.
    pub fn divergence(&self) -> Divergence {
        let d = self.fixed.mean.len();
        let noise = self
            .seed
            .derive("held-out")
            .stream(0)
            .normal(self.samples * d);
        let pass = self.second.component.constant();
        let z = self.second.draw(&pass, noise, self.samples);
        let z = Rows::new(d, z.to_vec());
        let logits = logits(&self.classifier_component, &self.classifier, &z);
        Divergence {
            exact: kl(&self.second.gaussian(), &self.fixed).unwrap_or(f64::INFINITY),
            ratio: logits.iter().sum::<f64>() / logits.len() as f64,
        }
    }

    fn noise(&self, purpose: &str, update: u64) -> Vec<f32> {
        let n = self.params.batch * self.fixed.mean.len();
        self.seed.derive(purpose).stream(update).normal(n)
    }
}

impl<B: Backend> TrainingAlgorithm<B> for GaussianRatio<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        let mut all = vec![&mut self.classifier_component];
        if self.task == Task::Learning {
            all.push(&mut self.second.component);
        }
        all
    }

    fn phases(&self) -> Vec<Phase> {
        vec![fit_phase(self.params.iterations)]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let (n, update) = (self.params.batch, at.number);
        let fixed = self.first.component.constant();
        let p = self.first.draw(&fixed, self.noise("p", update), n);
        let moving = self.second.component.constant();
        let q = self.second.draw(&moving, self.noise("q", update), n);
        let pass = self.classifier_component.record();
        let loss = self.classifier.loss(&pass, q, p, update);
        at.report("loss", f64::from(loss.value()), n);
        let gradients = pass.backward(loss);
        self.classifier_component.update(gradients);
        if self.task == Task::Learning {
            let classifier = self.classifier_component.constant();
            let moving = self.second.component.record();
            let q = self
                .second
                .draw(&moving, self.noise("generator", update), n);
            let estimate = self.classifier.logits(&classifier, q).mean();
            at.report("estimate", f64::from(estimate.value()), n);
            let gradients = moving.backward(estimate);
            self.second.component.update(gradients);
        }
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let Divergence { exact, ratio } = self.divergence();
        Ok(vec![("true_kl", exact), ("ratio_kl", ratio)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Cpu;
    use crate::training::TrainingLoop;
    use crate::training::tests::Session;

    /// N(0, I) and N(mean, diag(scale²)).
    fn pair(d: usize) -> [Gaussian; 2] {
        let diagonal = |value: f64| {
            let at = |i: usize| if i / d == i % d { value } else { 0.0 };
            (0..d * d).map(at).collect()
        };
        let of = |mean: f64, scale: f64| Gaussian {
            mean: vec![mean; d],
            factor: diagonal(scale),
        };
        [of(0.0, 1.0), of(0.8, 1.3)]
    }

    fn run(task: Task) -> (Divergence, Divergence) {
        let params = RatioParams {
            layers: 2,
            units: 32,
            iterations: 2500,
            batch: 256,
            lr: 1e-3,
            beta1: 0.5,
            beta2: 0.9,
            gradient_penalty: None,
            activation_noise: 0.0,
            dropout: 0.0,
        };
        let device = Cpu::default();
        let own = (2e-3, 4000);
        let mut ratio = GaussianRatio::new(&device, &pair(2), task, &params, own, Seed::new(1));
        let before = ratio.divergence();
        let session = Session::default();
        let trained = TrainingLoop::new(&"pair", &session)
            .expect("plain")
            .run(&mut ratio);
        assert_eq!(trained.expect("it trains").diverged, None);
        (before, ratio.divergence())
    }

    #[test]
    fn two_gaussians_of_two_dimensions_are_told_apart_as_the_formula_says() {
        let (_, after) = run(Task::Estimation);
        // ½ (s² + m² − 1) − ln s per dimension.
        let exact = 2.0 * (0.5 * (1.69 + 0.64 - 1.0) - 1.3f64.ln());
        assert!((after.exact - exact).abs() < 1e-6, "{after:?} {exact}");
        // 15 %: 4,000 draws, and a classifier whose last updates are noisy.
        assert!((after.ratio - exact).abs() < 0.15 * exact, "{after:?}");
    }

    #[test]
    fn the_second_gaussian_learns_in_two_dimensions() {
        let (before, after) = run(Task::Learning);
        assert!(after.exact < 0.1 * before.exact, "{before:?} {after:?}");
    }
}
