//! `sweepline schema`: JSON schemas of manifests and pipelines, for editors.

use std::io;
use std::io::Write;

use super::args::SchemaArgs;
use super::args::SchemaOf;
use super::exit::Exit;
use super::printer::Printer;
use crate::manifest;
use crate::manifest::Described;
use crate::stages;

/// Prints a schema.
pub(super) fn schema(args: &SchemaArgs, out: &mut Printer) -> io::Result<Exit> {
    let described = match args.of {
        SchemaOf::Manifest => Described::Manifest,
        SchemaOf::Pipeline => Described::Pipeline,
    };
    let schema = manifest::schema(&stages::catalog(), described);
    serde_json::to_writer_pretty(&mut *out, &schema)?;
    writeln!(out)?;
    Ok(Exit::Success)
}
