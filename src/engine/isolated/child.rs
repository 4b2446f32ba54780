//! The child's side: works off one specification.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::place::place;
use super::spec::AttemptSpec;
use super::spec::Outcome;
use super::spec::OutputFile;
use super::spec::SPEC_VERSION;
use super::spec::WorkerMessage;
use super::spec::cell;
use crate::engine::Content;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::Link;
use crate::engine::StepOutput;
use crate::engine::Worker;
use crate::engine::attempt::panicked;
use crate::engine::checkpoint_clock::CheckpointClock;
use crate::engine::process::limit_this_process;
use crate::engine::scratch;
use crate::plan::Cell;
use crate::plan::From;
use crate::plan::Input;
use crate::plan::InputItem;
use crate::plan::Policy;
use crate::plan::Step;
use crate::plan::StepId;
use crate::registry::Catalog;
use crate::store::Environment;
use crate::store::remove_tree;
use crate::text::Place;
use crate::text::Source;

/// Works off the attempt that a file specifies, and leaves its outcome where the file says. The
/// parent's request to stop is the signal SIGTERM.
///
/// # Errors
/// Where the specification cannot be read, or what was made cannot be written.
pub fn serve(spec: &Path, catalog: &Catalog, worker: &dyn Worker) -> io::Result<()> {
    let spec: AttemptSpec = serde_json::from_slice(&fs::read(spec)?)?;
    if spec.version != SPEC_VERSION {
        let message = format!(
            "the attempt is specified in version {}, this program knows version {SPEC_VERSION}",
            spec.version
        );
        return Err(io::Error::other(message));
    }
    let kind = catalog.get(&spec.kind).ok_or_else(|| {
        io::Error::other(format!("this program has no stage kind `{}`", spec.kind))
    })?;
    if let Some(revision) = spec.revision.filter(|asked| *asked != kind.revision()) {
        return Err(io::Error::other(format!(
            "`{}` is wanted in revision {revision}, this program has {}: it is another one than the run's",
            spec.kind,
            kind.revision()
        )));
    }
    let cancelled = Arc::new(AtomicBool::new(false));
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&cancelled))?;
    }
    let step = Step {
        id: StepId(0),
        stage: Arc::from(spec.stage.as_str()),
        cell: cell(&spec.cell),
        kind,
        params: Arc::new(spec.params.clone()),
        inputs: plan_inputs(&spec),
        written: None,
        former: None,
        part: None,
        described: None,
        policy: Arc::new(Policy {
            memory_limit: spec.memory_limit,
            ..Policy::default()
        }),
        place: Place::start_of(&Arc::new(Source {
            path: PathBuf::new(),
            text: String::new(),
        })),
    };
    // What a kind starts has the limit, else this process itself, whoever has started it.
    if let Some(memory) = spec.memory_limit.filter(|_| !kind.starts_processes()) {
        limit_this_process(memory)?;
    }
    let link = ChildLink::new(&spec, cancelled);
    // A program has an environment of its own, which has to be told; all else finds them in this one.
    let gpus = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    let gpus = gpus.split(',').map(str::trim);
    let gpus: Vec<String> = gpus
        .filter(|gpu| !gpu.is_empty() && kind.starts_processes())
        .map(str::to_owned)
        .collect();
    let job = Job {
        step: &step,
        inputs: spec.job_inputs(),
        root: &spec.root,
        code: &spec.code,
        scratch: &spec.scratch,
        threads: spec.threads,
        gpus: &gpus,
        link: &link,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(spec.threads)
        .build()
        .map_err(io::Error::other)?;
    let differs = match &spec.keyed {
        Some(keyed) => keyed.differs(&step)?,
        None => None,
    };
    let produced = match differs {
        Some(error) => Ok(Err(error)),
        None => catch_unwind(AssertUnwindSafe(|| pool.install(|| worker.run(&job)))),
    };
    let outcome = match produced {
        Ok(Ok(produced)) => made(produced, &spec)?,
        Ok(Err(error)) => outcome(error),
        Err(panic) => outcome(panicked(&*panic)),
    };
    let text = serde_json::to_vec(&outcome)?;
    place(&spec.outcome, &text)
}

