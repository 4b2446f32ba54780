//! The classifier: affine layers with leaky ReLU and one logit, regularised or not.

use crate::nn::Activation;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Scalar;
use crate::nn::Vector;
use crate::nn::layers::Linear;
use crate::nn::layers::Stack;
use crate::nn::layers::Stage;
use crate::nn::layers::dropout;
use crate::nn::penalty;
use crate::random::Seed;
use crate::registry::params;
use crate::training::Component;
use crate::training::LearningRate;

params! {
    /// The classifier of a density ratio and how it is trained.
    pub struct RatioParams {
        /// hidden layers of the classifier
        layers: usize = 3, min(0);
        /// units of each
        units: usize = 1000, min(1);
        /// updates of the classifier
        iterations: u64 = 100_000, min(1);
        /// draws of each of the two distributions per update
        batch: usize = 64, min(1);
        /// learning rate of Adam
        lr: f64 = 5e-4, min(0.0);
        /// decay of Adam's first moment, below 1
        beta1: f64 = 0.5, min(0.0), max(0.9999);
        /// decay of Adam's second moment, below 1
        beta2: f64 = 0.9, min(0.0), max(0.9999);
        /// weight of (‖∇a(z)‖ − 1)² between the two distributions [default: none]
        gradient_penalty: Option<f64>, min(0.0);
        /// standard deviation of the noise added to hidden activations in training
        activation_noise: f64 = 0.0, min(0.0);
        /// probability that a hidden activation is left out in training
        dropout: f64 = 0.0, min(0.0), max(0.99);
    }
}

impl RatioParams {
    /// What keeps the classifier from trusting its answers.
    pub fn regularisation(&self) -> Regularisation {
        Regularisation {
            gradient_penalty: self.gradient_penalty.map(|weight| weight as f32),
            activation_noise: self.activation_noise as f32,
            dropout: self.dropout as f32,
        }
    }

    /// A classifier of `dimension` numbers on a device, with its optimiser.
    pub fn classifier<B: Backend>(
        &self,
        device: &B,
        dimension: usize,
        seed: Seed,
    ) -> (Component<B>, RatioClassifier) {
        let init = seed.derive("init");
        let (component, layers) = Component::declare("classifier", device, init, |builder| {
            let mut widths = vec![dimension];
            widths.extend(vec![self.units; self.layers]);
            widths.push(1);
            let pairs = widths.windows(2).enumerate();
            pairs
                .map(|(i, w)| Linear::new(&mut builder.part(i), w[0], w[1]))
                .collect()
        });
        let adam = Algorithm::adam(self.beta1, self.beta2);
        let component = component.optimised(adam, LearningRate::constant(self.lr));
        let classifier = RatioClassifier {
            layers,
            regularisation: self.regularisation(),
            seed: seed.derive("classifier"),
        };
        (component, classifier)
    }
}

/// What is done to a classifier in training, and not when it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Regularisation {
    /// Weight of the penalty of WGAN-GP.
    pub gradient_penalty: Option<f32>,
    /// Standard deviation.
    pub activation_noise: f32,
    /// Probability.
    pub dropout: f32,
}

/// Slope of the leaky ReLU below zero.
const SLOPE: f32 = 0.2;

/// A logit a(z) that estimates ln q(z)/p(z).
#[derive(Clone, Debug)]
pub struct RatioClassifier {
    layers: Vec<Linear>,
    regularisation: Regularisation,
    seed: Seed,
}

impl RatioClassifier {
    /// a(z), `[n, 1]`, for each row of `z`.
    pub fn logits<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Matrix<B> {
        self.through(pass, z, |hidden, _| hidden)
    }

    /// The same with the noise and the dropout of an update.
    fn disturbed<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>, update: u64) -> Matrix<B> {
        let Regularisation {
            activation_noise,
            dropout: share,
            ..
        } = self.regularisation;
        self.through(pass, z, |mut hidden, layer| {
            let of = |purpose: &str| {
                self.seed
                    .derive(&format!("{purpose}/{layer}"))
                    .stream(update)
            };
            if activation_noise > 0.0 {
                let mut noise = of("noise").normal(hidden.len());
                noise
                    .iter_mut()
                    .for_each(|value| *value *= activation_noise);
                let (n, units) = hidden.shape();
                hidden = hidden + pass.device().matrix(noise, n, units);
            }
            match share > 0.0 {
                true => dropout(hidden, share, &mut of("dropout")),
                false => hidden,
            }
        })
    }

    fn through<B: Backend>(
        &self,
        pass: &Pass<B>,
        z: Matrix<B>,
        between: impl Fn(Matrix<B>, usize) -> Matrix<B>,
    ) -> Matrix<B> {
        let mut y = z;
        for (i, layer) in self.layers.iter().enumerate() {
            y = match i + 1 == self.layers.len() {
                true => layer.forward(pass, y),
                false => {
                    let hidden = layer.forward_with(pass, y, Activation::LeakyRelu(SLOPE));
                    between(hidden, i)
                }
            };
        }
        y
    }

    /// `E_q −ln σ(a) + E_p −ln(1 − σ(a))`, plus the penalty if there is one.
    pub fn loss<B: Backend>(
        &self,
        pass: &Pass<B>,
        q: Matrix<B>,
        p: Matrix<B>,
        update: u64,
    ) -> Scalar<B> {
        let of_q = self.disturbed(pass, q.clone(), 2 * update);
        let of_p = self.disturbed(pass, p.clone(), 2 * update + 1);
        let softplus = |a: Matrix<B>| B::activate(a, Activation::Softplus);
        let loss = softplus(-of_q).mean() + softplus(of_p).mean();
        match self.regularisation.gradient_penalty {
            None => loss,
            Some(weight) => {
                let (n, d) = q.shape();
                let alpha = self
                    .seed
                    .derive("between")
                    .stream(update)
                    .uniform(n, 0.0, 1.0);
                let alpha: Vector<B> = pass.device().vector(alpha);
                let image = (n, d, 1, 1);
                let between = penalty::interpolates(q.reshape(image), p.reshape(image), alpha);
                loss + penalty::gradient_penalty(&self.stack(), pass, between, weight)
            }
        }
    }

    /// The undisturbed network, as the penalty wants it.
    fn stack(&self) -> Stack {
        let last = self.layers.len() - 1;
        let layers = self.layers.iter().enumerate();
        let stages = layers.map(|(i, layer)| match i == last {
            true => Stage::Linear(layer.clone(), Activation::Identity),
            false => Stage::Linear(layer.clone(), Activation::LeakyRelu(SLOPE)),
        });
        Stack::new(stages.collect())
    }
}
