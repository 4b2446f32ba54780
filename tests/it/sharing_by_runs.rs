//! What `run` with `run = "read-write"` tells a shared store at its end.

use std::fs;
use std::time::Duration;

use crate::sharing::Lab;
use crate::sharing::READ_WRITE;
use crate::sharing::ends;

const FIT: &str = r#"experiment: fit
axes: {lr: [0.1]}
stages:
  fit:
    uses: command
    with: {run: 'echo "loss=${lr}$(cat "${root}/more.txt")"', metrics: stdout, code: [more.txt]}
"#;

const RUN: [&str; 4] = ["run", "manifests/fit.yaml", "--progress", "none"];
const PUSH: [&str; 4] = ["push", "manifests/fit.yaml", "--progress", "none"];
const PULL: [&str; 4] = ["pull", "manifests/fit.yaml", "--progress", "none"];

fn user(lab: &Lab) -> crate::support::TestSpace {
    let user = lab.user(READ_WRITE);
    user.write("manifests/fit.yaml", FIT);
    user.write("more.txt", "");
    user
}

/// Cleans up after weeks.
fn clean(lab: &Lab, user: &crate::support::TestSpace) -> String {
    let then = std::time::SystemTime::now() - Duration::from_secs(30 * 86_400);
    for path in lab.files("") {
        let file = fs::File::open(&path).expect("it can be read");
        file.set_modified(then).expect("ours");
    }
    ends(user, &["gc", "--remote", "--yes"], 0)
}

#[test]
fn what_the_last_run_reaches_stays_also_where_it_was_known_or_fetched() {
    let lab = Lab::new();
    let (anna, ben) = (user(&lab), user(&lab));
    let of = |lr: &str| FIT.replace("lr: [0.1]", &format!("lr: [{lr}]"));
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    for lr in ["0.3", "0.1"] {
        anna.write("manifests/fit.yaml", &of(lr));
        ends(&anna, &RUN, 0);
    }
    let text = clean(&lab, &anna);
    assert!(text.contains("removed 1 result"), "{text}");
    // Of ben's there is a root as soon as he has fetched it, without a word.
    let text = ends(&ben, &RUN, 0);
    assert!(text.contains("1 fetched"), "{text}");
    assert!(!text.contains("to send"), "{text}");
    anna.write("manifests/fit.yaml", &of("0.5"));
    ends(&anna, &RUN, 0);
    let text = clean(&lab, &anna);
    assert!(text.contains("nothing to remove"), "{text}");
    // What is gone is sent by the run that reaches it again.
    anna.write("manifests/fit.yaml", &of("0.3"));
    let text = ends(&anna, &RUN, 0);
    assert!(text.contains("sent 1 result"), "{text}");
    assert!(!ends(&anna, &RUN, 0).contains("sent"));
}

#[test]
fn what_was_accepted_is_sent_once_it_is_computed() {
    let lab = Lab::new();
    let anna = user(&lab);
    ends(&anna, &[&RUN[..], &["--remote", "off"]].concat(), 0);
    anna.write("more.txt", "1");
    ends(
        &anna,
        &[
            "accept",
            "manifests/fit.yaml",
            "fit",
            "--because",
            "a space",
        ],
        0,
    );
    let text = ends(&anna, &PUSH, 0);
    assert!(text.contains("1 result stay here"), "{text}");
    // It is nothing to ask for again, either.
    fs::rename(lab.shared(), lab.shared().with_extension("away")).expect("moved");
    let text = ends(&anna, &RUN, 0);
    assert!(!text.contains("not sent"), "{text}");
    fs::rename(lab.shared().with_extension("away"), lab.shared()).expect("moved");
    let text = ends(&anna, &[&RUN[..], &["--force", "fit"]].concat(), 0);
    assert!(text.contains("sent 1 result"), "{text}");
    assert_eq!(lab.files("records").len(), 1);
}

#[test]
fn a_key_that_cannot_be_read_costs_no_run() {
    let lab = Lab::new();
    let anna = user(&lab);
    ends(&anna, &[&RUN[..], &["--remote", "off"]].concat(), 0);
    ends(&anna, &PUSH, 0);
    anna.write("more.txt", "2");
    let mut command = anna.command(&RUN);
    command.env("SWEEPLINE_SIGNING_KEY", "nowhere.pem");
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("not sent: `nowhere.pem` cannot sign"),
        "{text}"
    );
    assert!(text.contains("1 done"), "{text}");
    // The next run sends it.
    let text = ends(&anna, &RUN, 0);
    assert!(text.contains("sent 1 result"), "{text}");
    ends(&user(&lab), &PULL, 0);
}