/// Empties the folder of an attempt that was ended before it could end: what it left half made is nothing that the
/// next try may find.
///
/// # Errors
/// Where the folder cannot be emptied.
pub fn begin_again(folder: &Path) -> io::Result<()> {
    let spec: AttemptSpec = serde_json::from_slice(&fs::read(folder.join("spec.json"))?)?;
    for gone in [fs::remove_file(&spec.outcome), remove_tree(&spec.scratch)] {
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    scratch::make(&spec.scratch)
}

/// At most one line of progress in this time.
const PROGRESS_PERIOD: Duration = Duration::from_millis(50);

/// Which slots reduce axes; the steps behind them are known by their artifacts.
fn plan_inputs(spec: &AttemptSpec) -> Vec<Input> {
    let inputs = spec.inputs.iter().zip(spec.job_inputs());
    inputs
        .map(|(input, job_input)| {
            let mut items: Vec<InputItem> = job_input.items.iter().map(input_item).collect();
            for (at, stage, coordinates) in &input.missing {
                let item = from_step(stage, cell(coordinates));
                items.insert((*at).min(items.len()), item);
            }
            // A coordinator that does not name those that are missing says how many there are.
            let unknown = from_step("", Cell(Arc::from([])));
            items.resize(input.wired.max(items.len()), unknown);
            Input {
                slot: Arc::from(job_input.slot.as_str()),
                items,
                reduced: input.reduced,
                missing_allowed: false,
            }
        })
        .collect()
}

fn input_item(item: &JobItem) -> InputItem {
    let plain = item
        .outputs
        .values()
        .flat_map(|output| output.paths.values());
    match plain.into_iter().next() {
        Some(path) if item.stage.is_empty() => InputItem {
            stage: Arc::from(""),
            cell: item.cell.clone(),
            from: From::File { path: path.clone() },
            described: None,
        },
        _ => from_step(&item.stage, item.cell.clone()),
    }
}

/// What another step made; which one that is, a worker does not ask.
fn from_step(stage: &str, cell: Cell) -> InputItem {
    InputItem {
        stage: Arc::from(stage),
        cell,
        from: From::Step {
            step: StepId(0),
            output: None,
        },
        described: None,
    }
}

fn made(produced: StepOutput, spec: &AttemptSpec) -> io::Result<Outcome> {
    let mut outputs: BTreeMap<String, BTreeMap<String, OutputFile>> = BTreeMap::new();
    let mut number = 0;
    for (output, files) in produced.outputs {
        // Also where it is empty.
        let left_here = outputs.entry(output).or_default();
        for (name, content) in files {
            let left = match content {
                Content::Bytes(bytes) => {
                    // Beside the folder that the step has used: no name there is taken.
                    let path = spec.outcome.with_file_name(format!("left-{number}"));
                    number += 1;
                    fs::write(&path, bytes)?;
                    OutputFile::File(path)
                }
                Content::Taken(path) => OutputFile::File(path),
                Content::Stored(object) => OutputFile::Stored(object),
                Content::Other(other) => OutputFile::Other(other),
            };
            left_here.insert(name, left);
        }
    }
    Ok(Outcome::Made {
        outputs,
        folders: produced.folders,
        diverged: produced.diverged,
        spent_before: produced.spent_before,
        // The parent may be on another machine.
        environment: produced.environment.or_else(|| Some(Environment::here())),
    })
}

fn outcome(error: JobError) -> Outcome {
    match error {
        JobError::Failed {
            message,
            hints,
            ended,
            disturbed,
        } => Outcome::Failed {
            message,
            hints,
            ended,
            disturbed,
        },
        JobError::Transient { message } | JobError::Interrupted { message, .. } => {
            Outcome::Transient(message)
        }
        JobError::Cancelled => Outcome::Cancelled,
    }
}

/// Tells the parent, in lines.
struct ChildLink {
    cancelled: Arc<AtomicBool>,
    checkpoint: Option<PathBuf>,
    checkpoints: PathBuf,
    /// Where the state at the end is left, where another step goes on from it.
    hand_on: Option<PathBuf>,
    kept: Option<PathBuf>,
    /// When the next progress may be told, in milliseconds since the start.
    next_progress: AtomicU64,
    clock: CheckpointClock,
}

impl ChildLink {
    fn new(spec: &AttemptSpec, cancelled: Arc<AtomicBool>) -> Self {
        // What this attempt left before its job was queued anew is newer than what it was begun with.
        let own = Some(&spec.checkpoints).filter(|path| path.exists());
        ChildLink {
            cancelled,
            checkpoint: own.or(spec.checkpoint.as_ref()).cloned(),
            checkpoints: spec.checkpoints.clone(),
            hand_on: spec.hand_on.clone(),
            kept: spec.kept.clone(),
            next_progress: AtomicU64::new(0),
            clock: CheckpointClock::new(spec.checkpoint_every),
        }
    }

    fn send(&self, message: &WorkerMessage) {
        let mut line = serde_json::to_vec(message).expect("what is said is plain data");
        line.push(b'\n');
        let mut out = io::stdout().lock();
        // Nobody listens only where the parent is gone.
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

impl Link for ChildLink {
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]) {
        let now = self.clock.now();
        if now < self.next_progress.load(Ordering::Relaxed) {
            return;
        }
        let following = now + PROGRESS_PERIOD.as_millis() as u64;
        self.next_progress.store(following, Ordering::Relaxed);
        let numbers = numbers.iter();
        self.send(&WorkerMessage::Progress {
            done,
            total,
            numbers: numbers
                .map(|(name, number)| ((*name).to_owned(), number.is_finite().then_some(*number)))
                .collect(),
        });
    }

    fn log(&self, line: &str) {
        self.send(&WorkerMessage::Log(line.to_owned()));
    }

    fn warn(&self, message: &str) {
        self.send(&WorkerMessage::Warning(message.to_owned()));
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        match fs::read(self.checkpoint.as_ref()?) {
            Ok(state) => Some(state),
            Err(error) => {
                self.warn(&format!("starts from the beginning: {error}"));
                None
            }
        }
    }

    fn checkpoint_folder(&self) -> Result<Option<PathBuf>, JobError> {
        Ok(self.kept.clone())
    }

    fn checkpoint_due(&self) -> bool {
        self.clock.is_due()
    }

    fn save_checkpoint(&self, state: &[u8]) {
        self.clock.restart();
        match place(&self.checkpoints, state) {
            Ok(()) => self.send(&WorkerMessage::Checkpoint),
            Err(error) => self.warn(&format!("the checkpoint was not kept: {error}")),
        }
    }

    fn goes_on(&self) -> bool {
        self.hand_on.is_some()
    }

    fn hand_on(&self, state: &[u8]) {
        let Some(path) = &self.hand_on else { return };
        match place(path, state) {
            Ok(()) => self.send(&WorkerMessage::HandedOn),
            Err(error) => self.warn(&format!("the state was not kept: {error}")),
        }
    }
}
