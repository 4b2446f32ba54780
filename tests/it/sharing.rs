//! Two users with a project each, and a folder that both can reach.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use crate::support::TestSpace;

const MANIFEST: &str = r#"experiment: fit
axes:
  lr: [0.1, 0.2, 0.3]
  seed: {seeds: 2}
stages:
  fit:
    uses: command
    with:
      run: |
        echo "loss=$(awk -v lr="${lr}" -v seed="${seed}" 'BEGIN {print lr * (seed + 1)}')"
        head -c 20000 /dev/zero | tr '\0' "${seed}" > "${out.weights}"
      out: {weights: weights.bin}
      metrics: stdout
  summary:
    uses: table/summary
    in: {rows: fit}
    with: {values: [loss], replicate: seed}
"#;

pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Lab { folder }
    }

    pub(crate) fn shared(&self) -> PathBuf {
        self.folder.path().join("shared")
    }

    /// A user with the project and its settings.
    pub(crate) fn user(&self, settings: &str) -> TestSpace {
        let user = TestSpace::new();
        let shared = self.shared().display().to_string();
        user.write("sweepline.toml", &settings.replace("SHARED", &shared));
        user.write("manifests/fit.yaml", MANIFEST);
        user
    }

    pub(crate) fn files(&self, below: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.shared().join(below)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path().is_dir() {
                    true => open.push(entry.path()),
                    false => found.push(entry.path()),
                }
            }
        }
        found.sort();
        found
    }
}

/// The exit code and what was said.
fn said(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

pub(crate) fn ends(user: &TestSpace, arguments: &[&str], code: i32) -> String {
    let (ended, text) = said(&user.output(arguments));
    assert_eq!(ended, code, "{arguments:?}\n{text}");
    text
}

pub(crate) const READ: &str = "remote = \"SHARED\"\n";
pub(crate) const READ_WRITE: &str = "[remote]\nurl = \"SHARED\"\nrun = \"read-write\"\n";

pub(crate) const RUN: [&str; 4] = ["run", "manifests/fit.yaml", "--progress", "none"];

#[test]
fn what_one_user_has_made_another_fetches_and_knows_why() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 3);
    assert!(text.contains("there is no shared store"), "{text}");
    ends(&anna, &RUN, 0);
    let text = ends(&anna, &["push", "manifests/fit.yaml"], 0);
    assert!(text.contains("sent 7 results"), "{text}");
    let text = ends(&anna, &["push", "manifests/fit.yaml"], 0);
    assert!(text.contains("nothing to send: 7 results are in"), "{text}");
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 0);
    assert!(text.contains("fetched 7 results"), "{text}");
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 0);
    assert!(text.contains("all is here"), "{text}");
    let text = ends(&ben, &RUN, 0);
    assert!(text.contains("all up to date: 7 steps"), "{text}");
    let plan = ["plan", "manifests/fit.yaml", "--json"];
    assert_eq!(anna.stdout(&plan), ben.stdout(&plan));
    let why = ben.stdout(&["why", "manifests/fit.yaml", "fit[lr=0.1,seed=0]"]);
    assert!(
        why.contains("fetched from") && why.contains("param."),
        "{why}"
    );
    let show = ben.stdout(&["show", "manifests/fit.yaml", "fit[lr=0.1,seed=0]"]);
    assert!(show.contains("none here: it was fetched"), "{show}");
    assert!(ben.read("outputs/fit/tables/summary.csv").contains("0.1"));
}

#[test]
fn a_run_takes_what_others_have_and_sends_what_it_made() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ_WRITE), lab.user(READ_WRITE));
    let some = [&RUN[..], &["--only", "lr=0.1|0.2"]].concat();
    let text = ends(&anna, &some, 0);
    assert!(
        text.contains("not sent: there is no shared store"),
        "{text}"
    );
    ends(
        &anna,
        &["push", "manifests/fit.yaml", "--axis", "lr=0.9"],
        0,
    );
    let text = ends(&anna, &some, 0);
    assert!(text.contains("sent 4 results"), "{text}");
    let text = ends(&ben, &RUN, 0);
    assert!(text.contains("3 done, 4 fetched"), "{text}");
    assert!(text.contains("sent 3 results"), "{text}");
    let text = ends(&anna, &RUN, 0);
    assert!(text.contains("3 fetched, 4 up to date"), "{text}");
    // Nothing to do: the shared store is not even asked.
    fs::rename(lab.shared(), lab.folder.path().join("away")).expect("moved");
    let text = ends(&anna, &RUN, 0);
    assert!(text.starts_with("all up to date: 7 steps"), "{text}");
    // Where it is asked, a run goes on without it.
    let lines = ["run", "manifests/fit.yaml", "--progress", "lines"];
    let text = ends(&anna, &[&lines[..], &["--axis", "lr=0.4"]].concat(), 0);
    assert!(text.contains("goes on without it"), "{text}");
    assert!(text.contains("3 done"), "{text}");
    let off = [&RUN[..], &["--axis", "lr=0.5", "--remote", "off"]].concat();
    assert!(!ends(&anna, &off, 0).contains("shared"));
}

