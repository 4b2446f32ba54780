//! `sample/low-posterior`: where the prior has mass and q(z) has next to none, and what is decoded there.

use rayon::prelude::*;
use serde_json::Value as Json;

use super::Stage;
use super::artifacts;
use super::artifacts::Images;
use super::capabilities;
use super::fitted;
use super::measured;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::Bounds;
use crate::metrics::Marginal;
use crate::metrics::Observations;
use crate::metrics::observations_of;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::params;
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
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// `sample/low-posterior`
pub(super) struct LowPosterior;

params! {
    /// What `sample/low-posterior` may be given.
    struct LowPosteriorParams {
        /// draws of the prior among which the lowest are found
        draws: usize = 50_000, min(1);
        /// how many of the lowest are kept
        count: usize = 64, min(1);
        /// whose posteriors make up q(z)
        observations: Observations = Observations::TrainAndValid;
        /// where the data come from that they are compared with
        split: SplitName = SplitName::Valid;
        /// at most how many of these
        compared: usize = 1000, min(1);
        /// draws of q(z|x) per picture for its bound
        samples: usize = 10, min(1);
        /// pixels of each group in the table of pixels
        pixels: usize = 5000, min(1);
        /// latent variables of each group in the table of latents
        latents: usize = 500, min(1);
        /// which draws
        seed: Seed;
    }
}

impl Entry for LowPosterior {
    fn name(&self) -> &'static str {
        "sample/low-posterior"
    }

    fn summary(&self) -> &'static str {
        "pictures decoded where the prior is and q(z) is not, beside their neighbours and the data"
    }

    fn docs(&self) -> &'static str {
        "Draws z from N(0, I), computes log q(z) over the posteriors of all observations, keeps the\n\
         `count` lowest, from the lowest on, and decodes them to the means of p(x|z).\n\
         \n\
         | output | |\n\
         | --- | --- |\n\
         | `images` | the pictures |\n\
         | `pairs` | the same, then the observation next to each in ℓ2: for `layout: pairs` |\n\
         | `scores` | by `group`: `data`, `neighbours` and `low-posterior`, the `bound` of each picture, its `kl` to the prior and its `ink`, the mean of its pixels |\n\
         | `pixels` | values of pixels by group, drawn at random |\n\
         | `latents` | z_1, z_2, … by group: `prior`, `posterior`, which is q(z), and `low-posterior` |\n\
         | `metrics` | means of the scores of data and low-posterior samples, and of log q(z) of prior and low-posterior samples |\n\
         \n\
         A picture that was decoded is scored as an observation is. Its numbers are means of pixels, which\n\
         data of whole levels never are; where p(x|z) is over grey levels, as with `visible: categorical`, the\n\
         levels next to them.\n\
         \n\
         Source: Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847, Algorithm 1 and appendix A."
    }

    /// Since the second a quantized normal has the masses of its levels.
    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        LowPosteriorParams::params()
    }
}

const NAMES: [&str; 8] = [
    "data_bound",
    "low_bound",
    "data_posterior_kl",
    "low_posterior_kl",
    "data_ink",
    "low_ink",
    "prior_log_q",
    "low_log_q",
];