/// Its numbers are those of a file that no key knows.
const AGAIN: &str = r#"experiment: fit
stages:
  fit:
    uses: command
    with: {run: 'echo "acc=$(cat "${root}/n")"', code: ["!n"], metrics: stdout}
"#;

fn acc(user: &crate::support::TestSpace) -> String {
    let table = user.stdout(&["ls", "manifests/fit.yaml", "--format", "csv"]);
    table
        .trim()
        .rsplit(',')
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn what_was_made_again_is_what_others_get() {
    let force = [&RUN[..], &["--force", "fit"]].concat();
    // Whichever name comes first.
    for last in ["90", "91", "92", "10"] {
        let lab = Lab::new();
        let (anna, ben) = (user(&lab), user(&lab));
        for one in [&anna, &ben] {
            one.write("manifests/fit.yaml", AGAIN);
            one.write("n", "10");
        }
        ends(&anna, &RUN, 0);
        ends(&anna, &PUSH, 0);
        for n in ["50", last] {
            anna.write("n", n);
            let text = ends(&anna, &force, 0);
            assert!(!text.contains("several results"), "{text}");
        }
        let text = ends(&ben, &RUN, 0);
        assert!(
            text.contains("1 fetched") && !text.contains("several"),
            "{text}"
        );
        assert_eq!(acc(&ben), last);
        // What he makes of it replaces all of these.
        ben.write("n", "70");
        ends(&ben, &force, 0);
        let cleo = user(&lab);
        cleo.write("manifests/fit.yaml", AGAIN);
        ends(&cleo, &PULL, 0);
        assert_eq!(acc(&cleo), "70");
    }
}

#[test]
fn where_results_differ_and_none_replaces_the_other_all_are_told() {
    let lab = Lab::new();
    let users = [user(&lab), user(&lab)];
    for (one, n) in users.iter().zip(["10", "20"]) {
        one.write("manifests/fit.yaml", AGAIN);
        one.write("n", n);
        ends(one, &[&RUN[..], &["--remote", "off"]].concat(), 0);
    }
    assert!(!ends(&users[0], &PUSH, 0).contains("several results"));
    let text = ends(&users[1], &PUSH, 0);
    assert!(text.contains("has several results of 1 key"), "{text}");
    let cleo = user(&lab);
    cleo.write("manifests/fit.yaml", AGAIN);
    let text = ends(&cleo, &RUN, 0);
    assert!(text.contains("has several results of 1 key"), "{text}");
    users[1].write("n", "10");
    let text = ends(&users[1], &[&RUN[..], &["--force", "fit"]].concat(), 0);
    assert!(!text.contains("several"), "{text}");
}

#[test]
fn what_was_made_again_without_the_shared_store_goes_there_with_the_next_run() {
    let lab = Lab::new();
    let anna = user(&lab);
    anna.write("manifests/fit.yaml", AGAIN);
    anna.write("n", "10");
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    anna.write("n", "20");
    ends(
        &anna,
        &[&RUN[..], &["--force", "fit", "--remote", "off"]].concat(),
        0,
    );
    assert!(ends(&anna, &RUN, 0).contains("sent 1 result"));
    assert!(!ends(&anna, &RUN, 0).contains("sent"));
    let ben = user(&lab);
    ben.write("manifests/fit.yaml", AGAIN);
    ends(&ben, &PULL, 0);
    assert_eq!(acc(&ben), "20");
}

#[test]
fn damage_of_what_a_named_run_left_is_told_and_the_rest_is_sent() {
    let lab = Lab::new();
    let anna = user(&lab);
    let of = |lr: &str| FIT.replace("lr: [0.1]", &format!("lr: [{lr}]"));
    let off = [&RUN[..], &["--remote", "off"]].concat();
    ends(&anna, &[&off[..], &["--name", "paper"]].concat(), 0);
    let store = anna.path("outputs/store/objects-v1");
    fs::rename(&store, anna.path("lost")).expect("ours");
    anna.write("manifests/fit.yaml", &of("0.3"));
    ends(&anna, &off, 0);
    let text = ends(&anna, &PUSH, 1);
    assert!(text.contains("1 result is not sent: damaged"), "{text}");
    assert!(text.contains("sent 1 result"), "{text}");
}
