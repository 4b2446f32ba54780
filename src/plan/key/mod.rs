//! Keys name results by what they depend on.
//!
//! In a key are: the format of keys, the kind with its revision, the parameters in canonical form,
//! the content of every input (of a reduced slot with coordinates, in axis order: order reaches
//! the rows of tables and the ties of selections), the content of files and code, the declared
//! environment, and, for kinds that use the device, the backend and one revision of the numerics.
//! Programs see what their files of the project are called, so that the names of these are in it as well.
//! Not in it are names of stages, times, paths, hosts, thread counts, attempts and the text of YAML.
//!
//! One traversal feeds two sinks, the digest and the explanation, so that they cannot disagree.

mod files;
mod sinks;
mod tree;

use std::collections::BTreeMap;
use std::collections::HashMap;
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
use crate::store::StepResult;
use crate::store::names;
use crate::text::ShowPath;

pub use files::variable_digest;
pub use tree::{PatternError, PatternMatches, Tree, UnmatchedPattern};

use files::Seen;
use sinks::Bytes;
use sinks::Explanation;
use sinks::Part;
use sinks::Sink;

use super::From;
use super::Input;
use super::InputItem;
use super::Step;

/// Counts changes of what this module does.
const FORMAT: u64 = 1;

/// The parameter that names the device: what it comes to stands in the key.
const DEVICE: &str = "device";

/// Counts changes of the arithmetic under all kinds that compute with the neural core: our own
/// operations, the matrix product, dfdx. 2: slopes of softplus and of nearly flat critics keep their digits.
pub const NUMERICS_REVISION: u64 = 2;

/// Something that belongs to a key could not be learnt.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("`{}` belongs to the key but cannot be read: {source}", path.shown())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Program(io::Error),
}

/// Where keys learn about content.
pub trait Contents {
    /// What `device: auto` means where the step is to run; none where that is this machine.
    fn auto(&self) -> Option<&str> {
        None
    }

    /// The content of an item; none for a member of a reduction that is missing and may be.
    /// Called for every item in the order of [`Step::inputs`].
    fn input(&mut self, item: &InputItem) -> Option<Digest>;

    /// The content of a file, by absolute path.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn file(&mut self, path: &Path) -> io::Result<Digest>;
}

/// Computes keys. Both answers come from one traversal, so they cannot disagree.
pub trait Keys: Sync {
    /// The digest of everything the step's result depends on.
    ///
    /// # Errors
    /// Where a file that belongs to the key cannot be read.
    fn key(&self, step: &Step, contents: &mut dyn Contents) -> Result<Digest, KeyError>;

    /// The same, part by part; asked only for steps that run.
    ///
    /// # Errors
    /// As [`Keys::key`].
    fn parts(&self, step: &Step, contents: &mut dyn Contents) -> Result<KeyParts, KeyError>;

    /// The first file that belongs to the key, other than an input, and is no longer what it was
    /// when the key was made: by its path in the project.
    ///
    /// # Errors
    /// Where one cannot be read.
    fn changed(
        &self,
        _step: &Step,
        _digest: &mut dyn FnMut(&Path) -> io::Result<Digest>,
    ) -> Result<Option<PathBuf>, KeyError> {
        Ok(None)
    }

    /// The variables of the environment that the key has, as [`variable_digest`] says them.
    fn variables(&self, _step: &Step) -> BTreeMap<String, Option<Digest>> {
        BTreeMap::new()
    }

    /// The files that the key has as code, by their names in the project.
    fn code(&self, _step: &Step) -> Vec<String> {
        Vec::new()
    }

    /// The files that belong to the key, other than inputs, by absolute path.
    fn reads(&self, _step: &Step) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Computes keys for one project and one backend. Remembers what it learns about kinds and what it
/// read of the project, so one is to be made for each run: all its keys are of one version of the
/// project's files.
pub struct KeyRules {
    tree: Tree,
    backend: String,
    /// What digests of environment variables are made with: whoever reads a key or a record cannot
    /// try values.
    secret: [u8; 32],
    kinds: RwLock<foldhash::HashMap<(usize, &'static str), Arc<KindFacts>>>,
    /// What was read of the project, by name.
    seen: Mutex<HashMap<String, Arc<Seen>>>,
    /// Whether inputs of the project are folders: one is that of many steps.
    folders: RwLock<foldhash::HashMap<PathBuf, bool>>,
}

/// What keys need to know of a kind.
struct KindFacts {
    /// Parameters that stay out of keys at these values.
    legacy: Vec<(&'static str, Value)>,
    /// Parameters that name files.
    paths: Vec<&'static str>,
    command: bool,
}

impl KeyRules {
    /// `root` is the project's, absolute; `backend` is `cpu` or `cuda`.
    pub fn new(root: impl AsRef<Path>, backend: impl Into<String>) -> Self {
        Self::over(Tree::new(root.as_ref(), &[]), backend)
    }

    /// The same over a project's files.
    pub fn over(tree: Tree, backend: impl Into<String>) -> Self {
        KeyRules {
            tree,
            backend: backend.into(),
            secret: [0; 32],
            kinds: RwLock::default(),
            seen: Mutex::default(),
            folders: RwLock::default(),
        }
    }

