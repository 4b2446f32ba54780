//! `figure/<kind>`: rows, curves or pictures of many cells become a figure in its file formats.

use std::fs;

use super::Stage;
use super::artifacts;
use super::artifacts::Images;
use super::registered::Registered;
use super::rows;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::JobItem;
use crate::engine::StepOutput;
use crate::figures::Figure;
use crate::figures::FigureError;
use crate::figures::FigureInput;
use crate::figures::ImageBatch;
use crate::figures::Source;
use crate::figures::composite;
use crate::figures::dag;
use crate::registry::ArtifactType;
use crate::registry::InvalidParam;
use crate::registry::Outputs;
use crate::registry::Searched;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::table::latex_with_needs;

/// Draws one kind of figure of the registry.
pub(super) type Draw = Registered<dyn Figure>;

const CURVES: Slot = Slot::new(
    "curves",
    &[ArtifactType::Curve, ArtifactType::Table],
    "training curves",
);
const IMAGES: Slot = Slot::new(
    "images",
    &[ArtifactType::Images],
    "pictures, a block per cell",
);
const REFERENCE: Slot = Slot::new(
    "reference",
    &[ArtifactType::Images],
    "the originals of reconstructions, or where neighbours are sought",
)
.optional();

const FONTS: Slot = Slot::new(
    "fonts",
    &[ArtifactType::File],
    "font files: a character is set in the first that has it, else in the program's own font",
)
.optional();

impl Draw {
    /// What it draws.
    fn slots(&self) -> Vec<Slot> {
        match self.entry.source() {
            Source::Rows => vec![rows::SLOT],
            Source::Surface => vec![
                rows::SLOT,
                Slot::new(
                    "points",
                    rows::SLOT.accepts,
                    "places to mark, in the columns of x and y",
                )
                .optional(),
            ],
            Source::Curves => vec![CURVES],
            Source::Images => vec![IMAGES, REFERENCE],
            Source::Pipeline => Vec::new(),
            Source::Panels => vec![
                rows::SLOT.optional(),
                CURVES.optional(),
                IMAGES.optional(),
                REFERENCE,
            ],
        }
    }
}

impl StageKind for Draw {
    fn inputs(&self) -> Vec<Slot> {
        let mut slots = self.slots();
        slots.push(FONTS);
        slots
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[("figure", ArtifactType::Figure)])
    }

    fn reduces_all(&self) -> bool {
        true
    }

    fn repeats(&self, params: &Values) -> bool {
        self.entry.repeats(params)
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        self.entry.check(params)
    }

    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        self.entry.searched(params, search);
    }

    fn outline(&self) -> Option<&'static str> {
        (self.entry.source() == Source::Pipeline).then_some(dag::STAGES)
    }
}

impl Stage for Draw {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let mut input = match self.entry.source() {
            Source::Panels => of_panels(job)?,
            _ => input(job, self.entry, None)?,
        };
        input.fonts = fonts(job)?;
        let drawn = self.entry.draw(&input, &job.step.params)?;
        if let Some(warning) = no_glyphs(&drawn.missing) {
            job.link.warn(&warning);
        }
        for warning in &drawn.warnings {
            job.link.warn(warning);
        }
        // A command of its own: `\caption` cannot read its text from a file.
        let caption = latex_with_needs(&format!("\\caption{{{}}}\n", drawn.caption_in_latex));
        let mut produced = StepOutput::default();
        produced
            .file("figure", "figure.svg", drawn.svg)
            .file("figure", "figure.pdf", drawn.pdf)
            .file("figure", "figure.png", drawn.png)
            .file("figure", "figure.csv", drawn.csv)
            .file("figure", "figure.caption.tex", caption)
            .file("figure", "figure.caption.txt", drawn.caption);
        Ok(produced)
    }
}

