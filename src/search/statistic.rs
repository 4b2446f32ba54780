//! One number of the replicates of a trial.

use crate::registry::choices;

choices! {
    /// What makes one number of the replicates of a trial.
    pub enum Statistic {
        /// Their mean.
        Mean = "mean",
        /// Their median.
        Median = "median",
        /// The smallest.
        Min = "min",
        /// The largest.
        Max = "max",
    }
}

impl Statistic {
    /// One number of several: none of none, and of any that is none.
    pub fn of_numbers(self, mut values: Vec<f64>) -> f64 {
        if values.is_empty() || values.iter().any(|value| value.is_nan()) {
            return f64::NAN;
        }
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match self {
            Statistic::Min => values[0],
            Statistic::Max => values[values.len() - 1],
            Statistic::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Statistic::Median if values.len() % 2 == 1 => values[middle],
            Statistic::Median => (values[middle - 1] + values[middle]) / 2.0,
        }
    }
}
