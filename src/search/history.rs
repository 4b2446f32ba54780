//! The history as numbers; no point twice, since an equal point is an equal step whose result is
//! there already.

use std::collections::HashSet;

use crate::random::Stream;

use super::Ask;
use super::Outcome;
use super::Proposal;
use super::Space;
use super::space::Row;

/// How often points may be drawn again before those that are left are counted.
const REDRAWS: usize = 100;

/// The trials that lie in the space, in the order of their numbers.
pub(super) struct History<'a> {
    pub(super) trials: Vec<Known<'a>>,
}

/// A trial as numbers.
pub(super) struct Known<'a> {
    pub(super) row: Row,
    pub(super) outcome: &'a Outcome,
}

impl<'a> History<'a> {
    pub(super) fn new(ask: &Ask<'a>) -> History<'a> {
        let mut order: Vec<usize> = (0..ask.history.len()).collect();
        order.sort_by_key(|&i| ask.history[i].index);
        let known = |i: usize| {
            let trial = &ask.history[i];
            let row = ask.space.row(&trial.point)?;
            let outcome = &trial.outcome;
            Some(Known { row, outcome })
        };
        History {
            trials: order.into_iter().filter_map(known).collect(),
        }
    }

    /// Whether a trial has this point.
    pub(super) fn holds(&self, row: &Row) -> bool {
        self.trials.iter().any(|trial| trial.row == *row)
    }

    /// The first of `first` and then of points drawn uniformly that no trial has.
    pub(super) fn fresh(&self, ask: &Ask<'_>, first: impl IntoIterator<Item = Row>) -> Proposal {
        let mut stream = draws(ask);
        let again = std::iter::repeat_with(|| uniform(ask.space, &mut stream)).take(REDRAWS);
        let found = first.into_iter().chain(again).find(|row| !self.holds(row));
        match found.or_else(|| self.one_left(ask)) {
            Some(row) => Proposal::Point(ask.space.point(&row)),
            None => Proposal::Exhausted,
        }
    }

    /// Uniformly one of the points that are left in a space of few.
    fn one_left(&self, ask: &Ask<'_>) -> Option<Row> {
        let mut left = ask.space.rows()?;
        let known: HashSet<Vec<u64>> = self.trials.iter().map(|trial| bits(&trial.row)).collect();
        left.retain(|row| !known.contains(&bits(row)));
        let mut stream = ask.seed.derive("left").stream(ask.k as u64);
        (!left.is_empty()).then(|| left.swap_remove(stream.below(left.len())))
    }
}

fn bits(row: &Row) -> Vec<u64> {
    // An absent parameter is NaN, which no present one is.
    let bits = |value: &Option<f64>| value.unwrap_or(f64::NAN).to_bits();
    row.iter().map(bits).collect()
}

/// The random numbers of a trial, the same for every method: those that begin at random begin alike.
fn draws(ask: &Ask<'_>) -> Stream {
    ask.seed.derive("random").stream(ask.k as u64)
}

/// A point drawn uniformly, on the logarithm where the parameter asks for it.
fn uniform(space: &Space, stream: &mut Stream) -> Row {
    let parameters = space.parameters().iter();
    let units: Vec<f64> = parameters.map(|_| stream.unit_f64()).collect();
    space.at(&units)
}
