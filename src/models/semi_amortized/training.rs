//! Training by any of the methods.

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::json;

use super::Content;
use super::Inference;
use super::InferenceParams;
use super::Networks;
use super::Observed;
use super::Representation;
use super::Settings;
use super::fitted;
use super::gradients;
use super::gradients::Step;
use super::networks::Draws;
use super::networks::Lambda;
use super::networks::Objective;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::nn::Algorithm;
use crate::nn::InnerLoop;
use crate::nn::backend::Backend;
use crate::random::Seed;
use crate::registry::Measure;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// What the curve and the metrics of these trainings have.
pub const MEASURES: &[Measure] = &[
    Measure::new("train_loss", "training loss")
        .unit("nats")
        .down(),
    Measure::new("train_kl", "KL at λ_K while training").unit("nats"),
    Measure::new(
        "train_clipped",
        "share of inner gradients that were clipped",
    ),
    Measure::new("train_rate", "learning rate"),
    Measure::new(
        "valid_bound",
        "validation bound on the negative log-likelihood",
    )
    .unit("nats")
    .down(),
    Measure::new("best_bound", "validation bound of the best epoch")
        .unit("nats")
        .down(),
    Measure::new("valid_kl", "validation KL at λ_K").unit("nats"),
    Measure::new("valid_perplexity", "validation perplexity bound").down(),
];

/// Budget and optimiser.
pub struct Recipe {
    pub algorithm: Algorithm,
    pub rate: LearningRate,
    /// The training ends where the rate falls below this.
    pub least_rate: f64,
    /// Largest norm of all gradients together; 0 for none.
    pub clip: f64,
    pub epochs: u64,
    pub batch: usize,
    pub seed: Seed,
}

/// Trains the networks, whose best epoch by the validation bound is what is left.
///
/// # Errors
/// Where the data do not fit.
pub fn train<B: Backend, X>(
    config: &impl Serialize,
    mut networks: Networks<B, X>,
    representation: &dyn Representation<X>,
    data: &Dataset,
    params: &InferenceParams,
    recipe: Recipe,
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let settings = Settings::new(params, recipe.batch);
    let train = representation.read(data, "train")?;
    let valid = representation.read(data, "valid")?.in_batches(recipe.batch);
    let order = recipe.seed.derive("fit/order");
    let batches = Batches::of_one_length(&train.lengths(), recipe.batch, order);
    for component in networks.components().into_iter().filter(|c| c.learns()) {
        component.optimise(recipe.algorithm, recipe.rate.clone());
    }
    let phase = match networks.components().into_iter().any(|c| c.learns()) {
        true => Phase::epochs("fit", recipe.epochs, batches),
        // SVI of a known decoder has nothing to learn: one iteration, for its row.
        false => Phase::iterations("fit", 1, 1, batches),
    };
    let inner = InnerLoop {
        steps: if params.inference.refines() {
            params.steps
        } else {
            0
        },
        back_clip: (params.back_clip > 0.0).then_some(params.back_clip),
        ..settings.refinement.inner(
            params.curvature.differences(),
            params.clipped_steps.clipped_step(),
        )
    };
    let mut training = SemiAmortizedTraining {
        method: params.inference,
        inner,
        settings,
        warmup: Warmup {
            first: params.beta,
            iterations: params.warmup * phase.batches.per_epoch() as f64,
        },
        best: Best::new(&mut networks),
        networks,
        representation,
        train,
        valid,
        phase,
        recipe,
    };
    let mut trained = TrainingLoop::new(config, monitor)?.run(&mut training)?;
    let best = training.best.bound;
    trained.numbers = best
        .map(|bound| ("best_bound", bound))
        .into_iter()
        .collect();
    Ok(trained)
}

/// β grows from `first` to 1, by 1 in so many iterations.
struct Warmup {
    first: f64,
    iterations: f64,
}

impl Warmup {
    fn beta(&self, iteration: u64) -> f32 {
        match self.iterations > 0.0 {
            true => (self.first + iteration as f64 / self.iterations).min(1.0) as f32,
            false => 1.0,
        }
    }
}

/// The weights with the best validation bound so far, in components of their own: so they are kept in
/// checkpoints.
struct Best<B: Backend> {
    components: Vec<Component<B>>,
    bound: Option<f64>,
    /// Whether the training is over and the best weights are those of the networks.
    taken: bool,
}

impl<B: Backend> Best<B> {
    fn new<X>(networks: &mut Networks<B, X>) -> Self {
        let copies = networks.components().into_iter().map(|component| {
            let name = match component.name() {
                "encoder" => "best.encoder",
                _ => "best.decoder",
            };
            Component::new(name, component.params().copied("best."))
        });
        Best {
            components: copies.collect(),
            bound: None,
            taken: false,
        }
    }
}

struct SemiAmortizedTraining<'a, B: Backend, X> {
    method: Inference,
    inner: InnerLoop,
    settings: Settings,
    warmup: Warmup,
    networks: Networks<B, X>,
    best: Best<B>,
    representation: &'a dyn Representation<X>,
    train: Content,
    valid: Vec<Observed>,
    phase: Phase,
    recipe: Recipe,
}

