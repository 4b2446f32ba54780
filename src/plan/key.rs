//! Keys name results by what they depend on.
//!
//! In a key are: the format of keys, the kind with its revision, the parameters in canonical form,
//! the content of every input (of a reduced slot with coordinates, in axis order: order reaches
//! the rows of tables and the ties of selections), the content of files and code, the declared
//! environment, and, for kinds that use the device, the backend and one revision of the numerics.
//! Not in it are names of stages, times, paths, hosts, thread counts, attempts and the text of YAML.
//!
//! One traversal feeds two sinks, the digest and the explanation, so that they cannot disagree.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::registry::Outputs;
use crate::registry::ParamType;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Made;

use super::InputItem;
use super::Step;

/// Counts changes of what this file does.
const FORMAT: u64 = 1;

/// Counts changes of the arithmetic under all kinds that compute with the neural core: our own
/// operations, the matrix product, dfdx.
pub const NUMERICS_REVISION: u64 = 1;

/// A file that belongs to a key could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`{}` belongs to the key but cannot be read: {source}", path.display())]
pub struct KeyError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Where keys learn about content.
pub trait Contents {
    /// The content of an item; none for a member of a reduction that is missing and may be.
    /// Called for every item in the order of [`Step::inputs`].
    fn input(&mut self, item: &InputItem) -> Option<Digest>;

    /// The content of a file, by absolute path.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn file(&mut self, path: &Path) -> io::Result<Digest>;
}

/// Computes keys for one project and one backend. Remembers what it learns about kinds and which
/// files belong to code, so one is to be made for each run.
pub struct KeyRules {
    root: PathBuf,
    backend: String,
    kinds: RwLock<HashMap<(usize, &'static str), Arc<KindFacts>>>,
    code: Mutex<HashMap<String, CodeFiles>>,
}

/// Files by their names in the project.
type CodeFiles = Arc<[(String, PathBuf)]>;

/// What keys need to know of a kind.
struct KindFacts {
    /// Parameters that stay out of keys at these values.
    legacy: Vec<(&'static str, Value)>,
    /// Parameters that name files.
    paths: Vec<&'static str>,
    command: bool,
}

/// A part's value.
enum Part<'p> {
    Text(&'p str),
    Number(u64),
    Value(&'p Value),
    Content(Option<Digest>),
}

/// What the traversal of a step is fed to.
trait Sink {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>);
    /// An item of a slot: its position among several, its coordinates in a reduction.
    fn item(
        &mut self,
        slot: &str,
        position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    );
}

impl KeyRules {
    /// `root` is the project's, absolute; `backend` is `cpu` or `cuda`.
    pub fn new(root: impl Into<PathBuf>, backend: impl Into<String>) -> Self {
        KeyRules {
            root: root.into(),
            backend: backend.into(),
            kinds: RwLock::default(),
            code: Mutex::default(),
        }
    }

    /// The digest of everything the step's result depends on.
    ///
    /// # Errors
    /// Where a file that belongs to the key cannot be read.
    pub fn key(&self, step: &Step, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
        let mut sink = Bytes(Vec::with_capacity(512));
        self.traverse(step, contents, &mut sink)?;
        Ok(Digest::of(&sink.0))
    }

    /// The same, part by part.
    ///
    /// # Errors
    /// As [`KeyRules::key`].
    pub fn parts(&self, step: &Step, contents: &mut dyn Contents) -> Result<KeyParts, KeyError> {
        let mut sink = Explanation::default();
        self.traverse(step, contents, &mut sink)?;
        Ok(sink.finish())
    }

    fn traverse(
        &self,
        step: &Step,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let kind = step.kind;
        let facts = self.facts(kind);
        sink.part("key", "format", Part::Number(FORMAT));
        sink.part("kind", "name", Part::Text(kind.name()));
        sink.part("kind", "revision", Part::Number(kind.revision().into()));
        if kind.uses_device() {
            sink.part("device", "backend", Part::Text(&self.backend));
        }
        if kind.uses_numerics() {
            sink.part("device", "numerics", Part::Number(NUMERICS_REVISION));
        }
        for (name, value) in step.params.iter() {
            let legacy = facts.legacy.iter().find(|(known, _)| known == name);
            if legacy.is_some_and(|(_, legacy)| legacy == value) {
                continue;
            }
            if facts.paths.contains(&name.as_str()) {
                // By content: a file that moves keeps what was made of it.
                self.files(name, value, contents, sink)?;
            } else {
                sink.part("param", name, Part::Value(value));
            }
        }
        if facts.command {
            self.command(step, contents, sink)?;
        }
        for input in &step.inputs {
            sink.part(
                "inputs",
                &input.slot,
                Part::Number(input.items.len() as u64),
            );
            let several = input.items.len() > 1;
            for (position, item) in input.items.iter().enumerate() {
                let position = several.then_some(position);
                let coordinates = input.reduced.then_some(item);
                sink.item(&input.slot, position, coordinates, contents.input(item));
            }
        }
        Ok(())
    }