    /// The same with the store's own key for what must not be kept: values of environment
    /// variables.
    pub fn with_secret(self, secret: [u8; 32]) -> Self {
        KeyRules { secret, ..self }
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
            let asked = step.params.get(DEVICE).and_then(Value::as_str);
            let auto = || contents.auto().unwrap_or(&self.backend).to_owned();
            let device = asked.filter(|asked| *asked != "auto");
            let device = device.map_or_else(auto, str::to_owned);
            sink.part("device", "backend", Part::Text(&device));
        }
        if kind.uses_numerics() {
            sink.part("device", "numerics", Part::Number(NUMERICS_REVISION));
        }
        for (name, value) in step.params.iter() {
            if name == DEVICE && kind.uses_device() {
                continue;
            }
            let legacy = facts.legacy.iter().find(|(known, _)| known == name);
            if legacy.is_some_and(|(_, legacy)| legacy == value) {
                continue;
            }
            if facts.paths.contains(&name.as_str()) {
                // By content: a file that moves keeps what was made of it.
                self.files(name, value, contents, sink)?;
            } else {
                if let Some(value) = kind.in_key(name, value) {
                    sink.part("param", name, Part::Value(&value));
                }
            }
        }
        if let Some(shell) = kind.interpreter(&step.params) {
            sink.part("shell", "run", Part::Text(shell));
        }
        if facts.command {
            let programs = kind.programs_in_key(&step.params, self.tree.root());
            for (name, said) in programs.map_err(KeyError::Program)? {
                sink.part("program", &name, Part::Text(&said));
            }
            self.command(step, contents, sink)?;
        }
        for input in &step.inputs {
            sink.part(
                "inputs",
                &input.slot,
                Part::Number(input.items.len() as u64),
            );
            if !facts.command {
                described(input, sink);
            }
            let several = input.items.len() > 1;
            for (position, item) in input.items.iter().enumerate() {
                let position = several.then_some(position);
                let coordinates = input.reduced.then_some(item);
                sink.item(&input.slot, position, coordinates, contents.input(item));
                // A program finds a file under its own name, a folder under that of the slot.
                if let (true, From::File { path }) = (facts.command, &item.from)
                    && let Some(name) = path.file_name().filter(|_| !self.is_folder(path))
                {
                    let label = match position {
                        Some(position) => format!("{}.{position}", input.slot),
                        None => input.slot.to_string(),
                    };
                    sink.part("name", &label, Part::Text(&names::text_of(name)));
                }
            }
        }
        Ok(())
    }

    fn is_folder(&self, path: &Path) -> bool {
        let known = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(path) {
            return *known;
        }
        drop(known);
        let is_folder = path.is_dir();
        let mut known = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(path.to_owned(), is_folder);
        is_folder
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
}

/// How the numbers of a slot are shown, as far as their manifest says it: programs do not read it.
fn described(input: &Input, sink: &mut impl Sink) {
    let mut known: Vec<&Value> = Vec::new();
    for description in input.items.iter().filter_map(InputItem::description) {
        if known.contains(&description) {
            continue;
        }
        let name = match known.len() {
            0 => format!("{}.described", input.slot),
            number => format!("{}.described.{number}", input.slot),
        };
        sink.part("param", &name, Part::Value(description));
        known.push(description);
    }
}

impl Keys for KeyRules {
    fn key(&self, step: &Step, contents: &mut dyn Contents) -> Result<Digest, KeyError> {
        let mut sink = Bytes(Vec::with_capacity(1024));
        self.traverse(step, contents, &mut sink)?;
        Ok(Digest::of(&sink.0))
    }

    fn parts(&self, step: &Step, contents: &mut dyn Contents) -> Result<KeyParts, KeyError> {
        let mut sink = Explanation::default();
        self.traverse(step, contents, &mut sink)?;
        Ok(sink.finish())
    }

    fn changed(
        &self,
        step: &Step,
        digest: &mut dyn FnMut(&Path) -> io::Result<Digest>,
    ) -> Result<Option<PathBuf>, KeyError> {
        self.changed_file(step, digest)
    }

    fn variables(&self, step: &Step) -> BTreeMap<String, Option<Digest>> {
        self.variables_of(step)
    }

    fn code(&self, step: &Step) -> Vec<String> {
        self.code_of(step)
    }

    fn reads(&self, step: &Step) -> Vec<PathBuf> {
        self.files_of(step)
    }
}

/// The content of one output of a step, or of all where a slot takes a whole step; none where the
/// step left no such output. A training that diverged counts as other content, because those that
/// read it are told.
pub fn content_digest(result: &StepResult, output: Option<&str>) -> Option<Digest> {
    let content = match output {
        Some(name) => result.outputs.get(name)?.digest(),
        None => {
            let mut hasher = blake3::Hasher::new();
            for (name, artifact) in &result.outputs {
                hasher.update(&(name.len() as u64).to_le_bytes());
                hasher.update(name.as_bytes());
                hasher.update(artifact.digest().as_bytes());
            }
            Digest::from_bytes(*hasher.finalize().as_bytes())
        }
    };
    if result.diverged.is_none() {
        return Some(content);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"diverged");
    hasher.update(content.as_bytes());
    Some(Digest::from_bytes(*hasher.finalize().as_bytes()))
}
