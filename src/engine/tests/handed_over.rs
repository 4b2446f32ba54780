//! Which attempts that an executor outside this process has are tries of a step.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::kit::*;
use crate::engine::End;
use crate::engine::EndCause;
use crate::engine::Engine;
use crate::engine::Executor;
use crate::engine::State::*;
use crate::engine::Submission;
use crate::engine::Summary;
use crate::engine::Update;

/// What becomes of the attempts that it is handed, one after the other.
#[derive(Clone, Copy)]
enum Fate {
    Preempted,
    /// It runs until it is cancelled.
    Endless,
}

struct Told {
    fates: VecDeque<Fate>,
    /// Which of the step's tries each was.
    submitted: Rc<RefCell<Vec<u32>>>,
    news: Vec<(String, Update)>,
}

impl Executor for Told {
    fn name(&self) -> &str {
        "told"
    }

    fn capacity(&self) -> usize {
        1
    }

    fn device(&self) -> &str {
        "cpu"
    }

    fn submit(&mut self, attempt: &Submission<'_>) -> io::Result<String> {
        self.submitted.borrow_mut().push(attempt.attempt);
        let handle = self.submitted.borrow().len().to_string();
        let job = format!("job {handle}");
        let update = match self.fates.pop_front() {
            Some(Fate::Preempted) => Update::Ended(End::new(EndCause::Interrupted, "preempted")),
            Some(Fate::Endless) | None => Update::Running { job },
        };
        self.news.push((handle.clone(), update));
        Ok(handle)
    }

    fn poll(&mut self) -> Vec<(String, Update)> {
        std::mem::take(&mut self.news)
    }

    fn cancel(&mut self, handle: &str) {
        let end = End::new(EndCause::Cancelled, "cancelled");
        self.news.push((handle.to_owned(), Update::Ended(end)));
    }

    fn adopt(&mut self, _: Option<&str>, _: &Path) -> Option<String> {
        None
    }
}

/// Runs a step that may be tried twice, and says which of its tries each attempt was.
fn run(fates: &[Fate]) -> (Summary, Vec<u32>) {
    let lab = Lab::new();
    let store = lab.store();
    let mut steps = plan(["a"]);
    policy(&mut steps, "a", |policy| {
        policy.retries = 1;
        policy.isolate = true;
        policy.timeout = Some(Duration::from_millis(20));
        policy.retry.timeout = Some(true);
    });
    let submitted: Rc<RefCell<Vec<u32>>> = Rc::default();
    let told = Told {
        fates: fates.iter().copied().collect(),
        submitted: Rc::clone(&submitted),
        news: Vec::new(),
    };
    let mut engine = Engine::new(&PlainKeys, &lab, &store, lab.options.clone());
    engine.executors = RefCell::new(vec![Box::new(told)]);
    engine.route = Box::new(|_| Some(0));
    let summary = engine.run(&steps, &mut |_| ()).expect("the store works");
    (summary, submitted.take())
}

#[test]
fn an_attempt_that_was_preempted_is_no_try_also_of_one_that_takes_too_long() {
    let (summary, tries) = run(&[Fate::Preempted, Fate::Endless, Fate::Endless]);
    assert_eq!(states(&summary), [Failed]);
    assert_eq!(tries, [1, 1, 2]);
    let message = &summary.failures[0].message;
    assert!(message.contains("took longer than"), "{message}");
}
