//! The states that Slurm knows, and what each means for a step.

use crate::engine::EndCause;

/// What a state of a job means for its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It waits for its turn.
    Waits,
    /// It has its nodes.
    Runs,
    /// It has ended.
    Ended(EndCause),
    /// A word of a Slurm that is newer than this program: it is asked again.
    Unknown,
}

/// The state of a job whose script ended well.
pub(super) const COMPLETED: &str = "COMPLETED";

/// Every state, as `squeue --format %T` and `scontrol show job` write it, with its meaning and words for people.
pub(super) const STATES: [(&str, Meaning, &str); 32] = {
    use EndCause::*;
    use Meaning::*;
    [
        ("BOOT_FAIL", Ended(Interrupted), "its node did not boot"),
        ("CANCELLED", Ended(Cancelled), "was cancelled"),
        (COMPLETED, Ended(Finished), "completed"),
        ("COMPLETING", Runs, "is completing"),
        ("CONFIGURING", Runs, "waits for its nodes to boot"),
        ("DEADLINE", Ended(Refused), "missed its deadline"),
        ("EXPEDITING", Waits, "is being expedited"),
        ("FAILED", Ended(Finished), "failed"),
        (
            "LAUNCH_FAILED",
            Ended(Interrupted),
            "could not be launched on its node",
        ),
        ("NODE_FAIL", Ended(Interrupted), "lost its node"),
        (
            "OUT_OF_MEMORY",
            Ended(OutOfMemory),
            "took more memory than it had asked for",
        ),
        ("PENDING", Waits, "is pending"),
        ("POWER_UP_NODE", Runs, "waits for its nodes to power up"),
        (
            "PREEMPTED",
            Ended(Interrupted),
            "was preempted by another job",
        ),
        (
            "RECONFIG_FAIL",
            Ended(Interrupted),
            "its node could not be configured",
        ),
        ("REQUEUED", Waits, "was requeued"),
        ("REQUEUE_FED", Waits, "was requeued by a federation"),
        ("REQUEUE_HOLD", Waits, "was requeued and is held"),
        ("RESIZING", Runs, "changes its size"),
        (
            "RESV_DEL_HOLD",
            Waits,
            "is held: its reservation was deleted",
        ),
        ("REVOKED", Ended(Interrupted), "was revoked by a federation"),
        ("RUNNING", Runs, "runs"),
        ("SIGNALING", Runs, "is being signalled"),
        ("SPECIAL_EXIT", Waits, "is held after a special exit"),
        ("STAGE_OUT", Runs, "stages out its files"),
        ("STOPPED", Runs, "is stopped"),
        ("SUSPENDED", Runs, "is suspended"),
        ("TIMEOUT", Ended(TimeLimit), "was out of time"),
        ("UPDATE_DB", Runs, "is being accounted for"),
        // Flags that old versions show in place of a state.
        ("CANCELLED by", Ended(Cancelled), "was cancelled"),
        (
            "OUT_OF_ME+",
            Ended(OutOfMemory),
            "took more memory than it had asked for",
        ),
        ("RUNNING+", Runs, "runs"),
    ]
};

/// What a state means, and its words.
pub(super) fn meaning(state: &str) -> (Meaning, &'static str) {
    let exact = STATES.iter().find(|(name, ..)| *name == state);
    // `CANCELLED by 1000`
    let first = || {
        let word = state.split_whitespace().next()?;
        STATES.iter().find(|(name, ..)| *name == word)
    };
    let known = exact.or_else(first);
    known.map_or(
        (Meaning::Unknown, "is in a state that is not known here"),
        |(_, m, w)| (*m, *w),
    )
}

/// What a reason of a job that waits means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// For its turn.
    Turn,
    /// Until somebody releases it.
    Held,
    /// Until nodes come back, or for ever.
    Unfit,
    /// For ever.
    Never,
}

/// Reasons with which a job waits until a person does something.
const HELD: [&str; 6] = [
    "JobHeldUser",
    "JobHeldAdmin",
    "JobHoldMaxRequeue",
    "launch failed requeued held",
    // Of 22.05, for what is `REQUEUE_HOLD` elsewhere.
    "job requeued in held state",
    "job_requeued_in_held_state",
];

