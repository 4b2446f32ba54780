//! The executor: gathers attempts into batches, and tells what becomes of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use super::batch;
use super::batch::Ask;
use super::batch::Batch;
use super::batch::CANCEL;
use super::batch::Position;
use super::cancelling::Cancelling;
use super::cancelling::Left;
use super::client::Client;
use super::client::Reply;
use super::client::Request;
use super::commands::Cluster;
use super::commands::Refusal;
use super::following::ABSENCES;
use super::held::Held;
use super::held::JobNumber;
use super::held::Phase;
use super::profile::Profile;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Executor;
use crate::engine::Submission;
use crate::engine::Update;
use crate::engine::isolated;

/// Attempts that become ready together are queued together: so long after the last one came.
const GATHERING: Duration = Duration::from_millis(100);

/// The least time between two calls of `sbatch`, unless an array is full.
const BETWEEN: Duration = Duration::from_secs(1);

/// What waits is tried again after so long where Slurm did not take it.
const LATER: Duration = Duration::from_secs(15);

/// The queue is asked so often at first, and where nothing changes half as often each time, down to the second.
pub(super) const OFTEN: Duration = Duration::from_secs(2);
pub(super) const SELDOM: Duration = Duration::from_secs(30);

/// The marks of jobs are listed so often, or less where the disk is slow.
const LISTING: Duration = Duration::from_millis(400);

/// Where an executor keeps its batches, and how its jobs are called.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder for batches, which all nodes see.
    pub batches: PathBuf,
    /// The program that works off a batch, which all nodes see.
    pub program: PathBuf,
    /// The name of all jobs.
    pub job_name: String,
    /// Seconds that a step of a stage is expected to take, where that is known.
    pub expected: BTreeMap<String, f64>,
}

/// Has attempts worked off by the jobs of a cluster.
pub struct Slurm {
    pub(super) name: String,
    pub(super) profile: Profile,
    place: Place,
    pub(super) client: Client,
    /// Taken, and in no batch yet.
    gathered: Vec<Gathered>,
    last_taken: Instant,
    last_submitted: Option<Instant>,
    pub(super) batches: BTreeMap<String, Held>,
    /// Handle → where it is.
    positions: HashMap<String, Position>,
    /// Batches that this process has made, for the names of the next ones.
    made: usize,
    pub(super) news: Vec<(String, Update)>,
    pub(super) warnings: Vec<String>,
    warned: BTreeSet<String>,
    pub(super) cancelling: Cancelling,
    pub(super) left: Vec<Left>,
    next_listing: Instant,
    pub(super) next_look: Instant,
    pub(super) pause: Duration,
    pub(super) looking: bool,
}

struct Gathered {
    handle: String,
    folder: PathBuf,
    stage: String,
    ask: Ask,
}

impl Slurm {
    /// # Errors
    /// Where no thread can be started, or jobs cannot be asked for as it is.
    pub fn new(name: &str, profile: Profile, place: Place) -> io::Result<Self> {
        let now = Instant::now();
        let cluster = Cluster::of(&profile.options)?;
        batch::check(&place.batches)?;
        Ok(Slurm {
            name: name.to_owned(),
            profile,
            place,
            client: Client::start(cluster)?,
            gathered: Vec::new(),
            last_taken: now,
            last_submitted: None,
            batches: BTreeMap::new(),
            positions: HashMap::new(),
            made: 0,
            news: Vec::new(),
            warnings: Vec::new(),
            warned: BTreeSet::new(),
            cancelling: Cancelling::new(),
            left: Vec::new(),
            next_listing: now,
            next_look: now,
            pause: OFTEN,
            looking: false,
        })
    }

    /// Warns once of the same.
    pub(super) fn warn(&mut self, message: String) {
        if self.warned.insert(message.clone()) {
            self.warnings.push(message);
        }
    }

    pub(super) fn job_name(&self) -> &str {
        &self.place.job_name
    }

    pub(super) fn batches_folder(&self) -> &Path {
        &self.place.batches
    }

    /// Asks the queue soon.
    pub(super) fn look_soon(&mut self) {
        self.pause = OFTEN;
        self.next_look = self.next_look.min(Instant::now() + OFTEN);
    }

