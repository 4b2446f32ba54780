//! One self-contained HTML page of everything an experiment left.
//!
//! [`render`] is a pure function of a [`Report`]: the same report gives the same bytes. The page
//! opens from disk and asks nothing of a network; its content policy forbids it to. Everything is
//! readable without scripts, which only add sorting, filtering, zooming, plots of any two columns and
//! the comparison of runs. Figures are embedded as images, so that no drawing can run code or
//! disturb another, and nothing is embedded twice.

mod accepted;
mod claims;
mod compare;
mod critical;
mod drawing;
mod explore;
mod failures;
mod figures;
mod gantt;
mod graph;
mod grid;
mod html;
mod model;
mod numbers;
mod origin;
mod page;
mod printed;
mod provenance;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod timing;

pub use critical::critical_path;
pub use model::AcceptedResult;
pub use model::Artifact;
pub use model::Diverged;
pub use model::Edge;
pub use model::Failure;
pub use model::Figure;
pub use model::FileLink;
pub use model::LastRun;
pub use model::Origin;
pub use model::Provenance;
pub use model::Raster;
pub use model::Report;
pub use model::ReportTable;
pub use model::Run;
pub use model::RunResult;
pub use model::Runs;
pub use model::SourceFile;
pub use model::Stage;
pub use model::State;
pub use model::Step;
pub use page::{MARK, is_edited, render, render_live};
