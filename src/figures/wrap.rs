//! Text broken into lines of a measured width.

use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::font;
use super::font::Weight;
use super::markup;

/// From one baseline to the next, in sizes of the type.
pub(super) const LEADING: f64 = 1.18;

/// Characters of a number at most: no double needs more.
const LONGEST_NUMBER: usize = 24;

/// One text in lines of one size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lines {
    pub lines: Vec<String>,
    weight: Weight,
    size: f64,
}

impl Lines {
    /// Broken where a line would be wider than `width`: at spaces, else within words; the lines are
    /// as equal as their number allows.
    pub(super) fn new(text: &str, weight: Weight, size: f64, width: f64) -> Self {
        let width = width.max(size);
        let measure = |line: &str| markup::width(line, weight, size);
        let broken = |width: f64| broken(text, &measure, width);
        let (mut lines, pieces) = broken(width);
        if lines.len() > 1 {
            // The narrowest width that needs no line and no break within a word more.
            let (mut low, mut high) = (width / 2.0, width);
            for _ in 0..7 {
                let middle = (low + high) / 2.0;
                let (tried, parts) = broken(middle);
                match tried.len() == lines.len() && parts == pieces {
                    true => (high, lines) = (middle, tried),
                    false => low = middle,
                }
            }
        }
        Lines {
            lines,
            weight,
            size,
        }
    }

    /// In one line.
    pub(super) fn single(text: &str, weight: Weight, size: f64) -> Self {
        Lines::new(text, weight, size, f64::INFINITY)
    }

    /// The first so many lines, as high as what [`Lines::first`] makes of them.
    pub(super) fn without_rest(&self, most: usize) -> Self {
        Lines {
            lines: self.lines.iter().take(most).cloned().collect(),
            weight: self.weight,
            size: self.size,
        }
    }

    /// The first so many lines; where there are more, the last of them ends in three points, as wide as before.
    pub(super) fn first(&self, most: usize) -> Self {
        let Lines { mut lines, .. } = self.without_rest(most);
        let width = self.width();
        if let (Some(last), true) = (lines.last_mut(), self.lines.len() > most) {
            let is_set = last.contains(['{', '\\', '^', '_']);
            let ended = |text: &str| format!("{}…", text.trim_end());
            while !is_set
                && markup::width(&ended(last), self.weight, self.size) > width
                && last.pop().is_some()
            {}
            *last = ended(last);
        }
        Lines {
            lines,
            weight: self.weight,
            size: self.size,
        }
    }

    /// Without a word broken; none where one is wider than `width`.
    pub(super) fn of_words(text: &str, weight: Weight, size: f64, width: f64) -> Option<Self> {
        let fits = |word: &str| markup::width(word, weight, size) <= width;
        words(text)
            .iter()
            .all(|word| fits(word.trim_end()))
            .then(|| Lines::new(text, weight, size, width))
    }

    pub(super) fn width(&self) -> f64 {
        let widths = self.lines.iter();
        widths
            .map(|line| markup::width(line, self.weight, self.size))
            .fold(0.0, f64::max)
    }

    /// Across the lines; none for no text.
    pub(super) fn height(&self) -> f64 {
        match self.lines.len() {
            0 => 0.0,
            lines => self.size * (1.0 + (lines - 1) as f64 * LEADING),
        }
    }

    /// The lines, each as a label.
    pub(super) fn labels(&self, colour: Colour) -> impl Iterator<Item = Label> {
        self.lines.iter().map(move |line| Label {
            weight: self.weight,
            ..Label::new(line, self.size, colour)
        })
    }

    /// Draws the lines with the middle of the block at the point, across the direction of `like`.
    pub(super) fn centred(&self, canvas: &mut Canvas, at: Point, like: &Label) {
        let first = -((self.lines.len().saturating_sub(1)) as f64) * self.size * LEADING / 2.0;
        self.stacked(canvas, like.below(at, first), like);
    }

    /// Draws the lines below one another, the middle of the first at the point.
    pub(super) fn stacked(&self, canvas: &mut Canvas, at: Point, like: &Label) {
        for (i, line) in self.lines.iter().enumerate() {
            let label = Label {
                text: line.clone(),
                size: self.size,
                weight: self.weight,
                ..like.clone()
            };
            let at = like.below(at, i as f64 * self.size * LEADING);
            canvas.centred(at, label);
        }
    }

