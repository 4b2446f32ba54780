//! Trials that begin while others run: each as soon as all is known that it depends on.
//!
//! What is proposed follows from results alone, so the project is opened anew whenever a trial has ended,
//! as the next command would open it, and what its plan has beside the steps of the run is added to these.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::SearchState;
use super::Settled;
use super::failures;
use super::going_on::climbed;
use super::settle_with;
use crate::cli::args;
use crate::cli::printer::Printer;
use crate::cli::project::Project;
use crate::cli::run_state::Trials;
use crate::cli::stop::Stop;
use crate::engine::EndedStep;
use crate::engine::Growth;
use crate::engine::State;
use crate::engine::StepSummary;
use crate::engine::Summary;
use crate::manifest::Search;
use crate::plan::Step;
use crate::plan::StepId;
use crate::search::outside::Asking;
use crate::search::outside::Program;
use crate::text::plural;

/// What there is to say of a search while it runs.
#[derive(Debug, Default)]
pub(in crate::cli) struct News {
    /// `4 trials known: going on to 5`
    pub going_on: Option<String>,
    /// The best trial so far.
    pub best: Option<String>,
    /// The trials that there are by now, and how many are to come.
    pub trials: Option<Trials>,
}

/// The trials of a run.
pub(in crate::cli) struct GrowingTrials<'a> {
    args: &'a args::Experiment,
    /// As the run began.
    first: &'a Project,
    /// As it is known since trials have ended.
    newest: Option<Project>,
    /// By name, the steps that the run makes.
    ids: HashMap<String, StepId>,
    /// How many steps the run has, with those that it leaves out.
    steps: u32,
    /// Those that have what is optimised.
    ends: HashSet<StepId>,
    /// Keys of steps that failed by themselves.
    failed: Vec<String>,
    news: &'a RefCell<News>,
    /// What proposes, where a program of the user's does.
    program: Option<&'a Program>,
    /// Whether what is made of all trials belongs to the run.
    closes: bool,
}

impl<'a> GrowingTrials<'a> {
    /// Of a run that makes these steps of a project, which was opened with these arguments; `closes`: and in the end what
    /// is made of all trials.
    pub(in crate::cli) fn of(
        args: &'a args::Experiment,
        project: &'a Project,
        steps: &[StepId],
        news: &'a RefCell<News>,
        program: &'a Program,
        closes: bool,
    ) -> Self {
        let plan = &project.plan;
        let ids = steps.iter().map(|id| (plan.step(*id).to_string(), *id));
        let search = plan.experiment.search.iter();
        let ends = search.flat_map(|search| project.ends_of_trials(search));
        GrowingTrials {
            args,
            first: project,
            newest: None,
            ids: ids.collect(),
            steps: plan.steps.len() as u32,
            ends: ends.collect(),
            failed: Vec::new(),
            news,
            program: Some(program).filter(|_| project.asks_a_program()),
            closes,
        }
    }

    fn project(&self) -> &Project {
        self.newest.as_ref().unwrap_or(self.first)
    }

    /// The steps of trials that are known by now and not part of the run.
    fn further(&mut self) -> Result<Vec<Arc<Step>>, Stop> {
        self.project().note_trials(&self.failed)?;
        // Whatever there is to say was said before the run, or will be after it.
        let mut project = Project::open(self.args, &mut Printer::silent())?;
        if self.has_asked(&project)? {
            project = Project::open(self.args, &mut Printer::silent())?;
        }
        let mut added = Vec::new();
        if let (Some(search), Some(state)) = (&project.plan.experiment.search, &project.search) {
            let mut ids: HashMap<StepId, StepId> = HashMap::new();
            for id in self.wanted(&project, search, state)? {
                let step = project.plan.step(id);
                let name = step.to_string();
                let known = self.ids.get(&name).copied();
                let here = known.unwrap_or_else(|| {
                    let here = StepId(self.steps);
                    self.steps += 1;
                    added.push(Arc::new(step.renumbered(here, |need| ids[&need])));
                    self.ids.insert(name, here);
                    here
                });
                ids.insert(id, here);
            }
            let ends = project.ends_of_trials(search).into_iter();
            self.ends.extend(ends.filter_map(|id| ids.get(&id)));
            self.tell(&project);
        }
        self.newest = Some(project);
        Ok(added)
    }

