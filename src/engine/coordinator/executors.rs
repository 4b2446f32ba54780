//! Attempts that run outside this process: handed over, asked about, and adopted from a coordinator that
//! is gone.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::thread::Scope;
use std::time::Duration;
use std::time::Instant;

use crate::engine::ERR;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Event;
use crate::engine::Executor;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::Link;
use crate::engine::OUT;
use crate::engine::State;
use crate::engine::Submission;
use crate::engine::Update;
use crate::engine::attempt::RemoteAttempt;
use crate::engine::attempt::Task;
use crate::engine::attempt::bind;
use crate::engine::attempt::code;
use crate::engine::attempt::stamps;
use crate::engine::attempt::store_failed;
use crate::engine::input_snapshot::InputSnapshot;
use crate::engine::isolated;
use crate::engine::isolated::CHECKPOINTS;
use crate::engine::isolated::KeyedMachine;
use crate::engine::isolated::Listener;
use crate::engine::process::Stream;
use crate::engine::runners::RunnerPool;
use crate::engine::stamps::Stamps;
use crate::plan::StepId;
use crate::store::Digest;
use crate::store::InFlight;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::remove_tree;
use crate::text::ShowPath;
use crate::text::plural;

use super::Coordinator;
use super::Running;

/// How often the output of an attempt is read while it runs: it may lie on a network's disk.
const HEARING: Duration = Duration::from_millis(500);

/// The file of an attempt's folder that says by which run the result was kept that stood under its key when it was
/// handed over: a damaged one, or one to be made again.
const INSTEAD: &str = "instead";

/// How many attempts' output is read at once, so that the others are not kept waiting.
const HEARD_AT_ONCE: usize = 64;

/// What the coordinator knows of the executors outside this process.
#[derive(Default)]
pub(in crate::engine) struct Executors<'a> {
    /// By executor: what `device: auto` means there.
    pub devices: Vec<String>,
    names: Vec<String>,
    /// By executor: the steps that wait for room.
    queues: Vec<VecDeque<StepId>>,
    /// By executor: the attempts that it has, by handle.
    has: Vec<HashMap<String, Attempt<'a>>>,
    /// What an earlier coordinator handed over and nobody has taken up yet.
    saved: HashMap<Digest, InFlight>,
    /// Whether those of them that no step wants were told of.
    told: bool,
    /// Attempts whose end is told, and whose folders go once it is recorded.
    pub ended: Vec<(Digest, String)>,
}

/// An attempt that an executor has.
struct Attempt<'a> {
    task: Task<'a>,
    folder: PathBuf,
    lent: InputSnapshot,
    stamps: Stamps,
    started: Instant,
    /// Whether it was told that it runs.
    running: bool,
    /// When its output was last read.
    heard: Instant,
    listener: Listener,
    /// How much of the worker's output has been read, by file.
    read: [u64; 2],
    cancelled: bool,
}

impl Executors<'_> {
    pub(super) fn enqueue(&mut self, executor: usize, id: StepId) {
        self.queues[executor].push_back(id);
    }

    /// The executor that has an attempt at this key from an earlier coordinator.
    pub(super) fn has_saved(&self, key: Digest) -> Option<usize> {
        let saved = self.saved.get(&key)?;
        self.names.iter().position(|name| *name == saved.executor)
    }

    pub(super) fn has_queued(&self) -> bool {
        self.queues.iter().any(|queue| !queue.is_empty())
    }
}

