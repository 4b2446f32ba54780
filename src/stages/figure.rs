//! `figure/<kind>`: rows, curves or pictures of many cells become a figure in its file formats.

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
use crate::figures::dag;
use crate::registry::ArtifactType;
use crate::registry::InvalidParam;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::table::escape_latex;

/// Draws one kind of figure of the registry.
pub(super) type Draw = Registered<dyn Figure>;

impl StageKind for Draw {
    fn inputs(&self) -> Vec<Slot> {
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
            Source::Curves => vec![Slot::new(
                "curves",
                &[ArtifactType::Curve, ArtifactType::Table],
                "training curves",
            )],
            Source::Images => vec![
                Slot::new(
                    "images",
                    &[ArtifactType::Images],
                    "pictures, a block per cell",
                ),
                Slot::new(
                    "reference",
                    &[ArtifactType::Images],
                    "the originals of reconstructions, or where neighbours are sought",
                )
                .optional(),
            ],
            Source::Pipeline => Vec::new(),
        }
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

    fn outline(&self) -> Option<&'static str> {
        (self.entry.source() == Source::Pipeline).then_some(dag::STAGES)
    }
}

impl Stage for Draw {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let mut input = FigureInput::default();
        match self.entry.source() {
            Source::Rows => input.table = rows::of_rows(job.items("rows"))?,
            Source::Surface => {
                input.table = rows::of_rows(job.items("rows"))?;
                let points = job.items("points");
                if !points.is_empty() {
                    input.points = Some(rows::of_rows(points)?);
                }
            }
            Source::Curves => input.table = rows::of_curves(job.items("curves"))?,
            Source::Pipeline => {}
            Source::Images => {
                for item in job.items("images") {
                    input.images.push((coordinates(item), batch(item)?));
                }
                if let Some(reference) = job.items("reference").first() {
                    input.reference = Some(batch(reference)?);
                }
            }
        }
        let drawn = self.entry.draw(&input, &job.step.params)?;
        // A command of its own: `\caption` cannot read its text from a file.
        let caption = format!("\\caption{{{}}}\n", escape_latex(drawn.caption.trim_end()));
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
