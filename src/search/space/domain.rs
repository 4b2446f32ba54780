//! What one parameter may be.

use thiserror::Error;

use crate::registry::Value;

use super::shown;

/// Beyond it not every whole number is a float.
const EXACT: i64 = 1 << 53;

/// The values of a parameter, both ends among them.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// Numbers; with `log` uniform on the logarithm; with `step` only `low`, `low + step`, ….
    Float {
        low: f64,
        high: f64,
        log: bool,
        step: Option<f64>,
    },
    /// Whole numbers: `low`, `low + step`, ….
    Int {
        low: i64,
        high: i64,
        log: bool,
        step: i64,
    },
    /// One of several values, without an order.
    Choice(Vec<Value>),
}

/// What is wrong with a parameter that is to be searched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpaceError {
    #[error("`low` is above `high`")]
    Reversed,
    #[error("`low` and `high` must be finite, and so must be the distance between them")]
    NotFinite,
    #[error("on a logarithm `low` must be above 0")]
    LogOfZero,
    #[error("`step` must be above 0")]
    Step,
    #[error("`log` and `step` exclude each other")]
    LogWithStep,
    #[error("whole numbers beyond 9007199254740992 cannot be searched")]
    TooLarge,
    #[error("there is nothing to choose from")]
    NoChoice,
    #[error("{0} is there twice")]
    ChoiceTwice(String),
    #[error("is searched twice")]
    Twice,
}

impl Domain {
    /// Checks it, and lowers `high` to a whole number of steps above `low`.
    pub(super) fn check(&mut self) -> Result<(), SpaceError> {
        match self {
            Domain::Float {
                low,
                high,
                log,
                step,
            } => {
                if !(*high - *low).is_finite() {
                    return Err(SpaceError::NotFinite);
                }
                if low > high {
                    return Err(SpaceError::Reversed);
                }
                if *log && *low <= 0.0 {
                    return Err(SpaceError::LogOfZero);
                }
                let Some(step) = *step else {
                    return Ok(());
                };
                if *log {
                    return Err(SpaceError::LogWithStep);
                }
                if !(step > 0.0 && step.is_finite()) {
                    return Err(SpaceError::Step);
                }
                let steps = steps_in(*high - *low, step);
                if steps > EXACT as f64 {
                    return Err(SpaceError::TooLarge);
                }
                *high = on_grid(*low, step, steps);
            }
            Domain::Int {
                low,
                high,
                log,
                step,
            } => {
                if low > high {
                    return Err(SpaceError::Reversed);
                }
                if *low < -EXACT || *high > EXACT {
                    return Err(SpaceError::TooLarge);
                }
                if *step < 1 {
                    return Err(SpaceError::Step);
                }
                if *log && *low < 1 {
                    return Err(SpaceError::LogOfZero);
                }
                if *log && *step != 1 {
                    return Err(SpaceError::LogWithStep);
                }
                *high = *low + (*high - *low) / *step * *step;
            }
            Domain::Choice(choices) => {
                if choices.is_empty() {
                    return Err(SpaceError::NoChoice);
                }
                let twice = |(i, value): (usize, &Value)| choices[..i].contains(value);
                if let Some(i) = (0..choices.len()).find(|&i| twice((i, &choices[i]))) {
                    return Err(SpaceError::ChoiceTwice(shown(&choices[i])));
                }
            }
        }
        Ok(())
    }

    /// Whether there is one value only.
    pub fn is_single(&self) -> bool {
        self.size() == Some(1)
    }

    /// How many values there are; `None` for numbers without steps.
    pub(in crate::search) fn size(&self) -> Option<usize> {
        match self {
            Domain::Float { low, high, .. } if low == high => Some(1),
            Domain::Float { step: None, .. } => None,
            Domain::Float {
                low,
                high,
                step: Some(step),
                ..
            } => Some(steps_in(high - low, *step) as usize + 1),
            Domain::Int {
                low, high, step, ..
            } => Some(((high - low) / step) as usize + 1),
            Domain::Choice(choices) => Some(choices.len()),
        }
    }

