//! What is done to the numbers of own data before anything learns from them.

use crate::registry::InvalidParam;
use crate::registry::choices;
use crate::registry::params;

choices! {
    /// How columns are scaled.
    pub(super) enum Scaling {
        None = "none",
        Standard = "standard",
        MinMax = "minmax",
    }
}

params! {
    /// How numbers are scaled.
    pub(super) struct ScaleParams {
        /// what all numbers are divided by first
        divide: Option<f64>;
        /// each column to mean 0 and deviation 1, or from 0 to 1, of the training split
        scale: Scaling = Scaling::None;
        /// least and greatest number that `x` may have after that; others are mistakes
        range: Option<Vec<f64>>;
    }
}

impl ScaleParams {
    pub(super) fn check(&self) -> Result<(), InvalidParam> {
        let wrong = |param, message: &str, help: &str| {
            Err(InvalidParam {
                param,
                message: message.to_owned(),
                help: help.to_owned(),
            })
        };
        if self.divide.is_some_and(|by| by == 0.0) {
            return wrong(
                "divide",
                "nothing can be divided by 0",
                "255 makes grey values of bytes",
            );
        }
        match self.range.as_deref() {
            None => Ok(()),
            Some([low, high]) if low < high => Ok(()),
            Some(_) => wrong(
                "range",
                "this is no least and greatest number",
                "`range: [0, 1]` is what a `visible: bernoulli` wants",
            ),
        }
    }

    /// What `x` is within, where that is said.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        match self.range.as_deref() {
            Some([low, high]) => Some((*low, *high)),
            _ => None,
        }
    }
}

/// A linear map of each column: `(x - shift) / width`.
#[derive(Debug)]
pub(super) struct Columns {
    pub shift: Vec<f64>,
    pub width: Vec<f64>,
}

impl Columns {
    /// What brings the columns of these rows to the form that is asked for. A constant column is only
    /// shifted.
    pub(super) fn of(scaling: Scaling, rows: &[f32], columns: usize) -> Option<Columns> {
        let count = rows.len() / columns.max(1);
        let column = |at: usize| (0..count).map(move |row| f64::from(rows[row * columns + at]));
        let (shift, width): (Vec<f64>, Vec<f64>) = match scaling {
            Scaling::None => return None,
            Scaling::Standard => (0..columns)
                .map(|at| {
                    let mean = column(at).sum::<f64>() / count as f64;
                    let squares = column(at).map(|x| (x - mean) * (x - mean));
                    (mean, (squares.sum::<f64>() / count as f64).sqrt())
                })
                .unzip(),
            Scaling::MinMax => (0..columns)
                .map(|at| {
                    let low = column(at).fold(f64::INFINITY, f64::min);
                    let high = column(at).fold(f64::NEG_INFINITY, f64::max);
                    (low, high - low)
                })
                .unzip(),
        };
        let width = width.into_iter().map(|w| if w > 0.0 { w } else { 1.0 });
        Some(Columns {
            shift,
            width: width.collect(),
        })
    }

    pub(super) fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_mut(self.shift.len().max(1)) {
            let maps = self.shift.iter().zip(&self.width);
            for (x, (shift, width)) in row.iter_mut().zip(maps) {
                *x = ((f64::from(*x) - shift) / width) as f32;
            }
        }
    }
}
