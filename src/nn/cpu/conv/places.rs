//! From one image to the other: which pixels have the same taps, and where their terms lie.
//!
//! Pixels near the border lose the taps that meet only padding, and under a stride the pixels of
//! the large image take turns in the taps they meet. Pixels with the same taps form a [`Class`]; all of them,
//! of all images, can share tiles.

use super::kernel::{Run, Runs};
use crate::nn::layers::window::Layout;

/// Output pixels whose sums have the same terms.
#[derive(Debug)]
pub(super) struct Class {
    /// Per pixel: where its terms start in an input image, and its number in an output image.
    pub places: Vec<(usize, usize)>,
    /// The terms, relative to the start; lines of one panel of weights.
    pub runs: Runs,
}

/// A convolution in one direction: images `[N, pixels, channels]` to `[N, channels', pixels']`.
#[derive(Debug)]
pub(super) struct Direction {
    pub classes: Vec<Class>,
    /// Numbers of an input image.
    pub input: usize,
    /// Channels and pixels of an output image.
    pub output: (usize, usize),
    /// Lines of a panel of weights.
    pub panel: usize,
}

/// The taps along one axis that meet the image for one output coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taps {
    first: usize,
    count: usize,
}

/// One axis: per output coordinate its taps and the input coordinate of the first.
type Axis = Vec<(Taps, usize)>;

/// Along one axis from the large image to the small one; taps are neighbours.
fn downwards(small: usize, large: usize, kernel: usize, stride: usize, before: usize) -> Axis {
    let at = |o: usize| {
        let first = before.saturating_sub(o * stride).min(kernel);
        let last = (large + before).saturating_sub(o * stride).min(kernel);
        let count = last.saturating_sub(first);
        let taps = Taps { first, count };
        (taps, (o * stride + first).saturating_sub(before))
    };
    (0..small).map(at).collect()
}

/// Along one axis from the small image to the large one; each further tap is `stride` on, and meets
/// the pixel before.
fn upwards(small: usize, large: usize, kernel: usize, stride: usize, before: usize) -> Axis {
    let at = |l: usize| {
        let met = |tap: usize| {
            let distance = (l + before).checked_sub(tap)?;
            let pixel = distance / stride;
            (distance % stride == 0 && pixel < small).then_some((tap, pixel))
        };
        let mut all = (0..kernel).filter_map(met);
        let Some((first, pixel)) = all.next() else {
            return (Taps { first: 0, count: 0 }, 0);
        };
        let count = 1 + all.count();
        (Taps { first, count }, pixel)
    };
    (0..large).map(at).collect()
}

/// The distinct taps of an axis, each with the coordinates (output, first input) that have them.
fn groups(axis: &Axis) -> Vec<(Taps, Vec<(usize, usize)>)> {
    let mut groups: Vec<(Taps, Vec<(usize, usize)>)> = Vec::new();
    for (output, (taps, input)) in axis.iter().enumerate() {
        match groups.iter_mut().find(|(t, _)| t == taps) {
            Some((_, members)) => members.push((output, *input)),
            None => groups.push((*taps, vec![(output, *input)])),
        }
    }
    groups
}

fn classes(
    (rows, columns): (Axis, Axis),
    (input_width, channels): (usize, usize),
    runs: impl Fn(Taps, Taps) -> Vec<Run>,
) -> Vec<Class> {
    let output_width = columns.len();
    let (rows, columns) = (groups(&rows), groups(&columns));
    let mut classes = Vec::with_capacity(rows.len() * columns.len());
    for (down, ys) in &rows {
        for (across, xs) in &columns {
            let mut places = Vec::with_capacity(ys.len() * xs.len());
            for (oy, iy) in ys {
                for (ox, ix) in xs {
                    let start = (iy * input_width + ix) * channels;
                    places.push((start, oy * output_width + ox));
                }
            }
            let runs = Runs::new(runs(*down, *across));
            classes.push(Class { places, runs });
        }
    }
    classes
}

/// The large image (channels last) to the small one: a convolution's forward pass.
pub(super) fn down(layout: &Layout) -> Direction {
    let ((c, h, w), (o, oh, ow)) = (layout.large, layout.small);
    let (kh, kw) = layout.window.kernel;
    let (stride, padding) = (layout.window.stride, layout.window.padding);
    let rows = downwards(oh, h, kh, stride.0, padding.top);
    let columns = downwards(ow, w, kw, stride.1, padding.left);
    let runs = |down: Taps, across: Taps| {
        let run = |i: usize| Run {
            row: (i * w * c) as isize,
            line: ((down.first + i) * kw + across.first) * c,
            len: across.count * c,
        };
        (0..down.count).map(run).collect()
    };
    Direction {
        classes: classes((rows, columns), (w, c), runs),
        input: c * h * w,
        output: (o, oh * ow),
        panel: kh * kw * c,
    }
}

/// The small image (channels last) to the large one: a convolution's input gradient.
pub(super) fn up(layout: &Layout) -> Direction {
    let ((c, h, w), (o, oh, ow)) = (layout.large, layout.small);
    let (kh, kw) = layout.window.kernel;
    let (stride, padding) = (layout.window.stride, layout.window.padding);
    let rows = upwards(oh, h, kh, stride.0, padding.top);
    let columns = upwards(ow, w, kw, stride.1, padding.left);
    let runs = |down: Taps, across: Taps| {
        let mut runs = Vec::with_capacity(down.count * across.count);
        for i in 0..down.count {
            for j in 0..across.count {
                let tap = (down.first + i * stride.0) * kw + across.first + j * stride.1;
                runs.push(Run {
                    row: -((i * ow + j) as isize) * o as isize,
                    line: tap * o,
                    len: o,
                });
            }
        }
        runs
    };
    Direction {
        classes: classes((rows, columns), (ow, o), runs),
        input: o * oh * ow,
        output: (c, h * w),
        panel: kh * kw * o,
    }
}
