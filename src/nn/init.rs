//! First values of parameters.

use super::random::Stream;

/// How a parameter starts. Fans follow PyTorch: of a weight `[out, in, …]`, fan-in is `in` and
/// fan-out `out`, each times the remaining dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// One number everywhere.
    Constant(f32),
    /// N(0, σ²).
    Normal(f32),
    /// U(−bound, bound).
    Uniform(f32),
    /// N(0, 2 / fan-in): He et al. 2015, for ReLU networks.
    KaimingNormal,
    /// U(±√(6 / fan-in)): the same variance.
    KaimingUniform,
    /// N(0, 2 / (fan-in + fan-out)): Glorot & Bengio 2010.
    XavierNormal,
    /// U(±√(6 / (fan-in + fan-out))).
    XavierUniform,
    /// U(±1/√fan): what PyTorch does for the weights and biases of affine layers and convolutions.
    /// A bias does not know its layer's fan-in, so it is given.
    Fan(usize),
}

impl Init {
    /// Draws values for a parameter of these dimensions.
    pub fn values(self, dims: &[usize], stream: &mut Stream) -> Vec<f32> {
        let n = dims.iter().product();
        let inner: usize = dims.iter().skip(2).product();
        let fan_in = (dims.get(1).copied().unwrap_or(1) * inner).max(1) as f32;
        let fan_out = (dims.first().copied().unwrap_or(1) * inner).max(1) as f32;
        let mut normal = |sigma: f32| stream.normal(n).iter().map(|v| v * sigma).collect();
        match self {
            Init::Constant(value) => vec![value; n],
            Init::Normal(sigma) => normal(sigma),
            Init::KaimingNormal => normal((2.0 / fan_in).sqrt()),
            Init::XavierNormal => normal((2.0 / (fan_in + fan_out)).sqrt()),
            Init::Uniform(bound) => stream.uniform(n, -bound, bound),
            Init::KaimingUniform => {
                let bound = (6.0 / fan_in).sqrt();
                stream.uniform(n, -bound, bound)
            }
            Init::XavierUniform => {
                let bound = (6.0 / (fan_in + fan_out)).sqrt();
                stream.uniform(n, -bound, bound)
            }
            Init::Fan(fan) => {
                let bound = 1.0 / (fan.max(1) as f32).sqrt();
                stream.uniform(n, -bound, bound)
            }
        }
    }
}
