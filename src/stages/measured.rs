//! What stages share that read a model with data and leave a table.

use super::artifacts;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Outputs;
use crate::registry::Slot;
use crate::table::Table;

/// The model and the data.
pub(super) const SLOTS: [Slot; 2] = [
    Slot::new("model", &[ArtifactType::Model], "the fitted model").single(),
    Slot::new(
        "data",
        &[ArtifactType::Dataset],
        "what it is looked at with",
    )
    .single(),
];

/// One table.
pub(super) const TABLE: Outputs = Outputs::Fixed(&[("table", ArtifactType::Table)]);

/// The table under the name `table`.
pub(super) fn left(table: &Table) -> StepOutput {
    let mut left = StepOutput::default();
    add(&mut left, "table", table);
    left
}

/// A table as an output, for programs and for people.
pub(super) fn add(left: &mut StepOutput, output: &str, table: &Table) {
    left.file(output, artifacts::TABLE, table.to_json())
        .file(output, "table.csv", table.to_csv());
}

/// The same table, where no column that came in is called as one that was made beside it: whatever reads the
/// table by names would take the first of the two.
///
/// # Errors
/// Where two columns have one name.
pub(super) fn distinct(table: &Table) -> Result<&Table, JobError> {
    match table.named_twice() {
        None => Ok(table),
        Some(name) => Err(JobError::failed(format!(
            "a column `{name}` comes in, and the table has one of its own"
        ))
        .hint(format!(
            "rename the number or the axis `{name}` where it comes from"
        ))),
    }
}

/// The columns of a table, for what there is to say of it before it is made.
pub(super) fn columns(table: &Table) -> Columns {
    let named = |axis: bool| {
        let columns = table.columns.iter();
        let columns = columns.filter(move |column| column.axis == axis);
        columns.map(|column| column.name.as_str())
    };
    Columns::of(named(true), named(false))
}
