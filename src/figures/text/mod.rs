//! Texts with a number per word as the colour behind it.

mod compose;

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::text::plural;

use super::Caption;
use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::facets::name_value;
use super::grammar::capital;
use super::mapping::no_column;
use super::markup;
use super::named::Named;
use super::options;
use super::options::Common;
use super::options::ValueScale;
use super::scale::Scale;
use super::scale::ScaleKind;

pub(super) struct Text;

params! {
    /// What `figure/text` may be given.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    struct TextParams {
        /// column of words, one a row
        word: String = "token";
        /// column of numbers shown as colour
        value: String;
        /// column or columns that tell texts apart
        text: Names;
        /// column of numbers by which the words of a text stand in order; by default as in the rows
        order: Option<String>;
        /// column whose value stands before each text
        label: Option<String>;
        /// column with a heading per value
        heading: Option<String>;
        /// colours run to the largest number of each text instead of that of all
        relative: bool = false;
        /// scale of the colours
        value_scale: ValueScale = ValueScale::Linear;
        /// [lowest, highest] number shown by colours
        value_range: Option<Vec<f64>>;
        named: Named;
        common: Common;
    }
}

impl Entry for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn summary(&self) -> &'static str {
        "words of texts with a number each as the colour behind them"
    }

    fn docs(&self) -> &'static str {
        "A row per word. Texts stand in the order in which they first appear, under the headings that \
         they share, and are broken into lines; a word that is wider than a line is broken too. A \
         word without a number has no colour, so that texts without numbers, as samples under the \
         sentence that they are drawn from, stand in the same figure. Colours begin at zero where no \
         number is negative and the scale is linear. With `relative` each number counts as a share of \
         the largest of its text."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        TextParams::params()
    }
}

/// A word with its number.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    text: String,
    value: Option<f64>,
}

/// One text.
#[derive(Clone, Debug, PartialEq)]
struct Paragraph {
    /// What tells it from others.
    at: Vec<Json>,
    heading: String,
    label: String,
    words: Vec<Word>,
}

impl Figure for Text {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = TextParams::read(values)?;
        let table = &input.table;
        if table.rows.is_empty() {
            return Err(FigureError::Empty("the table has no rows".to_owned()));
        }
        let mut paragraphs = paragraphs(table, &params)?;
        let value = match table.column(&params.value) {
            Some(at) => &table.columns[at],
            None => return Err(no_column(table, &params.value)),
        };
        let words = || paragraphs.iter().flat_map(|paragraph| &paragraph.words);
        let (count, bare) = (
            words().count(),
            words().filter(|w| w.value.is_none()).count(),
        );
        if bare == count {
            let what = format!("`{}` holds no numbers", params.value);
            return Err(FigureError::Empty(what));
        }
        if params.relative {
            paragraphs.iter_mut().for_each(Paragraph::share);
        }
        let numbers: Vec<f64> = paragraphs
            .iter()
            .flat_map(|paragraph| paragraph.words.iter().filter_map(|word| word.value))
            .collect();
        let range = options::range("value_range", &params.value_range)?;
        let colours = colours(params.value_scale.kind(), &numbers, range);
        let what = match params.relative {
            true => format!("{} (share of the largest of its text)", value.title()),
            false => value.title_with_unit(),
        };
        let canvas = compose::compose(&params.common, &paragraphs, &colours, &what)?;
        let title = match &params.common.title {
            Some(title) => title.clone(),
            None => format!("{} by word", capital(&value.title())),
        };
        Ok(Drawn {
            warnings: Vec::new(),
            title: markup::in_line(&title),
            csv: listing(table, &params, value, &paragraphs),
            caption: Caption::of(&format!(
                "{}{}",
                caption(&what, paragraphs.len(), count, bare).trim_end(),
                canvas.said_missing()
            )),
            canvas,
        })
    }
}

impl Paragraph {
    /// Puts shares of the largest number in the place of numbers.
    fn share(&mut self) {
        let numbers = self.words.iter().filter_map(|word| word.value);
        let largest = numbers.map(f64::abs).fold(0.0, f64::max);
        for word in &mut self.words {
            let share = |value: f64| if largest > 0.0 { value / largest } else { 0.0 };
            word.value = word.value.map(share);
        }
    }
}

