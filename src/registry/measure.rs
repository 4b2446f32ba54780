//! Numbers that stages report, as tables and figures head them.

/// A number that a stage reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Column name: lower case with underscores.
    pub name: &'static str,
    /// For axes and table headers.
    pub label: &'static str,
    /// Empty where there is none.
    pub unit: &'static str,
    /// Which way is better; none where neither is.
    pub higher_is_better: Option<bool>,
}

impl Measure {
    /// A number of which neither way is better, without a unit.
    pub const fn new(name: &'static str, label: &'static str) -> Self {
        Measure {
            name,
            label,
            unit: "",
            higher_is_better: None,
        }
    }

    /// The same in this unit.
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The same, of which more is better.
    pub const fn up(mut self) -> Self {
        self.higher_is_better = Some(true);
        self
    }

    /// The same, of which less is better.
    pub const fn down(mut self) -> Self {
        self.higher_is_better = Some(false);
        self
    }
}
