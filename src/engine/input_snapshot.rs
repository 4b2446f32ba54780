//! What is lent to an attempt: the objects of the store that its inputs are made of. A program can
//! write to them, so they are looked at again when it ends, one stat for each.

use crate::plan::From;
use crate::plan::Step;
use crate::store::Object;
use crate::store::ObjectSnapshot;
use crate::store::SnapshotState;
use crate::store::Store;

use super::JobError;
use super::StepOutput;
use super::attempt::Source;
use super::attempt::Task;

/// So much memory is spent on being able to restore what a program has.
const KEPT: u64 = 16 << 20;

/// The objects that one attempt reads, in the order of [`origins`].
pub(super) struct InputSnapshot(Vec<ObjectSnapshot>);

/// Where an object comes from.
#[derive(Clone, Copy)]
struct Origin<'t> {
    step: &'t Step,
    output: &'t str,
    file: &'t str,
}

/// The objects that an attempt reads.
fn origins<'t>(task: &'t Task<'_>) -> impl Iterator<Item = (&'t Object, Origin<'t>)> {
    let inputs = task.step.inputs.iter().zip(&task.inputs);
    let items = inputs.flat_map(|(input, sources)| input.items.iter().zip(sources));
    let result = items.filter_map(|(item, source)| match (source, &item.from) {
        (Source::Step { step, result }, From::Step { output, .. }) => Some((step, result, output)),
        _ => None,
    });
    result.flat_map(|(step, result, wanted)| {
        let outputs = result.outputs.iter();
        let outputs = outputs.filter(move |(name, _)| {
            let mut wanted = wanted.iter();
            wanted.all(|wanted| **wanted == ***name)
        });
        outputs.flat_map(move |(output, artifact)| {
            let files = artifact.files.iter();
            files.map(move |(file, object)| (object, Origin { step, output, file }))
        })
    })
}

impl InputSnapshot {
    /// Notes how everything is that the attempt is going to read.
    ///
    /// # Errors
    /// Where something is damaged already.
    pub(super) fn to(task: &Task<'_>, store: &Store) -> Result<Self, JobError> {
        // Stages of our own read only.
        let mut keep = match task.step.kind.starts_processes() {
            true => KEPT,
            false => 0,
        };
        let objects = origins(task).map(|(object, origin)| {
            let handed = store.hand_out(object, &mut keep);
            handed.map_err(|_| origin.is_damaged())
        });
        objects.collect::<Result<_, _>>().map(InputSnapshot)
    }

    /// The result of the attempt, if everything is as it was.
    ///
    /// # Errors
    /// Those of the attempt; and where something was written to: then nothing counts that the
    /// attempt made of it.
    pub(super) fn take_back(
        self,
        task: &Task<'_>,
        store: &Store,
        produced: Result<StepOutput, JobError>,
    ) -> Result<StepOutput, JobError> {
        // All of them, so that none stays damaged that can be restored.
        let back = self.0.iter().map(|handed| store.take_back(handed));
        let back = back
            .enumerate()
            .filter(|(_, back)| *back != SnapshotState::Untouched);
        let changed: Vec<(usize, SnapshotState)> = back.collect();
        let damaged = changed
            .iter()
            .find(|(_, back)| *back == SnapshotState::Damaged);
        let Some((at, back)) = damaged.or(changed.first()) else {
            return produced;
        };
        let origin = origins(task).nth(*at).map(|(_, origin)| origin);
        let origin = origin.unwrap_or_else(|| unreachable!("BUG: it was lent"));
        Err(origin.was_changed(*back, changed.len(), produced))
    }
}

impl Origin<'_> {
    fn told(&self) -> String {
        let file = crate::store::names::shown(self.file);
        format!("`{file}`, the output `{}` of `{}`", self.output, self.step)
    }

    fn is_damaged(&self) -> JobError {
        let hint = format!("run again: `{}` makes it again", self.step);
        JobError::failed(format!("{} is damaged", self.told()))
            .hint(hint)
            .disturbed()
    }

    fn was_changed(
        &self,
        back: SnapshotState,
        changed: usize,
        produced: Result<StepOutput, JobError>,
    ) -> JobError {
        let more = match changed {
            1 => String::new(),
            changed => format!(" (and {} more of what it reads)", changed - 1),
        };
        let message = format!(
            "{}{more} was written to while this step ran, by it or by one beside it",
            self.told()
        );
        let mut error = JobError::failed(message)
            .hint("what other steps read must stay as it is: copy it and change the copy");
        error = error.hint(match back {
            SnapshotState::Damaged => format!("run again: `{}` makes it again", self.step),
            _ => "it is again what it was".to_owned(),
        });
        match produced {
            Err(own) => error.hint(format!("the step itself ended with: {own}")),
            Ok(_) => error,
        }
    }
}
