//! Correction of probabilities for many comparisons.

/// Adjusted probabilities after Holm (1979): controls the chance of any false finding.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[i]).min(1.0);
        adjusted[i] = largest;
    }
    adjusted
}

/// Adjusted probabilities after Benjamini & Hochberg (1995): controls the expected share of false
/// findings.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (rank, &i) in order.iter().enumerate().rev() {
        smallest = smallest.min(p.len() as f64 / (rank + 1) as f64 * p[i]);
        adjusted[i] = smallest;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: &[f64], want: &[f64]) {
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    /// By hand: sorted 0.005, 0.01, 0.03, 0.04; times 4, 3, 2, 1, made monotone.
    #[test]
    fn holm_steps_down() {
        close(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
    }

    /// By hand: sorted times 4/1, 4/2, 4/3, 4/4, made monotone from above.
    #[test]
    fn benjamini_and_hochberg_step_up() {
        close(
            &benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]),
            &[0.02, 0.04, 0.04, 0.02],
        );
    }

    #[test]
    fn nothing_exceeds_one() {
        close(&holm(&[0.6, 0.9]), &[1.0, 1.0]);
        close(&benjamini_hochberg(&[0.6, 0.9]), &[0.9, 0.9]);
    }
}
