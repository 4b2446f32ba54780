//! `remote` of `sweepline.toml`: which shared store, and what `run` does with it.

use std::ops::Range;
use std::sync::Arc;

use clap::ValueEnum;
use toml_edit::Item;

use crate::remote::PublicKey;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::Source;
use crate::text::did_you_mean;

/// What `run` does with a shared store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Mode {
    /// Nothing
    Off,
    /// Takes results from there instead of making them
    #[default]
    Read,
    /// The same, and sends what it made at its end
    ReadWrite,
}

impl Mode {
    const NAMES: [(&str, Mode); 3] = [
        ("off", Mode::Off),
        ("read", Mode::Read),
        ("read-write", Mode::ReadWrite),
    ];

    fn named(name: &str) -> Option<Mode> {
        let mut names = Self::NAMES.iter();
        names
            .find(|(known, _)| *known == name)
            .map(|(_, mode)| *mode)
    }
}

/// The shared store of a project.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cli) struct RemoteSettings {
    /// A folder, relative to the project's root.
    pub place: String,
    pub run: Mode,
    /// Whose results these are, in the shared store.
    pub name: Option<String>,
    /// Only what one of these keys has signed is taken; anything where there is none.
    pub trusted: Vec<PublicKey>,
    /// Whether only results of machines of this one's class are taken.
    pub same_numerics: bool,
}

const KEYS: [&str; 5] = ["url", "run", "name", "numerics", "trusted"];

/// Reads `remote = "/mnt/lab/sweepline"`, or the table `[remote]`; mistakes go to `found`.
pub(in crate::cli) fn read(
    item: &Item,
    source: &Arc<Source>,
    found: &mut Diagnostics,
) -> Option<RemoteSettings> {
    let mut wrong = |range: Option<Range<usize>>, title: &str, help: Option<String>| {
        let range = range.unwrap_or(0..0);
        let source = Arc::clone(source);
        let at = Place { source, range };
        found.push(Diagnostic::error(title).at(&at, "here").maybe_help(help));
    };
    let mut settings = RemoteSettings::default();
    if let Some(place) = item.as_str().filter(|place| !place.is_empty()) {
        settings.place = place.to_owned();
        return Some(settings);
    }
    let Some(table) = item.as_table_like() else {
        let help = "`remote = \"/mnt/lab/sweepline\"`, or a table `[remote]` with `url` in it";
        wrong(
            item.span(),
            "`remote` is no shared store",
            Some(help.to_owned()),
        );
        return None;
    };
    for (name, item) in table.iter() {
        let text = item.as_str().filter(|text| !text.is_empty());
        match (name, text) {
            ("url", Some(place)) => settings.place = place.to_owned(),
            ("name", Some(name)) => settings.name = Some(name.to_owned()),
            ("run", Some(mode)) if Mode::named(mode).is_some() => {
                settings.run = Mode::named(mode).unwrap_or_default();
            }
            ("run", given) => {
                let names = Mode::NAMES.map(|(name, _)| name);
                let help = did_you_mean(given.unwrap_or_default(), names, "values");
                wrong(item.span(), "wrong value of `run`", help);
            }
            ("trusted", _) => {
                let keys = item.as_array().map(|keys| {
                    let texts = keys.iter().map(|key| key.as_str().unwrap_or_default());
                    texts.map(PublicKey::read).collect::<Result<Vec<_>, _>>()
                });
                match keys {
                    Some(Ok(keys)) if !keys.is_empty() => settings.trusted = keys,
                    Some(Err(why)) => wrong(item.span(), "wrong value of `trusted`", Some(why)),
                    _ => {
                        let help = "a list of keys: [\"ed25519:…\"]".to_owned();
                        wrong(item.span(), "wrong value of `trusted`", Some(help));
                    }
                }
            }
            ("numerics", Some("any")) => settings.same_numerics = false,
            ("numerics", Some("same")) => settings.same_numerics = true,
            ("numerics", given) => {
                let help = did_you_mean(given.unwrap_or_default(), ["any", "same"], "values");
                wrong(item.span(), "wrong value of `numerics`", help);
            }
            ("url" | "name", None) => {
                let title = format!("wrong value of `{name}`");
                wrong(item.span(), &title, Some("it takes a text".to_owned()));
            }
            _ => {
                let span = table.key(name).and_then(toml_edit::Key::span);
                let title = format!("unknown setting `{name}`");
                wrong(
                    span,
                    &title,
                    did_you_mean(name, KEYS, "settings of `remote`"),
                );
            }
        }
    }
    if settings.place.is_empty() && table.get("url").is_none() {
        let help = "`url = \"/mnt/lab/sweepline\"`: a folder that all can reach";
        wrong(
            item.span(),
            "`[remote]` has no `url`",
            Some(help.to_owned()),
        );
    }
    Some(settings)
}
