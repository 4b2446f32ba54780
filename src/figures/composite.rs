//! Figures of several kinds as the panels a, b, c of one.

mod layout;

use crate::map::SortedVecMap;
use crate::registry;
use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::text::did_you_mean;
use crate::text::list_of;

use super::Caption;
use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Source;
use super::canvas::Canvas;
use super::canvas::Label;
use super::canvas::Point;
use super::font::Weight;
use super::named::Named;
use super::options;
use super::options::Common;
use super::sheet::CUT;
use super::sheet::THINNED;
use super::theme;
use super::theme::INCH;
use super::wrap::Lines;

use layout::Rows;

/// Around the page and between panels.
const EDGE: f64 = 3.0;
const GAP: f64 = 10.0;
/// Rounds in which the panels of a row come to one height.
const ROUNDS: usize = 3;

pub(super) struct Composite;

params! {
    /// What `figure/composite` may be given.
    #[allow(dead_code, reason = "panels are given names and theme one by one")]
    struct CompositeParams {
        /// by letter, a map of `figure` (a kind), where several stages come in `from` (one of them), and what the kind may be given
        panels: SortedVecMap<Value>;
        /// rows of letters: `[ab, cc]` puts `a` and `b` over a `c` of both their widths, `[aab]` makes `a` twice as wide; longer names stand apart by spaces; by default two panels in a row of a double column, one where names of a panel would be left out, and one in a single column
        layout: Option<Vec<String>>;
        /// whether the letters are drawn
        letters: bool = true;
        named: Named;
        common: Common;
    }
}

impl Entry for Composite {
    fn name(&self) -> &'static str {
        "composite"
    }

    fn summary(&self) -> &'static str {
        "figures of several kinds as the panels a, b, c of one"
    }

    fn docs(&self) -> &'static str {
        "Each panel is a figure of its own kind, drawn at the width that the layout gives it, with text of \
         one size; panels of a row have one height. `labels`, `names` and `theme` hold for all panels \
         that say nothing else. The caption has that of every panel after its letter, the table a column \
         `panel`. Panels with rows read what comes in under `rows`, `curves` what comes in under \
         `curves`, `images` what comes in under `images`; where several stages come in there, `from` \
         names one."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        CompositeParams::params()
    }
}

/// A panel as the manifest has it.
pub(crate) struct Panel {
    pub(crate) name: String,
    pub(crate) kind: &'static dyn Figure,
    /// The stage that it reads, of several.
    pub(crate) from: Option<String>,
    params: Values,
}

/// The panels of a composite figure.
///
/// # Errors
/// What is wrong with the first that is.
pub(crate) fn panels(values: &Values) -> Result<Vec<Panel>, InvalidParam> {
    let wrong = |message: String, help: &str| InvalidParam {
        param: "panels",
        message,
        help: help.to_owned(),
    };
    let Some(Value::Map(given)) = values.get("panels") else {
        return Ok(Vec::new());
    };
    if given.is_empty() {
        return Err(wrong(
            "is empty".to_owned(),
            "name at least one panel: `{a: {figure: line, …}}`",
        ));
    }
    let mut panels = Vec::new();
    for (name, panel) in given {
        let Value::Map(panel) = panel else {
            let message = format!("`{name}` is `{panel}`");
            return Err(wrong(
                message,
                "a panel is a map: `{figure: line, x: …, y: …}`",
            ));
        };
        let kinds = || super::ALL.iter().filter(|kind| kind.name() != "composite");
        let kind = match panel.get("figure") {
            Some(Value::Str(kind)) => kind.trim_start_matches("figure/"),
            _ => {
                let message = format!("`{name}` has no `figure`");
                return Err(wrong(message, "it names the kind: `figure: line`"));
            }
        };
        let Some(found) = kinds().find(|known| known.name() == kind) else {
            let help = did_you_mean(kind, kinds().map(|kind| kind.name()), "kinds");
            let message = format!("`{name}`: there is no figure `{kind}` for a panel");
            return Err(wrong(message, &help.unwrap_or_default()));
        };
        let mut params = Values::new();
        let mut from = None;
        for (key, value) in panel {
            match (key.as_str(), value) {
                ("figure", _) => {}
                ("from", Value::Str(stage)) => from = Some(stage.clone()),
                ("from", other) => {
                    let message = format!("`{name}`: `from` is `{other}`");
                    return Err(wrong(message, "it names a stage"));
                }
                ("width" | "height", _) => {
                    let message = format!("`{name}` has a `{key}`");
                    return Err(wrong(
                        message,
                        "panels have their sizes by `layout`; the figure has one",
                    ));
                }
                _ => {
                    params.insert(key.clone(), value.clone());
                }
            }
        }
        let params = conform(name, *found, params)?;
        panels.push(Panel {
            name: name.clone(),
            kind: *found,
            from,
            params,
        });
    }
    Ok(panels)
}

