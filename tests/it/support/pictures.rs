//! Pictures against those that were looked at, a sixth as fine as in print: 50 dots per inch.
//!
//! The SVG snapshots hold every coordinate; these hold what a rasteriser makes of them: that text
//! is there, clips cut where they should, pictures inside pictures are decoded.

use std::io::Cursor;

/// Dots of print per dot here, in both directions.
const FACTOR: usize = 6;

/// Red, green and blue of every pixel, row by row.
pub(crate) struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

pub(crate) fn decode(bytes: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(Cursor::new(bytes))
        .read_info()
        .expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a frame");
    assert_eq!(info.color_type, png::ColorType::Rgb);
    pixels.truncate(info.buffer_size());
    Picture {
        width: info.width as usize,
        height: info.height as usize,
        pixels,
    }
}

pub(crate) fn encode(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("bytes take a header");
    writer
        .write_image_data(&picture.pixels)
        .expect("bytes take pixels");
    writer.finish().expect("bytes end");
    bytes
}

/// Means over squares; what is left over at the right and lower edge is paper, and cut off.
pub(crate) fn coarse(fine: &Picture) -> Picture {
    let (width, height) = (fine.width / FACTOR, fine.height / FACTOR);
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let square = (0..FACTOR * FACTOR).map(|i| {
                    let (x, y) = (x * FACTOR + i % FACTOR, y * FACTOR + i / FACTOR);
                    usize::from(fine.pixels[3 * (y * fine.width + x) + channel])
                });
                pixels.push((square.sum::<usize>() / (FACTOR * FACTOR)) as u8);
            }
        }
    }
    Picture {
        width,
        height,
        pixels,
    }
}

/// Another version of the rasteriser may shade edges differently, but not move a line. So the mean
/// difference must stay below a quarter of a grey level, and no more than one value in two
/// thousand may differ by more than an eighth of the range.
pub(crate) fn differences(got: &Picture, want: &Picture) -> Option<String> {
    if (got.width, got.height) != (want.width, want.height) {
        return Some(format!(
            "{} × {} pixels, not {} × {}",
            got.width, got.height, want.width, want.height
        ));
    }
    let pairs = got.pixels.iter().zip(&want.pixels);
    let differences: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: u64 = differences.iter().copied().map(u64::from).sum();
    let mean = sum as f64 / differences.len() as f64;
    let large = differences.iter().filter(|value| **value > 32).count();
    (mean > 0.25 || large * 2000 > differences.len())
        .then(|| format!("mean difference {mean:.3} of 255; {large} values are far off"))
}
