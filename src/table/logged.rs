//! CSV as programs leave it that were stopped and begun again: torn rows, and the header once more at each beginning.

use ::csv::StringRecord;

use serde_json::Value as Json;

use super::delimited::Delimited;
use super::delimited::Row;
use super::foreign::is_missing;
use super::records::Record;
use crate::text::plural;

impl Delimited {
    /// The rows of a log, and what of them is odd and left out.
    pub(crate) fn logged(text: &str) -> (Self, Option<String>) {
        let mut read = Delimited::below_comments(text);
        let odd = read.as_logged();
        read.without_numbers_of_rows();
        (read, odd)
    }

    /// Rows under names. A field is text, or null where it is empty.
    pub(crate) fn records(&self) -> Vec<Record> {
        let Some((header, rows)) = self.rows.split_first() else {
            return Vec::new();
        };
        let record = |row: &Row| {
            let fields = header.fields.iter().zip(&row.fields);
            let pairs = fields.map(|(name, value)| (name.trim().to_owned(), written(value)));
            pairs.collect()
        };
        rows.iter().map(record).collect()
    }

    /// Names and numbers without a header above them, `accuracy,0.5`.
    pub(crate) fn named_numbers(&self) -> Option<Record> {
        let is_number = |value: &str| value.trim().parse::<f64>().is_ok();
        let pair = |row: &Row| {
            let (name, value) = (row.fields.get(0)?.trim(), row.fields.get(1)?);
            let named = row.fields.len() == 2 && !name.is_empty() && !is_number(name);
            let valued = is_number(value) || is_missing(&written(value));
            (named && valued).then(|| (name.to_owned(), written(value)))
        };
        let first = self.rows.first()?.fields.get(1)?;
        // Over fractions a whole number is the name of a column, as a year is.
        let values = || self.rows.iter().skip(1).filter_map(|row| row.fields.get(1));
        let is_whole = |value: &str| value.trim().parse::<i64>().is_ok();
        let heads = is_whole(first) && values().next().is_some() && !values().any(is_whole);
        match is_number(first) && !heads {
            true => self.rows.iter().map(pair).collect(),
            false => None,
        }
    }

    /// Leaves out what is no row of a log, and says what that was: rows that are shorter or longer than the header, unless
    /// all are, the header where it comes again, and what is in quotes that do not end. Each row is as long as the header
    /// then.
    pub(super) fn as_logged(&mut self) -> Option<String> {
        let mut odd: Vec<String> = self.unclosed.iter().map(ToString::to_string).collect();
        let Some((header, rows)) = self.rows.split_first_mut() else {
            return odd.pop();
        };
        let columns = header.fields.len();
        let again = |row: &Row| {
            let mut fields = header.fields.iter().zip(&row.fields);
            row.fields.len() == columns && fields.all(|(a, b)| a.trim() == b.trim())
        };
        let is_even = |row: &Row| {
            let mut further = row.fields.iter().skip(columns);
            row.fields.len() >= columns && further.all(|field| field.trim().is_empty())
        };
        odd.extend(rows.iter().find(|row| !is_even(row)).map(|row| {
            let fields = plural(row.fields.len(), "field");
            format!("line {} has {fields}, the header {columns}", row.line)
        }));
        let mut headers = rows.iter().filter(|row| again(row));
        odd.extend(
            headers
                .next()
                .map(|row| format!("the header comes again in line {}", row.line)),
        );
        let any_even = rows.iter().any(|row| is_even(row) && !again(row));
        let keeps = |row: &Row| !again(row) && (is_even(row) || !any_even);
        let kept: Vec<bool> = rows.iter().map(keeps).collect();
        let mut kept = std::iter::once(true).chain(kept);
        self.rows.retain(|_| kept.next().unwrap_or(true));
        for row in &mut self.rows {
            if row.fields.len() != columns {
                let fields = row.fields.iter().chain(std::iter::repeat(""));
                row.fields = fields.take(columns).collect::<StringRecord>();
            }
        }
        (!odd.is_empty()).then(|| odd.join(", and "))
    }

