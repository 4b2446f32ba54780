//! Users' files: what the program did not make is never lost, and what it made is told from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::support::TestSpace;
use super::support::eventually;

const MANIFEST: &str = r#"experiment: e
axes: {n: [1, 2]}
stages:
  made:
    uses: command
    with: {run: 'echo "${n}" > "${out.x}"', out: {x: x.txt}}
  table:
    uses: command
    in: {x: made}
    with: {run: 'echo v=1', metrics: stdout}
  summary:
    uses: table/summary
    in: {rows: table.metrics}
    with: {values: [v]}
"#;

fn project() -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/e.yaml", MANIFEST);
    space
}

/// Exit code and everything said.
fn said(space: &TestSpace, arguments: &str) -> (i32, String) {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let output = space.output(&arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

fn ran(space: &TestSpace, arguments: &str) -> String {
    let (code, text) = said(space, arguments);
    assert_eq!(code, 0, "{arguments}: {text}");
    text
}

/// The file that was kept aside beside this one.
fn kept(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy().into_owned() + ".kept-";
    let entries = fs::read_dir(path.parent()?).ok()?.flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.find(|path| {
        path.file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with(&name))
    })
}

#[test]
fn a_folder_that_is_no_store_is_refused_and_left_alone() {
    let space = project();
    for folder in ["tmp", "scratch", "objects", "objects-v1/ab"] {
        space.write(&format!("home/{folder}/x"), "precious");
    }
    for verb in [
        "run manifests/e.yaml --store home",
        "gc --yes --store home",
        "verify --store home",
        "plan manifests/e.yaml --store home",
    ] {
        let (code, text) = said(&space, verb);
        assert_eq!(code, 3, "{verb}: {text}");
        assert!(text.contains("home` is not a store"), "{verb}: {text}");
    }
    assert_eq!(fs::read_dir(space.path("home")).unwrap().count(), 4);
    assert_eq!(space.read("home/tmp/x"), "precious");
    fs::create_dir(space.path("empty")).unwrap();
    ran(&space, "run manifests/e.yaml --store empty");
    ran(&space, "run manifests/e.yaml --store new/deep");
}

#[test]
fn a_store_without_a_marker_gets_one() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    let marker = space.path("outputs/store/.sweepline-store");
    fs::remove_file(&marker).unwrap();
    assert!(ran(&space, "run manifests/e.yaml").contains("up to date"));
    assert!(marker.is_file());
}

#[test]
fn links_in_a_store_are_never_followed() {
    let space = project();
    space.write("precious/x", "precious");
    ran(&space, "run manifests/e.yaml");
    for part in ["scratch", "tmp"] {
        let link = space.path(&format!("outputs/store/{part}"));
        fs::remove_dir_all(&link).unwrap();
        symlink(space.path("precious"), &link).unwrap();
        let (code, text) = said(&space, "run manifests/e.yaml");
        assert!(code == 3 && text.contains("is a link"), "{text}");
        assert_eq!(space.read("precious/x"), "precious");
        fs::remove_file(&link).unwrap();
    }
    let digits = "0".repeat(62);
    space.write(&format!("precious/{digits}"), "precious");
    symlink(
        space.path("precious"),
        space.path("outputs/store/objects-v1/zz"),
    )
    .unwrap();
    symlink(
        space.path("precious"),
        space.path("outputs/store/objects-v1/00"),
    )
    .unwrap();
    ran(&space, "gc --yes");
    assert_eq!(space.read(&format!("precious/{digits}")), "precious");
}

#[test]
fn a_file_that_is_not_the_result_is_told_and_kept_aside() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    let cell = space.path("outputs/e/cells/made/n=1/x.txt");
    let table = space.path("outputs/e/tables/summary.csv");
    let edits: [(&Path, &dyn Fn(&Path)); 5] = [
        (&table, &|path| fs::write(path, "by hand").unwrap()),
        (&table, &|path| fs::write(path, "").unwrap()),
        (&cell, &|path| {
            fs::remove_file(path).unwrap();
            fs::write(path, "by hand").unwrap();
        }),
        (&cell, &|path| {
            fs::remove_file(path).unwrap();
            symlink("/etc/hostname", path).unwrap();
        }),
        // Through the link, into the store.
        (&cell, &|path| {
            let object = fs::canonicalize(path).unwrap();
            fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).unwrap();
            fs::write(path, "by hand").unwrap();
        }),
    ];
    for (at, (path, edit)) in edits.into_iter().enumerate() {
        let before = fs::read(path).unwrap();
        edit(path);
        for verb in ["status manifests/e.yaml", "plan manifests/e.yaml", "verify"] {
            let text = said(&space, verb).1;
            assert!(text.contains("is not the result"), "{at} {verb}: {text}");
        }
        let text = ran(&space, "run manifests/e.yaml --progress lines");
        assert!(text.contains(".kept-"), "{at}: {text}");
        assert_eq!(fs::read(path).unwrap(), before, "{at}");
        let aside = kept(path).expect("it is kept beside");
        if ![1, 3].contains(&at) {
            assert_eq!(fs::read_to_string(&aside).unwrap(), "by hand", "{at}");
        }
        fs::remove_file(aside).unwrap();
        let text = ran(&space, "status manifests/e.yaml");
        assert!(!text.contains("is not the result"), "{at}: {text}");
    }
}