impl<'a> Coordinator<'a, '_> {
    /// Looks at the executors, and at what an earlier coordinator left with them.
    pub(in crate::engine) fn take_stock(&mut self) -> Result<(), StoreError> {
        let mut executors = self.engine.executors.borrow_mut();
        if executors.is_empty() {
            return Ok(());
        }
        let store = self.engine.store;
        for executor in executors.iter() {
            self.executors.devices.push(executor.device().to_owned());
            self.executors.names.push(executor.name().to_owned());
            self.executors.queues.push(VecDeque::new());
            self.executors.has.push(HashMap::new());
        }
        for id in (0..self.nodes.len()).map(|index| StepId(index as u32)) {
            let executor = (self.engine.route)(&self.nodes[id].step);
            self.nodes[id].executor = executor;
        }
        let mut folders = HashSet::new();
        for attempt in store.in_flight()? {
            let folder = store.attempt_folders().join(&attempt.folder);
            let before = fs::read_to_string(folder.join(INSTEAD)).ok();
            let now = store.recorded_by(attempt.key)?;
            // Its coordinator died after it had recorded the result, or another one has made it.
            if now.is_some() && now != before {
                abandon(&mut executors, store, &attempt);
                store.forget_in_flight(attempt.key, &attempt.folder)?;
            } else {
                folders.insert(attempt.folder.clone());
                self.executors.saved.insert(attempt.key, attempt);
            }
        }
        // What no row names was never handed over.
        for entry in fs::read_dir(store.attempt_folders()).into_iter().flatten() {
            let Ok(entry) = entry else { continue };
            if !folders.contains(&*entry.file_name().to_string_lossy()) {
                // Space is all that is lost where it stays.
                let _ = remove_tree(&entry.path());
            }
        }
        Ok(())
    }

    /// Hands over attempts while there is room for them.
    pub(super) fn submit(&mut self, next: &mut Vec<StepId>) {
        for executor in 0..self.executors.queues.len() {
            let room = self.engine.executors.borrow()[executor].capacity();
            while !self.flow.stopping && self.executors.has[executor].len() < room {
                let Some(id) = self.executors.queues[executor].pop_front() else {
                    break;
                };
                if let Err(error) = self.hand_over(executor, id) {
                    // Not tried again: the queue may have taken what it did not answer for, and the next run looks.
                    self.fail(id, error, "", 0.0, next);
                }
            }
        }
    }

    fn hand_over(&mut self, executor: usize, id: StepId) -> Result<(), JobError> {
        let threads = self.nodes[id].step.policy.cpus.max(1) as usize;
        let (task, running) = self.prepare(id, threads);
        let key = self.nodes[id].key.expect("only keyed steps are queued");
        self.nodes.set(id, State::Running);
        self.journal.emit(Event::StepQueued {
            id: id.0,
            step: self.name(id),
            executor: self.executors.names[executor].clone(),
            job: None,
            state: None,
            why: None,
        });
        let lent = InputSnapshot::to(&task, self.engine.store)?;
        // What its program keeps is left to others, or removed, when it ends, whoever handed it over.
        if task.step.kind.keeps_state(&task.step.params) {
            task.link.checkpoint_folder()?;
        }
        let adopted = self.adopt(executor, id, key);
        let (handle, name, stamps) = match adopted {
            Some(adopted) => adopted,
            None => {
                let stamps = stamps(&task, &self.engine.options.root, self.engine.keys);
                let (handle, name) = self.hand_over_anew(executor, key, &task, &stamps)?;
                (handle, name, stamps)
            }
        };
        let folder = self.engine.store.attempt_folders().join(&name);
        let attempt = Attempt {
            task,
            lent,
            stamps,
            started: Instant::now(),
            running: false,
            heard: Instant::now(),
            listener: Listener::new(&folder.join(CHECKPOINTS)),
            folder,
            read: [0; 2],
            cancelled: false,
        };
        self.executors.has[executor].insert(handle, attempt);
        let running = Running {
            elsewhere: Some((key, name)),
            ..running
        };
        // Its time begins when the executor says that it runs.
        self.is_running(id, None, running);
        Ok(())
    }

    /// The handle and the folder of an attempt at this step that an earlier coordinator handed over, and how
    /// the files were then that it reads.
    fn adopt(
        &mut self,
        executor: usize,
        id: StepId,
        key: Digest,
    ) -> Option<(String, String, Stamps)> {
        let saved = self.executors.saved.remove(&key)?;
        let store = self.engine.store;
        let folder = store.attempt_folders().join(&saved.folder);
        let stamps = Stamps::left_in(&folder).map_err(|_| "what it reads".to_owned());
        let stamps = stamps.and_then(|stamps| match stamps.touched() {
            None => Ok(stamps),
            Some(path) => {
                let path = path.strip_prefix(&self.engine.options.root).unwrap_or(path);
                Err(format!("`{}`", path.shown()))
            }
        });
        let mut executors = self.engine.executors.borrow_mut();
        let number = executor;
        let handle = match saved.executor == executors[number].name() {
            true => executors[number].adopt(saved.handle.as_deref(), &folder),
            false => None,
        };
        let (handle, stamps) = match (handle, stamps) {
            (Some(handle), Ok(stamps)) => (handle, stamps),
            (handle, stamps) => {
                let stays = handle.is_none();
                if let (Some(handle), Err(what)) = (handle, stamps) {
                    executors[number].cancel(&handle);
                    let message = format!(
                        "{what} was changed after the step was handed to `{}`: it is handed over anew",
                        saved.executor
                    );
                    let step = Some(self.name(id));
                    self.journal.emit(Event::Warning { step, message });
                }
                if stays {
                    abandon(&mut executors, store, &saved);
                }
                drop(executors);
                // Whatever it does now, it does in a folder that nobody looks into.
                self.forget(key, &saved.folder);
                return None;
            }
        };
        if saved.handle.as_ref() != Some(&handle) {
            let row = InFlight {
                handle: Some(handle.clone()),
                ..saved.clone()
            };
            store.note_in_flight(&row).ok()?;
        }
        Some((handle, saved.folder, stamps))
    }

    fn hand_over_anew(
        &self,
        executor: usize,
        key: Digest,
        task: &Task<'_>,
        stamps: &Stamps,
    ) -> Result<(String, String), JobError> {
        let store = self.engine.store;
        let name = format!("{}-{}-{}", &key.to_hex()[..16], self.run.0, task.number);
        let folder = store.new_attempt_folder(&name).map_err(store_failed)?;
        let standing = store.recorded_by(key).map_err(store_failed)?;
        let left = stamps.leave_in(&folder).and_then(|()| match standing {
            Some(run) => fs::write(folder.join(INSTEAD), run),
            None => Ok(()),
        });
        left.map_err(|error| store_failed(StoreError::io("write to", &folder, error)))?;
        let code = code(&task.step, self.engine.keys);
        let job = Job {
            step: &task.step,
            inputs: bind(task, store),
            root: &self.engine.options.root,
            code: &code,
            scratch: &folder,
            threads: task.threads,
            gpus: &task.gpus,
            link: &task.link,
        };
        let keyed = KeyedMachine::of(&task.step, self.engine.keys, store);
        let spec = isolated::specify(&job, self.engine.options.checkpoint_every, keyed)?;
        let mut executors = self.engine.executors.borrow_mut();
        let executor = &mut executors[executor];
        let mut row = InFlight {
            key,
            executor: executor.name().to_owned(),
            handle: None,
            folder: name.clone(),
            attempt: task.number,
        };
        // Before, so that whoever comes after a death in between knows of the folder.
        store.note_in_flight(&row).map_err(store_failed)?;
        let step = task.step.to_string();
        let submission = Submission {
            folder: &folder,
            spec: &spec,
            step: &step,
            stage: &task.step.stage,
            attempt: self.counted(task.step.id, task.number),
            threads: task.threads,
            policy: &task.step.policy,
        };
        let handle = executor.submit(&submission).map_err(|error| {
            // Tried again in a folder of its own.
            let _ = store.forget_in_flight(key, &name);
            let message = format!("`{}` does not take the step: {error}", executor.name());
            JobError::Transient { message }
        })?;
        row.handle = Some(handle.clone());
        store.note_in_flight(&row).map_err(store_failed)?;
        Ok((handle, name))
    }

    /// Asks the executors what ended; what did is collected by a thread.
    pub(super) fn poll<'scope>(
        &mut self,
        pool: &'scope RunnerPool<'a>,
        scope: &'scope Scope<'scope, '_>,
        next: &mut Vec<StepId>,
    ) where
        'a: 'scope,
    {
        self.tell_left();
        let mut broken = Vec::new();
        let stopping = self.flow.stopping;
        // They stay where they are; the loop lets go of them in a moment.
        let leaving = self.engine.options.detach && self.interrupted();
        let now = Instant::now();
        for (number, attempts) in self.executors.has.iter_mut().enumerate() {
            let executor = &mut self.engine.executors.borrow_mut()[number];
            for message in executor.warnings() {
                let step = None;
                self.journal.emit(Event::Warning { step, message });
            }
            if attempts.is_empty() {
                continue;
            }
            let mut budget = HEARD_AT_ONCE;
            for (handle, attempt) in attempts.iter_mut() {
                if attempt.running && budget > 0 && now - attempt.heard >= HEARING {
                    budget -= 1;
                    attempt.heard = now;
                    attempt.listen();
                }
                if stopping && !attempt.running && !leaving {
                    // It may wait for days.
                    attempt.task.link.cancel();
                }
                if attempt.task.link.cancelled() && !attempt.cancelled && !leaving {
                    attempt.cancelled = true;
                    executor.cancel(handle);
                }
            }
            for (handle, update) in executor.poll() {
                let Entry::Occupied(mut entry) = attempts.entry(handle) else {
                    continue;
                };
                let id = entry.get().task.step.id;
                let step = || self.nodes[id].name.to_string();
                match update {
                    Update::Queued { job, state, why } => {
                        self.journal.emit(Event::StepQueued {
                            id: id.0,
                            step: step(),
                            executor: executor.name().to_owned(),
                            job: Some(job),
                            state: Some(state),
                            why,
                        });
                    }
                    Update::Running { job } => {
                        let attempt = entry.get_mut();
                        self.journal.emit(attempt.begins(step(), Some(job)));
                        let timeout = attempt.task.step.policy.timeout;
                        if let Some(at) = timeout.and_then(|timeout| now.checked_add(timeout)) {
                            let deadline = Reverse((at, id, attempt.task.number));
                            self.flow.deadlines.push(deadline);
                        }
                    }
                    Update::Ended(end) => {
                        let mut attempt = entry.remove();
                        if end.cause == EndCause::Finished && !attempt.running {
                            self.journal.emit(attempt.begins(step(), None));
                        }
                        if let Err(error) = pool.give(attempt.ended(end), scope, &self.flow.sender)
                        {
                            broken.push((id, error));
                        }
                    }
                }
            }
        }
        for (id, error) in broken {
            self.flow.running.remove(&id);
            let error = JobError::failed(format!("cannot start a thread: {error}"));
            self.fail(id, error, "", 0.0, next);
        }
    }

    /// The folders of attempts whose ends are recorded go.
    pub(super) fn clear_folders(&mut self) {
        for (key, folder) in std::mem::take(&mut self.executors.ended) {
            self.forget(key, &folder);
        }
    }

    /// Attempts outside this process stay where they are; the next run takes them up.
    pub(super) fn leave_elsewhere(&mut self) {
        for number in 0..self.executors.has.len() {
            self.executors.queues[number].clear();
            let attempts = std::mem::take(&mut self.executors.has[number]);
            if attempts.is_empty() {
                continue;
            }
            let message = format!(
                "{} left in `{}`: the next run takes up what becomes of them",
                plural(attempts.len(), "step"),
                self.executors.names[number]
            );
            self.journal.emit(Event::Warning {
                step: None,
                message,
            });
            for attempt in attempts.into_values() {
                let id = attempt.task.step.id;
                self.flow.running.remove(&id);
                self.cancel_all(id);
            }
        }
    }

    /// Has executors tell of what an earlier coordinator handed over and no step wants, once all keys are
    /// known.
    fn tell_left(&mut self) {
        if self.executors.told || self.executors.saved.is_empty() {
            return;
        }
        // Whose key is not known yet may be what an attempt is of.
        if self.nodes.iter().any(|node| node.key.is_none()) {
            return;
        }
        self.executors.told = true;
        // One whose result is known is to make it again, which nobody asks for any more.
        let open = self.nodes.iter().filter(|node| node.result.is_none());
        let wanted: HashSet<Digest> = open.filter_map(|node| node.key).collect();
        let saved = self.executors.saved.values();
        let mut executors = self.engine.executors.borrow_mut();
        for attempt in saved.filter(|attempt| !wanted.contains(&attempt.key)) {
            let folder = self.engine.store.attempt_folders().join(&attempt.folder);
            let _ = of(&mut executors, attempt, &mut |executor| {
                executor.leave(&folder)
            });
        }
    }

    fn forget(&mut self, key: Digest, folder: &str) {
        if let Err(error) = self.engine.store.forget_in_flight(key, folder) {
            let message = error.to_string();
            self.journal.emit(Event::Warning {
                step: None,
                message,
            });
        }
    }
}

