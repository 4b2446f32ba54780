//! The numbers among the lines of standard output. Of each name the last one counts, among those of the kind of line
//! that has most of them: what a program says once beside its results, `Best: loss=0.1`, is no later result.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::Numbers;
use super::kinds::Kind;
use super::read;
use super::without_colours;
use super::words::Words;
use super::words::so_far;
use crate::engine::JobError;
use crate::stages::command::outputs::Declared;
use crate::table::Table;
use crate::table::records::Record;
use crate::text::in_one_line;
use crate::text::plural;

/// So much of a line is shown in a warning.
const SHOWN: usize = 100;

/// So many kinds of lines are told apart for a name.
const KINDS: usize = 64;

/// Hears what a program prints.
#[derive(Default)]
pub(in crate::stages::command) struct PrintedMetrics {
    listening: bool,
    /// So many lines were heard.
    lines: usize,
    /// In the order in which they were heard.
    names: Vec<Name>,
    places: HashMap<String, usize>,
    /// The pairs of each line, where they are to be a curve.
    points: Option<Vec<Vec<Point>>>,
}

/// What was printed of one name.
#[derive(Default)]
struct Name {
    name: String,
    kinds: Vec<Numbered>,
    /// The last one that was not taken for a number.
    untaken: Option<Pair>,
}

/// The numbers of a name in lines of one kind.
struct Numbered {
    kind: Kind,
    lines: usize,
    last: Pair,
}

/// A pair of a line.
struct Pair {
    /// The line, as one of all that were heard.
    at: usize,
    value: String,
    written: String,
    line: String,
    /// Whether it is told where nothing else has its name.
    is_told: bool,
}

/// A pair as it stands in a curve.
struct Point {
    /// One of the names.
    name: usize,
    kind: Kind,
    /// None where it was not taken.
    number: Option<Json>,
}

impl Name {
    /// Takes a number; whether it counts so far.
    fn take(&mut self, kind: Kind, pair: Pair) -> bool {
        match self.kinds.iter_mut().find(|known| known.kind == kind) {
            Some(known) => {
                known.lines += 1;
                known.last = pair;
            }
            None => {
                if self.kinds.len() == KINDS {
                    let kinds = self.kinds.iter().enumerate();
                    let least = kinds.min_by_key(|(_, known)| (known.lines, known.last.at));
                    if let Some((least, _)) = least {
                        self.kinds.remove(least);
                    }
                }
                self.kinds.push(Numbered {
                    kind,
                    lines: 1,
                    last: pair,
                });
            }
        }
        self.counting()
            .is_some_and(|counting| counting.kind == kind)
    }

    /// The numbers of the kind of line that has most of them, or the latest.
    fn counting(&self) -> Option<&Numbered> {
        let kinds = self.kinds.iter();
        kinds.max_by_key(|known| (known.lines, known.last.at))
    }

    /// What does not count although something else of this name does, or although it could have been a number: in
    /// lines of other kinds, and not taken.
    fn left_out(&self, all: bool) -> (Vec<&Pair>, Option<&Pair>) {
        let untaken = self.untaken.as_ref();
        let Some(counting) = self.counting() else {
            return (Vec::new(), untaken.filter(|pair| pair.is_told));
        };
        let kinds = self.kinds.iter();
        let others = kinds.filter(|known| known.kind != counting.kind);
        (
            others.map(|known| &known.last).collect(),
            untaken.filter(|pair| all || pair.at > counting.last.at),
        )
    }
}

impl PrintedMetrics {
    /// Listens where metrics or a curve are to come from standard output.
    pub(in crate::stages::command) fn new(declared: &Declared) -> Self {
        let spec = declared.metrics.as_ref();
        PrintedMetrics {
            listening: spec.is_some_and(|spec| spec.file().is_none()),
            points: declared.printed_curve().map(|_| Vec::new()),
            ..PrintedMetrics::default()
        }
    }

    /// The curve of a text, as of what is printed, and what was left out.
    pub(in crate::stages::command) fn curve_of(
        text: &str,
    ) -> Result<(String, Option<String>), JobError> {
        let mut heard = PrintedMetrics {
            points: Some(Vec::new()),
            ..PrintedMetrics::default()
        };
        for line in text.lines() {
            heard.line(line);
        }
        Ok((heard.curve()?, heard.remark()))
    }

    /// Whether any number that is printed counts.
    pub(in crate::stages::command) fn hears(&self) -> bool {
        self.listening || self.points.is_some()
    }

