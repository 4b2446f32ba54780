//! Bars in a terminal: one for the run, one for each running step.

use std::collections::BTreeMap;

use console::Term;
use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::Reporter;
use super::Warnings;
use super::failure_lines;
use super::stopping;
use super::terminal::AtLeftEdge;
use super::time_left;
use super::wants;
use crate::cli::run_state::RunState;
use crate::engine::Event;
use crate::engine::Timed;
use crate::text::in_one_line;
use crate::text::said;
use crate::text::said_in_short;

/// More bars than this would push the run's own bar off a small terminal.
const MOST_BARS: usize = 8;

/// Draws to standard error.
pub(crate) struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    steps: BTreeMap<u32, ProgressBar>,
    warnings: Warnings,
}

impl Bars {
    pub(crate) fn new() -> Self {
        let terminal = Term::buffered_stderr();
        Self::on(match terminal.is_term() {
            // indicatif limits redraws itself; ten a second are calm and still lively.
            true => ProgressDrawTarget::term_like_with_hz(Box::new(AtLeftEdge(terminal)), 10),
            false => ProgressDrawTarget::hidden(),
        })
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let all = MultiProgress::with_draw_target(target);
        let run = all.add(ProgressBar::new(0));
        run.set_style(style("{bar:20} {pos}/{len}  {wide_msg}"));
        Bars {
            all,
            run,
            steps: BTreeMap::new(),
            warnings: Warnings::default(),
        }
    }

    fn print(&self, line: String) {
        // Only fails when the terminal is gone, which must not stop a run.
        let _ = self.all.println(said(&line));
    }

    fn redraw_run(&self, state: &RunState) {
        self.run.set_length(state.selected as u64);
        self.run.set_position(state.settled() as u64);
        let mut parts = Vec::new();
        // The end of a line that is too long is cut.
        if let Some(remaining) = state.remaining() {
            parts.push(time_left(remaining));
        }
        parts.push(format!("{} running", state.running.len()));
        parts.push(format!("{} waiting", state.waiting()));
        if !state.queued.is_empty() {
            parts.insert(parts.len() - 1, format!("{} queued", state.queued.len()));
        }
        if state.cached > 0 {
            parts.push(format!("{} up to date", state.cached));
        }
        if state.failed > 0 {
            parts.push(format!("{} failed", state.failed));
        }
        if state.skipped > 0 {
            parts.push(format!("{} skipped", state.skipped));
        }
        parts.extend(state.search.clone());
        self.run.set_message(parts.join(", "));
    }

    fn remove(&mut self, id: u32) {
        if let Some(bar) = self.steps.remove(&id) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

impl Reporter for Bars {
    fn show(&mut self, timed: &Timed, state: &RunState) {
        match &timed.event {
            Event::StepStarted { id, step, .. } if self.steps.len() < MOST_BARS => {
                let bar = self.all.insert_before(&self.run, ProgressBar::new(0));
                bar.set_style(style("  {spinner} {prefix}  {wide_msg}"));
                bar.set_prefix(shortened(&in_one_line(step)));
                bar.enable_steady_tick(std::time::Duration::from_millis(200));
                self.steps.insert(*id, bar);
            }
            Event::StepProgress { id, .. } => {
                if let (Some(bar), Some(running)) = (self.steps.get(id), state.running.get(id)) {
                    if running.total > 0 && bar.length() != Some(running.total) {
                        bar.set_length(running.total);
                        bar.set_style(style("  {bar:12} {percent:>3} %  {prefix}  {wide_msg}"));
                    }
                    bar.set_position(running.done);
                    bar.set_message(running.note.clone());
                }
            }
            Event::StepFinished {
                id, step, diverged, ..
            } => {
                self.remove(*id);
                if let Some(how) = diverged {
                    self.print(format!("warning: {step} diverged: {how}"));
                }
            }
            Event::StepFailed { id, .. } => {
                self.remove(*id);
                for line in failure_lines(&timed.event) {
                    self.print(line);
                }
            }
            Event::StepRetrying {
                id, step, message, ..
            } => {
                self.remove(*id);
                self.print(format!("{step}: {}; trying again", said_in_short(message)));
            }
            Event::StepCancelled { id, .. } => self.remove(*id),
            Event::StepPending {
                step, needs, count, ..
            } => self.print(format!("pending {step}: {}", wants(needs, *count))),
            Event::Fetching { results, from } => {
                self.run.set_message(super::fetching(*results, from));
                self.run.tick();
                return;
            }
            Event::Warning { step, message } => {
                if let Some(line) = self.warnings.line(step.as_deref(), message) {
                    self.print(line);
                }
            }
            Event::InputsRead { bytes, total } => {
                self.run.set_message(super::reading(*bytes, *total));
                self.run.tick();
                return;
            }
            Event::Stopping { running } => self.print(stopping(*running)),
            Event::RunFinished { .. } => {
                let left: Vec<u32> = self.steps.keys().copied().collect();
                left.into_iter().for_each(|id| self.remove(id));
                self.run.finish_and_clear();
                // A ticking bar may have drawn itself in between.
                let _ = self.all.clear();
                return;
            }
            _ => {}
        }
        self.redraw_run(state);
    }
}

/// The longest name of a step that leaves room for its numbers in 80 columns.
const LONGEST: usize = 40;

/// A name with its start and its end, where the cells differ.
fn shortened(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= LONGEST {
        return name.to_owned();
    }
    let (start, end) = (LONGEST / 2, LONGEST - LONGEST / 2 - 1);
    let start: String = chars[..start].iter().collect();
    let end: String = chars[chars.len() - end..].iter().collect();
    format!("{start}…{end}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates here are well formed")
        .progress_chars("━━─")
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use indicatif::TermLike;

    use super::*;
    use crate::engine::Totals;

    #[test]
    fn the_echo_of_ctrl_c_leaves_no_bar_on_the_screen() {
        let screen = InMemoryTerm::new(20, 100);
        let terminal = Box::new(AtLeftEdge(screen.clone()));
        let mut bars = Bars::on(ProgressDrawTarget::term_like(terminal));
        let mut state = RunState::default();
        let mut show = |event| {
            let timed = Timed { at: 1.0, event };
            state.add(&timed);
            bars.show(&timed, &state);
        };
        show(Event::PlanKnown {
            steps: 3,
            selected: 3,
            stages: BTreeMap::from([("fit".to_owned(), 3)]),
            jobs: 2,
        });
        let step = |id| format!("fit[seed={id}]");
        for id in 0..2 {
            show(Event::StepStarted {
                id,
                step: step(id),
                attempt: 1,
                threads: 1,
                takes: BTreeMap::new(),
                place: None,
            });
        }
        let drawn = screen.contents();
        assert!(drawn.contains("fit[seed=0]"), "{drawn}");
        assert!(drawn.contains("2 running, 1 waiting"), "{drawn}");
        screen.write_str("^C").expect("a screen in memory");
        show(Event::Stopping { running: 2 });
        for id in 0..3 {
            show(Event::StepCancelled { id, step: step(id) });
        }
        let totals = Totals::default();
        show(Event::RunFinished { totals });
        let left = screen.contents();
        let left: Vec<&str> = left.lines().map(str::trim_end).collect();
        assert_eq!(left.join("\n").trim_end(), stopping(2));
    }
}
