//! `sweepline view`: the report of an experiment in a browser, while it runs and after.
//!
//! A reader beside the run: it follows the run's log of events and reads the store, writes nothing,
//! and can be stopped without anything happening to the run. Only this machine reaches it, and only
//! who knows the token; from elsewhere a tunnel of `ssh` leads to it.

mod followed;
mod page;
mod serve;
mod token;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::args::ViewArgs;
use super::exit::Exit;
use super::interrupt;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;
use followed::Followed;
use page::Pages;
use serve::Site;
use token::Token;

/// What changes is told at most so often.
const TICK: Duration = Duration::from_millis(250);

/// Serves the page until the process is asked to end.
pub(super) fn view(args: &ViewArgs, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let asked = interrupt::watch()?;
    let server = match tiny_http::Server::http(("127.0.0.1", args.port)) {
        Ok(server) => server,
        Err(error) => {
            writeln!(err, "error: cannot listen on port {}: {error}", args.port)?;
            writeln!(err, "  = help: without `--port` a free one is taken")?;
            return Ok(Exit::Failed);
        }
    };
    let port = server
        .server_addr()
        .to_ip()
        .map_or(args.port, |address| address.port());
    let token = Token::new()?;
    writeln!(
        err,
        "{} at http://127.0.0.1:{port}/?token={token}",
        project.name()
    )?;
    writeln!(err, "Ctrl-C ends the page, not the run")?;
    err.flush()?;
    let followed = Followed::default();
    let site = Site {
        followed: &followed,
        pages: Pages::new(&project),
        token,
        port,
    };
    let (site, server) = (&site, &server);
    thread::scope(|scope| {
        let serving = scope.spawn(move || site.serve(server, scope));
        while !serving.is_finished() {
            if asked.load(Ordering::SeqCst) > 0 {
                // Who reads slowly holds up no end.
                std::process::exit(Exit::Success as i32);
            }
            if let Err(error) = followed.look(&project) {
                server.unblock();
                return Err(error);
            }
            thread::sleep(TICK);
        }
        Ok(())
    })?;
    Ok(Exit::Success)
}
