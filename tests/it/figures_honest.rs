//! Poor inputs draw something honest or give a clear error; none of them panics.

use sweepline::figures;
use sweepline::figures::FigureError;
use sweepline::figures::FigureInput;
use sweepline::figures::ImageBatch;
use sweepline::figures::Rendered;
use sweepline::registry::Values;
use sweepline::table::Table;

fn draw(kind: &str, csv: &str, yaml: &str) -> Result<Rendered, FigureError> {
    let params: Values = serde_yaml::from_str(yaml).expect("YAML");
    let input = FigureInput {
        table: Table::from_csv(csv, &["a", "b", "seed"]).expect("a table"),
        ..FigureInput::default()
    };
    let figure = figures::find(kind).expect("the kind exists");
    figure.draw(&input, &params)
}

/// Every kind that draws a table, with parameters for the columns `a`, `b`, `seed`, `y`, `z`.
const KINDS: [(&str, &str); 20] = [
    ("bar", "{x: a, y: y, color: b, replicate: seed}"),
    (
        "best-so-far",
        "{x: a, y: y, color: b, replicate: seed, direction: minimize}",
    ),
    ("box", "{x: a, y: y, color: b, replicate: seed}"),
    ("contour", "{x: y, y: z, value: z}"),
    ("curves", "{x: a, y: y, color: b, replicate: seed}"),
    ("dots", "{x: y, y: a, color: b, replicate: seed}"),
    ("embedding", "{x: y, y: z, color: b}"),
    ("errorbar", "{x: y, y: z, color: b, replicate: seed}"),
    ("heatmap", "{x: a, y: b, value: y, replicate: seed}"),
    ("histogram", "{x: y, color: b}"),
    ("line", "{x: a, y: y, color: b, replicate: seed}"),
    ("pairs", "{columns: [y, z], color: b}"),
    (
        "parallel",
        "{parameters: [a, b], value: y, direction: minimize}",
    ),
    (
        "pareto",
        "{x: y, y: z, color: b, x_direction: minimize, y_direction: maximize}",
    ),
    (
        "ranks",
        "{compare: b, value: y, over: [a, seed], direction: minimize}",
    ),
    (
        "rungs",
        "{x: z, y: y, color: b, replicate: seed, direction: minimize}",
    ),
    ("scatter", "{x: y, y: z, color: b}"),
    ("slices", "{parameters: [a, b], y: y, color: seed}"),
    ("slope", "{x: a, y: y, name: b, replicate: seed}"),
    ("text", "{word: b, value: y, text: a, label: a, heading: z}"),
];

#[test]
fn every_kind_that_draws_a_table_is_tried_here() {
    let tried: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let all: Vec<&str> = figures::ALL.iter().map(|figure| figure.name()).collect();
    let tables: Vec<&str> = all
        .iter()
        .copied()
        .filter(|kind| !["composite", "dag", "images"].contains(kind))
        .collect();
    assert_eq!(tried, tables);
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(all, sorted);
}

#[test]
fn an_empty_table_is_a_clear_error() {
    for (kind, params) in KINDS {
        let error = draw(kind, "a,b,seed,y,z\n", params).expect_err(kind);
        assert!(
            error.to_string().starts_with("there is nothing to draw"),
            "{kind}: {error}"
        );
    }
}

#[test]
fn one_row_is_drawn_and_said_to_be_one() {
    for (kind, params) in KINDS {
        let drawn = draw(kind, "a,b,seed,y,z\n1,u,0,0.5,2\n", params);
        match (kind, drawn) {
            ("contour", drawn) => assert!(drawn.is_err(), "one point is no surface"),
            ("ranks", drawn) => assert!(drawn.is_err(), "one method has no rank"),
            (_, drawn) => {
                let rendered = drawn.unwrap_or_else(|error| panic!("{kind}: {error}"));
                assert!(
                    rendered.caption.contains("n = 1"),
                    "{kind}: {}",
                    rendered.caption
                );
                assert!(
                    !rendered.caption.contains("confidence"),
                    "{kind}: {}",
                    rendered.caption
                );
            }
        }
    }
}

#[test]
fn values_that_are_all_missing_never_panic() {
    for (kind, params) in KINDS {
        let csv = "a,b,seed,y,z\n1,u,0,,\n2,u,0,nan,inf\n1,v,0,,\n";
        if let Err(error) = draw(kind, csv, params) {
            assert!(
                error.to_string().contains("nothing to draw"),
                "{kind}: {error}"
            );
        }
    }
}

