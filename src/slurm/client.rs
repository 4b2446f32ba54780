//! The thread that calls Slurm's commands: the controller may be away for minutes, and a run goes on meanwhile.

use std::io;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use super::commands;
use super::commands::Cluster;
use super::commands::Refusal;
use super::commands::Shown;
use super::commands::Unwanted;
use super::listing::Listing;

/// What Slurm is asked.
pub(super) enum Request {
    Submit {
        batch: String,
        arguments: Vec<String>,
    },
    /// What became of the jobs with these names.
    Look {
        names: String,
    },
    /// What is known of one task of a batch: `123_4`.
    Show {
        batch: String,
        task: u32,
        job: String,
        /// The name of the batch's jobs.
        name: String,
    },
    Cancel {
        jobs: Vec<Unwanted>,
    },
}

/// What it said.
pub(super) enum Reply {
    Submitted {
        batch: String,
        job: Result<u64, Refusal>,
        /// Whether the user has others in the queue, asked where it was refused for now.
        others: bool,
    },
    Listed(Option<Listing>),
    Shown {
        batch: String,
        task: u32,
        shown: Shown,
    },
    /// These it could not be told of.
    NotCancelled(Vec<Unwanted>),
}

/// Takes requests, and gives replies when they are there.
pub(super) struct Client {
    requests: Option<Sender<Request>>,
    replies: Receiver<Reply>,
    thread: JoinHandle<()>,
}

/// What is still to be done when a run ends has so much time.
const LAST: Duration = Duration::from_secs(10);

impl Client {
    pub(super) fn start(cluster: Cluster) -> io::Result<Self> {
        let (requests, asked) = channel::<Request>();
        let (answers, replies) = channel();
        let thread = thread::Builder::new()
            .name("slurm".to_owned())
            .spawn(move || {
                for request in asked {
                    if answers.send(answer(&cluster, request)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Client {
            requests: Some(requests),
            replies,
            thread,
        })
    }

    pub(super) fn ask(&self, request: Request) {
        if let Some(requests) = &self.requests {
            // The thread lives as long as we do.
            let _ = requests.send(request);
        }
    }

    /// Has what was asked done to its end, if it does not take too long.
    pub(super) fn finish(&mut self) {
        self.requests = None;
        let begin = Instant::now();
        while !self.thread.is_finished() && begin.elapsed() < LAST {
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn reply(&self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

fn answer(cluster: &Cluster, request: Request) -> Reply {
    match request {
        Request::Submit {
            batch,
            mut arguments,
        } => {
            if let Some(name) = &cluster.0 {
                // Also where it is the environment that says it.
                arguments.insert(0, format!("--clusters={name}"));
            }
            let job = commands::sbatch(&arguments);
            let others = matches!(job, Err(Refusal::NotNow(_))) && commands::has_jobs(cluster);
            Reply::Submitted { batch, job, others }
        }
        Request::Look { names } => Reply::Listed(commands::squeue(cluster, &names)),
        Request::Show {
            batch,
            task,
            job,
            name,
        } => {
            let shown = commands::show(cluster, &job, &name, &batch);
            Reply::Shown { batch, task, shown }
        }
        Request::Cancel { jobs } => Reply::NotCancelled(commands::scancel(cluster, jobs)),
    }
}
