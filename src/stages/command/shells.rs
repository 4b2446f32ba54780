//! Shells that a text or a list calls: they are not the one that the text is given to, and hide failures as shells
//! do that nobody has made strict.

use super::runners::after_shell;
use super::script;
use super::script::Joints;

/// What is handed to a shell of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The command that calls it.
    pub arguments: Vec<String>,
    /// What it is to run.
    pub text: String,
}

/// Calls of shells in a text: `sh -c '…'`, `ssh host bash <<END`, `bash <<< '…'`.
pub(super) fn calls(text: &str) -> Vec<Call> {
    let commands = commands(text).into_iter();
    let calls = commands.filter_map(|Command { words, document }| {
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = match handed_over(&arguments) {
            Some(text) => text.to_owned(),
            None => document.filter(|_| reads_its_input(&arguments))?,
        };
        let arguments = words;
        Some(Call { arguments, text })
    });
    calls.collect()
}

/// Why a failure may go unseen in what a shell is handed over that is called so; none where it may not.
pub(super) fn unseen(arguments: &[&str], text: &str) -> Option<&'static str> {
    let Joints { pipe, sequence, .. } = script::joints(text);
    let is_said =
        |flag: &str| text.contains(flag) || arguments.iter().any(|one| one.contains(flag));
    if pipe && !is_said("pipefail") {
        return Some("only the last member of a pipe counts");
    }
    (sequence && !ends_at_failures(arguments, text)).then_some("only the last command counts")
}

/// The text that arguments hand to a shell.
pub(super) fn handed_over<'a>(arguments: &[&'a str]) -> Option<&'a str> {
    let mut rest = after_shell(arguments)?.iter();
    while let Some(flag) = rest.next() {
        let flags = flag.strip_prefix(['-', '+'])?;
        if flag.starts_with('-') && !flags.starts_with('-') && flags.contains('c') {
            return rest.next().copied();
        }
        if flags.ends_with('o') {
            rest.next();
        }
    }
    None
}

/// Whether arguments call a shell that runs what it reads: it has options alone.
fn reads_its_input(arguments: &[&str]) -> bool {
    let Some(rest) = after_shell(arguments) else {
        return false;
    };
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix(['-', '+']) {
            // What comes after it are the arguments of what is read.
            Some("s") => return true,
            Some(flags) if flags.ends_with('o') => _ = rest.next(),
            Some(_) => {}
            None => return false,
        }
    }
    true
}

/// Whether a shell that is called so ends where a command fails.
fn ends_at_failures(arguments: &[&str], text: &str) -> bool {
    let short = |flag: &str| flag.starts_with('-') && !flag.starts_with("--") && flag.contains('e');
    let ends = |c: char| c.is_whitespace() || ";&|(){}".contains(c);
    let mut is_set = false;
    let sets = |word: &str| {
        is_set = word == "set"
            || is_set
                && (word.starts_with(['-', '+'])
                    || matches!(word, "errexit" | "nounset" | "pipefail"));
        is_set && (short(word) || word == "errexit")
    };
    arguments
        .iter()
        .any(|flag| short(flag) || *flag == "errexit")
        || text.split(ends).any(sets)
}

/// A command of a text, as far as its shell need not run to tell.
#[derive(Default)]
struct Command {
    /// Without their quotes, and without what is read from and written to.
    words: Vec<String>,
    /// The last here-document or here-string.
    document: Option<String>,
}

/// What comes after `<` and `>` is no word of a command.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Word,
    File,
    Document,
}

/// The commands of a text, those within `$(…)` on their own.
fn commands(text: &str) -> Vec<Command> {
    let mut reader = Reader {
        text,
        done: Vec::new(),
        command: Command::default(),
        word: None,
        next: Next::Word,
        open: Vec::new(),
    };
    let mut at = 0;
    while at < text.len() {
        at = reader.step(at);
    }
    reader.end();
    reader.done
}

struct Reader<'t> {
    text: &'t str,
    done: Vec<Command>,
    command: Command,
    word: Option<String>,
    next: Next,
    /// The words that end the here-documents of a line, each with the number of its command.
    open: Vec<(String, usize)>,
}

