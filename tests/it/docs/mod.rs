//! The reference pages under `docs/reference/` equal what the registries say. Rewrite them with
//! `UPDATE=1 cargo test --test it docs`.

#[cfg(unix)]
mod json;
mod manifest;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sweepline::registry::Measure;
use sweepline::registry::Outputs;
use sweepline::registry::reference;
use sweepline::stages;

/// Group of kinds → its page.
fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for kind in stages::catalog().iter() {
        let group = kind
            .name()
            .split('/')
            .next()
            .expect("splitting gives a part");
        let page = pages.entry(group.to_owned()).or_insert_with(|| {
            format!("# Stage kinds: `{group}`\n\nWritten by `sweepline list {group} --docs`.\n")
        });
        page.push('\n');
        page.push_str(&reference::page(kind));
    }
    pages
}

/// A promise of `docs/reliability.md` is held by the tests that it names.
#[test]
fn every_test_that_the_page_on_reliability_names_is_there() {
    let page = fs::read_to_string("docs/reliability.md").expect("the page is there");
    let mut sources = String::new();
    let mut pending = vec!["src".into(), "tests".into()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir::<std::path::PathBuf>(folder).expect("a folder of sources") {
            let path = entry.expect("a folder of sources").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                sources.push_str(&fs::read_to_string(path).expect("sources are text"));
            }
        }
    }
    let words = page.split('`').skip(1).step_by(2);
    let names = words.filter(|word| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
        word.contains("::") && word.chars().all(plain)
    });
    let last = |name: &str| {
        name.trim_end_matches(':')
            .rsplit("::")
            .next()
            .map(str::to_owned)
    };
    let gone: Vec<&str> = names
        .filter(|name| {
            let last = last(name).unwrap_or_default();
            let is_there = |what: &str| {
                sources.match_indices(what).any(|(at, _)| {
                    !sources[at + what.len()..]
                        .starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            };
            !is_there(&format!("fn {last}")) && !is_there(&format!("mod {last}"))
        })
        .collect();
    assert!(gone.is_empty(), "no test is called so: {gone:?}");
}

#[test]
fn reference_pages_are_current() {
    let folder = Path::new("docs/reference");
    let pages = pages();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(folder).expect("the docs can be written");
        for (group, page) in &pages {
            fs::write(folder.join(format!("{group}.md")), page).expect("the docs can be written");
        }
    }
    for (group, page) in &pages {
        let path = folder.join(format!("{group}.md"));
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == *page,
            "{} is not current: UPDATE=1 rewrites it",
            path.display()
        );
    }
    let files = fs::read_dir(folder).expect("the docs are there");
    let others = files.filter(|file| {
        let name = file.as_ref().expect("a file").file_name();
        name.to_string_lossy() != manifest::PAGE
    });
    assert_eq!(
        others.count(),
        pages.len(),
        "a page without a group of kinds"
    );
}

#[test]
fn names_are_kebab_case_and_params_are_documented() {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/_".contains(c);
    let mut last = "";
    for kind in stages::catalog().iter() {
        assert!(kind.name().chars().all(plain), "{}", kind.name());
        assert!(
            last < kind.name(),
            "{} is out of order or twice",
            kind.name()
        );
        last = kind.name();
        let summary = kind.summary();
        assert!(
            !summary.is_empty() && !summary.ends_with('.'),
            "{}",
            kind.name()
        );
        for param in kind.params() {
            assert!(!param.doc.is_empty(), "{} {}", kind.name(), param.name);
            assert!(
                param.name.chars().all(plain),
                "{} {}",
                kind.name(),
                param.name
            );
        }
    }
}

/// A name is headed the same wherever it stands, by a label, and says what it is of.
#[test]
fn every_number_has_one_label_a_known_unit_and_the_split_it_is_of() {
    let mut known: BTreeMap<&str, Measure> = BTreeMap::new();
    for kind in stages::catalog().iter() {
        let what = kind.name();
        let leaves = match kind.outputs() {
            Outputs::Fixed(outputs) => outputs,
            _ => &[],
        };
        let measures = kind.measures();
        let reports = leaves.iter().any(|(name, _)| *name == "metrics");
        assert!(
            !reports || !measures.is_empty(),
            "{what} says nothing of its metrics"
        );
        for measure in measures {
            let Measure { name, label, .. } = measure;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(plain), "{what}: `{name}`");
            assert!(!label.trim().is_empty(), "{what}: `{name}` has no label");
            assert!(
                ["", "nats", "s"].contains(&measure.unit),
                "{what}: `{name}` {}",
                measure.unit
            );
            if name.starts_with("valid_") {
                let split = label.contains("validation") && !label.contains("test");
                assert!(split, "{what}: `{name}` is headed {label}");
            }
            if name.ends_with("_se") {
                assert_eq!(measure.higher_is_better, None, "{what}: `{name}`");
            }
            let same = known
                .insert(name, measure)
                .is_none_or(|other| other == measure);
            assert!(same, "{what}: `{name}` is headed otherwise elsewhere");
        }
    }
    // One that no stage reports would be headed by nothing but its name.
    assert!(known.contains_key("valid_ll") && known.contains_key("ll"));
}