#[test]
fn a_flipped_byte_is_refused_by_name_and_the_step_is_made_here() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    ends(&anna, &RUN, 0);
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    let objects = lab.files("objects");
    let object = objects
        .iter()
        .find(|path| path.metadata().is_ok_and(|about| about.len() == 20_000))
        .expect("the weights");
    let mut bytes = fs::read(object).expect("an object");
    bytes[777] ^= 4;
    fs::remove_file(object).expect("removed");
    fs::write(object, bytes).expect("damaged");
    let name = object.strip_prefix(lab.shared()).expect("below it");
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 1);
    let refused = format!("`{}` of", name.display());
    assert!(
        text.contains(&refused) && text.contains("is refused"),
        "{text}"
    );
    let text = ends(
        &ben,
        &["run", "manifests/fit.yaml", "--progress", "lines"],
        0,
    );
    assert!(text.contains("is refused"), "{text}");
    assert!(text.contains("3 done"), "{text}");
    let plan = ["plan", "manifests/fit.yaml", "--json"];
    assert_eq!(anna.stdout(&plan), ben.stdout(&plan));
    ends(&ben, &["verify"], 0);
}

#[test]
fn two_who_push_at_once_lose_nothing() {
    let lab = Lab::new();
    let users = [lab.user(READ), lab.user(READ), lab.user(READ)];
    let lists = ["0.1,0.2,0.3", "0.2,0.3,0.4", "0.3,0.4,0.5"];
    for (user, list) in users.iter().zip(lists) {
        let axis = format!("lr=[{list}]");
        user.replace(
            "manifests/fit.yaml",
            "lr: [0.1, 0.2, 0.3]",
            &axis.replace("=", ": "),
        );
        ends(user, &RUN, 0);
    }
    let pushes = users.each_ref().map(|user| {
        let mut command = user.command(&["push", "manifests/fit.yaml"]);
        command.spawn().expect("the program starts")
    });
    for mut push in pushes {
        assert!(push.wait().expect("it ends").success());
    }
    let dora = lab.user(READ);
    dora.replace(
        "manifests/fit.yaml",
        "[0.1, 0.2, 0.3]",
        "[0.1, 0.2, 0.3, 0.4, 0.5]",
    );
    let text = ends(&dora, &["pull", "manifests/fit.yaml"], 0);
    assert!(text.contains("fetched 10 results"), "{text}");
    assert_eq!(lab.files("roots").len(), 3);
    assert!(lab.files("tmp").is_empty());
}

#[test]
fn kills_while_sending_and_fetching_leave_nothing_half() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    ends(&anna, &RUN, 0);
    let kill = |user: &TestSpace, verb: &str, pause: u64| {
        let mut child = user
            .command(&[verb, "manifests/fit.yaml", "--progress", "none"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(pause));
        let _ = child.kill();
        child.wait().expect("it ends");
    };
    for pause in 0..10 {
        kill(&anna, "push", 4 * pause + 5);
        // Whatever has a name is whole.
        for path in lab.files("objects") {
            let name: String = path
                .strip_prefix(lab.shared().join("objects"))
                .expect("below it")
                .to_string_lossy()
                .replace('/', "");
            let bytes = fs::read(&path).expect("an object");
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), name);
        }
    }
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    for pause in 0..10 {
        kill(&ben, "pull", 4 * pause + 5);
        if ben.path("outputs/store").is_dir() {
            ends(&ben, &["verify"], 0);
        }
    }
    ends(&ben, &["pull", "manifests/fit.yaml"], 0);
    let text = ends(&ben, &RUN, 0);
    assert!(text.contains("all up to date: 7 steps"), "{text}");
}

