//! How shells ask and are answered. Bash and zsh get scripts of our own: bash takes words apart at `=`,
//! which names of steps are full of, and both would put a space where more is to follow.

use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::path::Path;

use clap::Command;
use clap_complete::engine;
use clap_complete::env::Elvish;
use clap_complete::env::EnvCompleter;
use clap_complete::env::Fish;
use clap_complete::env::Powershell;
use clap_complete::env::Shells;
use clap_complete::env::Zsh;

use super::Shell;
use super::words;
use crate::text::is_hidden;

/// All shells.
pub(super) const fn all() -> Shells<'static> {
    Shells(&[&BashWhole, &Elvish, &Quoted(Fish), &Powershell, &ZshOpen])
}

pub(super) fn of(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &BashWhole,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Quoted(Fish),
        Shell::Powershell => &Powershell,
        Shell::Zsh => &ZshOpen,
    }
}

const BASH: &str = include_str!("sweepline.bash");
const ZSH: &str = include_str!("sweepline.zsh");

/// The ends of words to which more belongs, as in the scripts.
const OPEN: [char; 4] = ['=', '/', ',', '['];

/// What bash itself takes for the word under the cursor: that after the last `=` or `:`.
const TYPED: &str = "_SWEEPLINE_TYPED";

/// A shell that hands words over as they are typed, quotes and all.
struct Quoted<S>(S);

impl<S: EnvCompleter> EnvCompleter for Quoted<S> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.0
            .write_registration(variable, name, program, completer, out)
    }

    fn write_complete(
        &self,
        command: &mut Command,
        given: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let plain = given.iter().map(|word| words::plain(word)).collect();
        let mut lines = Vec::new();
        self.0.write_complete(command, plain, folder, &mut lines)?;
        // Files may have any names.
        let odd = |c: char| is_hidden(c) && c != '\t';
        let lines = String::from_utf8_lossy(&lines);
        let lines = lines.split_inclusive('\n');
        lines
            .filter(|line| !line.trim_end_matches('\n').contains(odd))
            .try_for_each(|line| out.write_all(line.as_bytes()))
    }
}

struct ZshOpen;

impl EnvCompleter for ZshOpen {
    fn name(&self) -> &'static str {
        Zsh.name()
    }

    fn is(&self, name: &str) -> bool {
        Zsh.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        _: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write!(out, "{}", filled_in(ZSH, variable, completer))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        given: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        Quoted(Zsh).write_complete(command, given, folder, out)
    }
}

struct BashWhole;

impl EnvCompleter for BashWhole {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        _: &str,
        _: &str,
        completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write!(out, "{}", filled_in(BASH, variable, completer))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        given: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Some(last) = given.last() else {
            return Ok(());
        };
        let index = given.len() - 1;
        let quoted = words::is_open(&last.to_string_lossy());
        let whole = words::plain(last).to_string_lossy().into_owned();
        let typed = words::plain(&std::env::var_os(TYPED).unwrap_or_default());
        let before = whole
            .strip_suffix(&*typed.to_string_lossy())
            .unwrap_or_default();
        let mut plain: Vec<OsString> = given.iter().map(|word| words::plain(word)).collect();
        let mut all = found(command, &plain, index, folder)?;
        // Bash ends quotes behind a word that is the only one: what may follow goes with one that is no end.
        while let ([only], true) = (&all[..], quoted) {
            if !only.ends_with(OPEN) || plain[index] == **only {
                break;
            }
            plain[index] = only.into();
            let further = found(command, &plain, index, folder)?;
            if further.is_empty() {
                break;
            }
            all = further;
        }
        for found in all {
            let Some(rest) = found.strip_prefix(before) else {
                continue;
            };
            match quoted {
                true => writeln!(out, "{rest}")?,
                false => writeln!(out, "{}", words::escaped(rest))?,
            }
        }
        Ok(())
    }
}

/// What a word may be completed to.
fn found(
    command: &mut Command,
    words: &[OsString],
    index: usize,
    folder: Option<&Path>,
) -> io::Result<Vec<String>> {
    let all = engine::complete(command, words.to_vec(), index, folder)?.into_iter();
    let all = all.map(|one| one.get_value().to_string_lossy().into_owned());
    Ok(all.filter(|one| !one.contains(is_hidden)).collect())
}

fn filled_in(script: &str, variable: &str, completer: &str) -> String {
    script
        .replace("VARIABLE", variable)
        .replace("COMPLETER", completer)
}
