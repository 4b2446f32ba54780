//! Jobs that wait for other reasons than their turn: held, requeued, preempted.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use super::begun;
use super::cluster;
use super::cluster::Cluster;
use super::objects;
use super::space;
use crate::support::TestSpace;
use crate::support::eventually;

const SLOW: &str = "experiment: o\nstages:\n  s:\n    uses: command\n    resources: {cpus: 4}\n    with:\n      run: |\n        \
                    echo x >> $root/begun; echo half >> $out_x; sleep 6; echo ${x} >> $out_x\n      values: {x: 1}\n      out: {x: x}\n";

/// A run whose words are heard while it goes on.
struct Heard {
    child: Child,
    lines: mpsc::Receiver<String>,
    said: String,
}

/// A test that fails leaves no run behind.
impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn of(cluster: &Cluster, space: &TestSpace) -> Self {
        let mut command = cluster.command(space, &cluster::RUN);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let err = BufReader::new(child.stderr.take().expect("it has one"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let said = String::new();
        Heard { child, lines, said }
    }

    /// The line that has this in it.
    fn says(&mut self, what: &str) -> String {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(60)) {
            self.said.push_str(&line);
            self.said.push('\n');
            if line.contains(what) {
                return line;
            }
        }
        panic!("it never says `{what}`:\n{}", self.said);
    }

    fn ends_well(mut self) -> String {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(120)) {
            self.said.push_str(&line);
            self.said.push('\n');
        }
        let status = self.child.wait().expect("it is ours");
        assert!(status.success(), "{}", self.said);
        std::mem::take(&mut self.said)
    }
}

/// `12_0` of `job 12_0 is …`.
fn job(line: &str) -> String {
    let (_, rest) = line.split_once("job ").expect("it names the job");
    rest.split(' ').next().unwrap_or_default().to_owned()
}

/// The number that `sbatch` gave.
fn number(space: &TestSpace) -> String {
    let files = space.files("outputs/store/jobs");
    let path = files.iter().find(|path| path.ends_with("job"));
    std::fs::read_to_string(path.expect("it is noted")).expect("it is whole")
}

#[test]
fn a_job_that_is_held_is_told_with_what_lets_it_go() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(SLOW, "options = [\"--hold\"]");
    let mut run = Heard::of(shared.cluster, &space);
    let line = run.says("`scontrol release");
    assert!(line.contains("JobHeldUser"), "{line}");
    assert!(eventually(|| space
        .stdout(&["status", "manifests/o.yaml"])
        .contains("JobHeldUser")));
    assert!(begun(&space).is_empty());
    shared.cluster.slurm("scontrol", &["release", &job(&line)]);
    let said = run.ends_well();
    assert_eq!(
        said.matches("`scontrol release").count(),
        1,
        "told once: {said}"
    );
    assert_eq!(begun(&space).len(), 1);
}

#[test]
fn a_job_that_an_administrator_requeues_begins_again_and_leaves_one_result() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let space = space(SLOW, "");
    let mut run = Heard::of(shared.cluster, &space);
    assert!(eventually(|| begun(&space).len() == 1));
    let job = format!("{}_0", number(&space));
    // It asks not to be: an administrator may insist.
    let updated = format!("jobid={job}");
    shared
        .cluster
        .slurm("scontrol", &["update", &updated, "requeue=1"]);
    shared.cluster.slurm("scontrol", &["requeuehold", &job]);
    let line = run.says("`scontrol release");
    assert!(line.contains(&job), "{line}");
    shared.cluster.slurm("scontrol", &["release", &job]);
    // Slurm lets a requeued job wait for two minutes.
    shared
        .cluster
        .slurm("scontrol", &["update", &updated, "starttime=now"]);
    let said = run.ends_well();
    assert!(said.contains("was requeued"), "{said}");
    assert!(said.contains("1 done"), "{said}");
    // Nothing of what it had left half made.
    let objects = space.files("outputs/store/objects-v1");
    let made = std::fs::read_to_string(&objects[0]).expect("it is text");
    assert_eq!((objects.len(), &*made), (1, "half\n1\n"));
    assert_eq!(begun(&space).len(), 2);
}

#[test]
fn a_requeued_training_goes_on_from_the_newest_checkpoint_that_it_wrote() {
    let Some(shared) = cluster::shared() else {
        return;
    };
    let manifest = r#"experiment: o
stages:
  data:
    uses: dataset/synthetic
    with: {name: circle, points: 200}
  fit:
    uses: train/iwae
    in: {data: data}
    with: {samples: 5, epochs: 1000, latent: 1, hidden: [8], batch: 10}
"#;
    let space = space(manifest, "");
    let mut command = shared.cluster.command(&space, &cluster::RUN);
    let run = command
        .args(["--checkpoint-every", "0.2"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let written = |path: &std::path::PathBuf| path.ends_with("checkpoint");
    assert!(eventually(|| {
        let attempts = space.files("outputs/store/attempts");
        attempts.iter().any(written)
    }));
    let job = format!("{}_0", number(&space));
    let updated = format!("jobid={job}");
    let slurm = |arguments: &[&str]| shared.cluster.slurm("scontrol", arguments);
    slurm(&["update", &updated, "requeue=1"]);
    slurm(&["requeue", &job]);
    slurm(&["update", &updated, "starttime=now"]);
    let output = run.wait_with_output().expect("it is ours");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("2 done"), "{said}");
    let log = space.stdout(&["log", "manifests/o.yaml", "fit"]);
    assert!(log.contains("going on after iteration"), "{log}");
    assert!(!log.contains("attempt 2"), "the same attempt: {log}");
    let local = ["--store", "local/store", "--outputs", "local"];
    space.stdout(&[&["run", "manifests/o.yaml"][..], &local].concat());
    assert_eq!(
        objects(&space, "outputs/store"),
        objects(&space, "local/store")
    );
}

#[test]
fn a_job_that_is_preempted_goes_on_as_another_one() {
    let Some(alone) = cluster::alone() else {
        return;
    };
    let space = space(SLOW, "partition = \"main\"\noptions = [\"--nodelist=n2\"]");
    let run = Heard::of(alone.cluster, &space);
    assert!(eventually(|| begun(&space).len() == 1));
    let urgent = [
        "--partition=urgent",
        "--nodelist=n2",
        "--cpus-per-task=4",
        "--output=/dev/null",
        "--wrap=sleep 1",
    ];
    alone.cluster.slurm("sbatch", &urgent);
    let said = run.ends_well();
    assert!(said.contains("was preempted by another job"), "{said}");
    assert!(said.contains("1 done"), "{said}");
    assert_eq!(begun(&space).len(), 2);
}
