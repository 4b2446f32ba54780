//! Twin of batch normalisation, from means and element-wise operations.

use dfdx::prelude::*;

use crate::nn::backend::Backend;
use crate::nn::layers::{Activation, NormWeights, Normalised};
use crate::nn::tensor::{Cube, Tensor, Vector};

/// See [`Backend::batch_norm`].
pub fn batch_norm<B: Backend>(
    x: Cube<B>,
    weights: NormWeights<B>,
    given: Option<(Vector<B>, Vector<B>)>,
    activation: Activation,
) -> Normalised<B> {
    let shape = x.shape();
    let along = |v: Vector<B>| v.into_dfdx().broadcast_like::<_, Axes2<0, 2>>(&shape);
    let over = |x: Cube<B>| -> Vector<B> {
        Tensor::from_dfdx(x.into_dfdx().mean::<(usize,), Axes2<0, 2>>())
    };
    let fixed = given.is_some();
    let (mean, variance) = match given {
        Some((mean, variance)) => (mean, Some(variance)),
        None => (over(x.clone()), None),
    };
    let centred = Tensor::from_dfdx(x.into_dfdx() - along(mean.clone()));
    let variance = variance.unwrap_or_else(|| over(centred.clone().square()));
    let deviation = (variance.clone() + weights.eps).sqrt();
    let scale = weights.gamma / deviation;
    let y = centred.into_dfdx() * along(scale) + along(weights.beta);
    Normalised {
        y: super::activate(Tensor::from_dfdx(y), activation),
        statistics: (!fixed).then(|| (mean.detach(), variance.detach())),
    }
}