    /// Hears a line, which may be anything: only numbers count. These are the ones of it that count so far.
    pub(in crate::stages::command) fn line(&mut self, line: &str) -> Vec<(String, String)> {
        let line = without_colours(line);
        let words = Words::of(&line);
        let shown: String = line.trim().chars().take(SHOWN).collect();
        let mut points = Vec::new();
        let mut counting = Vec::new();
        self.lines += 1;
        for (pair, kind) in words.heard() {
            let at = self.place(pair.name);
            let name = &mut self.names[at];
            let said = Pair {
                at: self.lines,
                value: pair.value.to_owned(),
                written: words.written(pair).chars().take(SHOWN).collect(),
                line: shown.clone(),
                // Shares of memory and the like are everywhere; one that begins a line is a result.
                is_told: pair.is_number() || (kind.is_bare() && pair.value.ends_with('%')),
            };
            let mut number = None;
            if words.counts(pair) {
                number = Some(match read::number(so_far(pair.name, pair.value)) {
                    Some(read::Number::Finite(number)) => number,
                    _ => Json::Null,
                });
                if name.take(kind, said) {
                    counting.push((pair.name.to_owned(), pair.value.to_owned()));
                }
            } else {
                name.untaken = Some(said);
            }
            points.push(Point {
                name: at,
                kind,
                number,
            });
        }
        if let Some(all) = self.points.as_mut().filter(|_| !points.is_empty()) {
            all.push(points);
        }
        counting
    }

    /// Where a name stands among those that were heard.
    fn place(&mut self, name: &str) -> usize {
        if let Some(at) = self.places.get(name) {
            return *at;
        }
        let at = self.names.len();
        self.places.insert(name.to_owned(), at);
        self.names.push(Name {
            name: name.to_owned(),
            ..Name::default()
        });
        at
    }

    /// What to say of numbers that were left out: where another one of the name stands in their place, or none although
    /// it could have been one.
    pub(in crate::stages::command) fn remark(&self) -> Option<String> {
        let mut others = Vec::new();
        let mut untaken = Vec::new();
        // An older one is a gap in a curve.
        let all = self.points.is_some();
        for (of_others, not_taken) in self.names.iter().map(|name| name.left_out(all)) {
            others.extend(of_others);
            untaken.extend(not_taken);
        }
        let more = match (others.len() + untaken.len()).saturating_sub(1) {
            0 => String::new(),
            more => format!(", and so {}", plural(more, "further number")),
        };
        let (Pair { written, line, .. }, why) = match (untaken.first(), others.first()) {
            (Some(pair), _) => (
                pair,
                "a number is a word of its own, `name=0.5`, once in a line",
            ),
            (None, Some(pair)) => (
                pair,
                "of lines with other words in front there are more with a number of this name, or later ones",
            ),
            (None, None) => return None,
        };
        Some(format!(
            "`{}` is left out of the line `{}`{more}: {why}",
            in_one_line(written),
            in_one_line(line)
        ))
    }

    /// What was printed as rows: each ends before a line that has one of its names again.
    fn rows(&self) -> Vec<Record> {
        let names = self.names.iter();
        let counting: Vec<Option<Kind>> = names
            .map(|name| name.counting().map(|counting| counting.kind))
            .collect();
        let mut rows = Vec::new();
        let mut row = Record::new();
        let mut any = false;
        for line in self.points.iter().flatten() {
            let known = line.iter().filter(|point| counting[point.name].is_some());
            let known: Vec<&Point> = known.collect();
            let counts = |point: &Point| counting[point.name] == Some(point.kind);
            // Lines of other kinds are none of the curve.
            if !known.iter().any(|point| counts(point)) {
                continue;
            }
            let name = |point: &Point| &self.names[point.name].name;
            let mut ends = known.iter().any(|point| row.contains_key(name(point)));
            for point in known {
                let number = point.number.as_ref().filter(|_| counts(point));
                ends |= number.is_some() && row.contains_key(name(point));
                if ends {
                    let ended = std::mem::take(&mut row);
                    rows.extend(any.then_some(ended));
                    (ends, any) = (false, false);
                }
                any |= number.is_some();
                // What was not taken is missing in this row: it is no number of another line.
                row.insert(name(point).to_owned(), number.cloned().unwrap_or_default());
            }
        }
        rows.extend(any.then_some(row));
        rows
    }

    /// The rows that were printed, as CSV.
    pub(in crate::stages::command) fn curve(&self) -> Result<String, JobError> {
        let rows = self.rows();
        if rows.is_empty() {
            return Err(JobError::failed("no line is a point of a curve")
                .hint("a line `epoch=1 loss=0.25` is one"));
        }
        let text = serde_json::to_string(&rows).expect("plain data is JSON");
        let table = Table::read(&text, Some(&[]));
        let table = table.map_err(|error| JobError::failed(error.to_string()))?;
        Ok(table.to_csv())
    }

    /// What was heard.
    pub(in crate::stages::command) fn numbers(self) -> Result<Numbers, JobError> {
        let mut numbers = Numbers::default();
        for name in &self.names {
            if let Some(counting) = name.counting() {
                let value = so_far(&name.name, &counting.last.value);
                numbers.add(&name.name, value.into());
            }
        }
        match numbers.values.is_empty() {
            true => Err(JobError::failed("no line of standard output is a metric")
                .hint("a line `loss=0.25` reports the number `loss`")),
            false => Ok(numbers),
        }
    }
}

#[cfg(test)]
mod tests;