    fn ask(&self, attempt: &Submission<'_>) -> Ask {
        let policy = attempt.policy;
        let memory = policy.memory_of(attempt.attempt);
        Ask {
            cpus: attempt.threads.max(1),
            memory: Some(memory)
                .filter(|bytes| *bytes > 0)
                .or(self.profile.memory),
            gpus: policy.gpus.max(self.profile.gpus),
            time: policy.time_of(attempt.attempt),
        }
    }

    /// Makes batches of what was gathered, once no more is coming.
    fn form_batches(&mut self) {
        let now = Instant::now();
        let many = self.gathered.len() >= self.profile.array * 4;
        let rested = now - self.last_taken >= GATHERING
            && self.last_submitted.is_none_or(|last| now - last >= BETWEEN);
        if self.gathered.is_empty() || !(many || rested) {
            return;
        }
        self.last_submitted = Some(now);
        let mut asks: BTreeMap<Ask, Vec<Vec<Gathered>>> = BTreeMap::new();
        let mut open: BTreeMap<(Ask, String), Vec<Gathered>> = BTreeMap::new();
        for attempt in std::mem::take(&mut self.gathered) {
            let expected = self.place.expected.get(&attempt.stage).copied();
            let size = self.profile.grouping.steps(expected);
            let (ask, stage) = (attempt.ask.clone(), attempt.stage.clone());
            let group = open.entry((ask.clone(), stage)).or_default();
            group.push(attempt);
            if group.len() >= size {
                let group = std::mem::take(group);
                asks.entry(ask).or_default().push(group);
            }
        }
        for ((ask, _), group) in open {
            if !group.is_empty() {
                asks.entry(ask).or_default().push(group);
            }
        }
        for (ask, mut groups) in asks {
            while !groups.is_empty() {
                let rest = groups.split_off(groups.len().min(self.profile.array));
                self.form_batch(ask.clone(), std::mem::replace(&mut groups, rest));
            }
        }
    }

    fn form_batch(&mut self, mut ask: Ask, groups: Vec<Vec<Gathered>>) {
        // Steps of a job take their time one after the other.
        let longest = groups.iter().map(Vec::len).max().unwrap_or(1) as u32;
        let each = ask.time;
        ask.time = ask.time.map(|time| time * longest).or(self.profile.time);
        self.made += 1;
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!(
            "{:x}-{:x}-{}",
            since.as_millis(),
            std::process::id(),
            self.made
        );
        let folder = self.place.batches.join(&name);
        let tasks = groups
            .iter()
            .map(|group| group.iter().map(|attempt| attempt.folder.clone()).collect());
        let mut written = Batch::new(&self.place.job_name, tasks.collect(), ask.time);
        written.each = each;
        let script = batch::script(&self.profile, &self.place.program, &folder);
        if let Err(error) = written.write(&folder, &script) {
            let message = format!(
                "cannot write below {}: {error}",
                self.place.batches.display()
            );
            for attempt in groups.into_iter().flatten() {
                let end = End::new(EndCause::Refused, message.clone());
                self.news.push((attempt.handle, Update::Ended(end)));
            }
            return;
        }
        let mut held = Held::new(folder, written, Some(ask), JobNumber::Asked);
        for (task, attempts) in (0..).zip(&mut held.tasks) {
            for (slot, attempt) in (0..).zip(&mut attempts.attempts) {
                attempt.phase = Phase::Waits;
                let batch = name.clone();
                self.positions
                    .insert(attempt.handle.clone(), Position { batch, task, slot });
            }
        }
        self.batches.insert(name.clone(), held);
        self.submit_batch(&name);
    }

