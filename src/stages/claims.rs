//! The claims of a manifest over what its steps left.
//!
//! Judging is no step: it is pure and takes milliseconds, and a claim must be able to say that a
//! step is missing. It is done after every run, over the records of the store.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::Results;
use super::results::METRICS;
use super::rows;
use super::search;
use crate::claims::Claim;
use crate::claims::Judgement;
use crate::claims::Quantity;
use crate::claims::Source;
use crate::claims::Verdict;
use crate::claims::judge;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::manifest::StatedClaim;
use crate::plan::Cell;
use crate::plan::Plan;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Outputs;
use crate::store::Digest;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::closest;
use crate::text::did_you_mean;
use crate::text::list_of;
use crate::text::plural;

/// Counts changes in judging, and in how judgements are written, after which former ones are made anew.
const REVISION: u32 = 9;

/// What can be said against the claims of a plan before anything runs: stages without numbers,
/// and columns that look like a mistyped score.
pub fn check_claims(plan: &Plan) -> Diagnostics {
    let mut found = Diagnostics::new();
    for stated in &plan.experiment.claims {
        check(plan, stated, &mut found);
    }
    check_replicates(plan, &mut found);
    found
}

/// Replicates on demand are for tests that may be looked at again and again: any other would decide sooner or
/// later, whatever is true.
fn check_replicates(plan: &Plan, found: &mut Diagnostics) {
    let experiment = &plan.experiment;
    let Some(axis) = experiment.axes.iter().find(|axis| axis.on_demand.is_some()) else {
        return;
    };
    let over_it = |stated: &&StatedClaim| {
        let test = stated.claim.test.as_ref();
        test.is_some_and(|test| test.replicate.iter().any(|name| **name == *axis.name))
    };
    let mut tested = false;
    for stated in experiment.claims.iter().filter(over_it) {
        tested = true;
        let test = stated.claim.test.as_ref().map_or("", |test| test.name());
        if test != "sequential-t" {
            found.push(
                Diagnostic::error(format!("`{test}` cannot be looked at until it decides"))
                    .at(
                        &stated.place,
                        "it would be wrong more often than its level says",
                    )
                    .also(
                        &axis.place,
                        "values are added here until the claims are decided",
                    )
                    .help("`test: sequential-t` is right however often one looks"),
            );
        }
    }
    if !tested {
        let name = &axis.name;
        found.push(
            Diagnostic::error(format!("no claim has a test over `{name}`"))
                .at(&axis.place, "nothing says when there are enough")
                .help(format!(
                    "a claim with `test: sequential-t` and `replicate: {name}`"
                )),
        );
    }
}

