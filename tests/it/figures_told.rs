//! What a figure leaves out, or cannot show as it is asked to, is told.

use sweepline::figures;
use sweepline::figures::FigureInput;
use sweepline::figures::Rendered;
use sweepline::registry::Values;
use sweepline::table::Table;

use crate::support::texts;

fn draw(kind: &str, csv: &str, yaml: &str) -> Result<Rendered, String> {
    let params: Values = serde_yaml::from_str(yaml).expect("YAML");
    let figure = figures::find(kind).expect("the kind exists");
    figure.check(&params).map_err(|wrong| wrong.message)?;
    let input = FigureInput {
        table: Table::from_csv(csv, &["a", "b", "seed"]).expect("a table"),
        ..FigureInput::default()
    };
    let drawn = figure.draw(&input, &params);
    drawn.map_err(|error| error.to_string())
}

#[test]
fn rows_that_nothing_tells_apart_are_no_replicates() {
    let mut csv = "layer,seed,step,norm\n".to_owned();
    for layer in 0..2 {
        for step in 0..400 {
            csv.push_str(&format!("{layer},0,{step},{}\n", 10 * layer));
        }
    }
    let apart = draw(
        "curves",
        &csv,
        "{y: norm, color: layer, replicate: seed, smooth: 0.9}",
    );
    let apart = apart.unwrap();
    assert!(apart.caption.contains("(n = 1"), "{}", apart.caption);
    assert!(apart.warnings.is_empty());
    for row in Table::from_csv(&apart.csv, &[]).unwrap().rows {
        let (layer, norm) = (row[0].as_f64().unwrap(), row[2].as_f64().unwrap());
        assert!((norm - 10.0 * layer).abs() < 1e-9, "{row:?}");
    }
    let together = draw("curves", &csv, "{y: norm, replicate: seed}").unwrap();
    let said = "400 points are each the mean of several rows of one run at one step.";
    assert!(together.caption.contains(said), "{}", together.caption);
    assert!(together.warnings[0].contains("name what tells them apart"));
}

#[test]
fn two_columns_are_not_drawn_under_one_label() {
    let csv = "a,b,y,z\n1,1,1,101\n2,1,2,102\n";
    let labels = "labels: {y: loss, z: loss}";
    for (kind, params) in [
        ("line", "x: a, y: [y, z]"),
        ("slices", "parameters: [y, z], y: a"),
    ] {
        let wrong = draw(kind, csv, &format!("{{{params}, {labels}}}")).unwrap_err();
        assert!(
            wrong.contains("`y` and `z` are both called `loss`"),
            "{wrong}"
        );
    }
}

#[test]
fn a_histogram_of_a_range_has_its_bins_there() {
    let mut csv = "a,y\n0,1000\n".to_owned();
    for i in 0..200 {
        csv.push_str(&format!("{},{}\n", i + 1, f64::from(i) / 50.0 - 2.0));
    }
    let drawn = draw("histogram", &csv, "{x: y, x_range: [-4, 4]}").unwrap();
    let said = "areas of 1 of all values; 1 value is beyond the range";
    assert!(drawn.caption.contains(said), "{}", drawn.caption);
    let bins = Table::from_csv(&drawn.csv, &[]).unwrap();
    assert!(bins.rows.len() >= 5);
    let areas = bins.rows.iter().map(|row| {
        let number = |at: usize| row[at].as_f64().unwrap();
        (number(3) - number(2)) * number(5)
    });
    let area: f64 = areas.sum();
    assert!((area - 200.0 / 201.0).abs() < 1e-9, "{area}");
}

