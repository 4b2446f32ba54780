//! One picture file: PNG or JPEG, as grey values or as colours.

use std::io::Cursor;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::wrong;
use crate::data::FormatError;
use crate::data::resize::Level;
use crate::data::resize::Picture;

/// A picture as it is in its file.
pub(super) struct Decoded {
    pub picture: Depth,
    /// Whether all of it is grey.
    pub grey: bool,
}

/// A picture in as many bits a channel as its file has; fewer than eight are brought to eight.
pub(super) enum Depth {
    Eight(Picture),
    Sixteen(Picture<u16>),
}

/// The pixels `[channels, height, width]` of a picture.
pub(super) enum Planes {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Depth {
    /// Width and height.
    pub(super) fn size(&self) -> (usize, usize) {
        match self {
            Depth::Eight(picture) => (picture.width, picture.height),
            Depth::Sixteen(picture) => (picture.width, picture.height),
        }
    }

    /// The square around the centre.
    pub(super) fn square(self) -> Self {
        match self {
            Depth::Eight(picture) => Depth::Eight(square(picture)),
            Depth::Sixteen(picture) => Depth::Sixteen(square(picture)),
        }
    }

    /// Its pixels, of a side where one is given, in one channel where they are to be grey.
    pub(super) fn planes(&self, side: Option<usize>, grey: bool) -> Planes {
        match self {
            Depth::Eight(picture) => Planes::Eight(planes(picture, side, grey)),
            Depth::Sixteen(picture) => Planes::Sixteen(planes(picture, side, grey)),
        }
    }
}

fn square<L: Level>(picture: Picture<L>) -> Picture<L> {
    let side = picture.width.min(picture.height);
    picture.center_crop(side).unwrap_or(picture)
}

fn planes<L: Level>(picture: &Picture<L>, side: Option<usize>, grey: bool) -> Vec<L> {
    let planes = match side {
        Some(side) => picture.planes(side),
        None => {
            let channel = |c: usize| picture.pixels.iter().skip(c).step_by(3).copied();
            (0..3).flat_map(channel).collect()
        }
    };
    match grey {
        true => luma(&planes),
        false => planes,
    }
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
    // Palettes and few bits to eight; sixteen stay.
    decoder.set_transformations(png::Transformations::EXPAND);
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
    if frame.bit_depth != png::BitDepth::Sixteen {
        let picture = coloured((width, height), &buffer, channels, grey);
        return Ok(decoded(picture, Depth::Eight));
    }
    let (pairs, _) = buffer.as_chunks::<2>();
    let levels: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let picture = coloured((width, height), &levels, channels, grey);
    Ok(decoded(picture, Depth::Sixteen))
}

/// Of levels of so many channels, the last of which may be alpha.
fn coloured<L: Level>(
    (width, height): (usize, usize),
    levels: &[L],
    channels: usize,
    grey: bool,
) -> Picture<L> {
    let pixels = levels.chunks(channels);
    let pixels = match grey {
        true => pixels.flat_map(|pixel| [pixel[0]; 3]).collect(),
        false => pixels
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect(),
    };
    Picture {
        width,
        height,
        pixels,
    }
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
    Ok(decoded(picture, Depth::Eight))
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
fn decoded<L: Level>(picture: Picture<L>, depth: fn(Picture<L>) -> Depth) -> Decoded {
    let mut pixels = picture.pixels.chunks(3);
    let grey = pixels.all(|p| p[0] == p[1] && p[1] == p[2]);
    Decoded {
        picture: depth(picture),
        grey,
    }
}

/// Red, green and blue planes as grey values, by the weights of ITU-R BT.601 as Pillow's `convert("L")`.
fn luma<L: Level>(planes: &[L]) -> Vec<L> {
    let size = planes.len() / 3;
    (0..size)
        .map(|at| {
            let [r, g, b]: [u32; 3] = [0, 1, 2].map(|channel| planes[channel * size + at].into());
            // The weights add up to 2¹⁶: of sixteen bits the sum is below 2³².
            L::of((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16)
        })
        .collect()
}
