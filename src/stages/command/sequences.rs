//! What stands next to a `;` in a shell text.

/// Words that open, part and close what shells read as one, or turn what comes.
pub(super) fn is_reserved(word: &str) -> bool {
    let words = "! { } case do done elif else esac fi for function if in select then until while";
    words.split(' ').any(|reserved| reserved == word)
}

/// Whether what stands next to a `;` is a command whose failure something hides, or that hides one.
pub(super) fn may_fail(command: &str) -> bool {
    let mut command = command.trim();
    for opener in ["do ", "then ", "else ", "{ "] {
        command = command.strip_prefix(opener).unwrap_or(command).trim_start();
    }
    let mut words = command.split_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    let last = words.next_back().unwrap_or(first);
    let setting = [
        "declare", "exit", "export", "local", "readonly", "set", "trap", "unset",
    ];
    let is_pattern_of_case = command.ends_with(')') && !command.contains('(');
    !(is_reserved(first)
        || is_reserved(last)
        || setting.contains(&first)
        || is_pattern_of_case
        || is_assignment(command))
}

/// Whether a command is `name=value` and nothing else.
fn is_assignment(command: &str) -> bool {
    let Some((name, value)) = command.split_once('=') else {
        return false;
    };
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let rest = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).map_or("", |(_, rest)| rest),
        _ => value,
    };
    // `name=$(…)` counts as one word.
    is_name
        && (value.starts_with("$(") && value.ends_with(')') || !rest.contains(char::is_whitespace))
}
