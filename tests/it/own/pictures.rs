//! Pictures, tables and curves that a program leaves stand where those of our own do.

use super::run;
use super::space;
use crate::support::counts;

/// The smallest PNG: one point.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[test]
fn what_a_program_draws_reaches_figures_and_the_report() {
    let space = space(&format!(
        r#"experiment: o
axes: {{lr: [0.1, 0.2]}}
stages:
  s:
    uses: command
    with:
      run: |
        echo '{PNG}' | base64 -d > "${{out.confusion}}"
        mkdir -p "${{out.all}}"
        echo '<svg xmlns="http://www.w3.org/2000/svg"><title>loss ${{lr}}</title></svg>' > "${{out.all}}/loss.svg"
        echo '{PNG}' | base64 -d > "${{out.all}}/loss.png"
        printf 'class,f1\ncat,0.5\n' > "${{out.rows}}"
        printf 'epoch,loss\n1,0.9\n2,0.5\n' > "${{out.history}}"
      out:
        confusion: {{file: confusion.png, type: figure}}
        all: {{file: all/, type: figure}}
        rows: {{file: rows.csv, type: table, better: {{f1: higher}}}}
        history: {{file: "history-${{lr}}.csv", type: curve}}
"#
    ));
    assert_eq!(run(&space, &[]), counts(&[("s", 2)]));
    for file in [
        "figures/s[lr=0.1].confusion.png",
        "figures/s[lr=0.1].all/loss.svg",
        "tables/s[lr=0.2].rows.csv",
    ] {
        let path = space.path(&format!("outputs/o/{file}"));
        assert!(path.is_file() && !path.is_symlink(), "{file}");
    }
    space.stdout(&["report", "manifests/o.yaml"]);
    let report = space.read("outputs/o/report.html");
    assert!(report.contains(&format!("data:image/png;base64,{PNG}")));
    assert!(report.contains("s[lr=0.1].all/loss"));
    // Of one picture in two formats a page shows one.
    assert_eq!(report.matches("<figure").count(), 4);
    space.stdout(&["export", "--to", "tensorboard", "manifests/o.yaml", "logs"]);
    assert!(!space.files("logs").is_empty());
    // They are files of their own, which outlive the results that they were made of.
    std::fs::remove_file(space.path("manifests/o.yaml")).expect("it is there");
    space.stdout(&["gc", "--yes"]);
    let svg = space.read("outputs/o/figures/s[lr=0.1].all/loss.svg");
    assert!(svg.contains("<title>loss"), "{svg}");
}
