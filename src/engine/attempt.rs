//! One attempt at one step, on the thread that runs it: inputs are bound, the worker works, what
//! it left goes to the store.

use std::any::Any;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::map::SortedVecMap;
use crate::plan::From;
use crate::plan::Step;
use crate::plan::first_difference;
use crate::registry::Value;
use crate::registry::memory;
use crate::store::Artifact;
use crate::store::Environment;
use crate::store::ProjectInput;
use crate::store::StepResult;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::names;

use super::AttemptRunner;
use super::Content;
use super::End;
use super::Job;
use super::JobArtifact;
use super::JobError;
use super::JobInput;
use super::JobItem;
use super::Link;
use super::StepOutput;
use super::Worker;
use super::input_snapshot::InputSnapshot;
use super::isolated;
use super::link::AttemptLink;
use super::link::EndedAttempt;
use super::scratch::Scratch;
use super::stamps::Stamps;
use crate::plan::Keys;
use crate::text::ShowPath;

/// What a runner is given to do.
pub(super) struct Task<'a> {
    pub step: Arc<Step>,
    pub number: u32,
    pub threads: usize,
    /// The names of the GPUs that it may use.
    pub gpus: Vec<String>,
    /// The results behind the inputs, by input and item.
    pub inputs: Vec<Vec<Source>>,
    pub link: AttemptLink<'a>,
    /// There where another process has worked it off, and its outcome is to be taken.
    pub elsewhere: Option<RemoteAttempt>,
}

/// What stands behind one item of an input.
pub(super) enum Source {
    Step {
        step: Arc<Step>,
        result: Arc<StepResult>,
    },
    File {
        path: PathBuf,
        input: Arc<ProjectInput>,
    },
    /// A member of a reduction that is missing and may be.
    Missing,
}

/// An attempt that ran outside this process, as far as it goes.
pub(super) struct RemoteAttempt {
    /// The attempt's own folder.
    pub folder: PathBuf,
    /// How its executor says that it ended.
    pub end: End,
    pub lent: InputSnapshot,
    pub stamps: Stamps,
    pub started: Instant,
}

/// Everything that attempts share.
pub(super) struct AttemptContext<'a> {
    pub worker: &'a dyn Worker,
    pub threads: &'a dyn AttemptRunner,
    pub isolated: &'a dyn AttemptRunner,
    pub store: &'a Store,
    pub keys: &'a dyn Keys,
    pub root: &'a Path,
}

