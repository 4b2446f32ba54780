//! What the command line changes about an experiment: stronger than anything in its files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::search::Proposed;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;

use super::axes::ReplicatesSoFar;
use super::node::Content;
use super::node::Entry;
use super::node::Node;
use super::yaml;

/// Changes for one invocation. Values are YAML texts, as they would stand in a manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Parameters with their values: `("epochs", "5")`.
    pub params: Vec<(String, String)>,
    /// Axes with their values: `("lr", "[0.1, 0.01]")`, `("method", "[vae]")`.
    pub axes: Vec<(String, String)>,
    /// How many seeds every `{seeds: …}` axis has.
    pub seeds: Option<u32>,
    /// The replicates on demand (`seeds: {until: claims}`) that earlier runs have come to: no change of the
    /// experiment.
    pub replicates: Option<ReplicatesSoFar>,
    /// The trials of the experiment's search that earlier runs have come to: no change of the experiment.
    pub proposed: Option<Proposed>,
    /// The profile of the manifest to take.
    pub profile: Option<String>,
}

impl Overrides {
    /// Names the changes, insensitive to the order of those that do not touch each other: part of the name of the folder of results.
    pub(super) fn text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (kind, pairs) in [("p", &self.params), ("a", &self.axes)] {
            // Of two values of one name the last counts; of an axis both may.
            let later = |at: usize, name: &str| pairs[at + 1..].iter().any(|(one, _)| one == name);
            let pairs = pairs.iter().enumerate();
            let pairs = pairs.filter(|(at, (name, _))| kind == "a" || !later(*at, name));
            let mut groups: BTreeMap<&str, Vec<&(String, String)>> = BTreeMap::new();
            for (_, pair) in pairs {
                let base = pair.0.split('.').next().unwrap_or_default();
                groups.entry(base).or_default().push(pair);
            }
            for group in groups.into_values() {
                let texts = group
                    .iter()
                    .map(|(name, value)| format!("{kind} {name}={value}"));
                let texts: Vec<String> = texts.collect();
                let part = |one: &str, other: &str| {
                    let rest = one.strip_prefix(other);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                let touch = group.iter().enumerate().any(|(at, (name, _))| {
                    let mut others = group[at + 1..].iter();
                    others.any(|(other, _)| part(name, other) || part(other, name))
                });
                match touch {
                    true => parts.push(texts.join("\n")),
                    false => parts.extend(texts),
                }
            }
        }
        parts.extend(self.seeds.map(|seeds| format!("s {seeds}")));
        parts.sort();
        parts.join("\n")
    }
}

/// Reads `name=value` pairs of the command line.
pub(super) fn entries(
    pairs: &[(String, String)],
    option: &str,
    found: &mut Diagnostics,
) -> Vec<Entry> {
    pairs
        .iter()
        .filter_map(|(name, text)| {
            let source = Arc::new(Source {
                path: PathBuf::from(format!("{option} {name}")),
                text: format!("{name}={text}"),
            });
            let place = |from: usize, to: usize| Place {
                source: Arc::clone(&source),
                range: from..to,
            };
            let at = name.len() + 1;
            // The value alone is YAML; its places lie behind the name.
            let value = Arc::new(Source {
                path: source.path.clone(),
                text: text.clone(),
            });
            match yaml::read(&value) {
                Ok(node) if node.is_null() && !["null", "~"].contains(&text.trim()) => {
                    found.push(
                        Diagnostic::error(format!("`{option} {name}=` gives no value"))
                            .at(&place(at, source.text.len()), "nothing stands here")
                            .help(format!(
                                "empty text is `{name}=''` in quotes of its own, no value is `{name}=null`"
                            )),
                    );
                    None
                }
                Ok(node) if let Some(why) = passed_over(&node, text) => {
                    found.push(
                        Diagnostic::error(format!("`{option} {name}=` is not read as it stands"))
                            .at(&place(at, source.text.len()), why)
                            .help(format!(
                                "text that YAML takes for more is put in quotes of its own: {option} \
                                 '{name}=\"…\"'"
                            )),
                    );
                    None
                }
                Ok(node) => Some(Entry {
                    key: name.clone(),
                    key_place: place(0, name.len()),
                    value: moved(node, &source, at),
                }),
                Err(problems) => {
                    let first = problems.iter().next();
                    let label = first.and_then(|first| first.at.as_ref());
                    let why = label.map_or("not YAML", |label| label.text.as_str());
                    let said = Diagnostic::error(format!("`{text}` is not a value"))
                        .at(&place(at, source.text.len()), why);
                    let helps = first.into_iter().flat_map(|first| &first.helps);
                    found.push(helps.fold(said, |said, help| said.help(help)));
                    None
                }
            }
        })
        .collect()
}

/// What of a value YAML would pass over, or take for more than it looks like on a command line.
fn passed_over(node: &Node, text: &str) -> Option<&'static str> {
    let (whole, read) = (text.trim(), node.place.text().trim());
    match node.content {
        Content::Scalar(_) if read.len() < whole.len() && whole.starts_with(read) => {
            Some("a comment begins at `#`")
        }
        Content::Scalar(_) if read != whole || whole.starts_with(['&', '!']) => {
            Some("an anchor, a tag or a block of text")
        }
        Content::Scalar(_) if whole.contains('\n') && !whole.starts_with(['"', '\'']) => {
            Some("its lines would become one")
        }
        Content::Scalar(_) => None,
        Content::List(_) if !(whole.starts_with('[') && whole.ends_with(']')) => {
            Some("a list, which is written `[a, b]`")
        }
        Content::Map(_) if !(whole.starts_with('{') && whole.ends_with('}')) => {
            Some("a map, which is written `{a: b}`")
        }
        Content::List(_) | Content::Map(_) => None,
    }
}

fn moved(mut node: Node, source: &Arc<Source>, by: usize) -> Node {
    let shift = |place: &Place| Place {
        source: Arc::clone(source),
        range: place.range.start + by..place.range.end + by,
    };
    node.place = shift(&node.place);
    node.content = match node.content {
        Content::List(items) => Content::List(
            items
                .into_iter()
                .map(|item| moved(item, source, by))
                .collect(),
        ),
        Content::Map(entries) => Content::Map(
            entries
                .into_iter()
                .map(|entry| Entry {
                    key_place: shift(&entry.key_place),
                    value: moved(entry.value, source, by),
                    key: entry.key,
                })
                .collect(),
        ),
        scalar => scalar,
    };
    node
}