impl StageKind for LowPosterior {
    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::new("data_bound", "bound of data").unit("nats"),
            Measure::new("low_bound", "bound of low-posterior samples").unit("nats"),
            Measure::new("data_posterior_kl", "KL(q(z|x) || p(z)) of data").unit("nats"),
            Measure::new(
                "low_posterior_kl",
                "KL(q(z|x) || p(z)) of low-posterior samples",
            )
            .unit("nats"),
            Measure::new("data_ink", "mean pixel of data"),
            Measure::new("low_ink", "mean pixel of low-posterior samples"),
            Measure::new("prior_log_q", "log q(z) of draws of the prior").unit("nats"),
            Measure::new("low_log_q", "log q(z) of low-posterior samples").unit("nats"),
        ]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![
            Slot::new("model", &[ArtifactType::Model], "the fitted model").single(),
            Slot::new("data", &[ArtifactType::Dataset], "what it was fitted to").single(),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("images", ArtifactType::Images),
            ("pairs", ArtifactType::Images),
            ("scores", ArtifactType::Table),
            ("pixels", ArtifactType::Table),
            ("latents", ArtifactType::Table),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::of([""; 0], NAMES),
            "scores" => measured::columns(&scores_table(&[])),
            "pixels" => measured::columns(&pixels_table(&[], 0, Seed::new(0))),
            _ => Columns::unknown(),
        }
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let needs = [
            Capability::Decoder,
            Capability::Likelihood,
            Capability::PosteriorSamples,
            Capability::PosteriorDensity,
        ];
        capabilities::check(&needs, reads)?;
        capabilities::check_data("data", &[Property::Pictures], reads)?;
        reads("model").is_of_data_like(&reads("data"))?;
        reads("model").has_likelihood_of(&reads("data"))?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for LowPosterior {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = LowPosteriorParams::read(&job.step.params)?;
        let none = || Found::none().output().unwrap_or_default();
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            let seed = params.seed.derive("sample/low-posterior");
            let (draws, d) = (params.draws, model.latent());
            let all = observations_of(&data, params.observations)?;
            let marginal = Marginal::of(&*model, &all)?;
            let prior = Rows::new(d, seed.derive("prior").stream(0).normal(draws * d));
            let log_q = marginal.log_density(&prior)?;
            let lowest = lowest(&log_q, params.count);
            let low = Rows::new(d, prior.gather(&lowest));

            let decoded = model.observations(&low)?;
            let nearest = nearest(&decoded, &all);
            let neighbours = Rows::new(all.columns, all.gather(&nearest));
            let compared = params::observations(&data, params.split.name())?;
            let first: Vec<usize> = (0..params.compared.min(compared.len())).collect();
            let compared = Rows::new(compared.columns, compared.gather(&first));

            let groups = [
                ("data", compared),
                ("neighbours", neighbours),
                ("low-posterior", decoded),
            ];
            let score = |(name, x): &(&'static str, Rows)| -> Result<Scores, ModelError> {
                let bounds = Bounds::of(&*model, x, params.samples, seed.derive(name))?;
                Ok(Scores::new(name, x, bounds))
            };
            let scores = groups.iter().map(score).collect::<Result<Vec<_>, _>>()?;
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let (of_data, of_low) = (&scores[0], &scores[2]);
            let low_log_q: Vec<f64> = lowest.iter().map(|m| log_q[*m]).collect();
            let numbers = [
                mean(&of_data.bound),
                mean(&of_low.bound),
                mean(&of_data.kl),
                mean(&of_low.kl),
                mean(&of_data.ink),
                mean(&of_low.ink),
                mean(&log_q),
                mean(&low_log_q),
            ];
            let posterior = marginal.sample(params.latents, seed.derive("posterior"))?.z;
            let shape = model.shape();
            let &[channels, height, width] = shape else {
                return Err(JobError::failed(format!(
                    "the observations have shape {shape:?}; pictures have [channels, height, width]"
                ))
                .into());
            };
            let latents = [
                ("prior", &prior),
                ("posterior", &posterior),
                ("low-posterior", &low),
            ];
            let found = Found {
                shape: [channels, height, width],
                scores: scores_table(&scores),
                pixels: pixels_table(&groups, params.pixels, seed.derive("pixels")),
                latents: latents_table(&latents, params.latents),
                numbers,
                neighbours: groups[1].1.values.clone(),
                images: groups[2].1.values.clone(),
            };
            Ok(found.output()?)
        })
    }
}

/// All that the stage leaves.
struct Found {
    shape: [usize; 3],
    images: Vec<f32>,
    neighbours: Vec<f32>,
    scores: Table,
    pixels: Table,
    latents: Table,
    numbers: [f64; NAMES.len()],
}

impl Found {
    /// Of a diverged model.
    fn none() -> Self {
        Found {
            shape: [0; 3],
            images: Vec::new(),
            neighbours: Vec::new(),
            scores: scores_table(&[]),
            pixels: pixels_table(&[], 0, Seed::new(0)),
            latents: latents_table(&[], 0),
            numbers: [f64::NAN; NAMES.len()],
        }
    }

    fn output(self) -> Result<StepOutput, JobError> {
        let [channels, height, width] = self.shape;
        let size = channels * height * width;
        let images = |values: Vec<f32>| {
            let n = values.len() / size.max(1);
            let shape = [n, channels, height, width];
            Images { shape, values }.to_bytes()
        };
        let pairs = [&self.images[..], &self.neighbours[..]].concat();
        let mut produced = StepOutput::default();
        produced
            .file("images", artifacts::IMAGES, images(self.images)?)
            .file("pairs", artifacts::IMAGES, images(pairs)?);
        for (name, table) in [
            ("scores", &self.scores),
            ("pixels", &self.pixels),
            ("latents", &self.latents),
        ] {
            measured::add(&mut produced, name, table);
        }
        let metrics = artifacts::metrics_json(NAMES.into_iter().zip(self.numbers));
        produced.file("metrics", artifacts::METRICS, metrics);
        Ok(produced)
    }
}

