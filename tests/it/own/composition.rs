//! Parameters from files and within parameters, files as an axis, pipelines put together.

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::counts;
use crate::support::executed;

const NESTED: &str = r#"experiment: o
params:
  file: params.yaml
  optim: {name: adam}
stages:
  s:
    uses: command
    with:
      run: [sh, -c, 'echo "$0 $1 $2" > "$3"', "${optim.lr}", "${optim.name}", "${train.epochs}", "${out.x}"]
      out: {x: x}
  shell:
    uses: command
    with: {run: 'echo "${optim.lr}" > "${out.x}"', out: {x: x}}
profiles:
  quick: {params: {train: {epochs: 1}}}
"#;

#[test]
fn parameters_come_from_a_file_and_only_those_used_count() {
    for (file, text) in [
        (
            "params.yaml",
            "optim:\n  lr: 0.1\n  name: sgd\ntrain: {epochs: 3}\nunused-one: 1\n",
        ),
        (
            "params.json",
            "{\"optim\": {\"lr\": 0.1, \"name\": \"sgd\"}, \"train\": {\"epochs\": 3}, \"unused-one\": 1}",
        ),
        (
            "params.toml",
            "unused-one = 1\n[optim]\nlr = 0.1\nname = \"sgd\"\n[train]\nepochs = 3\n",
        ),
    ] {
        let space = space(&NESTED.replace("params.yaml", file));
        space.write(file, text);
        assert_eq!(run(&space, &[]), counts(&[("s", 1), ("shell", 1)]));
        // What the manifest says is stronger than the file.
        assert_eq!(space.read("outputs/o/cells/s/x"), "0.1 adam 3\n");
        assert_eq!(space.read("outputs/o/cells/shell/x"), "0.1\n");
        space.write(file, &text.replace("unused-one", "other"));
        assert_eq!(run(&space, &[]), counts(&[]));
        space.write(file, &text.replace('3', "4"));
        assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
        assert_eq!(
            run(&space, &["-p", "optim.lr=0.5"]),
            counts(&[("s", 1), ("shell", 1)])
        );
        // The rest of what a profile changes stays.
        assert_eq!(run(&space, &["--profile", "quick"]), counts(&[("s", 1)]));
        assert_eq!(space.read("outputs/o@quick/cells/s/x"), "0.1 adam 1\n");
    }
}

/// As configurations of Hydra have them.
#[test]
fn what_nobody_fills_in_is_a_mistake_where_it_is_used() {
    let space = space(NESTED);
    let file = "name: run_${optim.lr}\noptim: {lr: 0.1}\ntrain: {epochs: 3}\n";
    space.write("params.yaml", file);
    assert_eq!(run(&space, &[]), counts(&[("s", 1), ("shell", 1)]));
    space.write(
        "params.yaml",
        &file.replace("epochs: 3", "epochs: 3, to: \"/x/${name}\""),
    );
    let said = told(&space, &[]);
    assert!(said.contains("`${…}` in a value of `train`"), "{said}");
}

#[test]
fn wrong_names_within_parameters_are_told() {
    let space = space(NESTED);
    let said = told(&space, &[]);
    assert!(
        said.contains("there is no file `") && said.contains("o.yaml:3:9"),
        "{said}"
    );
    space.write("params.yaml", "optim: {lr: 0.1}\ntrain: {epochs: 3}\n");
    for (given, wanted) in [
        ("optim.lrr=1", "did you mean `lr`?"),
        ("optim.lr.x=1", "is a number, not a map"),
        ("optin.lr=1", "unknown parameter `optin.lr`"),
    ] {
        let said = told(&space, &["-p", given]);
        assert!(said.contains(wanted), "{given}\n{said}");
    }
    space.write("params.yaml", "optim: [\n");
    let said = told(&space, &[]);
    assert!(said.contains("params.yaml:"), "{said}");
    space.write("params.yaml", "- 1\n");
    assert!(told(&space, &[]).contains("holds no parameters"));
}

