//! `sweepline show`: everything that is known of one step.

use std::io;
use std::io::Write;
use std::path::Path;

use serde_json::Value as Json;
use serde_json::json;

use super::JSON_VERSION;
use super::accept;
use super::args::ShowArgs;
use super::exit::Exit;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::reporter::duration;
use super::status;
use super::step_status::changed;
use super::step_status::lines;
use super::step_status::word;
use super::stop::Stop;
use crate::engine::shown_files;
use crate::plan::From;
use crate::plan::InputItem;
use crate::plan::Step;
use crate::plan::StepStatus;
use crate::plan::content_digest;
use crate::store::Accepted;
use crate::store::Environment;
use crate::store::Fetched;
use crate::store::PastAttempt;
use crate::store::StepResult;
use crate::store::Store;
use crate::text::in_one_line;
use crate::text::said;

/// How many members of a slot are listed.
const MEMBERS: usize = 6;

/// How many lines of the last log are shown.
const LOG_LINES: usize = 20;

/// Prints one step.
pub(super) fn show(args: &ShowArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let step = project.step(&args.step, err)?;
    let previous = PreviousRun::of(&project)?;
    let statuses = previous.statuses(&project);
    let attempts = match &previous.store {
        Some(store) => store.attempts(&project.name(), &step.to_string())?,
        None => Vec::new(),
    };
    let under_way = status::under_way(previous.store.as_ref(), &project, &step.to_string())?;
    let accepted = match (&previous.store, &statuses[step.id.index()]) {
        (Some(store), StepStatus::UpToDate { key, .. }) => store.accepted(*key)?,
        _ => None,
    };
    let fetched = match (&previous.store, &statuses[step.id.index()]) {
        (Some(store), StepStatus::UpToDate { key, .. }) => store.fetched(*key)?,
        _ => None,
    };
    let environment = match (&previous.store, &statuses[step.id.index()]) {
        (Some(store), StepStatus::UpToDate { key, .. }) => store.environment(*key)?,
        _ => None,
    };
    let shown = Shown {
        project: &project,
        step,
        store: previous.store.as_ref(),
        statuses: &statuses,
        attempts,
        under_way,
        accepted,
        environment,
        fetched,
    };
    match args.json {
        true => writeln!(out, "{}", shown.json())?,
        false => shown.print(out)?,
    }
    Ok(Exit::Success)
}

struct Shown<'p> {
    project: &'p Project,
    step: &'p Step,
    store: Option<&'p Store>,
    /// Of all steps.
    statuses: &'p [StepStatus],
    /// Oldest first.
    attempts: Vec<PastAttempt>,
    /// Since when and how far, where it runs now.
    under_way: Option<String>,
    /// How its result came to stand there, where it was accepted.
    accepted: Option<Accepted>,
    /// On what it was made, where that is known.
    environment: Option<Environment>,
    /// Where it came from, where it was not made here.
    fetched: Option<Fetched>,
}

