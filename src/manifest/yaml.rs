//! YAML to a tree with places. `serde_yaml` says what the values are, `saphyr-parser` where they
//! stand; the two are zipped, and must agree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::Span;
use serde_yaml::Value as Yaml;

use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

use super::held::unholdable;
use super::node::Content;
use super::node::Entry;
use super::node::Node;
use super::yaml_errors;

/// Deeper nesting than this is no manifest, and would tempt recursion too far.
const DEPTH: usize = 64;

/// Aliases that stand for more values than this all together would fill the memory.
const ALIASED: u64 = 1_000_000;

/// The shape of the document: where everything stands.
struct Shape {
    range: Range<usize>,
    parts: Parts,
    /// How many values stand here and below, those of aliases among them.
    size: u64,
    /// How many levels lie below, those of aliases among them.
    depth: usize,
}

impl Shape {
    fn scalar(range: Range<usize>) -> Rc<Shape> {
        Rc::new(Shape {
            range,
            parts: Parts::Scalar,
            size: 1,
            depth: 0,
        })
    }
}

enum Parts {
    Scalar,
    List(Vec<Rc<Shape>>),
    Map(Vec<(Rc<Shape>, Rc<Shape>)>),
}

/// Whose file is read.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// One of ours: merge keys, `<<: *other`, are refused.
    Own,
    /// Of `<<: *other` the entries of the other map come to those that are written.
    Foreign,
    /// The same, and a number that none of ours holds is infinite: [`unheld`] tells of it.
    ForeignValues,
}

/// Reads a file's text.
///
/// # Errors
/// What is wrong with the YAML, as far as it can be told.
pub(super) fn read(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    read_with(source, Reading::Own)
}

/// The same of a file that other programs read as well: merge keys, `<<: *other`, are followed.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_foreign(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    read_with(source, Reading::Foreign)
}

/// The same of a file of which not all that it holds is used: what [`unheld`] finds is for whoever uses it.
///
/// # Errors
/// As [`read`].
pub(super) fn read_foreign_values(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    read_with(source, Reading::ForeignValues)
}

/// What is to be said of a value with a number that none of ours holds, by its first one.
pub(super) fn unheld(node: &Node) -> Option<Diagnostic> {
    match &node.content {
        Content::Scalar(Value::Float(number)) if !number.is_finite() => {
            let text = node.place.text().trim();
            let wrong = unholdable(text)
                .unwrap_or_else(|| Diagnostic::error(format!("`{text}` is not a finite number")));
            Some(wrong.at(&node.place, "no parameter can have this value"))
        }
        // TOML's are not told of as they are read.
        Content::Scalar(Value::Float(_)) => {
            let wrong = unholdable(node.place.text().trim())?;
            Some(wrong.at(&node.place, "no parameter can have this value"))
        }
        Content::Scalar(_) => None,
        Content::List(items) => items.iter().find_map(unheld),
        Content::Map(entries) => entries.iter().find_map(|entry| unheld(&entry.value)),
    }
}

fn read_with(source: &Arc<Source>, reading: Reading) -> Result<Node, Diagnostics> {
    yaml_errors::before_reading(source)?;
    let (shape, unheld) = shape(source)?;
    let mut wrong = duplicates(source, Some(&*shape));
    let mut text = Cow::Borrowed(source.text.as_str());
    for (range, problem) in unheld {
        match reading {
            Reading::Own | Reading::Foreign => wrong.push(problem),
            // As long as before, so that all else stays where it is.
            Reading::ForeignValues => {
                let infinite = format!("{:1$}", ".inf", range.len());
                text.to_mut().replace_range(range, &infinite);
            }
        }
    }
    if wrong.has_errors() {
        return Err(wrong);
    }
    let value: Yaml = match serde_yaml::from_str(&text) {
        Ok(value) => value,
        Err(error) => return Err(yaml_errors::refused(source, &error).into()),
    };
    let mut found = Diagnostics::new();
    let node = zip(source, &value, &shape, reading, &mut found);
    if found.has_errors() {
        Err(found)
    } else {
        Ok(node)
    }
}

/// A number that none of ours holds: where it stands, and what is to be said of it.
type Unheld = (Range<usize>, Diagnostic);