impl AttemptContext<'_> {
    /// Runs an attempt to its end; a panic of the worker is a failure of the step.
    pub(super) fn attempt(
        &self,
        task: &Task<'_>,
        scratch: &Path,
        pool: &rayon::ThreadPool,
    ) -> EndedAttempt {
        let started = Instant::now();
        let result = self.work(task, scratch, pool);
        self.ended(task, started, result)
    }

    fn ended(
        &self,
        task: &Task<'_>,
        started: Instant,
        result: Result<Made, JobError>,
    ) -> EndedAttempt {
        self.ended_after(task, started.elapsed().as_secs_f64(), result)
    }

    fn ended_after(
        &self,
        task: &Task<'_>,
        seconds: f64,
        result: Result<Made, JobError>,
    ) -> EndedAttempt {
        let (result, environment) = match result {
            Ok(Made {
                outputs,
                diverged,
                spent_before,
                environment,
            }) => (
                Ok(StepResult {
                    outputs,
                    diverged,
                    seconds: spent_before + seconds,
                }),
                environment,
            ),
            Err(error) => (Err(error), None),
        };
        EndedAttempt {
            id: task.step.id,
            number: task.number,
            seconds,
            log: task.link.text(),
            result,
            checkpointed: task.link.checkpointed(),
            environment,
        }
    }

    fn work(
        &self,
        task: &Task<'_>,
        scratch: &Path,
        pool: &rayon::ThreadPool,
    ) -> Result<Made, JobError> {
        let code = code(&task.step, self.keys);
        let job = Job {
            step: &task.step,
            inputs: bind(task, self.store),
            root: self.root,
            code: &code,
            scratch,
            threads: task.threads,
            gpus: &task.gpus,
            link: &task.link,
        };
        let step = &task.step;
        let runner = match step.kind.starts_processes() {
            false if step.policy.isolate || is_large(step) => self.isolated,
            _ => self.threads,
        };
        let stamps = stamps(task, self.root, self.keys);
        // Its key was made before it could begin.
        self.unchanged(task, "since the run first read it")?;
        let lent = InputSnapshot::to(task, self.store)?;
        let produced = catch_unwind(AssertUnwindSafe(|| {
            pool.install(|| runner.run_attempt(self.worker, &job))
        }))
        .unwrap_or_else(|panic| Err(panicked(&*panic)));
        // Also where it failed: others read the same.
        let produced = match lent.take_back(task, self.store, produced) {
            Ok(produced) => produced,
            // Perhaps for that reason.
            Err(error @ JobError::Failed { .. }) => {
                return Err(match self.untouched(task, &stamps) {
                    Err(JobError::Failed { message, .. }) => error.hint(message).disturbed(),
                    _ => error,
                });
            }
            Err(error) => return Err(error),
        };
        self.untouched(task, &stamps)?;
        self.made(task, produced)
    }

    fn changed(&self, path: &Path, when: &str) -> JobError {
        let path = path.strip_prefix(self.root).unwrap_or(path);
        let message = format!("`{}` changed {when}", path.shown());
        JobError::failed(message)
            .hint("run again when it is complete: there is no result of either version")
            .disturbed()
    }

    /// Takes what an attempt outside this process has left.
    pub(super) fn collect(&self, task: &Task<'_>, elsewhere: RemoteAttempt) -> EndedAttempt {
        let seconds = elsewhere.end.seconds;
        let seconds = seconds.unwrap_or_else(|| elsewhere.started.elapsed().as_secs_f64());
        let produced = match isolated::outcome(&elsewhere.folder) {
            // Its job was stopped, by us or by the queue.
            None | Some(Err(JobError::Cancelled)) => Err(match task.link.cancelled() {
                true => JobError::Cancelled,
                false => JobError::of_end(elsewhere.end, task.link.saved()),
            }),
            // The program was ended with its job, and its worker was not asked.
            Some(Err(error)) if error.is_by_signal() && elsewhere.end.cause.stops() => {
                Err(match task.link.cancelled() {
                    true => JobError::Cancelled,
                    false => JobError::of_end(elsewhere.end, task.link.saved()),
                })
            }
            Some(outcome) => outcome,
        };
        let result = elsewhere
            .lent
            .take_back(task, self.store, produced)
            .and_then(|produced| {
                self.untouched(task, &elsewhere.stamps)?;
                self.made(task, produced)
            });
        self.ended_after(task, seconds, result)
    }

    /// What the step read is what its key says, and nobody wrote to it meanwhile.
    fn untouched(&self, task: &Task<'_>, stamps: &Stamps) -> Result<(), JobError> {
        const WHEN: &str = "while the step ran";
        self.unchanged(task, WHEN)?;
        match stamps.touched() {
            Some(path) => Err(self.changed(path, WHEN)),
            None => Ok(()),
        }
    }

    /// A result stands under a key that says what was read: no result where a file is another one
    /// by now. It may have been read half old, half new, or after the edit and before the next.
    fn unchanged(&self, task: &Task<'_>, when: &str) -> Result<(), JobError> {
        let same = self.is_unchanged(task, when);
        // An interrupt leaves large files half read.
        same.map_err(|error| match task.link.cancelled() {
            true => JobError::Cancelled,
            false => error,
        })
    }

    fn is_unchanged(&self, task: &Task<'_>, when: &str) -> Result<(), JobError> {
        let changed = |path: &Path| self.changed(path, when);
        for source in task.inputs.iter().flatten() {
            let Source::File { path, input } = source else {
                continue;
            };
            match self.store.project_input(path) {
                Ok(now) if now == **input => {}
                Ok(now) => {
                    let inside = now.other_file(input).map(names::name_of);
                    return Err(changed(&match inside {
                        Some(inside) => path.join(inside),
                        None => path.clone(),
                    }));
                }
                Err(error) if path.exists() => return Err(store_failed(error)),
                _ => return Err(changed(path)),
            }
        }
        let mut digest = |path: &Path| match self.store.file_digest(path) {
            Ok(object) => Ok(object.digest),
            Err(error) => Err(io::Error::other(error)),
        };
        match self.keys.changed(&task.step, &mut digest)? {
            // Programs may write where their code is.
            Some(path) if task.step.kind.starts_processes() => Err(changed(&path).hint(format!(
                "if a program writes it, it is no code: `\"!{}\"` under `code` takes it out",
                path.shown()
            ))),
            Some(path) => Err(changed(&path)),
            None => Ok(()),
        }
    }

    /// Keeps what an attempt has left.
    fn made(&self, task: &Task<'_>, mut produced: StepOutput) -> Result<Made, JobError> {
        let environment = produced.environment.take();
        self.ran_with_what_the_key_says(task, environment.as_ref())?;
        let (diverged, spent_before) = (produced.diverged.clone(), produced.spent_before);
        let outputs = self.keep(task, produced)?;
        Ok(Made {
            outputs,
            diverged,
            spent_before,
            environment,
        })
    }

    /// A step may run on another machine than the one that made its key.
    fn ran_with_what_the_key_says(
        &self,
        task: &Task<'_>,
        environment: Option<&Environment>,
    ) -> Result<(), JobError> {
        let params = &task.step.params;
        let keyed = task.step.kind.programs_in_key(params, self.root);
        let keyed = keyed.map_err(|error| JobError::failed(error.to_string()))?;
        for (name, said) in keyed {
            let there = environment.and_then(|environment| environment.programs.get(&name));
            if there.is_some_and(|there| **there != *said) {
                let there = there.map(String::as_str).unwrap_or_default();
                let (ours, theirs) = first_difference(&said, there);
                return Err(JobError::failed(format!(
                    "`environment` {name} is not what the key says where the step ran: `{}`, not `{}`",
                    theirs.unwrap_or_default(),
                    ours.unwrap_or_default()
                ))
                .hint("it belongs to the key: have the same there, or take `key: true` away")
                .disturbed());
            }
        }
        Ok(())
    }

    /// Takes outputs into the store. Where the step is to end that is heard within a large file and between
    /// files, unless little is left to do.
    fn keep(
        &self,
        task: &Task<'_>,
        produced: StepOutput,
    ) -> Result<SortedVecMap<Artifact>, JobError> {
        let taken = AtomicU64::new(0);
        let go_on = |bytes: u64| {
            let before = taken.fetch_add(bytes, Ordering::Relaxed);
            before + bytes <= AT_LEAST || !task.link.cancelled()
        };
        let mut kept = SortedVecMap::new();
        let mut folders = produced.folders;
        for (output, contents) in produced.outputs {
            let mut artifact = Artifact {
                folder: folders.remove(&output),
                ..Artifact::default()
            };
            for (name, content) in contents {
                if !go_on(EACH) {
                    return Err(JobError::Cancelled);
                }
                let object = match content {
                    Content::Bytes(bytes) => self.store.put_bytes(&bytes),
                    Content::Taken(path) => self.store.put_file_watched(&path, &go_on),
                    Content::Stored(object) => Ok(object),
                    Content::Other(other) => {
                        artifact.others.insert(name, other);
                        continue;
                    }
                };
                let object = object.map_err(|error| match go_on(0) {
                    true => store_failed(error),
                    false => JobError::Cancelled,
                });
                artifact.files.insert(name, object?);
            }
            kept.insert(output, artifact);
        }
        Ok(kept)
    }
}

