//! Numbers of programs: every form that they come in, and what is said of them.

use super::mistakes;
use super::run;
use super::space;
use super::told;
use crate::support::counts;

/// A sweep whose program leaves `report.json` and `history.jsonl`; `metrics` follows.
const SWEEP: &str = r#"experiment: o
axes: {C: [1, 5, 9]}
stages:
  fit:
    uses: command
    with:
      run: |
        loss=0.$((10 - ${C}))
        test "${C}" = 9 && loss=NaN
        printf '{"accuracy": 0.%s, "loss": %s, "C": %s, "by": {"cat": {"f1": 0.5}}, "all": [1], "net": "cnn"}' \
          "${C}" "$loss" "${C}" > "${out.metrics}"
        printf '{"epoch": %s, "loss": 0.%s, "by_class": [0.5, 0.9]}\n' 1 9 2 5 > "${out.history}"
      metrics: {file: report.json, better: {accuracy: higher, loss: lower}, units: {loss: nats}, labels: {accuracy: Test accuracy}}
      out: {history: {file: history.jsonl, type: curve, labels: {loss: Training loss}}}
  best:
    uses: select
    in: {candidates: fit}
    over: [C]
    with: {by: loss}
  table:
    uses: table/summary
    in: {rows: fit.metrics}
    with: {values: [accuracy, loss, by.cat.f1]}
  curves:
    uses: figure/curves
    in: {curves: fit.history}
    with: {x: epoch, y: loss, color: C}
"#;

#[test]
fn own_numbers_have_directions_units_and_labels() {
    let space = space(SWEEP);
    let said = told(&space, &[]);
    assert!(said.contains("`all` is no number of a row"), "{said}");
    assert!(said.contains("lists in `by_class` are left out"), "{said}");
    assert!(said.contains("diverged: `loss` is not a number"), "{said}");
    let table = space.read("outputs/o/tables/table.md");
    assert!(
        table.contains("| C | Test accuracy ↑ | loss (nats) ↓ | by.cat.f1 |"),
        "{table}"
    );
    assert!(
        table.contains("| 5 | **0.5000** | **0.5000** | 0.5000 |"),
        "{table}"
    );
    // What diverged has no score, and is never chosen.
    assert!(table.contains("| 9 | – | – | – |"), "{table}");
    let choice = space.read("outputs/o/cells/best/choice.json");
    assert!(choice.contains("\"order\": \"min\""), "{choice}");
    assert!(choice.contains("\"C\": 5"), "{choice}");
    let svg = space.read("outputs/o/figures/curves.svg");
    assert!(svg.contains("Training loss"), "the label of the curve");
    let listed = space.stdout(&["ls", "manifests/o.yaml"]);
    assert!(
        listed.contains("cnn") && !listed.contains("reported"),
        "{listed}"
    );
}

/// A squared error is not in nats because a kind of ours reports a `train_loss` that is.
#[test]
fn what_is_said_of_numbers_that_are_none_is_told() {
    let space = space(&SWEEP.replace("{accuracy: higher, loss", "{accuracy: higher, los"));
    let said = told(&space, &[]);
    let wanted = "`better` names `los`, which is none of them; did you mean `loss`?";
    assert!(said.contains(wanted), "{said}");
    assert!(!said.contains("names `accuracy`"), "{said}");
}

#[test]
fn numbers_called_as_ours_are_not_taken_for_them() {
    let sweep = SWEEP.replace("loss", "train_loss");
    let undescribed = sweep.replace(", better: {accuracy: higher, train_loss: lower}, units: {train_loss: nats}, labels: {accuracy: Test accuracy}", "");
    let undescribed = undescribed.replace(", labels: {train_loss: Training train_loss}", "");
    let space = space(&undescribed);
    told(&space, &[]);
    let table = space.read("outputs/o/tables/table.md");
    assert!(
        table.contains("| C | accuracy | train loss | by.cat.f1 |"),
        "{table}"
    );
    let svg = space.read("outputs/o/figures/curves.svg");
    assert!(!svg.contains("nats"), "the unit of another number");
}

