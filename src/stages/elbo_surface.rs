//! `table/elbo-surface`: the bound of one observation over the means of q, and where inference goes.

use serde_json::Value as Json;

use super::Stage;
use super::capabilities;
use super::fitted;
use super::measured;
use crate::data::Dataset;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::BestGaussian as Best;
use crate::metrics::Gaussian;
use crate::metrics::grid_gap;
use crate::metrics::inferred;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// A surface and points on it.
pub(super) struct ElboSurface;

params! {
    /// What `table/elbo-surface` may be given.
    struct ElboSurfaceParams {
        /// where the observation comes from
        split: SplitName = SplitName::Test;
        /// its place in the split
        observation: usize = 0, min(0);
        /// half the side of the square of means
        reach: f64 = 2.0, min(0.1), max(4.0);
        /// places along each side
        places: usize = 61, min(2), max(400);
        /// what the point at λ_K is called
        name: String = "end";
        /// whether the points at λ_0 and between are there too
        path: bool = false;
        /// which noise
        seed: Seed;
    }
}

impl Entry for ElboSurface {
    fn name(&self) -> &'static str {
        "table/elbo-surface"
    }

    fn summary(&self) -> &'static str {
        "the bound of an observation over both means of q, with the points that inference goes through"
    }

    fn docs(&self) -> &'static str {
        "For two latent dimensions. The best Gaussian of independent dimensions is found\n\
         as in `evaluate/grid-gap`. `surface` has `elbo` over `mu_1` and `mu_2` at the\n\
         standard deviations of the best, a square around its middle. `points` has a row for λ_K as the model\n\
         infers it, whose `point` is `name`, and for the best (`best`); with `path` for λ_0 (`start`) and\n\
         the steps between (`step 1`, …) as well: means `mu_1`, `mu_2`,\n\
         standard deviations `sigma_1`, `sigma_2`, and the `elbo` at those.\n\
         \n\
         The observation stays in its batch, since the effective step of refinement depends on it.\n\
         \n\
         Source: figure 1 of Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550."
    }

    /// Narrow posteriors have their bound, and the best may be narrow, since the second.
    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        ElboSurfaceParams::params()
    }
}

impl StageKind for ElboSurface {
    fn inputs(&self) -> Vec<Slot> {
        measured::SLOTS.to_vec()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Fixed(&[
            ("surface", ArtifactType::Table),
            ("points", ArtifactType::Table),
        ])
    }

    fn columns(&self, output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        match output {
            "surface" => measured::columns(&empty_surface()),
            _ => measured::columns(&empty_points()),
        }
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let needs = [
            Capability::PosteriorRefinement,
            Capability::PosteriorDensity,
        ];
        capabilities::check(&needs, reads)?;
        reads("model").has_latents(2, "the grid search")?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for ElboSurface {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = ElboSurfaceParams::read(&job.step.params)?;
        let left = |surface: &Table, points: &Table| {
            let mut left = StepOutput::default();
            measured::add(&mut left, "surface", surface);
            measured::add(&mut left, "points", points);
            left
        };
        let none = || left(&empty_surface(), &empty_points());
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            let found = tables(&*model, &data, &params)?;
            if !found.settled {
                job.link.warn(
                    "the search for the best Gaussian did not come to rest: there may be a better one",
                );
            }
            Ok(left(&found.surface, &found.points))
        })
    }
}

fn number(name: &str, label: &str) -> Column {
    Column {
        label: label.to_owned(),
        ..Column::metric(name, "", None)
    }
}

fn empty_surface() -> Table {
    let elbo = super::number_column("elbo");
    let columns = vec![number("mu_1", "\\mu_1"), number("mu_2", "\\mu_2"), elbo];
    Table {
        columns,
        rows: Vec::new(),
    }
}

fn empty_points() -> Table {
    let mut columns = vec![Column::axis("point")];
    columns.extend([
        number("mu_1", "\\mu_1"),
        number("mu_2", "\\mu_2"),
        number("sigma_1", "\\sigma_1"),
        number("sigma_2", "\\sigma_2"),
        super::number_column("elbo"),
    ]);
    Table {
        columns,
        rows: Vec::new(),
    }
}

/// What the stage leaves, and whether the search for the best came to rest.
struct Tables {
    surface: Table,
    points: Table,
    settled: bool,
}

