//! What planning knows of the columns of rows that are yet to be made.

use std::collections::BTreeSet;

use super::Measure;

/// The columns of a table, of metrics or of a curve, as far as they are known before it is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Columns that tell rows apart.
    pub axes: ColumnNames,
    /// All others.
    pub numbers: ColumnNames,
}

/// Names of columns that there may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnNames {
    pub names: BTreeSet<String>,
    /// Whether there may be others.
    pub open: bool,
}

impl Columns {
    /// Columns of which nothing is known.
    pub fn unknown() -> Self {
        Columns::default().and_others()
    }

    /// These and no others.
    pub fn of(
        axes: impl IntoIterator<Item: Into<String>>,
        numbers: impl IntoIterator<Item: Into<String>>,
    ) -> Self {
        Columns {
            axes: ColumnNames::of(axes),
            numbers: ColumnNames::of(numbers),
        }
    }

    /// These numbers and no others.
    pub fn measured(measures: &[Measure]) -> Self {
        Columns::of([""; 0], measures.iter().map(|measure| measure.name))
    }

    /// The same, beside which there may be any others.
    pub fn and_others(mut self) -> Self {
        self.axes.open = true;
        self.numbers.open = true;
        self
    }

    /// Takes in rows that stand beneath these.
    pub fn add(&mut self, other: &Columns) {
        self.axes.add(&other.axes);
        self.numbers.add(&other.numbers);
    }

    /// Whether a column of this name is known.
    pub fn has(&self, name: &str) -> bool {
        self.axes.names.contains(name) || self.numbers.names.contains(name)
    }

    /// Whether these are all that there can be.
    pub fn are_all(&self) -> bool {
        !self.axes.open && !self.numbers.open
    }

    /// The axes but for these; no numbers.
    pub fn axes_without(mut self, names: &[String]) -> Self {
        self.axes.names.retain(|axis| !names.contains(axis));
        self.numbers = ColumnNames::default();
        self
    }

    /// With these axes.
    pub fn with_axes(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.axes.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// With these numbers.
    pub fn with_numbers(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.numbers.names.extend(names.into_iter().map(Into::into));
        self
    }
}

impl ColumnNames {
    /// These and no others.
    pub fn of(names: impl IntoIterator<Item: Into<String>>) -> Self {
        ColumnNames {
            names: names.into_iter().map(Into::into).collect(),
            open: false,
        }
    }

    fn add(&mut self, other: &ColumnNames) {
        self.names.extend(other.names.iter().cloned());
        self.open |= other.open;
    }
}
