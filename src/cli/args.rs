//! The command line: verbs, their flags and their help. Nothing is resolved here.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

const AFTER_HELP: &str = "\
Exit codes:
  0  done, and everything asked for is up to date
  1  some step failed, all that was asked for is pending, or a result is damaged
  2  the command line, a manifest or a pipeline is wrong; nothing was run
  3  the store cannot be used: locked, not writable, or of a newer version
  4  `--require-claims`: a claim fails or is undecided
  130  interrupted; finished steps are kept and `run` goes on from there

Examples:
  sweepline run manifests/quickstart.yaml
  sweepline plan manifests/quickstart.yaml --explain
  sweepline why manifests/quickstart.yaml 'fit[latent=8,seed=0]'";

/// From a YAML experiment manifest to a paper's tables and figures.
#[derive(Debug, Parser)]
#[command(name = "sweepline", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run what is not up to date, and leave tables and figures under outputs/
    ///
    /// `run` is always resume: finished steps are reused by content, interrupted trainings go on
    /// from their last checkpoint, failed steps are tried again.
    Run(RunArgs),
    /// Say what `run` would do and why, without doing it
    Plan(PlanArgs),
    /// Read a manifest and its pipeline, and report every mistake with its place
    Check(Experiment),
    /// Explain why a step is up to date or not, part by part
    Why(WhyArgs),
    /// List what a manifest can name: stage kinds, data sets, models, metrics, figures
    List(ListArgs),
    /// Judge the claims of a manifest over the results that are there, without running
    Claims(ClaimsArgs),
    /// Say what is done, stale, failed and running, by stage
    Status(StatusArgs),
    /// Everything that is known of one step
    Show(ShowArgs),
    /// List the runs that the store knows, name and tag them
    Runs(RunsArgs),
    /// Take a result that is there for the current one, and say so with it for ever
    ///
    /// For changes that change no result, as a comment in a script: the last result of the step stands
    /// under its new key, with the reason and the key that it was computed under. `why`, `show`, `status` and
    /// the report say that it was accepted, until the step runs again.
    /// A result that was made with other parameters or inputs is refused, unless `--despite` names them.
    Accept(AcceptArgs),
    /// Compare two cells or two runs: which parts of their keys and which metrics differ
    Diff(DiffArgs),
    /// Write one self-contained HTML page of everything an experiment left
    Report(ReportArgs),
    /// Show the report in a browser of this machine, while the experiment runs and after
    ///
    /// Prints an address with a token, under which the page of `sweepline report` is, and above it how
    /// far the run is. Only this machine reaches it, and the program writes nothing: stopping it
    /// changes no run. From another machine: `ssh -L PORT:127.0.0.1:PORT`, with the same port.
    View(ViewArgs),
    /// Write metrics and curves for TensorBoard, MLflow, pandas or polars
    Export(ExportArgs),
    /// Print the results of an experiment as a table
    Ls(LsArgs),
    /// Draw the DAG of stages, with axes collapsed
    Graph(GraphArgs),
    /// Print the log of a step's last attempt
    Log(LogArgs),
    /// Print the events of a run as JSON lines, also while it happens
    Events(EventsArgs),
    /// Print a run as a Chrome trace, for Perfetto or chrome://tracing
    Trace(TraceArgs),
    /// Make a small project that runs, to start from
    Init(InitArgs),
    /// Make a manifest and a pipeline of another tool's file, once: of DVC's dvc.yaml
    ///
    /// They are written to manifests/ and pipelines/ of the project, never over a file that is there, and
    /// are yours from then on. What has no counterpart is told with its place.
    Import(ImportArgs),
    /// Print the JSON schema of manifests or pipelines, for editors
    Schema(SchemaArgs),
    /// Remove results that no manifest of the project needs; first say which
    ///
    /// Kept is what any manifest of the project reaches, with its profiles and overrides, and what is
    /// named: manifests elsewhere, experiments, runs.
    Gc(GcArgs),
    /// Send an experiment's results to the shared store, as far as they are not there
    ///
    /// Sent is what is up to date, and what named runs of the experiment left. Killed or interrupted, the
    /// same again goes on from there.
    Push(PushArgs),
    /// Fetch an experiment's results from the shared store, as far as they are there
    ///
    /// Every object is compared with its digest; what is something else is refused, by name. `run` then puts
    /// files below outputs/, and makes what was not there.
    Pull(PullArgs),
    /// Write an experiment with its results into one file
    ///
    /// The archive holds the files of the project that the experiment reads, its records and the objects that
    /// they reach. The same results make the same bytes.
    Pack(PackArgs),
    /// Make a project that is up to date from an archive
    Unpack(UnpackArgs),
    /// Reread every object and compare it with its digest
    Verify(VerifyArgs),
    /// Print a completion script for a shell
    ///
    /// It completes verbs, options and files, and what the manifest on the command line names: stages, steps,
    /// axes with their values, parameters, profiles; kinds for `list`; runs with their names and tags.
    ///
    /// bash: `source <(sweepline completions bash)` in ~/.bashrc;
    /// zsh: `source <(sweepline completions zsh)` in ~/.zshrc, after `compinit`;
    /// fish: `sweepline completions fish | source` in ~/.config/fish/config.fish
    #[command(verbatim_doc_comment)]
    Completions { shell: super::completions::Shell },
    /// Write the manual pages, for `man sweepline` and `man sweepline-run`
    Man(ManArgs),
    /// Work off one attempt in this process, as `run` has it done
    #[command(hide = true)]
    Worker {
        /// The specification of the attempt, or the folder of a batch
        spec: PathBuf,
        /// Work off this task of the batch
        #[arg(long)]
        task: Option<u32>,
        /// Seconds of the job's time that are gone
        #[arg(long, default_value = "0", value_parser = seconds)]
        spent: Duration,
    },
}