/// The places of the `count` lowest, from the lowest on.
fn lowest(log_q: &[f64], count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..log_q.len()).collect();
    places.sort_by(|a, b| log_q[*a].total_cmp(&log_q[*b]));
    places.truncate(count);
    places
}

/// For each row of `of` the row of `among` at the least ℓ2 distance, the first of several.
fn nearest(of: &Rows, among: &Rows) -> Vec<usize> {
    let rows = of.values.par_chunks_exact(of.columns);
    let distance =
        |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum() };
    rows.map(|row| {
        let others = among.values.chunks_exact(among.columns).enumerate();
        let distances = others.map(|(place, other)| (place, distance(row, other)));
        distances
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |(place, _)| place)
    })
    .collect()
}

/// Scores of the pictures of a group.
struct Scores {
    group: &'static str,
    bound: Vec<f64>,
    kl: Vec<f64>,
    ink: Vec<f64>,
}

impl Scores {
    fn new(group: &'static str, x: &Rows, bounds: Bounds) -> Self {
        let parts = bounds.reconstructions.iter().zip(&bounds.kls);
        let ink = |row: &[f32]| row.iter().map(|&v| f64::from(v)).sum::<f64>() / row.len() as f64;
        Scores {
            group,
            bound: parts.map(|(log, kl)| log - kl).collect(),
            kl: bounds.kls,
            ink: x.values.chunks_exact(x.columns).map(ink).collect(),
        }
    }
}

fn scores_table(scores: &[Scores]) -> Table {
    let rows = scores.iter().flat_map(|scores| {
        (0..scores.bound.len()).map(|i| {
            let numbers = [scores.bound[i], scores.kl[i], scores.ink[i]];
            let names = [Json::from(scores.group), Json::from(i)];
            names.into_iter().chain(numbers.map(Json::from)).collect()
        })
    });
    let labelled = |name: &str, label: &str, unit: &str| Column {
        label: label.to_owned(),
        ..Column::metric(name, unit, None)
    };
    Table {
        rows: rows.collect(),
        columns: vec![
            Column::axis("group"),
            Column::axis("picture"),
            labelled("bound", "bound on log p(x)", "nats"),
            labelled("kl", "KL(q(z|x) || p(z))", "nats"),
            labelled("ink", "mean pixel", ""),
        ],
    }
}

fn pixels_table(groups: &[(&'static str, Rows)], count: usize, seed: Seed) -> Table {
    let rows = groups.iter().flat_map(|(group, x)| {
        let mut stream = seed.derive(group).stream(0);
        let places = (0..count.min(x.values.len())).map(move |_| stream.below(x.values.len()));
        places.enumerate().map(|(i, place)| {
            let value = f64::from(x.values[place]);
            vec![Json::from(*group), Json::from(i), Json::from(value)]
        })
    });
    Table {
        rows: rows.collect(),
        columns: vec![
            Column::axis("group"),
            Column::axis("pixel"),
            Column::metric("value", "", None),
        ],
    }
}

fn latents_table(groups: &[(&'static str, &Rows)], count: usize) -> Table {
    let d = groups.first().map_or(0, |(_, z)| z.columns);
    let rows = groups.iter().flat_map(|(group, z)| {
        let rows = z.values.chunks_exact(z.columns).take(count).enumerate();
        rows.map(|(i, z)| {
            let names = [Json::from(*group), Json::from(i)];
            let numbers = z.iter().map(|&z| Json::from(f64::from(z)));
            names.into_iter().chain(numbers).collect()
        })
    });
    let mut columns = vec![Column::axis("group"), Column::axis("draw")];
    columns.extend((1..=d).map(|j| Column::metric(&format!("z_{j}"), "", None)));
    Table {
        rows: rows.collect(),
        columns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_come_first() {
        assert_eq!(lowest(&[0.5, -3.0, f64::NEG_INFINITY, 2.0], 2), [2, 1]);
        assert_eq!(lowest(&[1.0], 5), [0]);
    }

    #[test]
    fn the_nearest_is_the_first_at_the_least_distance() {
        let among = Rows::new(2, vec![0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let of = Rows::new(2, vec![0.9, 0.8, 0.1, -2.0]);
        assert_eq!(nearest(&of, &among), [1, 0]);
    }
}
