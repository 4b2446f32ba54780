//! The gallery shows every kind of figure: `manifests/gallery.yaml` draws it and `docs/gallery.md`
//! shows it with its YAML. After `cargo run --release -- run manifests/gallery.yaml`,
//! `UPDATE=1 cargo test --test it gallery` rewrites the page and its pictures.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use sweepline::figures;
use sweepline::stages;

const PAGE: &str = "docs/gallery.md";
const PICTURES: &str = "docs/pictures/gallery";
const DRAWN: &str = "outputs/gallery/figures";

/// What stands above the pictures.
const INTRODUCTION: &str = "\
# Gallery

Every kind of figure, drawn by [`manifests/gallery.yaml`](../manifests/gallery.yaml): a sweep of small
β-VAEs on handwritten digits, and Student's data on sleep. It takes about 30 s of processor time:

```sh
cargo run --release -- run manifests/gallery.yaml
```

Each figure is left as SVG, PDF (fonts embedded) and PNG (300 dpi), with the CSV of what it draws and a
caption that states n and what the band is. [The reference](reference/figure.md) has all parameters;
[the tables](reference/table.md) of the same run are under `outputs/gallery/tables`.
";

/// A stage of the pipeline that draws a figure.
struct Shown {
    stage: String,
    /// Without `figure/`.
    kind: String,
    /// As it stands in the file.
    yaml: String,
}

fn shown() -> Vec<Shown> {
    let text = fs::read_to_string("pipelines/gallery.yaml").expect("the pipeline ships");
    let (_, stages) = text.split_once("\nstages:\n").expect("it has stages");
    let mut blocks: Vec<String> = Vec::new();
    for line in stages.lines() {
        let opens = line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
        match blocks.last_mut() {
            Some(block) if !opens => *block += &format!("{line}\n"),
            _ => blocks.push(format!("{line}\n")),
        }
    }
    let figure = |block: &String| {
        let kind = block
            .lines()
            .find_map(|line| line.trim().strip_prefix("uses: figure/"))?;
        let stage = block.lines().next()?.trim().trim_end_matches(':');
        Some(Shown {
            stage: stage.to_owned(),
            kind: kind.to_owned(),
            yaml: block.trim_end().to_owned(),
        })
    };
    blocks.iter().filter_map(figure).collect()
}

fn picture(stage: &str) -> PathBuf {
    Path::new(PICTURES).join(format!("{stage}.svg"))
}

/// One figure of the page, its caption as drawn.
fn section(shown: &Shown, caption: &str) -> String {
    let kind = figures::find(&shown.kind).expect("the kind exists");
    format!(
        "\n## {}\n\n`figure/{}`: {}.\n\n![{}](pictures/gallery/{}.svg)\n\n*{}*\n\n```yaml\n{}\n```\n",
        shown.stage,
        shown.kind,
        kind.summary(),
        shown.stage,
        shown.stage,
        caption.trim(),
        shown.yaml
    )
}

fn rewrite() {
    let drawn = |stage: &str, what: &str| {
        let path = Path::new(DRAWN).join(format!("{stage}.{what}"));
        fs::read_to_string(&path).expect("the gallery was run before")
    };
    let mut page = INTRODUCTION.to_owned();
    fs::create_dir_all(PICTURES).expect("the docs can be written");
    for shown in shown() {
        page += &section(&shown, &drawn(&shown.stage, "caption.txt"));
        fs::write(picture(&shown.stage), drawn(&shown.stage, "svg"))
            .expect("the docs can be written");
    }
    fs::write(PAGE, page).expect("the docs can be written");
}

#[test]
fn every_kind_of_figure_occurs_in_the_gallery() {
    let kinds: BTreeSet<String> = shown().into_iter().map(|shown| shown.kind).collect();
    let all: BTreeSet<String> = figures::ALL
        .iter()
        .map(|figure| figure.name().to_owned())
        .collect();
    assert_eq!(kinds, all);
}

#[test]
fn every_kind_of_table_occurs_in_the_gallery_or_a_paper() {
    // What needs the models of a paper stands in its pipeline.
    let read = |name: &str| {
        fs::read_to_string(format!("pipelines/{name}.yaml")).expect("the pipeline ships")
    };
    let papers = ["gallery", "sa-vae", "rosca-marginal-kl", "rosca-hybrids"];
    let text = papers.map(read).concat();
    for kind in stages::catalog()
        .iter()
        .filter(|kind| kind.name().starts_with("table/"))
    {
        let uses = format!("uses: {}\n", kind.name());
        assert!(text.contains(&uses), "no stage {uses}");
    }
}

#[test]
fn the_page_shows_every_figure_with_its_yaml() {
    if std::env::var_os("UPDATE").is_some() {
        rewrite();
    }
    let page = fs::read_to_string(PAGE).expect("the page is in the repository");
    assert!(page.starts_with(INTRODUCTION), "UPDATE=1 rewrites {PAGE}");
    let mut pictures = BTreeSet::new();
    let mut bytes = 0;
    for shown in shown() {
        // The caption says what came out; the rest is fixed.
        let section = section(&shown, "CAPTION");
        let parts: Vec<&str> = section.split("CAPTION").collect();
        for part in &parts {
            assert!(page.contains(part), "{PAGE} has another text for\n{part}");
        }
        let path = picture(&shown.stage);
        bytes += fs::metadata(&path)
            .expect("every figure has its picture")
            .len();
        pictures.insert(path);
    }
    assert!(bytes < 2_000_000, "the pictures are large: {bytes}");
    let files = fs::read_dir(PICTURES).expect("the folder is there");
    for file in files.map(|file| file.expect("the folder is readable").path()) {
        assert!(
            pictures.contains(&file),
            "{} belongs to no figure",
            file.display()
        );
    }
}
