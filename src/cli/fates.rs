//! What would become of every step, and the words for it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::project::Project;
use super::project::Stop;
use crate::plan::Change;
use crate::plan::Fate;
use crate::plan::Known;
use crate::plan::Reason;
use crate::stages::Results;
use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::Record;
use crate::store::Store;
use crate::text::plural;

/// What earlier runs left.
pub struct Earlier {
    pub store: Option<Store>,
    /// The last key of each step, by its name.
    last: BTreeMap<String, Digest>,
    experiment: String,
    /// How the last attempts at its steps ended; asked for where one has no result.
    outcomes: OnceCell<BTreeMap<String, String>>,
}

impl Earlier {
    pub fn of(project: &Project) -> Result<Earlier, Stop> {
        let store = project.read_store()?;
        let mut last = BTreeMap::new();
        if let Some(store) = &store {
            store.preload(project.plan.steps.len())?;
            last = store.keys_of(&project.name())?;
        }
        Ok(Earlier {
            store,
            last,
            experiment: project.name(),
            outcomes: OnceCell::new(),
        })
    }

    /// What would become of every step, in the order of the plan.
    pub fn fates(&self, project: &Project) -> Vec<Fate> {
        project
            .plan
            .fates(&project.rules(self.store.as_ref()), self)
    }

    /// The results of every step that is up to date.
    pub fn results<'p>(&'p self, project: &'p Project) -> Results<'p> {
        let fates = self.fates(project).into_iter();
        let made = fates.map(|fate| match fate {
            Fate::UpToDate { record } => Some(Arc::new(record.made.clone())),
            _ => None,
        });
        Results {
            plan: &project.plan,
            store: self.store.as_ref(),
            made: made.collect(),
        }
    }
}

impl Known for Earlier {
    fn record(&self, key: &Digest) -> Option<Arc<Record>> {
        // A store that fails to answer knows nothing: the run itself will say why.
        let made = match self.store.as_ref()?.lookup(*key).ok()? {
            Lookup::Hit(made) => made,
            _ => return None,
        };
        Some(Arc::new(Record {
            key: *key,
            parts: KeyParts::new(),
            made: (*made).clone(),
        }))
    }

    fn last(&self, step: &str) -> Option<KeyParts> {
        let key = self.last.get(step)?;
        self.store.as_ref()?.parts(*key).ok()?
    }

    fn file_digest(&self, path: &Path) -> std::io::Result<Digest> {
        match &self.store {
            Some(store) => store
                .file_digest(path)
                .map(|object| object.digest)
                .map_err(std::io::Error::other),
            None => std::fs::read(path).map(|bytes| Digest::of(&bytes)),
        }
    }

    fn unfinished(&self, step: &str) -> Option<String> {
        let store = self.store.as_ref()?;
        let outcomes = self.outcomes.get_or_init(|| {
            // Without them the result is said to be gone: true as well.
            store.last_outcomes(&self.experiment).unwrap_or_default()
        });
        outcomes.get(step).filter(|how| *how != "made").cloned()
    }

    fn intact(&self, _: &Record) -> bool {
        // A lookup that hits has looked at every object.
        true
    }
}

/// A fate in a word or two.
pub fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::UpToDate { .. } => "up to date",
        Fate::Runs { .. } => "runs",
        Fate::MayRun { .. } => "may run",
        Fate::Broken { .. } => "cannot run",
    }
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// The place of the manifest or the pipeline behind it.
    pub place: Option<String>,
}

/// Why, a line for each reason. The members of a reduced slot are counted, not listed: there may
/// be thousands.
pub fn lines(project: &Project, fate: &Fate) -> Vec<Line> {
    match fate {
        Fate::UpToDate { .. } => Vec::new(),
        Fate::Runs { reasons, .. } => reason_lines(reasons),
        Fate::MayRun { after } => {
            let mut stages: Vec<&str> = Vec::new();
            for id in after {
                let stage = &*project.plan.step(*id).stage;
                if !stages.contains(&stage) {
                    stages.push(stage);
                }
            }
            vec![Line {
                text: format!("waits for {}", stages.join(", ")),
                place: None,
            }]
        }
        Fate::Broken { error } => vec![Line {
            text: error.to_string(),
            place: None,
        }],
    }
}

/// The same of changes alone, without places.
pub fn change_lines(changes: &[Change]) -> Vec<String> {
    let reasons = changes.iter().map(|what| Reason {
        what: what.clone(),
        place: None,
    });
    let lines = reason_lines(&reasons.collect::<Vec<_>>()).into_iter();
    lines.map(|line| line.text).collect()
}

fn reason_lines(reasons: &[Reason]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut members: Vec<Members> = Vec::new();
    for reason in reasons {
        let place = reason.place.as_ref().map(ToString::to_string);
        let member = match &reason.what {
            Change::Input { slot, old, new } if slot.contains(['[', '.']) => Some((slot, old, new)),
            _ => None,
        };
        let Some((slot, old, new)) = member else {
            let text = reason.what.to_string();
            lines.push(Line { text, place });
            continue;
        };
        let name = slot.split(['[', '.']).next().unwrap_or(slot);
        let at = match members.iter().position(|known| known.slot == name) {
            Some(at) => at,
            None => {
                members.push(Members {
                    slot: name,
                    place,
                    counts: [0; 3],
                });
                members.len() - 1
            }
        };
        let which = match (old, new) {
            (None, _) => 1,
            (_, None) => 2,
            _ => 0,
        };
        members[at].counts[which] += 1;
    }
    lines.extend(members.into_iter().map(Members::line));
    lines
}

/// What happened to the members of one reduced slot.
struct Members<'r> {
    slot: &'r str,
    place: Option<String>,
    /// With other content, new, and no longer read.
    counts: [usize; 3],
}

impl Members<'_> {
    fn line(self) -> Line {
        let said = ["with other content", "new", "no longer read"];
        let said = self.counts.iter().zip(said).filter(|(n, _)| **n > 0);
        let said: Vec<String> = said.map(|(n, what)| format!("{n} {what}")).collect();
        let total: usize = self.counts.iter().sum();
        Line {
            text: format!(
                "input {}: {} changed ({})",
                self.slot,
                plural(total, "member"),
                said.join(", ")
            ),
            place: self.place,
        }
    }
}
