//! `sample/posterior`: what three posteriors over observations say, point by point and in numbers.

use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::stages::capabilities;
use serde_json::Value as Json;
use serde_json::json;
use std::f64::consts::TAU;

use crate::data::Array;
use crate::data::Dataset;
use crate::data::generators::Generator;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::models;
use crate::models::Rows;
use crate::models::mapa::posterior::Posterior;
use crate::models::observation::Decoded;
use crate::models::observation::ObservationModel;
use crate::models::params;
use crate::models::quadrature::NODES;
use crate::models::quadrature::Quadrature;
use crate::nn::device::DeviceChoice;
use crate::registry::ArtifactType;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Measure;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::stages::Stage;
use crate::stages::artifacts;
use crate::stages::fitted;
use crate::stages::fitted::Halt;
use crate::stages::measured;
use crate::table::Table;
use crate::table::stats::spearman;

/// The values of the column `posterior`.
const NAMES: [&str; 3] = ["true", "empirical", "approximate"];

/// `sample/posterior`
pub(crate) struct PosteriorPoints;

params! {
    /// What `sample/posterior` may be given.
    struct PosteriorParams {
        /// true latent variables of the observations x
        at: Vec<f64> = [-1.5, -0.5, 0.5, 1.5];
        /// which of the three
        posteriors: Vec<String> = NAMES;
        /// points per observation and posterior
        shown: usize = 150, min(1);
        /// log posterior below which a point is left out
        lowest: f64 = -16.0;
    }
}

impl Entry for PosteriorPoints {
    fn name(&self) -> &'static str {
        "sample/posterior"
    }

    fn summary(&self) -> &'static str {
        "posteriors over the training observations of some of them, as points"
    }

    fn docs(&self) -> &'static str {
        "For a few training observations x and every training observation i the log of\n\
         \n\
         | `posterior` | |\n\
         | --- | --- |\n\
         | `true` | p(zᵢ\\|x)/N = p(x\\|f(zᵢ)) p(zᵢ) / (N p(x)): of the model, scaled to a sum |\n\
         | `empirical` | p(x\\|f(zᵢ)) / Σⱼ p(x\\|f(zⱼ)): of the empiricalised model |\n\
         | `approximate` | q(i\\|x), what the slot `posterior` holds |\n\
         \n\
         beside zᵢ, the rank `i` of zᵢ and the probability. f and zᵢ are those that made the data; with a `model` they are its decoder and\n\
         the means of its encoder. The observations are those whose true latent variable is nearest\n\
         to each of `at`, and `observation` is the rank of theirs; of i, `shown` are kept, evenly spaced in order of zᵢ, and of them those\n\
         above `lowest`.\n\
         \n\
         The metrics are over all N observations x, each against all i: `rank_correlation` is the mean\n\
         of Spearman's between q(i|x) and the empirical posterior, `rank_correlation_near` the same\n\
         over those i that make up 99 % of the empirical posterior, `posterior_gap` the mean\n\
         KL(p(i|x) || q(i|x)) in nats. An observation with fewer than three such i, or with equal probabilities\n\
         of all of them, has no order to find and is left out of the mean; without any other there is none.\n\
         Where q(i|x) alone is constant, the correlation is 0.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2024, arXiv 2403.08941, sections 6.3 and 6.4."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        PosteriorParams::params()
    }
}

