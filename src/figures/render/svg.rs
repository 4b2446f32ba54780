//! Marks to SVG, by the SVG backend of plotters.
//!
//! The backend knows whole pixels only, so the page is drawn [`UNITS`] times larger than points and
//! shrunk by its viewBox. What the backend cannot write (outlined text, pictures, dashes, clips)
//! passes through it as numbered text elements and is put in their place afterwards.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use plotters::prelude::Color;
use plotters::prelude::DrawingBackend;
use plotters::prelude::IntoFont;
use plotters::prelude::RGBAColor;
use plotters::prelude::SVGBackend;
use plotters::prelude::ShapeStyle;

use crate::figures::FigureError;
use crate::figures::canvas::Align;
use crate::figures::canvas::Canvas;
use crate::figures::canvas::Colour;
use crate::figures::canvas::Label;
use crate::figures::canvas::Mark;
use crate::figures::canvas::Point;
use crate::figures::font;
use crate::figures::markup;
use crate::text::as_prose;

/// Pixels of the backend per point: a fortieth of a point is 9 µm, a tenth of a printed dot.
const UNITS: f64 = 40.0;

/// Opens a text element that stands for something else.
const PLACEHOLDER: char = '\u{E000}';

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// As shapes: needs no font where it is shown.
    Outlines,
    /// As text in fonts that the reader has.
    Font,
    /// As text, with its fonts in the document.
    Embedded,
}

/// Writes a drawing as an SVG document.
pub(super) fn write(
    canvas: &Canvas,
    named: (&str, &str),
    text: Text,
) -> Result<String, FigureError> {
    let mut drawn = String::new();
    let size = (units(canvas.width) as u32, units(canvas.height) as u32);
    let mut pieces = Pieces {
        text,
        raw: Vec::new(),
        glyphs: BTreeMap::new(),
        used: BTreeMap::new(),
    };
    let mut backend = SVGBackend::with_string(&mut drawn, size);
    for mark in &canvas.marks {
        draw(&mut backend, &mut pieces, mark)?;
    }
    backend.present().map_err(failed)?;
    drop(backend);
    Ok(assemble(canvas, named, size, &drawn, &pieces))
}

/// What takes the place of the numbered elements.
struct Pieces {
    text: Text,
    raw: Vec<String>,
    /// Outlines used so far, by what stands before the number of a glyph.
    glyphs: BTreeMap<(String, u16), String>,
    /// Faces used so far.
    used: BTreeMap<String, &'static font::Face>,
}

type Drawn = Result<(), FigureError>;

fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError::Drawing(error.to_string())
}

fn draw(backend: &mut SVGBackend, pieces: &mut Pieces, mark: &Mark) -> Drawn {
    match mark {
        Mark::Line {
            points,
            colour,
            width,
            dash,
        } => {
            if !dash.is_empty() {
                let lengths: Vec<String> = dash.iter().map(|d| units(*d).to_string()).collect();
                let group = format!("<g stroke-dasharray=\"{}\">\n", lengths.join(" "));
                raw(backend, pieces, group)?;
            }
            let style = style(*colour).stroke_width(units(*width).max(1) as u32);
            backend
                .draw_path(points.iter().map(|point| place(*point)), &style)
                .map_err(failed)?;
            if !dash.is_empty() {
                raw(backend, pieces, "</g>\n".to_owned())?;
            }
            Ok(())
        }
        Mark::Area { points, colour } => backend
            .fill_polygon(
                points.iter().map(|point| place(*point)),
                &style(*colour).filled(),
            )
            .map_err(failed),
        Mark::Disc {
            centre,
            radius,
            colour,
        } => backend
            .draw_circle(
                place(*centre),
                units(*radius) as u32,
                &style(*colour).filled(),
                true,
            )
            .map_err(failed),
        Mark::Text { at, label } => {
            let text = match pieces.text {
                Text::Outlines => outlined(*at, label, &mut pieces.glyphs),
                Text::Font | Text::Embedded => set(*at, label, &mut pieces.used),
            };
            raw(backend, pieces, text)
        }
        Mark::Picture { frame, png, about } => {
            let (x, y) = place(Point::new(frame.x, frame.y));
            let (right, bottom) = place(Point::new(frame.right(), frame.bottom()));
            let picture = format!(
                "<image x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 style=\"image-rendering:pixelated\" aria-label=\"{}\" \
                 href=\"data:image/png;base64,{}\"/>\n",
                right - x,
                bottom - y,
                escape(about),
                BASE64_STANDARD.encode(png)
            );
            raw(backend, pieces, picture)
        }
        Mark::Clip(frame) => {
            let (x, y) = place(Point::new(frame.x, frame.y));
            let (right, bottom) = place(Point::new(frame.right(), frame.bottom()));
            let (width, height) = (right - x, bottom - y);
            // A nested drawing clips without an identifier, which could clash in a page of several.
            let open = format!(
                "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 viewBox=\"{x} {y} {width} {height}\">\n"
            );
            raw(backend, pieces, open)
        }
        Mark::Unclip => raw(backend, pieces, "</svg>\n".to_owned()),
    }
}

