//! Kinds of figures drawn of data that they were not made for: one row, ties, names without end, numbers
//! that are none, dates of several zones, many rows. No text touches another or leaves the page, and what
//! cannot be drawn is an error that says why.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Instant;

use sweepline::figures;
use sweepline::figures::FigureInput;
use sweepline::figures::Rendered;
use sweepline::registry::Values;
use sweepline::table::Table;

use crate::support::texts;

fn values(yaml: &str) -> Values {
    serde_yaml::from_str(yaml).expect("YAML")
}

fn rows(csv: &str) -> FigureInput {
    FigureInput {
        table: Table::from_csv(csv, &["method", "dataset", "seed", "when", "class"])
            .expect("a table"),
        ..FigureInput::default()
    }
}

/// Draws, and reads the picture for faults.
fn drawn(name: &str, kind: &str, input: &FigureInput, yaml: &str) -> Rendered {
    let figure = figures::find(kind).expect("the kind exists");
    figure
        .check(&values(yaml))
        .expect("the parameters make sense");
    let rendered = figure.draw(input, &values(yaml));
    let rendered = rendered.unwrap_or_else(|error| panic!("{name}: {error}"));
    if let Some(folder) = env::var_os("FIGURES") {
        let base = Path::new(&folder).join(name);
        fs::write(base.with_extension("png"), &rendered.png).expect("writable");
        fs::write(base.with_extension("txt"), &rendered.caption).expect("writable");
    }
    let faults = texts::faults(&rendered.svg);
    assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
    assert!(
        rendered.svg.len() < 1_000_000,
        "{name}: {} bytes",
        rendered.svg.len()
    );
    rendered
}

fn refused(kind: &str, input: &FigureInput, yaml: &str) -> String {
    let figure = figures::find(kind).expect("the kind exists");
    let error = figure
        .draw(input, &values(yaml))
        .expect_err("it cannot be drawn");
    error.to_string()
}

/// What `check` says of parameters.
fn invalid(kind: &str, yaml: &str) -> String {
    let figure = figures::find(kind).expect("the kind exists");
    let wrong = figure.check(&values(yaml)).expect_err("they make no sense");
    format!("{}: {}; {}", wrong.param, wrong.message, wrong.help)
}

