//! The one way to standard output and standard error.
//!
//! Names, values, logs and messages hold whatever others wrote into them. Here it becomes
//! harmless, whatever was printed: hidden characters leave as codes ([`crate::text::printable`]).
//! Only what the program itself says in colour passes as it is. `tests/it/architecture.rs` sees to it
//! that nothing else prints.

use std::cell::RefCell;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::rc::Rc;

use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::printable;

/// Writes text that is safe to show.
pub(super) struct Printer {
    to: Box<dyn Write>,
    colours: bool,
    /// The start of a character whose other bytes are still to come.
    begun: Vec<u8>,
}

impl Printer {
    /// Standard output, for much: it is flushed at the end, or by hand.
    pub(super) fn output() -> Self {
        Printer::to(io::BufWriter::new(io::stdout().lock()), false)
    }

    /// Standard output, a line at a time.
    pub(super) fn output_lines() -> Self {
        Printer::to(io::stdout(), false)
    }

    /// Standard error, a line at a time, in colour where it is a terminal and `NO_COLOR` is not set.
    pub(super) fn error() -> Self {
        let choice = anstream::AutoStream::choice(&io::stderr());
        let colours = !matches!(choice, anstream::ColorChoice::Never);
        Printer::to(io::LineWriter::new(anstream::stderr()), colours)
    }

    /// For those who are not to be told.
    pub(super) fn silent() -> Self {
        Printer::to(io::sink(), false)
    }

    fn to(to: impl Write + 'static, colours: bool) -> Self {
        Printer {
            to: Box::new(to),
            colours,
            begun: Vec::new(),
        }
    }

    /// Prints what there is to say about files, in colour where that is seen.
    pub(super) fn diagnostics(&mut self, found: &Diagnostics) -> io::Result<()> {
        // Its texts are made safe before it is coloured.
        let text = found.render(self.colours);
        self.raw(text.as_bytes())
    }

    /// The same of one.
    pub(super) fn diagnostic(&mut self, wrong: &Diagnostic) -> io::Result<()> {
        let text = wrong.render(self.colours) + "\n";
        self.raw(text.as_bytes())
    }

    /// Prints what is said meanwhile only if it ends in a failure.
    pub(super) fn only_of_failure<T, E>(
        &mut self,
        act: impl FnOnce(&mut Printer) -> Result<T, E>,
    ) -> io::Result<Result<T, E>> {
        let kept = Kept::default();
        let ended = act(&mut Printer::to(kept.clone(), self.colours));
        if ended.is_err() {
            self.to.write_all(&kept.0.borrow())?;
        }
        Ok(ended)
    }

    /// Writes bytes as they are, for those who ask for them.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)
    }

    fn codes(&mut self, bytes: &[u8], whole: bool) -> io::Result<()> {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.to.write_all(printable(chunk.valid()).as_bytes())?;
            let invalid = chunk.invalid();
            let torn = str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            // Only the last bytes can be the start of a character.
            if torn && !whole && chunks.peek().is_none() {
                self.begun = invalid.to_vec();
                continue;
            }
            for byte in invalid {
                write!(self.to, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() {
            self.codes(bytes, false)?;
        } else {
            let mut begun = std::mem::take(&mut self.begun);
            begun.extend_from_slice(bytes);
            self.codes(&begun, false)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let begun = std::mem::take(&mut self.begun);
        self.codes(&begun, true)?;
        self.to.flush()
    }
}

/// Bytes that are kept back.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether people see standard error.
pub(super) fn error_is_seen() -> bool {
    io::stderr().is_terminal()
}

/// Whether people see standard error in a terminal whose cursor can be moved.
pub(super) fn bars_can_be_drawn() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    error_is_seen() && !dumb
}

/// How many characters a line of standard output has; none where it is no terminal.
pub(super) fn output_width() -> Option<usize> {
    let (_, columns) = console::Term::stdout().size_checked()?;
    io::stdout().is_terminal().then_some(usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(parts: &[&[u8]]) -> String {
        let kept = Kept::default();
        let mut printer = Printer::to(kept.clone(), false);
        for part in parts {
            printer.write_all(part).expect("memory takes all");
        }
        printer.flush().expect("memory takes all");
        let bytes = kept.0.take();
        String::from_utf8(bytes).expect("what is printed is text")
    }

    #[test]
    fn whatever_the_bytes_only_text_leaves() {
        assert_eq!(printed(&[b"a\x1b[2J\tb\n"]), "a\\u001b[2J\tb\n");
        // Eight-bit controls of terminals that know no UTF-8.
        assert_eq!(printed(&[b"\x9b2J\xff"]), r"\x9b2J\xff");
    }

    #[test]
    fn characters_may_come_in_parts() {
        let text = "é\u{9b}漢\u{202e}";
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(printed(&bytes), r"é\u009b漢\u202e");
        assert_eq!(printed(&[b"a\xe6"]), r"a\xe6");
        assert_eq!(printed(&[b"\xe6", b"a"]), r"\xe6a");
    }
}
