//! Ends the groups of this process when it dies without having done so itself, by `kill -9` for
//! example.
//!
//! A small shell beside us, in a group of its own, is told which groups live. The end of its input
//! is the end of this process, whatever ended it. What was started in the moment before that, and
//! not told of any more, is found by a variable of its environment, where the system shows those.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use rustix::process::Pid;

/// The variable that marks what this process has started.
const MARK: &str = "SWEEPLINE_STARTED_BY";

/// `+ 12` is a group that lives, `- 12` one that is gone; `$1` is the mark. Only what POSIX asks of a
/// shell. Its input is closed in a child only once that has its own environment: at the end of the
/// input all marks are there to be seen.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
all=' '
while read -r sign group; do
  case $sign in
    +) all="$all$group " ;;
    -) all="${all%%" $group "*} ${all#*" $group "}" ;;
  esac
done
for group in $all; do
  kill -s KILL -- "-$group"
done
for environment in $(grep -ls -- "$1" /proc/[0-9]*/environ); do
  process=${environment#/proc/}
  kill -s KILL "${process%/environ}"
done
"#;

#[derive(Default)]
struct Guard {
    shell: Option<Child>,
    groups: BTreeSet<i32>,
}

static GUARD: Mutex<Guard> = Mutex::new(Guard {
    shell: None,
    groups: BTreeSet::new(),
});

/// Lets a process be found that is started from now on.
pub(super) fn mark(command: &mut Command) {
    command.env(MARK, value());
}

/// The number of this process and a time: numbers are given out again.
fn value() -> &'static str {
    static VALUE: OnceLock<String> = OnceLock::new();
    VALUE.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanoseconds = now.unwrap_or_default().as_nanos();
        format!("{}-{nanoseconds:020}", std::process::id())
    })
}

/// Starts the shell where none watches yet: before the first process it is to end.
pub(super) fn start() {
    let mut guard = lock();
    if guard.shell.is_none() {
        // The next call tries again.
        let _ = guard.start();
    }
}

/// Puts a group under guard.
pub(super) fn add(group: Pid) {
    let mut guard = lock();
    guard.groups.insert(raw(group));
    if guard.tell(&format!("+ {}\n", raw(group))).is_err() {
        // Somebody has ended the shell, or there is none yet: another one hears of all.
        let _ = guard.start();
    }
}

/// Says that a group is gone. To be called before its number can become another's.
pub(super) fn remove(group: Pid) {
    let mut guard = lock();
    guard.groups.remove(&raw(group));
    // A shell that is gone does nothing wrong.
    let _ = guard.tell(&format!("- {}\n", raw(group)));
}

fn raw(group: Pid) -> i32 {
    group.as_raw_nonzero().get()
}

fn lock() -> MutexGuard<'static, Guard> {
    // Whole after every statement.
    GUARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guard {
    fn tell(&mut self, line: &str) -> io::Result<()> {
        let shell = self.shell.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let input = shell.stdin.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        input.write_all(line.as_bytes())
    }

    fn start(&mut self) -> io::Result<()> {
        if let Some(mut old) = self.shell.take() {
            old.kill()?;
            old.wait()?;
        }
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sweepline-guard"])
            .arg(format!("{MARK}={}", value()))
            // A Ctrl-C of the terminal is not for it.
            .process_group(0)
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.shell = Some(shell);
        let lines: String = self
            .groups
            .iter()
            .map(|group| format!("+ {group}\n"))
            .collect();
        self.tell(&lines)
    }
}
