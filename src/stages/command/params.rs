//! What a command may be given.

use super::asked::Question;
use crate::map::SortedVecMap;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;
use crate::registry::params;

params! {
    /// What a command may be given.
    pub(super) struct CommandParams {
        /// the arguments as a list, or a shell text
        run: Run;
        /// what it leaves: name → file, or name → `{file, type, better, units, labels}`
        out: Option<SortedVecMap<Value>>;
        /// the file with its numbers, or `stdout`, or `{file, format, nan, better, units, labels}`:
        /// `format` is `json`, `csv`, `yaml` or `lines` [default: by ending, then by content],
        /// `nan` is `diverged` or `missing` [default: diverged]; `better: {accuracy: higher}`,
        /// `units: {time: s}`, `labels: {auc: area}` say how numbers are shown
        metrics: Option<Value>;
        /// patterns of project files that belong to the key, such as `src/**/*.py`; `!…` takes away
        code: Option<Vec<String>>;
        /// whether the files that `code` matches are copied into the program's folder, to their paths
        /// in the project
        copy_code: Option<bool>;
        /// inputs at paths of the program's folder as well: slot → path; of a slot that reduces axes
        /// `res/{seed}.txt` has each at a path of its own
        place: Option<SortedVecMap<Value>>;
        /// files that stand in the program's folder: path → a text, or values that are written as the
        /// ending says (`.yaml`, `.json`, `.toml`, `.py`)
        files: Option<SortedVecMap<Value>>;
        /// names of environment variables that are passed on and belong to the key
        env: Option<Vec<String>>;
        /// names of environment variables that are passed on and do not belong to the key, such as
        /// `CUDA_VISIBLE_DEVICES` or `HF_TOKEN`; `SLURM_*` for all that begin so
        pass_env: Option<Vec<String>>;
        /// what says which programs and packages it ran with: name → a shell text, or `{run, key: true}` where
        /// the answer belongs to the key
        environment: Option<SortedVecMap<Value>>;
        /// further variables for its environment: name → value
        values: Option<SortedVecMap<Value>>;
    }
}

impl CommandParams {
    /// The names of outputs with what is said of them.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.out.iter().flatten()
    }

    /// Further variables with their values.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.values.iter().flatten()
    }

    /// What is asked of programs; what is none was refused when planning.
    pub(super) fn questions(&self) -> impl Iterator<Item = Question<'_>> {
        let all = self.environment.iter().flatten();
        all.filter_map(|(name, value)| Question::read(name, value))
    }

    /// Inputs by slot, with their paths in the program's folder.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.place.iter().flatten()
    }

    /// Files by path, with their values.
    pub(super) fn value_files(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.files.iter().flatten()
    }

    /// The names of variables that are passed on without belonging to the key: those that are set.
    pub(super) fn passed_unkeyed(&self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.pass_env.iter().flatten() {
            match name.strip_suffix('*') {
                Some(start) => {
                    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
                    names.extend(set.filter(|name| name.starts_with(start)));
                }
                None => names.push(name.clone()),
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The names of variables that are passed on and belong to the key.
    pub(super) fn passed_on(&self) -> impl Iterator<Item = &str> {
        self.env.iter().flatten().map(String::as_str)
    }
}

impl CommandParams {
    /// Whether the program is given a folder for what its next attempt goes on with.
    pub(super) fn keeps_state(&self) -> bool {
        self.mentions("${checkpoint}")
    }

    /// Whether the program, its arguments or its variables have this in them.
    pub(super) fn mentions(&self, what: &str) -> bool {
        fn has(value: &Value, what: &str) -> bool {
            match value {
                Value::Str(text) => text.contains(what),
                Value::List(values) => values.iter().any(|value| has(value, what)),
                Value::Map(values) => values.values().any(|value| has(value, what)),
                _ => false,
            }
        }
        let run = match &self.run {
            Run::Arguments(arguments) => arguments.iter().any(|value| has(value, what)),
            Run::Text(text) => text.contains(what),
            Run::Other(_) => false,
        };
        let mut values = self.variables().chain(self.value_files());
        run || values.any(|(_, value)| has(value, what))
    }
}

/// What is run.
#[derive(Clone, Debug)]
pub(super) enum Run {
    /// A program and its arguments.
    Arguments(Vec<Value>),
    /// For a shell.
    Text(String),
    /// Neither, which is refused when planning.
    Other(&'static str),
}

impl ParamValue for Run {
    fn ty() -> ParamType {
        ParamType::Any
    }

    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::List(arguments) => Run::Arguments(arguments.clone()),
            Value::Str(text) => Run::Text(text.clone()),
            other => Run::Other(other.type_name()),
        })
    }
}
