//! The space that is searched: parameters, what each may be, and when it is there at all.

mod domain;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::registry::Value;
use crate::registry::Values;

pub use domain::{Domain, SpaceError};

/// A point: values by name. A parameter that is absent for it is not among them.
pub type Point = Values;

/// A point as numbers, one for each parameter: a number itself, the number of a choice, `None` where
/// the parameter is absent.
pub(super) type Row = Vec<Option<f64>>;

/// So many corners of a space are looked at.
const CORNERS: usize = 64;

/// A space of more points is not counted.
const COUNTED: usize = 65_536;

/// One parameter that is searched.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub domain: Domain,
    /// When it is there; always where there is no condition.
    pub when: Option<Condition>,
}

/// When a parameter is there, judged by the values of those declared before it.
#[derive(Clone)]
pub struct Condition(Arc<dyn Fn(&Point) -> bool + Send + Sync>);

impl Condition {
    pub fn new(holds: impl Fn(&Point) -> bool + Send + Sync + 'static) -> Condition {
        Condition(Arc::new(holds))
    }

    fn holds(&self, point: &Point) -> bool {
        (self.0)(point)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

/// Why a point does not lie in a space.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotInSpace {
    #[error("`{parameter}` {reason}")]
    Parameter {
        parameter: String,
        /// `is 7, which is above 5`.
        reason: String,
    },
    #[error("conditions leave it out")]
    LeftOut,
}

/// Parameters in the order of their declaration.
#[derive(Clone, Debug)]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Which of their points there are; all where there is no condition.
    within: Option<Condition>,
}

impl Space {
    /// A space of these parameters.
    ///
    /// # Errors
    /// The number of the first parameter that is wrong, and what is wrong with it.
    pub fn new(mut parameters: Vec<Parameter>) -> Result<Space, (usize, SpaceError)> {
        let mut names = BTreeSet::new();
        for (i, parameter) in parameters.iter_mut().enumerate() {
            parameter.domain.check().map_err(|error| (i, error))?;
            if !names.insert(parameter.name.clone()) {
                return Err((i, SpaceError::Twice));
            }
        }
        Ok(Space {
            parameters,
            within: None,
        })
    }

    /// The same without the points for which the condition does not hold. It is asked of points that have
    /// values of all parameters that are there.
    pub fn within(mut self, condition: Condition) -> Space {
        self.within = Some(condition);
        self
    }

    /// Whether a condition leaves out points.
    pub fn is_within(&self) -> bool {
        self.within.is_some()
    }

    /// Whether no condition leaves out this row.
    pub(super) fn has(&self, row: &Row) -> bool {
        let within = self.within.as_ref();
        within.is_none_or(|within| within.holds(&self.point(row)))
    }

    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether all parameters are there for every point.
    pub(super) fn is_unconditional(&self) -> bool {
        self.parameters
            .iter()
            .all(|parameter| parameter.when.is_none())
    }

    /// Whether the point lies in this space: has a value of the domain for every parameter that is
    /// there, and no other, and is not left out.
    ///
    /// # Errors
    /// The first parameter for which it does not.
    pub fn contains(&self, point: &Point) -> Result<(), NotInSpace> {
        let row = self.row_or_why(point)?;
        match self.has(&row) {
            true => Ok(()),
            false => Err(NotInSpace::LeftOut),
        }
    }

    /// How many points there are; `None` when endless or more than are counted (65,536).
    pub fn size(&self) -> Option<usize> {
        self.rows().map(|rows| rows.len())
    }

    /// The point as numbers, if its parameters lie in this space.
    pub(super) fn row(&self, point: &Point) -> Option<Row> {
        self.row_or_why(point).ok()
    }

    pub(super) fn row_or_why(&self, point: &Point) -> Result<Row, NotInSpace> {
        let not = |parameter: &str, reason: String| NotInSpace::Parameter {
            parameter: parameter.to_owned(),
            reason,
        };
        // Only conditions look at what came before.
        let conditional = !self.is_unconditional();
        let mut before = Point::new();
        let mut row = Row::with_capacity(self.parameters.len());
        for Parameter { name, domain, when } in &self.parameters {
            let there = when.as_ref().is_none_or(|when| when.holds(&before));
            row.push(match (there, point.get(name.as_str())) {
                (false, None) => None,
                (false, Some(_)) => return Err(not(name, "should be absent for it".into())),
                (true, None) => return Err(not(name, "has no value".into())),
                (true, Some(value)) => {
                    let number = domain.number(value).map_err(|reason| not(name, reason))?;
                    if conditional {
                        before.insert(name.clone(), value.clone());
                    }
                    Some(number)
                }
            });
        }
        if row.iter().flatten().count() == point.len() {
            return Ok(row);
        }
        let is_searched = |name: &str| self.parameters.iter().any(|known| known.name == name);
        let stray = point.iter().find(|(name, _)| !is_searched(name));
        let (name, _) = stray.expect("there are more values than parameters");
        Err(not(name, "is not searched".into()))
    }

