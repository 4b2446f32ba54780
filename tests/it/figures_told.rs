//! What a figure leaves out, or cannot show as it is asked to, is told.

use sweepline::figures;
use sweepline::figures::FigureInput;
use sweepline::figures::Rendered;
use sweepline::registry::Values;
use sweepline::table::Table;

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
