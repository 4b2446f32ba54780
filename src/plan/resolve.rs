//! What becomes of a step: asked by `plan` and `status` over what earlier runs left, and by `run`
//! over what it has done so far.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::store::Digest;
use crate::store::KeyParts;
use crate::store::Lookup;
use crate::store::PartOf;
use crate::store::StepResult;
use crate::store::StoreError;

use super::Contents;
use super::Former;
use super::From;
use super::InputItem;
use super::KeyError;
use super::Keys;
use super::Step;
use super::StepId;
use super::content_digest;

/// More needs than this that a step waits for are not listed; a reduction may have thousands.
const LISTED: usize = 16;

/// What becomes of a step.
pub enum Resolution {
    /// What these steps will leave is not known.
    Waits { needs: Vec<StepId> },
    /// This step ended without a result, and it is needed.
    Skip { because: StepId },
    /// It cannot be made.
    Broken(ResolveError),
    /// Its key is known, and with it whether there is a result; under which key, where that is a former one.
    Keyed {
        key: Digest,
        lookup: Lookup,
        under: Option<Digest>,
    },
}

/// For the log of the program.
impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolution::Waits { needs } => write!(f, "waits for {} steps", needs.len()),
            Resolution::Skip { because } => write!(f, "skipped because of step {}", because.0),
            Resolution::Broken(error) => write!(f, "broken: {error}"),
            Resolution::Keyed { key, lookup, .. } => {
                let known = match lookup {
                    Lookup::Hit(_) => "known",
                    Lookup::Miss => "unknown",
                    Lookup::Damaged { .. } => "damaged",
                };
                write!(f, "{known}, key {}", key.to_hex())
            }
        }
    }
}

/// Why a step cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A plain file that is an input.
    #[error("{0}")]
    File(String, Vec<String>),
    #[error("`{from}` left no output `{output}`")]
    NoOutput {
        from: String,
        output: String,
        left: Vec<String>,
    },
    /// The store failed to answer.
    #[error(transparent)]
    Store(StoreError),
}

impl ResolveError {
    /// A plain file that cannot be read.
    pub fn file(error: &StoreError) -> Self {
        ResolveError::File(error.to_string(), error.hints())
    }

    /// What to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            ResolveError::Key(_) => Vec::new(),
            ResolveError::File(_, hints) => hints.clone(),
            ResolveError::NoOutput { left, .. } => vec![format!("it left: {}", left.join(", "))],
            ResolveError::Store(error) => error.hints(),
        }
    }
}

/// What is known of a step that another one reads.
pub enum Upstream<'a> {
    /// It left this.
    Left(&'a StepResult),
    /// It ended and left nothing.
    Nothing,
    /// It was left out, and nothing is known of it: a reduction that goes on without what failed does not go on
    /// without this.
    LeftOut,
    /// It has not ended.
    Open,
}

/// What is known where steps are resolved.
pub trait Outlook: Sync {
    fn upstream(&self, step: StepId) -> Upstream<'_>;

    /// The content of a plain file that is an input.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn input_file(&self, path: &Path) -> Result<Digest, ResolveError>;

    /// The content of any other file that belongs to a key.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn key_file(&self, path: &Path) -> io::Result<Digest>;

    /// What `device: auto` means where a step is to run; none where that is this machine.
    fn auto(&self, _: StepId) -> Option<&str> {
        None
    }

    /// What the store has under a key.
    ///
    /// # Errors
    /// Where it fails to answer.
    fn lookup(&self, key: Digest) -> Result<Lookup, StoreError>;

    /// The name of a step.
    fn name(&self, step: StepId) -> String;
}

/// Says what becomes of steps.
pub struct Resolver<'a> {
    pub keys: &'a dyn Keys,
    pub outlook: &'a dyn Outlook,
}

