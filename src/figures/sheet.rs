//! A page of panels with their axes, titles and one legend outside the data.
//!
//! Every margin comes from the measured text that stands in it, so nothing overlaps or is cut.

use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Label;
use super::canvas::Mark;
use super::canvas::Point;
use super::canvas::Rect;
use super::colormap;
use super::font::Weight;
use super::legend;
use super::legend::Entry;
use super::markup;
use super::scale::Scale;
use super::theme;
use super::theme::Theme;
use super::ticks::Tick;
use super::ticks::ticks;

/// Length of a tick and its distance from its label, in points.
const TICK: f64 = 2.5;
const TICK_GAP: f64 = 2.0;
/// Between neighbouring panels.
const PANEL_GAP: f64 = 10.0;
/// Width of a colour bar.
const BAR: f64 = 7.0;
/// Around the page.
const EDGE: f64 = 3.0;

/// One axis of a panel.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub scale: Scale,
    /// Values that carry the labels where there is room.
    pub at: Vec<f64>,
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
    /// Light lines at the ticks of each axis.
    pub grid_x: bool,
    pub grid_y: bool,
    /// Without ticks, where only the distances between points mean something.
    pub bare: bool,
    /// Right of the panels.
    pub colour_bar: Option<ColourBar>,
}

/// The scale of colours of a heat map.
#[derive(Clone, Debug)]
pub(super) struct ColourBar {
    pub label: String,
    pub axis: Axis,
}

/// A laid-out page, drawn up to the data.
pub(super) struct Page {
    pub canvas: Canvas,
    pub frames: Vec<Frame>,
    pub theme: Theme,
    bare: bool,
}

/// A panel on the page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub rect: Rect,
    pub x: Scale,
    pub y: Scale,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    x_labels: bool,
    y_labels: bool,
}

impl Frame {
    pub fn x_at(&self, value: f64) -> Option<f64> {
        Some(self.rect.x + self.x.place(value)? * self.rect.width)
    }

    pub fn y_at(&self, value: f64) -> Option<f64> {
        Some(self.rect.bottom() - self.y.place(value)? * self.rect.height)
    }

    pub fn at(&self, x: f64, y: f64) -> Option<Point> {
        Some(Point::new(self.x_at(x)?, self.y_at(y)?))
    }
}

