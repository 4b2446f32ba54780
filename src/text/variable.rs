//! Names as variables of an environment have them.

/// The variable of this name, as every shell can read it: what is no letter, digit or underscore is one.
pub fn variable(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}