/// Whether a step may come to the end of this machine's memory, which ends the process that asks for more.
fn is_large(step: &Step) -> bool {
    let least = memory::at_least(&step.params).map_or(0, |(_, bytes)| bytes);
    least > memory::of_this_machine() / LARGE
}

/// So many bytes are taken into the store also after an interrupt: that takes seconds, and making them again may
/// take days.
const AT_LEAST: u64 = 1 << 30;

/// A file takes as long as so many bytes.
const EACH: u64 = 64 << 10;

/// A step that takes at least this part of the memory gets a process of its own.
const LARGE: u128 = 8;

/// The same error for a step.
pub(super) fn store_failed(error: StoreError) -> JobError {
    if error.transient() {
        return JobError::Transient {
            message: error.to_string(),
        };
    }
    JobError::Failed {
        message: error.to_string(),
        hints: error.hints(),
        ended: None,
        disturbed: true,
    }
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> JobError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::failed(format!("panicked: {}", text.unwrap_or("(no message)")))
        .hint("this is a mistake in the program, please report it")
}

/// How the files of the project are that an attempt reads.
pub(super) fn stamps(task: &Task<'_>, root: &Path, keys: &dyn Keys) -> Stamps {
    let inputs = task.inputs.iter().flatten();
    let inputs = inputs.flat_map(|source| match source {
        Source::File { path, input } => input.paths(path).map(|(_, path)| path).collect(),
        _ => Vec::new(),
    });
    Stamps::of(root, inputs.chain(keys.reads(&task.step)))
}

/// The code that a program is given copies of.
pub(super) fn code(step: &Step, keys: &dyn Keys) -> Vec<String> {
    match step.kind.copies_code(&step.params) {
        true => keys.code(step),
        false => Vec::new(),
    }
}

