//! A shared store whose users do not agree on everything: umasks, disks that are not mounted, roots of one's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::sharing::Lab;
use crate::sharing::READ;
use crate::sharing::READ_WRITE;
use crate::sharing::RUN;
use crate::sharing::ends;
use crate::support::TestSpace;

const PUSH: [&str; 2] = ["push", "manifests/fit.yaml"];

/// Makes everything there look as if nobody had written it for weeks.
fn age(lab: &Lab) {
    let then = std::time::SystemTime::now() - Duration::from_secs(30 * 86_400);
    for path in lab.files("") {
        let file = fs::File::open(&path).expect("it can be read");
        file.set_modified(then).expect("ours");
    }
}

fn mode(path: &Path) -> u32 {
    let about = fs::metadata(path).expect("it is there");
    about.permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
}

/// Pushes as somebody whose files are nobody else's.
fn push_alone(user: &TestSpace) {
    let push = user.command(&PUSH);
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$0\" \"$@\""]);
    shell.arg(push.get_program()).args(push.get_args());
    for (name, value) in push.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(push.get_current_dir().expect("the user's"));
    let output = shell.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn what_the_last_run_left_stays_when_its_edited_manifest_is_pushed() {
    let lab = Lab::new();
    let anna = lab.user(READ);
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    anna.replace("manifests/fit.yaml", "echo \"loss=", "echo \"u=1 loss=");
    let text = ends(&anna, &PUSH, 0);
    assert!(text.contains("7 results are in"), "{text}");
    age(&lab);
    let text = ends(&anna, &["gc", "--remote", "--yes"], 0);
    assert!(text.contains("fit: 7 results"), "{text}");
    assert!(text.contains("nothing to remove"), "{text}");
    // What is damaged here is there for good.
    let objects = anna.path("outputs/store/objects-v1");
    fs::rename(&objects, anna.path("lost")).expect("ours");
    ends(&anna, &PUSH, 0);
    let text = ends(&anna, &["gc", "--remote"], 0);
    assert!(text.contains("fit: 7 results"), "{text}");
}

#[test]
fn a_root_that_is_not_there_cannot_be_forgotten() {
    let lab = Lab::new();
    let anna = lab.user("[remote]\nurl = \"SHARED\"\nname = \"anna\"\n");
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    let text = ends(&anna, &["gc", "--remote"], 0);
    let root = text.lines().find_map(|line| line.strip_prefix("keeps "));
    let root = root.and_then(|root| root.split(':').next());
    let root = root.expect("a root of anna's");
    let forget = |roots: &[&str], code| {
        let mut arguments = vec!["gc", "--remote", "--yes"];
        arguments.extend(roots.iter().flat_map(|root| ["--forget", root]));
        ends(&anna, &arguments, code)
    };
    let text = forget(&[root, &format!("{root}t")], 2);
    assert!(
        text.contains("has no root") && text.contains(root),
        "{text}"
    );
    assert_eq!(lab.files("roots").len(), 1);
    forget(&[root], 0);
    let text = forget(&[root], 2);
    assert!(text.contains("none of its roots is yours"), "{text}");
}

#[test]
fn where_a_shared_store_was_no_other_one_is_begun() {
    let lab = Lab::new();
    let anna = lab.user(READ_WRITE);
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    let records = lab.files("records").len();
    let away = lab.shared().with_extension("away");
    fs::rename(lab.shared(), &away).expect("unmounted");
    let more = [&RUN[..], &["--axis", "lr=0.9"]].concat();
    let text = ends(&anna, &more, 0);
    assert!(text.contains("not sent"), "{text}");
    let push = [&PUSH[..], &["--axis", "lr=0.9"]].concat();
    for there in [false, true] {
        if there {
            fs::create_dir(lab.shared()).expect("a mount point");
        }
        let text = ends(&anna, &push, 3);
        assert!(
            text.contains("mounted") && text.contains("--begin"),
            "{text}"
        );
        assert!(lab.files("").is_empty());
    }
    fs::remove_dir(lab.shared()).expect("empty");
    fs::rename(&away, lab.shared()).expect("mounted");
    let text = ends(&anna, &more, 0);
    assert!(text.contains("sent 3 results"), "{text}");
    // Another disk in its place, and the first one again: a run looks which of them it is.
    let swap = |from: &Path, to: &Path| {
        fs::rename(lab.shared(), to).expect("unmounted");
        if from.exists() {
            fs::rename(from, lab.shared()).expect("mounted");
        }
    };
    let other = lab.shared().with_extension("other");
    swap(&other, &away);
    ends(&anna, &[&push[..], &["--begin"]].concat(), 0);
    let fourth = [&RUN[..], &["--axis", "lr=0.4"]].concat();
    assert!(ends(&anna, &fourth, 0).contains("sent 3 results"));
    swap(&away, &other);
    assert!(ends(&anna, &fourth, 0).contains("sent 3 results"));
    assert!(ends(&anna, &fourth, 0).starts_with("all up to date"));
    assert_eq!(lab.files("records").len(), records + 6);
    swap(&other, &away);
    let text = ends(&anna, &push, 0);
    assert!(text.contains("is another shared store"), "{text}");
}

