//! From the texts of a page to the place of every panel.
//!
//! Widths decide how labels stand, and labels decide widths: the plan is settled step by step, and
//! what was once turned, thinned or moved below stays so, so that it comes to rest.

use super::super::font::Weight;
use super::super::legend::Legend;
use super::super::scale::Scale;
use super::super::theme::INCH;
use super::super::ticks::Tick;
use super::super::ticks::ticks;
use super::super::wrap;
use super::super::wrap::Lines;
use super::Axis;
use super::EDGE;
use super::LegendPlace;
use super::PANEL_GAP;
use super::Panel;
use super::Sheet;
use super::TICK;
use super::TICK_GAP;
use super::bar::Bar;
use super::labels;
use super::labels::Along;
use super::labels::Labels;
use super::labels::Turn;

/// Rounds of settling; a few are enough, the first of them guesses.
const ROUNDS: usize = 12;
const GUESSES: usize = 4;
/// The share of the page that names along y may take, and the least that is broken off them for panels.
const NAMES: f64 = 0.42;
const LEAST_NAMES: f64 = 0.22;
/// The share of the page that panels have where what stands beside them can do with less.
const PANELS: f64 = 0.42;
/// The share of the page that a legend beside the panels may take, found so and asked for.
const ASIDE: [f64; 2] = [0.36, 0.5];
/// The most height that names along y give to a page: that of the text on paper.
const PAGE: f64 = 9.0 * INCH;
/// Names along y are broken into so many lines before they take more of the page.
const NAME_LINES: f64 = 3.0;
/// Lines of a legend over or under the panels.
const LEGEND_ROWS: usize = 12;
/// Titles beside rows of panels are broken into lines no shorter than this; the rows are as high.
const ROW_TITLE: f64 = 56.0;
/// Between rows of panels.
pub(super) const ROW_GAP: f64 = 6.0;
/// A panel is never lower, even if the page must grow.
const LOWEST: f64 = 24.0;

/// Where the legend ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Above,
    Below,
    Aside,
}

/// Everything on the page with its size.
pub(super) struct Plan {
    pub rows: usize,
    pub cols: usize,
    /// Of a panel.
    pub width: f64,
    pub height: f64,
    pub ticks: Vec<(Vec<Tick>, Vec<Tick>)>,
    pub x_labels: Vec<Labels>,
    pub y_labels: Vec<Labels>,
    /// How x labels stand, of the turns tried in their order.
    turn: usize,
    pub y_every: usize,
    /// Whether names along y end early so that all of them stand.
    pub y_cut: bool,
    pub title: Lines,
    pub x_label: Lines,
    pub y_label: Lines,
    pub panel_titles: Vec<Lines>,
    pub row_titles: Vec<Lines>,
    pub bar: Bar,
    pub legend: Legend,
    pub stand: Stand,
    /// Left of the first panel, and of the panels after it their tick labels.
    pub left: f64,
    pub tick_widths: Vec<f64>,
    /// How far labels along x reach beyond the last panel.
    pub overhang: f64,
}

impl Plan {
    pub(super) fn new(sheet: &Sheet) -> Self {
        let rows = 1 + sheet.panels.iter().map(|p| p.row).max().unwrap_or(0);
        let cols = 1 + sheet.panels.iter().map(|p| p.col).max().unwrap_or(0);
        let width = (sheet.width - 36.0) / cols as f64 - PANEL_GAP;
        let none = || Lines::single("", Weight::Regular, sheet.theme.font_size);
        let mut plan = Plan {
            rows,
            cols,
            width,
            height: match sheet.height {
                Some(height) => (height - 40.0) / rows as f64 - 15.0,
                None => width * sheet.aspect,
            },
            ticks: Vec::new(),
            x_labels: Vec::new(),
            y_labels: Vec::new(),
            turn: 0,
            y_every: 1,
            y_cut: false,
            title: none(),
            x_label: none(),
            y_label: none(),
            panel_titles: Vec::new(),
            row_titles: Vec::new(),
            bar: Bar::none(),
            legend: Legend::none(),
            stand: Stand::Above,
            left: EDGE,
            tick_widths: vec![0.0; cols],
            overhang: 0.0,
        };
        for round in 0..ROUNDS {
            let before = (plan.width, plan.height);
            if round == GUESSES {
                // What the first rounds thinned was for sizes that nothing had settled yet.
                plan.y_every = 1;
            }
            plan.settle(sheet);
            let still = [plan.width - before.0, plan.height - before.1];
            let still = still.iter().all(|change| change.abs() < 1e-3);
            if still && (round > GUESSES || plan.y_every == 1) {
                break;
            }
        }
        plan
    }

