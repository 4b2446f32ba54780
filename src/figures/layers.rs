//! Layered placement of a small directed graph, left to right (Sugiyama, Tagawa & Toda 1981):
//! layers by longest path, order within a layer by barycentres, positions by averages.

/// Where nodes and edges go, in units of one node's width and height with its gap.
pub(crate) struct Placement {
    /// Per node: layer, and the middle's vertical position.
    pub nodes: Vec<(usize, f64)>,
    /// Per edge: layer and vertical position of every point it passes, ends included.
    pub edges: Vec<Vec<(usize, f64)>>,
    pub layers: usize,
    /// Vertical extent from 0.
    pub height: f64,
}

/// Height that an edge takes where it passes a layer.
const PASSING: f64 = 0.4;

/// Sweeps over the layers; small graphs settle in fewer.
const SWEEPS: usize = 8;

/// Places `count` nodes. Edges that point outside the nodes are ignored; an edge that closes a
/// cycle, which no plan has, is drawn but orders nothing.
pub(crate) fn place(count: usize, edges: &[(usize, usize)]) -> Placement {
    let layer = layers(count, edges);
    let mut sheet = Sheet {
        count,
        layer: layer.clone(),
        up: vec![Vec::new(); count],
        down: vec![Vec::new(); count],
    };
    let routes: Vec<Vec<usize>> = edges.iter().map(|&edge| sheet.route(edge)).collect();
    let depth = sheet.layer.iter().max().map_or(0, |last| last + 1);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (node, &layer) in sheet.layer.iter().enumerate() {
        columns[layer].push(node);
    }
    sheet.order(&mut columns);
    let y = sheet.heights(&columns);
    let all = || y.iter().enumerate();
    let top = all()
        .map(|(node, y)| y - sheet.half(node))
        .fold(f64::INFINITY, f64::min);
    let bottom = all()
        .map(|(node, y)| y + sheet.half(node))
        .fold(f64::NEG_INFINITY, f64::max);
    let at = |node: usize| (sheet.layer[node], y[node] - top);
    Placement {
        nodes: (0..count).map(at).collect(),
        edges: routes
            .iter()
            .map(|route| route.iter().map(|&node| at(node)).collect())
            .collect(),
        layers: depth,
        height: if count == 0 { 0.0 } else { bottom - top },
    }
}

/// The layer of each node: the longest chain of edges that leads to it.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; count];
    let inside = |&&(from, to): &&(usize, usize)| from < count && to < count && from != to;
    // As many rounds as the longest chain can have edges; with a cycle the bound ends it.
    for _ in 0..count {
        for &(from, to) in edges.iter().filter(inside) {
            layer[to] = layer[to].max((layer[from] + 1).min(count - 1));
        }
    }
    layer
}

/// The graph with a node in every layer that an edge passes.
struct Sheet {
    /// How many are nodes; those after them are passing edges.
    count: usize,
    layer: Vec<usize>,
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
}

impl Sheet {
    /// The nodes an edge passes, new ones between its ends.
    fn route(&mut self, (from, to): (usize, usize)) -> Vec<usize> {
        let known = self.layer.len();
        if from >= known || to >= known {
            return Vec::new();
        }
        let mut route = vec![from];
        for layer in self.layer[from] + 1..self.layer[to] {
            self.layer.push(layer);
            self.up.push(Vec::new());
            self.down.push(Vec::new());
            route.push(self.layer.len() - 1);
        }
        route.push(to);
        for pair in route.windows(2) {
            if self.layer[pair[0]] < self.layer[pair[1]] {
                self.down[pair[0]].push(pair[1]);
                self.up[pair[1]].push(pair[0]);
            }
        }
        route
    }

