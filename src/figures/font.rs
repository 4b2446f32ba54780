//! The fonts of figures, and the widths and outlines of text set in them.
//!
//! Figures must look the same on every machine, so no system font is used: Inter, and for mathematics a subset of
//! Noto Sans Math (SIL Open Font License, `font/OFL.txt`), travel inside the program. A figure may be given font files:
//! a character is set in the first that has it, and else in that of the program.

mod bidi;
mod files;

use std::fmt::Write;
use std::sync::LazyLock;

use rustybuzz::Direction;
use rustybuzz::UnicodeBuffer;
use rustybuzz::ttf_parser::GlyphId;
use rustybuzz::ttf_parser::OutlineBuilder;

use super::FigureError;

pub(super) use bidi::followed;
pub(super) use files::Face;
pub(super) use files::given;
pub(super) use files::with;

/// The family name of the program's own font.
const FAMILY: &str = "Sweepline Sans";

const REGULAR: &[u8] = include_bytes!("font/SweeplineSans-Regular.otf");
const SEMIBOLD: &[u8] = include_bytes!("font/SweeplineSans-SemiBold.otf");

/// What these lack: signs, arrows, script and double-struck letters.
const MATH: &[u8] = include_bytes!("font/SweeplineMath-Regular.ttf");

/// The program's own, by [`Weight`], and that of mathematics.
static OWN: LazyLock<[Face; 3]> = LazyLock::new(|| {
    let faces = [
        ("r", FAMILY, REGULAR, 400),
        ("b", FAMILY, SEMIBOLD, 600),
        ("m", "Sweepline Math", MATH, 400),
    ];
    faces.map(|(name, family, data, weight)| {
        let shapes = rustybuzz::Face::from_slice(data, 0).expect("the font is part of the program");
        Face {
            prefix: name.to_owned(),
            family: family.to_owned(),
            weight,
            data,
            shapes,
        }
    })
});

/// How strong the strokes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// The faces for a weight, the first choice first.
fn faces(weight: Weight) -> Vec<&'static Face> {
    let given = given();
    let is_bold = |face: &&'static Face| face.weight >= 600;
    let (bold, regular): (Vec<_>, Vec<_>) = given.into_iter().partition(is_bold);
    let mut faces = match weight {
        Weight::Regular => [regular, bold].concat(),
        Weight::SemiBold => [bold, regular].concat(),
    };
    faces.extend([&OWN[weight as usize], &OWN[2]]);
    faces
}

/// The faces of the figure that is drawn, its own and the program's.
pub(super) fn all() -> Vec<&'static Face> {
    let mut all = given();
    all.extend(OWN.iter());
    all
}

/// A part of a text that is set in one face and one direction.
pub(super) struct Piece {
    pub face: &'static Face,
    pub text: String,
    /// Whether it runs from right to left.
    leftward: bool,
}

impl Piece {
    /// Width in points at a size in points.
    pub(super) fn width(&self, size: f64) -> f64 {
        f64::from(shape(self).1) * size / self.face.units_per_em()
    }
}

/// A text cut into pieces as they stand from left to right; `alone`: it is all of its label. What no face has is
/// set in the first.
pub(super) fn pieces(text: &str, weight: Weight, alone: bool) -> Vec<Piece> {
    let faces = faces(weight);
    let mut pieces = Vec::new();
    for (text, leftward) in bidi::stretches(text, alone) {
        let mut parts = by_face(&text, &faces, leftward);
        if leftward {
            parts.reverse();
        }
        pieces.append(&mut parts);
    }
    pieces
}

/// A text of one direction cut into pieces of one face each, in the order in which it is read.
fn by_face(text: &str, faces: &[&'static Face], leftward: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for c in text.chars().filter(|c| !bidi::is_mark(*c)) {
        let last = pieces.last().map(|piece| piece.face);
        let has = |face: &&'static Face| face.shapes.glyph_index(c).is_some();
        let face = match last.filter(|face| c.is_whitespace() && has(face)) {
            Some(face) => face,
            None => faces
                .iter()
                .copied()
                .find(|face| has(face))
                .unwrap_or(faces[0]),
        };
        match pieces.last_mut() {
            Some(piece) if piece.face.prefix == face.prefix => piece.text.push(c),
            _ => pieces.push(Piece {
                face,
                text: c.to_string(),
                leftward,
            }),
        }
    }
    pieces
}

/// Height of capitals as a share of the font size.
pub(super) fn cap_height() -> f64 {
    let face = faces(Weight::Regular)[0];
    f64::from(face.shapes.capital_height().unwrap_or(1456)) / face.units_per_em()
}