impl Resolver<'_> {
    /// What becomes of a step; `force` looks for no result.
    pub fn resolve(&self, step: &Step, force: bool) -> Resolution {
        let inputs = match self.inputs(step) {
            Ok(inputs) => inputs,
            Err(resolution) => return resolution,
        };
        let key = match self.keys.key(step, &mut self.contents(step, &inputs)) {
            Ok(key) => key,
            Err(error) => return Resolution::Broken(error.into()),
        };
        let lookup = match step.policy.cache && !force {
            true => self.outlook.lookup(key),
            false => Ok(Lookup::Miss),
        };
        let former = match (&lookup, &step.former) {
            (Ok(Lookup::Miss), Some(former)) if step.policy.cache && !force => {
                self.lookup_former(step, former, &inputs)
            }
            _ => None,
        };
        if let Some((under, lookup)) = former {
            return Resolution::Keyed {
                key,
                lookup,
                under: Some(under),
            };
        }
        match lookup {
            Ok(lookup) => Resolution::Keyed {
                key,
                lookup,
                under: None,
            },
            Err(error) => Resolution::Broken(ResolveError::Store(error)),
        }
    }

    /// What stands under the key that a step had when its numbers had other forms. A store or a file that cannot be
    /// asked for it is no concern of the step's, which then runs.
    fn lookup_former(
        &self,
        step: &Step,
        former: &Former,
        inputs: &[Option<Digest>],
    ) -> Option<(Digest, Lookup)> {
        let former = former.step(step);
        let mut contents = self.contents(&former, inputs);
        let key = self.keys.key(&former, &mut contents).ok()?;
        let lookup = self.outlook.lookup(key).ok()?;
        (!matches!(lookup, Lookup::Miss)).then_some((key, lookup))
    }

    /// What the key was made of. Asked for steps that have a key.
    pub fn parts(&self, step: &Step) -> KeyParts {
        let inputs = self.inputs(step).unwrap_or_default();
        // The key was computed from the same, so this only fails where a file has just vanished;
        // then the explanation is lost, not the result.
        let parts = self.keys.parts(step, &mut self.contents(step, &inputs));
        parts.unwrap_or_default()
    }

    /// The key of the step with the whole budget, and its own part, where it has a part of it. Two steps
    /// that have the key in common are one training, cut off at different places.
    pub fn part_of(&self, step: &Step) -> Option<PartOf> {
        let part = step.part.as_ref()?;
        let whole = Step {
            params: Arc::clone(&part.whole),
            written: None,
            ..step.clone()
        };
        let inputs = self.inputs(step).ok()?;
        let key = self.keys.key(&whole, &mut self.contents(step, &inputs));
        Some(PartOf {
            whole: key.ok()?,
            amount: part.amount,
        })
    }

    fn contents<'b>(&'b self, step: &Step, inputs: &'b [Option<Digest>]) -> KnownContents<'b> {
        KnownContents {
            auto: self.outlook.auto(step.id),
            inputs: inputs.iter(),
            outlook: self.outlook,
        }
    }

    /// The contents of all items, in the order of [`Step::inputs`]; none for a member of a
    /// reduction that is missing and may be.
    fn inputs(&self, step: &Step) -> Result<Vec<Option<Digest>>, Resolution> {
        let open = self.open(step);
        if !open.is_empty() {
            return Err(Resolution::Waits { needs: open });
        }
        let items = step.inputs.iter().map(|input| input.items.len()).sum();
        let mut digests = Vec::with_capacity(items);
        for input in &step.inputs {
            let before = digests.len();
            let mut missing = None;
            for item in &input.items {
                let digest = match self.item(item)? {
                    Member::Left(digest) => Some(digest),
                    Member::Nothing(from) if input.missing_allowed => {
                        missing = Some(from);
                        None
                    }
                    Member::Nothing(because) | Member::LeftOut(because) => {
                        return Err(Resolution::Skip { because });
                    }
                };
                digests.push(digest);
            }
            // Members may be missing, but not all of them.
            if let Some(because) = missing.filter(|_| digests[before..].iter().all(Option::is_none))
            {
                return Err(Resolution::Skip { because });
            }
        }
        Ok(digests)
    }

    /// The first needs of a step that have not ended.
    fn open(&self, step: &Step) -> Vec<StepId> {
        let mut open: Vec<StepId> = Vec::new();
        for item in step.inputs.iter().flat_map(|input| &input.items) {
            if let From::Step { step: need, .. } = item.from
                && matches!(self.outlook.upstream(need), Upstream::Open)
                && !open.contains(&need)
            {
                open.push(need);
                if open.len() == LISTED {
                    break;
                }
            }
        }
        open
    }

    /// The content of an item, or the step that left nothing.
    fn item(&self, item: &InputItem) -> Result<Member, Resolution> {
        match &item.from {
            From::File { path } => match self.outlook.input_file(path) {
                Ok(digest) => Ok(Member::Left(digest)),
                Err(error) => Err(Resolution::Broken(error)),
            },
            From::Step { step, output } => match self.outlook.upstream(*step) {
                Upstream::Left(result) => match content_digest(result, output.as_deref()) {
                    Some(digest) => Ok(Member::Left(digest)),
                    None => Err(Resolution::Broken(ResolveError::NoOutput {
                        from: self.outlook.name(*step),
                        output: output.as_deref().unwrap_or_default().to_owned(),
                        left: result.outputs.keys().map(String::clone).collect(),
                    })),
                },
                Upstream::Nothing | Upstream::Open => Ok(Member::Nothing(*step)),
                Upstream::LeftOut => Ok(Member::LeftOut(*step)),
            },
        }
    }
}

/// What an item comes to.
enum Member {
    Left(Digest),
    Nothing(StepId),
    LeftOut(StepId),
}

/// The contents that are known, in the order in which keys ask for them.
struct KnownContents<'a> {
    auto: Option<&'a str>,
    inputs: std::slice::Iter<'a, Option<Digest>>,
    outlook: &'a dyn Outlook,
}

impl Contents for KnownContents<'_> {
    fn auto(&self) -> Option<&str> {
        self.auto
    }

    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        self.inputs.next().copied().flatten()
    }

    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        self.outlook.key_file(path)
    }
}