#[test]
fn who_may_read_a_file_is_what_the_folder_of_the_store_says() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    // A folder of a group's, in which a store begins.
    set_mode(lab.shared().parent().expect("a folder"), 0o2770);
    ends(&anna, &RUN, 0);
    push_alone(&anna);
    assert_eq!(mode(&lab.shared()), 0o2770);
    // One that is open to all, whatever else is in it.
    set_mode(&lab.shared(), 0o2775);
    ben.replace("manifests/fit.yaml", "[0.1, 0.2, 0.3]", "[0.4]");
    ends(&ben, &RUN, 0);
    let before = lab.files("");
    push_alone(&ben);
    let new = lab.files("").into_iter();
    let new: Vec<_> = new.filter(|path| !before.contains(path)).collect();
    assert!(new.len() > 3, "{new:?}");
    for path in new {
        let expected = match path.starts_with(lab.shared().join("roots")) {
            true => 0o644,
            false => 0o444,
        };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    for path in before {
        let group = mode(&path) & 0o077;
        assert_eq!(group, 0o040, "{}", path.display());
        let mut folder = path.parent().expect("a folder");
        while folder != lab.shared() {
            assert!(matches!(mode(folder), 0o2770 | 0o2775));
            folder = folder.parent().expect("below the store");
        }
    }
}

#[test]
fn what_one_has_closed_is_refused_by_name_and_the_rest_goes_on() {
    let lab = Lab::new();
    let (anna, ben, dora) = (lab.user(READ), lab.user(READ), lab.user(READ));
    ends(&anna, &RUN, 0);
    ends(&anna, &PUSH, 0);
    // Nothing but a folder can have this name, so nobody can read it, root included.
    let objects = lab.files("objects").into_iter();
    let mut objects = objects.filter(|path| fs::metadata(path).is_ok_and(|it| it.len() == 20_000));
    let object = objects.next().expect("the weights");
    fs::rename(&object, lab.shared().with_extension("object")).expect("ours");
    fs::create_dir(&object).expect("ours");
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 1);
    assert!(text.contains("it is no plain file"), "{text}");
    assert!(text.contains("fetched 3 results"), "{text}");
    fs::remove_dir(&object).expect("ours");
    fs::rename(lab.shared().with_extension("object"), &object).expect("ours");

    let record = lab.files("records").swap_remove(0);
    let closed = record.parent().expect("the key's folder").to_owned();
    set_mode(&closed, 0o000);
    // Root reads everything.
    let is_root = fs::read_dir(&closed).is_ok();
    if !is_root {
        let name = closed.strip_prefix(lab.shared()).expect("below it");
        let refused = format!("`{}` of", name.display());
        let says = |user: &TestSpace, arguments: &[&str], code| {
            let text = ends(user, arguments, code);
            assert!(text.contains(&refused), "{text}");
            text
        };
        let text = says(&dora, &["pull", "manifests/fit.yaml"], 1);
        assert!(text.contains("fetched"), "{text}");
        let lines = ["run", "manifests/fit.yaml", "--progress", "lines"];
        let text = says(&dora, &lines, 0);
        assert!(text.contains("1 done"), "{text}");
        let text = says(&dora, &PUSH, 1);
        assert!(text.contains("nothing to send: 6 results are in"), "{text}");
        says(&dora, &["verify", "--remote"], 1);
        age_what_is_open(&lab, &closed);
        let text = says(&dora, &["gc", "--remote", "--yes"], 1);
        assert!(text.contains("all objects stay"), "{text}");
    }
    set_mode(&closed, 0o755);
    ends(&dora, &["verify", "--remote"], 0);
}

/// Old, and reached by nobody: a clean-up would take all of it.
fn age_what_is_open(lab: &Lab, closed: &Path) {
    set_mode(closed, 0o755);
    age(lab);
    set_mode(closed, 0o000);
}