    /// The steps of trials that are known; once no trial is to come also those that are made of all, unless trials that
    /// failed are to be tried once more before.
    fn wanted(
        &self,
        project: &Project,
        search: &Search,
        state: &SearchState,
    ) -> Result<Vec<StepId>, Stop> {
        let to_come = project.awaits_trials() || !self.closes;
        if to_come || !self.failed.is_empty() || failures(project)? > 0 {
            return project.steps_of_known_trials(search, state);
        }
        Ok(project.plan.steps.iter().map(|step| step.id).collect())
    }

    /// Asks the program that proposes, where it can be, and takes what it has answered. Whether more is known then.
    fn has_asked(&self, project: &Project) -> Result<bool, Stop> {
        let known = project.plan.experiment.search.as_ref();
        let (Some(program), Some(known)) = (self.program, known) else {
            return Ok(false);
        };
        let exhausted = |state: &SearchState| state.exhausted;
        if project.search.as_ref().is_none_or(exhausted) {
            return Ok(false);
        }
        let asked = Asking {
            program,
            waits: false,
        };
        let settled = settle_with(project, project.search.as_ref(), None, Some(&asked))?;
        // What is wrong with it is said after the run.
        let Ok(Settled { proposed, .. }) = settled else {
            return Ok(false);
        };
        let more = proposed.exhausted || proposed.points.len() > known.points.len();
        if more {
            project.note_answers(&proposed)?;
        }
        Ok(more)
    }

    fn tell(&self, project: &Project) {
        let searches = [self.project(), project].map(|it| it.plan.experiment.search.as_ref());
        let [Some(before), Some(now)] = searches else {
            return;
        };
        let (known, to) = (before.points.len(), now.points.len());
        let climbed = climbed(before, &now.highest());
        let grown = || format!("{} known: going on to {to}", plural(known, "trial"));
        let mut news = self.news.borrow_mut();
        news.going_on = climbed.or_else(|| (to > known).then(grown));
        news.best = project.best_line_of_run();
        news.trials = project.trials_ahead();
    }

    /// The project as it is known now, where that is more than before the run; what came of the steps
    /// of the run, for its plan.
    pub(in crate::cli) fn ended(self, mut summary: Summary) -> (Option<Project>, Summary) {
        let Some(project) = self.newest else {
            return (None, summary);
        };
        let steps = project.plan.steps.iter();
        let here: Vec<Option<StepId>> = steps
            .map(|step| self.ids.get(&step.to_string()).copied())
            .collect();
        let there = here.iter().enumerate();
        let there: HashMap<StepId, StepId> = there
            .filter_map(|(at, id)| Some(((*id)?, StepId(at as u32))))
            .collect();
        for failure in &mut summary.failures {
            failure.id = there.get(&failure.id).copied().unwrap_or(failure.id);
        }
        let steps = here.into_iter().map(|id| match id {
            Some(id) => summary.steps[id.index()].clone(),
            None => StepSummary {
                state: State::Unselected,
                failed_itself: false,
                key: None,
                result: None,
            },
        });
        summary.steps = steps.collect();
        (Some(project), summary)
    }
}

impl Growth for GrowingTrials<'_> {
    fn grow(&mut self, ended: &[EndedStep<'_>]) -> Vec<Arc<Step>> {
        let failed = ended.iter().filter(|step| step.failed_itself);
        self.failed
            .extend(failed.filter_map(|step| Some(step.key?.to_hex().to_string())));
        let answered = self.program.is_some_and(Program::has_answered);
        if !answered && !ended.iter().any(|step| self.ends.contains(&step.id)) {
            return Vec::new();
        }
        // What goes wrong here is met again, and said, once the run has ended.
        let answered = self.program.and_then(Program::answered);
        let further = self.further().unwrap_or_default();
        // Who asks on has taken it.
        if let (Some(program), Some(trial)) = (self.program, answered) {
            program.let_go(trial);
        }
        further
    }
    fn is_finding_out(&self) -> bool {
        self.program.is_some_and(Program::is_asked)
    }
}
