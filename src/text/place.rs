//! Places in files, kept from reading to the end of a run, so that even a failure at run time
//! names the manifest line that caused it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::in_one_line;

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
    /// The first characters of a source, for what is wrong with all of it.
    pub fn start_of(source: &Arc<Source>) -> Self {
        Place {
            source: Arc::clone(source),
            range: 0..0,
        }
    }

    /// A part of this place, by bytes from its start.
    pub fn part(&self, range: Range<usize>) -> Self {
        let start = (self.range.start + range.start).min(self.range.end);
        let end = (self.range.start + range.end).min(self.range.end);
        Place {
            source: Arc::clone(&self.source),
            range: start..end.max(start),
        }
    }

    /// The text that stands here.
    pub fn text(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or_default()
    }

    /// One-based line and column (in characters) of the start.
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.range.start);
        let before = before.unwrap_or(&self.source.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        (line, column)
    }

    /// Whether both are the same span of the same source.
    pub fn same(&self, other: &Place) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.range == other.range
    }
}

/// `manifests/quickstart.yaml:12:7`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        let path = self.source.path.to_string_lossy();
        write!(f, "{}:{line}:{column}", in_one_line(&path))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
