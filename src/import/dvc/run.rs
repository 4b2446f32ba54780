//! The commands of a stage as one text, in its folder, with the variables that it reads.

use crate::text::Diagnostics;

use super::command::Script;
use super::draft::DraftOut;
use super::draft::DraftStage;
use super::located::check_names;
use super::translation::Translation;

impl Translation<'_> {
    pub(super) fn run(&self, own: &mut DraftStage, found: &mut Diagnostics) {
        let entry = self.stage.entry;
        let mut script = Script::default();
        let mut good = true;
        for cmd in &entry.cmd {
            good &= check_names(cmd, self.names, found);
        }
        if !good {
            return;
        }
        for cmd in &entry.cmd {
            let alone = entry.cmd.len() == 1;
            script.command(cmd, alone, self.names, self.project.spelling, found);
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
                true => {
                    own.values.push(("wdir".to_owned(), folder));
                    "${wdir}".to_owned()
                }
                false => folder,
            };
            head.push_str(&format!("mkdir -p \"{folder}\"\ncd \"{folder}\"\n"));
        }
        let mut tail = String::new();
        if own.outs.is_empty() && own.metrics.is_none() {
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
fn environment(script: &Script, own: &DraftStage) -> Vec<String> {
    const GIVEN: [&str; 16] = [
        "BASH",
        "HOME",
        "HOSTNAME",
        "IFS",
        "LANG",
        "LOGNAME",
        "OLDPWD",
        "OMP_NUM_THREADS",
        "PATH",
        "PWD",
        "RANDOM",
        "SECONDS",
        "SHELL",
        "TMPDIR",
        "UID",
        "USER",
    ];
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