    /// The number of the `i`-th of so many values as [`Domain::size`] says.
    pub(in crate::search) fn nth(&self, i: usize) -> f64 {
        match self {
            Domain::Float { low, step, .. } => on_grid(*low, step.unwrap_or(0.0), i as f64),
            Domain::Int { low, step, .. } => (low + i as i64 * step) as f64,
            Domain::Choice(_) => i as f64,
        }
    }

    /// The number of its first value, or of its last.
    pub(super) fn end(&self, first: bool) -> f64 {
        match self {
            Domain::Float { low, high, .. } => {
                if first {
                    *low
                } else {
                    *high
                }
            }
            Domain::Int { low, high, .. } => (if first { *low } else { *high }) as f64,
            Domain::Choice(choices) => {
                if first {
                    0.0
                } else {
                    (choices.len() - 1) as f64
                }
            }
        }
    }

    /// Both ends of a range, or the first `most` of the choices.
    pub(super) fn extremes(&self, most: usize) -> Vec<f64> {
        match self {
            Domain::Choice(choices) => (0..choices.len().min(most)).map(|i| i as f64).collect(),
            _ => vec![self.end(true), self.end(false)],
        }
    }

    /// The number at a place in `[0, 1)`: equal lengths of it belong to equal values.
    pub(in crate::search) fn at(&self, unit: f64) -> f64 {
        match self {
            Domain::Int { log: false, .. }
            | Domain::Float { step: Some(_), .. }
            | Domain::Choice(_) => {
                let size = self.size().unwrap_or(1);
                self.nth(((unit * size as f64) as usize).min(size - 1))
            }
            Domain::Float { .. } | Domain::Int { log: true, .. } => {
                let (low, high) = self.edges();
                self.nearest(low + unit * (high - low))
            }
        }
    }

    /// The ends of the range that stands for it, on the scale on which it is searched: half a step
    /// beyond the first and the last value, the logarithm with `log`. Of a choice, its numbers.
    pub(in crate::search) fn edges(&self) -> (f64, f64) {
        let scale = |log: bool, x: f64| if log { x.ln() } else { x };
        match self {
            Domain::Float {
                low,
                high,
                log,
                step,
            } => {
                let half = step.unwrap_or(0.0) / 2.0;
                (scale(*log, low - half), scale(*log, high + half))
            }
            Domain::Int {
                low,
                high,
                log,
                step,
            } => {
                let half = *step as f64 / 2.0;
                (
                    scale(*log, *low as f64 - half),
                    scale(*log, *high as f64 + half),
                )
            }
            Domain::Choice(choices) => (0.0, (choices.len() - 1) as f64),
        }
    }

    /// The number nearest to a place on the scale of [`Domain::edges`].
    pub(in crate::search) fn nearest(&self, place: f64) -> f64 {
        match self {
            Domain::Float {
                low,
                high,
                log,
                step,
            } => {
                let x = if *log { place.exp() } else { place };
                let x = match step {
                    Some(step) => on_grid(*low, *step, ((x - low) / step).round_ties_even()),
                    None => short(x, *high - *low, *log),
                };
                x.clamp(*low, *high)
            }
            Domain::Int {
                low,
                high,
                log,
                step,
            } => {
                let (low, high, step) = (*low as f64, *high as f64, *step as f64);
                let x = if *log { place.exp() } else { place };
                (low + ((x - low) / step).round_ties_even() * step).clamp(low, high)
            }
            Domain::Choice(choices) => place.round().clamp(0.0, (choices.len() - 1) as f64),
        }
    }

    /// Whether it is searched on the logarithm.
    pub fn is_log(&self) -> bool {
        matches!(
            self,
            Domain::Float { log: true, .. } | Domain::Int { log: true, .. }
        )
    }

