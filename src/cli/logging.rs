//! What the program itself does, for those who look into it: `SWEEPLINE_LOG=debug sweepline run …`.
//!
//! A level (`error`, `warn`, `info`, `debug`, `trace`), or levels by room of the source:
//! `sweepline::engine=trace,sweepline::store=debug`. Lines go to standard error, each with the time
//! since the start.

use std::io;
use std::io::Write;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::Uptime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::printer::Printer;

/// The environment variable that switches it on.
const NAME: &str = "SWEEPLINE_LOG";

/// Listens if that is asked for; a filter that cannot be read is said and does no other harm.
pub(super) fn listen() {
    let Some(asked) = std::env::var_os(NAME).filter(|asked| !asked.is_empty()) else {
        return;
    };
    let asked = asked.to_string_lossy();
    match asked.parse::<Targets>() {
        Ok(filter) => {
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(Safe)
                .with_timer(Uptime::default())
                .with_ansi(false);
            tracing_subscriber::registry()
                .with(filter)
                .with(lines)
                .init();
        }
        Err(error) => {
            let help = "say a level (`debug`) or levels by room (`sweepline::store=trace`)";
            // Nobody listens where standard error is gone.
            let _ = writeln!(
                Printer::error(),
                "warning: {NAME}={asked} is not understood: {error}; {help}"
            );
        }
    }
}

/// Standard error through the printer: logs hold names and values as others wrote them.
struct Safe;

impl<'a> MakeWriter<'a> for Safe {
    type Writer = Line;
    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// One line, printed when it is whole.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = Printer::error().write_all(&self.0);
    }
}
