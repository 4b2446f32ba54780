//! Training: the bound over minibatches, then the recovery of a prior.

use serde_json::Value as Json;
use serde_json::json;

use super::bound;
use super::config::Config;
use super::config::MapaParams;
use super::config::Truncation;
use super::fitted::FittedMapa;
use super::networks::Networks;
use super::posterior::Posterior;
use super::proposal::Proposal;
use super::recovery::Pairs;
use super::recovery::Quantiles;
use crate::data::Dataset;
use crate::models::Estimate;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
use crate::models::quadrature;
use crate::nn::backend::Backend;
use crate::nn::tensor::Matrix;
use crate::random::Seed;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// Trains on `device` with q(i|x) given.
pub(super) fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    posterior: &Posterior,
    params: &MapaParams,
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let cut = Truncation::new(params.samples, &params.nearest)?;
    let train = params::observations_of(config.visible, data, "train")?;
    let valid = params::observations_of(config.visible, data, "valid")?;
    let seed = params.training.seed;
    let n = train.len();
    let order = seed.derive("fit/recovery").derive("fit/order");
    let codes = Batches::of_rows(n, params.recovery.recovery_batch, order);
    let epochs = params.recovery.recovery_epochs;
    let mut training = MapaTraining {
        proposal: Proposal::new(posterior, cut.nearest, cut.draws),
        networks: Networks::new(config, device, seed).optimised(params, n),
        phases: [
            params.training.phase(n),
            Phase::epochs("recovery", epochs, codes),
        ],
        train,
        valid,
        seed,
        passes: 0,
        pairs: None,
    };
    let mut trained = TrainingLoop::new(config, monitor)?.run(&mut training)?;
    let recovery = trained.later.first();
    let recovered = recovery.and_then(|curve| curve.last("train_loss"));
    let observed = params.training.epochs as f64 * n as f64;
    let passes = training.passes as f64 / observed;
    trained.numbers = vec![
        ("recovery_loss", recovered.unwrap_or(f64::NAN)),
        // Per observation and iteration, as figure 2 of the paper counts them: the encoder is
        // passed by the same rows as the decoder.
        ("decoder_passes", passes),
        ("network_passes", 2.0 * passes),
    ];
    let fitted = FittedMapa::new(config.clone(), training.networks);
    // Its encoder has no density, so there is no ELBO to hold the likelihood against.
    let valid = &training.valid;
    if let Some(recovered) = quadrature::plain_logs(&fitted, valid)? {
        let valid_ll = Estimate::of(&recovered).mean;
        trained.numbers.push(("valid_ll", valid_ll));
        if let Some(pairs) = &training.pairs {
            let exact = fitted.with_quantiles(Quantiles::new(pairs));
            let exact = quadrature::plain_logs(&exact, valid)?.unwrap_or_default();
            trained
                .numbers
                .extend(recovery_cost(&exact, &recovered, monitor));
        }
    }
    Ok(trained)
}

/// Standard errors that chance explains in 39 of 40 cases.
const CHANCE: f64 = 2.0;

