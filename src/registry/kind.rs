//! Stage kinds: what a stage of a pipeline can be, with typed slots for what it reads and leaves.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::Columns;
use super::Entry;
use super::Facts;
use super::Measure;
use super::Misfit;
use super::Searched;
use super::Value;
use super::Values;

/// What kind of thing an artifact is. Slots accept one type (or any), so that a figure fed with a
/// checkpoint is refused when planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArtifactType {
    /// Observations with their splits.
    Dataset,
    /// A trained model: weights and configuration.
    Model,
    /// Numbers by name, one record per step: `metrics.json`, a flat JSON object.
    Metrics,
    /// A metric over training time: `curve.csv`.
    Curve,
    /// Pictures as one array `[n, channels, height, width]` in `[0, 1]`: `images.safetensors`.
    Images,
    /// Named arrays: `arrays.safetensors`.
    Arrays,
    /// Result rows: `table.csv` and its printed forms.
    Table,
    /// A figure in its file formats.
    Figure,
    /// A classifier of observations: weights and configuration.
    Classifier,
    /// Which candidate a selection chose, and why: `choice.json`.
    Choice,
    /// A file of any content.
    File,
    /// Accepts every type; only as the type of a slot.
    Any,
}

impl ArtifactType {
    /// The type of this name, of those that a program's outputs may have.
    pub fn declarable(name: &str) -> Option<ArtifactType> {
        let known = Self::DECLARABLE.iter();
        known.copied().find(|ty| ty.to_string() == name)
    }

    /// What a program's outputs may be.
    pub const DECLARABLE: [ArtifactType; 9] = [
        ArtifactType::Arrays,
        ArtifactType::Curve,
        ArtifactType::Dataset,
        ArtifactType::Figure,
        ArtifactType::File,
        ArtifactType::Images,
        ArtifactType::Metrics,
        ArtifactType::Model,
        ArtifactType::Table,
    ];

    /// Whether a slot of this type takes an artifact of type `other`.
    pub fn accepts(self, other: ArtifactType) -> bool {
        self == ArtifactType::Any || self == other
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ArtifactType::Dataset => "dataset",
            ArtifactType::Model => "model",
            ArtifactType::Metrics => "metrics",
            ArtifactType::Curve => "curve",
            ArtifactType::Images => "images",
            ArtifactType::Arrays => "arrays",
            ArtifactType::Table => "table",
            ArtifactType::Figure => "figure",
            ArtifactType::Classifier => "classifier",
            ArtifactType::Choice => "choice",
            ArtifactType::File => "file",
            ArtifactType::Any => "any",
        })
    }
}

/// An input slot of a stage kind.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub name: &'static str,
    pub doc: &'static str,
    /// The types it takes: `in: {slot: stage}` finds the one output of the stage with such a
    /// type. Where several match, the manifest has to say which: `stage.output`.
    pub accepts: &'static [ArtifactType],
    /// Whether a manifest may leave the slot out.
    pub optional: bool,
    /// Whether the slot takes all outputs of a step at once, as selections do.
    pub whole: bool,
    /// Whether the slot takes one artifact, and no list of them.
    pub single: bool,
}

impl Slot {
    /// A required slot.
    pub const fn new(
        name: &'static str,
        accepts: &'static [ArtifactType],
        doc: &'static str,
    ) -> Self {
        Slot {
            name,
            doc,
            accepts,
            optional: false,
            whole: false,
            single: false,
        }
    }

    /// The same slot, which takes one artifact.
    pub const fn single(mut self) -> Self {
        self.single = true;
        self
    }

    /// The same slot, which a manifest may leave out.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// What the steps of a stage kind leave.
#[derive(Clone, Debug)]
pub enum Outputs {
    /// These outputs, by name and type.
    Fixed(&'static [(&'static str, ArtifactType)]),
    /// The outputs of the step in this slot, passed through, and these of its own.
    PassedOn {
        slot: &'static str,
        own: &'static [(&'static str, ArtifactType)],
    },
    /// What the stage itself declares under `out`, each a file.
    Declared,
}

/// A parameter whose value has the right type and still makes no sense.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidParam {
    pub param: &'static str,
    /// What is wrong, in a few words that stand under the value.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Something `uses:` can name.
pub trait StageKind: Entry {
    /// Input slots, in the order of the reference page.
    fn inputs(&self) -> Vec<Slot>;

    /// What its steps leave.
    fn outputs(&self) -> Outputs;