/// Nobody declares parameters in a file of values, whatever it looks like.
#[test]
fn what_looks_like_a_declaration_in_a_file_is_a_value() {
    let manifest = "experiment: o
params: {file: params.yaml}
stages:
  s:
    uses: command
    with: {run: 'echo \"a=${model.lr.default} b=${k.default}\" > \"${out.x}\"', out: {x: x}}
profiles:
  quick: {params: {file: quick.yaml}}
";
    let model = "model: {lr: {type: float, default: 0.1}}";
    let space = space(manifest);
    let file = format!("{model}\nk: {{type: int, default: 3}}\n");
    space.write("params.yaml", &file);
    space.write("quick.yaml", &file.replace("0.1", "0.2"));
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    assert_eq!(space.read("outputs/o/cells/s/x"), "a=0.1 b=3\n");
    assert_eq!(run(&space, &["--profile", "quick"]), counts(&[("s", 1)]));
    assert_eq!(space.read("outputs/o@quick/cells/s/x"), "a=0.2 b=3\n");
    let given = format!("params: {{file: params.yaml, {model}}}");
    space.replace("manifests/o.yaml", "params: {file: params.yaml}", &given);
    let said = told(&space, &[]);
    let wrong = "a declaration within a value of `model`";
    assert!(said.contains(wrong) && said.contains("o.yaml:2"), "{said}");
}

/// Only the keys that are used count, also where no parameter can have the value of another.
#[test]
fn a_number_that_none_holds_stops_only_those_who_use_it() {
    let space = space(NESTED);
    let known = "optim: {lr: 0.1}\ntrain: {epochs: 3}\n";
    let odd = "clip: .inf\nid: 12345678901234567890\nlarge: [1, 99999999999999999999999]\n";
    space.write("params.yaml", &format!("{known}{odd}"));
    assert_eq!(run(&space, &[]), counts(&[("s", 1), ("shell", 1)]));
    let path = "manifests/o.yaml";
    space.replace(path, "echo \"${optim.lr}\"", "echo \"${clip}\"");
    let said = told(&space, &[]);
    assert!(said.contains("`.inf` is not a finite number"), "{said}");
    assert!(
        said.contains("params.yaml:3:7") && said.contains("used here"),
        "{said}"
    );
    // The manifest gives another in its place.
    space.replace(path, "  optim: {name", "  clip: 1\n  optim: {name");
    assert_eq!(run(&space, &[]), counts(&[("shell", 1)]));
    for (name, place) in [("id", "params.yaml:4:5"), ("large", "params.yaml:5:12")] {
        space.replace(path, "${clip}", &format!("${{{name}}}"));
        let said = told(&space, &[]);
        assert!(
            said.contains("is too large a whole number") && said.contains(place),
            "{said}"
        );
        space.replace(path, &format!("${{{name}}}"), "${clip}");
    }
    // It would be missing in what the manifest adds to.
    space.write("params.yaml", &known.replace("0.1", "0.1, most: .inf"));
    let said = told(&space, &[]);
    assert!(said.contains("params.yaml:1:24"), "{said}");
}

#[test]
fn what_is_no_file_of_parameters_is_told() {
    for (file, wanted) in [
        ("../parms.yaml", "there is no file `parms.yaml`"),
        ("[../params.yaml]", "parameters come from one file"),
        ("../params.cfg", "`file` under `params` is a parameter"),
    ] {
        let stage = "{uses: command, with: {run: 'echo a=${lr}', metrics: stdout}}";
        let manifest = format!("experiment: o\nparams: {{file: {file}}}\nstages:\n  t: {stage}\n");
        let said = mistakes(&manifest);
        assert!(said.contains(wanted), "{file}: {said}");
    }
}

