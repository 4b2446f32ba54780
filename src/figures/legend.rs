//! The legend: names with samples of their marks, in rows over or under the panels or in columns
//! beside them.

use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::canvas::Rect;
use super::font::Weight;
use super::hatch;
use super::marker;
use super::theme;
use super::theme::Theme;
use super::wrap::Lines;

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
    /// An area with the strokes of a group.
    Hatched {
        colour: Colour,
        pattern: usize,
    },
    /// Nothing: the entry is the name of the axis whose values follow.
    Title,
}

/// A legend laid out: every entry with its place from the upper left.
#[derive(Clone, Debug)]
pub(super) struct Legend {
    title: String,
    items: Vec<Item>,
    pub width: f64,
    pub height: f64,
    /// Lines of entries.
    pub rows: usize,
    /// Entries that have no room.
    pub left: usize,
}

#[derive(Clone, Debug)]
struct Item {
    entry: Entry,
    lines: Lines,
    x: f64,
    /// Of its first line.
    middle: f64,
}

fn sample_width(entry: &Entry) -> f64 {
    match entry.sample {
        Sample::Line { .. } => SAMPLE,
        Sample::Marker { .. } => 6.0,
        Sample::Area { .. } | Sample::Hatched { .. } => 8.0,
        Sample::Title => -GAP,
    }
}

fn size(theme: &Theme) -> f64 {
    theme.tick_size() + 0.5
}

fn title_label(title: &str, theme: &Theme) -> Label {
    Label::new(title, size(theme), theme::MUTED)
}

/// The entries with their texts broken so that none is wider than `width`.
fn measured(entries: &[Entry], theme: &Theme, width: f64) -> Vec<(Entry, Lines, f64)> {
    let measure = |entry: &Entry| {
        let before = sample_width(entry) + GAP;
        let lines = Lines::new(&entry.label, Weight::Regular, size(theme), width - before);
        let own = before + lines.width();
        (entry.clone(), lines, own)
    };
    entries.iter().map(measure).collect()
}

/// At most `most` entries, the last of which counts those left out, and how many these are.
fn cut(entries: &[Entry], most: usize) -> (Vec<Entry>, usize) {
    if entries.len() <= most {
        return (entries.to_vec(), 0);
    }
    let most = most.max(2);
    let mut kept = entries[..most - 1].to_vec();
    let left = entries.len() - kept.len();
    kept.push(Entry {
        label: format!("and {left} more"),
        sample: Sample::Title,
    });
    (kept, left)
}

impl Legend {
    /// Without an entry.
    pub(super) fn none() -> Self {
        Legend {
            title: String::new(),
            items: Vec::new(),
            width: 0.0,
            height: 0.0,
            rows: 0,
            left: 0,
        }
    }

    /// Entries in rows of a width, of which there may be `most`.
    pub(super) fn in_rows(
        entries: &[Entry],
        title: &str,
        theme: &Theme,
        width: f64,
        most: usize,
    ) -> Self {
        let mut shown = entries.len();
        loop {
            let (kept, left) = cut(entries, shown);
            let legend = Legend::rows(&kept, title, theme, width);
            if legend.rows <= most || shown <= 2 {
                return Legend { left, ..legend };
            }
            // As many as the rows that there may be hold.
            shown = (shown * most / legend.rows).min(shown - 1);
        }
    }

    fn rows(entries: &[Entry], title: &str, theme: &Theme, width: f64) -> Self {
        if entries.is_empty() {
            return Legend::none();
        }
        let title_width = match title.is_empty() {
            true => 0.0,
            false => title_label(title, theme).width() + BETWEEN,
        };
        let room = width - title_width;
        let items = measured(entries, theme, room);
        let mut rows: Vec<Vec<(usize, f64)>> = Vec::new();
        let mut used = f64::INFINITY;
        for (i, (_, _, own)) in items.iter().enumerate() {
            if used + own > width + 1e-6 {
                rows.push(Vec::new());
                used = title_width;
            }
            if let Some(row) = rows.last_mut() {
                row.push((i, used));
            }
            used += own + BETWEEN;
        }
        // Entries of several rows stand in columns as wide as the widest.
        if rows.len() > 1 {
            let widest = items.iter().map(|(_, _, own)| own + BETWEEN);
            let cell = widest.fold(0.0, f64::max);
            let columns = (((room + BETWEEN) / cell) as usize).max(1);
            // Rows are of one length, but for the last.
            let columns = items.len().div_ceil(items.len().div_ceil(columns));
            let count = items.len().div_ceil(columns);
            if count <= rows.len() + 1 {
                let all: Vec<usize> = (0..items.len()).collect();
                let row = |row: &[usize]| {
                    let cells = row.iter().enumerate();
                    cells
                        .map(|(c, i)| (*i, title_width + c as f64 * cell))
                        .collect()
                };
                rows = all.chunks(columns).map(row).collect();
            }
        }
        let line = theme.font_size + 3.0;
        let mut legend = Legend {
            title: title.to_owned(),
            rows: rows.len(),
            ..Legend::none()
        };
        for row in rows {
            let mut tallest = line;
            for (i, x) in row {
                let (entry, lines, own) = &items[i];
                tallest = tallest.max(lines.height() + 3.0);
                legend.width = legend.width.max(x + own);
                legend.items.push(Item {
                    entry: entry.clone(),
                    lines: lines.clone(),
                    x,
                    middle: legend.height + line / 2.0,
                });
            }
            legend.height += tallest;
        }
        legend.height += 2.0;
        legend
    }

