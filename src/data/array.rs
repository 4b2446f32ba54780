//! Arrays of numbers with a shape: what data sets are made of.
//!
//! Element types are kept as they are stored, so that a million grey values stay a megabyte.

/// The numbers of an array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    U8(Vec<u8>),
    U32(Vec<u32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Numbers::U8(values) => values.len(),
            Numbers::U32(values) => values.len(),
            Numbers::F32(values) => values.len(),
            Numbers::F64(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn range(&self, range: std::ops::Range<usize>) -> Numbers {
        match self {
            Numbers::U8(values) => Numbers::U8(values[range].to_vec()),
            Numbers::U32(values) => Numbers::U32(values[range].to_vec()),
            Numbers::F32(values) => Numbers::F32(values[range].to_vec()),
            Numbers::F64(values) => Numbers::F64(values[range].to_vec()),
        }
    }
}

impl From<Vec<u8>> for Numbers {
    fn from(values: Vec<u8>) -> Self {
        Numbers::U8(values)
    }
}

impl From<Vec<u32>> for Numbers {
    fn from(values: Vec<u32>) -> Self {
        Numbers::U32(values)
    }
}

impl From<Vec<f32>> for Numbers {
    fn from(values: Vec<f32>) -> Self {
        Numbers::F32(values)
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(values: Vec<f64>) -> Self {
        Numbers::F64(values)
    }
}

/// An array, row-major: the first dimension counts observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    numbers: Numbers,
}

impl Array {
    /// An array of this shape. Panics where the numbers do not fill it: callers have counted them.
    pub fn new(shape: &[usize], numbers: impl Into<Numbers>) -> Self {
        let numbers = numbers.into();
        let size: usize = shape.iter().product();
        assert_eq!(numbers.len(), size, "BUG: numbers do not fill {shape:?}");
        Array {
            shape: shape.to_vec(),
            numbers,
        }
    }

    /// One number per observation.
    pub fn column(numbers: impl Into<Numbers>) -> Self {
        let numbers = numbers.into();
        Array {
            shape: vec![numbers.len()],
            numbers,
        }
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Observations: the size of the first dimension.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers per observation.
    pub fn row_size(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The observations of a range of indices. Panics outside the array.
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Array {
        let size = self.row_size();
        let mut shape = self.shape.clone();
        shape[0] = rows.len();
        Array {
            shape,
            numbers: self.numbers.range(rows.start * size..rows.end * size),
        }
    }

    /// The numbers as `f32`. Bytes are grey values: 255 becomes 1.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.numbers {
            Numbers::U8(values) => values.iter().map(|v| f32::from(*v) / 255.0).collect(),
            Numbers::U32(values) => values.iter().map(|v| *v as f32).collect(),
            Numbers::F32(values) => values.clone(),
            Numbers::F64(values) => values.iter().map(|v| *v as f32).collect(),
        }
    }

    /// The numbers as indices, if they are whole.
    pub fn to_u32(&self) -> Option<Vec<u32>> {
        match &self.numbers {
            Numbers::U8(values) => Some(values.iter().map(|v| u32::from(*v)).collect()),
            Numbers::U32(values) => Some(values.clone()),
            Numbers::F32(_) | Numbers::F64(_) => None,
        }
    }
}
