//! The cluster of the tests: started once, taken down when the tests end.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;

use crate::support::TestSpace;

/// A run of the manifest by Slurm.
pub(super) const RUN: [&str; 6] = [
    "run",
    "manifests/o.yaml",
    "--executor",
    "slurm",
    "--progress",
    "lines",
];

/// A cluster with two nodes of four claimed cpus each.
pub(super) struct Cluster {
    folder: PathBuf,
    script: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    /// Whoever disturbs the cluster has it alone.
    peace: RwLock<()>,
    _child: Child,
}

/// Some test of several that use the cluster at once.
pub(super) struct Shared {
    pub cluster: &'static Cluster,
    _peace: RwLockReadGuard<'static, ()>,
}

/// A test that disturbs the cluster.
pub(super) struct Alone {
    pub cluster: &'static Cluster,
    _peace: RwLockWriteGuard<'static, ()>,
}

/// The cluster; none, which is told, where there can be none here.
pub(super) fn shared() -> Option<Shared> {
    let cluster = cluster()?;
    let peace = cluster
        .peace
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Some(Shared {
        cluster,
        _peace: peace,
    })
}

pub(super) fn alone() -> Option<Alone> {
    let cluster = cluster()?;
    let peace = cluster
        .peace
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Some(Alone {
        cluster,
        _peace: peace,
    })
}

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(start) {
        Ok(cluster) => Some(cluster),
        Err(why) => {
            // Past what the harness keeps to itself of tests that end well.
            let _ = writeln!(std::io::stderr(), "SKIPPED, there is no Slurm here: {why}");
            assert!(
                std::env::var_os("SWEEPLINE_NEEDS_SLURM").is_none(),
                "SWEEPLINE_NEEDS_SLURM is set"
            );
            None
        }
    }
}

fn start() -> Result<Cluster, String> {
    let folder = std::env::temp_dir().join(format!("sweepline-slurm-{}", std::process::id()));
    // Several checkouts may test at once.
    let port = 20_000 + std::process::id() % 5000 * 8;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/slurm/cluster.sh");
    let mut child = Command::new("bash")
        .arg(script)
        .arg(&folder)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let stdin = child.stdin.take().ok_or("it has no input")?;
    let mut stdout = BufReader::new(child.stdout.take().ok_or("it has no output")?);
    let mut said = String::new();
    stdout
        .read_line(&mut said)
        .map_err(|error| error.to_string())?;
    match said.trim() {
        "ready" => Ok(Cluster {
            folder,
            script: Mutex::new((stdin, stdout)),
            peace: RwLock::new(()),
            _child: child,
        }),
        other => Err(other.trim_start_matches("cannot: ").to_owned()),
    }
}

impl Cluster {
    /// One of the words that `cluster.sh` knows.
    pub(super) fn have(&self, what: &str) {
        let mut script = self.script.lock().expect("nobody panics with it");
        writeln!(script.0, "{what}").expect("it listens");
        let mut said = String::new();
        script.1.read_line(&mut said).expect("it answers");
        assert_eq!(said.trim(), "done");
    }

    /// The program in a project, with this cluster.
    pub(super) fn command(&self, space: &TestSpace, arguments: &[&str]) -> Command {
        let mut command = space.command(arguments);
        command.env("SLURM_CONF", self.folder.join("slurm.conf"));
        command
    }

    pub(super) fn output(&self, space: &TestSpace, arguments: &[&str]) -> Output {
        let mut command = self.command(space, arguments);
        command.output().expect("the program starts")
    }

    /// A run of the manifest by Slurm, which must end well; what it says.
    pub(super) fn run(&self, space: &TestSpace, more: &[&str]) -> String {
        let (well, said) = self.try_run(space, more);
        assert!(well, "{said}\n{}", self.logs());
        said
    }

    /// A run of the manifest by Slurm; whether it ended well, and what it said.
    pub(super) fn try_run(&self, space: &TestSpace, more: &[&str]) -> (bool, String) {
        let arguments = [&RUN, more].concat();
        let output = self.output(space, &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    }

    /// What one of Slurm's commands prints.
    pub(super) fn slurm(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("SLURM_CONF", self.folder.join("slurm.conf"));
        let output = command.output().expect("it is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The end of the controller's log, for failures.
    fn logs(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log/controller")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
