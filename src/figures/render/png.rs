//! SVG to PNG at 300 dpi, and pictures to PNG.

use resvg::tiny_skia::Color;
use resvg::tiny_skia::Pixmap;
use resvg::tiny_skia::Transform;
use resvg::usvg::Options;
use resvg::usvg::Tree;

use crate::figures::FigureError;

const DOTS_PER_INCH: f32 = 300.0;
/// What an SVG without another word counts as.
const PIXELS_PER_INCH: f32 = 96.0;

/// Draws an SVG whose text is outlines, on white.
pub(super) fn write(svg: &str) -> Result<Vec<u8>, FigureError> {
    let tree = Tree::from_str(svg, &Options::default())
        .map_err(|error| FigureError::Drawing(error.to_string()))?;
    let scale = DOTS_PER_INCH / PIXELS_PER_INCH;
    let size = tree.size();
    let (width, height) = (size.width() * scale, size.height() * scale);
    let too_large = || FigureError::TooLarge {
        width: f64::from(size.width() / PIXELS_PER_INCH),
        height: f64::from(size.height() / PIXELS_PER_INCH),
    };
    let mut pixmap =
        Pixmap::new(width.round() as u32, height.round() as u32).ok_or_else(too_large)?;
    pixmap.fill(Color::WHITE);
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixmap.as_mut(),
    );
    let rgb: Vec<u8> = pixmap
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect();
    encode(pixmap.width(), pixmap.height(), &rgb, true)
}

/// Encodes pixels, row-major: three bytes each, four with opacity, or one where they are grey.
/// `printed` states 300 dpi in the file.
pub(in crate::figures) fn encode(
    width: u32,
    height: u32,
    pixels: &[u8],
    printed: bool,
) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(match pixels.len() / (width as usize * height as usize) {
        1 => png::ColorType::Grayscale,
        4 => png::ColorType::Rgba,
        _ => png::ColorType::Rgb,
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    if printed {
        let per_metre = (f64::from(DOTS_PER_INCH) / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }));
    }
    let drawing = |error: png::EncodingError| FigureError::Drawing(error.to_string());
    let mut writer = encoder.write_header().map_err(drawing)?;
    writer.write_image_data(pixels).map_err(drawing)?;
    writer.finish().map_err(drawing)?;
    Ok(bytes)
}
