//! Processes that leave the group they were started in, as daemons do.
//!
//! This process asks to be the parent of what its children leave behind: a daemon then becomes a
//! child of ours when whoever started it ends, and is ended with the step that it was started for,
//! which it knows by a variable of its environment. Elsewhere than on Linux such processes are
//! beyond us.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitOptions;

use super::guard;

/// So often a step's leftovers are looked for until there are none: each may have left others.
const ROUNDS: usize = 50;

/// The time between two looks: what was killed takes a moment to end.
const PAUSE: Duration = Duration::from_millis(2);

/// Has what our children leave behind become children of this process.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // Where the system refuses, daemons are nobody's as before.
            let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        });
    }
}

/// Waits until a group is gone that was killed: what its last members leave behind is ours then.
pub(super) fn await_end_of(group: Pid) {
    for _ in 0..ROUNDS {
        if rustix::process::test_kill_process_group(group).is_err() {
            return;
        }
        children().into_iter().for_each(|child| {
            is_gone(child);
        });
        std::thread::sleep(PAUSE);
    }
}

/// Ends what the attempt with this mark has left running, and says what that was. One without any
/// mark is this attempt's where no other is under way. Without leftovers of any step this reads one
/// small file.
pub(super) fn end(mark: &str) -> Vec<String> {
    let mut ended = Vec::new();
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        let alone = guard::is_idle();
        let mut found = false;
        for child in children() {
            let marks = |begin: &str| has_mark(child, begin);
            if is_gone(child) || !(marks(mark) || (alone && !marks(guard::MARK))) {
                continue;
            }
            found = true;
            if !seen.contains(&child) {
                seen.push(child);
                ended.push(name(child));
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
    let own = std::process::id();
    let list = fs::read_to_string(format!("/proc/self/task/{own}/children"));
    let list = list.unwrap_or_default();
    let guard = guard::shell();
    let numbers = list.split_whitespace().filter_map(|pid| pid.parse().ok());
    let pids = numbers.filter(|pid| Some(*pid) != guard);
    pids.filter_map(Pid::from_raw).collect()
}

/// Whether a process has ended; then it is waited for, as it has nobody else.
fn is_gone(child: Pid) -> bool {
    match fs::read_to_string(file(child, "stat")) {
        Ok(stat) => {
            let state = stat.rsplit(") ").next().unwrap_or_default();
            if state.starts_with(['Z', 'X']) {
                let _ = rustix::process::waitpid(Some(child), WaitOptions::NOHANG);
                return true;
            }
            false
        }
        Err(_) => true,
    }
}

/// Whether a variable of its environment begins so.
fn has_mark(child: Pid, mark: &str) -> bool {
    let environment = fs::read(file(child, "environ")).unwrap_or_default();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| variable.starts_with(mark.as_bytes()))
}

/// What people call a process.
fn name(child: Pid) -> String {
    let line = fs::read(file(child, "cmdline")).unwrap_or_default();
    let words = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
    let mut text = words.join(" ");
    if let Some((end, _)) = text.char_indices().nth(60) {
        text.truncate(end);
        text.push('…');
    }
    format!("`{text}` ({})", child.as_raw_nonzero())
}

fn file(child: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{name}", child.as_raw_nonzero()))
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
    for entry in fs::read_dir("/proc")?.flatten() {
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(process) = number.and_then(Pid::from_raw).filter(|pid| *pid != own) else {
            continue;
        };
        if has_mark(process, &begin) {
            ended.push(name(process));
            let _ = rustix::process::kill_process(process, Signal::KILL);
        }
    }
    Ok(ended)
}
