//! Gaussian kernel densities, drawn so that each peak is met.

use std::f64::consts::PI;

use crate::table::stats;

/// Places at which a density is drawn at least.
const PLACES: f64 = 120.0;
/// Bandwidths beyond a value at which its kernel ends.
const REACH: f64 = 3.0;
/// Quartiles of fewer values are mostly interpolation.
const FEWEST: usize = 5;

/// A density with the bandwidth of Silverman (1986, eq. 3.31).
pub(super) struct Density {
    /// In their order.
    values: Vec<f64>,
    bandwidth: f64,
}

impl Density {
    /// None for few or equal values.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let sd = stats::standard_deviation(values)?;
        let (q1, q3) = (
            stats::quantile(values, 0.25)?,
            stats::quantile(values, 0.75)?,
        );
        let spread = match (q3 - q1) / 1.34 {
            robust if robust > 0.0 => sd.min(robust),
            _ => sd,
        };
        let bandwidth = 0.9 * spread * (values.len() as f64).powf(-0.2);
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let is_wide = bandwidth > 0.0 && bandwidth.is_finite();
        (values.len() >= FEWEST && is_wide).then_some(Density { values, bandwidth })
    }

    fn at(&self, x: f64) -> f64 {
        // Beyond 8 bandwidths a kernel is below rounding.
        let near = 8.0 * self.bandwidth;
        let from = self.values.partition_point(|value| *value < x - near);
        let to = self.values.partition_point(|value| *value <= x + near);
        let kernel = |value: &f64| (-((x - value) / self.bandwidth).powi(2) / 2.0).exp();
        let sum: f64 = self.values[from..to].iter().map(kernel).sum();
        sum / (self.values.len() as f64 * self.bandwidth * (2.0 * PI).sqrt())
    }

    /// Places and heights from where the first kernel begins to where the last ends, with a step of half a
    /// bandwidth at most; stretches without a kernel are 0.
    pub(super) fn curve(&self) -> Vec<(f64, f64)> {
        let reach = REACH * self.bandwidth;
        let stretches: Vec<(f64, f64)> = self
            .values
            .chunk_by(|a, b| b - a <= 2.0 * reach)
            .map(|near| (near[0] - reach, near[near.len() - 1] + reach))
            .collect();
        let length: f64 = stretches.iter().map(|(from, to)| to - from).sum();
        let step = (self.bandwidth / 2.0).min(length / PLACES);
        let mut curve = Vec::new();
        for (from, to) in stretches {
            let steps = ((to - from) / step).ceil().max(2.0) as usize;
            let at = |i: usize| from + (to - from) * i as f64 / steps as f64;
            curve.push((from, 0.0));
            curve.extend((1..steps).map(|i| (at(i), self.at(at(i)))));
            curve.push((to, 0.0));
        }
        curve
    }

    /// The same from the smallest value to the largest.
    pub(super) fn within_values(&self) -> Vec<(f64, f64)> {
        let (low, high) = (self.values[0], self.values[self.values.len() - 1]);
        let mut curve = self.curve();
        curve.retain(|(x, _)| (low..=high).contains(x));
        curve.insert(0, (low, self.at(low)));
        curve.push((high, self.at(high)));
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(curve: &[(f64, f64)]) -> f64 {
        let trapezes = curve
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0);
        trapezes.sum()
    }

    fn normal(mean: f64, sd: f64) -> Vec<f64> {
        use statrs::distribution::ContinuousCDF;
        let standard = statrs::distribution::Normal::standard();
        let quantile = |i| mean + sd * standard.inverse_cdf(f64::from(i) / 300.0);
        (1..300).map(quantile).collect()
    }

    #[test]
    fn each_drawn_area_is_one() {
        let exponential: Vec<f64> = (1..300)
            .map(|i| -(1.0 - f64::from(i) / 300.0).ln())
            .collect();
        // A narrow group and one value very far away.
        let mut far = normal(0.0, 1.0);
        far.push(1e6);
        for values in [normal(500.0, 100.0), exponential, far] {
            let curve = Density::of(&values).unwrap().curve();
            let area = area(&curve);
            assert!((area - 1.0).abs() < 0.01, "{area}");
        }
    }

    #[test]
    fn no_peak_is_missed() {
        let mut values = normal(0.0, 1.0);
        values.push(1e4);
        let curve = Density::of(&values).unwrap().curve();
        let peak = curve.iter().map(|(_, height)| *height).fold(0.0, f64::max);
        // That of a standard normal, a little lower for the bandwidth.
        assert!((0.36..0.4).contains(&peak), "{peak}");
    }

    #[test]
    fn equal_values_and_few_have_no_density() {
        assert!(Density::of(&[2.0; 9]).is_none());
        assert!(Density::of(&[1.0, 2.0, 3.0]).is_none());
        let ends = Density::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let curve = ends.within_values();
        assert_eq!((curve[0].0, curve[curve.len() - 1].0), (1.0, 5.0));
    }
}
