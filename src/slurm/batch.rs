//! Batches on disk: what one call of `sbatch` queues, and all that its jobs need to know.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::profile::Profile;
use crate::engine::isolated::place;
use crate::engine::scratch;
use crate::text::plural;
use crate::text::shell_word;

/// Counts changes of the files that an older program would misread.
const VERSION: u32 = 1;

/// The file of a batch's folder with its number in Slurm, once that is known.
const JOB: &str = "job";

const BATCH: &str = "batch.json";
const SCRIPT: &str = "script.sh";
const MARKS: &str = "marks";

/// The file of an attempt's folder that says which job has it.
const PLACE: &str = "slurm.json";

/// The file of an attempt's folder by which it is told to stop.
pub(super) const CANCEL: &str = "cancel";

/// An array of jobs, each of which works off attempts one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Batch {
    version: u32,
    /// The name of its jobs in Slurm.
    pub name: String,
    /// By task of the array: the folders of its attempts.
    pub tasks: Vec<Vec<PathBuf>>,
    /// How long a job may take, where that was asked for.
    pub limit: Option<Duration>,
    /// How long each attempt may take, where that was asked for.
    #[serde(default)]
    pub each: Option<Duration>,
}

/// Where an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub batch: String,
    pub task: u32,
    pub slot: u32,
}

/// What jobs are asked for; the same for all of a batch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    pub cpus: usize,
    /// In bytes.
    pub memory: Option<u64>,
    pub gpus: u32,
    pub time: Option<Duration>,
}

/// `4 cpus, 2048 MiB, 1 GPU, 60 min`
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plural(self.cpus, "cpu"))?;
        if let Some(bytes) = self.memory {
            write!(f, ", {} MiB", bytes.div_ceil(1 << 20))?;
        }
        if self.gpus > 0 {
            write!(f, ", {}", plural(self.gpus as usize, "GPU"))?;
        }
        match self.time {
            Some(time) => write!(f, ", {} min", minutes(time)),
            None => Ok(()),
        }
    }
}

impl Batch {
    pub(super) fn new(name: &str, tasks: Vec<Vec<PathBuf>>, limit: Option<Duration>) -> Self {
        Batch {
            version: VERSION,
            name: name.to_owned(),
            tasks,
            limit,
            each: None,
        }
    }

    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let batch: Batch = serde_json::from_slice(&fs::read(folder.join(BATCH))?)?;
        match batch.version {
            VERSION => Ok(batch),
            other => Err(io::Error::other(format!(
                "the batch is written in version {other}, this program knows version {VERSION}"
            ))),
        }
    }

    /// Writes the batch, its script, and into the folder of every attempt where it is.
    pub(super) fn write(&self, folder: &Path, script: &str) -> io::Result<()> {
        scratch::make(folder)?;
        scratch::make(&folder.join(MARKS))?;
        fs::write(folder.join(SCRIPT), script)?;
        place(&folder.join(BATCH), &serde_json::to_vec(self)?)?;
        let batch = folder.file_name().unwrap_or_default().to_string_lossy();
        for (task, attempts) in (0..).zip(&self.tasks) {
            for (slot, attempt) in (0..).zip(attempts) {
                let position = Position {
                    batch: batch.clone().into_owned(),
                    task,
                    slot,
                };
                place(&attempt.join(PLACE), &serde_json::to_vec(&position)?)?;
            }
        }
        Ok(())
    }
}

impl Position {
    /// Where the attempt is whose folder this is; none where it was in no batch yet.
    pub(super) fn of(attempt: &Path) -> Option<Position> {
        serde_json::from_slice(&fs::read(attempt.join(PLACE)).ok()?).ok()
    }
}

/// Where the marks of a batch are.
pub(super) fn marks(folder: &Path) -> PathBuf {
    folder.join(MARKS)
}

/// Where the output of a task goes that is not that of its attempts.
pub(super) fn log(folder: &Path, task: u32) -> PathBuf {
    folder.join(format!("task-{task}.log"))
}

/// The number that Slurm gave it, if that was ever known.
pub(super) fn job(folder: &Path) -> Option<u64> {
    fs::read_to_string(folder.join(JOB))
        .ok()?
        .trim()
        .parse()
        .ok()
}

pub(super) fn set_job(folder: &Path, job: u64) -> io::Result<()> {
    place(&folder.join(JOB), job.to_string().as_bytes())
}

/// Whether Slurm can write below the folder for batches.
///
/// # Errors
/// Where its path has what an option of `sbatch` cannot say.
pub(super) fn check(batches: &Path) -> io::Result<()> {
    let path = batches.display().to_string();
    match path.contains(['\\', '\n']) {
        true => Err(io::Error::other(format!(
            "`sbatch` cannot be told of the folder {path:?}: a path with a backslash or an end of a line"
        ))),
        false => Ok(()),
    }
}

/// The script of a batch's jobs: the user's prologue, then the work.
pub(super) fn script(profile: &Profile, program: &Path, folder: &Path) -> String {
    // `module` is a function that login shells have.
    let login = if profile.modules.is_empty() {
        ""
    } else {
        " -l"
    };
    let mut lines = vec![format!("#!/bin/bash{login}")];
    for module in &profile.modules {
        lines.push(format!("module load {} || exit 1", shell_word(module)));
    }
    lines.extend(profile.prologue.lines().map(str::to_owned));
    lines.push(format!(
        "exec {} worker {} --task \"$SLURM_ARRAY_TASK_ID\" --spent \"$SECONDS\"",
        shell_word(&program.to_string_lossy()),
        shell_word(&folder.to_string_lossy())
    ));
    lines.push(String::new());
    lines.join("\n")
}

