//! Tables to figures: SVG, PDF, PNG, the CSV of what is drawn, and a caption that states n.
//!
//! A figure is a mapping of columns to x, y, colour, marker and facets ([`Entry::params`] names
//! them); [`grammar`] groups the rows, [`sheet`] lays out panels, axes and legend, and each kind of
//! figure draws its marks in the panels. Only here is plotters named.

mod axes;
mod bar;
mod best_so_far;
mod boxes;
mod canvas;
mod colormap;
pub(crate) mod composite;
mod contour;
mod curves;
pub(crate) mod dag;
mod dates;
mod density;
mod direction;
mod dodge;
mod dots;
mod errorbar;
mod facets;
mod field;
mod font;
mod grammar;
mod hatch;
mod heatmap;
mod histogram;
mod images;
pub(crate) mod layers;
mod legend;
mod level_labels;
mod levels;
mod line;
mod mapping;
mod marker;
mod marks;
mod markup;
mod named;
mod numbers;
mod options;
mod pairs;
mod parallel;
mod parameter;
mod pareto;
mod plane;
mod points;
mod ranks;
mod raster;
mod render;
mod repeated;
mod rungs;
mod scale;
mod sheet;
mod slices;
mod slope;
mod text;
mod theme;
mod ticks;
mod trials;
mod wrap;
mod xy;

use canvas::Canvas;
use named::Named;
pub use options::AlongX;

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::ParamError;
use crate::registry::ParamValue;
use crate::registry::Searched;
use crate::registry::Values;
use crate::table::NamingError;
use crate::table::SummaryError;
use crate::table::Table;
use crate::table::escape_latex;
use crate::text::as_prose;
use crate::text::printable;

/// Every kind of figure, sorted by name.
pub static ALL: &[&dyn Figure] = &[
    &bar::Bar,
    &best_so_far::BestSoFar,
    &boxes::Boxes,
    &composite::Composite,
    &contour::Contour,
    &curves::Curves,
    &dag::Dag,
    &dots::Dots,
    &points::Embedding,
    &errorbar::Errorbar,
    &heatmap::Heatmap,
    &histogram::Histogram,
    &images::Images,
    &line::Line,
    &pairs::Pairs,
    &parallel::Parallel,
    &pareto::Pareto,
    &ranks::Ranks,
    &rungs::Rungs,
    &points::Scatter,
    &slices::Slices,
    &slope::Slope,
    &text::Text,
];

/// The kind of figure of this name.
pub fn find(name: &str) -> Option<&'static dyn Figure> {
    ALL.iter().find(|figure| figure.name() == name).copied()
}

/// What a kind of figure is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Result rows.
    Rows,
    /// Result rows over a plane, with places to mark on it.
    Surface,
    /// Training curves.
    Curves,
    /// Pictures.
    Images,
    /// The stages of the experiment itself.
    Pipeline,
    /// What each of its panels is drawn from.
    Panels,
}

/// A kind of figure.
pub trait Figure: Entry {
    /// What it is drawn from.
    fn source(&self) -> Source {
        Source::Rows
    }

    /// Whether rows that agree in every axis that these parameters name may differ in no other: the
    /// figure would fail.
    fn repeats(&self, _params: &Values) -> bool {
        self.params().iter().any(|param| param.name == "replicate")
    }

    /// Fills what a manifest leaves out with what the search has.
    fn searched(&self, _params: &mut Values, _search: &Searched<'_>) {}

    /// What it has along x, where it has an axis there.
    fn along_x(&self) -> AlongX {
        AlongX::Numbers
    }

    /// What the types of the parameters cannot say.
    ///
    /// # Errors
    /// The parameter that is wrong, and how.
    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        options::check(params, self.along_x())
    }

    /// Draws the input under the names that the parameters give. The same input and parameters
    /// give the same bytes.
    fn draw(&self, input: &FigureInput, params: &Values) -> Result<Rendered, FigureError> {
        let text = options::svg_text(params);
        font::with(&input.fonts, || self.drawn(input, params)?.rendered(text))?
    }

    /// The same before it is any file format.
    fn drawn(&self, input: &FigureInput, params: &Values) -> Result<Drawn, FigureError> {
        let replicate = params.get("replicate").and_then(Names::of);
        let replicate = replicate.unwrap_or_default().0;
        let given = Named::read(params)?;
        let named = named::apply(input, &given, &replicate)?;
        let painted = || self.paint(named.as_ref().unwrap_or(input), params);
        let mut drawn = markup::with(named::words(input), painted)?;
        for text in [&mut drawn.title, &mut drawn.csv, &mut drawn.caption.text] {
            *text = markup::restored(text);
        }
        // Those of a composite figure are for its panels, which have the data.
        if self.source() != Source::Panels {
            drawn.warnings.extend(named::idle(input, &given, params));
        }
        Ok(drawn)
    }

    /// Draws the input as it is named.
    fn paint(&self, input: &FigureInput, params: &Values) -> Result<Drawn, FigureError>;
}

/// What figures draw.
#[derive(Clone, Debug, Default)]
pub struct FigureInput {
    /// Rows of results or of curves, a column per axis.
    pub table: Table,
    /// Pictures by the coordinates of the cell they come from.
    pub images: Vec<(Vec<(String, String)>, ImageBatch)>,
    /// Points to mark over a contour: a table with the columns of its x and y.
    pub points: Option<Table>,
    /// Originals of reconstructions, or the pictures among which neighbours are sought.
    pub reference: Option<ImageBatch>,
    /// What the panels of a composite figure draw, by their names.
    pub panels: Vec<(String, FigureInput)>,
    /// Font files by their names: a character is set in the first that has it, else in the program's
    /// own font.
    pub fonts: Vec<(String, Vec<u8>)>,
}

