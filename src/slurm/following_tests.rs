use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use super::batch;
use super::batch::Batch;
use super::commands::Unwanted;
use super::executor::Place;
use super::executor::Slurm;
use super::held::Held;
use super::held::JobNumber;
use super::held::Over;
use super::held::Phase;
use super::listing::Listing;
use super::profile::Profile;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Executor;
use crate::engine::Update;

fn slurm(batches: &Path) -> Slurm {
    let place = Place {
        batches: batches.to_owned(),
        program: "sweepline".into(),
        job_name: "test".to_owned(),
        expected: BTreeMap::new(),
    };
    Slurm::new("slurm:test", Profile::default(), place).expect("a thread starts")
}

/// What is told of a waiting attempt, whose job's end has been known for so long.
fn told(after: Duration, cause: EndCause, well: bool) -> Vec<End> {
    let space = tempfile::tempdir().expect("a temporary folder");
    let mut slurm = slurm(space.path());
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

/// A batch of an earlier run: attempts `a` and `b` in one job, `c` in another.
fn earlier(space: &Path, job_name: &str) -> [PathBuf; 3] {
    let attempts = ["a", "b", "c"].map(|name| space.join(name));
    for attempt in &attempts {
        fs::create_dir(attempt).expect("it is ours");
    }
    let [a, b, c] = attempts.clone();
    let folder = space.join("1a22e0ce70d-3a6-1");
    let batch = Batch::new(job_name, vec![vec![a, b], vec![c]], None);
    batch.write(&folder, "exit").expect("it is ours");
    batch::set_job(&folder, 15).expect("it is ours");
    attempts
}

#[test]
fn jobs_of_an_earlier_run_that_no_step_wants_are_told_of_while_they_are_there() {
    let space = tempfile::tempdir().expect("a temporary folder");
    let attempts = earlier(space.path(), "test");
    let mut slurm = slurm(space.path());
    assert!(attempts.iter().all(|attempt| slurm.leave(attempt)));
    slurm.tell_left(&Listing::read(
        "15_1|PENDING|1a22e0ce70d-3a6-1||Priority\n15_0|COMPLETED|1a22e0ce70d-3a6-1|n|None\n",
    ));
    let told = slurm.warnings();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("1 job of earlier runs") && told[0].contains("`scancel 15_1`"),
        "{told:?}"
    );
    let others = space.path().join("other");
    fs::create_dir(&others).expect("it is ours");
    let of_others = earlier(&others, "another-experiment");
    assert!(!slurm.leave(&of_others[0]));
}

#[test]
fn what_is_forgotten_is_cancelled_unless_its_job_has_more_to_do() {
    let space = tempfile::tempdir().expect("a temporary folder");
    let [a, b, c] = earlier(space.path(), "test");
    let mut slurm = slurm(space.path());
    assert!(!slurm.abandon(&a), "its job works off another one too");
    fs::remove_dir_all(&b).expect("it is ours");
    assert!(slurm.abandon(&a) && slurm.abandon(&c));
    let wanted = ["15_0", "15_1"].map(|job| Unwanted {
        name: "test".to_owned(),
        job: job.to_owned(),
    });
    assert_eq!(slurm.cancelling.take(), wanted);
}

#[test]
fn what_cannot_be_cancelled_now_is_told_and_tried_again_after_a_while() {
    let space = tempfile::tempdir().expect("a temporary folder");
    let mut slurm = slurm(space.path());
    slurm.not_cancelled(vec![Unwanted {
        name: "test".to_owned(),
        job: "15".to_owned(),
    }]);
    let told = slurm.warnings();
    assert!(told[0].contains("`scancel 15`"), "{told:?}");
    // Not at once.
    slurm.tell_what_to_cancel();
    assert_eq!(slurm.cancelling.take().len(), 1);
}

#[test]
fn what_a_job_printed_is_shown_in_whatever_encoding() {
    let space = tempfile::tempdir().expect("a temporary folder");
    let batch = Batch::new("test", vec![vec![space.path().join("a")]], None);
    let held = Held::new(space.path().to_owned(), batch, None, JobNumber::Known(15));
    fs::write(batch::log(space.path(), 0), b"no module gr\xfcn\n").expect("it is ours");
    let end = held.end(0, EndCause::Finished, "failed");
    assert!(end.hints[0].contains("no module gr"), "{:?}", end.hints);
}
