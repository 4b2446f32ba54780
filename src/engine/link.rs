//! The way from a running attempt back to the engine: progress, log, cancellation, checkpoints.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::plan::StepId;
use crate::store::Digest;
use crate::store::Environment;
use crate::store::PartOf;
use crate::store::StepResult;
use crate::store::Store;

use super::JobError;
use super::Link;
use super::Options;
use super::checkpoint_clock::CheckpointClock;

/// At most one progress event per step in this time.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// The end of a log that is kept: its last lines matter most.
const LOG_BYTES: usize = 1 << 20;

/// How an attempt ended.
pub(super) struct EndedAttempt {
    pub id: StepId,
    pub number: u32,
    pub seconds: f64,
    pub log: String,
    pub result: Result<StepResult, JobError>,
    /// Whether a checkpoint is left that a success makes useless.
    pub checkpointed: bool,
    /// What it ran with, where it is known.
    pub environment: Option<Environment>,
}

/// What attempts tell the coordinator.
pub(super) enum Message {
    Progress {
        id: StepId,
        done: u64,
        total: u64,
        numbers: BTreeMap<String, f64>,
    },
    Log {
        id: StepId,
        line: String,
    },
    Warning {
        id: Option<StepId>,
        message: String,
    },
    EndedAttempt(Box<EndedAttempt>),
    /// Others were asked for the results of these steps, and had those of these keys.
    Fetched {
        ids: Vec<StepId>,
        there: Vec<Digest>,
    },
}

/// The link of one attempt.
pub(super) struct AttemptLink<'a> {
    id: StepId,
    key: Digest,
    /// Where this step has a part of a budget.
    part: Option<PartOf>,
    store: &'a Store,
    sender: Sender<Message>,
    cancel: Arc<AtomicBool>,
    interrupt: Arc<AtomicU8>,
    log: Arc<Mutex<Log>>,
    /// When the next progress may be told, in milliseconds since the start.
    next_progress: AtomicU64,
    clock: CheckpointClock,
    /// Whether this key has a checkpoint that its success makes useless.
    checkpointed: AtomicBool,
    /// Whether this attempt has left one.
    saved: AtomicBool,
}

/// The lines of an attempt; the coordinator shows the last ones where the attempt gives no more
/// sign of life.
#[derive(Default)]
pub(super) struct Log {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that were dropped at the front.
    dropped: usize,
}

impl Log {
    fn add(&mut self, line: &str) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.bytes > LOG_BYTES && self.lines.len() > 1 {
            let first = self.lines.pop_front().map_or(0, |line| line.len() + 1);
            self.bytes -= first;
            self.dropped += 1;
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes);
        if self.dropped > 0 {
            text.push_str(&format!("({} earlier lines were dropped)\n", self.dropped));
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

impl<'a> AttemptLink<'a> {
    pub(super) fn new(
        id: StepId,
        (key, part): (Digest, Option<PartOf>),
        store: &'a Store,
        sender: Sender<Message>,
        cancel: Arc<AtomicBool>,
        options: &Options,
    ) -> Self {
        AttemptLink {
            id,
            key,
            part,
            store,
            sender,
            cancel,
            interrupt: Arc::clone(&options.interrupt),
            log: Arc::default(),
            next_progress: AtomicU64::new(0),
            clock: CheckpointClock::new(options.checkpoint_every),
            checkpointed: AtomicBool::new(false),
            saved: AtomicBool::new(false),
        }
    }

    pub(super) fn shared_log(&self) -> Arc<Mutex<Log>> {
        Arc::clone(&self.log)
    }

    /// The whole log, as far as it was kept.
    pub(super) fn text(&self) -> String {
        lock(&self.log).text()
    }

    /// Whether a checkpoint is left to remove once the result is safe.
    pub(super) fn checkpointed(&self) -> bool {
        self.checkpointed.load(Ordering::Relaxed)
    }

    /// Asks the attempt to stop.
    pub(super) fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Whether this attempt has kept a checkpoint.
    pub(super) fn saved(&self) -> bool {
        self.saved.load(Ordering::Relaxed)
    }
}

impl Link for AttemptLink<'_> {
    fn progress(&self, done: u64, total: u64, numbers: &[(&str, f64)]) {
        let now = self.clock.now();
        let next = self.next_progress.load(Ordering::Relaxed);
        let following = now + PROGRESS_PERIOD.as_millis() as u64;
        let mine = now >= next
            && self
                .next_progress
                .compare_exchange(next, following, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if mine {
            let numbers = numbers.iter();
            let _ = self.sender.send(Message::Progress {
                id: self.id,
                done,
                total,
                numbers: numbers
                    .map(|(name, value)| ((*name).to_owned(), *value))
                    .collect(),
            });
        }
    }

    fn log(&self, line: &str) {
        lock(&self.log).add(line);
        let _ = self.sender.send(Message::Log {
            id: self.id,
            line: line.to_owned(),
        });
    }

    fn warn(&self, message: &str) {
        // The log outlives what a terminal shows.
        lock(&self.log).add(&format!("warning: {message}"));
        let id = Some(self.id);
        let message = message.to_owned();
        // Nobody listens only where the engine has gone already.
        let _ = self.sender.send(Message::Warning { id, message });
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.interrupt.load(Ordering::Relaxed) > 0
    }

    fn checkpoint(&self) -> Option<Vec<u8>> {
        let handed_on = || match self.part {
            Some(part) => self.store.checkpoint(part.whole),
            None => Ok(None),
        };
        let own = self.store.checkpoint(self.key);
        if let Ok(Some(_)) = own {
            self.checkpointed.store(true, Ordering::Relaxed);
        }
        match own.and_then(|own| own.map_or_else(handed_on, |own| Ok(Some(own)))) {
            Ok(state) => state,
            Err(error) => {
                self.warn(&format!("starts from the beginning: {error}"));
                None
            }
        }
    }

    fn checkpoint_folder(&self) -> Result<Option<PathBuf>, JobError> {
        let folder = self.store.checkpoint_folder(self.key, self.part);
        let folder = folder.map_err(super::attempt::store_failed)?;
        self.checkpointed.store(true, Ordering::Relaxed);
        Ok(Some(folder))
    }

    fn checkpoint_due(&self) -> bool {
        self.clock.is_due()
    }

    fn save_checkpoint(&self, state: &[u8]) {
        self.clock.restart();
        match self.store.save_checkpoint(self.key, state) {
            Ok(()) => {
                self.checkpointed.store(true, Ordering::Relaxed);
                self.saved.store(true, Ordering::Relaxed);
            }
            Err(error) => self.warn(&format!("the checkpoint was not kept: {error}")),
        }
    }

    fn goes_on(&self) -> bool {
        self.part.is_some()
    }

    fn hand_on(&self, state: &[u8]) {
        if let Some(part) = self.part
            && let Err(error) = self.store.save_checkpoint(part.whole, state)
        {
            self.warn(&format!("the state was not kept: {error}"));
        }
    }
}

// What these guard is whole after every statement, so a panic elsewhere does not spoil it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
