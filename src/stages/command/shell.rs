//! The shell that texts are given to: the strictest that this machine has, so that a text in which
//! anything fails is a failure.
//!
//! The flags of a shell see a failed command, and a failed member of a pipe where they can. What no
//! flag sees, a failed `$(…)` among arguments or a failed `<(…)`, bash tells by a trap: it notes the
//! command in a file, which is looked at when the text has ended.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;

use super::left;
use crate::text::shell_word;

/// A shell with the flags that make it strict.
#[derive(Debug)]
pub(super) struct Shell {
    pub program: PathBuf,
    /// What it is called, which is also its first argument.
    pub name: &'static str,
    pub flags: &'static [&'static str],
    /// The two of them as people write them. Part of keys.
    pub written: &'static str,
    /// Whether the failure of any member of a pipe is the pipe's.
    pub pipes: bool,
    /// Whether it tells of failures that its flags pass over.
    pub tells: bool,
}

/// From the strictest on.
const CHOICES: [(&str, &[&str], &str); 3] = [
    (
        "bash",
        &["-eu", "-o", "pipefail", "-O", "inherit_errexit"],
        "bash -eu -o pipefail -O inherit_errexit",
    ),
    // Before 4.4, as on macOS.
    ("bash", &["-eu", "-o", "pipefail"], "bash -eu -o pipefail"),
    ("sh", &["-eu", "-o", "pipefail"], "sh -eu -o pipefail"),
];

/// Variables that shells set themselves, at their start or whenever they are read, whatever they were given, beside
/// `BASH_…`.
const OWN: [&str; 26] = [
    "_",
    "BASH",
    "BASHOPTS",
    "BASHPID",
    "COMP_WORDBREAKS",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "IFS",
    "LINENO",
    "OLDPWD",
    "OPTERR",
    "OPTIND",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
];

/// Whether a variable of this name has the shell's value in a text: the same names for every shell, as a text may be
/// given to any.
pub(super) fn sets(name: &str) -> bool {
    let is_prompt = name.len() == 3 && name.starts_with("PS") && name.ends_with(['1', '2', '4']);
    OWN.contains(&name) || is_prompt || name.starts_with("BASH_")
}

/// The shell of this process, found once.
pub(super) fn shell() -> &'static Shell {
    static SHELL: OnceLock<Shell> = OnceLock::new();
    SHELL.get_or_init(|| {
        let choices = CHOICES.into_iter();
        let mut known = choices.filter_map(|(name, flags, written)| {
            let program = found(name)?;
            let strict = has_options(&program, flags) || is_strict(&program, flags);
            strict.then_some(Shell {
                program,
                name,
                flags,
                written,
                pipes: true,
                tells: name == "bash",
            })
        });
        known.next().unwrap_or_else(|| Shell {
            program: PathBuf::from("/bin/sh"),
            name: "sh",
            flags: &["-eu"],
            written: "sh -eu",
            pipes: false,
            tells: false,
        })
    })
}

/// `sh` is where every Unix has it; others are looked for as programs are.
fn found(name: &str) -> Option<PathBuf> {
    if name == "sh" {
        return Some(PathBuf::from("/bin/sh"));
    }
    let mut all = which::which_all(name).ok()?;
    all.find(|path| path.is_absolute())
}

/// Whether a program of this machine's own kind has the names of bash's options in it. To ask it takes longer than to
/// plan hundreds of steps; one that has them and knows them not refuses every text, with a word.
fn has_options(program: &Path, flags: &[&str]) -> bool {
    const LARGEST: u64 = 32 << 20;
    let named = ["pipefail", "inherit_errexit"];
    let all_are_asked = named.iter().all(|option| flags.contains(option));
    let about = program.metadata();
    if !all_are_asked || !about.is_ok_and(|about| about.is_file() && about.len() < LARGEST) {
        return false;
    }
    let Ok(bytes) = std::fs::read(program) else {
        return false;
    };
    let has =
        |name: &&str| memchr::memmem::find(&bytes, format!("\0{name}\0").as_bytes()).is_some();
    bytes.starts_with(b"\x7fELF") && named.iter().all(has)
}

