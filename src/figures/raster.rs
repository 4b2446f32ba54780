//! Many points as one picture: markers are stamped on pixels of the density of print.

use std::f64::consts::PI;

use super::FigureError;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Mark;
use super::canvas::Point;
use super::canvas::Rect;
use super::marker;
use super::render;
use super::theme;

/// Pixels per point: 300 per inch.
const DENSITY: f64 = 300.0 / 72.0;
/// Samples of a pixel along each direction, where a marker covers it in part.
const SAMPLES: usize = 4;

/// A picture over a panel, transparent where there is no point.
pub(super) struct Layer {
    panel: Rect,
    frame: Rect,
    width: usize,
    height: usize,
    /// Red, green, blue (each times the opacity) and opacity of every pixel.
    pixels: Vec<[f32; 4]>,
}

/// How much of each pixel a marker covers, around its middle.
pub(super) struct Stamp {
    half: usize,
    cover: Vec<f32>,
}

impl Layer {
    /// Over a panel, with room for half a marker around it.
    pub(super) fn new(panel: Rect, room: f64) -> Self {
        let frame = panel.grown(room);
        let pixels = |length: f64| (length * DENSITY).ceil().max(1.0) as usize;
        let (width, height) = (pixels(frame.width), pixels(frame.height));
        Layer {
            panel,
            frame,
            width,
            height,
            pixels: vec![[0.0; 4]; width * height],
        }
    }

    /// The i-th marker at a size in points.
    pub(super) fn stamp(&self, shape: usize, size: f64) -> Stamp {
        let outline = outline(shape, size * DENSITY);
        let reach = outline.iter().map(|p| p.x.abs().max(p.y.abs()));
        let half = reach.fold(0.5, f64::max).ceil() as usize;
        let side = 2 * half + 1;
        let mut cover = vec![0.0; side * side];
        for (i, cover) in cover.iter_mut().enumerate() {
            let (row, column) = (i / side, i % side);
            let mut hit = 0;
            for sample in 0..SAMPLES * SAMPLES {
                let part = |k: usize| (k as f64 + 0.5) / SAMPLES as f64 - 0.5;
                let x = column as f64 - half as f64 + part(sample % SAMPLES);
                let y = row as f64 - half as f64 + part(sample / SAMPLES);
                hit += usize::from(contains(&outline, x, y));
            }
            *cover = hit as f32 / (SAMPLES * SAMPLES) as f32;
        }
        Stamp { half, cover }
    }

    /// Lays a marker over what is there; none where its middle is beside the panel.
    pub(super) fn put(&mut self, stamp: &Stamp, at: Point, colour: Colour) {
        if !self.panel.contains(at) {
            return;
        }
        let column = ((at.x - self.frame.x) * DENSITY).round() as i64 - stamp.half as i64;
        let row = ((at.y - self.frame.y) * DENSITY).round() as i64 - stamp.half as i64;
        let side = 2 * stamp.half + 1;
        let (red, green, blue) = colour.rgb;
        let full = [red, green, blue].map(|byte| f32::from(byte) / 255.0);
        for (i, cover) in stamp.cover.iter().enumerate() {
            let (r, c) = (row + (i / side) as i64, column + (i % side) as i64);
            let inside =
                (0..self.height as i64).contains(&r) && (0..self.width as i64).contains(&c);
            if *cover == 0.0 || !inside {
                continue;
            }
            let opacity = cover * colour.opacity as f32;
            let pixel = &mut self.pixels[r as usize * self.width + c as usize];
            for (under, over) in pixel.iter_mut().zip(full.into_iter().chain([1.0])) {
                *under = *under * (1.0 - opacity) + over * opacity;
            }
        }
    }

    /// Draws the picture, with the markers over the edge of the panel.
    pub(super) fn draw(self, canvas: &mut Canvas) -> Result<(), FigureError> {
        let picture = self.picture()?;
        canvas.whole(|canvas| canvas.marks.push(picture));
        Ok(())
    }

    fn picture(self) -> Result<Mark, FigureError> {
        let byte = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
        let mut bytes = Vec::with_capacity(4 * self.pixels.len());
        for [red, green, blue, opacity] in self.pixels {
            let own = opacity.max(1e-6);
            bytes.extend([red / own, green / own, blue / own, opacity].map(byte));
        }
        let (width, height) = (self.width as u32, self.height as u32);
        Ok(Mark::Picture {
            frame: Rect {
                width: f64::from(width) / DENSITY,
                height: f64::from(height) / DENSITY,
                ..self.frame
            },
            png: render::encode_png(width, height, &bytes, false)?,
            about: "points".to_owned(),
        })
    }
}

/// The corners of a marker around 0, its size in pixels.
fn outline(shape: usize, size: f64) -> Vec<Point> {
    let mut canvas = Canvas::new(1.0, 1.0);
    canvas.marks.clear();
    let centre = Point::new(0.0, 0.0);
    marker::plain(&mut canvas, shape, centre, size, theme::INK);
    match canvas.marks.pop() {
        Some(Mark::Area { points, .. }) => points,
        Some(Mark::Disc { radius, .. }) => {
            let corner = |i: i32| {
                let (sin, cos) = (PI * f64::from(i) / 16.0).sin_cos();
                Point::new(radius * cos, radius * sin)
            };
            (0..32).map(corner).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a place lies in a polygon: a ray from it crosses the outline an odd number of times.
fn contains(outline: &[Point], x: f64, y: f64) -> bool {
    let mut inside = false;
    for (i, a) in outline.iter().enumerate() {
        let b = &outline[(i + 1) % outline.len()];
        let crosses = (a.y > y) != (b.y > y);
        if crosses && x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_covers_the_area_of_its_marker() {
        let panel = Rect {
            x: 0.0,
            y: 0.0,
            width: 50.0,
            height: 50.0,
        };
        let layer = Layer::new(panel, 4.0);
        let stamp = layer.stamp(0, 4.0);
        let covered: f32 = stamp.cover.iter().sum();
        let area = PI * (2.0 * DENSITY).powi(2);
        // Sixteen samples of a pixel: a few per cent at the edge.
        assert!(
            (f64::from(covered) / area - 1.0).abs() < 0.03,
            "{covered} {area}"
        );
    }

    #[test]
    fn later_points_lie_over_earlier_ones() {
        let panel = Rect {
            x: 0.0,
            y: 0.0,
            width: 10.0,
            height: 10.0,
        };
        let mut layer = Layer::new(panel, 2.0);
        let stamp = layer.stamp(1, 4.0);
        let at = Point::new(5.0, 5.0);
        layer.put(&stamp, at, Colour::hex(0xFF0000));
        layer.put(&stamp, at, Colour::hex(0x0000FF).opacity(0.5));
        let middle = ((5.0 + 2.0) * DENSITY).round() as usize;
        assert_eq!(
            layer.pixels[middle * layer.width + middle],
            [0.5, 0.0, 0.5, 1.0]
        );
        // Outside the panel nothing is written and nothing panics.
        layer.put(&stamp, Point::new(-500.0, 1e9), Colour::hex(0x000000));
    }
}