/// The job's view of the inputs: paths for every artifact.
pub(super) fn bind(task: &Task<'_>, store: &Store) -> Vec<JobInput> {
    let mut inputs = Vec::with_capacity(task.inputs.len());
    for (input, sources) in task.step.inputs.iter().zip(&task.inputs) {
        let mut items = Vec::with_capacity(sources.len());
        for (item, source) in input.items.iter().zip(sources) {
            let (stage, outputs, diverged, seconds) = match source {
                Source::Missing => continue,
                Source::Step { step, result } => {
                    let wanted = match &item.from {
                        From::Step { output, .. } => output.as_deref(),
                        From::File { .. } => None,
                    };
                    let outputs = result.outputs.iter();
                    let outputs = outputs
                        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
                        .map(|(name, artifact)| {
                            let described = item.described.as_ref();
                            let described = described.and_then(|all| all.get(name)).cloned();
                            (name.clone(), stored(artifact, described, store))
                        })
                        .collect();
                    let diverged = result.diverged.is_some();
                    (
                        step.stage.to_string(),
                        outputs,
                        diverged,
                        Some(result.seconds),
                    )
                }
                Source::File { path, input } => {
                    let outputs = BTreeMap::from([("file".to_owned(), plain(path, input))]);
                    (String::new(), outputs, false, None)
                }
            };
            items.push(JobItem {
                stage,
                cell: item.cell.clone(),
                outputs,
                diverged,
                seconds,
            });
        }
        inputs.push(JobInput {
            slot: input.slot.to_string(),
            items,
        });
    }
    inputs
}

fn stored(artifact: &Artifact, described: Option<Value>, store: &Store) -> JobArtifact {
    let files = artifact.files.iter();
    JobArtifact {
        artifact: artifact.clone(),
        paths: files
            .map(|(name, object)| (name.clone(), store.path(object)))
            .collect(),
        described,
    }
}

fn plain(path: &Path, input: &ProjectInput) -> JobArtifact {
    let paths = input.paths(path);
    JobArtifact {
        artifact: input.artifact().clone(),
        paths: paths.map(|(name, path)| (name.to_owned(), path)).collect(),
        described: None,
    }
}

/// What an attempt has made, in the store.
struct Made {
    outputs: SortedVecMap<Artifact>,
    diverged: Option<String>,
    spent_before: f64,
    environment: Option<Environment>,
}

/// An attempt that ended before it began.
fn failed(task: &Task<'_>, error: JobError) -> EndedAttempt {
    EndedAttempt {
        id: task.step.id,
        number: task.number,
        seconds: 0.0,
        log: String::new(),
        result: Err(error),
        checkpointed: false,
        environment: None,
    }
}

/// What one runner thread keeps between attempts: its own thread pools, never shared with another
/// step, and a scratch folder.
pub(super) struct Runner {
    scratch: Scratch,
    pools: HashMap<usize, rayon::ThreadPool>,
}

impl Runner {
    pub(super) fn new(scratch: PathBuf) -> Self {
        Runner {
            scratch: Scratch::new(scratch),
            pools: HashMap::new(),
        }
    }

    /// Runs an attempt in an empty folder with a pool of its size.
    pub(super) fn attempt(
        &mut self,
        context: &AttemptContext<'_>,
        mut task: Task<'_>,
    ) -> EndedAttempt {
        if let Some(elsewhere) = task.elsewhere.take() {
            let collected = AssertUnwindSafe(|| context.collect(&task, elsewhere));
            return catch_unwind(collected)
                .unwrap_or_else(|panic| failed(&task, panicked(&*panic)));
        }
        let (scratch, pool) = match self.prepare(task.threads) {
            Ok(prepared) => prepared,
            Err(error) => {
                return failed(&task, error);
            }
        };
        context.attempt(&task, scratch, pool)
    }

    fn prepare(&mut self, threads: usize) -> Result<(&Path, &rayon::ThreadPool), JobError> {
        let emptied = self.scratch.empty();
        let scratch = self.scratch.folder();
        emptied.map_err(|error| store_failed(StoreError::io("empty", scratch, error)))?;
        let pool = match self.pools.entry(threads) {
            Entry::Occupied(pool) => pool.into_mut(),
            Entry::Vacant(free) => {
                let mut pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .thread_name(|index| format!("step-{index}"));
                if threads == 1 {
                    // The runner itself is the pool: most steps need no second thread, and no
                    // handing over.
                    pool = pool.use_current_thread();
                }
                let pool = pool.build();
                let pool = pool.map_err(|error| JobError::Transient {
                    message: format!("cannot start {threads} threads: {error}"),
                })?;
                free.insert(pool)
            }
        };
        Ok((scratch, pool))
    }
}
