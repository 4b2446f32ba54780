//! Critics of WGAN-GP that learn from data and from samples of a model that stays as it is.

use crate::metrics::Estimate;
use crate::metrics::held_out::fit_phase;
use crate::models::Rows;
use crate::models::networks;
use crate::models::networks::Architecture;
use crate::models::networks::Network;
use crate::models::networks::NetworkParams;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Params;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::Vector;
use crate::nn::layers::points;
use crate::nn::layers::rows;
use crate::nn::penalty;
use crate::random::Seed;
use crate::registry::params;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;

/// Rows that pass through a critic at once outside training.
const CHUNK: usize = 250;

params! {
    /// The critic and how it is trained.
    pub(super) struct CriticParams {
        networks: NetworkParams;
        /// updates of each critic
        iterations: u64 = 20_000, min(1);
        /// observations, and samples, per update
        batch: usize = 64, min(1);
        /// learning rate of Adam
        lr: f64 = 1e-4, min(0.0);
        /// decay of Adam's first moment, below 1
        beta1: f64 = 0.5, min(0.0), max(0.9999);
        /// decay of Adam's second moment, below 1
        beta2: f64 = 0.9, min(0.0), max(0.9999);
        /// λ, weight of (‖∇f(x)‖ − 1)² between data and samples
        gradient_penalty: f64 = 10.0, min(0.0);
    }
}

/// Where samples come from: so many for an update.
pub(super) type Samples<'a> = Box<dyn Fn(u64, usize) -> Result<Rows, TrainingError> + 'a>;

/// One critic: what it tells from the samples, and what the curve calls its distance.
struct Critic<B: Backend> {
    component: Component<B>,
    network: Network,
    data: Rows,
    curve: &'static str,
}

/// Critics in training, each against data of its own, all against the same samples.
pub(super) struct Critics<'a, B: Backend> {
    critics: Vec<Critic<B>>,
    samples: Samples<'a>,
    /// Samples that no critic learns from: distances are measured on these.
    held_out: Rows,
    iterations: u64,
    batch: usize,
    penalty: f32,
    seed: Seed,
}

impl<'a, B: Backend> Critics<'a, B> {
    /// Fresh critics of observations of `shape`, which start alike: a name for the component, one for the
    /// curve, and the data of each.
    pub(super) fn new(
        device: &B,
        params: &CriticParams,
        shape: &[usize],
        data: Vec<(&'static str, &'static str, Rows)>,
        (samples, held_out): (Samples<'a>, Rows),
        seed: Seed,
    ) -> Self {
        let architecture = Architecture::of(&params.networks);
        let of = |(name, curve, data): (&'static str, &'static str, Rows)| {
            // First values depend on full names, so the critic's own comes behind: what differs between
            // distances is the data.
            let mut first = Params::new(device);
            let mut builder = first.builder(seed.derive("init"));
            let network = networks::discriminator(&mut builder, &architecture, shape, 1, false);
            let component = Component::new(name, first.copied(&format!("{name}.")));
            let adam = Algorithm::adam(params.beta1, params.beta2);
            Critic {
                component: component.optimised(adam, LearningRate::constant(params.lr)),
                network,
                data,
                curve,
            }
        };
        Critics {
            critics: data.into_iter().map(of).collect(),
            samples,
            held_out,
            iterations: params.iterations,
            batch: params.batch,
            penalty: params.gradient_penalty as f32,
            seed,
        }
    }

    /// E f(x) − E f(G(z)) over all of a critic's data and the samples that it never learnt from, with the
    /// standard error of that difference, for each critic.
    pub(super) fn distances(&self) -> Vec<(f64, f64)> {
        let of = |critic: &Critic<B>| {
            let data = Estimate::of(&critic.scores(&critic.data));
            let samples = Estimate::of(&critic.scores(&self.held_out));
            let errors = [&data, &samples].map(|e| e.standard_error.unwrap_or(f64::NAN));
            (data.mean - samples.mean, errors[0].hypot(errors[1]))
        };
        self.critics.iter().map(of).collect()
    }
}

impl<B: Backend> Critic<B> {
    fn forward(&self, pass: &Pass<'_, B>, x: Matrix<B>) -> Vector<B> {
        self.network.forward(pass, x, &Statistics::Batch).sum_rows()
    }

    /// f of each row.
    fn scores(&self, x: &Rows) -> Vec<f64> {
        let pass = self.component.constant();
        let mut all = Vec::with_capacity(x.len());
        for x in x.chunks(CHUNK) {
            let (n, d) = (x.len(), x.columns);
            let scores = self.forward(&pass, pass.device().matrix(x.values, n, d));
            all.extend(scores.to_vec().into_iter().map(f64::from));
        }
        all
    }

    /// One update by Gulrajani et al. 2017, equation 3:
    /// E f(G(z)) − E f(x) + λ E (‖∇f(x̂)‖ − 1)², x̂ = x + α (G(z) − x).
    fn update(&mut self, x: Vec<f32>, fake: &Rows, alpha: Vec<f32>, penalty: f32) -> f64 {
        let (n, d) = (fake.len(), fake.columns);
        let pass = self.component.record();
        let device = pass.device();
        let (x, fake) = (
            device.matrix(x, n, d),
            device.matrix(fake.values.clone(), n, d),
        );
        let alpha = device.vector(alpha);
        let between = penalty::interpolates(points(x.clone()), points(fake.clone()), alpha);
        let between = points(rows(between));
        let slopes = penalty::gradient_penalty(&self.network.stack(), &pass, between, penalty);
        let gap = self.forward(&pass, fake).mean() - self.forward(&pass, x).mean();
        let loss = gap + slopes;
        let value = f64::from(loss.value());
        let gradients = pass.backward(loss);
        self.component.update(gradients);
        value
    }
}

impl<B: Backend> TrainingAlgorithm<B> for Critics<'_, B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        let critics = self.critics.iter_mut();
        critics.map(|critic| &mut critic.component).collect()
    }

    fn phases(&self) -> Vec<Phase> {
        vec![fit_phase(self.iterations)]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let n = self.batch;
        let fake = (self.samples)(at.number, n)?;
        for critic in &mut self.critics {
            // The same draws for all, so that critics of the same data stay the same.
            let mut stream = self.seed.derive("rows").stream(at.number);
            // With replacement: the data may be fewer than a batch.
            let chosen: Vec<usize> = (0..n).map(|_| stream.below(critic.data.len())).collect();
            let alpha = stream.uniform(n, 0.0, 1.0);
            let x = critic.data.gather(&chosen);
            let loss = critic.update(x, &fake, alpha, self.penalty);
            at.report("loss", loss, n);
        }
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let distances = self.distances().into_iter();
        let named = distances.zip(&self.critics);
        Ok(named
            .map(|((distance, _), critic)| (critic.curve, distance))
            .collect())
    }
}
