//! From a settled plan to the page: panels at their places, and what lies under the data.

use super::super::canvas::Canvas;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::scale::Scale;
use super::CUT;
use super::EDGE;
use super::Frame;
use super::Page;
use super::Sheet;
use super::THINNED;
use super::labels;
use super::layout::Plan;
use super::layout::ROW_GAP;
use super::layout::Stand;

impl Sheet {
    /// Lays out the page and draws what lies under the data.
    pub(crate) fn open(&self) -> Page {
        let plan = Plan::new(self);
        let mut tops = vec![plan.top(self)];
        for row in 0..plan.rows {
            let below = plan.over(self, row) + plan.height + plan.under(self, row) + ROW_GAP;
            tops.push(tops[row] + below);
        }
        let floor = tops[plan.rows] - ROW_GAP;
        let mut frames = Vec::with_capacity(self.panels.len());
        for (i, panel) in self.panels.iter().enumerate() {
            let rect = Rect {
                x: plan.panel_left(panel.col),
                y: tops[panel.row] + plan.over(self, panel.row),
                width: plan.width,
                height: plan.height,
            };
            let (mut x_ticks, mut y_ticks) = plan.ticks[i].clone();
            // Names without a label have no tick.
            if let Scale::Category { .. } = panel.x.scale {
                labels::thin(&mut x_ticks, plan.turn(self).every, 0);
            }
            if let Scale::Category { .. } = panel.y.scale {
                labels::thin(&mut y_ticks, plan.y_every, labels::middle(plan.y_every));
            }
            let mut frame = Frame {
                rect,
                x: panel.x.scale.clone(),
                y: panel.y.scale.clone(),
                x_ticks,
                y_ticks,
                x_labels: plan.x_labels[i].clone(),
                y_labels: plan.y_labels[i].clone(),
                turn: plan.turn(self),
            };
            if self.equal {
                frame.equalise();
            }
            frames.push(frame);
        }
        let bounds = bounds(&frames);
        let aside = match plan.stand {
            Stand::Aside => plan.legend.height,
            _ => 0.0,
        };
        let height = (floor + plan.bottom())
            .max(bounds.y + aside + EDGE)
            .max(plan.y_label.width() + 2.0 * EDGE)
            .max(self.height.unwrap_or(0.0));
        let mut canvas = Canvas::new(self.width, height);
        let ends = frames.iter().zip(&self.panels);
        let ends = ends.map(|(frame, panel)| frame.rect.bottom() + plan.under(self, panel.row));
        let under = ends.fold(0.0, f64::max);
        self.captions(&mut canvas, (&plan, height), &frames, (bounds, under));
        let right = bounds.right() + plan.row_title_width();
        if let Some(bar) = &self.colour_bar {
            plan.bar
                .draw(&mut canvas, &self.theme, &bar.colours, right, bounds);
        }
        let legend = &plan.legend;
        let at = match plan.stand {
            Stand::Aside => Point::new(right + plan.bar.width + plan.overhang + 8.0, bounds.y),
            stand => {
                let x = match legend.rows {
                    1 => (bounds.x + (bounds.width - legend.width) / 2.0)
                        .clamp(EDGE, (self.width - EDGE - legend.width).max(EDGE)),
                    _ => EDGE,
                };
                let title = match plan.title.height() {
                    0.0 => 0.0,
                    height => height + 5.0,
                };
                let label = match plan.x_label.height() {
                    0.0 => 0.0,
                    height => height + 3.0,
                };
                match stand {
                    Stand::Below => Point::new(x, under + label + 3.0),
                    _ => Point::new(x, EDGE + title),
                }
            }
        };
        legend.draw(&mut canvas, &self.theme, at);
        for frame in &frames {
            self.lines(&mut canvas, frame);
        }
        Page {
            canvas,
            frames,
            theme: self.theme.clone(),
            bare: self.bare,
            spines: self.spines,
            notes: self.notes(&plan),
        }
    }

    /// What a caption must say of labels and entries of the legend that have no room.
    fn notes(&self, plan: &Plan) -> Vec<String> {
        let note = |every: usize, label: &str| match (every, label) {
            (1, _) => None,
            (every, "") => Some(format!("{THINNED}{every} is shown.")),
            (every, label) => Some(format!("{THINNED}{every} of {label} is shown.")),
        };
        let x = note(plan.turn(self).every, &self.x_label);
        let cut = match (plan.y_cut, &self.y_label[..]) {
            (false, _) => None,
            (true, "") => Some(format!("Names{CUT}")),
            (true, label) => Some(format!("Names of {label}{CUT}")),
        };
        let legend = match plan.legend.left {
            0 => None,
            1 => Some("1 entry of the legend has no room.".to_owned()),
            left => Some(format!("{left} entries of the legend have no room.")),
        };
        x.into_iter()
            .chain(note(plan.y_every, &self.y_label))
            .chain(cut)
            .chain(legend)
            .collect()
    }
}

impl Frame {
    /// Widens the denser of two linear axes, so that a unit is equally long on both.
    fn equalise(&mut self) {
        use Scale::Linear;
        let Rect { width, height, .. } = self.rect;
        if let (Linear { low: xl, high: xh }, Linear { low: yl, high: yh }) =
            (&mut self.x, &mut self.y)
        {
            let unit = ((*xh - *xl) / width).max((*yh - *yl) / height);
            let (xm, ym) = ((*xh + *xl) / 2.0, (*yh + *yl) / 2.0);
            let (x, y) = (unit * width / 2.0, unit * height / 2.0);
            (*xl, *xh, *yl, *yh) = (xm - x, xm + x, ym - y, ym + y);
        }
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
