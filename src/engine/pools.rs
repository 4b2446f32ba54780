//! What steps compete for: cpus, memory, gpus, and pools that the user named.

use std::collections::BTreeMap;

use crate::plan::Policy;

/// How much there is of everything, or how much a step takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resources {
    pub cpus: u32,
    /// In bytes.
    pub memory: u64,
    pub gpus: u32,
    /// Of a pool that is not named here there is one.
    pub named: BTreeMap<String, u32>,
}

impl Resources {
    /// What a step takes of `self`, which is all there is. A step that asks for more cpus,
    /// memory or of a named pool than there is gets all of it, and so runs alone.
    ///
    /// # Errors
    /// Gpus cannot be made up for: says how many were asked for.
    pub(super) fn share_for(&self, policy: &Policy) -> Result<Resources, u32> {
        if policy.gpus > self.gpus {
            return Err(policy.gpus);
        }
        let named = policy.named.iter().map(|(name, amount)| {
            let all = self.named.get(name).copied().unwrap_or(1);
            (name.clone(), (*amount).min(all))
        });
        Ok(Resources {
            cpus: policy.cpus.clamp(1, self.cpus.max(1)),
            memory: policy.memory.min(self.memory),
            gpus: policy.gpus,
            named: named.collect(),
        })
    }
}

impl Resources {
    /// What is taken beside cpus, by name; nothing that is not taken.
    pub(super) fn beside_cpus(&self) -> BTreeMap<String, u64> {
        let fixed = [
            ("memory".to_owned(), self.memory),
            ("gpus".to_owned(), self.gpus.into()),
        ];
        let named = self.named.iter();
        let named = named.map(|(name, amount)| (name.clone(), u64::from(*amount)));
        let all = fixed.into_iter().chain(named);
        all.filter(|(_, amount)| *amount > 0).collect()
    }
}

/// What is free just now.
pub(super) struct Pools {
    free: Resources,
    /// The names of the GPUs that are free, the next one last.
    gpus: Vec<String>,
    /// How many more attempts may run at once.
    jobs: usize,
}

impl Pools {
    pub(super) fn new(all: &Resources, gpus: &[String], jobs: usize) -> Self {
        let mut free = all.clone();
        free.cpus = free.cpus.max(1);
        Pools {
            free,
            gpus: gpus.iter().rev().cloned().collect(),
            jobs: jobs.max(1),
        }
    }

    pub(super) fn fits(&self, share: &Resources) -> bool {
        let named = |(name, amount): (&String, &u32)| {
            self.free.named.get(name).copied().unwrap_or(1) >= *amount
        };
        self.jobs > 0
            && self.free.cpus >= share.cpus
            && self.free.memory >= share.memory
            && self.free.gpus >= share.gpus
            && share.named.iter().all(named)
    }

    /// Takes a share; the names of its GPUs.
    pub(super) fn take(&mut self, share: &Resources) -> Vec<String> {
        assert!(self.fits(share), "BUG: more was taken than there is");
        self.jobs -= 1;
        self.free.cpus -= share.cpus;
        self.free.memory -= share.memory;
        self.free.gpus -= share.gpus;
        for (name, amount) in &share.named {
            *self.free.named.entry(name.clone()).or_insert(1) -= amount;
        }
        let kept = self.gpus.len().saturating_sub(share.gpus as usize);
        let mut gpus = self.gpus.split_off(kept);
        gpus.reverse();
        gpus
    }

    pub(super) fn give_back(&mut self, share: &Resources, gpus: &[String]) {
        self.gpus.extend(gpus.iter().rev().cloned());
        self.jobs += 1;
        self.free.cpus += share.cpus;
        self.free.memory += share.memory;
        self.free.gpus += share.gpus;
        for (name, amount) in &share.named {
            *self.free.named.entry(name.clone()).or_insert(0) += amount;
        }
    }

    pub(super) fn any_job_free(&self) -> bool {
        self.jobs > 0
    }
}
