//! Metrics and curves as files that other programs read: TensorBoard, MLflow, pandas, polars.
//!
//! Every format is a pure function of a [`Log`] or of tables, so that the same results give the
//! same files. Nothing here knows where results come from.

mod arrow;
mod hparams;
mod log;
mod mlflow;
mod record;
mod tensorboard;
#[cfg(test)]
mod tests;

pub use arrow::Provenance;
pub use arrow::to_arrow;
pub use log::Log;
pub use log::Logged;
pub use log::Series;
pub use mlflow::to_mlflow;
pub use record::Broken;
pub use record::read_records;
pub use tensorboard::to_tensorboard;

/// A file to write: its path below the folder of the export, and its content. A path that ends in
/// a slash is a folder.
pub type File = (String, Vec<u8>);
