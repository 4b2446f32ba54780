//! Markers told apart by shape alone, of equal visual weight.

use std::f64::consts::PI;

use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Point;
use super::theme;

/// How far the corners of a marker are from its middle at most, in sizes.
const REACH: f64 = 0.7;

/// Draws the i-th marker; `size` is the diameter of the disc among them, in points.
pub(super) fn draw(canvas: &mut Canvas, shape: usize, centre: Point, size: f64, colour: Colour) {
    // A thin rim of paper keeps overlapping markers apart.
    let rim = theme::PAPER.opacity(colour.opacity.min(0.9));
    canvas.standing(centre, REACH * (size + 0.9), |canvas| {
        shaped(canvas, shape, centre, size + 0.9, rim);
        shaped(canvas, shape, centre, size, colour);
    });
}

/// The marker without a rim.
pub(super) fn plain(canvas: &mut Canvas, shape: usize, centre: Point, size: f64, colour: Colour) {
    canvas.standing(centre, REACH * size, |canvas| {
        shaped(canvas, shape, centre, size, colour);
    });
}

fn shaped(canvas: &mut Canvas, shape: usize, centre: Point, size: f64, colour: Colour) {
    let radius = size / 2.0;
    let polygon = |canvas: &mut Canvas, corners: &[(f64, f64)]| {
        let corner = |(x, y): &(f64, f64)| Point::new(centre.x + radius * x, centre.y + radius * y);
        canvas.area(corners.iter().map(corner).collect(), colour);
    };
    match shape % 8 {
        0 => canvas.disc(centre, radius, colour),
        1 => polygon(
            canvas,
            &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        ),
        2 => polygon(canvas, &[(0.0, -1.25), (1.1, 0.75), (-1.1, 0.75)]),
        3 => polygon(canvas, &[(0.0, -1.3), (1.2, 0.0), (0.0, 1.3), (-1.2, 0.0)]),
        4 => polygon(canvas, &[(0.0, 1.25), (1.1, -0.75), (-1.1, -0.75)]),
        5 => polygon(canvas, &plus(0.38, 0.0)),
        6 => polygon(canvas, &plus(0.38, PI / 4.0)),
        _ => polygon(canvas, &star()),
    }
}

/// A plus of half-width `arm`, turned.
fn plus(arm: f64, turn: f64) -> Vec<(f64, f64)> {
    let end = 1.2;
    let corners = [
        (-arm, -end),
        (arm, -end),
        (arm, -arm),
        (end, -arm),
        (end, arm),
        (arm, arm),
        (arm, end),
        (-arm, end),
        (-arm, arm),
        (-end, arm),
        (-end, -arm),
        (-arm, -arm),
    ];
    let (sin, cos) = turn.sin_cos();
    let turned = corners
        .iter()
        .map(|(x, y)| (x * cos - y * sin, x * sin + y * cos));
    turned.collect()
}

/// Five points.
fn star() -> Vec<(f64, f64)> {
    let corner = |i: usize| {
        let radius = if i.is_multiple_of(2) { 1.4 } else { 0.6 };
        let angle = PI * i as f64 / 5.0;
        (radius * angle.sin(), -radius * angle.cos())
    };
    (0..10).map(corner).collect()
}