impl Sheet {
    /// Lays out the page and draws what lies under the data.
    pub fn open(&self) -> Page {
        let theme = &self.theme;
        let (font, small) = (theme.font_size, theme.tick_size());
        let rows = 1 + self.panels.iter().map(|p| p.row).max().unwrap_or(0);
        let cols = 1 + self.panels.iter().map(|p| p.col).max().unwrap_or(0);

        // What stands above and beside the panels.
        let title_height = match self.title.is_empty() {
            true => 0.0,
            false => font + 1.0 + 5.0,
        };
        let entries = match self.legend_place {
            LegendPlace::None => &[][..],
            _ => &self.legend[..],
        };
        let inner = self.width - 2.0 * EDGE;
        let flowed = legend::flow(entries, &self.legend_title, theme, inner);
        let aside = match self.legend_place {
            LegendPlace::Right => true,
            LegendPlace::Auto => flowed.rows() > 3,
            _ => false,
        };
        let legend_width = match aside {
            true => legend::column_width(entries, &self.legend_title, theme) + 8.0,
            false => 0.0,
        };
        let legend_height = match aside {
            true => 0.0,
            false => flowed.height(),
        };
        let panel_titles = match self.panels.iter().any(|p| !p.title.is_empty()) {
            true => font + 4.0,
            false => 0.0,
        };
        let row_title_width = match self.row_titles.iter().any(|t| !t.is_empty()) {
            true => font + 5.0,
            false => 0.0,
        };
        let y_label_width = match self.y_label.is_empty() {
            true => 0.0,
            false => font + 4.0,
        };
        let x_label_height = match self.x_label.is_empty() {
            true => 0.0,
            false => font + 3.0,
        };
        let x_ticks_height = match self.bare {
            true => 2.0,
            false => TICK + TICK_GAP + small,
        };
        let below = |row: usize| !self.shared_x || self.is_lowest(row);

        // Lengths guessed from the page decide how many ticks fit; then the margins are exact.
        let guess = (inner - legend_width - 30.0) / cols as f64 - PANEL_GAP;
        let guess_height = match self.height {
            Some(height) => (height - 40.0) / rows as f64 - 15.0,
            None => guess * self.aspect,
        };
        let frames: Vec<(Vec<Tick>, Vec<Tick>)> = self
            .panels
            .iter()
            .map(|panel| {
                if self.bare {
                    return (Vec::new(), Vec::new());
                }
                let x = fitting(&panel.x, guess, |tick| {
                    markup::width(&tick.label, Weight::Regular, small) + small
                });
                let y = fitting(&panel.y, guess_height, |_| small * 1.9);
                (x, y)
            })
            .collect();
        let tick_width = |col: usize| {
            let of_col = self.panels.iter().zip(&frames);
            let widths = of_col
                .filter(|(panel, _)| panel.col == col && (!self.shared_y || col == 0))
                .flat_map(|(_, (_, y))| y.iter())
                .map(|tick| markup::width(&tick.label, Weight::Regular, small));
            let width = widths.fold(0.0, f64::max);
            match self.shared_y && col > 0 {
                true => 0.0,
                false => width + TICK + TICK_GAP,
            }
        };
        let tick_widths: Vec<f64> = (0..cols).map(tick_width).collect();
        // The last x label may reach beyond its panel.
        let overhang = frames
            .iter()
            .flat_map(|(x, _)| x.iter())
            .map(|tick| {
                let half = markup::width(&tick.label, Weight::Regular, small) / 2.0;
                half - (1.0 - tick.place) * guess
            })
            .fold(0.0, f64::max)
            .min(30.0);
        let (bar_ticks, bar_width) = self.bar(guess_height);
        let right = legend_width + row_title_width + bar_width + overhang + EDGE;
        let left = EDGE + y_label_width;
        let gaps = PANEL_GAP * (cols - 1) as f64;
        let panel_width = ((self.width - left - right - gaps - tick_widths.iter().sum::<f64>())
            / cols as f64)
            .max(10.0);

        let top = EDGE + title_height + legend_height;
        let row_extra = |row: usize| panel_titles + if below(row) { x_ticks_height } else { 0.0 };
        let row_gap = 6.0;
        let extras: f64 = (0..rows).map(row_extra).sum::<f64>() + row_gap * (rows - 1) as f64;
        let bottom = x_label_height + EDGE;
        // Half a tick label may stand above the panel.
        let head = small / 2.0;
        let panel_height = match self.height {
            Some(height) => (height - top - head - extras - bottom) / rows as f64,
            None => panel_width * self.aspect,
        }
        .max(10.0);
        let legend_column = match aside {
            true => legend::column_height(entries, &self.legend_title, theme),
            false => 0.0,
        };
        let height = (top + head + extras + panel_height * rows as f64 + bottom)
            .max(top + legend_column + EDGE);

        let mut canvas = Canvas::new(self.width, height);
        let page = Rect {
            x: 0.0,
            y: 0.0,
            width: self.width,
            height,
        };
        canvas.rect(page, theme::PAPER);

        let mut page_frames = Vec::with_capacity(self.panels.len());
        for (panel, (x_ticks, y_ticks)) in self.panels.iter().zip(frames) {
            let x = left
                + tick_widths[..=panel.col].iter().sum::<f64>()
                + (panel_width + PANEL_GAP) * panel.col as f64;
            let above: f64 = (0..panel.row).map(row_extra).sum();
            let y = top + head + above + (panel_height + row_gap) * panel.row as f64 + panel_titles;
            let rect = Rect {
                x,
                y,
                width: panel_width,
                height: panel_height,
            };
            page_frames.push(Frame {
                rect,
                x: panel.x.scale.clone(),
                y: panel.y.scale.clone(),
                x_ticks,
                y_ticks,
                x_labels: !self.shared_x || self.lowest_of_column(panel),
                y_labels: !self.shared_y || panel.col == 0,
            });
        }
        let bounds = bounds(&page_frames);
        self.captions(&mut canvas, &page_frames, bounds, height);
        if let Some(bar) = &self.colour_bar {
            let x = bounds.right() + row_title_width + 7.0;
            let height = bounds.height.min(110.0);
            let strip = Rect {
                x,
                y: bounds.y + (bounds.height - height) / 2.0,
                width: BAR,
                height,
            };
            self.draw_bar(&mut canvas, bar, &bar_ticks, strip);
        }
        if aside {
            let x = bounds.right() + row_title_width + bar_width + overhang + 8.0;
            legend::draw_column(&mut canvas, entries, &self.legend_title, theme, x, bounds.y);
        } else {
            let start = match flowed.rows() {
                1 => (bounds.x + (bounds.width - flowed.width()) / 2.0)
                    .clamp(EDGE, (self.width - EDGE - flowed.width()).max(EDGE)),
                _ => EDGE,
            };
            flowed.draw(&mut canvas, theme, start, EDGE + title_height);
        }
        for frame in &page_frames {
            self.lines(&mut canvas, frame);
        }
        Page {
            canvas,
            frames: page_frames,
            theme: theme.clone(),
            bare: self.bare,
        }
    }

