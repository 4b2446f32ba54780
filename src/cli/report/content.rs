//! Figures and tables as the steps left them.

use std::collections::BTreeMap;
use std::io;

use super::super::project::Project;
use super::super::stop::Stop;
use super::made;
use super::made::Beside;
use crate::plan::Step;
use crate::plan::StepId;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::report::Figure;
use crate::report::Origin;
use crate::report::Raster;
use crate::report::ReportTable;
use crate::stages::Results;
use crate::store::Digest;

/// What figures and tables are shown with.
pub(super) struct Shown<'a> {
    pub project: &'a Project,
    pub results: &'a Results<'a>,
    /// Those that somebody accepted, with what is said of them.
    pub accepted: &'a [(StepId, String)],
    pub beside: Beside<'a>,
    /// By step.
    pub keys: &'a BTreeMap<String, Digest>,
}

impl Shown<'_> {
    fn origin(&self, step: &Step) -> Option<Origin> {
        let key = self.keys.get(&step.to_string());
        let key = key.map(|key| key.to_hex()).unwrap_or_default();
        Some(made::origin(
            self.project,
            self.results,
            self.accepted,
            step,
            &key,
        ))
    }

    /// A step's name, with that of the output where it has several of the type.
    fn name(step: &Step, output: &str, wanted: ArtifactType) -> String {
        let outputs = step.outputs();
        let alike = outputs.iter().filter(|(_, ty)| *ty == wanted).count();
        match alike > 1 {
            true => format!("{step}.{output}"),
            false => step.to_string(),
        }
    }
}

/// Data of a figure above this is a link to the file beside the page.
const LARGEST_DATA: usize = 64 << 10;

/// Vectors above this are shown as points where those are fewer bytes.
const LARGEST_VECTORS: usize = 512 << 10;

/// Every figure of the plan that there is.
pub(super) fn figures(shown: &Shown<'_>) -> Result<Vec<Figure>, Stop> {
    let results = shown.results;
    let mut figures = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Figure) {
        let output = &*output;
        if matches!(step.kind.outputs(), Outputs::Declared) {
            own_figures(shown, step, output, &mut figures)?;
            continue;
        }
        let text = |file: &str| text(results, step, output, file);
        let Some(svg) = text("figure.svg")? else {
            continue;
        };
        let caption = text("figure.caption.txt")?.unwrap_or_default();
        let csv = text("figure.csv")?.unwrap_or_default();
        let mut formats = vec![(".pdf", "PDF")];
        let mut raster = None;
        if svg.len() > LARGEST_VECTORS
            && let Some(bytes) = bytes(results, step, output, "figure.png")?
            && bytes.len() < svg.len()
        {
            formats.push((".svg", "SVG"));
            let format = "png".to_owned();
            raster = Some(Raster { format, bytes });
        }
        let embedded = csv.len() <= LARGEST_DATA;
        if !embedded {
            formats.push((".csv", "CSV"));
        }
        figures.push(Figure {
            name: step.to_string(),
            // A picture without words says at least what it is called.
            caption: match caption.trim() {
                "" => step.to_string(),
                caption => caption.to_owned(),
            },
            svg: if raster.is_some() { String::new() } else { svg },
            raster,
            files: shown.beside.links(results, step, output, &formats),
            csv: if embedded { csv } else { String::new() },
            origin: shown.origin(step),
        });
    }
    Ok(figures)
}

/// Larger pictures make a page that no browser likes to open.
const LARGEST: u64 = 8 << 20;

