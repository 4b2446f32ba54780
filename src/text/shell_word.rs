//! Words of a shell.

/// A text as one word that a POSIX shell takes back as it was.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
