//! Attempts in processes that outlive their coordinator: one that is killed leaves them running, and the next
//! one adopts them.
//!
//! The tests start themselves anew, as a worker or as a coordinator that can be killed, told by environment
//! variables.

use std::cell::RefCell;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use super::kit::PlainKeys;
use super::kit::Scripted;
use super::kit::inputs_of;
use super::kit::plan;
use super::kit::text;
use crate::engine::ERR;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Engine;
use crate::engine::Executor;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::OUT;
use crate::engine::Options;
use crate::engine::State;
use crate::engine::StepOutput;
use crate::engine::Submission;
use crate::engine::Summary;
use crate::engine::Update;
use crate::engine::Worker;
use crate::engine::isolated;
use crate::engine::isolated::OUTCOME;
use crate::plan::Step;
use crate::registry::Catalog;
use crate::store::Access;
use crate::store::Digest;
use crate::store::Store;

const SPEC: &str = "SWEEPLINE_TEST_DETACHED_SPEC";
const FOLDER: &str = "SWEEPLINE_TEST_COORDINATOR";

/// Writes down that it began, waits until it may go on, and says what it read.
struct Waits;

impl Worker for Waits {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let stage = &job.step.stage;
        let begun = job.root.join("begun");
        let number = fs::read_dir(&begun).map_or(0, Iterator::count);
        fs::write(
            begun.join(format!("{stage}-{number}-{}", std::process::id())),
            "",
        )
        .expect("the folder is there");
        job.link.log(&format!("{stage} begins"));
        while !job.root.join("go").exists() {
            if job.link.cancelled() {
                return Err(JobError::Cancelled);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        match &**stage {
            "dies" => std::process::abort(),
            _ => text(format!("{stage}({})", inputs_of(job))),
        }
    }
}

/// Starts a process for every attempt and lets go of it.
#[derive(Default)]
struct Detached {
    known: Vec<(String, PathBuf)>,
    told: usize,
}

impl Detached {
    fn pid(handle: &str) -> Pid {
        let raw = handle.parse().ok().and_then(Pid::from_raw);
        raw.expect("handles are numbers of processes")
    }

    fn alive(handle: &str) -> bool {
        // Its own children stay in the table of processes until somebody waits for them.
        let stat = fs::read_to_string(format!("/proc/{handle}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        state.is_some_and(|state| state != 'Z')
    }
}

impl Executor for Detached {
    fn name(&self) -> &str {
        "detached"
    }

    fn capacity(&self) -> usize {
        3
    }

    fn device(&self) -> &str {
        "cpu"
    }

    fn submit(&mut self, attempt: &Submission<'_>) -> io::Result<String> {
        let test = "engine::tests::elsewhere::a_worker_works_off_a_specification";
        let child = myself(test)
            .env_remove(FOLDER)
            .env(SPEC, attempt.spec)
            .stdout(File::create(attempt.folder.join(OUT))?)
            .stderr(File::create(attempt.folder.join(ERR))?)
            .spawn()?;
        let handle = child.id().to_string();
        fs::write(attempt.folder.join("pid"), &handle)?;
        self.known.push((handle.clone(), attempt.folder.to_owned()));
        Ok(handle)
    }

    fn poll(&mut self) -> Vec<(String, Update)> {
        let running = self.known[self.told.min(self.known.len())..].iter();
        let mut told: Vec<_> = running
            .map(|(handle, _)| {
                let job = format!("process {handle}");
                (handle.clone(), Update::Running { job })
            })
            .collect();
        let ended = |(handle, folder): &(String, PathBuf)| {
            folder.join(OUTCOME).exists() || !Detached::alive(handle)
        };
        let gone: Vec<_> = self
            .known
            .iter()
            .filter(|known| ended(known))
            .cloned()
            .collect();
        self.known.retain(|known| !gone.contains(known));
        self.told = self.known.len();
        let end = End::new(EndCause::Finished, "its process is gone");
        let gone = gone.into_iter();
        told.extend(gone.map(|(handle, _)| (handle, Update::Ended(end.clone()))));
        told
    }

    fn cancel(&mut self, handle: &str) {
        let _ = kill_process(Detached::pid(handle), Signal::TERM);
    }

    fn adopt(&mut self, handle: Option<&str>, folder: &Path) -> Option<String> {
        // Written by `submit` before its coordinator could be told.
        let written = || fs::read_to_string(folder.join("pid")).ok();
        let handle = handle.map(str::to_owned).or_else(written)?;
        let known = Detached::alive(&handle) || folder.join(OUTCOME).exists();
        known.then(|| {
            self.known.push((handle.clone(), folder.to_owned()));
            handle
        })
    }
}

fn myself(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.args(["--exact", test, "--nocapture"]);
    command
}

#[test]
fn a_worker_works_off_a_specification() {
    static KINDS: [&dyn crate::registry::StageKind; 1] = [&Scripted];
    if let Some(spec) = std::env::var_os(SPEC) {
        // The harness has begun a line.
        println!();
        isolated::serve(Path::new(&spec), &Catalog::new(&KINDS), &Waits).unwrap();
        // Without the rest of the harness: it would write to files that may be gone.
        std::process::exit(0);
    }
}

fn steps() -> Vec<Arc<Step>> {
    plan(["a", "b", "c", "d <- a b", "e <- c", "f <- d e"])
}

fn store_of(folder: &Path) -> Store {
    Store::open(&folder.join("store"), Access::Write { wait: true }).expect("the store works")
}

fn run(folder: &Path, steps: &[Arc<Step>], stop: bool) -> Summary {
    run_as(folder, steps, stop, |_| ())
}

fn run_as(
    folder: &Path,
    steps: &[Arc<Step>],
    stop: bool,
    change: impl FnOnce(&mut Options),
) -> Summary {
    let store = store_of(folder);
    let mut options = Options::new("test", folder);
    options.backoff = Duration::from_millis(1);
    change(&mut options);
    let interrupt = Arc::clone(&options.interrupt);
    let mut engine = Engine::new(&PlainKeys, &Waits, &store, options);
    engine.executors = RefCell::new(vec![Box::new(Detached::default())]);
    engine.route = Box::new(|_| Some(0));
    let mut sink = |timed: &crate::engine::Timed| {
        let text = serde_json::to_string(timed).expect("events are plain data");
        if stop && text.contains("begins") {
            interrupt.store(1, std::sync::atomic::Ordering::Relaxed);
        }
    };
    engine.run(steps, &mut sink).expect("the store works")
}

#[test]
fn a_coordinator_runs_a_plan() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        run(Path::new(&folder), &steps(), false);
        std::process::exit(0);
    }
}

fn coordinator(folder: &Path) -> Child {
    let mut command = myself("engine::tests::elsewhere::a_coordinator_runs_a_plan");
    command.env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it can be started")
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("begun")).expect("it is ours");
    folder
}

