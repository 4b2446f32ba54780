//! What the manifest leaves out of a search: its points are proposed without it.

use crate::manifest::axes::Axis;
use crate::manifest::axes::Search;
use crate::manifest::expression::Expression;
use crate::manifest::grid::Grid;
use crate::manifest::pipeline::Pipeline;
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
    let conditions = objectives.map(|objective| {
        let mut found = Vec::new();
        if let Some(stage) = pipeline.stage(&objective.stage) {
            conditions(stage, pipeline, catalog, &mut found, &mut Vec::new());
        }
        found
    });
    let conditions: Vec<Vec<&Expression>> = conditions.collect();
    if let Some((condition, text)) = grid.points_with_cells(axes, search, &conditions) {
        search.space = search.space.clone().within(condition);
        search.space_text += &text;
    }
}

/// The conditions of a stage, and of stages without which it is not there.
fn conditions<'p>(
    stage: &'p Stage,
    pipeline: &'p Pipeline,
    catalog: &Catalog,
    found: &mut Vec<&'p Expression>,
    seen: &mut Vec<&'p str>,
) {
    if seen.contains(&&*stage.name) {
        return;
    }
    seen.push(&stage.name);
    found.extend(&stage.when);
    let kind = stage.uses.literal().and_then(|name| name.as_str());
    let Some(kind) = kind.and_then(|name| catalog.get(name)) else {
        return;
    };
    if !matches!(stage.over, Over::Unsaid) || stage.missing_allowed {
        return;
    }
    let slots = kind.inputs();
    for binding in &stage.inputs {
        let mut slots = slots.iter();
        let slot = slots.find(|slot| *slot.name == *binding.slot);
        let [source] = &binding.sources[..] else {
            continue;
        };
        let Origin::Stage { stage: of, .. } = &source.from else {
            continue;
        };
        let optional = slot.is_some_and(|slot| slot.optional);
        if !optional && source.when.is_none() && source.at.is_empty() {
            let of = pipeline.stage(of);
            if let Some(of) = of {
                conditions(of, pipeline, catalog, found, seen);
            }
        }
    }
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
