//! Learning rates over time, as factors of a base rate.

/// How the learning rate changes with the iteration.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Schedule {
    /// Always the base rate.
    #[default]
    Constant,
    /// Rises linearly from 0 over `iterations`, then constant.
    Warmup {
        /// Length of the rise.
        iterations: u64,
    },
    /// Falls linearly to 0 at `iterations`.
    Linear {
        /// Length of the fall.
        iterations: u64,
    },
    /// Falls as half a cosine to 0 at `iterations` (Loshchilov & Hutter 2017, without restarts).
    Cosine {
        /// Length of the fall.
        iterations: u64,
    },
    /// Multiplied by `factor` every `every` iterations.
    Step {
        /// Iterations between drops.
        every: u64,
        /// What each drop multiplies the rate by.
        factor: f64,
    },
}

impl Schedule {
    /// Learning rate of the update after `iteration` updates were made.
    pub fn rate(self, base: f64, iteration: u64) -> f64 {
        let progress = |length: u64| (iteration as f64 / length.max(1) as f64).min(1.0);
        base * match self {
            Schedule::Constant => 1.0,
            Schedule::Warmup { iterations } => {
                ((iteration + 1) as f64 / iterations.max(1) as f64).min(1.0)
            }
            Schedule::Linear { iterations } => 1.0 - progress(iterations),
            Schedule::Cosine { iterations } => {
                0.5 * (1.0 + (std::f64::consts::PI * progress(iterations)).cos())
            }
            Schedule::Step { every, factor } => {
                factor.powi(i32::try_from(iteration / every.max(1)).unwrap_or(i32::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_and_end_where_they_say() {
        let cosine = Schedule::Cosine { iterations: 100 };
        assert_eq!(cosine.rate(0.1, 0), 0.1);
        assert!((cosine.rate(0.1, 50) - 0.05).abs() < 1e-15);
        assert!(cosine.rate(0.1, 100).abs() < 1e-15 && cosine.rate(0.1, 1000).abs() < 1e-15);
        assert_eq!(Schedule::Warmup { iterations: 4 }.rate(1.0, 0), 0.25);
        assert_eq!(Schedule::Warmup { iterations: 4 }.rate(1.0, 9), 1.0);
        let step = Schedule::Step {
            every: 10,
            factor: 0.5,
        };
        assert_eq!((step.rate(1.0, 9), step.rate(1.0, 20)), (1.0, 0.25));
    }
}
