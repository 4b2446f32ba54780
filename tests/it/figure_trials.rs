//! The figures of `manifests/figure-trials.yaml`, whose data figures find hard, read as SVG: no text
//! touches another or leaves the page, ticks that differ read differently, numbers stand in all
//! cells or in none.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::texts;

/// Name → SVG and caption of every figure of the trials.
fn drawn() -> BTreeMap<String, (String, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outputs = folder.path().join("outputs");
    let output = Command::new(env!("CARGO_BIN_EXE_sweepline"))
        .args([
            "run",
            "manifests/figure-trials.yaml",
            "--profile",
            "quick",
            "--outputs",
        ])
        .arg(&outputs)
        .env("NO_COLOR", "1")
        .env_remove("SWEEPLINE_STORE")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let figures = outputs.join("figure-trials@quick/figures");
    let entries = fs::read_dir(figures).expect("figures are there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let svgs = paths.filter(|path| path.extension().is_some_and(|e| e == "svg"));
    let read = |path: std::path::PathBuf| {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let caption = fs::read_to_string(path.with_extension("caption.txt"));
        let svg = fs::read_to_string(&path).expect("text");
        assert!(svg.len() < 1_000_000, "{name}.svg has {} bytes", svg.len());
        for format in ["pdf", "png"] {
            let bytes = fs::metadata(path.with_extension(format))
                .expect("there")
                .len();
            assert!(bytes < 1_000_000, "{name}.{format} has {bytes} bytes");
        }
        (name, (svg, caption.expect("a caption")))
    };
    svgs.map(read).collect()
}

/// The words of a figure, each once per place.
fn words(svg: &str) -> Vec<String> {
    let (_, texts) = texts::read(svg);
    texts.into_iter().map(|text| text.words).collect()
}

#[test]
fn hard_data_are_readable() {
    let figures = drawn();
    let mut faults = Vec::new();
    for (name, (svg, _)) in &figures {
        let found = texts::faults(svg);
        faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let words_of = |name: &str| words(&figures[name].0);
    let caption_of = |name: &str| figures[name].1.as_str();
    // Every name is there, whole or in lines.
    let all = words_of("names-bar").join(" ");
    for word in [
        "importance-weighted,",
        "hierarchical",
        "(ablated)",
        "minibatch-weighted",
    ] {
        assert!(all.contains(word), "{word}: {all}");
    }
    // Ticks that differ read differently.
    for name in [
        "offset-line",
        "subnormal-line",
        "constant-line",
        "constant-curves",
    ] {
        let mut ticks = words_of(name);
        ticks.retain(|word| word.chars().any(|c| c.is_ascii_digit()));
        let count = ticks.len();
        ticks.sort();
        ticks.dedup();
        assert!(count >= 4 && ticks.len() == count, "{name}: {ticks:?}");
    }
    // Cells that differ too: all digits, or none where those have no room.
    let same = |word: &&String| word.as_str() == "106";
    assert_eq!(words_of("offset-heatmap").iter().filter(same).count(), 0);
    // Long names are broken, not set smaller.
    assert!(!caption_of("names-dag").contains("Text is down to"));
    let boxes = words_of("names-dag");
    for line in ["hierarchical-", "evaluate-"] {
        let broken = boxes
            .iter()
            .any(|word| word.contains(line) && word.len() < 30);
        assert!(broken, "{line}: {boxes:?}");
    }
    assert!(words_of("offset-line").contains(&"1000000.002".to_owned()));
    // Smoothing a constant leaves a level line: its digits are those of the constant.
    let ticks = words_of("constant-curves");
    assert!(ticks.iter().any(|tick| tick == "1.00·10−4"), "{ticks:?}");
    // Decades are counted from 10⁰.
    assert!(words_of("decades-line").contains(&"100".to_owned()));
    // All numbers or none, whole ones as such.
    let cells = words_of("classes-heatmap");
    let numbers = cells
        .iter()
        .filter(|word| word.chars().all(|c| c.is_ascii_digit()));
    assert!(numbers.count() >= 100, "{cells:?}");
    // What was thinned or left out is said.
    for name in ["series-line", "series-right", "series-scatter"] {
        let words = words_of(name);
        let named = words.iter().filter(|w| w.starts_with("run-")).count();
        let more = words
            .iter()
            .find_map(|w| w.strip_prefix("and ")?.strip_suffix(" more")?.parse().ok());
        assert_eq!(named + more.unwrap_or(0), 50, "{name}: {words:?}");
    }
    assert!(
        caption_of("grid-heatmap").contains("is shown"),
        "{}",
        caption_of("grid-heatmap")
    );
    // Many numbers are shades of one scale, whose bar is named.
    for name in ["shades-line", "shades-scatter"] {
        let words = words_of(name);
        assert!(words.contains(&"rate".to_owned()), "{name}: {words:?}");
        assert!(!words.contains(&"0.17".to_owned()), "{name}: {words:?}");
    }
    let caption = caption_of("shades-line");
    assert!(
        caption.contains("end of the warm-up: a line at 4."),
        "{caption}"
    );
    assert!(caption.contains("cooling: from 8 to 11."), "{caption}");
    // What the font cannot show is named.
    let caption = caption_of("spread-strip");
    assert!(
        caption.contains("no glyph for 字 (U+5B57), 漢 (U+6F22)"),
        "{caption}"
    );
    // Replicates that end.
    assert!(
        caption_of("ragged-curves").contains("Paler"),
        "{}",
        caption_of("ragged-curves")
    );
}

/// Three letters, and forty.
const NAMES: [&str; 6] = [
    "kNN",
    "gradient boosted trees (early stopping)",
    "Gaussian process with a spectral kernel",
    "sparse mixture of experts, 64 routers",
    "support_vector_machine_and_grid_search",
    "Bayesian network, ten chains of samples",
];

fn draw(kind: &str, csv: &str, params: &str) -> sweepline::figures::Rendered {
    let figure = sweepline::figures::find(kind).expect("the kind exists");
    let input = sweepline::figures::FigureInput {
        table: sweepline::table::Table::from_csv(csv, &["method", "city"]).expect("a table"),
        ..Default::default()
    };
    let params = serde_yaml::from_str(params).expect("YAML");
    let rendered = figure.draw(&input, &params).expect("it draws");
    assert_eq!(texts::faults(&rendered.svg), Vec::<String>::new(), "{kind}");
    rendered
}

/// Beside long names a legend would leave the data no room: it stands below.
#[test]
fn names_and_a_legend_leave_the_data_room() {
    let mut csv = "method,city,score\n".to_owned();
    for (m, method) in NAMES.iter().enumerate() {
        for (c, city) in NAMES.iter().enumerate() {
            csv.push_str(&format!(
                "\"{method}\",\"in the city of {c} {city}\",{}\n",
                m * c
            ));
        }
    }
    let svg = draw("dots", &csv, "{x: score, y: method, color: city}").svg;
    let ((width, _), texts) = texts::read(&svg);
    let zero = texts.iter().find(|text| text.words == "0").expect("a tick");
    let last = texts
        .iter()
        .rfind(|text| text.words.len() == 2 && text.words.starts_with('2'));
    let across = last.expect("a tick").corners[0].0 - zero.corners[0].0;
    assert!(across > 0.3 * width, "{across} of {width}");
}

/// Bars whose first labels would reach over half of the page are turned, and all are there.
#[test]
fn large_type_keeps_the_names_of_few_bars() {
    let rows = NAMES.iter().enumerate();
    let rows = rows.map(|(i, name)| format!("\"{name}\",x,{i}\n"));
    let csv = format!("method,city,score\n{}", rows.collect::<String>());
    let rendered = draw("bar", &csv, "{x: method, y: score, theme: {font_size: 12}}");
    assert!(
        !rendered.caption.contains("One label in"),
        "{}",
        rendered.caption
    );
}

#[test]
fn a_bar_of_zero_is_told_from_one_that_is_missing() {
    let bars = |value: &str| {
        let csv = format!("method,city,score\na,x,1\nb,x,{value}\n");
        let svg = draw("bar", &csv, "{x: method, y: score}").svg;
        svg.matches("<polygon").count()
    };
    assert_eq!(bars("0"), bars("") + 1);
}

/// A translucent mark is a few numbers in a PDF, not a drawing of its own.
#[test]
fn many_marks_are_few_bytes() {
    let rows = (0..600).map(|i| format!("m,c,{},{}\n", (i * 37) % 601, (i * 91) % 599));
    let csv = format!("method,city,x,y\n{}", rows.collect::<String>());
    let rendered = draw("scatter", &csv, "{x: x, y: y, color: method}");
    assert!(rendered.pdf.len() < 60_000, "{}", rendered.pdf.len());
    assert!(rendered.svg.contains("fill-opacity="));
}

/// The reader sees what an eye sees: texts moved onto one another or off the page.
#[test]
fn texts_that_touch_are_noticed() {
    let figure = sweepline::figures::find("scatter").expect("the kind exists");
    let input = sweepline::figures::FigureInput {
        table: sweepline::table::Table::from_csv("x,y\n1,2\n3,4\n", &[]).expect("a table"),
        ..Default::default()
    };
    let params = serde_yaml::from_str("{x: x, y: y, title: one title}").expect("YAML");
    let svg = figure.draw(&input, &params).expect("it draws").svg;
    assert_eq!(texts::faults(&svg), Vec::<String>::new());
    let (_, texts) = texts::read(&svg);
    assert!(texts.iter().any(|text| text.words == "one title"));
    let at = svg.find("aria-label=\"one title\"").expect("the title");
    let (before, title) = svg.split_at(at);
    let start = title.find("translate(").expect("a place") + "translate(".len();
    let end = start + title[start..].find(')').expect("its end");
    let moved = |place: &str| format!("{before}{}{place}{}", &title[..start], &title[end..]);
    assert!(texts::faults(&moved("-400 300"))[0].contains("leaves the page"));
    let low = svg.find("aria-label=\"x\"").expect("the label");
    let label = &svg[low..];
    let start = label.find("translate(").expect("a place") + "translate(".len();
    let end = start + label[start..].find(')').expect("its end");
    let faults = texts::faults(&moved(&label[start..end]));
    assert!(
        faults.iter().any(|fault| fault.contains("lies over")),
        "{faults:?}"
    );
}
