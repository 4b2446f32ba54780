//! The stages of an experiment as parameters carry them.

use crate::registry::Value;
use crate::table::Column;
use crate::table::Table;

use super::super::FigureError;

/// The parameter that holds the stages; a plan fills it in.
pub(crate) const STAGES: &str = "stages";

/// One stage, its cells counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stage {
    pub name: String,
    /// What it `uses`; several kinds where they depend on the cell.
    pub kind: String,
    /// The axes it runs over.
    pub axes: Vec<String>,
    pub cells: usize,
    /// The axes it reduces.
    pub over: Vec<String>,
    /// The stages it reads.
    pub reads: Vec<String>,
}

const WANT: &str = "must be a list of maps with `name` (text), `kind` (text), `axes`, `over`, \
                    `reads` (lists of text) and `cells` (a whole number)";

impl Stage {
    fn read(value: &Value) -> Option<Stage> {
        let Value::Map(map) = value else {
            return None;
        };
        let mut stage = Stage {
            cells: 1,
            ..Stage::default()
        };
        for (key, value) in map {
            match key.as_str() {
                "name" => stage.name = value.as_str()?.to_owned(),
                "kind" => stage.kind = value.as_str()?.to_owned(),
                "axes" => stage.axes = texts(value)?,
                "over" => stage.over = texts(value)?,
                "reads" => stage.reads = texts(value)?,
                "cells" => stage.cells = usize::try_from(value.as_int()?).ok()?,
                _ => return None,
            }
        }
        (!stage.name.is_empty()).then_some(stage)
    }

    /// Whether one of these is its name, its kind or its group of kinds (`figure`).
    fn is_one_of(&self, names: &[String]) -> bool {
        let group = self.kind.split('/').next().unwrap_or_default();
        names
            .iter()
            .any(|name| *name == self.name || *name == self.kind || name == group)
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_list()?.iter();
    texts.map(|text| Some(text.as_str()?.to_owned())).collect()
}

/// The stages that are drawn, and how many were left out.
pub(super) fn read(
    given: Option<&Value>,
    leave_out: &[String],
) -> Result<(Vec<Stage>, usize), FigureError> {
    let stages = match given {
        None => Some(Vec::new()),
        Some(Value::List(stages)) => stages.iter().map(Stage::read).collect(),
        Some(_) => None,
    };
    let mut stages: Vec<Stage> = stages.ok_or_else(|| FigureError::Parameter {
        name: STAGES,
        got: "something else".to_owned(),
        want: WANT.to_owned(),
    })?;
    let all = stages.len();
    stages.retain(|stage| !stage.is_one_of(leave_out));
    if stages.is_empty() {
        return Err(FigureError::Empty(match all {
            0 => "the pipeline has no stages".to_owned(),
            _ => "every stage is left out".to_owned(),
        }));
    }
    let left_out = all - stages.len();
    Ok((stages, left_out))
}

/// A row per stage.
pub(super) fn table(stages: &[Stage]) -> Table {
    let columns = ["stage", "kind", "axes", "cells", "over", "reads"];
    let rows = stages.iter().map(|stage| {
        vec![
            stage.name.clone().into(),
            stage.kind.clone().into(),
            stage.axes.join(" ").into(),
            stage.cells.into(),
            stage.over.join(" ").into(),
            stage.reads.join(" ").into(),
        ]
    });
    Table {
        columns: columns.map(Column::axis).to_vec(),
        rows: rows.collect(),
    }
}