    /// Ticks of the colour bar, and the width it needs with its labels.
    fn bar(&self, height: f64) -> (Vec<Tick>, f64) {
        let Some(bar) = &self.colour_bar else {
            return (Vec::new(), 0.0);
        };
        let small = self.theme.tick_size();
        let ticks = fitting(&bar.axis, height.min(110.0), |_| small * 1.9);
        let labels = ticks
            .iter()
            .map(|tick| markup::width(&tick.label, Weight::Regular, small));
        let label = match bar.label.is_empty() {
            true => 0.0,
            false => self.theme.font_size + 4.0,
        };
        let widest = labels.fold(0.0, f64::max);
        (ticks, 7.0 + BAR + TICK + TICK_GAP + widest + label)
    }

    fn draw_bar(&self, canvas: &mut Canvas, bar: &ColourBar, ticks: &[Tick], strip: Rect) {
        let (small, width) = (self.theme.tick_size(), self.theme.spine_width);
        const SLICES: usize = 64;
        let slice = strip.height / SLICES as f64;
        for i in 0..SLICES {
            let share = (i as f64 + 0.5) / SLICES as f64;
            // Each slice reaches under the next, so that no seam shows.
            let rect = Rect {
                x: strip.x,
                y: (strip.bottom() - (i + 1) as f64 * slice).max(strip.y),
                width: strip.width,
                height: if i == 0 { slice } else { slice * 1.5 },
            };
            canvas.rect(rect, colormap::sequential(share));
        }
        let mut widest: f64 = 0.0;
        for tick in ticks.iter().filter(|tick| !tick.label.is_empty()) {
            let y = strip.bottom() - tick.place * strip.height;
            let ends = [strip.right(), strip.right() + TICK].map(|x| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, width);
            let label = Label::new(&tick.label, small, theme::INK);
            widest = widest.max(label.width());
            canvas.centred(Point::new(strip.right() + TICK + TICK_GAP, y), label);
        }
        let x = strip.right() + TICK + TICK_GAP + widest + 4.0 + self.theme.font_size / 2.0;
        let at = Point::new(x, strip.y + strip.height / 2.0);
        let label = Label::new(&bar.label, self.theme.font_size, theme::INK);
        canvas.centred(at, label.align(Align::Middle).upwards());
    }

    /// Whether some column has its lowest panel in this row.
    fn is_lowest(&self, row: usize) -> bool {
        let mut in_row = self.panels.iter().filter(|panel| panel.row == row);
        in_row.any(|panel| self.lowest_of_column(panel))
    }

    fn lowest_of_column(&self, panel: &Panel) -> bool {
        let mut column = self.panels.iter().filter(|other| other.col == panel.col);
        column.all(|other| other.row <= panel.row)
    }

    /// Titles and axis labels.
    fn captions(&self, canvas: &mut Canvas, frames: &[Frame], bounds: Rect, height: f64) {
        let font = self.theme.font_size;
        let centre = bounds.x + bounds.width / 2.0;
        let title = Label::new(&self.title, font + 1.0, theme::INK).bold();
        // Over the panels where it fits there, else over the page.
        let half = title.width() / 2.0;
        let middle = match centre + half < self.width && centre - half > 0.0 {
            true => centre,
            false => self.width / 2.0,
        };
        let at = Point::new(middle, EDGE + font);
        canvas.text(at, title.align(Align::Middle));
        for (panel, frame) in self.panels.iter().zip(frames) {
            let at = Point::new(frame.rect.x + frame.rect.width / 2.0, frame.rect.y - 4.0);
            let label = Label::new(&panel.title, font, theme::INK).align(Align::Middle);
            canvas.text(at, label);
        }
        for (row, title) in self.row_titles.iter().enumerate() {
            let mut in_row = self.panels.iter().zip(frames).filter(|(p, _)| p.row == row);
            if let Some((_, frame)) = in_row.next_back() {
                let middle = frame.rect.y + frame.rect.height / 2.0;
                let at = Point::new(bounds.right() + 3.0 + font / 2.0, middle);
                let label = Label::new(title, font, theme::INK);
                canvas.centred(at, label.align(Align::Middle).upwards());
            }
        }
        let at = Point::new(centre, height - EDGE - 1.5);
        let label = Label::new(&self.x_label, font, theme::INK);
        canvas.text(at, label.align(Align::Middle));
        let at = Point::new(EDGE + font / 2.0, bounds.y + bounds.height / 2.0);
        let label = Label::new(&self.y_label, font, theme::INK);
        canvas.centred(at, label.align(Align::Middle).upwards());
    }

