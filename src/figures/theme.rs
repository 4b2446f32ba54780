//! How figures look in print: column widths, type sizes, strokes, colours.

use super::canvas::Colour;
pub(super) use super::canvas::PAPER;

/// Points per inch.
pub(super) const INCH: f64 = 72.0;
/// One column of a two-column conference page.
pub(super) const SINGLE: f64 = 3.3 * INCH;
/// The whole width of such a page.
pub(super) const DOUBLE: f64 = 6.9 * INCH;

/// The colours of Okabe & Ito (2008), told apart with every common colour blindness; the order
/// puts neighbours far apart in lightness too. Their yellow (#F0E442) is lost on white paper: it is
/// darker here. The last two, wine and grey, make ten, for digits and other tens of classes.
const OKABE_ITO: [Colour; 10] = [
    Colour::hex(0x0072B2),
    Colour::hex(0xD55E00),
    Colour::hex(0x009E73),
    Colour::hex(0xCC79A7),
    Colour::hex(0xE69F00),
    Colour::hex(0x56B4E9),
    Colour::hex(0x333333),
    Colour::hex(0xB8A000),
    Colour::hex(0x882255),
    Colour::hex(0x999999),
];

/// Strokes and gaps in points; with the markers they survive grey printing.
const DASHES: [&[f64]; 5] = [
    &[],
    &[4.0, 1.6],
    &[1.2, 1.4],
    &[5.0, 1.5, 1.2, 1.5],
    &[7.0, 2.0],
];

pub(super) const INK: Colour = Colour::hex(0x1A1A1A);
pub(super) const MUTED: Colour = Colour::hex(0x595959);
pub(super) const FAINT: Colour = Colour::hex(0xE4E4E4);

/// Sizes in points and colours; a manifest may override them under `theme`.
#[derive(Clone, Debug)]
pub(super) struct Theme {
    /// Of labels; ticks are one point smaller.
    pub font_size: f64,
    pub line_width: f64,
    pub marker_size: f64,
    pub spine_width: f64,
    /// Light lines at the ticks.
    pub grid: bool,
    pub palette: Vec<Colour>,
    /// Whether the palette is a scale of numbers: then colours alone tell groups apart.
    pub graded: bool,
    /// Whether all groups have the first marker.
    pub one_shape: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Theme {
            font_size: 8.0,
            line_width: 1.1,
            marker_size: 4.2,
            spine_width: 0.6,
            grid: true,
            palette: OKABE_ITO.to_vec(),
            graded: false,
            one_shape: false,
        }
    }
}

impl Theme {
    pub(super) fn tick_size(&self) -> f64 {
        self.font_size - 1.0
    }

    /// The colour of the i-th group.
    pub(super) fn colour(&self, i: usize) -> Colour {
        self.palette[i % self.palette.len()]
    }

    /// The marker of the i-th group.
    pub(super) fn shape(&self, i: usize) -> usize {
        if self.one_shape { 0 } else { i }
    }

    /// How often the colours came to their end before the i-th group.
    pub(super) fn lap(&self, i: usize) -> usize {
        i / self.palette.len()
    }

    /// The dash of the i-th group.
    pub(super) fn dash(&self, i: usize) -> &'static [f64] {
        if self.graded {
            return &[];
        }
        // Colours and dashes that come back together would be one line.
        DASHES[(i + self.lap(i)) % DASHES.len()]
    }
}

/// `#rrggbb` or `rrggbb`.
pub(super) fn parse_colour(text: &str) -> Option<Colour> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let six = digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit());
    let rgb = u32::from_str_radix(digits, 16).ok().filter(|_| six)?;
    Some(Colour::hex(rgb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_six_hexadecimal_digits() {
        assert_eq!(parse_colour("#0072B2"), Some(Colour::hex(0x0072B2)));
        assert_eq!(parse_colour("blue"), None);
        assert_eq!(parse_colour("+12345"), None);
    }
}
