//! Every kind of figure, byte for byte against `tests/figures/*.svg` and, as a coarse picture, against
//! the PNG beside it; `UPDATE=1` rewrites both.
//!
//! The data are made up by closed formulas, so that the pictures are the same on every machine.

use std::env;
use std::fs;
use std::path::Path;

use crate::support::pictures;
use crate::support::texts;
use sweepline::figures;
use sweepline::figures::FigureInput;
use sweepline::figures::ImageBatch;
use sweepline::figures::Rendered;
use sweepline::registry::Values;
use sweepline::table::Column;
use sweepline::table::Table;

/// Parameters from YAML, as a manifest writes them.
fn params(yaml: &str) -> Values {
    serde_yaml::from_str(yaml).expect("parameters are YAML")
}

fn draw(kind: &str, input: &FigureInput, yaml: &str) -> Rendered {
    let figure = figures::find(kind).expect("the kind exists");
    figure.draw(input, &params(yaml)).expect("the figure draws")
}

/// Draws and compares with the file of this name.
fn snapshot(name: &str, kind: &str, input: &FigureInput, yaml: &str) -> Rendered {
    let rendered = draw(kind, input, yaml);
    let path = Path::new("tests/figures").join(format!("{name}.svg"));
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &rendered.svg).expect("the folder is writable");
    }
    // The other formats to look at, where asked for.
    if let Some(folder) = env::var_os("FIGURES") {
        let base = Path::new(&folder).join(name);
        fs::write(base.with_extension("png"), &rendered.png).expect("writable");
        fs::write(base.with_extension("pdf"), &rendered.pdf).expect("writable");
        fs::write(base.with_extension("svg"), &rendered.svg).expect("writable");
        fs::write(base.with_extension("txt"), &rendered.caption).expect("writable");
        fs::write(base.with_extension("csv"), &rendered.csv).expect("writable");
    }
    let want = fs::read_to_string(&path).expect("the snapshot exists: UPDATE=1 writes it");
    assert!(
        rendered.svg == want,
        "{name}.svg differs: look at it, then UPDATE=1 if it is right"
    );
    same_picture(name, &rendered);
    assert!(rendered.svg.len() < 100_000, "{name}.svg is large");
    assert!(rendered.pdf.starts_with(b"%PDF"));
    rendered
}

/// Compares the PNG, made coarse, with the file of this name.
fn same_picture(name: &str, rendered: &Rendered) {
    let fine = pictures::decode(&rendered.png);
    // 3.3 or 6.9 inches at 300 dots each.
    assert!([990, 2070].contains(&fine.width), "{name}: {}", fine.width);
    let got = pictures::coarse(&fine);
    let path = Path::new("tests/figures").join(format!("{name}.png"));
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, pictures::encode(&got)).expect("the folder is writable");
    }
    let want = pictures::decode(&fs::read(&path).expect("the picture exists: UPDATE=1 writes it"));
    if let Some(difference) = pictures::differences(&got, &want) {
        panic!("{name}.png differs: {difference}");
    }
}

