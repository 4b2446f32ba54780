//! Ends of processes in words.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::plan::Ended;

/// `exit status 3`, `signal 9 (SIGKILL)`.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => match name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
        (None, None) => "an unknown status".to_owned(),
    }
}

/// The same for rules about failures.
pub fn how(status: ExitStatus) -> Option<Ended> {
    let exit = status.code().map(Ended::Exit);
    exit.or_else(|| status.signal().map(Ended::Signal))
}

/// The usual name of a signal. POSIX fixes the numbers of these alone (`kill`, XSI options); the
/// others, such as SIGBUS, differ between systems, and `signal_hook` knows those of this one.
fn name(signal: i32) -> Option<&'static str> {
    signal_hook::low_level::signal_name(signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_signals_have_names() {
        // The low byte is the signal, the next one the status: wait(2).
        assert_eq!(describe(ExitStatus::from_raw(3 << 8)), "exit status 3");
        assert_eq!(describe(ExitStatus::from_raw(9)), "signal 9 (SIGKILL)");
        assert_eq!(describe(ExitStatus::from_raw(6)), "signal 6 (SIGABRT)");
    }
}
