//! A classifier of observations, trained on the labels of a data set.

use serde_json::json;

use super::order_of;
use crate::data::Dataset;
use crate::models::{ModelError, Rows, params};
use crate::nn::{Activation, Algorithm, Backend, Cpu, Mlp, Params, losses};
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

/// Observations per update, and per evaluation.
const BATCH: usize = 100;

/// Two hidden ReLU layers and a softmax.
pub struct Classifier {
    component: Component<Cpu>,
    network: Mlp,
    classes: usize,
}

impl Classifier {
    /// Trains on `x` and `label` of the training split with Adam, learning rate 1e-3.
    ///
    /// # Errors
    /// Where the data set has no labels or no observations.
    pub fn train(
        data: &Dataset,
        hidden: usize,
        epochs: usize,
        seed: Seed,
        monitor: &dyn Monitor,
    ) -> Result<Self, ModelError> {
        let x = params::observations(data, "train")?;
        let y = labels(data, "train")?;
        // The same classifier in whatever order the file has them.
        let rows = order_of(&x, seed.derive("rows"));
        let x = Rows::new(x.columns, x.gather(&rows));
        let y: Vec<usize> = rows.iter().map(|row| y[*row]).collect();
        let classes = y.iter().max().map_or(0, |largest| largest + 1);
        let classes = data.classes().unwrap_or(classes).max(classes);
        let mut params = Params::new(&Cpu::default());
        let network = Mlp::new(
            &mut params.builder(seed.derive("init")),
            &[x.columns, hidden, hidden, classes],
            Activation::Relu,
        );
        let order = Batches::of_rows(x.len(), BATCH, seed.derive("order"));
        let adam = Algorithm::adam(0.9, 0.999);
        let mut training = Supervised {
            classifier: Classifier {
                component: Component::new("classifier", params)
                    .optimised(adam, LearningRate::constant(1e-3)),
                network,
                classes,
            },
            phase: Phase::epochs("fit", epochs as u64, order),
            x,
            y,
        };
        let config = json!({ "classes": classes, "hidden": hidden });
        let trained = TrainingLoop::new(&config, monitor)?.run(&mut training)?;
        match trained.diverged {
            None => Ok(training.classifier),
            Some(how) => Err(ModelError::Unsupported(format!(
                "the classifier diverged: {how}"
            ))),
        }
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// p(y|x), row-major `[n, classes]`.
    pub fn probabilities(&self, x: &Rows) -> Vec<f32> {
        let pass = self.component.constant();
        let mut all = Vec::with_capacity(x.len() * self.classes);
        for x in x.chunks(BATCH) {
            let n = x.len();
            let inputs = pass.device().matrix(x.values, n, x.columns);
            let logits = self.network.forward(&pass, inputs);
            let log_p = losses::log_softmax(logits).to_vec();
            all.extend(log_p.into_iter().map(f32::exp));
        }
        all
    }

    /// The share of a split whose most likely class is the label.
    ///
    /// # Errors
    /// Where the split has no labels or no observations.
    pub fn accuracy(&self, data: &Dataset, split: &str) -> Result<f64, ModelError> {
        let x = params::observations(data, split)?;
        let y = labels(data, split)?;
        let probabilities = self.probabilities(&x);
        let answers = probabilities.chunks_exact(self.classes).map(|row| {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            best.map(|(class, _)| class)
        });
        let correct = answers.zip(&y).filter(|(answer, y)| *answer == Some(**y));
        Ok(correct.count() as f64 / y.len() as f64)
    }
}

/// A classifier and what it learns from.
struct Supervised {
    classifier: Classifier,
    phase: Phase,
    x: Rows,
    y: Vec<usize>,
}

impl TrainingAlgorithm<Cpu> for Supervised {
    fn components(&mut self) -> Vec<&mut Component<Cpu>> {
        vec![&mut self.classifier.component]
    }

    fn phases(&self) -> Vec<Phase> {
        vec![self.phase.clone()]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let rows = at.draw();
        let Classifier {
            component, network, ..
        } = &mut self.classifier;
        let pass = component.record();
        let inputs = self.x.gather(&rows);
        let inputs = pass.device().matrix(inputs, rows.len(), self.x.columns);
        let targets: Vec<usize> = rows.iter().map(|row| self.y[*row]).collect();
        let logits = network.forward(&pass, inputs);
        let loss = losses::cross_entropy(logits, &targets).mean();
        at.report("loss", f64::from(loss.value()), rows.len());
        let gradients = pass.backward(loss);
        component.update(gradients);
        Ok(())
    }
}

fn labels(data: &Dataset, split: &str) -> Result<Vec<usize>, ModelError> {
    let found = data.split(split).and_then(|split| split.labels());
    let labels = found.ok_or_else(|| {
        let name = data.name();
        ModelError::Data(format!("`{name}` has no labels `label` in `{split}`"))
    })?;
    let observations = data.split(split).map_or(0, |split| split.len());
    if labels.len() != observations {
        let (name, n) = (data.name(), labels.len());
        return Err(ModelError::Data(format!(
            "`{name}` has {n} labels for the {observations} observations of `{split}`"
        )));
    }
    Ok(labels.into_iter().map(|label| label as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Array, Split};
    use crate::training::tests::Session;

    /// Points around (−2, 0) and (2, 0), labelled by the side.
    fn two_sides(seed: u64) -> Split {
        let n = 200;
        let mut points = Seed::new(seed).stream(0).normal(2 * n);
        let label: Vec<u32> = (0..n as u32).map(|i| i % 2).collect();
        for (point, label) in points.chunks_exact_mut(2).zip(&label) {
            point[0] += 4.0 * *label as f32 - 2.0;
        }
        Split::new()
            .with("x", Array::new(&[n, 2], points))
            .with("label", Array::column(label))
    }

    #[test]
    fn what_can_be_told_apart_is_told_apart() {
        let meta = serde_json::json!({ "name": "sides" });
        let data = Dataset::new(two_sides(1), two_sides(2), two_sides(3), meta);
        let classifier =
            Classifier::train(&data, 16, 20, Seed::new(4), &Session::default()).expect("labels");
        assert_eq!(classifier.classes(), 2);
        // Two standard deviations from the border: 97.7 % for the best rule.
        assert!(classifier.accuracy(&data, "test").expect("labels") > 0.94);
        let x = params::observations(&data, "test").expect("points");
        for row in classifier.probabilities(&x).chunks_exact(2) {
            assert!((row[0] + row[1] - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn an_interrupted_classifier_answers_as_an_undisturbed_one() {
        let meta = serde_json::json!({ "name": "sides" });
        let data = Dataset::new(two_sides(1), two_sides(2), two_sides(3), meta);
        let train = |session: &Session| Classifier::train(&data, 16, 3, Seed::new(4), session);
        let whole = train(&Session::default()).expect("labels");
        let session = Session::stopping_after(4);
        assert!(matches!(train(&session), Err(ModelError::Cancelled)));
        let resumed = train(&session.next_attempt(None)).expect("it goes on");
        let x = params::observations(&data, "test").expect("points");
        assert_eq!(resumed.probabilities(&x), whole.probabilities(&x));
    }

    #[test]
    fn data_without_labels_are_refused() {
        let x = || Split::new().with("x", Array::new(&[1, 1], vec![0.0f32]));
        let data = Dataset::new(x(), x(), x(), serde_json::json!({ "name": "bare" }));
        let error = Classifier::train(&data, 1, 1, Seed::new(0), &Session::default()).err();
        let message = error.expect("there is nothing to learn").to_string();
        assert!(message.ends_with("`bare` has no labels `label` in `train`"));
    }
}