fn raw(backend: &mut SVGBackend, pieces: &mut Pieces, text: String) -> Drawn {
    let name = format!("{PLACEHOLDER}{}", pieces.raw.len());
    pieces.raw.push(text);
    let style = ("sans-serif", 1).into_font();
    backend
        .draw_text(&name, &plotters::style::TextStyle::from(style), (0, 0))
        .map_err(failed)
}

/// The document: our head, outlines, then what the backend drew with the pieces in their places.
fn assemble(
    canvas: &Canvas,
    (title, about): (&str, &str),
    size: (u32, u32),
    drawn: &str,
    pieces: &Pieces,
) -> String {
    let mut document = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}pt\" height=\"{}pt\" \
         viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n",
        trimmed(canvas.width),
        trimmed(canvas.height),
        size.0,
        size.1,
        escape(title),
        escape(about)
    );
    if !pieces.glyphs.is_empty() {
        document.push_str("<defs>\n");
        for ((prefix, id), outline) in &pieces.glyphs {
            let name = format!("{prefix}{id}");
            let _ = writeln!(document, "<path id=\"{name}\" d=\"{outline}\"/>");
        }
        document.push_str("</defs>\n");
    }
    if pieces.text == Text::Embedded {
        document.push_str(&embedded(&pieces.used));
    }
    document.push_str("<g stroke-linejoin=\"round\">\n");
    let mut lines = drawn.lines();
    // The backend's own head; its foot closes ours.
    lines.next();
    while let Some(line) = lines.next() {
        if line == "</svg>" {
            break;
        }
        if line.starts_with("<text") {
            let number = lines
                .next()
                .and_then(|line| line.strip_prefix(PLACEHOLDER)?.parse::<usize>().ok());
            let piece = number.and_then(|number| pieces.raw.get(number));
            document.push_str(piece.map_or("", |piece| piece));
            lines.next();
            continue;
        }
        let line = line
            .replace(" opacity=\"1\"", "")
            .replace(" stroke=\"none\" stroke-width=\"1\"", "")
            .replace(" \"/>", "\"/>");
        // Of an element as such it would be a layer of its own, in PDF two objects for each mark.
        let painted = match line.contains("fill=\"none\"") {
            true => " stroke-opacity=",
            false => " fill-opacity=",
        };
        let line = line.replace(" opacity=", painted);
        document.push_str(&line);
        document.push('\n');
    }
    document.push_str("</g>\n</svg>\n");
    document
}

/// Text as uses of outlines.
fn outlined(at: Point, label: &Label, glyphs: &mut BTreeMap<(String, u16), String>) -> String {
    let mut text = format!(
        "<g role=\"img\" aria-label=\"{}\"{}>",
        escape(&label.plain()),
        fill(label.colour)
    );
    let runs = runs(label);
    let alone = runs.len() == 1;
    for (mut start, run, scale) in runs {
        let pieces = font::pieces(&run.text, label.weight, alone);
        for same in pieces.chunk_by(|a, b| a.face.prefix == b.face.prefix) {
            let face = same[0].face;
            let (x, y) = along(at, label, start, run.shift * label.size);
            let factor = scale * UNITS / face.units_per_em();
            let turn = turn(label);
            let _ = write!(
                text,
                "<g transform=\"translate({x} {y}){turn}{} scale({})\">",
                lean(&run),
                trimmed(factor)
            );
            let mut before = 0;
            for piece in same {
                let (shaped, advance) = font::shape(piece);
                for glyph in shaped {
                    let key = (face.prefix.clone(), glyph.id);
                    let outline = glyphs
                        .entry(key)
                        .or_insert_with(|| font::outline(glyph.id, face));
                    if outline.is_empty() {
                        continue;
                    }
                    let x = match before + glyph.x {
                        0 => String::new(),
                        x => format!(" x=\"{x}\""),
                    };
                    let y = match glyph.y {
                        0 => String::new(),
                        y => format!(" y=\"{}\"", -y),
                    };
                    let _ = write!(text, "<use href=\"#{}{}\"{x}{y}/>", face.prefix, glyph.id);
                }
                before += advance;
            }
            start += f64::from(before) * scale / face.units_per_em();
            text.push_str("</g>");
        }
    }
    text.push_str("</g>\n");
    text
}