/// Which experiment, and how it is changed from the command line.
#[derive(Debug, Clone, Args)]
pub(super) struct Experiment {
    /// The manifest, a YAML file
    pub manifest: PathBuf,
    /// Set a parameter: -p epochs=20
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Replace an axis: --axis lr=1e-3,1e-4
    #[arg(long = "axis", value_name = "NAME=VALUES")]
    pub axes: Vec<String>,
    /// Replace every `{seeds: n}` axis by this many seeds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub seeds: Option<u32>,
    /// Apply a profile of the manifest
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct StoreArgs {
    /// Where results go [default: outputs in the project's root]
    #[arg(long, value_name = "DIR")]
    pub outputs: Option<PathBuf>,
    /// Where objects and records are kept [default: store in the outputs folder]
    #[arg(
        long,
        value_name = "DIR",
        env = "SWEEPLINE_STORE",
        hide_env_values = true
    )]
    pub store: Option<PathBuf>,
}

/// Which store, of verbs that need no manifest.
#[derive(Debug, Clone, Args)]
pub(super) struct ProjectArgs {
    /// The store that this manifest's runs use [default: that of the project around the current folder]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    #[command(flatten)]
    pub folders: StoreArgs,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Run nothing: say what would run, as `plan` does
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// How many steps may run at once [default: the number of CPUs]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// How much there is of what steps share: --resource gpus=2, memory=60GiB, licence=3
    #[arg(long = "resource", value_name = "NAME=AMOUNT", value_parser = super::resources::amount)]
    pub resources: Vec<(String, u64)>,
    /// Where commands and trainings run whose stage does not say it: `slurm`, or `slurm:NAME` by a profile of
    /// sweepline.toml; `local` runs everything here
    #[arg(long, value_name = "EXECUTOR")]
    pub executor: Option<String>,
    /// Leave jobs in the cluster's queue when interrupted; the next run takes them up
    #[arg(long)]
    pub detach: bool,
    /// What to do with the shared store [default: `run` of `[remote]` in sweepline.toml, else read]
    #[arg(long, value_enum, value_name = "MODE")]
    pub remote: Option<super::remote::Mode>,
    /// Stop at the first failure instead of going on with what does not depend on it
    #[arg(long)]
    pub fail_fast: bool,
    /// Stop after this many failures
    #[arg(long, value_name = "N", conflicts_with = "fail_fast")]
    pub max_fail: Option<usize>,
    /// What a run does where nothing else is said, for hands that know `-k` of make, Snakemake and DVC
    #[arg(short, long, hide = true, conflicts_with_all = ["fail_fast", "max_fail"])]
    pub keep_going: bool,
    /// Fail at once when another process holds the store, instead of waiting
    #[arg(long)]
    pub no_wait: bool,
    /// Seconds between two checkpoints of a training
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub checkpoint_every: Duration,
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Run this step, or all of a stage, also where the result is known: --force 'fit[lr=0.1]'. Repeated, all
    #[arg(long, value_name = "STEP")]
    pub force: Vec<String>,
    /// Call the run so, for `diff` and `runs`
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Tag the run, for `runs --tag`
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
    /// Print events as JSON lines on standard output
    #[arg(long)]
    pub json: bool,
    /// End with exit code 4 unless every claim of the manifest holds
    #[arg(long)]
    pub require_claims: bool,
    /// Write report.html beside the results when all is done
    #[arg(long)]
    pub report: bool,
    /// Write the run's metrics in Prometheus' text form when it ends
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
}

