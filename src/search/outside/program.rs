//! The program of `command` while it runs.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

#[cfg(unix)]
use rustix::process::Pid;
#[cfg(unix)]
use rustix::process::Signal;

use super::Answered;
use super::Command;
use super::CommandParams;
use super::OutsideError;
use super::Redrawn;
use super::proposal;
use super::request;
use crate::registry::Entry;
use crate::registry::ParamError;
use crate::registry::Values;
use crate::search::Ask;
use crate::search::Method;
use crate::search::Proposal;
use crate::session;

/// `command` with its program, which runs in the folder of the project.
pub struct Program {
    root: PathBuf,
    /// Above 0 once the program is not to be waited for.
    stop: Arc<AtomicU8>,
    /// Nobody is there any more who would take an answer.
    gone: Arc<AtomicBool>,
    state: Mutex<State>,
}

/// What it is asked, and has answered.
#[derive(Default)]
struct State {
    /// For which trial it is asked. What it reads is the same whenever it is asked for that.
    asked: Option<(usize, JoinHandle<Result<String, OutsideError>>)>,
    /// For which trial it gave no point, and why: it is not asked for that again.
    failed: Option<(usize, ParamError)>,
    /// Trials for which it proposed what cannot be taken.
    redrawn: Vec<(usize, Redrawn)>,
}

impl Program {
    /// The program of a project in this folder, which is given up as soon as `stop` is above 0.
    pub fn new(root: &Path, stop: Arc<AtomicU8>) -> Self {
        Program {
            root: root.to_owned(),
            stop,
            gone: Arc::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trials for which it proposed what could not be taken, for this reason, so that they were drawn at random.
    pub fn redrawn(&self, why: Redrawn) -> Vec<usize> {
        let state = self.state();
        let of = state.redrawn.iter().filter(|(_, because)| *because == why);
        of.map(|(trial, _)| *trial).collect()
    }

    /// Whether it is asked for a trial, and nobody has taken its answer.
    pub fn is_asked(&self) -> bool {
        self.state().asked.is_some()
    }

    /// Whether its answer is there to be taken.
    pub fn has_answered(&self) -> bool {
        self.answered().is_some()
    }

    /// The trial for which its answer is there to be taken.
    pub fn answered(&self) -> Option<usize> {
        let state = self.state();
        let asked = state.asked.as_ref();
        let done = asked.filter(|(_, thread)| thread.is_finished());
        done.map(|(trial, _)| *trial)
    }

    /// Lets go of an answer that nobody wants any more: as trials became fewer meanwhile, or a manifest that nobody
    /// understands.
    pub fn let_go(&self, trial: usize) {
        let asked = &mut self.state().asked;
        if asked
            .as_ref()
            .is_some_and(|(asked, thread)| *asked == trial && thread.is_finished())
        {
            asked.take();
        }
    }

    fn ask(&self, ask: &Ask<'_>, wait: bool) -> Result<Proposal, ParamError> {
        match Command.propose(ask)? {
            Proposal::NotAsked => {}
            known => return Ok(known),
        }
        let mut state = self.state();
        if let Some((_, error)) = state.failed.as_ref().filter(|(trial, _)| *trial == ask.k) {
            return Err(error.clone());
        }
        let thread = match state.asked.take() {
            Some((trial, thread)) if trial == ask.k => thread,
            // Who asks for another trial has the answer from elsewhere.
            _ => self.begin(ask)?,
        };
        if !wait && !thread.is_finished() {
            state.asked = Some((ask.k, thread));
            return Ok(Proposal::NotAsked);
        }
        let answer = thread.join().unwrap_or(Err(OutsideError::Stopped));
        match answer.and_then(|printed| proposal(ask, &printed)) {
            Ok(Answered { proposal, redrawn }) => {
                state.redrawn.extend(redrawn.map(|why| (ask.k, why)));
                Ok(proposal)
            }
            // What it has answered before is kept.
            Err(OutsideError::Stopped) => Ok(Proposal::NotAsked),
            Err(error) => {
                let why = format!("asked for trial {}, the program gave none: {error}", ask.k);
                let error = ParamError::new("run", why);
                state.failed = Some((ask.k, error.clone()));
                Err(error)
            }
        }
    }

    fn begin(&self, ask: &Ask<'_>) -> Result<JoinHandle<Result<String, OutsideError>>, ParamError> {
        let params = CommandParams::read(ask.params)?;
        let (root, request) = (self.root.clone(), request(ask));
        let (stop, gone) = (Arc::clone(&self.stop), Arc::clone(&self.gone));
        Ok(thread::spawn(move || {
            answer(&params, &root, &request, || {
                stop.load(Ordering::SeqCst) > 0 || gone.load(Ordering::SeqCst)
            })
        }))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        if let Some((_, thread)) = self.state().asked.take() {
            // What it would have said is lost.
            let _ = thread.join();
        }
    }
}

/// A program that proposes.
pub struct Asking<'a> {
    pub program: &'a Program,
    /// Whether somebody waits for it: else it proposes nothing before it has answered.
    pub waits: bool,
}

impl Entry for Asking<'_> {
    fn name(&self) -> &'static str {
        Command.name()
    }

    fn summary(&self) -> &'static str {
        Command.summary()
    }
}

