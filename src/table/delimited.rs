//! Text in columns: the one reader behind tables, curves, metrics and data sets of CSV. What a field means is told
//! by who reads it.

use ::csv::ReaderBuilder;
use ::csv::StringRecord;

/// The rows of a text in columns; a header is the first of them.
pub(crate) struct Delimited {
    pub rows: Vec<Row>,
    /// Why they end early: rows from the quotes on cannot be told apart, and are none of `rows`.
    pub unclosed: Option<Unclosed>,
}

pub(crate) struct Row {
    pub fields: StringRecord,
    /// Where it begins, counted from one.
    pub line: usize,
}

/// A text that ends within quotes.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("quotes that open in line {line} are not closed")]
pub(crate) struct Unclosed {
    /// Counted from one.
    pub line: usize,
}

impl Delimited {
    /// The rows of all of a text.
    pub(crate) fn read(text: &str, by: u8) -> Self {
        Delimited::from(text, 0, by)
    }

    /// The header and the rows below comments.
    pub(crate) fn below_comments(text: &str) -> Self {
        let at = header(text, None);
        Delimited::from(text, at, separator(&text[at..]))
    }

    /// The rows below comments, with what separates their fields and whether there is a header, where these are known;
    /// and how many lines are passed over. Without a header there are no comments, and of several lines that begin with
    /// `#` and have as many fields as the first below them each is a row.
    pub(crate) fn told(text: &str, by: Option<u8>, has_header: Option<bool>) -> (Self, usize) {
        let (end, _) = comments(text);
        let separator = by.unwrap_or_else(|| separator(&text[end..]));
        let columns = |line: &str| line.split(char::from(separator)).count();
        let first = text[end..].lines().next().map_or(0, columns);
        let alike = text[..end].lines().filter(|line| columns(line) == first);
        let at = match has_header == Some(false) || first > 1 && alike.count() > 1 {
            true => 0,
            false => header(text, Some(separator)),
        };
        (Delimited::from(text, at, separator), line_ends(&text[..at]))
    }

    /// The rows from a byte on.
    fn from(text: &str, start: usize, by: u8) -> Self {
        let mut line = 1 + line_ends(&text[..start]);
        let text = &text[start..];
        let unclosed = unclosed(text, by).map(|at| Unclosed {
            line: line + line_ends(&text[..at]),
        });
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(by)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        let mut counted = 0;
        for fields in reader.into_records() {
            let fields = fields.expect("rows may be of any length, and the text is one");
            // Its place is where the row before ended: empty lines may lie between.
            let at = fields.position().map_or(0, |place| place.byte() as usize);
            let begin = text.len() - text[at..].trim_start_matches(['\r', '\n']).len();
            line += line_ends(&text[counted..begin]);
            counted = begin;
            rows.push(Row { fields, line });
        }
        if unclosed.is_some() {
            rows.pop();
        }
        Delimited { rows, unclosed }
    }

    /// Leaves out the column that numbers the rows, which pandas writes and does not name. Of two columns only one that
    /// counts from 0: a series has names of numbers there, such as its classes.
    pub(crate) fn without_numbers_of_rows(&mut self) {
        let Some((header, rows)) = self.rows.split_first() else {
            return;
        };
        let fields = || rows.iter().filter_map(|row| row.fields.get(0));
        let from_zero = || {
            let mut fields = fields().enumerate();
            fields.all(|(at, field)| field.trim().parse() == Ok(at))
        };
        let numbered = match header.fields.len() {
            0 | 1 => false,
            2 => number_rows(&header.fields[0], fields()) && from_zero(),
            _ => number_rows(&header.fields[0], fields()),
        };
        if numbered {
            for row in &mut self.rows {
                row.fields = row.fields.iter().skip(1).collect();
            }
        }
    }
}

/// Whether a column numbers the rows: it has no name, and whole numbers alone. They have gaps where rows were drawn,
/// and come again where frames were put together.
pub(crate) fn number_rows<'f>(name: &str, mut fields: impl Iterator<Item = &'f str>) -> bool {
    name.trim().is_empty() && fields.all(|field| field.trim().parse::<i64>().is_ok())
}

/// Where lines that begin with `#` end, and the last of them.
fn comments(text: &str) -> (usize, Option<&str>) {
    let (mut last, mut rest) = (None, text);
    while let Some(comment) = rest.strip_prefix('#') {
        last = Some(comment.trim_start_matches([' ', '\t']));
        rest = rest.split_once('\n').map_or("", |(_, below)| below);
    }
    (text.len() - rest.len(), last)
}

