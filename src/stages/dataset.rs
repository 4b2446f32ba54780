//! `dataset/<name>`: a data set of the registry becomes an artifact.

use super::Stage;
use super::artifacts;
use super::registered::Registered;
use crate::data::Context;
use crate::data::DataSet;
use crate::data::GivenFile;
use crate::data::takes_files;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::plan::From;
use crate::registry::ArtifactType;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;

/// Loads or generates one data set of the registry.
pub(super) type Load = Registered<dyn DataSet>;

impl StageKind for Load {
    fn inputs(&self) -> Vec<Slot> {
        self.entry.slots().to_vec()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("data", ArtifactType::Dataset)])
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        self.entry.check(params)
    }

    fn foresee(&self, params: &Values, _reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        Ok(Facts {
            range: self.entry.range(params),
            shape: self.entry.shape(params),
            scaled: self.entry.scaling(params),
            sequences: Some(self.entry.has_sequences()),
            lacking: self.entry.lacks(params),
            ..Facts::default()
        })
    }
}

impl Stage for Load {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let log = |line: &str| job.link.log(line);
        let (files, arrays): (Vec<Slot>, Vec<Slot>) =
            self.inputs().into_iter().partition(takes_files);
        let given = artifacts::given(job, &arrays, artifacts::arrays)?;
        let files = artifacts::given(job, &files, given_file)?;
        let context = Context {
            root: job.root,
            log: &log,
            given: &given,
            files: &files,
        };
        let data = self.entry.load(&job.step.params, &context);
        let data = data.map_err(|error| JobError::failed(error.to_string()))?;
        let mut produced = StepOutput::default();
        produced.file("data", artifacts::DATA, data.to_bytes());
        Ok(produced)
    }
}

/// The file or folder in a slot, under the name that its owner gave it.
fn given_file(job: &Job<'_>, slot: &str) -> Result<GivenFile, JobError> {
    let artifact = artifacts::only(job, slot)?;
    let mut inputs = job.step.inputs.iter();
    let input = inputs.find(|input| *input.slot == *slot);
    let from = input.and_then(|input| Some(&input.items.first()?.from));
    let mut names = artifact.paths.keys();
    let only = names.next().filter(|_| artifact.paths.len() == 1);
    let name = match (from, &artifact.artifact.folder, only) {
        (Some(From::File { path }), _, _) => {
            let path = path.strip_prefix(job.root).unwrap_or(path);
            path.to_string_lossy().into_owned()
        }
        (_, Some(folder), _) => folder.clone(),
        (_, None, Some(file)) => file.clone(),
        (_, None, None) => slot.to_owned(),
    };
    let files = artifact.paths.iter();
    Ok(GivenFile {
        name,
        files: files
            .map(|(name, path)| (name.clone(), path.clone()))
            .collect(),
    })
}
