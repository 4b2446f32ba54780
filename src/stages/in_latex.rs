//! The parameters that say how a table stands in LaTeX.

use crate::engine::JobError;
use crate::registry::InvalidParam;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Layout;

params! {
    /// How a table stands in LaTeX.
    pub(super) struct InLatex {
        /// in LaTeX, the room for the table: `single` (3.3 in), `double` (6.9 in), or inches; above 4, a float is a `table*`
        width: Value = "single";
        /// in LaTeX, the caption of a float around the table
        caption: Option<String>;
        /// in LaTeX, what the text refers to the float by
        label: Option<String>;
        /// in LaTeX, whether the table may go on over pages (`longtable`), in documents of one column
        long: bool = false;
    }
}

impl InLatex {
    pub(super) fn layout(self) -> Result<Layout, JobError> {
        Ok(Layout {
            width: Some(room(&self.width)?),
            caption: self.caption,
            label: self.label,
            long: self.long,
            ..Layout::default()
        })
    }
}

/// What the types of the parameters cannot say.
///
/// # Errors
/// A width that is none, and a label.
pub(super) fn check(params: &Values) -> Result<(), InvalidParam> {
    let label = params.get("label").and_then(Value::as_str);
    if let Some(odd) = label.and_then(|label| label.chars().find(|c| "\\{}%#~".contains(*c))) {
        return Err(InvalidParam {
            param: "label",
            message: format!("`label` has `{odd}`, which LaTeX takes in none"),
            help: "letters, numbers and `:-_./`, such as `tab:results`".to_owned(),
        });
    }
    let Some(width) = params.get("width") else {
        return Ok(());
    };
    room(width).map(|_| ()).map_err(|error| InvalidParam {
        param: "width",
        message: error.to_string(),
        help: "3.3 inches are one column of two".to_owned(),
    })
}

/// Points of LaTeX that a table may be wide.
fn room(width: &Value) -> Result<f64, JobError> {
    let inches = match width.as_str() {
        Some("single") => Some(3.3),
        Some("double") => Some(6.9),
        _ => width
            .as_float()
            .filter(|inches| (0.5..=40.0).contains(inches)),
    };
    let points = inches.map(|inches| inches * 72.27);
    points.ok_or_else(|| {
        let title = format!("`width` is `{width}`, not `single`, `double` or 0.5 to 40 inches");
        JobError::failed(title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_latex_takes() {
        let of = |label: &str| check(&Values::from([("label".to_owned(), label.into())]));
        assert!(of("tab:größe_5-a.b").is_ok());
        for label in ["a%b", r"\alpha", "a#1", "a b}"] {
            assert_eq!(of(label).unwrap_err().param, "label", "{label}");
        }
    }
}
