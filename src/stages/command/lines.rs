//! A program's output as lines: readable whatever the bytes are, and bounded in length, those of the log more so
//! than those that numbers are read from.

use std::collections::VecDeque;

/// A line of the log is cut after this many bytes.
const LONGEST: usize = 4096;

/// Numbers are read from lines of no more bytes than this.
pub(super) const HEARD: usize = 8 << 20;

/// Stands where a line was cut, before how much is left out.
pub(super) const CUT: &str = " … (";

/// So many lines are logged as they come; a program that says more is heard again at its end.
const STREAMED: usize = 10_000;

/// So many of the last lines are kept for the end.
const KEPT: usize = 1000;

/// A line that was printed.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub text: String,
    /// Bytes beyond those that are heard.
    pub cut: usize,
}

impl Line {
    /// As it stands in the log.
    pub(super) fn shown(mut self) -> String {
        let all = self.text.len() + self.cut;
        if all <= LONGEST {
            return self.text;
        }
        let mut end = LONGEST.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.truncate(end);
        self.text
            .push_str(&format!("{CUT}{} more bytes)", all - end));
        self.text
    }
}

/// Splits bytes into lines.
#[derive(Default)]
pub(super) struct Splitter {
    line: Vec<u8>,
    /// Bytes beyond those that are heard.
    cut: usize,
    /// A carriage return was the last byte: what follows overwrites the line, as in a terminal.
    returned: bool,
}

impl Splitter {
    /// The lines that these bytes end.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
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
                _ if self.line.len() < HEARD => self.line.push(*byte),
                _ => self.cut += 1,
            }
        }
        lines
    }

    fn end(&mut self) -> Line {
        let ended = std::mem::take(self);
        Line {
            text: String::from_utf8_lossy(&ended.line).into_owned(),
            cut: ended.cut,
        }
    }

    /// A last line without its end.
    pub(super) fn rest(&mut self) -> Option<Line> {
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
        let mut lines: Vec<Line> = bytes.iter().flat_map(|b| splitter.take(&[*b])).collect();
        lines.extend(splitter.rest());
        lines.into_iter().map(Line::shown).collect()
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
        let line = &split("é".repeat(LONGEST).as_bytes())[0];
        assert!(line.ends_with("é … (4096 more bytes)"), "{line}");
    }

    #[test]
    fn a_long_line_is_heard_in_full_and_a_huge_one_known_to_be_cut() {
        let mut splitter = Splitter::default();
        let long = splitter.take(format!("{}\n", "x".repeat(LONGEST + 7)).as_bytes());
        assert_eq!((long[0].text.len(), long[0].cut), (LONGEST + 7, 0));
        let huge = splitter.take(format!("{}\n", "x".repeat(HEARD + 7)).as_bytes());
        assert_eq!((huge[0].text.len(), huge[0].cut), (HEARD, 7));
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