fn tables(
    model: &dyn Fitted,
    data: &Dataset,
    params: &ElboSurfaceParams,
) -> Result<Tables, ModelError> {
    let model = inferred::refining(model)?;
    grid_gap::of_two_dimensions(model)?;
    let seed = params.seed.derive("elbo-surface");
    let split = params.split.name();
    let batches = model.batches(data, split)?;
    let found = inferred::batch_with(&batches, params.observation);
    let (i, batch, row) = found.ok_or_else(|| {
        let n: usize = batches.iter().map(|batch| batch.rows.len()).sum();
        let wanted = params.observation;
        ModelError::Data(format!(
            "there is no observation {wanted}, counted from 0, in `{split}`: it has {n}"
        ))
    })?;
    let plane = grid_gap::over_plane(model, batch.content.gather(&[row]))?;
    let Best {
        gaussian: best,
        settled,
    } = plane.best()?;
    let noise = inferred::noise_of(&seed, i);
    let trajectory = model.infer(&batch.content, &model.refinement(), noise)?;

    let mut points = empty_points();
    let last = trajectory.len() - 1;
    let shown = |k: &usize| params.path || *k == last;
    for (k, posteriors) in trajectory.iter().enumerate().filter(|(k, _)| shown(k)) {
        let (mean, sigma) = grid_gap::moments(posteriors, row);
        let name = match k {
            // Without refinement the start is the end.
            _ if k == last => params.name.clone(),
            0 => "start".to_owned(),
            k => format!("step {k}"),
        };
        points.rows.push(point(&name, plane.at(mean, sigma)?));
    }
    points.rows.push(point("best", best));

    let side = |middle: f64| -> Vec<f64> {
        let step = 2.0 * params.reach / (params.places - 1) as f64;
        let low = middle - params.reach;
        (0..params.places).map(|i| low + step * i as f64).collect()
    };
    let [first, second] = best.mean.map(side);
    let elbos = plane.elbos(&first, &second, best.sigma)?;
    let mut surface = empty_surface();
    let pairs = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| (a, b)));
    for ((a, b), elbo) in pairs.zip(elbos) {
        surface.rows.push([*a, *b, elbo].map(Json::from).to_vec());
    }
    Ok(Tables {
        surface,
        points,
        settled,
    })
}

fn point(name: &str, gaussian: Gaussian) -> Vec<Json> {
    let Gaussian { mean, sigma, elbo } = gaussian;
    let numbers = [mean[0], mean[1], sigma[0], sigma[1], elbo];
    let mut row = vec![Json::from(name)];
    row.extend(numbers.map(Json::from));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::refined_tests::Linear;
    use crate::metrics::refined_tests::data;
    use crate::registry::Value;
    use crate::registry::declared::values;

    fn found(given: &[(&str, Value)]) -> Result<Tables, ModelError> {
        let params = values(ElboSurfaceParams::params(), given);
        let params = ElboSurfaceParams::read(&params).unwrap();
        tables(&Linear { steps: 3 }, &data(10), &params)
    }

    #[test]
    fn the_best_point_is_the_middle_and_the_height_of_the_surface() {
        let given = [("places", Value::from(5)), ("path", Value::Bool(true))];
        let Tables {
            surface,
            points,
            settled,
        } = found(&given).unwrap();
        assert!(settled);
        assert_eq!(surface.rows.len(), 25);
        let names: Vec<&str> = points
            .rows
            .iter()
            .map(|row| row[0].as_str().unwrap())
            .collect();
        assert_eq!(names, ["start", "step 1", "step 2", "end", "best"]);
        let elbo = |row: &[Json]| row.last().unwrap().as_f64().unwrap();
        let best = points.rows.last().unwrap();
        let highest = surface
            .rows
            .iter()
            .map(|row| elbo(row))
            .fold(f64::MIN, f64::max);
        // The expectation is summed over two grids of z.
        assert!((highest - elbo(best)).abs() < 1e-5, "{highest} {best:?}");
        for (middle, best) in surface.rows[12][..2].iter().zip(&best[1..3]) {
            let [middle, best] = [middle, best].map(|number| number.as_f64().unwrap());
            assert!((middle - best).abs() < 1e-12, "{middle} {best}");
        }
        let climbs = points
            .rows
            .windows(2)
            .all(|pair| elbo(&pair[0]) < elbo(&pair[1]));
        assert!(climbs, "{}", points.to_csv());
        let Tables { points, .. } = found(&[("name", "sa-vae".into())]).unwrap();
        let names: Vec<_> = points.rows.iter().map(|row| row[0].clone()).collect();
        assert_eq!(names, ["sa-vae", "best"]);
    }

    #[test]
    fn an_observation_that_is_not_there_is_told() {
        let error = found(&[("observation", Value::from(10))]).err().unwrap();
        let said = error.to_string();
        assert!(
            said.contains("no observation 10") && said.contains("it has 10"),
            "{said}"
        );
    }
}
