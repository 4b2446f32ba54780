//! Several transfers at once.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::Progress;
use super::RemoteError;

/// Does something with all items, several at once, until one fails; the answers in the order of the items.
pub(super) fn each<T: Sync, A: Send>(
    items: &[T],
    at_once: usize,
    progress: &Progress,
    act: impl Fn(&T) -> Result<A, RemoteError> + Sync,
) -> Result<Vec<A>, RemoteError> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<(usize, A)>> = Mutex::new(Vec::with_capacity(items.len()));
    let failure: Mutex<Option<RemoteError>> = Mutex::new(None);
    let work = || {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            let answer = match progress.is_stopped() {
                true => Err(RemoteError::Stopped),
                false => act(item),
            };
            match answer {
                Ok(answer) => lock(&answers).push((index, answer)),
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    lock(&failure).get_or_insert(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..at_once.min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_unstable_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
