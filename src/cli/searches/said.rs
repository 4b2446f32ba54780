//! What is said of a search.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use super::NAMED;
use super::going_on::why_no_more;
use super::tally::Tally;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::run_state::Trials;
use crate::manifest::TrialCell;
use crate::plan::Step;
use crate::search::Proposed;
use crate::stages::Outcomes;
use crate::text::plural;

impl Project {
    /// How many trials are known, and how many more there may be.
    pub(in crate::cli) fn trials(&self) -> Option<(usize, usize)> {
        let search = self.plan.experiment.search.as_ref()?;
        let known = search.points.len();
        let exhausted = self.search.as_ref().is_some_and(|state| state.exhausted);
        let more = match exhausted {
            true => 0,
            false => search.trials.saturating_sub(known),
        };
        Some((known, more))
    }

    /// The trials that there are, at each part of the budget, and how many are to come; none without a search.
    pub(in crate::cli) fn trials_ahead(&self) -> Option<Trials> {
        let (known, more) = self.trials()?;
        let search = self.plan.experiment.search.as_ref()?;
        let most: usize = search.study().at_most(known + more).iter().sum();
        Some(Trials {
            known: search.cells.len(),
            to_come: most.saturating_sub(search.cells.len()),
            parallel: search.parallel,
        })
    }

    /// How many trials are known, and how many are to come: `16 trials known, up to 48 more`; with a
    /// budget also at which rungs. None without a search.
    pub(in crate::cli) fn trials_line(&self) -> Option<String> {
        let (known, more) = self.trials()?;
        let search = self.plan.experiment.search.as_ref()?;
        let more = match more {
            0 if known < search.trials => format!(", {}", why_no_more(search)),
            0 => String::new(),
            more => format!(", up to {more} more"),
        };
        let line = format!("{} known{more}", plural(known, "trial"));
        let Some(budget) = &search.budget else {
            return Some(line);
        };
        let open = self.search.as_ref().is_some_and(|state| state.undecided);
        let trials = if self.search.as_ref().is_some_and(|state| state.exhausted) {
            known
        } else {
            search.trials
        };
        let most = search.study().at_most(trials);
        let rungs = budget.halving.budgets().iter().zip(most).enumerate();
        let rungs = rungs.map(|(rung, (amount, most))| {
            let there = search.cells.iter().filter(|cell| cell.rung == rung).count();
            let to_come = match most.saturating_sub(there) {
                more if more > 0 && open => format!(" (up to {more} more)"),
                _ => String::new(),
            };
            format!("{there} at {}={amount}{to_come}", budget.name)
        });
        Some(format!("{line}: {}", rungs.collect::<Vec<_>>().join(", ")))
    }

    /// The best trial so far, and how the others ended; none where none has a number, or without a
    /// search.
    pub(in crate::cli) fn best_line(&self) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        self.search.as_ref()?.tally.line(search)
    }

    /// The same while a run goes on, with how many trials are under way.
    pub(in crate::cli) fn best_line_of_run(&self) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        self.search.as_ref()?.tally.line_of_run(search)
    }

    /// The same with what came of the cells of the search until now; promotions of this round are open.
    pub(in crate::cli) fn best_of(&self, outcomes: &Outcomes) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        let proposed = Proposed {
            highest: search.highest(),
            undecided: self.search.as_ref().is_some_and(|state| state.undecided),
            ..Proposed::default()
        };
        Tally::of(search, outcomes, &proposed).line_of_run(search)
    }

    /// Which trials a step belongs to, and at which rung: `trial 7, promoted from epochs=1`; none where it
    /// is of all.
    pub(in crate::cli) fn trial_of(&self, step: &Step) -> Option<String> {
        let search = self.plan.experiment.search.as_ref()?;
        let columns = self.plan.experiment.grid.columns();
        let coordinate = |column: &usize| step.cell.get(&columns.get(*column).name);
        search.columns.iter().find_map(coordinate)?;
        let is_here = |cell: &&TrialCell| {
            let mut at = search.columns.iter().zip(&cell.coordinates);
            at.all(|(column, id)| {
                coordinate(column)
                    .is_none_or(|value| columns.get(*column).value(*id) == Some(value))
            })
        };
        let cells: Vec<&TrialCell> = search.cells.iter().filter(is_here).collect();
        let trials: BTreeSet<usize> = cells.iter().map(|cell| cell.trial).collect();
        let [first, ..] = cells[..] else { return None };
        let named: Vec<String> = trials.iter().take(NAMED).map(usize::to_string).collect();
        let mut line = match (trials.len(), trials.len() - named.len()) {
            (1, _) => format!("trial {}", first.trial),
            (_, 0) => format!("trials {}", named.join(", ")),
            (_, more) => format!("trials {} and {more} more", named.join(", ")),
        };
        if let (1, Some(budget)) = (cells.len(), &search.budget) {
            let (group, begins) = budget.halving.place(first.trial);
            let amount =
                |rung: usize| format!("{}={}", budget.name, budget.halving.budgets()[rung]);
            line += &match first.rung > begins {
                true => format!(", promoted from {}", amount(first.rung - 1)),
                false => format!(", which begins with {}", amount(begins)),
            };
            line += &format!(", in group {group}");
        }
        Some(line)
    }

    /// Says which trials of an earlier space this one does not have.
    pub(in crate::cli) fn tell_search(&self, err: &mut Printer) -> io::Result<()> {
        let fell_out = self.search.iter().flat_map(|state| &state.fell_out);
        let fell_out: Vec<&String> = fell_out.collect();
        if fell_out.is_empty() {
            return Ok(());
        }
        writeln!(
            err,
            "the space is another one: {} of it, without",
            plural(
                self.search.as_ref().map_or(0, |state| state.kept),
                "known trial"
            )
        )?;
        for (at, line) in fell_out.iter().enumerate() {
            if at == NAMED {
                return writeln!(err, "  and {} more", fell_out.len() - NAMED);
            }
            writeln!(err, "  {line}")?;
        }
        Ok(())
    }
}