/// Pictures as one array `[n, channels, height, width]`, row-major, in `[0, 1]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageBatch {
    pub n: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub data: Vec<f32>,
}

/// A figure before it is any file format.
#[derive(Clone, Debug)]
pub struct Drawn {
    canvas: Canvas,
    /// Of the documents.
    title: String,
    csv: String,
    caption: Caption,
    /// What the manifest asks for and the figure does not have.
    warnings: Vec<String>,
}

/// What is said below a figure.
#[derive(Clone, Debug)]
struct Caption {
    /// One line with an end.
    text: String,
    latex: String,
}

impl Caption {
    fn of(caption: &str) -> Self {
        let caption = caption.trim_end();
        Caption {
            text: format!("{}\n", printable(&markup::in_line(caption))),
            latex: markup::in_latex(caption),
        }
    }

    /// That of several panels, each after its name.
    fn of_panels(panels: Vec<(&str, &Caption)>) -> Self {
        let text = panels
            .iter()
            .map(|(name, caption)| format!("({name}) {}", caption.text.trim_end()));
        let latex = panels
            .iter()
            .map(|(name, caption)| format!("({}) {}", escape_latex(name), caption.latex));
        Caption {
            text: format!("{}\n", text.collect::<Vec<_>>().join(" ")),
            latex: latex.collect::<Vec<_>>().join(" "),
        }
    }
}

impl Drawn {
    /// Writes the file formats; `text`: of the SVG, with text in the place of outlines.
    fn rendered(self, text: bool) -> Result<Rendered, FigureError> {
        let named = (self.title.as_str(), self.caption.text.trim_end());
        let files = render::files(&self.canvas, named, text)?;
        Ok(Rendered {
            missing: self.canvas.missing(),
            svg: files.svg,
            pdf: files.pdf,
            png: files.png,
            csv: self.csv,
            caption: self.caption.text,
            caption_in_latex: self.caption.latex,
            warnings: self.warnings,
        })
    }
}

/// A figure in its file formats.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Text as outlines: it looks the same everywhere.
    pub svg: String,
    /// One page with its fonts embedded.
    pub pdf: Vec<u8>,
    /// At 300 dpi.
    pub png: Vec<u8>,
    /// Exactly what is drawn.
    pub csv: String,
    /// States n, what the band is, and what could not be drawn.
    pub caption: String,
    /// The same as LaTeX, with the mathematics of the names in it.
    pub caption_in_latex: String,
    /// The characters that no font has; empty where there are none.
    pub missing: Vec<char>,
    /// What the manifest asks for and the figure does not have, such as a label of no column.
    pub warnings: Vec<String>,
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    #[error(transparent)]
    Table(SummaryError),
    #[error(
        "axis `{axis}` takes several values within one group: name it under `replicate` to reduce over it, or \
         under a parameter that keeps its values apart, such as `color` or `facet`; which columns of a file are axes, \
         `axes` of `table/read` says"
    )]
    Varies { axis: String },
    #[error(transparent)]
    Named(#[from] NamingError),
    #[error(
        "a column `{0}` comes in, and the figure makes one of its own: rename the number or the axis where it comes from"
    )]
    Twice(String),
    #[error(
        "`{first}` and `{second}` are both called `{title}`: give each a name of its own under `labels`"
    )]
    OneTitle {
        first: String,
        second: String,
        title: String,
    },
    #[error("parameter `{name}` is {got}, but {want}")]
    Parameter {
        name: &'static str,
        got: String,
        want: String,
    },
    #[error(transparent)]
    Unchecked(#[from] ParamError),
    #[error("there is nothing to draw: {0}")]
    Empty(String),
    #[error("the pictures cannot be drawn: {0}")]
    Pictures(String),
    #[error("a page of {width:.1} × {height:.1} inches cannot be drawn")]
    TooLarge { width: f64, height: f64 },
    #[error("panel `{name}`: {source}")]
    Panel {
        name: String,
        source: Box<FigureError>,
    },
    #[error("`{0}` is no font: figures read TrueType and OpenType")]
    Font(String),
    #[error("the drawing failed: {0}")]
    Drawing(String),
}

impl From<SummaryError> for FigureError {
    fn from(error: SummaryError) -> Self {
        match error {
            // Figures have no `by`.
            SummaryError::Varies { axis } => FigureError::Varies { axis },
            other => FigureError::Table(other),
        }
    }
}

/// Closes a page; `title` names the documents.
fn finish(
    page: sheet::Page,
    title: &str,
    csv: String,
    mut caption: String,
) -> Result<Drawn, FigureError> {
    for note in &page.notes {
        caption = format!("{} {note}", caption.trim_end());
    }
    Ok(closed(page.close(), title, csv, &caption))
}

/// A canvas with all its marks as a figure.
fn closed(canvas: Canvas, title: &str, csv: String, caption: &str) -> Drawn {
    let caption = format!("{}{}", caption.trim_end(), canvas.said_missing());
    Drawn {
        title: as_prose(&markup::in_line(title)).into_owned(),
        csv,
        caption: Caption::of(&caption),
        canvas,
        warnings: Vec::new(),
    }
}