fn noise(i: u64) -> f64 {
    let mut z = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Scores of methods on data sets.
fn scores(methods: u64, datasets: u64, name: impl Fn(u64) -> String) -> FigureInput {
    let mut csv = "method,dataset,score\n".to_owned();
    for m in 0..methods {
        for d in 0..datasets {
            let score = m as f64 / methods as f64 + noise(100 * m + d);
            csv.push_str(&format!("\"{}\",set {d},{score:.3}\n", name(m)));
        }
    }
    rows(&csv)
}

#[test]
fn ranks_of_few_and_of_many() {
    let yaml = "{compare: method, value: score, over: dataset, direction: maximize}";
    drawn(
        "ranks-two",
        "ranks",
        &scores(2, 2, |m| format!("m{m}")),
        yaml,
    );
    let long = |m| format!("method number {m} with a name that goes on and on without an end");
    drawn("ranks-forty", "ranks", &scores(40, 30, long), yaml);
    drawn(
        "ranks-unbroken",
        "ranks",
        &scores(5, 9, |m| format!("{m}").repeat(80)),
        yaml,
    );
    let one = refused("ranks", &scores(1, 5, |m| format!("m{m}")), yaml);
    assert!(one.contains("ranks need two values of `method`"), "{one}");
    let one = refused("ranks", &scores(3, 1, |m| format!("m{m}")), yaml);
    assert!(one.contains("needs two values of `dataset`"), "{one}");
    let tied = rows("method,dataset,score\na,1,5\nb,1,5\na,2,5\nb,2,5\n");
    assert!(refused("ranks", &tied, yaml).contains("is the same for all 2 methods"));
    let gaps =
        rows("method,dataset,score\na,1,5\nb,1,\na,2,5\nb,2,6\na,3,-1\nb,3,nan\na,4,1\nb,4,2\n");
    let rendered = drawn("ranks-gaps", "ranks", &gaps, yaml);
    assert!(
        rendered.caption.contains("n = 2 values of dataset"),
        "{}",
        rendered.caption
    );
    assert!(
        rendered.caption.contains("Left out: 2 values"),
        "{}",
        rendered.caption
    );
    let without = refused(
        "ranks",
        &tied,
        "{compare: method, value: score, over: dataset}",
    );
    assert!(without.contains("which way is better"), "{without}");
}

#[test]
fn slopes_of_few_and_of_many() {
    let yaml = "{x: dataset, y: score, name: method}";
    drawn(
        "slope-one",
        "slope",
        &rows("method,dataset,score\na,x,1\n"),
        yaml,
    );
    drawn(
        "slope-forty",
        "slope",
        &scores(40, 2, |m| format!("method {m}")),
        yaml,
    );
    let long = |m| format!("method number {m} with a name that goes on and on without an end");
    let highlight = "{x: dataset, y: score, name: method, ranks: true, direction: minimize, \
                     highlight: [method number 3 with a name that goes on and on without an end]}";
    drawn("slope-ranks", "slope", &scores(12, 4, long), highlight);
    let tied = rows(
        "method,dataset,score\na,before,-5\nb,before,-5\nc,before,-5\na,after,2\nb,after,\nc,after,2\n",
    );
    drawn("slope-tied", "slope", &tied, yaml);
    drawn(
        "slope-log",
        "slope",
        &tied,
        "{x: dataset, y: score, name: method, y_scale: log}",
    );
    let none = rows("method,dataset,score\na,before,\n");
    assert!(refused("slope", &none, yaml).contains("holds no numbers"));
}

#[test]
fn pairs_of_many_rows() {
    let mut csv = "class,a long name of a column that is wider than its panel,b,c\n".to_owned();
    for i in 0..100_000u64 {
        let (a, b) = (noise(i), noise(i + 1_000_000));
        csv.push_str(&format!("k{},{a:.4},{:.4},{:.4}\n", i % 3, a * b, -1e6 + b));
    }
    let started = Instant::now();
    let names = "[a long name of a column that is wider than its panel, b, c]";
    let yaml = format!("{{columns: {names}, color: class}}");
    let rendered = drawn("pairs-many", "pairs", &rows(&csv), &yaml);
    assert!(
        rendered.caption.contains("n = 100000 rows"),
        "{}",
        rendered.caption
    );
    // Without optimisation; a tenth of it as people run it.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
    drawn(
        "pairs-one",
        "pairs",
        &rows("a,b\n1,2\n"),
        "{columns: [a, b], upper: correlation}",
    );
    drawn(
        "pairs-equal",
        "pairs",
        &rows("a,b\n1,2\n1,3\n1,-4\n"),
        "{columns: [a, b], upper: none}",
    );
    let text = rows("a,b\n1,x\n1,y\n");
    assert!(refused("pairs", &text, "{columns: [a, b]}").contains("`b` holds no numbers"));
    assert!(refused("pairs", &text, "{columns: [a]}").contains("must be two to twelve"));
}

#[test]
fn bars_in_both_directions() {
    let csv = "method,seed,cost,score\na,0,1,-2\na,1,3,-4\nb,0,10,5\nb,1,,6\nc,0,,\n";
    let yaml = "{x: cost, y: score, color: method, replicate: seed}";
    let rendered = drawn("errorbar", "errorbar", &rows(csv), yaml);
    assert!(
        rendered
            .caption
            .contains("2 points; 1 without both numbers"),
        "{}",
        rendered.caption
    );
    // Student's t of 1 and 3: 2 ± 12.706.
    assert!(rendered.csv.contains("a,2.0,-10.706"), "{}", rendered.csv);
    let given = "method,x,dx,y,dy\na,1,0.5,2,0.1\nb,100,99.5,3,\n";
    let yaml = "{x: x, y: y, x_error: dx, y_error: dy, color: method, x_scale: log}";
    drawn("errorbar-given", "errorbar", &rows(given), yaml);
    let both = invalid("errorbar", "{x: x, y: y, x_error: dx, replicate: seed}");
    assert!(
        both.contains("x_error: is given beside `replicate`"),
        "{both}"
    );
}

#[test]
fn shapes_lie_over_one_another() {
    let mut csv = "method,seed,score\n".to_owned();
    for i in 0..20_000u64 {
        csv.push_str(&format!("m{},{i},{:.4}\n", i % 40, noise(i) + noise(i * 7)));
    }
    csv.push_str("few,0,1\nfew,1,-1\nequal,0,1\nequal,1,1\nequal,2,1\nequal,3,1\nequal,4,1\n");
    let yaml = "{x: method, y: score, replicate: seed, shape: [violin, box, strip]}";
    drawn("box-all", "box", &rows(&csv), yaml);
    let wrong = invalid(
        "box",
        "{x: method, y: score, replicate: seed, shape: [violin, bee]}",
    );
    assert!(
        wrong.contains("no shape and no list of shapes; shapes are box, violin, strip"),
        "{wrong}"
    );
}

#[test]
fn dates_of_any_length_and_zone() {
    let series = |days: &[&str]| {
        let mut csv = "when,method,score\n".to_owned();
        for (i, day) in days.iter().enumerate() {
            csv.push_str(&format!("{day},a,{}\n", noise(i as u64)));
        }
        rows(&csv)
    };
    let line = "{x: when, y: score}";
    let zones = series(&[
        "2026-03-28T22:00+01:00",
        "2026-03-29T06:00+02:00",
        "2026-03-29T09:30:00.25Z",
    ]);
    let rendered = drawn("dates-zones", "line", &zones, line);
    assert!(
        rendered
            .caption
            .contains("(UTC; the zones of the data differ)"),
        "{}",
        rendered.caption
    );
    let zone = series(&["2026-03-01T22:00-05:00", "2026-03-29T06:00-05:00"]);
    let rendered = drawn("dates-zone", "scatter", &zone, line);
    assert!(
        rendered.caption.contains("(UTC−05:00)"),
        "{}",
        rendered.caption
    );
    drawn(
        "dates-years",
        "line",
        &series(&["1850-01-01", "1950-06-01", "2026-03-29"]),
        line,
    );
    drawn(
        "dates-seconds",
        "line",
        &series(&["2026-03-29 10:00:00", "2026-03-29 10:00:07"]),
        line,
    );
    drawn("dates-one", "line", &series(&["2026-03-29"]), line);
    let range =
        "{x: when, y: score, x_range: [2000-01-01, 2030-01-01], verticals: {release: 2020-05-01}}";
    drawn(
        "dates-range",
        "line",
        &series(&["1950-06-01", "2010-01-01", "2026-03-29"]),
        range,
    );
    let other = series(&["2026-03-29", "soon"]);
    drawn("dates-not", "line", &other, line);
    let asked = refused("line", &other, "{x: when, y: score, x_scale: date}");
    assert!(asked.contains("`soon` is none"), "{asked}");
    let wrong = invalid(
        "line",
        "{x: when, y: score, x_range: [2030-01-01, 2000-01-01]}",
    );
    assert!(wrong.starts_with("x_range"), "{wrong}");
    assert!(invalid("line", "{x: when, y: score, y_scale: date}").contains("dates stand along x"));
    assert!(invalid("line", "{x: when, y: score, verticals: {end: [1]}}").contains("`end` is"));
}

#[test]
fn panels_of_several_kinds() {
    let part = |input: FigureInput, name: &str| (name.to_owned(), input);
    let long = |m| format!("method number {m} with a name that goes on and on without an end");
    let input = FigureInput {
        panels: vec![
            part(scores(12, 6, long), "a"),
            part(scores(3, 5, |m| format!("m{m}")), "b"),
            part(scores(4, 9, |m| format!("method {m}")), "c"),
        ],
        ..FigureInput::default()
    };
    let yaml = "{width: double, layout: [ab, cc], labels: {score: accuracy}, panels: {\
                a: {figure: dots, x: score, y: method, replicate: dataset}, \
                b: {figure: heatmap, x: method, y: dataset, value: score}, \
                c: {figure: ranks, compare: method, value: score, over: dataset, direction: maximize}}}";
    let rendered = drawn("composite", "composite", &input, yaml);
    for part in ["(a) Accuracy", "(b) ", "(c) Mean ranks"] {
        assert!(rendered.caption.contains(part), "{}", rendered.caption);
    }
    assert!(rendered.csv.starts_with("panel,"), "{}", rendered.csv);
    let words: Vec<String> = texts::read(&rendered.svg)
        .1
        .into_iter()
        .map(|text| text.words)
        .collect();
    for letter in ["a", "b", "c"] {
        assert_eq!(
            words.iter().filter(|word| *word == letter).count(),
            1,
            "{words:?}"
        );
    }
    let none = refused(
        "composite",
        &FigureInput::default(),
        "{panels: {a: {figure: line, x: x, y: y}}}",
    );
    assert!(none.starts_with("panel `a`: "), "{none}");
    for (yaml, want) in [
        (
            "{panels: {a: {figure: lines, x: x, y: y}}}",
            "there is no figure `lines`",
        ),
        (
            "{panels: {a: {figure: line, x: x, y: y, colour: z}}}",
            "has no `colour`",
        ),
        ("{panels: {a: {figure: line, x: x}}}", "needs `y`"),
        (
            "{panels: {a: {figure: line, x: x, y: y, markers: 3}}}",
            "`markers`: expected",
        ),
        (
            "{panels: {a: {figure: line, x: x, y: y, width: 3}}}",
            "has a `width`",
        ),
        (
            "{panels: {a: {figure: composite, panels: {}}}}",
            "there is no figure `composite`",
        ),
        ("{panels: {}}", "is empty"),
    ] {
        let said = invalid("composite", yaml);
        assert!(said.contains(want), "{said}");
    }
}
