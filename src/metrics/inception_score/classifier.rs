//! A classifier of observations, trained on the labels of a data set.

use crate::data::Dataset;
use crate::models::{ModelError, Rows, params};
use crate::nn::{Activation, Algorithm, Backend, Cpu, Mlp, Optimizer, Params, losses};
use crate::random::Seed;

/// Observations per update, and per evaluation.
const BATCH: usize = 100;

/// Two hidden ReLU layers and a softmax.
pub struct Classifier {
    params: Params<Cpu>,
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
    ) -> Result<Self, ModelError> {
        let x = params::observations(data, "train")?;
        let y = labels(data, "train")?;
        let classes = y.iter().max().map_or(0, |largest| largest + 1);
        let classes = data.classes().unwrap_or(classes).max(classes);
        let device = Cpu::default();
        let mut weights = Params::new(&device);
        let network = Mlp::new(
            &mut weights.builder(seed.derive("init")),
            &[x.columns, hidden, hidden, classes],
            Activation::Relu,
        );
        let mut optimizer = Optimizer::new(&weights, Algorithm::adam(0.9, 0.999), 1e-3);
        for epoch in 0..epochs {
            let order = seed.derive("order").stream(epoch as u64);
            let order = { order }.permutation(x.len());
            for rows in order.chunks(BATCH) {
                let pass = weights.record();
                let inputs = device.matrix(x.gather(rows), rows.len(), x.columns);
                let targets: Vec<usize> = rows.iter().map(|row| y[*row]).collect();
                let logits = network.forward(&pass, inputs);
                let loss = losses::cross_entropy(logits, &targets).mean();
                let gradients = pass.backward(loss);
                optimizer.update(&mut weights, &gradients);
            }
        }
        Ok(Classifier {
            params: weights,
            network,
            classes,
        })
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// p(y|x), row-major `[n, classes]`.
    pub fn probabilities(&self, x: &Rows) -> Vec<f32> {
        let pass = self.params.eval();
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

fn labels(data: &Dataset, split: &str) -> Result<Vec<usize>, ModelError> {
    let found = data.split(split).and_then(|split| split.labels());
    let labels = found.ok_or_else(|| {
        let name = data.name();
        ModelError::Data(format!("`{name}` has no labels `label` in `{split}`"))
    })?;
    Ok(labels.into_iter().map(|label| label as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Array, Split};

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
        let classifier = Classifier::train(&data, 16, 20, Seed::new(4)).expect("labels");
        assert_eq!(classifier.classes(), 2);
        // Two standard deviations from the border: 97.7 % for the best rule.
        assert!(classifier.accuracy(&data, "test").expect("labels") > 0.94);
        let x = params::observations(&data, "test").expect("points");
        for row in classifier.probabilities(&x).chunks_exact(2) {
            assert!((row[0] + row[1] - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn data_without_labels_are_refused() {
        let x = || Split::new().with("x", Array::new(&[1, 1], vec![0.0f32]));
        let data = Dataset::new(x(), x(), x(), serde_json::json!({ "name": "bare" }));
        let error = Classifier::train(&data, 1, 1, Seed::new(0)).err();
        let message = error.expect("there is nothing to learn").to_string();
        assert!(message.ends_with("`bare` has no labels `label` in `train`"));
    }
}
