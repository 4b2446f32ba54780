//! `{rows: samples.csv}`: a cell for each row of a text in columns, a sample sheet. Its columns are axes in step, as
//! the members of a `zip`.

use std::sync::Arc;

use csv_core::ReadFieldResult;

use crate::manifest::columns::Column;
use crate::manifest::fields;
use crate::manifest::fields::Fields;
use crate::manifest::held::unholdable;
use crate::manifest::node::Content;
use crate::manifest::node::Entry;
use crate::manifest::node::Node;
use crate::manifest::project;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;
use crate::text::plural;

use super::reader::Reader;

/// One field of a sheet.
struct Cell {
    text: String,
    place: Place,
}

/// A column that is wanted, and under which name.
struct Wanted {
    name: String,
    place: Place,
    index: usize,
}

impl Reader<'_> {
    /// The columns of a sheet as the members of a `zip`: `samples.csv`, or `{file: samples.csv, columns: …}` with a
    /// list of columns, or a map of names, each to its column.
    pub(super) fn sheet(&mut self, given: &Node) -> Option<Node> {
        let fields = match given.as_map() {
            Some(_) => Some(Fields::of(
                given,
                "`rows`",
                &["file", "columns"],
                self.found,
            )?),
            None => None,
        };
        let file = match &fields {
            Some(fields) => fields.get("file"),
            None => Some(given),
        };
        let Some(file) = file else {
            self.found.push(
                Diagnostic::error("`rows` has no `file`")
                    .at(&given.place, "the rows of which file?")
                    .help("`{file: samples.csv, columns: [sample, condition]}`"),
            );
            return None;
        };
        let path = fields::conform(file, &ParamType::Path, "`rows`", self.found)?;
        let path = project::normal(&self.files.root.join(path.as_str().unwrap_or_default()));
        let source = self.files.read(&path, Some(&file.place));
        let source = self.told(source)?;
        let rows = cells(&source);
        let rows = self.told(rows)?;
        let columns = fields.as_ref().and_then(|fields| fields.get("columns"));
        let wanted = even(&rows, file).and_then(|header| wanted(header, columns));
        if wanted.is_err() {
            self.poor(rows.first().map_or(&[], Vec::as_slice), columns);
        }
        let wanted = self.told(wanted)?;
        let members = wanted.into_iter().map(|wanted| {
            let cells: Vec<&Cell> = rows[1..].iter().map(|row| &row[wanted.index]).collect();
            let known = self.columns.index(&wanted.name);
            let values = values(&cells, known.map(|index| &self.columns.get(index).ty));
            let nodes = cells.iter().zip(values).map(|(cell, value)| Node {
                place: cell.place.clone(),
                content: Content::Scalar(value),
            });
            Entry {
                key: wanted.name,
                key_place: wanted.place.clone(),
                value: Node {
                    place: wanted.place,
                    content: Content::List(nodes.collect()),
                },
            }
        });
        Some(Node {
            place: given.place.clone(),
            content: Content::Map(members.collect()),
        })
    }

    fn told<T>(&mut self, read: Result<T, Diagnostic>) -> Option<T> {
        read.map_err(|wrong| self.found.push(wrong)).ok()
    }

    /// Makes the names of a sheet that is wrong known, so that what uses them is not told off for it.
    fn poor(&mut self, header: &[Cell], columns: Option<&Node>) {
        let asked = columns.and_then(Node::as_map).unwrap_or_default().iter();
        let asked = asked.map(|entry| (entry.key.as_str(), &entry.key_place));
        let titles = header.iter().map(|cell| (cell.text.as_str(), &cell.place));
        for (name, place) in asked.chain(titles) {
            if fields::is_name(name) && self.columns.index(name).is_none() && !self.closed {
                self.columns
                    .add(Column::new(name, ParamType::Any, place.clone()));
            }
        }
    }
}

