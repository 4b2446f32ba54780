//! What there is to say of commands before they run: patterns of code without a file, project files
//! that are run and belong to no key, failures that no shell would see.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use super::mentions::Mention;
use super::mentions::mentions;
use super::mentions::written;
use super::params::CommandParams;
use super::params::Run;
use super::script;
use super::shell;
use super::shells;
use super::shells::Call;
use crate::manifest::Argument;
use crate::manifest::Stage;
use crate::plan::From;
use crate::plan::PatternError;
use crate::plan::PatternMatches;
use crate::plan::Plan;
use crate::plan::Step;
use crate::plan::Tree;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Place;
use crate::text::ShowPath;
use crate::text::closest;

/// So many steps of a stage are looked at whose arguments differ.
const STEPS: usize = 32;

/// A folder with more files than this is not searched for one that counts.
const FOLDER: usize = 2_000;

/// What there is to say of the commands of a plan.
pub fn check_commands(plan: &Plan, tree: &Tree) -> Diagnostics {
    let mut remarks = Remarks {
        tree,
        matched: BTreeMap::new(),
        followed: BTreeSet::new(),
        found: Diagnostics::new(),
    };
    let mut steps: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in plan
        .steps
        .iter()
        .filter(|step| step.kind.name() == "command")
    {
        steps.entry(&step.stage).or_default().push(step);
    }
    for stage in &plan.experiment.pipeline.stages {
        if let Some(steps) = steps.get(&*stage.name) {
            remarks.stage(stage, steps);
        }
    }
    remarks.found
}

pub(super) struct Remarks<'r> {
    pub tree: &'r Tree,
    /// By patterns.
    matched: BTreeMap<Vec<String>, Rc<PatternMatches>>,
    /// Patterns of code whose files were looked into.
    pub followed: BTreeSet<Vec<String>>,
    pub found: Diagnostics,
}