/// The rows as texts, in order of first appearance and under one heading each.
fn paragraphs(table: &Table, params: &TextParams) -> Result<Vec<Paragraph>, FigureError> {
    let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
    let optional = |name: &Option<String>| name.as_deref().map(column).transpose();
    let (word, value) = (column(&params.word)?, column(&params.value)?);
    let (order, label) = (optional(&params.order)?, optional(&params.label)?);
    let heading = optional(&params.heading)?;
    let own = params.text.0.iter().map(|name| column(name));
    let own = own.collect::<Result<Vec<usize>, _>>()?;
    // What stands over or before a text is the same for all of its words.
    let keys: Vec<usize> = heading.into_iter().chain(own).chain(label).collect();
    let mut found: Vec<(Paragraph, Vec<f64>)> = Vec::new();
    for (r, row) in table.rows.iter().enumerate() {
        let at: Vec<Json> = keys.iter().map(|&key| row[key].clone()).collect();
        let known = found.iter().position(|(paragraph, _)| paragraph.at == at);
        let known = known.unwrap_or_else(|| {
            let shown = |column: Option<usize>| match column {
                Some(column) if !row[column].is_null() => {
                    name_value(&table.columns[column], &row[column])
                }
                _ => String::new(),
            };
            let paragraph = Paragraph {
                heading: shown(heading),
                label: shown(label),
                at,
                words: Vec::new(),
            };
            found.push((paragraph, Vec::new()));
            found.len() - 1
        });
        let (paragraph, places) = &mut found[known];
        let text = match &row[word] {
            Json::Null => String::new(),
            other => display(other),
        };
        paragraph.words.push(Word {
            text,
            value: table.number(r, value),
        });
        let place = order.and_then(|order| table.number(r, order));
        places.push(place.unwrap_or(f64::INFINITY));
    }
    let mut paragraphs: Vec<Paragraph> = Vec::with_capacity(found.len());
    for (mut paragraph, places) in found {
        let mut sorted: Vec<usize> = (0..places.len()).collect();
        sorted.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
        let words = sorted.into_iter().map(|i| paragraph.words[i].clone());
        paragraph.words = words.collect();
        paragraphs.push(paragraph);
    }
    // Texts of one heading stand together.
    let headings: Vec<String> = paragraphs.iter().map(|p| p.heading.clone()).collect();
    let first = |heading: &String| headings.iter().position(|other| other == heading);
    paragraphs.sort_by_key(|paragraph| first(&paragraph.heading));
    Ok(paragraphs)
}

/// From the least number, or from zero where none is below it.
fn colours(kind: ScaleKind, numbers: &[f64], range: Option<(f64, f64)>) -> Scale {
    let mut numbers = numbers.to_vec();
    if kind == ScaleKind::Linear && numbers.iter().all(|number| *number >= 0.0) {
        numbers.push(0.0);
    }
    Scale::of_numbers(kind, &numbers, range, 0.0)
}

/// What is drawn, a row per word.
fn listing(table: &Table, params: &TextParams, value: &Column, drawn: &[Paragraph]) -> String {
    let mut names: Vec<&str> = params.heading.iter().map(String::as_str).collect();
    names.extend(params.text.0.iter().map(String::as_str));
    names.extend(params.label.as_deref());
    let column = |name: &&str| table.column(name).map(|at| table.columns[at].clone());
    let mut columns: Vec<Column> = names.iter().filter_map(column).collect();
    columns.push(Column::axis("place"));
    columns.push(Column::axis(&params.word));
    columns.push(value.clone());
    // A column may say two things, and is one column all the same.
    let mut kept: Vec<usize> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if !kept.iter().any(|&k| columns[k].name == column.name) {
            kept.push(i);
        }
    }
    let mut rows = Vec::new();
    for paragraph in drawn {
        for (place, word) in paragraph.words.iter().enumerate() {
            let mut row = paragraph.at.clone();
            row.push(place.into());
            row.push(word.text.clone().into());
            row.push(word.value.map_or(Json::Null, Json::from));
            rows.push(kept.iter().map(|&i| row[i].clone()).collect());
        }
    }
    let columns = kept.iter().map(|&i| columns[i].clone()).collect();
    Table { columns, rows }.to_csv()
}

fn caption(what: &str, texts: usize, words: usize, bare: usize) -> String {
    let what = markup::in_line(what);
    let mut caption = format!(
        "{} as the colour behind each word: {}, n = {}.",
        capital(&what),
        plural(texts, "text"),
        plural(words, "word"),
    );
    if bare > 0 {
        caption.push_str(&format!(
            " Without colour: {} without a number.",
            plural(bare, "word")
        ));
    }
    caption.push('\n');
    caption
}
