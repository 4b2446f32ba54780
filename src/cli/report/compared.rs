//! The numbers of the last runs, for comparison: each result once.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::super::show::metrics;
use crate::cli::runs;
use crate::cli::runs::Left;
use crate::report::Run;
use crate::report::RunResult;
use crate::report::Runs;
use crate::store::Digest;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::without_changes;

/// How many runs with other results are offered, and how many are looked through for them.
const OFFERED: usize = 12;
const LOOKED_AT: usize = 60;

/// The newest runs of an experiment, under any profile and parameters, that knew other results than the one after them.
pub(super) fn runs(store: &Store, experiment: &str) -> Result<Runs, StoreError> {
    let past = store.runs(LOOKED_AT)?.into_iter();
    let past = past.filter(|run| without_changes(&run.experiment) == without_changes(experiment));
    let mut seen: Vec<(crate::store::PastRun, Vec<Left>)> = Vec::new();
    for run in past {
        // Events that are gone cost the comparison with that run, not the report.
        let keys = runs::left(store, &run.run).unwrap_or_default();
        let known = keys.is_empty() || seen.iter().any(|(_, other)| *other == keys);
        if !known {
            seen.push((run, keys));
        }
        if seen.len() == OFFERED {
            break;
        }
    }
    let mut compared = Runs::default();
    if seen.len() < 2 {
        return Ok(compared);
    }
    let mut versions: BTreeMap<&str, Vec<&Left>> = BTreeMap::new();
    for left in seen.iter().flat_map(|(_, keys)| keys) {
        let versions = versions.entry(&left.step).or_default();
        if !versions.contains(&left) {
            versions.push(left);
        }
    }
    let mut at: HashMap<(&str, Version), usize> = HashMap::new();
    for (step, left) in &versions {
        let keys: Vec<Digest> = left.iter().map(|left| left.key).collect();
        let parts = differing(store, &keys)?;
        for (left, parts) in left.iter().zip(parts) {
            at.insert((step, version(left)), compared.results.len());
            compared.results.push(RunResult {
                step: (*step).to_owned(),
                // What is the same in all runs is compared with nothing.
                numbers: match keys.len() {
                    1 => BTreeMap::new(),
                    _ => numbers(store, left)?,
                },
                parts,
            });
        }
    }
    compared.runs = seen
        .iter()
        .map(|(run, keys)| Run {
            run: match run.experiment == experiment {
                true => run.run.clone(),
                false => format!("{} {}", run.run, run.experiment),
            },
            command: run.command.clone(),
            results: keys
                .iter()
                .map(|left| at[&(&*left.step, version(left))])
                .collect(),
        })
        .collect();
    Ok(compared)
}

/// A key, and which of its results, where that has been replaced.
type Version = (Digest, Option<Digest>);

fn version(left: &Left) -> Version {
    let replaced = left.replaced.as_ref();
    (left.key, replaced.map(|replaced| replaced.digest))
}

fn numbers(store: &Store, left: &Left) -> Result<BTreeMap<String, f64>, StoreError> {
    let Some(result) = left.result(store)? else {
        return Ok(BTreeMap::new());
    };
    let metrics = metrics(store, &result).unwrap_or_default();
    let finite = metrics
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_f64()?)));
    Ok(finite.collect())
}

/// Of several keys the parts that are not in all of them alike. What a step reads is left out: the
/// step that made it says what changed.
fn differing(store: &Store, keys: &[Digest]) -> Result<Vec<BTreeMap<String, String>>, StoreError> {
    let mut all = Vec::new();
    for key in keys {
        all.push(store.parts(*key)?.unwrap_or_default());
    }
    let own = |parts: &BTreeMap<String, String>| {
        let differ = parts.iter().filter(|(name, value)| {
            !name.starts_with("input.") && all.iter().any(|other| other.get(*name) != Some(value))
        });
        differ
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    Ok(all.iter().map(own).collect())
}