/// Before another result takes its place, before its step goes, before nobody needs it.
#[test]
fn what_was_written_through_a_link_outlives_its_object() {
    let space = project();
    let cells = ["1", "2"].map(|n| space.path(&format!("outputs/e/cells/made/n={n}/x.txt")));
    let edit = |link: &Path, text: &str| {
        let object = fs::canonicalize(link).unwrap();
        fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(link, text).unwrap();
    };
    let is_kept = |link: &Path, text: &str| {
        let aside = kept(link).expect("it is kept beside");
        assert!(!aside.is_symlink());
        assert_eq!(fs::read_to_string(&aside).unwrap(), text);
        fs::remove_file(aside).unwrap();
    };
    ran(&space, "run manifests/e.yaml");
    edit(&cells[0], "other result");
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    ran(&space, "run manifests/e.yaml");
    is_kept(&cells[0], "other result");
    assert_eq!(fs::read_to_string(&cells[0]).unwrap(), "1.\n");
    // A run that was killed remembers nothing of what it has shown.
    let memory = space.read("outputs/e/.view");
    let first = memory.lines().next().unwrap();
    space.write("outputs/e/.view", &format!("{first}\n[]\n{{}}\n"));
    edit(&cells[0], "of a killed run");
    space.replace("manifests/e.yaml", "echo \"${n}.\"", "echo \"${n}..\"");
    ran(&space, "run manifests/e.yaml");
    is_kept(&cells[0], "of a killed run");
    edit(&cells[1], "gone");
    space.replace("manifests/e.yaml", "[1, 2]", "[1]");
    ran(&space, "run manifests/e.yaml");
    is_kept(&cells[1], "gone");
    space.replace("manifests/e.yaml", "[1]", "[1, 2]");
    ran(&space, "run manifests/e.yaml");
    // What was still in the store, when the result was made again.
    is_kept(&cells[1], "gone");
    edit(&cells[1], "collected");
    fs::remove_file(space.path("manifests/e.yaml")).unwrap();
    space.write(
        "manifests/f.yaml",
        &MANIFEST.replace("experiment: e", "experiment: f"),
    );
    let text = ran(&space, "gc --yes");
    assert!(text.contains("it is kept as `x.txt.kept-gc`"), "{text}");
    is_kept(&cells[1], "collected");
    // What lay in the store of edits that are kept already, nothing shows: where it is, is said.
    assert!(text.contains("store/damaged` has "), "{text}");
}

/// As `touch -r`, `rsync -t` and `cp -p` leave it.
#[test]
fn an_edit_whose_time_was_put_back_is_told_and_kept_aside() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    let table = space.path("outputs/e/tables/summary.csv");
    let before = fs::read_to_string(&table).unwrap();
    let time = fs::metadata(&table).unwrap().modified().unwrap();
    let edited = before.replacen('1', "9", 1);
    assert_ne!(edited, before);
    fs::write(&table, &edited).unwrap();
    let file = fs::File::options().write(true).open(&table).unwrap();
    file.set_modified(time).unwrap();
    let text = said(&space, "status manifests/e.yaml").1;
    assert!(text.contains("is not the result: it was changed"), "{text}");
    ran(&space, "run manifests/e.yaml");
    assert_eq!(fs::read_to_string(&table).unwrap(), before);
    let aside = kept(&table).expect("it is kept beside");
    assert_eq!(fs::read_to_string(aside).unwrap(), edited);
    // What is as it was, under another inode, is left alone.
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    fs::copy(&table, space.path("copy")).unwrap();
    fs::rename(space.path("copy"), &table).unwrap();
    let copied = inode(&table);
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains(".kept-"), "{text}");
    assert_eq!(inode(&table), copied);
}

#[test]
fn links_that_lead_to_another_store_or_nowhere_are_made_again() {
    let space = project();
    let cell = space.path("outputs/e/cells/made/n=1/x.txt");
    for store in ["outputs/store", "other", "outputs/store"] {
        ran(&space, &format!("run manifests/e.yaml --store {store}"));
        let object = fs::canonicalize(&cell).unwrap();
        let store = fs::canonicalize(space.path(store)).unwrap();
        assert!(object.starts_with(&store), "{}", object.display());
    }
    // On another disk the same links lead nowhere.
    fs::create_dir(space.path("disk")).unwrap();
    let folder = space.path("outputs/e/cells/made");
    fs::rename(&folder, space.path("disk/made")).unwrap();
    symlink(space.path("disk/made"), &folder).unwrap();
    assert!(!cell.exists());
    ran(&space, "run manifests/e.yaml");
    assert_eq!(fs::read_to_string(&cell).unwrap(), "1\n");
}

#[test]
fn what_lies_behind_a_link_in_the_results_stays() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    for (folder, own, file) in [
        ("outputs/e/cells/made", "own", "own/n=1/x.txt"),
        ("outputs/e/tables", "papers", "papers/summary.csv"),
    ] {
        space.write(file, "precious");
        fs::remove_dir_all(space.path(folder)).unwrap();
        symlink(space.path(own), space.path(folder)).unwrap();
    }
    // Even the very bytes of the results are theirs.
    space.write("own/n=2/x.txt", "2\n");
    let before: Vec<PathBuf> = [space.files("own"), space.files("papers")].concat();
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    space.replace("manifests/e.yaml", "v=1", "v=2");
    let text = ran(&space, "run manifests/e.yaml");
    for folder in ["cells/made", "tables"] {
        let path = space.path("outputs/e").join(folder);
        assert!(path.is_dir() && !path.is_symlink(), "{text}");
        assert!(kept(&path).expect("the link").is_symlink(), "{text}");
        assert!(text.contains("it is kept as"), "{text}");
    }
    assert_eq!(space.read("outputs/e/cells/made/n=1/x.txt"), "1.\n");
    // Nor is anything removed there.
    fs::remove_dir_all(space.path("outputs/e/cells/made")).unwrap();
    symlink(space.path("own"), space.path("outputs/e/cells/made")).unwrap();
    space.write("own/n=2/x.txt", "2.\n");
    space.replace("manifests/e.yaml", "[1, 2]", "[1]");
    space.replace("manifests/e.yaml", "v=2", "v=3");
    ran(&space, "run manifests/e.yaml");
    assert_eq!([space.files("own"), space.files("papers")].concat(), before);
    assert_eq!(space.read("own/n=1/x.txt"), "precious");
    assert_eq!(space.read("papers/summary.csv"), "precious");
}