#[test]
fn strange_numbers_never_panic() {
    let rows = [
        "0,u,0,0,0",
        "-1,u,1,-5,1e300",
        "1e-300,v,0,1e-300,-1e300",
        "7,v,1,1e15,3",
        ",w,0,4,5",
        "8,,0,,6",
    ];
    let csv = format!("a,b,seed,y,z\n{}\n", rows.join("\n"));
    for (kind, params) in KINDS {
        for scale in ["linear", "log", "symlog", "auto", "category"] {
            let params = params.replace('}', &format!(", y_scale: {scale}, x_scale: {scale}}}"));
            if let Ok(rendered) = draw(kind, &csv, &params) {
                assert!(!rendered.svg.contains("NaN"), "{kind} {scale}");
            }
        }
    }
}

#[test]
fn text_on_every_axis_is_drawn_or_refused() {
    let csv = "a,b,seed,y,z\nlong name,<&>,0,1,2\nother,\"q\",0,2,3\nlong name,\"q\",0,3,1\n";
    for (kind, params) in KINDS {
        if let Ok(rendered) = draw(kind, csv, params) {
            assert!(!rendered.svg.contains("<&>"), "{kind}: text is escaped");
        }
    }
}

#[test]
fn a_column_that_does_not_exist_is_named_with_those_that_do() {
    let error = draw("line", "a,y\n1,2\n", "{x: a, y: loss}").expect_err("no such column");
    assert_eq!(
        error.to_string(),
        "the table has no column `loss`; it has `a`, `y`"
    );
    let error = draw("scatter", "a,y\n1,2\n", "{x: a, y: y, color: kind}").expect_err("neither");
    assert_eq!(
        error.to_string(),
        "the table has no column `kind`; it has `a`, `y`"
    );
}

#[test]
fn an_axis_that_is_not_mentioned_is_not_averaged_in_silence() {
    let csv = "a,b,seed,y\n1,u,0,1\n1,v,0,2\n";
    let error = draw("line", csv, "{x: a, y: y, replicate: seed}").expect_err("b varies");
    assert!(
        error
            .to_string()
            .starts_with("axis `b` takes several values"),
        "{error}"
    );
}

