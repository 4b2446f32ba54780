//! Texts broken into lines on a page, with the scale of their colours below.

use super::super::FigureError;
use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Colour;
use super::super::canvas::Label;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::colormap;
use super::super::font::Weight;
use super::super::numbers::Format;
use super::super::options::Common;
use super::super::scale::Scale;
use super::super::theme;
use super::super::theme::Theme;
use super::super::ticks::Tick;
use super::super::ticks::ticks;
use super::super::wrap::Lines;
use super::Paragraph;
use super::Word;

/// Around the page, in points.
const EDGE: f64 = 3.0;
/// Between the edge of a word's box and its letters.
const PADDING: f64 = 1.4;
/// Between boxes of a line, and between lines.
const GAP: f64 = 1.0;
/// Over each text, and over each heading beside that.
const TEXT_GAP: f64 = 3.5;
const HEADING_GAP: f64 = 4.0;
/// Of the scale of colours.
const BAR_WIDTH: f64 = 90.0;
const BAR_SHARE: f64 = 0.38;
const BAR_HEIGHT: f64 = 6.0;
/// Below this, letters cannot be read in print.
const SMALLEST: f64 = 4.0;

/// A piece of a word at its place in the line.
struct Placed<'a> {
    x: f64,
    width: f64,
    text: String,
    word: &'a Word,
}

/// A text in lines, with its top.
struct Block<'a> {
    paragraph: &'a Paragraph,
    /// Where its heading stands, if it is the first under it.
    heading: Option<f64>,
    /// Where the label stands over it, if not before it.
    label: Option<f64>,
    top: f64,
    lines: Vec<Vec<Placed<'a>>>,
}

/// A page before it is drawn.
struct Layout<'a> {
    theme: Theme,
    width: f64,
    /// Room before the texts, for labels.
    indent: f64,
    title: &'a str,
    /// Of the scale of colours.
    what: &'a str,
    blocks: Vec<Block<'a>>,
    /// Where the texts end.
    bottom: f64,
}

/// All texts on a page; `what` names the numbers that colours show.
pub(super) fn compose(
    common: &Common,
    paragraphs: &[Paragraph],
    colours: &Scale,
    what: &str,
) -> Result<Canvas, FigureError> {
    let mut theme = common.page_theme()?;
    let width = common.page_width()?;
    let title = common.title.as_deref().unwrap_or_default();
    let names = [title, what];
    let mut layout = Layout::new(theme.clone(), width, names, paragraphs);
    if let Some(height) = common.page_height() {
        while layout.height() > height && theme.font_size > SMALLEST {
            theme.font_size = (theme.font_size * 0.96).max(SMALLEST);
            layout = Layout::new(theme.clone(), width, names, paragraphs);
        }
    }
    Ok(layout.draw(colours))
}

