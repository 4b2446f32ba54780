//! Programs of the project that the code of a stage imports or names and that are in no key: an edit of them
//! would go unnoticed.

use super::params::CommandParams;
use super::remarks::Remarks;
use super::remarks::covered;
use super::remarks::part;
use crate::manifest::Argument;
use crate::plan::PatternMatches;
use crate::plan::Step;
use crate::sources::companions;
use crate::sources::is_source;
use crate::text::Diagnostic;

/// So many programs of a stage are looked into, which takes milliseconds.
const LOOKED_INTO: usize = 500;

/// So many of them are named.
const NAMED: usize = 5;

impl Remarks<'_> {
    /// Warns of what code reads that is no code of the step itself, once for the same patterns.
    pub(super) fn unfollowed(&mut self, code: &Argument, step: &Step, matched: &PatternMatches) {
        let Ok(params) = CommandParams::read(&step.params) else {
            return;
        };
        let patterns = params.code.unwrap_or_default();
        if !self.followed.insert(patterns.clone()) {
            return;
        }
        let files = matched.files.iter().map(|(name, _)| name);
        let files = files.filter(|name| is_source(name)).take(LOOKED_INTO);
        let found = companions(self.tree.root(), "", &files.cloned().collect::<Vec<_>>());
        let imported = found.imported.iter();
        let imported = imported.map(|(path, by)| (path, by, "imports"));
        let named = found.named.iter().filter(|(_, path)| is_source(path));
        let named = named.map(|(by, path)| (path, by, "names"));
        let covered = covered(step, matched);
        let away = self.taken_away(&patterns);
        let is_open = |name: &str| {
            let path = self.tree.root().join(name);
            let known = path.canonicalize().unwrap_or_else(|_| path.clone());
            let is_covered = known.ancestors().any(|above| covered.contains(above));
            // An empty `__init__.py` says nothing.
            let is_empty = path.metadata().is_ok_and(|about| about.len() == 0);
            !is_covered && !covered.contains(&path) && !is_empty && !name.starts_with("outputs/")
        };
        let open = imported.chain(named).filter(|(name, ..)| is_open(name));
        let mut open: Vec<_> = open.filter(|(name, ..)| !away.contains(*name)).collect();
        open.sort();
        open.dedup_by_key(|(name, ..)| *name);
        let Some((first, by, how)) = open.first() else {
            return;
        };
        let title = match open.len() {
            1 => format!("`{first}` is in no key"),
            several => format!("`{first}` and {} more are in no key", several - 1),
        };
        let edited = match params.copy_code {
            Some(true) => "it is not copied, and an edit of it would go unnoticed",
            _ => "an edit of it would go unnoticed",
        };
        let names = open.iter().take(NAMED);
        let names = names.map(|(name, ..)| format!("\"{name}\""));
        let names = names.collect::<Vec<_>>().join(", ");
        self.found.push(
            Diagnostic::warning(title)
                .at(
                    &part(&code.value.place, by),
                    format!("`{by}` {how} it: {edited}"),
                )
                .help(format!(
                    "with {names} under `code` too it counts; a pattern with `!` says that it need not"
                )),
        );
    }

    /// The files that patterns take away: somebody has said that they do not count.
    pub(super) fn taken_away(&self, patterns: &[String]) -> Vec<String> {
        let away = patterns
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'));
        let away: Vec<&str> = away.collect();
        let matched = self.tree.matching(&away).unwrap_or_default();
        matched.files.into_iter().map(|(name, _)| name).collect()
    }
}