/// Where the header begins, below lines that begin with `#`. The last of them is the header where numbers in as many
/// columns stand below it, as numpy writes it.
fn header(text: &str, by: Option<u8>) -> usize {
    let (end, last) = comments(text);
    let rest = &text[end..];
    let by = char::from(by.unwrap_or_else(|| separator(rest)));
    let first = rest.lines().next().unwrap_or_default();
    let columns = |line: &str| line.split(by).count();
    let numbers = first
        .split(by)
        .any(|field| field.trim().parse::<f64>().is_ok());
    let above = last.filter(|above| {
        let line = above.lines().next();
        numbers && line.is_some_and(|line| columns(line) == columns(first))
    });
    text.len() - above.unwrap_or(rest).len()
}

/// What stands between fields: what the first line has most of, a comma where that is nothing.
pub(crate) fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    let times = |c: &u8| first.bytes().filter(|byte| byte == c).count();
    // The last of several that are the most.
    let all = [b'\t', b';', b','];
    all.into_iter().max_by_key(times).unwrap_or(b',')
}

/// The byte at which quotes open that the text does not close. They open at the beginning of a field alone, and two of
/// them within quotes are one of the field: the reader's own rules, which does not tell of an end within quotes.
pub(crate) fn unclosed(text: &str, by: u8) -> Option<usize> {
    if !text.contains('"') {
        return None;
    }
    let mut open = None;
    let mut begins = true;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match open {
            None if begins && byte == b'"' => open = Some(at),
            Some(_) if byte == b'"' && bytes.next_if(|(_, next)| *next == b'"').is_none() => {
                open = None;
            }
            _ => {}
        }
        begins = open.is_none() && (byte == by || byte == b'\n' || byte == b'\r');
    }
    open
}

/// How many lines end in a text.
pub(crate) fn line_ends(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(read: &Delimited) -> Vec<usize> {
        read.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        let read = Delimited::read("a,b\r\n\r\n\"x\ny\",2\r\n3,4\n\n\n5,6", b',');
        assert_eq!(lines(&read), [1, 3, 5, 8]);
        let read = Delimited::below_comments("# one\n# two\na,b\n1,2\n");
        assert_eq!(lines(&read), [3, 4]);
        let read = Delimited::below_comments("# one\n# a,b\n1,\"2\n");
        assert_eq!(
            (lines(&read), read.unclosed),
            (vec![2], Some(Unclosed { line: 3 }))
        );
    }

    #[test]
    fn a_text_that_ends_within_quotes_is_told_with_the_line_where_they_open() {
        let read = Delimited::read("a,b\n1,\"x\n\"\"y\n2,z\n", b',');
        assert_eq!(lines(&read), [1]);
        assert_eq!(read.unclosed, Some(Unclosed { line: 2 }));
        let read = Delimited::read("a,b\n\"1\n\n\",\"2\n", b',');
        assert_eq!(read.unclosed, Some(Unclosed { line: 4 }));
    }

    /// Where a text ends within quotes, what is put behind it in a line of its own is no row of its own.
    #[test]
    fn quotes_open_and_close_as_the_reader_has_it() {
        const LETTERS: [u8; 5] = *b"\"a,\n\r";
        for length in 0..=6 {
            for number in 0..LETTERS.len().pow(length) {
                let mut rest = number;
                let mut text = String::new();
                for _ in 0..length {
                    text.push(char::from(LETTERS[rest % LETTERS.len()]));
                    rest /= LETTERS.len();
                }
                let last = |text: &str| {
                    let reader = ReaderBuilder::new()
                        .has_headers(false)
                        .flexible(true)
                        .from_reader(text.as_bytes());
                    let last = reader.into_records().last().map(|row| row.expect("text"));
                    last.is_some_and(|row| row == vec!["end"])
                };
                let ends = last(&format!("{text}\nend"));
                assert_eq!(unclosed(&text, b',').is_none(), ends, "{text:?}");
            }
        }
    }

    #[test]
    fn a_column_that_numbers_rows_has_no_name_and_whole_numbers_alone() {
        let first = |text: &str| {
            let mut read = Delimited::below_comments(text);
            read.without_numbers_of_rows();
            read.rows[0].fields[0].to_owned()
        };
        // Frames that were put together, and rows that were drawn.
        for text in [
            ",a,b\n0,1,2\n0,3,4\n",
            ",a,b\n7,1,2\n3,3,4\n",
            ",a\n0,5\n1,6\n",
        ] {
            assert_eq!(first(text), "a", "{text}");
        }
        for text in [",a,b\nx,1,2\n", ",a,b\n0.5,1,2\n", ",a\n1,5\n2,6\n", "\n"] {
            let read = Delimited::below_comments(text);
            let header = read.rows.first().map(|row| row.fields.len());
            assert!(header.is_none() || first(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn fields_are_parted_by_what_the_first_line_has_most_of() {
        for (text, by) in [
            ("\na;b,c;d\n", b';'),
            ("a\tb\n1,5\t2\n", b'\t'),
            ("a,b;c\n", b','),
            ("a\n", b','),
        ] {
            assert_eq!(separator(text), by, "{text}");
        }
    }
}
