//! Which way a column is better.

use crate::registry::choices;
use crate::table::Column;

use super::FigureError;

choices! {
    /// Which way numbers are better.
    pub(super) enum Direction {
        /// Small ones are.
        Minimize = "minimize",
        /// Large ones are.
        Maximize = "maximize",
    }
}

impl Direction {
    /// As it is given, else as the column has it.
    pub(super) fn of(given: Option<Direction>, column: &Column) -> Result<Direction, FigureError> {
        given.map_or_else(|| Direction::of_column(column), Ok)
    }

    fn of_column(column: &Column) -> Result<Direction, FigureError> {
        match column.higher_is_better {
            Some(true) => Ok(Direction::Maximize),
            Some(false) => Ok(Direction::Minimize),
            None => Err(FigureError::Parameter {
                name: "direction",
                got: format!(
                    "not given, and `{}` does not say which way is better",
                    column.name
                ),
                want: "must be `minimize` or `maximize`".to_owned(),
            }),
        }
    }

    /// As a cost, of which less is better; and back.
    pub(super) fn cost(self, number: f64) -> f64 {
        match self {
            Direction::Minimize => number,
            Direction::Maximize => 0.0 - number,
        }
    }
}
