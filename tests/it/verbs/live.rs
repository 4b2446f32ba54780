//! Two processes at one store: who looks on is told what runs, and who wants to write waits.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Child;
use std::process::Stdio;

use snapbox::assert_data_eq;
use snapbox::str;
use sweepline::store::Access;
use sweepline::store::Store;

use super::kit::*;
use crate::support::TestSpace;
use crate::support::eventually;

/// A step that lasts until the project has a file `go`.
const PATIENT: &str = r#"experiment: toy
stages:
  wait:
    uses: command
    with:
      run: 'until [ -e "${root}/go" ]; do sleep 0.05; done; echo > "${out.done}"'
      out: {done: done.txt}
  after:
    uses: command
    in: {done: wait.done}
    with:
      run: 'cp "${in.done}" "${out.copy}"'
      out: {copy: copy.txt}
"#;

/// A run that ends when it may, or with the test.
struct Run<'s> {
    space: &'s TestSpace,
    child: Child,
}

impl<'s> Run<'s> {
    fn start(space: &'s TestSpace) -> Self {
        let mut command = space.command(&["run", "manifests/toy.yaml", "--progress", "lines"]);
        command.stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        Run { space, child }
    }

    /// Lets it end well; what it said.
    fn finish(mut self) -> String {
        self.space.write("go", "");
        let mut said = String::new();
        let stderr = self.child.stderr.take().expect("it is piped");
        for line in BufReader::new(stderr).lines() {
            said += &(line.expect("messages are text") + "\n");
        }
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{said}");
        said
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.space.write("go", "");
        let _ = self.child.wait();
    }
}

/// Whether the first step is said to run.
fn runs(space: &TestSpace) -> bool {
    said(space, "why toy wait").contains("running")
}

#[test]
fn a_step_that_runs_now_is_said_to() {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", PATIENT);
    let run = Run::start(&space);
    // Events reach the disk with a delay.
    assert!(eventually(|| runs(&space)));
    assert_data_eq!(
        said(&space, "why toy wait"),
        str![[r#"
wait: running for [TIME]  in run [RUN]
  --> manifests/toy.yaml:3:3 (command)
  for the first time

"#]]
    );
    assert_data_eq!(
        said(&space, "status toy"),
        str![[r#"
stage      new  running
wait         ·        1
after        1        ·

run [RUN] goes on in process [..] (sweepline run manifests/toy.yaml --progress lines), for [..]: 0 of 2 steps
  wait running for [TIME]

"#]]
    );
    let show = said(&space, "show toy wait");
    assert!(
        show.starts_with("wait: running for [TIME]  in run [RUN]\n"),
        "{show}"
    );
    let json = space.stdout(&["show", "manifests/toy.yaml", "wait", "--json"]);
    assert!(json.contains(r#""state":"running""#), "{json}");
    // What waits for it does not run.
    let after = said(&space, "why toy after");
    assert!(after.starts_with("after: may run\n"), "{after}");
    run.finish();
    let why = said(&space, "why toy wait");
    assert!(why.starts_with("wait: up to date\n"), "{why}");
}

#[test]
fn a_killed_run_does_not_go_on_in_whoever_writes_next() {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", PATIENT);
    let mut run = Run::start(&space);
    assert!(eventually(|| runs(&space)));
    run.child.kill().expect("it is our child");
    run.child.wait().expect("it is our child");
    // A lock is dated in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let folder = space.path("outputs/store");
    let store = Store::open(&folder, Access::Write { wait: true }).expect("the killed run let go");
    let why = said(&space, "why toy wait");
    assert!(why.starts_with("wait: runs\n"), "{why}");
    let status = said(&space, "status toy");
    assert!(status.contains("was killed after"), "{status}");
    drop(store);
}

#[test]
fn who_waits_for_the_store_says_so_once() {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", PATIENT);
    space.write("go", "");
    let folder = space.path("outputs/store");
    let store = Store::open(&folder, Access::Write { wait: false }).expect("a new store");
    let mut run = Run::start(&space);
    let mut stderr = BufReader::new(run.child.stderr.take().expect("it is piped")).lines();
    let mut before = stderr.by_ref().map(|line| line.expect("messages are text"));
    let waits = before.find(|line| line.starts_with("waiting for "));
    let mut said = vec![waits.expect("it waits")];
    // Long enough for several more looks at the lock.
    std::thread::sleep(std::time::Duration::from_secs(1));
    drop(store);
    said.extend(stderr.map(|line| line.expect("messages are text")));
    let waiting = |line: &&String| line.starts_with("waiting for ");
    assert_eq!(said.iter().filter(waiting).count(), 1, "{said:#?}");
    assert!(said[0].starts_with(&format!("waiting for process {} (", std::process::id())));
    assert!(said[0].ends_with(" s, to leave the store"), "{}", said[0]);
    assert!(
        said.iter().any(|line| line.starts_with("2 done in ")),
        "{said:#?}"
    );
}
