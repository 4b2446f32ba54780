//! The parameters of the cells of a stage, made once for every distinct combination of the values that
//! they use.

use std::sync::Arc;

use rayon::prelude::*;

use crate::manifest::Expression;
use crate::plan::PartOfBudget;
use crate::plan::params::ParamTemplate;
use crate::plan::projection::Projection;
use crate::plan::projection::Projections;
use crate::registry::Values;
use crate::text::Diagnostics;

use super::Expansion;
use super::Ready;

/// Fewer combinations of values are not worth waking other threads.
const MANY: usize = 256;

/// The parameters of a step.
#[derive(Clone)]
pub(super) struct Params {
    pub values: Arc<Values>,
    /// As a program is given them, where that differs.
    pub written: Option<Arc<Values>>,
    /// Where they have a part of the budget of the search.
    pub part: Option<PartOfBudget>,
    /// As they were formerly, where that differs.
    pub former: Option<Arc<Values>>,
}

impl Expansion {
    /// The parameters of every projected cell beyond the first so many.
    pub(super) fn params(
        &mut self,
        ready: &Ready<'_>,
        projection: &Projection,
        from: usize,
        templates: &mut [ParamTemplate<'_>],
        projections: &mut Projections,
        found: &mut Diagnostics,
    ) -> Vec<Option<Params>> {
        let grid = &ready.experiment.grid;
        let stage = ready.stage();
        let mut ways = stage.uses.ways();
        for argument in &stage.with {
            ways.extend(argument.value.ways());
        }
        ways.extend(stage.when.iter().flat_map(Expression::ways));
        let search = ready.experiment.search.as_ref();
        let budget = search.and_then(|search| search.budget.as_ref());
        let of_budget = |way: &str, name: &str| {
            let within = |whole: &str, part: &str| {
                part.strip_prefix(whole)
                    .is_some_and(|rest| rest.starts_with('.'))
            };
            way == name || within(way, name) || within(name, way)
        };
        let budget = budget.filter(|budget| ways.iter().any(|way| of_budget(way, &budget.name)));
        let columns = grid.axes_of(ways.iter().map(|way| &**way));
        let own = projections.on(grid, &columns);
        let cells = || projection.first[from..].iter().map(|cell| *cell as usize);
        // The distinct combinations of values, and for each a cell that has it and the kind of stage there.
        let mut distinct: Vec<(u32, u32, u32)> = cells()
            .filter_map(|cell| Some((own.of[cell], cell as u32, ready.kind_of.of(cell)?)))
            .collect();
        distinct.sort_by_key(|(combination, ..)| *combination);
        distinct.dedup_by_key(|(combination, ..)| *combination);
        let silent = |(_, cell, kind): &(u32, u32, u32)| {
            let lookup = |name: &str| grid.value(*cell as usize, name);
            templates[*kind as usize].make_silently(&lookup)
        };
        let silently: Vec<Option<Values>> = match distinct.len() < MANY {
            true => distinct.iter().map(silent).collect(),
            false => distinct.par_iter().map(silent).collect(),
        };
        let had_other = grid.columns().iter().any(|column| column.has_former());
        let mut made = Vec::with_capacity(distinct.len());
        for ((_, cell, kind), values) in distinct.iter().zip(silently) {
            let cell = *cell as usize;
            // What there is to say is said in the order of cells.
            let values = values.or_else(|| {
                templates[*kind as usize].make(
                    &|name| grid.value(cell, name),
                    &|name| grid.value_place(cell, name).cloned(),
                    found,
                )
            });
            let values = values.map(|mut values| {
                let lookup = |name: &str| grid.value(cell, name);
                let typed = |text: &str| grid.typed(cell, text);
                templates[*kind as usize].tell_types(&mut values, &lookup, &typed);
                values
            });
            let part = budget.and_then(|budget| {
                // The budget may be a value within a parameter, which expressions ask for then: `t.epochs`.
                let mut way = budget.name.split('.');
                let base = way.next().unwrap_or_default();
                let way: Vec<&str> = way.collect();
                let whole = grid.value(cell, base).cloned().unwrap_or_default();
                let whole = whole.with(&way, &budget.whole);
                let lookup = |name: &str| match name == base {
                    true => Some(&whole),
                    false => grid.value(cell, name),
                };
                let mut whole = templates[*kind as usize].make_silently(&lookup)?;
                let typed = |text: &str| {
                    let value = grid.typed(cell, text)?;
                    match budget.name.strip_prefix(text) {
                        Some("") => None,
                        Some(rest) if rest.starts_with('.') => {
                            let way: Vec<&str> = rest[1..].split('.').collect();
                            Some(value.with(&way, &budget.whole))
                        }
                        _ => Some(value),
                    }
                };
                templates[*kind as usize].tell_types(&mut whole, &lookup, &typed);
                let amount = grid.value(cell, &budget.name)?.as_float()? as u64;
                (Some(&whole) != values.as_ref()).then(|| PartOfBudget {
                    amount,
                    whole: Arc::new(whole),
                })
            });
            made.push(values.map(|values| {
                let lookup = |name: &str| grid.value(cell, name);
                let written = |text: &str| grid.written(cell, text);
                let typed = |text: &str| grid.typed(cell, text);
                let template = &templates[*kind as usize];
                let former = had_other.then(|| {
                    let formerly =
                        |name: &str| grid.former(cell, name).or_else(|| grid.value(cell, name));
                    let mut former = template.make_silently(&formerly)?;
                    template.tell_types(&mut former, &formerly, &typed);
                    (former != values).then(|| Arc::new(former))
                });
                Params {
                    part,
                    former: former.flatten(),
                    written: template
                        .written(&values, &lookup, &written, &typed)
                        .map(Arc::new),
                    values: Arc::new(values),
                }
            }));
        }
        let of = |cell: usize| {
            ready.kind_of.of(cell)?;
            let at = distinct.binary_search_by_key(&own.of[cell], |(combination, ..)| *combination);
            made[at.ok()?].clone()
        };
        cells().map(of).collect()
    }
}
