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
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use rustix::process::Pid;

/// The variable that marks what this process has started.
pub(super) const MARK: &str = "SWEEPLINE_STARTED_BY";

/// `?` is a process that is about to be started, `+ 12` the group it leads, `- 12` a group that is
/// gone, `!` a process that could not be started; `$1` is the mark. A child closes our end of the
/// input when it has its own environment, or is about to: the marks are looked for until there are
/// none. Where the system does not show environments, groups alone are ended.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
all=' '
begun=0
while read -r sign group; do
  case $sign in
    \?) begun=$((begun + 1)) ;;
    +) all="$all$group " ;;
    -) all="${all%%" $group "*} ${all#*" $group "}"; begun=$((begun - 1)) ;;
    !) begun=$((begun - 1)) ;;
  esac
done
[ "$begun" -gt 0 ] || exit 0
for group in $all; do
  kill -s KILL -- "-$group"
done
for again in 1 2 3 4 5 6 7 8 9; do
  found=$(grep -ls -- "$1" /proc/[0-9]*/environ)
  [ -n "$found" ] || [ "$again" -le 2 ] || break
  for environment in $found; do
    process=${environment#/proc/}
    kill -s KILL "${process%/environ}"
  done
done
"#;

#[derive(Default)]
struct Guard {
    shell: Option<Child>,
    /// Processes that are about to be started or live.
    begun: usize,
    groups: BTreeSet<i32>,
}

static GUARD: Mutex<Guard> = Mutex::new(Guard {
    shell: None,
    begun: 0,
    groups: BTreeSet::new(),
});

/// Lets a process be found that is started from now on, with what it leaves behind: by the mark
/// that this gives, which is no other's.
pub(super) fn mark(command: &mut Command) -> String {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    // Ends so that no mark begins with another.
    let value = format!("{}-{number}.", value());
    command.env(MARK, &value);
    format!("{MARK}={value}")
}

/// Whether no process is about to be started or lives.
pub(super) fn is_idle() -> bool {
    lock().begun == 0
}

/// The process that waits for our end.
pub(super) fn shell() -> Option<i32> {
    let guard = lock();
    guard.shell.as_ref().map(|shell| shell.id() as i32)
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

/// Says that a process is about to be started.
pub(super) fn begin() {
    let mut guard = lock();
    guard.begun += 1;
    guard.tell_somebody("?\n");
}

/// Says that it could not be started.
pub(super) fn give_up() {
    let mut guard = lock();
    guard.begun -= 1;
    let _ = guard.tell("!\n");
}

/// Says which group was started.
pub(super) fn add(group: Pid) {
    let mut guard = lock();
    guard.groups.insert(raw(group));
    guard.tell_somebody(&format!("+ {}\n", raw(group)));
}

/// Says that a group is gone. To be called before its number can become another's.
pub(super) fn remove(group: Pid) {
    let mut guard = lock();
    guard.groups.remove(&raw(group));
    guard.begun -= 1;
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

    fn tell_somebody(&mut self, line: &str) {
        if self.tell(line).is_err() {
            // Somebody has ended the shell, or there is none yet: another one hears of all.
            let _ = self.start();
        }
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
        let groups = self.groups.iter().map(|group| format!("+ {group}\n"));
        let lines: String = groups.collect();
        self.tell(&("?\n".repeat(self.begun) + &lines))
    }
}