/// The parameters of a panel in their types.
fn conform(name: &str, kind: &dyn Figure, mut given: Values) -> Result<Values, InvalidParam> {
    let wrong = |message: String, help: String| InvalidParam {
        param: "panels",
        message: format!("`{name}`: {message}"),
        help,
    };
    let declared = kind.params();
    for (key, value) in given.iter_mut() {
        let Some(param) = declared.iter().find(|param| param.name == key) else {
            let known = declared.iter().map(|param| param.name);
            let help = did_you_mean(key, known, "parameters").unwrap_or_default();
            return Err(wrong(
                format!("figure/{} has no `{key}`", kind.name()),
                help,
            ));
        };
        let fits = param.ty.conform(std::mem::take(value));
        *value = fits.map_err(|m| {
            wrong(
                format!("`{key}`: {}", m.message),
                m.help.unwrap_or_default(),
            )
        })?;
    }
    for param in declared {
        if matches!(param.default, registry::Default::Required) && given.get(param.name).is_none() {
            let message = format!("figure/{} needs `{}`", kind.name(), param.name);
            return Err(wrong(message, format!("{}: {}", param.name, param.doc)));
        }
    }
    let checked = kind.check(&given);
    checked.map_err(|e| wrong(format!("`{}` {}", e.param, e.message), e.help))?;
    Ok(given)
}

impl Figure for Composite {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        let Some(Value::Map(panels)) = params.get_mut("panels") else {
            return;
        };
        for (_, panel) in panels.iter_mut() {
            let Value::Map(panel) = panel else { continue };
            let kind = panel.get("figure").and_then(Value::as_str);
            let kind = kind.and_then(|kind| super::find(kind.trim_start_matches("figure/")));
            if let Some(kind) = kind {
                let mut params: Values = std::mem::take(panel).into_iter().collect();
                kind.searched(&mut params, search);
                *panel = params.into_iter().collect();
            }
        }
    }

    fn source(&self) -> Source {
        Source::Panels
    }

    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        options::check(values, self.along_x())?;
        let panels = panels(values)?;
        Rows::read(values, &panels).map(|_| ())
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = CompositeParams::read(values)?;
        let panels = panels(values).map_err(refused)?;
        let rows = Rows::read(values, &panels).map_err(refused)?;
        let common = &params.common;
        let theme = common.page_theme()?;
        let (font, width) = (theme.font_size, common.page_width()?);
        let title = common.title.as_deref().unwrap_or_default();
        let title = Lines::new(title, Weight::SemiBold, font + 1.0, width - 2.0 * EDGE);
        let head = match title.height() {
            0.0 => 0.0,
            height => EDGE + height + 5.0,
        };
        let letter = if params.letters { font + 4.0 } else { 0.0 };
        let drawing = Drawing {
            input,
            panels: &panels,
            shared: shared(values),
        };
        let own = common.page_height().map(|height| {
            let fixed = head + (letter + GAP) * rows.0.len() as f64 - GAP;
            ((height - fixed) / rows.0.len() as f64).max(INCH / 2.0)
        });
        let mut drawn: Vec<Option<Drawn>> = panels.iter().map(|_| None).collect();
        let mut placed: Vec<(usize, f64, f64)> = Vec::new();
        let mut top = head;
        let mut rows = rows.0;
        let mut at = 0;
        while at < rows.len() {
            let row = &rows[at];
            let whole = width - GAP * (row.len() - 1) as f64;
            let shares: usize = row.iter().map(|(_, share)| share).sum();
            let widths: Vec<f64> = row
                .iter()
                .map(|(_, share)| whole * *share as f64 / shares as f64)
                .collect();
            let (figures, height) = drawing.row(row, &widths, own)?;
            let thinned = figures.iter().any(|figure| {
                [THINNED, CUT]
                    .iter()
                    .any(|said| figure.caption.text.contains(said))
            });
            if thinned && row.len() > 1 && own.is_none() && values.get("layout").is_none() {
                // Names that are left out may have room where each panel has the page.
                let alone = row.iter().map(|(panel, _)| vec![(*panel, 1)]);
                let alone: Vec<_> = alone.collect();
                rows.splice(at..=at, alone);
                continue;
            }
            at += 1;
            let mut left = 0.0;
            for (((panel, _), figure), width) in row.iter().zip(figures).zip(widths) {
                drawn[*panel] = Some(figure);
                placed.push((*panel, left, top));
                left += width + GAP;
            }
            top += letter + height + GAP;
        }
        let mut canvas = Canvas::new(width, (top - GAP).max(common.page_height().unwrap_or(0.0)));
        let like = Label::new("", font + 1.0, theme::INK).align(super::canvas::Align::Middle);
        let at = Point::new(width / 2.0, EDGE + font - title.half());
        title.stacked(&mut canvas, at, &like.bold());
        for (panel, left, top) in placed {
            let figure = drawn[panel].as_ref().expect("every panel stands in a row");
            canvas.place(&figure.canvas, Point::new(left, top + letter));
            if params.letters {
                let label = Label::new(&panels[panel].name, font + 1.0, theme::INK).bold();
                canvas.text(Point::new(left + EDGE, top + font + 1.0), label);
            }
        }
        let figures = panels.iter().zip(drawn.into_iter().flatten());
        let figures: Vec<(&Panel, Drawn)> = figures.collect();
        let captions = figures.iter();
        let captions = captions.map(|(panel, figure)| (&*panel.name, &figure.caption));
        let caption = Caption::of_panels(captions.collect());
        Ok(Drawn {
            warnings: warnings(&figures),
            title: match &common.title {
                Some(title) => super::markup::in_line(title),
                None => {
                    let titles = figures.iter();
                    let titles: Vec<&str> = titles.map(|(_, f)| f.title.as_str()).collect();
                    titles.join("; ")
                }
            },
            csv: listing(&figures),
            caption,
            canvas,
        })
    }
}

