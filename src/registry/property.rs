//! What a data set has beyond observations, and what scores and stages ask of it: said at their entries, so
//! that a mismatch is found when planning.

/// One property of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// Its observations have channels, height and width.
    Pictures,
    /// A class for each observation.
    Labels,
    /// log p(x) of the test split under the density that made it.
    LogDensity,
}

impl Property {
    /// Every one.
    pub const ALL: [Property; 3] = [Property::Pictures, Property::Labels, Property::LogDensity];

    /// What is said where it is lacking.
    pub fn lack(self) -> &'static str {
        match self {
            Property::Pictures => {
                "its observations are no pictures, which have [channels, height, width]"
            }
            Property::Labels => "it has no labels `label`",
            Property::LogDensity => "its true density is not known: it has no `log_density`",
        }
    }
}
