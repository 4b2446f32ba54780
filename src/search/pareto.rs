//! Several costs: who dominates whom, and how much of the space a set dominates.

use crate::table::stats::average_ranks;

/// The rank of each: 0 for what nothing dominates, 1 for what nothing else does once these are gone, ….
///
/// One dominates another when no cost of it is larger and one is smaller; equal ones share a rank. Costs that
/// rounding may be all to tell apart are equal: means of the same numbers are, in whatever order they were added.
/// Costs are finite, as many for each.
pub fn ranks(costs: &[impl AsRef<[f64]>]) -> Vec<usize> {
    let costs = &levels(costs);
    let mut ranks = vec![usize::MAX; costs.len()];
    // None dominates one that is before it in this order.
    let mut left = sorted(costs);
    let mut rank = 0;
    while !left.is_empty() {
        let mut front: Vec<usize> = Vec::new();
        let mut next = Vec::new();
        for i in left {
            let dominated = |j: &&usize| dominates(&costs[**j], &costs[i]);
            // The last found are the likeliest to be near.
            if front.iter().rev().find(dominated).is_some() {
                next.push(i);
            } else {
                front.push(i);
                ranks[i] = rank;
            }
        }
        left = next;
        rank += 1;
    }
    ranks
}

/// Each cost as its rank among all of its kind.
fn levels(costs: &[impl AsRef<[f64]>]) -> Vec<Vec<f64>> {
    let mut levels: Vec<Vec<f64>> = costs.iter().map(|costs| costs.as_ref().to_vec()).collect();
    for k in 0..levels.first().map_or(0, Vec::len) {
        let column: Vec<f64> = levels.iter().map(|costs| costs[k]).collect();
        for (costs, rank) in levels.iter_mut().zip(average_ranks(&column)) {
            costs[k] = rank;
        }
    }
    levels
}

/// Whether the first is nowhere worse than the second, and somewhere better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    a != b && a.iter().zip(b).all(|(a, b)| a <= b)
}

/// Indices in lexicographic order of the costs, of equal ones in their own.
fn sorted(costs: &[impl AsRef<[f64]>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&i, &j| {
        let pairs = costs[i].as_ref().iter().zip(costs[j].as_ref());
        let unequal = pairs
            .map(|(a, b)| a.total_cmp(b))
            .find(|order| order.is_ne());
        unequal.unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

/// The best `n`: whole ranks, and of the first rank that does not fit whole a subset of large
/// hypervolume. In ascending order.
pub(super) fn best(costs: &[&[f64]], n: usize) -> Vec<usize> {
    let ranks = ranks(costs);
    let of = |rank: usize| (0..costs.len()).filter(move |&i| ranks[i] == rank);
    let mut best = Vec::with_capacity(n);
    let mut rank = 0;
    while best.len() < n {
        let front: Vec<usize> = of.clone()(rank).collect();
        let room = n - best.len();
        if front.len() <= room {
            best.extend(front);
        } else {
            let of_front: Vec<&[f64]> = front.iter().map(|&i| costs[i]).collect();
            best.extend(subset(&of_front, room).into_iter().map(|at| front[at]));
        }
        rank += 1;
    }
    best.sort_unstable();
    best
}

/// `n` of these, chosen greedily for the hypervolume that they dominate together (Guerreiro, Fonseca
/// & Paquete, Evolutionary Computation 2016). Equal ones are chosen when all different ones are.
fn subset(costs: &[&[f64]], n: usize) -> Vec<usize> {
    let mut distinct = sorted(costs);
    distinct.dedup_by(|i, j| costs[*i] == costs[*j]);
    if distinct.len() < n {
        let repeated = (0..costs.len()).filter(|i| !distinct.contains(i));
        let repeated: Vec<usize> = repeated.take(n - distinct.len()).collect();
        distinct.extend(repeated);
        return distinct;
    }
    let reference = reference(costs);
    if reference.iter().any(|x| !x.is_finite()) {
        distinct.truncate(n);
        return distinct;
    }
    let mut chosen: Vec<&[f64]> = Vec::new();
    let mut indices = Vec::new();
    let mut dominated = 0.0;
    // What one adds only becomes less, so that an old figure bounds the new one.
    let mut left: Vec<(usize, f64)> = distinct.into_iter().map(|i| (i, f64::INFINITY)).collect();
    while indices.len() < n {
        let mut most = (0, f64::NEG_INFINITY);
        let mut by_bound: Vec<usize> = (0..left.len()).collect();
        by_bound.sort_by(|&a, &b| left[b].1.total_cmp(&left[a].1));
        for at in by_bound {
            if left[at].1 < most.1 {
                break;
            }
            chosen.push(costs[left[at].0]);
            let adds = hypervolume(&chosen, &reference) - dominated;
            chosen.pop();
            left[at].1 = adds;
            if adds > most.1 || (adds == most.1 && at < most.0) {
                most = (at, adds);
            }
        }
        let (index, adds) = left.remove(most.0);
        chosen.push(costs[index]);
        indices.push(index);
        dominated += adds;
    }
    indices
}

/// A point a tenth beyond the worst of each cost.
fn reference(costs: &[&[f64]]) -> Vec<f64> {
    let worst = |k: usize| costs.iter().map(|costs| costs[k]).fold(f64::MIN, f64::max);
    let beyond = |worst: f64| match f64::max(1.1 * worst, 0.9 * worst) {
        0.0 => 1e-12,
        beyond => beyond,
    };
    (0..costs[0].len()).map(|k| beyond(worst(k))).collect()
}

/// The volume of what these dominate, up to the reference point.
pub fn hypervolume(costs: &[&[f64]], reference: &[f64]) -> f64 {
    let within = |costs: &&&[f64]| costs.iter().zip(reference).all(|(cost, end)| cost < end);
    let mut inside: Vec<&[f64]> = costs.iter().filter(within).copied().collect();
    // Slices along the last cost, each a volume in one cost fewer.
    let Some(last) = reference.len().checked_sub(1) else {
        return 0.0;
    };
    inside.sort_by(|a, b| a[last].total_cmp(&b[last]));
    if last == 0 {
        return inside.first().map_or(0.0, |best| reference[0] - best[0]);
    }
    let mut volume = 0.0;
    let mut lowest = f64::INFINITY;
    for (i, costs) in inside.iter().enumerate() {
        let next = inside.get(i + 1).map_or(reference[last], |next| next[last]);
        let thickness = next - costs[last];
        lowest = lowest.min(costs[0]);
        if thickness == 0.0 {
            continue;
        }
        let area = if last == 1 {
            reference[0] - lowest
        } else {
            let slice: Vec<&[f64]> = inside[..=i].iter().map(|costs| &costs[..last]).collect();
            hypervolume(&slice, &reference[..last])
        };
        volume += thickness * area;
    }
    volume
}
