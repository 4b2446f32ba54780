//! Functional ANOVA against closed forms and brute force.

use crate::random::Seed;

use super::super::forest::Dimension;
use super::super::forest::Forest;

fn unit() -> Dimension {
    Dimension::Numbers {
        low: 0.0,
        high: 1.0,
    }
}

/// Rows drawn uniformly, and their costs.
fn drawn(
    dimensions: &[Dimension],
    n: usize,
    cost: impl Fn(&[f64]) -> f64,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut stream = Seed::new(4).stream(0);
    let mut number = |dimension: &Dimension| match *dimension {
        Dimension::Numbers { low, high } => low + (high - low) * stream.unit_f64(),
        Dimension::Choices(n) => stream.below(n) as f64,
    };
    let rows: Vec<Vec<f64>> = (0..n)
        .map(|_| dimensions.iter().map(&mut number).collect())
        .collect();
    let costs = rows.iter().map(|row| cost(row)).collect();
    (rows, costs)
}

/// Variances of the parts of 3 x + sin(2π y) + 2 [z = 2] over uniform x, y, z: 9/12, 1/2 and 4·2/9.
/// The fourth parameter does nothing. A forest of 1000 rows is a step function near it: within 0.04.
#[test]
fn parts_of_a_sum_have_the_shares_of_their_variances() {
    let dimensions = [unit(), unit(), Dimension::Choices(3), unit()];
    let cost = |row: &[f64]| {
        let third = if row[2] == 2.0 { 2.0 } else { 0.0 };
        3.0 * row[0] + (std::f64::consts::TAU * row[1]).sin() + third
    };
    let (rows, costs) = drawn(&dimensions, 1000, cost);
    let forest = Forest::fit(&dimensions, &rows, &costs, 64, Seed::new(0));
    let importance = forest.importance().expect("it is not constant");
    let parts = [9.0 / 12.0, 0.5, 8.0 / 9.0, 0.0];
    let sum: f64 = parts.iter().sum();
    for (found, part) in importance.iter().zip(parts) {
        assert!(
            (found.mean - part / sum).abs() < 0.04,
            "{found:?} {}",
            part / sum
        );
        assert!(found.spread < 0.05);
    }
}

/// A product of centred parts is explained by both together and by neither alone.
#[test]
fn what_two_explain_together_neither_explains_alone() {
    let dimensions = [unit(), unit()];
    let (rows, costs) = drawn(&dimensions, 600, |row| (row[0] - 0.5) * (row[1] - 0.5));
    let forest = Forest::fit(&dimensions, &rows, &costs, 64, Seed::new(0));
    for found in forest.importance().expect("it is not constant") {
        assert!(found.mean < 0.1, "{found:?}");
    }
}

/// The same shares, for one tree, by averaging its predictions over a fine grid. Cuts lie anywhere, so
/// that a grid of 60 places is off by a few thousandths.
#[test]
fn shares_are_those_of_a_grid() {
    let dimensions = [
        Dimension::Numbers {
            low: -2.0,
            high: 3.0,
        },
        Dimension::Choices(4),
        unit(),
    ];
    let cost = |row: &[f64]| row[0] * row[0] + row[1] * row[2] + (row[1] - 1.0).abs();
    let (rows, costs) = drawn(&dimensions, 40, cost);
    let forest = Forest::fit(&dimensions, &rows, &costs, 1, Seed::new(3));
    let places = |dimension: &Dimension| -> Vec<f64> {
        match *dimension {
            Dimension::Numbers { low, high } => (0..60)
                .map(|i| low + (high - low) * (f64::from(i) + 0.5) / 60.0)
                .collect(),
            Dimension::Choices(n) => (0..n).map(|i| i as f64).collect(),
        }
    };
    let axes: Vec<Vec<f64>> = dimensions.iter().map(places).collect();
    let mut all = Vec::new();
    for &x in &axes[0] {
        for &y in &axes[1] {
            for &z in &axes[2] {
                all.push(([x, y, z], forest.marginal(&[(0, x), (1, y), (2, z)])));
            }
        }
    }
    let mean = all.iter().map(|(_, cost)| cost).sum::<f64>() / all.len() as f64;
    let squares = all.iter().map(|(_, cost)| (cost - mean).powi(2));
    let variance = squares.sum::<f64>() / all.len() as f64;
    let importance = forest.importance().expect("it is not constant");
    for (i, axis) in axes.iter().enumerate() {
        let along = axis.iter().map(|place| {
            let at = all.iter().filter(|(row, _)| row[i] == *place);
            let costs: Vec<f64> = at.map(|(_, cost)| *cost).collect();
            let here = costs.iter().sum::<f64>() / costs.len() as f64;
            let exact = forest.marginal(&[(i, *place)]);
            assert!(
                (here - exact).abs() < 0.03 * variance.sqrt() + 1e-9,
                "{here} {exact}"
            );
            (here - mean).powi(2)
        });
        let share = along.sum::<f64>() / axis.len() as f64 / variance;
        assert!(
            (share - importance[i].mean).abs() < 0.01,
            "{share} {:?}",
            importance[i]
        );
    }
}

#[test]
fn without_differences_there_is_nothing_to_explain() {
    let dimensions = [unit(), Dimension::Choices(2)];
    let (rows, costs) = drawn(&dimensions, 30, |_| 7.0);
    let forest = Forest::fit(&dimensions, &rows, &costs, 8, Seed::new(0));
    assert_eq!(forest.importance(), None);
    assert!((forest.marginal(&[(0, 0.3)]) - 7.0).abs() < 1e-9);
    assert_eq!(
        Forest::fit(&dimensions, &[], &[], 8, Seed::new(0)).importance(),
        None
    );
}
