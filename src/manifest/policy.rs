//! How the steps of a stage are to be run: resources, retries, time limits. Nothing here belongs
//! to the key of a step.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::amount::ByAttempt;
use super::fields;
use super::fields::Fields;
use super::node::Node;
use super::retry::Retry;

/// How a step is to be run. Nothing here belongs to the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub cpus: u32,
    /// In bytes.
    pub memory: u64,
    /// The same by attempt, where it differs.
    pub memory_by_attempt: ByAttempt,
    /// In seconds: how long its job on a cluster may take.
    pub time: ByAttempt,
    /// Where it runs; none where the run decides.
    pub executor: Option<StageExecutor>,
    pub gpus: u32,
    /// Named pools → how much of each.
    pub named: BTreeMap<String, u32>,
    pub retries: u32,
    /// After which failures, and how soon.
    pub retry: Retry,
    pub timeout: Option<Duration>,
    /// Run in a child process.
    pub isolate: bool,
    /// The process may not have more memory than this, in bytes.
    pub memory_limit: Option<u64>,
    /// Whether a finished result may be reused.
    pub cache: bool,
}

/// Where the steps of a stage run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageExecutor {
    /// On this machine.
    Local,
    /// As jobs of a cluster, asked for as this profile says; none for the run's own.
    Slurm(Option<String>),
}

impl StageExecutor {
    fn read(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let text = node.as_str().unwrap_or_default();
        match text.split_once(':') {
            None if text == "local" => Some(StageExecutor::Local),
            None if text == "slurm" => Some(StageExecutor::Slurm(None)),
            Some(("slurm", name)) if !name.is_empty() => {
                Some(StageExecutor::Slurm(Some(name.to_owned())))
            }
            _ => {
                found.push(
                    Diagnostic::error("wrong value of `executor`")
                        .at(&node.place, "no executor")
                        .help("`local`, `slurm`, or `slurm:NAME` with `[slurm.NAME]` in sweepline.toml"),
                );
                None
            }
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            cpus: 1,
            memory: 0,
            memory_by_attempt: ByAttempt::default(),
            time: ByAttempt::default(),
            executor: None,
            gpus: 0,
            named: BTreeMap::new(),
            retries: 0,
            retry: Retry::default(),
            timeout: None,
            isolate: false,
            memory_limit: None,
            cache: true,
        }
    }
}

impl Policy {
    /// From the keys `resources`, `retries`, `retry`, `timeout`, `isolate` and `cache` of a stage.
    pub(super) fn read(stage: &Fields<'_>, found: &mut Diagnostics) -> Policy {
        let mut policy = Policy::default();
        if let Some(node) = stage.get("resources") {
            policy.resources(node, found);
        }
        if let Some(node) = stage.get("executor") {
            policy.executor = StageExecutor::read(node, found);
        }
        if let Some(node) = stage.get("retries") {
            policy.retries = fields::whole(node, "`retries`", 0, 1000, found).unwrap_or(0) as u32;
        }
        if let Some(node) = stage.get("retry") {
            policy.retry = Retry::read(node, found);
            if policy.retries == 0 {
                found.push(
                    Diagnostic::error("`retry` without `retries`")
                        .at(&node.place, "says after which failures, not how often")
                        .help("`retries: 2` beside it tries again twice"),
                );
            }
        }
        if let Some(node) = stage.get("timeout") {
            policy.timeout = duration(node, "timeout", found);
            if policy.timeout == Some(Duration::ZERO) {
                found.push(
                    Diagnostic::error("wrong value of `timeout`")
                        .at(&node.place, "no step ends in no time")
                        .help("without `timeout` a step takes as long as it needs"),
                );
            }
            // Only a process can be stopped whatever it does.
            policy.isolate = policy.timeout.is_some();
        }
        if let Some(node) = stage.get("isolate") {
            policy.isolation(node, found);
        }
        if let Some(node) = stage.get("cache") {
            policy.cache = boolean(node, "`cache`", found).unwrap_or(true);
        }
        policy
    }

    /// The memory of an attempt, in bytes; zero where nothing is said.
    pub fn memory_of(&self, attempt: u32) -> u64 {
        let by_attempt = self.memory_by_attempt.of(attempt);
        by_attempt.map_or(self.memory, |bytes| bytes as u64)
    }

