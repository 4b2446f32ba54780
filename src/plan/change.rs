//! What differs between two keys of one step, and the words for it.

use serde::Serialize;

use crate::store::KeyParts;

/// What changed since the step last ran. Values are as keys explain them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// No step of this name has run.
    New,
    /// Nothing changed, but the result is not in the store.
    Gone,
    /// Nothing changed since an attempt that left no result.
    Unfinished {
        outcome: String,
    },
    /// The result is known, but damaged.
    Damaged,
    /// The stage asks not to reuse results.
    NotCached,
    /// The command line asks for it.
    Forced,
    Kind {
        old: String,
        new: String,
    },
    Revision {
        old: String,
        new: String,
    },
    Device {
        what: String,
        old: String,
        new: String,
    },
    /// The shell that a text is given to.
    Shell {
        old: Option<String>,
        new: Option<String>,
    },
    Param {
        name: String,
        old: Option<String>,
        new: Option<String>,
    },
    Input {
        slot: String,
        old: Option<String>,
        new: Option<String>,
    },
    /// A reduced slot has the same members in another order.
    Order {
        slot: String,
    },
    /// A file of a parameter, or of a command's code.
    File {
        path: String,
        old: Option<String>,
        new: Option<String>,
    },
    /// What a program says of itself.
    Program {
        name: String,
        old: Option<String>,
        new: Option<String>,
    },
    Environment {
        name: String,
        old: Option<String>,
        new: Option<String>,
    },
    /// Keys are made otherwise by this version of the program.
    Format,
}

/// What stands in place of the values of variables that earlier versions kept.
const FORGOTTEN: &str = crate::store::FORGOTTEN;

/// One line for people: `param lr: 0.1 → 0.2`.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".to_owned());
        // Digests say nothing to people but that they differ.
        let content = |old: &Option<String>, new: &Option<String>| match (old, new) {
            (None, _) => "new",
            (_, None) => "no longer read",
            _ => "other content",
        };
        match self {
            Change::New => f.write_str("has not run before"),
            Change::Gone => f.write_str("its result is no longer in the store"),
            Change::Unfinished { outcome } if outcome == "failed" => {
                f.write_str("failed the last time")
            }
            Change::Unfinished { outcome } => write!(f, "was {outcome} the last time"),
            Change::Damaged => f.write_str("its result is damaged"),
            Change::NotCached => f.write_str("is not cached (`cache: false`)"),
            Change::Forced => f.write_str("is asked for (`--force`)"),
            Change::Kind { old, new } => write!(f, "kind: {old} → {new}"),
            Change::Revision { old, new } => write!(f, "revision of the kind: {old} → {new}"),
            Change::Device { what, old, new } => write!(f, "{what}: {old} → {new}"),
            Change::Shell { old, new } => write!(f, "shell: {} → {}", shown(old), shown(new)),
            Change::Program { name, old, new } => match (old, new) {
                (Some(old), Some(new)) => {
                    let (old, new) = first_difference(old, new);
                    write!(
                        f,
                        "program {name}: {} → {}",
                        old.unwrap_or("absent"),
                        new.unwrap_or("absent")
                    )
                }
                (None, _) => write!(f, "program {name}: new"),
                (_, None) => write!(f, "program {name}: no longer asked"),
            },
            Change::Param { name, old, new } => {
                write!(f, "param {name}: {} → {}", shown(old), shown(new))
            }
            Change::Input { slot, old, new } => write!(f, "input {slot}: {}", content(old, new)),
            Change::Order { slot } => write!(f, "input {slot}: other order"),
            Change::File { path, old, new } => write!(f, "file {path}: {}", content(old, new)),
            Change::Environment { name, old, new } => {
                // Only digests are known of values.
                let unset = |value: &str| value == "missing";
                let what = match (old.as_deref(), new.as_deref()) {
                    (None, _) => "new",
                    (_, None) => "no longer read",
                    (Some(FORGOTTEN), _) => "its former value is no longer kept",
                    (Some(old), _) if unset(old) => "set, was not",
                    (_, Some(new)) if unset(new) => "not set, was",
                    _ => "other value",
                };
                write!(f, "environment {name}: {what}")
            }
            Change::Format => f.write_str("keys are made otherwise by this version"),
        }
    }
}

impl Change {
    /// The same with everything there is to say: contents by their digests.
    pub fn in_full(&self) -> String {
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        match self {
            Change::Input {
                slot: name,
                old: Some(old),
                new: Some(new),
            } => format!("input {name}: {} → {}", short(old), short(new)),
            Change::File {
                path,
                old: Some(old),
                new: Some(new),
            } => format!("file {path}: {} → {}", short(old), short(new)),
            other => other.to_string(),
        }
    }
}

/// The first lines of two texts that differ.
pub fn first_difference<'t>(old: &'t str, new: &'t str) -> (Option<&'t str>, Option<&'t str>) {
    let (mut old, mut new) = (old.lines(), new.lines());
    loop {
        match (old.next(), new.next()) {
            (Some(old), Some(new)) if old == new => {}
            differ => return differ,
        }
    }
}

/// What changed between two explanations of a key, part by part.
pub fn changes(old_parts: &KeyParts, new_parts: &KeyParts) -> Vec<Change> {
    let (old, new) = (old_parts, new_parts);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let (before, now) = (old.get(name), new.get(name));
        if before == now {
            continue;
        }
        let (group, rest) = name.split_once('.').unwrap_or((name, ""));
        let rest = rest.to_owned();
        let (old, new) = (before.cloned(), now.cloned());
        let sure = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let change = match group {
            "key" => Change::Format,
            "kind" if rest == "name" => Change::Kind {
                old: sure(&old),
                new: sure(&new),
            },
            "kind" => Change::Revision {
                old: sure(&old),
                new: sure(&new),
            },
            "device" => Change::Device {
                what: rest,
                old: sure(&old),
                new: sure(&new),
            },
            "shell" => Change::Shell { old, new },
            "param" => Change::Param {
                name: rest,
                old,
                new,
            },
            "input" if rest.ends_with(".order") => {
                // New and lost members say so themselves.
                let slot = rest.trim_end_matches(".order");
                let prefix = format!("input.{slot}[");
                let members = |parts: &KeyParts| -> Vec<String> {
                    let names = parts.keys().filter(|name| name.starts_with(&prefix));
                    names.cloned().collect()
                };
                if members(old_parts) != members(new_parts) {
                    continue;
                }
                Change::Order {
                    slot: rest.trim_end_matches(".order").to_owned(),
                }
            }
            "input" => Change::Input {
                slot: rest,
                old,
                new,
            },
            "file" | "code" => Change::File {
                path: rest,
                old,
                new,
            },
            "program" => Change::Program {
                name: rest,
                old,
                new,
            },
            "env" => Change::Environment {
                name: rest,
                old,
                new,
            },
            // Counts: what they count is said by name.
            _ => continue,
        };
        changes.push(change);
    }
    changes
}