    pub(super) fn submit_batch(&mut self, name: &str) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        held.job = JobNumber::Asked;
        let ask = held.ask.clone().unwrap_or(Ask {
            cpus: 1,
            memory: self.profile.memory,
            gpus: self.profile.gpus,
            time: held.batch.limit,
        });
        let arguments = batch::arguments(
            &self.profile,
            &ask,
            &held.batch.name,
            held.tasks.len(),
            &held.folder,
        );
        let batch = name.to_owned();
        self.client.ask(Request::Submit { batch, arguments });
    }

    /// `sbatch` has answered.
    fn submitted(&mut self, name: &str, job: Result<u64, Refusal>, others: bool) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        match job {
            Ok(job) => {
                held.job = JobNumber::Known(job);
                // Where it cannot be written the queue knows it by our comment.
                let noted = batch::set_job(&held.folder, job);
                for (task, attempts) in held.tasks.iter_mut().enumerate() {
                    let state = "PENDING".to_owned();
                    attempts.told = Some((state.clone(), None));
                    for attempt in &attempts.attempts {
                        let update = Update::Queued {
                            job: format!("{job}_{task}"),
                            state: state.clone(),
                            why: None,
                        };
                        self.news.push((attempt.handle.clone(), update));
                    }
                }
                if let Err(error) = noted {
                    self.warn(format!("cannot note the job {job}: {error}"));
                }
                self.cancel_tasks(name);
            }
            Err(Refusal::NotNow(said)) => {
                // Nothing of the user's is in the queue that would have to leave it first.
                let for_ever = !others && said.to_lowercase().contains("violates");
                held.refusals = if for_ever { held.refusals + 1 } else { 0 };
                if held.refusals >= ABSENCES {
                    return self.refused(name, &said);
                }
                held.job = JobNumber::NotNow {
                    again: Instant::now() + LATER,
                };
                self.warn(format!(
                    "{} takes no jobs now, and is asked again: {said}",
                    self.name
                ));
            }
            Err(Refusal::Unclear(said)) => {
                held.job = JobNumber::Unclear { answers: 0 };
                self.warn(format!(
                    "{} does not answer, and is asked again: {said}",
                    self.name
                ));
            }
            Err(Refusal::Never(said)) => self.refused(name, &said),
        }
        self.look_soon();
    }

    fn refused(&mut self, name: &str, said: &str) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let mut end = End::new(EndCause::Refused, format!("`sbatch` refuses it: {said}"));
        let ask = held
            .ask
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        end.hints.push(format!(
            "it was asked for {ask}: `resources` of the stage, or the profile in sweepline.toml"
        ));
        for attempt in held.tasks.iter_mut().flat_map(|task| &mut task.attempts) {
            attempt.phase = Phase::Ended;
            self.news
                .push((attempt.handle.clone(), Update::Ended(end.clone())));
        }
    }

    /// An attempt is over for the executor.
    pub(super) fn end(&mut self, name: &str, task: usize, slot: usize, end: End) {
        let Some(held) = self.batches.get_mut(name) else {
            return;
        };
        let Some(attempt) = held
            .tasks
            .get_mut(task)
            .and_then(|task| task.attempts.get_mut(slot))
        else {
            return;
        };
        if matches!(attempt.phase, Phase::Ended | Phase::Unwanted) {
            return;
        }
        attempt.phase = Phase::Ended;
        held.keep |= end.cause != EndCause::Finished && !attempt.cancelled;
        self.positions.remove(&attempt.handle);
        self.news.push((attempt.handle.clone(), Update::Ended(end)));
    }

    /// Batches that are over go; what a job printed that ended badly stays.
    fn tidy(&mut self) {
        let over: Vec<String> = self
            .batches
            .iter()
            .filter(|(_, held)| held.is_over() && held.job != JobNumber::Asked)
            .map(|(name, _)| name.clone())
            .collect();
        for name in over {
            if let Some(held) = self.batches.remove(&name)
                && !held.keep
                && !held.has_unwanted()
            {
                // Space is all that is lost where it stays.
                let _ = fs::remove_dir_all(&held.folder);
            }
        }
    }

    fn hear(&mut self, reply: Reply) {
        match reply {
            Reply::Submitted { batch, job, others } => self.submitted(&batch, job, others),
            Reply::Listed(listing) => self.listed(listing),
            Reply::Shown { batch, task, shown } => self.shown(&batch, task, shown),
            Reply::NotCancelled(jobs) => self.not_cancelled(jobs),
        }
    }

    fn ask_the_queue(&mut self) {
        let now = Instant::now();
        if self.batches.is_empty() || self.looking || now < self.next_look {
            return;
        }
        let names: BTreeSet<&str> = self
            .batches
            .values()
            .map(|held| &*held.batch.name)
            .collect();
        let names = names.into_iter().collect::<Vec<_>>().join(",");
        self.looking = true;
        self.client.ask(Request::Look { names });
        let again = self
            .batches
            .iter()
            .filter(|(_, held)| matches!(held.job, JobNumber::NotNow { again } if again <= now));
        let again: Vec<String> = again.map(|(name, _)| name.clone()).collect();
        again.iter().for_each(|name| self.submit_batch(name));
    }
}

impl Executor for Slurm {
    fn name(&self) -> &str {
        &self.name
    }

    fn capacity(&self) -> usize {
        self.profile.most
    }

