//! A mean over samples with its standard error: how Monte Carlo estimates are reported.

/// The mean of independent samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    /// Sample standard deviation (n − 1) over √n; none for fewer than two samples.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// The estimate from these samples; NaN where there is none.
    pub fn of(samples: &[f64]) -> Self {
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let squares: f64 = samples.iter().map(|x| (x - mean) * (x - mean)).sum();
        Estimate {
            mean,
            standard_error: (samples.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
        }
    }
}
