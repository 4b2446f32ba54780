//! The legend: names with samples of their marks, in rows over the panels or a column beside them.

use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::canvas::Rect;
use super::marker;
use super::theme;
use super::theme::Theme;

const SAMPLE: f64 = 15.0;
const GAP: f64 = 3.0;
const BETWEEN: f64 = 9.0;

/// One name with its mark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub label: String,
    pub sample: Sample,
}

/// The mark that stands for a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sample {
    Line {
        colour: Colour,
        dash: Vec<f64>,
        marker: Option<usize>,
    },
    Marker {
        colour: Colour,
        marker: usize,
    },
    Area {
        colour: Colour,
    },
    /// Nothing: the entry is the name of the axis whose values follow.
    Title,
}

/// Entries broken into rows.
pub(super) struct Flowed<'a> {
    title: String,
    rows: Vec<Vec<(&'a Entry, f64)>>,
    title_width: f64,
    row_height: f64,
}

fn sample_width(entry: &Entry) -> f64 {
    match entry.sample {
        Sample::Line { .. } => SAMPLE,
        Sample::Marker { .. } => 6.0,
        Sample::Area { .. } => 8.0,
        Sample::Title => -GAP,
    }
}

fn entry_width(entry: &Entry, theme: &Theme) -> f64 {
    let label = Label::new(&entry.label, theme.tick_size() + 0.5, theme::INK);
    sample_width(entry) + GAP + label.width()
}

fn title_label(title: &str, theme: &Theme) -> Label {
    Label::new(title, theme.tick_size() + 0.5, theme::MUTED)
}

/// Breaks entries into rows of a width.
pub(super) fn flow<'a>(entries: &'a [Entry], title: &str, theme: &Theme, width: f64) -> Flowed<'a> {
    let title_width = match title.is_empty() || entries.is_empty() {
        true => 0.0,
        false => title_label(title, theme).width() + BETWEEN,
    };
    let mut rows: Vec<Vec<(&Entry, f64)>> = Vec::new();
    let mut used = f64::INFINITY;
    for entry in entries {
        let own = entry_width(entry, theme);
        if used + own > width {
            rows.push(Vec::new());
            used = title_width;
        }
        if let Some(row) = rows.last_mut() {
            row.push((entry, used));
        }
        used += own + BETWEEN;
    }
    // Entries of several rows stand in columns as wide as the widest.
    if rows.len() > 1 {
        let cell = entries
            .iter()
            .map(|entry| entry_width(entry, theme) + BETWEEN)
            .fold(0.0, f64::max);
        let columns = (((width - title_width + BETWEEN) / cell) as usize).max(1);
        // Rows are of one length, but for the last.
        let columns = entries.len().div_ceil(entries.len().div_ceil(columns));
        if entries.len().div_ceil(columns) <= rows.len() + 1 {
            rows = entries
                .chunks(columns)
                .map(|row| {
                    let cells = row.iter().enumerate();
                    cells
                        .map(|(i, entry)| (entry, title_width + i as f64 * cell))
                        .collect()
                })
                .collect();
        }
    }
    Flowed {
        title: title.to_owned(),
        rows,
        title_width,
        row_height: theme.font_size + 3.0,
    }
}

impl Flowed<'_> {
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn height(&self) -> f64 {
        match self.rows.len() {
            0 => 0.0,
            n => n as f64 * self.row_height + 2.0,
        }
    }

    pub(super) fn width(&self) -> f64 {
        let theme = Theme::default();
        let ends = self.rows.iter().filter_map(|row| row.last());
        ends.map(|(entry, x)| x + entry_width(entry, &theme))
            .fold(0.0, f64::max)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, theme: &Theme, x: f64, y: f64) {
        if self.title_width > 0.0 {
            let at = Point::new(x, y + self.row_height / 2.0);
            canvas.centred(at, title_label(&self.title, theme));
        }
        for (i, row) in self.rows.iter().enumerate() {
            let middle = y + (i as f64 + 0.5) * self.row_height;
            for (entry, offset) in row {
                draw_entry(canvas, entry, theme, x + offset, middle);
            }
        }
    }
}

/// Width of the entries in one column.
pub(super) fn column_width(entries: &[Entry], title: &str, theme: &Theme) -> f64 {
    let widths = entries.iter().map(|entry| entry_width(entry, theme));
    widths.fold(title_label(title, theme).width(), f64::max)
}

/// Height of the entries in one column.
pub(super) fn column_height(entries: &[Entry], title: &str, theme: &Theme) -> f64 {
    let lines = entries.len() + usize::from(!title.is_empty());
    lines as f64 * (theme.font_size + 3.0)
}

/// Draws the entries in one column.
pub(super) fn draw_column(
    canvas: &mut Canvas,
    entries: &[Entry],
    title: &str,
    theme: &Theme,
    x: f64,
    y: f64,
) {
    let height = theme.font_size + 3.0;
    let mut middle = y + height / 2.0;
    if !title.is_empty() {
        canvas.centred(Point::new(x, middle), title_label(title, theme));
        middle += height;
    }
    for entry in entries {
        draw_entry(canvas, entry, theme, x, middle);
        middle += height;
    }
}

fn draw_entry(canvas: &mut Canvas, entry: &Entry, theme: &Theme, x: f64, middle: f64) {
    let width = sample_width(entry);
    let centre = Point::new(x + width / 2.0, middle);
    match &entry.sample {
        Sample::Line {
            colour,
            dash,
            marker,
        } => {
            let points = vec![Point::new(x, middle), Point::new(x + width, middle)];
            canvas.dashed(points, *colour, theme.line_width, dash);
            if let Some(shape) = marker {
                marker::draw(canvas, *shape, centre, theme.marker_size, *colour);
            }
        }
        Sample::Marker { colour, marker } => {
            marker::draw(canvas, *marker, centre, theme.marker_size, *colour);
        }
        Sample::Area { colour } => canvas.rect(
            Rect {
                x,
                y: middle - 3.0,
                width,
                height: 6.0,
            },
            *colour,
        ),
        Sample::Title => {}
    }
    let ink = match entry.sample {
        Sample::Title => theme::MUTED,
        _ => theme::INK,
    };
    let label = Label::new(&entry.label, theme.tick_size() + 0.5, ink);
    canvas.centred(Point::new(x + width + GAP, middle), label);
}