/// As OmegaConf has it.
#[test]
fn a_value_that_is_to_be_given_stops_who_uses_it() {
    let manifest = "experiment: o
params: {file: config.yaml}
stages:
  s:
    uses: command
    with: {run: 'echo \"loss=${lr}\"; echo \"${data.path}\" > \"${out.x}\"', out: {x: x}, metrics: stdout}
";
    let space = space(manifest);
    space.write(
        "config.yaml",
        "lr: 0.1\nname: ???\ndata:\n  other: ???\n  path: ???\n",
    );
    let said = told(&space, &[]);
    let places = ["config.yaml:5:9", "o.yaml:6:", "`data.path` has no value"];
    assert!(places.iter().all(|part| said.contains(part)), "{said}");
    assert_eq!(said.matches("has no value").count(), 1, "{said}");
    assert_eq!(run(&space, &["-p", "data.path=here"]), counts(&[("s", 1)]));
    space.replace(
        "manifests/o.yaml",
        "stages:",
        "axes: {data.path: [a, b]}\nstages:",
    );
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
}

#[test]
fn a_part_of_a_parameter_that_nothing_uses_is_told() {
    let manifest = "experiment: o
params:
  optim:
    lr: 0.1
    decay: 0.5
  whole: {a: 1}
stages:
  s: {uses: command, with: {run: 'echo \"loss=${optim.lr}${whole}\"', metrics: stdout}}
";
    let said = told(&space(manifest), &[]);
    assert!(
        said.contains("no stage uses the parameter `optim.decay`") && said.contains("o.yaml:5:5"),
        "{said}"
    );
    assert_eq!(said.matches("no stage uses").count(), 1, "{said}");
    // Not at the place of another value that is given over it.
    let manifest = format!("{manifest}profiles:\n  quick: {{params: {{optim: {{lr: 0.2}}}}}}\n");
    let said = told(&space(&manifest), &["--profile", "quick"]);
    assert!(!said.contains("no stage uses"), "{said}");
}

#[test]
fn files_are_an_axis() {
    let space = space(
        r#"experiment: o
axes: {text: {glob: "data/*.txt"}}
stages:
  count:
    uses: command
    in: {text: {file: "${text}"}}
    with: {run: 'echo "n=$(wc -c < "${in.text}")"', metrics: stdout}
"#,
    );
    space.write("data/a.txt", "1");
    space.write("data/b.txt", "22");
    space.write("data/c.csv", "");
    assert_eq!(run(&space, &[]), counts(&[("count", 2)]));
    space.write("data/d.txt", "333");
    space.write("data/a.txt", "4444");
    assert_eq!(run(&space, &[]), counts(&[("count", 2)]));
    space.replace("manifests/o.yaml", "*.txt", "*.png");
    let said = told(&space, &[]);
    assert!(
        said.contains("matches nothing") && said.contains("o.yaml:2:"),
        "{said}"
    );
    space.replace("manifests/o.yaml", "data/*.png", "../*");
    assert!(told(&space, &[]).contains("leaves the project"));
}

#[test]
fn rows_of_a_sheet_are_an_axis() {
    let space = space(
        r#"experiment: o
axes: {row: {rows: samples.csv}}
stages:
  count:
    uses: command
    in: {reads: {file: "${reads}"}}
    with: {run: 'echo "n=$(wc -c < "${in.reads}")"; echo "given=${sample} ${dose} ${lane}" > "${out.x}"', metrics: stdout, out: {x: x}}
  groups:
    uses: table/summary
    in: {rows: count}
    with: {values: [n], replicate: [sample]}
"#,
    );
    let sheet = "sample,dose,lane,reads\n007,1e-3,1,a.txt\nb,0.5,,b.txt\n";
    space.write("a.txt", "1");
    space.write("b.txt", "22");
    space.write("c.txt", "333");
    space.write("samples.csv", sheet);
    let said = told(&space, &[]);
    // An empty field is no value.
    assert!(said.contains("lane: unbound variable"), "{said}");
    space.write("samples.csv", &sheet.replace("0.5,,", "0.5,2,"));
    assert_eq!(run(&space, &[]), counts(&[("count", 1), ("groups", 1)]));
    let of = |cell: &str| space.read(&format!("outputs/o/cells/count/{cell}/x"));
    assert_eq!(
        of("sample=007,dose=0.001,lane=1,reads=a.txt"),
        "given=007 1e-3 1\n"
    );
    // A row more is a step more, wherever it stands; lines may end as Windows writes them.
    space.write(
        "samples.csv",
        "sample,dose,lane,reads\r\n\"c, d\",2,3,c.txt\r\n007,1e-3,1,a.txt\r\nb,0.5,2,b.txt\r\n",
    );
    assert_eq!(run(&space, &[]), counts(&[("count", 1), ("groups", 1)]));
}

