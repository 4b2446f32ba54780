//! A program's output as lines of a log: bounded in length, readable whatever the bytes are.

use std::collections::VecDeque;

/// A line is cut after this many bytes.
const LONGEST: usize = 4096;

/// Stands where a line was cut, before how much is left out.
pub(super) const CUT: &str = " … (";

/// So many lines are logged as they come; a program that says more is heard again at its end.
const STREAMED: usize = 10_000;

/// So many of the last lines are kept for the end.
const KEPT: usize = 1000;

/// Splits bytes into lines.
#[derive(Default)]
pub(super) struct Splitter {
    line: Vec<u8>,
    /// Bytes beyond the longest line.
    cut: usize,
    /// A carriage return was the last byte: what follows overwrites the line, as in a terminal.
    returned: bool,
}

impl Splitter {
    /// The lines that these bytes end.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    lines.push(self.end());
                    continue;
                }
                _ if self.returned => {
                    self.line.clear();
                    self.cut = 0;
                    self.returned = false;
                }
                _ => {}
            }
            match byte {
                b'\r' => self.returned = true,
                _ if self.line.len() < LONGEST => self.line.push(*byte),
                _ => self.cut += 1,
            }
        }
        lines
    }

    fn end(&mut self) -> String {
        let mut line = String::from_utf8_lossy(&self.line).into_owned();
        if self.cut > 0 {
            line.push_str(&format!("{CUT}{} more bytes)", self.cut));
        }
        *self = Splitter::default();
        line
    }

    /// A last line without its end.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.end())
    }
}

/// Which lines are logged at once, and which at the end.
#[derive(Default)]
pub(super) struct Bound {
    streamed: usize,
    last: VecDeque<String>,
    left_out: usize,
}

impl Bound {
    /// Logs a line, now or later.
    pub(super) fn line(&mut self, line: String, log: impl Fn(&str)) {
        if self.streamed < STREAMED {
            self.streamed += 1;
            log(&line);
            return;
        }
        if self.last.is_empty() {
            log(&format!(
                "({STREAMED} lines; the last ones follow at the end)"
            ));
        }
        self.last.push_back(line);
        if self.last.len() > KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    /// Logs what was kept for the end.
    pub(super) fn end(self, log: impl Fn(&str)) {
        if self.left_out > 0 {
            log(&format!("({} lines are left out)", self.left_out));
        }
        self.last.iter().for_each(|line| log(line));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn split(bytes: &[u8]) -> Vec<String> {
        let mut splitter = Splitter::default();
        // One byte at a time: reads may end anywhere.
        let mut lines: Vec<String> = bytes.iter().flat_map(|b| splitter.take(&[*b])).collect();
        lines.extend(splitter.rest());
        lines
    }

    #[test]
    fn lines_end_with_a_newline_or_the_output() {
        assert_eq!(split(b"a\n\nb\r\nc"), ["a", "", "b", "c"]);
        assert!(split(b"").is_empty());
    }

    #[test]
    fn a_progress_bar_leaves_its_last_state() {
        assert_eq!(split(b"10 %\r20 %\r100 %\ndone\n"), ["100 %", "done"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_long_lines_cut() {
        assert_eq!(split(b"a\xffb\n"), ["a\u{fffd}b"]);
        let line = &split(&vec![b'x'; LONGEST + 7])[0];
        assert!(line.ends_with("x … (7 more bytes)"), "{line}");
    }

    #[test]
    fn a_flood_keeps_its_beginning_and_its_end() {
        let logged = RefCell::new(Vec::new());
        let log = |line: &str| logged.borrow_mut().push(line.to_owned());
        let mut bound = Bound::default();
        let all = STREAMED + KEPT + 5;
        for number in 0..all {
            bound.line(number.to_string(), log);
        }
        bound.end(log);
        let logged = logged.into_inner();
        assert_eq!(logged[STREAMED - 1], (STREAMED - 1).to_string());
        assert_eq!(logged[STREAMED + 1], "(5 lines are left out)");
        assert_eq!(logged.last(), Some(&(all - 1).to_string()));
        assert_eq!(logged.len(), STREAMED + 2 + KEPT);
    }
}
