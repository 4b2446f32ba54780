//! A surface on a grid: its height anywhere, and its level lines by marching squares.

use std::collections::BTreeMap;

/// Heights on the grid of `x` and `y`, both ascending.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    /// Row-major, a row per y; none where a grid point is missing.
    pub z: Vec<Option<f64>>,
}

type Place = (f64, f64);

impl Field {
    /// From scattered rows; repeated places are averaged. None below two values of x or y.
    pub(super) fn new(points: Vec<(Place, Option<f64>)>) -> Option<Self> {
        let ascending = |pick: fn(&Place) -> f64| {
            let mut values: Vec<f64> = points.iter().map(|(place, _)| pick(place)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        let (x, y) = (ascending(|p| p.0), ascending(|p| p.1));
        if x.len() < 2 || y.len() < 2 {
            return None;
        }
        let mut sums = vec![(0.0, 0usize); x.len() * y.len()];
        for ((px, py), height) in &points {
            let column = x.partition_point(|value| value < px);
            let row = y.partition_point(|value| value < py);
            if let Some(height) = height {
                let cell = &mut sums[row * x.len() + column];
                *cell = (cell.0 + height, cell.1 + 1);
            }
        }
        let mean = |(sum, count): &(f64, usize)| (*count > 0).then(|| sum / *count as f64);
        let z = sums.iter().map(mean).collect();
        Some(Field { x, y, z })
    }

    /// Grid points without a height.
    pub(super) fn holes(&self) -> usize {
        self.z.iter().filter(|height| height.is_none()).count()
    }

    /// Whether some cell of the grid has all its corners: there is no surface else.
    pub(super) fn has_cell(&self) -> bool {
        let has = |r: usize, c: usize| self.height(r, c).is_some();
        let rows = 0..self.y.len() - 1;
        rows.into_iter().any(|r| {
            let mut columns = 0..self.x.len() - 1;
            columns.any(|c| has(r, c) && has(r, c + 1) && has(r + 1, c) && has(r + 1, c + 1))
        })
    }

    fn height(&self, row: usize, column: usize) -> Option<f64> {
        self.z[row * self.x.len() + column]
    }

    /// Bilinear height; none outside the grid and beside a missing point.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<f64> {
        let cell = |values: &[f64], at: f64| {
            let last = values.len() - 1;
            if !(values[0]..=values[last]).contains(&at) {
                return None;
            }
            let i = values.partition_point(|value| *value <= at).clamp(1, last) - 1;
            Some((i, (at - values[i]) / (values[i + 1] - values[i])))
        };
        let ((c, across), (r, up)) = (cell(&self.x, x)?, cell(&self.y, y)?);
        let low = mix(self.height(r, c)?, self.height(r, c + 1)?, across);
        let high = mix(self.height(r + 1, c)?, self.height(r + 1, c + 1)?, across);
        Some(mix(low, high, up))
    }

    /// Lines along which the surface has a height, joined over cells.
    pub(super) fn level_lines(&self, level: f64) -> Vec<Vec<Place>> {
        let mut segments: Vec<(Edge, Edge)> = Vec::new();
        for r in 0..self.y.len() - 1 {
            for c in 0..self.x.len() - 1 {
                segments.extend(self.cell(level, r, c));
            }
        }
        let lines = join(segments);
        let places = lines.into_iter().map(|line| {
            let places = line
                .into_iter()
                .filter_map(|edge| self.crossing(level, edge));
            places.collect()
        });
        places.collect()
    }

    /// The pieces of a level line in one cell.
    fn cell(&self, level: f64, r: usize, c: usize) -> Vec<(Edge, Edge)> {
        let corners = [(r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c)];
        let mut heights = [0.0; 4];
        for (height, (r, c)) in heights.iter_mut().zip(corners) {
            match self.height(r, c) {
                Some(value) => *height = value,
                None => return Vec::new(),
            }
        }
        // Edges in turn: below, right, above, left; each between two corners.
        let edges = [
            Edge::along(r, c),
            Edge::upwards(r, c + 1),
            Edge::along(r + 1, c),
            Edge::upwards(r, c),
        ];
        let above = heights.map(|height| height >= level);
        let crossed: Vec<usize> = (0..4).filter(|&i| above[i] != above[(i + 1) % 4]).collect();
        match crossed[..] {
            [a, b] => vec![(edges[a], edges[b])],
            [a, b, c, d] => {
                // A saddle: the middle decides which corners belong together.
                let middle = heights.iter().sum::<f64>() / 4.0 >= level;
                match middle == above[0] {
                    true => vec![(edges[a], edges[b]), (edges[c], edges[d])],
                    false => vec![(edges[a], edges[d]), (edges[b], edges[c])],
                }
            }
            _ => Vec::new(),
        }
    }

    fn crossing(&self, level: f64, edge: Edge) -> Option<Place> {
        let (r, c) = (edge.row, edge.column);
        let from = self.height(r, c)?;
        let (to, end) = match edge.upwards {
            true => (self.height(r + 1, c)?, (self.x[c], self.y[r + 1])),
            false => (self.height(r, c + 1)?, (self.x[c + 1], self.y[r])),
        };
        let part = (level - from) / (to - from);
        Some((mix(self.x[c], end.0, part), mix(self.y[r], end.1, part)))
    }
}

/// An edge of the grid, from a grid point to its right or upper neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    row: usize,
    column: usize,
    upwards: bool,
}

