//! What the manifest leaves out of a search: its points are proposed without it.

use std::collections::HashMap;

use crate::manifest::axes::Axis;
use crate::manifest::axes::Search;
use crate::manifest::grid::Grid;
use crate::manifest::grid::Needed;
use crate::manifest::pipeline::Pipeline;
use crate::manifest::stage::Input;
use crate::manifest::stage::Origin;
use crate::manifest::stage::Over;
use crate::manifest::stage::Stage;
use crate::registry::Catalog;
use crate::search::Proposed;
use crate::text::Diagnostic;
use crate::text::Diagnostics;

use super::Experiment;

/// Leaves the points out of the space of a search that have no cells, or none with what is optimised.
pub(super) fn without_what_is_left_out(
    search: &mut Search,
    axes: &[Axis],
    (pipeline, catalog): (&Pipeline, &Catalog),
    grid: &Grid,
) {
    let objectives = search.objectives.iter();
    let mut known = HashMap::new();
    let conditions = objectives.map(|objective| {
        let stage = pipeline.stage(&objective.stage);
        stage.map_or_else(Vec::new, |stage| {
            conditions(stage, pipeline, catalog, &mut known)
        })
    });
    let conditions: Vec<Vec<Needed>> = conditions.collect();
    if let Some((condition, text)) = grid.points_with_cells(axes, search, &conditions) {
        search.space = search.space.clone().within(condition);
        search.space_text += &text;
    }
}

/// What a stage needs to be there in a cell: its own condition, and for each of its inputs that one of the sources is read
/// there and is there itself.
fn conditions<'p>(
    stage: &'p Stage,
    pipeline: &'p Pipeline,
    catalog: &Catalog,
    known: &mut HashMap<&'p str, Vec<Needed>>,
) -> Vec<Needed> {
    if let Some(known) = known.get(&*stage.name) {
        return known.clone();
    }
    // In a circle, of which is told elsewhere.
    known.insert(&stage.name, Vec::new());
    let mut found: Vec<Needed> = stage.when.iter().map(Needed::of).collect();
    let kind = stage.uses.literal().and_then(|name| name.as_str());
    let kind = kind.and_then(|name| catalog.get(name));
    if let Some(kind) = kind
        && matches!(stage.over, Over::Unsaid)
        && !stage.missing_allowed
    {
        let slots = kind.inputs();
        for binding in &stage.inputs {
            let mut slots = slots.iter();
            let slot = slots.find(|slot| *slot.name == *binding.slot);
            if slot.is_some_and(|slot| slot.optional) {
                continue;
            }
            let of = |source: &'p Input| {
                let mut needed: Vec<Needed> = source.when.iter().map(Needed::of).collect();
                // Held at one value it is that of another cell.
                if let Origin::Stage { stage: of, .. } = &source.from
                    && source.at.is_empty()
                    && let Some(of) = pipeline.stage(of)
                {
                    needed.extend(conditions(of, pipeline, catalog, known));
                }
                needed
            };
            let sources = binding.sources.iter().map(of).collect();
            for needed in one_of(sources) {
                if !found.contains(&needed) {
                    found.push(needed);
                }
            }
        }
    }
    known.insert(&stage.name, found.clone());
    found
}

/// What holds where all that one of these needs does.
fn one_of(mut ways: Vec<Vec<Needed>>) -> Vec<Needed> {
    if ways.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    if ways.len() < 2 {
        return ways.pop().unwrap_or_default();
    }
    let all = |way: &Vec<Needed>| {
        let texts = way.iter().map(|needed| format!("({})", needed.text));
        texts.collect::<Vec<_>>().join(" and ")
    };
    let text: Vec<String> = ways.iter().map(all).collect();
    let place = ways.swap_remove(0).swap_remove(0).place;
    vec![Needed {
        text: text.join(" or "),
        place,
    }]
}

impl Experiment {
    /// The first trials of its search, where points were drawn that are left out: what leaves them out is known once
    /// all is read.
    pub(super) fn drawn_again(&self, found: &mut Diagnostics) -> Option<Proposed> {
        let search = self.search.as_ref()?;
        if !search.space.is_within() {
            return None;
        }
        // What is wrong with its parameters was said.
        let proposed = search.study().propose(&[], |_, _| None).ok()?;
        if proposed.points.is_empty() && proposed.exhausted {
            found.push(
                Diagnostic::error(format!("no point of the search `{}` is left", search.name)).at(
                    &search.place,
                    "`exclude` and conditions leave out all of its space",
                ),
            );
            return None;
        }
        (proposed.points != search.points).then_some(proposed)
    }
}
