//! One picture file: PNG or JPEG, as grey values or as colours.

use std::io::Cursor;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::wrong;
use crate::data::FormatError;
use crate::data::resize::Picture;

/// A picture as it is in its file.
pub(super) struct Decoded {
    pub picture: Picture,
    /// Whether all of it is grey.
    pub grey: bool,
}

/// Larger pictures are not read: memory is taken for them whole.
const LARGEST_SIDE: usize = 16_384;

/// Reads a picture; an alpha channel is left out.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, FormatError> {
    match bytes {
        [0xff, 0xd8, ..] => jpeg(bytes),
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        _ => Err(wrong(
            "this picture",
            "is neither PNG nor JPEG: convert it, as by `magick mogrify -format png`",
        )),
    }
}

fn damaged(error: &dyn std::fmt::Display) -> FormatError {
    wrong("this picture", format!("cannot be read: {error}"))
}

fn png(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    of_size(width, height)?;
    let size = reader.output_buffer_size();
    let mut buffer = vec![0; size.ok_or_else(|| damaged(&"it is too large"))?];
    let frame = reader
        .next_frame(&mut buffer)
        .map_err(|error| damaged(&error))?;
    buffer.truncate(frame.buffer_size());
    let (channels, grey) = match frame.color_type {
        png::ColorType::Grayscale => (1, true),
        png::ColorType::GrayscaleAlpha => (2, true),
        png::ColorType::Rgb => (3, false),
        png::ColorType::Rgba => (4, false),
        png::ColorType::Indexed => return Err(damaged(&"its palette is missing")),
    };
    let pixels = buffer.chunks(channels);
    let pixels = match grey {
        true => pixels.flat_map(|pixel| [pixel[0]; 3]).collect(),
        false => pixels
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect(),
    };
    let picture = Picture {
        width,
        height,
        pixels,
    };
    Ok(decoded(picture))
}

/// Scalar arithmetic only: the vector units of another machine must not give other pixels.
fn jpeg(bytes: &[u8]) -> Result<Decoded, FormatError> {
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_strict_mode(false)
        .set_max_width(LARGEST_SIDE)
        .set_max_height(LARGEST_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let info = decoder.info().ok_or_else(|| damaged(&"it has no size"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    of_size(width, height)?;
    let grey = info.components == 1;
    let space = if grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(|error| damaged(&error))?;
    let pixels: Vec<u8> = match grey {
        true => pixels.into_iter().flat_map(|value| [value; 3]).collect(),
        false => pixels,
    };
    if pixels.len() != 3 * width * height {
        return Err(damaged(&"its colours are none of red, green and blue"));
    }
    let picture = Picture {
        width,
        height,
        pixels,
    };
    Ok(decoded(picture))
}

fn of_size(width: usize, height: usize) -> Result<(), FormatError> {
    let sides = 1..=LARGEST_SIDE;
    match sides.contains(&width) && sides.contains(&height) {
        true => Ok(()),
        false => Err(FormatError::Dimensions {
            expected: "sides from 1 to 16384",
            found: vec![width as u64, height as u64],
        }),
    }
}

/// A picture in colour may have none in it.
fn decoded(picture: Picture) -> Decoded {
    let mut pixels = picture.pixels.chunks(3);
    let grey = pixels.all(|p| p[0] == p[1] && p[1] == p[2]);
    Decoded { picture, grey }
}

/// Red, green and blue planes as grey values, by the weights of ITU-R BT.601 as Pillow's `convert("L")`.
pub(super) fn luma(planes: &[u8]) -> Vec<u8> {
    let size = planes.len() / 3;
    (0..size)
        .map(|at| {
            let [r, g, b] = [0, 1, 2].map(|channel| u32::from(planes[channel * size + at]));
            ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
        })
        .collect()
}
