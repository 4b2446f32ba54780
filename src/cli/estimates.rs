//! What the steps of a stage take, by the records of earlier runs.

use std::collections::BTreeMap;

use super::project::Project;
use crate::store::Store;

/// Seconds that a step of a stage is expected to take.
pub(super) type Expected = BTreeMap<String, f64>;

/// Seconds per step by stage: the mean of its steps that ran before, else of all steps of its
/// kinds. Stages that nobody ever saw run are left out.
pub(super) fn by_stage(project: &Project, store: &Store) -> Expected {
    // Without estimates a run goes as well.
    let Ok(known) = store.durations(&project.name()) else {
        return Expected::new();
    };
    let mut expected = Expected::new();
    for stage in &project.plan.stages {
        let steps = stage.steps.iter().map(|id| project.plan.step(*id));
        let seconds = steps.filter_map(|step| {
            let own = known.by_step.get(&step.to_string());
            own.or_else(|| known.by_kind.get(step.kind.name())).copied()
        });
        let (sum, count) = seconds.fold((0.0, 0), |(sum, n), seconds| (sum + seconds, n + 1));
        if count > 0 {
            expected.insert(stage.name.to_string(), sum / f64::from(count));
        }
    }
    expected
}
