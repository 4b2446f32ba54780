//! The page of the report as it stands, made when it is asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::cli::previous_run::PreviousRun;
use crate::cli::project::Project;
use crate::cli::report;
use crate::cli::stop::Stop;

/// A page with fewer results than there are now is still shown for so long.
const FRESH: Duration = Duration::from_secs(2);

/// The page, and the files beside it that it links to.
pub(super) struct Pages {
    /// A search has more steps from time to time.
    project: Mutex<Arc<Project>>,
    made: Mutex<Option<Made>>,
}

struct Made {
    at: Instant,
    of: (String, usize),
    page: Arc<String>,
}

impl Pages {
    pub(super) fn new(project: Project) -> Self {
        Pages {
            project: Mutex::new(Arc::new(project)),
            made: Mutex::new(None),
        }
    }

    /// The project as it was known last.
    pub(super) fn project(&self) -> Arc<Project> {
        let project = self.project.lock();
        Arc::clone(&project.unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on the page is one of this project.
    pub(super) fn show(&self, project: Project) -> Arc<Project> {
        let project = Arc::new(project);
        let shown = self.project.lock();
        *shown.unwrap_or_else(PoisonError::into_inner) = Arc::clone(&project);
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = None;
        project
    }

    /// The page of so many results; one at a time is made.
    pub(super) fn page(&self, of: (String, usize)) -> Result<Arc<String>, Stop> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made
            && (made.of == of || made.at.elapsed() < FRESH)
        {
            return Ok(made.page.clone());
        }
        let project = self.project();
        let previous = PreviousRun::of(&project)?;
        let results = previous.results(&project);
        let page = Arc::new(report::live(&project, &results, of.1)?);
        *made = Some(Made {
            at: Instant::now(),
            of,
            page: page.clone(),
        });
        Ok(page)
    }

    /// The file of this path below the folder of results; only such as lie there are found, whatever the
    /// path says.
    pub(super) fn file(&self, wanted: &str) -> Option<PathBuf> {
        let mut there = BTreeMap::new();
        for folder in ["figures", "tables"] {
            collect(&self.project().view.join(folder), folder, &mut there);
        }
        there.remove(wanted)
    }
}

/// The files of a folder by their paths, as addresses have them.
fn collect(folder: &Path, name: &str, there: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), &name, there),
            Ok(_) => _ = there.insert(name, entry.path()),
            Err(_) => {}
        }
    }
}
