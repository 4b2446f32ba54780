//! Replicates on demand: how many of them an experiment has come to, and which cells have them, kept in
//! its store.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::noted;
use super::noted::Damaged;
use crate::claims::Compared;
use crate::claims::GroupJudgement;
use crate::claims::Judgement;
use crate::claims::Verdict;
use crate::manifest::Experiment;
use crate::manifest::PartOfReplicates;
use crate::manifest::Replicates;
use crate::manifest::ReplicatesSoFar;
use crate::manifest::all_tell;
use crate::registry::Value;

/// Beside the store's records: experiment → how many.
pub(super) const FILE: &str = "replicates.json";

/// What is lost with a damaged note.
pub(super) const LOST: &str = "runs find out again how many replicates decide the claims";

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Noted {
    /// Of all cells.
    Count(u32),
    Parts(ReplicatesSoFar),
}

/// What an experiment has come to; none where it never grew.
///
/// # Errors
/// Where the note is damaged.
pub(super) fn known(store: &Path, experiment: &str) -> Result<Option<ReplicatesSoFar>, Damaged> {
    let noted = noted::of(store, FILE, experiment)?;
    Ok(noted.map(|noted| match noted {
        Noted::Count(count) => ReplicatesSoFar {
            count,
            parts: Vec::new(),
        },
        Noted::Parts(so_far) => so_far,
    }))
}

/// Notes how many an experiment is to have.
///
/// # Errors
/// Where the store cannot be written.
pub(super) fn note(store: &Path, experiment: &str, more: More) -> io::Result<()> {
    // A damaged note is begun anew.
    let mut so_far = known(store, experiment).ok().flatten().unwrap_or_default();
    so_far.count = more.count;
    if !so_far.parts.is_empty() || !more.cells.is_empty() {
        let mut cells = more.cells;
        if cells.is_empty() {
            // Any cell.
            cells.push(BTreeMap::new());
        }
        so_far.parts.push(PartOfReplicates {
            from: more.from,
            cells,
        });
    }
    let noted = match so_far.parts.is_empty() {
        true => Noted::Count(so_far.count),
        false => Noted::Parts(so_far),
    };
    noted::note(store, FILE, experiment, &noted)
}

/// Replicates to come.
pub(super) struct More {
    /// The first of them.
    from: u32,
    /// How many there are with them.
    pub count: u32,
    /// Which cells get them, as [`PartOfReplicates::cells`] says; all where it is empty.
    cells: Vec<BTreeMap<String, Vec<Value>>>,
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} replicates", self.count)?;
        let text = |at: &BTreeMap<String, Vec<Value>>| {
            let axes = at.iter().map(|(axis, values)| {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                format!("{axis}={}", values.join("|"))
            });
            axes.collect::<Vec<_>>().join(",")
        };
        let cells: Vec<String> = self.cells.iter().map(text).collect();
        match cells.is_empty() {
            true => Ok(()),
            false => write!(f, " where {}", cells.join(" or ")),
        }
    }
}

/// Whether an experiment has replicates on demand.
pub(super) fn on_demand(experiment: &Experiment) -> Option<Replicates> {
    experiment.axes.iter().find_map(|axis| axis.on_demand)
}

/// Which replicates come next; none where the claims are decided or there are as many as may be. Values
/// that are missing do not appear by more replicates: only what a test leaves undecided asks for them.
pub(super) fn next(experiment: &Experiment, judged: &[Judgement]) -> Option<More> {
    let axis = experiment
        .axes
        .iter()
        .find(|axis| axis.on_demand.is_some())?;
    let replicates = axis.on_demand?;
    let column = *axis.columns.first()?;
    let now = experiment.grid.columns().get(column).values().len() as u32;
    let is_open =
        |compared: &Compared| compared.verdict == Verdict::Undecided && compared.test.is_some();
    let judged = judged
        .iter()
        .filter(|judged| judged.verdict == Verdict::Undecided);
    let open = judged.flat_map(|judged| {
        let groups = judged.groups.iter();
        let open = groups.filter(|group| group.comparisons.iter().any(is_open));
        open.map(move |group| (judged, group))
    });
    let open: Vec<(&Judgement, &GroupJudgement)> = open.collect();
    let grows = !open.is_empty() && now < replicates.most;
    grows.then(|| More {
        from: now,
        count: (now + replicates.batch).min(replicates.most),
        cells: undecided(experiment, &open),
    })
}

/// Where undecided comparisons take their numbers from, by the axes on which every claim says where it
/// does: a mean over all values of an axis would change with the replicates of some.
fn undecided(
    experiment: &Experiment,
    open: &[(&Judgement, &GroupJudgement)],
) -> Vec<BTreeMap<String, Vec<Value>>> {
    let (grid, claims) = (&experiment.grid, &experiment.claims);
    let axes = grid.axes().map(|column| &*grid.columns().get(column).name);
    let axes: Vec<&str> = axes.filter(|axis| all_tell(claims, axis)).collect();
    let value = |json: &Json| serde_json::from_value::<Value>(json.clone()).ok();
    let mut cells = Vec::new();
    for (judged, group) in open {
        let claim = claims
            .iter()
            .find(|stated| stated.claim.name == judged.name);
        let at = axes.iter().filter_map(|axis| {
            let here = group.at.iter().find(|(name, _)| name == axis);
            let here = here.map(|(_, value)| vec![value.clone()]);
            let values = here.or_else(|| claim?.claim.filters.get(*axis).cloned())?;
            let values = values.iter().map(value).collect::<Option<Vec<Value>>>();
            Some(((*axis).to_owned(), values?))
        });
        let at: BTreeMap<String, Vec<Value>> = at.collect();
        if at.is_empty() {
            return Vec::new();
        }
        if !cells.contains(&at) {
            cells.push(at);
        }
    }
    cells
}
