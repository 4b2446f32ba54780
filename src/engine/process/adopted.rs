//! Processes that outlive the one that started them: those that stay in its group, and those that leave it, as
//! daemons do.
//!
//! This process asks to be the parent of what its children leave behind: such a process becomes a
//! child of ours when whoever started it ends, and is ended with the step that it was started for,
//! which it knows by a variable of its environment. Elsewhere than on Linux such processes are
//! beyond us.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitOptions;

use super::guard;
use super::shown;
use super::shown::Standing;

/// So often a step's leftovers are looked for until there are none: each may have left others.
const ROUNDS: usize = 50;

/// The time between two looks: what was killed takes a moment to end.
pub(super) const PAUSE: Duration = Duration::from_millis(2);

/// What a process had left running, which was ended.
#[derive(Debug)]
pub struct Left {
    /// Its command line, and its number.
    pub name: String,
    /// The files that it, or what it had started, could still write to.
    writes: Vec<PathBuf>,
}

impl Left {
    fn of(process: Pid) -> Self {
        Left {
            name: shown::name(process),
            writes: shown::writes(process),
        }
    }

    /// Whether it could still write to this file, or to one in this folder, which is reached by no link.
    pub fn writes_in(&self, place: &Path) -> bool {
        self.writes.iter().any(|file| file.starts_with(place))
    }
}

/// Whether children may come to this process that none of its own has left: of what a script had begun before it became
/// this program (`exec`), or of anything in a container whose first process it is.
static STRANGERS: OnceLock<bool> = OnceLock::new();

/// Has what our children leave behind become children of this process.
pub(super) fn adopt() {
    STRANGERS.get_or_init(|| {
        let strangers = std::process::id() == 1 || !children().is_empty();
        #[cfg(target_os = "linux")]
        {
            // Where the system refuses, daemons are nobody's as before.
            let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        }
        strangers
    });
}

/// Waits until a group is gone that was killed: what its last members leave behind is ours then.
pub(super) fn await_end_of(group: Pid) {
    for _ in 0..ROUNDS {
        if rustix::process::test_kill_process_group(group).is_err() {
            return;
        }
        children().into_iter().for_each(|child| {
            standing(child);
        });
        std::thread::sleep(PAUSE);
    }
}

/// What runs in a group whose leader has ended. Where no step has left anything this reads one small file.
pub(super) fn members(group: Pid) -> Vec<Left> {
    let number = group.as_raw_nonzero().get();
    // The leader itself is waited for by who has started it, who may be our first thread.
    let is_in =
        |child: &Pid| *child != group && standing(*child).is_some_and(|now| now.group == number);
    let members = children().into_iter().filter(is_in);
    members.map(Left::of).collect()
}

/// Ends what the attempt with this mark, of which this was the first process, has left running, and says what that
/// was. One without any mark is this attempt's where no other is under way and nobody else can have left it. Without
/// leftovers of any step this reads one small file.
pub(super) fn end(mark: &str, leader: Pid) -> Vec<Left> {
    let mut ended = Vec::new();
    let mut seen = Vec::new();
    let session = leader.as_raw_nonzero().get();
    let strangers = STRANGERS.get().is_some_and(|strangers| *strangers);
    for _ in 0..ROUNDS {
        let alone = guard::is_idle();
        let mut found = false;
        for child in children() {
            let Some(now) = standing(child) else {
                continue;
            };
            let marks = |begin: &str| shown::has_mark(child, begin);
            let unmarked = || alone && (!strangers || now.session == session);
            if !(marks(mark) || (unmarked() && !marks(guard::MARK))) {
                continue;
            }
            found = true;
            if !seen.contains(&child) {
                seen.push(child);
                ended.push(Left::of(child));
            }
            // Its group first: what it has started itself.
            let _ = rustix::process::kill_process_group(child, Signal::KILL);
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        if !found {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    ended
}

/// The processes that this one was given: children of its first thread, which starts none itself.
fn children() -> Vec<Pid> {
    let mut children = shown::children("self", &std::process::id().to_string());
    let guard = guard::shell();
    children.retain(|child| Some(child.as_raw_nonzero().get()) != guard);
    children
}

/// How a child stands that runs. One that has ended is waited for, as it has nobody else.
fn standing(child: Pid) -> Option<Standing> {
    let now = Standing::of(child)?;
    if now.ended {
        let _ = rustix::process::waitpid(Some(child), WaitOptions::NOHANG);
        return None;
    }
    Some(now)
}

/// Ends every process whose environment has a variable whose value begins so: what an earlier run
/// left that could not end it itself. Says what that was.
///
/// # Errors
/// Where the system does not show processes.
pub fn end_leftovers(variable: &str, value: &str) -> io::Result<Vec<String>> {
    let begin = format!("{variable}={value}");
    let own = rustix::process::getpid();
    let mut ended = Vec::new();
    for process in shown::all()?.filter(|pid| *pid != own) {
        if shown::has_mark(process, &begin) {
            ended.push(shown::name(process));
            let _ = rustix::process::kill_process(process, Signal::KILL);
        }
    }
    Ok(ended)
}