    /// Draws the lines with their upper edge at the point.
    pub(super) fn below(&self, canvas: &mut Canvas, at: Point, like: &Label) {
        self.stacked(
            canvas,
            Point::new(at.x, at.y + self.size - self.half()),
            like,
        );
    }

    /// Half the height of its capitals: from their middle to the baseline.
    pub(super) fn half(&self) -> f64 {
        font::cap_height() * self.size / 2.0
    }
}

/// Words, each with the space after it; a space in braces parts none.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ended = words.last().is_some_and(|word| word.ends_with(' '));
        if depth == 0 && ended && c != ' ' {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The pieces of a word that alone is too wide: after hyphens and such, else anywhere.
fn pieces(word: &str, measure: &impl Fn(&str) -> f64, width: f64) -> Vec<String> {
    // What a script or a command takes stays with it, and a number is read in one, unless it has more digits than any.
    let bare = word.trim_end();
    let is_number = bare.len() <= LONGEST_NUMBER && bare.replace('−', "-").parse::<f64>().is_ok();
    if is_number || word.contains(['{', '\\']) || measure(bare) <= width {
        return vec![word.to_owned()];
    }
    let mut pieces: Vec<String> = Vec::new();
    for part in parts(word) {
        let mut piece = String::new();
        for c in part.chars() {
            if !piece.is_empty() && c != ' ' && measure(&format!("{piece}{c}")) > width {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push(c);
        }
        pieces.push(piece);
    }
    pieces
}

/// A word cut after hyphens and such, but not within its numbers.
fn parts(word: &str) -> Vec<&str> {
    let ends = ['-', '_', markup::LOW_LINE, '/', '.', ',', '=', '+'];
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, end) in word.match_indices(ends) {
        let before = word[..at].chars().next_back();
        let after = word[at + end.len()..].chars().next();
        let in_number = match end {
            "." | "," => before.is_some_and(|c| c.is_ascii_digit()),
            "-" | "+" => matches!(before, Some('e' | 'E')),
            _ => false,
        };
        if !(in_number && after.is_some_and(|c| c.is_ascii_digit())) {
            parts.push(&word[start..at + end.len()]);
            start = at + end.len();
        }
    }
    parts.push(&word[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The lines of a text, and of how many pieces they are made.
fn broken(text: &str, measure: &impl Fn(&str) -> f64, width: f64) -> (Vec<String>, usize) {
    let mut lines: Vec<String> = Vec::new();
    let mut count = 0;
    for word in words(text) {
        for piece in pieces(&word, measure, width) {
            count += 1;
            let longer = |line: &String| measure(format!("{line}{piece}").trim_end()) <= width;
            match lines.last_mut() {
                Some(line) if longer(line) => line.push_str(&piece),
                _ => lines.push(piece),
            }
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines.retain(|line| !line.is_empty());
    (lines, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: f64) -> Vec<String> {
        Lines::new(text, Weight::Regular, 8.0, width).lines
    }

    #[test]
    fn lines_are_broken_at_spaces_and_about_equal() {
        let text = "negative log likelihood of held-out data";
        let got = lines(text, 100.0);
        assert_eq!(got.join(" "), text);
        assert_eq!(got, ["negative log likelihood", "of held-out data"]);
    }

    #[test]
    fn a_word_that_is_too_wide_is_broken_and_none_of_it_lost() {
        let word = "antidisestablishmentarianism".repeat(3);
        let got = lines(&word, 60.0);
        assert!(got.len() > 3);
        assert_eq!(got.concat(), word);
        assert_eq!(
            lines("importance-weighted", 52.0),
            ["importance-", "weighted"]
        );
    }

    #[test]
    fn numbers_stay_whole() {
        assert_eq!(lines("−0.000123456789012", 20.0), ["−0.000123456789012"]);
        assert_eq!(lines("rate=0.00125", 40.0), ["rate=", "0.00125"]);
        assert_eq!(parts("a.b-1.5e-3"), ["a.", "b-", "1.5e-3"]);
    }

    #[test]
    fn scripts_stay_whole() {
        assert_eq!(lines("x_{a b c d e f g}", 10.0), ["x_{a b c d e f g}"]);
        assert!(lines("", 10.0).is_empty());
    }
}
