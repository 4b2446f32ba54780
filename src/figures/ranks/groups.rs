//! Which methods a test does not tell apart.

use crate::table::stats;

use super::PostHoc;

/// What the bars of the diagram join.
pub(super) struct Groups {
    /// Whether Friedman's test finds any difference.
    pub differ: bool,
    /// Nemenyi's critical difference, where that is the test.
    pub critical: Option<f64>,
    /// Each the methods of a bar in the order of their ranks, none within another.
    pub bars: Vec<Vec<usize>>,
    /// Whether the test tells two methods apart.
    pub apart: Vec<Vec<bool>>,
}

impl Groups {
    /// Whether two methods are alike that no bar joins, as one between them differs from one of them.
    pub(super) fn some_beyond_bars(&self) -> bool {
        let joined = |a: &usize, b: &usize| {
            let mut bars = self.bars.iter();
            bars.any(|bar| bar.contains(a) && bar.contains(b))
        };
        let k = self.apart.len();
        (0..k).any(|a| (a + 1..k).any(|b| !self.apart[a][b] && !joined(&a, &b)))
    }

    /// `costs`: a row per block, a number per method, less is better.
    pub(super) fn new(
        friedman: &stats::Friedman,
        costs: &[Vec<f64>],
        test: PostHoc,
        level: f64,
    ) -> Self {
        let k = friedman.ranks.len();
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&a, &b| friedman.ranks[a].total_cmp(&friedman.ranks[b]));
        let differ = friedman.p_f < level;
        let critical = match test {
            PostHoc::Nemenyi => stats::critical_difference(k, friedman.n, level),
            PostHoc::Wilcoxon => None,
        };
        let apart = match critical {
            _ if !differ => vec![vec![false; k]; k],
            Some(critical) => by_ranks(&friedman.ranks, critical),
            None => by_pairs(costs, k, level),
        };
        Groups {
            differ,
            critical,
            bars: joined(&order, &apart),
            apart,
        }
    }
}

fn by_ranks(ranks: &[f64], critical: f64) -> Vec<Vec<bool>> {
    let row = |a: &f64| ranks.iter().map(|b| (a - b).abs() > critical).collect();
    ranks.iter().map(row).collect()
}

/// Wilcoxon's signed-rank test of each pair, corrected after Holm.
fn by_pairs(costs: &[Vec<f64>], k: usize, level: f64) -> Vec<Vec<bool>> {
    let of = |method: usize| -> Vec<f64> { costs.iter().map(|block| block[method]).collect() };
    let pairs: Vec<(usize, usize)> = (0..k)
        .flat_map(|a| (a + 1..k).map(move |b| (a, b)))
        .collect();
    let p = pairs.iter().map(|&(a, b)| {
        // Equal everywhere: no difference to find.
        stats::signed_rank(&of(a), &of(b)).map_or(1.0, |test| test.p_two_sided())
    });
    let adjusted = stats::holm(&p.collect::<Vec<f64>>());
    let mut apart = vec![vec![false; k]; k];
    for (&(a, b), p) in pairs.iter().zip(adjusted) {
        apart[a][b] = p < level;
        apart[b][a] = p < level;
    }
    apart
}

/// The longest runs of neighbouring ranks of which no two are told apart.
fn joined(order: &[usize], apart: &[Vec<bool>]) -> Vec<Vec<usize>> {
    let mut bars: Vec<Vec<usize>> = Vec::new();
    let mut reached = 0;
    for from in 0..order.len() {
        let alike = |to: usize| (from..to).all(|i| !apart[order[i]][order[to]]);
        let mut to = from + 1;
        while to < order.len() && (from..=to).all(|end| end == from || alike(end)) {
            to += 1;
        }
        if to - from > 1 && to > reached {
            bars.push(order[from..to].to_vec());
            reached = to;
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_join_what_is_within_the_difference_and_none_lies_in_another() {
        let ranks = [1.0, 1.8, 2.5, 4.0, 4.2];
        let apart = by_ranks(&ranks, 1.0);
        let bars = joined(&[0, 1, 2, 3, 4], &apart);
        assert_eq!(bars, [vec![0, 1], vec![1, 2], vec![3, 4]]);
        let none = by_ranks(&[1.0, 3.0], 1.0);
        assert!(joined(&[0, 1], &none).is_empty());
    }

    #[test]
    fn pairs_are_corrected_for_their_number() {
        // Eight blocks: each pair has the exact p 2/256 = 0.0078, times three 0.023.
        let costs: Vec<Vec<f64>> = (1..=8)
            .map(|i| vec![0.0, f64::from(i), f64::from(3 * i)])
            .collect();
        let friedman = stats::friedman(&costs).unwrap();
        let told = Groups::new(&friedman, &costs, PostHoc::Wilcoxon, 0.05);
        assert!(told.differ && told.bars.is_empty());
        let not = Groups::new(&friedman, &costs, PostHoc::Wilcoxon, 0.01);
        assert_eq!(not.bars, [vec![0, 1, 2]]);
        assert!(!not.some_beyond_bars());
    }

    /// The second is worse than the first in all of eight blocks, the third in six, and in two far better.
    #[test]
    fn methods_may_be_alike_beyond_a_bar() {
        let costs: Vec<Vec<f64>> = (1..=8)
            .map(|i| {
                let far = f64::from(10 * i);
                vec![0.0, f64::from(i), if i > 6 { -far } else { far }]
            })
            .collect();
        let friedman = stats::friedman(&costs).unwrap();
        let told = Groups::new(&friedman, &costs, PostHoc::Wilcoxon, 0.05);
        assert!(told.differ && told.apart[0][1] && !told.apart[0][2]);
        assert_eq!(friedman.ranks, [1.25, 2.25, 2.5]);
        assert_eq!(told.bars, [vec![1, 2]]);
        assert!(told.some_beyond_bars());
    }
}
