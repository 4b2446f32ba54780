//! The page and the exports of an experiment, from the command line.

use crate::support::TestSpace;
use sweepline::export::read_records;

fn finished() -> TestSpace {
    let space = TestSpace::new();
    let manifest = space.read("manifests/small.yaml");
    let claims = "claims:\n  - {name: negative, source: nobody, says: max(elbo) < 0}\n";
    space.write("manifests/small.yaml", &format!("{manifest}{claims}"));
    space.stdout(&["run", "manifests/small.yaml", "--report"]);
    space
}

#[test]
fn a_report_shows_what_there_is_and_is_the_same_page_again() {
    let space = finished();
    let page = space.read("outputs/small/report.html");
    for part in [
        "<code>small</code>",
        "1 claim: 1 holds.",
        "max(elbo) &lt; 0",
        "data:image/svg+xml",
        "data-grid=\"summary\"",
        "data-grid=\"elbo\"",
        "<h3>Critical path</h3>",
        "sweepline run manifests/small.yaml",
        "uses: train/vae",
        "seeds seed",
        // Where it stands, first; and how figures were made.
        "Complete: ",
        "How it was made",
        "<th class=\"text\">latent</th>",
        // Every step, with all that it left.
        "fit[latent=4,seed=1]/model.safetensors",
    ] {
        assert!(page.contains(part), "no `{part}` in the page");
    }
    assert!(!page.contains("id=\"failures\""));

    let again = "outputs/small/again.html";
    space.stdout(&["report", "manifests/small.yaml", "--out", again]);
    assert!(
        space.read(again) == page,
        "another page of the same results"
    );
    // A run that finds all up to date has no times of its own: those of the work remain.
    space.run(&[]);
    space.stdout(&["report", "manifests/small.yaml"]);
    assert!(
        space.read("outputs/small/report.html") == page,
        "another page after a run that did nothing"
    );
}

#[test]
fn files_beside_the_page_are_where_its_links_lead() {
    let space = finished();
    space.stdout(&[
        "report",
        "manifests/small.yaml",
        "--out",
        "elsewhere/page.html",
    ]);
    for (folder, page) in [
        ("outputs/small", "outputs/small/report.html"),
        ("elsewhere", "elsewhere/page.html"),
    ] {
        let text = space.read(page);
        let links = text.split("class=\"file\" href=\"").skip(1);
        let links = links.map(|rest| rest.split('"').next().unwrap_or_default());
        let links: Vec<&str> = links.filter(|link| !link.starts_with("data:")).collect();
        assert!(links.iter().any(|link| link.ends_with(".pdf")), "{links:?}");
        assert!(links.iter().any(|link| link.ends_with(".tex")), "{links:?}");
        for link in links {
            assert!(!link.contains('%'), "the names here are plain: {link}");
            assert!(space.path(folder).join(link).is_file(), "{page}: {link}");
        }
    }
}

#[test]
fn a_page_that_somebody_edited_is_kept() {
    let space = finished();
    let page = "outputs/small/report.html";
    space.stdout(&["report", "manifests/small.yaml"]);
    assert!(!space.path("outputs/small/report.html.kept-1").exists());
    space.replace(page, "<body>", "<body><!-- my notes -->");
    space.stdout(&["report", "manifests/small.yaml"]);
    assert!(!space.read(page).contains("my notes"));
    let kept = space.read("outputs/small/report.html.kept-1");
    assert!(kept.contains("my notes"));
}

