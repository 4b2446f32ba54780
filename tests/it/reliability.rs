//! Kills and write errors at random moments: whatever happens, the next run ends with the bytes of
//! an undisturbed one.
//!
//! A few of each run with the other tests. More, on another manifest of the project or with other
//! moments (`docs/reliability.md` has the commands and their figures):
//!
//! - `SWEEPLINE_KILLS=200`, `SWEEPLINE_FAULTS=200`: how many
//! - `SWEEPLINE_KILL_RUN="manifests/quickstart.yaml -p epochs=2"`: what is run
//! - `SWEEPLINE_KILL_SEED=1`: which moments

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use crate::support::TestSpace;
use crate::support::faults;
use crate::support::faults::Fault;
use crate::support::hard;

/// What is run, and where.
struct Subject {
    folder: std::path::PathBuf,
    arguments: Vec<String>,
    /// Holds the stores and outputs of all runs, and the small project if that is the subject.
    space: TestSpace,
}

impl Subject {
    /// The small project of trainings.
    fn small() -> Self {
        Subject::of(TestSpace::new(), "manifests/small.yaml")
    }

    /// The project of everything that is hard to keep right.
    fn hard() -> Self {
        Subject::of(hard::project(true), "manifests/hard.yaml")
    }

    fn of(space: TestSpace, manifest: &str) -> Self {
        match std::env::var("SWEEPLINE_KILL_RUN") {
            Ok(words) => Subject {
                folder: env!("CARGO_MANIFEST_DIR").into(),
                arguments: words.split_whitespace().map(str::to_owned).collect(),
                space,
            },
            Err(_) => Subject {
                folder: space.path(""),
                arguments: vec![manifest.to_owned()],
                space,
            },
        }
    }

    /// A verb over the experiment, with a store and outputs of its own.
    fn command(&self, verb: &str, place: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweepline"));
        command
            .arg(verb)
            .args(&self.arguments)
            .arg("--outputs")
            .arg(self.space.path(place))
            .current_dir(&self.folder)
            .env("NO_COLOR", "1")
            .env("HARD_WORD", "word")
            .env_remove("SWEEPLINE_STORE");
        command
    }

    /// `run`, with checkpoints as often as they can be written.
    fn run(&self, place: &str) -> Command {
        let mut command = self.command("run", place);
        command.args(["--progress", "none", "--checkpoint-every", "0"]);
        command
    }

    /// Runs to the end, which must be a good one.
    fn finish(&self, place: &str) {
        let output = self.run(place).output().expect("the program starts");
        assert!(output.status.success(), "{}", told(&output));
    }

    /// Step → digests of its artifacts; every step must be up to date.
    fn digests(&self, place: &str) -> String {
        let output = self.command("plan", place).arg("--json").output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{}", told(&output));
        let text = String::from_utf8(output.stdout).expect("output is text");
        let steps = text.lines().count();
        let known = text
            .lines()
            .filter(|line| line.contains(r#""state":"up to date""#))
            .count();
        assert_eq!(known, steps, "{text}");
        // A key depends on the store where a variable of the environment is in it.
        let without_key = |line: &str| {
            let mut step: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            step["key"].take();
            step.to_string() + "\n"
        };
        text.lines().map(without_key).collect()
    }

    /// No object differs from its digest.
    fn verify(&self, place: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweepline"));
        let output = command
            .arg("verify")
            .arg("--outputs")
            .arg(self.space.path(place))
            .current_dir(&self.folder)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", told(&output));
    }

    fn remove(&self, place: &str) {
        fs::remove_dir_all(self.space.path(place)).expect("the run made it");
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Moments between 0 and 1 (SplitMix64).
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Moments(setting("SWEEPLINE_KILL_SEED", 0))
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn kills_at_random_moments_leave_the_bytes_of_an_undisturbed_run() {
    let subject = Subject::hard();
    let begin = Instant::now();
    subject.finish("undisturbed");
    let whole = begin.elapsed();
    let want = subject.digests("undisturbed");
    let wanted = setting("SWEEPLINE_KILLS", 8);
    let mut moments = Moments::new();
    let (mut kills, mut resumed) = (0, 0);
    while kills < wanted {
        // The same store is killed until a run comes through, so that resumed runs are killed too.
        loop {
            let said = fs::File::create(subject.space.path("said")).expect("a file");
            let mut child = subject.run("killed").stderr(said).spawn();
            let child = child.as_mut().expect("the program starts");
            let deadline = Instant::now() + whole.mul_f64(moments.next());
            while Instant::now() < deadline && child.try_wait().expect("it is our child").is_none()
            {
                std::thread::sleep(Duration::from_micros(200));
            }
            // Killing what has just ended does nothing.
            let _ = child.kill();
            let status = child.wait().expect("it is our child");
            if status.signal().is_none() {
                let said = subject.space.read("said");
                assert!(status.success(), "{status} after {kills} kills: {said}");
                break;
            }
            kills += 1;
        }
        subject.finish("killed");
        assert_eq!(subject.digests("killed"), want, "after {kills} kills");
        subject.verify("killed");
        subject.remove("killed");
        resumed += 1;
    }
    println!(
        "{kills} kills in {resumed} stores: every one ended in the digests of an undisturbed run"
    );
}

#[test]
fn write_errors_are_told_and_lose_nothing() {
    let subject = Subject::small();
    subject.finish("undisturbed");
    let want = subject.digests("undisturbed");
    let count = subject.space.path("count");
    let store = |place: &str| subject.space.path(place);
    let strike = |place: &str, fault: Option<Fault>| {
        let mut command = subject.run(place);
        // One at a time, so that the calls come in the same order every time.
        command.args(["--jobs", "1"]);
        faults::inject(&mut command, &store(place), fault, &count);
        command.output().expect("the program starts")
    };
    let calls = {
        let output = strike("counted", None);
        assert!(output.status.success(), "{}", told(&output));
        number(&count)
    };
    let mut moments = Moments::new();
    let mut ends = BTreeMap::<String, u64>::new();
    let wanted = setting("SWEEPLINE_FAULTS", 12);
    for round in 0..wanted {
        let at = 1 + (moments.next() * calls as f64) as u64;
        let (error, lasts) = match round % 3 {
            0 => (ENOSPC, true),
            1 => (ENOSPC, false),
            _ => (EIO, false),
        };
        let fault = Fault { at, error, lasts };
        let output = strike("struck", Some(fault));
        let said = told(&output);
        let code = output.status.code();
        assert!(!said.contains("panicked"), "{fault:?}: {said}");
        // 0: the call did not matter; 1: a step failed; 3: the store cannot be used.
        assert!(
            matches!(code, Some(0 | 1 | 3)),
            "{fault:?}: {code:?} {said}"
        );
        if code != Some(0) {
            let named = REASONS.iter().any(|reason| said.contains(reason));
            assert!(named, "{fault:?}: {said}");
        }
        *ends.entry(format!("{code:?}")).or_default() += 1;
        if store("struck").exists() {
            subject.finish("struck");
            assert_eq!(subject.digests("struck"), want, "{fault:?}");
            subject.verify("struck");
            subject.remove("struck");
        }
    }
    println!("{wanted} write errors among {calls} calls, exit codes {ends:?}: nothing was lost");
}

/// SQLite tells some calls only what it was about, not why they failed.
const REASONS: [&str; 5] = [
    "the disk is full",
    "No space left on device",
    "Input/output error",
    "disk I/O error",
    "unable to open database file",
];

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

fn number(path: &Path) -> u64 {
    let text = fs::read_to_string(path).expect("the count was written");
    text.trim().parse().expect("it is a number")
}