/// Text as text elements, one per run and face.
fn set(at: Point, label: &Label, used: &mut BTreeMap<String, &'static font::Face>) -> String {
    let mut text = String::new();
    let runs = runs(label);
    let alone = runs.len() == 1;
    for (mut start, run, scale) in runs {
        for piece in font::pieces(&run.text, label.weight, alone) {
            let face = piece.face;
            let (x, y) = along(at, label, start, run.shift * label.size);
            start += piece.width(scale);
            let turn = turn(label);
            let _ = writeln!(
                text,
                "<text transform=\"translate({x} {y}){turn}{}\" font-family=\"{}\" font-weight=\"{}\" \
                 font-size=\"{}\" xml:space=\"preserve\"{}>{}</text>",
                lean(&run),
                escape(&face.family),
                face.weight,
                trimmed(scale * UNITS),
                fill(label.colour),
                escape(&piece.text)
            );
            used.insert(face.prefix.clone(), face);
        }
    }
    text
}

/// The faces of a document, for programs that do not have them.
fn embedded(used: &BTreeMap<String, &'static font::Face>) -> String {
    let mut style = "<style>\n".to_owned();
    for face in used.values() {
        let _ = writeln!(
            style,
            "@font-face {{ font-family: \"{}\"; font-weight: {}; \
             src: url(\"data:font/otf;base64,{}\"); }}",
            face.family.replace(['"', '\\', '<', '&'], " "),
            face.weight,
            BASE64_STANDARD.encode(face.data)
        );
    }
    style.push_str("</style>\n");
    style
}

/// The runs of a label, each with its start along the text from the label's point, and its size.
fn runs(label: &Label) -> Vec<(f64, markup::Run, f64)> {
    let mut start = match label.align {
        Align::Start => 0.0,
        Align::Middle => -label.width() / 2.0,
        Align::End => -label.width(),
    };
    let mut before = 0.0;
    let runs = label.runs().into_iter().map(|run| {
        let scale = label.size * run.scale;
        let here = match run.over {
            true => start - (before + font::width(&run.text, label.weight, scale)) / 2.0,
            false => start,
        };
        before = markup::advance(&run, label.weight, label.size);
        start += before;
        (here, run, scale)
    });
    runs.collect()
}

/// A place along a text and above its baseline.
fn along(at: Point, label: &Label, along: f64, above: f64) -> (i64, i64) {
    let point = label.below(label.along(at, along), -above);
    (units(point.x), units(point.y))
}

fn lean(run: &markup::Run) -> &'static str {
    if run.slanted { " skewX(-13)" } else { "" }
}

fn turn(label: &Label) -> String {
    match label.turn {
        0.0 => String::new(),
        turn => format!(" rotate({})", -turn),
    }
}

fn fill(colour: Colour) -> String {
    let (r, g, b) = colour.rgb;
    match colour.rgb {
        (0, 0, 0) => String::new(),
        _ => format!(" fill=\"#{r:02X}{g:02X}{b:02X}\""),
    }
}

fn style(colour: Colour) -> ShapeStyle {
    let (r, g, b) = colour.rgb;
    RGBAColor(r, g, b, colour.opacity).stroke_width(1)
}

fn units(points: f64) -> i64 {
    (points * UNITS).round() as i64
}

fn place(point: Point) -> (i32, i32) {
    // A page is a few thousand units wide; what lies far outside is cut off anyway.
    let clamp = |value: f64| units(value.clamp(-2e4, 2e4)) as i32;
    (clamp(point.x), clamp(point.y))
}

/// At most four decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    as_prose(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
