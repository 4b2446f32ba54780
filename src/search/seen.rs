//! No point twice: an equal point is an equal step, whose result is there already.

use std::collections::HashSet;

use crate::random::Stream;

use super::Ask;
use super::Proposal;
use super::Space;
use super::Trial;
use super::space::Row;

/// How often a method may draw again before the points that are left are counted.
const REDRAWS: usize = 100;

/// The points that trials have already.
pub(super) struct Seen(HashSet<Vec<u64>>);

impl Seen {
    pub(super) fn new(space: &Space, history: &[Trial]) -> Seen {
        let rows = history.iter().filter_map(|trial| space.row(&trial.point));
        Seen(rows.map(|row| bits(&row)).collect())
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        self.0.contains(&bits(row))
    }
}

fn bits(row: &Row) -> Vec<u64> {
    // An absent parameter is NaN, which no present one is.
    let bits = |value: &Option<f64>| value.unwrap_or(f64::NAN).to_bits();
    row.iter().map(bits).collect()
}

/// The first of `first` and then of points drawn uniformly that no trial has.
pub(super) fn fresh(ask: &Ask<'_>, first: impl IntoIterator<Item = Row>) -> Proposal {
    let seen = Seen::new(ask.space, ask.history);
    let mut stream = draws(ask);
    let again = std::iter::repeat_with(|| uniform(ask.space, &mut stream)).take(REDRAWS);
    let row = first.into_iter().chain(again).find(|row| !seen.holds(row));
    match row.or_else(|| one_left(ask, &seen)) {
        Some(row) => Proposal::Point(ask.space.point(&row)),
        None => Proposal::Exhausted,
    }
}

/// Uniformly one of the points that are left in a space of few.
fn one_left(ask: &Ask<'_>, seen: &Seen) -> Option<Row> {
    let mut left = ask.space.rows()?;
    left.retain(|row| !seen.holds(row));
    let mut stream = ask.seed.derive("left").stream(ask.k as u64);
    (!left.is_empty()).then(|| left.swap_remove(stream.below(left.len())))
}

/// The random numbers of a trial, the same for every method: those that begin at random begin alike.
pub(super) fn draws(ask: &Ask<'_>) -> Stream {
    ask.seed.derive("random").stream(ask.k as u64)
}

/// A point drawn uniformly, on the logarithm where the parameter asks for it.
pub(super) fn uniform(space: &Space, stream: &mut Stream) -> Row {
    let units: Vec<f64> = space
        .parameters()
        .iter()
        .map(|_| stream.unit_f64())
        .collect();
    space.at(&units)
}
