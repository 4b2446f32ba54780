//! What is wrong with a text, where, and what to do about it. Mistakes are collected, so that one
//! reading of a file reports all of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing runs.
    Error,
    /// Worth saying; everything runs.
    Warning,
}

/// A place with what there is to say about it; the text may be empty.
#[derive(Clone, Debug)]
pub struct Label {
    pub place: Place,
    pub text: String,
}

/// One mistake or doubt.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub level: Level,
    /// Lowercase, without a full stop.
    pub title: String,
    /// Where it is; none for what has no place, like a missing file.
    pub at: Option<Box<Label>>,
    /// Other places that belong to it.
    pub also: Vec<Label>,
    /// What to do next, a line each.
    pub helps: Vec<String>,
}

impl Diagnostic {
    pub fn error(title: impl Into<String>) -> Self {
        Diagnostic {
            level: Level::Error,
            title: title.into(),
            at: None,
            also: Vec::new(),
            helps: Vec::new(),
        }
    }

    pub fn warning(title: impl Into<String>) -> Self {
        Diagnostic {
            level: Level::Warning,
            ..Diagnostic::error(title)
        }
    }

    /// The same as a doubt that stops nothing.
    pub fn as_warning(mut self) -> Self {
        self.level = Level::Warning;
        self
    }

    /// Where it is, with what is wrong there.
    pub fn at(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.at = Some(Box::new(Label {
            place: place.clone(),
            text: text.into(),
        }));
        self
    }

    /// Another place that belongs to it.
    pub fn also(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.also.push(Label {
            place: place.clone(),
            text: text.into(),
        });
        self
    }

    /// What to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// What to do next, where something is known.
    pub fn maybe_help(self, help: Option<String>) -> Self {
        self.helps(help)
    }

    /// What to do next, one after the other.
    pub fn helps(mut self, helps: impl IntoIterator<Item = String>) -> Self {
        self.helps.extend(helps);
        self
    }

    fn identity(&self) -> (Option<Spot>, String) {
        let spot = self.at.as_ref().map(|label| {
            let Place { source, range } = &label.place;
            (Arc::as_ptr(source) as usize, range.start, range.end)
        });
        (spot, self.title.clone())
    }
}

/// Everything there is to say about some files.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// What was said, and of which place.
    known: HashSet<(Option<Spot>, String)>,
    errors: usize,
}

/// A source by its address, and the span there.
type Spot = (usize, usize, usize);

/// A file with so many errors is looked at no further where that takes time.
const ENOUGH: usize = 1000;

/// So many are shown.
const SHOWN: usize = 20;

impl Diagnostics {
    pub fn new() -> Self {
        Diagnostics::default()
    }

    /// Adds one, unless the same was said of the same place before: what is wrong in a thousand
    /// cells is said once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.known.insert(diagnostic.identity()) {
            self.errors += usize::from(diagnostic.level == Level::Error);
            self.list.push(diagnostic);
        }
    }

    /// Whether there are so many errors that no one reads the rest.
    pub fn are_enough(&self) -> bool {
        self.errors >= ENOUGH
    }

    /// Replaces the helps of what was said of a place by a better one.
    pub fn amend(&mut self, place: &Place, help: impl Into<String>) {
        let at_place =
            |d: &&mut Diagnostic| d.at.as_ref().is_some_and(|label| label.place.same(place));
        if let Some(known) = self.list.iter_mut().find(at_place) {
            known.helps = vec![help.into()];
        }
    }

    pub fn extend(&mut self, others: Diagnostics) {
        for diagnostic in others.list {
            self.push(diagnostic);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// All of them in the order of their files and lines, errors and warnings mixed as they stand.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.list.iter().collect();
        // Files in the order in which they were first mentioned.
        let mut files = Vec::new();
        for label in self.list.iter().filter_map(|d| d.at.as_ref()) {
            if !files.contains(&&label.place.source.path) {
                files.push(&label.place.source.path);
            }
        }
        sorted.sort_by_key(|diagnostic| {
            diagnostic.at.as_ref().map(|label| {
                let path = &label.place.source.path;
                let file = files.iter().position(|known| *known == path);
                (file, label.place.range.start)
            })
        });
        sorted
    }

    /// The first of them as text for people, errors before warnings where there are too many to
    /// show; a blank line after each. Colour only on request.
    pub fn render(&self, colour: bool) -> String {
        let mut shown = self.sorted();
        if shown.len() > SHOWN {
            // A warning is worth less than an error further down.
            shown.sort_by_key(|diagnostic| diagnostic.level);
            shown.truncate(SHOWN);
        }
        let mut text = String::new();
        for diagnostic in &shown {
            text.push_str(&diagnostic.render(colour));
            text.push_str("\n\n");
        }
        let more = self.list.len() - shown.len();
        if more > 0 {
            text.push_str(&format!("and {more} more like these or others\n\n"));
        }
        text
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut found = Diagnostics::new();
        found.push(diagnostic);
        found
    }
}
