//! The history as numbers; no point twice, since an equal point is an equal step whose result is
//! there already.

use std::collections::HashSet;

use crate::random::Stream;

use super::Ask;
use super::Outcome;
use super::Point;
use super::Proposal;
use super::Space;
use super::Trial;
use super::space::Row;

/// How often points may be drawn again before those that are left are counted.
const REDRAWS: usize = 100;

/// How often a point may be drawn that conditions leave out before the space counts as exhausted, where it has more
/// points than are counted.
const PASSED_OVER: usize = 10_000;

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
}

/// The points of a space that trials have: kept from trial to trial, since thousands of them would be read again for
/// each.
#[derive(Clone, Debug, Default)]
pub struct Taken(HashSet<Vec<u64>>);

impl Taken {
    /// Those of these trials.
    pub fn of(space: &Space, trials: &[Trial]) -> Taken {
        let mut taken = Taken::default();
        for trial in trials {
            taken.add(space, &trial.point);
        }
        taken
    }

    /// Adds the point of a trial; one that does not lie in the space is passed over.
    pub(super) fn add(&mut self, space: &Space, point: &Point) {
        self.0.extend(space.row(point).map(|row| bits(&row)));
    }

    /// Whether a trial has this point.
    pub(super) fn holds(&self, row: &Row) -> bool {
        self.0.contains(&bits(row))
    }
}

/// The first of `first` and then of points drawn uniformly that no trial has and no condition leaves out.
pub(super) fn fresh(ask: &Ask<'_>, first: impl IntoIterator<Item = Row>) -> Proposal {
    let may_be = |row: &Row| !ask.taken.holds(row) && ask.space.has(row);
    let found = first.into_iter().find(may_be);
    match found.or_else(|| drawn(ask)).or_else(|| one_left(ask)) {
        Some(row) => Proposal::Point(ask.space.point(&row)),
        None => Proposal::Exhausted,
    }
}

/// The first of points drawn uniformly; none where too many are there already, or are left out.
fn drawn(ask: &Ask<'_>) -> Option<Row> {
    let mut stream = draws(ask);
    let (mut again, mut left_out) = (0, 0);
    while again < REDRAWS && left_out < PASSED_OVER {
        let row = uniform(ask.space, &mut stream);
        if ask.taken.holds(&row) {
            again += 1;
        } else if ask.space.has(&row) {
            return Some(row);
        } else {
            left_out += 1;
        }
    }
    None
}

/// Uniformly one of the points that are left in a space of few.
fn one_left(ask: &Ask<'_>) -> Option<Row> {
    let mut left = ask.space.rows()?;
    left.retain(|row| !ask.taken.holds(row));
    let mut stream = ask.seed.derive("left").stream(ask.k as u64);
    (!left.is_empty()).then(|| left.swap_remove(stream.below(left.len())))
}

fn bits(row: &Row) -> Vec<u64> {
    // An absent parameter is NaN, which no present one is; there is one zero.
    let bits = |value: &Option<f64>| (value.unwrap_or(f64::NAN) + 0.0).to_bits();
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
