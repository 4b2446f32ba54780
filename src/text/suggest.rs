//! "Did you mean": the known name that a mistyped one is closest to.

use std::cell::Cell;

/// Longer names are no slip of the keyboard.
const LONGEST: usize = 100;

/// So many names are looked at in all, for one thread: a file of thousands of mistakes is told
/// after a moment, with suggestions for the first.
const PATIENCE: usize = 100_000;

thread_local! {
    static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
}

/// The known name closest to `name`; none where nothing is close.
pub fn closest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let words = || lower.split(['_', '-']).filter(|word| !word.is_empty());
    let initials: String = words().filter_map(|word| word.chars().next()).collect();
    // Above this many edits a suggestion is more noise than help.
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .take_while(|_| LOOKED_AT.replace(LOOKED_AT.get() + 1) < PATIENCE)
        .filter(|candidate| candidate.len() <= LONGEST)
        .filter_map(|candidate| {
            let plain = candidate.to_lowercase();
            let edits = strsim::damerau_levenshtein(&lower, &plain);
            // `batch` for `batch_size`, `vae` for `train/vae`.
            let contains = name.len() >= 3
                && (plain.starts_with(&lower) || plain.ends_with(&format!("/{lower}")));
            // `hidden` for `hidden_units`, `lr` for `learning_rate`.
            let is_part = plain.len() >= 3 && words().any(|word| word == plain);
            let is_short = plain.len() >= 2 && plain == initials;
            let close = contains || is_part || is_short;
            match edits <= allowed {
                true => Some((edits, candidate)),
                false => close.then_some((allowed, candidate)),
            }
        })
        .min_by_key(|(edits, candidate)| (*edits, *candidate))
        .map(|(_, candidate)| candidate)
}

/// The help line for a name nobody knows: the closest known one, or all of them.
pub fn did_you_mean<'k>(
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
    what: &str,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return None;
    }
    Some(match closest(name, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("{what}: {}", super::list_of(known)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_wins() {
        let known = ["train/vae", "train/iwae", "train/mapa"];
        assert_eq!(closest("train/iwea", known), Some("train/iwae"));
        assert_eq!(closest("vae", known), Some("train/vae"));
        assert_eq!(
            closest("batch", ["batch_size", "epochs"]),
            Some("batch_size")
        );
        let params = ["hidden", "learned", "lr", "reparam"];
        assert_eq!(closest("hidden_units", params), Some("hidden"));
        assert_eq!(closest("learning_rate", params), Some("lr"));
    }

    #[test]
    fn nothing_close_is_no_suggestion() {
        assert_eq!(closest("zebra", ["train/vae"]), None);
        assert_eq!(closest("x", []), None);
    }
}