impl Method for Asking<'_> {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        self.program.ask(ask, self.waits)
    }

    fn learns(&self) -> bool {
        Command.learns()
    }

    fn looks_back(&self, params: &Values, k: usize) -> bool {
        Command.looks_back(params, k)
    }

    fn is_outside(&self) -> bool {
        true
    }
}

/// How often a program is looked after.
const GLANCE: Duration = Duration::from_millis(5);

/// So much of what a program says in its end is passed on.
const LAST_WORDS: usize = 600;

/// What the program prints. It reads and writes files, so that nobody waits for a pipe that a child of
/// it holds open.
fn answer(
    params: &CommandParams,
    root: &Path,
    request: &str,
    stop: impl Fn() -> bool,
) -> Result<String, OutsideError> {
    let failed = |error: io::Error| OutsideError::Start(params.run.join(" "), error);
    let (program, arguments) = params.run.split_first().ok_or(OutsideError::NoProgram)?;
    let mut files = Vec::new();
    for _ in 0..3 {
        files.push(nameless().map_err(failed)?);
    }
    let [input, out, err] = &mut files[..] else {
        unreachable!("there are three");
    };
    input.write_all(request.as_bytes()).map_err(failed)?;
    input.rewind().map_err(failed)?;
    let handle = |file: &File| file.try_clone().map(Stdio::from).map_err(failed);
    let mut command = process::Command::new(program);
    command
        .args(arguments)
        .current_dir(root)
        .stdin(handle(input)?)
        .stdout(handle(out)?)
        .stderr(handle(err)?);
    // With what it starts it is a group, which ends as one.
    session::apart(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        let given_up = match begun.elapsed().as_secs_f64() > params.timeout {
            true => Some(OutsideError::Timeout(params.timeout)),
            false => stop().then_some(OutsideError::Stopped),
        };
        if let Some(given_up) = given_up {
            end(&mut child).map_err(failed)?;
            return Err(given_up);
        }
        thread::sleep(GLANCE);
    };
    if !status.success() {
        let said = text(err).map_err(failed)?;
        let said = said.trim_end();
        let from = said.len().saturating_sub(LAST_WORDS);
        let from = (from..=said.len()).find(|at| said.is_char_boundary(*at));
        let said = said[from.unwrap_or_default()..].to_owned();
        return Err(OutsideError::Died { status, said });
    }
    text(out).map_err(failed)
}

/// Ends a program and what it has started.
fn end(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Gone, if it cannot be reached.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// A file that goes with the last handle on it.
fn nameless() -> io::Result<File> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let name = format!("sweepline-ask-{:016x}", u64::from_le_bytes(random));
    let path: PathBuf = std::env::temp_dir().join(name);
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
