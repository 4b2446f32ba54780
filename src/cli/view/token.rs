//! The secret in the address: other users of a login node reach its ports, too.

use std::fmt;
use std::io;

/// A random secret.
pub(super) struct Token(String);

impl Token {
    pub(super) fn new() -> io::Result<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        Ok(Token(
            secret.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// Whether somebody knows it. By digests, so that how long it takes tells nothing.
    pub(super) fn is(&self, said: &str) -> bool {
        blake3::hash(said.as_bytes()) == blake3::hash(self.0.as_bytes())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
