//! Draws from the five densities of [`super::generators`], with their true log density.

use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::Split;
use super::generators::Generator;
use super::surrogate::Surrogate;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Slot;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/synthetic`
pub(super) struct Synthetic;

params! {
    /// What `dataset/synthetic` may be given.
    struct SyntheticParams {
        /// which density
        name: &'static Generator;
        /// training observations
        points: usize = 2000, min(1);
        /// validation observations [default: `points`]
        valid: Option<usize>, min(0);
        /// test observations [default: `points`]
        test: Option<usize>, min(1);
        /// which draw of the data
        seed: Seed;
    }
}

impl Entry for Synthetic {
    fn name(&self) -> &'static str {
        "synthetic"
    }

    fn summary(&self) -> &'static str {
        "five densities on the plane whose truth is known"
    }

    fn docs(&self) -> &'static str {
        "z ~ N(0, 1), x = f(z) + ε, ε ~ N(0, σ² I); Φ is the distribution function of z.\n\
         \n\
         | `name` | f(z) | σ² |\n\
         | --- | --- | --- |\n\
         | `absolute-value` | (a, a), a = abs(Φ − ½) | 0.01 |\n\
         | `circle` | (cos 2πΦ, sin 2πΦ) | 0.01 |\n\
         | `clusters` | (cos t, sin t), t = 2 tanh(10u − 20⌊u/2⌋ − 10) + 4⌊u/2⌋ + 2, u = 2π/(1 + e^(−πz/2)) | 0.2 |\n\
         | `figure-8` | (√½ cos u/(sin² u + 1), √2 cos u sin u/(sin² u + 1)), u = (0.6 + 1.8Φ)π | 0.02 |\n\
         | `spiral-dots` | (t cos t, t sin t), t = tanh(10u − 20⌊u/2⌋ − 10) + 2⌊u/2⌋ + 1, u = 4π/(1 + e^(−πz/2)) | 0.08 |\n\
         \n\
         With a `generator`, as `generator/surrogate` leaves it, that network takes the place of f, and\n\
         is kept with the data. `x` is `[n, 2]`; `z` and `mean` = f(z) are kept; the test split has `log_density`, the true\n\
         log p(x) in nats by quadrature.\n\
         \n\
         Source: Yacoby, Pan and Doshi-Velez 2020, *Failure modes of variational autoencoders and\n\
         their effects on downstream tasks*, appendix; Yacoby et al. 2024, arXiv 2403.08941."
    }

    fn params(&self) -> Vec<Param> {
        SyntheticParams::params()
    }
}

/// The slot for a network in place of the formula.
const GENERATOR: &str = "generator";

impl DataSet for Synthetic {
    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        Some((f64::NEG_INFINITY, f64::INFINITY))
    }

    fn shape(&self, _params: &Values) -> Option<Vec<usize>> {
        Some(vec![2])
    }

    fn slots(&self) -> &'static [Slot] {
        const SLOTS: &[Slot] = &[Slot::new(
            GENERATOR,
            &[ArtifactType::Arrays],
            "a network that takes the place of the formula",
        )
        .optional()];
        SLOTS
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Pictures, Property::Labels]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = SyntheticParams::read(params)?;
        let generator = params.name;
        let network = context.given.get(GENERATOR);
        let generator = match network {
            None => generator.clone(),
            Some(arrays) => {
                let surrogate = Surrogate::from_arrays(arrays);
                generator.through(surrogate.map_err(|why| DataError::NotAGenerator { why })?)
            }
        };
        let seed = params.seed.derive("data/synthetic");
        let points = params.points;
        let count = |given: Option<usize>| given.unwrap_or(points);
        let train = draw(&generator, points, seed.derive("train"));
        let valid = draw(&generator, count(params.valid), seed.derive("valid"));
        let test = draw(&generator, count(params.test), seed.derive("test"));
        let density = generator.density();
        let x = test.x_f32().unwrap_or_default();
        let log_density: Vec<f64> = x
            .as_chunks::<2>()
            .0
            .iter()
            .map(|x| density.log([x[0].into(), x[1].into()]))
            .collect();
        let mean_log_density = log_density.iter().sum::<f64>() / log_density.len() as f64;
        let test = test.with("log_density", Array::column(log_density));
        let meta = json!({
            "name": params.name.name,
            "shape": [2],
            "noise_variance": generator.noise_variance,
            "test_log_density": mean_log_density,
            "origin": "drawn; Yacoby, Pan and Doshi-Velez 2020, Failure modes of variational autoencoders",
            "licence": "none needed",
        });
        let mut data = Dataset::new(train, valid, test, meta);
        data.generator = network.cloned().unwrap_or_default();
        Ok(data)
    }
}

/// `count` observations. The first ones are the same for every count.
fn draw(generator: &Generator, count: usize, seed: Seed) -> Split {
    let z = seed.derive("z").stream(0).normal_f64(count);
    let noise = seed.derive("noise").stream(0).normal_f64(2 * count);
    let sigma = generator.noise_variance.sqrt();
    let mean: Vec<f64> = z.iter().flat_map(|z| generator.decode(*z)).collect();
    let x = mean.iter().zip(noise).map(|(m, e)| (m + sigma * e) as f32);
    Split::new()
        .with("x", Array::new(&[count, 2], x.collect::<Vec<_>>()))
        .with("z", Array::new(&[count, 1], narrow(&z)))
        .with("mean", Array::new(&[count, 2], narrow(&mean)))
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}