/// The pictures that a program drew. Of one picture in several formats, `loss.pdf` and `loss.png`, a
/// page shows the one that browsers can, and vectors rather than points.
fn own_figures(
    shown: &Shown<'_>,
    step: &Step,
    output: &str,
    figures: &mut Vec<Figure>,
) -> Result<(), Stop> {
    let results = shown.results;
    let (Some(store), Some(result)) = (results.store, results.result(step.id)) else {
        return Ok(());
    };
    let Some(artifact) = result.outputs.get(output) else {
        return Ok(());
    };
    let name = Shown::name(step, output, ArtifactType::Figure);
    let pictures = artifact.files.iter().filter_map(|(file, object)| {
        let (start, ending) = file.rsplit_once('.')?;
        let format = match ending.to_ascii_lowercase().as_str() {
            "svg" => "svg",
            "png" => "png",
            "jpg" | "jpeg" => "jpeg",
            "gif" => "gif",
            "webp" => "webp",
            _ => return None,
        };
        (object.size <= LARGEST).then_some((start, format, object))
    });
    let pictures: Vec<_> = pictures.collect();
    for (start, format, object) in &pictures {
        let vectors =
            |(other, other_format, _): &&(&str, &str, _)| other == start && *other_format == "svg";
        if *format != "svg" && pictures.iter().any(|other| vectors(&other)) {
            continue;
        }
        let bytes = store.read(object)?;
        let name = match artifact.folder {
            Some(_) => format!("{name}/{start}"),
            None => name.clone(),
        };
        let (svg, raster) = match *format {
            "svg" => (String::from_utf8_lossy(&bytes).into_owned(), None),
            format => {
                let format = format.to_owned();
                (String::new(), Some(Raster { format, bytes }))
            }
        };
        figures.push(Figure {
            caption: name.clone(),
            name,
            svg,
            raster,
            csv: String::new(),
            files: match artifact.folder {
                Some(_) => Vec::new(),
                None => shown
                    .beside
                    .links(results, step, output, &[(".pdf", "PDF")]),
            },
            origin: shown.origin(step),
        });
    }
    Ok(())
}

/// Every table of the plan that there is, with all its digits.
pub(super) fn tables(shown: &Shown<'_>) -> Result<Vec<ReportTable>, Stop> {
    let results = shown.results;
    let mut tables = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Table) {
        let broken = |error| io::Error::other(format!("the table of `{step}`: {error}"));
        let Some(table) = results.table(step, &output).map_err(broken)? else {
            continue;
        };
        // A program's Markdown is a text of its own; ours is the table as it prints.
        let printed = match step.kind.outputs() {
            Outputs::Declared => None,
            _ => text(results, step, &output, "table.md")?,
        };
        let name = Shown::name(step, &output, ArtifactType::Table);
        tables.push(ReportTable {
            caption: text(results, step, &output, "table.caption.txt")?
                .map(|caption| caption.trim().to_owned())
                .filter(|caption| !caption.is_empty())
                .unwrap_or_else(|| name.clone()),
            name,
            printed: printed.unwrap_or_default(),
            table,
            files: shown.beside.links(
                results,
                step,
                &output,
                &[(".tex", "LaTeX"), (".md", "Markdown"), (".csv", "CSV")],
            ),
            origin: shown.origin(step),
        });
    }
    // What was measured, cell by cell: tables reduce, and a reader wants to see the parts.
    for stage in results.measuring() {
        // An object that cannot be read is a damaged result, which a run heals.
        let Ok(table) = results.known_metrics(stage) else {
            continue;
        };
        if !table.rows.is_empty() {
            tables.push(ReportTable {
                name: stage.to_owned(),
                caption: format!("All numbers of the stage {stage}, a row per cell."),
                table,
                ..ReportTable::default()
            });
        }
    }
    Ok(tables)
}

/// A file of an output as text; none where it is not there.
fn text(
    results: &Results<'_>,
    step: &Step,
    output: &str,
    file: &str,
) -> Result<Option<String>, Stop> {
    let bytes = bytes(results, step, output, file)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A file of an output; none where it is not there.
fn bytes(
    results: &Results<'_>,
    step: &Step,
    output: &str,
    file: &str,
) -> Result<Option<Vec<u8>>, Stop> {
    let (Some(store), Some(result)) = (results.store, results.result(step.id)) else {
        return Ok(None);
    };
    let artifact = result.outputs.get(output);
    let object = artifact.and_then(|artifact| artifact.files.get(file));
    Ok(object.map(|object| store.read(object)).transpose()?)
}
