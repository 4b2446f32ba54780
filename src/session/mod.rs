//! Programs that are started apart from the terminal: Ctrl-C there is not for them, and nobody could answer what
//! they ask there.
//!
//! A group of its own would do for the first. But a program that is in no session of its own finds the terminal behind
//! `/dev/tty`, whatever its input is, and is stopped by the system when it reads an answer there: for ever,
//! and without a word.

use std::process::Command;

/// Has a program lead a group that no terminal belongs to: to open `/dev/tty` fails.
#[cfg(unix)]
pub(crate) fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    if !has_terminal() {
        // There is none to be kept from, and the system starts a program faster that does nothing for itself before.
        command.process_group(0);
        return;
    }
    // SAFETY: between fork and exec of a process with threads, only what is safe in a signal handler may be called.
    // This is a system call without locks or allocation.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

#[cfg(not(unix))]
pub(crate) fn apart(_: &mut Command) {}

/// Whether this process has a terminal that its children would find.
#[cfg(unix)]
fn has_terminal() -> bool {
    static HAS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HAS.get_or_init(|| std::fs::File::open("/dev/tty").is_ok())
}
