//! Arguments, verbs, reporters of the event stream, exit codes.

mod accept;
mod args;
mod best_so_far;
mod claims;
mod columns;
mod completions;
mod diff;
mod earlier;
mod estimates;
mod events;
mod executors;
mod exit;
mod export;
mod exported;
mod filters;
mod gc;
mod graph;
mod import;
mod init;
mod interrupt;
mod kept;
mod known_manifests;
mod list;
mod log;
mod logging;
mod ls;
mod man;
mod noted;
mod output_folder;
mod pack;
mod plan;
mod previous_run;
mod printer;
mod project;
mod prometheus;
mod remote;
mod replicates;
mod report;
mod reporter;
mod resources;
mod rounds;
mod run;
mod run_list;
mod run_state;
mod run_summary;
mod runs;
mod schema;
mod searches;
mod settings;
mod show;
mod slurm_settings;
mod status;
mod step_status;
mod stop;
mod store_lock;
mod trace;
mod unpack;
mod values;
mod verify;
mod view;
mod why;
mod worker;
mod written;

use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::panic;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

use args::Cli;
use args::Verb;
use exit::Exit;
use printer::Printer;
use stop::Stop;

use crate::nn::device;
use crate::text::Diagnostic;
use crate::text::closest;
use crate::text::in_one_line;

/// A device without room unwinds through operations that cannot say so; the step that fails says it,
/// with a remedy, so nobody needs the report of a panic.
fn leave_device_failures_to_steps() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if device::failure(info.payload()).is_none() {
            report(info);
        }
    }));
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    completions::answer();
    logging::listen();
    leave_device_failures_to_steps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => suggesting(safe(error)).exit(),
    };
    if let Verb::Worker { spec, task, spent } = &cli.verb {
        // It has standard output for itself.
        return worker::work(spec, *task, *spent).into();
    }
    let mut out = Printer::output();
    let mut err = Printer::error();
    let ended = verb(&cli.verb, &mut out, &mut err).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    let exit = match ended {
        Ok(exit) | Err(Stop::Reported(exit)) => exit,
        Err(Stop::Store(error)) => {
            let mut message = Diagnostic::error(error.to_string());
            for hint in error.hints() {
                message = message.help(hint);
            }
            // Nobody listens where standard error is gone.
            let _ = err.diagnostic(&message);
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

/// What is wrong with the arguments, or the help, when said of arguments that are safe to show:
/// clap prints them as they are.
fn safe(error: clap::Error) -> clap::Error {
    let given: Vec<OsString> = std::env::args_os().collect();
    let shown = given.iter().map(|argument| argument.to_string_lossy());
    let shown: Vec<String> = shown.map(|text| in_one_line(&text).into_owned()).collect();
    match shown
        .iter()
        .zip(&given)
        .all(|(shown, given)| **given == **shown)
    {
        true => error,
        // Arguments that were wrong are wrong in this form, too.
        false => Cli::try_parse_from(shown).err().unwrap_or(error),
    }
}

/// Counts changes of what `--json` prints that a reader of it would misread; new fields are none. The fields are
/// in `docs/json.md`.
const JSON_VERSION: u32 = 1;

/// What other tools call what a verb here does.
const OTHER_NAMES: [(&str, &str); 11] = [
    ("repro", "run"),
    ("build", "run"),
    ("resume", "run"),
    ("validate", "check"),
    ("metrics", "ls"),
    ("clean", "gc"),
    ("dag", "graph"),
    ("logs", "log"),
    ("fetch", "pull"),
    ("upload", "push"),
    ("download", "pull"),
];

/// A verb that was mistyped gets the verb that was meant: clap says nothing of short ones, and thinks
/// of longer ones first.
fn suggesting(mut error: clap::Error) -> clap::Error {
    let known = ContextKind::SuggestedSubcommand;
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let command = Cli::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let named = OTHER_NAMES.iter().find(|(other, _)| other == given);
    let meant = named.map(|(_, verb)| *verb);
    let meant = meant.or_else(|| closest(given, verbs.map(clap::Command::get_name)));
    if let Some(meant) = meant {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(known, meant);
    }
    error
}

fn verb(verb: &Verb, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    match verb {
        Verb::Run(args) if args.dry_run => plan::plan(&args.to_plan(), out, err),
        Verb::Run(args) => run::run(args, err),
        Verb::List(args) => Ok(list::list(args, out, err)?),
        Verb::Log(args) => log::log(args, out, err),
        Verb::Gc(args) => gc::gc(args, err),
        Verb::Push(args) => remote::push(args, err),
        Verb::Pull(args) => remote::pull(args, err),
        Verb::Pack(args) => pack::pack(args, err),
        Verb::Unpack(args) => unpack::unpack(args, err),
        Verb::Verify(args) => verify::verify(args, err),
        Verb::Completions { shell } => Ok(completions::script(*shell, out)?),
        Verb::Man(args) => man::man(args, out, err),
        Verb::Status(args) => status::status(args, out, err),
        Verb::Show(args) => show::show(args, out, err),
        Verb::Diff(args) => diff::diff(args, out, err),
        Verb::Runs(args) => run_list::runs(args, out, err),
        Verb::Accept(args) => accept::accept(args, err),
        Verb::Events(args) => events::events(args, out, err),
        Verb::Trace(args) => trace::trace(args, out, err),
        Verb::View(args) => view::view(args, err),
        Verb::Schema(args) => Ok(schema::schema(args, out)?),
        Verb::Init(args) => init::init(args, out, err),
        Verb::Import(args) => import::import(args, out, err),
        Verb::Plan(args) => plan::plan(args, out, err),
        Verb::Check(args) => plan::check(args, err),
        Verb::Why(args) => why::why(args, out, err),
        Verb::Graph(args) => graph::graph(args, out, err),
        Verb::Claims(args) => claims::claims(args, out, err),
        Verb::Report(args) => report::report(args, err),
        Verb::Export(args) => export::export(args, err),
        Verb::Ls(args) => ls::ls(args, out, err),
        Verb::Worker { spec, task, spent } => Ok(worker::work(spec, *task, *spent)),
    }
}
