//! First values of parameters.

use super::random::Stream;

/// How a parameter starts. Fans follow PyTorch: of a weight `[out, in, …]`, fan-in is `in` and
/// fan-out `out`, each times the remaining dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// One number everywhere.
    Constant(f32),
    /// N(0, σ²): DCGAN's convolutions have σ = 0.02 (Radford et al. 2016).
    Normal(f32),
    /// N(mean, σ²): DCGAN's batch norm scales are N(1, 0.02²) (Radford et al. 2016, its code).
    Around(f32, f32),
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
        let mut around = |mean: f32, sigma: f32| -> Vec<f32> {
            let values = stream.normal(n);
            values.iter().map(|v| mean + v * sigma).collect()
        };
        let mut normal = |sigma: f32| around(0.0, sigma);
        match self {
            Init::Constant(value) => vec![value; n],
            Init::Normal(sigma) => normal(sigma),
            Init::Around(mean, sigma) => around(mean, sigma),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::random::Seed;

    #[test]
    fn weights_of_convolutions_start_with_the_variance_of_their_paper() {
        // 64 maps from 32 with 3 × 3 taps: fan-in 288, fan-out 576.
        let dims = [64, 32, 3, 3];
        for (init, mean, variance) in [
            (Init::Normal(0.02), 0.0, 0.02_f64.powi(2)),
            (Init::Around(1.0, 0.02), 1.0, 0.02_f64.powi(2)),
            (Init::KaimingNormal, 0.0, 2.0 / 288.0),
            (Init::KaimingUniform, 0.0, 2.0 / 288.0),
            (Init::XavierNormal, 0.0, 2.0 / (288.0 + 576.0)),
            (Init::XavierUniform, 0.0, 2.0 / (288.0 + 576.0)),
            (Init::Fan(288), 0.0, 1.0 / (3.0 * 288.0)),
        ] {
            let values = init.values(&dims, &mut Seed::new(1).stream(0));
            let n = values.len() as f64;
            let got_mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
            let squares = values.iter().map(|v| (f64::from(*v) - mean).powi(2));
            let got = squares.sum::<f64>() / n;
            // 18,432 draws: standard errors are 0.74 % of σ and 1.04 % of σ² (normal).
            assert!((got_mean - mean).abs() < 0.03 * variance.sqrt(), "{init:?}");
            assert!((got / variance - 1.0).abs() < 0.04, "{init:?}: {got}");
        }
    }
}
