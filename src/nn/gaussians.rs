//! Gaussians with full covariance, in float64 on the host: entropies and divergences in closed form.

/// `x = A ξ + b` with standard normal ξ: mean `b`, covariance `A Aᵀ`.
#[derive(Debug, Clone)]
pub struct FullGaussian {
    mean: Vec<f64>,
    covariance: Vec<f64>,
    /// Lower triangular, row-major: covariance = L Lᵀ.
    cholesky: Vec<f64>,
}

impl FullGaussian {
    /// From the factor `A` (row-major `[D, D]`) and the mean. `None` if the covariance is singular.
    pub fn from_factor(factor: &[f64], mean: &[f64]) -> Option<Self> {
        let d = mean.len();
        let mut covariance = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..d {
                covariance[i * d + j] = (0..d).map(|k| factor[i * d + k] * factor[j * d + k]).sum();
            }
        }
        Self::from_covariance(covariance, mean)
    }

    /// From the covariance (row-major `[D, D]`). `None` if it is not positive definite.
    pub fn from_covariance(covariance: Vec<f64>, mean: &[f64]) -> Option<Self> {
        let d = mean.len();
        let mut cholesky = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..=i {
                let dot: f64 = (0..j)
                    .map(|k| cholesky[i * d + k] * cholesky[j * d + k])
                    .sum();
                let rest = covariance[i * d + j] - dot;
                cholesky[i * d + j] = match i == j {
                    true if rest > 0.0 => rest.sqrt(),
                    true => return None,
                    false => rest / cholesky[j * d + j],
                };
            }
        }
        Some(FullGaussian {
            mean: mean.to_vec(),
            covariance,
            cholesky,
        })
    }

    /// Row-major `[D, D]`.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// ln |covariance|
    pub fn log_det(&self) -> f64 {
        let d = self.mean.len();
        (0..d).map(|i| 2.0 * self.cholesky[i * d + i].ln()).sum()
    }

    /// Differential entropy in nats: `½ (D ln 2πe + ln |C|)`.
    pub fn entropy(&self) -> f64 {
        let per_dimension = (2.0 * std::f64::consts::PI).ln() + 1.0;
        0.5 * (self.mean.len() as f64 * per_dimension + self.log_det())
    }

    /// KL(self ‖ other) in nats.
    pub fn kl(&self, other: &FullGaussian) -> f64 {
        let d = self.mean.len();
        let shift: Vec<f64> = (0..d).map(|i| other.mean[i] - self.mean[i]).collect();
        let distance: f64 = other.whiten(&shift).iter().map(|v| v * v).sum();
        // tr(C₂⁻¹ C₁) = ‖L₂⁻¹ L₁‖²
        let trace: f64 = (0..d)
            .map(|j| {
                let column: Vec<f64> = (0..d).map(|i| self.cholesky[i * d + j]).collect();
                other.whiten(&column).iter().map(|v| v * v).sum::<f64>()
            })
            .sum();
        0.5 * (trace + distance - d as f64 + other.log_det() - self.log_det())
    }

    /// Solves `L y = x`.
    fn whiten(&self, x: &[f64]) -> Vec<f64> {
        let d = self.mean.len();
        let mut y = vec![0.0; d];
        for i in 0..d {
            let dot: f64 = (0..i).map(|k| self.cholesky[i * d + k] * y[k]).sum();
            y[i] = (x[i] - dot) / self.cholesky[i * d + i];
        }
        y
    }
}
