//! What is lent to an attempt: the objects of the store that its inputs are made of. A program can
//! write to them, so they are looked at again when it ends, one stat for each.

use crate::plan::From;
use crate::plan::Step;
use crate::store::Back;
use crate::store::Handed;
use crate::store::Store;

use super::JobError;
use super::Produced;
use super::attempt::Source;
use super::attempt::Task;

/// So much memory is spent on being able to restore what a program has.
const KEPT: u64 = 16 << 20;

/// The objects that one attempt reads.
pub(super) struct Lent<'t> {
    store: &'t Store,
    objects: Vec<(Handed, Origin<'t>)>,
}

/// Where an object comes from.
#[derive(Clone, Copy)]
struct Origin<'t> {
    step: &'t Step,
    output: &'t str,
    file: &'t str,
}

impl<'t> Lent<'t> {
    /// Notes how everything is that the attempt is going to read.
    ///
    /// # Errors
    /// Where something is damaged already.
    pub fn to(task: &'t Task<'_>, store: &'t Store) -> Result<Self, JobError> {
        // Stages of our own read only.
        let mut keep = match task.step.kind.starts_processes() {
            true => KEPT,
            false => 0,
        };
        let mut objects = Vec::new();
        for (input, sources) in task.step.inputs.iter().zip(&task.inputs) {
            for (item, source) in input.items.iter().zip(sources) {
                let Source::Step { step, made } = source else {
                    continue;
                };
                let wanted = match &item.from {
                    From::Step { output, .. } => output.as_deref(),
                    From::File { .. } => None,
                };
                let outputs = made.outputs.iter();
                let outputs =
                    outputs.filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
                for (output, artifact) in outputs {
                    for (file, object) in &artifact.files {
                        let origin = Origin { step, output, file };
                        let handed = store.hand_out(object, &mut keep);
                        objects.push((handed.map_err(|_| origin.is_damaged())?, origin));
                    }
                }
            }
        }
        Ok(Lent { store, objects })
    }

    /// The result of the attempt, if everything is as it was.
    ///
    /// # Errors
    /// Those of the attempt; and where something was written to: then nothing counts that the
    /// attempt made of it.
    pub fn take_back(self, produced: Result<Produced, JobError>) -> Result<Produced, JobError> {
        // All of them, so that none stays damaged that can be restored.
        let back = self.objects.iter();
        let back = back.map(|(handed, origin)| (self.store.take_back(handed), origin));
        let changed: Vec<_> = back.filter(|(back, _)| *back != Back::Untouched).collect();
        let Some((back, origin)) = changed.iter().find(|(back, _)| *back == Back::Damaged) else {
            return match changed.first() {
                None => produced,
                Some((back, origin)) => Err(origin.was_changed(*back, changed.len(), produced)),
            };
        };
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
        JobError::failed(format!("{} is damaged", self.told())).hint(hint)
    }

    fn was_changed(
        &self,
        back: Back,
        changed: usize,
        produced: Result<Produced, JobError>,
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
            Back::Damaged => format!("run again: `{}` makes it again", self.step),
            _ => "it is again what it was".to_owned(),
        });
        match produced {
            Err(own) => error.hint(format!("the step itself ended with: {own}")),
            Ok(_) => error,
        }
    }
}
