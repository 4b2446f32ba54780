//! `sweepline view`: the report of an experiment in a browser, while it runs and after.
//!
//! A reader beside the run: it follows the run's log of events and reads the store, writes nothing,
//! and can be stopped without anything happening to the run. Only this machine reaches it, and only
//! who knows the token; from elsewhere a tunnel of `ssh` leads to it.

mod followed;
mod http;
mod page;
mod serve;
mod token;

use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
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
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)) {
        Ok(listener) => listener,
        Err(error) => {
            writeln!(err, "error: cannot listen on port {}: {error}", args.port)?;
            writeln!(err, "  = help: without `--port` a free one is taken")?;
            return Ok(Exit::Failed);
        }
    };
    let address = listener.local_addr()?;
    let port = address.port();
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
        pages: Pages::new(project),
        token,
        port,
    };
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let (site, listener, stopped) = (&site, &listener, &stopped);
        scope.spawn(move || site.serve(listener, stopped, scope));
        let watched = loop {
            if asked.load(Ordering::SeqCst) > 0 {
                // Who reads slowly holds up no end.
                std::process::exit(Exit::Success as i32);
            }
            if let Err(error) = followed.look(&site.pages.project()) {
                break Err(error);
            }
            if followed.is_behind() {
                // What is wrong with the manifest by now is for the next run to say.
                if let Ok(newest) = Project::open(&args.experiment, &mut Printer::silent()) {
                    followed.goes_on_with(&site.pages.show(newest));
                }
            }
            thread::sleep(TICK);
        };
        stopped.store(true, Ordering::SeqCst);
        // Wakes whoever waits for the next reader.
        let _ = TcpStream::connect(address);
        watched
    })
}