#[test]
fn a_sheet_that_is_no_axis_is_told_at_its_place() {
    let space = space(
        "experiment: o\naxes: {row: {rows: s.csv}}\nstages: {s: {uses: command, with: {run: 'echo \"n=${a}\"', metrics: stdout}}}\n",
    );
    for (sheet, at, what) in [
        ("a,b\n1,2\n3\n", "s.csv:3:1", "a row has 1 field"),
        ("a,b\n", "o.yaml:2:20", "no row below"),
        ("a,a\n1,2\n", "s.csv:1:3", "two columns `a`"),
        ("a,Sample ID\n1,2\n", "s.csv:1:3", "columns: {sample"),
        ("a;b\n1;2\n", "s.csv:1:1", "parted by commas"),
        ("a,b\n\"1,2\n3,4\n", "s.csv:2:1", "not closed"),
        ("a,b\n1,2\n1,2\n", "s.csv:3:", "twice"),
    ] {
        space.write("s.csv", sheet);
        let said = told(&space, &[]);
        assert!(
            said.contains(at) && said.contains(what),
            "{sheet:?}: {said}"
        );
        // Names of a sheet that can be read are known.
        assert!(
            ["not closed", "parted by commas"].contains(&what)
                || !said.contains("no such parameter"),
            "{said}"
        );
    }
    std::fs::remove_file(space.path("s.csv")).expect("it was there");
    assert!(told(&space, &[]).contains("there is no file `s.csv`"));
    space.write("s.csv", "Sample ID,other\n1,2\n2,3\n");
    let named = "{rows: {file: s.csv, columns: {a: Sample ID}}}";
    space.replace("manifests/o.yaml", "{rows: s.csv}", named);
    // The first was there already.
    assert_eq!(run(&space, &[]), counts(&[("s", 1)]));
    space.replace("manifests/o.yaml", "Sample ID", "Sample Id");
    assert!(told(&space, &[]).contains("did you mean `Sample ID`?"));
}

/// A pipeline of one stage.
fn pipeline(name: &str, stage: &str) -> String {
    format!("pipeline: {name}\nparams: {{n: {{type: int}}}}\nstages:\n{stage}")
}

const FIRST: &str =
    "  first:\n    uses: command\n    with: {run: 'echo \"${n}\" > \"${out.x}\"', out: {x: x}}\n";
const SECOND: &str = "  second:\n    uses: command\n    in: {x: first}\n    with: {run: 'cp \"${in.x}\" \"${out.y}\"', out: {y: y}}\n";

#[test]
fn beside_a_pipeline_its_parameters_are_all_there_are() {
    let more = "{uses: command, in: {x: first}, with: {run: 'echo \"z=${w}\"', metrics: stdout}}";
    let space = space(&format!(
        "experiment: o\npipeline: ../pipelines/a.yaml\naxes: {{n: [1], w: [5]}}\nstages:\n  more: {more}\n"
    ));
    space.write("pipelines/a.yaml", &pipeline("a", FIRST));
    let said = told(&space, &[]);
    assert!(
        said.contains("beside a pipeline, the names of `stages`"),
        "{said}"
    );
    let declared = "params: {w: {type: int}, n:";
    space.replace("pipelines/a.yaml", "params: {n:", declared);
    assert_eq!(run(&space, &[]), counts(&[("first", 1), ("more", 1)]));
}

