//! The examples of the book are run as a reader would: each page in an empty folder, from top to
//! bottom.
//!
//! - A fenced block whose first line is a comment that names a file, `# manifests/rings.yaml`, is
//!   that file. `# manifests/rings.yaml, at the end` adds to it.
//! - A `console` block has commands after `$ ` (longer ones go on after `> `), each with what it
//!   prints; nothing there: it may print anything. `...` stands for any lines and `[..]` for any
//!   text within one, and times and names of runs are not compared.
//! - Every command ends well, but for the last of a block marked `console fails`.
//!
//! `BOOK=how-to/seeds cargo test --test it book::` runs the pages whose path has that in it; `UPDATE=1`
//! writes anew what was printed otherwise, where nothing of it was left out.

pub(crate) mod page;
mod reader;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

const BOOK: &str = "docs";

/// The pages below a folder, as paths from the root of the repository.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the book is there") {
        let path = entry.expect("a folder of the book").path();
        match path.is_dir() {
            true => pages(&path, found),
            false if path.extension().is_some_and(|ending| ending == "md") => found.push(path),
            false => {}
        }
    }
    found.sort();
}

/// The files that a page writes, each as it is at first and with all that is added to it later.
#[must_use]
pub(crate) fn files() -> Vec<(String, String)> {
    let mut written = Vec::new();
    for path in all() {
        let page = fs::read_to_string(&path).expect("a page is text");
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for action in page::actions(&page) {
            let (file, text) = match action.what {
                page::What::Write { file, text } => (file, text),
                page::What::Append { file, text } => {
                    let before = texts.get(&file).cloned().unwrap_or_default();
                    (file, before + &text)
                }
                page::What::Run(_) => continue,
            };
            written.push((format!("{}: {file}", path.display()), text.clone()));
            texts.insert(file, text);
        }
    }
    written
}

fn all() -> Vec<PathBuf> {
    let mut found = Vec::new();
    pages(Path::new(BOOK), &mut found);
    found
}

#[test]
fn each_example_does_what_the_page_says() {
    let program = Path::new(env!("CARGO_BIN_EXE_sweepline"));
    let chosen = std::env::var("BOOK").unwrap_or_default();
    let mut waiting = all();
    waiting.retain(|page| page.to_string_lossy().contains(&chosen));
    waiting.reverse();
    let waiting = Mutex::new(waiting);
    let wrong = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(path) = waiting.lock().expect("no reader panics").pop() else {
                        return;
                    };
                    let told = check(&path, program);
                    wrong.lock().expect("no reader panics").extend(told);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no reader panics");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What a page says and is not so.
fn check(path: &Path, program: &Path) -> Vec<String> {
    let before = fs::read_to_string(path).expect("a page is text");
    let actions = page::actions(&before);
    let surprises = reader::read(&actions, program);
    if std::env::var_os("UPDATE").is_some() {
        let mut text = before.clone();
        // From the end, so that lines before stay where they are.
        for surprise in surprises.iter().rev() {
            if let Some((call, printed)) = &surprise.printed
                && call.is_whole()
            {
                text = call.rewrite(&text, surprise.line, printed);
            }
        }
        if text != before {
            fs::write(path, text).expect("a page can be written");
        }
    }
    let told = |surprise: &reader::Surprise<'_>| {
        format!("{}:{}: {}", path.display(), surprise.line, surprise.told)
    };
    surprises.iter().map(told).collect()
}

/// A page that the contents do not name is not in the site.
#[test]
fn the_contents_name_every_page_and_every_link_leads_to_a_file() {
    let contents = Path::new(BOOK).join("SUMMARY.md");
    let named: Vec<PathBuf> = page::links(&fs::read_to_string(&contents).expect("contents"))
        .map(|link| Path::new(BOOK).join(link))
        .collect();
    let mut wrong = Vec::new();
    for path in all() {
        // Tables beside a page of results are parts of it.
        let part = path.components().count() > 3 && path.starts_with("docs/results");
        if path != contents && !part && !named.contains(&path) {
            wrong.push(format!("{} is not in SUMMARY.md", path.display()));
        }
        let text = fs::read_to_string(&path).expect("a page is text");
        let folder = path.parent().expect("pages lie in a folder");
        for link in page::links(&text) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !folder.join(file).exists() {
                wrong.push(format!("{}: no {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