#[test]
fn a_mistake_in_the_settings_is_told_at_its_place() {
    let lab = Lab::new();
    for (settings, parts) in [
        ("remote = 3\n", ["sweepline.toml:1:10", "no shared store"]),
        (
            "[remote]\nurl = \"x\"\nrun = \"reed\"\n",
            ["sweepline.toml:3:7", "did you mean `read`?"],
        ),
        (
            "[remote]\nrun = \"read\"\n",
            ["`[remote]` has no `url`", "sweepline.toml:1"],
        ),
        (
            "[remote]\nurl = \"x\"\nurn = \"y\"\n",
            ["sweepline.toml:3:1", "unknown setting `urn`"],
        ),
    ] {
        let text = ends(&lab.user(settings), &RUN, 2);
        for part in parts {
            assert!(text.contains(part), "{settings}: {text}");
        }
    }
    let text = ends(&lab.user(""), &["push", "manifests/fit.yaml"], 2);
    assert!(text.contains("no shared store is named"), "{text}");
    let asks = ["run", "manifests/fit.yaml", "--remote", "read"];
    let user = lab.user("");
    let text = ends(&user, &asks, 2);
    assert!(text.contains("and none is named"), "{text}");
    assert!(!user.path("outputs").exists(), "{text}");
    ends(&user, &["run", "manifests/fit.yaml", "--remote", "off"], 0);
}

#[cfg(unix)]
#[test]
fn who_may_only_read_pulls_and_is_told_when_pushing() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    ends(&anna, &RUN, 0);
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    let lock = |mode| {
        let mut open = vec![lab.shared()];
        while let Some(folder) = open.pop() {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(&folder, permissions).expect("ours");
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            open.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.is_dir()),
            );
        }
    };
    lock(0o555);
    // Root may write everywhere.
    let writable = fs::write(lab.shared().join("tmp/probe"), "").is_ok();
    ends(&ben, &["pull", "manifests/fit.yaml"], 0);
    ends(&ben, &[&RUN[..], &["--axis", "lr=0.7"]].concat(), 0);
    let push = ["push", "manifests/fit.yaml", "--axis", "lr=0.7"];
    if !writable {
        let text = ends(&ben, &push, 3);
        assert!(text.contains("write access"), "{text}");
        assert!(text.contains("`run = \"read\"` under `[remote]`"), "{text}");
    }
    lock(0o755);
    ends(&ben, &push, 0);
}

#[test]
fn a_shared_store_keeps_what_named_runs_of_others_reach() {
    let lab = Lab::new();
    let (anna, ben) = (
        lab.user("[remote]\nurl = \"SHARED\"\nname = \"anna\"\n"),
        lab.user("[remote]\nurl = \"SHARED\"\nname = \"ben\"\n"),
    );
    ends(&ben, &[&RUN[..], &["--name", "paper"]].concat(), 0);
    ben.replace("manifests/fit.yaml", "lr: [0.1, 0.2, 0.3]", "lr: [0.1]");
    ends(&ben, &RUN, 0);
    ends(&ben, &["push", "manifests/fit.yaml"], 0);
    anna.replace("manifests/fit.yaml", "lr: [0.1, 0.2, 0.3]", "lr: [0.9]");
    ends(&anna, &RUN, 0);
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    let text = ends(&anna, &["gc", "--remote"], 0);
    assert!(
        text.contains("keeps ben/") && text.contains("fit/paper: 7 results"),
        "{text}"
    );
    assert!(text.contains("nothing to remove"), "{text}");
    let root = text
        .lines()
        .find_map(|line| line.strip_prefix("keeps ben/"));
    let root = root
        .and_then(|root| root.split(':').next())
        .expect("a root of ben's");
    let text = ends(
        &anna,
        &["gc", "--remote", "--forget", &format!("ben/{root}")],
        2,
    );
    assert!(text.contains("is not yours"), "{text}");
    // An old file that nobody reaches goes, and nothing else.
    let stray = lab.shared().join("objects/ab").join("0".repeat(62));
    fs::create_dir_all(stray.parent().expect("a folder")).expect("made");
    fs::write(&stray, "stray").expect("written");
    let then = std::time::SystemTime::now() - Duration::from_secs(30 * 86_400);
    let file = fs::File::options().write(true).open(&stray).expect("ours");
    file.set_modified(then).expect("ours");
    let before = lab.files("").len();
    let text = ends(&anna, &["gc", "--remote"], 0);
    assert!(
        text.contains("would remove 0 results and 1 object, 5 bytes"),
        "{text}"
    );
    let text = ends(&anna, &["gc", "--remote", "--yes", "--older", "14d"], 0);
    assert!(text.contains("removed 0 results and 1 object"), "{text}");
    assert!(!stray.exists());
    // One went, one says that it was cleaned up.
    assert_eq!(lab.files("").len(), before);
    let dora = lab.user(READ);
    let text = ends(&dora, &["pull", "manifests/fit.yaml"], 0);
    assert!(text.contains("fetched 7 results"), "{text}");
}

