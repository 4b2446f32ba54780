//! The code of a stage, with what it reads beside what the stage declares. A program here finds only what is
//! declared, so what DVC let it find has to be.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sources::Companions;
use crate::sources::companions;

/// What the code of a stage reads.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub companions: Companions,
    /// All the words in its texts and after dots.
    pub words: BTreeSet<String>,
    /// A script that asks DVC itself.
    pub asks_dvc: Option<String>,
    /// Whether the R package here looks for the project's folder.
    pub here: bool,
}

impl Code {
    /// Looks into these files and what they import and name. `folder` is where the program runs, in the project.
    pub(super) fn read(root: &Path, folder: &str, files: &[String]) -> Self {
        let mut code = Code {
            companions: companions(root, folder, files),
            ..Code::default()
        };
        for (file, text) in &code.companions.texts {
            let asks = ["dvc.api", "params_show(", "dvclive"];
            if code.asks_dvc.is_none() && asks.iter().any(|name| text.contains(name)) {
                code.asks_dvc = Some(file.clone());
            }
            code.here |= !file.ends_with(".py") && text.contains("here(");
            code.words
                .extend(text.lines().flat_map(words).map(str::to_owned));
        }
        code
    }
}

/// What stands in the quotes of a line, and the words after its dots.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let dotted = line.match_indices('.').filter_map(|(at, _)| {
        let mut words = line[at + 1..].split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.next()
    });
    let quotes = ['"', '\'', '`'].into_iter();
    dotted.chain(quotes.flat_map(|quote| line.split(quote).skip(1).step_by(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_quotes_and_after_dots() {
        let said: Vec<&str> = words("p = params[\"model\"].depth + f('lr')").collect();
        for word in ["model", "depth", "lr"] {
            assert!(said.contains(&word), "{word}: {said:?}");
        }
    }
}
