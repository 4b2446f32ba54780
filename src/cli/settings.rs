//! `sweepline.toml`: the marker of a project's root, and its settings.
//!
//! What the command line says wins, then environment variables, then this file, then defaults.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use toml_edit::Document;
use toml_edit::Item;

use super::args::StoreArgs;
use super::executors;
use super::exit::Exit;
use super::printer::Printer;
use super::remote;
use super::remote::RemoteSettings;
use super::resources;
use super::resources::Amounts;
use super::slurm_settings;
use super::slurm_settings::Profiles;
use super::stop::Stop;
use crate::manifest;
use crate::manifest::SETTINGS;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::ShowPath;
use crate::text::Source;
use crate::text::did_you_mean;

const KEYS: [&str; 7] = [
    "outputs",
    "store",
    "jobs",
    "resources",
    "executor",
    "slurm",
    "remote",
];

/// The settings of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub outputs: Option<PathBuf>,
    pub store: Option<PathBuf>,
    pub jobs: Option<u32>,
    /// How much there is of what steps share.
    pub resources: Amounts,
    /// Where commands and trainings run: `local`, `slurm`, `slurm:NAME`.
    pub executor: Option<String>,
    /// How clusters are asked for jobs.
    pub slurm: Profiles,
    /// The store that is shared with others.
    pub remote: Option<RemoteSettings>,
}

impl Settings {
    /// Reads the file in the root of a project; the defaults where there is none. Mistakes go to
    /// `err`.
    pub(super) fn of(root: &Path, err: &mut Printer) -> Result<Self, Stop> {
        let text = match fs::read_to_string(root.join(SETTINGS)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                writeln!(err, "error: `{SETTINGS}` cannot be read: {error}")?;
                return Err(Stop::Reported(Exit::Usage));
            }
        };
        let source = Arc::new(Source {
            path: SETTINGS.into(),
            text,
        });
        Self::read(&source).map_err(|found| match err.diagnostics(&found) {
            Ok(()) => Stop::Reported(Exit::Usage),
            Err(error) => Stop::Io(error),
        })
    }

    fn read(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let mut found = Diagnostics::new();
        let mut settings = Self::default();
        let place = |range: Option<std::ops::Range<usize>>| Place {
            source: Arc::clone(source),
            range: range.unwrap_or(0..0),
        };
        let document = match Document::parse(source.text.as_str()) {
            Ok(document) => document,
            Err(error) => {
                let wrong = Diagnostic::error(format!("`{SETTINGS}` is not TOML"));
                found.push(wrong.at(&place(error.span()), error.message().trim()));
                return Err(found);
            }
        };
        let table = document.as_table();
        for (name, item) in table.iter() {
            let key = table.key(name).and_then(toml_edit::Key::span);
            let mut wrong = |what: &str, help: &str| {
                let at = place(item.span().or_else(|| key.clone()));
                let title = format!("`{name}` is not {what}");
                found.push(
                    Diagnostic::error(title)
                        .at(&at, what_it_is(item))
                        .help(help),
                );
            };
            let path = |wrong: &mut dyn FnMut(&str, &str)| match item.as_str() {
                Some(text) if !text.is_empty() => Some(PathBuf::from(text)),
                _ => {
                    wrong(
                        "a folder",
                        "a text, relative to the project's root: \"outputs\"",
                    );
                    None
                }
            };
            match name {
                "outputs" => settings.outputs = path(&mut wrong),
                "store" => settings.store = path(&mut wrong),
                "jobs" => match item.as_integer().map(u32::try_from) {
                    Some(Ok(jobs)) if jobs > 0 => settings.jobs = Some(jobs),
                    _ => wrong("a number of steps", "a whole number from 1: `jobs = 4`"),
                },
                "resources" => match item.as_table_like() {
                    None => wrong("a table", "for example `[resources]`, below it `gpus = 2`"),
                    Some(amounts) => {
                        for (name, item) in amounts.iter() {
                            let given = match (item.as_integer(), item.as_str()) {
                                (Some(number), _) => number.to_string(),
                                (_, Some(text)) => text.to_owned(),
                                _ => String::new(),
                            };
                            match resources::of(name, &given) {
                                Ok(amount) => {
                                    settings.resources.insert(name.to_owned(), amount);
                                }
                                Err(why) => {
                                    let title = format!("wrong amount of `{name}`");
                                    let at = place(item.span());
                                    found.push(Diagnostic::error(title).at(&at, why));
                                }
                            }
                        }
                    }
                },
                "executor" => match item.as_str() {
                    Some(text) if executors::is_name(text) => {
                        settings.executor = Some(text.to_owned())
                    }
                    _ => wrong(
                        "an executor",
                        "`executor = \"slurm:NAME\"`, `\"slurm\"` or `\"local\"`",
                    ),
                },
                "slurm" => settings.slurm = slurm_settings::read(item, source, &mut found),
                "remote" => settings.remote = remote::read(item, source, &mut found),
                _ => {
                    let title = format!("unknown setting `{name}`");
                    let wrong = Diagnostic::error(title).at(&place(key), "not known");
                    found.push(wrong.maybe_help(did_you_mean(name, KEYS, "settings")));
                }
            }
        }
        match found.has_errors() {
            true => Err(found),
            false => Ok(settings),
        }
    }

    /// The shared store, where one is named here or by `SWEEPLINE_REMOTE`.
    pub(super) fn remote(&self) -> Option<RemoteSettings> {
        let named = std::env::var("SWEEPLINE_REMOTE").ok();
        match named.filter(|place| !place.is_empty()) {
            Some(place) => Some(RemoteSettings {
                place,
                ..self.remote.clone().unwrap_or_default()
            }),
            None => self
                .remote
                .clone()
                .filter(|remote| !remote.place.is_empty()),
        }
    }

    /// The folders of outputs and store.
    pub(super) fn folders(&self, args: &StoreArgs, root: &Path) -> (PathBuf, PathBuf) {
        let own = |path: &Option<PathBuf>| path.as_ref().map(|path| root.join(path));
        // Programs are told of them, which run in folders of their own.
        let asked = |path: &Option<PathBuf>| path.as_deref().map(manifest::absolute);
        let outputs = asked(&args.outputs).or_else(|| own(&self.outputs));
        let outputs = outputs.unwrap_or_else(|| root.join("outputs"));
        let store = asked(&args.store).or_else(|| own(&self.store));
        let store = store.unwrap_or_else(|| outputs.join("store"));
        (outputs, store)
    }
}

