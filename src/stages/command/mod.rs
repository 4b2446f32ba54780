//! `command`: any program in any language is a stage, with declared inputs, outputs, code and
//! environment. The program runs in an empty folder with a nearly empty environment, so that what
//! it depends on stands in the manifest, and therefore in the key.

mod asked;
mod check;
mod copied;
mod each;
mod folder;
mod inputs;
mod laid;
mod left;
mod lines;
mod live;
mod mentions;
pub(super) mod metrics;
mod others;
mod outputs;
mod params;
mod paths;
mod placed;
mod process;
mod program;
mod remarks;
mod runners;
mod script;
mod secrets;
mod sequences;
mod shell;
mod shells;
mod unfollowed;
mod value_files;

pub use remarks::check_commands;

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use params::CommandParams;
use secrets::Discreet;
use secrets::Secrets;

use super::Stage;
use super::described;
use super::fitted;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::engine::scratch;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Fields;
use crate::registry::InvalidParam;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Value;
use crate::registry::Values;
use crate::store::Environment;

/// Runs one program per step.
pub(super) struct Command;

impl Entry for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn summary(&self) -> &'static str {
        "run any program, in any language"
    }

    fn docs(&self) -> &'static str {
        "`run` is a list of arguments, started without a shell, or one text, given to the strictest\n\
         shell of this machine: `bash -eu -o pipefail`, else `sh -eu`, with `pipefail` where it knows\n\
         that. Whatever fails in a text fails the step: any member of a pipe, a command within `$(…)`\n\
         (with bash), a variable that is not set. Where something may fail, write `… || :` after it. A\n\
         member of a pipe that writes to one that has ended (`yes | head -n 1`) fails with status 141:\n\
         `(set +o pipefail; yes | head -n 1)` lets it. Which shell it is belongs to the key.\n\
         \n\
         A list is filled in: `${lr}` by the value, `${in.x}` and `${out.x}` by the paths of a slot and\n\
         of a declared output, `${root}` by the project's folder. A list in it that begins with an\n\
         option, `[--samples, \"${samples}\"]`, stands for its elements, and for none where a value in\n\
         it is absent; an argument that is one expression, `\"${'--amp' if amp else none}\"`, is left out\n\
         where it gives none; other lists and maps are one argument each. A shell text is never filled in,\n\
         so no value can become shell code: parameters that it mentions as `${lr}` reach it as\n\
         environment variables of that name, and so does everything under `values`; `${in.x}` is the\n\
         variable `in_x`, `${out.x}` is `out_x`, `${root}` is `root`. Write `\"${lr}\"` where a\n\
         value may hold spaces. `${…}` holds one name there: an expression goes under `values`, the\n\
         shell's own `${x:-y}` is written `$${x:-y}`, and its own variables are `$x`. Lists and maps\n\
         arrive as JSON. Programs started from a list find `in_x`, `out_x` and `root` in their\n\
         environment too.\n\
         \n\
         The program runs in an empty folder of its own. For one that looks for files at fixed paths\n\
         `copy_code: true` copies what `code` matches there, to its paths in the project;\n\
         `place: {data: data/raw.csv}` has a copy of the input `data` at that path as well; and\n\
         `files: {params.yaml: {lr: \"${lr}\"}}` writes a file of values, by its ending YAML, JSON,\n\
         TOML or Python. Every slot under `in` is there to be read:\n\
         an artifact of one file is that file under its own name, others are folders. They are for\n\
         reading only: a step that writes to what it is given fails. A\n\
         slot that reduces axes or names several stages is a folder `0`, `1`, … of items in axis\n\
         order, with `items.json` naming the coordinates and the files of each. Files declared under\n\
         `out` (paths relative to the program's folder) are kept, and so are whole folders,\n\
         `out: {chunks: chunks/}`, as they are: any number of files, empty folders, links that stay\n\
         in them, what may be executed. Other files are named in a warning. `out: {rows: {file: a.csv, type: table}}` gives an output a type, which\n\
         other stage kinds ask for. Numbers in the file that `metrics` names become the output\n\
         `metrics`, for tables, figures and `select`;\n\
         `metrics: stdout` reads them from the words `name=value` of its output.\n\
         \n\
         In the key are `run`, `values`, `out`, inputs, files that `code` matches and the variables\n\
         that `env` names. A pattern of `code` with `!` takes away from those before it, a folder is\n\
         all that is in it; byte code, caches, outputs, `.git` and what editors leave are no code\n\
         unless a pattern without wildcards names them. What a step reads may not change while it\n\
         runs: it fails then, and has no result. Variables that `pass_env` names are passed on and in no\n\
         key. The environment has nothing else but `PATH`, `HOME`, `USER`, `LOGNAME`,\n\
         `SHELL`, `TMPDIR` (an empty folder), `LANG` (`C.UTF-8`),\n\
         `OMP_NUM_THREADS` (the cpus of the stage's `resources`), `CUDA_VISIBLE_DEVICES` (the GPUs that\n\
         are its own, where `resources` asks for some) and `SWEEPLINE_STARTED_BY` (which\n\
         tells what to end should sweepline be killed), which are not in the key; nor is\n\
         the program itself, unless `code` names it. What programs and packages a step ran with is\n\
         kept with its result where `environment` asks them: `environment: {python: python --version,\n\
         packages: {run: python -m pip freeze, key: true}}`. Each is a shell text, run where the step\n\
         runs, at most once a minute, in a folder for temporary files with `$root` and the step's variables;\n\
         with `key: true` it is asked before anything runs, too, and when all has ended, and what it\n\
         says belongs to the key. Nobody can be asked for anything: the input is empty, and there is no\n\
         terminal. \
         Output is the step's log. A program that\n\
         is cancelled or runs out of time is asked to end, with all processes that it has started, and\n\
         killed after two seconds. What it has left running when it ends by itself is ended a moment later,\n\
         and named; where that still had an output open for writing, the step fails."
    }

    /// 2: folders stay folders, what may be executed stays so. 3: placed inputs are folders and files.
    /// 4: numbers within files of values and JSON are numbers, code is copied as the key has it, inputs have names.
    /// 5: numbers count among other words of their line, and words for a missing number are none.
    /// 6: of printed numbers the kind of line with most of them counts; a row of a curve is of one record.
    fn revision(&self) -> u32 {
        6
    }

    fn params(&self) -> Vec<Param> {
        CommandParams::params()
    }
}

