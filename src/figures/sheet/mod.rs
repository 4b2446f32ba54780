//! A page of panels with their axes, titles and one legend outside the data.
//!
//! Every margin comes from the measured text that stands in it, so nothing overlaps or is cut.

mod axes;
mod bar;
pub(super) mod labels;
mod layout;
mod place;

use super::canvas::Canvas;
use super::canvas::Point;
use super::canvas::Rect;
use super::colormap::Colours;
use super::legend::Entry;
use super::numbers::Format;
use super::scale::Scale;
use super::theme::Theme;
use super::ticks::Tick;
use labels::Labels;
use labels::Turn;

/// Length of a tick and its distance from its label, in points.
const TICK: f64 = 2.5;
const TICK_GAP: f64 = 2.0;
/// Between neighbouring panels.
const PANEL_GAP: f64 = 10.0;
/// Width of a colour bar.
const BAR: f64 = 7.0;
/// Around the page.
const EDGE: f64 = 3.0;
/// A caption begins so where it tells that labels are left out.
pub(super) const THINNED: &str = "One label in ";
/// And ends so where it tells that names are cut.
pub(super) const CUT: &str = " that end in … are longer.";

/// One axis of a panel.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub scale: Scale,
    /// Values that carry the labels where there is room.
    pub at: Vec<f64>,
    pub format: Format,
}

impl Axis {
    /// With ticks wherever they read well.
    pub(super) fn new(scale: Scale) -> Self {
        Axis {
            scale,
            at: Vec::new(),
            format: Format::Auto,
        }
    }
}

/// One panel: its place in the grid and its axes.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub row: usize,
    pub col: usize,
    pub title: String,
    pub x: Axis,
    pub y: Axis,
}

/// Where the legend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegendPlace {
    Auto,
    Top,
    Bottom,
    Right,
    None,
}

/// What is laid out.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub theme: Theme,
    /// In points.
    pub width: f64,
    pub height: Option<f64>,
    pub title: String,
    pub x_label: String,
    pub y_label: String,
    pub panels: Vec<Panel>,
    /// Right of each row of panels.
    pub row_titles: Vec<String>,
    pub legend_title: String,
    pub legend: Vec<Entry>,
    pub legend_place: LegendPlace,
    /// Panels of a row have one y axis, of a column one x axis.
    pub shared_x: bool,
    pub shared_y: bool,
    /// Height of a panel against its width where the page's height is not given.
    pub aspect: f64,
    /// The aspect holds whatever height names along y would like.
    pub square: bool,
    /// Height of each name along y, in points, instead of `aspect`.
    pub line: Option<f64>,
    /// One unit is as long along x as along y.
    pub equal: bool,
    /// Light lines at the ticks of each axis.
    pub grid_x: bool,
    pub grid_y: bool,
    /// Without ticks, where only the distances between points mean something.
    pub bare: bool,
    /// Lines along the left and the lower side of each panel.
    pub spines: bool,
    /// Right of the panels.
    pub colour_bar: Option<ColourBar>,
}

/// What the scale of colours shows.
#[derive(Clone, Debug)]
pub(super) struct ColourBar {
    pub label: String,
    pub axis: Axis,
    pub colours: Colours,
}

/// A laid-out page, drawn up to the data.
pub(super) struct Page {
    pub canvas: Canvas,
    pub frames: Vec<Frame>,
    pub theme: Theme,
    bare: bool,
    spines: bool,
    /// What the caption must say of the page.
    pub notes: Vec<String>,
}

/// A panel on the page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub rect: Rect,
    pub x: Scale,
    pub y: Scale,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    x_labels: Labels,
    y_labels: Labels,
    turn: Turn,
}

impl Frame {
    pub(super) fn x_at(&self, value: f64) -> Option<f64> {
        Some(self.rect.x + self.x.place(value)? * self.rect.width)
    }

    pub(super) fn y_at(&self, value: f64) -> Option<f64> {
        Some(self.rect.bottom() - self.y.place(value)? * self.rect.height)
    }

    pub(super) fn at(&self, x: f64, y: f64) -> Option<Point> {
        Some(Point::new(self.x_at(x)?, self.y_at(y)?))
    }
}

impl Page {
    /// Draws inside a panel: strokes along its edge are whole, and so are markers whose middle is in it.
    pub(super) fn inside(&mut self, frame: usize, draw: impl FnOnce(&mut Canvas, &Frame, &Theme)) {
        self.clipped(frame, self.theme.line_width / 2.0, draw);
    }

    /// Draws inside a panel; nothing but markers leaves its frame.
    pub(super) fn within(&mut self, frame: usize, draw: impl FnOnce(&mut Canvas, &Frame, &Theme)) {
        self.clipped(frame, 0.0, draw);
    }

    /// Draws inside a panel with room around it for what stands at its edge.
    pub(super) fn around(&mut self, frame: usize, draw: impl FnOnce(&mut Canvas, &Frame, &Theme)) {
        self.clipped(frame, self.theme.marker_size, draw);
    }

    fn clipped(&mut self, frame: usize, room: f64, draw: impl FnOnce(&mut Canvas, &Frame, &Theme)) {
        let frame = self.frames[frame].clone();
        let theme = &self.theme;
        self.canvas
            .clipped(frame.rect, room, |canvas| draw(canvas, &frame, theme));
    }
}
