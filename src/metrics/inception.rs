//! The inception score (Salimans et al. 2016) of any classifier's probabilities.
//!
//! `exp(E_x KL(p(y|x) || p(y)))`: high when each image has a clear class and all classes occur. It
//! says nothing without the classifier and the number of images, and is biased low for few images.

use super::Estimate;

/// Scores of consecutive splits.
#[derive(Clone, Debug, PartialEq)]
pub struct InceptionScore {
    /// One per split, in nats exponentiated: between 1 and the number of classes.
    pub per_split: Vec<f64>,
    /// Mean over the splits.
    pub mean: f64,
    /// Standard deviation over the splits, divided by their number: what papers print.
    pub std: f64,
    /// Standard deviation over the splits, divided by their number less one; none for one split.
    pub std_sample: Option<f64>,
}

/// The score of rows of class probabilities (`[n, classes]`, row-major) in `splits` consecutive
/// parts; part k holds rows `k n / splits .. (k + 1) n / splits`.
///
/// `None` if a part would be empty or the numbers do not fit into rows.
pub fn inception_score(
    probabilities: &[f32],
    classes: usize,
    splits: usize,
) -> Option<InceptionScore> {
    if classes == 0 || splits == 0 || !probabilities.len().is_multiple_of(classes) {
        return None;
    }
    let n = probabilities.len() / classes;
    if n < splits {
        return None;
    }
    let per_split: Vec<f64> = (0..splits)
        .map(|k| {
            let rows = k * n / splits * classes..(k + 1) * n / splits * classes;
            score(&probabilities[rows], classes)
        })
        .collect();
    let estimate = Estimate::of(&per_split);
    let squares = per_split.iter().map(|s| (s - estimate.mean).powi(2));
    let squares: f64 = squares.sum();
    Some(InceptionScore {
        mean: estimate.mean,
        std: (squares / splits as f64).sqrt(),
        std_sample: (splits > 1).then(|| (squares / (splits - 1) as f64).sqrt()),
        per_split,
    })
}

fn score(probabilities: &[f32], classes: usize) -> f64 {
    let rows = probabilities.chunks_exact(classes);
    let n = rows.len() as f64;
    let mut marginal = vec![0.0; classes];
    for row in rows.clone() {
        for (m, p) in marginal.iter_mut().zip(row) {
            *m += f64::from(*p) / n;
        }
    }
    let divergence = |row: &[f32]| -> f64 {
        let terms = row.iter().zip(&marginal).filter(|(p, _)| **p > 0.0); // 0 ln 0 = 0
        terms
            .map(|(p, m)| f64::from(*p) * (f64::from(*p) / m).ln())
            .sum()
    };
    (rows.map(divergence).sum::<f64>() / n).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_answers_spread_over_all_classes_score_their_number() {
        let classes = 7;
        let n = 5 * classes;
        let one_hot = |i: usize| {
            if i / classes % classes == i % classes {
                1.0
            } else {
                0.0
            }
        };
        let probabilities: Vec<f32> = (0..n * classes).map(one_hot).collect();
        let score = inception_score(&probabilities, classes, 5).expect("five parts of seven");
        for part in &score.per_split {
            assert!((part - 7.0).abs() < 1e-12, "{part}");
        }
        assert!(score.std < 1e-12);
    }

    #[test]
    fn a_classifier_that_never_knows_scores_one() {
        let score = inception_score(&[0.25; 40], 4, 1).expect("ten rows");
        assert!((score.mean - 1.0).abs() < 1e-12 && score.std_sample.is_none());
    }

    #[test]
    fn more_parts_than_rows_have_no_score() {
        assert_eq!(inception_score(&[0.5; 4], 2, 3), None);
        assert_eq!(inception_score(&[0.5; 5], 2, 1), None);
    }
}