#[test]
fn what_has_no_room_or_no_value_is_in_the_caption() {
    let mut csv = "a,b,seed,y\n".to_owned();
    for i in 0..40 {
        csv.push_str(&format!("optimiser{i},{i},0,{i}\n"));
    }
    let many = draw(
        "parallel",
        &csv,
        "{parameters: [a, b], value: y, direction: minimize}",
    );
    let caption = many.unwrap().caption;
    assert!(caption.contains("of a is shown."), "{caption}");
    let mut csv = "a,b,seed,y\n".to_owned();
    for seed in 0..9 {
        let y = if seed > 5 { "nan" } else { "1" };
        csv.push_str(&format!("m,n,{seed},{y}\n"));
    }
    let caption = draw("box", &csv, "{x: a, y: y, replicate: seed}")
        .unwrap()
        .caption;
    assert!(caption.contains("; 3 values are missing."), "{caption}");
}

#[test]
fn a_contour_of_scattered_points_says_what_draws_them() {
    let csv = "a,b,y,z\n1,1,0.1,3\n1,1,0.4,5\n1,1,0.7,2\n";
    let wrong = draw("contour", csv, "{x: y, y: z, value: a}").unwrap_err();
    assert!(wrong.contains("figure/scatter draws points"), "{wrong}");
}

#[test]
fn a_middle_that_colours_cannot_have_is_refused() {
    let csv = "a,b,y\n1,1,1\n1,2,3\n2,1,7\n2,2,3\n";
    let of = |more: &str| {
        draw(
            "heatmap",
            csv,
            &format!("{{x: a, y: b, value: y, centre: 3{more}}}"),
        )
    };
    let wrong = of(", colors: blues").unwrap_err();
    assert!(wrong.contains("`blues` have no middle"), "{wrong}");
    let wrong = of(", value_range: [4, 9]").unwrap_err();
    assert!(wrong.contains("not within `value_range`"), "{wrong}");
    for fine in ["", ", value_range: [0, 10]", ", value_scale: log"] {
        let cells = of(fine).unwrap().svg.matches("#F7F7F7").count();
        assert!(cells >= 2, "{fine}: {cells}");
    }
    let wrong = draw("line", csv, "{x: a, y: y, color: b, scales: free}").unwrap_err();
    assert!(wrong.contains("there is one panel"), "{wrong}");
}

#[test]
fn values_of_data_are_shown_as_they_are() {
    let csv = "a,b,y\nq_1_2,1,1\nq_12,1,2\nt_sne,1,3\n\\beta,1,4\n";
    let of =
        |more: &str| draw("bar", csv, &format!("{{x: a, y: y, svg_text: text{more}}}")).unwrap();
    let drawn = of("");
    for word in ["q_1_2", "q_12", "t_sne", "\\beta"] {
        assert!(drawn.svg.contains(&format!(">{word}<")), "{word}");
        assert!(drawn.csv.contains(word), "{word}");
    }
    // A name is what the manifest writes.
    let named = of(", names: {q_12: \"q_{12}\"}");
    assert!(!named.svg.contains(">q_12<") && named.svg.contains(">q_1_2<"));
    assert!(named.warnings.is_empty());
    // The caption in LaTeX has all that a name has.
    let named = of(", labels: {y: '\\mathcal{L}_\\beta', a: 50% of b}");
    let caption = named.caption_in_latex;
    assert!(
        caption.starts_with(r"$\mathcal{L}_{\beta}$ against 50\% of b"),
        "{caption}"
    );
    assert!(
        named.caption.starts_with("L_β against 50% of b"),
        "{}",
        named.caption
    );
    let ids = "a,b,y\n1700000000123,1,1\n1700000000124,1,2\n";
    let drawn = draw("bar", ids, "{x: a, y: y, svg_text: text}").unwrap();
    assert!(drawn.svg.contains(">1700000000123<") && drawn.svg.contains(">1700000000124<"));
    let told = draw("bar", ids, "{x: a, y: y, labels: {yy: loss}}")
        .unwrap()
        .warnings;
    assert_eq!(
        told,
        ["`labels` has `yy`, which is no column: did you mean `y`?"]
    );
}

