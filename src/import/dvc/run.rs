//! The commands of a stage as one text, in its folder, with the variables that it reads.

use crate::text::Diagnostics;

use super::command::GIVEN;
use super::command::Script;
use super::draft::DraftOut;
use super::draft::DraftStage;
use super::located::check_names;
use super::translation::Translation;

impl Translation<'_> {
    pub(super) fn run(&self, own: &mut DraftStage, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut good = true;
        for cmd in &entry.cmd {
            good &= check_names(cmd, self.names, found);
        }
        if !good {
            return;
        }
        let mut script = Script::new(self.names, self.project.spelling, &entry.cmd);
        let leaves_nothing = own.outs.is_empty() && own.metrics.is_none();
        for cmd in &entry.cmd {
            let is_followed = entry.cmd.len() > 1 || leaves_nothing;
            script.command(cmd, is_followed, found);
        }
        let environment = environment(&script, own);
        let mut head = String::new();
        if !environment.is_empty() {
            head.push_str("set +u\n");
        }
        for name in environment {
            let upper = name.to_uppercase();
            let secret = ["TOKEN", "SECRET", "PASSW", "_KEY", "CUDA_VISIBLE"];
            match secret.iter().any(|part| upper.contains(part)) {
                true => own.pass_env.push(name),
                false => own.env.push(name),
            }
        }
        let folder = self.folder(found).map(|folder| folder.template);
        if let Some(folder) = folder.filter(|folder| !folder.is_empty()) {
            let folder = match folder.contains("${") {
                // A shell reads names, not expressions.
                true => format!("${{{}}}", script.add("wdir", &folder)),
                false => folder,
            };
            head.push_str(&format!("mkdir -p \"{folder}\"\ncd \"{folder}\"\n"));
        }
        let mut tail = String::new();
        if leaves_nothing {
            own.outs.push(DraftOut {
                name: "done".to_owned(),
                path: format!("{}.done", own.name),
                ty: None,
            });
            tail.push_str(": > \"${out.done}\"\n");
            own.comments
                .push("It leaves nothing; `done` says that it has run.".to_owned());
        }
        own.run = format!("{head}{}{tail}", script.text);
        own.values.extend(script.variables);
    }
}

/// The variables that commands read and do not set.
fn environment(script: &Script<'_>, own: &DraftStage) -> Vec<String> {
    let sets = |name: &str| {
        let text = &script.text;
        is_set_first(text, name)
            || text.contains(&format!("for {name} in"))
            || text.contains(&format!("read {name}"))
            || text.contains(&format!("read -r {name}"))
    };
    let all = script.environment.iter();
    let unknown = all.filter(|name| !GIVEN.contains(&name.as_str()) && !sets(name));
    let known = |name: &str| {
        own.env
            .iter()
            .chain(&own.pass_env)
            .any(|known| known == name)
    };
    unknown.filter(|name| !known(name)).cloned().collect()
}

/// Whether a text sets a variable before it reads it: `export X=a:$X` does not.
fn is_set_first(text: &str, name: &str) -> bool {
    let set = format!("{name}=");
    let mut set = text.match_indices(&set);
    let Some(value) = set.find_map(|(at, found)| {
        let before = text[..at].chars().next_back();
        let alone = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        alone.then_some(at + found.len())
    }) else {
        return false;
    };
    // Where the value ends: at white space outside of quotes.
    let mut quote = None;
    let end = text[value..].find(|c: char| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            false
        }
        None => c.is_whitespace() || c == ';' || c == '&',
    });
    let end = value + end.unwrap_or(text.len() - value);
    let reads = [format!("${name}"), format!("{{{name}")];
    let reads = reads.iter().filter_map(|read| text.find(read.as_str()));
    reads.min().is_none_or(|read| read >= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_before_it_is_set_comes_from_outside() {
        for text in ["X=1; echo $X", "export X=a && echo ${X:-b}", "X='a b' run"] {
            assert!(is_set_first(text, "X"), "{text}");
        }
        for text in [
            "export X=src:$X && run",
            "X=\"a ${X}\" run",
            "echo $X; X=1",
            "MAX=1 echo $X",
        ] {
            assert!(!is_set_first(text, "X"), "{text}");
        }
    }
}