/// The arguments of `sbatch` for a batch.
pub(super) fn arguments(
    profile: &Profile,
    ask: &Ask,
    name: &str,
    tasks: usize,
    folder: &Path,
) -> Vec<String> {
    let last = tasks.saturating_sub(1);
    let throttle = profile
        .at_once
        .map_or(String::new(), |most| format!("%{most}"));
    let batch = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut arguments = vec![
        "--parsable".to_owned(),
        format!("--job-name={name}"),
        format!("--comment={batch}"),
        format!("--array=0-{last}{throttle}"),
        format!(
            "--output={}/task-%a.log",
            // A single one stands for what Slurm knows of a job.
            folder.display().to_string().replace('%', "%%")
        ),
        "--input=/dev/null".to_owned(),
        // Whether to try again is ours to say.
        "--no-requeue".to_owned(),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        format!("--cpus-per-task={}", ask.cpus),
    ];
    let mut option = |name: &str, value: Option<String>| {
        arguments.extend(value.map(|value| format!("--{name}={value}")));
    };
    let mebibytes = |bytes: u64| format!("{}M", bytes.div_ceil(1 << 20));
    option("partition", profile.partition.clone());
    option("account", profile.account.clone());
    option("qos", profile.qos.clone());
    option("mem", ask.memory.map(mebibytes));
    option("time", ask.time.map(minutes));
    let gpus = (ask.gpus > 0).then(|| format!("gpu:{}", ask.gpus));
    option("gres", gpus);
    arguments.extend(profile.options.iter().cloned());
    arguments.push(folder.join(SCRIPT).display().to_string());
    arguments
}

/// Slurm counts time limits in minutes.
fn minutes(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    seconds.max(1).div_ceil(60).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_asked_for_as_its_profile_and_its_steps_say() {
        let profile = Profile {
            partition: Some("gpu".to_owned()),
            modules: vec!["cuda/12".to_owned()],
            prologue: "export A=1".to_owned(),
            options: vec!["--constraint=a100".to_owned()],
            at_once: Some(7),
            ..Profile::default()
        };
        let ask = Ask {
            cpus: 4,
            memory: Some((1 << 30) + 1),
            gpus: 2,
            time: Some(Duration::from_secs(61)),
        };
        let folder = Path::new("/50%a/it's/b-1");
        let told = arguments(&profile, &ask, "sl", 20, folder);
        for wanted in [
            "--array=0-19%7",
            "--comment=b-1",
            "--output=/50%%a/it's/b-1/task-%a.log",
            "--mem=1025M",
            "--time=2",
            "--gres=gpu:2",
            "--partition=gpu",
            "--cpus-per-task=4",
            "--no-requeue",
            "--constraint=a100",
        ] {
            assert!(
                told.iter().any(|argument| argument == wanted),
                "{wanted}: {told:?}"
            );
        }
        assert_eq!(
            told.last().map(String::as_str),
            Some("/50%a/it's/b-1/script.sh")
        );
        let script = script(&profile, Path::new("/bin/sweepline"), folder);
        assert_eq!(
            script,
            "#!/bin/bash -l\nmodule load 'cuda/12' || exit 1\nexport A=1\nexec '/bin/sweepline' worker \
             '/50%a/it'\\''s/b-1' --task \"$SLURM_ARRAY_TASK_ID\" --spent \"$SECONDS\"\n"
        );
    }

    #[test]
    fn a_folder_that_an_option_cannot_name_is_refused() {
        assert!(check(Path::new("/a b/100%/jobs")).is_ok());
        assert!(check(Path::new("/a\\b")).is_err() && check(Path::new("/a\nb")).is_err());
    }

    #[test]
    fn time_limits_are_whole_minutes_and_never_less_than_asked_for() {
        let told = [1, 59, 60, 61, 120, 3600].map(|seconds| minutes(Duration::from_secs(seconds)));
        assert_eq!(told, ["1", "1", "1", "2", "2", "60"]);
    }

    #[test]
    fn a_batch_and_the_places_of_its_attempts_are_read_again() {
        let space = tempfile::tempdir().expect("a temporary folder");
        let attempts = ["a", "b", "c"].map(|name| space.path().join(name));
        attempts
            .iter()
            .for_each(|path| fs::create_dir(path).expect("it is ours"));
        let [a, b, c] = attempts.clone();
        let folder = space.path().join("b-1");
        let limit = Some(Duration::from_secs(60));
        let batch = Batch::new("sl", vec![vec![a, b], vec![c]], limit);
        batch.write(&folder, "exit").expect("it is ours");
        let again = Batch::read(&folder).expect("it is whole");
        assert_eq!((again.tasks, again.limit), (batch.tasks, limit));
        let position = Position::of(&attempts[1]).expect("it was told");
        assert_eq!(
            (&*position.batch, position.task, position.slot),
            ("b-1", 0, 1)
        );
        assert_eq!(job(&folder), None);
        set_job(&folder, 17).expect("it is ours");
        assert_eq!(job(&folder), Some(17));
    }
}