#[test]
fn results_may_lie_on_another_disk() {
    let space = project();
    fs::create_dir_all(space.path("outputs")).unwrap();
    fs::create_dir_all(space.path("big/one/deep/e")).unwrap();
    symlink(space.path("big/one/deep/e"), space.path("outputs/e")).unwrap();
    ran(&space, "run manifests/e.yaml");
    assert_eq!(space.read("outputs/e/cells/made/n=1/x.txt"), "1\n");
    let text = ran(&space, "run manifests/e.yaml");
    assert!(text.contains("up to date"), "{text}");
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("is kept as"), "{text}");
    assert_eq!(space.read("outputs/e/cells/made/n=1/x.txt"), "1.\n");
    assert_eq!(space.files("big").len(), space.files("outputs/e").len());
}

#[test]
fn values_of_the_environment_are_kept_nowhere() {
    let space = TestSpace::new();
    space.write(
        "manifests/s.yaml",
        "experiment: s\nstages:\n  a:\n    uses: command\n    with: {env: [TOKEN], \
         run: 'echo \"token $TOKEN\"; echo \"v=1\"', metrics: stdout}\n",
    );
    let with = |token: &str, arguments: &[&str]| {
        let mut command = space.command(arguments);
        let output = command.env("TOKEN", token).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    };
    let manifest = "manifests/s.yaml";
    let mut all = with("very-secret-1", &["run", manifest]);
    let plan = with("very-secret-2", &["plan", manifest, "--explain"]);
    assert!(plan.contains("environment TOKEN: other value"), "{plan}");
    all += &plan;
    all += &with("very-secret-2", &["run", manifest, "--json", "--report"]);
    assert!(with("very-secret-2", &["run", manifest]).contains("up to date"));
    for verb in ["why", "show", "log"] {
        all += &with("very-secret-2", &[verb, manifest, "a"]);
    }
    all += &with("very-secret-2", &["diff", manifest, "previous", "latest"]);
    all += &with("very-secret-2", &["events"]);
    assert!(!all.contains("very-secret"), "{all}");
    let mut pending = vec![space.path("outputs")];
    while let Some(path) = pending.pop() {
        if path.is_dir() && !path.is_symlink() {
            pending.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if let Ok(bytes) = fs::read(&path) {
            let found = bytes.windows(11).any(|part| part == b"very-secret");
            assert!(!found, "{}", path.display());
        }
    }
    for part in ["store.sqlite", "runs", "scratch", "tmp", "secret", "lock"] {
        let about = fs::metadata(space.path(&format!("outputs/store/{part}"))).unwrap();
        assert_eq!(about.permissions().mode() & 0o077, 0, "{part}");
    }
}

#[test]
fn one_folder_of_results_has_one_owner() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    space.write("manifests/other.yaml", &MANIFEST.replace("v=1", "v=2"));
    for verb in ["run", "plan"] {
        let (code, text) = said(&space, &format!("{verb} manifests/other.yaml"));
        assert!(code == 2 && text.contains("manifests/e.yaml"), "{text}");
    }
    // A manifest that moved takes its results along.
    fs::remove_file(space.path("manifests/e.yaml")).unwrap();
    ran(&space, "run manifests/other.yaml");

    space.write(
        "manifests/store.yaml",
        &MANIFEST.replace("experiment: e", "experiment: store"),
    );
    let (code, text) = said(&space, "run manifests/store.yaml");
    assert!(code == 2 && text.contains("share a folder"), "{text}");

    space.write("src/main.rs", "precious");
    space.write(
        "manifests/src.yaml",
        &MANIFEST.replace("experiment: e", "experiment: src"),
    );
    let (code, text) = said(&space, "run manifests/src.yaml --outputs .");
    assert!(code == 2 && text.contains("`main.rs`"), "{text}");
    assert_eq!(fs::read_dir(space.path("src")).unwrap().count(), 1);
}

/// Killed while it wrote the first memory of its folder, before there was one.
#[test]
fn a_folder_with_half_a_memory_alone_is_taken_up_again() {
    let space = project();
    space.write("outputs/e/.new-view", "{\"mani");
    ran(&space, "run manifests/e.yaml");
    assert!(space.path("outputs/e/.view").is_file());
    assert!(!space.path("outputs/e/.new-view").exists());
    let other = project();
    other.write("outputs/e/.new-view", "");
    other.write("outputs/e/view", "mine");
    let (code, text) = said(&other, "run manifests/e.yaml");
    assert_ne!(code, 0, "{text}");
    assert!(text.contains("it holds `view`"), "{text}");
}

/// What Git has of a project that commits its tables: no store, no links, no memory.
#[test]
fn a_clone_of_committed_tables_is_run_and_loses_nothing() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    fs::remove_dir_all(space.path("outputs/store")).unwrap();
    fs::remove_dir_all(space.path("outputs/e/cells")).unwrap();
    fs::remove_file(space.path("outputs/e/.view")).unwrap();
    let same = space.read("outputs/e/tables/summary.csv");
    space.write("outputs/e/tables/summary.md", "edited");
    space.write("outputs/e/tables/mine.md", "mine");
    space.write("outputs/e/figures/mine.svg", "mine");
    space.write("outputs/e/claims.md.kept-1", "mine");
    let text = ran(&space, "run manifests/e.yaml");
    let table = |name: &str| space.path(&format!("outputs/e/tables/{name}"));
    let aside = kept(&table("summary.md")).expect("it was edited");
    assert!(
        text.contains("tables/summary.md` was not the result"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(aside).unwrap(), "edited");
    assert_ne!(space.read("outputs/e/tables/summary.md"), "edited");
    assert_eq!(space.read("outputs/e/tables/summary.csv"), same);
    assert_eq!(kept(&table("summary.csv")), None);
    for mine in ["tables/mine.md", "figures/mine.svg", "claims.md.kept-1"] {
        assert_eq!(space.read(&format!("outputs/e/{mine}")), "mine");
    }
    assert!(ran(&space, "run manifests/e.yaml").contains("all up to date"));
}

