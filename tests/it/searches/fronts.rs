//! Several objectives.

use super::kit::of;
use super::kit::run;
use super::kit::said;
use super::kit::space;
use super::kit::trials;

#[test]
fn several_objectives_have_a_front() {
    let space = space("tpe");
    space.replace(
        "manifests/s.yaml",
        "minimize: score.loss",
        "minimize: score.loss\n      maximize: score.gain",
    );
    space.replace(
        "manifests/s.yaml",
        "printf \"loss=%.9f\\n\"",
        "printf \"gain=%.9f\\nloss=%.9f\\n\", x",
    );
    space.replace(
        "manifests/s.yaml",
        "  table:",
        "  front:\n    uses: table/pareto\n    in: {rows: score}\n    missing: allow\n  table:",
    );
    run(&space, &[]);
    let plan = said(&space, &["plan", "manifests/s.yaml"]);
    let line = plan
        .lines()
        .find(|line| line.starts_with("the front so far has"))
        .expect("a line");
    assert!(line.ends_with("; 14 ended"), "{plan}");
    // By brute force over the means of the seeds.
    let rows = trials(&space);
    let head: Vec<&str> = rows.lines().next().expect("a head").split(',').collect();
    let column = |name: &str| {
        head.iter()
            .position(|other| *other == name)
            .expect("it is there")
    };
    let number = |line: &str, name: &str| -> f64 {
        line.split(',')
            .nth(column(name))
            .expect("a cell")
            .parse()
            .expect("a number")
    };
    let lines: Vec<&str> = rows.lines().skip(1).collect();
    let points: Vec<(f64, f64)> = lines
        .chunks(2)
        .map(|pair| {
            let mean = |name| (number(pair[0], name) + number(pair[1], name)) / 2.0;
            (mean("loss"), -mean("gain"))
        })
        .collect();
    let dominated = |a: &(f64, f64)| points.iter().any(|b| b != a && b.0 <= a.0 && b.1 <= a.1);
    let front = points.iter().filter(|point| !dominated(point)).count();
    assert!(
        line.contains(&format!("the front so far has {front} trial")),
        "{line}\n{rows}"
    );
    // As a table, over the means of the seeds, without naming the objectives again.
    let table = space.read("outputs/s/tables/front.csv");
    assert!(table.starts_with("x,n,k,z,loss,gain,rank\n"), "{table}");
    let found: Vec<(f64, f64)> = table
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |at: usize| cells[at].parse::<f64>().expect("a number");
            (number(4), -number(5))
        })
        .collect();
    let mut expected: Vec<(f64, f64)> = points.iter().filter(|p| !dominated(p)).copied().collect();
    expected.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    assert_eq!(found, expected, "{table}\n{rows}");
    for (from, to, part) in [
        (
            "\n      maximize: score.gain",
            "",
            "a front is of two objectives at least",
        ),
        (
            "{rows: score}\n    missing: allow\n  table",
            "{rows: score}\n    with: {values: [loss]}\n  table",
            "a front is of two numbers at least",
        ),
    ] {
        let other = of(&space.read("manifests/s.yaml").replace(from, to));
        let output = other.output(&["check", "manifests/s.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

/// A size that only one parameter changes, beside a loss that all change, over seeds.
#[test]
fn a_front_has_objectives_of_unequal_axes() {
    let space = of(r#"experiment: s
axes:
  trial:
    random:
      space: {x: {uniform: [0, 1]}, n: {int: [1, 6]}}
      trials: 12
      minimize: fit.loss
      maximize: size.speed
  seed: {seeds: 2}
stages:
  fit:
    uses: command
    with: {values: {x: "${x}", n: "${n}", seed: "${seed}"}, run: 'awk -v x=$x -v n=$n -v s=$seed "BEGIN {print \"loss=\" x/10 + 1/n + s}"', metrics: stdout}
  size:
    uses: command
    with: {values: {n: "${n}"}, run: 'echo "speed=$((9 - $n))"', metrics: stdout}
  front: {uses: table/pareto, in: {rows: [fit, size]}}
  drawn: {uses: figure/pareto, in: {rows: [fit, size]}, with: {x: loss, y: speed, x_direction: minimize, y_direction: maximize}}
"#);
    let said = said(&space, &["check", "manifests/s.yaml"]);
    assert!(!said.contains("warning"), "{said}");
    let said = run(&space, &[]);
    let line = said
        .lines()
        .find(|line| line.starts_with("the front so far has "));
    let words: Vec<&str> = line.expect("a front").split(' ').collect();
    let front = space.read("outputs/s/tables/front.csv");
    assert_eq!(
        front.lines().count() - 1,
        words[5].parse::<usize>().unwrap(),
        "{said}{front}"
    );
    assert!(
        front.lines().skip(1).all(|row| !row.contains(",,")),
        "{front}"
    );
    let drawn = space.read("outputs/s/figures/drawn.csv");
    // A trial is one point, with the mean over its seeds.
    assert_eq!(drawn.lines().count(), 1 + 12, "{drawn}");
    assert_eq!(
        drawn.matches(",true").count(),
        front.lines().count() - 1,
        "{drawn}{front}"
    );
    let caption = space.read("outputs/s/figures/drawn.caption.txt");
    assert!(!caption.contains("without"), "{caption}");
}

/// Ten trials of three seeds, whose luckiest is far from the mean.
const SEEDED: &str = r#"experiment: s
axes:
  trial: {random: {space: {x: {uniform: [0, 1]}}, trials: 10, minimize: [fit.loss, fit.size]}}
  seed: {seeds: 3}
stages:
  fit:
    uses: command
    with:
      values: {x: "${x}", seed: "${seed}"}
      run: |
        awk -v x="$x" -v s="$seed" 'BEGIN { printf "loss=%.9f\nsize=%s\n", (x * 7.3 * (s + 1) + s * 0.37) % 1, x }'
      metrics: stdout
  front: {uses: table/pareto, in: {rows: fit}}
  drawn: {uses: figure/pareto, in: {rows: fit}, with: {x: size, y: loss}}
  best: {uses: figure/best-so-far, in: {rows: fit}, with: {y: loss}}
  lines: {uses: figure/parallel, in: {rows: fit}, with: {parameters: [x], value: loss}}
  both: {uses: figure/composite, in: {rows: fit}, with: {panels: {a: {figure: best-so-far, y: loss}}}}
"#;

#[test]
fn figures_take_seeds_and_directions_as_the_search_does() {
    let space = of(SEEDED);
    let output = space.output(&["run", "manifests/s.yaml", "--progress", "none"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let rows = space.stdout(&[
        "ls",
        "manifests/s.yaml",
        "--stage",
        "fit",
        "--format",
        "csv",
    ]);
    let head: Vec<&str> = rows.lines().next().expect("a head").split(',').collect();
    let at = |name: &str| head.iter().position(|known| *known == name).expect(name);
    let mut sums: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for line in rows.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *sums.entry(cells[at("x")]).or_default() += cells[at("loss")].parse::<f64>().expect("one");
    }
    let mean = sums.values().fold(f64::INFINITY, |a, b| a.min(b / 3.0));
    let best = space.read("outputs/s/figures/best.csv");
    assert_eq!(best.lines().count(), 11, "{best}");
    let last = best.lines().last().and_then(|line| line.split(',').nth(1));
    let last: f64 = last.expect("a cell").parse().expect("a number");
    assert!((last - mean).abs() < 1e-9, "{mean}: {best}");
    let drawn = space.read("outputs/s/figures/drawn.csv");
    let on = drawn.lines().filter(|line| line.ends_with(",true")).count();
    assert_eq!(drawn.lines().count(), 11, "{drawn}");
    let front = space.read("outputs/s/tables/front.csv");
    assert_eq!(on, front.lines().count() - 1, "{front}\n{drawn}");
    // Seeds that the figure names are what it says they are.
    space.replace(
        "manifests/s.yaml",
        "with: {y: loss}",
        "with: {y: loss, color: seed}",
    );
    let told = run(&space, &[]);
    let coloured = space.read("outputs/s/figures/best.csv");
    assert_eq!(coloured.lines().count(), 31, "{told}\n{coloured}");
}
