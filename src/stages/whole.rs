//! Which of several settings have all replicates that any of them has.

use std::collections::HashSet;

/// Coordinates of a replicate on the replicates' axes, each as [`crate::table::coordinate_key`] has it; none where
/// the axis does not exist for it.
pub(super) type Replicate = Vec<Option<String>>;

/// Whether each setting has all replicates that any has, and all of `others`: which ones, and not how many, since
/// the mean over easy ones is another than over hard ones. A setting without an axis of the replicates, as a
/// baseline that has no seed, has one for every value of it.
pub(super) fn whole(settings: &[Vec<Replicate>], others: &[Replicate]) -> Vec<bool> {
    let all: HashSet<&Replicate> = settings.iter().flatten().chain(others).collect();
    let has_all = |own: &Vec<Replicate>| {
        let known: HashSet<&Replicate> = own.iter().collect();
        all.iter()
            .all(|wanted| known.contains(*wanted) || own.iter().any(|own| agree(own, wanted)))
    };
    settings.iter().map(has_all).collect()
}

/// Whether two are one in the axes that both have.
fn agree(a: &Replicate, b: &Replicate) -> bool {
    let mut axes = a.iter().zip(b);
    axes.all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicates(all: &[&str]) -> Vec<Replicate> {
        let one = |text: &&str| {
            let axes = text.split(' ');
            axes.map(|axis| Some(axis.to_owned()).filter(|axis| axis != "-"))
                .collect()
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn whole_is_what_lacks_none_that_another_has() {
        let settings = [["0", "1"], ["1", "2"], ["0", "2"]].map(|own| replicates(&own));
        assert_eq!(whole(&settings, &[]), [false; 3]);
        let settings = [&["0", "1"][..], &["1"], &["-"], &[]].map(replicates);
        assert_eq!(whole(&settings, &[]), [true, false, true, false]);
        assert_eq!(whole(&settings[..1], &replicates(&["2"])), [false]);
        // One without folds is one of all of them.
        let settings = [&["0 0", "0 1", "1 0"][..], &["0 -", "1 -"], &["0 -"]].map(replicates);
        assert_eq!(whole(&settings, &[]), [true, true, false]);
    }
}