    fn device(&self) -> &str {
        &self.profile.device
    }

    fn submit(&mut self, attempt: &Submission<'_>) -> io::Result<String> {
        let folder = std::path::absolute(attempt.folder)?;
        let handle = handle(&folder);
        self.gathered.push(Gathered {
            handle: handle.clone(),
            folder,
            stage: attempt.stage.to_owned(),
            ask: self.ask(attempt),
        });
        self.last_taken = Instant::now();
        Ok(handle)
    }

    fn poll(&mut self) -> Vec<(String, Update)> {
        while let Some(reply) = self.client.reply() {
            self.hear(reply);
        }
        self.form_batches();
        let now = Instant::now();
        if now >= self.next_listing && !self.batches.is_empty() {
            self.list_marks();
            // Not more than a twentieth of the time goes into it.
            let spent = now.elapsed();
            self.next_listing = Instant::now() + LISTING.max(spent * 20);
        }
        self.tell_what_to_cancel();
        self.ask_the_queue();
        self.tidy();
        std::mem::take(&mut self.news)
    }

    fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn cancel(&mut self, handle: &str) {
        if let Some(at) = self
            .gathered
            .iter()
            .position(|attempt| attempt.handle == handle)
        {
            let attempt = self.gathered.remove(at);
            let end = End::new(EndCause::Cancelled, "it was not queued yet");
            return self.news.push((attempt.handle, Update::Ended(end)));
        }
        let Some(Position { batch, task, slot }) = self.positions.get(handle).cloned() else {
            return;
        };
        let Some(held) = self.batches.get_mut(&batch) else {
            return;
        };
        let attempts = &mut held.tasks[task as usize].attempts;
        let attempt = &mut attempts[slot as usize];
        attempt.cancelled = true;
        // For a job that has others to work off.
        if attempts.len() > 1 {
            let _ = fs::write(attempts[slot as usize].folder.join(CANCEL), "");
        }
        // Nothing of it is in the queue.
        if matches!(held.job, JobNumber::NotNow { .. }) {
            let end = End::new(EndCause::Cancelled, "it was not queued yet");
            self.end(&batch, task as usize, slot as usize, end);
        }
        self.cancel_tasks(&batch);
        self.pause = OFTEN;
        self.next_look = Instant::now();
    }

    fn adopt(&mut self, _handle: Option<&str>, folder: &Path) -> Option<String> {
        let folder = std::path::absolute(folder).ok()?;
        // Without a position it was gathered, and never queued.
        let position = Position::of(&folder)?;
        let handle = handle(&folder);
        // Its coordinator died after the batch was tidied away, and before the result was recorded.
        if isolated::outcome(&folder).is_some() {
            let end = End::new(EndCause::Finished, "it had ended before");
            self.news.push((handle.clone(), Update::Ended(end)));
            return Some(handle);
        }
        if !self.batches.contains_key(&position.batch) {
            let at = self.place.batches.join(&position.batch);
            let batch = Batch::read(&at).ok()?;
            let attempts = batch.tasks.get(position.task as usize)?;
            // In a project that was copied: the job works in the folder of the other.
            if !is_one_folder(attempts.get(position.slot as usize)?, &folder) {
                return None;
            }
            let job = match batch::job(&at) {
                Some(job) => JobNumber::Known(job),
                None => JobNumber::Unclear { answers: 0 },
            };
            let held = Held::new(at, batch, None, job);
            self.batches.insert(position.batch.clone(), held);
        }
        let held = self.batches.get_mut(&position.batch)?;
        let task = held.tasks.get_mut(position.task as usize)?;
        let attempt = task.attempts.get_mut(position.slot as usize)?;
        attempt.phase = Phase::Waits;
        self.positions.insert(handle.clone(), position);
        self.next_listing = Instant::now();
        self.next_look = Instant::now();
        Some(handle)
    }

    fn abandon(&mut self, folder: &Path) -> bool {
        self.cancel_forgotten(folder)
    }

    fn leave(&mut self, folder: &Path) -> bool {
        self.note_left(folder)
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let jobs = self.cancelling.take();
        if !jobs.is_empty() {
            self.client.ask(Request::Cancel { jobs });
        }
        self.client.finish();
    }
}

/// Whether two paths lead to one folder, also by links.
pub(super) fn is_one_folder(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// What an attempt is called: its folder's name, which no other has.
fn handle(folder: &Path) -> String {
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
