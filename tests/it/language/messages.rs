//! One wrong manifest for every message, with what is said about it: `tests/bad/*.yaml` and
//! `*.stderr` beside them. `SNAPSHOTS=overwrite` accepts what is said now.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use snapbox::Assert;
use snapbox::Data;
use sweepline::manifest::Overrides;
use sweepline::plan::Plan;

use super::kinds::CATALOG;

fn manifests() -> Vec<PathBuf> {
    let folder = fs::read_dir("tests/bad").expect("the folder is in the repository");
    let mut manifests: Vec<PathBuf> = folder
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    manifests.sort();
    manifests
}

fn said(manifest: &Path) -> String {
    let planned = Plan::read(manifest, &CATALOG, &Overrides::default());
    assert!(
        !planned.found.is_empty(),
        "{} is not wrong",
        manifest.display()
    );
    planned.found.render(false)
}

#[test]
fn every_mistake_is_said_as_it_was_approved() {
    let assert = Assert::new().action_env("SNAPSHOTS");
    let mut unlike = Vec::new();
    for manifest in manifests() {
        let expected = Data::read_from(&manifest.with_extension("stderr"), None);
        if let Err(difference) = assert.try_eq(None, said(&manifest).into(), expected.raw()) {
            unlike.push(format!("{}\n{difference}", manifest.display()));
        }
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

#[test]
fn every_message_names_a_place() {
    for manifest in manifests() {
        let planned = Plan::read(&manifest, &CATALOG, &Overrides::default());
        for diagnostic in planned.found.iter() {
            assert!(
                diagnostic.at.is_some(),
                "{}: {}",
                manifest.display(),
                diagnostic.title
            );
        }
    }
}