fn check(plan: &Plan, stated: &StatedClaim, found: &mut Diagnostics) {
    let results = Results {
        plan,
        store: None,
        by_step: Vec::new(),
        open: Vec::new(),
    };
    let measuring: Vec<&str> = results.measuring().collect();
    if let Some(table) = &stated.claim.table {
        // Of a stage that exists in no cell, as under an axis that was cut down, its own warning says so.
        if results.steps(parts(table).0).next().is_none() {
            return;
        }
        let wrong = check_table(&results, stated, table, measuring);
        if let Some(wrong) = wrong.or_else(|| check_columns(&results, stated, table)) {
            found.push(as_it_stands(plan, wrong));
        }
        return;
    }
    if measuring.is_empty() && plan.experiment.lacks_cells() {
        return;
    }
    if measuring.is_empty() {
        let tables = results
            .outputs(ArtifactType::Table)
            .map(|(step, _)| &*step.stage);
        let tables: BTreeSet<&str> = tables.collect();
        let help = match tables.is_empty() {
            true => "`sweepline list evaluate` prints what can be measured".to_owned(),
            false => {
                let ways = tables.into_iter().map(|stage| format!("table: {stage}"));
                format!(
                    "a claim about a table names its stage: {}",
                    list_of(ways.collect::<Vec<_>>())
                )
            }
        };
        found.push(
            Diagnostic::error(
                "no stage measures numbers by itself, and the claim names no `table`",
            )
            .at(&stated.about, "of which table?")
            .help(help),
        );
        return;
    }
    let mut known = Columns::default();
    let measuring = plan
        .stages
        .iter()
        .filter(|stage| measuring.contains(&&*stage.name));
    for stage in measuring {
        known.add(&search::known_metrics(plan, stage));
    }
    for column in columns(&stated.claim) {
        if known.numbers.names.contains(column) {
            continue;
        }
        let numbers = || known.numbers.names.iter().map(String::as_str);
        if !known.numbers.open {
            let wrong = Diagnostic::error(format!("no stage measures `{column}`"))
                .at(&stated.about, "in this claim")
                .maybe_help(did_you_mean(column, numbers(), "measured are"));
            found.push(as_it_stands(plan, wrong));
        } else if let Some(meant) = closest(column, numbers()) {
            // Trainings leave numbers that only they know; a near miss is still worth a word.
            found.push(
                Diagnostic::warning(format!("no stage is known to measure `{column}`"))
                    .at(&stated.about, "in this claim")
                    .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}

/// Where cells may be gone for this run alone, what a claim lacks leaves it undecided.
fn as_it_stands(plan: &Plan, wrong: Diagnostic) -> Diagnostic {
    match plan.experiment.lacks_cells() {
        true => wrong.as_warning().help("it stays undecided in this run"),
        false => wrong,
    }
}

/// Which columns a claim names that its `table` will not have.
fn check_columns(results: &Results<'_>, stated: &StatedClaim, table: &str) -> Option<Diagnostic> {
    let (stage, output) = parts(table);
    let known = results.plan.known_columns();
    let mut all = Columns::default();
    for step in results.steps(stage) {
        let outputs = step.outputs();
        let numbers = |wanted| outputs.iter().find(|(_, ty)| *ty == wanted);
        // As it is read where no output is named.
        let own = numbers(ArtifactType::Table).map_or(METRICS, |(name, _)| &**name);
        all.add(&known.output(step, output.unwrap_or(own)));
        let axes = step.cell.iter().map(|(axis, _)| axis);
        all = all.with_axes(axes);
    }
    let wrong = |column: &str, help| {
        let wrong = Diagnostic::error(format!("`{table}` has no column `{column}`"));
        Some(wrong.at(&stated.about, "in this claim").maybe_help(help))
    };
    let unknown = columns(&stated.claim).find(|column| !all.has(column));
    if let Some(column) = unknown.filter(|_| all.are_all()) {
        let names = all.numbers.names.iter().map(String::as_str);
        return wrong(column, did_you_mean(column, names, "its numbers are"));
    }
    let axis = stated.by_columns.iter().find(|name| !all.has(name))?;
    let manifest = results.plan.experiment.axes.iter().map(|axis| &*axis.name);
    let names = all.axes.names.iter().map(String::as_str).chain(manifest);
    // A file may have any column; a near miss is one all the same.
    let is_wrong = all.are_all() || closest(axis, names.clone()).is_some();
    match is_wrong {
        true => wrong(axis, did_you_mean(axis, names, "rows are told apart by")),
        false => None,
    }
}

/// What is wrong with the `table` of a claim: a stage, or `stage.output` where it leaves several.
fn check_table(
    results: &Results<'_>,
    stated: &StatedClaim,
    table: &str,
    measuring: Vec<&str>,
) -> Option<Diagnostic> {
    let (stage, output) = parts(table);
    let step = results.steps(stage).next()?;
    if matches!(step.kind.outputs(), Outputs::PassedOn { .. }) {
        return None;
    }
    let outputs = step.outputs();
    let numbers = outputs
        .iter()
        .filter(|(_, kind)| matches!(kind, ArtifactType::Metrics | ArtifactType::Table));
    let numbers: Vec<&str> = numbers.map(|(name, _)| &**name).collect();
    let ways = || list_of(numbers.iter().map(|output| format!("{stage}.{output}")));
    match (&numbers[..], output) {
        ([], _) => Some(
            Diagnostic::error(format!("stage `{stage}` leaves no numbers"))
                .at(&stated.about, "a claim is about numbers")
                .help(format!("stages that do: {}", list_of(measuring))),
        ),
        ([_], None) => None,
        (_, None) => Some(
            Diagnostic::error(format!("stage `{stage}` leaves numbers in several outputs"))
                .at(&stated.about, "which of them?")
                .help(format!("name one: {}", ways())),
        ),
        (known, Some(output)) if known.contains(&output) => None,
        (_, Some(output)) => Some(
            Diagnostic::error(format!("stage `{stage}` leaves no numbers in `{output}`"))
                .at(&stated.about, "no such numbers")
                .help(format!("there is: {}", ways())),
        ),
    }
}

/// The stage and the output of `stage.output`.
fn parts(table: &str) -> (&str, Option<&str>) {
    match table.split_once('.') {
        Some((stage, output)) => (stage, Some(output)),
        None => (table, None),
    }
}

/// The measured columns that a claim names.
fn columns(claim: &Claim) -> impl Iterator<Item = &str> {
    let quantities = claim.quantities.iter();
    quantities.flat_map(|(_, quantity)| quantity.value.iter().map(String::as_str))
}

/// A digest of everything that judgements depend on: the claims and the numbers.
pub fn claims_digest(results: &Results<'_>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&REVISION.to_le_bytes());
    part(env!("CARGO_PKG_VERSION").as_bytes());
    for stated in &results.plan.experiment.claims {
        let claim = serde_json::to_vec(&stated.claim);
        part(&claim.expect("a claim is plain data with text for keys"));
    }
    let tables = results.outputs(ArtifactType::Table);
    let tables: Vec<_> = tables.map(|(_, output)| output).collect();
    let mut numbers: Vec<&str> = tables.iter().map(|output| &**output).collect();
    numbers.push(METRICS);
    let claims = results.plan.experiment.claims.iter();
    numbers.extend(claims.filter_map(|stated| parts(stated.claim.table.as_deref()?).1));
    numbers.sort_unstable();
    numbers.dedup();
    for step in &results.plan.steps {
        // A cell without a result counts as well.
        part(step.to_string().as_bytes());
        let outputs = results.result(step.id).map(|result| &result.outputs);
        for (name, artifact) in outputs.into_iter().flatten() {
            if numbers.contains(&name.as_str()) {
                part(artifact.digest().as_bytes());
            }
        }
        let diverged = results
            .result(step.id)
            .is_some_and(|result| result.diverged.is_some());
        if diverged {
            part(b"diverged");
        }
        if results.is_open(step.id) {
            part(b"open");
        }
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// Judges every claim of the manifest.
pub fn judge_claims(results: &Results<'_>) -> Vec<Judgement> {
    let mut tables = Tables {
        results,
        by_stage: BTreeMap::new(),
    };
    let known = results.plan.experiment.known();
    let mut measured = results.measuring().flat_map(|stage| results.steps(stage));
    let is_open = measured.any(|step| results.is_open(step.id));
    let claims = results.plan.experiment.claims.iter();
    claims
        .map(|stated| {
            // What failed may be missing; what was left out or stopped would be another claim.
            let claim = &Claim {
                allow_missing: stated.claim.allow_missing && !is_open,
                ..stated.claim.clone()
            };
            let judged = tables.of(claim).and_then(|sources| {
                let sources: Vec<&Source> = sources.iter().map(|source| &**source).collect();
                let tables = sources.iter().filter(|_| claim.table.is_some());
                let known = tables.fold(known.clone(), |known, source| {
                    known.with_columns(claim, &source.table)
                });
                judge(claim, &sources, &known).map_err(|errors| {
                    let errors = errors.iter().map(ToString::to_string);
                    errors.collect::<Vec<_>>().join("; ")
                })
            });
            judged.unwrap_or_else(|reason| undecided(claim, reason))
        })
        .collect()
}

/// A claim that cannot be judged, and why.
fn undecided(claim: &Claim, reason: String) -> Judgement {
    Judgement {
        name: claim.name.clone(),
        says: claim.says.clone(),
        source: claim.source.clone(),
        verdict: Verdict::Undecided,
        reason,
        groups: Vec::new(),
    }
}

/// What claims are about, each read once.
struct Tables<'r> {
    results: &'r Results<'r>,
    by_stage: BTreeMap<String, Rc<Source>>,
}

impl Tables<'_> {
    /// What each quantity of a claim is taken from: the stage that the claim names, or those that measured
    /// its columns. Others may have more cells, fewer, or trainings that diverged: they are not its business.
    fn of(&mut self, claim: &Claim) -> Result<Vec<Rc<Source>>, String> {
        let quantities = claim.quantities.iter();
        let sources = quantities.map(|(_, quantity)| match &claim.table {
            Some(table) => self.named(table, quantity),
            None => self.measured(quantity),
        });
        sources.collect()
    }

    /// The stage that a claim names, if it has the columns of a quantity.
    fn named(&mut self, table: &str, quantity: &Quantity) -> Result<Rc<Source>, String> {
        let source = self.stage(table)?;
        let mut columns = quantity.value.iter();
        match columns.find(|column| source.table.column(column).is_none()) {
            Some(column) => Err(self.nowhere(column, &[parts(table).0.to_owned()])),
            None => Ok(source),
        }
    }

    /// The stages that measured the columns of a quantity.
    fn measured(&mut self, quantity: &Quantity) -> Result<Rc<Source>, String> {
        let measuring: Vec<String> = self.results.measuring().map(str::to_owned).collect();
        let mut owners: Vec<&str> = Vec::new();
        for column in &quantity.value {
            let mut having = Vec::new();
            for stage in &measuring {
                if self.metrics(stage)?.table.column(column).is_some() {
                    having.push(stage.as_str());
                }
            }
            match having[..] {
                [] => return Err(self.nowhere(column, &measuring)),
                [owner] if owners.contains(&owner) => {}
                [owner] => owners.push(owner),
                _ => {
                    let stages = list_of(having);
                    return Err(format!(
                        "`{column}` is left by {stages}: name one as `table`"
                    ));
                }
            }
        }
        if let [owner] = owners[..] {
            return self.metrics(owner);
        }
        // A correlation of two: what one measured on fewer axes belongs to all rows that share them.
        let joined = self.results.metrics(&owners).map_err(|e| e.to_string())?;
        let numbers = quantity.value.iter().filter_map(|name| joined.column(name));
        let joined = joined.completed(&numbers.collect::<Vec<_>>());
        Ok(Rc::new(joined.into_owned().into()))
    }

    /// Why no result has a column.
    fn nowhere(&mut self, column: &str, measuring: &[String]) -> String {
        let steps: Vec<&Step> = measuring
            .iter()
            .flat_map(|stage| self.results.steps(stage))
            .collect();
        let missing = steps
            .iter()
            .filter(|step| self.results.result(step.id).is_none());
        match missing.count() {
            0 => {
                let known = self.by_stage.values();
                let known = known.flat_map(|source| &source.table.columns);
                let known = known.filter(|column| !column.axis);
                match closest(column, known.map(|column| column.name.as_str())) {
                    Some(meant) => {
                        format!("no stage measured `{column}`, did you mean `{meant}`?")
                    }
                    None => format!("no stage measured `{column}`"),
                }
            }
            some => {
                let steps = plural(some, "step");
                format!("no result has `{column}` yet; {steps} without a result")
            }
        }
    }

    /// The metrics of a stage, whatever else it leaves.
    fn metrics(&mut self, stage: &str) -> Result<Rc<Source>, String> {
        self.stage(&format!("{stage}.{METRICS}"))
    }

    /// That of `stage` or `stage.output`.
    fn stage(&mut self, stage: &str) -> Result<Rc<Source>, String> {
        if let Some(known) = self.by_stage.get(stage) {
            return Ok(Rc::clone(known));
        }
        let source = self.read(stage).map_err(|error| error.to_string())?;
        let source = Rc::new(source);
        self.by_stage.insert(stage.to_owned(), Rc::clone(&source));
        Ok(source)
    }

    /// The numbers of an output; without one, of a stage that leaves a table, that table.
    fn read(&self, table: &str) -> Result<Source, JobError> {
        let (stage, output) = parts(table);
        let output_of = |step: &Step| match output {
            Some(output) => Some(output.to_owned()),
            None => {
                let mut outputs = step.outputs().into_iter();
                let table = outputs.find(|(_, kind)| *kind == ArtifactType::Table);
                table.map(|(name, _)| name.into_owned())
            }
        };
        let steps = self.results.steps(stage);
        let steps: Vec<(&Step, Option<String>)> =
            steps.map(|step| (step, output_of(step))).collect();
        let tables = steps.iter().filter_map(|(step, output)| {
            let output = output.as_deref().filter(|output| *output != METRICS)?;
            Some((*step, output))
        });
        let tables: Vec<(&Step, &str)> = tables.collect();
        if tables.is_empty() {
            return Ok(self.results.metrics(&[stage])?.into());
        }
        let items = tables
            .iter()
            .map(|(step, output)| self.results.item(step, output));
        let items: Vec<Option<JobItem>> = items.collect();
        let absent = tables.iter().zip(&items);
        let absent = absent.filter(|(_, item)| item.is_none());
        let absent: Vec<&Cell> = absent.map(|((step, _), _)| &step.cell).collect();
        let cells: Vec<&Cell> = steps.iter().map(|(step, _)| &step.cell).collect();
        Ok(Source {
            table: rows::of_rows(&items.into_iter().flatten().collect::<Vec<_>>())?,
            absent: rows::of_places(&absent, &cells),
        })
    }
}
