//! `sweepline events`: what happened in a run, as JSON lines, also while it happens.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::time::Duration;

use super::args::EventsArgs;
use super::exit::Exit;
use super::printer::Printer;
use super::runs;
use super::stop::Stop;
use crate::engine::Event;
use crate::engine::Timed;
use crate::text::ShowPath;

/// How long to sleep at the end of a file that may grow.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the events of a run, and goes on until it ends where that is asked for.
pub(super) fn events(
    args: &EventsArgs,
    out: &mut Printer,
    err: &mut Printer,
) -> Result<Exit, Stop> {
    let store = runs::open(&args.store, err)?;
    let run = runs::find(&store, None, &args.run, err)?;
    let path = runs::events_file(&store, &run.run);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) => {
            writeln!(err, "error: cannot read `{}`: {error}", path.shown())?;
            return Ok(Exit::Failed);
        }
    };
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    // Asked before reading: what a run wrote before it died is all read after it was seen dead.
    let mut alive = store.writer().is_some();
    loop {
        file.read_until(b'\n', &mut line)?;
        if line.ends_with(b"\n") {
            out.write_all(&line)?;
            let ended = serde_json::from_slice::<Timed>(&line)
                .is_ok_and(|timed| matches!(timed.event, Event::RunFinished { .. }));
            line.clear();
            if ended {
                break;
            }
            continue;
        }
        // The end, or half a line.
        out.flush()?;
        if !args.follow || !alive {
            break;
        }
        std::thread::sleep(PAUSE);
        alive = store.writer().is_some();
    }
    Ok(Exit::Success)
}