fn shape(source: &Arc<Source>) -> Result<(Rc<Shape>, Vec<Unheld>), Diagnostics> {
    let offsets = Offsets::of(&source.text);
    let mut parser = Parser::new_from_str(&source.text);
    // Open collections: their children so far, their start and their anchor.
    let mut open: Vec<(Vec<Rc<Shape>>, bool, usize, usize)> = Vec::new();
    let mut anchors: HashMap<usize, Rc<Shape>> = HashMap::new();
    let mut aliased = 0_u64;
    let mut unheld: Vec<Unheld> = Vec::new();
    let mut root: Option<Rc<Shape>> = None;
    let mut documents = 0;
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = offsets.byte(error.marker().index());
                return Err(yaml_errors::unreadable(source, at, error.info()).into());
            }
        };
        let range = offsets.range(&span);
        let done = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    let place = Place {
                        source: Arc::clone(source),
                        range,
                    };
                    return Err(Diagnostic::error("more than one YAML document in a file")
                        .at(&place, "a second document starts here")
                        .into());
                }
                continue;
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let range = trimmed(&source.text, range);
                if let Some(problem) = Some(&*text).filter(|_| plain).and_then(unholdable) {
                    let place = Place {
                        source: Arc::clone(source),
                        range: range.clone(),
                    };
                    let problem = problem.at(&place, "more than a number holds");
                    unheld.push((range.clone(), problem));
                }
                let shape = Shape::scalar(range);
                keep(&mut anchors, anchor, &shape);
                shape
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                // The value is that of the anchor; the place too, where it can be mended.
                Some(shape) => {
                    aliased = aliased.saturating_add(shape.size);
                    let problem = match () {
                        () if aliased > ALIASED => "aliases that stand for too much",
                        () if open.len() + shape.depth > DEPTH => "nested too deeply",
                        () => "",
                    };
                    if !problem.is_empty() {
                        let place = Place {
                            source: Arc::clone(source),
                            range,
                        };
                        let much = format!("with this one {aliased} values, the most is {ALIASED}");
                        return Err(Diagnostic::error(problem).at(&place, much).into());
                    }
                    Rc::clone(shape)
                }
                None => Shape::scalar(range),
            },
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let list = matches!(event, Event::SequenceStart(..));
                open.push((Vec::new(), list, range.start, anchor));
                if open.len() > DEPTH {
                    let place = Place {
                        source: Arc::clone(source),
                        range,
                    };
                    return Err(Diagnostic::error("nested too deeply")
                        .at(&place, format!("deeper than {DEPTH} levels"))
                        .into());
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((children, list, start, anchor)) = open.pop() else {
                    continue;
                };
                let end = range.end.max(start);
                let sizes = children.iter().map(|child| child.size);
                let size = sizes.fold(1, u64::saturating_add);
                let depth = 1 + children.iter().map(|child| child.depth).max().unwrap_or(0);
                let parts = if list {
                    Parts::List(children)
                } else {
                    let mut pairs = Vec::with_capacity(children.len() / 2);
                    let mut children = children.into_iter();
                    while let (Some(key), Some(value)) = (children.next(), children.next()) {
                        pairs.push((key, value));
                    }
                    Parts::Map(pairs)
                };
                let shape = Rc::new(Shape {
                    range: first_line(&source.text, start..end),
                    parts,
                    size,
                    depth,
                });
                keep(&mut anchors, anchor, &shape);
                shape
            }
            _ => continue,
        };
        match open.last_mut() {
            Some((children, ..)) => children.push(done),
            None => root = Some(done),
        }
    }
    Ok((root.unwrap_or_else(|| Shape::scalar(0..0)), unheld))
}

/// Remembers what an anchor names; 0 is none.
fn keep(anchors: &mut HashMap<usize, Rc<Shape>>, anchor: usize, shape: &Rc<Shape>) {
    if anchor != 0 {
        anchors.insert(anchor, Rc::clone(shape));
    }
}

/// Keys that stand twice in one map, each with both places.
fn duplicates(source: &Arc<Source>, root: Option<&Shape>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut stack: Vec<&Shape> = root.into_iter().collect();
    // Aliases share shapes, so each is looked at once.
    let mut seen = std::collections::HashSet::new();
    while let Some(shape) = stack.pop() {
        if !seen.insert(std::ptr::from_ref(shape)) {
            continue;
        }
        match &shape.parts {
            Parts::Scalar => {}
            Parts::List(items) => stack.extend(items.iter().map(Rc::as_ref)),
            Parts::Map(pairs) => {
                let mut first: HashMap<&str, &Shape> = HashMap::new();
                for (key, value) in pairs {
                    let place = |shape: &Shape| Place {
                        source: Arc::clone(source),
                        range: shape.range.clone(),
                    };
                    let text = source.text.get(key.range.clone()).unwrap_or_default();
                    let text = text.trim_matches(['"', '\'']);
                    if let Some(before) = first.get(text).filter(|_| !text.is_empty()) {
                        found.push(
                            Diagnostic::error(format!("`{text}` stands twice in one map"))
                                .at(&place(key), "again here")
                                .also(&place(before), "first here"),
                        );
                    } else {
                        first.insert(text, key);
                    }
                    stack.push(key);
                    stack.push(value);
                }
            }
        }
    }
    found
}

