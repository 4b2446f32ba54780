//! Whether bytes are grey values, and whether all splits are.

use super::clean::Clean;
use super::raw::Elements;
use super::wrong;
use crate::data::FormatError;

/// What 1 is divided from.
pub(super) const WHITE: f64 = 255.0;

/// Whether bytes are grey values, 255 of them 1.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Grey {
    Yes,
    No,
}

impl Grey {
    /// Of observations with the names of the splits that they were given for, those to train on first, that are to
    /// be divided by this.
    pub(super) fn of(parts: &[(&str, &Clean)], divide: Option<f64>) -> Result<Self, FormatError> {
        let bytes = parts.iter().filter_map(|(_, part)| match &part.x.elements {
            Elements::Bytes(all) => Some(all),
            _ => None,
        });
        let bytes: Vec<&Vec<u8>> = bytes.collect();
        let all = bytes.len() == parts.len();
        if let Some(by) = divide {
            if by == WHITE {
                alike(parts)?;
            }
            return Ok(if by == WHITE && all {
                Grey::Yes
            } else {
                Grey::No
            });
        }
        let (_, train) = parts[0];
        let largest = bytes.into_iter().flatten().max().copied().unwrap_or(0);
        if largest <= 1 && !train.pictures {
            return Ok(Grey::No);
        }
        alike(parts)?;
        // Bytes of one split beside numbers of another, perhaps from 0 to 1, have to be said too.
        match train.pictures || (train.is_picture() && all) {
            true => Ok(Grey::Yes),
            false => Err(wrong(
                "its bytes",
                format!(
                    "go up to {largest} and could be grey values or numbers: `divide: 255` makes 1 of 255, \
                     `divide: 1` takes them as they are"
                ),
            )),
        }
    }
}

/// No split is of zeros and ones where another is of grey values to 255: divided alike, its ones would be
/// almost black.
fn alike(parts: &[(&str, &Clean)]) -> Result<(), FormatError> {
    let greatest = parts.iter().map(|(name, part)| {
        let elements = &part.x.elements;
        let numbers = (0..elements.len()).map(|at| elements.number(at));
        (*name, numbers.fold(0.0, f64::max))
    });
    let greatest: Vec<(&str, f64)> = greatest.collect();
    let binary = greatest
        .iter()
        .find(|(_, most)| *most > 0.0 && *most <= 1.0);
    let grey = greatest.iter().find(|(_, most)| *most > 1.0);
    let (Some((binary, _)), Some((grey, most))) = (binary, grey) else {
        return Ok(());
    };
    Err(wrong(
        format!("the observations of {binary}"),
        format!(
            "go up to 1 and those of {grey} to {most}: divided by 255 alike, 1 would be 1/255. Where it is \
             white, save 255 in its place"
        ),
    ))
}