/// The stages that began, each as often as it did, sorted.
fn begun(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("begun")).expect("it is there");
    let names = entries.map(|entry| entry.expect("it is ours").file_name());
    let mut stages: Vec<String> = names
        .map(|name| name.to_string_lossy().split('-').next().unwrap().to_owned())
        .collect();
    stages.sort();
    stages
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn keys(summary: &Summary) -> Vec<Option<Digest>> {
    summary.steps.iter().map(|step| step.key).collect()
}

#[test]
fn attempts_of_a_coordinator_that_was_killed_are_adopted_and_none_is_handed_over_twice() {
    let reference = project();
    fs::write(reference.path().join("go"), "").expect("it is ours");
    let undisturbed = run(reference.path(), &steps(), false);

    let space = project();
    let folder = space.path();
    let mut first = coordinator(folder);
    eventually("three attempts begin", || begun(folder).len() == 3);
    first.kill().expect("it runs");
    first.wait().expect("it is our child");
    for _ in 0..2 {
        let mut next = coordinator(folder);
        std::thread::sleep(Duration::from_millis(150));
        next.kill().expect("it runs");
        next.wait().expect("it is our child");
    }
    assert_eq!(begun(folder), ["a", "b", "c"], "nothing was begun again");
    let kept = fs::read_dir(folder.join("store/attempts")).expect("they have folders");
    assert_eq!(kept.count(), 3);

    fs::write(folder.join("go"), "").expect("it is ours");
    let summary = run(folder, &steps(), false);
    assert_eq!(keys(&summary), keys(&undisturbed));
    assert_eq!(begun(folder), ["a", "b", "c", "d", "e", "f"]);
    let store = store_of(folder);
    assert_eq!(store.in_flight().expect("the store works"), []);
    let left = fs::read_dir(folder.join("store/attempts")).expect("it is there");
    assert_eq!(left.count(), 0, "folders go with their attempts");
    let log = store.attempts("test", "a").expect("the store works");
    // What the test harness of the worker says stands before it.
    assert!(log.last().expect("it ran").log.ends_with("a begins\n"));
}

#[test]
fn attempts_elsewhere_are_cancelled_and_their_deaths_are_failures() {
    let space = project();
    let stopped = run(space.path(), &plan(["a"]), true);
    assert!(stopped.stopped);
    assert_eq!(stopped.steps[0].state, State::Cancelled);

    fs::write(space.path().join("go"), "").expect("it is ours");
    let summary = run(
        space.path(),
        &plan(["dies", "after <- dies", "other"]),
        false,
    );
    let states: Vec<State> = summary.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [State::Failed, State::Skipped, State::Done]);
    let message = &summary.failures[0].message;
    assert_eq!(message, "it ended without an outcome: its process is gone");
    assert_eq!(
        store_of(space.path()).in_flight().expect("the store works"),
        []
    );
}

/// A result stands under its key already when it is handed over: that is not its own.
#[test]
fn an_attempt_at_a_result_that_is_made_again_is_adopted_as_any_other() {
    let space = project();
    let (folder, steps) = (space.path(), plan(["a"]));
    fs::write(folder.join("go"), "").expect("it is ours");
    let first = run(folder, &steps, false);
    fs::remove_file(folder.join("go")).expect("it is there");
    let force = |options: &mut Options| {
        options.force = vec![steps[0].id];
        options.detach = true;
    };
    run_as(folder, &steps, true, force);
    assert_eq!(begun(folder), ["a", "a"]);
    let left = || store_of(folder).in_flight().expect("the store works").len();
    assert_eq!(left(), 1);

    // Who does not want it made again leaves it where it is.
    let known = run(folder, &steps, false);
    assert_eq!((known.steps[0].state, left()), (State::UpToDate, 1));

    fs::write(folder.join("go"), "").expect("it is ours");
    let made = run_as(folder, &steps, false, force);
    assert_eq!((made.steps[0].state, left()), (State::Done, 0));
    assert_eq!(begun(folder), ["a", "a"], "nothing was begun again");
    assert_eq!(keys(&made), keys(&first));
}
