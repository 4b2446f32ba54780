//! Where a shell stands in a command: at its start, or behind what runs another command.

use super::script;
use super::sequences::is_reserved;

/// What runs the command that its arguments name.
const RUNNERS: [&str; 32] = [
    "builtin",
    "chrt",
    "command",
    "conda",
    "doas",
    "env",
    "exec",
    "hatch",
    "ionice",
    "mamba",
    "micromamba",
    "mpiexec",
    "mpirun",
    "nice",
    "nohup",
    "numactl",
    "parallel",
    "pipenv",
    "pixi",
    "poetry",
    "setsid",
    "srun",
    "stdbuf",
    "strace",
    "sudo",
    "taskset",
    "time",
    "timeout",
    "unshare",
    "uv",
    "xargs",
    "xvfb-run",
];

/// What runs it elsewhere, so that a name comes first: a host, an image, a lock.
const RUNNERS_AT: [&str; 7] = [
    "apptainer",
    "chroot",
    "docker",
    "flock",
    "podman",
    "singularity",
    "ssh",
];

/// Options of those that take no value: a shell may follow. Behind any other it may be a value.
const BARE: [&str; 13] = [
    "-",
    "--",
    "-0",
    "-E",
    "-T",
    "-i",
    "-p",
    "-r",
    "-t",
    "-v",
    "--exclusive",
    "--pty",
    "--rm",
];

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_shell(word: &str) -> bool {
    !word.contains('=') && script::SHELLS.contains(&base(word))
}

/// What comes after the shell that arguments call; none where a shell's name may be anything else.
pub(super) fn after_shell<'a, 'b>(arguments: &'b [&'a str]) -> Option<&'b [&'a str]> {
    let mut has_runner = false;
    let mut names = 0;
    let mut may_be_value = false;
    for (at, word) in arguments.iter().enumerate() {
        let is_value = std::mem::take(&mut may_be_value);
        if is_shell(word) {
            return (!is_value).then_some(&arguments[at + 1..]);
        }
        let name = base(word);
        if has_runner && word.starts_with('-') {
            may_be_value = !word.contains('=') && !BARE.contains(word);
        } else if is_value || word.contains('=') || is_reserved(word) {
            // What is set, or stands before a command.
        } else if RUNNERS.contains(&name) || RUNNERS_AT.contains(&name) {
            has_runner = true;
            names += usize::from(RUNNERS_AT.contains(&name));
        } else if has_runner && (*word == "run" || word.starts_with(|c: char| c.is_ascii_digit())) {
            // `conda run`, `timeout 60`.
        } else if has_runner && names > 0 {
            names -= 1;
        } else {
            return None;
        }
    }
    None
}
