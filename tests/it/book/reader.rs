//! A reader in an empty folder: writes the files of a page and runs its commands.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use snapbox::Assert;
use snapbox::IntoData;

use super::page::Action;
use super::page::Call;
use super::page::What;

/// Something that went otherwise than the page says.
pub(super) struct Surprise<'a> {
    pub(super) line: usize,
    pub(super) told: String,
    /// The call that printed something else, and what.
    pub(super) printed: Option<(&'a Call, String)>,
}

/// Does all that a page says, and returns what went otherwise.
pub(super) fn read<'a>(actions: &'a [Action], program: &Path) -> Vec<Surprise<'a>> {
    if actions.is_empty() {
        return Vec::new();
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let programs = home.path().join("bin");
    let folder = home.path().join("project");
    for folder in [&programs, &folder] {
        fs::create_dir(folder).expect("a folder");
    }
    std::os::unix::fs::symlink(program, programs.join("sweepline")).expect("a link");
    let mut reader = Reader {
        home: home.path().display().to_string(),
        path: format!(
            "{}:{}",
            programs.display(),
            std::env::var("PATH").unwrap_or_default()
        ),
        current: home.path().join("current"),
    };
    fs::write(&reader.current, folder.display().to_string()).expect("a file");
    let mut surprises = Vec::new();
    for Action { line, what } in actions {
        let done = match what {
            What::Write { file, text } => reader.write(file, text, false),
            What::Append { file, text } => reader.write(file, text, true),
            What::Run(call) => reader.run(call),
        };
        if let Err((told, printed)) = done {
            let printed = match what {
                What::Run(call) => printed.map(|printed| (call, printed)),
                _ => None,
            };
            surprises.push(Surprise {
                line: *line,
                told,
                printed,
            });
        }
    }
    surprises
}

/// What is wrong, and what was printed where that is all that is wrong.
type Wrong = (String, Option<String>);

struct Reader {
    path: String,
    /// The folder that stands for the reader's own.
    home: String,
    /// The file with the folder that the reader is in, which `cd` changes.
    current: std::path::PathBuf,
}

impl Reader {
    fn folder(&self) -> String {
        fs::read_to_string(&self.current).expect("there is a current folder")
    }

    fn write(&mut self, file: &str, text: &str, add: bool) -> Result<(), Wrong> {
        let path = Path::new(&self.folder()).join(file);
        let parent = path.parent().expect("files lie in folders");
        fs::create_dir_all(parent).map_err(|error| (error.to_string(), None))?;
        let mut options = fs::OpenOptions::new();
        let options = match add {
            true => options.append(true),
            false => options.create(true).write(true).truncate(true),
        };
        let file = options.open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| (format!("{}: {error}", path.display()), None))
    }

    fn run(&mut self, call: &Call) -> Result<(), Wrong> {
        let script = format!(
            "exec 2>&1\ntrap 'pwd | tr -d \"\\n\" > \"{}\"' EXIT\n{}\n",
            self.current.display(),
            call.command
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.folder())
            .env("PATH", &self.path)
            .env("NO_COLOR", "1")
            .env_remove("SWEEPLINE_STORE")
            .output()
            .map_err(|error| (format!("bash: {error}"), None))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed = printed.replace(&self.home, "/home/you");
        if output.status.success() == call.fails {
            let ended = output.status;
            return Err((format!("`{}`: {ended}\n{printed}", call.command), None));
        }
        if call.prints.is_empty() {
            return Ok(());
        }
        let told = Assert::new().normalize_paths(false).try_eq(
            Some(&call.command),
            steady(&printed).into_data(),
            steady(&call.prints).into_data(),
        );
        told.map_err(|difference| (difference.to_string(), Some(printed)))
    }
}

/// The text without what differs from run to run: times, names of runs, the program's file.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let is_unit = |word: &str| ["ms", "s", "min", "h"].contains(&word.trim_matches(','));
        let steady = (0..words.len()).map(|at| {
            let word = words[at];
            let before = at.checked_sub(1).map_or("", |before| words[before]);
            let next = words.get(at + 1).copied().unwrap_or_default();
            let number = |word: &str| word.parse::<f64>().is_ok();
            let digits = word
                .chars()
                .all(|c| c.is_ascii_digit() || c == '-' || c == ':');
            match word {
                _ if number(word) && is_unit(next) => "SOME",
                _ if number(before) && is_unit(word) => "TIME",
                _ if digits && word.len() >= 15 && word.as_bytes()[8] == b'-' => "RUN",
                word => word,
            }
        });
        steady
            .collect::<Vec<&str>>()
            .join(" ")
            .trim_end()
            .to_owned()
            + "\n"
    });
    lines.collect()
}
