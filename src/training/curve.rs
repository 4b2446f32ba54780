//! Scores over the time of a training.

use serde::Deserialize;
use serde::Serialize;

use super::exact;
use super::scalars;

/// Scores by epoch, or by whatever a phase writes rows for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Names of the scores; every row has as many.
    pub names: Vec<String>,
    pub rows: Vec<CurveRow>,
}

/// One row of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// Epochs that were whole.
    pub epoch: u64,
    pub iteration: u64,
    #[serde(with = "exact::list")]
    pub scores: Vec<f64>,
}

impl Curve {
    /// Appends a row. A score that rows before it lack is NaN there, and so is one that it lacks.
    pub(super) fn push(&mut self, epoch: u64, iteration: u64, scores: &[(String, f64)]) {
        for (name, _) in scores {
            if !self.names.contains(name) {
                self.names.push(name.clone());
                for row in &mut self.rows {
                    row.scores.push(f64::NAN);
                }
            }
        }
        let of = |name: &String| {
            let found = scores.iter().find(|(other, _)| other == name);
            found.map_or(f64::NAN, |(_, score)| *score)
        };
        let scores = self.names.iter().map(of).collect();
        self.rows.push(CurveRow {
            epoch,
            iteration,
            scores,
        });
    }

    /// `epoch,iteration,train_loss,…`: one line per row, numbers that read back exactly.
    pub fn to_csv(&self) -> String {
        let mut text = format!("epoch,iteration,{}\n", self.names.join(","));
        for row in &self.rows {
            text += &format!("{},{}", row.epoch, row.iteration);
            for score in &row.scores {
                text += &format!(",{score:?}");
            }
            text.push('\n');
        }
        text
    }

    /// Which score of the validation was not finite in the last row, in words. What iterations
    /// report is finite, or was not reported.
    pub(super) fn last_not_finite(&self) -> Option<String> {
        let row = self.rows.last()?;
        let mut scores = self.names.iter().zip(&row.scores);
        let (name, score) = scores
            .find(|(name, score)| !score.is_finite() && !name.starts_with(scalars::PREFIX))?;
        Some(format!("`{name}` was {score} after epoch {}", row.epoch))
    }

    /// The last value of a score; none before the first row.
    pub fn last(&self, name: &str) -> Option<f64> {
        let at = self.names.iter().position(|other| other == name)?;
        self.rows.last().map(|row| row.scores[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_that_was_kept_comes_back_as_it_was() {
        let mut curve = Curve::default();
        let named = |scores: &[(&str, f64)]| -> Vec<(String, f64)> {
            let scores = scores.iter();
            scores.map(|(name, v)| ((*name).to_owned(), *v)).collect()
        };
        curve.push(1, 3, &named(&[("train_loss", 0.1 + 0.2)]));
        curve.push(
            2,
            6,
            &named(&[("late", f64::INFINITY), ("train_loss", 1e-300)]),
        );
        let text = serde_json::to_string(&curve).expect("plain data");
        let read: Curve = serde_json::from_str(&text).expect("its own text");
        assert_eq!(read.to_csv(), curve.to_csv());
        assert_eq!(
            curve.to_csv(),
            "epoch,iteration,train_loss,late\n1,3,0.30000000000000004,NaN\n2,6,1e-300,inf\n"
        );
        assert_eq!(curve.last("late"), Some(f64::INFINITY));
    }
}