impl RunArgs {
    /// What says what such a run would do.
    pub(super) fn to_plan(&self) -> PlanArgs {
        PlanArgs {
            experiment: self.experiment.clone(),
            explain: false,
            json: self.json,
            filters: self.filters.clone(),
            force: self.force.clone(),
        }
    }
}

/// Which steps a verb is about. A reduction is never narrowed: where some of its members are left
/// out and not known from before, it stays pending.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct FilterArgs {
    /// Only these cells: --only 'method=mapa,samples=20|50'; also `lr<=1e-3`, `name=a*`. Repeated, any
    #[arg(long, value_name = "AXIS=VALUE,…")]
    pub only: Vec<String>,
    /// Only the steps of this stage; what they read must be there
    #[arg(long, value_name = "STAGE")]
    pub stage: Vec<String>,
    /// Only this stage and all that it needs
    #[arg(long, value_name = "STAGE")]
    pub upto: Vec<String>,
    /// Only what failed the last time, and what comes after it
    #[arg(long)]
    pub failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// Bars in a terminal, lines elsewhere
    Auto,
    Bars,
    Lines,
    None,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Name the changed parts of every step that would run, old and new
    #[arg(long)]
    pub explain: bool,
    /// Print one JSON object per step
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub filters: FilterArgs,
    /// As if a run had to run this step, or all of a stage, also where the result is known. Repeated, all
    #[arg(long, value_name = "STEP")]
    pub force: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// A step as `plan` prints it, or a stage: 'fit[latent=8,seed=0]'
    pub step: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StepArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// A step as `plan` prints it: 'fit[latent=8,seed=0]'
    pub step: String,
}

#[derive(Debug, Args)]
pub(super) struct LogArgs {
    #[command(flatten)]
    pub step: StepArgs,
    /// Print what a step that runs has written so far, and do not wait for more
    #[arg(long)]
    pub no_follow: bool,
    /// Print the log as it is: with the colours of the program, and all that a terminal obeys
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// A kind or the start of its name: train, figure/line
    pub kind: Option<String>,
    /// Print the reference page of what matches, in Markdown
    #[arg(long)]
    pub docs: bool,
}

#[derive(Debug, Args)]
pub(super) struct ClaimsArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    #[arg(long, value_enum, default_value_t = ClaimsFormat::Text)]
    pub format: ClaimsFormat,
    /// End with exit code 4 unless every claim holds
    #[arg(long)]
    pub require_claims: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ClaimsFormat {
    Text,
    Csv,
    Json,
    Md,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// The page [default: report.html in the experiment's folder of results]
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite a file that no report wrote
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Listen on this port [default: one that is free]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Which program is to read them
    #[arg(long, value_enum)]
    pub to: ExportFormat,
    /// Where the files go
    pub dir: PathBuf,
    /// Overwrite files that no export wrote
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Event files, a folder per cell
    Tensorboard,
    /// A tracking store of files, a run per cell
    Mlflow,
    /// A table per stage
    Csv,
    /// A table per stage with its types: Arrow IPC, also known as Feather
    Arrow,
}

#[derive(Debug, Args)]
pub(super) struct LsArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Only the results of this stage
    #[arg(long)]
    pub stage: Vec<String>,
    /// Only rows where these hold, of axes and of metrics: --only 'latent=8|32,elbo>-120'. The column of the
    /// stage is `stage`, or `of_stage` where an axis or a number is called so
    #[arg(long, value_name = "COLUMN=VALUE,…")]
    pub only: Vec<String>,
    /// Sort by these columns, the first one first; a leading `-` sorts downwards: -elbo,seed
    #[arg(
        long,
        value_name = "COLUMNS",
        allow_hyphen_values = true,
        value_delimiter = ','
    )]
    pub sort: Vec<String>,
    /// Only these columns, in this order
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub columns: Vec<String>,
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub format: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Aligned, for a terminal; numbers in six digits
    #[value(alias = "text")]
    Table,
    Csv,
    Json,
    Md,
}

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    Dot,
    Mermaid,
}

#[derive(Debug, Args)]
pub(super) struct PushArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// The shared store [default: `remote` of sweepline.toml]
    #[arg(
        long,
        value_name = "PLACE",
        env = "SWEEPLINE_REMOTE",
        hide_env_values = true
    )]
    pub to: Option<String>,
    /// Begin a shared store where one was that is gone for good
    #[arg(long)]
    pub begin: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
}