impl<B: Backend, X> SemiAmortizedTraining<'_, B, X> {
    /// The gradients of a batch.
    fn step(&self, x: &X, n: usize, iteration: u64) -> Step<B> {
        let (seed, latent) = (self.recipe.seed, self.networks.latent);
        let draws = Draws {
            noise: seed.derive("fit/noise"),
            masks: Some(seed.derive("fit/dropout")),
            first: iteration * (self.inner.steps as u64 + 1),
        };
        let objective = Objective {
            decoder: &*self.networks.decoder.network,
            x,
            beta: self.warmup.beta(iteration),
            draws: &draws,
        };
        if !self.method.has_latent() {
            return gradients::step_without_latent(&self.networks, &objective);
        }
        let device = self.networks.device();
        let zeros = || device.full(0.0, (n, latent));
        let start: Lambda<B> = [zeros(), zeros()];
        gradients::step(&self.networks, self.method, &self.inner, &objective, &start)
    }
}

impl<B: Backend, X> TrainingAlgorithm<B> for SemiAmortizedTraining<'_, B, X> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        let mut all = self.networks.components();
        if !self.best.taken {
            all.extend(&mut self.best.components);
        }
        all
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let n = rows.len();
        let drawn = self.recipe.seed.derive("fit/observations");
        let mut drawn = drawn.stream(at.number);
        let content = self.train.gather(&rows);
        let x = self.representation.batch(&content, Some(&mut drawn))?;
        // Of the updates below; the next ones may have another.
        let rate = self.rate();
        let mut step = self.step(&x, n, at.number);
        at.report("loss", step.loss, n);
        at.report("kl", step.kl, n);
        at.report("clipped", step.clipped, n);
        let mut all: Vec<_> = step.encoder.iter_mut().collect();
        all.push(&mut step.decoder);
        if self.recipe.clip > 0.0 {
            gradients::clip_together(&mut all, self.recipe.clip);
        }
        if let (Some(encoder), Some(by_encoder)) = (&mut self.networks.encoder, step.encoder) {
            encoder.component.update(by_encoder);
            if let Some(statistics) = step.statistics {
                statistics.keep(encoder.component.params_mut())?;
            }
        }
        let decoder = &mut self.networks.decoder.component;
        if decoder.learns() {
            decoder.update(step.decoder);
        }
        if let Some(rate) = rate {
            at.report("rate", rate, n);
        }
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        // The same noise after every epoch: the curve then moves with the model alone.
        let noise = self.recipe.seed.derive("fit/validation");
        let (mut bound, mut kl, mut count, mut predicted) = (0.0, 0.0, 0, 0);
        for (number, observed) in self.valid.iter().enumerate() {
            let x = self.representation.batch(&observed.content, None)?;
            let n = observed.rows.len();
            let noise = noise.derive(&number.to_string());
            let score = fitted::bound(&self.networks, &self.settings, &x, n, noise)?;
            let [batch_nll, batch_kl] = [score.nll, score.kl].map(|t| f64::from(t.sum().value()));
            bound += batch_nll + batch_kl;
            kl += batch_kl;
            count += n;
            let tokens = self.representation.predicted(&observed.content);
            predicted += tokens.into_iter().sum::<usize>();
        }
        let mean = bound / count as f64;
        // Nothing is less than a bound that is no number, were it kept.
        if mean.is_finite() && self.best.bound.is_none_or(|best| mean < best) {
            self.best.bound = Some(mean);
            let live = self.networks.components().into_iter();
            for (copy, live) in self.best.components.iter_mut().zip(live) {
                copy.params_mut().take_numbers(live.params());
            }
        }
        Ok(vec![
            ("valid_bound", mean),
            ("valid_kl", kl / count as f64),
            ("valid_perplexity", (bound / predicted.max(1) as f64).exp()),
        ])
    }

    fn finished(&self, _phase: usize) -> bool {
        // A rate that was this small from the first has not fallen.
        let fallen = self.learning().is_some_and(|c| c.rate().drops() > 0);
        fallen
            && self
                .rate()
                .is_some_and(|rate| rate < self.recipe.least_rate)
    }

    fn conclude(&mut self) {
        if self.best.bound.is_some() {
            let live = self.networks.components().into_iter();
            for (live, best) in live.zip(&self.best.components) {
                live.params_mut().take_numbers(best.params());
            }
        }
        self.best.taken = true;
    }

    fn notes(&self) -> Json {
        json!({ "best": self.best.bound })
    }

    fn take_up(&mut self, notes: &Json) {
        self.best.bound = notes["best"].as_f64();
    }
}

impl<B: Backend, X> SemiAmortizedTraining<'_, B, X> {
    /// A component that learns: all of them at one rate.
    fn learning(&self) -> Option<&Component<B>> {
        let encoder = self.networks.encoder.as_ref().map(|e| &e.component);
        let decoder = &self.networks.decoder.component;
        let mut learns = [Some(decoder), encoder].into_iter().flatten();
        learns.find(|component| component.learns())
    }

    /// The learning rate of the next update; none where nothing learns.
    fn rate(&self) -> Option<f64> {
        let learning = self.learning()?;
        Some(learning.rate().after(learning.updates()))
    }
}