/// What no panel has of what is said for all, and what a panel lacks of its own.
fn warnings(figures: &[(&Panel, Drawn)]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for (panel, figure) in figures {
        for warning in &figure.warnings {
            let everywhere = figures
                .iter()
                .all(|(_, other)| other.warnings.contains(warning));
            let own = ["labels", "names"]
                .iter()
                .any(|name| panel.params.get(name).is_some());
            let warning = match everywhere {
                true => warning.clone(),
                false if own => format!("panel `{}`: {warning}", panel.name),
                false => continue,
            };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings
}

fn refused(wrong: InvalidParam) -> FigureError {
    FigureError::Parameter {
        name: wrong.param,
        got: wrong.message,
        want: wrong.help,
    }
}

/// What all panels are given that say nothing else.
fn shared(values: &Values) -> Values {
    let names = ["labels", "names", "theme"];
    let given = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), values.get(name)?.clone())));
    given.collect()
}

struct Drawing<'a> {
    input: &'a FigureInput,
    panels: &'a [Panel],
    shared: Values,
}

impl Drawing<'_> {
    /// The panels of a row at one height; `asked`: that height, where it is.
    fn row(
        &self,
        row: &[(usize, usize)],
        widths: &[f64],
        asked: Option<f64>,
    ) -> Result<(Vec<Drawn>, f64), FigureError> {
        let mut height = asked;
        let mut figures: Vec<Drawn> = Vec::new();
        for _ in 0..ROUNDS {
            let drawn = row.iter().zip(widths);
            let drawn = drawn.map(|((panel, _), width)| self.panel(*panel, *width, height));
            figures = drawn.collect::<Result<_, _>>()?;
            let (low, high) = ends(&figures);
            height = Some(height.unwrap_or(0.0).max(high));
            if high - low < 0.5 {
                break;
            }
        }
        let (_, tallest) = ends(&figures);
        Ok((figures, tallest))
    }

    fn panel(&self, at: usize, width: f64, height: Option<f64>) -> Result<Drawn, FigureError> {
        let panel = &self.panels[at];
        let mut params = panel.params.clone();
        let declared = panel.kind.params();
        let takes = |name: &str| declared.iter().any(|param| param.name == name);
        for (name, value) in self.shared.iter() {
            if params.get(name).is_none() && takes(name) {
                params.insert(name.clone(), value.clone());
            }
        }
        params.insert("width".to_owned(), Value::Float(width / INCH));
        if let Some(height) = height {
            params.insert(
                "height".to_owned(),
                Value::Float((height / INCH).clamp(0.5, 40.0)),
            );
        }
        let none = FigureInput::default();
        let input = self
            .input
            .panels
            .iter()
            .find(|(name, _)| *name == panel.name);
        let input = input.map_or(&none, |(_, input)| input);
        let drawn = panel.kind.drawn(input, &params);
        drawn.map_err(|error| FigureError::Panel {
            name: panel.name.clone(),
            source: Box::new(error),
        })
    }
}

/// The lowest and the highest of some figures, in points.
fn ends(figures: &[Drawn]) -> (f64, f64) {
    let heights = figures.iter().map(|figure| figure.canvas.height);
    heights.fold((f64::INFINITY, 0.0), |(low, high), h| {
        (low.min(h), high.max(h))
    })
}

/// The tables of all panels below one another, with the letter of each.
fn listing(figures: &[(&Panel, Drawn)]) -> String {
    let part = |(panel, figure): &(&Panel, Drawn)| {
        let mut table = Table::from_csv(&figure.csv, &[]).ok()?;
        let mut name = "panel".to_owned();
        while table.column(&name).is_some() {
            name.push('_');
        }
        table.columns.insert(0, Column::axis(&name));
        for row in &mut table.rows {
            row.insert(0, panel.name.as_str().into());
        }
        Some(table)
    };
    Table::stacked(figures.iter().filter_map(part).collect()).to_csv()
}

/// `a, b and c`, for messages.
fn names(panels: &[Panel]) -> String {
    let names: Vec<&str> = panels.iter().map(|panel| panel.name.as_str()).collect();
    list_of(&names)
}
