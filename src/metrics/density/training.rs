//! Fits a density by maximum likelihood on a stream of draws.

use super::Density;
use super::DensityParams;
use crate::metrics::held_out::fit_phase;
use crate::models::Rows;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::random::Seed;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Phase;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;

/// Draws of an update.
type Stream<'a> = Box<dyn Fn(u64) -> Result<Rows, TrainingError> + 'a>;

/// Rows whose densities are computed at once.
const CHUNK: usize = 1000;

/// Norm of the gradients beyond which they are scaled down: autoregressive scales can run away in
/// the first updates.
const CLIP: f64 = 100.0;

/// Maximises E_q log p_ψ(z).
pub struct DensityTraining<'a, B: Backend> {
    component: Component<B>,
    density: Density,
    iterations: u64,
    draws: Stream<'a>,
    /// Draws that it never learns from.
    held_out: Rows,
    /// E_q log q over them: what log p_ψ cannot exceed but by chance.
    bound: f64,
}

impl<'a, B: Backend> DensityTraining<'a, B> {
    /// A fresh density; a mixture starts from k-means among `start`.
    pub fn new(
        device: &B,
        params: &DensityParams,
        seed: Seed,
        start: &Rows,
        draws: Stream<'a>,
        (held_out, bound): (Rows, f64),
    ) -> Self {
        let d = held_out.columns;
        let init = seed.derive("init");
        let (mut component, density) = Component::declare("density", device, init, |builder| {
            Density::new(builder, params, d)
        });
        if let Density::Mixture(mixture) = &density {
            mixture.start_from(component.params_mut(), start, seed);
        }
        let rate = LearningRate::constant(params.lr);
        DensityTraining {
            component: component
                .optimised(Algorithm::adam(0.9, 0.999), rate)
                .clipped(CLIP),
            density,
            iterations: params.iterations,
            draws,
            held_out,
            bound,
        }
    }

    /// log p_ψ(z) of the draws that it did not learn from.
    pub fn log_densities(&self) -> Vec<f64> {
        let pass = self.component.constant();
        let mut all = Vec::with_capacity(self.held_out.len());
        for z in self.held_out.chunks(CHUNK) {
            let (n, d) = (z.len(), z.columns);
            let z = pass.device().matrix(z.values, n, d);
            let logs = self.density.log_density(&pass, z).to_vec();
            all.extend(logs.into_iter().map(f64::from));
        }
        all
    }
}

impl<B: Backend> TrainingAlgorithm<B> for DensityTraining<'_, B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.component]
    }

    fn phases(&self) -> Vec<Phase> {
        vec![fit_phase(self.iterations)]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let z = (self.draws)(at.number)?;
        let n = z.len();
        let pass = self.component.record();
        let z = pass.device().matrix(z.values, n, z.columns);
        let loss = -self.density.log_density(&pass, z).mean();
        at.report("loss", f64::from(loss.value()), n);
        let gradients = pass.backward(loss);
        self.component.update(gradients);
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let logs = self.log_densities();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        Ok(vec![("log_density", mean), ("log_marginal", self.bound)])
    }
}