impl Shown<'_> {
    fn status(&self) -> &StepStatus {
        &self.statuses[self.step.id.index()]
    }

    fn result(&self) -> Option<&StepResult> {
        self.status().result().map(|result| &**result)
    }

    fn key(&self) -> Option<String> {
        self.status().key().map(|key| key.to_hex())
    }

    fn print(&self, out: &mut Printer) -> io::Result<()> {
        let (step, kind) = (self.step, self.step.kind);
        let state = self.under_way.as_deref();
        writeln!(out, "{step}: {}", state.unwrap_or(word(self.status())))?;
        writeln!(out, "  --> {}", step.place)?;
        for line in lines(self.project, self.status()) {
            writeln!(out, "  {}", in_one_line(&line.text))?;
        }
        writeln!(out, "kind  {}, revision {}", kind.name(), kind.revision())?;
        if let Some(shell) = kind.interpreter(&step.params) {
            writeln!(out, "shell {shell}")?;
        }
        if let Some(key) = self.key() {
            writeln!(out, "key   {key}")?;
        }
        if let Some(accepted) = &self.accepted {
            writeln!(out, "{}", accept::text(accepted))?;
        }
        if let Some(environment) = &self.environment {
            for line in environment.told(true) {
                writeln!(out, "{line}")?;
            }
        }
        if let Some(fetched) = &self.fetched {
            writeln!(out, "fetched from {}", fetched.from)?;
        }
        heading("parameters", step.params.is_empty(), out)?;
        let width = step.params.keys().map(String::len).max().unwrap_or(0);
        for (name, value) in step.params.iter() {
            // The lines of a text stand below each other.
            let lines = format!("\n  {:width$}  ", "");
            let value = value.to_string().trim_end().replace('\n', &lines);
            writeln!(out, "  {name:width$}  {value}")?;
        }
        self.print_inputs(out)?;
        self.print_outputs(out)?;
        if let Some(metrics) = self.store.and_then(|store| metrics(store, self.result()?)) {
            heading("metrics", metrics.is_empty(), out)?;
            let width = metrics.iter().map(|(name, _)| name.len()).max();
            for (name, value) in &metrics {
                writeln!(out, "  {name:0$}  {value}", width.unwrap_or(0))?;
            }
        }
        self.print_attempts(out)
    }

    fn print_inputs(&self, out: &mut Printer) -> io::Result<()> {
        heading("inputs", self.step.inputs.is_empty(), out)?;
        for input in &self.step.inputs {
            for item in input.items.iter().take(MEMBERS) {
                let (from, digest) = self.source(item);
                let digest = digest.map_or("not known yet".to_owned(), |d| d[..12].to_owned());
                writeln!(out, "  {}  {from}  {digest}", input.slot)?;
            }
            match input.items.len().saturating_sub(MEMBERS) {
                0 => {}
                n => writeln!(out, "  {}  and {n} more", input.slot)?,
            }
        }
        Ok(())
    }

    /// What an item is called, and the digest of its content.
    fn source(&self, item: &InputItem) -> (String, Option<String>) {
        match &item.from {
            From::Step { step, output } => {
                let name = self.project.plan.step(*step).to_string();
                let name = match output {
                    Some(output) => format!("{name}.{output}"),
                    None => name,
                };
                let digest = match &self.statuses[step.index()] {
                    StepStatus::UpToDate { result, .. } => {
                        content_digest(result, output.as_deref())
                    }
                    _ => None,
                };
                (name, digest.map(|digest| digest.to_hex()))
            }
            From::File { path } => {
                let digest = self.store.and_then(|store| store.project_input(path).ok());
                let path = self.relative(path);
                (path, digest.map(|input| input.digest().to_hex()))
            }
        }
    }

    fn relative(&self, path: &Path) -> String {
        let root = &self.project.plan.experiment.root;
        let path = path.strip_prefix(root).unwrap_or(path);
        path.to_string_lossy().into_owned()
    }

    /// Where a file is for people, and where the store has it.
    fn outputs(&self) -> Vec<(String, String, String, u64, String)> {
        let (Some(result), Some(store)) = (self.result(), self.store) else {
            return Vec::new();
        };
        let shown = shown_files(self.step, result);
        let mut shown = shown.into_iter();
        let mut files = Vec::new();
        // The view lists files in the order of outputs and names.
        for (output, artifact) in &result.outputs {
            for (name, object) in &artifact.files {
                let path = match shown.next() {
                    Some((path, _)) => self.relative(&self.project.view.join(path)),
                    None => self.relative(&store.path(object)),
                };
                let digest = object.digest.to_hex();
                files.push((output.clone(), name.clone(), digest, object.size, path));
            }
        }
        files
    }

    /// The digest of an output, as `why`, `plan` and inputs of other steps have it: that of one file is not its.
    fn of_output(&self, output: &str) -> Option<String> {
        let artifact = self.result()?.outputs.get(output)?;
        Some(artifact.digest().short())
    }

    fn print_outputs(&self, out: &mut Printer) -> io::Result<()> {
        let files = self.outputs();
        heading("outputs", files.is_empty(), out)?;
        for (output, _, _, size, path) in files {
            let digest = self.of_output(&output).unwrap_or_default();
            writeln!(out, "  {output}  {digest}  {size} bytes")?;
            writeln!(out, "    {path}")?;
        }
        if let Some(how) = self.result().and_then(|result| result.diverged.as_ref()) {
            writeln!(out, "  diverged: {how}")?;
        }
        Ok(())
    }

    fn print_attempts(&self, out: &mut Printer) -> io::Result<()> {
        heading("attempts", false, out)?;
        if self.attempts.is_empty() {
            let why = match self.result() {
                Some(_) if self.fetched.is_some() => "none here: it was fetched",
                Some(_) => "none here: another experiment or an equal step made it",
                None if self.under_way.is_some() => "the first is under way",
                None => "none",
            };
            writeln!(out, "  {why}")?;
        }
        for attempt in &self.attempts {
            let took = duration(attempt.seconds);
            let (run, number) = (&attempt.run, attempt.number);
            write!(out, "  {run}  {}  {took}", attempt.outcome)?;
            match number {
                1 => writeln!(out)?,
                n => writeln!(out, "  attempt {n}")?,
            }
            if let Some(message) = &attempt.message {
                writeln!(out, "    {}", said(message))?;
            }
        }
        let Some(last) = self.attempts.last().filter(|last| !last.log.is_empty()) else {
            return Ok(());
        };
        let lines: Vec<&str> = last.log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LOG_LINES)..];
        heading("log", false, out)?;
        for line in tail {
            writeln!(out, "  | {}", said(line))?;
        }
        Ok(())
    }

    fn json(&self) -> Json {
        let step = self.step;
        let cell: serde_json::Map<_, _> = step
            .cell
            .iter()
            .map(|(axis, value)| (axis.to_owned(), json!(value)))
            .collect();
        let inputs = step.inputs.iter().map(|input| {
            let items = input.items.iter().map(|item| {
                let (from, digest) = self.source(item);
                json!({"from": from, "digest": digest})
            });
            (input.slot.to_string(), items.collect::<Vec<_>>().into())
        });
        let outputs = self.outputs().into_iter();
        let outputs = outputs.map(|(output, file, digest, size, path)| {
            json!({"output": output, "file": file, "digest": digest, "size": size, "path": path})
        });
        let reasons = lines(self.project, self.status()).into_iter();
        json!({
            "version": JSON_VERSION,
            "step": step.to_string(),
            "stage": &*step.stage,
            "cell": cell,
            "state": self.under_way.as_ref().map_or(word(self.status()), |_| "running"),
            "reasons": reasons.map(|line| line.text).collect::<Vec<_>>(),
            "changes": changed(self.status()),
            "place": step.place.to_string(),
            "kind": step.kind.name(),
            "revision": step.kind.revision(),
            "shell": step.kind.interpreter(&step.params),
            "key": self.key(),
            "params": *step.params,
            "inputs": inputs.collect::<serde_json::Map<_, _>>(),
            "outputs": outputs.collect::<Vec<_>>(),
            "accepted": self.accepted,
            "environment": self.environment,
            "fetched": self.fetched,
            "diverged": self.result().and_then(|result| result.diverged.clone()),
            "metrics": self.store.and_then(|store| metrics(store, self.result()?))
                .map(|metrics| metrics.into_iter().collect::<serde_json::Map<_, _>>()),
            "attempts": self.attempts,
        })
    }
}

/// The numbers that a step reports; none where it reports none.
pub(super) fn metrics(store: &Store, result: &StepResult) -> Option<Vec<(String, Json)>> {
    let object = result.outputs.get("metrics")?.files.get("metrics.json")?;
    let bytes = store.read(object).ok()?;
    let metrics: serde_json::Map<String, Json> = serde_json::from_slice(&bytes).ok()?;
    Some(metrics.into_iter().collect())
}

fn heading(text: &str, empty: bool, out: &mut Printer) -> io::Result<()> {
    match empty {
        true => Ok(()),
        false => writeln!(out, "{text}"),
    }
}