impl StageKind for PosteriorPoints {
    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::new("z", "z"),
            Measure::new("log_posterior", "log posterior").unit("nats"),
            Measure::new("probability", "probability"),
            Measure::new("rank_correlation", "rank correlation of the posteriors").up(),
            Measure::new(
                "rank_correlation_near",
                "rank correlation where 99 % of them lie",
            )
            .up(),
            Measure::new("posterior_gap", "KL(p(i|x) || q(i|x))")
                .unit("nats")
                .down(),
        ]
    }

    fn inputs(&self) -> Vec<Slot> {
        vec![
            Slot::new("data", &[ArtifactType::Dataset], "the observations").single(),
            Slot::new(
                "posterior",
                &[ArtifactType::Arrays],
                "the approximation, as `posterior/empirical` leaves it",
            ),
            Slot::new(
                "model",
                &[ArtifactType::Model],
                "whose posteriors; those of the model that made the data without it",
            )
            .single()
            .optional(),
        ]
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("points", ArtifactType::Table),
            ("metrics", ArtifactType::Metrics),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "metrics" => Columns::of([""; 0], AGREEMENT),
            _ => measured::columns(&columns()),
        }
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(&[Capability::Codes, Capability::Likelihood], reads)?;
        reads("model").is_of_data_like(&reads("data"))?;
        reads("model").has_latents(1, "the quadrature over z")?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for PosteriorPoints {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = PosteriorParams::read(&job.step.params)?;
        let none = || produced(&columns(), artifacts::no_metrics(AGREEMENT));
        fitted::unless_diverged(none, || {
            let data = artifacts::dataset(job, "data")?;
            let x = params::observations(&data, "train")?;
            let array = artifacts::array(job, "posterior")?;
            let approximate = Posterior::from_array(&array, x.len())?;
            let variant = match job.items("model").is_empty() {
                true => Variant::truth(&data, &x)?,
                false => Variant::learned(job, &data, &x)?,
            };
            let empirical = Posterior::from_weights(x.len(), |n, i| {
                variant
                    .decoded
                    .log(i, &x.values[n * x.columns..][..x.columns])
            });
            let table = points(&x, &variant, &empirical, &approximate, &params)?;
            let agreement = AGREEMENT
                .into_iter()
                .zip(agreement(&empirical, &approximate));
            Ok(produced(&table, artifacts::metrics_json(agreement)))
        })
    }
}

fn produced(table: &Table, metrics: Vec<u8>) -> StepOutput {
    let mut produced = StepOutput::default();
    produced
        .file("points", artifacts::TABLE, table.to_json())
        .file("metrics", artifacts::METRICS, metrics);
    produced
}

/// The numbers of [`agreement`], in its order.
const AGREEMENT: [&str; 3] = ["rank_correlation", "rank_correlation_near", "posterior_gap"];

fn columns() -> Table {
    let columns = ["z", "log_posterior", "probability"].map(str::to_owned);
    super::table(&["at", "observation", "i", "posterior"], &columns)
}

/// A model over the plane of the data: what made them, or what was fitted to them.
struct Variant {
    /// The latent variable of each observation.
    z: Vec<f32>,
    /// The latent variable that made each observation.
    true_z: Vec<f32>,
    /// The parameters of p(x|zᵢ), a row per observation.
    decoded: Decoded,
    log_density: Box<dyn Fn(&[f32]) -> Result<f64, JobError>>,
}

impl Variant {
    fn truth(data: &Dataset, x: &Rows) -> Result<Self, Halt> {
        let generator = Generator::of(data)
            .ok_or_else(|| JobError::failed(format!("nobody knows what made `{}`", data.name())))?;
        let density = generator.density();
        let sigma = generator.noise_variance.sqrt() as f32;
        let model = ObservationModel::Gaussian { sigma };
        Ok(Variant {
            z: kept(data, "z", x.len())?,
            true_z: kept(data, "z", x.len())?,
            decoded: Decoded::new(model, Rows::new(2, kept(data, "mean", 2 * x.len())?)),
            log_density: Box::new(move |x| Ok(density.log([x[0].into(), x[1].into()]))),
        })
    }

    fn learned(job: &Job<'_>, data: &Dataset, x: &Rows) -> Result<Self, Halt> {
        let model = fitted::open(job, DeviceChoice::Cpu)?;
        models::fits(&*model, data)?;
        let quadrature = Quadrature::new(&*model, NODES)?;
        let codes = model.encode(x)?.codes();
        let decoded = model.decode(&codes)?;
        decoded.check(x)?;
        let d = x.columns;
        Ok(Variant {
            decoded,
            z: codes.values,
            true_z: kept(data, "z", x.len())?,
            log_density: Box::new(move |x| {
                let x = Rows::new(d, x.to_vec());
                Ok(quadrature.log_density(&x)?[0])
            }),
        })
    }

    /// ln p(zᵢ|x) − ln N.
    fn log_true(&self, x: &[f32], i: usize, log_density: f64) -> f64 {
        let log_x = self.decoded.log(i, x);
        let log_z = -0.5 * (f64::from(self.z[i]).powi(2) + TAU.ln());
        log_x + log_z - log_density - (self.z.len() as f64).ln()
    }
}

fn kept(data: &Dataset, name: &str, wanted: usize) -> Result<Vec<f32>, JobError> {
    let array = data.train.get(name).map(Array::to_f32);
    let array =
        array.ok_or_else(|| JobError::failed(format!("the data set does not keep `{name}`")))?;
    match array.len() == wanted && array.iter().all(|value| value.is_finite()) {
        true => Ok(array),
        false => Err(JobError::failed(format!(
            "`{name}` has {} numbers where {wanted} finite ones are wanted",
            array.len()
        ))),
    }
}

