//! A trained classifier and its answers.

use super::CHUNK;
use super::class_names;
use super::config::Config;
use super::labels;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::networks::Network;
use crate::models::params;
use crate::nn::Backend;
use crate::nn::Cpu;
use crate::nn::Statistics;
use crate::nn::checkpoint;
use crate::nn::losses;
use crate::random::Seed;
use crate::training::Component;
use crate::training::weights;

/// p(y|x), on the CPU.
pub struct Classifier {
    config: Config,
    component: Component<Cpu>,
    network: Network,
}

impl Classifier {
    /// With the weights that [`train`](super::train) left.
    ///
    /// # Errors
    /// Where they are not those of a classifier.
    pub fn open(bytes: &[u8]) -> Result<Self, ModelError> {
        let config = checkpoint::header(bytes)?.config;
        let config: Config = serde_json::from_value(config).map_err(|error| {
            ModelError::Weights(format!("they are not those of a classifier: {error}"))
        })?;
        if config.classes < 2 {
            return Err(ModelError::Weights(
                "they are of a classifier of one class, by which every score is perfect: train one of two \
                 classes or more"
                    .to_owned(),
            ));
        }
        let (mut component, network) = config.declare(&Cpu::default(), Seed::new(0));
        weights::open(bytes, &mut [&mut component])?;
        Ok(Classifier {
            config,
            component,
            network,
        })
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.config.classes
    }

    /// Of one observation.
    pub fn shape(&self) -> &[usize] {
        &self.config.shape
    }

    /// p(y|x), row-major `[n, classes]`.
    ///
    /// # Errors
    /// Where one is not finite.
    pub fn probabilities(&self, x: &Rows) -> Result<Vec<f32>, ModelError> {
        let mut all = Vec::with_capacity(x.len() * self.classes());
        for x in x.chunks(CHUNK) {
            let log_p = log_probabilities(&self.component, &self.network, x);
            all.extend(log_p.into_iter().map(f32::exp));
        }
        match all.iter().all(|p| p.is_finite()) {
            true => Ok(all),
            false => Err(ModelError::Unsupported(
                "the classifier gives probabilities that are not finite".to_owned(),
            )),
        }
    }

    /// The most likely class of each row.
    ///
    /// # Errors
    /// Where a probability is not finite.
    pub fn answers(&self, x: &Rows) -> Result<Vec<usize>, ModelError> {
        Ok(most_likely(&self.probabilities(x)?, self.classes()))
    }

    /// The share of a split whose most likely class is not the label.
    ///
    /// # Errors
    /// Where the split has no labels or no observations, or its labels are numbers of other classes.
    pub fn error(&self, data: &Dataset, split: &str) -> Result<f64, ModelError> {
        if let (Some(own), Some(theirs)) = (&self.config.class_names, class_names(data))
            && *own != theirs
        {
            return Err(ModelError::Data(format!(
                "the classifier tells {} apart, and `{}` has the classes {}: train it on data with the same ones",
                own.join(", "),
                data.name(),
                theirs.join(", ")
            )));
        }
        let x = params::observations(data, split)?;
        Ok(wrong(&self.answers(&x)?, &labels(data, split)?))
    }
}

/// ln p(y|x), row-major `[n, classes]`, after training.
pub(super) fn log_probabilities<B: Backend>(
    component: &Component<B>,
    network: &Network,
    x: Rows,
) -> Vec<f32> {
    let (n, d) = (x.len(), x.columns);
    let pass = component.constant();
    let x = pass.device().matrix(x.values, n, d);
    losses::log_softmax(network.forward(&pass, x, &Statistics::Running)).to_vec()
}

/// The greatest of each row.
pub(super) fn most_likely(scores: &[f32], classes: usize) -> Vec<usize> {
    let rows = scores.chunks_exact(classes);
    rows.map(|row| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    })
    .collect()
}

/// The share of answers that are not the label.
pub(super) fn wrong(answers: &[usize], labels: &[usize]) -> f64 {
    let wrong = answers.iter().zip(labels).filter(|(a, y)| a != y).count();
    wrong as f64 / labels.len() as f64
}
