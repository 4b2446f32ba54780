//! One at a time cleans up a shared store: who holds its lease.
//!
//! A lease is written anew every minute while it is held, so one that was not for some minutes is of a process that
//! died. Of several who find such a one, one takes it away: the first to say so of this very lease.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::Thread;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::store::Digest;

use super::Progress;
use super::Remote;
use super::RemoteError;
use super::layout;
use super::storage::Content;
use super::storage::Kind;

/// Who cleans up: the first to write it.
pub(super) const LEASE: &str = "leases/gc";

/// A lease of this age is of a process that died. One that is to be written so far ahead has the time of a clock that
/// was wrong: nobody can wait for it to grow old.
pub(super) const STALE: Duration = Duration::from_secs(LEASE_MINUTES * 60);

/// For so many minutes a clean-up that died is waited for.
pub const LEASE_MINUTES: u64 = 5;

/// How often a lease is written anew.
const RENEWAL: Duration = Duration::from_secs(60);

/// How often somebody who waits for a clean-up to end looks.
const GLANCE: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Lease {
    who: String,
    nonce: String,
}

/// The lease of whoever cleans up.
pub(super) struct Held {
    text: Vec<u8>,
    /// Somebody took it for that of a process that died.
    lost: AtomicBool,
}

impl Remote {
    /// Does something while nobody else who asks for the lease has it.
    pub(super) fn leased<T>(
        &self,
        who: &str,
        nonce: &str,
        act: impl FnOnce(&Held) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let held = self.take_lease(who, nonce)?;
        let over = AtomicBool::new(false);
        let done = thread::scope(|scope| {
            let renewer = scope.spawn(|| {
                thread::park_timeout(RENEWAL);
                while !over.load(Ordering::Relaxed) {
                    // A try that fails is made again, before the lease counts as dead.
                    let _ = self.renew(&held);
                    thread::park_timeout(RENEWAL);
                }
            });
            let _ends = Ends {
                over: &over,
                thread: renewer.thread().clone(),
            };
            act(&held)
        });
        // Another's stays.
        if self.lease()?.is_some_and(|text| text == held.text) {
            self.remove(LEASE)?;
        }
        done
    }

    /// Takes the lease, also that of a process that died.
    pub(super) fn take_lease(&self, who: &str, nonce: &str) -> Result<Held, RemoteError> {
        let lease = Lease {
            who: who.to_owned(),
            nonce: nonce.to_owned(),
        };
        let text = serde_json::to_vec(&lease).expect("a lease is plain data");
        for _ in 0..3 {
            if self.is_ours(LEASE, &text)? {
                return Ok(Held {
                    text,
                    lost: AtomicBool::new(false),
                });
            }
            let Some(theirs) = self.lease()? else {
                continue;
            };
            if self.is_live(LEASE)? {
                break;
            }
            let heir = format!("leases/after-{}", Digest::of(&theirs).short());
            if self.is_ours(&heir, &text)? {
                // As long as nobody else may take it away, it is this one or a new one.
                if self.lease()?.is_some_and(|now| now == theirs) && !self.is_live(LEASE)? {
                    self.remove(LEASE)?;
                }
                let ours = self.is_ours(LEASE, &text);
                self.remove(&heir)?;
                ours?;
            } else if self.is_live(&heir)? {
                break;
            } else {
                // Whoever was about to take it away died, too.
                self.remove(&heir)?;
            }
        }
        Err(self.leased_by_others()?)
    }

    /// Writes a lease anew, unless it is another's by now.
    pub(super) fn renew(&self, held: &Held) -> Result<(), RemoteError> {
        if self.lease()?.is_none_or(|text| text != held.text) {
            held.lost.store(true, Ordering::Relaxed);
            return Ok(());
        }
        self.write(LEASE, Content::Bytes(&held.text), Kind::Changing)?;
        Ok(())
    }

    /// That the lease is still there; or who has it now.
    pub(super) fn holds(&self, held: &Held) -> Result<(), RemoteError> {
        match held.lost.load(Ordering::Relaxed) {
            true => Err(self.leased_by_others()?),
            false => Ok(()),
        }
    }

    /// Waits until nobody cleans up, and says meanwhile whom it waits for; whether somebody did.
    pub(super) fn wait_for_lease(&self, progress: &Progress) -> Result<bool, RemoteError> {
        let _waiting = Waiting { progress };
        let mut waited = false;
        while self.is_live(LEASE)? {
            if progress.is_stopped() {
                return Err(RemoteError::Stopped);
            }
            if !waited {
                waited = true;
                progress.wait_for(Some(self.holder()?));
            }
            thread::sleep(GLANCE);
        }
        Ok(waited)
    }

    /// Writes a file first, or finds that it did: an answer may have been lost.
    fn is_ours(&self, name: &str, text: &[u8]) -> Result<bool, RemoteError> {
        if self.write(name, Content::Bytes(text), Kind::First)? {
            return Ok(true);
        }
        let there = self.read(name, layout::SMALL)?;
        Ok(there.is_some_and(|there| there == text))
    }

    /// Whether whoever wrote a lease is at it.
    fn is_live(&self, name: &str) -> Result<bool, RemoteError> {
        let stat = self.stat(name)?;
        Ok(stat.is_some_and(|stat| stat.age < STALE && stat.ahead < STALE))
    }

    fn lease(&self) -> Result<Option<Vec<u8>>, RemoteError> {
        self.read(LEASE, layout::SMALL)
    }

    fn holder(&self) -> Result<String, RemoteError> {
        let theirs = self.lease()?.unwrap_or_default();
        let theirs = serde_json::from_slice::<Lease>(&theirs);
        Ok(theirs.map_or("somebody".to_owned(), |lease| lease.who))
    }

    fn leased_by_others(&self) -> Result<RemoteError, RemoteError> {
        Ok(RemoteError::Leased {
            place: self.place().to_owned(),
            who: self.holder()?,
        })
    }
}

/// Ends the renewal, also where what is done meanwhile panics.
struct Ends<'o> {
    over: &'o AtomicBool,
    thread: Thread,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

/// Nobody is waited for any more, however it ends.
struct Waiting<'p> {
    progress: &'p Progress,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.progress.wait_for(None);
    }
}
