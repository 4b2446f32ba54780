//! Between the last layer of a decoder and the parameters of p(x|z): σ that does not depend on z.

use serde::Deserialize;
use serde::Serialize;

use super::Emitted;
use super::ObservationModel;
use crate::nn::Backend;
use crate::nn::Builder;
use crate::nn::Init;
use crate::nn::Param;
use crate::nn::Pass;
use crate::nn::tensor::Matrix;
use crate::registry::choices;

choices! {
    /// What shares one σ of a quantized normal.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum SigmaScope {
        /// The whole picture, whatever z: a parameter.
        Global = "global",
        /// A channel, whatever z: a parameter each.
        Channel = "channel",
        /// Nothing: the decoder gives σ for each number.
        Pixel = "pixel",
    }
}

/// ln σ before anything is learned: that of numbers spread evenly over [0, 1], −½ ln 12.
const FIRST_LOG_SIGMA: f32 = -1.242_453_3;

/// What completes a decoder's numbers to the parameters of p(x|z).
#[derive(Clone, Debug)]
pub struct Head {
    model: ObservationModel,
    /// Numbers of an observation.
    dimensions: usize,
    /// ln σ, one for each channel or one for all.
    log_sigma: Option<Param<(usize,)>>,
    shared: usize,
}

impl Head {
    /// Declares what p(x|z) has of its own: `log_sigma`. `shape` is that of an observation.
    pub fn new<B: Backend>(
        builder: &mut Builder<'_, B>,
        model: ObservationModel,
        scope: SigmaScope,
        shape: &[usize],
    ) -> Self {
        let channels = if shape.len() == 3 { shape[0] } else { 1 };
        let shared = match (model, scope) {
            (ObservationModel::QuantizedNormal, SigmaScope::Global) => 1,
            (ObservationModel::QuantizedNormal, SigmaScope::Channel) => channels,
            _ => 0,
        };
        let first = Init::Constant(FIRST_LOG_SIGMA);
        Head {
            model,
            dimensions: shape.iter().product(),
            log_sigma: (shared > 0).then(|| builder.weight("log_sigma", (shared,), first)),
            shared,
        }
    }

    /// Numbers that the network gives for each number of an observation.
    pub fn per_number(&self) -> usize {
        match self.log_sigma {
            Some(_) => 1,
            None => self.model.emitted_per_number(),
        }
    }

    /// The shape of what the network gives: that of an observation with more channels.
    pub fn shape(&self, shape: &[usize]) -> Vec<usize> {
        let mut shape = shape.to_vec();
        if let Some(first) = shape.first_mut() {
            *first *= self.per_number();
        }
        shape
    }

    /// The parameters of p(x|z) from what the network gave, `[n, per_number · dimensions]`.
    pub fn complete<B: Backend>(&self, pass: &Pass<'_, B>, given: Matrix<B>) -> Emitted<B> {
        let Some(log_sigma) = self.log_sigma else {
            return Emitted::new(self.model, given);
        };
        let (n, device) = (given.rows(), given.device().clone());
        let each = self.dimensions / self.shared;
        let share = |at: usize| {
            let (parameter, number) = (at / self.dimensions, at % self.dimensions);
            f32::from(number / each == parameter)
        };
        let spread = (0..self.shared * self.dimensions).map(share).collect();
        let spread = device.matrix(spread, self.shared, self.dimensions);
        let rows = device.full(1.0, (n, self.shared));
        let log_sigma = rows.times_row(pass.get(log_sigma)).matmul(spread);
        Emitted::new(self.model, B::join_columns(given, log_sigma))
    }
}
