//! What programs say of themselves where `environment` asks them: the versions that a step ran with.
//!
//! They are asked in the process that runs the step, which may be on another machine than the one that made its
//! key; each at most once a minute, however many steps there are, and those of keys once more when all has ended.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::params::CommandParams;
use super::program;
use super::secrets::Secrets;
use super::shell::shell;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::process;
use crate::engine::process::Rules;
use crate::engine::process::Stream;
use crate::plan::first_difference;
use crate::registry::Value;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(60);

/// How long one that could not be asked is left alone: what stands in the way is often over soon.
const FAILURE_HOLDS: Duration = Duration::from_secs(10);

/// How long a program may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than any list of packages has; what follows is cut.
const LONGEST: usize = 256 << 10;

/// One entry of `environment`.
#[derive(Debug, PartialEq)]
pub(super) struct Question<'p> {
    pub name: &'p str,
    /// For the shell.
    pub run: &'p str,
    /// Whether the answer belongs to the key.
    pub key: bool,
}

impl<'p> Question<'p> {
    /// Reads `python: python --version`, or `packages: {run: pip freeze, key: true}`.
    pub(super) fn read(name: &'p str, value: &'p Value) -> Option<Self> {
        let (run, key) = match value {
            Value::Str(run) => (run, false),
            Value::Map(fields) => {
                let known = |name: &String| name == "run" || name == "key";
                let key = match fields.get("key") {
                    None => false,
                    Some(Value::Bool(key)) => *key,
                    Some(_) => return None,
                };
                match fields.get("run") {
                    Some(Value::Str(run)) if fields.keys().all(known) => (run, key),
                    _ => return None,
                }
            }
            _ => return None,
        };
        (!run.trim().is_empty()).then_some(Question { name, run, key })
    }
}

/// What each program says now.
///
/// # Errors
/// Where one whose answer belongs to the key says nothing; others are warned of.
pub(super) fn answers(
    job: &Job<'_>,
    params: &CommandParams,
) -> Result<BTreeMap<String, String>, JobError> {
    let mut answers = BTreeMap::new();
    for question in params.questions() {
        let asked = Asked::of(&question, params, job.root);
        match asked.answer(When::Now) {
            Ok(said) => {
                answers.insert(question.name.to_owned(), said.to_string());
            }
            Err(error) if question.key => return Err(JobError::failed(error)),
            Err(error) => job.link.warn(&format!("{error}: not recorded")),
        }
    }
    Ok(answers)
}

/// Whether the programs whose answers belong to the key say at the end of a step what they said before it, as far as
/// they are asked again by then. One that cannot be asked has said nothing else: that is a warning.
///
/// # Errors
/// Where one does not.
pub(super) fn unchanged(
    job: &Job<'_>,
    params: &CommandParams,
    before: &BTreeMap<String, String>,
) -> Result<(), JobError> {
    for question in params.questions().filter(|question| question.key) {
        let asked = Asked::of(&question, params, job.root);
        let now = match asked.answer(When::Now) {
            Ok(now) => now,
            Err(error) => {
                job.link.warn(&not_known(&error));
                continue;
            }
        };
        let known = before.get(question.name);
        if let Some(known) = known.filter(|known| **known != *now) {
            let (known, now) = first_difference(known, &now);
            return Err(JobError::failed(format!(
                "`environment` {} changed while the step ran: `{}`, then `{}`",
                question.name,
                known.unwrap_or_default(),
                now.unwrap_or_default()
            ))
            .hint("it may have run with either version, so there is no result: run again")
            .disturbed());
        }
    }
    Ok(())
}

/// What is said of a program that can't be asked again.
fn not_known(error: &str) -> String {
    format!("{error}: whether it changed meanwhile is not known")
}

/// The answers that belong to the key as programs have given them at `made` or later; or why one says nothing.
pub(super) fn keyed_since(
    params: &CommandParams,
    root: &Path,
    made: Instant,
) -> Vec<(String, Result<Arc<str>, String>)> {
    keyed_as(params, root, When::Since(made))
        .map(|(name, said)| (name, said.map_err(|error| not_known(&error))))
        .collect()
}

/// The answers that belong to the key: the first ones of this process.
///
/// # Errors
/// Where a program says nothing.
pub(super) fn keyed(params: &CommandParams, root: &Path) -> io::Result<Vec<(String, Arc<str>)>> {
    keyed_as(params, root, When::First)
        .map(|(name, said)| Ok((name, said.map_err(io::Error::other)?)))
        .collect()
}

fn keyed_as(
    params: &CommandParams,
    root: &Path,
    when: When,
) -> impl Iterator<Item = (String, Said)> {
    let keyed = params.questions().filter(|question| question.key);
    keyed.map(move |question| {
        let said = Asked::of(&question, params, root).answer(when);
        (question.name.to_owned(), said)
    })
}

