//! What is started: the program with its arguments, and the environment it is given.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::params::CommandParams;
use super::params::Run;
use super::paths;
use super::paths::Paths;
use super::shell;
use super::shell::Failed;
use crate::engine::Job;
use crate::engine::JobError;
use crate::registry::Value;

/// Variables that say where things are on this machine. They are passed on and not in the key.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL"];

/// One process to be started.
#[derive(Debug)]
pub(super) struct Program {
    pub argv: Vec<String>,
    /// By name, the later of one name wins.
    pub environment: Vec<(String, OsString)>,
    /// The name that people know it by: that of the shell for a text.
    pub name: String,
    /// The shell's own file and what it notes of failures, where a text runs.
    text: Option<Text>,
}

/// How a text is run.
#[derive(Debug)]
struct Text {
    shell: PathBuf,
    notes: PathBuf,
}

impl Program {
    /// The program of a step.
    ///
    /// # Errors
    /// Where an argument names an input that is not bound in this cell.
    pub(super) fn read(
        job: &Job<'_>,
        params: &CommandParams,
        paths: &Paths,
        temporary: &Path,
    ) -> Result<Self, JobError> {
        let (argv, name, text) = match &params.run {
            Run::Arguments(arguments) => {
                let arguments = arguments.iter();
                let argv = arguments
                    .map(|argument| paths.fill(&text(argument)))
                    .collect::<Result<Vec<_>, _>>()?;
                let name = argv.first().cloned().unwrap_or_default();
                (argv, name, None)
            }
            Run::Text(line) => {
                let shell = shell::shell();
                let notes = job.scratch.join("failures");
                let argv = shell.arguments(&paths::for_shell(line), &notes);
                let text = Text {
                    shell: shell.program.clone(),
                    notes,
                };
                (argv, shell.name.to_owned(), Some(text))
            }
            Run::Other(_) => {
                return Err(JobError::failed("`run` is neither a list nor a text"));
            }
        };
        Ok(Program {
            environment: environment(job, params, paths, temporary)?,
            argv,
            name,
            text,
        })
    }

    /// Whether a shell reads this.
    pub(super) fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// What failed in a text, as far as its shell tells.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub(super) fn failures(&self) -> Result<Vec<Failed>, JobError> {
        let Some(text) = &self.text else {
            return Ok(Vec::new());
        };
        shell::failures(&text.notes).map_err(|error| paths::cannot("read", &text.notes, &error))
    }

    /// The command to be started in a folder.
    pub(super) fn command(&self, folder: &Path) -> Command {
        let (program, arguments) = match &self.argv[..] {
            [program, arguments @ ..] => (program.as_str(), arguments),
            // Refused when the plan is made; the system says that there is no such program.
            [] => ("", &[][..]),
        };
        let mut command = Command::new(match &self.text {
            Some(text) => text.shell.clone(),
            None => self.found(program),
        });
        command.arg0(program).args(arguments);
        command.current_dir(folder).env_clear();
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    /// The file of a program that is named without a folder, where PATH has one. Looked for here,
    /// because the system starts a file by its path faster than one that it is to look for; but it
    /// must look itself where PATH names folders below the one that the program runs in.
    fn found(&self, program: &str) -> PathBuf {
        let mut variables = self.environment.iter().rev();
        let path = variables.find_map(|(name, value)| (name == "PATH").then_some(value));
        let path = path.filter(|path| std::env::split_paths(path).all(|one| one.is_absolute()));
        let found = match path {
            Some(path) if !program.contains('/') => {
                let mut found = which::which_in_global(program, Some(path)).ok();
                found.as_mut().and_then(Iterator::next)
            }
            _ => None,
        };
        found.unwrap_or_else(|| program.into())
    }
}

/// Which GPUs are a step's own, for CUDA and what is built on it.
const GPUS: &str = "CUDA_VISIBLE_DEVICES";

fn environment(
    job: &Job<'_>,
    params: &CommandParams,
    paths: &Paths,
    temporary: &Path,
) -> Result<Vec<(String, OsString)>, JobError> {
    let mut all: Vec<(String, OsString)> = Vec::new();
    let mut pass = |name: &str| {
        if let Some(value) = std::env::var_os(name) {
            all.push((name.to_owned(), value));
        }
    };
    PASSED_ON.iter().for_each(|name| pass(name));
    // Letters and the order of sorting are the same on every machine.
    all.push(("LANG".to_owned(), "C.UTF-8".into()));
    all.push(("TMPDIR".to_owned(), temporary.into()));
    // Numerical libraries take all processors unless they are told otherwise.
    all.push(("OMP_NUM_THREADS".to_owned(), job.threads.to_string().into()));
    for name in params.passed_on() {
        match std::env::var_os(name) {
            Some(value) => all.push((name.to_owned(), value)),
            None => all.retain(|(known, _)| known != name),
        }
    }
    for name in params.passed_unkeyed() {
        if let Some(value) = std::env::var_os(&name) {
            all.push((name, value));
        }
    }
    if !job.gpus.is_empty() {
        all.retain(|(known, _)| known != GPUS);
        all.push((GPUS.to_owned(), job.gpus.join(",").into()));
    }
    for (name, value) in params.variables() {
        all.push((name.clone(), paths.fill(&text(value))?.into()));
    }
    let known = paths.variables().into_iter();
    all.extend(known.map(|(name, path)| (name, path.into())));
    Ok(all)
}

/// A value as one argument: as it is written, lists and maps as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::List(_) | Value::Map(_) => {
            serde_json::to_string(value).expect("values are plain data with text keys")
        }
        plain => plain.to_string(),
    }
}