impl<'a> Attempt<'a> {
    /// Its executor says that it runs, at this place.
    fn begins(&mut self, step: String, place: Option<String>) -> Event {
        self.running = true;
        self.started = Instant::now();
        Event::StepStarted {
            id: self.task.step.id.0,
            step,
            attempt: self.task.number,
            threads: self.task.threads,
            takes: BTreeMap::new(),
            place,
        }
    }

    /// What is left to do when it has ended, in the words of its executor.
    fn ended(mut self, end: End) -> Task<'a> {
        self.listen();
        self.listener.end(&self.task.link);
        Task {
            elsewhere: Some(RemoteAttempt {
                folder: self.folder,
                end,
                lent: self.lent,
                stamps: self.stamps,
                started: self.started,
            }),
            ..self.task
        }
    }

    /// Passes on what the worker has written since the last time.
    fn listen(&mut self) {
        let files = [(OUT, Stream::Out), (ERR, Stream::Err)];
        for ((file, stream), read) in files.into_iter().zip(&mut self.read) {
            let Ok(bytes) = tail(&self.folder.join(file), *read) else {
                continue;
            };
            *read += bytes.len() as u64;
            self.listener.receive(&self.task.link, stream, &bytes);
        }
    }
}

/// Ends what works off an attempt that is to be forgotten.
fn abandon(executors: &mut [Box<dyn Executor>], store: &Store, attempt: &InFlight) {
    let folder = store.attempt_folders().join(&attempt.folder);
    // What it leaves after all, nobody looks at.
    let _ = of(executors, attempt, &mut |executor| {
        executor.abandon(&folder)
    });
}

/// Asks the executor that has an attempt, and where that has another name by now, all others.
fn of(
    executors: &mut [Box<dyn Executor>],
    attempt: &InFlight,
    ask: &mut dyn FnMut(&mut dyn Executor) -> bool,
) -> bool {
    let its_own = executors
        .iter_mut()
        .find(|executor| executor.name() == attempt.executor);
    match its_own {
        Some(executor) => ask(executor.as_mut()),
        None => executors.iter_mut().any(|executor| ask(executor.as_mut())),
    }
}

/// What stands in a file from a place on.
fn tail(path: &Path, from: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    if file.metadata()?.len() > from {
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
