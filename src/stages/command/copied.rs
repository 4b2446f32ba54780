//! Outputs that are code as well: a program is given a copy of what is there now, as of the result of a run by hand.

use super::laid::without;
use super::metrics::Spec;
use super::outputs::Output;
use super::params::CommandParams;
use super::paths::meet;
use super::remarks::Remarks;
use crate::manifest::Argument;
use crate::plan::PatternMatches;
use crate::plan::Step;
use crate::text::Diagnostic;
use crate::text::plural;

impl Remarks<'_> {
    /// Warns of them: what is there now is no code, and each new one would be another key.
    pub(super) fn copied_as_code(
        &mut self,
        code: &Argument,
        step: &Step,
        matched: &PatternMatches,
    ) {
        let Ok(params) = CommandParams::read(&step.params) else {
            return;
        };
        if params.copy_code != Some(true) {
            return;
        }
        let outputs = params.outputs();
        let outputs = outputs.filter_map(|(name, value)| Output::read(name, value).ok());
        let mut files: Vec<String> = outputs.map(|output| output.file).collect();
        let metrics = params.metrics.as_ref().map(Spec::read);
        if let Some(Ok(spec)) = &metrics {
            files.extend(spec.file().map(str::to_owned));
        }
        for file in files {
            let path = file.trim_start_matches("./").trim_end_matches('/');
            let inside = |name: &&String| name.starts_with(path) && meet(name, path);
            let copied = matched.files.iter().map(|(name, _)| name).filter(inside);
            let (what, copied) = match copied.count() {
                0 => continue,
                _ if !file.ends_with('/') => ("is", String::new()),
                count => ("holds", format!(" ({})", plural(count, "file"))),
            };
            let stage = &step.stage;
            let pattern = without(&file);
            self.found.push(
                Diagnostic::warning(format!(
                    "`{file}`, which `{stage}` is to leave, {what} code as well{copied}"
                ))
                .at(&code.value.place, "what is there now is copied before the program begins")
                .help(format!(
                    "`\"{pattern}\"` behind the other patterns takes it out: what an earlier run left there is no code, and \
                     each new one would be another key"
                )),
            );
        }
    }
}
