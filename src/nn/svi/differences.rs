//! Products of second derivatives with a vector, as differences of gradients.

/// How products of second derivatives with a vector are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Differences {
    /// Central differences between points this far from λ on either side (and at multiples of it),
    /// whatever the length of the vector.
    Central {
        /// Euclidean distance from λ; 0.03 to 0.1 suits float32 and [`Order::Second`], and twice as much
        /// the higher orders.
        distance: f64,
        /// With which power of the distance the error falls.
        order: Order,
    },
    /// What the authors' code does: one forward difference with r = 1e-5 along the vector as it is,
    /// against the gradient kept from the inner loop. In float32 it is several per cent off.
    Paper,
}

impl Default for Differences {
    fn default() -> Self {
        Differences::Central {
            distance: 0.05,
            order: Order::Second,
        }
    }
}

/// The order of the error of a central difference; each costs as many gradients per step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Two gradients: enough to train with.
    Second,
    /// Four gradients.
    Fourth,
    /// Six gradients.
    Sixth,
}

impl Order {
    /// What the differences across once, twice, … the distance are multiplied by, before the division by
    /// the distance (Fornberg 1988, table 1).
    pub(super) fn weights(self) -> &'static [f64] {
        match self {
            Order::Second => &[1.0 / 2.0],
            Order::Fourth => &[2.0 / 3.0, -1.0 / 12.0],
            Order::Sixth => &[3.0 / 4.0, -3.0 / 20.0, 1.0 / 60.0],
        }
    }
}
