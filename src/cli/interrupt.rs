//! Ctrl-C: the first stops at the next training step and keeps checkpoints, the second at once. A
//! request to end (SIGTERM) and a terminal that closes (SIGHUP) count as one; under `nohup` the
//! latter is nothing.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::thread;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use super::exit::Exit;
use super::printer;
use super::printer::Printer;

/// Counts the signals to stop. The engine looks at the count; the second signal ends the process,
/// which loses nothing that was finished.
///
/// # Errors
/// Where the system refuses signal handlers.
pub(super) fn watch() -> io::Result<Arc<AtomicU8>> {
    let count = Arc::new(AtomicU8::new(0));
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    let counted = count.clone();
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for _ in signals.forever() {
                if counted.fetch_add(1, Ordering::SeqCst) >= 1 {
                    // The shell's prompt comes below the bars, not over them.
                    if printer::error_is_seen() {
                        let _ = writeln!(Printer::error());
                    }
                    std::process::exit(Exit::Interrupted as i32);
                }
            }
        })?;
    Ok(count)
}

/// Whether whoever started this process wants a signal ignored, as far as the system says.
fn ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
