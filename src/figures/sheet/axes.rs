//! What is drawn around the data: titles, labels, ticks and grid lines.

use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::theme;
use super::super::ticks::Tick;
use super::super::wrap::Lines;
use super::EDGE;
use super::Frame;
use super::Page;
use super::Sheet;
use super::TICK;
use super::TICK_GAP;
use super::layout::Plan;

impl Sheet {
    /// Titles and axis labels on a page of this height; `under`: where the tick labels of the lowest panels end.
    pub(super) fn captions(
        &self,
        canvas: &mut Canvas,
        (plan, height): (&Plan, f64),
        frames: &[Frame],
        (bounds, under): (Rect, f64),
    ) {
        let font = self.theme.font_size;
        let centre = bounds.x + bounds.width / 2.0;
        let like = Label::new("", font, theme::INK).align(Align::Middle);
        // Over or under the panels where the text fits there, else in the page.
        let middle = |lines: &Lines| {
            let half = lines.width() / 2.0 + EDGE;
            match half <= self.width - half {
                true => centre.clamp(half, self.width - half),
                false => self.width / 2.0,
            }
        };
        let at = Point::new(middle(&plan.title), EDGE + font - plan.title.half());
        plan.title.stacked(canvas, at, &like.clone().bold());
        for (title, frame) in plan.panel_titles.iter().zip(frames) {
            let x = frame.rect.x + frame.rect.width / 2.0;
            // The last line stands just over the panel.
            let first = title.height() - font;
            let at = Point::new(x, frame.rect.y - 4.0 - first - title.half());
            title.stacked(canvas, at, &like);
        }
        for (row, title) in plan.row_titles.iter().enumerate() {
            let mut in_row = self.panels.iter().zip(frames).filter(|(p, _)| p.row == row);
            if let Some((_, frame)) = in_row.next_back() {
                let middle = frame.rect.y + frame.rect.height / 2.0;
                let at = Point::new(bounds.right() + 3.0 + title.height() / 2.0, middle);
                title.centred(canvas, at, &like.clone().upwards());
            }
        }
        let baseline = under + font + 1.5;
        let at = Point::new(middle(&plan.x_label), baseline - plan.x_label.half());
        plan.x_label.stacked(canvas, at, &like);
        let half = plan.y_label.width() / 2.0 + EDGE;
        let middle = (bounds.y + bounds.height / 2.0).clamp(half, (height - half).max(half));
        let at = Point::new(EDGE + plan.y_label.height() / 2.0, middle);
        plan.y_label.centred(canvas, at, &like.upwards());
    }

    /// Light lines under the data.
    pub(super) fn lines(&self, canvas: &mut Canvas, frame: &Frame) {
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
    /// Draws the axes over the data.
    pub(crate) fn close(mut self) -> Canvas {
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
            if self.spines {
                canvas.line(spines, theme::INK, width);
            }
            for tick in &frame.x_ticks {
                let x = rect.x + tick.place * rect.width;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let ends = [rect.bottom(), rect.bottom() + length];
                let points = ends.map(|y| Point::new(x, y)).to_vec();
                canvas.line(points, theme::INK, if minor { width * 0.7 } else { width });
            }
            for (place, lines) in &frame.x_labels {
                let x = rect.x + place * rect.width;
                let top = rect.bottom() + TICK + TICK_GAP;
                let turn = frame.turn.degrees;
                let like = Label::new("", small, theme::INK).turned(turn);
                if turn == 0.0 {
                    let at = Point::new(x, top + small * 0.75 - lines.half());
                    lines.stacked(canvas, at, &like.align(Align::Middle));
                } else {
                    let down = lines.height() / 2.0 * turn.to_radians().cos();
                    let at = Point::new(x, top + down);
                    lines.centred(canvas, at, &like.align(Align::End));
                }
            }
            for tick in &frame.y_ticks {
                let y = rect.bottom() - tick.place * rect.height;
                let minor = tick.label.is_empty();
                let length = if minor { TICK * 0.6 } else { TICK };
                let points = [rect.x - length, rect.x].map(|x| Point::new(x, y));
                let stroke = if minor { width * 0.7 } else { width };
                canvas.line(points.to_vec(), theme::INK, stroke);
            }
            for (place, lines) in &frame.y_labels {
                let y = rect.bottom() - place * rect.height;
                let at = Point::new(rect.x - TICK - TICK_GAP, y);
                let like = Label::new("", small, theme::INK).align(Align::End);
                lines.centred(canvas, at, &like);
            }
        }
        self.canvas
    }
}
