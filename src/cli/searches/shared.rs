//! What a program has proposed, for others who search the same.

use std::io;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::record::FILE;
use super::record::Record;
use super::record::definition;
use crate::cli::noted;
use crate::cli::project::Project;
use crate::search::Point;

/// The trials of a search for which a program proposes, first to last.
#[derive(Serialize, Deserialize)]
struct Answers {
    of: String,
    space: String,
    points: Vec<Point>,
    exhausted: bool,
}

impl Project {
    /// What a program has proposed so far, as others read it; none where none proposes.
    pub(in crate::cli) fn answers(&self) -> Option<Json> {
        if !self.asks_a_program() {
            return None;
        }
        let record = noted::of::<Record>(&self.store, FILE, &self.name());
        let record = record.ok().flatten()?;
        let answers = Answers {
            of: record.of,
            space: record.space,
            points: record.points,
            exhausted: record.exhausted,
        };
        serde_json::to_value(answers).ok()
    }

    /// Takes over what a program has proposed for others who have the same search and its first trials: the longest.
    /// Whether that is more than was known.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub(in crate::cli) fn take_answers(&self, of_others: Vec<Json>) -> io::Result<bool> {
        let Some(search) = &self.plan.experiment.search else {
            return Ok(false);
        };
        let of = definition(search);
        let all = of_others.into_iter();
        let all = all.filter_map(|answers| serde_json::from_value::<Answers>(answers).ok());
        let goes_on = |answers: &Answers| {
            let mut points = answers.points.iter();
            answers.of == of
                && answers.space == search.space_text
                && answers.points.starts_with(&search.points)
                && points.all(|point| search.space.contains(point).is_ok())
        };
        let Some(mut longest) = all.filter(goes_on).max_by_key(|other| other.points.len()) else {
            return Ok(false);
        };
        let known = search.points.len();
        longest.exhausted &= longest.points.len() < search.trials;
        longest.points.truncate(search.trials);
        if longest.points.len() == known && !longest.exhausted {
            return Ok(false);
        }
        // So that there is a record.
        self.note_trials(&[])?;
        let record = noted::of::<Record>(&self.store, FILE, &self.name());
        let Ok(Some(mut record)) = record else {
            return Ok(false);
        };
        let is_news = record.points != longest.points || record.exhausted != longest.exhausted;
        record.points = longest.points;
        record.exhausted = longest.exhausted;
        noted::note(&self.store, FILE, &self.name(), &record)?;
        Ok(is_news)
    }
}
