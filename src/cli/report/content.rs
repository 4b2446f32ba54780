//! Figures and tables as the steps left them.

use std::io;

use super::super::stop::Stop;
use crate::plan::Step;
use crate::registry::ArtifactType;
use crate::report::Figure;
use crate::report::ReportTable;
use crate::stages::Results;

/// Every figure of the plan that there is.
pub(super) fn figures(results: &Results<'_>) -> Result<Vec<Figure>, Stop> {
    let mut figures = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Figure) {
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
            csv: text("figure.csv")?.unwrap_or_default(),
        });
    }
    Ok(figures)
}

/// Every table of the plan that there is, with all its digits.
pub(super) fn tables(results: &Results<'_>) -> Result<Vec<ReportTable>, Stop> {
    let mut tables = Vec::new();
    for (step, output) in results.outputs(ArtifactType::Table) {
        let broken = |error| io::Error::other(format!("the table of `{step}`: {error}"));
        let Some(table) = results.table(step, output).map_err(broken)? else {
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