impl Reader<'_> {
    /// Reads on from a place, and says where to go on.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        let mut characters = rest.chars();
        let Some(c) = characters.next() else {
            return self.text.len();
        };
        let after = characters.as_str();
        let next = at + c.len_utf8();
        match c {
            '\\' => match after.chars().next() {
                Some('\n') => return next + 1,
                Some(escaped) => {
                    self.add(&after[..escaped.len_utf8()]);
                    return next + escaped.len_utf8();
                }
                None => {}
            },
            '\'' => {
                let inside = after.split('\'').next().unwrap_or_default();
                self.add(inside);
                return next + inside.len() + 1;
            }
            '"' => {
                let (inside, length) = double_quoted(after);
                self.add(&inside);
                return next + length;
            }
            '$' if after.starts_with('{') => {
                let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                self.add(&rest[..end]);
                return at + end;
            }
            '#' if self.word.is_none() => {
                return after.find('\n').map_or(self.text.len(), |end| next + end);
            }
            '<' if rest.starts_with("<<<") => {
                self.end_word();
                self.next = Next::Document;
                return at + 3;
            }
            '<' if rest.starts_with("<<") => {
                self.end_word();
                let rest = rest[2..].trim_start_matches(['-', ' ']);
                let ends = |c: char| c.is_whitespace() || ";|&<>()".contains(c);
                let written = rest.split(ends).next().unwrap_or_default();
                let word = written.replace(['\'', '"', '\\'], "");
                self.open.push((word, self.done.len()));
                return self.text.len() - rest.len() + written.len();
            }
            // `2>&1`, `>&2`, `&>`: no ends of commands.
            '&' if self.text[..at].ends_with(['>', '<']) || after.starts_with('>') => {}
            '<' | '>' => {
                // `<(…)` and `>(…)` are commands.
                self.end_word();
                self.next = Next::File;
            }
            '\n' => {
                self.end();
                return self.documents(next);
            }
            ';' | '|' | '&' | '(' | ')' | '`' => self.end(),
            c if c.is_whitespace() => self.end_word(),
            _ => self.add(&rest[..c.len_utf8()]),
        }
        next
    }

    fn add(&mut self, part: &str) {
        self.word.get_or_insert_default().push_str(part);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        match std::mem::replace(&mut self.next, Next::Word) {
            Next::Word => self.command.words.push(word),
            Next::File => {}
            Next::Document => self.command.document = Some(word),
        }
    }

    fn end(&mut self) {
        self.end_word();
        self.next = Next::Word;
        self.done.push(std::mem::take(&mut self.command));
    }

    /// Takes the here-documents of the line that has just ended.
    fn documents(&mut self, mut at: usize) -> usize {
        for (word, number) in std::mem::take(&mut self.open) {
            let start = at;
            let mut end = self.text.len();
            for line in self.text[start..].split_inclusive('\n') {
                at += line.len();
                if line.trim() == word {
                    end = at - line.len();
                    break;
                }
            }
            if let Some(command) = self.done.get_mut(number) {
                command.document = Some(self.text[start..end].to_owned());
            }
        }
        at
    }
}

