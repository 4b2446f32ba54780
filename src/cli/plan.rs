//! `sweepline plan` and `check`: what is known before anything runs.
//!
//! Many steps run for one reason, so steps are grouped by stage and reasons: ten changed cells are
//! one paragraph, not ten.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde_json::json;

use super::JSON_VERSION;
use super::args;
use super::args::PlanArgs;
use super::exit::Exit;
use super::filters;
use super::output_folder;
use super::previous_run::PreviousRun;
use super::printer::Printer;
use super::project::Project;
use super::step_status::Line;
use super::step_status::changed;
use super::step_status::lines;
use super::step_status::word;
use super::stop::Stop;
use crate::plan::Step;
use crate::plan::StepId;
use crate::plan::StepStatus;
use crate::text::ShowPath;
use crate::text::in_one_line;
use crate::text::plural;

/// How many steps of a group are named.
const NAMED: usize = 3;

/// Says what a run would do.
pub(super) fn plan(args: &PlanArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let selection = filters::selection(&project, &args.filters, err)?;
    let forced = filters::forced(&project, &args.force, selection.as_ref(), err)?;
    let previous = PreviousRun::of(&project)?.forcing(forced);
    let statuses = previous.statuses(&project);
    if let Some(store) = &previous.store {
        output_folder::tell_state(&project, &statuses, store, err)?;
    }
    if let Some(refused) = output_folder::refused(&project) {
        err.diagnostic(&refused)?;
        return Ok(Exit::Usage);
    }
    if let Some(twin) = output_folder::twin(&project) {
        err.diagnostic(&twin)?;
    }
    let pending = match &selection {
        Some(selection) => project.plan.pending(selection, &statuses),
        None => vec![None; statuses.len()],
    };
    let waits = match &selection {
        Some(_) => project.waits_for_trials(&statuses),
        None => vec![false; statuses.len()],
    };
    let view = View {
        project: &project,
        waits,
        chosen: statuses
            .iter()
            .enumerate()
            .map(|(at, _)| {
                let id = StepId(at as u32);
                selection.as_ref().is_none_or(|chosen| chosen.contains(id))
            })
            .collect(),
        statuses,
        pending,
    };
    if args.json {
        for step in view.steps() {
            writeln!(out, "{}", view.json(step))?;
        }
        return Ok(Exit::Success);
    }
    view.stages(out)?;
    view.groups(args.explain, out)?;
    let count = |word: &str| view.steps().filter(|step| view.word(step) == word).count();
    let (all, known, pending) = (view.steps().count(), count("up to date"), count("pending"));
    let pending_too = match pending {
        0 => String::new(),
        n => format!(", {n} pending"),
    };
    match all - known - pending {
        0 if known == all => writeln!(err, "all {} up to date", plural(all, "step"))?,
        run => writeln!(err, "{run} of {} to run{pending_too}", plural(all, "step"))?,
    }
    if let Some(trials) = project.trials_line() {
        writeln!(err, "{trials}")?;
        if let Some(best) = project.best_line() {
            writeln!(err, "{best}")?;
        }
    }
    Ok(Exit::Success)
}

/// Reports every mistake; says so where there is none.
pub(super) fn check(args: &args::Experiment, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open_checking(args, err)?;
    if let Some(refused) = output_folder::refused(&project) {
        err.diagnostic(&refused)?;
        return Ok(Exit::Usage);
    }
    if let Some(twin) = output_folder::twin(&project) {
        err.diagnostic(&twin)?;
    }
    writeln!(
        err,
        "`{}` is well formed: {} in {}",
        args.manifest.shown(),
        plural(project.plan.steps.len(), "step"),
        plural(project.plan.stages.len(), "stage"),
    )?;
    Ok(Exit::Success)
}

/// A plan with what would become of it.
struct View<'p> {
    project: &'p Project,
    /// By step: whether the filters let it through.
    chosen: Vec<bool>,
    statuses: Vec<StepStatus>,
    pending: Vec<Option<(StepId, usize)>>,
    /// By step: whether the filters have it wait for further trials of a search.
    waits: Vec<bool>,
}

/// Steps of one stage with one status for the same reasons.
struct Group<'p> {
    steps: Vec<&'p Step>,
    word: &'static str,
    lines: Vec<Line>,
}