#[test]
fn pipelines_are_put_together_and_stages_added() {
    let third = "  third:\n    uses: command\n    in: {y: second}\n    with: {run: 'cp \"${in.y}\" \"${out.z}\"', out: {z: z}}\n";
    let space = space(&format!(
        "experiment: o\npipeline: [../pipelines/a.yaml, ../pipelines/b.yaml]\naxes: {{n: [1, 2]}}\nstages:\n{third}"
    ));
    space.write("pipelines/a.yaml", &pipeline("a", FIRST));
    space.write("pipelines/b.yaml", &pipeline("b", SECOND));
    assert_eq!(
        run(&space, &[]),
        counts(&[("first", 2), ("second", 2), ("third", 2)])
    );
    assert_eq!(space.read("outputs/o/cells/third/n=2/z"), "2\n");
    space.replace("manifests/o.yaml", "  third:", "  first:");
    let said = told(&space, &[]);
    assert!(said.contains("two stages are called `first`"), "{said}");
    space.write(
        "pipelines/b.yaml",
        &pipeline("b", SECOND).replace("type: int", "type: float"),
    );
    assert!(told(&space, &[]).contains("two pipelines declare `n`"));
    assert!(mistakes("experiment: o\npipeline: []\n").contains("names no pipeline"));
}

