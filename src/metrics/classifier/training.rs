//! Training by the cross-entropy of the labels.

use super::CHUNK;
use super::ClassifierParams;
use super::class_names;
use super::config::Config;
use super::labels;
use super::opened;
use super::order_of;
use crate::data::Dataset;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::networks::Network;
use crate::models::params;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Statistics;
use crate::nn::device::on_device;
use crate::nn::losses;
use crate::random::Seed;
use crate::random::Stream;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

/// Trains on `x` and `label` of the training split with Adam, and watches the validation split where it has labels;
/// the same classifier in whatever order the file has them.
///
/// # Errors
/// Where the data set has no labels, no observations, or none that the network is for.
pub fn train(
    data: &Dataset,
    params: &ClassifierParams,
    monitor: &dyn Monitor,
) -> Result<Trained, ModelError> {
    let shape = data.shape();
    let taken = params.check(&shape);
    taken.map_err(|(what, help)| ModelError::Data(format!("{what}: {help}")))?;
    let train = labelled(data, "train")?;
    let first = train.y.first();
    if train.y.iter().all(|label| Some(label) == first) {
        return Err(ModelError::Data(format!(
            "`label` in `train` of `{}` has one class, and a classifier tells at least two apart: give labels of \
             two classes or more",
            data.name()
        )));
    }
    let order = order_of(&train.x, params.seed.derive("rows"));
    let train = train.ordered(&order);
    let classes = train.y.iter().max().map_or(0, |largest| largest + 1);
    let config = Config {
        classes: data.classes().unwrap_or(classes).max(classes),
        shape,
        classifier: params.network,
        hidden: params.hidden,
        maps: params.maps,
        class_names: class_names(data),
    };
    let valid = labelled(data, "valid").ok();
    on_device!(params.device, |device| {
        let mut training = Supervised::new(&device, params, &config, train, valid);
        Ok::<_, ModelError>(TrainingLoop::new(&config, monitor)?.run(&mut training)?)
    })
}

/// Observations with their labels.
struct Labelled {
    x: Rows,
    y: Vec<usize>,
}

fn labelled(data: &Dataset, split: &str) -> Result<Labelled, ModelError> {
    Ok(Labelled {
        x: params::observations(data, split)?,
        y: labels(data, split)?,
    })
}

impl Labelled {
    fn ordered(&self, rows: &[usize]) -> Self {
        Labelled {
            x: Rows::new(self.x.columns, self.x.gather(rows)),
            y: rows.iter().map(|row| self.y[*row]).collect(),
        }
    }
}

/// A classifier and what it learns from.
struct Supervised<B: Backend> {
    component: Component<B>,
    network: Network,
    phase: Phase,
    train: Labelled,
    valid: Option<Labelled>,
    changes: Changes,
    classes: usize,
    seed: Seed,
}

impl<B: Backend> Supervised<B> {
    fn new(
        device: &B,
        params: &ClassifierParams,
        config: &Config,
        train: Labelled,
        valid: Option<Labelled>,
    ) -> Self {
        let seed = params.seed;
        let (component, network) = config.declare(device, seed.derive("init"));
        let batches = Batches::of_rows(train.x.len(), params.batch, seed.derive("order"));
        let updates = params.epochs.saturating_mul(batches.per_epoch());
        let rate = params.schedule.from(params.lr, updates);
        Supervised {
            component: component.optimised(Algorithm::adam(0.9, 0.999), rate),
            network,
            phase: Phase::epochs("fit", params.epochs, batches),
            train,
            valid,
            changes: Changes {
                flip: params.flip,
                shift: params.shift,
                shape: config.shape.clone(),
            },
            classes: config.classes,
            seed,
        }
    }
}

impl<B: Backend> TrainingAlgorithm<B> for Supervised<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.component]
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let batch = self.train.ordered(&rows);
        let (n, d) = (rows.len(), batch.x.columns);
        let mut stream = self.seed.derive("changes").stream(at.number);
        let x = self.changes.of(batch.x.values, &mut stream);
        let statistics = Statistics::noted();
        let pass = self.component.record();
        let x = pass.device().matrix(x, n, d);
        let logits = self.network.forward(&pass, x, &statistics);
        let loss = losses::cross_entropy(logits, &batch.y).mean();
        at.report("loss", f64::from(loss.value()), n);
        let gradients = pass.backward(loss);
        self.component.update(gradients);
        statistics.keep(self.component.params_mut())?;
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let Some(valid) = &self.valid else {
            return Ok(Vec::new());
        };
        let mut answers = Vec::with_capacity(valid.y.len());
        for x in valid.x.chunks(CHUNK) {
            let log_p = opened::log_probabilities(&self.component, &self.network, x);
            answers.extend(opened::most_likely(&log_p, self.classes));
        }
        Ok(vec![("valid_error", opened::wrong(&answers, &valid.y))])
    }
}

/// What happens to training pictures before the network sees them.
pub(super) struct Changes {
    pub flip: bool,
    pub shift: usize,
    /// `[channels, height, width]`
    pub shape: Vec<usize>,
}

impl Changes {
    /// Each picture in its row, mirrored or moved as the stream says.
    pub(super) fn of(&self, mut x: Vec<f32>, stream: &mut Stream) -> Vec<f32> {
        let &[channels, height, width] = self.shape.as_slice() else {
            return x;
        };
        if !self.flip && self.shift == 0 {
            return x;
        }
        for picture in x.chunks_exact_mut(channels * height * width) {
            let mirrored = self.flip && stream.below(2) == 1;
            let mut by = || stream.below(2 * self.shift + 1) as isize - self.shift as isize;
            let (down, right) = (by(), by());
            let before = picture.to_vec();
            for (at, pixel) in picture.iter_mut().enumerate() {
                let (row, column) = (at / width % height, at % width);
                let column = if mirrored { width - 1 - column } else { column };
                let from_row = row.checked_add_signed(-down).filter(|row| *row < height);
                let from_column = column.checked_add_signed(-right).filter(|c| *c < width);
                *pixel = match (from_row, from_column) {
                    (Some(r), Some(c)) => {
                        before[at / (height * width) * height * width + r * width + c]
                    }
                    _ => 0.0,
                };
            }
        }
        x
    }
}