/// Which answer is meant.
#[derive(Clone, Copy, PartialEq)]
enum When {
    First,
    Now,
    /// The first one where it was given then or later, else one that was.
    Since(Instant),
}

/// All that an answer depends on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Asked {
    name: String,
    run: String,
    environment: Vec<(String, OsString)>,
    secrets: Secrets,
}

type Said = Result<Arc<str>, String>;

#[derive(Default)]
struct Known {
    first: Option<Said>,
    last: Option<Answer>,
    /// When the first answer was last given.
    held: Option<Instant>,
}

struct Answer {
    asked: Instant,
    given: Instant,
    said: Said,
}

impl Answer {
    fn holds(&self) -> bool {
        match self.said {
            Ok(_) => self.asked.elapsed() < HOLDS,
            Err(_) => self.given.elapsed() < FAILURE_HOLDS,
        }
    }

    /// Whether nothing newer than this is needed to know what is so then or later.
    fn is_of(&self, then: Instant) -> bool {
        match self.said {
            Ok(_) => self.asked >= then,
            Err(_) => self.holds(),
        }
    }
}

impl Asked {
    fn of(question: &Question<'_>, params: &CommandParams, root: &Path) -> Self {
        let mut environment = program::passed_on(params);
        environment.push(("root".to_owned(), root.into()));
        Asked {
            name: question.name.to_owned(),
            run: question.run.to_owned(),
            environment,
            secrets: Secrets::of(params),
        }
    }

    /// Asked by many steps at once, a program is started once.
    fn answer(&self, when: When) -> Said {
        static ALL: Mutex<Option<HashMap<Asked, Arc<Mutex<Known>>>>> = Mutex::new(None);
        let known = {
            let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.get_or_insert_default().entry(self.clone()).or_default())
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.last.as_ref();
        let enough = match (when, &known.first) {
            (When::First, Some(first)) => Some(first),
            (When::Since(then), Some(first)) if known.held.is_some_and(|held| held >= then) => {
                Some(first)
            }
            (When::Since(then), _) => last.filter(|last| last.is_of(then)).map(|last| &last.said),
            (When::Now, _) => last.filter(|last| last.holds()).map(|last| &last.said),
            (When::First, None) => None,
        };
        if let Some(said) = enough {
            return said.clone();
        }
        // What it says is of a moment no earlier than this one.
        let asked = Instant::now();
        let mut said = self.ask();
        if said.is_err() && matches!(known.first, Some(Ok(_))) {
            said = self.ask();
        }
        if *known.first.get_or_insert_with(|| said.clone()) == said {
            known.held = Some(asked);
        }
        let given = Instant::now();
        let answer = said.clone();
        known.last = Some(Answer { asked, given, said });
        answer
    }

    fn ask(&self) -> Said {
        let fail = |why: String| {
            let text = format!("`environment` {}: `{}` {why}", self.name, self.run.trim());
            self.secrets.without(&text)
        };
        // On a thread of its own: whatever the first thread has for children counts as left behind.
        let asked = std::thread::scope(|scope| scope.spawn(|| self.run()).join());
        let (end, out, err, late) = match asked {
            Ok(asked) => asked.map_err(|error| fail(format!("cannot be run: {error}")))?,
            Err(_) => return Err(fail("cannot be run".to_owned())),
        };
        if late {
            return Err(fail(format!("took longer than {} s", PATIENCE.as_secs())));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let (out, err) = (text(&out), text(&err));
        if !end.status.success() {
            let how = process::describe(end.status);
            let last = err
                .lines()
                .last()
                .map_or(String::new(), |line| format!(": {line}"));
            return Err(fail(format!("ended with {how}{last}")));
        }
        // Some say their version there.
        let said = if out.is_empty() { err } else { out };
        match said.is_empty() {
            true => Err(fail("said nothing".to_owned())),
            false => Ok(self.secrets.without(&said).into()),
        }
    }

    fn run(&self) -> io::Result<(process::ProcessEnd, Vec<u8>, Vec<u8>, bool)> {
        let shell = shell();
        let mut command = Command::new(&shell.program);
        command.arg0(shell.name).args(shell.flags);
        command.arg("-c").arg(&self.run);
        let folder: PathBuf = std::env::temp_dir();
        command.current_dir(folder).env_clear();
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let rules = Rules {
            memory: None,
            grace: Duration::from_secs(2),
        };
        let began = Instant::now();
        let late = AtomicBool::new(false);
        let is_late = || {
            let is_late = began.elapsed() > PATIENCE;
            late.fetch_or(is_late, Ordering::Relaxed);
            is_late
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut hear = |stream: Stream, bytes: &[u8]| {
            let to = match stream {
                Stream::Out => &mut out,
                Stream::Err => &mut err,
            };
            let room = LONGEST.saturating_sub(to.len());
            to.extend_from_slice(&bytes[..bytes.len().min(room)]);
        };
        let end = process::run(&mut command, rules, &is_late, &mut hear)?;
        Ok((end, out, err, late.into_inner()))
    }
}
