//! The parameters that figures share, declared and read in one place.

use crate::registry::Names;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::choices;
use crate::registry::params;
use crate::table::IntervalKind;

use super::FigureError;
use super::named::Named;
use super::scale::ScaleKind;
use super::sheet::LegendPlace;
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

impl ParamValue for ScaleKind {
    fn ty() -> ParamType {
        ParamType::choice(&ScaleKind::NAMES)
    }

    fn of(value: &Value) -> Option<Self> {
        ScaleKind::from_name(value.as_str()?)
    }
}

impl ParamValue for LegendPlace {
    fn ty() -> ParamType {
        ParamType::choice(&["auto", "top", "right", "none"])
    }

    fn of(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "auto" => Some(LegendPlace::Auto),
            "top" => Some(LegendPlace::Top),
            "right" => Some(LegendPlace::Right),
            "none" => Some(LegendPlace::None),
            _ => None,
        }
    }
}

params! {
    /// Parameters of every figure.
    pub(super) struct Common {
        /// over the figure; none by default
        title: Option<String>;
        /// `single` (3.3 in), `double` (6.9 in), or inches
        width: Value = "single";
        /// inches; by default from the width and the panels
        height: Option<f64>, min(0.5), max(40.0);
        /// a map of `font_size`, `line_width`, `marker_size`, `spine_width` (points), `grid`
        /// (boolean), `palette` (list of `#rrggbb`)
        theme: Option<Value>;
    }
}

params! {
    /// Parameters of figures with axes.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    pub(super) struct AxisParams {
        /// text at the x axis; by default the column's label and unit
        x_label: Option<String>;
        /// text at the y axis; by default the column's label and unit
        y_label: Option<String>;
        /// scale of the x axis
        x_scale: ScaleKind = "auto";
        /// scale of the y axis
        y_scale: ScaleKind = "auto";
        /// [lowest, highest] x shown
        x_range: Option<Vec<f64>>;
        /// [lowest, highest] y shown
        y_range: Option<Vec<f64>>;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        named: Named;
        common: Common;
    }
}

choices! {
    /// Which axes the panels share.
    pub(super) enum Shared {
        Both = "shared",
        None = "free",
        Y = "free_x",
        X = "free_y",
    }
}

params! {
    /// Parameters that give columns to panels.
    pub(super) struct FacetParams {
        /// axis with a panel per value, wrapped into rows
        facet: Option<String>;
        /// axis with a row of panels per value
        facet_row: Option<String>;
        /// axis with a column of panels per value
        facet_col: Option<String>;
        /// whether panels share the ranges of their axes
        scales: Shared = Shared::Both;
    }
}

params! {
    /// Parameters that name groups and replicates.
    pub(super) struct Groups {
        /// axis with a colour per value
        color: Option<String>;
        /// axis with a marker and dash per value; by default that of colour
        marker: Option<String>;
        /// axis or list of axes whose values are repetitions
        replicate: Option<Names>;
        /// interval around the mean
        band: IntervalKind = "ci95";
    }
}

choices! {
    /// How heights become colours.
    pub(super) enum ValueScale {
        Linear = "linear",
        Log = "log",
    }
}

impl ValueScale {
    pub(super) fn kind(self) -> ScaleKind {
        match self {
            ValueScale::Linear => ScaleKind::Linear,
            ValueScale::Log => ScaleKind::Log,
        }
    }
}

/// What panels with axes are laid out by.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub facets: &'a FacetParams,
    pub axes: &'a AxisParams,
}

impl<'a> Panels<'a> {
    pub(super) fn new(facets: &'a FacetParams, axes: &'a AxisParams) -> Self {
        Panels { facets, axes }
    }
}

impl Common {
    /// Width of the page in points.
    pub(super) fn page_width(&self) -> Result<f64, FigureError> {
        match &self.width {
            Value::Str(name) if name == "single" => Ok(theme::SINGLE),
            Value::Str(name) if name == "double" => Ok(theme::DOUBLE),
            value => match value.as_float() {
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
    pub(super) fn page_height(&self) -> Option<f64> {
        self.height.map(|inches| inches * theme::INCH)
    }

    /// The theme with what the manifest overrides.
    pub(super) fn page_theme(&self) -> Result<Theme, FigureError> {
        let mut theme = Theme::default();
        let Some(value) = &self.theme else {
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

/// Two numbers in order.
pub(super) fn range(
    name: &'static str,
    given: &Option<Vec<f64>>,
) -> Result<Option<(f64, f64)>, FigureError> {
    match given.as_deref() {
        None => Ok(None),
        Some([low, high]) if low < high => Ok(Some((*low, *high))),
        Some(other) => Err(FigureError::Parameter {
            name,
            got: format!("`{other:?}`"),
            want: "must be a list of two numbers, the lower one first".to_owned(),
        }),
    }
}

pub(super) fn wrong(name: &'static str, got: &Value, want: &str) -> FigureError {
    FigureError::Parameter {
        name,
        got: format!("`{got}`"),
        want: want.to_owned(),
    }
}