#[test]
fn gc_keeps_what_manifests_elsewhere_need_also_where_they_cannot_be_read() {
    let space = project();
    space.write(
        "elsewhere/deep/f.yaml",
        &MANIFEST.replace("experiment: e", "experiment: f"),
    );
    space.replace("elsewhere/deep/f.yaml", "[1, 2]", "[3, 4]");
    ran(&space, "run elsewhere/deep/f.yaml");
    ran(&space, "run manifests/e.yaml");
    let text = ran(&space, "gc --yes");
    assert!(text.contains("nothing to remove"), "{text}");
    space.replace("elsewhere/deep/f.yaml", "uses", "usse");
    let text = ran(&space, "gc --yes");
    assert!(
        text.contains("cannot be read") && text.contains("nothing to remove"),
        "{text}"
    );
    fs::remove_file(space.path("elsewhere/deep/f.yaml")).unwrap();
    let text = ran(&space, "gc");
    assert!(text.contains("would remove"), "{text}");
}

#[test]
fn gc_finds_manifests_below_others_and_where_the_project_was_moved_to() {
    let space = TestSpace::new();
    space.write("old/sweepline.toml", "");
    for (name, file) in [
        ("e", "exps/x.yaml"),
        ("f", "manifests/y.YAML"),
        ("g", "manifests/z.yaml"),
    ] {
        let text = MANIFEST.replace("experiment: e", &format!("experiment: {name}"));
        space.write(
            &format!("old/{file}"),
            &text.replace("[1, 2]", &format!("[\"{name}\"]")),
        );
    }
    // No manifest, and so nobody's trouble.
    space.write("old/manifests/parts/lr.yaml", "lr: 0.1\n");
    let at = |folder: &str, arguments: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let mut command = space.command(&arguments);
        let output = command.current_dir(space.path(folder)).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    };
    for file in ["exps/x.yaml", "manifests/y.YAML", "manifests/z.yaml"] {
        at("old", &format!("run {file}"));
    }
    fs::create_dir(space.path("old/manifests/done")).unwrap();
    for file in ["y.YAML", "z.yaml"] {
        let done = space.path("old/manifests/done").join(file);
        fs::rename(space.path("old/manifests").join(file), done).unwrap();
    }
    fs::rename(space.path("old"), space.path("new")).unwrap();
    let text = at("new", "gc --yes");
    assert!(text.contains("nothing to remove"), "{text}");
    // One that cannot be read where it is now is known by its name.
    space.replace("new/manifests/done/z.yaml", "uses", "usse");
    let text = at("new", "gc --yes");
    assert!(
        text.contains("cannot be read") && text.contains("nothing to remove"),
        "{text}"
    );
    fs::remove_file(space.path("new/exps/x.yaml")).unwrap();
    let text = at("new", "gc");
    assert!(text.contains("would remove 3 results"), "{text}");
}

#[test]
fn settings_of_the_project_hold_for_every_verb_from_every_folder() {
    let space = project();
    space.write(
        "sweepline.toml",
        "store = \"kept\"\noutputs = \"results\"\n",
    );
    ran(&space, "run manifests/e.yaml");
    assert!(space.path("kept/store.sqlite").is_file());
    assert!(space.path("results/e/cells").is_dir());
    fs::create_dir_all(space.path("a/b")).unwrap();
    let mut command = space.command(&["verify"]);
    let inside = command.current_dir(space.path("a/b")).output().unwrap();
    assert!(inside.status.success());
    let manifest = space.path("manifests/e.yaml");
    for verb in ["verify", "gc", "events", "trace"] {
        let mut command = space.command(&[verb, "--manifest", manifest.to_str().unwrap()]);
        let output = command.current_dir("/").output().unwrap();
        assert!(output.status.success(), "{verb}");
    }
    space.write("sweepline.toml", "stroe = \"kept\"\n");
    let (code, text) = said(&space, "plan manifests/e.yaml");
    assert!(
        code == 2 && text.contains("did you mean `store`?"),
        "{text}"
    );
}

#[test]
fn reports_and_exports_overwrite_only_their_own() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    space.write("notes.html", "mine");
    let (code, text) = said(&space, "report manifests/e.yaml -o notes.html");
    assert!(code == 2 && text.contains("--force"), "{text}");
    assert_eq!(space.read("notes.html"), "mine");
    ran(&space, "report manifests/e.yaml -o notes.html --force");
    ran(&space, "report manifests/e.yaml -o notes.html");
    ran(&space, "report manifests/e.yaml -o /dev/null");

    space.write("data/table.csv", "mine");
    let (code, text) = said(&space, "export manifests/e.yaml --to csv data");
    assert!(code == 2 && text.contains("--force"), "{text}");
    assert_eq!(space.read("data/table.csv"), "mine");
    ran(&space, "export manifests/e.yaml --to csv data --force");
    space.replace("manifests/e.yaml", "v=1", "v=2");
    ran(&space, "run manifests/e.yaml");
    ran(&space, "export manifests/e.yaml --to csv data");
}

