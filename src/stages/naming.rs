//! The parameters `labels` and `names` of printed tables.

use crate::engine::JobError;
use crate::map::SortedVecMap;
use crate::registry::InvalidParam;
use crate::registry::Value;
use crate::registry::ValueNames;
use crate::registry::Values;
use crate::registry::params;
use crate::table::NamedAxes;
use crate::table::NamingError;
use crate::table::Table;
use crate::text::math;

params! {
    /// What gives names.
    pub(super) struct Naming {
        /// by column, its name in print: `{beta: β}`
        labels: Option<SortedVecMap<String>>;
        /// by value of an axis, its name in print: `{iwae: IWAE}`; of one axis alone: `{depth: {1: shallow}}`
        names: Option<ValueNames>;
    }
}

/// What the types of the parameters cannot say.
///
/// # Errors
/// Names that are no texts, mathematics with a mistake.
pub(super) fn check(params: &Values) -> Result<(), InvalidParam> {
    let names = ValueNames::given(params)?;
    let labels = match params.get("labels") {
        Some(Value::Map(given)) => given.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let labels = labels.into_iter().map(|label| ("labels", label));
    let mut texts = labels.chain(names.texts().map(|name| ("names", name)));
    let wrong = texts.find_map(|(param, text)| Some((param, math::mistake(text)?)));
    match wrong {
        None => Ok(()),
        Some((param, (message, help))) => Err(InvalidParam {
            param,
            message,
            help,
        }),
    }
}

impl Naming {
    /// Gives columns and values of tables that are shown together the names that the parameters give. The
    /// axes over which there are repetitions are not shown.
    ///
    /// # Errors
    /// Where two values would have one name, or a name may be of several axes.
    pub(super) fn apply(
        &self,
        tables: &mut [&mut Table],
        replicate: &[String],
    ) -> Result<crate::table::Naming, JobError> {
        let mut axes = NamedAxes::default();
        for table in &*tables {
            axes.add_table(table, replicate);
        }
        let ValueNames { anywhere, within } = &self.names.clone().unwrap_or_default();
        let naming = crate::table::Naming::new(anywhere, within, &axes)?;
        for table in tables {
            table.label(|column| self.labels.as_ref()?.get(column).map(String::as_str));
            naming.apply(table);
        }
        Ok(naming)
    }
}

impl From<NamingError> for JobError {
    fn from(error: NamingError) -> Self {
        JobError::failed(error.to_string())
    }
}