/// Lengths of a drawing are in fortieths of a point.
fn height(rendered: &Rendered) -> f64 {
    let (_, rest) = rendered.svg.split_once(" height=\"").expect("a height");
    let (points, _) = rest.split_once("pt\"").expect("in points");
    points.parse().expect("a number")
}

#[test]
fn one_long_name_does_not_make_every_row_high() {
    let rows = |names: &[String]| -> String {
        let row = |(i, name): (usize, &String)| format!("{name},x,{i},0\n");
        let rows: String = names.iter().enumerate().map(row).collect();
        format!("a,b,y,z\n{rows}")
    };
    let mut names: Vec<String> = (0..24).map(|i| format!("method {i:02}")).collect();
    for at in [0, 11, 23] {
        let long = "a method whose name says all that was changed and for what reason it was";
        let usual = std::mem::replace(&mut names[at], format!("{long} {at}"));
        for (kind, params) in [
            ("dots", "{x: y, y: a}"),
            ("heatmap", "{x: b, y: a, value: y}"),
        ] {
            let high = height(&draw(kind, &rows(&names), params).unwrap());
            assert!(high < 500.0, "{kind} {at}: {high}");
        }
        names[at] = usual;
    }
    let many: Vec<String> = (0..300).map(|i| format!("method {i:03}")).collect();
    let drawn = draw("dots", &rows(&many), "{x: y, y: a}").unwrap();
    assert!(height(&drawn) < 9.1 * 72.0, "{}", height(&drawn));
    assert!(drawn.caption.contains("One label in "), "{}", drawn.caption);
}