impl View<'_> {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let steps = self.project.plan.steps.iter().map(|step| &**step);
        steps.filter(|step| self.chosen[step.id.index()])
    }

    fn word(&self, step: &Step) -> &'static str {
        match self.pending[step.id.index()] {
            Some(_) => "pending",
            None if self.waits[step.id.index()] => "pending",
            None => word(&self.statuses[step.id.index()]),
        }
    }

    fn lines(&self, step: &Step) -> Vec<Line> {
        match self.pending[step.id.index()] {
            _ if self.waits[step.id.index()] => vec![Line {
                text: "waits for the last trial".to_owned(),
                place: None,
            }],
            // By stage alone: many pending steps are one group.
            Some((need, _)) => vec![Line {
                text: format!(
                    "needs steps of {} that the filters leave out",
                    self.project.plan.step(need).stage
                ),
                place: None,
            }],
            None => lines(self.project, &self.statuses[step.id.index()]),
        }
    }

    /// A line for every stage, with counts.
    fn stages(&self, out: &mut Printer) -> io::Result<()> {
        let stages = &self.project.plan.stages;
        let width = stages.iter().map(|stage| stage.name.chars().count()).max();
        let width = width.unwrap_or(0);
        for stage in stages {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for id in stage.steps.iter().filter(|id| self.chosen[id.index()]) {
                *counts
                    .entry(self.word(self.project.plan.step(*id)))
                    .or_default() += 1;
            }
            let words = ["runs", "may run", "pending", "cannot run", "up to date"];
            let counts = words
                .iter()
                .filter_map(|word| counts.get(word).map(|count| format!("{count} {word}")));
            let counts: Vec<String> = counts.collect();
            if counts.is_empty() {
                continue;
            }
            let kinds = stage.kinds.join(", ");
            writeln!(
                out,
                "{:width$}  {}  ({kinds})",
                stage.name,
                counts.join(", ")
            )?;
        }
        Ok(())
    }

    /// What is not up to date, by stage and reasons. Without explanations, only what is sure.
    fn groups(&self, explain: bool, out: &mut Printer) -> io::Result<()> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for step in self.steps() {
            let word = self.word(step);
            let told = match word {
                "up to date" => false,
                "may run" => explain,
                _ => true,
            };
            if !told {
                continue;
            }
            let lines = self.lines(step);
            // The steps of a stage stand together.
            let of_stage = |group: &&mut Group<'_>| group.steps[0].stage == step.stage;
            let same = |group: &&mut Group<'_>| group.word == word && group.lines == lines;
            match groups.iter_mut().rev().take_while(of_stage).find(same) {
                Some(group) => group.steps.push(step),
                None => groups.push(Group {
                    steps: vec![step],
                    word,
                    lines,
                }),
            }
        }
        if !groups.is_empty() && !explain {
            writeln!(out)?;
        }
        for group in groups {
            match explain {
                true => group.explain(out)?,
                false => group.outline(out)?,
            }
        }
        Ok(())
    }

    fn json(&self, step: &Step) -> serde_json::Value {
        let cell: serde_json::Map<_, _> = step
            .cell
            .iter()
            .map(|(axis, value)| (axis.to_owned(), json!(value)))
            .collect();
        let mut object = json!({
            "version": JSON_VERSION,
            "step": step.to_string(),
            "stage": &*step.stage,
            "kind": step.kind.name(),
            "cell": cell,
            "state": self.word(step),
        });
        if let StepStatus::UpToDate { key, result } = &self.statuses[step.id.index()] {
            let outputs = result.outputs.iter();
            let digests =
                outputs.map(|(name, artifact)| (name.clone(), json!(artifact.digest().to_hex())));
            object["key"] = json!(key.to_hex());
            object["digests"] = digests.collect::<serde_json::Map<_, _>>().into();
        }
        let lines = self.lines(step);
        if !lines.is_empty() {
            let reasons = lines.into_iter().map(|line| line.text);
            object["reasons"] = reasons.collect::<Vec<_>>().into();
            object["changes"] = json!(changed(&self.statuses[step.id.index()]));
        }
        object
    }
}

impl Group<'_> {
    fn outline(&self, out: &mut Printer) -> io::Result<()> {
        let more = match self.steps.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| in_one_line(&line.text))
            .collect();
        let pending = match self.word {
            "pending" => "pending, ",
            _ => "",
        };
        writeln!(
            out,
            "{}{more}: {pending}{}",
            self.steps[0],
            lines.join("; ")
        )
    }

    fn explain(&self, out: &mut Printer) -> io::Result<()> {
        match self.steps.as_slice() {
            [one] => writeln!(out, "\n{one}: {}", self.word)?,
            steps => {
                let word = self.word.strip_suffix('s').unwrap_or(self.word);
                writeln!(out, "\n{}: {} {word}", steps[0].stage, steps.len())?;
                let named: Vec<String> = steps.iter().take(NAMED).map(|s| s.to_string()).collect();
                let more = match steps.len() - named.len() {
                    0 => String::new(),
                    n => format!(", and {n} more"),
                };
                writeln!(out, "  {}{more}", named.join(", "))?;
            }
        }
        for line in &self.lines {
            writeln!(out, "  {}", in_one_line(&line.text))?;
            if let Some(place) = &line.place {
                writeln!(out, "    --> {place}")?;
            }
        }
        Ok(())
    }
}
