//! Places in files, kept from reading to the end of a run, so that even a failure at run time
//! names the manifest line that caused it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A text file that was read.
#[derive(Debug)]
pub struct Source {
    /// As the user would name it: relative to the project's root where possible.
    pub path: PathBuf,
    pub text: String,
}

/// A span of a source.
#[derive(Clone)]
pub struct Place {
    pub source: Arc<Source>,
    /// In bytes.
    pub range: Range<usize>,
}

impl Place {
    /// One-based line and column (in characters) of the start.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.source.text[..self.range.start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }
}

/// `manifests/quickstart.yaml:12:7`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path.display())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
