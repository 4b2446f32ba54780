//! The file of parameters that a stage finds, with the values that count for it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::registry::Value;
use crate::text::Diagnostics;

use super::code;
use super::draft::DraftStage;
use super::draft::FileValue;
use super::interpolation::Piece;
use super::interpolation::Turn;
use super::interpolation::Way;
use super::interpolation::pieces;
use super::located::check_names;
use super::located::locate;
use super::paths;
use super::read::remark;
use super::scope::PARAMS;
use super::sections;
use super::translation::Translation;

impl Translation<'_> {
    /// The file of parameters, with what the stage names and what its code names.
    pub(super) fn params(
        &self,
        own: &mut DraftStage,
        code: &code::Companions,
        found: &mut Diagnostics,
    ) {
        let scope = self.names.scope;
        let Some(path) = paths::join(&self.project.folder, PARAMS) else {
            return;
        };
        if scope.in_file.is_empty() {
            return;
        }
        let entry = self.stage.entry;
        let mut wanted: BTreeMap<&str, Vec<Way>> = BTreeMap::new();
        let mut all = false;
        for params in &entry.params {
            let main = params.file.as_ref().is_none_or(|file| {
                let wdir = entry.wdir.as_ref();
                let path = locate(&self.project.folder, wdir, file, self.names, found);
                path.is_some_and(|path| self.is_params(&path))
            });
            if !main {
                continue;
            }
            all |= params.file.is_some() && params.keys.is_empty();
            for key in &params.keys {
                let names = pieces(&key.text);
                let way = match names.first() {
                    Some(Piece::Literal(text)) if names.len() == 1 => Way::read(text),
                    // A part of a section that differs by cell: all of the section.
                    Some(Piece::Literal(text)) if text.contains('.') => {
                        Way(Way::read(text).0.into_iter().take(1).collect())
                    }
                    // A name that differs by cell: all of the file.
                    _ => {
                        all |= check_names(key, self.names, found);
                        continue;
                    }
                };
                match scope.in_file.iter().find(|known| *known == way.first()) {
                    Some(known) => wanted.entry(known).or_default().push(way.rest(1)),
                    None => remark(
                        found,
                        &key.place,
                        format!("`{}` is left out", key.text),
                        "not in params.yaml",
                        "",
                    ),
                }
            }
        }
        let wdir = entry.wdir.as_ref();
        for dep in &entry.deps {
            let path = locate(&self.project.folder, wdir, dep, self.names, found);
            all |= path.is_some_and(|path| self.is_params(&path));
        }
        let mut commands = entry.cmd.iter();
        let names_file = code.words.iter().any(|word| word.ends_with(PARAMS))
            || commands.any(|cmd| cmd.text.contains(PARAMS));
        if wanted.is_empty() && !all && !names_file {
            return;
        }
        let named = scope
            .in_file
            .iter()
            .filter(|name| code.words.contains(*name));
        let more: BTreeSet<&str> = named
            .map(String::as_str)
            .filter(|name| !wanted.contains_key(name))
            .collect();
        all |= wanted.is_empty() && more.is_empty();
        if !all && !more.is_empty() {
            let names = more.iter().copied().collect::<Vec<_>>().join(", ");
            own.comments.push(format!(
                "Of {PARAMS} its code names {names} too: values of these count as well."
            ));
        }
        let keys = scope.in_file.iter().map(String::as_str);
        let keys = keys.filter(|key| all || wanted.contains_key(key) || more.contains(key));
        let mut beside = Vec::new();
        let keys = keys.filter_map(|key| {
            let known = scope.get(key)?;
            let ways = wanted.get(key).map_or(&[][..], Vec::as_slice);
            let single = !all && sections::by_values(&code.texts, key);
            let value = match single {
                true => single_values(&known.value, &known.name, key, ways, code, &mut beside),
                false => FileValue::Expression(known.name.clone()),
            };
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
}

/// The values of a section that are named, here or in the code; `beside`: those that only the code names.
fn single_values(
    section: &Value,
    expression: &str,
    written: &str,
    ways: &[Way],
    code: &code::Companions,
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
        } else if sections::mention(&code.texts, key) {
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
