//! Data flows one way: the table in `docs/architecture.md` holds for every `use crate::…` line.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Module → the modules it may use, from the table under "Modules" in `docs/architecture.md`.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string("docs/architecture.md").expect("the page is in the repository");
    let mut allowed = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, _, uses, _] = cells[..] else {
            continue;
        };
        let Some(name) = name
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix('`'))
        else {
            continue;
        };
        let uses = uses
            .split(',')
            .map(|name| name.trim().trim_matches('`').to_owned())
            .filter(|name| !name.is_empty() && name != "–")
            .collect();
        allowed.insert(name.to_owned(), uses);
    }
    allowed
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("source folders are readable") {
        let path = entry.expect("source folders are readable").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn modules() -> Vec<String> {
    let mut modules: Vec<String> = fs::read_dir("src")
        .expect("the crate has sources")
        .map(|entry| entry.expect("the crate has sources").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            path.file_name()
                .expect("a folder has a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    modules.sort();
    modules
}

#[test]
fn every_module_is_on_the_map() {
    let named: Vec<String> = allowed().into_keys().collect();
    assert_eq!(named, modules());
}

#[test]
fn modules_use_only_what_the_map_allows() {
    let allowed = allowed();
    let mut breaches = Vec::new();
    for module in modules() {
        let mut files = Vec::new();
        rust_files(&Path::new("src").join(&module), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("sources are text");
            for (number, line) in text.lines().enumerate() {
                // Comments may link to anything; code may not.
                let code = line.split("//").next().unwrap_or_default();
                for path in code.split("crate::").skip(1) {
                    let used: String = path
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    if used != module && !allowed[&module].contains(&used) {
                        breaches.push(format!("{}:{}: {used}", file.display(), number + 1));
                    }
                }
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

/// How high a module stands: above all that it may use. Without end where there is a circle.
fn floor(module: &str, allowed: &BTreeMap<String, BTreeSet<String>>, above: usize) -> usize {
    assert!(above <= allowed.len(), "a circle leads through `{module}`");
    let below = allowed[module].iter();
    let below = below.map(|used| floor(used, allowed, above + 1));
    1 + below.max().unwrap_or(0)
}

/// The picture of the floors is that of the table, which has no circle.
#[test]
fn every_module_stands_above_what_it_uses() {
    let allowed = allowed();
    let page = fs::read_to_string("docs/architecture.md").expect("the page is in the repository");
    let mut shown = BTreeMap::new();
    for line in page.lines() {
        let mut words = line.split_whitespace();
        if let Some(Ok(floor)) = words.next().map(str::parse::<usize>) {
            shown.extend(words.map(|module| (module.to_owned(), floor)));
        }
    }
    let real = allowed.keys();
    let real = real.map(|module| (module.clone(), floor(module, &allowed, 0)));
    assert_eq!(shown, real.collect());
}

/// What is printed goes through `src/cli/printer.rs`, which makes it safe to show.
#[test]
fn only_the_printer_prints() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let printer = Path::new("src/cli/printer.rs");
    // A worker's standard output is its line to the process that started it.
    let wire = Path::new("src/engine/isolated/child.rs");
    let ways = [
        "print!(",
        "println!(",
        "dbg!(",
        "io::stdout",
        "io::stderr",
        "anstream::",
        "Stdout",
        "Stderr",
    ];
    let tests = |path: &Path| {
        path.iter()
            .any(|part| part == "tests" || part == "tests.rs")
    };
    let mut breaches = Vec::new();
    for file in files {
        if file == printer || file == wire || tests(&file) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("sources are text");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if ways.iter().any(|way| code.contains(way)) {
                breaches.push(format!("{}:{}: {code}", file.display(), number + 1));
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

/// A path is printed by `text::ShowPath`, in one line whatever it is called.
#[test]
fn paths_are_printed_in_one_line() {
    let mut files = Vec::new();
    for room in ["cli", "engine", "plan", "stages", "store"] {
        rust_files(&Path::new("src").join(room), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).expect("sources are text");
        assert!(!text.contains(".display()"), "{}", file.display());
    }
}

/// dfdx is named only in `nn`, plotters only in `figures`: each can be replaced behind its wall.
#[test]
fn walls_hold() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("sources are text");
        let path = file.to_string_lossy();
        for (name, wall) in [("dfdx::", "src/nn/"), ("plotters::", "src/figures/")] {
            let inside = path.starts_with(wall);
            assert!(inside || !text.contains(name), "{path} names {name}");
        }
    }
}