    /// The distance between neighbouring numbers; `None` where there is none.
    pub fn step(&self) -> Option<f64> {
        match self {
            Domain::Float { step, .. } => *step,
            Domain::Int { step, .. } => Some(*step as f64),
            Domain::Choice(_) => None,
        }
    }

    /// The value of a number.
    pub(super) fn value(&self, number: f64) -> Value {
        match self {
            Domain::Float { .. } => Value::Float(number),
            Domain::Int { .. } => Value::Int(number as i64),
            Domain::Choice(choices) => choices[number as usize].clone(),
        }
    }

    /// Whether a value is one of these.
    pub fn contains(&self, value: &Value) -> bool {
        self.number(value).is_ok()
    }

    /// Both ends of a range; of a choice, all.
    pub fn ends(&self) -> Vec<Value> {
        let numbers = self.extremes(usize::MAX).into_iter();
        numbers.map(|number| self.value(number)).collect()
    }

    /// The number of a value.
    ///
    /// # Errors
    /// How the value is not one of these: `is 7, which is above 5`.
    pub(in crate::search) fn number(&self, value: &Value) -> Result<f64, String> {
        let is = || format!("is {}", shown(value));
        match self {
            Domain::Float {
                low, high, step, ..
            } => {
                let x = value.as_float().ok_or_else(|| is() + ", not a number")?;
                within(x, *low, *high, is)?;
                let Some(step) = step else {
                    return Ok(x + 0.0);
                };
                let near = self.nearest(x);
                if (near - x).abs() > 1e-9 * step {
                    return Err(is() + &format!(", which is no whole number of steps above {low}"));
                }
                Ok(near)
            }
            Domain::Int {
                low, high, step, ..
            } => {
                let number = value.clone().whole_numbers();
                let n = number
                    .as_int()
                    .ok_or_else(|| is() + ", not a whole number")?;
                within(n as f64, *low as f64, *high as f64, is)?;
                if (n - low) % step != 0 {
                    return Err(is() + &format!(", which is no whole number of steps above {low}"));
                }
                Ok(n as f64)
            }
            Domain::Choice(choices) => {
                let same = |choice: &Value| {
                    choice == value
                        || choice.clone().whole_numbers() == value.clone().whole_numbers()
                };
                let found = choices.iter().position(same);
                let found = found.ok_or_else(|| is() + ", which is not one of its choices");
                Ok(found? as f64)
            }
        }
    }
}

/// A range has at least so many places, and on a logarithm a number so many digits: what is proposed
/// has a name that can be read.
const DIGITS: i32 = 5;

/// The number with no more digits than tell it from others: to a decimal place of which the range
/// has 10⁵ at least, and on a logarithm to five digits where these are more.
fn short(x: f64, range: f64, log: bool) -> f64 {
    let exponent = |x: f64| x.abs().log10().floor() as i32;
    if x == 0.0 || range == 0.0 {
        return x;
    }
    let of_range = exponent(range) - DIGITS;
    let of_number = exponent(x) + 1 - DIGITS;
    let place = if log {
        of_range.min(of_number)
    } else {
        of_range
    };
    let Ok(digits) = usize::try_from(exponent(x) - place) else {
        return 0.0;
    };
    format!("{x:.digits$e}").parse().unwrap_or(x)
}

fn within(x: f64, low: f64, high: f64, is: impl Fn() -> String) -> Result<(), String> {
    if x < low {
        return Err(is() + &format!(", which is below {low}"));
    }
    if x > high {
        return Err(is() + &format!(", which is above {high}"));
    }
    Ok(())
}

/// How many steps a length has, forgiving the last digits of `0.3 / 0.1`.
fn steps_in(length: f64, step: f64) -> f64 {
    (length / step * (1.0 + 4.0 * f64::EPSILON)).floor()
}

/// `low + i · step`, as one would write it: without the last digits of `0.1 + 2 · 0.1`.
fn on_grid(low: f64, step: f64, i: f64) -> f64 {
    let x = low + i * step;
    format!("{x:.14e}").parse().unwrap_or(x)
}