#[test]
fn manual_pages_and_metrics_overwrite_only_their_own() {
    let space = project();
    space.write("pages/man1/sweepline-gc.1", "mine");
    let (code, text) = said(&space, "man pages");
    assert!(code == 2 && text.contains("sweepline-gc.1"), "{text}");
    assert_eq!(space.read("pages/man1/sweepline-gc.1"), "mine");
    assert!(
        !space.path("pages/man1/sweepline.1").exists(),
        "all or none"
    );
    ran(&space, "man elsewhere");
    ran(&space, "man elsewhere");

    let before = space.read("manifests/e.yaml");
    let (code, text) = said(
        &space,
        "run manifests/e.yaml --metrics-file manifests/e.yaml",
    );
    assert!(code == 2 && text.contains("--metrics-file"), "{text}");
    assert_eq!(space.read("manifests/e.yaml"), before);
    ran(&space, "run manifests/e.yaml --metrics-file m.prom");
    ran(&space, "run manifests/e.yaml --metrics-file m.prom");
}

#[test]
fn an_edited_file_of_numbers_is_kept_aside() {
    let space = project();
    ran(&space, "run manifests/e.yaml");
    let written = space.read("outputs/e/values.tex");
    space.write("outputs/e/values.tex", &format!("{written}% mine\n"));
    let (_, text) = said(&space, "run manifests/e.yaml");
    assert!(text.contains("values.tex.kept-1"), "{text}");
    assert_eq!(space.read("outputs/e/values.tex"), written);
    let kept = space.read("outputs/e/values.tex.kept-1");
    assert!(kept.ends_with("% mine\n"), "{kept}");
    // One that is as it was written is replaced without a word.
    space.replace("manifests/e.yaml", "v=1", "v=2");
    let (_, text) = said(&space, "run manifests/e.yaml");
    assert!(!text.contains("kept"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn gc_keeps_what_a_manifest_left_under_another_name_and_with_its_profiles() {
    let space = TestSpace::new();
    space.write("sweepline.toml", "");
    let manifest = "experiment: old\nparams: {k: 1}\nprofiles: {quick: {params: {k: 2}}}\nstages:\n  \
                    a: {uses: command, with: {run: 'echo \"${k}\" > \"${out.t}\"', out: {t: t.txt}}}\n";
    space.write("manifests/e.yaml", manifest);
    let quick = "plan manifests/e.yaml --profile quick";
    ran(&space, "run manifests/e.yaml");
    ran(&space, "run manifests/e.yaml --profile quick");
    space.replace("manifests/e.yaml", "old", "new");
    ran(&space, "run manifests/e.yaml");
    let text = ran(&space, "gc --yes");
    assert!(text.contains("nothing to remove"), "{text}");
    assert!(ran(&space, quick).contains("1 up to date"));
    // Moved and renamed at once, where no run knows it.
    let moved = manifest.replace("old", "paper").replace("${k}", "k=${k}");
    space.write("paper/e.yaml", &moved);
    ran(&space, "run paper/e.yaml --profile quick");
    fs::rename(space.path("paper"), space.path("thesis")).unwrap();
    space.replace("thesis/e.yaml", "paper", "thesis");
    // What others call so, and nobody here ran, is in nobody's way.
    space.write("conf/x.yaml", "experiment: [of another program]\n");
    space.write(".hidden/e.yaml", "experiment: new\nstages: 3\n");
    let text = ran(&space, "gc --yes");
    assert!(text.contains("nothing to remove"), "{text}");
    assert!(!text.contains("cannot be read"), "{text}");
    let text = ran(&space, "plan thesis/e.yaml --profile quick");
    assert!(text.contains("1 up to date"), "{text}");
}

/// A run has no use for a store that nobody finds, and leaves none of which all verbs say that it is none.
#[test]
fn a_store_that_is_removed_during_a_run_ends_it_and_does_not_come_back_in_parts() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
stages:
  a: {uses: command, with: {run: 'rm -rf "${root}/outputs"', metrics: stdout}}
  b: {uses: command, in: {a: a}, with: {run: 'echo 1 > "${out.t}"', out: {t: t.txt}}}
  c: {uses: command, with: {run: 'echo 1 > "${out.t}"', out: {t: t.txt}}}
"#,
    );
    let (code, text) = said(&space, "run manifests/e.yaml --jobs 1");
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("was removed or moved meanwhile"), "{text}");
    assert!(!space.path("outputs/store").exists());
    space.replace("manifests/e.yaml", "rm -rf \"${root}/outputs\"", "echo n=1");
    ran(&space, "run manifests/e.yaml");
}

#[test]
fn gc_removes_dead_links_whose_names_are_no_text() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
stages:
  a: {uses: command, with: {run: 'mkdir d; echo 1 > d/plain; echo 2 > d/$(printf "b\351")', out: {d: d/}}}
"#,
    );
    ran(&space, "run manifests/e.yaml");
    fs::remove_file(space.path("manifests/e.yaml")).unwrap();
    ran(&space, "gc --yes");
    assert!(!space.path("outputs/e/cells").exists());
}

#[test]
fn a_copy_by_hard_links_keeps_what_was_exported() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        "experiment: e\nstages:\n  a: {uses: command, with: {run: echo m=1, metrics: stdout}}\n",
    );
    ran(&space, "run manifests/e.yaml");
    ran(&space, "export manifests/e.yaml --to csv exp");
    let before = space.read("exp/a.csv");
    fs::hard_link(space.path("exp/a.csv"), space.path("snapshot.csv")).unwrap();
    space.replace("manifests/e.yaml", "m=1", "m=2");
    ran(&space, "run manifests/e.yaml");
    ran(&space, "export manifests/e.yaml --to csv exp");
    assert_eq!(space.read("snapshot.csv"), before);
    assert_ne!(space.read("exp/a.csv"), before);
}

