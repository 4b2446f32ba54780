//! What the system shows of a process. Elsewhere than on Linux it shows nothing.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rustix::process::Pid;

/// Of so many processes is looked which files they have open: a tree that grows meanwhile has no end.
const MOST: usize = 1_000;

/// How a process stands.
pub(super) struct Standing {
    /// It has ended, and nobody has asked how.
    pub ended: bool,
    pub group: i32,
    pub session: i32,
}

impl Standing {
    /// None where there is no such process any more.
    pub(super) fn of(process: Pid) -> Option<Self> {
        let stat = fs::read_to_string(file(process, "stat")).ok()?;
        // Its name, which may hold anything, ends before the last bracket.
        let mut fields = stat.rsplit(") ").next()?.split(' ');
        let state = fields.next()?;
        let mut numbers = fields.skip(1).map(|field| field.parse().unwrap_or(0));
        Some(Standing {
            ended: state.starts_with(['Z', 'X']),
            group: numbers.next()?,
            session: numbers.next()?,
        })
    }
}

/// The numbers of all processes.
///
/// # Errors
/// Where the system does not show them.
pub(super) fn all() -> io::Result<impl Iterator<Item = Pid>> {
    let entries = fs::read_dir("/proc")?.flatten();
    Ok(entries.filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(number)
    }))
}

/// What one of its threads has started that runs, or was given as the thread of a process that
/// takes what others leave.
pub(super) fn children(process: &str, thread: &str) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{process}/task/{thread}/children"));
    let list = list.unwrap_or_default();
    let numbers = list.split_whitespace().filter_map(|pid| pid.parse().ok());
    numbers.filter_map(Pid::from_raw).collect()
}

/// Whether a variable of its environment begins so.
pub(super) fn has_mark(process: Pid, mark: &str) -> bool {
    let environment = fs::read(file(process, "environ")).unwrap_or_default();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| variable.starts_with(mark.as_bytes()))
}

/// What people call a process.
pub(super) fn name(process: Pid) -> String {
    let line = fs::read(file(process, "cmdline")).unwrap_or_default();
    let words = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
    let mut text = words.join(" ");
    if let Some((end, _)) = text.char_indices().nth(60) {
        text.truncate(end);
        text.push('…');
    }
    format!("`{text}` ({})", process.as_raw_nonzero())
}

/// The files that a process, or what it has started, can write to.
pub(super) fn writes(process: Pid) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut tree = vec![process];
    let mut at = 0;
    while let Some(process) = tree.get(at).copied().filter(|_| at < MOST) {
        at += 1;
        open_files(process, &mut files);
        let own = process.as_raw_nonzero().to_string();
        for thread in names(&file(process, "task")) {
            tree.extend(children(&own, &thread));
        }
    }
    files
}

fn open_files(process: Pid, files: &mut Vec<PathBuf>) {
    let folder = file(process, "fd");
    for number in names(&folder) {
        let path = folder.join(number);
        let Ok(target) = fs::read_link(&path) else {
            continue;
        };
        // Pipes and the like have names that are no paths.
        if target.is_absolute() && is_open_to_write(&path) {
            files.push(target);
        }
    }
}

/// The permissions of the link say how the file was opened.
fn is_open_to_write(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let about = fs::symlink_metadata(path);
    about.is_ok_and(|about| about.permissions().mode() & 0o200 != 0)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

fn file(process: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{name}", process.as_raw_nonzero()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_open_to_write_are_told_from_those_that_are_read() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let space = space.path().canonicalize().expect("it is there");
        let (written, read) = (space.join("written"), space.join("read"));
        let _held = fs::File::create(&written).expect("it is ours");
        fs::write(&read, "").expect("it is ours");
        let _also = fs::File::open(&read).expect("it is ours");
        let own = rustix::process::getpid();
        let files = writes(own);
        assert!(files.contains(&written) && !files.contains(&read));
        let standing = Standing::of(own).expect("it runs");
        let group = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(!standing.ended && standing.group == group);
    }
}
