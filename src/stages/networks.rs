//! `table/networks`: what trained models are made of, and the loss by which each network learned.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Stage;
use super::artifacts;
use super::measured;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Names;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// `table/networks`
pub(super) struct NetworksTable;

params! {
    /// What `table/networks` may be given.
    struct NetworksParams {
        /// axes that tell models apart
        by: Names;
    }
}

const PARAMETERS: Measure = Measure::new("parameters", "parameters");
const UPDATES: Measure = Measure::new("updates", "updates per iteration");

impl Entry for NetworksTable {
    fn name(&self) -> &'static str {
        "table/networks"
    }

    fn summary(&self) -> &'static str {
        "the networks of trained models, each with its loss and its size"
    }

    fn docs(&self) -> &'static str {
        "A row per network of each model: `network` is its name, `loss` what it learned by, as the\n\
         reference page of the model writes it, `updates` how often it learns in an iteration, and\n\
         `parameters` how many numbers it learned. All of it is read from the weights and the registry.\n\
         \n\
         Models are those that differ in an axis of `by`; where several differ in others alone, such as\n\
         a learning rate, the first in axis order stands for all. `table/summary` prints it:\n\
         `by: [system, network, loss], values: [updates, parameters]`."
    }

    fn params(&self) -> Vec<Param> {
        NetworksParams::params()
    }
}

impl StageKind for NetworksTable {
    fn inputs(&self) -> Vec<Slot> {
        vec![Slot::new(
            "models",
            &[ArtifactType::Model],
            "the fitted models",
        )]
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        let measured = Columns::measured(&self.measures()).with_axes(["network", "loss"]);
        match NetworksParams::read(params) {
            Ok(params) => measured.with_axes(params.by.0),
            Err(_) => measured.and_others(),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        vec![UPDATES, PARAMETERS]
    }

    fn reduces_all(&self) -> bool {
        true
    }
}

impl Stage for NetworksTable {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let by = NetworksParams::read(&job.step.params)?.by.0;
        let axes = by.iter().map(|axis| Column::axis(axis));
        let of_network = ["network", "loss"].map(Column::axis);
        let numbers = [UPDATES, PARAMETERS].map(|measure| super::number_column(measure.name));
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for item in job.items("models") {
            let at: Vec<Json> = by
                .iter()
                .map(|axis| {
                    item.cell
                        .get(axis)
                        .map_or(Json::Null, |value| serde_json::json!(value))
                })
                .collect();
            if !seen.insert(serde_json::to_string(&at).expect("coordinates are plain data")) {
                continue;
            }
            let weights = artifacts::read(artifacts::single(item)?, artifacts::MODEL)?;
            for network in models::model_of(&weights)?.networks(&weights)? {
                let mut row = at.clone();
                row.extend([
                    network.name.replace('_', " ").into(),
                    network.learns.loss.into(),
                    network.learns.updates.into(),
                    network.parameters.into(),
                ]);
                rows.push(row);
            }
        }
        let table = Table {
            columns: axes.chain(of_network).chain(numbers).collect(),
            rows,
        };
        Ok(measured::left(measured::distinct(&table)?))
    }
}
