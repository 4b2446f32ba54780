//! Whole sweeps through the queue.

use super::cluster;
use super::objects;
use super::space;
use super::sweep;

/// Trainings beside commands: 8 small autoencoders and their scores.
const TRAININGS: &str = r#"  data:
    uses: dataset/synthetic
    with: {name: circle, points: 40}
  fit:
    uses: train/iwae
    in: {data: data}
    with: {samples: 5, epochs: 2, seed: "${seed}", latent: 1, hidden: [4], batch: 10}
  score:
    uses: evaluate/test-kl
    in: {model: fit, data: data}
  summary:
    uses: table/summary
    in: {rows: score}
    with: {values: [test_kl], replicate: seed}
"#;

#[test]
fn commands_and_trainings_end_with_the_digests_of_a_run_without_a_queue() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let manifest = sweep(200, "0").replace("axes:\n", "axes:\n  seed: {seeds: 8}\n") + TRAININGS;
    let space = space(&manifest, "group = 10");
    let said = shared.cluster.run(&space, &[]);
    assert!(said.contains("218 done"), "{said}");
    let local = [
        "run",
        "manifests/o.yaml",
        "--store",
        "local/store",
        "--outputs",
        "local",
        "--progress",
        "none",
    ];
    space.stdout(&local);
    let (queued, here) = (
        objects(&space, "outputs/store"),
        objects(&space, "local/store"),
    );
    assert!(
        queued.len() > 200 && queued == here,
        "{} and {}",
        queued.len(),
        here.len()
    );
    // Under the same keys, whoever made them.
    let again = space.stdout(&["run", "manifests/o.yaml", "--json"]);
    assert!(!again.contains("step-started"), "{again}");
    let left =
        space.files("outputs/store/jobs").len() + space.files("outputs/store/attempts").len();
    assert_eq!(left, 0, "nothing is left of jobs that ended well");
}

#[test]
fn steps_that_wait_for_each_other_go_through_the_queue_in_turn() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let manifest = sweep(3, "0.1")
        + r#"  next:
    uses: command
    in: {n: gen.n}
    resources: {cpus: 2, memory: 100MiB, time: 5m}
    with: {pass_env: [SLURM_CPUS_PER_TASK, SLURM_MEM_PER_NODE], run: 'cat "$in_n" > "$out_m"; echo "$SLURM_CPUS_PER_TASK $SLURM_MEM_PER_NODE" > "$out_asked"', out: {m: m, asked: asked}}
  here:
    uses: command
    executor: local
    in: {n: gen.n}
    with: {pass_env: [SLURM_JOB_ID], run: 'echo "${SLURM_JOB_ID:-none}" > "$out_job"', out: {job: job}}
"#
        .replace("${SLURM", "$${SLURM")
        .as_str();
    let space = space(&manifest, "");
    let said = shared.cluster.run(&space, &[]);
    assert!(said.contains("9 done"), "{said}");
    let found = objects_with(&space, "2 100\n");
    assert_eq!(found, 1, "cpus and memory are asked for as the stage says");
    assert_eq!(
        objects_with(&space, "none\n"),
        1,
        "`executor: local` runs here"
    );
}

/// How many objects have this content.
fn objects_with(space: &crate::support::TestSpace, content: &str) -> usize {
    let files = space.files("outputs/store/objects-v1").into_iter();
    let texts = files.filter_map(|path| std::fs::read_to_string(path).ok());
    texts.filter(|text| text == content).count()
}

/// A rung waits for all of its group, and a promoted training goes on with the state that a job on another
/// node may have left.
#[test]
fn promoted_trainings_go_on_in_jobs_of_their_own() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let manifest = crate::searches::HALVING
        .replace("METHOD", "asha")
        .replace("FAILS", "20")
        .replace("NANS", "-20");
    let queued = space(&manifest, "group = 4");
    queued.write("manifests/o.yaml", &manifest);
    let said = shared.cluster.run(&queued, &[]);
    assert!(said.contains(" on to epochs=3"), "{said}");
    assert!(said.contains(" on to epochs=9"), "{said}");
    assert!(said.contains("27 done in "), "{said}");
    let here = space(&manifest, "");
    let local = ["run", "manifests/o.yaml", "--progress", "none"];
    here.stdout(&local);
    let cells = |space: &crate::support::TestSpace| {
        space.stdout(&[
            "ls",
            "manifests/o.yaml",
            "--stage",
            "fit",
            "--format",
            "csv",
        ])
    };
    assert_eq!(cells(&queued), cells(&here));
    // No epoch was trained twice.
    let epochs = |space: &crate::support::TestSpace| {
        let text = space.read("epochs.log");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(epochs(&queued), epochs(&here));
    let again = queued.stdout(&["run", "manifests/o.yaml", "--json"]);
    assert!(!again.contains("step-started"), "{again}");
}
