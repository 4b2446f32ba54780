//! A command as far as its `${…}` need it read: in which quotes each stands, and which variables are the
//! shell's own.

use std::collections::BTreeSet;

use super::interpolation::Piece;
use super::interpolation::is_name;

/// How a shell reads what stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Quotes {
    None,
    Single,
    /// `$'…'`
    Ansi,
    Double,
    /// A here-document whose word is in quotes: nothing is filled in, and no quotes end that.
    Document,
    Comment,
}

/// What is known of a command.
#[derive(Debug, Default)]
pub(super) struct Shell {
    /// By `${…}`.
    pub quotes: Vec<Quotes>,
    /// Variables that it reads as `$name`.
    pub read: BTreeSet<String>,
    /// Variables that it sets.
    pub set: BTreeSet<String>,
}

/// Stands for a `${…}`, which may hold anything.
const HOLE: char = '\u{1}';

/// How deep in what a character stands.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Single,
    Ansi,
    Double,
    /// `(…)`, `$(…)`, `<(…)`: quotes begin anew.
    Parentheses,
    Backquotes,
    /// `$((…))`: `<<` is no here-document.
    Arithmetic,
}

/// Reads a command.
pub(super) fn read(parts: &[Piece]) -> Shell {
    let parts = parts.iter().map(|part| match part {
        Piece::Literal(text) => text.replace(HOLE, " "),
        Piece::Hole(_) => HOLE.to_string(),
    });
    let text: String = parts.collect();
    let mut reader = Reader {
        letters: text.chars().collect(),
        at: 0,
        within: Vec::new(),
        documents: Vec::new(),
        shell: Shell::default(),
    };
    while reader.at < reader.letters.len() {
        reader.letter();
        reader.at += 1;
    }
    let mut shell = reader.shell;
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        let named = ["for", "read", "-r", "select"].contains(&pair[0]);
        if named && is_name(pair[1].trim_end_matches(';')) {
            shell.set.insert(pair[1].trim_end_matches(';').to_owned());
        }
    }
    shell
}

struct Reader {
    letters: Vec<char>,
    at: usize,
    within: Vec<Within>,
    /// The words that end here-documents, whether they stand in quotes, and whether tabs may stand before them.
    documents: Vec<(String, bool, bool)>,
    shell: Shell,
}

impl Reader {
    fn next(&self, further: usize) -> char {
        self.letters.get(self.at + further).copied().unwrap_or('\n')
    }

    fn before(&self) -> char {
        match self.at {
            0 => '\n',
            at => self.letters[at - 1],
        }
    }

    fn enter(&mut self, within: Within, further: usize) {
        self.within.push(within);
        self.at += further;
    }

    fn letter(&mut self) {
        let inner = self.within.last().copied();
        match (inner, self.next(0)) {
            (_, HOLE) => self.shell.quotes.push(match inner {
                Some(Within::Single) => Quotes::Single,
                Some(Within::Ansi) => Quotes::Ansi,
                Some(Within::Double) => Quotes::Double,
                _ => Quotes::None,
            }),
            (Some(Within::Single | Within::Ansi), '\'')
            | (Some(Within::Double), '"')
            | (Some(Within::Backquotes), '`')
            | (Some(Within::Parentheses), ')') => _ = self.within.pop(),
            (Some(Within::Single), _) => {}
            (_, '\\') if self.next(1) != HOLE => self.at += 1,
            (Some(Within::Ansi), _) => {}
            (_, '$') if self.next(1) == '(' && self.next(2) == '(' => {
                self.enter(Within::Arithmetic, 2);
            }
            (_, '$') if self.next(1) == '(' => self.enter(Within::Parentheses, 1),
            (inner, '$') if self.next(1) == '\'' && inner != Some(Within::Double) => {
                self.enter(Within::Ansi, 1);
            }
            (_, '$') => self.variable(),
            (_, '`') => self.enter(Within::Backquotes, 0),
            (Some(Within::Double), _) => {}
            (_, '"') => self.enter(Within::Double, 0),
            (_, '\'') => self.enter(Within::Single, 0),
            (Some(Within::Arithmetic), ')') if self.next(1) == ')' => {
                self.within.pop();
                self.at += 1;
            }
            (_, '(') => self.enter(Within::Parentheses, 0),
            (Some(Within::Arithmetic), _) => {}
            (_, '#') if " \t\n;&|(`".contains(self.before()) => self.comment(),
            (_, '<') if self.next(1) == '<' => self.word_of_document(),
            (_, '\n') => self.documents(),
            (_, '=') => self.assignment(),
            _ => {}
        }
    }

