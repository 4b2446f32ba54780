//! The file of parameters that a stage finds, with the values that count for it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Value;
use crate::text::Diagnostics;

use super::code::Code;
use super::draft::DraftStage;
use super::draft::FileValue;
use super::entries::Text;
use super::entries::remark;
use super::interpolation::Piece;
use super::interpolation::Turn;
use super::interpolation::Way;
use super::interpolation::pieces;
use super::located::check_names;
use super::located::locate;
use super::paths;
use super::read::PARAMS;
use super::sections;
use super::translation::Translation;

/// What of the file of parameters a stage names.
#[derive(Default)]
struct Wanted<'n> {
    all: bool,
    /// By first name, the ways within.
    ways: BTreeMap<&'n str, Vec<Way>>,
}

impl<'t> Translation<'t> {
    /// The file of parameters, with what the stage names and what its code names.
    pub(super) fn params(&self, own: &mut DraftStage, code: &Code, found: &mut Diagnostics) {
        let in_file = &self.names.scope.in_file;
        let Some(path) = paths::join(&self.project.folder, PARAMS) else {
            return;
        };
        if in_file.is_empty() {
            return;
        }
        let mut wanted = self.wanted(found);
        if wanted.ways.is_empty() && !wanted.all && !self.names_params(code) {
            return;
        }
        let more = in_file.iter().map(String::as_str);
        let more = more.filter(|name| code.words.contains(*name));
        let more: BTreeSet<&str> = more
            .filter(|name| !wanted.ways.contains_key(name))
            .collect();
        wanted.all |= wanted.ways.is_empty() && more.is_empty();
        if !wanted.all && !more.is_empty() {
            let names = more.iter().copied().collect::<Vec<_>>().join(", ");
            own.comments.push(format!(
                "Of {PARAMS} its code names {names} too: values of these count as well."
            ));
        }
        let keys = in_file
            .iter()
            .map(String::as_str)
            .filter(|key| wanted.all || wanted.ways.contains_key(key) || more.contains(key));
        let mut beside = Vec::new();
        let keys = keys.filter_map(|key| {
            let value = self.section(key, &wanted, code, &mut beside)?;
            Some((key.to_owned(), value))
        });
        let keys = keys.collect();
        if !beside.is_empty() {
            own.comments.push(format!(
                "Its code names {} of {PARAMS} too: their values count as well.",
                beside.join(", ")
            ));
        }
        own.files.push((path, keys));
    }

    /// What `params` and `deps` of the stage name.
    fn wanted(&self, found: &mut Diagnostics) -> Wanted<'t> {
        let entry = self.stage.entry;
        let mut wanted = Wanted::default();
        let is_main = |file: &Text, found: &mut Diagnostics| {
            let wdir = entry.wdir.as_ref();
            let path = locate(&self.project.folder, wdir, file, self.names, found);
            path.is_some_and(|path| self.is_params(&path))
        };
        for params in &entry.params {
            if is_main(&params.file, found) {
                wanted.all |= params.keys.is_empty();
                for key in &params.keys {
                    self.key(key, &mut wanted, found);
                }
            }
        }
        for dep in &entry.deps {
            wanted.all |= is_main(dep, found);
        }
        wanted
    }

    /// A key under `params`.
    fn key(&self, key: &Text, wanted: &mut Wanted<'t>, found: &mut Diagnostics) {
        let names = pieces(&key.text);
        let way = match names.first() {
            Some(Piece::Literal(text)) if names.len() == 1 => Way::read(text),
            // A part of a section that differs by cell: all of the section.
            Some(Piece::Literal(text)) if text.contains('.') => {
                Way(Way::read(text).0.into_iter().take(1).collect())
            }
            // A name that differs by cell: all of the file.
            _ => {
                wanted.all |= check_names(key, self.names, found);
                return;
            }
        };
        let mut in_file = self.names.scope.in_file.iter();
        match in_file.find(|known| *known == way.first()) {
            Some(known) => wanted.ways.entry(known).or_default().push(way.rest(1)),
            None => remark(
                found,
                &key.place,
                format!("`{}` is left out", key.text),
                "not in params.yaml",
                "",
            ),
        }
    }

    /// Whether its code or its commands name the file.
    fn names_params(&self, code: &Code) -> bool {
        let mut commands = self.stage.entry.cmd.iter();
        code.words.iter().any(|word| word.ends_with(PARAMS))
            || commands.any(|cmd| cmd.text.contains(PARAMS))
    }

    /// A section of the file; `beside`: values of it that only the code names.
    fn section(
        &self,
        key: &str,
        wanted: &Wanted<'_>,
        code: &Code,
        beside: &mut Vec<String>,
    ) -> Option<FileValue> {
        let known = self.names.scope.get(key)?;
        let ways = wanted.ways.get(key).map_or(&[][..], Vec::as_slice);
        Some(
            match !wanted.all && sections::by_values(&code.companions.texts, key) {
                true => single_values(&known.value, &known.name, key, ways, code, beside),
                false => FileValue::Expression(known.name.clone()),
            },
        )
    }
}

/// The values of a section that are named, here or in the code; `beside`: those that only the code names.
fn single_values(
    section: &Value,
    expression: &str,
    written: &str,
    ways: &[Way],
    code: &Code,
    beside: &mut Vec<String>,
) -> FileValue {
    let whole = || FileValue::Expression(expression.to_owned());
    let Value::Map(entries) = section else {
        return whole();
    };
    if ways.iter().any(|way| way.0.is_empty()) {
        return whole();
    }
    let mut keys = Vec::new();
    for key in entries.keys() {
        let turn = Way(vec![Turn::Key(key.clone())]);
        let value = FileValue::Expression(format!("{expression}{}", turn.behind()));
        if ways.iter().any(|way| way.first() == key) {
            // Within the values of a section nothing is known of what its code does with them.
            keys.push((key.clone(), value));
        } else if sections::mention(&code.companions.texts, key) {
            keys.push((key.clone(), value));
            beside.push(format!("{written}.{key}"));
        }
    }
    match keys.len() {
        // Nothing that could be told apart.
        0 => whole(),
        n if n == entries.len() => whole(),
        _ => FileValue::Keys(keys),
    }
}