#[test]
fn what_is_said_of_numbers_trains_nothing_again() {
    let space = space(SWEEP);
    assert_eq!(
        run(&space, &[]),
        counts(&[("best", 1), ("curves", 1), ("fit", 3), ("table", 1)])
    );
    space.replace("manifests/o.yaml", "Test accuracy", "accuracy (test)");
    assert_eq!(run(&space, &[]), counts(&[("best", 1), ("table", 1)]));
    assert!(
        space
            .read("outputs/o/tables/table.md")
            .contains("accuracy (test)")
    );
    space.replace("manifests/o.yaml", "Training loss", "loss of training");
    assert_eq!(run(&space, &[]), counts(&[("curves", 1)]));
    space.replace(
        "manifests/o.yaml",
        "{file: report.json, better: {accuracy: higher, loss: lower}, units: {loss: nats}, labels: {accuracy: accuracy (test)}}",
        "report.json",
    );
    assert_eq!(run(&space, &[]), counts(&[("best", 1), ("table", 1)]));
}

/// A stage that leaves a file of the project as its metrics.
fn of(file: &str, metrics: &str) -> String {
    format!(
        "experiment: o\nstages:\n  fit:\n    uses: command\n    in: {{m: {{file: {file}}}}}\n    with: {{run: [cp, '${{in.m}}', '${{out.metrics}}'], metrics: {metrics}}}\n"
    )
}

#[test]
fn files_of_every_kind_are_numbers() {
    for (file, text) in [
        ("m.json", "{\"a\": 0.5, \"n\": 3}"),
        ("m.json", "{\"a\":{\"0\":0.5},\"n\":{\"0\":3}}"),
        (
            "m.jsonl",
            "{\"step\": 1, \"a\": 9, \"n\": 9}\n{\"step\": 2, \"a\": 0.5, \"n\": 3}\n{\"st",
        ),
        ("m.csv", "a,n\n0.5,3\n"),
        ("m.csv", ",a,n\n0,0.5,3\n"),
        ("m.csv", "epoch,a,n\n1,9,9\n2,0.5,3\n"),
        ("m.tsv", "a\tn\n0.5\t3\n"),
        ("m.yaml", "a: 0.5\nn: 3\n"),
        ("m.txt", "a=0.5\nn=3\n"),
        ("m.txt", "\u{1b}[32ma=0.5\u{1b}[0m\nn=3\n"),
        ("m.txt", "a: 9\n---\na: 0.5\nn: 3\n"),
        ("m.yaml", "- a: 9\n- {a: 0.5, n: 3}\n"),
        ("m.csv", "# run 7\na,n\n0.5,3\n"),
        ("m.json", "{\"a\": 0.5, \"n\": +3, \"norm\": 1e400}"),
    ] {
        let space = space(&of(file, file));
        space.write(file, text);
        let said = told(&space, &[]);
        let numbers = space.read("outputs/o/cells/fit/metrics.json");
        assert!(
            numbers.contains("\"a\": 0.5"),
            "{file} {text}\n{said}{numbers}"
        );
        assert!(
            numbers.contains("\"n\": 3"),
            "{file} {text}\n{said}{numbers}"
        );
    }
}

#[test]
fn a_number_that_is_none_may_be_missing_alone() {
    let file = "{\"a\": 1, \"b\": NaN}";
    let space = space(&of("m.json", "{file: m.json, nan: missing}"));
    space.write("m.json", file);
    let said = told(&space, &[]);
    assert!(!said.contains("diverged"), "{said}");
    let numbers = space.read("outputs/o/cells/fit/metrics.json");
    assert!(
        numbers.contains("\"a\": 1") && numbers.contains("\"b\": null"),
        "{numbers}"
    );
}

