//! What becomes of batches: by the marks of their jobs, and by what the queue says.

use std::time::Duration;
use std::time::Instant;

use super::batch;
use super::client::Request;
use super::commands::Shown;
use super::commands::may_be_of;
use super::executor::OFTEN;
use super::executor::SELDOM;
use super::executor::Slurm;
use super::held::Held;
use super::held::JobNumber;
use super::held::Over;
use super::held::Phase;
use super::held::Task;
use super::held::patience;
use super::listing::Listing;
use super::marks;
use super::marks::Mark;
use super::state;
use super::state::Meaning;
use super::state::Waiting;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Update;
use crate::engine::isolated;

/// So many answers of the queue in a row have to miss a job before it is taken to be gone.
pub(super) const ABSENCES: u32 = 3;

impl Slurm {
    /// Reads what the jobs of all batches have marked, and ends what is known to be over.
    pub(super) fn list_marks(&mut self) {
        let names: Vec<String> = self.batches.keys().cloned().collect();
        for name in names {
            let folder = self.batches[&name].folder.clone();
            // A disk that does not answer is no answer.
            for (task, slot, mark) in marks::list(&batch::marks(&folder)).unwrap_or_default() {
                self.marked(&name, task as usize, slot as usize, mark);
            }
            for task in 0..self.batches[&name].tasks.len() {
                self.settle(&name, task);
            }
        }
    }