    fn facts(&self, kind: &'static dyn StageKind) -> Arc<KindFacts> {
        // Types without fields may share an address, so the name goes with it.
        let address = std::ptr::from_ref(kind).cast::<()>() as usize;
        let key = (address, kind.name());
        let known = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&key) {
            return Arc::clone(known);
        }
        drop(known);
        let mut facts = KindFacts {
            legacy: Vec::new(),
            paths: Vec::new(),
            command: matches!(kind.outputs(), Outputs::Declared),
        };
        for param in kind.params() {
            let names_files = match &param.ty {
                ParamType::Path => true,
                ParamType::List(element) => **element == ParamType::Path,
                _ => false,
            };
            if names_files {
                facts.paths.push(param.name);
            }
            let legacy = param.legacy.and_then(|value| param.ty.conform(value).ok());
            facts.legacy.extend(legacy.map(|value| (param.name, value)));
        }
        let facts = Arc::new(facts);
        let mut known = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_insert(facts))
    }

    /// The content of the files that a parameter names.
    fn files(
        &self,
        name: &str,
        value: &Value,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let single = [value.clone()];
        let values = value.as_list().unwrap_or(&single);
        sink.part("files", name, Part::Number(values.len() as u64));
        for (index, value) in values.iter().enumerate() {
            let path = self.root.join(value.as_str().unwrap_or_default());
            let label = match value == &single[0] {
                true => name.to_owned(),
                false => format!("{name}.{index}"),
            };
            if path.is_dir() {
                for file in folder(&path)? {
                    let inside = file.strip_prefix(&path).unwrap_or(&file);
                    let label = format!("{label}/{}", inside.display());
                    let content = content(&file, contents)?;
                    sink.part("file", &label, Part::Content(Some(content)));
                }
            } else {
                // What is not there is the kind's to complain about.
                let there = path.exists();
                let content = there.then(|| content(&path, contents)).transpose()?;
                sink.part("file", &label, Part::Content(content));
            }
        }
        Ok(())
    }

    /// Code by content and the declared environment, of commands.
    fn command(
        &self,
        step: &Step,
        contents: &mut dyn Contents,
        sink: &mut impl Sink,
    ) -> Result<(), KeyError> {
        let texts = |name: &str| {
            let list = step.params.get(name).and_then(Value::as_list);
            list.unwrap_or_default().iter().filter_map(Value::as_str)
        };
        for pattern in texts("code") {
            for (name, path) in self.matching(pattern)?.iter() {
                let content = content(path, contents)?;
                sink.part("code", name, Part::Content(Some(content)));
            }
        }
        for name in texts("env") {
            match std::env::var_os(name) {
                Some(value) => sink.part("env", name, Part::Text(&value.to_string_lossy())),
                None => sink.part("env", name, Part::Content(None)),
            }
        }
        Ok(())
    }

    /// The files of the project that a pattern like `src/**/*.py` matches, sorted.
    fn matching(&self, pattern: &str) -> Result<CodeFiles, KeyError> {
        let mut known = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(pattern) {
            return Ok(Arc::clone(known));
        }
        let failed = |path: &Path, source: io::Error| KeyError {
            path: path.to_owned(),
            source,
        };
        let inside = ParamType::Path.conform(Value::from(pattern));
        inside.map_err(|wrong| failed(Path::new(pattern), io::Error::other(wrong.message)))?;
        let root = glob::Pattern::escape(&self.root.to_string_lossy());
        let paths = glob::glob(&format!("{root}/{pattern}"))
            .map_err(|error| failed(Path::new(pattern), io::Error::other(error.msg)))?;
        let mut files = Vec::new();
        for path in paths {
            let path = path.map_err(|error| {
                let path = error.path().to_owned();
                failed(&path, error.into())
            })?;
            if path.is_file() {
                let name = path.strip_prefix(&self.root).unwrap_or(&path);
                files.push((name.to_string_lossy().into_owned(), path.clone()));
            }
        }
        let files: CodeFiles = Arc::from(files);
        known.insert(pattern.to_owned(), Arc::clone(&files));
        Ok(files)
    }
}