impl<'a> Layout<'a> {
    fn new(theme: Theme, width: f64, names: [&'a str; 2], paragraphs: &'a [Paragraph]) -> Self {
        let [title, what] = names;
        let inner = width - 2.0 * EDGE;
        let single = |p| label_lines(p, &theme, f64::INFINITY);
        let labels = paragraphs.iter().map(|p| single(p).width());
        let widest = labels.fold(0.0, f64::max);
        // Long labels stand over their texts.
        let before = widest > 0.0 && widest < 0.28 * inner;
        let indent = if before { widest + 5.0 } else { 0.0 };
        let mut y = EDGE;
        if !title.is_empty() {
            y += title_lines(title, &theme, inner).height() + 5.0;
        }
        let mut blocks: Vec<Block> = Vec::with_capacity(paragraphs.len());
        for paragraph in paragraphs {
            let last = blocks.last().map(|block| &block.paragraph.heading);
            let opens = last != Some(&paragraph.heading);
            let mut heading = None;
            if opens {
                if last.is_some() {
                    y += HEADING_GAP;
                }
                if !paragraph.heading.is_empty() {
                    heading = Some(y);
                    let lines = heading_lines(&paragraph.heading, &theme, inner);
                    y += lines.height() + 3.0;
                }
            } else {
                y += TEXT_GAP;
            }
            let mut over = None;
            if !before && !paragraph.label.is_empty() {
                over = Some(y);
                y += label_lines(paragraph, &theme, inner).height() + 2.0;
            }
            let lines = lines(&paragraph.words, inner - indent, &theme);
            let top = y;
            y += lines.len() as f64 * line_height(&theme) - GAP;
            blocks.push(Block {
                paragraph,
                heading,
                label: over,
                top,
                lines,
            });
        }
        Layout {
            theme,
            width,
            indent,
            title,
            what,
            blocks,
            bottom: y,
        }
    }

    fn height(&self) -> f64 {
        let small = self.theme.tick_size();
        let name = match self.name_beside_bar() {
            true => 0.0,
            false => self.bar_name(self.inner()).height() + 3.0,
        };
        self.bottom + 8.0 + name + BAR_HEIGHT.max(small) + 3.0 + small + EDGE
    }

    fn inner(&self) -> f64 {
        self.width - 2.0 * EDGE
    }

    fn bar_width(&self) -> f64 {
        (BAR_SHARE * self.inner()).min(BAR_WIDTH)
    }

    fn bar_name(&self, width: f64) -> Lines {
        Lines::new(self.what, Weight::Regular, self.theme.font_size, width)
    }

    /// Whether the name of the colours stands before their scale, with room for the half of a tick's
    /// label on both sides.
    fn name_beside_bar(&self) -> bool {
        let labels = 3.0 * self.theme.tick_size();
        self.bar_name(f64::INFINITY).width() + 5.0 + self.bar_width() + labels <= self.inner()
    }

    fn draw(&self, colours: &Scale) -> Canvas {
        let theme = &self.theme;
        let font = theme.font_size;
        let mut canvas = Canvas::new(self.width, self.height());
        let title = title_lines(self.title, theme, self.inner());
        let at = Point::new(self.width / 2.0, EDGE + font - title.half());
        let like = Label::new("", font, theme::INK).align(Align::Middle);
        title.stacked(&mut canvas, at, &like);
        for block in &self.blocks {
            if let Some(top) = block.heading {
                let lines = heading_lines(&block.paragraph.heading, theme, self.inner());
                lines.below(
                    &mut canvas,
                    Point::new(EDGE, top),
                    &Label::new("", font, theme::INK),
                );
            }
            let like = Label::new("", font, theme::MUTED);
            match block.label {
                Some(top) => {
                    let lines = label_lines(block.paragraph, theme, self.inner());
                    lines.below(&mut canvas, Point::new(EDGE, top), &like);
                }
                None => {
                    let at = Point::new(EDGE, block.top + box_height(theme) / 2.0);
                    label_lines(block.paragraph, theme, f64::INFINITY).centred(
                        &mut canvas,
                        at,
                        &like,
                    );
                }
            }
            for (i, line) in block.lines.iter().enumerate() {
                let top = block.top + i as f64 * line_height(theme);
                for placed in line {
                    self.word(&mut canvas, placed, top, colours);
                }
            }
        }
        self.bar(&mut canvas, colours);
        canvas
    }

    fn word(&self, canvas: &mut Canvas, placed: &Placed, top: f64, colours: &Scale) {
        let theme = &self.theme;
        let x = EDGE + self.indent + placed.x;
        let mut ink = theme::INK;
        if let Some(value) = placed.word.value {
            // Where a logarithm is not defined, the number is below all that are.
            let share = colours.place(value).unwrap_or(0.0);
            let colour = colormap::tint(theme.colour(0), share);
            let frame = Rect {
                x,
                y: top,
                width: placed.width,
                height: box_height(theme),
            };
            canvas.rect(frame, colour);
            ink = colormap::readable_on(colour);
        }
        let middle = Point::new(x + PADDING, top + box_height(theme) / 2.0);
        canvas.centred(middle, word_label(&placed.text, theme, ink));
    }

    /// The scale of colours, at the right under the texts.
    fn bar(&self, canvas: &mut Canvas, colours: &Scale) {
        let theme = &self.theme;
        let small = theme.tick_size();
        let ticks = bar_ticks(colours, self.bar_width(), small);
        let half = |tick: &Tick| Label::new(&tick.label, small, theme::INK).width() / 2.0;
        let after = ticks
            .iter()
            .map(|tick| half(tick) - (1.0 - tick.place) * self.bar_width());
        let before = ticks
            .iter()
            .map(|tick| half(tick) - tick.place * self.bar_width());
        let (after, before) = (after.fold(0.0, f64::max), before.fold(0.0, f64::max));
        let like = Label::new("", theme.font_size, theme::INK).align(Align::End);
        let mut top = self.bottom + 8.0;
        let x = self.width - EDGE - after - self.bar_width();
        if self.name_beside_bar() {
            let middle = Point::new(x - before - 5.0, top + BAR_HEIGHT / 2.0);
            self.bar_name(f64::INFINITY).centred(canvas, middle, &like);
        } else {
            let name = self.bar_name(self.inner());
            name.below(canvas, Point::new(self.width - EDGE, top), &like);
            top += name.height() + 3.0;
        }
        let strip = Rect {
            x,
            y: top,
            width: self.bar_width(),
            height: BAR_HEIGHT,
        };
        const SLICES: usize = 64;
        let slice = strip.width / SLICES as f64;
        for i in 0..SLICES {
            let x = strip.x + i as f64 * slice;
            // Each slice reaches under the next, so that no seam shows.
            let frame = Rect {
                x,
                width: (slice * 1.5).min(strip.right() - x),
                ..strip
            };
            let share = (i as f64 + 0.5) / SLICES as f64;
            canvas.rect(frame, colormap::tint(theme.colour(0), share));
        }
        let corners = strip.corners();
        let around = corners.into_iter().chain([corners[0]]).collect();
        canvas.line(around, theme::MUTED, theme.spine_width * 0.7);
        for tick in &ticks {
            let x = strip.x + tick.place * strip.width;
            let ends = [strip.bottom(), strip.bottom() + 2.0].map(|y| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
            let label = Label::new(&tick.label, small, theme::INK).align(Align::Middle);
            canvas.text(Point::new(x, strip.bottom() + 3.0 + small * 0.85), label);
        }
    }
}

fn title_lines(title: &str, theme: &Theme, width: f64) -> Lines {
    Lines::new(title, Weight::SemiBold, theme.font_size + 1.0, width)
}

fn heading_lines(heading: &str, theme: &Theme, width: f64) -> Lines {
    Lines::new(heading, Weight::SemiBold, theme.font_size, width)
}

fn label_lines(paragraph: &Paragraph, theme: &Theme, width: f64) -> Lines {
    Lines::new(&paragraph.label, Weight::Regular, theme.tick_size(), width)
}

/// Labelled ticks that stand clear of one another.
fn bar_ticks(colours: &Scale, length: f64, small: f64) -> Vec<Tick> {
    let mut room = 5;
    loop {
        let mut found = ticks(colours, room, &[], Format::Auto);
        found.retain(|tick| !tick.label.is_empty());
        found.sort_by(|a, b| a.place.total_cmp(&b.place));
        let width = |tick: &Tick| Label::new(&tick.label, small, theme::INK).width();
        let clear = found.windows(2).all(|pair| {
            let apart = (pair[1].place - pair[0].place) * length;
            apart > (width(&pair[0]) + width(&pair[1])) / 2.0 + 3.0
        });
        if clear || room <= 2 {
            return found;
        }
        room -= 1;
    }
}

fn word_label(text: &str, theme: &Theme, ink: Colour) -> Label {
    Label::new(text, theme.font_size, ink).verbatim()
}

fn box_height(theme: &Theme) -> f64 {
    theme.font_size + 3.0
}

fn line_height(theme: &Theme) -> f64 {
    box_height(theme) + GAP
}

/// Breaks words into lines of a width.
fn lines<'a>(words: &'a [Word], width: f64, theme: &Theme) -> Vec<Vec<Placed<'a>>> {
    let mut lines: Vec<Vec<Placed>> = vec![Vec::new()];
    let mut x = 0.0;
    for word in words {
        for text in pieces(&word.text, width, theme) {
            let own = box_width(&text, theme);
            if x > 0.0 && x + own > width {
                lines.push(Vec::new());
                x = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(Placed {
                    x,
                    width: own,
                    text,
                    word,
                });
            }
            x += own + GAP;
        }
    }
    lines
}