    /// The point of a row.
    pub(super) fn point(&self, row: &Row) -> Point {
        let mut point = Point::new();
        for (parameter, number) in self.parameters.iter().zip(row) {
            if let Some(number) = number {
                point.insert(parameter.name.clone(), parameter.domain.value(*number));
            }
        }
        point
    }

    /// A row, parameter by parameter: `number` is asked for each that is there.
    pub(super) fn build(&self, mut number: impl FnMut(usize) -> f64) -> Row {
        let mut before = Point::new();
        let conditional = !self.is_unconditional();
        let mut row = Row::with_capacity(self.parameters.len());
        for (i, Parameter { name, domain, when }) in self.parameters.iter().enumerate() {
            let there = when.as_ref().is_none_or(|when| when.holds(&before));
            let number = there.then(|| number(i));
            if let (true, Some(number)) = (conditional, number) {
                before.insert(name.clone(), domain.value(number));
            }
            row.push(number);
        }
        row
    }

    /// The point without the parameters whose conditions do not hold.
    pub(super) fn without_absent(&self, mut point: Point) -> Point {
        for Parameter { name, when, .. } in &self.parameters {
            if when.as_ref().is_some_and(|when| !when.holds(&point)) {
                point.remove(name.as_str());
            }
        }
        point
    }

    /// The row at a place of the unit cube, a side for each parameter.
    pub(super) fn at(&self, units: &[f64]) -> Row {
        self.build(|i| self.parameters[i].domain.at(units[i]))
    }

    /// Points that together have both ends of every range and every choice, of those that are there only at some
    /// points as well, each beside two different values of most others: what is wrong with a point of the space
    /// is most often wrong with one of these. A few dozen of them at most.
    pub fn corners(&self) -> Vec<Point> {
        let all = self.parameters.iter().enumerate();
        let ends = |low: bool| self.build(|i| self.parameters[i].domain.end(low));
        let mut rows: Vec<Row> = vec![ends(true), ends(false)];
        for (i, parameter) in all {
            let there = rows.iter().filter(|row| row[i].is_some()).take(2);
            for base in there.cloned().collect::<Vec<_>>() {
                for number in parameter.domain.extremes(CORNERS) {
                    let row = self.build(|at| match base[at] {
                        _ if at == i => number,
                        Some(number) => number,
                        None => self.parameters[at].domain.end(true),
                    });
                    if rows.len() < CORNERS && !rows.contains(&row) {
                        rows.push(row);
                    }
                }
            }
        }
        rows.dedup();
        rows.retain(|row| self.has(row));
        rows.iter().map(|row| self.point(row)).collect()
    }

    /// All rows in order, if they can be counted.
    pub(super) fn rows(&self) -> Option<Vec<Row>> {
        let mut found = Vec::new();
        let complete = self.extend(&mut Row::new(), &mut Point::new(), &mut found);
        found.retain(|row| complete && self.has(row));
        complete.then_some(found)
    }

    /// Adds all rows that begin with `row`; whether there was room.
    fn extend(&self, row: &mut Row, point: &mut Point, found: &mut Vec<Row>) -> bool {
        let Some(Parameter { name, domain, when }) = self.parameters.get(row.len()) else {
            found.push(row.clone());
            return found.len() <= COUNTED;
        };
        if when.as_ref().is_some_and(|when| !when.holds(point)) {
            row.push(None);
            let complete = self.extend(row, point, found);
            row.pop();
            return complete;
        }
        let Some(size) = domain.size().filter(|size| *size <= COUNTED) else {
            return false;
        };
        (0..size).all(|i| {
            let number = domain.nth(i);
            row.push(Some(number));
            point.insert(name.clone(), domain.value(number));
            let complete = self.extend(row, point, found);
            point.remove(name.as_str());
            row.pop();
            complete
        })
    }
}

/// Whether values of a parameter look as if they were searched on the logarithm: they are positive, span
/// two decades, and a quarter of them lies in the lowest tenth, where of evenly spread ones a tenth
/// would.
pub fn spread_by_ratios(numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return false;
    };
    *low > 0.0 && *high >= 100.0 * low && sorted[sorted.len() / 4] < 0.1 * high
}

/// How a value reads in a message.
fn shown(value: &Value) -> String {
    value.to_string()
}
