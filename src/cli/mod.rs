//! Arguments, verbs, the faces of the event stream, exit codes.

mod args;
mod claims;
mod columns;
mod diff;
mod ending;
mod estimates;
mod events;
mod exit;
mod export;
mod face;
mod fates;
mod filters;
mod gc;
mod graph;
mod init;
mod interrupt;
mod keep;
mod list;
mod ls;
mod plan;
mod project;
mod report;
mod run;
mod runs;
mod schema;
mod show;
mod status;
mod trace;
mod waiting;
mod why;
mod worker;

use std::io;
use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;

use args::Cli;
use args::Verb;
use exit::Exit;
use project::Stop;

use crate::text::Diagnostic;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Verb::Worker { spec } = &cli.verb {
        // It has standard output for itself.
        return worker::work(spec).into();
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = anstream::stderr();
    let ended = verb(&cli.verb, &mut out, &mut err).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    let exit = match ended {
        Ok(exit) | Err(Stop::Said(exit)) => exit,
        Err(Stop::Store(error)) => {
            let mut message = Diagnostic::error(error.to_string());
            for hint in error.hints() {
                message = message.help(hint);
            }
            // Nobody listens where standard error is gone.
            let _ = writeln!(err, "{}", message.render(project::colour()));
            Exit::Store
        }
        // A reader that has seen enough, as `head`, is no failure.
        Err(Stop::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
        Err(Stop::Io(error)) => {
            let _ = writeln!(err, "error: cannot write: {error}");
            Exit::Failed
        }
    };
    exit.into()
}

fn verb(verb: &Verb, out: &mut impl Write, err: &mut impl Write) -> Result<Exit, Stop> {
    match verb {
        Verb::Run(args) => run::run(args, err),
        Verb::List(args) => Ok(list::list(args, out, err)?),
        Verb::Log(args) => keep::log(args, out, err),
        Verb::Gc(args) => gc::gc(args, err),
        Verb::Verify(args) => keep::verify(args, err),
        Verb::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "sweepline", out);
            Ok(Exit::Success)
        }
        Verb::Status(args) => status::status(args, out, err),
        Verb::Show(args) => show::show(args, out, err),
        Verb::Diff(args) => diff::diff(args, out, err),
        Verb::Events(args) => events::events(args, out, err),
        Verb::Trace(args) => trace::trace(args, out, err),
        Verb::Schema(args) => Ok(schema::schema(args, out)?),
        Verb::Init(args) => init::init(args, out, err),
        Verb::Plan(args) => plan::plan(args, out, err),
        Verb::Check(args) => plan::check(args, err),
        Verb::Why(args) => why::why(args, out, err),
        Verb::Graph(args) => graph::graph(args, out, err),
        Verb::Claims(args) => claims::claims(args, out, err),
        Verb::Report(args) => report::report(args, err),
        Verb::Export(args) => export::export(args, err),
        Verb::Ls(args) => ls::ls(args, out, err),
        Verb::Worker { spec } => Ok(worker::work(spec)),
    }
}
