//! Numbers in JSON that come back as they were, also those that are not finite, which JSON lacks:
//! they stand as text.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Other(String),
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        match number.is_finite() {
            true => Number::Finite(number),
            false => Number::Other(number.to_string()),
        }
    }
}

impl Number {
    fn read<E: Error>(self) -> Result<f64, E> {
        match self {
            Number::Finite(number) => Ok(number),
            Number::Other(text) => text.parse().map_err(E::custom),
        }
    }
}

pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    Number::from(*number).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Number::deserialize(from)?.read()
}

/// Lists of them.
pub(super) mod list {
    use super::*;

    pub(in crate::training) fn serialize<S: Serializer>(
        numbers: &[f64],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(numbers.iter().map(|number| Number::from(*number)))
    }

    pub(in crate::training) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<f64>, D::Error> {
        let numbers = Vec::<Number>::deserialize(from)?;
        numbers.into_iter().map(Number::read).collect()
    }
}

/// One that may be missing.
pub(super) mod option {
    use super::*;

    pub(in crate::training) fn serialize<S: Serializer>(
        number: &Option<f64>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        number.map(Number::from).serialize(to)
    }

    pub(in crate::training) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<f64>, D::Error> {
        let number = Option::<Number>::deserialize(from)?;
        number.map(Number::read).transpose()
    }
}