impl StageKind for Command {
    fn inputs(&self) -> Vec<Slot> {
        // Any that a stage binds.
        Vec::new()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Declared
    }

    fn starts_processes(&self) -> bool {
        true
    }

    fn tells_types(&self, param: &str) -> bool {
        param == "files"
    }

    fn keeps_order(&self, param: &str) -> bool {
        matches!(param, "run" | "values" | "files")
    }

    fn copies_code(&self, params: &Values) -> bool {
        params.get("copy_code") == Some(&Value::Bool(true))
    }

    fn keeps_state(&self, params: &Values) -> bool {
        CommandParams::read(params).is_ok_and(|params| params.keeps_state())
    }

    fn interpreter(&self, params: &Values) -> Option<&'static str> {
        // Asked for every key: the other parameters need not be read for it.
        let is_text = matches!(params.get("run"), Some(Value::Str(_)));
        is_text.then(|| shell::shell().written)
    }

    fn programs_in_key(&self, params: &Values, root: &Path) -> io::Result<Vec<(String, Arc<str>)>> {
        // Asked for every key.
        match params.get("environment") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(_) => match CommandParams::read(params) {
                Ok(params) => asked::keyed(&params, root),
                Err(_) => Ok(Vec::new()),
            },
        }
    }

    fn programs_since(
        &self,
        params: &Values,
        root: &Path,
        made: Instant,
    ) -> Vec<(String, Result<Arc<str>, String>)> {
        CommandParams::read(params).map_or_else(
            |_| Vec::new(),
            |params| asked::keyed_since(&params, root, made),
        )
    }

    fn declared(&self, params: &Values) -> Vec<(String, ArtifactType)> {
        // Asked for every cell: the other parameters need not be read for it.
        let given = |name: &str| params.get(name).filter(|value| **value != Value::Null);
        let mut outputs = Vec::new();
        if let Some(Value::Map(out)) = given("out") {
            outputs.extend(out.iter().filter_map(|(name, value)| {
                let ty = match value {
                    Value::Str(_) => None,
                    value => outputs::Output::read(name, value).ok()?.ty,
                };
                let ty = ty.and_then(|ty| ArtifactType::declarable(&ty));
                Some((name.clone(), ty.unwrap_or(ArtifactType::File)))
            }));
        }
        if given("metrics").is_some() {
            outputs.push(("metrics".to_owned(), ArtifactType::Metrics));
        }
        outputs
    }

    /// Numbers of a program are described, if by nothing: they are not ours, whatever they are called.
    fn described(&self, params: &Values) -> Option<Arc<Values>> {
        let said = |value| {
            described::of(value).map_or_else(|| Value::Map(Fields::new()), Arc::unwrap_or_clone)
        };
        let mut all = Values::new();
        if let Some(metrics) = params
            .get("metrics")
            .filter(|value| !matches!(value, Value::Null))
        {
            all.insert("metrics".to_owned(), said(metrics));
        }
        if let Some(Value::Map(out)) = params.get("out") {
            all.extend(out.iter().map(|(name, value)| (name.clone(), said(value))));
        }
        (!all.is_empty()).then(|| Arc::new(all))
    }

    fn in_key<'v>(&self, name: &str, value: &'v Value) -> Option<Cow<'v, Value>> {
        Some(match (name, value) {
            ("pass_env" | "environment", _) => return None,
            ("metrics", value) => {
                described::without(value).map_or(Cow::Borrowed(value), Cow::Owned)
            }
            ("out", Value::Map(out)) if out.values().any(|one| described::of(one).is_some()) => {
                let bare = |value: &Value| match described::of(value) {
                    Some(_) => described::without(value).unwrap_or_default(),
                    None => value.clone(),
                };
                let bare = out.iter().map(|(name, value)| (name.clone(), bare(value)));
                Cow::Owned(Value::Map(bare.collect()))
            }
            (_, value) => Cow::Borrowed(value),
        })
    }

    /// A text for the shell or a program with arguments, but those with a path that a variable could hide, and
    /// variables that hide nothing.
    fn needs_no_check(&self, name: &str, value: &Value) -> bool {
        // Looking for one byte costs next to nothing; this is asked for each of very many cells.
        let keeps_state = |text: &str| text.contains('$') && text.contains("${checkpoint}");
        let is_plain = |text: &str| !text.contains('\0') && !keeps_state(text);
        match (name, value) {
            ("run", Value::Str(text)) => !text.trim().is_empty() && !keeps_state(text),
            ("run", Value::List(arguments)) => {
                let program = arguments.first().and_then(Value::as_str);
                let is_plain = |argument: &Value| match argument {
                    Value::Str(text) => is_plain(text),
                    other => !matches!(other, Value::List(_) | Value::Map(_)),
                };
                program.is_some_and(|program| !program.trim().is_empty())
                    && arguments.iter().all(is_plain)
            }
            ("values", Value::Map(variables)) => {
                let mut variables = variables.iter();
                variables.all(|(name, value)| check::hides_nothing(name, value))
            }
            _ => false,
        }
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        match CommandParams::read(params) {
            Ok(params) => check::check(&params),
            // The types of the parameters say what is wrong with single ones.
            Err(_) => Ok(()),
        }
    }
}