/// What stands before the next `"`, as a program gets it, and its length with it.
fn double_quoted(text: &str) -> (String, usize) {
    let mut inside = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (inside, at + 1),
            '\\' => match characters.next() {
                Some((_, c @ ('"' | '\\' | '$' | '`'))) => inside.push(c),
                Some((_, c)) => inside.extend(['\\', c]),
                None => {}
            },
            c => inside.push(c),
        }
    }
    (inside, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_in_lists_are_seen() {
        assert_eq!(handed_over(&["sh", "-c", "a | b"]), Some("a | b"));
        assert_eq!(handed_over(&["/bin/bash", "-eu", "-c", "a"]), Some("a"));
        assert_eq!(handed_over(&["env", "bash", "-ec", "a"]), Some("a"));
        assert_eq!(handed_over(&["sh", "script.sh", "-c"]), None);
        assert_eq!(handed_over(&["python", "-c", "a | b"]), None);
        assert_eq!(handed_over(&["srun", "--shell", "bash", "-c", "a"]), None);
        assert!(ends_at_failures(&["sh", "-ec", "a; b"], "a; b"));
        assert!(!ends_at_failures(&["sh", "-c", "a; b"], "a; b"));
    }

    #[test]
    fn shells_within_texts_are_seen() {
        let texts = |text: &str| -> Vec<String> {
            let all = calls(text).into_iter();
            all.map(|call| call.text).collect()
        };
        assert_eq!(texts("bash -c 'a | b' > \"${out.t}\""), ["a | b"]);
        assert_eq!(
            texts("cd x && srun bash -lc \"a \\\"b\\\"; c\" 2>&1 | tee y"),
            ["a \"b\"; c"]
        );
        assert_eq!(texts("x=$(sh -c 'a; b')"), ["a; b"]);
        assert_eq!(texts("sh <<'END' > x\na | b\nEND\nc"), ["a | b\n"]);
        assert_eq!(texts("ssh host bash -s -- 1 <<-END\na\nb\nEND"), ["a\nb\n"]);
        assert_eq!(texts("bash <<< 'a; b'"), ["a; b"]);
        assert_eq!(
            texts("# sh -c 'a; b'\npython -c 'a; b'; sh a.sh <<E\na;b\nE"),
            [""; 0]
        );
        assert_eq!(texts("cat <<E | tee x\nsh -c 'a; b'\nE"), [""; 0]);
    }

    #[test]
    fn what_hides_no_failure_is_not_told() {
        let hides = |text: &str| {
            let all = calls(text);
            let mut all = all.iter();
            all.any(|call| {
                let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
                unseen(&arguments, &call.text).is_some()
            })
        };
        for text in [
            "bash -c 'a | b'",
            "sh -c 'a; b'",
            "bash -ec 'a | b'",
            "bash -o pipefail -c 'a; b | c'",
            "sh <<E\na\nb\nE",
            "X=1 timeout 60 bash -c 'a; b'",
            "if x; then srun -n 1 --pty bash -c 'a; b'; fi",
            "conda run -n env bash -lc 'module load cuda; a'",
            "singularity exec --nv image.sif bash -c 'a; b'",
            "ssh -p 22 host sudo -E bash -c 'a; b'",
            "bash -c 'X=1 a; b'",
            "bash -c 'for i in 1 2; do a; b; done'",
        ] {
            assert!(hides(text), "{text}");
        }
        for text in [
            "bash -c 'a && b'",
            "bash -eo pipefail -c 'a | b; c'",
            "bash -c 'set -eo pipefail; a | b; c'",
            "sh -e <<E\na\nb\nE",
            "bash -c \"sh ${root}/src/main.sh\"",
            "bash -c 'set -xeuo pipefail; a | b; c'",
            "bash -c 'set -o errexit -o pipefail; a | b; c'",
            "bash -c 'set -o pipefail -e; a; c'",
            "bash <<'E'\nset -xe\na\nb\nE",
            "bash -c 'if a; then b; fi'",
            "bash -c 'for i in 1 2; do a || exit 1; done'",
            "timeout 60 bash -c 'until a; do sleep 1; done'",
            "bash -c 'while read x; do a; done < b'",
            "bash -c 'case x in a) b;; *) c;; esac'",
            "bash <<E\ncase x in\n  a)\n    b\n    ;;\nesac\nE",
            "bash -c 'X=\"1 2\"; a'",
            "bash -c 'export A=1; a'",
            "bash -c 'trap \"echo b\" EXIT; a'",
            "bash -c 'a; exit $?'",
            "bash <<E\n# what it does\na &&\n  b\nE",
            "SHELL=/bin/bash python3 -c 'a; b'",
            "env SHELL=bash python3 -c 'a; b'",
            "srun --shell bash python3 -c 'a; b'",
            "echo see bash -c 'a; b'",
            "grep -r bash -c 'a; b' .",
            "env -i grep -r bash -c 'a; b' .",
            "docker run -v /bin/sh -e A=1 image python -c 'a; b'",
        ] {
            assert!(!hides(text), "{text}");
        }
    }
}
