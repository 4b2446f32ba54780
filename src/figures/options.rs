//! The parameters that figures share, declared and read in one place.

use crate::registry::Param;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::Values;
use crate::table::IntervalKind;

use super::FigureError;
use super::named;
use super::scale::ScaleKind;
use super::theme;
use super::theme::Theme;

impl ParamValue for IntervalKind {
    fn ty() -> ParamType {
        ParamType::choice(&IntervalKind::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        IntervalKind::from_name(value.as_str()?)
    }
}

/// Parameters of every figure.
pub(super) fn common() -> Vec<Param> {
    vec![
        Param::str("title", "over the figure; none by default").optional(),
        Param::any("width", "`single` (3.3 in), `double` (6.9 in), or inches").default("single"),
        Param::float("height", "inches; by default from the width and the panels")
            .min(0.5)
            .max(40.0)
            .optional(),
        Param::any(
            "theme",
            "a map of `font_size`, `line_width`, `marker_size`, `spine_width` (points), `grid` \
             (boolean), `palette` (list of `#rrggbb`)",
        )
        .optional(),
    ]
}

/// Parameters of figures with axes.
pub(super) fn axes() -> Vec<Param> {
    let mut params = vec![
        Param::str(
            "x_label",
            "text at the x axis; by default the column's label and unit",
        )
        .optional(),
        Param::str(
            "y_label",
            "text at the y axis; by default the column's label and unit",
        )
        .optional(),
        Param::choice("x_scale", &ScaleKind::NAMES, "scale of the x axis").default("auto"),
        Param::choice("y_scale", &ScaleKind::NAMES, "scale of the y axis").default("auto"),
        Param::list("x_range", number(), "[lowest, highest] x shown").optional(),
        Param::list("y_range", number(), "[lowest, highest] y shown").optional(),
        Param::choice(
            "legend",
            &["auto", "top", "right", "none"],
            "where the legend stands, always outside the data",
        )
        .default("auto"),
    ];
    params.extend(named::params());
    params.extend(common());
    params
}

/// Parameters that give columns to panels.
pub(super) fn facets() -> Vec<Param> {
    vec![
        Param::str("facet", "axis with a panel per value, wrapped into rows").optional(),
        Param::str("facet_row", "axis with a row of panels per value").optional(),
        Param::str("facet_col", "axis with a column of panels per value").optional(),
        Param::choice(
            "scales",
            &["shared", "free", "free_x", "free_y"],
            "whether panels share the ranges of their axes",
        )
        .default("shared"),
    ]
}

/// Parameters that name groups and replicates.
pub(super) fn groups() -> Vec<Param> {
    vec![
        Param::str("color", "axis with a colour per value").optional(),
        Param::str(
            "marker",
            "axis with a marker and dash per value; by default that of colour",
        )
        .optional(),
        Param::any(
            "replicate",
            "axis or list of axes whose values are repetitions",
        )
        .optional(),
        Param::choice("band", &IntervalKind::NAMES, "interval around the mean").default("ci95"),
    ]
}

fn number() -> crate::registry::ParamType {
    crate::registry::ParamType::Float {
        min: None,
        max: None,
    }
}

/// Typed reading of parameter values.
#[derive(Clone, Copy)]
pub(super) struct Options<'a>(pub &'a Values);