/// What the networks of the prior lose against the quantile function that they are fitted to, over the
/// same observations. Warns where that is more than the error of the likelihood itself.
fn recovery_cost(
    exact: &[f64],
    recovered: &[f64],
    monitor: &dyn Monitor,
) -> [(&'static str, f64); 2] {
    let lost: Vec<f64> = exact.iter().zip(recovered).map(|(e, r)| e - r).collect();
    let error = |samples: &[f64]| {
        let found = Estimate::of(samples);
        (found.mean, found.standard_error.unwrap_or(f64::NAN))
    };
    let ((cost, cost_se), (_, ll_se)) = (error(&lost), error(recovered));
    if cost > ll_se && cost > CHANCE * cost_se {
        monitor.warn(&format!(
            "recovering the prior costs {cost:.4} ± {cost_se:.4} nats of validation log-likelihood, \
             more than the standard error {ll_se:.4} of that: give more `recovery_epochs`"
        ));
    }
    [("recovery_cost", cost), ("recovery_cost_se", cost_se)]
}

/// Yacoby, Pan and Doshi-Velez 2024: first the bound of equation 10, then the recovery of a prior
/// of appendix C.3.
struct MapaTraining<B: Backend> {
    proposal: Proposal,
    networks: Networks<B>,
    phases: [Phase; 2],
    train: Rows,
    valid: Rows,
    seed: Seed,
    /// Rows that passed the decoder so far.
    passes: u64,
    /// What the second phase learns from.
    pairs: Option<Pairs>,
}

/// Where a checkpoint keeps the count of passes.
const PASSES: &str = "decoder_passes";

impl<B: Backend> MapaTraining<B> {
    /// g(x) of every training observation.
    fn codes(&self) -> Matrix<B> {
        let encoder = self.networks.encoder.constant();
        let x = &self.train;
        let x = encoder
            .device()
            .matrix(x.values.clone(), x.len(), x.columns);
        self.networks.encode(&encoder, x)
    }

    /// Minus the bound over a batch, and its update.
    fn bound(&mut self, rows: &[usize], number: u64) -> f64 {
        let mut stream = self.seed.derive("fit/codes").stream(number);
        let terms = self.proposal.terms(rows, &mut stream);
        let (n, d) = (terms.union.len(), self.train.columns);
        self.passes += n as u64;
        let (encoder, decoder) = (
            self.networks.encoder.record(),
            self.networks.decoder.record(),
        );
        let x = self.train.gather(&terms.union);
        let codes = self
            .networks
            .encode(&encoder, encoder.device().matrix(x, n, d));
        let decoded = self.networks.decode(&decoder, codes);
        let batch = Rows::new(d, self.train.gather(rows));
        let bound = bound::bound(&terms, &decoded.to_host(), &batch);
        // Its value means nothing; its gradient by the decoded rows is that of the bound.
        let mut gradients = decoded.with_gradient(bound.gradient).backward();
        let by_encoder = encoder.take_gradients(&mut gradients);
        let by_decoder = decoder.take_gradients(&mut gradients);
        self.networks.encoder.update(by_encoder);
        self.networks.decoder.update(by_decoder);
        -bound.per_row.iter().sum::<f64>() / rows.len() as f64
    }

    /// The squared errors of the networks between codes and prior, and their update.
    fn recover(&mut self, rows: &[usize]) -> f64 {
        let Some(pairs) = &self.pairs else {
            unreachable!("BUG: the recovery was not entered");
        };
        let recovery = self.networks.recovery.record();
        let loss = pairs.loss(&self.networks, &recovery, rows);
        let value = f64::from(loss.value());
        let gradients = recovery.backward(loss);
        self.networks.recovery.update(gradients);
        value
    }
}

impl<B: Backend> TrainingAlgorithm<B> for MapaTraining<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        self.networks.components()
    }

    fn phases(&self) -> Vec<Phase> {
        self.phases.to_vec()
    }

    /// The codes stay as they are while the prior is recovered.
    fn enter(&mut self, phase: usize) -> Result<(), TrainingError> {
        if phase == 1 {
            let pairs = Pairs::new(&self.codes().to_vec());
            self.networks.standardise(pairs.location, pairs.scale)?;
            self.pairs = Some(pairs);
        }
        Ok(())
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let loss = match at.phase {
            0 => self.bound(&rows, at.number),
            _ => self.recover(&rows),
        };
        at.report("loss", loss, rows.len());
        Ok(())
    }

    fn validate(&mut self, phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        if phase > 0 {
            return Ok(Vec::new());
        }
        let decoder = self.networks.decoder.constant();
        let decoded = self.networks.decode(&decoder, self.codes()).to_host();
        let sum = bound::exact(&decoded, &self.valid);
        Ok(vec![("valid_empirical_ll", sum / self.valid.len() as f64)])
    }

    fn notes(&self) -> Json {
        json!({ PASSES: self.passes })
    }

    fn take_up(&mut self, notes: &Json) {
        self.passes = notes[PASSES].as_u64().unwrap_or(0);
    }
}