/// Which columns a sheet is asked for; all that have a name, where it is not said.
fn wanted(header: &[Cell], columns: Option<&Node>) -> Result<Vec<Wanted>, Diagnostic> {
    let find = |name: &str, asked: &Node| {
        let title = match &asked.content {
            Content::Scalar(value) => value.to_string(),
            _ => String::new(),
        };
        let title = title.as_str();
        let mut found = header
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.text == title);
        let Some((index, first)) = found.next() else {
            let titles = header.iter().map(|cell| cell.text.as_str());
            return Err(
                Diagnostic::error(format!("the sheet has no column `{title}`"))
                    .at(&asked.place, "not in its first row")
                    .maybe_help(did_you_mean(title, titles, "columns")),
            );
        };
        if let Some((_, again)) = found.next() {
            return Err(twice(first, again));
        }
        Ok(Wanted {
            name: name.to_owned(),
            place: asked.place.clone(),
            index,
        })
    };
    let Some(columns) = columns else {
        return all(header);
    };
    match &columns.content {
        Content::List(items) if !items.is_empty() => {
            let items = items.iter();
            items
                .map(|item| find(item.to_value().as_str().unwrap_or_default(), item))
                .collect()
        }
        Content::Map(entries) if !entries.is_empty() => {
            let entries = entries.iter();
            entries
                .map(|entry| find(&entry.key, &entry.value))
                .collect()
        }
        Content::List(_) | Content::Map(_) => {
            Err(Diagnostic::error("`columns` names none").at(&columns.place, "empty"))
        }
        Content::Scalar(_) => Err(Diagnostic::error(
            "`columns` is a list of columns, or a map of names",
        )
        .at(&columns.place, format!("this is {}", columns.type_name()))
        .help("`[sample, condition]`, or `{sample: \"Sample ID\"}` to give them other names")),
    }
}

/// All columns that have a title, which is their name.
fn all(header: &[Cell]) -> Result<Vec<Wanted>, Diagnostic> {
    // Without one stand the numbers of rows that pandas writes.
    let named = header
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.text.is_empty());
    let mut all: Vec<Wanted> = Vec::new();
    for (index, cell) in named {
        if !cell.text.split('.').all(fields::is_name) {
            let help = match cell.text.contains(';') {
                true => "fields are parted by commas, in a file `.tsv` by tabs",
                false => {
                    "say which columns are wanted, and their names: `{rows: {file: …, columns: {sample: \"Sample ID\"}}}`"
                }
            };
            return Err(Diagnostic::error(format!(
                "the column `{}` cannot be the name of an axis",
                cell.text
            ))
            .at(&cell.place, "names have letters, digits and underscores")
            .help(help));
        }
        if let Some(first) = all.iter().find(|known| known.name == cell.text) {
            return Err(twice(&header[first.index], cell));
        }
        all.push(Wanted {
            name: cell.text.clone(),
            place: cell.place.clone(),
            index,
        });
    }
    Ok(all)
}

fn twice(first: &Cell, again: &Cell) -> Diagnostic {
    Diagnostic::error(format!("the sheet has two columns `{}`", first.text))
        .at(&again.place, "again here")
        .also(&first.place, "first here")
}

/// The header of a sheet that has rows, each as long as it.
fn even<'s>(rows: &'s [Vec<Cell>], file: &Node) -> Result<&'s [Cell], Diagnostic> {
    let Some((header, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else {
        return Err(
            Diagnostic::error("the sheet has no rows").at(&file.place, "no row below its header")
        );
    };
    match rows.iter().find(|row| row.len() != header.len()) {
        None => Ok(header),
        Some(row) => Err(Diagnostic::error(format!(
            "a row has {} and the header {}",
            plural(row.len(), "field"),
            plural(header.len(), "field")
        ))
        .at(&row[0].place, "this row")
        .also(&header[0].place, "the header")),
    }
}

/// What the fields of a column mean: numbers or truth values where all are, else text; empty ones have no value.
fn values(cells: &[&Cell], ty: Option<&ParamType>) -> Vec<Value> {
    let textual = matches!(
        ty,
        Some(ParamType::Str | ParamType::Path | ParamType::Choice(_))
    );
    let given = || cells.iter().filter(|cell| !cell.text.is_empty());
    let of = |read: fn(&str) -> Option<Value>| {
        let all = !textual && given().all(|cell| read(&cell.text).is_some());
        all.then_some(read)
    };
    let read = of(number).or_else(|| of(truth));
    let values = cells.iter().map(|cell| match (cell.text.as_str(), read) {
        ("", _) => Value::Null,
        (text, Some(read)) => read(text).unwrap_or(Value::Null),
        (text, None) => Value::from(text),
    });
    values.collect()
}

/// A number that can be held. What begins with zeros is a label, `007`.
fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_label =
        digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if is_label || !begins {
        return None;
    }
    if digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    // What is no number of ours stays the text that it is.
    let number = text.parse().ok().map(Value::Float);
    number.filter(|_| unholdable(text).is_none())
}