    /// A number in the header that is likely no name: the first row of a file without a header.
    pub(crate) fn number_in_header(&self) -> Option<&str> {
        let header = &self.rows.first()?.fields;
        let number = |field: &&str| field.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let whole = |field: &str| field.trim().parse::<u32>().ok();
        // Names may be whole numbers that rise: columns that are counted, years, the k of a score at k.
        let rises = || {
            let numbers: Vec<Option<u32>> = header.iter().map(whole).collect();
            numbers.iter().flatten().is_sorted()
                && header
                    .iter()
                    .filter(number)
                    .all(|field| whole(field).is_some())
        };
        let fraction = |field: &&str| number(field) && whole(field).is_none();
        let found = header.iter().find(fraction);
        let found = found.or_else(|| header.iter().find(number))?;
        (!rises()).then_some(found)
    }
}

fn written(field: &str) -> Json {
    match field.trim() {
        "" => Json::Null,
        field => field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(text: &str) -> (Vec<Vec<String>>, String) {
        let mut read = Delimited::read(text, b',');
        let odd = read.as_logged().unwrap_or_default();
        let row = |row: &Row| row.fields.iter().map(str::to_owned).collect();
        (read.rows[1..].iter().map(row).collect(), odd)
    }

    #[test]
    fn torn_rows_and_a_header_that_comes_again_are_left_out() {
        let (rows, odd) = logged("a,b\n1,2\n3\na,b\n3,4,,\n5,64,7\n");
        assert_eq!(rows, [["1", "2"], ["3", "4"]]);
        assert_eq!(
            odd,
            "line 3 has 1 field, the header 2, and the header comes again in line 4"
        );
        let (rows, odd) = logged("a,b\n1\n");
        assert_eq!(rows, [["1", ""]]);
        assert_eq!(odd, "line 2 has 1 field, the header 2");
        assert_eq!(logged("a,b\na,b\n").0.len(), 0);
        let (rows, odd) = logged("a,b\n1,2\n3,\"4\n5,6\n");
        assert_eq!(
            (rows.len(), &*odd),
            (1, "quotes that open in line 3 are not closed")
        );
        assert_eq!(logged("a,b\n1,2,\n").1, "");
        let (rows, odd) = logged("a,b\n1,2,3\n");
        assert_eq!(
            (rows.len(), &*odd),
            (1, "line 2 has 3 fields, the header 2")
        );
    }

    #[test]
    fn a_row_of_numbers_is_no_header() {
        let number = |text: &str| {
            Delimited::read(text, b',')
                .number_in_header()
                .map(str::to_owned)
        };
        for (text, wanted) in [
            ("0,1.0\n", Some("1.0")),
            ("acc,0.5\n", Some("0.5")),
            ("5,2\n", Some("5")),
            ("0,1,2\n", None),
            ("k,10,20\n", None),
            ("a,b\n", None),
        ] {
            assert_eq!(number(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn names_and_numbers_need_no_header() {
        let read = |text: &str| Delimited::read(text, b',').named_numbers();
        let found = read("acc,0.5\nf1,NA\n").expect("two");
        assert_eq!(Json::from(found).to_string(), r#"{"acc":"0.5","f1":"NA"}"#);
        for text in [
            "acc,f1\n0.5,1\n",
            ",0\nacc,0.5\n",
            "1,0.5\n",
            "a,1\nb,c\n",
            "a,1\nb,1,2\n",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn csv_has_any_separator_and_no_numbers_of_rows() {
        let wanted = r#"[{"a":"1","b":null},{"a":"x","b":"nan"}]"#;
        for text in [
            "a,b\n1,\nx,nan\n",
            "a\tb\n1\t\nx\tnan\n",
            "a;b\n1;\nx;nan\n",
            ",a,b\n0,1,\n1,x,nan\n",
            "# run 7\n# twice, or so, or more\na,b\n1,\nx,nan\n",
            "# run 7\n# a,b\n1,\nx,nan\n",
        ] {
            let rows = Delimited::logged(text).0.records();
            assert_eq!(serde_json::to_string(&rows).expect("JSON"), wanted);
        }
    }
}