/// Whether a shell takes the flags and heeds the one that matters most.
fn is_strict(program: &Path, flags: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(flags).args(["-c", "(exit 3) | :"]);
    command.env_clear().stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // On a thread of its own: whatever the first thread has for children counts as left behind.
    let asked = std::thread::scope(|scope| scope.spawn(|| command.status()).join());
    asked.is_ok_and(|status| status.is_ok_and(|status| status.code() == Some(3)))
}

/// A command that failed.
#[derive(Debug, PartialEq)]
pub(super) struct Failed {
    /// One, or one for each member of a pipe.
    pub statuses: Vec<i32>,
    /// Of the text, from 1.
    pub line: usize,
    pub command: String,
}

impl Shell {
    /// The arguments that run a text; what fails unseen is noted in a file.
    pub(super) fn arguments(&self, text: &str, notes: &Path) -> Vec<String> {
        let before = match self.tells {
            true => trap(notes),
            false => String::new(),
        };
        let flags = self.flags.iter().map(|flag| (*flag).to_owned());
        let mut arguments = vec![self.name.to_owned()];
        arguments.extend(flags);
        arguments.extend(["-c".to_owned(), format!("{before}{text}")]);
        arguments
    }
}

/// Notes every failure that `-e` would end the text for; within `set +e` it is meant. On one line
/// with the text, whose lines keep their numbers.
fn trap(notes: &Path) -> String {
    let notes = shell_word(&notes.to_string_lossy());
    let note = format!(
        "case $- in *e*) printf '%s:%s:%s\\0' \"${{PIPESTATUS[*]}}\" \"$LINENO\" \"$BASH_COMMAND\" \
         >> {notes};; esac"
    );
    format!("set -E; trap {} ERR; ", shell_word(&note))
}

/// What was noted, in its order.
pub(super) fn failures(notes: &Path) -> io::Result<Vec<Failed>> {
    let bytes = match left::read(notes) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&bytes);
    let notes = text.split_terminator('\0').map(|note| {
        let mut parts = note.splitn(3, ':');
        let mut part = || parts.next().unwrap_or_default();
        let statuses = part().split_whitespace();
        Failed {
            statuses: statuses.filter_map(|status| status.parse().ok()).collect(),
            line: part().parse().unwrap_or(0),
            command: part().to_owned(),
        }
    });
    Ok(notes.collect())
}

/// What a shell makes of SIGPIPE: 128 and the signal's number.
const BROKEN_PIPE: i32 = 141;

impl Failed {
    /// Where it happened and how, in a few words.
    pub(super) fn place(&self) -> String {
        let mut lines = self.command.lines();
        let first = lines.next().unwrap_or_default().trim();
        let more = if lines.next().is_some() { " …" } else { "" };
        let line = self.line;
        match &self.statuses[..] {
            [] | [_] => format!("line {line}: `{first}{more}`"),
            several => {
                let several: Vec<String> = several.iter().map(i32::to_string).collect();
                format!(
                    "line {line}: the pipe that ends in `{first}{more}`, whose members ended with {}",
                    several.join(", ")
                )
            }
        }
    }

    /// Whether nothing failed but that its reader wanted no more, as of `yes` in `head -n 1 <(yes)`. In
    /// a text that went on it is no failure: whether it is noted at all depends on who ends first.
    pub(super) fn is_unread(&self) -> bool {
        let mut failed = self.statuses.iter().filter(|status| **status != 0);
        failed.all(|status| *status == BROKEN_PIPE)
    }

    /// The status that made it a failure.
    pub(super) fn status(&self) -> i32 {
        let mut failed = self.statuses.iter().rev();
        failed.find(|status| **status != 0).copied().unwrap_or(1)
    }
}