impl Remarks<'_> {
    fn stage(&mut self, stage: &Stage, steps: &[&Step]) {
        let argument = |name: &str| stage.with.iter().find(|argument| *argument.name == *name);
        let code = argument("code");
        let differs = |argument: Option<&Argument>| {
            argument.is_some_and(|argument| argument.value.literal().is_none())
        };
        let code_differs = differs(code);
        let run_differs = differs(argument("run")) || differs(argument("values"));
        for (number, step) in steps.iter().enumerate() {
            let first = number == 0;
            if !first && !code_differs && (!run_differs || number >= STEPS) {
                break;
            }
            let place = code.map_or(&stage.place, |code| &code.value.place);
            let Some(matched) = self.patterns(step, place) else {
                continue;
            };
            if first || (run_differs && number < STEPS) {
                self.forgotten(stage, step, &matched);
            }
            if let Some(code) = code {
                self.unfollowed(code, step, &matched);
                if first {
                    self.copied_as_code(code, step, &matched);
                }
            }
        }
        if let Some(step) = steps.first() {
            self.misplaced(stage, step);
        }
        if let (Some(run), Some(step)) = (argument("run"), steps.first()) {
            self.unseen(stage, step, &run.value.place);
            self.unfilled(stage, step, &run.value.place);
        }
    }

    /// The files of a step's code; says which patterns have none.
    fn patterns(&mut self, step: &Step, place: &Place) -> Option<Rc<PatternMatches>> {
        let known = CommandParams::read(&step.params)
            .ok()?
            .code
            .unwrap_or_default();
        let patterns: Vec<&str> = known.iter().map(String::as_str).collect();
        if let Some(matched) = self.matched.get(&known) {
            return Some(Rc::clone(matched));
        }
        let matched = match self.tree.matching(&patterns) {
            Ok(matched) => matched,
            Err(PatternError::Pattern { number, message }) => {
                let pattern = patterns[number];
                self.found.push(
                    Diagnostic::error(format!("`{pattern}` is no pattern of project files"))
                        .at(&part(place, pattern), message)
                        .help("`src/**/*.py` matches the files of all folders below `src`"),
                );
                return None;
            }
            // What cannot be read now may be readable when it is wanted; a key says so otherwise.
            Err(PatternError::Reading { path, error }) => {
                let title = format!("cannot read `{}`: {error}", path.shown());
                self.found
                    .push(Diagnostic::warning(title).at(place, "these patterns look there"));
                return None;
            }
        };
        for idle in &matched.idle {
            let pattern = patterns[idle.pattern];
            let error = Diagnostic::error(format!("`{pattern}` matches no file of the project"));
            let place = part(place, pattern);
            self.found.push(match idle.taken {
                true => error
                    .at(&place, "all that it matches is taken away")
                    .help("a pattern with `!` takes away from those before it"),
                false => {
                    let root = self.tree.root().shown();
                    error
                        .at(&place, "no such file")
                        .maybe_help(self.meant(pattern))
                        .help(format!(
                            "patterns are relative to the project's folder, `{root}`"
                        ))
                }
            });
        }
        let away = |pattern: &&&str| pattern.starts_with('!');
        for pattern in patterns.iter().take_while(away) {
            let taken = self.tree.matching(&[&pattern[1..]]).unwrap_or_default();
            if taken.files.iter().any(|file| matched.files.contains(file)) {
                self.found.push(
                    Diagnostic::warning(format!("`{pattern}` takes nothing away"))
                        .at(&part(place, pattern), "what it matches comes after it")
                        .help("a pattern with `!` takes away from those before it"),
                );
            }
        }
        let good = matched.idle.is_empty();
        let matched = Rc::new(matched);
        self.matched.insert(known, Rc::clone(&matched));
        good.then_some(matched)
    }

    /// The name that the first component was meant to be of which there is none.
    fn meant(&self, pattern: &str) -> Option<String> {
        let escaped = glob::Pattern::escape(pattern);
        if escaped != pattern && self.tree.root().join(pattern).is_file() {
            return Some(format!(
                "the file of that name is `{escaped}`: `*`, `?`, and `[…]` are wildcards"
            ));
        }
        let mut folder = self.tree.root().to_owned();
        let mut before = String::new();
        for name in pattern.split('/') {
            if name.contains(['*', '?', '[']) {
                return None;
            }
            if folder.join(name).exists() {
                folder.push(name);
                before.push_str(name);
                before.push('/');
                continue;
            }
            let entries = fs::read_dir(&folder).ok()?.flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let names: Vec<String> = names.collect();
            let close = closest(name, names.iter().map(String::as_str))?;
            return Some(format!("did you mean `{before}{close}`?"));
        }
        None
    }

    /// Warns of the files of the project that a step names and that are in no key.
    fn forgotten(&mut self, stage: &Stage, step: &Step, matched: &PatternMatches) {
        let covered = covered(step, matched);
        let Ok(params) = CommandParams::read(&step.params) else {
            return;
        };
        let outputs = written(&params);
        let patterns = params.code.clone().unwrap_or_default();
        let away = self.taken_away(&patterns);
        for (argument, mention) in mentions(&params, self.tree.root()) {
            let Some((path, name)) = self.named(&mention) else {
                continue;
            };
            let known = path.ancestors().any(|above| covered.contains(above));
            let mut given = Path::new(&mention.name).ancestors();
            let given = given.any(|path| outputs.contains(&*path.to_string_lossy()));
            // A link among the code is there by the content behind it.
            let mut code = matched.files.iter();
            let is_behind = |(_, file): &(String, PathBuf)| {
                file.canonicalize().is_ok_and(|file| path.starts_with(file))
            };
            let copied = params.copy_code == Some(true);
            let copied = copied && matched.files.iter().any(|(file, _)| *file == name);
            if mention.here && !given && !copied {
                self.elsewhere(stage, argument, &mention, &name);
            }
            let is_away = away.contains(&name) || patterns.contains(&format!("!{name}"));
            if given || known || is_away || code.any(is_behind) {
                continue;
            }
            if path.is_dir() && (mention.bare || self.covers_some(&path, &covered)) {
                continue;
            }
            let Some(argument) = stage.with.iter().find(|known| *known.name == *argument) else {
                continue;
            };
            let place = part(&argument.value.place, &mention.written);
            self.found.push(
                Diagnostic::warning(format!("`{name}` is named here and is in no key"))
                    .at(&place, "an edit of it would go unnoticed")
                    .help(format!(
                        "`code: [\"{name}\"]` under `with` counts it as code; what a program reads may \
                         be an input, `in: {{…: {{file: \"{name}\"}}}}`"
                    )),
            );
        }
    }

    /// Warns of a file of the project that a program looks for in its own folder, where it is not.
    fn elsewhere(&mut self, stage: &Stage, argument: &str, mention: &Mention, name: &str) {
        let argument = stage.with.iter().find(|known| *known.name == *argument);
        let Some(argument) = argument else { return };
        self.found.push(
            Diagnostic::warning(format!("`{name}` is not where `{}` runs", stage.name))
                .at(
                    &part(&argument.value.place, &mention.written),
                    "each step runs in a folder of its own",
                )
                .help(format!(
                    "write `${{root}}/{name}`, or have `code` copied there by `copy_code: true`"
                )),
        );
    }

    /// The file or folder of the project that is meant, with its name there.
    fn named(&self, mention: &Mention) -> Option<(PathBuf, String)> {
        let root = self.tree.root();
        let path = root.join(&mention.name).canonicalize().ok()?;
        let name = path.strip_prefix(root).ok()?;
        let name = name.to_str().filter(|name| !name.is_empty())?;
        // Where runs write is no code.
        let outputs = name == "outputs" || name.starts_with("outputs/");
        (!outputs).then(|| (path.clone(), name.to_owned()))
    }

    /// Whether any file below a folder is covered, or there is none.
    fn covers_some(&self, folder: &Path, covered: &BTreeSet<PathBuf>) -> bool {
        let inside = |file: &&PathBuf| file.starts_with(folder);
        if covered
            .range(folder.to_owned()..)
            .next()
            .filter(inside)
            .is_some()
        {
            return true;
        }
        let name = folder.strip_prefix(self.tree.root()).unwrap_or(folder);
        let pattern = format!("{}/**", glob::Pattern::escape(&name.to_string_lossy()));
        match self.tree.matching(&[&pattern]) {
            Ok(all) => all.files.is_empty() || all.files.len() > FOLDER,
            Err(_) => true,
        }
    }

    /// Warns of values that a shell text names where the shell fills in nothing.
    fn unfilled(&mut self, stage: &Stage, step: &Step, place: &Place) {
        let params = CommandParams::read(&step.params);
        let Ok(Run::Text(text)) = params.map(|params| params.run) else {
            return;
        };
        let holes: BTreeSet<String> = script::joints(&text).literal.into_iter().collect();
        for hole in holes {
            let place = match text.matches(&hole).count() {
                1 => part(place, &hole),
                _ => place.clone(),
            };
            let stage = &stage.name;
            self.found.push(
                Diagnostic::warning(format!("`{hole}` stays as it is in `{stage}`"))
                    .at(&place, "within single quotes the shell fills in nothing")
                    .help(format!(
                        "end the quotes around it, `'…'\"{hole}\"'…'`; a here-document fills in where its \
                         word has no quotes, `<<END`"
                    ))
                    .help(format!("write `${hole}` where another program is to read it so")),
            );
        }
    }

    /// Warns of failures that nobody would see.
    fn unseen(&mut self, stage: &Stage, step: &Step, place: &Place) {
        let mut warn = |title: &str, label: &str, help: &str| {
            let title = format!("{title} in `{}`", stage.name);
            self.found
                .push(Diagnostic::warning(title).at(place, label).help(help));
        };
        let Ok(params) = CommandParams::read(&step.params) else {
            return;
        };
        match &params.run {
            Run::Text(text) => {
                let joints = script::joints(text);
                let shell = shell::shell();
                if joints.pipe && !shell.pipes {
                    warn(
                        "a failure may go unseen",
                        "only the last member of a pipe counts",
                        "install bash: the shells of this machine see no other failure in a pipe",
                    );
                }
                if joints.background && !waits(text) {
                    warn(
                        "a failure may go unseen",
                        "nobody asks how what runs in the background ended",
                        "`first & a=$!; second & b=$!; wait $a; wait $b` asks each; what is not waited \
                         for is ended with the text",
                    );
                }
                if script::takes_the_trap(text) {
                    warn(
                        "a failure may go unseen",
                        "this takes the place of the trap that hears of those within `echo $(…)`, `export x=$(…)` and `<(…)`",
                        "`trap '…' EXIT` with `$?` in it does not; or give what may fail a command of its own: `x=$(…)`",
                    );
                }
                if joints.written_to {
                    warn(
                        "a failure may go unseen",
                        "the shell does not wait for `>(…)`",
                        "write to a file, and read it in a command of its own",
                    );
                }
                let hides = |call: Call| {
                    let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
                    shells::unseen(&arguments, &call.text)
                };
                if let Some(label) = shells::calls(text).into_iter().find_map(hides) {
                    warn(
                        "a failure may go unseen",
                        &format!("in the shell that is called here, {label}"),
                        "`bash -eo pipefail -c '…'` ends where something fails, as the text itself does",
                    );
                }
            }
            Run::Arguments(arguments) => {
                let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
                let Some(text) = shells::handed_over(&arguments) else {
                    return;
                };
                if let Some(label) = shells::unseen(&arguments, text) {
                    let help = "`run: \"…\"`, a text instead of a list, is run so that whatever fails in \
                                it is a failure";
                    warn("a failure may go unseen", label, help);
                }
            }
            Run::Other(_) => {}
        }
    }
}

