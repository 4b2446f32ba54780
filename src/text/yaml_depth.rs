//! How deep YAML goes, told without reading it: readers that build values go there by recursion, and look at all
//! open brackets for each that comes.

use saphyr_parser::Event;
use saphyr_parser::Parser;

/// Deeper nesting than this is nobody's file.
const DEEPEST_YAML: usize = 64;

/// The line where a YAML text is nested more deeply than [`DEEPEST_YAML`]; none where it is not, or is no YAML from
/// some place on.
pub fn too_deep_yaml(text: &str) -> Option<usize> {
    // The levels of a line may be opened and closed within it, and those of several by their indentation alone.
    let mut depth = 0_usize;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        // Another reader may get further.
        let Ok((event, span)) = event else {
            return too_many_brackets(text);
        };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_YAML {
            return Some(span.start.line());
        }
    }
    None
}

/// What a YAML text of others says; none where it is none, or nested too deeply to be read.
pub fn foreign_yaml(text: &str) -> Option<serde_yaml::Value> {
    if too_deep_yaml(text).is_some() {
        return None;
    }
    serde_yaml::from_str(text).ok()
}

/// The line where more brackets are open than [`DEEPEST_YAML`], be they in texts or not.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (number, line) in text.lines().enumerate() {
        for c in line.bytes() {
            match c {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > DEEPEST_YAML {
                return Some(number + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_however_they_are_written() {
        let deep =
            |open: &str, close: &str| format!("a: 1\nb: {}{}", open.repeat(65), close.repeat(65));
        assert_eq!(too_deep_yaml(&deep("[", "]")), Some(2));
        assert_eq!(too_deep_yaml(&deep("{a: ", "}")), Some(2));
        assert_eq!(too_deep_yaml(&format!("\n{}1", "- ".repeat(65))), Some(2));
        assert_eq!(
            too_deep_yaml(&format!("a: {}", "[".repeat(100_000))),
            Some(1)
        );
        assert_eq!(
            too_deep_yaml(&format!("a: [{}1]", "[1], ".repeat(1000))),
            None
        );
        assert_eq!(too_deep_yaml("a: [1\nb: }"), None);
    }
}