fn truth(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// The rows of a sheet, the header first; tabs part the fields where the name of the file says so, else commas. Rows of
/// nothing but empty fields, which spreadsheets write, are none.
fn cells(source: &Arc<Source>) -> Result<Vec<Vec<Cell>>, Diagnostic> {
    let tabs = source
        .path
        .extension()
        .is_some_and(|ending| ending == "tsv" || ending == "tab");
    let by = if tabs { b'\t' } else { b',' };
    let input = source.text.as_bytes();
    let mut reader = csv_core::ReaderBuilder::new().delimiter(by).build();
    // No field is longer than all of them.
    let mut field = vec![0; input.len() + 1];
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut start, mut at, mut written) = (0, 0, 0);
    loop {
        let (result, read, wrote) = reader.read_field(&input[at..], &mut field[written..]);
        at += read;
        written += wrote;
        match result {
            // The reader is told of the end by an empty input.
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => field.resize(2 * field.len(), 0),
            ReadFieldResult::Field { record_end } => {
                row.push(cell(source, start, at, by, &field[..written])?);
                (start, written) = (at, 0);
                if record_end {
                    rows.push(std::mem::take(&mut row));
                }
            }
            ReadFieldResult::End => break,
        }
    }
    let filled = |row: &Vec<Cell>| row.iter().any(|cell| !cell.text.is_empty());
    rows.retain(filled);
    Ok(rows)
}

/// A field that stands from `start` to `end`, with what parts it from the next.
fn cell(
    source: &Arc<Source>,
    start: usize,
    end: usize,
    by: u8,
    field: &[u8],
) -> Result<Cell, Diagnostic> {
    let text = &source.text[start..end];
    let begun = text.trim_start_matches(['\r', '\n']);
    let start = end - begun.len();
    let text = begun.trim_end_matches(['\r', '\n']);
    let text = text.strip_suffix(char::from(by)).unwrap_or(text);
    let place = |from: usize, text: &str| Place {
        source: Arc::clone(source),
        range: from..from + text.len(),
    };
    if text.starts_with('"') {
        let place = place(start, text);
        if text.matches('"').count() % 2 == 1 {
            return Err(Diagnostic::error("quotes that open are not closed")
                .at(&place.part(0..1), "they open here"));
        }
        let text = String::from_utf8_lossy(field).into_owned();
        return Ok(Cell { text, place });
    }
    let inner = text.trim_start();
    let start = start + text.len() - inner.len();
    let inner = inner.trim_end();
    Ok(Cell {
        text: inner.to_owned(),
        place: place(start, inner),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(path: &str, text: &str) -> Arc<Source> {
        Arc::new(Source {
            path: path.into(),
            text: text.to_owned(),
        })
    }

    fn texts(path: &str, text: &str) -> Vec<Vec<String>> {
        let rows = cells(&sheet(path, text)).expect("a sheet");
        for cell in rows.iter().flatten() {
            let written = cell.place.text();
            let quoted = written
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'));
            let plain = quoted.unwrap_or(written).replace("\"\"", "\"");
            assert_eq!(plain, cell.text);
        }
        let rows = rows.into_iter();
        rows.map(|row| row.into_iter().map(|cell| cell.text).collect())
            .collect()
    }

    #[test]
    fn fields_have_their_text_and_their_place() {
        let expected = [vec!["a", "b"], vec!["x, \"y\"", "1e-3"], vec!["ä", ""]];
        let comma = "a,b\n\"x, \"\"y\"\"\", 1e-3\n\nä,\n,\n";
        assert_eq!(texts("s.csv", comma), expected);
        assert_eq!(texts("s.csv", &comma.replace('\n', "\r\n")), expected);
        assert_eq!(texts("s.csv", comma.trim_end()), expected);
        assert_eq!(
            texts("s.tsv", "a\tb\nx, y\t1\n"),
            [["a", "b"], ["x, y", "1"]]
        );
        assert!(cells(&sheet("s.csv", "a,b\n\"x,1\ny,2\n")).is_err());
        assert!(texts("s.csv", "").is_empty());
    }

    #[test]
    fn a_column_is_of_numbers_where_all_of_it_is() {
        let of = |texts: &[&str], ty| {
            let source = sheet("s.csv", &format!("a\n{}\n", texts.join("\n")));
            let rows = cells(&source).expect("a sheet");
            let cells: Vec<&Cell> = rows[1..].iter().map(|row| &row[0]).collect();
            values(&cells, ty)
        };
        assert_eq!(
            of(&["1", "-0.5", "1e3"], None),
            [Value::Int(1), Value::Float(-0.5), Value::Float(1e3)]
        );
        for labels in [
            ["1", "b"],
            ["1", "007"],
            ["1", "12345678901234567890"],
            ["1", "NA"],
            ["1", "nan"],
            ["true", "maybe"],
        ] {
            assert_eq!(of(&labels, None), labels.map(Value::from));
        }
        assert_eq!(
            of(&["True", "false"], None),
            [Value::Bool(true), Value::Bool(false)]
        );
        assert_eq!(
            of(&["1", "2"], Some(&ParamType::Str)),
            ["1", "2"].map(Value::from)
        );
    }
}
