//! `sweepline import`: projects of other tools, read once, and run.

use std::fs;

use crate::support::TestSpace;
use crate::support::counts;
use crate::support::executed;

/// What an import says, when it ends with this status.
fn imported(space: &TestSpace, status: i32) -> String {
    let output = space.output(&["import", "dvc.yaml", "--name", "x"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}");
    said
}

fn checked(space: &TestSpace) {
    let output = space.output(&["check", "manifests/x.yaml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let pipeline = space.read("pipelines/x.yaml");
    assert!(output.status.success(), "{said}\n{pipeline}");
}

fn run(space: &TestSpace, more: &[&str]) -> crate::support::Executed {
    let mut arguments = vec!["run", "manifests/x.yaml", "--json"];
    arguments.extend(more);
    executed(&space.stdout(&arguments))
}

/// A project as people have it: scripts with paths of their own, a whole params.yaml, a module that no
/// dependency names, a stage for each of a list and one that reads them all.
const DVC: &str = r#"vars:
  - words: {first: hello, second: ${not.resolved}}
stages:
  prepare:
    desc: Cut the data
    wdir: src
    cmd: sh prepare.sh ../data/raw.txt ../data/prepared
    deps: [prepare.sh, ../data/raw.txt]
    params:
      - ../params.yaml: [prepare.lines]
    outs: [../data/prepared]
  train:
    foreach: [1, 2]
    do:
      cmd:
        - sh src/train.sh ${item} ${train}
        - cd models && echo "done '${words.first}' '${item}'" > note-${item}.txt
      deps: [src/train.sh, data/prepared/head.txt]
      params: [train]
      outs:
        - models/model-${item}.txt: {cache: false}
        - models/note-${item}.txt:
            persist: true
      metrics:
        - models/scores-${item}.json: {cache: false}
  judge:
    matrix:
      size: [1, 2]
      kind: [{name: plain, words: [a, b]}, {name: odd, words: [c]}]
    cmd: cat models/model-${item.size}.txt > judged-${key}.txt; echo '${item.kind.name}' ${item.kind.words[0]} >> judged-${key}.txt
    deps: ["models/model-${item.size}.txt"]
    outs: ["judged-${key}.txt"]
  best:
    cmd: cat models/scores-1.json models/scores-2.json > best.txt; head -n 1 models/model-2.txt >> best.txt
    deps: [models/]
    outs: [best.txt]
    plots:
      - curve.csv: {x: step, y: loss}
  publish:
    cmd: test -s best.txt
    deps: [best.txt]
    always_changed: true
artifacts:
  model: {path: models/model-1.txt}
"#;

fn project() -> TestSpace {
    let space = TestSpace::new();
    space.write("dvc.yaml", &DVC.replace(", second: ${not.resolved}", ""));
    space.write(
        "params.yaml",
        "prepare: {lines: 2}\ntrain: {lr: 1.0e-5, deep: true}\nother: 1\n",
    );
    space.write("data/raw.txt", "a\nb\nc\n");
    space.write("models/README", "kept by hand\n");
    space.write(
        "src/prepare.sh",
        ". ./helper.sh\nmkdir -p \"$2\"\nn=$(sed -n 's/.*\"lines\": *//p' ../params.yaml)\n\
         cut_lines \"$n\" \"$1\" > \"$2/head.txt\"\n",
    );
    space.write("src/helper.sh", "cut_lines() { head -n \"$1\" \"$2\"; }\n");
    space.write(
        "src/train.sh",
        "# reads params.yaml\nsize=$1; shift\necho \"$size $*\" > models/model-$size.txt\ncat data/prepared/head.txt params.yaml >> models/model-$size.txt\n\
         echo \"{\\\"loss\\\": 0.$size}\" > models/scores-$size.json\n",
    );
    // `best` makes its curve of nothing.
    let dvc = space.read("dvc.yaml");
    let dvc = dvc.replace(
        ">> best.txt\n    deps: [models/]",
        ">> best.txt; printf 'step,loss\\n1,0.5\\n2,0.25\\n' > curve.csv\n    deps: [models/]",
    );
    space.write("dvc.yaml", &dvc);
    space
}

#[test]
fn a_project_runs_after_its_import() {
    let space = project();
    let said = imported(&space, 0);
    for told in ["`persist`", "`artifacts` is left out", "dvc.yaml:"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    checked(&space);
    let all = [
        ("best", 1),
        ("best-curve", 1),
        ("judge", 4),
        ("prepare", 1),
        ("publish", 1),
        ("train", 2),
    ];
    assert_eq!(
        run(&space, &[]),
        counts(&all),
        "{}",
        space.read("pipelines/x.yaml")
    );
    // Only what is never up to date.
    assert_eq!(run(&space, &[]), counts(&[("publish", 1)]));
    let model = space.read("outputs/x/cells/train/size=2/model-2.txt");
    // A map in a command is options, as DVC has it, with numbers as params.yaml writes them.
    assert!(model.starts_with("2 --lr 1.0e-5 --deep\na\nb\n"), "{model}");
    assert!(
        model.contains("\"lr\": 1.0e-5") && !model.contains("other"),
        "{model}"
    );
    let note = space.read("outputs/x/cells/train/size=2/note-2.txt");
    assert_eq!(note, "done 'hello' '2'\n");
    let best = space.read("outputs/x/cells/best/best.txt");
    assert!(
        best.starts_with("{\"loss\": 0.1}\n{\"loss\": 0.2}\n2 --lr"),
        "{best}"
    );
    let judged = space.read("outputs/x/cells/judge/size=2,kind=kind1/judged-2-kind1.txt");
    assert!(judged.ends_with("odd c\n"), "{judged}");
    // The scores are numbers, the plot a figure.
    let scores = space.stdout(&[
        "ls",
        "manifests/x.yaml",
        "--stage",
        "train",
        "--format",
        "csv",
    ]);
    assert!(
        scores.contains("loss") && scores.contains("0.2"),
        "{scores}"
    );
    assert!(space.path("outputs/x/figures/best-curve.svg").is_file());
    // A parameter reaches scripts through the file; one that no stage names changes nothing.
    assert_eq!(
        run(&space, &["-p", "train.lr=0.5"]),
        counts(&[("best", 1), ("judge", 4), ("publish", 1), ("train", 2)])
    );
    let params = space.read("params.yaml").replace("other: 1", "other: 2");
    space.write("params.yaml", &params);
    assert_eq!(run(&space, &[]), counts(&[("publish", 1)]));
    // The project is as it was.
    assert!(!space.path("data/prepared").exists() && !space.path("best.txt").exists());
}

#[test]
fn nothing_is_written_over() {
    let space = project();
    imported(&space, 0);
    space.write("manifests/x.yaml", "mine\n");
    let said = imported(&space, 2);
    assert!(
        said.contains("`manifests/x.yaml` is there already"),
        "{said}"
    );
    assert_eq!(space.read("manifests/x.yaml"), "mine\n");
    fs::remove_file(space.path("manifests/x.yaml")).expect("it is there");
    let said = imported(&space, 2);
    assert!(
        said.contains("`pipelines/x.yaml` is there already"),
        "{said}"
    );
    assert!(!space.path("manifests/x.yaml").exists());
    let output = space.output(&["import", "dvc.yaml", "--name", "../x"]);
    assert_eq!(output.status.code(), Some(2));
}

/// What is said of a file, and whether something is written.
fn said(dvc: &str, params: &str) -> (String, bool) {
    let space = TestSpace::new();
    space.write("dvc.yaml", dvc);
    if !params.is_empty() {
        space.write("params.yaml", params);
    }
    let output = space.output(&["import", "dvc.yaml", "--name", "x"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let written = space.path("manifests/x.yaml").exists();
    assert_eq!(output.status.success(), written, "{said}");
    (said, written)
}

#[test]
fn what_is_no_dvc_yaml_is_an_error_at_its_place() {
    let axes: Vec<String> = (0..9)
        .map(|axis| format!("x{axis}: [1, 2, 3, 4, 5, 6, 7, 8]"))
        .collect();
    let axes = axes.join(", ");
    let huge = format!("stages:\n  a: {{cmd: x, outs: [o], matrix: {{{axes}}}}}\n");
    for (dvc, wanted) in [
        ("stages: [\n", "this is not YAML"),
        ("", "this is no dvc.yaml"),
        ("stages: {}\n", "there are no stages"),
        ("stages: [a]\n", "`stages` is a map"),
        ("stages:\n  a: {deps: [b]}\n", "stage `a` has no `cmd`"),
        (
            "stages:\n  a:\n    cmd:\n      - x\n      - echo 'a: b'\n",
            "a command of `a` is no text",
        ),
        (
            "stages:\n  a: {cmd: [x, null]}\n",
            "a command of `a` is no text",
        ),
        ("stages:\n  a: {cmd: x, wdir: [b]}\n", "`wdir` is a text"),
        ("stages:\n  a: {foreach: [1]}\n", "`foreach` without `do`"),
        (&huge, "more than 5000 stages"),
        (
            "stages:\n  a: {cmd: x, outs: 3, deps: {b: c}}\n",
            "`deps` is a list",
        ),
        (
            "stages:\n  a:\n    foreach: []\n    do: {cmd: x}\n",
            "repeated for nothing",
        ),
        (
            "stages:\n  a:\n    foreach: ${b.c}\n    do: {cmd: x}\n",
            "`${b.c}` is not known",
        ),
        (
            "stages:\n  a: {cmd: \"x ${b.c[0]}\"}\n",
            "`${b.c[0]}` is not known",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [\"${o}\"]}\n",
            "`${o}` is not known",
        ),
        (
            "vars: [other.yaml]\nstages:\n  a: {cmd: x}\n",
            "cannot read `other.yaml`",
        ),
        (
            "stages:\n  a: {cmd: x, frozen: perhaps}\n",
            "`frozen` is `true` or `false`",
        ),
    ] {
        let (said, written) = said(dvc, "");
        assert!(said.contains(wanted) && !written, "{dvc}: {said}");
    }
    let (said, written) = said("stages:\n  a: {cmd: x}\n", "a: [\n");
    assert!(said.contains("params.yaml:") && !written, "{said}");
}

#[test]
fn what_has_no_counterpart_is_told_with_its_line() {
    for (dvc, wanted) in [
        ("stages:\n  a: {cmd: x, dep: [b]}\n", "did you mean `deps`?"),
        (
            "stage: 1\nstages:\n  a: {cmd: x}\n",
            "did you mean `stages`?",
        ),
        (
            "datasets: []\nstages:\n  a: {cmd: x}\n",
            "`datasets` is left out",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [s3://b/c]}\n",
            "`s3://b/c` is left out",
        ),
        (
            "stages:\n  a: {cmd: x, deps: [/abs]}\n",
            "`/abs` is left out",
        ),
        (
            "stages:\n  a: {cmd: x, deps: [none.csv]}\n",
            "`none.csv` is not there",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [b: {checkpoint: true}]}\n",
            "`checkpoint` of `b`",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [b: {remote: r}]}\n",
            "`remote` of `b`",
        ),
        (
            "stages:\n  a: {cmd: x, frozen: true, outs: [b]}\n",
            "`a` runs as any other",
        ),
        ("stages:\n  a/b: {cmd: x}\n", "`a/b` is called `a_b`"),
        ("stages:\n  a: {cmd: x, params: [lr]}\n", "`lr` is left out"),
        (
            "stages:\n  a: {cmd: x, plots: [c.csv: {x: e}]}\n",
            "`c.csv` is not drawn",
        ),
        (
            "stages:\n  a: {cmd: x, plots: [c.csv: {template: confusion, x: a, y: b}]}\n",
            "`confusion` is no line",
        ),
        (
            "stages:\n  a: {cmd: x, plots: [r.json]}\n",
            "`r.json` is not drawn",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [c.csv]}\nplots:\n  - both: {x: a, y: {c.csv: b, d.csv: b}}\n",
            "`d.csv` is not drawn",
        ),
        (
            "stages:\n  a: {cmd: x}\nplots:\n  - d.csv: {x: a, y: b}\n",
            "no stage leaves it",
        ),
        (
            "stages:\n  a: {cmd: x, outs: [c.csv]}\nplots:\n  - c.csv: {x: a, y: b}\n  - c.csv: {x: a, y: c}\n",
            "a second plot of `c.csv`",
        ),
        (
            "stages:\n  a: {cmd: x, metrics: [m.json, n.json]}\n",
            "do not have the numbers in `n.json`",
        ),
    ] {
        let (said, written) = said(dvc, "b: 1\n");
        assert!(
            said.contains(wanted) && said.contains("dvc.yaml:") && written,
            "{dvc}: {said}"
        );
    }
    let (said, _) = said(
        "stages:\n  a: {cmd: \"x ${on}\"}\n",
        "on: yes\nday: 2024-01-02\n",
    );
    assert!(
        said.contains("`yes` is a text here") && said.contains("takes it for a date"),
        "{said}"
    );
}

#[test]
fn the_file_that_a_page_begins_with_is_one() {
    let page = include_str!("../../docs/coming-from/dvc.md");
    let (_, rest) = page.split_once("```yaml\n").expect("a block of YAML");
    let (dvc, _) = rest.split_once("```").expect("its end");
    let (said, written) = said(dvc, "split: 2\n");
    assert!(written, "{said}");
}

#[test]
fn names_quotes_and_values_of_all_kinds_are_read() {
    let space = TestSpace::new();
    space.write(
        "params.yaml",
        "batch-size: 3\nroot: r\ndirs: {data: ./data, up: ./b}\nargs: \"--x 'a b'\"\nopts: {n: [1, 2], off: false, text: a b}\n\
         common: &c {k: 1}\nmodels:\n  small: {<<: *c, file: s.txt}\n  large: {<<: *c, k: 2, file: l.txt}\n",
    );
    space.write("data/in.txt", "in\n");
    space.write(
        "dvc.yaml",
        r#"stages:
  a:
    foreach: ${models}
    do:
      cmd: >-
        echo "${key}" '${item.k}' ${batch-size} "${root}" \${HOME:+home} $UNSET_ONE ${args} ${opts} $((1+1))
        > ${item.file}
      deps: ["${dirs.data}/in.txt"]
      outs: ["${item.file}"]
  b:
    cmd: cat s.txt l.txt > ${dirs.up}
    deps: [s.txt, l.txt]
    outs: ["${dirs.up}"]
"#,
    );
    imported(&space, 0);
    checked(&space);
    run(&space, &[]);
    let files = space.files("outputs/x/cells/b");
    let said = files.iter().find(|path| path.is_file() || path.exists());
    let said = fs::read_to_string(said.expect("it left something")).expect("text");
    let line = |key: &str, k: u8| format!("{key} {k} 3 r home --x a b --n 1 2 --text a b 2");
    assert_eq!(
        said,
        format!("{}\n{}\n", line("small", 1), line("large", 2))
    );
}

#[test]
fn a_variable_that_a_command_adds_to_need_not_be_set() {
    let space = TestSpace::new();
    space.write(
        "dvc.yaml",
        "stages:\n  a:\n    cmd: export MORE=./src:$MORE && echo $MORE > a.txt\n    outs: [a.txt]\n",
    );
    imported(&space, 0);
    run(&space, &[]);
    assert_eq!(space.read("outputs/x/cells/a/a.txt"), "./src:\n");
}

/// Loops over parts of one list, over maps of which one holds the other, and one that names nothing of its
/// values.
#[test]
fn loops_of_different_lengths_share_what_they_have_in_common() {
    let space = TestSpace::new();
    space.write(
        "dvc.yaml",
        r#"stages:
  make:
    foreach: [a, b, c]
    do: {cmd: 'echo ${item} > "out-${item}.txt"', outs: ["out-${item}.txt"]}
  use:
    foreach: [b, c]
    do: {cmd: 'cat "out-${item}.txt" > "use-${item}.txt"', deps: ["out-${item}.txt"], outs: ["use-${item}.txt"]}
  some:
    foreach: {uk: {n: 1}, us: {n: 2}}
    do: {cmd: 'echo ${item.n} > "some-${key}.txt"', outs: ["some-${key}.txt"]}
  more:
    foreach: {uk: {n: 1}, us: {n: 2}, fr: {n: 3}}
    do: {cmd: 'cat some-uk.txt > "more-${key}.txt"', deps: [some-uk.txt], outs: ["more-${key}.txt"]}
  listed:
    foreach: [{n: 1, l: [1, 2]}, {n: 2, l: [1, 2, 3]}]
    do: {cmd: 'echo ${item.l[1]} > "listed-${item.n}.txt"', outs: ["listed-${item.n}.txt"]}
"#,
    );
    imported(&space, 0);
    checked(&space);
    let all = [
        ("make", 3),
        ("use", 2),
        ("some", 2),
        ("more", 3),
        ("listed", 2),
    ];
    assert_eq!(run(&space, &[]), counts(&all));
    let manifest = space.read("manifests/x.yaml");
    assert_eq!(manifest.matches("values_of_").count(), 2, "{manifest}");
}

/// Of a section of parameters only what is named counts, where the code takes single values of it.
#[test]
fn single_values_of_a_section_count_alone() {
    let space = TestSpace::new();
    space.write(
        "params.yaml",
        "train: {lr: 0.1, depth: 3, unused: 1}\nfit: {lr: 0.1, unused: 1}\nall: {a: 1, b: 2}\n",
    );
    space.write(
        "dvc.yaml",
        "stages:\n  train:\n    cmd: python3 train.py\n    deps: [train.py]\n    params: [train.lr, fit.lr, all]\n    metrics: [m.json]\n",
    );
    // `params.yaml` is written so that JSON reads it.
    space.write(
        "train.py",
        "import json\ntext = open(\"params.yaml\").read()\nparams = json.loads(text)\ntrain = params[\"train\"]\n\
         x = train[\"lr\"] * train.get(\"depth\", 100)\nfit = list(params[\"fit\"].values())\n\
         json.dump({\"x\": x, \"left\": text.count(\"un\" + \"used\"), \"fit\": len(fit)}, open(\"m.json\", \"w\"))\n",
    );
    imported(&space, 0);
    let pipeline = space.read("pipelines/x.yaml");
    for line in [
        "lr: \"${train.lr}\"",
        "depth: \"${train.depth}\"",
        "fit: \"${fit}\"",
        "names train.depth",
    ] {
        assert!(pipeline.contains(line), "{line}: {pipeline}");
    }
    assert_eq!(run(&space, &[]), counts(&[("train", 1)]));
    let shown = space.stdout(&["ls", "manifests/x.yaml", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        (&rows[0]["left"], &rows[0]["fit"]),
        // That of `fit` alone, of which the code takes all.
        (&1.into(), &2.into()),
        "{shown}"
    );
    let change = |from: &str, to: &str| space.replace("params.yaml", from, to);
    change("depth: 3, unused: 1", "depth: 3, unused: 2");
    assert_eq!(run(&space, &[]), counts(&[]));
    change("depth: 3", "depth: 4");
    assert_eq!(run(&space, &[]), counts(&[("train", 1)]));
    change("fit: {lr: 0.1, unused: 1}", "fit: {lr: 0.1, unused: 2}");
    assert_eq!(run(&space, &[]), counts(&[("train", 1)]));
}

/// The plots of repeated stages are figures that tell their cells apart.
#[test]
fn plots_of_repeated_stages_are_drawn() {
    let space = TestSpace::new();
    space.write(
        "dvc.yaml",
        r#"stages:
  one:
    foreach: [1, 2]
    do: {cmd: 'printf "step,a,b\n1,${item},2\n2,3,4\n" > "one-${item}.csv"', plots: ["one-${item}.csv": {x: step, y: a}]}
  two:
    matrix: {m: [p, q], n: [5, 6], k: [x, y]}
    cmd: 'printf "step,a,b\n1,1,2\n2,3,4\n" > "two-${key}.csv"'
    plots: ["two-${key}.csv": {x: step, y: a}]
  three:
    matrix: {m: [p, q], n: [5, 6]}
    cmd: 'printf "step,a,b\n1,1,2\n2,3,4\n" > "three-${key}.csv"'
"#,
    );
    imported(&space, 0);
    checked(&space);
    let all = [
        ("one", 2),
        ("one-one", 1),
        ("two", 8),
        ("two-two", 2),
        ("three", 4),
    ];
    assert_eq!(
        run(&space, &[]),
        counts(&all),
        "{}",
        space.read("pipelines/x.yaml")
    );
}
