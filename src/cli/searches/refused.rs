//! Points of which no plan can be made, as of a value that a stage does not take: told before a search begins where
//! the ends and choices of its space show it. One that is proposed all the same fails its trial, and nothing else.

use super::text_of;
use crate::manifest::Search;
use crate::search::Point;
use crate::search::Proposed;
use crate::text::Diagnostic;
use crate::text::Diagnostics;
use crate::text::Level;

/// A point with what is wrong with it.
pub(in crate::cli) struct Refused {
    pub point: Point,
    why: String,
}

/// Trials at these points, with all of the budget.
fn at(points: Vec<Point>) -> Proposed {
    Proposed {
        highest: vec![usize::MAX; points.len()],
        points,
        ..Proposed::default()
    }
}

/// What is wrong at the ends and choices of a space, with the point at which it is; none where all can be planned.
/// `wrong` tells what is wrong with a plan of some trials.
pub(in crate::cli) fn wrong_at_corners(
    search: &Search,
    mut wrong: impl FnMut(Proposed) -> Diagnostics,
) -> Option<Diagnostics> {
    let all = at(search.space.corners());
    let found = wrong(all.clone());
    if !found.has_errors() {
        return None;
    }
    let alone: Vec<Diagnostics> = all
        .points
        .iter()
        .map(|point| wrong(at(vec![point.clone()])))
        .collect();
    let mut told = Diagnostics::new();
    for error in found.iter() {
        let label = |said: &Diagnostic| said.at.as_ref().map(|label| label.text.clone());
        let same = |other: &Diagnostic| {
            other.level == error.level && other.title == error.title && label(other) == label(error)
        };
        let mut points = all.points.iter().zip(&alone);
        let point = points.find(|(_, alone)| alone.iter().any(same));
        let point = point.filter(|_| error.level == Level::Error);
        told.push(error.clone().maybe_help(point.map(|(point, _)| {
            format!(
                "so it is at an end of the space of `{}`, which trials may come to: {}",
                search.name,
                text_of(point)
            )
        })));
    }
    Some(told)
}

/// The points of the trials of a search of which no plan can be made; none where what is wrong is none of one point.
/// `wrong` tells what is wrong with a plan of some trials.
pub(in crate::cli) fn refused(
    search: &Search,
    before: &[Refused],
    mut wrong: impl FnMut(Proposed) -> Diagnostics,
) -> Vec<Refused> {
    let mut found: Vec<Refused> = Vec::new();
    let points = &search.points;
    if points.is_empty() || wrong(at(search.space.corners())).has_errors() {
        return found;
    }
    let highest = search.highest();
    // Of the first trials, what is wrong; more of them are no better.
    let mut of_first = |trials: usize, found: &[Refused]| {
        let refused = before.iter().chain(found);
        let wrong = wrong(Proposed {
            points: points[..trials].to_vec(),
            highest: highest[..trials].to_vec(),
            refused: refused.map(|refused| refused.point.clone()).collect(),
            ..Proposed::default()
        });
        let errors = wrong.iter().filter(|wrong| wrong.level == Level::Error);
        let told = |wrong: &Diagnostic| match &wrong.at {
            Some(label) if !label.text.is_empty() => format!("{}, {}", wrong.title, label.text),
            _ => wrong.title.clone(),
        };
        errors.map(told).next()
    };
    if of_first(0, &found).is_some() {
        return found;
    }
    let mut right = 0;
    while let Some(mut why) = of_first(points.len(), &found) {
        let mut first_wrong = points.len();
        while first_wrong - right > 1 {
            let middle = right + (first_wrong - right) / 2;
            match of_first(middle, &found) {
                None => right = middle,
                Some(this) => (first_wrong, why) = (middle, this),
            }
        }
        let point = points[first_wrong - 1].clone();
        right = first_wrong - 1;
        // What a point without cells does not mend is another mistake.
        if found.iter().any(|known| known.point == point) {
            return Vec::new();
        }
        found.push(Refused { point, why });
    }
    found
}

/// What is said of them.
pub(in crate::cli) fn told(search: &Search, refused: &[Refused]) -> Diagnostics {
    let mut found = Diagnostics::new();
    for Refused { point, why } in refused {
        let trial = search.points.iter().position(|known| known == point);
        let Some(trial) = trial else { continue };
        let title = format!(
            "trial {trial} ({}) cannot be planned: {why}",
            text_of(point)
        );
        let said = Diagnostic::warning(title);
        found.push(said.at(&search.place, "such a trial counts as failed"));
    }
    found
}