    /// The numbers that its steps report: those of their metrics, and of the tables and curves that
    /// they leave. A command has its own, which only its manifest knows.
    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    /// The columns of the rows in one of its outputs (a table, metrics, a curve), without the axes of the cell. `rows` tells
    /// those of what a slot reads, with the axes of its cells. By default the numbers that it measures and any others.
    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        Columns::measured(&self.measures()).and_others()
    }

    /// Tables and figures reduce all axes unless the stage says otherwise.
    fn reduces_all(&self) -> bool {
        false
    }

    /// The parameter that a plan fills with the outline of its stages, for kinds that draw it.
    fn outline(&self) -> Option<&'static str> {
        None
    }

    /// The parameter that names columns to compare, for kinds that compare what the search optimises where
    /// a manifest leaves it out. The plan fills it, and `directions`, `replicate` and `statistic`.
    fn objectives(&self) -> Option<&'static str> {
        None
    }

    /// Fills what a manifest leaves out with what the search has, for kinds that draw its trials.
    fn searched(&self, _params: &mut Values, _search: &Searched<'_>) {}

    /// Whether results depend on the device, so that the backend is part of the key.
    fn uses_device(&self) -> bool {
        false
    }

    /// Whether the work is done by processes that the kind itself starts and stops, so that
    /// nothing is gained by yet another process around it.
    fn starts_processes(&self) -> bool {
        false
    }

    /// Whether `1.0` and `1` are two values within this parameter.
    fn tells_types(&self, _param: &str) -> bool {
        false
    }

    /// Whether maps within this parameter reach a program, which may go by the order of their names.
    fn keeps_order(&self, _param: &str) -> bool {
        false
    }

    /// Whether the program that these values name is given copies of its code.
    fn copies_code(&self, _params: &Values) -> bool {
        false
    }

    /// Whether the program that these values name keeps something for its next attempt in a folder.
    fn keeps_state(&self, _params: &Values) -> bool {
        false
    }

    /// The program of this machine that reads the parameters, where results depend on which one it
    /// is: part of the key.
    fn interpreter(&self, _params: &Values) -> Option<&'static str> {
        None
    }

    /// What programs say of themselves where that belongs to the key: name → text. `root` is the project's.
    ///
    /// # Errors
    /// Where one cannot be asked.
    fn programs_in_key(
        &self,
        _params: &Values,
        _root: &Path,
    ) -> io::Result<Vec<(String, Arc<str>)>> {
        Ok(Vec::new())
    }

    /// The same programs as they are said to be at `made` or later: those of the key where one that was asked so late
    /// said the same. Or why one cannot be asked.
    fn programs_since(
        &self,
        _params: &Values,
        _root: &Path,
        _made: Instant,
    ) -> Vec<(String, Result<Arc<str>, String>)> {
        Vec::new()
    }

    /// The outputs that the parameters declare, where [`Outputs::Declared`] says so.
    fn declared(&self, _params: &Values) -> Vec<(String, ArtifactType)> {
        Vec::new()
    }

    /// By output: what the parameters say of how its numbers are shown. It is no part of the step's
    /// key, but of the keys of those that read the output.
    fn described(&self, _params: &Values) -> Option<Arc<Values>> {
        None
    }

    /// A value as it stands in the key: without what [`StageKind::described`] takes of it. None
    /// where the parameter does not belong to the key.
    fn in_key<'v>(&self, _name: &str, value: &'v Value) -> Option<Cow<'v, Value>> {
        Some(Cow::Borrowed(value))
    }

    /// Whether a value of this parameter makes as much sense as any other of which this is true, whatever the rest are,
    /// so that [`StageKind::check`] need not be asked again: it is for each of very many cells.
    fn needs_no_check(&self, _name: &str, _value: &Value) -> bool {
        false
    }

    /// What the types of the parameters cannot say: whether their values make sense together.
    ///
    /// # Errors
    /// The parameter that is wrong, and how.
    fn check(&self, _params: &Values) -> Result<(), InvalidParam> {
        Ok(())
    }

    /// What is known of what a step will leave, from its parameters and from what is known of what
    /// it reads, which `reads` says by slot. A kind that passes on a step passes on what is known.
    ///
    /// # Errors
    /// What it reads and cannot work with: its steps would fail.
    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        Ok(match self.outputs() {
            Outputs::PassedOn { slot, .. } => reads(slot),
            _ => Facts::default(),
        })
    }

    /// Whether rows that agree in every axis that these values name are taken together, and may differ
    /// in no other: their steps would fail.
    fn repeats(&self, _params: &Values) -> bool {
        false
    }

    /// What these values ask for and this build or machine lacks: the steps would fail here. They
    /// may be planned all the same, since the manifest can be right for another machine.
    fn unavailable(&self, _params: &Values) -> Option<InvalidParam> {
        None
    }

    /// Whether results depend on the arithmetic of the neural core, so that its revision is part
    /// of the key.
    fn uses_numerics(&self) -> bool {
        self.uses_device()
    }
}

/// Every stage kind the program has, sorted by name.
#[derive(Clone, Copy)]
pub struct Catalog {
    kinds: &'static [&'static dyn StageKind],
}

impl Catalog {
    /// A catalogue over a sorted list of kinds.
    pub const fn new(kinds: &'static [&'static dyn StageKind]) -> Self {
        Catalog { kinds }
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&'static dyn StageKind> {
        self.kinds.iter().find(|kind| kind.name() == name).copied()
    }

    /// All kinds, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &'static dyn StageKind> {
        self.kinds.iter().copied()
    }
}
