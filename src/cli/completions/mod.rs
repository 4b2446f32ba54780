//! What a shell offers after TAB: verbs, options and files, and every name that a manifest gives.
//!
//! `sweepline completions SHELL` prints a short script, which asks the program itself at every TAB by setting
//! [`VARIABLE`]; so what is offered is what the manifest on the command line has now.

mod names;
mod shells;
mod words;

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use clap::Arg;
use clap::Command;
use clap::CommandFactory;
use clap::ValueEnum;
use clap_complete::ArgValueCompleter;
use clap_complete::CompleteEnv;
use clap_complete::CompletionCandidate;
use clap_complete::PathCompleter;

use super::args::Cli;
use super::exit::Exit;
use super::printer::Printer;
use crate::text::is_hidden;
use names::Given;

/// Says that a shell asks what may follow, and which shell.
const VARIABLE: &str = "SWEEPLINE_COMPLETE";

/// How the script of a shell says which word is asked for.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// The shells that there are scripts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Prints the script of a shell.
pub(super) fn script(shell: Shell, out: &mut Printer) -> io::Result<Exit> {
    let shell = shells::of(shell);
    shell.write_registration(VARIABLE, "sweepline", "sweepline", "sweepline", out)?;
    Ok(Exit::Success)
}

/// Answers a shell and ends, where one asks.
pub(super) fn answer() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let words: Vec<OsString> = words.collect();
    let index = std::env::var(INDEX)
        .ok()
        .and_then(|index| index.parse().ok());
    let before = index.unwrap_or(words.len().saturating_sub(1));
    let given = Arc::new(Given::new(words.into_iter().take(before)));
    CompleteEnv::with_factory(|| command(&given))
        .var(VARIABLE)
        .bin("sweepline")
        .shells(shells::all())
        .complete();
}

/// The command line, with what is known of its values.
fn command(given: &Arc<Given>) -> Command {
    fn with(command: Command, verb: &str, given: &Arc<Given>) -> Command {
        let command = command.mut_args(|arg| known(arg, verb, given));
        let below: Vec<String> = command
            .get_subcommands()
            .map(|below| below.get_name().to_owned())
            .collect();
        below.iter().fold(command, |command, name| {
            command.mut_subcommand(name, |below| with(below, name, given))
        })
    }
    with(Cli::command(), "", given)
}

/// What may stand for an argument, by its name in [`Cli`].
fn known(arg: Arg, verb: &str, given: &Arc<Given>) -> Arg {
    type Names = fn(&Given, &str) -> Vec<CompletionCandidate>;
    let names: Names = match (arg.get_id().as_str(), verb) {
        ("manifest", _) => {
            return arg.add(ArgValueCompleter::new(PathCompleter::any().filter(yaml)));
        }
        ("profile", _) => |given, _| given.profiles(),
        ("params", _) => Given::params,
        ("axes", _) => Given::axes,
        ("only", _) => Given::only,
        ("stage" | "upto", _) => |given, _| given.stages(),
        ("step", "show" | "log") => Given::steps,
        ("step" | "steps" | "force", _) => |given, typed| {
            let stages = given.stages().into_iter();
            stages.chain(given.steps(typed)).collect()
        },
        ("first" | "second", "diff") => |given, typed| {
            let steps = given.steps(typed).into_iter();
            steps.chain(given.runs()).collect()
        },
        ("run", _) => |given, _| given.runs(),
        ("name", "unname") => |given, _| given.names(),
        ("tags", "runs" | "untag" | "tag" | "run") => |given, _| given.tags(),
        ("experiment", "runs") => |given, _| given.experiments(),
        ("executor", _) => |given, _| given.executors(),
        ("sort" | "columns", "ls") => |given, typed| given.columns(typed),
        ("kind", "list") => |_, _| names::kinds(),
        _ => return arg,
    };
    let given = given.clone();
    arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let mut found = names(&given, &typed);
        found.retain(|known| known.get_value().to_string_lossy().starts_with(&*typed));
        // A shell would print what a terminal obeys, and take a line for a name.
        found.retain(|known| !known.get_value().to_string_lossy().contains(is_hidden));
        found
    }))
}

fn yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}