fn points(
    x: &Rows,
    variant: &Variant,
    empirical: &Posterior,
    approximate: &Posterior,
    params: &PosteriorParams,
) -> Result<Table, JobError> {
    let n = x.len();
    let shown = params.shown.min(n);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| variant.z[*a].total_cmp(&variant.z[*b]));
    let wanted: Vec<&str> = params.posteriors.iter().map(String::as_str).collect();
    let mut rank = vec![0; n];
    for (place, i) in order.iter().enumerate() {
        rank[*i] = place + 1;
    }
    let mut table = columns();
    for &at in &params.at {
        let distance = |i: &usize| (f64::from(variant.true_z[*i]) - at).abs();
        let nearest = (0..n).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(nearest) = nearest else { continue };
        let own = &x.values[nearest * x.columns..][..x.columns];
        let log_density = (variant.log_density)(own)?;
        for slot in 0..shown {
            let i = order[slot * n / shown];
            let logs = [
                variant.log_true(own, i, log_density),
                f64::from(empirical.row(nearest)[i]),
                f64::from(approximate.row(nearest)[i]),
            ];
            let logs = NAMES.into_iter().zip(logs);
            for (name, log) in
                logs.filter(|(name, log)| *log >= params.lowest && wanted.contains(name))
            {
                table.rows.push(vec![
                    Json::from(format!("z = {at}")),
                    json!(rank[nearest]),
                    json!(rank[i]),
                    json!(name),
                    json!(f64::from(variant.z[i])),
                    json!(log),
                    json!(log.exp()),
                ]);
            }
        }
    }
    Ok(table)
}

/// How well the approximation follows the empirical posterior, averaged over all observations; of correlations
/// over those that have one.
fn agreement(empirical: &Posterior, approximate: &Posterior) -> [f64; 3] {
    let n = empirical.observations;
    let (mut all, mut near) = (Vec::new(), Vec::new());
    let mut gap = 0.0;
    for row in 0..n {
        let p: Vec<f64> = empirical.row(row).iter().map(|l| f64::from(*l)).collect();
        let q: Vec<f64> = approximate.row(row).iter().map(|l| f64::from(*l)).collect();
        all.extend(correlation(&p, &q));
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
        let mut mass = 0.0;
        let enough = order.iter().position(|i| {
            mass += p[*i].exp();
            mass >= 0.99
        });
        order.truncate(enough.map_or(n, |last| last + 1));
        let pick = |logs: &[f64]| -> Vec<f64> { order.iter().map(|i| logs[*i]).collect() };
        near.extend(correlation(&pick(&p), &pick(&q)));
        let pairs = p.iter().zip(&q);
        gap += pairs.map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
    }
    let mean = |found: &[f64]| found.iter().sum::<f64>() / found.len() as f64;
    [mean(&all), mean(&near), gap / n as f64]
}

/// Spearman's of an approximation q with p. None where p has no order to find: of fewer than three numbers, or
/// equal ones. Where q alone has none, as the uniform distribution, it says nothing of that of p: 0.
fn correlation(p: &[f64], q: &[f64]) -> Option<f64> {
    spearman(p, p)?;
    Some(spearman(p, q).map_or(0.0, |found| found.coefficient))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p(i|x) of these weights, a row per observation.
    fn posterior(weights: &[[f64; 4]; 4]) -> Posterior {
        Posterior::from_weights(4, |n, i| weights[n][i].ln())
    }

    #[test]
    fn observations_without_an_order_to_find_are_in_no_mean_of_correlations() {
        // The first has all of its mass at one place, the second at two, the third is uniform.
        let p = posterior(&[
            [1.0, 1e-6, 2e-6, 3e-6],
            [1.0, 2.0, 2e-6, 3e-6],
            [1.0; 4],
            [1.0, 2.0, 3.0, 4.0],
        ]);
        let [all, near, gap] = agreement(&p, &p);
        assert_eq!((all, near, gap), (1.0, 1.0, 0.0));
        // 0 of the last alone among those that lie in 99 %, of three among all.
        let uniform = posterior(&[[1.0; 4]; 4]);
        let [all, near, _] = agreement(&p, &uniform);
        assert_eq!((all, near), (0.0, 0.0));
        let [all, near, _] = agreement(&uniform, &p);
        assert!(all.is_nan() && near.is_nan(), "{all} {near}");
    }
}
