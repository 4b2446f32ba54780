//! `sweepline graph`: the DAG of stages, with axes collapsed.

use std::io::Write;

use super::args::GraphArgs;
use super::args::GraphFormat;
use super::exit::Exit;
use super::printer::Printer;
use super::project::Project;
use super::stop::Stop;

/// Prints the graph of stages.
pub(super) fn graph(args: &GraphArgs, out: &mut Printer, err: &mut Printer) -> Result<Exit, Stop> {
    let project = Project::open(&args.experiment, err)?;
    let text = match args.format {
        GraphFormat::Dot => project.plan.to_dot(),
        GraphFormat::Mermaid => project.plan.to_mermaid(),
    };
    write!(out, "{text}")?;
    Ok(Exit::Success)
}