impl Edge {
    fn along(row: usize, column: usize) -> Self {
        Edge {
            row,
            column,
            upwards: false,
        }
    }

    fn upwards(row: usize, column: usize) -> Self {
        Edge {
            row,
            column,
            upwards: true,
        }
    }
}

fn mix(a: f64, b: f64, part: f64) -> f64 {
    a + part * (b - a)
}

/// Joins segments that share an edge into lines; closed lines end where they begin.
fn join(segments: Vec<(Edge, Edge)>) -> Vec<Vec<Edge>> {
    let mut at: BTreeMap<Edge, Vec<usize>> = BTreeMap::new();
    for (i, (a, b)) in segments.iter().enumerate() {
        at.entry(*a).or_default().push(i);
        at.entry(*b).or_default().push(i);
    }
    let mut used = vec![false; segments.len()];
    let mut lines = Vec::new();
    // Open lines begin at an edge with one segment; what is left are rings.
    let ends = at
        .iter()
        .filter(|(_, at)| at.len() == 1)
        .map(|(edge, _)| *edge);
    let starts: Vec<Edge> = ends.chain(segments.iter().map(|(a, _)| *a)).collect();
    for start in starts {
        let mut line = vec![start];
        let mut here = start;
        while let Some(&next) = at[&here].iter().find(|&&i| !used[i]) {
            used[next] = true;
            let (a, b) = segments[next];
            here = if a == here { b } else { a };
            line.push(here);
        }
        if line.len() > 1 {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bowl() -> Field {
        let mut points = Vec::new();
        for i in -10..=10 {
            for j in -10..=10 {
                let (x, y) = (f64::from(i) / 5.0, f64::from(j) / 5.0);
                points.push(((x, y), Some(x * x + y * y)));
            }
        }
        Field::new(points).unwrap()
    }

    #[test]
    fn the_level_line_of_a_bowl_is_one_circle() {
        let lines = bowl().level_lines(1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for (x, y) in &lines[0] {
            // Linear between grid points 0.2 apart, off by at most h²/8 times the curvature.
            assert!(((x * x + y * y).sqrt() - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn a_line_that_leaves_the_grid_is_open() {
        let lines = bowl().level_lines(5.0);
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.first() != line.last()));
    }

    #[test]
    fn a_hole_stays_empty() {
        let mut field = bowl();
        field.z[0] = None;
        assert_eq!(field.holes(), 1);
        assert_eq!(field.at(-1.9, -1.9), None);
        assert!(field.at(0.05, 0.05).is_some());
        assert_eq!(field.at(3.0, 0.0), None);
        assert!(field.has_cell());
        let scattered = [(0.0, 1.0), (1.0, 0.0), (2.0, 3.0)].map(|at| (at, Some(1.0)));
        assert!(!Field::new(scattered.to_vec()).unwrap().has_cell());
    }

    #[test]
    fn one_column_is_no_surface() {
        assert!(Field::new(vec![((0.0, 0.0), Some(1.0)), ((0.0, 1.0), Some(2.0))]).is_none());
    }
}
