//! Dropout (Srivastava et al. 2014): zeroes numbers at random while training.

use dfdx::prelude::Shape;

use crate::nn::backend::Backend;
use crate::nn::random::Stream;
use crate::nn::tensor::Tensor;

/// Zeroes each number with probability `p` and divides the others by `1 − p`, so that means stay.
///
/// The mask comes from `stream` alone: the same seed, purpose and iteration give the same mask, on
/// any device, also when a forward pass is repeated. Do not call it when evaluating. Panics unless
/// `0 ≤ p < 1`.
pub fn dropout<S: Shape, B: Backend>(x: Tensor<S, B>, p: f32, stream: &mut Stream) -> Tensor<S, B> {
    assert!((0.0..1.0).contains(&p), "dropout with probability {p}");
    if p == 0.0 {
        return x;
    }
    let mut mask = stream.bernoulli(x.len(), 1.0 - p);
    for kept in &mut mask {
        *kept /= 1.0 - p;
    }
    let mask = x.device().constant(mask, x.shape());
    x * mask
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::nn::random::Seed;

    #[test]
    fn dropout_keeps_means_and_repeats_its_mask() {
        let ones = || Cpu::default().full(1.0, (100, 200));
        let draw = |iteration| {
            let mut stream = Seed::new(1).derive("dropout").stream(iteration);
            dropout(ones(), 0.3, &mut stream).to_vec()
        };
        let first = draw(0);
        assert!(first == draw(0) && first != draw(1));
        let kept = 1.0 / (1.0 - 0.3_f32);
        assert!(first.iter().all(|v| *v == 0.0 || *v == kept));
        // 20,000 draws: the standard error of the mean is 0.0046.
        let mean = first.iter().sum::<f32>() / first.len() as f32;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let mut stream = Seed::new(1).stream(0);
        assert!(dropout(ones(), 0.0, &mut stream).to_vec() == vec![1.0; 20_000]);
    }
}