    /// How long the job of an attempt may take, where that is said.
    pub fn time_of(&self, attempt: u32) -> Option<Duration> {
        let seconds = self.time.of(attempt)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// `process`, `thread` where even a timeout is to ask only, or the limits of a process.
    fn isolation(&mut self, node: &Node, found: &mut Diagnostics) {
        if node.as_map().is_some() {
            if let Some(limits) = Fields::of(node, "`isolate`", &["memory"], found)
                && let Some(memory) = limits.get("memory")
            {
                self.memory_limit = Some(bytes(memory, found)).filter(|bytes| *bytes > 0);
            }
            self.isolate = true;
            return;
        }
        self.isolate = match node.as_str() {
            Some("process") => true,
            Some("thread") => false,
            _ => boolean(node, "`isolate`", found).unwrap_or(false),
        };
    }

    fn resources(&mut self, node: &Node, found: &mut Diagnostics) {
        let Some(entries) = fields::map(node, "`resources`", found) else {
            return;
        };
        for entry in entries {
            let what = format!("`{}`", entry.key);
            let mut count = || {
                let count = fields::whole(&entry.value, &what, 0, 1_000_000, found);
                count.unwrap_or(0) as u32
            };
            match entry.key.as_str() {
                "cpus" => self.cpus = count(),
                "gpus" => self.gpus = count(),
                "memory" => {
                    let by = ByAttempt::read(&entry.value, "memory", &SIZES, "2GiB", found);
                    self.memory = by.of(1).unwrap_or(0.0) as u64;
                    self.memory_by_attempt = by;
                }
                "time" => {
                    self.time = ByAttempt::read(&entry.value, "time", &TIMES, "2h", found);
                }
                name => {
                    let count = count();
                    self.named.insert(name.to_owned(), count);
                }
            }
        }
    }
}

pub(super) fn boolean(node: &Node, what: &str, found: &mut Diagnostics) -> Option<bool> {
    fields::conform(node, &crate::registry::ParamType::Bool, what, found)?.as_bool()
}

/// A number and its unit: `1.5GiB` → `(1.5, "GiB")`.
pub(super) fn measure(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number, unit.trim()))
}

/// Units of sizes, with how many bytes they are.
pub(super) const SIZES: [(&str, f64); 10] = [
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1024.0 * 1024.0),
    ("GiB", 1024.0 * 1024.0 * 1024.0),
    ("TiB", 1024.0 * 1024.0 * 1024.0 * 1024.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
];

/// Units of times, with how many seconds they are.
pub(super) const TIMES: [(&str, f64); 6] = [
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// How much a unit is; a number without one is of seconds.
pub(super) fn factor(unit: &str, units: &[(&str, f64)]) -> Option<f64> {
    if unit.is_empty() {
        return Some(1.0);
    }
    let known = units.iter().find(|(name, _)| *name == unit);
    known.map(|(_, factor)| *factor)
}

/// A number with one of these units. One without is refused: `4` is meant to be of hours, or gigabytes, as often as not.
pub(super) fn amount(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, unit) = measure(text).filter(|(_, unit)| !unit.is_empty())?;
    Some(number * factor(unit, units)?)
}

/// A size in bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    amount(text, &SIZES).map(|bytes| bytes as u64)
}

fn bytes(node: &Node, found: &mut Diagnostics) -> u64 {
    let bytes = size(&node.to_value().to_string());
    match bytes {
        Some(bytes) => bytes,
        None => {
            found.push(
                Diagnostic::error("wrong value of `memory`")
                    .at(&node.place, "expected a size with its unit")
                    .help("for example `512MiB` or `2GiB`"),
            );
            0
        }
    }
}

/// A time.
pub(super) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = measure(text)?;
    Duration::try_from_secs_f64(number * factor(unit, &TIMES)?).ok()
}

/// The time that a node writes; `name` is its key.
pub(super) fn duration(node: &Node, name: &str, found: &mut Diagnostics) -> Option<Duration> {
    let seconds = time(&node.to_value().to_string());
    if seconds.is_none() {
        found.push(
            Diagnostic::error(format!("wrong value of `{name}`"))
                .at(&node.place, "expected a time with its unit")
                .help("for example `30s`, `10m` or `2h`"),
        );
    }
    seconds
}
