//! Training: the bound over minibatches, then the recovery of a prior.

use super::bound;
use super::config::Config;
use super::config::Cut;
use super::fitted::FittedMapa;
use super::networks::Networks;
use super::networks::RECOVERY;
use super::posterior::Posterior;
use super::proposal::Proposal;
use super::recovery::Pairs;
use super::recovery::Recovery;
use super::recovery::WithoutCheckpoints;
use crate::data::Dataset;
use crate::models::Learner;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::Schedule;
use crate::models::Trained;
use crate::models::Watch;
use crate::models::observation::Decoded;
use crate::models::params;
use crate::models::quadrature;
use crate::nn::backend::Backend;
use crate::nn::checkpoint;
use crate::nn::checkpoint::Header;
use crate::nn::optim::Algorithm;
use crate::nn::optim::Optimizer;
use crate::nn::params::Params;
use crate::random::Seed;
use crate::registry::Values;

/// Trains on `device` with q(i|x) given.
pub fn train<B: Backend>(
    device: &B,
    config: &Config,
    data: &Dataset,
    posterior: &Posterior,
    values: &Values,
    watch: &dyn Watch,
) -> Result<Trained, ModelError> {
    let cut = Cut::new(values)?;
    let train = params::observations_of(config.visible, data, "train")?;
    let valid = params::observations_of(config.visible, data, "valid")?;
    let seed = params::seed(values);
    let mut weights = Params::new(device);
    let networks = Networks::new(config, &mut weights, seed);
    weights.freeze(RECOVERY, true);
    let schedule = Schedule {
        epochs: params::size(values, "epochs") as u64,
        batch: params::size(values, "batch"),
        observations: train.len(),
        seed,
    };
    let adam = Algorithm::adam(
        params::number(values, "beta1"),
        params::number(values, "beta2"),
    );
    let mut learner = MapaLearner {
        proposal: Proposal::new(posterior, cut.nearest, cut.draws),
        optimizer: Optimizer::new(&weights, adam, params::number(values, "lr")),
        networks,
        weights,
        train,
        valid,
        seed,
        passes: 0,
    };
    let json = serde_json::to_value(config).map_err(ModelError::state)?;
    let mut trained = schedule.run(&mut learner, &json, watch)?;
    if trained.diverged.is_some() {
        return Ok(trained);
    }
    let recovered = learner.recover(adam, values, watch)?;
    let observed = schedule.epochs * schedule.observations as u64;
    let passes = learner.passes as f64 / observed as f64;
    let header = checkpoint::header(&trained.weights)?;
    trained.weights = checkpoint::to_bytes(&header, &learner.weights, &[])?;
    trained.numbers = vec![
        ("recovery_loss", recovered),
        // Per observation and iteration, as figure 2 of the paper counts them: the encoder is
        // passed by the same rows as the decoder.
        ("decoder_passes", passes),
        ("network_passes", 2.0 * passes),
    ];
    let MapaLearner {
        networks,
        weights,
        valid,
        ..
    } = learner;
    let fitted = FittedMapa::new(config.clone(), networks, weights);
    trained
        .numbers
        .extend(quadrature::valid_ll(&fitted, &valid, watch)?);
    Ok(trained)
}

struct MapaLearner<B: Backend> {
    proposal: Proposal,
    networks: Networks,
    weights: Params<B>,
    optimizer: Optimizer<B>,
    train: Rows,
    valid: Rows,
    seed: Seed,
    /// Rows that passed the decoder so far.
    passes: u64,
}

impl<B: Backend> MapaLearner<B> {
    /// f(g(x)) of every training observation.
    fn reconstructions(&self) -> Decoded {
        let pass = self.weights.eval();
        let x = &self.train;
        let x = pass.device().matrix(x.values.clone(), x.len(), x.columns);
        let codes = self.networks.encode(&pass, x);
        self.networks.decode(&pass, codes).to_host()
    }

    /// Fits the networks that give the codes a standard normal prior; returns their last loss.
    fn recover(
        &mut self,
        adam: Algorithm,
        values: &Values,
        watch: &dyn Watch,
    ) -> Result<f64, ModelError> {
        let pairs = {
            let pass = self.weights.eval();
            let x = &self.train;
            let x = pass.device().matrix(x.values.clone(), x.len(), x.columns);
            Pairs::new(&self.networks.encode(&pass, x).to_vec())
        };
        let (location, scale) = (self.networks.location, self.networks.scale);
        self.weights.set(location.index(), vec![pairs.location])?;
        self.weights.set(scale.index(), vec![pairs.scale])?;
        self.weights.freeze("", true);
        self.weights.freeze(RECOVERY, false);
        let optimizer = Optimizer::new(&self.weights, adam, params::number(values, "recovery_lr"));
        let schedule = Schedule {
            epochs: params::size(values, "recovery_epochs") as u64,
            batch: params::size(values, "recovery_batch"),
            observations: self.train.len(),
            seed: self.seed.derive("fit/recovery"),
        };
        let mut recovery = Recovery {
            networks: &self.networks,
            weights: &mut self.weights,
            optimizer,
            pairs: &pairs,
        };
        let none = serde_json::Value::Null;
        let trained = schedule.run(&mut recovery, &none, &WithoutCheckpoints(watch))?;
        Ok(trained.curve.last("train_loss").unwrap_or(f64::NAN))
    }
}

/// Where a checkpoint keeps the count of passes, beside what the schedule keeps.
const PASSES: &str = "decoder_passes";

impl<B: Backend> Learner for MapaLearner<B> {
    fn summary(&self) -> String {
        self.weights.summary()
    }

    fn iteration(&mut self, rows: &[usize], iteration: u64) -> f64 {
        let mut stream = self.seed.derive("fit/codes").stream(iteration);
        let terms = self.proposal.terms(rows, &mut stream);
        let (n, d) = (terms.union.len(), self.train.columns);
        self.passes += n as u64;
        let pass = self.weights.record();
        let x = pass.device().matrix(self.train.gather(&terms.union), n, d);
        let decoded = self.networks.decode(&pass, self.networks.encode(&pass, x));
        let batch = Rows::new(d, self.train.gather(rows));
        let bound = bound::bound(&terms, &decoded.to_host(), &batch);
        // Its value means nothing; its gradient by the decoded rows is that of the bound.
        let gradients = pass.backward(decoded.with_gradient(bound.gradient));
        self.optimizer.update(&mut self.weights, &gradients);
        -bound.per_row.iter().sum::<f64>() / rows.len() as f64
    }

    fn validate(&mut self, _epoch: u64) -> Vec<(&'static str, f64)> {
        let decoded = self.reconstructions();
        let sum = bound::exact(&decoded, &self.valid);
        vec![("valid_empirical_ll", sum / self.valid.len() as f64)]
    }

    fn save(&self, header: &Header, optimisers: bool) -> Result<Vec<u8>, ModelError> {
        let mut header = header.clone();
        let adam = [("adam", &self.optimizer)];
        let optimisers = if optimisers {
            header.config[PASSES] = self.passes.into();
            &adam[..]
        } else {
            &[]
        };
        Ok(checkpoint::to_bytes(&header, &self.weights, optimisers)?)
    }

    fn load(&mut self, state: &[u8]) -> Result<Header, ModelError> {
        let optimisers = &mut [("adam", &mut self.optimizer)];
        let header = checkpoint::from_bytes(state, &mut self.weights, optimisers)?;
        self.passes = header.config[PASSES].as_u64().unwrap_or(0);
        Ok(header)
    }
}