impl Stage for Command {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = job.step.written.as_ref().unwrap_or(&job.step.params);
        let params = CommandParams::read(params)?;
        let secrets = Secrets::of(&params);
        let link = Discreet {
            link: job.link,
            secrets: &secrets,
        };
        let job = Job {
            inputs: job.inputs.clone(),
            link: &link,
            ..*job
        };
        run(&job, &params, &secrets).map_err(|error| secrets.without_in(error))
    }
}

fn run(job: &Job<'_>, params: &CommandParams, secrets: &Secrets) -> Result<StepOutput, JobError> {
    let declared = outputs::Declared::read(params)?;
    let work = job.scratch.join("work");
    let temporary = job.scratch.join(scratch::TEMPORARY);
    paths::make_folder(&work)?;
    paths::make_folder(&temporary)?;
    let inputs = inputs::lay_out(job)?;
    let paths = paths::Paths {
        root: job.root.to_owned(),
        checkpoint: match params.keeps_state() {
            true => job.link.checkpoint_folder()?,
            false => None,
        },
        inputs: inputs.places,
        outputs: declared.prepare(&work)?,
    };
    // An earlier attempt left something to go on from.
    let goes_on = paths.checkpoint.as_ref().is_some_and(|folder| {
        std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
    });
    let programs = asked::answers(job, params)?;
    let laid = laid::lay_out(job, params, &paths, &inputs.items, &work)?;
    let program = program::Program::read(job, params, &paths, &temporary)?;
    let mut said = metrics::PrintedMetrics::new(&declared);
    let mut live = live::LiveNumbers::new(job.link, declared.grown(&work));
    let left = process::run(&program, &work, job, &mut said, &mut live)?;
    declared.are_whole(&work, &left)?;
    asked::unchanged(job, params, &programs)?;
    laid.warn_of_changes(job, &work);
    let mut produced = declared.take(job, &work, &laid, said, secrets)?;
    if let Some(curve) = declared.printed_curve().filter(|_| goes_on) {
        job.link.warn(&format!(
            "`{curve}` holds what this attempt printed, which went on from `${{checkpoint}}`; rows that are \
             appended to a file there, and copied to a curve at the end, are those of all attempts"
        ));
    }
    // What is computed from a diverged training is no score either.
    produced.diverged = fitted::diverged_input(job).or(produced.diverged);
    produced.environment = Some(Environment {
        programs,
        ..Environment::here()
    });
    Ok(produced)
}
