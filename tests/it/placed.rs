//! What programs with paths of their own find in their folder: inputs, files of values, what an import makes
//! of their project.

use crate::support::Executed;
use crate::support::TestSpace;
use crate::support::counts;
use crate::support::executed;

fn run(space: &TestSpace) -> Executed {
    executed(&space.stdout(&["run", "manifests/x.yaml", "--json"]))
}

fn imported(dvc: &str, files: &[(&str, &str)]) -> (TestSpace, String) {
    let space = TestSpace::new();
    space.write("dvc.yaml", dvc);
    for (path, text) in files {
        space.write(path, text);
    }
    let output = space.output(&["import", "dvc.yaml", "--name", "x"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    space.stdout(&["check", "manifests/x.yaml"]);
    (space, said)
}

/// As `dvc repro` leaves it: what lists, copies and packs files passes over links.
#[test]
fn folders_that_a_stage_reads_are_folders_with_files() {
    let dvc = "stages:
  made:
    cmd: mkdir -p out/d/e && echo x > out/d/e/x.txt && echo y > out/d/y.txt && echo a > out/a.txt
    outs: [out/a.txt, out/d]
  seen:
    cmd: (find raw out -type f; tar cf - out | tar tf -) | sort > seen.txt
    deps: [raw, out]
    outs: [seen.txt]
  copied:
    cmd: cp -r out/d copy && echo z >> copy/y.txt && cat copy/y.txt > copied.txt
    deps: [out/d]
    outs: [copied.txt, copy]
  read:
    cmd: cat out/d/y.txt > read.txt
    deps: [out/d, copied.txt]
    outs: [read.txt]
";
    let (space, _) = imported(dvc, &[("raw/a.txt", "a"), ("raw/in/b.txt", "b")]);
    run(&space);
    let left = |stage: &str| space.read(&format!("outputs/x/cells/{stage}/{stage}.txt"));
    let files = "out/a.txt\nout/d/e/x.txt\nout/d/y.txt\n";
    let packed = left("seen")
        .replace("out/\n", "")
        .replace("out/d/\n", "")
        .replace("out/d/e/\n", "");
    let twice: String = files
        .lines()
        .flat_map(|line| [line, "\n", line, "\n"])
        .collect();
    assert_eq!(packed, format!("{twice}raw/a.txt\nraw/in/b.txt\n"));
    let copied = space.files("outputs/x/cells/copied");
    let copied = copied.iter().find(|path| path.ends_with("copied.txt"));
    let copied = std::fs::read_to_string(copied.expect("it is kept")).expect("a text");
    assert_eq!((copied.as_str(), left("read").as_str()), ("y\nz\n", "y\n"));
}

/// No other step sees it, which is told.
#[test]
fn a_placed_input_that_is_changed_stays_as_it_was_for_others() {
    let space = TestSpace::new();
    space.write("data/a.txt", "one\n");
    space.write(
        "manifests/x.yaml",
        "experiment: x\nstages:\n  one:\n    uses: command\n    in: {data: {file: data}}\n    with: {place: {data: \
         d}, run: 'echo two >> d/a.txt; cp d/a.txt \"${out.left}\"', out: {left: left.txt}}\n",
    );
    let output = space.output(&["run", "manifests/x.yaml", "--progress", "lines"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("`d/a.txt`: a copy of an input that the program changed"),
        "{said}"
    );
    assert_eq!(space.read("data/a.txt"), "one\n");
    assert_eq!(space.read("outputs/x/cells/one/left.txt"), "one\ntwo\n");
}

/// `max_features: 1.0` is all of them, `1` is one.
#[test]
fn a_share_and_a_count_are_two_values_of_a_file() {
    let manifest = |number: &str| {
        format!(
            "experiment: x\nparams: {{share: {number}, all: {{n: 1, the-share: {number}}}}}\nstages:\n  say:\n    \
             uses: command\n    with:\n      files: {{p.yaml: {{share: \"${{share}}\", within: \
             \"${{all['the-share']}}\", all: \"${{all}}\"}}}}\n      run: cp p.yaml \"${{out.said}}\"\n      \
             out: {{said: said.txt}}\n"
        )
    };
    let space = TestSpace::new();
    let said = |number: &str| {
        space.write("manifests/x.yaml", &manifest(number));
        let ran = run(&space);
        let text = space.read("outputs/x/cells/say/said.txt");
        (ran, text.split_whitespace().collect::<String>())
    };
    let share = r#"{"share":1.0,"within":1.0,"all":{"n":1,"the-share":1.0}}"#;
    assert_eq!(said("1.0"), (counts(&[("say", 1)]), share.to_owned()));
    assert_eq!(said("1e0"), (counts(&[]), share.to_owned()));
    let count = share.replace("1.0", "1");
    assert_eq!(said("1"), (counts(&[("say", 1)]), count));
}

/// The values, the order and the commands of an import are those of DVC.
#[test]
fn an_import_keeps_what_values_and_commands_mean() {
    let dvc = r#"vars: [conf.toml]
stages:
  made:
    cmd: |
      mkdir -p sub
      cd sub
      cat params.yaml > made.txt
      echo ${train.lr} >> made.txt
    params: [tree]
    outs: [made.txt]
  scores:
    foreach:
      small: {n: 1}
      medium: {n: 2}
      large: {n: 3}
    do:
      cmd: mkdir -p scores && echo '{"n":${item.n}}' > scores/${key}.json
      metrics: ["scores/${key}.json"]
  read:
    cmd: cat scores/*.json > read.txt
    deps: [scores]
    outs: [read.txt]
"#;
    let params = "tree: {features: 1.0, depth: 3}\nbatch: 1_000\nbest: .inf\n";
    let conf = "[train]\nlr = 0.5\n";
    let (space, said) = imported(dvc, &[("params.yaml", params), ("conf.toml", conf)]);
    for told in [
        "`1_000` is a text here",
        "`.inf` is nothing that a parameter can be",
    ] {
        assert!(said.contains(told), "{said}");
    }
    let manifest = space.read("manifests/x.yaml");
    assert!(manifest.contains("[small, medium, large]"), "{manifest}");
    run(&space);
    let made = space.read("outputs/x/cells/made/made.txt");
    assert!(
        made.contains("\"features\": 1.0,\n") && made.ends_with("0.5\n"),
        "{made}"
    );
    let read = space.read("outputs/x/cells/read/read.txt");
    assert_eq!(read, "{\"n\":3}\n{\"n\":2}\n{\"n\":1}\n");
}

/// A curve and a final number of one name are two numbers to loggers.
#[test]
fn a_curve_keeps_its_last_point_beside_a_final_number() {
    let space = TestSpace::new();
    space.write(
        "manifests/x.yaml",
        "experiment: x\nstages:\n  fit:\n    uses: command\n    with:\n      run: |\n        printf \
         'iteration,loss\\n5,1.0\\n15,0.25\\n' > \"${out.curve}\"\n        echo '{\"loss\": 9.0}' > \
         \"${out.metrics}\"\n      metrics: m.json\n      out: {curve: {file: log.csv, type: curve}}\n",
    );
    run(&space);
    space.stdout(&["export", "manifests/x.yaml", "--to", "mlflow", "there"]);
    let files = space.files("there");
    let lines = |name: &str| {
        let path = files
            .iter()
            .find(|path| path.ends_with(name))
            .expect("it is exported");
        let text = std::fs::read_to_string(path).expect("a text");
        let lines = text
            .lines()
            .map(|line| line.split_once(' ').expect("a time").1.to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(lines("metrics/fit/loss"), ["1.0 5", "0.25 15"]);
    assert_eq!(lines("metrics/fit/loss.final"), ["9.0 15"]);
}

/// Of several names that a parameter is made of, the one that has another value.
#[test]
fn a_reason_points_at_the_value_that_changed() {
    let space = TestSpace::new();
    space.write(
        "manifests/x.yaml",
        "experiment: x\nparams:\n  file: params.yaml\naxes: {kind: [1, 2]}\nstages:\n  say:\n    uses: command\n    \
         with:\n      run: [sh, -c, 'echo \"$0 $1\" > said.txt', \"${kind}\", \"${optim.lr}\"]\n      \
         out: {said: said.txt}\n",
    );
    space.write("params.yaml", "optim:\n  lr: 0.1\n");
    run(&space);
    space.replace("params.yaml", "0.1", "0.2");
    let said = space.stdout(&["plan", "manifests/x.yaml", "--explain"]);
    assert!(said.contains("params.yaml:2"), "{said}");
    assert!(!said.contains("manifests/x.yaml:4"), "{said}");
}

#[test]
fn the_path_of_an_output_is_told_where_its_name_alone_stands() {
    let said = |text: &str| {
        let space = TestSpace::new();
        let manifest = format!(
            "experiment: x\nstages:\n  one:\n    uses: command\n    with: {{run: [cp, a, \"{text}\"], out: {{model: \
             m.pt}}}}\n"
        );
        space.write("manifests/x.yaml", &manifest);
        let output = space.output(&["check", "manifests/x.yaml"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (text, path) in [("${out}", "${out.NAME}"), ("${model}", "${out.model}")] {
        let said = said(text);
        let wanted = format!("the path of an output is `{path}`");
        assert!(said.contains(&wanted), "{said}");
    }
}

/// What a reduction reads stands where programs look for it, one by one; what cannot is told before it runs.
#[test]
fn each_that_a_reduction_reads_has_a_path_of_its_own() {
    let manifest = "experiment: x\naxes: {seed: [0, 1], kind: [a, b]}\nstages:\n  one:\n    uses: command\n    with: {run: \
                    'echo $k$s > \"${out.t}\"', values: {k: '${kind}', s: '${seed}'}, out: {t: t.txt}}\n  all:\n    uses: \
                    command\n    in: {t: one}\n    over: [seed]\n    with: {place: {t: 'res/${kind}-{seed}.txt'}, run: \
                    'cd res; grep . * > \"${out.all}\"', out: {all: all.txt}}\n";
    let space = TestSpace::new();
    space.write("manifests/x.yaml", manifest);
    run(&space);
    assert_eq!(
        space.read("outputs/x/cells/all/kind=b/all.txt"),
        "b-0.txt:b0\nb-1.txt:b1\n"
    );
    let said = |path: &str| {
        space.write("manifests/x.yaml", &manifest.replace("{seed}.txt", path));
        let output = space.output(&["check", "manifests/x.yaml"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said("{sed}.txt").contains("has no axis `sed`"));
    assert!(said("{kind}.txt").contains("several of what it reads would be at"));
}
