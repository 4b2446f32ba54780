//! Light strokes across areas, so that groups differ in grey print as they do in colour.

use super::canvas::Canvas;
use super::canvas::Point;
use super::canvas::Rect;
use super::theme;

/// Between strokes, in points.
const SPACING: f64 = 3.2;
const WIDTH: f64 = 0.7;

/// Angles of the strokes of the first group, the second, …
const PATTERNS: [&[f64]; 6] = [&[], &[45.0], &[135.0], &[0.0], &[45.0, 135.0], &[90.0]];

/// Draws the pattern of the i-th group over its area.
pub(super) fn draw(canvas: &mut Canvas, group: usize, area: Rect) {
    within(canvas, group, &area.corners());
}

/// The same over an area with these corners.
pub(super) fn within(canvas: &mut Canvas, group: usize, corners: &[Point]) {
    for angle in PATTERNS[group % PATTERNS.len()] {
        strokes(canvas, *angle, corners);
    }
}

fn strokes(canvas: &mut Canvas, angle: f64, corners: &[Point]) {
    let (sin, cos) = angle.to_radians().sin_cos();
    // Along the stroke (cos, −sin), across it (sin, cos): areas of one group share a raster.
    let along = |point: &Point| point.x * cos - point.y * sin;
    let across = |point: &Point| point.x * sin + point.y * cos;
    let low = corners.iter().map(across).fold(f64::INFINITY, f64::min);
    let high = corners.iter().map(across).fold(f64::NEG_INFINITY, f64::max);
    let mut k = (low / SPACING).floor() as i64 + 1;
    while (k as f64) * SPACING < high {
        let at = k as f64 * SPACING;
        // Where the stroke enters and leaves, in turn.
        let edges = corners.iter().zip(corners.iter().cycle().skip(1));
        let crossings = edges.filter_map(|(from, to)| {
            let (a, b) = (across(from) - at, across(to) - at);
            ((a > 0.0) != (b > 0.0)).then(|| along(from) + (along(to) - along(from)) * a / (a - b))
        });
        let mut crossings: Vec<f64> = crossings.collect();
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            if pair[1] - pair[0] > 0.2 {
                let end = |t: f64| Point::new(at * sin + t * cos, at * cos - t * sin);
                let ink = theme::PAPER.opacity(0.75);
                canvas.line(vec![end(pair[0]), end(pair[1])], ink, WIDTH);
            }
        }
        k += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Mark;
    use super::*;

    #[test]
    fn strokes_stay_within_the_area() {
        let area = Rect {
            x: 10.0,
            y: 20.0,
            width: 14.0,
            height: 31.0,
        };
        let mut canvas = Canvas::new(100.0, 100.0);
        (0..6).for_each(|group| draw(&mut canvas, group, area));
        let lines = canvas.marks.iter().filter_map(|mark| match mark {
            Mark::Line { points, .. } => Some(points),
            _ => None,
        });
        let mut count = 0;
        for point in lines.flatten() {
            count += 1;
            assert!((area.x - 1e-6..=area.right() + 1e-6).contains(&point.x));
            assert!((area.y - 1e-6..=area.bottom() + 1e-6).contains(&point.y));
        }
        assert!(count > 40);
    }
}
