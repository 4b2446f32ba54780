use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use super::batch::Batch;
use super::executor::Place;
use super::executor::Slurm;
use super::held::Held;
use super::held::JobNumber;
use super::held::Over;
use super::held::Phase;
use super::profile::Profile;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Update;

/// What is told of a waiting attempt, whose job's end has been known for so long.
fn told(after: Duration, cause: EndCause, well: bool) -> Vec<End> {
    let space = tempfile::tempdir().expect("a temporary folder");
    let place = Place {
        batches: space.path().to_owned(),
        program: "sweepline".into(),
        job_name: "test".to_owned(),
        expected: BTreeMap::new(),
    };
    let mut slurm = Slurm::new("slurm:test", Profile::default(), place).expect("a thread starts");
    let attempt = space.path().join("a");
    let batch = Batch::new("test", vec![vec![attempt]], None);
    let mut held = Held::new(space.path().join("b"), batch, None, JobNumber::Known(15));
    held.tasks[0].attempts[0].phase = Phase::Waits;
    held.tasks[0].over = Some(Over {
        since: Instant::now().checked_sub(after).expect("it was up then"),
        end: End::new(cause, "job 15_0 ended"),
        well,
    });
    slurm.batches.insert("b".to_owned(), held);
    slurm.settle("b", 0);
    let ends = slurm.news.drain(..).filter_map(|(_, update)| match update {
        Update::Ended(end) => Some(end),
        _ => None,
    });
    ends.collect()
}

#[test]
fn a_job_that_ended_well_and_never_began_the_step_is_no_failure_of_the_step() {
    let long = Duration::from_secs(31);
    let ends = told(long, EndCause::Finished, true);
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].cause, EndCause::Interrupted);
    assert_eq!(ends[0].how, "job 15_0 ended without having begun the step");
    // Its prologue may have failed, which would only fail again.
    assert_eq!(
        told(long, EndCause::Finished, false)[0].cause,
        EndCause::Finished
    );
    // What it did may still come to be seen.
    assert_eq!(told(Duration::from_secs(20), EndCause::Finished, true), []);
}