    /// Orders each column by the mean position of its neighbours, to and fro.
    fn order(&self, columns: &mut [Vec<usize>]) {
        let mut rank = vec![0.0; self.layer.len()];
        let number = |column: &[usize], rank: &mut [f64]| {
            for (i, &node) in column.iter().enumerate() {
                rank[node] = i as f64 - column.len() as f64 / 2.0;
            }
        };
        for column in columns.iter() {
            number(column, &mut rank);
        }
        for sweep in 0..SWEEPS {
            let forward = sweep % 2 == 0;
            let neighbours = if forward { &self.up } else { &self.down };
            let depth = columns.len();
            for i in 0..depth {
                let column = &mut columns[if forward { i } else { depth - 1 - i }];
                let wish = |node: &usize| mean(&neighbours[*node], &rank).unwrap_or(rank[*node]);
                // A stable sort: equals keep the order in which the pipeline names them.
                column.sort_by(|a, b| wish(a).total_cmp(&wish(b)));
                number(column, &mut rank);
            }
        }
    }

    /// Half the height that a node or a passing edge takes.
    fn half(&self, node: usize) -> f64 {
        match node < self.count {
            true => 0.5,
            false => PASSING / 2.0,
        }
    }

    /// Vertical positions: each node near its neighbours, one unit from the next in its column.
    fn heights(&self, columns: &[Vec<usize>]) -> Vec<f64> {
        let mut y = vec![0.0; self.layer.len()];
        for column in columns {
            let height: f64 = column.iter().map(|&node| 2.0 * self.half(node)).sum();
            let mut top = -height / 2.0;
            for &node in column {
                y[node] = top + self.half(node);
                top += 2.0 * self.half(node);
            }
        }
        for sweep in 0..SWEEPS {
            let neighbours = if sweep % 2 == 0 { &self.up } else { &self.down };
            for column in columns {
                let wishes: Vec<f64> = column
                    .iter()
                    .map(|&node| mean(&neighbours[node], &y).unwrap_or(y[node]))
                    .collect();
                let mut placed = wishes.clone();
                for i in 1..placed.len() {
                    let apart = self.half(column[i - 1]) + self.half(column[i]);
                    placed[i] = placed[i].max(placed[i - 1] + apart);
                }
                // Pushing apart went downwards only; half of the drift is taken back.
                let drift: f64 = placed.iter().zip(&wishes).map(|(p, w)| p - w).sum();
                let drift = drift / placed.len().max(1) as f64;
                for (&node, position) in column.iter().zip(placed) {
                    y[node] = position - drift;
                }
            }
        }
        y
    }
}

fn mean(nodes: &[usize], value: &[f64]) -> Option<f64> {
    let sum: f64 = nodes.iter().map(|&node| value[node]).sum();
    (!nodes.is_empty()).then(|| sum / nodes.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_point_to_later_layers() {
        let edges = [(0, 1), (1, 2), (0, 2), (2, 3), (2, 4)];
        let placement = place(5, &edges);
        assert_eq!(placement.layers, 4);
        for (edge, route) in edges.iter().zip(&placement.edges) {
            assert_eq!(route[0], placement.nodes[edge.0]);
            assert!(route.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
        }
        // The long edge passes the second layer beside its node.
        assert_eq!(placement.edges[2].len(), 3);
        assert!((placement.edges[2][1].1 - placement.nodes[1].1).abs() >= 0.7 - 1e-9);
    }

    #[test]
    fn nodes_of_a_layer_do_not_overlap() {
        let placement = place(5, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]);
        let mut column: Vec<f64> = (1..4).map(|node| placement.nodes[node].1).collect();
        column.sort_by(f64::total_cmp);
        assert!(
            column
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= 1.0 - 1e-9)
        );
        assert!((placement.height - 3.0).abs() < 1e-9);
    }

    #[test]
    fn poor_graphs_are_placed_too() {
        assert_eq!(place(0, &[]).layers, 0);
        assert_eq!(place(1, &[(0, 0), (0, 7)]).nodes.len(), 1);
        assert_eq!(place(2, &[(0, 1), (1, 0)]).nodes.len(), 2);
    }
}