/// A glyph of a shaped text, with its origin in font units from the start of the text, upwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    pub id: u16,
    pub x: i32,
    /// Not 0 for marks over and under letters.
    pub y: i32,
}

/// The glyphs of a piece from left to right, kerned, and its width in font units.
pub(super) fn shape(piece: &Piece) -> (Vec<Glyph>, i32) {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&piece.text);
    buffer.set_direction(match piece.leftward {
        true => Direction::RightToLeft,
        false => Direction::LeftToRight,
    });
    buffer.guess_segment_properties();
    let shaped = rustybuzz::shape(&piece.face.shapes, &[], buffer);
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
                y: position.y_offset,
            };
            x += position.x_advance;
            glyph
        })
        .collect();
    (glyphs, x)
}

/// The characters of a text that no font has a glyph for.
pub(super) fn missing(text: &str) -> impl Iterator<Item = char> {
    let faces = faces(Weight::Regular);
    text.chars().filter(move |c| {
        let mut faces = faces.iter();
        let is_seen = !c.is_whitespace() && !bidi::is_mark(*c);
        is_seen && faces.all(|face| face.shapes.glyph_index(*c).is_none())
    })
}

/// Width in points of a text at a size in points.
pub(super) fn width(text: &str, weight: Weight, size: f64) -> f64 {
    let pieces = pieces(text, weight, true);
    pieces.iter().map(|piece| piece.width(size)).sum()
}

/// The outline of a glyph as SVG path data in font units, y downwards; empty for a space.
pub(super) fn outline(id: u16, face: &Face) -> String {
    let mut path = PathData::default();
    face.shapes.outline_glyph(GlyphId(id), &mut path);
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
            let pieces = pieces(&c.to_string(), Weight::Regular, true);
            let mut glyphs = pieces.iter().flat_map(|piece| shape(piece).0);
            assert!(glyphs.all(|glyph| glyph.id != 0), "{c}");
        }
    }

    #[test]
    fn names_and_signs_of_other_languages_and_fields_are_there() {
        let names = "Иван Łukasz Nguyễn Ștefan İlker Ελένη € ₽ № ½ ™ ∈∀∇∝⊂⟨⟩⇒𝒩ℒ𝔼ℝ x̄ q̃ a͡b";
        assert_eq!(missing(names).collect::<String>(), "");
        assert_eq!(missing("日א").collect::<String>(), "日א");
    }

    /// A macron over a capital is higher than over a small letter.
    #[test]
    fn marks_stand_where_their_letters_have_room() {
        let mark = |text: &str| {
            let pieces = pieces(text, Weight::Regular, true);
            let glyphs = shape(&pieces[0]).0;
            (pieces.len(), glyphs.len(), glyphs[1].y)
        };
        let (small, capital) = (mark("q\u{304}"), mark("Q\u{304}"));
        assert_eq!((small.0, small.1), (1, 2));
        assert!(capital.2 > small.2, "{small:?} {capital:?}");
    }

    /// The bold face in the place of a font that was given: it comes first, and what it lacks is set
    /// in the program's own.
    #[test]
    fn fonts_that_are_given_come_first() {
        let files = [("fonts/some.otf".to_owned(), SEMIBOLD.to_vec())];
        let (inside, narrow) = with(&files, || {
            let faces: Vec<String> = pieces("ab 字", Weight::Regular, true)
                .into_iter()
                .map(|piece| format!("{} {}", piece.face.prefix, piece.text))
                .collect();
            (faces, width("illness", Weight::Regular, 8.0))
        })
        .unwrap();
        assert!(
            inside.len() == 1 && inside[0].ends_with("g ab 字"),
            "{inside:?}"
        );
        assert!(narrow > width("illness", Weight::Regular, 8.0));
        assert_eq!(pieces("ab", Weight::Regular, true)[0].face.prefix, "r");
        let broken = [("data.csv".to_owned(), b"a,b".to_vec())];
        let error = with(&broken, || ()).unwrap_err();
        assert!(
            error.to_string().contains("`data.csv` is no font"),
            "{error}"
        );
    }

    #[test]
    fn wider_text_is_wider() {
        let narrow = width("ill", Weight::Regular, 8.0);
        let wide = width("www", Weight::Regular, 8.0);
        assert!(0.0 < narrow && narrow < wide);
        assert_eq!(width("", Weight::Regular, 8.0), 0.0);
    }
}
