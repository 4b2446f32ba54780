//! One drawing in three file formats, always with the same bytes.
//!
//! The SVG has its text as outlines and so looks the same everywhere; the PNG (300 dpi) is that
//! SVG in pixels; the PDF has real text with the font embedded, to be searched and copied.

mod pdf;
mod png;
mod svg;

use super::FigureError;
use super::canvas::Canvas;

pub(super) use png::encode as encode_png;

/// A drawing in its file formats.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Files {
    pub svg: String,
    pub pdf: Vec<u8>,
    pub png: Vec<u8>,
}

/// Writes a drawing in all formats. `title` becomes the title of the documents, `about` says what is
/// in it. `text`: whether the SVG has text, with its fonts, in the place of outlines.
pub(super) fn files(
    canvas: &Canvas,
    (title, about): (&str, &str),
    text: bool,
) -> Result<Files, FigureError> {
    let svg = svg::write(canvas, (title, about), svg::Text::Outlines)?;
    let with_text = svg::write(canvas, (title, about), svg::Text::Font)?;
    Ok(Files {
        pdf: pdf::write(&with_text, canvas, (title, about))?,
        png: png::write(&svg)?,
        svg: match text {
            true => svg::write(canvas, (title, about), svg::Text::Embedded)?,
            false => svg,
        },
    })
}
