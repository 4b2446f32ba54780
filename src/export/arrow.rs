//! Tables as Arrow IPC files, also known as Feather: pandas and polars read them without a copy.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::BooleanArray;
use arrow_array::Float64Array;
use arrow_array::Int64Array;
use arrow_array::RecordBatch;
use arrow_array::StringArray;
use arrow_ipc::writer::FileWriter;
use arrow_schema::ArrowError;
use arrow_schema::Field;
use arrow_schema::Schema;
use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::table::records::is_step;

/// Where a table comes from: metadata of the schema, name → text.
pub type Provenance = Vec<(String, String)>;

/// One file with one batch. A column is whole numbers, numbers, truth values, or text where it
/// mixes them; null stays null. Role (`axis`,
/// `index` or `metric`), label, unit and direction travel as metadata of the field.
///
/// # Errors
/// Where a table is not rectangular.
pub fn to_arrow(table: &Table, provenance: &Provenance) -> Result<Vec<u8>, ArrowError> {
    let mut fields = Vec::with_capacity(table.columns.len());
    let mut arrays = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let null = Json::Null;
        let values: Vec<&Json> = table
            .rows
            .iter()
            .map(|row| row.get(at).unwrap_or(&null))
            .collect();
        let array = array(&values);
        let field = Field::new(&column.name, array.data_type().clone(), true);
        fields.push(field.with_metadata(metadata(column)));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new_with_metadata(
        fields,
        provenance.iter().cloned().collect::<HashMap<_, _>>(),
    ));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
    writer.write(&batch)?;
    writer.into_inner()
}

/// The narrowest type that holds every value.
fn array(values: &[&Json]) -> ArrayRef {
    let all = |fits: fn(&Json) -> bool| {
        let mut known = values.iter().filter(|value| !value.is_null()).peekable();
        known.peek().is_some() && known.all(|value| fits(value))
    };
    if all(|value| value.is_i64()) {
        return Arc::new(values.iter().map(|v| v.as_i64()).collect::<Int64Array>());
    }
    if all(Json::is_number) || values.iter().all(|value| value.is_null()) {
        return Arc::new(values.iter().map(|v| v.as_f64()).collect::<Float64Array>());
    }
    if all(Json::is_boolean) {
        return Arc::new(values.iter().map(|v| v.as_bool()).collect::<BooleanArray>());
    }
    let texts = values
        .iter()
        .map(|value| (!value.is_null()).then(|| display(value)));
    Arc::new(texts.collect::<StringArray>())
}

fn metadata(column: &Column) -> HashMap<String, String> {
    let role = match column.name.as_str() {
        _ if column.axis => "axis",
        // Where on a curve a row stands.
        name if is_step(name) => "index",
        _ => "metric",
    };
    let better = match column.higher_is_better {
        None => "",
        Some(true) => "higher",
        Some(false) => "lower",
    };
    let parts = [
        ("role", role),
        ("label", &column.label),
        ("unit", &column.unit),
        ("better", better),
    ];
    let known = parts.iter().filter(|(_, value)| !value.is_empty());
    known
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