    /// Light lines under the data.
    fn lines(&self, canvas: &mut Canvas, frame: &Frame) {
        if !self.theme.grid {
            return;
        }
        let rect = frame.rect;
        let labelled = |tick: &&Tick| !tick.label.is_empty();
        if self.grid_y {
            for tick in frame.y_ticks.iter().filter(labelled) {
                let y = rect.bottom() - tick.place * rect.height;
                let points = vec![Point::new(rect.x, y), Point::new(rect.right(), y)];
                canvas.line(points, theme::FAINT, 0.4);
            }
        }
        if self.grid_x {
            for tick in frame.x_ticks.iter().filter(labelled) {
                let x = rect.x + tick.place * rect.width;
                let points = vec![Point::new(x, rect.y), Point::new(x, rect.bottom())];
                canvas.line(points, theme::FAINT, 0.4);
            }
        }
    }
}

impl Page {
    /// Draws inside a panel; nothing leaves its frame but markers at its edge.
    pub fn inside(&mut self, frame: usize, draw: impl FnOnce(&mut Canvas, &Frame, &Theme)) {
        let frame = self.frames[frame].clone();
        // Half a marker may stand over the edge.
        let room = self.theme.marker_size;
        self.canvas.marks.push(Mark::Clip(Rect {
            x: frame.rect.x - room,
            y: frame.rect.y - room,
            width: frame.rect.width + 2.0 * room,
            height: frame.rect.height + 2.0 * room,
        }));
        draw(&mut self.canvas, &frame, &self.theme);
        self.canvas.marks.push(Mark::Unclip);
    }

    /// Draws the axes over the data.
    pub fn close(mut self) -> Canvas {
        let (theme, canvas) = (&self.theme, &mut self.canvas);
        let (width, small) = (theme.spine_width, theme.tick_size());
        for frame in &self.frames {
            let rect = frame.rect;
            let [upper_left, upper_right, lower_right, lower_left] = rect.corners();
            let mut spines = vec![upper_left, lower_left, lower_right];
            if self.bare {
                // Without ticks there are no axes, only a frame.
                spines.extend([upper_right, upper_left, lower_left]);
            }
            canvas.line(spines, theme::INK, width);
            for tick in &frame.x_ticks {
                let x = rect.x + tick.place * rect.width;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let ends = [rect.bottom(), rect.bottom() + length];
                let points = ends.map(|y| Point::new(x, y)).to_vec();
                canvas.line(points, theme::INK, if minor { width * 0.7 } else { width });
                if frame.x_labels && !minor {
                    let at = Point::new(x, rect.bottom() + TICK + TICK_GAP + small * 0.75);
                    let label = Label::new(&tick.label, small, theme::INK);
                    canvas.text(at, label.align(Align::Middle));
                }
            }
            for tick in &frame.y_ticks {
                let y = rect.bottom() - tick.place * rect.height;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let points = [rect.x - length, rect.x].map(|x| Point::new(x, y));
                let stroke = if minor { width * 0.7 } else { width };
                canvas.line(points.to_vec(), theme::INK, stroke);
                if frame.y_labels && !minor {
                    let at = Point::new(rect.x - TICK - TICK_GAP, y);
                    let label = Label::new(&tick.label, small, theme::INK);
                    canvas.centred(at, label.align(Align::End));
                }
            }
        }
        self.canvas
    }
}

/// Ticks whose labels, each needing some length, fit on an axis.
fn fitting(axis: &Axis, length: f64, need: impl Fn(&Tick) -> f64) -> Vec<Tick> {
    let mut room = ((length / 14.0) as usize).clamp(2, 8);
    loop {
        let candidate = ticks(&axis.scale, room, &axis.at);
        let labelled = candidate.iter().filter(|tick| !tick.label.is_empty());
        let needed: f64 = labelled.map(&need).sum();
        if needed <= length || room <= 2 {
            return candidate;
        }
        room -= 1;
    }
}

/// The rectangle around all panels.
fn bounds(frames: &[Frame]) -> Rect {
    let x = frames
        .iter()
        .map(|f| f.rect.x)
        .fold(f64::INFINITY, f64::min);
    let y = frames
        .iter()
        .map(|f| f.rect.y)
        .fold(f64::INFINITY, f64::min);
    let right = frames.iter().map(|f| f.rect.right()).fold(0.0, f64::max);
    let bottom = frames.iter().map(|f| f.rect.bottom()).fold(0.0, f64::max);
    Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    }
}