#[derive(Debug, Args)]
pub(super) struct PullArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// The shared store [default: `remote` of sweepline.toml]
    #[arg(
        long,
        value_name = "PLACE",
        env = "SWEEPLINE_REMOTE",
        hide_env_values = true
    )]
    pub from: Option<String>,
    /// Fail at once when another process holds the store, instead of waiting
    #[arg(long)]
    pub no_wait: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
}

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// The archive [default: EXPERIMENT.sweepline.zip]
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the archive that is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(super) struct UnpackArgs {
    /// What `pack` wrote
    pub archive: PathBuf,
    /// The folder of the project, which is not there yet or empty [default: the archive's name]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct GcArgs {
    #[command(flatten)]
    pub store: ProjectArgs,
    /// Remove; without it, only say what would be removed
    #[arg(long)]
    pub yes: bool,
    /// Of the shared store: what nothing that anybody pushed reaches, and nobody has written for long
    #[arg(long)]
    pub remote: bool,
    /// How long, with --remote: at least a day [default: 7d]
    #[arg(long, value_name = "TIME", requires = "remote", value_parser = super::remote::age)]
    pub older: Option<Duration>,
    /// Let go of what this root of mine reaches, with --remote: WHO/PROJECT/EXPERIMENT. Repeated, all
    #[arg(long, value_name = "ROOT", requires = "remote")]
    pub forget: Vec<String>,
    /// What to keep besides: manifests elsewhere, experiments, runs
    #[arg(value_name = "KEEP")]
    pub keep: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub store: ProjectArgs,
    /// Of the shared store: everything in it is read
    #[arg(long)]
    pub remote: bool,
    /// Put right what is wrong, with --remote: what is whole here is sent again, other damaged files are removed
    #[arg(long, requires = "remote")]
    pub repair: bool,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[arg(value_enum)]
    pub of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    Manifest,
    Pipeline,
}

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// A run's id or the start of one; `latest`, `previous`
    #[arg(default_value = "latest")]
    pub run: String,
    /// Go on until the run ends
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub store: ProjectArgs,
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// A run's id or the start of one; `latest`, `previous`
    #[arg(default_value = "latest")]
    pub run: String,
    #[command(flatten)]
    pub store: ProjectArgs,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// A step as `plan` prints it: 'fit[latent=8,seed=0]'
    pub step: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// A step as `plan` prints it, or a run: its id or name, `latest`, `previous`
    pub first: String,
    /// What to compare it with: another step, or another run
    pub second: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunsArgs {
    #[command(flatten)]
    pub project: ProjectArgs,
    #[command(subcommand)]
    pub change: Option<RunsChange>,
    /// Only runs of this experiment, with its profiles and overrides
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Only runs with this tag. Repeated, with all
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// At most this many, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    pub limit: usize,
    /// Print a JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunsChange {
    /// Give a run a name, which `diff` takes; a name is of one run
    Name {
        /// Its id, another name, `latest`, `previous`
        run: String,
        name: String,
    },
    /// Take a name away; the run stays
    Unname { name: String },
    /// Tag a run
    Tag {
        /// Its id or name, `latest`, `previous`
        run: String,
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Take tags from a run
    Untag {
        /// Its id or name, `latest`, `previous`
        run: String,
        #[arg(required = true)]
        tags: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Steps as `plan` prints them, or stages
    #[arg(required = true, value_name = "STEP")]
    pub steps: Vec<String>,
    /// Why the result is still right
    #[arg(long, value_name = "REASON")]
    pub because: String,
    /// Parameters and inputs that the result was made with otherwise; without, it is refused
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub despite: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where: a new folder, or one without a manifest of this name
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// What to start from
    #[arg(short, long, value_enum, default_value_t = Starter::Sweep)]
    pub template: Starter,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file: dvc.yaml
    pub file: PathBuf,
    /// The experiment's name, and that of the files [default: that of the project's folder]
    #[arg(long, value_name = "NAME", value_parser = experiment)]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// A folder of manual pages, such as ~/.local/share/man; they go to `man1` in it
    pub folder: PathBuf,
}

/// A name that can be that of an experiment.
fn experiment(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = name.chars().all(plain) && !name.starts_with(['.', '-']) && !name.is_empty();
    match good && name.len() <= 100 {
        true => Ok(name.to_owned()),
        false => Err("names have letters, digits, `-`, `_`, and `.`".to_owned()),
    }
}

/// A project to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Starter {
    /// A Python script of your own, swept, with a table, a figure and a claim
    Command,
    /// Trainings that travel with sweepline, and a pipeline that manifests share
    Sweep,
    /// The same with profiles, claims and a LaTeX file that shows the results
    Paper,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}