/// Reasons that do not go away while the cluster is configured as it is.
const NEVER: [&str; 12] = [
    "DependencyNeverSatisfied",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "BadConstraints",
    "InvalidAccount",
    "InvalidQOS",
    "AccountNotAllowed",
    "QOSNotAllowed",
    "InactiveLimit",
    "JobArrayTaskLimitNever",
    "ReservationDeleted",
    "FrontEndNeverUp",
];

/// States in which a job waits until a person does something, whatever the reason.
const HELD_STATES: [&str; 3] = ["REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"];

/// What a state and the reason mean that `squeue --format %r` writes.
pub(super) fn waiting(state: &str, reason: &str) -> Waiting {
    // Limits of one job hold for ever, such as QOSMaxMemoryPerJob, QOSMaxWallDurationPerJobLimit,
    // QOSMaxGRESPerNode and QOSMinGRES; those of a user or group pass.
    let of_one_job = (reason.starts_with("QOS") || reason.starts_with("Assoc"))
        && (reason.contains("PerJob") || reason.ends_with("PerNode"))
        || reason.starts_with("QOSMin");
    match () {
        () if HELD.contains(&reason) || HELD_STATES.contains(&state) => Waiting::Held,
        () if NEVER.contains(&reason) || of_one_job => Waiting::Never,
        () if reason == "PartitionConfig" => Waiting::Unfit,
        () => Waiting::Turn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The states of `squeue(1)` of Slurm 25.05, under "JOB STATE CODES".
    const MANUAL: [&str; 24] = [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "CONFIGURING",
        "COMPLETING",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PENDING",
        "PREEMPTED",
        "RUNNING",
        "RESV_DEL_HOLD",
        "REQUEUE_FED",
        "REQUEUE_HOLD",
        "REQUEUED",
        "RESIZING",
        "REVOKED",
        "SIGNALING",
        "SPECIAL_EXIT",
        "STAGE_OUT",
        "STOPPED",
        "SUSPENDED",
        "TIMEOUT",
    ];

    #[test]
    fn every_state_of_the_manual_is_known_and_others_end_nothing() {
        for state in MANUAL {
            assert_ne!(meaning(state).0, Meaning::Unknown, "{state}");
        }
        assert_eq!(
            meaning("CANCELLED by 1000").0,
            Meaning::Ended(EndCause::Cancelled)
        );
        assert_eq!(meaning("QUANTUM").0, Meaning::Unknown);
        assert_eq!(meaning("").0, Meaning::Unknown);
    }

    #[test]
    fn reasons_tell_whether_waiting_helps() {
        assert_eq!(waiting("PENDING", "Priority"), Waiting::Turn);
        assert_eq!(
            waiting("PENDING", "ReqNodeNotAvail, UnavailableNodes:n1"),
            Waiting::Turn
        );
        assert_eq!(waiting("PENDING", "QOSMaxJobsPerUserLimit"), Waiting::Turn);
        assert_eq!(waiting("PENDING", "JobHeldUser"), Waiting::Held);
        assert_eq!(waiting("REQUEUE_HOLD", "None"), Waiting::Held);
        assert_eq!(waiting("PENDING", "PartitionNodeLimit"), Waiting::Never);
        assert_eq!(waiting("PENDING", "PartitionConfig"), Waiting::Unfit);
        for of_one_job in [
            "QOSMaxMemoryPerJob",
            "QOSMaxWallDurationPerJobLimit",
            "AssocMaxCpuPerJobLimit",
            "QOSMaxGRESPerNode",
            "QOSMinGRES",
            "QOSMinCpuNotSatisfied",
        ] {
            assert_eq!(waiting("PENDING", of_one_job), Waiting::Never);
        }
        for of_many in ["QOSGrpMemLimit", "AssocGrpNodeLimit", "QOSMaxGRESPerUser"] {
            assert_eq!(waiting("PENDING", of_many), Waiting::Turn);
        }
    }
}