/// An option that only some variants have is a list of its own among the arguments.
#[test]
fn options_without_a_value_are_left_out() {
    let space = space(
        r#"experiment: o
axes:
  model:
    plain: {}
    deep: {depth: 3, axes: {width: [8, 16]}}
stages:
  fit:
    uses: command
    with:
      run: [sh, -c, 'printf "%s;" "$@" > "$0"', "${out.x}", --model, "${model}", [--depth, "${depth}", "--width=${width}"], [-v], ["a", 1]]
      out: {x: x}
"#,
    );
    assert_eq!(run(&space, &[]), counts(&[("fit", 3)]));
    let said = |cell: &str| space.read(&format!("outputs/o/cells/fit/{cell}/x"));
    // Other lists are one argument.
    assert_eq!(said("model=plain"), "--model;plain;-v;[\"a\",1];");
    assert_eq!(
        said("model=deep,width=16"),
        "--model;deep;--depth;3;--width=16;-v;[\"a\",1];"
    );
    // Elsewhere a value has to be there, and how to do without is said.
    space.replace(
        "manifests/o.yaml",
        "[--depth, \"${depth}\", \"--width=${width}\"]",
        "--depth, \"${depth}\"",
    );
    let output = space.output(&["check", "manifests/o.yaml"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("[--depth, \"${depth}\"]"),
        "{text}"
    );
    space.replace(
        "manifests/o.yaml",
        "--depth, \"${depth}\"",
        "\"--depth=${depth}\"",
    );
    let output = space.output(&["check", "manifests/o.yaml"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("`[\"--depth=${depth}\"]`"),
        "{text}"
    );
}

/// A value within a parameter is an axis as a parameter is.
#[test]
fn a_value_within_a_parameter_is_an_axis() {
    let manifest = r#"experiment: o
params: {optim: {name: sgd, lr: 0.5, decay: {rate: 0.1}}, epochs: 2}
axes:
  optim.lr: [1e-1, 0.01]
  optim.decay.rate: [0, 0.5]
exclude: [{optim.lr: 0.01, optim.decay.rate: 0.5}]
stages:
  fit:
    uses: command
    with:
      run: 'echo "loss=${optim.lr}"; echo "${optim.name} ${optim.lr} ${optim.decay.rate} ${epochs}" > "${out.x}"'
      out: {x: x}
      metrics: stdout
  other:
    uses: command
    with: {run: 'echo "${epochs}" > "${out.x}"', out: {x: x}}
  summary:
    uses: table/summary
    in: {rows: fit}
    with: {values: [loss]}
"#;
    let space = space(manifest);
    // What does not use the parameter has one step.
    let all = counts(&[("fit", 3), ("other", 1), ("summary", 1)]);
    assert_eq!(run(&space, &[]), all);
    let said = |cell: &str| space.read(&format!("outputs/o/cells/fit/{cell}/x"));
    assert_eq!(said("optim.lr=0.1,optim.decay.rate=0"), "sgd 1e-1 0 2\n");
    assert_eq!(
        said("optim.lr=0.1,optim.decay.rate=0.5"),
        "sgd 1e-1 0.5 2\n"
    );
    assert_eq!(said("optim.lr=0.01,optim.decay.rate=0"), "sgd 0.01 0 2\n");
    let rows = space.stdout(&[
        "ls",
        "manifests/o.yaml",
        "--only",
        "optim.lr=0.1",
        "--format",
        "csv",
    ]);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    assert!(rows.contains("optim.lr"), "{rows}");
    // As a single value the parameter is what it was, and nothing runs again.
    let one = manifest.replace("lr: 0.5, decay: {rate: 0.1}", "lr: 0.1, decay: {rate: 0}");
    let (start, end) = (
        one.find("axes:").expect("axes"),
        one.find("stages:").expect("stages"),
    );
    let one = format!("{}{}", &one[..start], &one[end..]);
    space.write(
        "manifests/o.yaml",
        &one.replace("experiment: o", "experiment: one"),
    );
    let ran = executed(&space.stdout(&["run", "manifests/o.yaml", "--json"]));
    assert_eq!(ran, counts(&[("summary", 1)]));
    space.write("manifests/o.yaml", manifest);
    // By the command line, in variants and zips.
    let axis = |axis: &str| run(&space, &["--axis", axis]);
    assert_eq!(
        axis("optim.lr=0.1,0.2,0.3"),
        counts(&[("fit", 4), ("summary", 1)])
    );
    space.write(
        "manifests/o.yaml",
        &manifest.replace(
            "  optim.lr: [1e-1, 0.01]\n  optim.decay.rate: [0, 0.5]\nexclude: [{optim.lr: 0.01, optim.decay.rate: 0.5}]",
            "  how:\n    slow: {optim.lr: 0.001}\n    fast: {optim.lr: 0.7, optim.name: adam}",
        ),
    );
    run(&space, &[]);
    assert_eq!(
        space.read("outputs/o/cells/fit/how=fast/x"),
        "adam 0.7 0.1 2\n"
    );
    assert_eq!(
        space.read("outputs/o/cells/fit/how=slow/x"),
        "sgd 0.001 0.1 2\n"
    );
}

/// A stage has the axes over what it uses of a parameter, and no others over the rest.
#[test]
fn a_stage_runs_over_the_axes_within_a_parameter_that_it_uses() {
    let manifest = r#"experiment: o
params: {optim: {lr: 0.5, decay: {rate: 0.1, steps: 3}}}
axes:
  optim.lr: [0.1, 0.2]
  optim.decay.rate: [0, 0.5, 1]
stages:
  value: {uses: command, with: {run: 'echo "${optim.lr}" > "${out.x}"', out: {x: x}}}
  part: {uses: command, with: {run: [sh, -c, 'echo "$0" > "$1"', "${optim.decay}", "${out.x}"], out: {x: x}}}
  beside: {uses: command, with: {run: 'echo "${optim.decay.steps}" > "${out.x}"', out: {x: x}}}
  whole: {uses: command, with: {run: [sh, -c, 'echo "$0" > "$1"', 'all: ${optim}', "${out.x}"], out: {x: x}}}
  some: {uses: command, when: optim.lr > 0.1, with: {run: 'echo "${optim.decay.rate}" > "${out.x}"', out: {x: x}}}
  each: {uses: command, in: {x: value.x}, with: {run: 'cat "$in_x" > "${out.x}"', out: {x: x}}}
"#;
    let space = space(manifest);
    let counted = [
        ("value", 2),
        ("part", 3),
        ("beside", 1),
        ("whole", 6),
        ("some", 3),
        ("each", 2),
    ];
    assert_eq!(run(&space, &[]), counts(&counted));
    let said = |step: &str| space.read(&format!("outputs/o/cells/{step}/x"));
    assert_eq!(said("value/optim.lr=0.2"), "0.2\n");
    assert_eq!(
        said("part/optim.decay.rate=0.5"),
        "{\"rate\":0.5,\"steps\":3}\n"
    );
    // Within a longer argument it is JSON, too.
    assert_eq!(
        said("whole/optim.lr=0.1,optim.decay.rate=0"),
        "all: {\"lr\":0.1,\"decay\":{\"rate\":0,\"steps\":3}}\n"
    );
    assert_eq!(said("some/optim.lr=0.2,optim.decay.rate=1"), "1\n");
    // An axis over a value that nobody uses changes nothing.
    let stages = manifest.find("  part:").expect("it is there");
    space.write("manifests/o.yaml", &manifest[..stages]);
    let output = space.output(&["check", "manifests/o.yaml"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("no stage uses the axis `optim.decay.rate`"),
        "{text}"
    );
}

/// As axes without a dot do.
#[test]
fn axes_within_a_parameter_declare_it() {
    let space = space(
        "experiment: o
axes: {optim.lr: [0.1, 0.2], optim.sched.name: [step, cosine]}
stages:
  s:
    uses: command
    with: {run: 'echo \"loss=${optim.lr}\"; echo ${optim.sched.name} ${optim} > \"${out.x}\"', out: {x: x}, metrics: stdout}
",
    );
    assert_eq!(run(&space, &["-p", "optim.lr=0.3"]), counts(&[("s", 2)]));
    assert_eq!(run(&space, &[]), counts(&[("s", 4)]));
    assert_eq!(
        space.read("outputs/o/cells/s/optim.lr=0.1,optim.sched.name=step/x"),
        "step {\"lr\":0.1,\"sched\":{\"name\":\"step\"}}\n"
    );
    let said = told(&space, &["--axis", "optim.l=1,2"]);
    assert!(said.contains("did you mean `optim.lr`?"), "{said}");
}

#[test]
fn what_is_no_value_within_a_parameter_is_no_axis() {
    let stages =
        "stages:\n  s: {uses: command, with: {run: 'echo x=${optim.lr}', metrics: stdout}}\n";
    let params = "experiment: o\nparams: {optim: {lr: 0.5}}\naxes:\n";
    for (axis, told) in [
        ("optim.rl: [1, 2]", "there is no `rl` in `optim`"),
        ("optm.lr: [1, 2]", "unknown parameter `optm`"),
        ("optim.lr.x: [1, 2]", "`optim.lr` is a number, not a map"),
    ] {
        let text = mistakes(&format!("{params}  {axis}\n{stages}"));
        assert!(text.contains(told) && text.contains("o.yaml:4:3"), "{text}");
    }
    let both = "  optim: [{lr: 1}, {lr: 2}]\n  optim.lr: [1, 2]\n";
    let text = mistakes(&format!("{params}{both}{stages}"));
    assert!(text.contains("has several values itself"), "{text}");
}

const SMOKED: &str = r#"experiment: o
axes:
  method: {plain: {}, deep: {axes: {depth: [1, 2]}}}
  seed: {seeds: 3}
profiles:
  smoke: {axes: {method: {plain: {}}}}
stages:
  fit:
    uses: command
    with: {run: [sh, -c, 'echo "loss=0.$1"', sh, "${seed}"], values: {m: "${method}", d: "${depth}"}, metrics: stdout}
  depths:
    uses: command
    in: {of: fit}
    with: {run: echo deep=1, metrics: stdout}
    when: method == 'deep'
  losses: {uses: table/summary, in: {rows: fit}, with: {values: [loss], by: method, replicate: [seed, depth]}}
  by-depth: {uses: table/summary, in: {rows: fit}, with: {values: [loss], by: [method, depth], replicate: seed}}
  drawn: {uses: figure/dots, in: {rows: fit}, with: {x: loss, y: method, color: depth, replicate: seed}}
  of-those: {uses: command, in: {x: drawn}, with: {run: 'ls "${in.x}" > "${out.y}"', out: {y: y.txt}}}
  against: {uses: command, in: {x: {from: fit, at: {method: deep, depth: 2}}}, with: {run: 'cp "${in.x}" "${out.y}"', out: {y: y.json}}}
claims:
  - {name: of-deep, source: ours, table: depths, says: "mean(deep) > 0"}
  - {name: deeper, source: ours, table: fit, says: "mean(loss, method=deep) <= mean(loss, method=plain)"}
"#;

/// What speaks of cells that a change of the command line or a profile takes away is left out of that run, with all
/// that reads it; as the manifest is written it is a mistake.
#[test]
fn what_a_change_takes_away_stops_nothing_else() {
    let space = space(SMOKED);
    let all = counts(&[
        ("fit", 9),
        // Whose depth changes nothing of what they read.
        ("depths", 3),
        ("losses", 1),
        ("by-depth", 1),
        ("drawn", 1),
        ("of-those", 1),
        ("against", 3),
    ]);
    assert_eq!(run(&space, &[]), all);
    for change in [&["--axis", "method=plain"], &["--profile", "smoke"]] {
        let said = told(&space, change);
        for told in [
            "no column `depth`",
            "`drawn` is left out of this run",
            "no cell of this run has it",
            "nothing is read there in this run",
            "stage `depths` exists in no cell",
            "stage `of-those` exists in no cell",
            "2 claims: 2 undecided",
        ] {
            assert!(said.contains(told), "{told}: {said}");
        }
        assert!(
            !said.contains("failed") && !said.contains("error:"),
            "{said}"
        );
        let plan = space.stdout(&[&["plan", "manifests/o.yaml", "--json"], &change[..]].concat());
        assert_eq!(plan.lines().count(), 3 + 2, "{plan}");
    }
    // A slip is one in any case.
    space.write(
        "manifests/o.yaml",
        &SMOKED.replace("replicate: [seed,", "replicate: [sed,"),
    );
    let said = told(&space, &["--axis", "method=plain"]);
    assert!(
        said.contains("did you mean `seed`?") && said.contains("nothing was run"),
        "{said}"
    );
    let said = mistakes(&SMOKED.replace("method: deep, depth: 2", "method: deeep, depth: 2"));
    assert!(said.contains("`method` is never `deeep`"), "{said}");
}

/// So it is in a search, whose trials come round by round.
#[test]
fn a_value_within_a_parameter_is_searched() {
    let space = space(
        r#"experiment: o
params: {optim: {name: none, lr: 0.5, beta: 0.9}}
axes:
  trial:
    random:
      space: {optim.lr: {log-uniform: [1e-3, 1]}, optim.name: [sgd, adam]}
      trials: 9
      minimize: fit.loss
stages:
  fit:
    uses: command
    with:
      run: 'echo "loss=${optim.lr}"; echo "optim.lr=${optim.lr},optim.name=${optim.name} ${optim.beta}" > "${out.x}"'
      out: {x: x}
      metrics: stdout
"#,
    );
    let output = space.output(&["run", "manifests/o.yaml", "--progress", "none"]);
    assert!(output.status.success(), "{output:?}");
    let cells = std::fs::read_dir(space.path("outputs/o/cells/fit")).expect("cells");
    let mut count = 0;
    for cell in cells.flatten() {
        let name = cell.file_name().to_string_lossy().into_owned();
        let said = std::fs::read_to_string(cell.path().join("x")).expect("an output");
        assert_eq!(said, format!("{name} 0.9\n"));
        count += 1;
    }
    assert_eq!(count, 9);
}
