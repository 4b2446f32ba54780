//! Cells that are called alike, as those of `a: [["x, y"], [x, y]]`: a name stands for one cell, in folders, in
//! records and on the command line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::manifest::Column;
use crate::manifest::Grid;
use crate::plan::projection::Projection;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::Place;
use crate::text::in_one_line;

/// What is to be said of two cells with one name, if there are such among those that are there.
pub(super) fn alike(
    grid: &Grid,
    columns: &[usize],
    projection: &Projection,
    stage: (&str, &Place),
    is_there: impl Fn(usize) -> bool,
) -> Option<Diagnostic> {
    let of = |column: &usize| grid.columns().get(*column);
    if !columns.iter().any(|column| may_be_alike(of(column))) {
        return None;
    }
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut cells = (0..projection.len()).filter(|cell| is_there(*cell));
    let (first, second) =
        cells.find_map(
            |cell| match known.entry(projection.cells[cell].to_string()) {
                Entry::Occupied(first) => Some((*first.get(), cell)),
                Entry::Vacant(new) => {
                    new.insert(cell);
                    None
                }
            },
        )?;
    let coordinate =
        |cell: usize, column: usize| grid.coordinate(projection.first[cell] as usize, column);
    let place = |cell: usize| {
        let mut columns = columns.iter().copied();
        let column =
            columns.find(|column| coordinate(first, *column) != coordinate(second, *column))?;
        let known = of(&column);
        Some(
            known
                .place_of(coordinate(cell, column))
                .unwrap_or(&known.place),
        )
    };
    let (stage, of_stage) = stage;
    let name = &projection.cells[first];
    let said = Diagnostic::error(format!("two cells of `{stage}` are called `{name}`"))
        .at(place(first).unwrap_or(of_stage), "one here");
    let said = match place(second).filter(|other| place(first).is_none_or(|one| !one.same(other))) {
        Some(other) => said.also(other, "the other here"),
        None => said,
    };
    Some(
        said.help(
            "they would have one folder and one name: write one of the values in another way",
        ),
    )
}

/// Whether two values of a column may read alike, or one as more than one value.
fn may_be_alike(column: &Column) -> bool {
    let (mut texts, mut others) = (false, false);
    for value in column.values() {
        match value {
            Value::Str(text) if text.contains(',') || *in_one_line(text) != **text => return true,
            Value::List(_) | Value::Map(_) => return true,
            Value::Str(_) => texts = true,
            _ => others = true,
        }
    }
    texts && others
}
