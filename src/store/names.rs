//! Names of files as texts. Systems allow any bytes, records and messages hold texts: a byte that
//! is not part of UTF-8 becomes a character that nobody uses, at the end of the last private plane.

use std::ffi::OsStr;
use std::ffi::OsString;

use crate::text::in_one_line;

/// Byte `b` is the character `FIRST + b`.
const FIRST: u32 = 0x10_FF00;

/// The text for a name. Names in UTF-8 stay as they are, unless they have the characters that
/// stand for bytes.
pub fn text_of(name: &OsStr) -> String {
    let bytes = name.as_encoded_bytes();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match stands_for(c) {
                None => text.push(c),
                Some(_) => {
                    let mut own = [0; 4];
                    text.extend(c.encode_utf8(&mut own).bytes().map(stand_in));
                }
            }
        }
        text.extend(chunk.invalid().iter().copied().map(stand_in));
    }
    text
}

/// The name that a text stands for.
#[cfg(unix)]
pub fn name_of(text: &str) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    if text.is_ascii() || !text.contains(|c| stands_for(c).is_some()) {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stands_for(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
pub fn name_of(text: &str) -> OsString {
    text.into()
}

/// A name for people, in one line: bytes that are no text as `\xe9`, hidden characters as codes.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match stands_for(c) {
            Some(byte) => shown.push_str(&format!("\\x{byte:02x}")),
            None => shown.push(c),
        }
    }
    in_one_line(&shown).into_owned()
}

/// Whether a path stays where it is put: no record, forged or damaged, leads anywhere else.
pub fn stays_inside(path: &str) -> bool {
    path.split('/')
        .all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'))
}

fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).expect("a character of the private plane")
}

fn stands_for(c: char) -> Option<u8> {
    // Bytes of ASCII are always text.
    let byte = u8::try_from(u32::from(c).checked_sub(FIRST)?).ok()?;
    (byte >= 0x80).then_some(byte)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_has_a_text_of_its_own(bytes: Vec<u8>, text: String) {
            let name = OsStr::from_bytes(&bytes);
            prop_assert_eq!(name_of(&text_of(name)), name);
            let named = OsStr::new(&text);
            prop_assert_eq!(name_of(&text_of(named)), named);
        }
    }

    #[test]
    fn ordinary_names_stay_and_strange_ones_are_told() {
        assert_eq!(text_of(OsStr::new("grün/a b")), "grün/a b");
        assert_eq!(
            shown(&text_of(OsStr::from_bytes(b"b\xe9.txt"))),
            "b\\xe9.txt"
        );
        // A character that stands for a byte is not that byte.
        let own = "\u{10FFE9}";
        assert_ne!(text_of(OsStr::new(own)), own);
        assert_eq!(name_of(&text_of(OsStr::new(own))), own);
    }
}
