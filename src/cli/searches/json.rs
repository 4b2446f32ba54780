//! A search for programs.

use serde_json::Value as Json;
use serde_json::json;

use crate::cli::project::Project;

impl Project {
    /// Where the search stands, for programs; none without a search.
    pub(in crate::cli) fn search_json(&self) -> Option<Json> {
        let (known, more) = self.trials()?;
        let search = self.plan.experiment.search.as_ref()?;
        let state = self.search.as_ref()?;
        let tally = &state.tally;
        let objectives = search.objectives.iter();
        let mut found = json!({
            "axis": &*search.name,
            "method": search.method.name(),
            "objectives": objectives
                .map(|objective| format!("{}.{}", objective.stage, objective.column))
                .collect::<Vec<_>>(),
            "trials": search.trials,
            "known": known,
            "to_come": more,
            "awaits": self.awaits_trials(),
            "ended": tally.ended,
            "stopped": tally.stopped,
            "failed": tally.failed,
            "left_out": tally.left_out,
            "short": tally.short,
            "best": null,
        });
        let several = search.objectives.len() > 1;
        if several {
            found["front"] = json!(tally.front);
        }
        let best = tally.best.filter(|_| !several);
        if let (Some((trial, cost)), Some(objective)) = (best, search.objectives.first()) {
            found["best"] = json!({
                "trial": trial,
                "point": search.points.get(trial),
                "value": objective.direction.cost(cost),
            });
        }
        if let Some(budget) = &search.budget {
            let amounts = budget.halving.budgets().iter().enumerate();
            let rung = |(rung, amount): (usize, &u64)| {
                let there = search.cells.iter().filter(|cell| cell.rung == rung);
                json!({"budget": amount, "trials": there.count()})
            };
            found["rungs"] = amounts.map(rung).collect();
        }
        Some(found)
    }
}
