//! Manifests from texts, planned against the small catalogue.

use std::fs;

use sweepline::manifest::Overrides;
use sweepline::plan::Plan;
use sweepline::plan::Planned;
use sweepline::plan::Step;

use super::kinds::CATALOG;

/// A project in a temporary folder.
pub(super) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("the machine has a temporary folder");
        for name in ["manifests", "pipelines"] {
            fs::create_dir(folder.path().join(name)).expect("the folder is new");
        }
        Project { folder }
    }

    pub(super) fn with(self, path: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(path), text).expect("the folder is writable");
        self
    }

    pub(super) fn plan(&self, manifest: &str, overrides: &Overrides) -> Planned {
        Plan::read(&self.folder.path().join(manifest), &CATALOG, overrides)
    }
}

/// Plans a manifest that stands alone.
pub(super) fn planned(manifest: &str) -> Planned {
    planned_with(manifest, &Overrides::default())
}

pub(super) fn planned_with(manifest: &str, overrides: &Overrides) -> Planned {
    let project = Project::new().with("manifests/test.yaml", manifest);
    project.plan("manifests/test.yaml", overrides)
}

/// The plan of a manifest without a mistake.
pub(super) fn plan(manifest: &str) -> Plan {
    unwrap(planned(manifest))
}

pub(super) fn unwrap(planned: Planned) -> Plan {
    let text = planned.found.render(false);
    planned.plan.unwrap_or_else(|| panic!("{text}"))
}

/// The names of the steps of a stage.
pub(super) fn steps<'p>(plan: &'p Plan, stage: &str) -> Vec<&'p Step> {
    let steps = plan.steps.iter();
    steps
        .filter(|step| *step.stage == *stage)
        .map(|step| &**step)
        .collect()
}

pub(super) fn names(plan: &Plan, stage: &str) -> Vec<String> {
    let steps = steps(plan, stage);
    steps.iter().map(|step| step.to_string()).collect()
}