#[test]
fn what_is_damaged_there_is_found_and_put_right() {
    let lab = Lab::new();
    let (anna, ben) = (lab.user(READ), lab.user(READ));
    let text = ends(&anna, &["verify", "--remote"], 3);
    assert!(text.contains("there is no shared store"), "{text}");
    ends(&anna, &RUN, 0);
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    let text = ends(&ben, &["verify", "--remote"], 0);
    assert!(text.contains("7 records and"), "{text}");
    let path = &lab.files("objects")[0];
    let mut bytes = fs::read(path).expect("an object");
    bytes[0] ^= 1;
    fs::remove_file(path).expect("ours");
    fs::write(path, bytes).expect("ours");
    let text = ends(&ben, &["verify", "--remote"], 1);
    assert!(
        text.contains("is refused: its content is not what its name says")
            && text.contains("`--repair`"),
        "{text}"
    );
    let text = ends(&anna, &["verify", "--remote", "--repair"], 1);
    assert!(text.contains("sent again 1, removed 0"), "{text}");
    ends(&ben, &["verify", "--remote"], 0);
    let text = ends(&ben, &["verify", "--repair"], 2);
    assert!(text.contains("--remote"), "{text}");
    let nobody = lab.user("");
    let text = ends(&nobody, &["verify", "--remote"], 2);
    assert!(text.contains("no shared store is named"), "{text}");
}

#[test]
fn what_failed_and_may_is_no_hindrance_to_an_archive() {
    let lab = Lab::new();
    let anna = lab.user("");
    let manifest = "experiment: some\naxes:\n  x: [1, 2, 3]\nstages:\n  try:\n    uses: command\n    with:\n      \
                    run: 'test \"${x}\" != 2; echo n=${x}'\n      metrics: stdout\n  next:\n    uses: command\n    \
                    in: {of: try.metrics}\n    with: {run: 'echo m=1', metrics: stdout}\n  all:\n    \
                    uses: table/summary\n    in: {rows: next}\n    MISSING\n    with: {values: [m]}\n";
    anna.write(
        "manifests/some.yaml",
        &manifest.replace("MISSING", "missing: allow"),
    );
    anna.write(
        "manifests/none.yaml",
        &manifest.replace("MISSING", "").replace("some", "none"),
    );
    for (name, code) in [("some", 0), ("none", 1)] {
        let path = format!("manifests/{name}.yaml");
        ends(&anna, &["run", &path, "--progress", "none"], 1);
        let text = ends(&anna, &["pack", &path], code);
        match code {
            0 => assert!(text.contains("2 steps have no result: failed"), "{text}"),
            _ => assert!(text.contains("3 steps are not up to date"), "{text}"),
        }
    }
    ends(&anna, &["unpack", "some.sweepline.zip", "elsewhere"], 0);
    let mut command = anna.command(&["run", "manifests/some.yaml", "--progress", "none"]);
    command.current_dir(anna.path("elsewhere"));
    let (code, text) = said(&command.output().expect("the program starts"));
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("3 up to date") || text.contains("5 up to date"),
        "{text}"
    );
}

#[test]
fn a_clean_up_that_is_killed_takes_nothing_that_is_reached() {
    let lab = Lab::new();
    let anna = lab.user(READ);
    ends(&anna, &RUN, 0);
    ends(&anna, &["push", "manifests/fit.yaml"], 0);
    let then = std::time::SystemTime::now() - Duration::from_secs(30 * 86_400);
    let lease = lab.shared().join("leases/gc");
    for round in 0..6 {
        // Much that nobody reaches and that is old: a clean-up takes a while.
        for number in 0..2000 {
            let folder = lab.shared().join(format!("objects/{:02x}", number % 256));
            fs::create_dir_all(&folder).expect("made");
            let path = folder.join(format!("{number:062x}"));
            fs::write(&path, "old").expect("written");
            let file = fs::File::options().write(true).open(&path).expect("ours");
            file.set_modified(then).expect("ours");
        }
        let mut clean = anna.command(&["gc", "--remote", "--yes"]);
        let mut clean = clean
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        while !lease.exists() && clean.try_wait().expect("it is ours").is_none() {}
        std::thread::sleep(Duration::from_millis(4 * round));
        clean.kill().expect("it is ours");
        clean.wait().expect("it ends");
        if lease.exists() {
            // One that died counts for some minutes: that is told, and nobody waits for it here.
            let text = ends(&anna, &["gc", "--remote", "--yes"], 3);
            assert!(text.contains("cleans up"), "{text}");
            fs::remove_file(&lease).expect("it is there");
        }
    }
    let ben = lab.user(READ);
    let text = ends(&ben, &["pull", "manifests/fit.yaml"], 0);
    assert!(text.contains("fetched 7 results"), "{text}");
    let text = ends(&anna, &["gc", "--remote", "--yes"], 0);
    let nothing = text.contains("removed 0 results") || text.contains("nothing to remove");
    assert!(nothing, "{text}");
    ends(&ben, &["verify", "--remote"], 0);
    assert!(ends(&anna, &["gc", "--remote"], 0).contains("nothing to remove"));
}