#[test]
fn a_number_of_the_name_of_an_axis_stands_beside_it() {
    let space = space(
        "experiment: o\naxes: {n: [1, 2]}\nstages:\n  s:\n    uses: command\n    with: {run: 'echo n=7; echo m=1', metrics: stdout, values: {x: '${n}'}}\n",
    );
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
    let listed = space.stdout(&["ls", "manifests/o.yaml"]);
    assert!(listed.contains("reported.n"), "{listed}");
}

#[test]
fn mistakes_in_what_is_said_of_numbers_are_told_at_their_place() {
    let of = |metrics: &str| {
        mistakes(&format!(
            "experiment: o\nstages:\n  s:\n    uses: command\n    with: {{run: [a], metrics: {metrics}}}\n"
        ))
    };
    for (metrics, wanted) in [
        (
            "{file: m.json, beter: {a: higher}}",
            "did you mean `better`?",
        ),
        (
            "{file: m.json, better: {a: max}}",
            "better for `a` is `higher`, not `max`",
        ),
        ("{file: m.json, better: higher}", "`better` is a map"),
        (
            "{file: m.json, units: {a: 1}}",
            "`units` of `a` is a whole number, not text",
        ),
        (
            "{file: m.json, nan: skip}",
            "`nan` is `diverged` or `missing`",
        ),
        (
            "{file: m.json, format: xml}",
            "the format is `json`, `csv`, `lines` or `yaml`",
        ),
        ("{better: {a: higher}}", "no `file`"),
    ] {
        let said = of(metrics);
        assert!(said.contains(wanted), "{metrics}\n{said}");
        assert!(said.contains("manifests/o.yaml:5:"), "{said}");
    }
    let said = mistakes(
        "experiment: o\nstages:\n  s:\n    uses: command\n    with: {run: [a], out: {t: {file: t.csv, type: [table]}}}\n",
    );
    let wanted = "the `type` of `t` is a list, not the name of one";
    assert!(
        said.contains(wanted) && said.contains("manifests/o.yaml:5:"),
        "{said}"
    );
}

