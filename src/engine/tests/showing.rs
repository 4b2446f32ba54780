//! The human view: what lies where, and what is left alone.

use std::fs;

use super::kit::*;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;

/// Leaves a figure.
struct Drawn;

impl Entry for Drawn {
    fn name(&self) -> &'static str {
        "drawn"
    }
    fn summary(&self) -> &'static str {
        "draws what a test tells it"
    }
}

impl StageKind for Drawn {
    fn inputs(&self) -> Vec<Slot> {
        Vec::new()
    }
    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("out", ArtifactType::Figure)])
    }
}

fn drawn(lines: &[&'static str], figures: &[&str]) -> Vec<std::sync::Arc<Step>> {
    let mut steps = plan(lines.iter().copied());
    for step in &mut steps {
        if figures.contains(&&*step.stage) {
            std::sync::Arc::make_mut(step).kind = &Drawn;
        }
    }
    steps
}

#[test]
fn figures_are_copies_and_the_rest_are_links() {
    let mut lab = Lab::new();
    let view = lab.folder.path().join("outputs").join("test");
    lab.options.view = Some(view.clone());
    lab.run(&drawn(&["fit", "loss <- fit"], &["loss"]));
    let figure = view.join("figures/loss.text");
    assert_eq!(fs::read_to_string(&figure).unwrap(), "loss(fit())");
    assert!(!figure.is_symlink());
    let cell = view.join("cells/fit/text");
    assert_eq!(fs::read_to_string(&cell).unwrap(), "fit()");
    #[cfg(unix)]
    assert!(fs::read_link(&cell).unwrap().is_relative());
}

#[test]
fn a_deleted_figure_comes_back_without_running_anything() {
    let mut lab = Lab::new();
    let view = lab.folder.path().join("view");
    lab.options.view = Some(view.clone());
    let steps = drawn(&["loss"], &["loss"]);
    lab.run(&steps);
    lab.ran();
    fs::remove_file(view.join("figures/loss.text")).unwrap();
    lab.run(&steps);
    assert!(lab.ran().is_empty());
    assert!(view.join("figures/loss.text").is_file());
}

#[test]
fn only_our_own_stale_files_are_removed() {
    let mut lab = Lab::new();
    let view = lab.folder.path().join("view");
    lab.options.view = Some(view.clone());
    lab.run(&drawn(&["old", "new", "fit"], &["old", "new"]));
    fs::write(view.join("figures/mine.svg"), "drawn by hand").unwrap();
    lab.run(&drawn(&["new"], &["new"]));
    assert!(!view.join("figures/old.text").exists());
    assert!(!view.join("cells").exists());
    assert!(view.join("figures/new.text").exists());
    assert!(view.join("figures/mine.svg").exists());
}

#[test]
fn a_failed_step_keeps_the_figure_it_had() {
    let mut lab = Lab::new();
    let view = lab.folder.path().join("view");
    lab.options.view = Some(view.clone());
    let mut steps = drawn(&["loss"], &["loss"]);
    lab.run(&steps);
    policy(&mut steps, "loss", |policy| policy.cache = false);
    lab.on("loss", |_, _| {
        Err(crate::engine::JobError::failed("no ink"))
    });
    lab.run(&steps);
    assert!(view.join("figures/loss.text").exists());
}
