//! `table/refinement`: the bound against the number of inner steps, from several starts.

use serde_json::Value as Json;

use super::Stage;
use super::artifacts;
use super::capabilities;
use super::fitted;
use super::measured;
use super::train::LinkMonitor;
use crate::data::Dataset;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::Sums;
use crate::metrics::inferred;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::semi_amortized::Start;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::training::Monitor;

/// A row per start and number of steps.
pub(super) struct Refinement;

choices! {
    /// Where the inner steps start.
    enum Beginning {
        Encoder = "encoder",
        Random = "random",
        Zeros = "zeros",
    }
}

params! {
    /// What `table/refinement` may be given.
    struct RefinementParams {
        /// where the inner steps start; a model without an encoder leaves that one out
        starts: Vec<Beginning> = ["encoder", "random"];
        /// numbers of inner steps [default: 0, 1, 2, … to those of the model's tests]
        steps: Option<Vec<usize>>, each_min(0);
        /// standard deviation of a random start
        spread: f64 = 1.0, min(0.0);
        /// which observations
        split: SplitName = SplitName::Test;
        /// at most how many, in whole batches of the model, drawn at random [default: all]
        observations: Option<usize>, min(1);
        /// draws of z per observation
        samples: usize = 1, min(1);
        /// which starts and noise
        seed: Seed;
    }
}

impl Entry for Refinement {
    fn name(&self) -> &'static str {
        "table/refinement"
    }

    fn summary(&self) -> &'static str {
        "the bound against the number of inner steps, from the encoder and from a random start"
    }

    fn docs(&self) -> &'static str {
        "A row per `start` and number of `inner_steps`, with `nll_bound`, `kl` and `perplexity` as\n\
         `evaluate/bound` has them. `starts`: `encoder`, what the encoder says; `random`, draws of\n\
         N(0, spread²) for μ and ln σ²; `zeros`, the prior. All numbers of steps are points of one\n\
         trajectory, with the same draws of z for the bound.\n\
         \n\
         The metrics say it in two numbers. `steps_to_encoder`: the fewest of the `steps` after which\n\
         the bound from the random start is as low as the encoder's with the fewest; one more than the\n\
         most where it never is. `refinement_gain`: by how much the bound falls from the fewest to the\n\
         most steps, from the first of the starts.\n\
         \n\
         Source: figure 2 of Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        RefinementParams::params()
    }
}

impl StageKind for Refinement {
    fn inputs(&self) -> Vec<Slot> {
        measured::SLOTS.to_vec()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("table", ArtifactType::Table),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::measured(&MEASURES),
            _ => measured::columns(&empty()),
        }
    }

    fn measures(&self) -> Vec<Measure> {
        MEASURES.to_vec()
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let needs = [
            Capability::PosteriorRefinement,
            Capability::PosteriorDensity,
        ];
        capabilities::check(&needs, reads)?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Refinement {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = RefinementParams::read(&job.step.params)?;
        let none = || left(&empty());
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            let table = table(&*model, &data, &params, &LinkMonitor(job.link))?;
            Ok(left(&table))
        })
    }
}

const MEASURES: [Measure; 2] = [
    Measure::new(
        "steps_to_encoder",
        "steps from a random start to the bound at the encoder's",
    ),
    Measure::new("refinement_gain", "fall of the bound by refinement")
        .unit("nats")
        .up(),
];

fn left(table: &Table) -> StepOutput {
    let mut left = measured::left(table);
    let names = MEASURES.iter().map(|measure| measure.name);
    let metrics = artifacts::metrics_json(names.zip(summed_up(table)));
    left.file("metrics", artifacts::METRICS, metrics);
    left
}

/// The numbers of [`MEASURES`]; NaN where a start that they speak of is not in the table.
fn summed_up(table: &Table) -> [f64; 2] {
    // Of each start its number of steps and its bound, by steps.
    let of = |start: &Json| -> Vec<(f64, f64)> {
        let rows = table.rows.iter().filter(|row| row[0] == *start);
        let pairs = rows.filter_map(|row| Some((row[1].as_f64()?, row[2].as_f64()?)));
        let mut pairs: Vec<(f64, f64)> = pairs.collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs
    };
    let [encoder, random] =
        [Beginning::Encoder, Beginning::Random].map(|start| of(&Json::from(start.name())));
    let steps = match (encoder.first(), random.last()) {
        (Some((_, target)), Some((most, _))) => {
            let reached = random.iter().find(|(_, bound)| bound <= target);
            reached.map_or(most + 1.0, |(steps, _)| *steps)
        }
        _ => f64::NAN,
    };
    let first = table.rows.first().map(|row| of(&row[0]));
    let gain = first.map_or(f64::NAN, |bounds| {
        let ends = bounds.first().zip(bounds.last());
        ends.map_or(f64::NAN, |((_, start), (_, end))| start - end)
    });
    [steps, gain]
}

fn empty() -> Table {
    let axes = ["start", "inner_steps"].map(Column::axis);
    let numbers = ["nll_bound", "kl", "perplexity"].map(super::number_column);
    Table {
        columns: axes.into_iter().chain(numbers).collect(),
        rows: Vec::new(),
    }
}

