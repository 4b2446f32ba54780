//! Child processes that are really gone when they should be: each leads a process group of its
//! own, apart from the terminal, which ends with it, when it is told to, and when this process dies.
//!
//! A group rather than a process, because programs start programs: stopping a shell leaves alive
//! what the shell has started.

mod adopted;
mod guard;
mod pipes;
mod shown;
mod status;

use std::cell::LazyCell;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::Signal;
use rustix::process::WaitId;
use rustix::process::WaitIdOptions;

use crate::session;

pub use adopted::Left;
pub use adopted::end_leftovers;
pub use pipes::Stream;
pub use status::describe;
pub use status::how;

use pipes::Pipes;

/// The longest wait between two looks at whether the process is to stop.
const GLANCE: Duration = Duration::from_millis(20);

/// The shortest wait for a process that has closed its output but not ended.
const SHORTEST: Duration = Duration::from_micros(50);

/// How long the rest of a group has to end by itself when its leader has ended. What is about to do so needs no longer, as
/// what wrote to a pipe that was closed by that; what is not would keep every step waiting.
const MOMENT: Duration = Duration::from_millis(50);

/// The same where it has a file open for writing in the folder that the leader worked in: on a busy machine or a slow disk
/// its last lines may take longer.
const WRITING: Duration = Duration::from_millis(500);

/// Between two looks at it, at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// How a group ends that is told to.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The memory that each process may have for its data, in bytes.
    pub memory: Option<u64>,
    /// The time between being asked to stop and being killed.
    pub grace: Duration,
}

/// How a process ended.
#[derive(Debug)]
pub struct ProcessEnd {
    pub status: ExitStatus,
    /// It was told to end before it did.
    pub stopped: bool,
    /// What it had left running, which was ended; of its group only where it ended by itself.
    pub left: Vec<Left>,
}

/// Runs a process to its end and hands on what it writes as it comes. Once `cancelled` holds, its
/// group is asked to end, and killed when it does not. Nothing of the group outlives this call, nor,
/// on Linux, what has left the group; what is left when the process has ended has a moment to do so by itself.
///
/// # Errors
/// Where the process cannot be started ([`io::ErrorKind::NotFound`] where there is none) or watched.
pub fn run(
    command: &mut Command,
    rules: Rules,
    cancelled: &dyn Fn() -> bool,
    heard: &mut dyn FnMut(Stream, &[u8]),
) -> io::Result<ProcessEnd> {
    session::apart(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mark = guard::mark(command);
    adopted::adopt();
    if let Some(memory) = rules.memory {
        limit(command, memory);
    }
    guard::begin();
    let mut child = command.spawn().inspect_err(|_| guard::give_up())?;
    let group = Group::of(&child, command);
    let watched =
        Pipes::of(&mut child).and_then(|pipes| watch(&group, pipes, rules, cancelled, heard));
    // Also when it cannot be watched: nothing may go on unseen.
    group.signal(Signal::KILL);
    let leader = group.leader;
    drop(group);
    let status = child.wait()?;
    adopted::await_end_of(leader);
    let outside = adopted::end(&mark, leader);
    watched.map(|watched| {
        let mut left = watched.left;
        left.extend(outside);
        ProcessEnd {
            status,
            stopped: watched.stopped,
            left,
        }
    })
}

/// Sets what a process can only set for itself, between its fork and the start of its program.
///
/// Only for those with a limit: where there is nothing to set, the system starts a program without
/// copying the tables of this process's memory, which grow with the number of steps.
fn limit(command: &mut Command, memory: u64) {
    let set = move || limit_this_process(memory);
    // SAFETY: between fork and exec of a process with threads, only what is safe in a signal
    // handler may be called. This is a system call without locks or allocation.
    unsafe {
        command.pre_exec(set);
    }
}

/// Sets the memory that this process may have for its data, in bytes.
///
/// # Errors
/// Where the system refuses, as where a lower limit is set already.
pub fn limit_this_process(memory: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(memory),
        maximum: Some(memory),
    };
    Ok(rustix::process::setrlimit(Resource::Data, limit)?)
}

/// A group while its leader is not waited for, so that its number is nobody else's.
struct Group {
    leader: Pid,
    /// Where it works.
    folder: Option<PathBuf>,
}

impl Group {
    fn of(child: &Child, command: &Command) -> Self {
        let leader = Pid::from_child(child);
        guard::add(leader);
        Group {
            leader,
            folder: command.get_current_dir().map(Path::to_owned),
        }
    }

    fn signal(&self, signal: Signal) {
        // There is always the leader, dead or alive; the system may refuse what is not ours to kill,
        // as a program with the rights of another user.
        let _ = rustix::process::kill_process_group(self.leader, signal);
    }

    /// Whether the leader has ended; it is left to be waited for.
    fn ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match rustix::process::waitid(WaitId::Pid(self.leader), options) {
            Ok(status) => Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        guard::remove(self.leader);
    }
}

/// How a process was watched to its end.
#[derive(Default)]
struct Watched {
    /// It had to be told to end, or what it left was not to be waited for.
    stopped: bool,
    /// What is left of its group.
    left: Vec<Left>,
}

/// Hears a process out until it has ended; says whether it had to be told to.
fn watch(
    group: &Group,
    mut pipes: Pipes,
    rules: Rules,
    cancelled: &dyn Fn() -> bool,
    heard: &mut dyn FnMut(Stream, &[u8]),
) -> io::Result<Watched> {
    let mut asked: Option<Instant> = None;
    let mut pause = SHORTEST;
    loop {
        // Asked for first: what it wrote before its end is in the pipes then.
        let ended = group.ended()?;
        match pipes.open() {
            _ if ended => {
                let watched = match asked {
                    None => settle(group, &mut pipes, cancelled, heard)?,
                    Some(_) => Watched {
                        stopped: true,
                        ..Watched::default()
                    },
                };
                // What is left of the group would hold the pipes open.
                group.signal(Signal::KILL);
                pipes.read(Duration::ZERO, heard)?;
                return Ok(watched);
            }
            true => pipes.read(GLANCE, heard)?,
            // Most often it is ending just now.
            false => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(GLANCE);
            }
        }
        match asked {
            None if cancelled() => {
                group.signal(Signal::TERM);
                // A stopped process would never hear it.
                group.signal(Signal::CONT);
                asked = Some(Instant::now());
            }
            Some(at) if at.elapsed() >= rules.grace => group.signal(Signal::KILL),
            _ => {}
        }
    }
}

/// Gives what is left of a group a moment to end by itself, and says what has not.
fn settle(
    group: &Group,
    pipes: &mut Pipes,
    cancelled: &dyn Fn() -> bool,
    heard: &mut dyn FnMut(Stream, &[u8]),
) -> io::Result<Watched> {
    let begun = Instant::now();
    // Open files are known by their paths without links.
    let folder = LazyCell::new(|| group.folder.as_ref()?.canonicalize().ok());
    let mut pause = adopted::PAUSE;
    loop {
        let left = adopted::members(group.leader);
        if left.is_empty() {
            return Ok(Watched::default());
        }
        let folder = folder.as_ref();
        let writing = folder.is_some_and(|folder| left.iter().any(|left| left.writes_in(folder)));
        let patience = if writing { WRITING } else { MOMENT };
        let stopped = cancelled();
        if stopped || begun.elapsed() >= patience {
            return Ok(Watched { stopped, left });
        }
        // It may have to get rid of what it says first.
        pipes.read(pause, heard)?;
        // Most end at once; to look whether the others have costs more than they do.
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
