//! The parameters that figures share, declared and read in one place.

use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::ValueNames;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::IntervalKind;
use crate::text::math;

use super::FigureError;
use super::colormap::ColourMap;
use super::colormap::Colours;
use super::dates::Clock;
use super::dates::Moment;
use super::named::Named;
use super::numbers::Format;
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
        ParamType::choice(&["auto", "top", "bottom", "right", "none"])
    }

    fn of(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "auto" => Some(LegendPlace::Auto),
            "top" => Some(LegendPlace::Top),
            "bottom" => Some(LegendPlace::Bottom),
            "right" => Some(LegendPlace::Right),
            "none" => Some(LegendPlace::None),
            _ => None,
        }
    }
}

choices! {
    /// How the SVG has its text.
    pub(super) enum SvgText {
        Outlines = "outlines",
        Text = "text",
    }
}

/// Whether the SVG has text in the place of outlines.
pub(super) fn svg_text(values: &Values) -> bool {
    values.get("svg_text").and_then(SvgText::of) == Some(SvgText::Text)
}

params! {
    /// Parameters of every figure.
    #[allow(dead_code, reason = "the form of the text is asked for when files are written")]
    pub(super) struct Common {
        /// over the figure; none by default
        title: Option<String>;
        /// `single` (3.3 in), `double` (6.9 in), or inches
        width: Value = "single";
        /// inches; by default from the width and the panels
        height: Option<f64>, min(0.5), max(40.0);
        /// text in the SVG: `outlines`, which look the same everywhere, or `text`, which can be searched and edited, with its fonts in the file
        svg_text: SvgText = SvgText::Outlines;
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
        /// [lowest, highest] x shown: numbers, or dates
        x_range: Option<Vec<Value>>;
        /// [lowest, highest] y shown
        y_range: Option<Vec<f64>>;
        /// how numbers along x are written: `auto`, `si` (50k), `.2f`, `d`, `.1e` or `.0%`
        x_format: Option<String>;
        /// how numbers along y are written
        y_format: Option<String>;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        named: Named;
        common: Common;
    }
}

params! {
    /// Parameters of figures with names along x and lengths along y.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    pub(super) struct LengthParams {
        /// text at the x axis; by default the column's label and unit
        x_label: Option<String>;
        /// text at the y axis; by default the column's label and unit
        y_label: Option<String>;
        /// [lowest, highest] y shown
        y_range: Option<Vec<f64>>;
        /// how numbers along y are written: `auto`, `si` (50k), `.2f`, `d`, `.1e` or `.0%`
        y_format: Option<String>;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        named: Named;
        common: Common;
    }
}

params! {
    /// Parameters of figures with names along x and numbers along y.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    pub(super) struct ColumnParams {
        /// scale of the y axis
        y_scale: ScaleKind = "auto";
        length: LengthParams;
    }
}

params! {
    /// Parameters of figures with numbers along x and names along y.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    pub(super) struct LineParams {
        /// text at the x axis; by default the column's label and unit
        x_label: Option<String>;
        /// text at the y axis; by default the column's label and unit
        y_label: Option<String>;
        /// scale of the x axis
        x_scale: ScaleKind = "auto";
        /// [lowest, highest] x shown: numbers, or dates
        x_range: Option<Vec<Value>>;
        /// how numbers along x are written: `auto`, `si` (50k), `.2f`, `d`, `.1e` or `.0%`
        x_format: Option<String>;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        named: Named;
        common: Common;
    }
}

params! {
    /// Parameters of figures whose axes have no ticks, or names on both.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    pub(super) struct BareParams {
        /// text at the x axis
        x_label: Option<String>;
        /// text at the y axis
        y_label: Option<String>;
        named: Named;
        common: Common;
    }
}

impl AxisParams {
    /// Axes of which nothing is asked.
    pub(super) fn plain(named: Named, common: Common) -> Self {
        AxisParams {
            x_label: None,
            y_label: None,
            x_scale: ScaleKind::Auto,
            y_scale: ScaleKind::Auto,
            x_range: None,
            y_range: None,
            x_format: None,
            y_format: None,
            legend: LegendPlace::Auto,
            named,
            common,
        }
    }
}

