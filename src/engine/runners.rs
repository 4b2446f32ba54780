//! The threads that run attempts: started when they are needed, kept until the run ends.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::Sender;
use std::thread::Scope;

use super::attempt::AttemptContext;
use super::attempt::Runner;
use super::attempt::Task;
use super::link::Message;
use super::link::lock;

/// What runners and the coordinator share.
pub(super) struct RunnerPool<'a> {
    tasks: Mutex<Tasks<'a>>,
    changed: Condvar,
    context: AttemptContext<'a>,
    scratch: PathBuf,
    /// How many runners there may be: as many as attempts may run at once.
    most: usize,
}

#[derive(Default)]
struct Tasks<'a> {
    waiting: VecDeque<Task<'a>>,
    idle: usize,
    runners: usize,
    closed: bool,
}

impl<'a> RunnerPool<'a> {
    pub(super) fn new(context: AttemptContext<'a>, scratch: PathBuf, most: usize) -> Self {
        RunnerPool {
            tasks: Mutex::default(),
            changed: Condvar::new(),
            context,
            scratch,
            most: most.max(1),
        }
    }

    /// Has an attempt run by an idle runner or a new one.
    ///
    /// # Errors
    /// Where the system gives no more threads and none of ours could take it.
    pub(super) fn give<'scope>(
        &'scope self,
        task: Task<'a>,
        scope: &'scope Scope<'scope, '_>,
        sender: &Sender<Message>,
    ) -> std::io::Result<()>
    where
        'a: 'scope,
    {
        let number = {
            let mut tasks = lock(&self.tasks);
            tasks.waiting.push_back(task);
            // With `most` runners, one that has just reported takes it in a moment.
            if tasks.idle >= tasks.waiting.len() || tasks.runners >= self.most {
                self.changed.notify_one();
                return Ok(());
            }
            tasks.runners += 1;
            tasks.runners
        };
        let sender = sender.clone();
        let started = std::thread::Builder::new()
            .name(format!("runner-{number}"))
            .spawn_scoped(scope, move || self.run(number, &sender));
        if let Err(error) = started {
            let mut tasks = lock(&self.tasks);
            tasks.runners -= 1;
            if tasks.runners == 0 {
                tasks.waiting.pop_back();
                return Err(error);
            }
        }
        Ok(())
    }

    fn run(&self, number: usize, sender: &Sender<Message>) {
        let mut runner = Runner::new(self.scratch.join(number.to_string()));
        while let Some(task) = self.next() {
            let ended = runner.attempt(&self.context, task);
            // The coordinator outlives every task it gave.
            let _ = sender.send(Message::EndedAttempt(Box::new(ended)));
        }
    }

    fn next(&self) -> Option<Task<'a>> {
        let mut tasks = lock(&self.tasks);
        loop {
            if let Some(task) = tasks.waiting.pop_front() {
                return Some(task);
            }
            if tasks.closed {
                return None;
            }
            tasks.idle += 1;
            tasks = self
                .changed
                .wait(tasks)
                .unwrap_or_else(PoisonError::into_inner);
            tasks.idle -= 1;
        }
    }

    /// Lets the runners end.
    pub(super) fn close(&self) {
        lock(&self.tasks).closed = true;
        self.changed.notify_all();
    }
}