    fn marked(&mut self, name: &str, task: usize, slot: usize, mark: Mark) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let job = held.job_name(task);
        let folder = batch::marks(&held.folder);
        let limit = held.batch.each.or(held.batch.limit);
        let Some(known) = held.tasks.get_mut(task) else {
            return;
        };
        let others = known.attempts.len() > slot + 1;
        let Some(attempt) = known.attempts.get_mut(slot) else {
            return;
        };
        if matches!(attempt.phase, Phase::Ended | Phase::Unwanted) {
            return;
        }
        let text = |mark| marks::text(&folder, task as u32, slot as u32, mark);
        let mut end = match mark {
            Mark::Begun if attempt.phase == Phase::Waits => {
                attempt.phase = Phase::Runs;
                let job = format!("{job} on {}", text(mark));
                self.news
                    .push((attempt.handle.clone(), Update::Running { job }));
                return;
            }
            Mark::Begun => return,
            Mark::Ended => End::new(EndCause::Finished, job),
            Mark::TimeLimit => {
                let limit = limit.map(|limit| format!(" of {}", lasting(limit)));
                let words = format!(
                    "came to the end of its time limit{}",
                    limit.unwrap_or_default()
                );
                let mut end = held.end(task, EndCause::TimeLimit, &words);
                end.hints.extend(remedy(EndCause::TimeLimit, held));
                end
            }
            Mark::NotBegun => held.end(
                task,
                EndCause::NotBegun,
                "ended before the step's turn came",
            ),
            Mark::Signalled if attempt.cancelled => End::new(EndCause::Cancelled, job),
            // Why, the queue will say.
            Mark::Signalled => {
                attempt.phase = Phase::Silent(String::new());
                return self.look_soon();
            }
            Mark::Died if others => {
                let how = text(mark);
                let words = format!("goes on, but the step's process ended with {how}");
                let cause = match how.contains("SIGKILL") {
                    true => EndCause::OutOfMemory,
                    false => EndCause::Finished,
                };
                let mut end = held.end(task, cause, &words);
                end.hints.extend(remedy(cause, held));
                end
            }
            Mark::Died => {
                attempt.phase = Phase::Silent(text(mark));
                return self.look_soon();
            }
        };
        end.seconds = marks::seconds(&folder, task as u32, slot as u32, [Mark::Begun, mark]);
        self.end(name, task, slot, end);
    }

    /// Ends the attempts of a task whose job is over, once their outcomes had time to be seen.
    pub(super) fn settle(&mut self, name: &str, task: usize) {
        let held = &self.batches[name];
        let known = &held.tasks[task];
        let Some(over) = known.over.clone() else {
            return;
        };
        // What took the job down, where one of them has begun.
        let began = known
            .attempts
            .iter()
            .any(|attempt| !matches!(attempt.phase, Phase::Waits | Phase::Unwanted));
        for slot in 0..known.attempts.len() {
            let attempt = &self.batches[name].tasks[task].attempts[slot];
            if matches!(attempt.phase, Phase::Ended | Phase::Unwanted) {
                continue;
            }
            let mut end = over.end.clone();
            let mut wait = patience(end.cause);
            match &attempt.phase {
                Phase::Silent(how) => {
                    if !how.is_empty() {
                        end.how = format!("{}; the step's process ended with {how}", end.how);
                    }
                    wait = Duration::ZERO;
                }
                // Nothing of it is under way.
                Phase::Waits if end.cause == EndCause::Cancelled => wait = Duration::ZERO,
                _ if isolated::outcome(&attempt.folder).is_some() => wait = Duration::ZERO,
                // A controller that lost its state gives one number twice, and takes the end of the one job
                // for that of the other.
                Phase::Waits if over.well || began => {
                    end.cause = EndCause::Interrupted;
                    end.how.push_str(" without having begun the step");
                }
                Phase::Waits if end.cause == EndCause::Finished => end.hints.push(
                    "the job had not begun the step: `modules`, `prologue` and `program` of the profile come before it"
                        .to_owned(),
                ),
                _ => {}
            }
            if over.since.elapsed() >= wait {
                self.end(name, task, slot, end);
            }
        }
    }

    /// The queue has answered, or not.
    pub(super) fn listed(&mut self, listing: Option<Listing>) {
        self.looking = false;
        let news = self.news.len();
        match listing {
            Some(listing) => {
                self.tell_left(&listing);
                let names: Vec<String> = self.batches.keys().cloned().collect();
                for name in names {
                    self.find_number(&name, &listing);
                    for task in 0..self.batches[&name].tasks.len() {
                        self.look_at(&name, task, &listing);
                    }
                }
            }
            None => self.warn("the queue does not answer, and is asked again".to_owned()),
        }
        self.pause = match self.news.len() > news {
            true => OFTEN,
            false => self.pause.mul_f64(1.5).min(SELDOM),
        };
        self.next_look = Instant::now() + self.pause;
    }

    /// A batch of which `sbatch` did not say whether it was queued is found by our comment, or queued again.
    fn find_number(&mut self, name: &str, listing: &Listing) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let JobNumber::Unclear { answers } = held.job else {
            return;
        };
        match listing.with_comment(name) {
            Some(job) => {
                held.job = JobNumber::Known(job);
                // The comment is there for the next one too.
                let _ = batch::set_job(&held.folder, job);
                self.cancel_tasks(name);
            }
            None if answers + 1 >= ABSENCES && held.tasks.iter().all(Task::is_cancelled) => {
                for (task, slot) in held.all() {
                    let end = End::new(EndCause::Cancelled, "it was not queued");
                    self.end(name, task, slot, end);
                }
            }
            None if answers + 1 >= ABSENCES => self.submit_batch(name),
            None => {
                held.job = JobNumber::Unclear {
                    answers: answers + 1,
                };
                self.look_soon();
            }
        }
    }

    fn look_at(&mut self, name: &str, task: usize, listing: &Listing) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let JobNumber::Known(job) = held.job else {
            return;
        };
        let known = &mut held.tasks[task];
        if known.is_over() || known.over.is_some() {
            return;
        }
        let line = listing.task(job, task as u32);
        // A number may be another batch's by now.
        let Some(line) = line.filter(|line| may_be_of(&line.comment, name)) else {
            known.absent += 1;
            if known.absent >= ABSENCES {
                known.absent = 0;
                self.client.ask(Request::Show {
                    batch: name.to_owned(),
                    task: task as u32,
                    job: format!("{job}_{task}"),
                    name: held.batch.name.clone(),
                });
            }
            self.pause = OFTEN;
            return;
        };
        known.absent = 0;
        self.in_state(name, task, &line.state, &line.reason, &line.nodes);
    }

    /// The queue says in which state a task is.
    fn in_state(&mut self, name: &str, task: usize, state: &str, reason: &str, nodes: &str) {
        let (meaning, words) = state::meaning(state);
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let job = held.name(task).unwrap_or_default();
        match meaning {
            Meaning::Ended(cause) => {
                let at = if nodes.is_empty() {
                    String::new()
                } else {
                    format!(" on {nodes}")
                };
                let why = match reason {
                    "" | "None" | "NonZeroExitCode" | "TimeLimit" | "OutOfMemory" => String::new(),
                    reason => format!(" ({reason})"),
                };
                let by = match cause {
                    EndCause::Cancelled => ", by `scancel` or by an administrator",
                    _ => "",
                };
                let mut end = held.end(task, cause, &format!("{words}{at}{why}{by}"));
                end.hints.extend(remedy(cause, held));
                if state == "LAUNCH_FAILED" || reason.contains("JobLaunchFailure") {
                    let log = batch::log(&held.folder, task as u32);
                    end.hints.push(format!(
                        "Slurm writes what the job prints to {}: the node has to have that folder",
                        log.display()
                    ));
                }
                held.tasks[task].over = Some(Over {
                    since: Instant::now(),
                    end,
                    well: state == state::COMPLETED,
                });
                self.settle(name, task);
            }
            Meaning::Waits => self.waits(name, task, (job, state, reason, words)),
            Meaning::Runs => {}
            Meaning::Unknown => self.warn(format!("job {job} {words}: {state}")),
        }
    }

    fn waits(&mut self, name: &str, task: usize, said: (String, &str, &str, &str)) {
        let (job, state, reason, words) = said;
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        match state::waiting(state, reason) {
            Waiting::Never => {
                let words = format!("can never run: {reason}");
                let mut end = held.end(task, EndCause::Refused, &words);
                end.hints.extend(remedy(EndCause::Refused, held));
                for slot in 0..held.tasks[task].attempts.len() {
                    self.end(name, task, slot, end.clone());
                }
                if let Some(held) = self.batches.get(name) {
                    self.cancelling.add(&held.batch.name, job);
                }
                return;
            }
            Waiting::Held => {
                let message =
                    format!("job {job} {words} ({reason}): `scontrol release {job}` lets it go");
                self.warn(message);
            }
            Waiting::Unfit => self.warn(format!(
                "job {job} {words} ({reason}): its partition has no nodes now that could take it; \
                 if it never has, less under `resources`, or another partition"
            )),
            Waiting::Turn => {}
        }
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let begun = |phase: &Phase| matches!(phase, Phase::Runs | Phase::Silent(_));
        if held.tasks[task]
            .attempts
            .iter()
            .any(|attempt| begun(&attempt.phase))
        {
            // `--no-requeue` asks that nobody does so but who insists.
            self.warn(format!(
                "job {job} was requeued: what it had begun begins again"
            ));
        }
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let known = &mut held.tasks[task];
        let why = Some(reason.to_owned()).filter(|reason| !reason.is_empty() && reason != "None");
        let now = (state.to_owned(), why.clone());
        if known.told.as_ref() == Some(&now) {
            return;
        }
        known.told = Some(now);
        for attempt in known
            .attempts
            .iter()
            .filter(|attempt| attempt.phase == Phase::Waits)
        {
            let update = Update::Queued {
                job: job.clone(),
                state: state.to_owned(),
                why: why.clone(),
            };
            self.news.push((attempt.handle.clone(), update));
        }
    }

    /// The controller has said what it knows of a task that the queue did not list.
    pub(super) fn shown(&mut self, name: &str, task: u32, shown: Shown) {
        let task = task as usize;
        match shown {
            Shown::NoAnswer => {}
            Shown::State(state) => self.in_state(name, task, &state, "", ""),
            Shown::Nothing => {
                let Some(held) = self.batches.get_mut(name) else {
                    return;
                };
                let words = "is not known to Slurm any more, and left no outcome";
                let end = held.end(task, EndCause::Interrupted, words);
                let known = &mut held.tasks[task];
                known.over.get_or_insert(Over {
                    since: Instant::now(),
                    end,
                    well: false,
                });
                self.cancel_lost(name, task);
                self.settle(name, task);
            }
        }
    }
}

/// `90 s`, `20 min`
fn lasting(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// What to do about an end.
fn remedy(cause: EndCause, held: &Held) -> Option<String> {
    let asked = held
        .ask
        .as_ref()
        .map(|ask| format!(" (it had asked for {ask})"))
        .unwrap_or_default();
    match cause {
        EndCause::OutOfMemory => Some(format!(
            "more `memory` under `resources` of the stage{asked}; with `retries`, `memory: 2GiB * attempt` asks for more each time"
        )),
        EndCause::TimeLimit => Some(format!(
            "more `time` under `resources` of the stage{asked}, or in the profile; with `retries`, `time: 1h * attempt` asks for more each time"
        )),
        EndCause::Refused => Some(format!(
            "`resources` of the stage, or the profile in sweepline.toml{asked}"
        )),
        _ => None,
    }
}