/// The content of one output of a step, or of all where a slot takes a whole step; none where the
/// step left no such output. A training that diverged counts as other content, because those that
/// read it are told.
pub fn content_digest(made: &Made, output: Option<&str>) -> Option<Digest> {
    let content = match output {
        Some(name) => made.outputs.get(name)?.digest(),
        None => {
            let mut hasher = blake3::Hasher::new();
            for (name, artifact) in &made.outputs {
                hasher.update(&(name.len() as u64).to_le_bytes());
                hasher.update(name.as_bytes());
                hasher.update(artifact.digest().as_bytes());
            }
            Digest::from_bytes(*hasher.finalize().as_bytes())
        }
    };
    if made.diverged.is_none() {
        return Some(content);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"diverged");
    hasher.update(content.as_bytes());
    Some(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

fn content(path: &Path, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
    contents.file(path).map_err(|source| KeyError {
        path: path.to_owned(),
        source,
    })
}

/// All files under a folder, sorted.
fn folder(path: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let failed = |source| KeyError {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    let mut pending = vec![path.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // The type of a link is that of a link: a folder that leads back is not followed.
            match entry.file_type().map_err(failed)? {
                kind if kind.is_dir() => pending.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

/// The message whose digest is the key. Everything is preceded by its length or a tag, so that no
/// two traversals make one message.
struct Bytes(Vec<u8>);

impl Bytes {
    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn content(&mut self, content: Option<Digest>) {
        match content {
            Some(digest) => {
                self.0.push(b'd');
                self.0.extend_from_slice(digest.as_bytes());
            }
            None => self.0.push(b'0'),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.push(b'n'),
            Value::Bool(value) => self.0.extend_from_slice(&[b'b', u8::from(*value)]),
            Value::Int(value) => {
                self.0.push(b'i');
                self.0.extend_from_slice(&value.to_le_bytes());
            }
            Value::Float(value) => {
                self.0.push(b'f');
                self.0.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Value::Str(value) => {
                self.0.push(b's');
                self.text(value);
            }
            Value::List(values) => {
                self.0.push(b'l');
                self.0
                    .extend_from_slice(&(values.len() as u32).to_le_bytes());
                values.iter().for_each(|value| self.value(value));
            }
            Value::Map(values) => {
                self.0.push(b'm');
                self.0
                    .extend_from_slice(&(values.len() as u32).to_le_bytes());
                for (key, value) in values {
                    self.text(key);
                    self.value(value);
                }
            }
        }
    }
}

impl Sink for Bytes {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>) {
        self.text(group);
        self.text(name);
        match value {
            Part::Text(text) => {
                self.0.push(b't');
                self.text(text);
            }
            Part::Number(number) => {
                self.0.push(b'u');
                self.0.extend_from_slice(&number.to_le_bytes());
            }
            Part::Value(value) => self.value(value),
            Part::Content(content) => self.content(content),
        }
    }

    fn item(
        &mut self,
        _slot: &str,
        _position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    ) {
        // Slot and position are known from the number of items before.
        match item {
            Some(item) => {
                self.0.push(b'c');
                self.0
                    .extend_from_slice(&(item.cell.0.len() as u32).to_le_bytes());
                for (axis, value) in item.cell.iter() {
                    self.text(axis);
                    self.value(value);
                }
            }
            None => self.0.push(b'-'),
        }
        self.content(content);
    }
}

/// The parts by name, for people.
#[derive(Default)]
struct Explanation {
    parts: KeyParts,
    /// By reduced slot: the message of its coordinates in their order, which the parts by name
    /// would lose.
    orders: HashMap<String, Bytes>,
}

impl Explanation {
    fn finish(mut self) -> KeyParts {
        for (slot, order) in self.orders {
            let digest = Digest::of(&order.0).short();
            self.parts.insert(format!("input.{slot}.order"), digest);
        }
        self.parts
    }
}

impl Sink for Explanation {
    fn part(&mut self, group: &'static str, name: &str, value: Part<'_>) {
        let text = match value {
            Part::Text(text) => text.to_owned(),
            Part::Number(number) => number.to_string(),
            // Text as it is, everything else in a form that tells `1` from `1.0` from `"1"`.
            Part::Value(value) => serde_json::to_string(value).unwrap_or_default(),
            Part::Content(content) => content.map_or("missing".to_owned(), Digest::to_hex),
        };
        self.parts.insert(format!("{group}.{name}"), text);
    }

    fn item(
        &mut self,
        slot: &str,
        position: Option<usize>,
        item: Option<&InputItem>,
        content: Option<Digest>,
    ) {
        let name = match (item, position) {
            (Some(item), _) => {
                let mut order = Bytes(Vec::new());
                for (axis, value) in item.cell.iter() {
                    order.text(axis);
                    order.value(value);
                }
                if position.is_some() {
                    let all = self.orders.entry(slot.to_owned());
                    all.or_insert_with(|| Bytes(Vec::new())).0.extend(order.0);
                }
                format!("input.{slot}[{}]", item.cell)
            }
            (None, Some(position)) => format!("input.{slot}.{position}"),
            (None, None) => format!("input.{slot}"),
        };
        // Two stages of a union may have one cell.
        let mut unique = name.clone();
        let mut number = 2;
        while self.parts.contains_key(&unique) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        let text = content.map_or("missing".to_owned(), Digest::to_hex);
        self.parts.insert(unique, text);
    }
}