    /// One round: texts for the size of a panel, then the size that they leave.
    fn settle(&mut self, sheet: &Sheet) {
        let theme = &sheet.theme;
        let font = theme.font_size;
        let inner = sheet.width - 2.0 * EDGE;
        self.label(sheet);
        self.title = Lines::new(&sheet.title, Weight::SemiBold, font + 1.0, inner);
        self.x_label = Lines::new(&sheet.x_label, Weight::Regular, font, inner);
        let across = self.body(sheet).max(40.0);
        self.y_label = Lines::new(&sheet.y_label, Weight::Regular, font, across);
        let titles = sheet.panels.iter();
        self.panel_titles = titles
            .map(|panel| Lines::new(&panel.title, Weight::Regular, font, self.width))
            .collect();
        let titles = sheet.row_titles.iter();
        self.row_titles = titles
            .map(|title| Lines::new(title, Weight::Regular, font, self.height.max(ROW_TITLE)))
            .collect();
        self.bar = Bar::new(sheet, self.height, across);
        self.place_legend(sheet, inner);

        // Left: the tick labels beside the y label, and what slanted labels need.
        let y_label = self.y_label_width();
        let mut left = EDGE + y_label + self.tick_widths[0];
        let turn = self.turn(sheet);
        let mut overhang: f64 = 0.0;
        for (panel, labels) in sheet.panels.iter().zip(&self.x_labels) {
            for (place, lines) in labels {
                let (before, after) = turn.reach(lines);
                if panel.col == 0 {
                    let beside = if panel.row + 1 < self.rows {
                        y_label
                    } else {
                        0.0
                    };
                    left = left.max(EDGE + beside + before - place * self.width);
                }
                if panel.col + 1 == self.cols {
                    overhang = overhang.max(after - (1.0 - place) * self.width);
                }
            }
        }
        (self.left, self.overhang) = (left, overhang);
        let between =
            PANEL_GAP * (self.cols - 1) as f64 + self.tick_widths[1..].iter().sum::<f64>();
        let room = sheet.width - left - between - self.right();
        self.width = (room / self.cols as f64).max(10.0);
        self.height = self.panel_height(sheet);
    }

    /// What stands right of the panels.
    fn right(&self) -> f64 {
        let legend = match self.stand {
            Stand::Aside if self.legend.rows > 0 => self.legend.width + 8.0,
            _ => 0.0,
        };
        legend + self.row_title_width() + self.bar.width + self.overhang + EDGE
    }

    pub(super) fn row_title_width(&self) -> f64 {
        let heights = self.row_titles.iter().map(Lines::height);
        match heights.fold(0.0, f64::max) {
            0.0 => 0.0,
            height => height + 5.0,
        }
    }

    pub(super) fn y_label_width(&self) -> f64 {
        match self.y_label.height() {
            0.0 => 0.0,
            height => height + 4.0,
        }
    }

    /// Over a row of panels.
    pub(super) fn over(&self, sheet: &Sheet, row: usize) -> f64 {
        let of_row = sheet.panels.iter().zip(&self.panel_titles);
        let heights = of_row.filter(|(panel, _)| panel.row == row);
        let title = match heights.map(|(_, t)| t.height()).fold(0.0, f64::max) {
            0.0 => 0.0,
            height => height + 4.0,
        };
        title.max(self.beyond(sheet, row).0)
    }

    /// Under a row of panels: ticks with their labels.
    pub(super) fn under(&self, sheet: &Sheet, row: usize) -> f64 {
        if sheet.bare {
            return 2.0;
        }
        let turn = self.turn(sheet);
        let of_row = sheet.panels.iter().zip(&self.x_labels);
        let heights = of_row.filter(|(panel, _)| panel.row == row && sheet.labels_x(panel));
        heights
            .map(|(_, labels)| turn.height(labels, &sheet.theme))
            .fold(self.beyond(sheet, row).1, f64::max)
    }

