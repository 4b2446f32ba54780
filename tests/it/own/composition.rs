//! Parameters from files and within parameters, files as an axis, pipelines put together.

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::counts;

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

/// A pipeline of one stage.
fn pipeline(name: &str, stage: &str) -> String {
    format!("pipeline: {name}\nparams: {{n: {{type: int}}}}\nstages:\n{stage}")
}

const FIRST: &str =
    "  first:\n    uses: command\n    with: {run: 'echo \"${n}\" > \"${out.x}\"', out: {x: x}}\n";
const SECOND: &str = "  second:\n    uses: command\n    in: {x: first}\n    with: {run: 'cp \"${in.x}\" \"${out.y}\"', out: {y: y}}\n";

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