#[test]
fn a_range_cuts_lines_at_the_axes() {
    let csv = "a,b,y,z\n1,x,0,0\n2,x,5,0\n3,x,10,0\n4,x,4,0\n";
    let drawn = |params: &str| draw("line", csv, params).unwrap().svg;
    let svg = drawn("{x: a, y: y, y_range: [0, 5]}");
    let numbers = |text: &str| -> Vec<i64> {
        let parts = text.split(['"', ' ', ',']);
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    let (_, clip) = svg.split_once("<svg x=\"").expect("a clip");
    let clip = numbers(clip.split_once("viewBox").expect("its box").0);
    let spine = svg
        .split("points=\"")
        .map(|line| numbers(line.split('"').next().unwrap()));
    let spine = spine
        .filter(|line| line.len() == 6)
        .last()
        .expect("the axes");
    let room = [
        spine[0] - clip[0],
        spine[1] - clip[1],
        clip[0] + clip[2] - spine[4],
        clip[1] + clip[3] - spine[5],
    ];
    // Half the width of a line, so that one along the axis is whole.
    assert!(room.iter().all(|room| (0..=24).contains(room)), "{room:?}");
    // A marker on the edge is whole, and one beyond it is not there.
    let discs = |svg: &str| svg.matches("<circle").count();
    assert!(discs(&svg) < discs(&drawn("{x: a, y: y}")), "{svg}");
}

#[test]
fn groups_of_more_than_ten_colours_are_told_apart() {
    let drawn = |groups: usize, kind: &str, params: &str| {
        let row = |i: usize| format!("g{:02},x,{},{}\n", i % groups, (i * 7) % 13, i);
        let rows: String = (0..240).map(row).collect();
        draw(kind, &format!("a,b,y,seed\n{rows}"), params)
            .unwrap()
            .svg
    };
    let dashes = |groups: usize| {
        let bars = drawn(groups, "histogram", "{x: y, color: a, density: false}");
        bars.matches("stroke-dasharray").count()
    };
    assert_eq!(dashes(10), 0);
    // In the panel and in the legend; one dash of five is solid.
    assert!(dashes(12) >= 18);
    let strokes = |groups: usize| {
        let boxes = drawn(groups, "box", "{x: b, y: y, color: a, replicate: seed}");
        boxes.matches("stroke-opacity=\"0.75\"").count()
    };
    assert_eq!(strokes(10), 0);
    assert!(strokes(12) > 4);
}

#[test]
fn many_cells_fill_their_panel() {
    let drawn = |columns: usize, rows: usize| {
        let row = |i: usize| format!("{},{},{},0\n", i % columns, i / columns, i);
        let rows: String = (0..columns * rows).map(row).collect();
        draw(
            "heatmap",
            &format!("a,b,y,z\n{rows}"),
            "{x: a, y: b, value: y}",
        )
        .unwrap()
    };
    for (columns, rows) in [(40, 3), (200, 5), (500, 2)] {
        let svg = drawn(columns, rows).svg;
        let cells = svg.split("<polygon ").filter_map(|polygon| {
            let (_, points) = polygon.split_once("points=\"")?;
            let xs = points.split('"').next()?.split(' ');
            let xs: Option<Vec<i64>> = xs
                .filter(|point| !point.is_empty())
                .map(|point| point.split(',').next()?.parse().ok())
                .collect();
            let xs = xs.filter(|xs| xs.len() == 4)?;
            Some((xs[0], xs[1] - xs[0]))
        });
        let mut cells: Vec<(i64, i64)> = cells.collect();
        let count = cells.len();
        cells.retain(|(_, wide)| *wide < 280);
        assert!(cells.len() >= columns * rows && count > cells.len());
        let (first, last) = (cells.iter().min().unwrap().0, cells.iter().max().unwrap().0);
        let pitch = (last - first) as f64 / (columns - 1) as f64;
        let covered = |(_, wide): &(i64, i64)| *wide as f64 > 0.8 * pitch - 1.0;
        assert!(cells.iter().all(covered), "{columns} × {rows}");
    }
    let svg = drawn(100, 100).svg;
    assert!(svg.contains("aria-label=\"cells\"") && svg.matches("<polygon").count() < 200);
}

#[test]
fn what_the_legend_leaves_out_is_in_the_caption() {
    let row = |i: usize| format!("{},a group of a long name {:03},{},0\n", i % 2, i / 2, i);
    let rows: String = (0..240).map(row).collect();
    let csv = format!("a,b,y,z\n{rows}");
    let caption = draw("line", &csv, "{x: a, y: y, color: b}")
        .unwrap()
        .caption;
    assert!(
        caption.contains(" entries of the legend have no room."),
        "{caption}"
    );
}

#[test]
fn a_symmetric_logarithm_is_told_in_every_kind() {
    let csv = "a,b,y,z\np,x,1,0\nq,x,8,0\nr,x,4,0\n";
    for (kind, params) in [
        ("dots", "{x: y, y: a, x_scale: symlog}"),
        ("line", "{x: a, y: y, y_scale: symlog}"),
        ("box", "{x: b, y: y, replicate: a, y_scale: symlog}"),
        ("slope", "{x: a, y: y, name: b, y_scale: symlog}"),
    ] {
        let caption = draw(kind, csv, params).unwrap().caption;
        assert!(
            caption.contains("is logarithmic beyond ±1e0"),
            "{kind}: {caption}"
        );
    }
}

#[test]
fn numbers_beside_names_from_right_to_left_read_as_they_are() {
    let csv = "a,b,y,z\n1,plain,52.4,0\n2,plain,61.2,0\n1,שלום,52.4,0\n2,שלום,48.3,0\n";
    let drawn = draw("slope", csv, "{x: a, y: y, name: b, svg_text: text}").unwrap();
    assert_eq!(drawn.svg.matches("52.4<").count(), 2, "{}", drawn.svg);
    assert!(drawn.svg.contains(">שלום<"), "{}", drawn.svg);
}

#[test]
fn a_name_that_takes_the_room_of_others_ends_early() {
    let names = (0..40).map(|i| match i {
        17 => {
            "a name of a method that somebody has given who had all the time of the world and more"
                .to_owned()
        }
        i => format!("item {i}"),
    });
    let rows = names
        .enumerate()
        .map(|(i, name)| format!("{name},x,{i},0\n"));
    let csv = format!("a,b,y,z\n{}", rows.collect::<String>());
    let drawn = draw("dots", &csv, "{x: y, y: a}").unwrap();
    let said = "Names of a that end in … are longer.";
    assert!(drawn.caption.contains(said), "{}", drawn.caption);
    assert_eq!(texts::faults(&drawn.svg), Vec::<String>::new());
    let (_, shown) = texts::read(&drawn.svg);
    let items = shown.iter().filter(|text| text.words.starts_with("item "));
    assert_eq!(items.count(), 39);
    assert!(
        shown.iter().any(|text| text.words.ends_with('…')),
        "{shown:?}"
    );
}

#[test]
fn the_labels_of_one_row_stay_on_the_page() {
    let csv = "a,b,y,z\nonly,x,2.5,0\n";
    let labels = "labels: {a: 'how the method is called in the text of the paper'}";
    for (kind, params) in [
        ("dots", "x: y, y: a".to_owned()),
        ("dots", format!("x: y, y: a, {labels}")),
        ("heatmap", format!("x: b, y: a, value: y, {labels}")),
    ] {
        let drawn = draw(kind, csv, &format!("{{{params}}}")).unwrap();
        assert_eq!(texts::faults(&drawn.svg), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn a_line_over_what_was_measured_is_a_mean_of_all_repetitions() {
    let csv = "a,seed,seconds,y\nm,0,0,0\nm,0,2,2\nm,0,4,4\nm,1,1,11\nm,1,3,13\nm,1,5,15\n";
    let params = "{x: seconds, y: y, color: a, replicate: seed}";
    let drawn = draw("line", csv, params).unwrap();
    let said = "Runs that do not share seconds are interpolated linearly between their own points.";
    assert!(drawn.caption.contains(said), "{}", drawn.caption);
    let table = Table::from_csv(&drawn.csv, &[]).unwrap();
    let [x, y] = ["seconds", "y"].map(|name| table.column(name).unwrap());
    let points: Vec<_> = (0..table.rows.len())
        .map(|row| (table.number(row, x).unwrap(), table.number(row, y).unwrap()))
        .collect();
    let want = [
        (0.0, 0.0),
        (1.0, 6.0),
        (2.0, 7.0),
        (3.0, 8.0),
        (4.0, 9.0),
        (5.0, 15.0),
    ];
    assert_eq!(points, want);
    // Epochs that are an axis count the points of a run.
    let rows = csv.lines().enumerate();
    let counted: String = rows
        .map(|(i, row)| match i {
            0 => "b,a,seed,seconds,y\n".to_owned(),
            i => format!("{i},{row}\n"),
        })
        .collect();
    for kind in ["line", "curves"] {
        let drawn = draw(kind, &counted, params).unwrap();
        assert!(
            drawn.caption.contains(said),
            "{kind}: {}\n{counted}",
            drawn.caption
        );
        assert!(
            !drawn.caption.contains("Single values"),
            "{}",
            drawn.caption
        );
    }
    // What repetitions share is not measured, if one lacks a place.
    let shared = "a,seed,seconds,y\nm,0,0,0\nm,0,2,2\nm,0,4,4\nm,1,0,11\nm,1,4,15\n";
    let drawn = draw("line", shared, params).unwrap();
    assert!(!drawn.caption.contains(said), "{}", drawn.caption);
}

#[test]
fn parallel_lines_of_which_none_is_better_are_as_they_come() {
    let csv = "a,b,y,z\n1,u,3,0\n2,v,1,0\n";
    let drawn = draw("parallel", csv, "{parameters: [a, b], value: y}").unwrap();
    assert!(!drawn.caption.contains("the best"), "{}", drawn.caption);
    assert!(drawn.csv.starts_with("a,b,y\n1,u,3\n"), "{}", drawn.csv);
}