/// A number in [-1, 1] that looks random.
fn noise(i: u64) -> f64 {
    let mut z = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn table(csv: &str, axes: &[&str]) -> FigureInput {
    FigureInput {
        table: Table::from_csv(csv, axes).expect("a table"),
        ..FigureInput::default()
    }
}

/// Test KL of three methods on four data sets, one of them without importance samples.
fn results() -> FigureInput {
    let mut csv = "dataset,draw,method,samples,test_kl\n".to_owned();
    let datasets = ["absolute-value", "circle", "clusters", "figure-8"];
    for (d, dataset) in datasets.iter().enumerate() {
        for draw in 0..3 {
            let level = 0.3 + 0.25 * d as f64;
            let wobble = |i: u64| 0.06 * noise(100 * d as u64 + 10 * draw + i);
            csv.push_str(&format!("{dataset},{draw},vae,,{}\n", level + wobble(0)));
            for (s, samples) in [5, 10, 20, 50, 100].into_iter().enumerate() {
                let iwae = level * (0.9 - 0.1 * s as f64) + wobble(s as u64 + 1);
                let mapa = level * (0.8 - 0.12 * s as f64) + wobble(s as u64 + 6);
                csv.push_str(&format!("{dataset},{draw},iwae,{samples},{iwae}\n"));
                if !(*dataset == "clusters" && samples == 5) {
                    csv.push_str(&format!("{dataset},{draw},mapa,{samples},{mapa}\n"));
                }
            }
        }
    }
    let mut input = table(&csv, &["dataset", "draw", "method", "samples"]);
    input.table.columns[4] = Column::metric("test_kl", "nats", Some(false));
    input.table.columns[4].label = "test KL".to_owned();
    input
}

#[test]
fn line_with_bands_and_a_reference() {
    let mut input = results();
    input.table.rows.retain(|row| row[0] == "circle");
    let rendered = snapshot(
        "line",
        "line",
        &input,
        "{x: samples, y: test_kl, color: method, replicate: draw, band: ci95, \
         x_label: 'importance samples \\kappa'}",
    );
    assert_eq!(
        rendered.caption,
        "Test KL (nats) against samples, by method. Mean over draw; band: 95 % confidence interval \
         (Student t); n = 3. Lines across a panel: no samples.\n"
    );
}

#[test]
fn line_in_facets_of_a_double_column() {
    snapshot(
        "line-facets",
        "line",
        &results(),
        "{x: samples, y: test_kl, color: method, facet: dataset, replicate: draw, band: sd, \
         width: double}",
    );
}

#[test]
fn line_in_wrapped_facets_with_free_scales() {
    snapshot(
        "line-free",
        "line",
        &results(),
        "{x: samples, y: test_kl, color: method, facet: dataset, replicate: draw, band: minmax, \
         scales: free_y, title: 'Density estimation with E_q[log p(x)]'}",
    );
}

fn training() -> FigureInput {
    let mut csv = "method,seed,iteration,loss\n".to_owned();
    for (m, method) in ["vae", "beta-vae"].iter().enumerate() {
        for seed in 0..5 {
            for k in 0..600 {
                let t = k as f64 / 100.0;
                let loss = 90.0
                    + 40.0 * (-t / (1.0 + m as f64)).exp()
                    + 3.0 * noise(m as u64 * 100_000 + seed * 1000 + k);
                csv.push_str(&format!("{method},{seed},{},{loss}\n", k * 10));
            }
        }
    }
    let mut input = table(&csv, &["method", "seed"]);
    input.table.columns[3] = Column::metric("loss", "nats", Some(false));
    input
}

#[test]
fn training_curves_smoothed() {
    let rendered = snapshot(
        "curves",
        "curves",
        &training(),
        "{y: loss, color: method, replicate: seed, band: sd, smooth: 0.9}",
    );
    assert!(rendered.caption.contains("moving average of weight 0.9"));
    assert!(
        rendered
            .caption
            .contains("means over spans of 20 (iteration)")
    );
}

/// Pictures of a bright disc that wanders.
fn discs(n: usize, channels: usize, shift: f64) -> ImageBatch {
    let size = 16;
    let mut data = Vec::new();
    for i in 0..n {
        let (x, y) = (
            noise(i as u64) * 4.0 + 8.0,
            noise(i as u64 + 50) * 4.0 + 8.0,
        );
        for channel in 0..channels {
            for r in 0..size {
                for c in 0..size {
                    let (dr, dc) = (r as f64 - y, c as f64 - x);
                    let distance = (dr * dr + dc * dc).sqrt();
                    let value = 1.0 / (1.0 + (distance - 4.0 + shift + channel as f64).exp());
                    data.push(value as f32);
                }
            }
        }
    }
    ImageBatch {
        n,
        channels,
        height: size,
        width: size,
        data,
    }
}

fn label(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

#[test]
fn image_grids_side_by_side() {
    let input = FigureInput {
        images: vec![
            (label("method", "vae"), discs(16, 1, 0.0)),
            (label("method", "wgan-gp"), discs(16, 1, 1.0)),
        ],
        ..FigureInput::default()
    };
    snapshot("images-grid", "images", &input, "{columns: 4}");
}

#[test]
fn image_rows_one_per_method() {
    let input = FigureInput {
        images: vec![
            (label("method", "vae"), discs(10, 3, 0.0)),
            (label("beta", "4"), discs(10, 3, 1.0)),
        ],
        ..FigureInput::default()
    };
    snapshot(
        "images-rows",
        "images",
        &input,
        "{layout: rows, columns: 10}",
    );
}

#[test]
fn reconstructions_stand_under_their_originals() {
    let input = FigureInput {
        images: vec![(label("method", "vae"), discs(12, 1, 1.0))],
        reference: Some(discs(12, 1, 0.0)),
        ..FigureInput::default()
    };
    snapshot(
        "images-pairs",
        "images",
        &input,
        "{layout: pairs, columns: 6, row_labels: [data, model]}",
    );
}

#[test]
fn neighbours_are_the_nearest() {
    let input = FigureInput {
        images: vec![(label("method", "vae"), discs(6, 1, 0.3))],
        reference: Some(discs(6, 1, 0.0)),
        ..FigureInput::default()
    };
    let rendered = draw("images", &input, "{layout: neighbours, columns: 6}");
    // Every disc is nearest to the disc at its own place.
    let lower = rendered.csv.lines().filter(|line| line.contains(",1,"));
    for (i, line) in lower.filter(|line| line.contains("reference")).enumerate() {
        assert!(line.contains(&format!("\"reference\",{i},")), "{line}");
    }
}

#[test]
fn scatter_by_group() {
    let mut csv = "method,seed,train,test\n".to_owned();
    for (m, method) in ["vae", "iwae", "mapa"].iter().enumerate() {
        for seed in 0..15 {
            let x = 1.0 + 0.4 * m as f64 + 0.3 * noise(100 * m as u64 + seed);
            let y = 1.1 * x + 0.2 * noise(1000 + 100 * m as u64 + seed);
            csv.push_str(&format!("{method},{seed},{x},{y}\n"));
        }
    }
    csv.push_str("vae,15,1.0,\n");
    let mut input = table(&csv, &["method", "seed"]);
    input.table.columns[2] = Column::metric("train", "nats", None);
    input.table.columns[3] = Column::metric("test", "nats", None);
    let rendered = snapshot(
        "scatter",
        "scatter",
        &input,
        "{x: train, y: test, color: method, x_label: 'train KL (nats)', y_label: 'test KL (nats)'}",
    );
    assert!(rendered.caption.contains("n = 45 points; 1 row lacks"));
}

#[test]
fn embedding_of_ten_classes() {
    let mut csv = "digit,x,y\n".to_owned();
    for digit in 0..8u64 {
        for i in 0..60 {
            let angle = digit as f64 * 0.785;
            let k = digit * 1000 + i;
            let x = 3.0 * angle.cos() + 1.2 * noise(k) * noise(k + 7);
            let y = 3.0 * angle.sin() + 1.2 * noise(k + 500) * noise(k + 11);
            csv.push_str(&format!("{digit},{x},{y}\n"));
        }
    }
    let input = table(&csv, &["digit"]);
    snapshot("embedding", "embedding", &input, "{color: digit}");
}

#[test]
fn bars_by_method_within_data_set() {
    let mut input = results();
    // The best number of samples, and the method that has none.
    input
        .table
        .rows
        .retain(|row| row[3].is_null() || row[3] == 100);
    let samples = input.table.column("samples").expect("a column");
    for row in &mut input.table.rows {
        row.remove(samples);
    }
    input.table.columns.remove(samples);
    snapshot(
        "bar",
        "bar",
        &input,
        "{x: dataset, y: test_kl, color: method, replicate: draw, band: se, width: double, \
         height: 2.2}",
    );
}

#[test]
fn boxes_over_many_and_few_replicates() {
    let mut csv = "method,seed,loss\n".to_owned();
    for (m, method) in ["vae", "iwae", "mapa", "wgan"].iter().enumerate() {
        let n = if m == 3 { 3 } else { 20 };
        for seed in 0..n {
            let k = 100 * m as u64 + seed;
            let loss = 2.0 - 0.3 * m as f64 + noise(k) * noise(k + 50) * 0.8;
            csv.push_str(&format!("{method},{seed},{loss}\n"));
        }
    }
    let input = table(&csv, &["method", "seed"]);
    let rendered = snapshot(
        "box",
        "box",
        &input,
        "{x: method, y: loss, color: method, replicate: seed, legend: none}",
    );
    assert!(rendered.caption.contains("n = 3 to 20"));
    assert!(rendered.caption.contains("without a box"));
}

#[test]
fn dots_sorted_by_their_mean() {
    let mut csv = "model,seed,fid\n".to_owned();
    let models = [
        "DCGAN", "WGAN", "WGAN-GP", "VAE", "beta-VAE", "PixelCNN", "RealNVP",
    ];
    for (m, model) in models.iter().enumerate() {
        for seed in 0..5 {
            let fid = 60.0 + 30.0 * noise(m as u64) + 6.0 * noise(100 * m as u64 + seed);
            csv.push_str(&format!("{model},{seed},{fid}\n"));
        }
    }
    let mut input = table(&csv, &["model", "seed"]);
    input.table.columns[2] = Column::metric("fid", "", Some(false));
    input.table.columns[2].label = "FID".to_owned();
    snapshot(
        "dots",
        "dots",
        &input,
        "{x: fid, y: model, replicate: seed}",
    );
}

#[test]
fn histograms_with_densities() {
    let mut csv = "split,ll\n".to_owned();
    for (s, split) in ["train", "test"].iter().enumerate() {
        for i in 0..200 {
            let k = s as u64 * 1000 + i;
            let ll = -90.0 - 4.0 * s as f64 + 5.0 * (noise(k) + noise(k + 300) + noise(k + 600));
            csv.push_str(&format!("{split},{ll}\n"));
        }
    }
    let mut input = table(&csv, &["split"]);
    input.table.columns[1] = Column::metric("ll", "nats", Some(true));
    snapshot(
        "histogram",
        "histogram",
        &input,
        "{x: ll, color: split, x_label: 'log p(x) (nats)'}",
    );
}

#[test]
fn heatmap_with_a_missing_cell() {
    let mut csv = "lr,beta,seed,elbo\n".to_owned();
    for (i, lr) in ["1e-4", "1e-3", "1e-2"].iter().enumerate() {
        for (j, beta) in ["0.5", "1", "2", "4"].iter().enumerate() {
            for seed in 0..3 {
                if i == 2 && j == 3 {
                    continue;
                }
                let elbo = -95.0 - 3.0 * (i as f64 - 1.0).powi(2) - 2.0 * j as f64
                    + noise(100 * i as u64 + 10 * j as u64 + seed);
                csv.push_str(&format!("{lr},{beta},{seed},{elbo}\n"));
            }
        }
    }
    let mut input = table(&csv, &["lr", "beta", "seed"]);
    input.table.columns[1].label = r"\beta".to_owned();
    input.table.columns[3] = Column::metric("elbo", "nats", Some(true));
    input.table.columns[3].label = "ELBO".to_owned();
    snapshot(
        "heatmap",
        "heatmap",
        &input,
        "{x: beta, y: lr, value: elbo, replicate: seed, y_label: learning rate}",
    );
}

#[test]
fn contour_with_marked_points() {
    let mut csv = "z_1,z_2,density\n".to_owned();
    for i in 0..41 {
        for j in 0..41 {
            let (x, y) = (-3.0 + 0.15 * f64::from(i), -3.0 + 0.15 * f64::from(j));
            let bump = |a: f64, b: f64, s: f64| (-((x - a).powi(2) + (y - b).powi(2)) / s).exp();
            let density = 0.6 * bump(-1.0, -0.8, 1.2) + 0.4 * bump(1.2, 1.0, 0.8);
            csv.push_str(&format!("{x},{y},{density}\n"));
        }
    }
    let mut input = table(&csv, &[]);
    let marked = "z_1,z_2\n-1.0,-0.8\n1.2,1.0\n0.1,0.2\n";
    input.points = Some(Table::from_csv(marked, &[]).expect("a table"));
    input.table.columns[0].label = "z_1".to_owned();
    input.table.columns[1].label = "z_2".to_owned();
    snapshot(
        "contour",
        "contour",
        &input,
        "{x: z_1, y: z_2, value: density}",
    );
}

/// A surface over two latent variables, with the points that three methods find on it.
#[test]
fn contour_with_points_told_apart_in_facets() {
    let mut csv = "observation,mu_1,mu_2,elbo\n".to_owned();
    for observation in 0..2 {
        for i in 0..31 {
            for j in 0..31 {
                let (x, y) = (-3.0 + 0.2 * f64::from(i), -3.0 + 0.2 * f64::from(j));
                let (dx, dy) = (x - f64::from(observation), y + 0.5);
                let elbo = -20.0 - dx * dx - 0.7 * dy * dy - 0.6 * dx * dy;
                csv.push_str(&format!("{observation},{x},{y},{elbo}\n"));
            }
        }
    }
    let mut input = table(&csv, &["observation"]);
    let marked = "observation,method,mu_1,mu_2\n0,vae,-1,0.5\n0,svi,0.6,-0.4\n0,grid,0,-0.5\n\
                  1,vae,0.1,0.4\n1,svi,1.3,-1\n1,grid,1,-0.5\n";
    input.points = Some(Table::from_csv(marked, &["observation", "method"]).expect("a table"));
    let rendered = snapshot(
        "contour-points",
        "contour",
        &input,
        "{x: mu_1, y: mu_2, value: elbo, facet: observation, mark: method, \
         labels: {mu_1: '\\mu_1', mu_2: '\\mu_2', elbo: ELBO}, names: {vae: VAE, svi: SVI}}",
    );
    assert!(
        rendered.caption.contains("Marked: 6 points, by method."),
        "{}",
        rendered.caption
    );
}

/// Sentences with two numbers a word, and samples without.
#[test]
fn text_with_a_number_behind_each_word() {
    let sentence = "where can i find a list of all the words that end in _ing ( with x^2 and \\beta ) \
                    and how antidisestablishmentarianism is spelled ?";
    let sample = "what is the best way to find a job in new york ?";
    let mut csv = "example,what,place,token,saliency\n".to_owned();
    for example in 0..2 {
        for (k, what) in ["output", "input"].iter().enumerate() {
            for (place, token) in sentence.split_whitespace().enumerate() {
                let number = (1.0 + noise((100 * example + 50 * k + place) as u64)).powi(2);
                csv.push_str(&format!("{example},{what},{place},{token},{number}\n"));
            }
        }
        for (place, token) in sample.split(' ').enumerate() {
            csv.push_str(&format!("{example},sample,{place},{token},\n"));
        }
    }
    let input = table(&csv, &["example", "what"]);
    let yaml = "{value: saliency, text: [example, what], heading: example, label: what, \
                order: place";
    let rendered = snapshot("text", "text", &input, &format!("{yaml}, width: double}}"));
    assert_eq!(
        rendered.caption,
        "Saliency as the colour behind each word: 6 texts, n = 130 words. Without colour: 26 words \
         without a number.\n"
    );
    // Words are no markup, in the picture as in the table.
    assert!(rendered.svg.contains("aria-label=\"x^2\""));
    assert!(
        rendered.csv.contains("0,output,16,x^2,"),
        "{}",
        rendered.csv
    );
    let rendered = snapshot(
        "text-narrow",
        "text",
        &input,
        &format!("{yaml}, relative: true}}"),
    );
    assert!(
        rendered
            .caption
            .starts_with("Saliency (share of the largest of its text) as")
    );
}

/// Texts of one heading stand together although their rows do not.
#[test]
fn text_by_shuffled_rows_is_the_same() {
    let csv = "t,h,place,token,v\n1,a,0,one,1\n2,b,0,three,3\n1,a,1,two,2\n3,a,0,four,4\n";
    let shuffled = "t,h,place,token,v\n1,a,1,two,2\n1,a,0,one,1\n3,a,0,four,4\n2,b,0,three,3\n";
    let yaml = "{value: v, text: t, order: place, heading: h, label: t}";
    let one = draw("text", &table(csv, &["t", "h"]), yaml);
    let other = draw("text", &table(shuffled, &["t", "h"]), yaml);
    assert_eq!(
        one.csv,
        "h,t,place,token,v\na,1,0,one,1.0\na,1,1,two,2.0\na,3,0,four,4.0\nb,2,0,three,3.0\n"
    );
    assert_eq!(one.svg, other.svg);
    assert_eq!(one.csv, other.csv);
}

/// The pipeline of a density estimation, as a plan outlines it.
const STAGES: &str = "
  - {name: data, kind: dataset/synthetic, axes: [dataset, draw], cells: 15}
  - {name: fit, kind: train/iwae, axes: [dataset, draw, method, restart], cells: 180, reads: [data]}
  - {name: best, kind: select, axes: [dataset, draw, method], cells: 60, over: [restart], reads: [fit]}
  - {name: score, kind: evaluate/test-kl, axes: [dataset, draw, method], cells: 60, reads: [best, data]}
  - {name: summary, kind: table/summary, over: [dataset, draw, method], reads: [score]}
  - {name: kl-by-samples, kind: figure/line, over: [dataset, draw, method], reads: [score]}
";

#[test]
fn the_dag_of_an_experiment_along_a_double_column() {
    let rendered = snapshot(
        "dag",
        "dag",
        &FigureInput::default(),
        &format!("width: double\nstages:{STAGES}"),
    );
    assert_eq!(
        rendered.caption,
        "Stages of the experiment: 6 stages of 317 cells in all. A box names a stage, its kind, and \
         the axes it runs over; an arrow carries its results on.\n"
    );
}

#[test]
fn the_dag_of_an_experiment_down_a_single_column() {
    let yaml = format!("leave_out: [figure, table]\nstages:{STAGES}");
    let rendered = snapshot("dag-down", "dag", &FigureInput::default(), &yaml);
    assert!(
        rendered.caption.ends_with("2 stages not drawn.\n"),
        "{}",
        rendered.caption
    );
    assert_eq!(rendered.csv.lines().count(), 5);
}

#[test]
fn every_kind_of_figure_has_a_picture_that_was_looked_at() {
    let files = fs::read_dir("tests/figures").expect("the folder is there");
    let names: Vec<String> = files
        .map(|file| file.expect("readable").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    for figure in figures::ALL {
        for ending in [".png", ".svg"] {
            let own = |name: &&String| name.starts_with(figure.name()) && name.ends_with(ending);
            assert!(names.iter().any(|name| own(&name)), "{}", figure.name());
        }
    }
}

/// The tolerance lets no picture pass that is moved by a dot, which is half a millimetre in print.
#[test]
fn a_picture_that_is_moved_by_a_dot_is_noticed() {
    let bytes = fs::read("tests/figures/line.png").expect("the picture is there");
    let want = pictures::decode(&bytes);
    assert_eq!(pictures::differences(&want, &want), None);
    let mut moved = pictures::decode(&bytes);
    moved.pixels.rotate_right(3);
    assert!(pictures::differences(&moved, &want).is_some());
}

/// A table of `examples/gallery`.
fn example(file: &str, axes: &[&str]) -> FigureInput {
    let path = format!("examples/gallery/{file}");
    let text = fs::read_to_string(path).expect("it ships");
    // Where it comes from stands above the table.
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    table(&lines.collect::<Vec<_>>().join("\n"), axes)
}

/// Trials of a space with conditions: two parameters for each of two models.
fn conditional_trials() -> FigureInput {
    let axes = ["trial", "model", "c", "gamma", "depth", "share"];
    let mut input = example("conditional.csv", &axes);
    input.table.columns[6].higher_is_better = Some(false);
    input
}

#[test]
fn best_so_far_never_becomes_worse() {
    let rendered = snapshot(
        "best-so-far",
        "best-so-far",
        &conditional_trials(),
        "{y: value, y_scale: log, labels: {value: cost}}",
    );
    let column = |line: &str| -> f64 {
        line.split(',')
            .nth(1)
            .expect("y")
            .parse()
            .expect("a number")
    };
    let best: Vec<f64> = rendered.csv.lines().skip(1).map(column).collect();
    assert_eq!(best.len(), 100);
    assert!(best.is_sorted_by(|a, b| a >= b));
}

/// Two searches of three repetitions, one trial of which failed; seeds of a trial are averaged before
/// the best is taken.
#[test]
fn best_so_far_over_repeated_searches() {
    let mut csv = "method,search,seed,trial,accuracy\n".to_owned();
    for (m, method) in ["random", "tpe"].iter().enumerate() {
        for search in 0..3u64 {
            for trial in 0..30u64 {
                for seed in 0..2u64 {
                    let i = 1000 * m as u64 + 300 * search + 10 * trial + seed;
                    let gain = (m + 1) as f64 * (1.0 - (-(trial as f64) / 12.0).exp());
                    let accuracy = 0.6 + 0.12 * gain + 0.05 * noise(i);
                    let failed = trial == 4 && search == 1;
                    let cell = if failed {
                        String::new()
                    } else {
                        accuracy.to_string()
                    };
                    csv.push_str(&format!("{method},{search},{seed},{trial},{cell}\n"));
                }
            }
        }
    }
    let input = table(&csv, &["method", "search", "seed", "trial"]);
    let yaml = "{y: accuracy, direction: maximize, color: method, replicate: search, band: minmax}";
    let rendered = snapshot("best-so-far-repeated", "best-so-far", &input, yaml);
    assert!(rendered.caption.contains("n = 3"), "{}", rendered.caption);
    let figure = figures::find("best-so-far").expect("the kind exists");
    let without = figure
        .draw(&input, &params("{y: accuracy}"))
        .expect_err("no direction");
    assert!(
        without
            .to_string()
            .contains("does not say which way is better"),
        "{without}"
    );
}

/// A search by `asha`: 36 trials at one epoch, 12 at three, four at nine.
fn halving() -> FigureInput {
    let mut input = example("halving.csv", &["lr", "latent", "width", "epochs"]);
    input.table.columns[4].higher_is_better = Some(true);
    input
}

#[test]
fn rungs_end_where_a_trial_was_stopped() {
    let rendered = snapshot(
        "rungs",
        "rungs",
        &halving(),
        "{x: epochs, y: valid_elbo, x_scale: log}",
    );
    assert!(
        rendered
            .caption
            .contains("n = 36 trials, of which 4 came to the largest budget"),
        "{}",
        rendered.caption
    );
    let stopped = |line: &&str| line.ends_with("true");
    assert_eq!(rendered.csv.lines().filter(stopped).count(), 24 + 2 * 8);
    let figure = figures::find("rungs").expect("the kind exists");
    let wrong = figure.draw(
        &halving(),
        &params("{x: epochs, y: valid_elbo, replicate: seed}"),
    );
    let wrong = wrong.expect_err("no such column").to_string();
    assert!(wrong.contains("seed"), "{wrong}");
}

/// Rows of a search have no number: they are in the order of its trials.
#[test]
fn best_so_far_numbers_trials_that_have_no_number() {
    let csv = "lr,seed,loss\n0.1,0,4\n0.1,1,2\n0.3,0,5\n0.3,1,9\n0.2,0,1\n0.2,1,2\n";
    let figure = figures::find("best-so-far").expect("the kind exists");
    let rows = |yaml: &str| {
        let drawn = figure.draw(&table(csv, &["lr", "seed"]), &params(yaml));
        let csv = drawn.expect("it draws").csv;
        csv.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = rows("{y: loss, direction: minimize, parameters: [lr]}");
    let best: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(',').nth(1))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let best: Vec<f64> = best
        .iter()
        .map(|best| best.parse().expect("a number"))
        .collect();
    assert_eq!(best, [3.0, 3.0, 1.5]);
    // Each seed a search of its own; without a word every row is a trial.
    assert_eq!(
        rows("{y: loss, direction: minimize, replicate: seed}").len(),
        3
    );
    assert_eq!(rows("{y: loss, direction: minimize}").len(), 6);
}

#[test]
fn repetitions_of_a_trial_count_once() {
    let csv =
        "lr,seed,loss,size\n0.1,0,4,1\n0.1,1,2,1\n0.3,0,0,2\n0.3,1,9,2\n0.2,0,1,3\n0.2,1,2,3\n";
    let drawn = |kind: &str, yaml: &str| {
        let figure = figures::find(kind).expect("the kind exists");
        let drawn = figure.draw(&table(csv, &["lr", "seed"]), &params(yaml));
        drawn.expect("it draws").csv
    };
    let best = |more: &str| -> Vec<f64> {
        let yaml = format!("{{y: loss, direction: minimize, repeats: seed{more}}}");
        let csv = drawn("best-so-far", &yaml);
        let cells = csv
            .lines()
            .skip(1)
            .filter_map(|line| line.split(',').nth(1));
        cells.map(|best| best.parse().expect("a number")).collect()
    };
    assert_eq!(best(""), [3.0, 3.0, 1.5]);
    assert_eq!(best(", statistic: min"), [2.0, 0.0, 0.0]);
    let ways = "x: size, y: loss, x_direction: minimize, y_direction: minimize";
    let front = |more: &str| {
        let csv = drawn("pareto", &format!("{{{ways}{more}}}"));
        let on = csv.lines().filter(|line| line.ends_with(",true")).count();
        (csv.lines().count() - 1, on)
    };
    assert_eq!(front(""), (6, 2));
    assert_eq!(front(", replicate: seed"), (3, 2));
    assert_eq!(front(", replicate: seed, statistic: max"), (3, 2));
}

#[test]
fn an_axis_too_many_is_told_with_what_a_figure_has() {
    let figure = figures::find("line").expect("the kind exists");
    let rows = table("m,s,acc\na,0,0.5\na,1,0.6\n", &["m", "s"]);
    let wrong = figure.draw(&rows, &params("{x: m, y: acc}"));
    let wrong = wrong.expect_err("two rows of one place").to_string();
    assert!(
        wrong.contains("`replicate`") && wrong.contains("`color`") && !wrong.contains("`by`"),
        "{wrong}"
    );
}

#[test]
fn parallel_axes_with_conditions() {
    let rendered = snapshot(
        "parallel",
        "parallel",
        &conditional_trials(),
        "{parameters: [model, c, gamma, depth, share], value: value, value_scale: log, width: double, labels: {value: cost}}",
    );
    assert!(
        rendered.caption.contains("n = 100."),
        "{}",
        rendered.caption
    );
}

#[test]
fn slices_have_a_panel_per_parameter() {
    let mut input = conditional_trials();
    input.table.rows.truncate(60);
    let rendered = snapshot(
        "slices",
        "slices",
        &input,
        "{parameters: [model, c, gamma, depth, share], y: value, color: trial, y_scale: log, width: double, labels: {value: cost}}",
    );
    assert!(rendered.caption.contains("n = 60."), "{}", rendered.caption);
}

#[test]
fn pareto_fronts_by_group() {
    let input = example("zdt1.csv", &["trial", "sampler"]);
    let rendered = snapshot(
        "pareto",
        "pareto",
        &input,
        "{x: f1, y: f2, x_direction: minimize, y_direction: minimize, color: sampler}",
    );
    let line = |row: &str| -> (String, f64, f64, bool) {
        let cells: Vec<&str> = row.split(',').collect();
        let number = |i: usize| cells[i].parse().expect("a number");
        (
            cells[1].to_owned(),
            number(2),
            number(3),
            cells[4] == "true",
        )
    };
    let rows: Vec<_> = rendered.csv.lines().skip(1).map(line).collect();
    for (group, x, y, on) in &rows {
        let dominated = rows
            .iter()
            .any(|(other, a, b, _)| other == group && a <= x && b <= y && (a, b) != (x, y));
        assert_eq!(*on, !dominated);
    }
}

#[test]
fn ranks_with_the_critical_difference() {
    let rendered = snapshot(
        "ranks",
        "ranks",
        &example("trees.csv", &["dataset", "method"]),
        "{compare: method, value: auc, over: dataset, direction: maximize, level: 0.1}",
    );
    // Demšar (2006), section 3.2.2: 2.291 · √(4 · 5 / (6 · 14)) = 1.12.
    assert!(
        rendered.caption.contains("CD = 1.12"),
        "{}",
        rendered.caption
    );
}

#[test]
fn slopes_between_two_drugs() {
    let input = example("sleep.csv", &["drug", "patient"]);
    snapshot(
        "slope",
        "slope",
        &input,
        "{x: drug, y: gain, name: patient}",
    );
}

#[test]
fn pairs_of_columns() {
    let mut input = example("hartmann.csv", &["trial"]);
    input.table.rows.truncate(80);
    let yaml = "{columns: [x0, x5, value], upper: correlation}";
    snapshot("pairs", "pairs", &input, yaml);
}

#[test]
fn bars_along_both_axes() {
    let mut csv = "method,seed,cost,score\n".to_owned();
    for (m, method) in ["vae", "iwae", "mapa"].iter().enumerate() {
        for seed in 0..5u64 {
            let (a, b) = (
                noise(10 * m as u64 + seed),
                noise(1000 + 10 * m as u64 + seed),
            );
            csv.push_str(&format!(
                "{method},{seed},{},{}\n",
                3.0 + 4.0 * m as f64 + a,
                m as f64 - b
            ));
        }
    }
    let input = table(&csv, &["method", "seed"]);
    let yaml = "{x: cost, y: score, color: method, replicate: seed, band: sd}";
    snapshot("errorbar", "errorbar", &input, yaml);
}

#[test]
fn line_over_dates() {
    let mut csv = "day,loss\n".to_owned();
    for day in 1..=28u64 {
        csv.push_str(&format!("2026-02-{day:02},{}\n", 3.0 + noise(day)));
    }
    let rendered = snapshot(
        "line-dates",
        "line",
        &table(&csv, &["day"]),
        "{x: day, y: loss, verticals: {release: 2026-02-10}, spans: {maintenance: [2026-02-17, 2026-02-20]}}",
    );
    let dates = "release: a line at 2026-02-10.";
    assert!(rendered.caption.contains(dates), "{}", rendered.caption);
}

#[test]
fn violins_with_boxes_and_values() {
    let mut csv = "method,seed,loss\n".to_owned();
    for (m, method) in ["vae", "iwae", "mapa"].iter().enumerate() {
        for seed in 0..40u64 {
            let i = 100 * m as u64 + seed;
            csv.push_str(&format!(
                "{method},{seed},{}\n",
                m as f64 + noise(i) + noise(i + 7)
            ));
        }
    }
    let input = table(&csv, &["method", "seed"]);
    let yaml = "{x: method, y: loss, replicate: seed, shape: [violin, box, strip]}";
    snapshot("box-all", "box", &input, yaml);
}

/// Where nothing says how panels stand, one that would lose names has the whole width.
#[test]
fn a_panel_of_many_names_stands_alone() {
    let rows = (0..30).map(|i| format!("task {i},{}\n", i % 7));
    let csv = format!("task,score\n{}", rows.collect::<String>());
    let input = || table(&csv, &["task"]);
    let both = FigureInput {
        panels: ["a", "b"].map(|name| (name.to_owned(), input())).to_vec(),
        ..FigureInput::default()
    };
    let panels = "panels: {a: {figure: bar, x: task, y: score}, b: {figure: histogram, x: score}}";
    let thinned = draw(
        "composite",
        &both,
        &format!("{{width: double, layout: [ab], {panels}}}"),
    );
    assert!(
        thinned.caption.contains("One label in"),
        "{}",
        thinned.caption
    );
    let alone = draw("composite", &both, &format!("{{width: double, {panels}}}"));
    assert!(!alone.caption.contains("One label in"), "{}", alone.caption);
}

#[test]
fn long_row_labels_of_pictures_are_broken() {
    let input = FigureInput {
        images: vec![(label("method", "vae"), discs(12, 1, 1.0))],
        reference: Some(discs(12, 1, 0.0)),
        ..FigureInput::default()
    };
    let labels = "[photographs as the data set has them, reconstructions by the model of this row]";
    let params = format!("{{layout: pairs, columns: 6, row_labels: {labels}}}");
    let rendered = draw("images", &input, &params);
    assert_eq!(texts::faults(&rendered.svg), Vec::<String>::new());
    let (_, texts) = texts::read(&rendered.svg);
    assert!(texts.iter().all(|text| text.words.len() < 30), "{texts:?}");
}

#[test]
fn a_figure_of_panels() {
    let part = |input: FigureInput, name: &str| (name.to_owned(), input);
    let mut circle = results();
    circle.table.rows.retain(|row| row[0] == "circle");
    let input = FigureInput {
        panels: vec![
            part(circle, "a"),
            part(example("sleep.csv", &["drug", "patient"]), "b"),
        ],
        ..FigureInput::default()
    };
    snapshot(
        "composite",
        "composite",
        &input,
        "{width: double, panels: {\
         a: {figure: line, x: samples, y: test_kl, color: method, replicate: draw}, \
         b: {figure: slope, x: drug, y: gain, name: patient}}}",
    );
}
