//! What was measured, cell by cell: the common form of what loggers keep.

use serde_json::Value as Json;

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
    pub series: Vec<Series>,
}

/// One number over time, or once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Stage and column: `fit/train_loss`.
    pub name: String,
    /// Iteration → value; finite values only.
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