/// What a figure draws; `from`: of what comes in, only that of this stage.
fn input(job: &Job<'_>, figure: &dyn Figure, from: Option<&str>) -> Result<FigureInput, JobError> {
    let items = |slot: &str| -> Vec<JobItem> {
        let items = job.items(slot).iter();
        let own = items.filter(|item| from.is_none_or(|from| item.stage == from));
        own.cloned().collect()
    };
    let mut input = FigureInput::default();
    match figure.source() {
        Source::Rows => input.table = rows::of_job(job, from)?,
        Source::Surface => {
            input.table = rows::of_job(job, from)?;
            let points = items("points");
            if !points.is_empty() {
                input.points = Some(rows::of_rows(&points)?);
            }
        }
        Source::Curves => input.table = rows::of_curves(&items("curves"))?,
        Source::Images => {
            for item in items("images") {
                input.images.push((coordinates(&item), batch(&item)?));
            }
            if let Some(reference) = job.items("reference").first() {
                input.reference = Some(batch(reference)?);
            }
        }
        Source::Pipeline | Source::Panels => {}
    }
    Ok(input)
}

/// The font files that come in, by their names.
fn fonts(job: &Job<'_>) -> Result<Vec<(String, Vec<u8>)>, JobError> {
    let mut fonts = Vec::new();
    for item in job.items("fonts") {
        for (name, path) in &artifacts::single(item)?.paths {
            let data =
                fs::read(path).map_err(|error| JobError::failed(format!("{name}: {error}")))?;
            fonts.push((name.clone(), data));
        }
    }
    Ok(fonts)
}

/// What to say of characters that no font has.
fn no_glyphs(missing: &[char]) -> Option<String> {
    let named = missing.iter().take(8);
    let named: Vec<String> = named
        .map(|c| format!("{c} (U+{:04X})", u32::from(*c)))
        .collect();
    let more = match missing.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!(
            "no font has {}{more}: name one that does, `in: {{fonts: {{file: …}}}}`",
            named.join(", ")
        )
    })
}

/// What the panels of a composite figure draw.
fn of_panels(job: &Job<'_>) -> Result<FigureInput, JobError> {
    let invalid = |wrong: InvalidParam| JobError::failed(wrong.message).hint(wrong.help);
    let mut all = FigureInput::default();
    for panel in composite::panels(&job.step.params).map_err(invalid)? {
        if let Some(from) = &panel.from {
            let mut stages: Vec<&str> = ["rows", "curves", "images"]
                .iter()
                .flat_map(|slot| job.items(slot))
                .map(|item| item.stage.as_str())
                .collect();
            stages.dedup();
            if !stages.contains(&from.as_str()) {
                let (name, known) = (&panel.name, crate::text::list_of(&stages));
                let error = format!("panel `{name}` reads from `{from}`, which does not come in");
                return Err(JobError::failed(error).hint(format!("under `in` there is {known}")));
            }
        }
        let own = input(job, panel.kind, panel.from.as_deref())?;
        all.panels.push((panel.name, own));
    }
    Ok(all)
}

/// The cell of an item as people read it.
fn coordinates(item: &JobItem) -> Vec<(String, String)> {
    let cell = item.cell.iter();
    let cell = cell.map(|(axis, value)| (axis.to_owned(), value.to_string()));
    // Its block is empty, and says why.
    let why = item
        .diverged
        .then(|| ("training".to_owned(), "diverged".to_owned()));
    cell.chain(why).collect()
}

fn batch(item: &JobItem) -> Result<ImageBatch, JobError> {
    let bytes = artifacts::read(artifacts::single(item)?, artifacts::IMAGES)?;
    let images = Images::from_bytes(&bytes)?;
    let [n, channels, height, width] = images.shape;
    Ok(ImageBatch {
        n,
        channels,
        height,
        width,
        data: images.values,
    })
}

impl From<FigureError> for JobError {
    fn from(error: FigureError) -> Self {
        JobError::failed(error.to_string())
    }
}