#[test]
fn an_archive_is_an_up_to_date_project_elsewhere() {
    let lab = Lab::new();
    let anna = lab.user("");
    anna.write("data/points.csv", "1\n2\n");
    anna.write("scripts/fit.sh", "echo loss=$(cat \"$1\" | wc -l)\n");
    anna.write("params.yaml", "lr: 3\n");
    // A name that is no text is packed as it is.
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"\xff.csv");
        fs::write(anna.path("data").join(name), "3\n").expect("written");
    }
    anna.write(
        "manifests/own.yaml",
        "experiment: own\nparams: {file: ../params.yaml}\nstages:\n  fit:\n    uses: command\n    \
         in: {points: {file: data/points.csv}, all: {file: data}}\n    with:\n      run: 'sh ${root}/scripts/fit.sh ${in.points}; \
         echo rate=${lr}'\n      code: [scripts/*.sh]\n      metrics: stdout\n",
    );
    // A sheet, and files that only an axis finds: no step has them among its inputs.
    anna.write("sheets/rows.csv", "sample,keep\na,1\nb,2\n");
    anna.write("texts/a.txt", "1\n");
    anna.write("texts/b.txt", "2\n");
    let found = "experiment: NAME\naxes: {AXIS}\nstages:\n  s:\n    uses: command\n    with: {run: 'echo \"n=1\"', values: {given: \"${VALUE}\"}, metrics: stdout}\n";
    for (name, axis, value) in [
        ("sheet", "row: {rows: sheets/rows.csv}", "sample"),
        ("texts", "text: {glob: \"texts/*.txt\"}", "text"),
    ] {
        let manifest = found.replace("NAME", name).replace("AXIS", axis);
        anna.write(
            &format!("manifests/{name}.yaml"),
            &manifest.replace("VALUE", value),
        );
    }
    let refused = ends(&anna, &["pack", "manifests/own.yaml"], 1);
    assert!(refused.contains("1 step is not up to date"), "{refused}");
    for manifest in ["own", "sheet", "texts", "fit"] {
        let path = format!("manifests/{manifest}.yaml");
        ends(&anna, &["run", &path, "--progress", "none"], 0);
        ends(&anna, &["pack", &path], 0);
        let again = ends(&anna, &["pack", &path], 2);
        assert!(again.contains("is there already"), "{again}");
        ends(&anna, &["pack", &path, "--out", "again.zip", "--force"], 0);
        let archive = format!("{manifest}.sweepline.zip");
        let bytes = |file: &str| fs::read(anna.path(file)).expect("an archive");
        assert_eq!(bytes(&archive), bytes("again.zip"));
        let text = ends(
            &anna,
            &["unpack", &archive, &format!("elsewhere/{manifest}")],
            0,
        );
        assert!(text.contains("sweepline run manifests/"), "{text}");
        let mut command = anna.command(&["run", &path, "--progress", "none"]);
        command.current_dir(anna.path(&format!("elsewhere/{manifest}")));
        let (code, text) = said(&command.output().expect("the program starts"));
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("all up to date"), "{text}");
    }
    let summary = "outputs/fit/tables/summary.csv";
    assert_eq!(
        anna.read(summary),
        anna.read(&format!("elsewhere/fit/{summary}"))
    );
    // A byte that flipped anywhere in it.
    let mut bytes = fs::read(anna.path("fit.sweepline.zip")).expect("an archive");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(anna.path("bad.zip"), bytes).expect("written");
    let (code, text) = said(&anna.output(&["unpack", "bad.zip", "bad"]));
    assert_ne!(code, 0, "{text}");
    assert!(!anna.path("bad").exists());
}