#[test]
fn damage_that_no_result_needs_is_no_failure_of_verify() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        r#"experiment: e
stages:
  a: {uses: command, with: {run: 'date +%N%N > "${out.t}"', out: {t: t.txt}}}
"#,
    );
    ran(&space, "run manifests/e.yaml");
    let object = fs::canonicalize(space.path("outputs/e/cells/a/t.txt")).unwrap();
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&object, "damaged").unwrap();
    assert_eq!(said(&space, "verify").0, 1);
    ran(&space, "run manifests/e.yaml");
    let text = ran(&space, "verify");
    assert!(text.contains("damaged, and no result needs it"), "{text}");
    ran(&space, "gc --yes");
    let text = ran(&space, "verify");
    assert!(!text.contains("no result needs it"), "{text}");
    assert!(text.contains("store/damaged` has 1 file"), "{text}");
}

#[test]
fn manifests_in_folders_whose_names_are_no_text_are_as_others() {
    use std::os::unix::ffi::OsStrExt;
    let space = project();
    let at = |bytes: &[u8]| space.path("").join(std::ffi::OsStr::from_bytes(bytes));
    let far = MANIFEST.replace("experiment: e", "experiment: f");
    let run = |manifest: &[u8]| {
        let mut command = space.command(&["run", "--progress", "none"]);
        let output = command.arg(at(manifest)).output();
        let output = output.expect("the program starts");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text)
    };
    for folder in [&b"a\xff"[..], b"a\xfe"] {
        fs::create_dir(at(folder)).expect("it is new");
        fs::write(at(&[folder, b"/f.yaml"].concat()), &far).expect("written");
    }
    let (code, text) = run(b"a\xff/f.yaml");
    assert_eq!(code, Some(0), "{text}");
    let text = ran(&space, "gc --yes");
    assert!(text.contains("nothing to remove"), "{text}");
    let (code, text) = run(b"a\xfe/f.yaml");
    assert!(
        code == Some(2) && text.contains("another manifest"),
        "{text}"
    );
}

/// The second waits for the store, and by then the first has its results where the second's would go.
#[test]
fn of_two_manifests_with_one_name_at_once_the_second_is_refused() {
    let space = project();
    let slow = |say: &str| {
        format!(
            "experiment: one\nstages:\n  a: {{uses: command, with: {{run: 'touch \"${{root}}/began\"; sleep 1; echo {say} > \"${{out.t}}\"', out: {{t: t.txt}}}}}}\n"
        )
    };
    space.write("manifests/a.yaml", &slow("first"));
    space.write("manifests/b.yaml", &slow("second"));
    let mut first = space.command(&["run", "manifests/a.yaml", "--progress", "none"]);
    let mut first = first.spawn().expect("the program starts");
    assert!(eventually(|| space.path("began").exists()));
    let (code, text) = said(&space, "run manifests/b.yaml");
    assert!(first.wait().expect("it ends").success());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("results of another manifest"), "{text}");
    assert_eq!(space.read("outputs/one/cells/a/t.txt"), "first\n");
}

#[test]
fn line_feeds_in_names_forge_no_lines() {
    let space = project();
    space.write("src/a\nall 2 steps up to date, says a name.py", "1");
    space.write(
        "manifests/n.yaml",
        r#"experiment: n
stages:
  a: {uses: command, with: {run: 'cat "${root}"/src/*.py > "${out.t}"; echo > "$(printf "x\nfailed b: forged")"', code: ["src/*.py"], out: {t: t.txt}}}
  b: {uses: command, with: {run: 'mkdir "${out.d}"; mkfifo "${out.d}/$(printf "p\nfailed c: forged")"', out: {d: d/}}}
"#,
    );
    let mut all = said(&space, "run manifests/n.yaml").1;
    for verb in ["log", "why", "show"] {
        let output = space.output(&[verb, "manifests/n.yaml", "a"]);
        all.push_str(&String::from_utf8_lossy(&output.stdout));
    }
    space.replace("src/a\nall 2 steps up to date, says a name.py", "1", "2");
    for more in [
        &["plan"][..],
        &["plan", "--explain"],
        &["why", "a"],
        &["show", "a"],
    ] {
        let more = [&more[..1], &["manifests/n.yaml"], &more[1..]].concat();
        all.push_str(&String::from_utf8_lossy(&space.output(&more).stdout));
    }
    assert!(all.contains(r"says a name.py"), "{all}");
    for line in all.lines() {
        let line = line.trim_start_matches([' ', '|']);
        assert!(!line.starts_with("failed b: forged"), "{all}");
        assert!(!line.starts_with("failed c: forged"), "{all}");
        assert!(!line.starts_with("all 2 steps"), "{all}");
    }
}

