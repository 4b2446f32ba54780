//! The reference pages under `docs/reference/` equal what the registries say. Rewrite them with
//! `UPDATE=1 cargo test --test it docs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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
    assert_eq!(
        files.count(),
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