/// Whether a text asks how single processes ended.
fn waits(text: &str) -> bool {
    text.split("wait")
        .skip(1)
        .map(|rest| rest.trim_start_matches([' ', '"']))
        .any(|rest| {
            rest.starts_with(['$', '%', '-']) || rest.starts_with(|c: char| c.is_ascii_digit())
        })
}

/// The files of the project that are in a step's key.
pub(super) fn covered(step: &Step, matched: &PatternMatches) -> BTreeSet<PathBuf> {
    let mut covered: BTreeSet<PathBuf> =
        matched.files.iter().map(|(_, path)| path.clone()).collect();
    let items = step.inputs.iter().flat_map(|input| &input.items);
    covered.extend(items.filter_map(|item| match &item.from {
        From::File { path } => Some(path.canonicalize().unwrap_or_else(|_| path.clone())),
        From::Step { .. } => None,
    }));
    covered
}

/// Where a text stands within a place; all of the place where it stands there otherwise.
pub(super) fn part(place: &Place, text: &str) -> Place {
    match place.text().find(text) {
        Some(at) if !text.is_empty() => place.part(at..at + text.len()),
        _ => place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_each_is_told_from_waiting_for_all() {
        assert!(!waits("a & b & wait"));
        assert!(waits("a & p=$!; wait $p") && waits("wait \"$p\"") && waits("wait -n"));
    }
}