fn what_it_is(item: &Item) -> String {
    format!(
        "this is {}",
        match item.type_name() {
            "integer" => "an integer".to_owned(),
            "array" => "an array".to_owned(),
            other => format!("a {other}"),
        }
    )
}

/// Results and store need folders that do not hold each other.
pub(super) fn overlap(name: &str, view: &Path, store: &Path) -> Option<Diagnostic> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| manifest::absolute(path));
    let (real_view, real_store) = (real(view), real(store));
    let apart = !real_view.starts_with(&real_store) && !real_store.starts_with(&real_view);
    if apart {
        return None;
    }
    let (view, store) = (view.shown(), store.shown());
    let title = format!("the results of `{name}` and the store would share a folder");
    Some(
        Diagnostic::error(title)
            .help(format!("results go to `{view}`, the store is `{store}`"))
            .help("give the experiment another name, or name other folders by `--outputs` or `--store`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let source = Arc::new(Source {
            path: SETTINGS.into(),
            text: text.to_owned(),
        });
        Settings::read(&source).map_err(|found| found.render(false))
    }

    #[test]
    fn settings_are_read_and_what_the_command_line_says_wins() {
        let settings = read("store = \"/big/store\"\noutputs = 'out'\njobs = 3\n").unwrap();
        assert_eq!(settings.jobs, Some(3));
        let mut args = StoreArgs {
            outputs: None,
            store: None,
        };
        let root = Path::new("/p");
        let folders = |args: &StoreArgs| settings.folders(args, root);
        assert_eq!(folders(&args), ("/p/out".into(), "/big/store".into()));
        args.outputs = Some("there".into());
        args.store = Some("/s".into());
        let there = std::env::current_dir().unwrap().join("there");
        assert_eq!(folders(&args), (there, "/s".into()));
        assert_eq!(read(""), Ok(Settings::default()));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        let said = read("\nstor = \"x\"\njobs = \"many\"\noutputs = 3\n").unwrap_err();
        for part in [
            "sweepline.toml:2:1",
            "did you mean `store`?",
            "sweepline.toml:3:8",
            "sweepline.toml:4:11",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(read("jobs = 0").is_err());
        let settings = read("[resources]\ngpus = 2\nmemory = '1GiB'\n").unwrap();
        assert_eq!(settings.resources["gpus"], 2);
        assert_eq!(settings.resources["memory"], 1 << 30);
        let said = read("[resources]\ngpus = 2\nlicence = 'many'\n").unwrap_err();
        assert!(said.contains("sweepline.toml:3:11"), "{said}");
        for alone in [
            "[slurm.a]\ntime = '4'\n",
            "[slurm.a]\nmemory = '8'\n",
            "[resources]\nmemory = 8\n",
        ] {
            assert!(
                read(alone).unwrap_err().contains("with its unit"),
                "{alone}"
            );
        }
        assert!(read("store = ").unwrap_err().contains("sweepline.toml:1:"));
    }
}
