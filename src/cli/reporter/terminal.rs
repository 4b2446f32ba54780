//! A terminal that survives its own echo of Ctrl-C.
//!
//! indicatif leaves the cursor at the right edge of the last bar. There the `^C` that a terminal
//! prints goes on to the next line, and the next drawing starts one line too low: the topmost bar
//! stays on the screen for ever. Here the cursor goes back to the left edge after every drawing,
//! so that the echo is drawn over.
//!
//! Bars are text alone: whatever else the terminal would obey goes through as its code.

use std::io;

use indicatif::TermLike;

use crate::text::printable;

/// A terminal whose cursor rests at the left edge.
#[derive(Debug)]
pub(in crate::cli) struct AtLeftEdge<T>(pub T);

impl<T: TermLike> TermLike for AtLeftEdge<T> {
    fn width(&self) -> u16 {
        self.0.width()
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(&printable(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(&printable(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    /// Called once at the end of every drawing.
    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}