    /// Over the panels: title and legend, and half a tick label.
    pub(super) fn top(&self, sheet: &Sheet) -> f64 {
        let title = match self.title.height() {
            0.0 => 0.0,
            height => height + 5.0,
        };
        let legend = match self.stand {
            Stand::Above => self.legend.height,
            _ => 0.0,
        };
        EDGE + title + legend + sheet.theme.tick_size() / 2.0
    }

    /// Under the lowest tick labels: the x label and the legend.
    pub(super) fn bottom(&self) -> f64 {
        let label = match self.x_label.height() {
            0.0 => 0.0,
            height => height + 3.0,
        };
        let legend = match self.stand {
            Stand::Below => self.legend.height + 3.0,
            _ => 0.0,
        };
        label + legend + EDGE
    }

    /// Between the upper edge of the first panels and the lower edge of the last.
    fn body(&self, sheet: &Sheet) -> f64 {
        let between = (1..self.rows).map(|row| {
            let over = match self.panel_titles.is_empty() {
                true => 0.0,
                false => self.over(sheet, row),
            };
            over + self.under(sheet, row - 1) + ROW_GAP
        });
        self.height * self.rows as f64 + between.sum::<f64>()
    }

    fn panel_height(&self, sheet: &Sheet) -> f64 {
        if let Some(height) = sheet.height {
            return self.share(sheet, height);
        }
        let need = sheet.panels.iter().zip(&self.y_labels);
        let need = need.map(|(panel, labels)| match &panel.y.scale {
            Scale::Category { values } => {
                labels::need(labels).max(values.len() as f64 * sheet.line.unwrap_or(0.0))
            }
            _ => 0.0,
        });
        let need = need.fold(0.0, f64::max).min(self.highest(sheet));
        if sheet.square {
            return (self.width * sheet.aspect).max(10.0);
        }
        match sheet.line {
            Some(_) => need.max(10.0),
            None => (self.width * sheet.aspect)
                .max(need)
                .max(self.beside_legend())
                .max(self.row_titles.iter().map(Lines::width).fold(0.0, f64::max))
                .max(10.0),
        }
    }

    /// The height of a panel on a page of this height.
    fn share(&self, sheet: &Sheet, page: f64) -> f64 {
        let extras: f64 = (0..self.rows)
            .map(|row| self.over(sheet, row) + self.under(sheet, row))
            .sum();
        let gaps = ROW_GAP * (self.rows - 1) as f64;
        let rest = page - self.top(sheet) - extras - gaps - self.bottom();
        (rest / self.rows as f64).max(LOWEST)
    }

    /// The height that names along y may give to a panel: beyond it they are thinned.
    fn highest(&self, sheet: &Sheet) -> f64 {
        self.share(sheet, PAGE).max(self.width * sheet.aspect)
    }

    /// How far names of several lines along y reach over and under the panels of a row, beyond half a line.
    fn beyond(&self, sheet: &Sheet, row: usize) -> (f64, f64) {
        let small = sheet.theme.tick_size();
        let of_row = sheet.panels.iter().zip(&self.y_labels);
        let labels = of_row.filter(|(panel, _)| panel.row == row);
        let labels = labels.flat_map(|(_, labels)| labels);
        labels.fold((0.0, 0.0), |(over, under): (f64, f64), (place, lines)| {
            let half = (lines.height() - small) / 2.0;
            let over = over.max(half - (1.0 - place) * self.height);
            (over, under.max(half - place * self.height))
        })
    }

    /// A panel beside a long legend is as high as that, if not much higher than wide.
    fn beside_legend(&self) -> f64 {
        match (self.stand, self.rows) {
            (Stand::Aside, 1) => self.legend.height.min(0.9 * self.width),
            _ => 0.0,
        }
    }

    pub(super) fn turn(&self, sheet: &Sheet) -> Turn {
        let scale = sheet.panels.first().map(|panel| &panel.x.scale);
        let tried = labels::turns(scale.unwrap_or(&Scale::Linear {
            low: 0.0,
            high: 1.0,
        }));
        tried[self.turn.min(tried.len() - 1)]
    }