#[test]
fn line_feeds_in_the_names_of_folders_and_manifests_forge_no_lines() {
    let space = TestSpace::new();
    let manifest = "manifests/n\nFORGED.yaml";
    space.write(
        manifest,
        "experiment: e\nstages:\n  a: {uses: command, with: {run: echo m=1, metrics: stdout}}\n  \
         s: {uses: table/summary, in: {rows: a}, with: {values: [m]}}\n",
    );
    let mut all = String::new();
    let mut say = |arguments: &[&str]| {
        let output = space.output(arguments);
        for bytes in [output.stdout, output.stderr] {
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    };
    for verb in ["check", "report", "ls", "run", "status", "diff"] {
        say(&[verb, manifest]);
    }
    say(&["export", manifest, "--to", "csv", "none\nFORGED"]);
    say(&["report", manifest, "-o", "r\nFORGED.html"]);
    say(&["pack", manifest, "-o", "p\nFORGED.zip"]);
    let outputs = ["--outputs", "out\nFORGED"];
    say(&["run", manifest, outputs[0], outputs[1]]);
    space.write("out\nFORGED/e/tables/s.csv", "edited");
    for verb in ["status", "run"] {
        say(&[verb, manifest, outputs[0], outputs[1]]);
    }
    say(&["init", "i\nFORGED"]);
    say(&["man", "man\nFORGED"]);
    say(&["import", "dvc\nFORGED.yaml"]);
    space.write("no\nFORGED/x", "");
    say(&["verify", "--store", "no\nFORGED"]);
    say(&["gc"]);
    space.write(manifest, "stages: [");
    say(&["gc"]);
    assert!(all.contains(r"\nFORGED"), "{all}");
    assert!(!all.lines().any(|line| line.starts_with("FORGED")), "{all}");
}

#[test]
fn numbers_have_the_name_that_their_stage_has_today() {
    let space = TestSpace::new();
    space.write(
        "manifests/e.yaml",
        "experiment: e\naxes: {m: [1, 2]}\nstages:\n  r: {uses: command, with: {values: {m: \"${m}\"}, run: 'echo v=$m', \
         metrics: stdout}}\n  summary: {uses: table/summary, in: {rows: r}, with: {values: [v]}}\n",
    );
    ran(&space, "run manifests/e.yaml");
    let numbers = || space.read("outputs/e/values.tex");
    assert!(
        numbers().contains("sweepline/summary/1/v\\"),
        "{}",
        numbers()
    );
    space.replace("manifests/e.yaml", "  summary:", "  results:");
    let text = ran(&space, "run manifests/e.yaml");
    assert!(text.contains("all up to date"), "{text}");
    let renamed = numbers();
    assert!(
        renamed.contains("sweepline/results/1/v\\") && !renamed.contains("sweepline/summary/"),
        "{renamed}"
    );
    // Two stages that make the same table have numbers each.
    let manifest = space.read("manifests/e.yaml");
    let again = "  again: {uses: table/summary, in: {rows: r}, with: {values: [v]}}\n";
    space.write("manifests/e.yaml", &format!("{manifest}{again}"));
    let text = ran(&space, "run manifests/e.yaml");
    let both = numbers();
    assert!(
        both.contains("sweepline/results/1/v\\") && both.contains("sweepline/again/1/v\\"),
        "{text}\n{both}"
    );
    assert!(!text.contains("several tables"), "{text}");
}

/// Cells that a filter leaves out keep the files of another setting: the run that mixes them says so.
#[test]
fn cells_that_a_filter_leaves_as_they_were_are_told() {
    let space = TestSpace::new();
    let manifest = |clip: u32| {
        space.write(
            "manifests/e.yaml",
            &format!(
                "experiment: e\nparams: {{clip: {clip}}}\naxes: {{city: [ghent, oslo, rome]}}\nstages:\n  fit: {{uses: command, \
                 with: {{values: {{c: '${{city}}', clip: '${{clip}}'}}, run: 'echo clip=$clip', metrics: stdout}}}}\n"
            ),
        );
    };
    manifest(150);
    ran(&space, "run manifests/e.yaml");
    // All of them are known, and so nothing is of another setting.
    let text = ran(&space, "run manifests/e.yaml --only city=oslo");
    assert!(!text.contains("earlier run"), "{text}");
    manifest(80);
    let text = ran(&space, "run manifests/e.yaml --only city=oslo");
    assert!(
        text.contains("2 cells below `cells/fit` are of an earlier run"),
        "{text}"
    );
    let text = ran(&space, "run manifests/e.yaml --only city=oslo|rome");
    assert!(
        text.contains("`cells/fit/city=ghent` is of an earlier run"),
        "{text}"
    );
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("earlier run"), "{text}");
}

