//! From what was read to a data set: shapes, missing values, splits, scaling, classes.

use serde_json::Value as Json;
use serde_json::json;

use super::Part;
use super::Parts;
use super::clean::Clean;
use super::clean::Missing;
use super::grey::Grey;
use super::labels::Numbered;
use super::scale::ScaleParams;
use super::scaled::Scaled;
use super::scaled::extent;
use super::splits::SplitParams;
use super::wrong;
use crate::data::Array;
use crate::data::Context;
use crate::data::DataError;
use crate::data::Dataset;
use crate::data::Split;
use crate::registry::InvalidParam;
use crate::registry::params;

params! {
    /// What every reader of own data may be given.
    pub(super) struct OwnParams {
        splits: SplitParams;
        scale: ScaleParams;
        /// of observations with NaN, an infinity or no class: refuse them, or leave them out
        missing: Missing = Missing::Error;
    }
}

impl OwnParams {
    pub(super) fn check(&self) -> Result<(), InvalidParam> {
        self.splits.check()?;
        self.scale.check()
    }

    pub(super) fn range(&self) -> Option<(f64, f64)> {
        self.scale.range()
    }

    pub(super) fn scaling(&self) -> String {
        self.scale.words()
    }
}

/// The data set of what was read.
pub(super) fn dataset(
    name: &'static str,
    parts: Parts,
    params: &OwnParams,
    context: &Context<'_>,
) -> Result<Dataset, DataError> {
    let origin = parts.train.path.display().to_string();
    let columns = parts
        .train
        .table
        .as_ref()
        .map(|table| table.columns.clone());
    let path = parts.train.path.clone();
    let train = Clean::of(parts.train, params.missing, context)?;
    let own = |part: Option<Part>| {
        part.map(|part| Clean::of(part, params.missing, context))
            .transpose()
    };
    let (valid, test) = (own(parts.valid)?, own(parts.test)?);
    for (split, part) in [("valid", &valid), ("test", &test)] {
        let Some(part) = part else { continue };
        if part.x.shape[1..] != train.x.shape[1..] {
            let why = format!(
                "have shape {:?}, those of train {:?}",
                &part.x.shape[1..],
                &train.x.shape[1..]
            );
            return Err(wrong(format!("the observations of {split}"), why).at(&path));
        }
        if part.classes.is_some() != train.classes.is_some() {
            let why = "have classes and those of the other do not, or the other way round";
            return Err(wrong(format!("the observations of {split} or of train"), why).at(&path));
        }
        // One class would be two.
        if part.has_texts() != train.has_texts() {
            let why = "are texts and those of the other numbers: write both alike";
            return Err(wrong(format!("the classes of {split} or of train"), why).at(&path));
        }
    }
    let held_out = [("valid", &valid), ("test", &test)];
    let given = held_out
        .iter()
        .filter_map(|(name, part)| Some((*name, part.as_ref()?)));
    let given: Vec<(&str, &Clean)> = [("train", &train)].into_iter().chain(given).collect();
    let grey = Grey::of(&given, params.scale.divide).map_err(|error| error.at(&path))?;
    let held = [valid.is_some(), test.is_some()];
    let cut = params.splits.cut(train.x.rows(), held)?;
    let valid = valid.unwrap_or_else(|| train.rows_at(&cut[1]));
    let test = test.unwrap_or_else(|| train.rows_at(&cut[2]));
    let train = train.rows_at(&cut[0]);
    let mut splits = [train, valid, test];
    let all = splits
        .iter()
        .flat_map(|split| split.classes.iter().flatten());
    let numbered = Numbered::of(&path, all)?;
    let labelled = splits[0].classes.is_some();
    let shape = splits[0].x.shape[1..].to_vec();
    let scaled = Scaled::of(&mut splits, grey, &params.scale, &path)?;
    if let Some(merged) = scaled.merged.first() {
        let told = merged.told(columns.as_deref(), scaled.merged.len(), params.scale.scale);
        (context.log)(&format!("{}: {told}", path.display()));
    }
    let range = match (params.range(), grey, &scaled.by) {
        (Some((low, high)), ..) => Some([low, high]),
        (None, Grey::Yes, None) => Some([0.0, 1.0]),
        // What was black or white is another number in every pixel.
        (None, _, Some(_)) if shape.len() == 3 => Some(extent(&scaled.x)),
        (None, ..) => None,
    };
    let arrays = splits.into_iter().zip(scaled.x).map(|(split, x)| {
        let mut arrays = Split::new().with("x", x);
        if let Some(classes) = split.classes {
            let classes = classes.iter().map(|class| numbered.number(class));
            arrays = arrays.with("label", Array::column(classes.collect::<Vec<u32>>()));
        }
        for (name, array) in split.others {
            arrays = arrays.with(&name, array);
        }
        arrays
    });
    let arrays: Vec<Split> = arrays.collect();
    let [train, valid, test] = <[Split; 3]>::try_from(arrays)
        .unwrap_or_else(|_| unreachable!("BUG: there are three splits"));
    let mut meta = json!({
        "name": name,
        "shape": shape,
        "origin": format!("of the project: {origin}"),
        "licence": "of the files: not stated",
    });
    let mut known = |name: &str, value: Json| meta[name] = value;
    if let Some(range) = range {
        known("range", json!(range));
    }
    if labelled {
        known("classes", json!(numbered.count));
    }
    if let Some(names) = &numbered.names {
        known("class_names", json!(names));
    }
    if let Some(columns) = columns {
        known("columns", json!(columns));
    }
    if let Some(by) = &scaled.by {
        known("scaled_by", by.told());
    }
    Ok(Dataset::new(train, valid, test, meta))
}
