//! From the texts of a page to the place of every panel.

use super::super::canvas::Canvas;
use super::super::canvas::Rect;
use super::super::font::Weight;
use super::super::legend;
use super::super::markup;
use super::super::ticks::Tick;
use super::super::ticks::ticks;
use super::Axis;
use super::BAR;
use super::EDGE;
use super::Frame;
use super::LegendPlace;
use super::PANEL_GAP;
use super::Page;
use super::Panel;
use super::Sheet;
use super::TICK;
use super::TICK_GAP;

impl Sheet {
    /// Lays out the page and draws what lies under the data.
    pub(crate) fn open(&self) -> Page {
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

    /// Whether some column has its lowest panel in this row.
    fn is_lowest(&self, row: usize) -> bool {
        let mut in_row = self.panels.iter().filter(|panel| panel.row == row);
        in_row.any(|panel| self.lowest_of_column(panel))
    }

    fn lowest_of_column(&self, panel: &Panel) -> bool {
        let mut column = self.panels.iter().filter(|other| other.col == panel.col);
        column.all(|other| other.row <= panel.row)
    }
}

/// Ticks whose labels, each needing some length, fit on an axis.
pub(super) fn fitting(axis: &Axis, length: f64, need: impl Fn(&Tick) -> f64) -> Vec<Tick> {
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
pub(super) fn bounds(frames: &[Frame]) -> Rect {
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