    /// Entries in columns beside the panels, within a width and a height.
    pub(super) fn in_columns(
        entries: &[Entry],
        title: &str,
        theme: &Theme,
        room: (f64, f64),
    ) -> Self {
        let mut shown = entries.len();
        loop {
            let (kept, left) = cut(entries, shown);
            match Legend::columns(&kept, title, theme, room) {
                Ok(legend) => return Legend { left, ..legend },
                Err(fits) => shown = fits.min(shown - 1),
            }
        }
    }

    /// The legend, or how many of the entries fit.
    fn columns(
        entries: &[Entry],
        title: &str,
        theme: &Theme,
        (width, height): (f64, f64),
    ) -> Result<Self, usize> {
        if entries.is_empty() {
            return Ok(Legend::none());
        }
        let line = theme.font_size + 3.0;
        let items = measured(entries, theme, width);
        let heading = if title.is_empty() { 0.0 } else { line };
        let widest = items
            .iter()
            .map(|(_, _, own)| own + BETWEEN)
            .fold(0.0, f64::max);
        let columns = (((width + BETWEEN) / widest) as usize).max(1);
        let mut legend = Legend {
            title: title.to_owned(),
            width: title_label(title, theme).width(),
            height: heading,
            ..Legend::none()
        };
        let (mut column, mut y) = (0, heading);
        for (i, (entry, lines, own)) in items.iter().enumerate() {
            let tall = line.max(lines.height() + 3.0);
            if y + tall > height.max(heading + 3.0 * line) + 1e-6 {
                if column + 1 == columns && i > 2 {
                    return Err(i);
                }
                (column, y) = (column + 1, heading);
            }
            let x = column as f64 * widest;
            legend.items.push(Item {
                entry: entry.clone(),
                lines: lines.clone(),
                x,
                middle: y + line / 2.0,
            });
            y += tall;
            legend.width = legend.width.max(x + own);
            legend.height = legend.height.max(y);
        }
        legend.rows = legend.items.len();
        Ok(legend)
    }

    /// Draws it with its upper left at a point.
    pub(super) fn draw(&self, canvas: &mut Canvas, theme: &Theme, at: Point) {
        if !self.title.is_empty() {
            let middle = at.y + (theme.font_size + 3.0) / 2.0;
            canvas.centred(Point::new(at.x, middle), title_label(&self.title, theme));
        }
        for item in &self.items {
            item.draw(canvas, theme, at);
        }
    }
}

impl Item {
    fn draw(&self, canvas: &mut Canvas, theme: &Theme, at: Point) {
        let (x, middle) = (at.x + self.x, at.y + self.middle);
        let width = sample_width(&self.entry);
        let centre = Point::new(x + width / 2.0, middle);
        let area = Rect {
            x,
            y: middle - 3.0,
            width,
            height: 6.0,
        };
        match &self.entry.sample {
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
            Sample::Area { colour } => canvas.rect(area, *colour),
            Sample::Hatched { colour, pattern } => {
                canvas.rect(area, *colour);
                hatch::draw(canvas, *pattern, area);
            }
            Sample::Title => {}
        }
        let ink = match self.entry.sample {
            Sample::Title => theme::MUTED,
            _ => theme::INK,
        };
        let like = Label::new("", size(theme), ink);
        let at = Point::new(x + width + GAP, middle);
        self.lines.stacked(canvas, at, &like);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        let entry = |i| Entry {
            label: format!("run {i}"),
            sample: Sample::Area { colour: theme::INK },
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let theme = Theme::default();
        let legend = Legend::in_rows(&entries(500), "", &theme, 200.0, 5);
        assert!(legend.rows <= 5);
        let last = legend.items.last().expect("entries");
        let named = legend.items.len() - 1;
        assert_eq!(last.entry.label, format!("and {} more", 500 - named));
        let legend = Legend::in_columns(&entries(500), "", &theme, (90.0, 110.0));
        assert!(legend.height <= 110.0 && legend.width <= 90.0);
        let named = legend.items.len() - 1;
        let last = legend.items.last().expect("entries");
        assert_eq!(last.entry.label, format!("and {} more", 500 - named));
    }

    #[test]
    fn every_entry_stands_where_all_have_room() {
        let theme = Theme::default();
        assert_eq!(
            Legend::in_rows(&entries(9), "", &theme, 100.0, 10)
                .items
                .len(),
            9
        );
        let legend = Legend::in_columns(&entries(20), "n", &theme, (90.0, 125.0));
        assert_eq!(legend.items.len(), 20);
    }
}
