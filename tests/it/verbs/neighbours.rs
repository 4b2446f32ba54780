//! Two projects with one store, and several results of one key.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value as Json;

use crate::support::TestSpace;

/// A program of the project's own, and an experiment whose name others have too.
const MANIFEST: &str = r#"experiment: m
axes: {lr: [1, 2]}
stages:
  t:
    uses: command
    with: {run: [sh, "${root}/p.sh", "${lr}"], code: [p.sh], metrics: stdout}
"#;

const RUN: [&str; 4] = ["run", "manifests/m.yaml", "--progress", "none"];
const ACCEPT: [&str; 5] = ["accept", "manifests/m.yaml", "t", "--because", "a comment"];

/// Projects in folders beside each other, with the same manifest and another program each.
struct Projects(TestSpace);

impl Projects {
    fn new(settings: &str) -> Self {
        let space = TestSpace::new();
        for (project, program) in [("a", "echo \"loss=$1\"\n"), ("b", "echo \"loss=100$1\"\n")] {
            space.write(&format!("{project}/sweepline.toml"), settings);
            space.write(&format!("{project}/manifests/m.yaml"), MANIFEST);
            space.write(&format!("{project}/p.sh"), program);
        }
        Projects(space)
    }

    /// The exit code and all that was said.
    fn says(&self, project: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.0.command(arguments);
        let output = command.current_dir(self.0.path(project)).output();
        let output = output.expect("the program starts");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("messages are text");
        (output.status.code(), text)
    }

    fn does(&self, project: &str, arguments: &[&str]) -> String {
        let (code, text) = self.says(project, arguments);
        assert_eq!(code, Some(0), "{arguments:?}\n{text}");
        text
    }

    fn losses(&self, project: &str) -> String {
        self.does(project, &["ls", "manifests/m.yaml", "--format", "csv"])
    }
}

#[test]
fn gc_of_one_project_keeps_what_another_with_the_same_store_needs() {
    for linked in [false, true] {
        let both = Projects::new(if linked { "" } else { "store = \"../store\"\n" });
        if linked {
            fs::create_dir(both.0.path("store")).expect("a folder");
            for project in ["a", "b"] {
                let outputs = both.0.path(&format!("{project}/outputs"));
                fs::create_dir(&outputs).expect("a folder");
                symlink(both.0.path("store"), outputs.join("store")).expect("a link");
            }
        }
        both.does("a", &RUN);
        both.does("b", &RUN);
        let text = both.does("b", &["gc", "--yes"]);
        assert!(text.contains("nothing to remove"), "{text}");
        let text = both.does("a", &["plan", "manifests/m.yaml"]);
        assert!(text.contains("all 2 steps up to date"), "{text}");
        // What an earlier version noted of a store that only seemed to lie in the project leads nowhere.
        let database = rusqlite::Connection::open(both.0.path("store/store.sqlite"));
        let database = database.expect("it is there");
        let changed = database.execute_batch(
            "DROP TABLE histories; DELETE FROM manifests; INSERT INTO manifests VALUES ('m#2', '../../gone/m.yaml');",
        );
        changed.expect("it can be written");
        drop(database);
        let text = both.does("a", &["gc", "--yes"]);
        assert!(text.contains("keeps m#2 (nobody knows"), "{text}");
        assert!(text.contains("nothing to remove"), "{text}");
    }
}

