//! The tables `[slurm.NAME]` of `sweepline.toml`: how clusters are asked for jobs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml_edit::Item;
use toml_edit::TableLike;

use crate::manifest::language;
use crate::slurm::Grouping;
use crate::slurm::Profile;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;

/// Profiles by name.
pub(super) type Profiles = BTreeMap<String, Profile>;

/// Each key of a profile with what it takes.
const KEYS: [(&str, &str); 16] = [
    ("partition", "a text"),
    ("account", "a text"),
    ("qos", "a text"),
    ("time", "a time with its unit: \"4h\""),
    ("memory", "a size with its unit: \"8GiB\""),
    ("gpus", "a whole number"),
    ("device", "\"cpu\" or \"cuda\""),
    ("modules", "a list of texts: [\"cuda/12\"]"),
    ("prologue", "lines of bash"),
    (
        "options",
        "a list of options of sbatch: [\"--constraint=a100\"]",
    ),
    (
        "array",
        "a whole number from 1: the most tasks of one array",
    ),
    (
        "jobs",
        "a whole number from 1: how many tasks of an array run at once",
    ),
    (
        "most",
        "a whole number from 1: how many steps are in the queue at most",
    ),
    (
        "group",
        "a whole number from 1: how many steps a job works off",
    ),
    (
        "minutes",
        "a number above 0: how long the steps of a job are expected to take together",
    ),
    ("program", "a path that all nodes see"),
];

/// What `sbatch` is told by us: an option of the same name would break the protocol.
const OURS: [&str; 12] = [
    "--array",
    "-a",
    "--job-name",
    "-J",
    "--comment",
    "--output",
    "-o",
    "--wrap",
    "--parsable",
    "--requeue",
    "--wait",
    "-W",
];

/// Reads the tables; mistakes go to `found`.
pub(super) fn read(item: &Item, source: &Arc<Source>, found: &mut Diagnostics) -> Profiles {
    let mut profiles = Profiles::new();
    let mut reader = Reader { source, found };
    let Some(tables) = item.as_table_like() else {
        reader.wrong(
            item.span(),
            "`slurm` is not a table of profiles",
            "for example `[slurm.gpu]`",
        );
        return profiles;
    };
    for (name, item) in tables.iter() {
        match item.as_table_like() {
            Some(table) => {
                profiles.insert(name.to_owned(), reader.profile(table));
            }
            None => {
                let title = format!("`slurm.{name}` is not a table");
                let help =
                    format!("settings stand in profiles: `[slurm.NAME]`, below it `{name} = …`");
                reader.wrong(item.span(), &title, &help);
            }
        }
    }
    profiles
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    found: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn wrong(&mut self, range: Option<Range<usize>>, title: &str, help: &str) {
        let place = Place {
            source: Arc::clone(self.source),
            range: range.unwrap_or(0..0),
        };
        let wrong = Diagnostic::error(title).at(&place, "here");
        self.found.push(wrong.help(help));
    }

    fn profile(&mut self, table: &dyn TableLike) -> Profile {
        let mut profile = Profile::default();
        for (name, item) in table.iter() {
            let known = KEYS.iter().find(|(key, _)| *key == name);
            let Some((_, takes)) = known else {
                let span = table.key(name).and_then(toml_edit::Key::span);
                let names = KEYS.map(|(key, _)| key);
                let help = did_you_mean(name, names, "settings of a profile");
                self.wrong(
                    span,
                    &format!("unknown setting `{name}`"),
                    &help.unwrap_or_default(),
                );
                continue;
            };
            if set(&mut profile, name, item).is_none() {
                self.wrong(
                    item.span(),
                    &format!("wrong value of `{name}`"),
                    &format!("it takes {takes}"),
                );
            }
        }
        if table.contains_key("group") && table.contains_key("minutes") {
            let span = table.get("minutes").and_then(Item::span);
            self.wrong(
                span,
                "`group` and `minutes` say the same thing in two ways",
                "leave one out",
            );
        }
        let ours = profile.options.iter().find(|option| {
            let name = option.split('=').next().unwrap_or_default();
            OURS.contains(&name)
        });
        if let Some(ours) = ours {
            let span = table.get("options").and_then(Item::span);
            let title = format!("`{ours}` is said by the program itself");
            self.wrong(span, &title, "leave it out");
        }
        profile
    }
}

/// Sets what a key says; none where the value is none for it.
fn set(profile: &mut Profile, name: &str, item: &Item) -> Option<()> {
    let text = || {
        item.as_str()
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let number = || usize::try_from(item.as_integer()?).ok();
    let count = || number().filter(|count| *count > 0);
    let texts = || -> Option<Vec<String>> {
        let values = item.as_array()?.iter();
        values
            .map(|value| value.as_str().map(str::to_owned))
            .collect()
    };
    match name {
        "partition" => profile.partition = Some(text()?),
        "account" => profile.account = Some(text()?),
        "qos" => profile.qos = Some(text()?),
        "time" => profile.time = Some(language::time(&text()?).filter(|time| !time.is_zero())?),
        "memory" => profile.memory = Some(language::bytes(&text()?).filter(|bytes| *bytes > 0)?),
        "gpus" => profile.gpus = u32::try_from(number()?).ok()?,
        "device" => {
            profile.device = text().filter(|device| ["cpu", "cuda"].contains(&&**device))?
        }
        "modules" => profile.modules = texts()?,
        "prologue" => profile.prologue = item.as_str()?.to_owned(),
        "options" => {
            let options = texts()?;
            profile.options = options
                .iter()
                .all(|option| option.starts_with('-'))
                .then_some(options)?;
        }
        "array" => profile.array = count()?,
        "jobs" => profile.at_once = Some(count()?),
        "most" => profile.most = count()?,
        "group" => profile.grouping = Grouping::Steps(count()?),
        "minutes" => {
            let minutes = item
                .as_float()
                .or_else(|| item.as_integer().map(|whole| whole as f64))?;
            let wanted = std::time::Duration::try_from_secs_f64(minutes * 60.0).ok()?;
            profile.grouping = Grouping::Lasting((!wanted.is_zero()).then_some(wanted)?);
        }
        "program" => profile.program = Some(PathBuf::from(text()?)),
        _ => return None,
    }
    Some(())
}
