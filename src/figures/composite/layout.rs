//! Which panels stand side by side, and how wide each is.

use crate::registry::InvalidParam;
use crate::registry::Value;
use crate::registry::Values;

use super::Panel;
use super::names;

/// Rows of panels from left to right, each with its share of the row.
#[derive(Debug, PartialEq)]
pub(super) struct Rows(pub(super) Vec<Vec<(usize, usize)>>);

impl Rows {
    /// As `layout` has it, or as many side by side as the page has columns.
    ///
    /// # Errors
    /// A panel that stands nowhere, twice, or is not there.
    pub(super) fn read(values: &Values, panels: &[Panel]) -> Result<Self, InvalidParam> {
        let Some(Value::List(rows)) = values.get("layout") else {
            let wide = match values.get("width") {
                Some(Value::Str(name)) => name == "double",
                Some(inches) => inches.as_float().is_some_and(|inches| inches > 5.0),
                None => false,
            };
            let all: Vec<(usize, usize)> = (0..panels.len()).map(|panel| (panel, 1)).collect();
            let side_by_side = if wide { 2 } else { 1 };
            return Ok(Rows(all.chunks(side_by_side).map(<[_]>::to_vec).collect()));
        };
        let wrong = |message: String, help: String| InvalidParam {
            param: "layout",
            message,
            help,
        };
        let mut read = Vec::new();
        for row in rows {
            let text = row.as_str().unwrap_or_default();
            let letters: Vec<String> = match text.contains(char::is_whitespace) {
                true => text.split_whitespace().map(str::to_owned).collect(),
                false if panels.iter().any(|panel| panel.name == text) => vec![text.to_owned()],
                false => text.chars().map(String::from).collect(),
            };
            let mut own: Vec<(usize, usize)> = Vec::new();
            for letter in letters {
                let Some(panel) = panels.iter().position(|panel| panel.name == letter) else {
                    let message = format!("`{text}` has `{letter}`, which is no panel");
                    return Err(wrong(message, format!("panels are {}", names(panels))));
                };
                let before = read.iter().chain([&own]).flatten();
                let known = before.filter(|(known, _)| *known == panel).count();
                match own.last_mut() {
                    Some((last, share)) if *last == panel => *share += 1,
                    _ if known > 0 => {
                        let message = format!("`{letter}` stands in two places");
                        let help = "the letters of a panel stand beside one another in one row";
                        return Err(wrong(message, help.to_owned()));
                    }
                    _ => own.push((panel, 1)),
                }
            }
            if own.is_empty() {
                let help = "a row has the letters of its panels: `[ab, c]`";
                return Err(wrong("has an empty row".to_owned(), help.to_owned()));
            }
            read.push(own);
        }
        let stands = |panel: usize| read.iter().flatten().any(|(known, _)| *known == panel);
        match (0..panels.len()).find(|panel| !stands(*panel)) {
            Some(lost) => Err(wrong(
                format!("lacks the panel `{}`", panels[lost].name),
                "every panel stands in one row".to_owned(),
            )),
            None => Ok(Rows(read)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(yaml: &str) -> Result<Rows, InvalidParam> {
        let values: Values = serde_yaml::from_str(yaml).unwrap();
        let panels = super::super::panels(&values).unwrap();
        Rows::read(&values, &panels)
    }

    #[test]
    fn letters_are_rows_and_widths() {
        let panels = "panels: {a: {figure: dag}, b: {figure: dag}, c: {figure: dag}}";
        let read = rows(&format!("{{{panels}, layout: [aab, c]}}")).unwrap();
        assert_eq!(read, Rows(vec![vec![(0, 2), (1, 1)], vec![(2, 1)]]));
        let read = rows(&format!("{{{panels}, layout: ['c a', b]}}")).unwrap();
        assert_eq!(read, Rows(vec![vec![(2, 1), (0, 1)], vec![(1, 1)]]));
        let read = rows(&format!("{{{panels}, width: double}}")).unwrap();
        assert_eq!(read.0.len(), 2);
        for (layout, message) in [
            ("[ab]", "lacks the panel `c`"),
            ("[abcd]", "`abcd` has `d`, which is no panel"),
            ("[aba, c]", "`a` stands in two places"),
            ("[abc, '']", "has an empty row"),
        ] {
            let error = rows(&format!("{{{panels}, layout: {layout}}}")).unwrap_err();
            assert_eq!(error.message, message);
        }
    }
}
