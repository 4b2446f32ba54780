//! Places in files, kept from reading to the end of a run, so that even a failure at run time
//! names the manifest line that caused it.

use std::cell::RefCell;
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

thread_local! {
    /// Where the lines of the source start that was asked for last, but for the first one: places
    /// of one file are told by the thousand.
    static LINES: RefCell<Option<(Arc<Source>, Vec<usize>)>> = const { RefCell::new(None) };
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
        LINES.with_borrow_mut(|known| {
            let starts = match known {
                Some((source, starts)) if Arc::ptr_eq(source, &self.source) => starts,
                other => {
                    let ends = self.source.text.match_indices('\n');
                    let starts = ends.map(|(at, _)| at + 1).collect();
                    &mut other.insert((Arc::clone(&self.source), starts)).1
                }
            };
            let line = starts.partition_point(|start| *start <= before.len());
            let start = line.checked_sub(1).map_or(0, |line| starts[line]);
            (line + 1, before[start..].chars().count() + 1)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = |text: &str| {
            Arc::new(Source {
                path: PathBuf::from("a"),
                text: text.to_owned(),
            })
        };
        let at = |source: &Arc<Source>, start: usize| {
            let place = Place {
                source: Arc::clone(source),
                range: start..start,
            };
            place.line_column()
        };
        let (one, other) = (source("äb\n\nc"), source("\nx"));
        assert_eq!(at(&one, 0), (1, 1));
        assert_eq!(at(&one, 2), (1, 2));
        assert_eq!(at(&other, 1), (2, 1));
        assert_eq!(at(&one, 4), (2, 1));
        assert_eq!(at(&one, 5), (3, 1));
        assert_eq!(at(&one, 99), (3, 2));
        assert_eq!(at(&other, 0), (1, 1));
    }
}