impl From<LengthParams> for AxisParams {
    fn from(given: LengthParams) -> Self {
        AxisParams {
            x_label: given.x_label,
            y_label: given.y_label,
            y_range: given.y_range,
            y_format: given.y_format,
            legend: given.legend,
            ..AxisParams::plain(given.named, given.common)
        }
    }
}

impl From<ColumnParams> for AxisParams {
    fn from(given: ColumnParams) -> Self {
        AxisParams {
            y_scale: given.y_scale,
            ..given.length.into()
        }
    }
}

impl From<LineParams> for AxisParams {
    fn from(given: LineParams) -> Self {
        AxisParams {
            x_label: given.x_label,
            y_label: given.y_label,
            x_scale: given.x_scale,
            x_range: given.x_range,
            x_format: given.x_format,
            legend: given.legend,
            ..AxisParams::plain(given.named, given.common)
        }
    }
}

impl From<BareParams> for AxisParams {
    fn from(given: BareParams) -> Self {
        AxisParams {
            x_label: given.x_label,
            y_label: given.y_label,
            ..AxisParams::plain(given.named, given.common)
        }
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
        repeated: Repeated;
    }
}

params! {
    /// Parameters that name replicates.
    pub(super) struct Repeated {
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

params! {
    /// Parameters of colours that stand for numbers.
    pub(super) struct ColourParams {
        /// scale of the colours
        value_scale: ValueScale = ValueScale::Linear;
        /// colours from low to high; `rdbu` diverges from a middle
        colors: ColourMap = ColourMap::Viridis;
        /// number in the middle of diverging colours; by default 0 where numbers have both signs
        centre: Option<f64>;
        /// [lowest, highest] number with a colour of its own
        value_range: Option<Vec<f64>>;
    }
}

impl ColourParams {
    /// The colours of these numbers.
    pub(super) fn colours(&self, numbers: &[f64]) -> Result<Colours, FigureError> {
        let range = range("value_range", &self.value_range)?;
        let map = match (self.centre, self.colors) {
            // A middle is asked for: only diverging colours have one.
            (Some(_), ColourMap::Viridis) => ColourMap::RdBu,
            (_, map) => map,
        };
        let kind = self.value_scale.kind();
        let none = !numbers.is_empty() && numbers.iter().all(|number| *number <= 0.0);
        if kind == ScaleKind::Log && none {
            return Err(FigureError::Empty(
                "no value is above 0, where a logarithmic scale of colours begins".to_owned(),
            ));
        }
        Ok(Colours::new(map, kind, numbers, (self.centre, range)))
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

/// What a figure can have along x beside numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AlongX {
    Numbers,
    /// Or dates.
    Dates,
    /// Or dates, or names.
    Any,
}

/// Whether the scale and the range along x are ones that the figure has: none is passed over.
fn check_x(values: &Values, along_x: AlongX) -> Result<(), InvalidParam> {
    let wrong = |param, message: String, help: &str| {
        Err(InvalidParam {
            param,
            message,
            help: help.to_owned(),
        })
    };
    let scale = values.get("x_scale").and_then(Value::as_str);
    let has_scale = match scale {
        Some("date") => along_x != AlongX::Numbers,
        Some("category") => along_x == AlongX::Any,
        _ => true,
    };
    let numbers = "this figure has numbers along x";
    if let (Some(scale), false) = (scale, has_scale) {
        let help = match along_x {
            AlongX::Dates => "this figure has numbers or dates along x",
            _ => numbers,
        };
        return wrong("x_scale", format!("is `{scale}`"), help);
    }
    let Some(Value::List(ends)) = values.get("x_range") else {
        return Ok(());
    };
    let dates = of_dates(&Some(ends.clone()));
    let got = format!("is `{}`", Value::List(ends.clone()));
    match scale {
        Some("category") => wrong("x_range", got, "names along x have no range"),
        Some("date") if !dates => wrong("x_range", got, "give two dates, the earlier one first"),
        Some("linear" | "log" | "symlog") if dates => wrong("x_range", got, "give two numbers"),
        _ if dates && along_x == AlongX::Numbers => wrong("x_range", got, numbers),
        _ => Ok(()),
    }
}

/// Whether columns that are drawn side by side are called differently.
fn check_labels(values: &Values) -> Result<(), InvalidParam> {
    let Some(Value::Map(labels)) = values.get("labels") else {
        return Ok(());
    };
    for list in ["y", "parameters"] {
        let names = values.get(list).and_then(Names::of).unwrap_or_default().0;
        let label = |name: &String| labels.get(name).and_then(Value::as_str);
        for (i, name) in names.iter().enumerate() {
            let same = |other: &&String| label(other).is_some() && label(other) == label(name);
            if let Some(first) = names[..i].iter().find(same) {
                return Err(InvalidParam {
                    param: "labels",
                    message: format!(
                        "`{first}` and `{name}` are both called `{}`",
                        label(name).unwrap_or_default()
                    ),
                    help: "give each column a name of its own".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Whether colours have the middle that is asked for.
fn check_centre(values: &Values) -> Result<(), InvalidParam> {
    let Some(centre) = values.get("centre").and_then(Value::as_float) else {
        return Ok(());
    };
    let wrong = |message: String, help: &str| {
        Err(InvalidParam {
            param: "centre",
            message,
            help: help.to_owned(),
        })
    };
    match values.get("colors").and_then(Value::as_str) {
        // What colours are where none are named gives way to those that diverge.
        None | Some("rdbu" | "viridis") => {}
        Some(map) => {
            let message = format!("is given, and the colours of `{map}` have no middle");
            return wrong(message, "`colors: rdbu` diverges from a middle");
        }
    }
    if let Some(Value::List(ends)) = values.get("value_range") {
        let ends: Vec<f64> = ends.iter().filter_map(Value::as_float).collect();
        if let [low, high] = ends[..]
            && !(low < centre && centre < high)
        {
            let message = format!("is {centre}, which is not within `value_range`");
            return wrong(
                message,
                "the middle lies between the lowest and the highest",
            );
        }
    }
    let log = values.get("value_scale").and_then(Value::as_str) == Some("log");
    if log && centre <= 0.0 {
        let message = format!("is {centre}, but a logarithmic scale begins above 0");
        return wrong(message, "give a number above 0");
    }
    Ok(())
}

/// Whether there are panels that could have axes of their own.
fn check_scales(values: &Values) -> Result<(), InvalidParam> {
    let scales = values.get("scales").and_then(Value::as_str);
    let facets = ["facet", "facet_row", "facet_col"];
    match scales.filter(|scales| *scales != "shared") {
        Some(scales) if !facets.iter().any(|facet| values.get(facet).is_some()) => {
            Err(InvalidParam {
                param: "scales",
                message: format!("is `{scales}`, and there is one panel"),
                help: "`facet`, `facet_row` or `facet_col` makes several".to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// What the types of the parameters that figures share cannot say; `along_x`: what the figure has there.
///
/// # Errors
/// The first parameter that is wrong.
pub(super) fn check(values: &Values, along_x: AlongX) -> Result<(), InvalidParam> {
    if let Ok(common) = Common::read(values) {
        common.page_width().map_err(invalid)?;
        common.page_theme().map_err(invalid)?;
    }
    let names = ValueNames::given(values)?;
    for name in ["title", "x_label", "y_label", "labels", "names"] {
        let texts: Vec<&str> = match values.get(name) {
            Some(Value::Map(_)) if name == "names" => names.texts().collect(),
            Some(Value::Str(text)) => vec![text],
            Some(Value::Map(map)) => map.iter().filter_map(|(_, text)| text.as_str()).collect(),
            _ => continue,
        };
        if let Some((message, help)) = texts.into_iter().find_map(math::mistake) {
            return Err(InvalidParam {
                param: name,
                message,
                help,
            });
        }
    }
    for name in ["x_range", "y_range", "value_range"] {
        let Some(Value::List(ends)) = values.get(name) else {
            continue;
        };
        if name == "x_range" && of_dates(&Some(ends.clone())) {
            continue;
        }
        let numbers: Option<Vec<f64>> = ends.iter().map(Value::as_float).collect();
        let ends = match numbers {
            Some(numbers) => range(name, &Some(numbers)).map_err(invalid)?,
            None => x_range(&Some(ends.clone())).map_err(invalid)?,
        };
        let scale = values.get(&name.replace("range", "scale"));
        let log = scale.and_then(Value::as_str) == Some("log");
        if let Some((low, _)) = ends.filter(|(low, _)| log && *low <= 0.0) {
            return Err(InvalidParam {
                param: name,
                message: format!("begins at {low}, but a logarithmic axis begins above 0"),
                help: "raise its lower end, or use the scale `symlog`".to_owned(),
            });
        }
    }
    check_x(values, along_x)?;
    check_labels(values)?;
    check_centre(values)?;
    check_scales(values)?;
    let y_scale = values.get("y_scale").and_then(Value::as_str);
    if let Some(scale @ ("date" | "category")) = y_scale {
        let help = match scale {
            "date" => "dates stand along x",
            _ => "numbers stand along y",
        };
        return Err(InvalidParam {
            param: "y_scale",
            message: format!("is `{scale}`"),
            help: help.to_owned(),
        });
    }
    if let Some(Value::Map(spans)) = values.get("spans") {
        for (name, span) in spans {
            let ends = match span {
                Value::List(ends) => Some(ends.clone()),
                _ => None,
            };
            if !of_dates(&ends) && !matches!(x_range(&ends), Ok(Some(_))) {
                return Err(InvalidParam {
                    param: "spans",
                    message: format!("`{name}` is `{span}`"),
                    help: "a span is a list of two numbers or dates, the lower one first"
                        .to_owned(),
                });
            }
        }
    }
    if let Some(Value::Map(verticals)) = values.get("verticals") {
        for (name, at) in verticals {
            if at.as_float().is_none() && at.as_str().is_none() {
                return Err(InvalidParam {
                    param: "verticals",
                    message: format!("`{name}` is `{at}`"),
                    help: "it stands at a number, a date or a value of the x axis".to_owned(),
                });
            }
        }
    }
    for name in ["x_format", "y_format", "format"] {
        if let Some(text) = values.get(name).and_then(Value::as_str) {
            Format::read(name, &Some(text.to_owned())).map_err(invalid)?;
        }
    }
    Ok(())
}

/// A parameter that drawing would refuse.
fn invalid(error: FigureError) -> InvalidParam {
    match error {
        FigureError::Parameter { name, got, want } => InvalidParam {
            param: name,
            message: format!("is {got}"),
            help: format!("it {}", want.trim_start_matches("it ")),
        },
        other => InvalidParam {
            param: "title",
            message: other.to_string(),
            help: String::new(),
        },
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

/// Whether a range is one of dates, the earlier one first.
pub(super) fn of_dates(given: &Option<Vec<Value>>) -> bool {
    // The clock does not matter to which is earlier.
    let date = |end: &Value| Some(Clock::Local.seconds(Moment::of(end.as_str()?)?));
    match given.as_deref() {
        Some([low, high]) => {
            matches!((date(low), date(high)), (Some(low), Some(high)) if low < high)
        }
        _ => false,
    }
}

/// Two numbers along x in order.
pub(super) fn x_range(given: &Option<Vec<Value>>) -> Result<Option<(f64, f64)>, FigureError> {
    let Some(ends) = given else {
        return Ok(None);
    };
    let numbers: Option<Vec<f64>> = ends.iter().map(Value::as_float).collect();
    match numbers {
        Some(numbers) => range("x_range", &Some(numbers)),
        None => Err(FigureError::Parameter {
            name: "x_range",
            got: format!("`{}`", Value::List(ends.clone())),
            want: "must be a list of two numbers or dates, the lower one first".to_owned(),
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
