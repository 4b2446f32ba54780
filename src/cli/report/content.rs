//! Figures and tables as the steps left them.

use std::io;

use super::super::stop::Stop;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::registry::Outputs;
use crate::report::Figure;
use crate::report::Raster;
use crate::report::ReportTable;
use crate::stages::Results;

/// Every figure of the plan that there is.
pub(super) fn figures(results: &Results<'_>) -> Result<Vec<Figure>, Stop> {
    let mut figures = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Figure) {
        let output = &*output;
        if matches!(step.kind.outputs(), Outputs::Declared) {
            own_figures(results, step, output, &mut figures)?;
            continue;
        }
        let text = |file: &str| text(results, step, output, file);
        let Some(svg) = text("figure.svg")? else {
            continue;
        };
        let caption = text("figure.caption.txt")?.unwrap_or_default();
        figures.push(Figure {
            name: step.to_string(),
            // A picture without words says at least what it is called.
            caption: match caption.trim() {
                "" => step.to_string(),
                caption => caption.to_owned(),
            },
            svg,
            raster: None,
            csv: text("figure.csv")?.unwrap_or_default(),
        });
    }
    Ok(figures)
}

/// Larger pictures make a page that no browser likes to open.
const LARGEST: u64 = 8 << 20;

/// The pictures that a program drew. Of one picture in several formats, `loss.pdf` and `loss.png`, a
/// page shows the one that browsers can, and vectors rather than points.
fn own_figures(
    results: &Results<'_>,
    step: &Step,
    output: &str,
    figures: &mut Vec<Figure>,
) -> Result<(), Stop> {
    let (Some(store), Some(result)) = (results.store, results.result(step.id)) else {
        return Ok(());
    };
    let Some(artifact) = result.outputs.get(output) else {
        return Ok(());
    };
    let several = step.outputs();
    let several = several.iter().filter(|(_, ty)| *ty == ArtifactType::Figure);
    let mut name = step.to_string();
    if several.count() > 1 {
        name = format!("{name}.{output}");
    }
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
        });
    }
    Ok(())
}

/// Every table of the plan that there is, with all its digits.
pub(super) fn tables(results: &Results<'_>) -> Result<Vec<ReportTable>, Stop> {
    let mut tables = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Table) {
        let broken = |error| io::Error::other(format!("the table of `{step}`: {error}"));
        let Some(table) = results.table(step, &output).map_err(broken)? else {
            continue;
        };
        tables.push(ReportTable {
            name: step.to_string(),
            caption: step.to_string(),
            table,
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
            });
        }
    }
    Ok(tables)
}

/// A file of an output; none where it is not there.
fn text(
    results: &Results<'_>,
    step: &Step,
    output: &str,
    file: &str,
) -> Result<Option<String>, Stop> {
    let (Some(store), Some(result)) = (results.store, results.result(step.id)) else {
        return Ok(None);
    };
    let artifact = result.outputs.get(output);
    let object = artifact.and_then(|artifact| artifact.files.get(file));
    let bytes = object.map(|object| store.read(object)).transpose()?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