impl<'a> Options<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| **value != Value::Null)
    }

    pub fn text(&self, name: &'static str) -> Result<Option<&'a str>, FigureError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, other, "must be text")),
        }
    }

    pub fn float(&self, name: &'static str) -> Result<Option<f64>, FigureError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_float() {
                Some(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(wrong(name, value, "must be a number")),
            },
        }
    }

    pub fn count(&self, name: &'static str) -> Result<Option<usize>, FigureError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_int() {
                Some(count) if count > 0 => Ok(Some(count as usize)),
                _ => Err(wrong(name, value, "must be a whole number above 0")),
            },
        }
    }

    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, FigureError> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(wrong(name, other, "must be `true` or `false`")),
        }
    }

    /// One name or a list of them.
    pub fn names(&self, name: &'static str) -> Result<Vec<String>, FigureError> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Str(text)) => Ok(vec![text.clone()]),
            Some(value @ Value::List(values)) => values
                .iter()
                .map(|element| {
                    let text = element.as_str().map(str::to_owned);
                    text.ok_or_else(|| wrong(name, value, "must be a name or a list of names"))
                })
                .collect(),
            Some(other) => Err(wrong(name, other, "must be a name or a list of names")),
        }
    }

    /// Two numbers in order.
    pub fn range(&self, name: &'static str) -> Result<Option<(f64, f64)>, FigureError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let want = "must be a list of two numbers, the lower one first";
        let numbers: Vec<f64> = value
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_float)
            .collect();
        match numbers[..] {
            [low, high] if low < high => Ok(Some((low, high))),
            _ => Err(wrong(name, value, want)),
        }
    }

    pub fn interval(&self, name: &'static str) -> Result<IntervalKind, FigureError> {
        let text = self.text(name)?.unwrap_or("ci95");
        IntervalKind::from_name(text).ok_or_else(|| FigureError::Parameter {
            name,
            got: format!("`{text}`"),
            want: format!("must be one of {}", IntervalKind::NAMES.join(", ")),
        })
    }

    pub fn scale(&self, name: &'static str) -> Result<ScaleKind, FigureError> {
        let text = self.text(name)?.unwrap_or("auto");
        ScaleKind::from_name(text).ok_or_else(|| FigureError::Parameter {
            name,
            got: format!("`{text}`"),
            want: format!("must be one of {}", ScaleKind::NAMES.join(", ")),
        })
    }

    /// Width of the page in points.
    pub fn width(&self) -> Result<f64, FigureError> {
        match self.get("width") {
            None => Ok(theme::SINGLE),
            Some(Value::Str(name)) if name == "single" => Ok(theme::SINGLE),
            Some(Value::Str(name)) if name == "double" => Ok(theme::DOUBLE),
            Some(value) => match value.as_float() {
                Some(inches) if (0.5..=40.0).contains(&inches) => Ok(inches * theme::INCH),
                _ => Err(wrong(
                    "width",
                    value,
                    "must be `single`, `double` or 0.5 to 40 inches",
                )),
            },
        }
    }

    /// Height of the page in points, if it is given.
    pub fn height(&self) -> Result<Option<f64>, FigureError> {
        match self.float("height")? {
            Some(inches) if !(0.5..=40.0).contains(&inches) => Err(FigureError::Parameter {
                name: "height",
                got: inches.to_string(),
                want: "must be 0.5 to 40 inches".to_owned(),
            }),
            inches => Ok(inches.map(|inches| inches * theme::INCH)),
        }
    }

    /// The theme with what the manifest overrides.
    pub fn theme(&self) -> Result<Theme, FigureError> {
        let mut theme = Theme::default();
        let Some(value) = self.get("theme") else {
            return Ok(theme);
        };
        let want = "must be a map of `font_size`, `line_width`, `marker_size`, `spine_width` \
                    (0.1 to 40 points), `grid` (boolean), `palette` (list of `#rrggbb`)";
        let Value::Map(map) = value else {
            return Err(wrong("theme", value, want));
        };
        for (key, value) in map {
            let points = value.as_float().filter(|p| (0.1..=40.0).contains(p));
            match (key.as_str(), points, value) {
                ("font_size", Some(points), _) => theme.font_size = points.max(4.0),
                ("line_width", Some(points), _) => theme.line_width = points,
                ("marker_size", Some(points), _) => theme.marker_size = points,
                ("spine_width", Some(points), _) => theme.spine_width = points,
                ("grid", _, Value::Bool(grid)) => theme.grid = *grid,
                ("palette", _, Value::List(colours)) if !colours.is_empty() => {
                    let parsed: Option<Vec<_>> = colours
                        .iter()
                        .map(|colour| theme::parse_colour(colour.as_str()?))
                        .collect();
                    theme.palette = parsed.ok_or_else(|| wrong("theme", value, want))?;
                }
                _ => return Err(wrong("theme", value, want)),
            }
        }
        Ok(theme)
    }
}

pub(super) fn wrong(name: &'static str, got: &Value, want: &str) -> FigureError {
    FigureError::Parameter {
        name,
        got: format!("`{got}`"),
        want: want.to_owned(),
    }
}
