//! A page of the book as what its reader does.

/// What a reader does, with the line where the page says so.
#[derive(Debug, PartialEq)]
pub(crate) struct Action {
    pub(crate) line: usize,
    pub(crate) what: What,
}

#[derive(Debug, PartialEq)]
pub(crate) enum What {
    Write { file: String, text: String },
    Append { file: String, text: String },
    Run(Call),
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) command: String,
    /// What it prints; empty where the page does not say.
    pub(crate) prints: String,
    pub(crate) fails: bool,
}

impl Call {
    /// Whether all that it prints stands there, so that it can be written anew.
    pub(crate) fn is_whole(&self) -> bool {
        let elided = |line: &str| line == "..." || line.contains("[..]");
        !self.prints.lines().any(elided)
    }

    /// The page with what the call at this line prints replaced.
    pub(crate) fn rewrite(&self, page: &str, line: usize, printed: &str) -> String {
        let before = line - 1 + self.command.lines().count();
        let after = before + self.prints.lines().count();
        let lines: Vec<&str> = page.lines().collect();
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        let lines = [&lines[..before], &printed, &lines[after..]].concat();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// The actions of a page, in order.
pub(crate) fn actions(text: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((_, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, line)| *line != "```")
            .collect();
        let Some(&(line, first)) = body.first() else {
            continue;
        };
        if let Some(rest) = info.strip_prefix("console") {
            actions.extend(calls(&body, rest.trim() == "fails"));
        } else if let Some(what) = file(first, &body) {
            actions.push(Action { line, what });
        }
    }
    actions
}

/// A block as a file, where its first line says that it is one.
fn file(first: &str, body: &[(usize, &str)]) -> Option<What> {
    let named = first.strip_prefix("# ")?;
    let (name, added) = match named.strip_suffix(", at the end") {
        Some(name) => (name, true),
        None => (named, false),
    };
    let (stem, ending) = name.rsplit_once('.')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let is_path = name.chars().all(plain) && !ending.is_empty() && !stem.ends_with('/');
    if !is_path {
        return None;
    }
    let file = name.to_owned();
    let of = |lines: &[(usize, &str)]| -> String {
        lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    };
    Some(match added {
        true => What::Append {
            file,
            text: of(&body[1..]),
        },
        false => What::Write {
            file,
            text: of(body),
        },
    })
}

fn calls(body: &[(usize, &str)], last_fails: bool) -> Vec<Action> {
    let mut calls: Vec<(usize, Call)> = Vec::new();
    for &(line, text) in body {
        if let Some(command) = text.strip_prefix("$ ") {
            let command = command.to_owned();
            calls.push((
                line,
                Call {
                    command,
                    ..Call::default()
                },
            ));
            continue;
        }
        let Some((_, call)) = calls.last_mut() else {
            continue;
        };
        match text.strip_prefix("> ") {
            Some(more) if call.prints.is_empty() => {
                call.command.push('\n');
                call.command.push_str(more);
            }
            _ => {
                call.prints.push_str(text);
                call.prints.push('\n');
            }
        }
    }
    if let Some((_, last)) = calls.last_mut() {
        last.fails = last_fails;
    }
    let call = |(line, call)| Action {
        line,
        what: What::Run(call),
    };
    calls.into_iter().map(call).collect()
}

/// What a page links to within the repository: paths, also of its pictures.
pub(crate) fn links(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("](").skip(1);
    let targets = parts.filter_map(|part| part.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.contains(' '))
}

#[test]
fn a_page_is_files_and_commands() {
    let page = "Text\n```yaml\n# a/b.yaml\nx: 1\n```\n```yaml\nx: 1\n```\n```console fails\n$ one\n\
                > two\nsaid\n$ three\n```\n```yaml\n# a/b.yaml, at the end\ny: 2\n```\n";
    let call = |command: &str, prints: &str, fails| {
        What::Run(Call {
            command: command.to_owned(),
            prints: prints.to_owned(),
            fails,
        })
    };
    let file = || "a/b.yaml".to_owned();
    let want = vec![
        (
            3,
            What::Write {
                file: file(),
                text: "# a/b.yaml\nx: 1\n".to_owned(),
            },
        ),
        (10, call("one\ntwo", "said\n", false)),
        (13, call("three", "", true)),
        (
            16,
            What::Append {
                file: file(),
                text: "y: 2\n".to_owned(),
            },
        ),
    ];
    let want: Vec<Action> = want
        .into_iter()
        .map(|(line, what)| Action { line, what })
        .collect();
    assert_eq!(actions(page), want);
}
