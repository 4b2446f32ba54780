//! What ships works: every manifest in the repository plans, and the README shows them as they are.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

fn manifests() -> Vec<PathBuf> {
    let entries = fs::read_dir("manifests").expect("manifests ship");
    let paths = entries.map(|entry| entry.expect("folders are readable").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|e| e == "yaml"));
    let mut all: Vec<PathBuf> = yaml.collect();
    all.sort();
    all
}

/// Those of whole projects.
fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir("examples").expect("examples ship");
    let folders = entries.map(|entry| {
        entry
            .expect("folders are readable")
            .path()
            .join("manifests")
    });
    let entries = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten();
    entries
        .map(|entry| entry.expect("folders are readable").path())
        .collect()
}

/// The names under `profiles`, and none for the manifest as it stands.
fn profiles(manifest: &Path) -> Vec<Option<String>> {
    let text = fs::read_to_string(manifest).expect("manifests are text");
    let manifest: serde_yaml::Value = serde_yaml::from_str(&text).expect("manifests are YAML");
    let named = manifest["profiles"]
        .as_mapping()
        .cloned()
        .unwrap_or_default();
    let names = named.into_iter().map(|(name, _)| name);
    let names = names.map(|name| name.as_str().map(str::to_owned));
    [None].into_iter().chain(names).collect()
}

#[test]
fn every_manifest_checks_without_a_warning_in_each_of_its_profiles() {
    assert!(!manifests().is_empty() && !examples().is_empty());
    for manifest in manifests().into_iter().chain(examples()) {
        for profile in profiles(&manifest) {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sweepline"));
            command.arg("check").arg(&manifest).env("NO_COLOR", "1");
            if let Some(profile) = &profile {
                command.args(["--profile", profile]);
            }
            let output = command.output().expect("the program starts");
            let said = String::from_utf8_lossy(&output.stderr);
            let what = format!("{} {profile:?}\n{said}", manifest.display());
            assert!(output.status.success(), "{what}");
            assert!(!said.contains("warning"), "{what}");
        }
    }
}

#[test]
fn every_pipeline_belongs_to_a_manifest() {
    let texts: Vec<String> = manifests()
        .into_iter()
        .map(|path| fs::read_to_string(path).expect("manifests are text"))
        .collect();
    for entry in fs::read_dir("pipelines").expect("pipelines ship") {
        let path = entry.expect("folders are readable").path();
        if path.extension().is_none_or(|e| e != "yaml") {
            // Programs that pipelines run.
            continue;
        }
        let name = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy();
        assert!(
            texts.iter().any(|text| text.contains(&format!("/{name}"))),
            "no manifest uses {}",
            path.display()
        );
    }
}

#[test]
fn the_readme_shows_the_quickstart_as_it_is() {
    let readme = fs::read_to_string("README.md").expect("there is a README");
    let manifest = fs::read_to_string("manifests/quickstart.yaml").expect("it ships");
    assert!(
        readme.contains(&manifest),
        "the README's manifest is another one"
    );
}

/// Each mistake the README promises a message for gets it.
#[test]
fn the_readme_shows_a_message_as_it_is() {
    let readme = fs::read_to_string("README.md").expect("there is a README");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for part in ["manifests", "pipelines"] {
        fs::create_dir(folder.path().join(part)).expect("a folder");
    }
    let pipeline = fs::read_to_string("pipelines/digits.yaml").expect("it ships");
    let pipeline = pipeline.replace("train/vae", "train/vea");
    fs::write(folder.path().join("pipelines/digits.yaml"), pipeline).expect("a file");
    fs::copy(
        "manifests/quickstart.yaml",
        folder.path().join("manifests/quickstart.yaml"),
    )
    .expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_sweepline"))
        .args(["check", "manifests/quickstart.yaml"])
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("messages are text");
    let message = said
        .split("\n\n")
        .next()
        .expect("splitting gives a part")
        .trim_end();
    assert!(readme.contains(message), "the README should say\n{message}");
}

/// The commands need nothing but the tools of a Unix system, and take seconds.
#[cfg(unix)]
#[test]
fn the_manifest_of_commands_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outputs = folder.path().join("outputs");
    let run = || {
        Command::new(env!("CARGO_BIN_EXE_sweepline"))
            .args(["run", "manifests/commands.yaml", "--outputs"])
            .arg(&outputs)
            .env("NO_COLOR", "1")
            .env_remove("SWEEPLINE_STORE")
            .output()
            .expect("the program starts")
    };
    let output = run();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let table = fs::read_to_string(outputs.join("commands/tables/summary.csv"))
        .expect("the table is there");
    // 3 keyboards of 5 lengths, under a line of names.
    assert_eq!(table.lines().count(), 1 + 15, "{table}");
    for figure in ["growth", "ranks"] {
        let path = outputs.join(format!("commands/figures/{figure}.svg"));
        assert!(path.exists(), "{}", path.display());
    }
    let again = run();
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("all up to date"), "{said}");
}
