//! The one font of every figure, and the widths and outlines of text set in it.
//!
//! Figures must look the same on every machine, so no system font is used: a subset of Inter (SIL
//! Open Font License, `font/OFL.txt`) travels inside the program.

use std::fmt::Write;
use std::sync::LazyLock;

use rustybuzz::Face;
use rustybuzz::UnicodeBuffer;
use rustybuzz::ttf_parser::GlyphId;
use rustybuzz::ttf_parser::OutlineBuilder;

/// The family name that the PDF writer finds the font by.
pub(super) const FAMILY: &str = "Sweepline Sans";

pub(super) const REGULAR: &[u8] = include_bytes!("font/SweeplineSans-Regular.otf");
pub(super) const SEMIBOLD: &[u8] = include_bytes!("font/SweeplineSans-SemiBold.otf");

static FACES: LazyLock<[Face<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMIBOLD]
        .map(|data| Face::from_slice(data, 0).expect("the font is part of the program"))
});

/// How strong the strokes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

fn face(weight: Weight) -> &'static Face<'static> {
    &FACES[weight as usize]
}

/// Font units per em.
pub(super) fn units_per_em(weight: Weight) -> f64 {
    f64::from(face(weight).units_per_em())
}

/// Height of capitals as a share of the font size.
pub(super) fn cap_height() -> f64 {
    let face = face(Weight::Regular);
    f64::from(face.capital_height().unwrap_or(2048)) / units_per_em(Weight::Regular)
}

/// A glyph of a shaped text, with its origin in font units from the start of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    pub id: u16,
    pub x: i32,
}

/// The glyphs of a text, kerned, and its width in font units.
pub(super) fn shape(text: &str, weight: Weight) -> (Vec<Glyph>, i32) {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    let shaped = rustybuzz::shape(face(weight), &[], buffer);
    let mut x = 0;
    let glyphs = shaped
        .glyph_infos()
        .iter()
        .zip(shaped.glyph_positions())
        .map(|(info, position)| {
            let glyph = Glyph {
                // Glyph identifiers of OpenType are 16 bits wide.
                id: info.glyph_id as u16,
                x: x + position.x_offset,
            };
            x += position.x_advance;
            glyph
        })
        .collect();
    (glyphs, x)
}

/// The characters of a text that the font has no glyph for.
pub(super) fn missing(text: &str) -> impl Iterator<Item = char> {
    let face = face(Weight::Regular);
    text.chars()
        .filter(|c| !c.is_whitespace() && face.glyph_index(*c).is_none())
}

/// Width in points of a text at a size in points.
pub(super) fn width(text: &str, weight: Weight, size: f64) -> f64 {
    f64::from(shape(text, weight).1) * size / units_per_em(weight)
}

/// The outline of a glyph as SVG path data in font units, y downwards; empty for a space.
pub(super) fn outline(id: u16, weight: Weight) -> String {
    let mut path = PathData::default();
    face(weight).outline_glyph(GlyphId(id), &mut path);
    path.0
}

#[derive(Default)]
struct PathData(String);

impl PathData {
    fn push(&mut self, command: char, points: &[(f32, f32)]) {
        self.0.push(command);
        for (i, (x, y)) in points.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            // Outlines have whole coordinates; y points up in fonts.
            let _ = write!(self.0, "{space}{} {}", x.round(), -y.round() + 0.0);
        }
    }
}

impl OutlineBuilder for PathData {
    fn move_to(&mut self, x: f32, y: f32) {
        self.push('M', &[(x, y)]);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.push('L', &[(x, y)]);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.push('Q', &[(x1, y1), (x, y)]);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.push('C', &[(x1, y1), (x2, y2), (x, y)]);
    }
    fn close(&mut self) {
        self.0.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_figures_write() {
        for c in "Aaz09.,−±×·–αβγδεθλμσφωΓΔΘΛΣΩ≤≥≈∞→↑↓²⁻%".chars()
        {
            let (glyphs, _) = shape(&c.to_string(), Weight::Regular);
            assert!(glyphs.iter().all(|glyph| glyph.id != 0), "{c}");
        }
    }

    #[test]
    fn wider_text_is_wider() {
        let narrow = width("ill", Weight::Regular, 8.0);
        let wide = width("www", Weight::Regular, 8.0);
        assert!(0.0 < narrow && narrow < wide);
        assert_eq!(width("", Weight::Regular, 8.0), 0.0);
    }
}
