//! Widths of names with mathematics in them.

use super::font;
use super::font::Weight;
use crate::text::math;
pub(super) use crate::text::math::Run;
pub(super) use crate::text::math::in_line;
pub(super) use crate::text::math::parse;
pub(super) use crate::text::math::plain;

/// Width in points of a label at a size in points.
pub(super) fn width(label: &str, weight: Weight, size: f64) -> f64 {
    width_of(&math::parse(label), weight, size)
}

/// Width in points of runs at a size in points.
pub(super) fn width_of(runs: &[Run], weight: Weight, size: f64) -> f64 {
    let widths = runs.iter().map(|run| advance(run, weight, size));
    widths.sum()
}

/// The room that a run takes: none where it stands over the one before it.
pub(super) fn advance(run: &Run, weight: Weight, size: f64) -> f64 {
    match run.over {
        true => 0.0,
        false => font::width(&run.text, weight, size * run.scale),
    }
}
