//! Seeds that are added until the claims are decided.

use crate::support::TestSpace;

/// A stage that leaves one number a method and seed: `a` is lower than `b` by `gap` of its spread.
fn space(gap: &str, seeds: &str, test: &str) -> TestSpace {
    let space = TestSpace::new();
    space.write(
        "manifests/r.yaml",
        &format!(
            r#"experiment: r
axes:
  method: [a, b]
  seed: {{seeds: {seeds}}}
params: {{gap: {gap}}}
stages:
  score:
    uses: command
    with:
      run: |
        awk -v s="${{seed}}" -v m="${{method}}" -v g="${{gap}}" 'BEGIN {{
          srand(2 * s + (m == "a")); rand(); x = rand() + rand() + rand();
          printf "loss=%.6f\n", 2 * x + (m == "b" ? g : 0) }}'
      metrics: stdout
claims:
  - name: a-ahead
    source: a test
    says: mean(loss, method=a) < mean(loss, method=b)
    test: {test}
    replicate: seed
"#
        ),
    );
    space
}

const ON_DEMAND: &str = "{until: claims, max: 20, batch: 4}";

fn counted(space: &TestSpace) -> String {
    let plan = space.stdout(&["plan", "manifests/r.yaml"]);
    plan.lines().next().expect("it says something").to_owned()
}

#[test]
fn seeds_are_added_until_the_claims_are_decided_and_no_longer() {
    let space = space("5", ON_DEMAND, "sequential-t");
    assert_eq!(counted(&space), "score  8 runs  (command)");
    let output = space.output(&["run", "manifests/r.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("holds      a-ahead"),
        "{said}"
    );
    // Every other verb has as many.
    let plan = counted(&space);
    assert!(
        plan.contains("up to date") && !plan.contains("run"),
        "{plan}"
    );
    let again = space.output(&["run", "manifests/r.yaml", "--progress", "none"]);
    let again = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.contains("all up to date"), "{again}");
    // A number on the command line wins.
    let few = space.stdout(&["plan", "manifests/r.yaml", "--seeds", "2"]);
    assert!(few.starts_with("score  4 up to date"), "{few}");
}

#[test]
fn where_there_is_no_difference_the_most_is_the_end() {
    let space = space("0", ON_DEMAND, "sequential-t");
    let output = space.output(&["run", "manifests/r.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for count in [8, 12, 16, 20] {
        assert!(
            said.contains(&format!("going on to {count} replicates")),
            "{said}"
        );
    }
    assert!(
        said.contains("undecided  a-ahead") && counted(&space).contains(" 40 up to date"),
        "{said}"
    );
}

#[test]
fn seeds_are_added_only_where_a_comparison_is_undecided() {
    let space = space("0", ON_DEMAND, "sequential-t");
    let manifest = space.read("manifests/r.yaml");
    let manifest = manifest
        .replace(
            "  method:",
            "  set: {plain: {gap: 9}, hard: {gap: 0}}\n  method:",
        )
        .replace("params: {gap: 0}", "params: {gap: 1}")
        .replace("    test:", "    for_each: set\n    test:");
    space.write("manifests/r.yaml", &manifest);
    let output = space.output(&["run", "manifests/r.yaml", "--progress", "none"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("going on to 12 replicates where set=hard")
            && said.contains("undecided  a-ahead"),
        "{said}"
    );
    let status = |arguments: &[&str]| {
        let arguments = [&["ls", "manifests/r.yaml"], arguments].concat();
        let shown = space.stdout(&arguments);
        let rows = shown.lines().filter(|line| line.contains("score"));
        rows.count()
    };
    let (plain, hard) = (
        status(&["--only", "set=plain"]),
        status(&["--only", "set=hard"]),
    );
    assert_eq!(hard, 40);
    assert!(plain < 40 && plain % 8 == 0, "{plain}");
    let again = space.output(&["run", "manifests/r.yaml", "--progress", "none"]);
    let again = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.contains("all up to date"), "{again}");
    // A claim over both sets needs the same seeds of each.
    let both = manifest.replace("    for_each: set\n", "");
    space.write("manifests/r.yaml", &both);
    space.stdout(&["run", "manifests/r.yaml", "--progress", "none"]);
    assert_eq!(status(&["--only", "set=plain"]), 40);
}

#[test]
fn a_test_that_looking_spoils_is_refused() {
    let mistakes = |seeds: &str, test: &str| {
        let output = space("1", seeds, test).output(&["check", "manifests/r.yaml"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let said = mistakes(ON_DEMAND, "paired-t");
    assert!(
        said.contains("`paired-t` cannot be looked at until it decides"),
        "{said}"
    );
    for (seeds, part) in [
        ("{until: claims}", "`seeds` has no `max`"),
        ("{max: 3}", "`seeds` has no `until: claims`"),
        ("{until: dawn, max: 3}", "`seeds` has no `until: claims`"),
        ("{until: claims, max: 3, batch: 4}", "`batch`"),
        ("{until: claims, max: 3, step: 1}", "unknown key `step`"),
    ] {
        let said = mistakes(seeds, "sequential-t");
        assert!(
            said.contains(part) && said.contains("manifests/r.yaml:4:"),
            "{said}"
        );
    }
}

#[test]
fn a_figure_that_does_not_say_over_what_it_reduces_is_found_by_check() {
    let space = TestSpace::new();
    let pipeline = space.read("pipelines/digits.yaml");
    let figures = pipeline.matches("y: elbo, replicate: seed").count();
    assert!(figures > 0, "{pipeline}");
    space.write(
        "pipelines/digits.yaml",
        &pipeline.replace("y: elbo, replicate: seed", "y: elbo"),
    );
    let output = space.output(&["check", "manifests/small.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = said.matches("the axis `seed` is not told apart").count();
    assert_eq!(told, figures, "{said}");
    assert!(said.contains("replicate: seed"), "{said}");
    // What else could tell its values apart.
    assert!(said.contains("`color`, `marker`, "), "{said}");
}