#[test]
fn wrong_parameters_say_what_would_be_right() {
    let csv = "a,y\n1,2\n2,3\n";
    for (params, message) in [
        ("{x: a}", "parameter `y` is missing"),
        (
            "{x: a, y: y, width: wide}",
            "parameter `width` is `wide`, but must be `single`, `double` or 0.5 to 40 inches",
        ),
        (
            "{x: a, y: y, y_scale: log, y_range: [0, 1]}",
            "parameter `y_range` is from 0, but a logarithmic axis begins above 0",
        ),
        (
            "{x: a, y: y, theme: {palette: [blue]}}",
            "parameter `theme` is `[blue]`, but must be a map of `font_size`, `line_width`, \
             `marker_size`, `spine_width` (0.1 to 40 points), `grid` (boolean), `palette` (list of \
             `#rrggbb`)",
        ),
    ] {
        let error = draw("line", csv, params).expect_err(params);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn points_below_zero_on_a_logarithmic_axis_are_counted() {
    let csv = "a,b,seed,y\n1,u,0,1\n2,u,0,-3\n3,u,0,10\n";
    let rendered = draw("line", csv, "{x: a, y: y, y_scale: log}").expect("two points are left");
    assert!(
        rendered.caption.contains("1 point not above 0"),
        "{}",
        rendered.caption
    );
}

#[test]
fn missing_replicates_are_counted_in_the_caption() {
    let csv = "a,b,seed,y\n1,u,0,1\n1,u,1,2\n1,u,2,\n2,u,0,3\n2,u,1,4\n2,u,2,5\n";
    let rendered = draw("line", csv, "{x: a, y: y, replicate: seed}").expect("drawn");
    assert!(
        rendered.caption.contains("n = 2 to 3; 1 value is missing"),
        "{}",
        rendered.caption
    );
}

#[test]
fn pictures_of_another_size_are_refused() {
    let batch = |size: usize| ImageBatch {
        n: 1,
        channels: 1,
        height: size,
        width: size,
        data: vec![f32::NAN; size * size],
    };
    let figure = figures::find("images").expect("the kind exists");
    let mut input = FigureInput::default();
    let empty = figure.draw(&input, &Values::new()).expect_err("nothing");
    assert_eq!(
        empty.to_string(),
        "there is nothing to draw: no pictures came in"
    );
    input.images = vec![(Vec::new(), batch(4)), (Vec::new(), batch(5))];
    let error = figure.draw(&input, &Values::new()).expect_err("two sizes");
    assert!(error.to_string().contains("1 × 4 × 4"), "{error}");
    input.images.pop();
    assert!(figure.draw(&input, &Values::new()).is_ok(), "NaN is black");
}

#[test]
fn a_pipeline_that_cannot_be_drawn_says_why() {
    let stage = "{name: fit, kind: train/vae, reads: [gone, fit]}";
    for (params, message) in [
        ("{}", "there is nothing to draw: the pipeline has no stages"),
        (
            "{stages: []}",
            "there is nothing to draw: the pipeline has no stages",
        ),
        (
            &format!("{{stages: [{stage}], leave_out: [train]}}"),
            "there is nothing to draw: every stage is left out",
        ),
        (
            "{stages: [{kind: train/vae}]}",
            "parameter `stages` is something else, but must be a list of maps with `name` (text), \
             `kind` (text), `axes`, `over`, `reads` (lists of text) and `cells` (a whole number)",
        ),
    ] {
        let error = draw("dag", "a,b,seed\n", params).expect_err(params);
        assert_eq!(error.to_string(), message);
    }
    // One stage that reads itself and one that is not there.
    let alone = draw("dag", "a,b,seed\n", &format!("{{stages: [{stage}]}}")).expect("drawn");
    assert!(
        alone.caption.contains("1 stage of 1 cell in all"),
        "{}",
        alone.caption
    );
}

#[test]
fn a_pipeline_too_large_for_its_page_is_drawn_smaller_and_says_so() {
    let stages: Vec<String> = (0..12)
        .map(|i| {
            format!(
                "{{name: stage-{i}, kind: train/vae, reads: [stage-{}]}}",
                i + 20 * (i % 2)
            )
        })
        .collect();
    let params = format!("{{direction: down, stages: [{}]}}", stages.join(", "));
    let rendered = draw("dag", "a,b,seed\n", &params).expect("drawn");
    assert!(
        rendered.caption.contains("Text is down to"),
        "{}",
        rendered.caption
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let csv = "a,b,seed,y,z\n1,u,0,1,2\n2,u,0,3,4\n1,v,0,2,2\n2,v,0,4,1\n";
    for (kind, params) in KINDS {
        let once = draw(kind, csv, params);
        let twice = draw(kind, csv, params);
        assert_eq!(once.ok(), twice.ok(), "{kind}");
    }
}

#[test]
fn a_level_stands_in_the_figure_its_caption_and_its_table() {
    for kind in ["line", "curves"] {
        let rows = "a,b,seed,y,z\n1,u,0,2,0\n2,u,0,3,0\n";
        let params = "{x: a, y: y, color: b, levels: {chance: 10}}";
        let drawn = draw(kind, rows, params).expect("one line and one level");
        let without = draw(kind, rows, "{x: a, y: y, color: b}").expect("one line");
        // One across the panel and one in the legend.
        let dashed = |svg: &str| svg.matches("stroke-dasharray").count();
        assert_eq!(dashed(&drawn.svg), dashed(&without.svg) + 2);
        assert!(
            drawn.caption.contains("chance: a line at 10."),
            "{}",
            drawn.caption
        );
        let csv = drawn.csv.as_str();
        assert!(csv.lines().next().unwrap().ends_with(",level"), "{csv}");
        assert!(csv.lines().last().unwrap().starts_with(",,10"), "{csv}");
    }
    let error = draw(
        "line",
        "a,b,seed,y,z\n1,u,0,2,0\n",
        "{x: a, y: y, levels: 3}",
    );
    assert!(error.expect_err("no map").to_string().contains("levels"));
}

/// A page of a size that no text was written for.
#[test]
fn text_on_a_narrow_or_low_page_stays_on_it() {
    let mut csv = "a,b,seed,y,z\n".to_owned();
    for i in 0..60 {
        csv.push_str(&format!(
            "a rather long name of a text,word{i}{},0,{i},2\n",
            "x".repeat(i % 30)
        ));
    }
    let columns = "word: b, value: y, text: a, label: a, heading: seed";
    for page in [
        "width: 0.5",
        "width: 1.2",
        "height: 1",
        "theme: {font_size: 30}",
    ] {
        let rendered = draw("text", &csv, &format!("{{{columns}, {page}}}"));
        let rendered = rendered.unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(!rendered.svg.contains("NaN"), "{page}");
        if let Some(folder) = std::env::var_os("FIGURES") {
            let name = format!("text-{}.png", page.replace([':', ' ', '{', '}'], ""));
            std::fs::write(std::path::Path::new(&folder).join(name), &rendered.png).unwrap();
        }
    }
}

/// Seven numbers over six decades, and three that a logarithm does not know.
#[test]
fn a_histogram_on_a_logarithm_has_bins_of_equal_width_there() {
    let numbers = ["0.001", "0.02", "0.2", "2", "20", "200", "1000"];
    let rows = numbers.iter().chain(&["0", "0", "-2"]);
    let rows: Vec<String> = rows.map(|y| format!("1,u,0,{y}\n")).collect();
    let csv = format!("a,b,seed,y\n{}", rows.concat());
    let drawn = draw("histogram", &csv, "{x: y, x_scale: log, bins: 6}").expect("drawn");
    for said in [
        "n = 7; 6 bins of equal width on the axis",
        "3 points not above 0 cannot stand on a logarithmic axis.",
    ] {
        assert!(drawn.caption.contains(said), "{}", drawn.caption);
    }
    let mut area = 0.0;
    for bar in drawn.csv.lines().skip(1) {
        let cells = bar.split(',').skip(2).map(|cell| cell.parse().unwrap());
        let [low, high, count, density] = cells.collect::<Vec<f64>>()[..] else {
            panic!("{bar}");
        };
        assert!((high / low - 10.0).abs() < 1e-6 && count >= 1.0, "{bar}");
        area += density;
    }
    // A bin is a decade wide.
    assert!((area - 1.0).abs() < 1e-9, "{area}");
}

#[test]
fn a_logarithm_of_nothing_above_zero_is_no_empty_frame() {
    let csv = "a,b,seed,y,z\n1,u,0,0,1\n2,u,0,-1,2\n3,u,0,0,3\n";
    for (kind, params) in [
        (
            "best-so-far",
            "{x: a, y: y, direction: minimize, y_scale: log}",
        ),
        ("box", "{x: a, y: y, replicate: seed, y_scale: log}"),
        ("dots", "{x: y, y: a, replicate: seed, x_scale: log}"),
        ("heatmap", "{x: a, y: b, value: y, value_scale: log}"),
        ("histogram", "{x: y, x_scale: log}"),
        ("line", "{x: a, y: y, y_scale: log}"),
        ("line", "{x: y, y: z, x_scale: log, replicate: a}"),
        ("pairs", "{columns: [y, z], log: [y]}"),
        ("scatter", "{x: z, y: y, y_scale: log}"),
        ("slices", "{parameters: [a], y: y, y_scale: log}"),
    ] {
        let error = draw(kind, csv, params).expect_err(kind).to_string();
        assert!(error.contains("nothing to draw"), "{kind}: {error}");
        assert!(error.contains("above 0, where"), "{kind}: {error}");
    }
}

/// Each axis has a number that it can show, and no point has both.
#[test]
fn two_logarithms_of_nothing_are_no_empty_frame() {
    let csv = "a,b,seed,y,z\n1,u,0,0,3\n2,u,0,2,-1\n";
    for (kind, params) in [
        ("errorbar", "{x: y, y: z, replicate: seed, color: a}"),
        ("line", "{x: y, y: z, replicate: a}"),
        (
            "pareto",
            "{x: y, y: z, x_direction: minimize, y_direction: maximize}",
        ),
        ("scatter", "{x: y, y: z}"),
    ] {
        let params = params.replace('}', ", x_scale: log, y_scale: log}");
        let error = draw(kind, csv, &params).expect_err(kind).to_string();
        assert!(
            error.contains("each point is at or below 0"),
            "{kind}: {error}"
        );
    }
}

#[test]
fn what_a_logarithm_leaves_out_is_counted_once() {
    let values = [0, 0, 0, 1, 2, 3, 4, 5].iter().enumerate();
    let rows: Vec<String> = values.map(|(s, y)| format!("1,u,{s},{y}\n")).collect();
    let boxes = format!("a,b,seed,y\n{}", rows.concat());
    let trials = "a,b,seed,y\n1,u,0,-1\n2,u,0,-2\n3,u,0,5\n".to_owned();
    for (kind, csv, params, said) in [
        (
            "box",
            &boxes,
            "{x: a, y: y, replicate: seed, y_scale: log}",
            "3 values not above 0 cannot stand on a logarithmic axis. Boxes and whiskers count them",
        ),
        (
            "box",
            &boxes,
            "{x: a, y: y, replicate: seed, y_scale: log, shape: violin}",
            "3 values not above 0 cannot stand on a logarithmic axis.",
        ),
        (
            "best-so-far",
            &trials,
            "{x: a, y: y, direction: maximize, y_scale: log}",
            " 2 points not above 0 cannot stand",
        ),
        (
            "heatmap",
            &trials,
            "{x: a, y: b, value: y, value_scale: log}",
            "2 values not above 0 without a colour on the logarithmic scale.",
        ),
        (
            "dots",
            &trials,
            "{x: y, y: a, replicate: seed, x_scale: log}",
            "2 points not above 0 cannot stand",
        ),
    ] {
        let caption = draw(kind, csv, params).expect(kind).caption;
        assert!(caption.contains(said), "{kind}: {caption}");
    }
}

/// A box whose lower quartile a logarithm cannot show is drawn down to the axis.
#[test]
fn a_box_that_begins_at_zero_reaches_the_axis() {
    let boxes = |values: [u32; 8]| {
        let values = values.iter().enumerate();
        let rows: Vec<String> = values.map(|(s, y)| format!("1,u,{s},{y}\n")).collect();
        let csv = format!("a,b,seed,y\n{}", rows.concat());
        let drawn = draw("box", &csv, "{x: a, y: y, replicate: seed, y_scale: log}");
        drawn
            .expect("drawn")
            .svg
            .matches("fill-opacity=\"0.5\"")
            .count()
    };
    assert_eq!(boxes([1, 1, 1, 1, 2, 3, 4, 5]), 1);
    assert_eq!(boxes([0, 0, 0, 1, 2, 3, 4, 5]), 1);
}

#[test]
fn categories_stand_in_the_order_of_the_table() {
    let rows = |names: [&str; 4]| {
        let rows = names.iter().enumerate().map(|(i, name)| {
            let color = ["u", "v"][i % 2];
            format!("{name},{color},0,{}\n", i + 1)
        });
        format!("a,b,seed,y\n{}", rows.collect::<String>())
    };
    let of_variants = "a,b,seed,y\n101,u,0,1\n104,u,0,2\n102,v,0,3\n108,v,0,4\n";
    let days = "a,b,seed,y\n2024-01,u,0,1\n2024-03,u,0,2\n2024-02,v,0,3\n2024-04,v,0,4\n";
    for (csv, names) in [
        (
            rows(["2019", "2020", "2021", "2022"]),
            ["2019", "2020", "2021", "2022"],
        ),
        (rows(["pp", "nn", "qq", "mm"]), ["pp", "nn", "qq", "mm"]),
        (of_variants.to_owned(), ["101", "102", "104", "108"]),
        (
            days.to_owned(),
            ["2024-01", "2024-02", "2024-03", "2024-04"],
        ),
    ] {
        for (kind, params) in [
            ("bar", "{x: a, y: y, color: b, svg_text: text}"),
            (
                "box",
                "{x: a, y: y, color: b, replicate: seed, svg_text: text}",
            ),
            (
                "line",
                "{x: a, y: y, color: b, x_scale: category, svg_text: text}",
            ),
            (
                "heatmap",
                "{x: a, y: b, value: y, numbers: false, svg_text: text}",
            ),
            (
                "bar",
                "{x: a, y: y, facet: b, width: double, svg_text: text}",
            ),
        ] {
            let svg = draw(kind, &csv, params).expect(kind).svg;
            let places = names.map(|name| svg.find(&format!(">{name}<")));
            assert!(
                places.is_sorted() && places[0].is_some(),
                "{kind}: {names:?} stand at {places:?}"
            );
        }
    }
}

#[test]
fn a_number_beyond_all_axes_is_told() {
    let csv = "a,b,seed,y,z\n1,u,0,1,1\n2,u,0,1e305,2\n3,u,0,2,3\n";
    for (kind, params) in [
        ("bar", "{x: a, y: y}"),
        ("line", "{x: a, y: y}"),
        ("line", "{x: a, y: y, y_scale: log}"),
        ("scatter", "{x: z, y: y}"),
    ] {
        let error = draw(kind, csv, params).expect_err(kind).to_string();
        assert!(
            error.contains("1e305 is beyond ±1e300, where axes end"),
            "{kind}: {error}"
        );
        let within = params.replace('}', ", y_range: [0, 5]}");
        if !params.contains("log") {
            assert!(draw(kind, csv, &within).is_ok(), "{kind}");
        }
    }
}
