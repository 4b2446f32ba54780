//! What is known of the machine that a job ran on, and what the job knows of it.

use super::cluster;
use super::space;

/// A step that is asked for a version, which is another one in a job.
const PROBED: &str = r#"experiment: o
stages:
  s:
    uses: command
    with:
      run: 'echo "gpu=$${CUDA_VISIBLE_DEVICES:-0}"'
      metrics: stdout
      environment:
        shell: echo a shell
        where: {run: "tr '\\0' ' ' < /proc/$PPID/cmdline | grep -o worker || echo here", key: KEY}
"#;

#[test]
fn a_result_of_a_job_says_on_what_and_with_what_it_was_made() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(
        &PROBED.replace("KEY", "false"),
        "prologue = \"export CUDA_VISIBLE_DEVICES=3\"",
    );
    shared.cluster.run(&space, &[]);
    let shown = space.stdout(&["show", "manifests/o.yaml", "s", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON");
    let environment = &shown["environment"];
    assert!(environment["numerics"].is_string(), "{environment}");
    assert_eq!(environment["programs"]["shell"], "a shell");
    assert_eq!(environment["programs"]["where"], "worker");
    // A program in a job has the GPUs that the job has.
    assert_eq!(shown["metrics"]["gpu"].as_f64(), Some(3.0), "{shown}");
    let why = space.stdout(&["why", "manifests/o.yaml", "s"]);
    assert!(why.contains("ran with where: worker"), "{why}");
}

#[test]
fn a_job_that_fails_before_the_step_says_where_to_look() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(&PROBED.replace("KEY", "false"), "prologue = \"exit 3\"");
    let (well, said) = shared.cluster.try_run(&space, &[]);
    assert!(!well, "{said}");
    assert!(
        said.contains("the job had not begun the step: `modules`"),
        "{said}"
    );
}

#[test]
fn a_job_on_a_machine_with_another_version_than_the_key_says_fails() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(&PROBED.replace("KEY", "true"), "");
    let (well, said) = shared.cluster.try_run(&space, &[]);
    assert!(!well, "{said}");
    assert!(
        said.contains(
            "`environment` where is not what the key says where the step ran: `worker`, not `here`"
        ),
        "{said}"
    );
    let local = [
        "run",
        "manifests/o.yaml",
        "--executor",
        "local",
        "--progress",
        "none",
    ];
    let output = shared.cluster.output(&space, &local);
    assert!(output.status.success(), "{output:?}");
}