#[test]
fn each_manifest_has_the_history_of_its_own_runs() {
    let both = Projects::new("store = \"../store\"\n");
    both.does("a", &RUN);
    both.does("b", &RUN);
    both.0.write("a/p.sh", "echo \"loss=$1\" # a comment\n");
    let text = both.does("a", &ACCEPT);
    assert!(text.contains("accepted 2 results"), "{text}");
    let losses = both.losses("a");
    assert!(!losses.contains("100"), "{losses}");
    // A copy that has run nothing has nothing to accept.
    both.0.write("c/sweepline.toml", "store = \"../store\"\n");
    both.0.write("c/manifests/m.yaml", MANIFEST);
    both.0.write("c/p.sh", "echo \"loss=$1\" # another\n");
    let (code, text) = both.says("c", &ACCEPT);
    assert!(
        code == Some(1) && text.contains("a/manifests/m.yaml`, another manifest"),
        "{text}"
    );
    // What failed here is not what went well there.
    both.0.write("a/p.sh", "test $1 = 1 && echo \"loss=$1\"\n");
    both.0.write("b/p.sh", "echo \"loss=200$1\"\n");
    assert_eq!(both.says("a", &RUN).0, Some(1));
    both.does("b", &RUN);
    let (_, text) = both.says("a", &["status", "manifests/m.yaml"]);
    assert!(
        text.contains("1 failed") || text.contains("failed: "),
        "{text}"
    );
    let (code, text) = both.says("a", &[&RUN[..], &["--failed"]].concat());
    assert!(code == Some(1) && text.contains("t[lr=2]"), "{text}");
    let runs = both.does("a", &["runs", "--json"]);
    let runs: Json = serde_json::from_str(&runs).expect("JSON");
    let names: Vec<&str> = runs["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .filter_map(|run| run["experiment"].as_str())
        .collect();
    assert_eq!(names, ["m", "m#2", "m", "m#2", "m"]);
    // Renamed in its project it goes on.
    fs::rename(
        both.0.path("b/manifests/m.yaml"),
        both.0.path("b/manifests/n.yaml"),
    )
    .expect("renamed");
    let text = both.does("b", &["runs", "--experiment", "m#2"]);
    let text = text + &both.does("b", &["diff", "manifests/n.yaml", "previous", "latest"]);
    assert!(text.contains("2 with another key"), "{text}");
}

#[test]
fn accept_says_whose_result_it_takes_and_asks_for_other_parameters() {
    let both = Projects::new("");
    let manifest = "a/manifests/m.yaml";
    let params = "params: {debug: {type: int, default: 1}}\naxes:";
    both.0.replace(manifest, "axes:", params);
    both.0
        .replace(manifest, "\"${lr}\"]", "\"${lr}\", \"${debug}\"]");
    both.does("a", &RUN);
    let main = both.0.read("a/p.sh");
    both.0.write("a/p.sh", "echo \"loss=$1$1\"\n");
    both.does("a", &RUN);
    // Back on the first branch: what `status` finds is the last result again.
    both.0.write("a/p.sh", &main);
    both.does("a", &["status", "manifests/m.yaml"]);
    both.0.write("a/p.sh", &format!("{main}# a comment\n"));
    let text = both.does("a", &ACCEPT);
    assert!(
        text.contains("t[lr=1], t[lr=2]: the result of run 2"),
        "{text}"
    );
    assert!(text.contains("file p.sh: other content"), "{text}");
    let losses = both.losses("a");
    assert!(
        losses.contains(",1\n") && !losses.contains("11"),
        "{losses}"
    );
    // Another parameter is another result, unless somebody says that it is not.
    both.0.replace(manifest, "default: 1", "default: 2");
    let (code, text) = both.says("a", &ACCEPT);
    assert!(
        code == Some(1) && text.contains("`--despite run`"),
        "{text}"
    );
    let text = both.does("a", &[&ACCEPT[..], &["--despite", "run"]].concat());
    assert!(text.contains("accepted 2 results"), "{text}");
}

/// Its numbers are those of a file that no key knows.
const AGAIN: &str = r#"experiment: m
stages:
  t:
    uses: command
    with: {run: 'cp "${root}/n" "${out.w}"; echo "acc=$(cat "${root}/n")"', code: ["!n"], metrics: stdout, out: {w: w}}
"#;

#[test]
fn what_a_named_run_had_is_kept_where_it_was_made_again() {
    let both = Projects::new("");
    both.0.write("a/manifests/m.yaml", AGAIN);
    both.0.write("a/n", "10");
    both.does("a", &[&RUN[..], &["--name", "paper"]].concat());
    for (n, name) in [("80", "--tag"), ("90", "--name")] {
        both.0.write("a/n", n);
        both.does("a", &[&RUN[..], &["--force", "t", name, "later"]].concat());
    }
    let diff = |first: &str| both.does("a", &["diff", "manifests/m.yaml", first, "later"]);
    let text = diff("paper");
    assert!(
        text.contains("1 with the same key and another result"),
        "{text}"
    );
    assert!(text.contains("acc        10      90     80.0000"), "{text}");
    let text = both.does("a", &["gc", "--yes"]);
    assert!(text.contains("keeps run paper: 1 result"), "{text}");
    // The run between has no name.
    assert!(text.contains("removed 0 results, 2 objects"), "{text}");
    assert!(diff("paper").contains("10"));
    let text = diff("previous");
    assert!(
        text.contains("1 with the same key and another result"),
        "{text}"
    );
    both.does("a", &["runs", "unname", "paper"]);
    let text = both.does("a", &["gc", "--yes"]);
    assert!(text.contains("removed 0 results, 2 objects"), "{text}");
}