/// Replicates that a stage keeps apart are none to it.
#[test]
fn replicates_that_are_not_reduced_are_told() {
    let manifest = r#"experiment: o
axes: {lr: [1, 2], seed: {seeds: 2}}
stages:
  fit: {uses: command, with: {run: 'echo "loss=${lr}${seed}"', metrics: stdout}}
  best:
    uses: select
    in: {candidates: fit}
    over: [lr]
    with: {by: loss, order: min, replicate: seed}
"#;
    let told = |manifest: &str| {
        let output = super::space(manifest).output(&["check", "manifests/o.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).expect("messages are text")
    };
    let text = told(manifest);
    assert!(
        text.contains("`replicate: seed` of `best` takes nothing together")
            && text.contains("o.yaml:5:3"),
        "{text}"
    );
    let text = told(&manifest.replace("over: [lr]", "over: [lr, seed]"));
    assert!(!text.contains("warning"), "{text}");
}

#[test]
fn several_artifacts_where_one_is_taken_are_told() {
    let manifest = r#"experiment: o
axes: {seed: {seeds: 2}}
stages:
  one: {uses: dataset/synthetic, with: {name: circle, points: 30, seed: "${seed}"}}
  other: {uses: dataset/synthetic, with: {name: absolute-value, points: 30, seed: "${seed}"}}
  fit: {uses: train/vae, in: {data: [one, other]}, with: {latent: 1, hidden: [4], visible: gaussian, sigma: 0.5, epochs: 1}}
"#;
    let text = mistakes(manifest);
    assert!(
        text.contains("slot `data` of `train/vae` takes one artifact")
            && text.contains("o.yaml:6:3"),
        "{text}"
    );
    let text = mistakes(&manifest.replace("[one, other]}", "one}, over: [seed]"));
    assert!(text.contains("`fit` is given 2"), "{text}");
    let each = "[{from: one, when: seed == 0}, {from: other, when: seed == 1}]";
    let space = super::space(&manifest.replace("[one, other]", each));
    assert!(
        space
            .output(&["check", "manifests/o.yaml"])
            .status
            .success()
    );
}

#[test]
fn candidates_that_do_not_leave_one_set_of_metrics_are_told_when_planning() {
    let manifest = |run: &str, out: &str| {
        format!(
            "experiment: o\naxes: {{n: [2, 1]}}\nstages:\n  fit: {{uses: command, with: {{run: '{run}', out: {{{out}}}}}}}\n  \
             best: {{uses: select, in: {{candidates: fit}}, over: [n], with: {{by: loss, order: min}}}}\n"
        )
    };
    let text = mistakes(&manifest("echo", "x: x.txt"));
    assert!(
        text.contains("`fit` leaves no metrics to choose by"),
        "{text}"
    );
    let numbers = |name: &str| format!("{name}: {{file: {name}.json, type: metrics}}");
    let two = format!("{}, {}", numbers("a"), numbers("b"));
    let text = mistakes(&manifest("echo", &two));
    assert!(
        text.contains("`fit` leaves several metrics: `a` and `b`") && text.contains("o.yaml:5:3"),
        "{text}"
    );
    // Whatever the only one is called, and beside other outputs.
    let run = r#"printf "{\"loss\": ${n}}" > "${out.a}"; echo > "${out.m}""#;
    let space = super::space(&manifest(run, &format!("{}, m: m.bin", numbers("a"))));
    space.stdout(&["run", "manifests/o.yaml", "--progress", "none"]);
    let choice = space.read("outputs/o/cells/best/choice.json");
    assert!(choice.contains(r#""n": 1"#), "{choice}");
}

#[test]
fn candidates_without_the_number_or_a_replicate_are_left_out() {
    let manifest = |odd: &str| {
        format!(
            r#"experiment: o
axes: {{m: [a, b, c], s: {{seeds: 3}}}}
stages:
  fit:
    uses: command
    with:
      run: 'case "${{m}}${{s}}" in b2) {odd} ;; c*) echo "loss=3.${{s}}" ;; *) echo "loss=1.${{s}}" ;; esac'
      metrics: {{file: stdout, better: {{loss: lower}}}}
  best:
    uses: select
    in: {{candidates: fit}}
    over: [m, s]
    missing: allow
    with: {{by: loss, replicate: s}}
"#
        )
    };
    // Without its worst seed `b` would be ahead of `a`, which is the same otherwise.
    for odd in ["exit 1", "echo loss=nan", "echo other=1"] {
        let space = super::space(&manifest(odd).replace("b2)", "b0) echo loss=1.0 ;; b2)"));
        let said = told(&space, &[]);
        let choice = space.read("outputs/o/cells/best/choice.json");
        let chosen = choice.split("runners_up").next().expect("a beginning");
        assert!(chosen.contains(r#""m": "a""#), "{odd}: {choice}\n{said}");
        if odd.contains("other") {
            assert!(
                said.contains("left out 1 candidate that reported no `loss`"),
                "{said}"
            );
        }
    }
}

#[test]
fn numbers_on_one_line_of_a_file_are_several() {
    let space = super::space(
        r#"experiment: o
stages:
  fit:
    uses: command
    with: {run: 'printf "epoch=1 loss=0.5\nepoch=2 loss=0.25, acc=0.9\nnote=two words\n" > log.txt', metrics: log.txt}
"#,
    );
    super::run(&space, &[]);
    let numbers: String = space.read("outputs/o/cells/fit/metrics.json");
    let numbers = numbers.split_whitespace().collect::<String>();
    assert_eq!(
        numbers,
        r#"{"epoch":2,"loss":0.25,"acc":0.9,"note":"twowords"}"#
    );
}
