//! The life of jobs beside that of whoever submitted them.

use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::begun;
use super::cluster;
use super::jobs;
use super::objects;
use super::space;
use super::sweep;
use crate::support::eventually;

const RUN: [&str; 6] = [
    "run",
    "manifests/o.yaml",
    "--executor",
    "slurm:test",
    "--progress",
    "lines",
];

/// What each of so many steps notes once.
fn once_each(steps: usize) -> Vec<String> {
    let mut all: Vec<String> = (0..steps).map(|x| x.to_string()).collect();
    all.sort();
    all
}

#[test]
fn a_submitter_that_is_killed_twenty_times_submits_nothing_twice() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(&sweep(24, "1"), "group = 2\njobs = 3");
    for kill in 0..20_u64 {
        let mut command = shared.cluster.command(&space, &RUN);
        let mut run = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // From before the first call of `sbatch` to well after it.
        thread::sleep(Duration::from_millis(60 + kill * 37));
        run.kill().expect("it is ours");
        run.wait().expect("it is ours");
    }
    shared.cluster.run(&space, &[]);
    assert_eq!(begun(&space), once_each(24));
    assert_eq!(objects(&space, "outputs/store").len(), 24);
}

#[test]
fn an_interrupt_cancels_jobs_or_leaves_them_for_the_next_run() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(&sweep(4, "2"), "jobs = 2");
    let interrupted = |more: &[&str]| {
        let before = begun(&space).len();
        let arguments = [&RUN[..], more].concat();
        let run = shared
            .cluster
            .command(&space, &arguments)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        assert!(eventually(|| begun(&space).len() > before));
        let pid = run.id().to_string();
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .expect("there is a shell");
        let output = run.wait_with_output().expect("it is ours");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = interrupted(&[]);
    assert!(
        eventually(|| jobs(shared.cluster, &space) == 0),
        "they are cancelled: {said}"
    );
    let before = begun(&space).len();
    let said = interrupted(&["--detach"]);
    assert!(said.contains("4 steps left in `slurm:test`"), "{said}");
    assert!(
        eventually(|| begun(&space).len() == before + 4),
        "they go on"
    );
    let said = shared.cluster.run(&space, &[]);
    assert!(said.contains("4 done"), "{said}");
    assert_eq!(begun(&space).len(), before + 4, "and are not queued again");
}

#[test]
fn what_was_edited_and_put_back_while_nobody_watched_is_queued_anew() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let manifest = r#"experiment: o
axes: {x: [1, 2]}
stages:
  w:
    uses: command
    in: {n: {file: n.txt}}
    with:
      values: {x: "${x}"}
      run: 'echo "$x" >> "$root/begun"; sleep 2; echo "n=$(cat "$in_n")"'
      metrics: stdout
"#;
    let space = space(manifest, "jobs = 2");
    space.write("n.txt", "1");
    let arguments = [&RUN[..], &["--detach"]].concat();
    let run = shared.cluster.command(&space, &arguments).spawn();
    let mut run = run.expect("it starts");
    assert!(eventually(|| begun(&space).len() == 2));
    let pid = run.id().to_string();
    let killed = Command::new("kill").args(["-INT", &pid]).status();
    killed.expect("there is a shell");
    run.wait().expect("it is ours");
    space.write("n.txt", "2");
    assert!(eventually(|| jobs(shared.cluster, &space) == 0));
    space.write("n.txt", "1");

    let said = shared.cluster.run(&space, &[]);
    let anew =
        "`n.txt` was changed after the step was handed to `slurm:test`: it is handed over anew";
    assert!(said.contains(anew), "{said}");
    assert_eq!(begun(&space), ["1", "1", "2", "2"]);
    let listed = space.stdout(&["ls", "manifests/o.yaml", "--format", "csv"]);
    assert_eq!(listed, "stage,x,n\nw,1,1\nw,2,1\n");
}

#[test]
fn what_waits_and_what_runs_is_told_while_it_does() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(&sweep(3, "4"), "jobs = 1");
    let mut command = shared.cluster.command(&space, &RUN);
    let mut run = command.stderr(Stdio::null()).spawn().expect("it starts");
    let status = || space.stdout(&["status", "manifests/o.yaml"]);
    assert!(
        eventually(|| status().contains("(JobArrayTaskLimit)")),
        "{}",
        status()
    );
    let told = status();
    assert!(
        told.contains("gen[x=0] running for") && told.contains("as job "),
        "{told}"
    );
    assert!(
        told.contains("slurm:test: 2 PENDING (JobArrayTaskLimit)"),
        "{told}"
    );
    assert!(told.contains("waits in slurm:test as job"), "{told}");
    let json: serde_json::Value =
        serde_json::from_str(&space.stdout(&["status", "manifests/o.yaml", "--json"]))
            .expect("it is JSON");
    assert_eq!(json["run"]["queued"].as_array().map(Vec::len), Some(2));
    assert!(run.wait().expect("it is ours").success());
}

#[test]
fn a_controller_that_is_away_for_a_while_ends_nothing() {
    let Some(alone) = cluster::alone() else {
        return;
    };
    let space = space(&sweep(6, "1.5"), "jobs = 3");
    let mut command = alone.cluster.command(&space, &RUN);
    let run = command.stderr(Stdio::piped()).spawn().expect("it starts");
    assert!(eventually(|| !begun(&space).is_empty()));
    alone.cluster.have("kill-controller");
    thread::sleep(Duration::from_secs(6));
    alone.cluster.have("start-controller");
    let output = run.wait_with_output().expect("it is ours");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(begun(&space), once_each(6), "{said}");
}
