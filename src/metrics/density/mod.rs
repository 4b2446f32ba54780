//! Densities that are fitted to draws of q(z): a lower bound on KL(q(z) || p(z)), as no density is
//! above q itself in E_q log.

mod lstm;
mod metric;
mod mixture;
mod training;

#[cfg(test)]
mod tests;

pub use lstm::LstmDensity;
pub use metric::DensityModelKl;
pub use mixture::GaussianMixture;
pub use training::DensityTraining;

use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Maf;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Vector;
use crate::registry::choices;
use crate::registry::params;

choices! {
    /// Which family of densities.
    pub enum Family {
        Gmm = "gmm",
        Maf = "maf",
        Lstm = "lstm",
    }
}

params! {
    /// The density and how it is fitted.
    pub struct DensityParams {
        /// mixture of Gaussians, masked autoregressive flow, or an LSTM over the dimensions
        density: Family;
        /// of a `gmm`: how many Gaussians
        components: usize = 100, min(1), only_with("density", &["gmm"]);
        /// of a `maf`: how many blocks
        blocks: usize = 5, min(1), only_with("density", &["maf"]);
        /// of a `maf`: units of each hidden layer of a block
        hidden: Vec<usize> = [256, 256], each_min(1), only_with("density", &["maf"]);
        /// of an `lstm`: units
        units: usize = 256, min(1), only_with("density", &["lstm"]);
        /// updates
        iterations: u64 = 100_000, min(1);
        /// draws of z per update
        batch: usize = 128, min(1);
        /// learning rate of Adam
        lr: f64 = 1e-3, min(0.0);
    }
}

/// log p_ψ(z) of a family.
#[derive(Clone, Debug)]
pub enum Density {
    Mixture(GaussianMixture),
    Maf(Maf),
    Lstm(LstmDensity),
}

impl Density {
    /// Of `dimension` numbers, as the parameters say.
    pub fn new<B: Backend>(
        builder: &mut Builder<'_, B>,
        params: &DensityParams,
        dimension: usize,
    ) -> Self {
        match params.density {
            Family::Gmm => {
                Density::Mixture(GaussianMixture::new(builder, params.components, dimension))
            }
            Family::Maf => Density::Maf(Maf::new(
                builder,
                params.blocks,
                dimension,
                &params.hidden,
                Activation::Relu,
            )),
            Family::Lstm => Density::Lstm(LstmDensity::new(builder, params.units)),
        }
    }

    /// `[n]`, in nats.
    pub fn log_density<B: Backend>(&self, pass: &Pass<B>, z: Matrix<B>) -> Vector<B> {
        match self {
            Density::Mixture(mixture) => mixture.log_density(pass, z),
            Density::Maf(maf) => maf.log_density(pass, z),
            Density::Lstm(lstm) => lstm.log_density(pass, z),
        }
    }
}