/// What is to be known about how a text ended: where, and what the status means.
pub(super) fn hints(status: Option<i32>, failed: &[Failed], last: Option<&str>) -> Vec<String> {
    let mut hints = Vec::new();
    // A failure within `$(…)` comes before that of the command around it: the first says most.
    if let Some(first) = failed.first() {
        hints.push(first.place());
    }
    let status = status.or_else(|| failed.first().map(Failed::status));
    if status == Some(BROKEN_PIPE) {
        hints.push(
            "141 is SIGPIPE: a member of a pipe still wrote when the one after it had ended, as \
             `yes` in `yes | head -n 1`; `(set +o pipefail; yes | head -n 1)` lets it"
                .to_owned(),
        );
    }
    let unset = ["unbound variable", "parameter not set"];
    if last.is_some_and(|line| unset.iter().any(|words| line.contains(words))) {
        hints.push(
            "`$${NAME:-}` is empty where there is no such variable; `env: [NAME]` passes one on, \
             `values: {NAME: …}` sets one"
                .to_owned(),
        );
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a text succeeds, and what it notes.
    fn tried(text: &str) -> (bool, Vec<Failed>) {
        let space = tempfile::tempdir().expect("a temporary folder");
        let notes = space.path().join("it's noted here");
        let shell = shell();
        let arguments = shell.arguments(text, &notes);
        let mut command = Command::new(&shell.program);
        command.args(&arguments[1..]).current_dir(space.path());
        let output = command.output().expect("there is a shell");
        let noted = failures(&notes).expect("it can be read");
        (output.status.success(), noted)
    }

    /// What is known without asking is what one that is asked does; a script may be anything.
    #[test]
    fn a_bash_that_has_the_options_heeds_them() {
        let (_, flags, _) = CHOICES[0];
        if let Some(bash) = found("bash") {
            assert!(!has_options(&bash, flags) || is_strict(&bash, flags));
        }
        let space = tempfile::tempdir().expect("a temporary folder");
        let script = space.path().join("bash");
        std::fs::write(&script, "#!/bin/sh\0pipefail\0inherit_errexit\0").expect("written");
        assert!(!has_options(&script, flags));
        assert!(!has_options(&space.path().join("none"), flags));
        assert!(!has_options(Path::new("/bin/sh"), &["-eu"]));
    }

    #[test]
    fn whatever_fails_in_a_text_is_seen() {
        if !shell().tells {
            return;
        }
        for text in [
            "false; echo",
            "false | cat",
            "nosuchprogram --all | cat > x",
            "(exit 3) | sort",
            "x=$(false); echo",
            "export x=$(false)",
            "f() { local x=$(false); echo; }; f",
            "echo $(false; echo hi)",
            "echo \"rows=$(wc -l < nothing)\"",
            "cat <(echo a; false)",
            "for i in $(false); do echo; done",
            "cat <<< \"$(false)\"",
            "{ false; echo; } | cat",
            "echo `false`",
            "a=($(false)); echo",
            "while read -r l; do echo; done < <(false)",
        ] {
            let (good, noted) = tried(text);
            assert!(!good || !noted.is_empty(), "{text}");
        }
        for text in [
            "x=$(false) || x=3; echo $x",
            "if x=$(false); then echo; fi",
            "test -f nothing && echo yes; echo done",
            "false || true",
            "set +e; false; x=$(false); set -e; echo",
            "(set +o pipefail; yes | head -n 1)",
            "echo \"n=$(grep -c x /dev/null || :)\"",
            "! true || echo",
            "grep -q x /dev/null || echo none",
            "trap 'echo bye' EXIT; echo \"$(date)\"",
        ] {
            assert_eq!(tried(text), (true, vec![]), "{text}");
        }
    }

    #[test]
    fn a_failure_has_its_line_and_its_statuses() {
        if !shell().tells {
            return;
        }
        let (_, noted) = tried("echo\necho $(\n  false)");
        assert_eq!(noted[0].line, 3);
        assert_eq!(noted[0].place(), "line 3: `false`");
        let (good, noted) = tried("(exit 3) | sort");
        assert!(!good);
        assert_eq!(noted[0].statuses, [3, 0]);
        assert_eq!(noted[0].status(), 3);
    }
}
