//! One classifier learns from streams of draws.

use super::RatioClassifier;
use super::RatioParams;
use crate::metrics::Estimate;
use crate::metrics::held_out::fit_phase;
use crate::models::Rows;
use crate::nn::Backend;
use crate::random::Seed;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;

/// Rows whose logits are computed at once.
const CHUNK: usize = 1000;

/// Where pairs of batches come from: for an update, draws of q and of p.
pub type Pairs<'a> = Box<dyn Fn(u64) -> Result<(Rows, Rows), TrainingError> + 'a>;

/// Learns a classifier between two distributions that stay as they are.
pub struct RatioTraining<'a, B: Backend> {
    component: Component<B>,
    classifier: RatioClassifier,
    iterations: u64,
    pairs: Pairs<'a>,
    /// Draws of q that it never learns from: the estimate is the mean of their logits.
    held_out: Rows,
    /// What else stands in every row of the curve: the estimate that this one is compared with.
    beside: (&'static str, f64),
}

impl<'a, B: Backend> RatioTraining<'a, B> {
    /// A fresh classifier of what `held_out` has rows of.
    pub fn new(
        device: &B,
        params: &RatioParams,
        seed: Seed,
        pairs: Pairs<'a>,
        held_out: Rows,
        beside: (&'static str, f64),
    ) -> Self {
        let (component, classifier) = params.classifier(device, held_out.columns, seed);
        RatioTraining {
            component,
            classifier,
            iterations: params.iterations,
            pairs,
            held_out,
            beside,
        }
    }

    /// KL(q‖p) ≈ E_q a(z) over the draws that it did not learn from.
    pub fn estimate(&self) -> Estimate {
        Estimate::of(&logits(&self.component, &self.classifier, &self.held_out))
    }
}

/// a(z) for each row.
pub fn logits<B: Backend>(
    component: &Component<B>,
    classifier: &RatioClassifier,
    z: &Rows,
) -> Vec<f64> {
    let pass = component.constant();
    let mut all = Vec::with_capacity(z.len());
    for z in z.chunks(CHUNK) {
        let (n, d) = (z.len(), z.columns);
        let z = pass.device().matrix(z.values, n, d);
        let logits = classifier.logits(&pass, z).to_vec();
        all.extend(logits.into_iter().map(f64::from));
    }
    all
}

impl<B: Backend> TrainingAlgorithm<B> for RatioTraining<'_, B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.component]
    }

    fn phases(&self) -> Vec<Phase> {
        vec![fit_phase(self.iterations)]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let (q, p) = (self.pairs)(at.number)?;
        let n = q.len();
        let pass = self.component.record();
        let q = pass.device().matrix(q.values, n, q.columns);
        let p = pass.device().matrix(p.values, n, p.columns);
        let loss = self.classifier.loss(&pass, q, p, at.number);
        at.report("loss", f64::from(loss.value()), n);
        let gradients = pass.backward(loss);
        self.component.update(gradients);
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        Ok(vec![("ratio_kl", self.estimate().mean), self.beside])
    }
}