    /// `$name` and `${name…`
    fn variable(&mut self) {
        let from = self.at + 1 + usize::from(self.next(1) == '{');
        let name = self.letters.iter().skip(from);
        let name = name.take_while(|c| c.is_ascii_alphanumeric() || **c == '_');
        let name: String = name.collect();
        if is_name(&name) {
            self.shell.read.insert(name);
        }
    }

    /// `name=` where a command begins.
    fn assignment(&mut self) {
        let before: String = self.letters[..self.at].iter().collect();
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let name = before[start.len()..].to_owned();
        let start = start.trim_end_matches([' ', '\t']);
        let last = start.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
        let keyword = ["do", "else", "export", "local", "declare", "then"];
        let begins = start.is_empty()
            || start.ends_with(['\n', ';', '&', '|', '(', '`', '{'])
            || last.is_some_and(|last| keyword.contains(&last));
        if begins && is_name(&name) {
            self.shell.set.insert(name);
        }
    }

    fn comment(&mut self) {
        while self.next(1) != '\n' {
            self.at += 1;
            if self.next(0) == HOLE {
                self.shell.quotes.push(Quotes::Comment);
            }
        }
    }

    /// `<<END`, `<<-'END'`; not `<<<`.
    fn word_of_document(&mut self) {
        self.at += 1;
        if self.next(1) == '<' {
            self.at += 1;
            return;
        }
        let tabs = self.next(1) == '-';
        self.at += usize::from(tabs);
        while [' ', '\t'].contains(&self.next(1)) {
            self.at += 1;
        }
        let mut written = String::new();
        let ends = |c: char| c.is_whitespace() || ";|&<>()".contains(c) || c == HOLE;
        while !ends(self.next(1)) {
            self.at += 1;
            written.push(self.next(0));
        }
        let word = written.replace(['\'', '"', '\\'], "");
        if !word.is_empty() {
            let is_quoted = word != written;
            self.documents.push((word, is_quoted, tabs));
        }
    }

    /// The here-documents that begin behind this line.
    fn documents(&mut self) {
        for (word, is_quoted, tabs) in std::mem::take(&mut self.documents) {
            while self.at < self.letters.len() {
                let rest = self.letters.iter().skip(self.at + 1);
                let line: String = rest.take_while(|c| **c != '\n').collect();
                let ends = match tabs {
                    true => line.trim_start_matches('\t') == word,
                    false => line == word,
                };
                let end = self.at + 1 + line.chars().count();
                while !ends && self.at + 1 < end {
                    self.at += 1;
                    match (self.next(0), is_quoted) {
                        (HOLE, true) => self.shell.quotes.push(Quotes::Document),
                        (HOLE, false) => self.shell.quotes.push(Quotes::Double),
                        ('\\', false) if self.next(1) != HOLE && self.at + 2 < end => self.at += 1,
                        ('$', false) => self.variable(),
                        _ => {}
                    }
                }
                self.at = end;
                if ends {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::dvc::interpolation::pieces;

    #[test]
    fn quotes_comments_and_documents_are_followed() {
        let quotes = |text: &str| read(&pieces(text)).quotes;
        for (text, wanted) in [
            ("echo ${x} a'b'", Quotes::None),
            ("echo 'a \"${x}'", Quotes::Single),
            ("echo \"don't ${x}\"", Quotes::Double),
            ("echo \"$(echo '${x}')\"", Quotes::Single),
            ("echo \"$(echo ${x})\"", Quotes::None),
            ("echo \"$(echo a) ${x}\"", Quotes::Double),
            ("echo $'it\\'s ${x}'", Quotes::Ansi),
            ("# don't\necho ${x}", Quotes::None),
            ("echo a # don't ${x}", Quotes::Comment),
            ("echo a#'${x}'", Quotes::Single),
            ("cat <<E\ndon't ${x}\nE", Quotes::Double),
            ("cat <<-'E' | sort\n\tdon't ${x}\n\tE", Quotes::Document),
            ("cat <<E <<\\F\ndon't\nE\n${x}\nF", Quotes::Document),
            ("cat <<'E'\na\nE\necho ${x}", Quotes::None),
            ("cat <<< 'a'; echo ${x}", Quotes::None),
            ("echo $((1<<2))\necho '${x}'", Quotes::Single),
        ] {
            assert_eq!(quotes(text), [wanted], "{text}");
        }
    }

    #[test]
    fn variables_of_the_shell_are_told_from_what_looks_like_them() {
        let shell = read(&pieces(
            "a=1; for b in $c; do d=$e; done; run lr=${lr} --f=1 '$g' # $h\nread -r i",
        ));
        let names = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(names(&shell.set), "a b d i");
        assert_eq!(names(&shell.read), "c e");
    }
}