    /// Ticks and their labels for the present size of a panel.
    fn label(&mut self, sheet: &Sheet) {
        let small = sheet.theme.tick_size();
        let (width, height) = (self.width, self.height);
        let x_need = |tick: &Tick| Lines::single(&tick.label, Weight::Regular, small).width();
        let axes = sheet.panels.iter().map(|panel| match sheet.bare {
            true => (Vec::new(), Vec::new()),
            false => (
                fitting(&panel.x, width, |tick| x_need(tick) + small),
                fitting(&panel.y, height, |_| small * 1.9),
            ),
        });
        self.ticks = axes.collect();
        let beside = self.right() + self.y_label_width() + EDGE + TICK + TICK_GAP;
        let names = (1.0 - PANELS) * sheet.width - beside;
        let least = if sheet.square { NAMES } else { LEAST_NAMES };
        let most = NAMES * sheet.width;
        let names = names.clamp(least * sheet.width, most);
        self.y_labels = self.names(sheet, names);
        let all = self.y_labels.iter().flatten();
        let tallest = all.map(|(_, lines)| lines.height()).fold(0.0, f64::max);
        if tallest > small * wrap::LEADING * NAME_LINES {
            self.y_labels = self.names(sheet, most);
        }
        let high = match sheet.height.is_some() || sheet.square {
            true => height,
            false => self.highest(sheet),
        };
        self.y_cut = false;
        let every = self.every(sheet, high);
        if every > 1 {
            let names = sheet.panels.iter().zip(&mut self.y_labels);
            let names = names.filter(|(panel, _)| matches!(panel.y.scale, Scale::Category { .. }));
            for (_, names) in names {
                self.y_cut |= labels::cut(names, high);
            }
        }
        self.y_every = self.every(sheet, high).max(self.y_every);
        for labels in &mut self.y_labels {
            labels::thin(labels, self.y_every, labels::middle(self.y_every));
        }
        for (col, own) in self.tick_widths.iter_mut().enumerate() {
            let of_col = sheet.panels.iter().zip(&self.y_labels);
            let of_col = of_col.filter(|(panel, _)| panel.col == col);
            let widths = of_col.flat_map(|(_, labels)| labels.iter());
            let widest = widths.map(|(_, lines)| lines.width()).fold(0.0, f64::max);
            *own = match sheet.shared_y && col > 0 {
                true => 0.0,
                false => widest + TICK + TICK_GAP,
            };
        }
        let lefts: Vec<f64> = (0..self.cols).map(|col| self.panel_left(col)).collect();
        let along: Vec<Along> = sheet
            .panels
            .iter()
            .zip(&self.ticks)
            .map(|(panel, (x, _))| Along {
                row: panel.row,
                left: lefts[panel.col],
                width,
                ticks: if sheet.labels_x(panel) { x } else { &[] },
            })
            .collect();
        let scale = sheet.panels.first().map(|panel| &panel.x.scale);
        let tried = labels::turns(scale.unwrap_or(&Scale::Linear {
            low: 0.0,
            high: 1.0,
        }));
        while self.turn < tried.len() {
            let labels = tried[self.turn].labels(&along, &sheet.theme);
            if let Some(labels) = labels.filter(|labels| self.has_room_beside(sheet, labels)) {
                self.x_labels = labels;
                return;
            }
            self.turn += 1;
        }
        self.x_labels = sheet.panels.iter().map(|_| Vec::new()).collect();
    }

    /// Every how-manieth name along y has room on an axis of this height.
    fn every(&self, sheet: &Sheet, height: f64) -> usize {
        let names = sheet.panels.iter().zip(&self.y_labels);
        let names = names.filter(|(panel, _)| {
            sheet.height.is_some() || matches!(panel.y.scale, Scale::Category { .. })
        });
        names
            .map(|(_, names)| labels::every(names, height))
            .fold(1, usize::max)
    }