fn zip(
    source: &Arc<Source>,
    value: &Yaml,
    shape: &Shape,
    reading: Reading,
    found: &mut Diagnostics,
) -> Node {
    let place = Place {
        source: Arc::clone(source),
        range: shape.range.clone(),
    };
    let content = match (value, &shape.parts) {
        (Yaml::Sequence(values), Parts::List(shapes)) if values.len() == shapes.len() => {
            let items = values.iter().zip(shapes);
            Content::List(
                items
                    .map(|(value, shape)| zip(source, value, shape, reading, found))
                    .collect(),
            )
        }
        (Yaml::Mapping(values), Parts::Map(shapes)) if values.len() == shapes.len() => {
            let mut entries = Vec::with_capacity(values.len());
            let mut merged = Vec::new();
            for ((key, value), (key_shape, shape)) in values.iter().zip(shapes) {
                let key_place = Place {
                    source: Arc::clone(source),
                    range: key_shape.range.clone(),
                };
                let key = match key {
                    Yaml::String(key) => key.clone(),
                    // As it was written: `010: …` and `true: …` name what they look like.
                    Yaml::Number(_) | Yaml::Bool(_) => key_place.text().to_owned(),
                    _ => {
                        found.push(
                            Diagnostic::error("a key is not text").at(&key_place, "not text"),
                        );
                        continue;
                    }
                };
                if key == "<<" && reading != Reading::Own {
                    merged.push(zip(source, value, shape, reading, found));
                    continue;
                }
                if key == "<<" {
                    found.push(
                        Diagnostic::error("merge keys are not understood")
                            .at(&key_place, "not part of the language")
                            .help("write the keys out, or put what is shared under `params`"),
                    );
                    continue;
                }
                entries.push(Entry {
                    key,
                    key_place,
                    value: zip(source, value, shape, reading, found),
                });
            }
            for other in merged {
                merge_into(&mut entries, other, found);
            }
            Content::Map(entries)
        }
        (Yaml::Tagged(tagged), _) => {
            found.push(
                Diagnostic::error(format!("tags like `{}` are not understood", tagged.tag))
                    .at(&place, "not part of the language"),
            );
            Content::Scalar(Value::Null)
        }
        (scalar, Parts::Scalar) => match scalar_value(scalar) {
            Ok(value) => Content::Scalar(value),
            Err(_) if reading == Reading::ForeignValues && scalar.is_number() => {
                Content::Scalar(Value::Float(f64::INFINITY))
            }
            Err(problem) => {
                found.push(Diagnostic::error(problem).at(&place, ""));
                Content::Scalar(Value::Null)
            }
        },
        _ => {
            // The two readers saw different structures: no value is better than a wrong one.
            found.push(
                Diagnostic::error("this YAML can be read in two ways")
                    .at(&place, "write it more plainly"),
            );
            Content::Scalar(Value::Null)
        }
    };
    Node { place, content }
}

/// Adds what another map has, or several have, the first ones first, and is not written here.
fn merge_into(entries: &mut Vec<Entry>, other: Node, found: &mut Diagnostics) {
    match other.content {
        Content::Map(others) => {
            for other in others {
                if entries.iter().all(|entry| entry.key != other.key) {
                    entries.push(other);
                }
            }
        }
        Content::List(others) => {
            for other in others {
                merge_into(entries, other, found);
            }
        }
        Content::Scalar(_) => {
            found.push(Diagnostic::error("`<<` merges maps").at(&other.place, "this is no map"))
        }
    }
}

fn scalar_value(scalar: &Yaml) -> Result<Value, String> {
    match scalar {
        Yaml::Null => Ok(Value::Null),
        Yaml::Bool(value) => Ok(Value::Bool(*value)),
        Yaml::String(text) => Ok(Value::Str(text.clone())),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::Int(whole)),
            (None, _) if number.is_u64() => Err(format!("`{number}` is too large a whole number")),
            (None, Some(float)) if float.is_finite() => Ok(Value::Float(float)),
            _ => Err(format!("`{number}` is not a finite number")),
        },
        _ => Err("this YAML can be read in two ways".to_owned()),
    }
}

/// Without the white space and comment that a parser may count to a plain scalar.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    range.start..range.start + part.trim_end().len()
}

fn first_line(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let line = part.lines().next().unwrap_or_default().trim_end();
    range.start..range.start + line.len()
}

/// Positions in characters to positions in bytes.
struct Offsets {
    /// None where all characters are single bytes.
    bytes: Option<Vec<usize>>,
    len: usize,
}

impl Offsets {
    fn of(text: &str) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Offsets {
            bytes,
            len: text.len(),
        }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            None => character.min(self.len),
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.len),
        }
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}
