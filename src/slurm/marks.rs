//! What jobs tell through the disk: a file for the begin and one for the end of every attempt, all in one folder of
//! the batch, so that one listing of it tells what happened to thousands.

use std::fs;
use std::io;
use std::path::Path;

use crate::engine::isolated::place;

/// What a job tells of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It begins; the text says where.
    Begun,
    /// It ended by itself, and left an outcome.
    Ended,
    /// Its job stopped it: the time is nearly over.
    TimeLimit,
    /// Its job was told to end.
    Signalled,
    /// It ended without an outcome; the text says how.
    Died,
    /// Its job ended before its turn came.
    NotBegun,
}

const WORDS: [(Mark, &str); 6] = [
    (Mark::Begun, "begun"),
    (Mark::Ended, "ended"),
    (Mark::TimeLimit, "time-limit"),
    (Mark::Signalled, "signalled"),
    (Mark::Died, "died"),
    (Mark::NotBegun, "not-begun"),
];

fn name(task: u32, slot: u32, mark: Mark) -> String {
    let word = WORDS.iter().find(|(known, _)| *known == mark);
    let word = word.map_or("", |(_, word)| word);
    format!("{task}.{slot}.{word}")
}

/// Leaves a mark with a text, whole as soon as it is there.
pub(super) fn put(folder: &Path, task: u32, slot: u32, mark: Mark, text: &str) -> io::Result<()> {
    let name = name(task, slot, mark);
    place(&folder.join(name), text.as_bytes())
}

/// The text of a mark.
pub(super) fn text(folder: &Path, task: u32, slot: u32, mark: Mark) -> String {
    fs::read_to_string(folder.join(name(task, slot, mark))).unwrap_or_default()
}

/// Whether a mark was left.
pub(super) fn is_there(folder: &Path, task: u32, slot: u32, mark: Mark) -> bool {
    folder.join(name(task, slot, mark)).exists()
}

/// Takes away what tells of an end: the attempt begins again.
pub(super) fn forget_ends(folder: &Path, task: u32, slot: u32) -> io::Result<()> {
    for (mark, _) in WORDS.into_iter().filter(|(mark, _)| *mark != Mark::Begun) {
        match fs::remove_file(folder.join(name(task, slot, mark))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The seconds between two marks, by the clock of the disk.
pub(super) fn seconds(folder: &Path, task: u32, slot: u32, marks: [Mark; 2]) -> Option<f64> {
    let [from, to] = marks.map(|mark| {
        let path = folder.join(name(task, slot, mark));
        fs::metadata(path).and_then(|file| file.modified()).ok()
    });
    let between = to?.duration_since(from?).ok()?;
    Some(between.as_secs_f64())
}

/// All marks: task, slot and what is told of it.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(u32, u32, Mark)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        all.extend(name.to_str().and_then(read));
    }
    // A begin before the end of the same.
    all.sort_by_key(|(task, slot, mark)| (*task, *slot, *mark != Mark::Begun));
    Ok(all)
}

fn read(name: &str) -> Option<(u32, u32, Mark)> {
    let mut parts = name.splitn(3, '.');
    let task = parts.next()?.parse().ok()?;
    let slot = parts.next()?.parse().ok()?;
    let word = parts.next()?;
    let (mark, _) = WORDS.iter().find(|(_, known)| *known == word)?;
    Some((task, slot, *mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_again_begins_first_and_half_written_ones_are_not() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let folder = space.path();
        put(folder, 3, 1, Mark::Ended, "").expect("it is ours");
        put(folder, 3, 1, Mark::Begun, "on n1").expect("it is ours");
        put(folder, 0, 12, Mark::Died, "exit status 3").expect("it is ours");
        fs::write(folder.join(".4.0.ended"), "").expect("it is ours");
        fs::write(folder.join("4.0.ended~"), "").expect("it is ours");
        let all = list(folder).expect("it is there");
        assert_eq!(
            all,
            [
                (0, 12, Mark::Died),
                (3, 1, Mark::Begun),
                (3, 1, Mark::Ended)
            ]
        );
        assert_eq!(text(folder, 3, 1, Mark::Begun), "on n1");
        assert_eq!(text(folder, 9, 9, Mark::Begun), "");
    }
}