#[test]
fn runs_that_knew_other_results_can_be_compared() {
    let space = finished();
    let page = "outputs/small/report.html";
    assert!(
        !space.read(page).contains("id=\"runs\""),
        "there is one run"
    );
    space.stdout(&["run", "manifests/small.yaml", "-p", "epochs=3"]);
    space.stdout(&["report", "manifests/small.yaml"]);
    let page = space.read(page);
    let (_, runs) = page
        .split_once("class=\"runs\">")
        .expect("two runs to compare");
    let (runs, _) = runs.split_once("</script>").expect("an element");
    let runs: serde_json::Value = serde_json::from_str(runs).expect("JSON");
    let results = runs["results"].as_array().expect("results");
    let epochs = |wanted: &str| {
        let is = |result: &&serde_json::Value| {
            result["step"] == "fit[latent=2,seed=0]" && result["parts"]["param.epochs"] == wanted
        };
        let found = results.iter().find(is);
        found.unwrap_or_else(|| panic!("no {wanted}"))["numbers"]["valid_elbo"].as_f64()
    };
    assert_ne!(epochs("2"), epochs("3"));
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_run_leaves_its_metrics_for_prometheus() {
    let space = TestSpace::new();
    let run = ["run", "manifests/small.yaml", "--metrics-file"];
    let output = space.output(&[&run[..], &["nowhere/m.prom"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no folder `nowhere`"), "{said}");
    assert!(!space.path("outputs").exists(), "nothing was run");

    space.stdout(&[&run[..], &["m.prom"]].concat());
    let text = space.read("m.prom");
    let own = "experiment=\"small\",stage=\"fit\"";
    for line in [
        &*format!("sweepline_steps{{{own},state=\"done\"}} 4"),
        &*format!("sweepline_step_duration_seconds_count{{{own}}} 4"),
        "sweepline_run_success{experiment=\"small\"} 1",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    space.stdout(&[&run[..], &["m.prom"]].concat());
    let line = format!("sweepline_cache_hits_total{{{own}}} 4");
    assert!(space.read("m.prom").contains(&line));
}

#[test]
fn a_report_names_what_failed_and_what_is_missing() {
    let space = TestSpace::new();
    space.replace("pipelines/digits.yaml", "by: valid_elbo", "by: beauty");
    let output = space.output(&["run", "manifests/small.yaml", "--report"]);
    assert_eq!(output.status.code(), Some(1));
    let page = space.read("outputs/small/report.html");
    assert!(page.contains("id=\"failures\""));
    assert!(page.contains("best[latent=2]"));
    assert!(page.contains("pipelines/digits.yaml:"));
    assert!(page.contains("reports no `beauty`"), "the message is there");
    assert!(page.contains("skipped"), "what needs it is there too");
}

#[test]
fn without_results_there_is_no_page() {
    let space = TestSpace::new();
    let output = space.output(&["report", "manifests/small.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no results yet"), "{said}");
    assert!(!space.path("outputs").exists());
    // There were some, of another program.
    let toy =
        "experiment: t\nstages:\n  a: {uses: command, with: {run: echo n=1, metrics: stdout}}\n";
    space.write("manifests/t.yaml", toy);
    assert!(space.output(&["run", "manifests/t.yaml"]).status.success());
    space.replace("manifests/t.yaml", "n=1", "n=2");
    for verb in ["report", "ls"] {
        let output = space.output(&[verb, "manifests/t.yaml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("no result that is current"), "{said}");
    }
}

#[test]
fn exports_hold_every_cell() {
    let space = finished();
    for form in ["csv", "arrow", "tensorboard", "mlflow"] {
        space.stdout(&["export", "manifests/small.yaml", "--to", form, form]);
    }
    let scores = space.read("csv/elbo.csv");
    assert_eq!(scores.lines().count(), 1 + 4, "{scores}");
    assert!(scores.starts_with("latent,seed,elbo,"), "{scores}");
    let curves = space.read("csv/fit.curves.csv");
    assert_eq!(curves.lines().count(), 1 + 4 * 2, "{curves}");
    assert!(
        curves.starts_with("latent,seed,epoch,iteration,train_loss,"),
        "{curves}"
    );

    let mut events = space.files("tensorboard");
    // What the export remembers of itself.
    events.retain(|path| !path.ends_with(".sweepline-export"));
    assert_eq!(events.len(), 4, "{events:?}");
    for path in events {
        let bytes = std::fs::read(&path).expect("a file");
        let records = read_records(&bytes).expect("whole records");
        assert!(records.len() > 5, "{}: {}", path.display(), records.len());
    }
    let losses = space.files("mlflow");
    let losses = losses
        .iter()
        .filter(|path| path.ends_with("metrics/fit/train_loss"));
    assert_eq!(losses.count(), 4);
    // With what the export remembers of itself.
    assert_eq!(space.files("arrow").len(), 4);
}

#[test]
fn nothing_measured_is_nothing_exported() {
    let space = TestSpace::new();
    let arguments = ["export", "manifests/small.yaml", "--to", "mlflow", "there"];
    let output = space.output(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nothing was measured yet"), "{said}");
    assert!(!space.path("there").exists());
}