fn table(
    model: &dyn Fitted,
    data: &Dataset,
    params: &RefinementParams,
    monitor: &dyn Monitor,
) -> Result<Table, ModelError> {
    let model = inferred::refining(model)?;
    let own = model.refinement();
    let steps: Vec<usize> = match &params.steps {
        Some(steps) => steps.clone(),
        None => (0..=own.steps).collect(),
    };
    let most = steps.iter().copied().max().unwrap_or(0);
    let seed = params.seed.derive("refinement");
    let mut batches = model.batches(data, params.split.name())?;
    if let Some(limit) = params.observations {
        // Batches come by length: the first are the shortest sentences.
        let order = seed
            .derive("observations")
            .stream(0)
            .permutation(batches.len());
        let mut taken = vec![false; batches.len()];
        let mut count = 0;
        for at in order {
            let with = count + batches[at].rows.len();
            if count == 0 || with <= limit {
                (count, taken[at]) = (with, true);
            }
        }
        let mut taken = taken.into_iter();
        batches.retain(|_| taken.next() == Some(true));
    }
    let starts = params.starts.iter().copied();
    let starts: Vec<Beginning> = starts
        .filter(|start| *start != Beginning::Encoder || model.has_encoder())
        .collect();
    let total = (starts.len() * batches.len()) as u64;
    let mut done = 0;
    let mut table = empty();
    for start in starts {
        let at = match start {
            Beginning::Encoder => Start::Encoder,
            Beginning::Zeros => Start::Zeros,
            Beginning::Random => Start::Random(params.spread as f32),
        };
        let how = own.with(at, most);
        let mut sums: Vec<Sums> = steps.iter().map(|_| Sums::default()).collect();
        for (i, batch) in batches.iter().enumerate() {
            if monitor.cancelled() {
                return Err(ModelError::Cancelled);
            }
            let noise = inferred::noise_of(&seed, i);
            let trajectory = model.infer(&batch.content, &how, noise)?;
            for (sums, k) in sums.iter_mut().zip(&steps) {
                let q = Some(&trajectory[*k]);
                sums.add(model, batch, q, params.samples, noise)?;
            }
            done += 1;
            monitor.progress(done, total, &[]);
        }
        for (sums, k) in sums.iter().zip(&steps) {
            let n = sums.bounds.len() as f64;
            let bound: f64 = sums.bounds.iter().sum();
            let numbers = [
                bound / n,
                sums.kl / n,
                (bound / sums.predicted as f64).exp(),
            ];
            let mut row = vec![Json::from(start.name()), Json::from(*k)];
            row.extend(numbers.map(Json::from));
            table.rows.push(row);
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::refined_tests::Linear;
    use crate::metrics::refined_tests::data;
    use crate::registry::Value;
    use crate::registry::declared::values;
    use crate::training::tests::Session;

    fn rows(given: &[(&str, Value)]) -> Vec<Vec<Json>> {
        let params = values(RefinementParams::params(), given);
        let params = RefinementParams::read(&params).unwrap();
        let model = Linear { steps: 6 };
        table(&model, &data(40), &params, &Session::default())
            .unwrap()
            .rows
    }

    #[test]
    fn every_start_has_every_number_of_steps_and_the_bound_falls() {
        let found = rows(&[("samples", Value::from(50))]);
        assert_eq!(found.len(), 14);
        for (start, rows) in ["encoder", "random"].iter().zip(found.chunks(7)) {
            for (k, row) in rows.iter().enumerate() {
                assert_eq!(row[..2], [Json::from(*start), Json::from(k)]);
            }
            let bounds: Vec<f64> = rows.iter().map(|row| row[2].as_f64().unwrap()).collect();
            // The draws of z are the same at every step.
            assert!(
                bounds.windows(2).all(|pair| pair[1] < pair[0]),
                "{bounds:?}"
            );
        }
    }

    #[test]
    fn a_random_start_is_told_in_steps_to_the_encoder() {
        let table = |rows: &[(&str, u64, f64)]| Table {
            rows: rows
                .iter()
                .map(|(start, steps, bound)| {
                    vec![Json::from(*start), Json::from(*steps), Json::from(*bound)]
                })
                .collect(),
            ..empty()
        };
        let encoder = [("encoder", 0, 20.0), ("encoder", 10, 19.0)];
        let late = [
            ("random", 0, 30.0),
            ("random", 5, 21.0),
            ("random", 10, 20.0),
        ];
        let found = summed_up(&table(&[&encoder[..], &late].concat()));
        assert_eq!(found, [10.0, 1.0]);
        let never = [("random", 0, 30.0), ("random", 10, 20.5)];
        assert_eq!(summed_up(&table(&[&encoder[..], &never].concat()))[0], 11.0);
        let [steps, gain] = summed_up(&table(&late));
        assert!(steps.is_nan());
        assert_eq!(gain, 10.0);
    }

    /// Batches come in the order of what is in them: the first would be a special choice.
    #[test]
    fn some_observations_are_some_at_random() {
        let of = |seed: i64| {
            rows(&[
                ("observations", Value::from(14)),
                ("seed", Value::from(seed)),
            ])
        };
        let bounds: Vec<f64> = (0..5)
            .map(|seed| of(seed)[0][2].as_f64().unwrap())
            .collect();
        let (low, high) = bounds.iter().fold((f64::MAX, f64::MIN), |(low, high), b| {
            (low.min(*b), high.max(*b))
        });
        assert!(high > low + 0.1, "{bounds:?}");
        assert_eq!(of(0), of(0));
        let all = rows(&[("observations", Value::from(40))]);
        assert_eq!(all, rows(&[]));
    }

    /// The row of the model's own steps is what `evaluate/bound` says with the same draws.
    #[test]
    fn steps_may_be_chosen_and_agree_with_one_trajectory() {
        let all = rows(&[]);
        let starts = Value::List(vec!["encoder".into()]);
        let steps = Value::List(vec![Value::from(2), Value::from(6)]);
        let some = rows(&[("starts", starts), ("steps", steps)]);
        assert_eq!(some, [all[2].clone(), all[6].clone()]);
    }
}