    /// The labels along y, in lines of at most so much of the page.
    fn names(&self, sheet: &Sheet, width: f64) -> Vec<Labels> {
        let cols = if sheet.shared_y { 1 } else { self.cols };
        let width = width / cols as f64;
        let panels = sheet.panels.iter().zip(&self.ticks);
        panels
            .map(|(panel, (_, y))| match sheet.labels_y(panel) {
                true => labels::beside(y, sheet.theme.tick_size(), width),
                false => Vec::new(),
            })
            .collect()
    }

    /// Whether slanted labels reach no further to the left than names along y may.
    fn has_room_beside(&self, sheet: &Sheet, labels: &[Labels]) -> bool {
        let turn = self.turn(sheet);
        let first = sheet.panels.iter().zip(labels);
        let first = first.filter(|(panel, _)| panel.col == 0);
        first
            .flat_map(|(_, labels)| labels)
            .all(|(place, lines)| turn.reach(lines).0 - place * self.width <= NAMES * sheet.width)
    }

    pub(super) fn panel_left(&self, col: usize) -> f64 {
        let between: f64 = self.tick_widths[1..=col].iter().sum();
        self.left + between + (self.width + PANEL_GAP) * col as f64
    }

    fn place_legend(&mut self, sheet: &Sheet, inner: f64) {
        let (theme, title) = (&sheet.theme, sheet.legend_title.as_str());
        let entries = match sheet.legend_place {
            LegendPlace::None => &[][..],
            _ => &sheet.legend[..],
        };
        let in_rows = || Legend::in_rows(entries, title, theme, inner, LEGEND_ROWS);
        let line = theme.font_size + 3.0;
        let body = self.body(sheet);
        let [found, asked] = ASIDE.map(|share| share * sheet.width);
        (self.stand, self.legend) = match sheet.legend_place {
            LegendPlace::Top => (Stand::Above, in_rows()),
            LegendPlace::Bottom => (Stand::Below, in_rows()),
            LegendPlace::Right => {
                let room = (asked, body.max(LEGEND_ROWS as f64 * line));
                let legend = Legend::in_columns(entries, title, theme, room);
                (Stand::Aside, legend)
            }
            LegendPlace::Auto | LegendPlace::None => {
                let rows = in_rows();
                if rows.rows <= 3 || self.stand == Stand::Below {
                    (self.stand_of_rows(&rows), rows)
                } else {
                    let room = (found, body.max(5.0 * line));
                    let column = Legend::in_columns(entries, title, theme, room);
                    let beside = self.left + self.bar.width + column.width;
                    let narrow = sheet.width - beside < PANELS * sheet.width;
                    match column.rows == entries.len() && column.width <= found && !narrow {
                        true => (Stand::Aside, column),
                        false => (Stand::Below, rows),
                    }
                }
            }
        };
    }

    fn stand_of_rows(&self, rows: &Legend) -> Stand {
        match rows.rows <= 3 {
            true => Stand::Above,
            false => Stand::Below,
        }
    }
}

impl Sheet {
    /// Whether the ticks of a panel along x have labels.
    pub(super) fn labels_x(&self, panel: &Panel) -> bool {
        !self.shared_x || {
            let mut column = self.panels.iter().filter(|other| other.col == panel.col);
            column.all(|other| other.row <= panel.row)
        }
    }

    pub(super) fn labels_y(&self, panel: &Panel) -> bool {
        !self.shared_y || panel.col == 0
    }
}

/// Ticks whose labels, each needing some length, fit on an axis.
pub(super) fn fitting(axis: &Axis, length: f64, need: impl Fn(&Tick) -> f64) -> Vec<Tick> {
    let mut room = ((length / 14.0) as usize).clamp(2, 8);
    loop {
        let mut candidate = ticks(&axis.scale, room, &axis.at, axis.format);
        candidate.sort_by(|a, b| a.place.total_cmp(&b.place));
        let labelled: Vec<&Tick> = candidate.iter().filter(|t| !t.label.is_empty()).collect();
        let needed: f64 = labelled.iter().map(|tick| need(tick)).sum();
        let apart = labelled.windows(2).all(|pair| {
            let half = (need(pair[0]) + need(pair[1])) / 2.0;
            (pair[1].place - pair[0].place) * length >= half * 0.7
        });
        if (needed <= length && apart) || room <= 2 {
            return candidate;
        }
        room -= 1;
    }
}