/// After a table's step fails, the numbers of before are no numbers of today.
#[test]
fn numbers_of_an_earlier_run_are_told_and_stop_latex() {
    let space = TestSpace::new();
    space.write("m.json", r#"{"v": 0.9, "w": 1}"#);
    space.write(
        "manifests/e.yaml",
        "experiment: e\nstages:\n  r: {uses: command, with: {run: 'cat ${root}/m.json > m.json', code: [m.json], \
         metrics: m.json}}\n  s: {uses: table/summary, in: {rows: r}, with: {values: [v, w]}}\n",
    );
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("earlier run"), "{text}");
    assert!(space.read("outputs/e/values.tex").contains("{0.9000}"));
    space.write("m.json", r#"{"v": 0.5, "w": "many"}"#);
    let output = space.output(&["run", "manifests/e.yaml"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("`tables/s.csv`") && text.contains("are of an earlier run"),
        "{text}"
    );
    let numbers = space.read("outputs/e/values.tex");
    assert!(!numbers.contains("{0.9000}"), "{numbers}");
    assert!(
        numbers.contains("number `s/v' is of an earlier run"),
        "{numbers}"
    );
    space.write("m.json", r#"{"v": 0.5, "w": 2}"#);
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("earlier run"), "{text}");
    assert!(space.read("outputs/e/values.tex").contains("{0.5000}"));
}

#[test]
fn what_was_added_among_the_cells_is_told_and_stays() {
    let space = project();
    space.replace(
        "manifests/e.yaml",
        "'echo \"${n}\" > \"${out.x}\"', out: {x: x.txt}",
        "'mkdir -p d/empty; ln -s y d/z; echo \"${n}\" | tee d/y > \"${out.x}\"', out: {x: x.txt, d: d/}",
    );
    space.replace("manifests/e.yaml", "x: made", "x: made.x");
    ran(&space, "run manifests/e.yaml");
    let looks = ["status manifests/e.yaml", "plan manifests/e.yaml", "verify"];
    let told = |added: &[&str]| {
        for verb in looks {
            let text = ran(&space, verb);
            for path in added {
                let line = format!("`outputs/e/cells/{path}` is no result: no run put it there");
                assert!(text.contains(&line), "{path} {verb}: {text}");
            }
            assert_eq!(text.matches("is no result").count(), added.len(), "{text}");
        }
    };
    told(&[]);
    let cells = space.path("outputs/e/cells");
    let all = [
        "made/n=1/notes.txt",
        "made/n=1/d/more.txt",
        "made/n=1/d/empty/one.txt",
        "made/n=3/",
        "made/link",
        "gone/",
    ];
    for file in &all[..3] {
        fs::write(cells.join(file), "mine").unwrap();
    }
    fs::create_dir(cells.join("gone")).unwrap();
    fs::create_dir_all(cells.join("made/n=3/d/y")).unwrap();
    for file in ["made/n=3/x.txt", "made/n=3/d/y/z"] {
        fs::write(cells.join(file), "mine").unwrap();
    }
    symlink("n=1", cells.join("made/link")).unwrap();
    told(&all);
    // A memory that a killed run did not come to write: links into the store are known by themselves.
    let memory = fs::read_to_string(space.path("outputs/e/.view")).unwrap();
    let forgets = format!("{}\n[]\n{{}}\n", memory.lines().next().unwrap());
    fs::write(space.path("outputs/e/.view"), forgets).unwrap();
    let text = ran(&space, "status manifests/e.yaml");
    assert!(
        text.contains("n=3/x.txt` is no result") && !text.contains("n=2"),
        "{text}"
    );
    fs::write(space.path("outputs/e/.view"), memory).unwrap();
    // Results in their place, others in their folder, no results at all.
    space.replace("manifests/e.yaml", "[1, 2]", "[2, 3]");
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    let text = ran(&space, "run manifests/e.yaml");
    assert_eq!(text.matches("it is kept as").count(), 2, "{text}");
    for file in &all[..3] {
        assert_eq!(fs::read_to_string(cells.join(file)).unwrap(), "mine");
    }
    assert_eq!(
        fs::read_to_string(cells.join("made/n=3/x.txt")).unwrap(),
        "3.\n"
    );
    for (file, inside) in [("made/n=3/x.txt", ""), ("made/n=3/d/y", "z")] {
        let aside = kept(&cells.join(file)).expect("it is kept beside");
        assert_eq!(
            fs::read_to_string(aside.join(inside))
                .or_else(|_| fs::read_to_string(&aside))
                .unwrap(),
            "mine"
        );
    }
    let text = ran(&space, "status manifests/e.yaml");
    assert!(text.contains("is no result: a run kept it aside"), "{text}");
    assert!(text.contains("made/n=1/` is no result"), "{text}");
    space.replace("manifests/e.yaml", "  made:", "  done:");
    space.replace("manifests/e.yaml", "x: made.x", "x: done.x");
    ran(&space, "run manifests/e.yaml");
    ran(&space, "gc --yes");
    assert!(cells.join("gone").is_dir() && cells.join("made/link").is_symlink());
    assert_eq!(
        fs::read_to_string(cells.join("made/n=1/d/empty/one.txt")).unwrap(),
        "mine"
    );
}

/// As in a folder without the right to write, for which root does not care.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_shown_keeps_nothing_else_away() {
    use super::support::faults;
    let space = project();
    ran(&space, "run manifests/e.yaml");
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    space.replace("manifests/e.yaml", "v=1", "v=2");
    let mut command = space.command(&["run", "manifests/e.yaml"]);
    let denied = faults::Fault {
        at: 1,
        error: 13,
        lasts: true,
    };
    let cell = space
        .path("outputs/e/cells/made/n=1")
        .canonicalize()
        .unwrap();
    faults::inject(&mut command, &cell, Some(denied), &space.path("count"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && text.contains("n=1/x.txt`: permission denied"),
        "{text}"
    );
    assert_eq!(space.read("outputs/e/cells/made/n=1/x.txt"), "1\n");
    assert_eq!(space.read("outputs/e/cells/made/n=2/x.txt"), "2.\n");
    assert!(space.read("outputs/e/tables/summary.csv").contains('2'));
    let text = ran(&space, "status manifests/e.yaml");
    assert_eq!(text.matches("is not the result").count(), 1, "{text}");
    assert!(
        text.contains("n=1/x.txt` is not the result: the link leads elsewhere"),
        "{text}"
    );
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("kept"), "{text}");
    assert_eq!(space.read("outputs/e/cells/made/n=1/x.txt"), "1.\n");
}

/// Of a long name is less left in the names that a run gives to what it puts beside it.
#[test]
fn names_as_long_as_they_may_be_are_shown_anew_and_kept_aside() {
    let space = project();
    let long = "é".repeat(127);
    space.replace(
        "manifests/e.yaml",
        "'echo \"${n}\" > \"${out.x}\"', out: {x: x.txt}",
        &format!(
            "'mkdir d; echo \"${{n}}\" | tee d/{long} > \"${{out.x}}\"', out: {{x: x.txt, d: d/}}"
        ),
    );
    space.replace("manifests/e.yaml", "x: made", "x: made.x");
    ran(&space, "run manifests/e.yaml");
    let file = space.path(&format!("outputs/e/cells/made/n=1/d/{long}"));
    space.replace("manifests/e.yaml", "echo \"${n}\"", "echo \"${n}.\"");
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("not up to date"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "1.\n");
    fs::remove_file(&file).unwrap();
    fs::write(&file, "mine").unwrap();
    let text = ran(&space, "run manifests/e.yaml");
    assert!(!text.contains("not up to date"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "1.\n");
    let beside = fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    let mut beside = beside.map(|entry| fs::read_to_string(entry.path()).unwrap());
    assert!(beside.any(|text| text == "mine"));
}
