//! Ends the groups of this process when it dies without having done so itself, by `kill -9` for
//! example. The system can kill the leader of a group then, but not those the leader has started.
//!
//! A small shell beside us, in a group of its own, is told which groups live. The end of its input
//! is the end of this process, whatever ended it.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rustix::process::Pid;

/// `+ 12` is a group that lives, `- 12` one that is gone. Only what POSIX asks of a shell.
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
