//! What was measured, cell by cell: the common form of what loggers keep.

use serde_json::Value as Json;

use crate::table::Table;
use crate::table::records::step_rank;

/// An experiment as loggers see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    pub experiment: String,
    /// Seconds since 1970, for formats that want a time with every number.
    pub time: f64,
    pub cells: Vec<Logged>,
}

/// A cell: what others call a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logged {
    /// `latent=8,seed=0`; `all` where there is no axis.
    pub name: String,
    /// Coordinates in axis order.
    pub at: Vec<(String, Json)>,
    /// Parameters of the experiment that are no axes, in the order of their declaration.
    pub params: Vec<(String, Json)>,
    /// Parameters of the steps that left its numbers: `fit/batch`.
    pub of_steps: Vec<(String, Json)>,
    /// How a training of it left the finite numbers; its numbers are missing then.
    pub diverged: Option<String>,
    pub series: Vec<Series>,
}

/// One number over time, or once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Stage and column: `fit/train_loss`.
    pub name: String,
    /// Step → value; finite values only.
    pub points: Vec<(i64, f64)>,
}

impl Logged {
    /// The series of this name, which is new or has its points continued.
    pub fn series(&mut self, name: &str) -> &mut Series {
        let at = match self.series.iter().position(|series| series.name == name) {
            Some(at) => at,
            None => {
                self.series.push(Series {
                    name: name.to_owned(),
                    points: Vec::new(),
                });
                self.series.len() - 1
            }
        };
        &mut self.series[at]
    }

    /// Takes a curve in, a series per column. Rows stand where the column that counts best says, and by their own numbers
    /// where that is not whole: loggers know whole steps only. Such a column is a series itself.
    pub fn curve(&mut self, stage: &str, curve: &Table) {
        let whole = |at: usize| {
            let numbers = (0..curve.rows.len()).filter_map(|row| curve.number(row, at));
            numbers.clone().all(|number| number.fract() == 0.0) && numbers.count() > 0
        };
        let counting = |at: &usize| Some((step_rank(&curve.columns[*at].name)?, *at));
        let columns = 0..curve.columns.len();
        let mut counting: Vec<(usize, usize)> = columns.filter_map(|at| counting(&at)).collect();
        counting.sort_unstable();
        counting.retain(|(_, at)| whole(*at));
        let position = counting.first().map(|(_, at)| *at);
        // Epochs beside iterations say nothing more.
        let left_out = counting
            .iter()
            .filter(|(rank, at)| *rank < 2 || Some(*at) == position);
        let left_out: Vec<usize> = left_out.map(|(_, at)| *at).collect();
        for (at, column) in curve.columns.iter().enumerate() {
            if left_out.contains(&at) {
                continue;
            }
            let series = self.series(&format!("{stage}/{}", column.name));
            for row in 0..curve.rows.len() {
                let step = match position {
                    Some(position) => curve.number(row, position),
                    None => Some(row as f64),
                };
                if let (Some(step), Some(value)) = (step, curve.number(row, at)) {
                    series.points.push((step as i64, value));
                }
            }
        }
    }
}

/// A name as a part of a path: no separators, and nothing that a system refuses.
pub(super) fn safe(name: &str) -> String {
    let kept = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\0' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let safe: String = name.chars().map(kept).collect();
    match safe.as_str() {
        "" | "." | ".." => "_".to_owned(),
        _ => safe,
    }
}
