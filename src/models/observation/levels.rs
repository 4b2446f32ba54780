//! Grey values as whole levels, and the noise that makes numbers of them again.

use crate::random::Stream;

/// Levels of a grey value: k/255 for k from 0 to 255.
pub const LEVELS: usize = 256;

/// The number of the highest level.
pub(super) const HIGHEST: f32 = 255.0;

/// The level of a grey value, if it is one.
pub(super) fn level(grey: f32) -> Option<usize> {
    let scaled = grey * HIGHEST;
    let whole = scaled.round();
    // Single precision keeps k/255 · 255 within 2e-5 of k.
    let is_one = (scaled - whole).abs() < 1e-3 && (0.0..=HIGHEST).contains(&whole);
    is_one.then_some(whole as usize)
}

/// The level nearest to any number.
pub(super) fn nearest(grey: f32) -> usize {
    (grey * HIGHEST).round().clamp(0.0, HIGHEST) as usize
}

/// The grey value of a level.
pub(super) fn grey(level: usize) -> f64 {
    level as f64 / f64::from(HIGHEST)
}

/// Where a level begins and ends: half a level below its grey value and half one above.
pub(super) fn ends(level: usize) -> (f64, f64) {
    let at = |edge: f64| edge / f64::from(HIGHEST);
    (at(level as f64 - 0.5), at(level as f64 + 0.5))
}

/// Grey values under uniform noise as wide as a level: (k + u − ½)/255 with u ~ U[0, 1). In other
/// units of x it is the (k + u)/256 of Theis, van den Oord and Bethge 2016, arXiv 1511.01844, section
/// 3.1; in these a grey value is the middle of its level.
pub fn dequantised(grey: Vec<f32>, stream: &mut Stream) -> Vec<f32> {
    let noise = stream.uniform(grey.len(), -0.5, 0.5);
    let pairs = grey.into_iter().zip(noise);
    pairs.map(|(grey, u)| grey + u / HIGHEST).collect()
}