fn box_width(text: &str, theme: &Theme) -> f64 {
    word_label(text, theme, theme::INK).width() + 2.0 * PADDING
}

/// A word in pieces of at most a width: one, but for a word that is wider than a line.
fn pieces(word: &str, width: f64, theme: &Theme) -> Vec<String> {
    if box_width(word, theme) <= width {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let last = pieces.last_mut().expect("there is always one");
        last.push(c);
        if last.chars().count() > 1 && box_width(last, theme) > width {
            last.pop();
            pieces.push(c.to_string());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str]) -> Vec<Word> {
        let word = |text: &&str| Word {
            text: (*text).to_owned(),
            value: None,
        };
        texts.iter().map(word).collect()
    }

    #[test]
    fn lines_stay_within_their_width_and_boxes_apart() {
        let theme = Theme::default();
        let text = "to be or not to be that is the question_ and a_1^2 \\beta";
        let words = words(&text.split(' ').collect::<Vec<_>>());
        let broken = lines(&words, 80.0, &theme);
        assert!(broken.len() > 2);
        let mut read = Vec::new();
        for line in &broken {
            let mut end = -GAP;
            for placed in line {
                assert!(placed.x >= end + GAP - 1e-9, "boxes do not overlap");
                end = placed.x + placed.width;
                assert!(end <= 80.0 + 1e-9, "{} ends at {end}", placed.text);
                read.push(placed.text.as_str());
            }
        }
        assert_eq!(read.join(" "), text);
    }

    #[test]
    fn a_word_wider_than_a_line_is_broken_and_none_of_it_lost() {
        let theme = Theme::default();
        let long = "ümläut".repeat(40);
        let pieces = pieces(&long, 60.0, &theme);
        assert!(pieces.len() > 5);
        assert!(pieces.iter().all(|p| box_width(p, &theme) <= 60.0));
        assert_eq!(pieces.concat(), long);
    }

    #[test]
    fn words_are_no_markup() {
        let theme = Theme::default();
        let shown = |text: &str| word_label(text, &theme, theme::INK).plain();
        assert_eq!(shown("x_1^2"), "x_1^2");
        assert_eq!(shown("\\beta"), "\\beta");
    }
}
