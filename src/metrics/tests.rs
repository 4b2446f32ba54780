//! Every observation model against every estimator of log p(x), by way of the registries: bounds lie
//! on their side, and estimates of one quantity agree with each other and with what is computed here
//! from probabilities, without logits and without any likelihood of the program.

use std::f64::consts::SQRT_2;
use std::f64::consts::TAU;

use serde_json::json;
use statrs::function::erf::erfc;

use super::ALL;
use super::Asked;
use super::Metric;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Split;
use crate::data::tests::support::load;
use crate::models;
use crate::models::ExtraInputs;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Posterior;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::models::observation::ObservationModel;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

const SIGMA: f32 = 0.4;
const DIMENSIONS: usize = 3;
const SLOPE: [f64; DIMENSIONS] = [2.0, -1.0, 0.5];

/// What a measure says of log p(x) of the test split.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    /// Its mean.
    Exact,
    /// A lower bound of its mean.
    Below,
    /// The divergence of the truth from it.
    Divergence,
    /// An upper bound of that.
    Above,
    /// What cannot be negative, its standard error being the next measure.
    NotNegative,
    Nothing,
}

/// A measure of a score that needs p(x) and is not here fails: whoever adds one says what it
/// estimates.
fn says(measure: &str) -> Says {
    match measure {
        "ll" => Says::Exact,
        "elbo" | "iwae_ll" => Says::Below,
        "test_kl" => Says::Divergence,
        "iwae_kl" => Says::Above,
        "iwae_gap" | "iwae_gain" | "elbo_gap" => Says::NotNegative,
        // That of a density of z, not of x: its own tests hold it.
        "density_gap" => Says::Nothing,
        "test_kl_se"
        | "quadrature_error"
        | "elbo_se"
        | "reconstruction"
        | "kl"
        | "elbo_gap_se"
        | "iwae_kl_se"
        | "iwae_gap_se"
        | "iwae_gap_worst"
        | "iwae_gain_se"
        | "density_kl"
        | "density_kl_se"
        | "density_gap_se"
        | "log_density"
        | "log_marginal"
        | "ratio_kl"
        | "ratio_kl_se"
        | "ratio_error"
        | "marginal_kl"
        | "marginal_kl_se"
        | "marginal_kl_lower"
        | "posterior_kl"
        | "mutual_information"
        | "active_units"
        | "active_share"
        | "diversity"
        | "diversity_se"
        | "diversity_data"
        | "inception_score"
        | "inception_score_std"
        | "inception_score_data"
        | "classifier_accuracy" => Says::Nothing,
        other => {
            let of = |metric: &&&dyn Metric| metric.measures().iter().any(|m| m.name == other);
            let metric = ALL.iter().find(of).expect("it is of a score");
            // Bounds and divergences are of p(x): the tests below say nothing of anything else.
            let of_density = metric.needs().contains(&Capability::Likelihood);
            assert!(!of_density, "say here what `{other}` estimates");
            Says::Nothing
        }
    }
}

/// Those that say something, for each of which the tests below have to run.
fn estimators() -> impl Iterator<Item = &'static dyn Metric> {
    ALL.iter().copied().filter(|metric| {
        let measures = metric.measures().iter();
        let said: Vec<Says> = measures.map(|measure| says(measure.name)).collect();
        said.iter().any(|says| *says != Says::Nothing)
    })
}

fn observation_models() -> impl Iterator<Item = ObservationModel> {
    let names = ObservationModel::NAMES.into_iter();
    names.map(|name| ObservationModel::named(name, SIGMA).expect("it is listed"))
}

/// What a decoder emits where the line has these values, in the range of what is observed.
fn emitted_at(model: ObservationModel, line: [f64; DIMENSIONS]) -> Vec<f64> {
    let greys = line.map(|value| 0.5 + 0.1 * value);
    match model {
        ObservationModel::Bernoulli | ObservationModel::Gaussian { .. } => line.to_vec(),
        ObservationModel::QuantizedNormal => {
            [greys, [f64::from(SIGMA / 4.0).ln(); DIMENSIONS]].concat()
        }
        ObservationModel::Categorical => {
            let logit = |level: i32, grey: f64| {
                -0.5 * ((f64::from(level) / 255.0 - grey) / f64::from(SIGMA / 4.0)).powi(2)
            };
            let levels = (0..256).flat_map(|level| greys.map(|grey| logit(level, grey)));
            levels.collect()
        }
    }
}

/// Of one row: probabilities in place of logits.
fn probabilities(model: ObservationModel, emitted: &[f64]) -> Vec<f64> {
    match model {
        ObservationModel::Bernoulli => emitted.iter().map(|e| 1.0 / (1.0 + (-e).exp())).collect(),
        ObservationModel::Gaussian { .. } | ObservationModel::QuantizedNormal => emitted.to_vec(),
        ObservationModel::Categorical => {
            let weights: Vec<f64> = emitted.iter().map(|e| e.exp()).collect();
            let of = |at: usize| weights.iter().skip(at).step_by(DIMENSIONS).sum::<f64>();
            let totals = [of(0), of(1), of(2)];
            let shares = weights.iter().enumerate();
            shares
                .map(|(at, weight)| weight / totals[at % DIMENSIONS])
                .collect()
        }
    }
}

/// log p(x|z) from the textbook, from probabilities.
fn textbook(model: ObservationModel, x: &[f32], probabilities: &[f64]) -> f64 {
    let normal = |x: f64, mean: f64, sigma: f64| {
        -0.5 * ((x - mean) / sigma).powi(2) - (sigma * TAU.sqrt()).ln()
    };
    let number = |(at, x): (usize, &f32)| {
        let (x, mean) = (f64::from(*x), probabilities[at]);
        match model {
            ObservationModel::Bernoulli if x > 0.5 => mean.ln(),
            ObservationModel::Bernoulli => (1.0 - mean).ln(),
            ObservationModel::Gaussian { sigma } => normal(x, mean, f64::from(sigma)),
            ObservationModel::QuantizedNormal => {
                let sigma = probabilities[DIMENSIONS + at].exp().max(1.0 / 512.0);
                let below = |x: f64| 0.5 * erfc((mean - x) / sigma / SQRT_2);
                (below(x + 0.5 / 255.0) - below(x - 0.5 / 255.0)).ln()
            }
            ObservationModel::Categorical => {
                probabilities[(255.0 * x).round() as usize * DIMENSIONS + at].ln()
            }
        }
    };
    x.iter().enumerate().map(number).sum()
}

/// log p(x) of every row by Simpson's rule over z on [−8, 8], from what is emitted at the nodes, a row
/// each.
fn brute_force(model: ObservationModel, x: &Rows, emitted: &[f64]) -> Vec<f64> {
    let columns = DIMENSIONS * model.emitted_per_number();
    let nodes: Vec<Vec<f64>> = emitted
        .chunks(columns)
        .map(|emitted| probabilities(model, emitted))
        .collect();
    let step = 16.0 / (nodes.len() - 1) as f64;
    let rows = x.values.chunks(x.columns);
    rows.map(|x| {
        let terms = nodes.iter().enumerate().map(|(node, probabilities)| {
            let z = -8.0 + step * node as f64;
            let share = match node {
                0 => 1.0,
                last if last == nodes.len() - 1 => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let prior = (-0.5 * z * z).exp() / TAU.sqrt();
            share * step / 3.0 * prior * textbook(model, x, probabilities).exp()
        });
        terms.sum::<f64>().ln()
    })
    .collect()
}

/// z of the nodes of [`brute_force`].
fn nodes() -> impl Iterator<Item = f64> {
    (0..4001).map(|node| -8.0 + 16.0 * f64::from(node) / 4000.0)
}

/// Draws of x around a line through what is emitted, with the log density of the model there.
fn data(model: ObservationModel) -> Dataset {
    let line = |z: f64| SLOPE.map(|slope| slope * z + 0.3);
    let split = |name: &str, n: usize| {
        let mut stream = Seed::new(7).derive(name).stream(0);
        let z = stream.normal_f64(n);
        let noise = stream.normal_f64(n * DIMENSIONS);
        let coins = stream.uniform(n * DIMENSIONS, 0.0, 1.0);
        let values = z.iter().flat_map(|z| line(*z)).enumerate();
        let x = values.map(|(at, value)| match model {
            ObservationModel::Bernoulli => {
                f32::from(f64::from(coins[at]) < 1.0 / (1.0 + (-value).exp()))
            }
            ObservationModel::Gaussian { sigma } => value as f32 + sigma * noise[at] as f32,
            ObservationModel::Categorical | ObservationModel::QuantizedNormal => {
                let grey = 0.5 + 0.1 * value + f64::from(SIGMA / 4.0) * noise[at];
                ((255.0 * grey).round() / 255.0).clamp(0.0, 1.0) as f32
            }
        });
        let x: Vec<f32> = x.collect();
        let mean = z.iter().flat_map(|z| line(*z)).map(|value| match model {
            ObservationModel::Bernoulli => 1.0 / (1.0 + (-value).exp()),
            ObservationModel::Gaussian { .. } => value,
            ObservationModel::Categorical | ObservationModel::QuantizedNormal => 0.5 + 0.1 * value,
        });
        let mean: Vec<f32> = mean.map(|mean| mean as f32).collect();
        Split::new()
            .with("x", Array::new(&[n, DIMENSIONS], x))
            .with("mean", Array::new(&[n, DIMENSIONS], mean))
    };
    // A number of the categorical has 256 logits, each of them slow in a debug build.
    let (valid, test) = match model {
        ObservationModel::Categorical => (60, 12),
        _ => (200, 40),
    };
    let test = split("test", test);
    let x = Rows::new(DIMENSIONS, test.x_f32().expect("it was just put there"));
    let emitted: Vec<f64> = nodes().flat_map(|z| emitted_at(model, line(z))).collect();
    let truth = brute_force(model, &x, &emitted);
    let test = test.with("log_density", Array::column(truth));
    let meta = json!({"name": "line", "shape": [DIMENSIONS], "noise_variance": SIGMA * SIGMA});
    Dataset::new(split("train", 300), split("valid", valid), test, meta)
}

fn score(metric: &dyn Metric, model: &dyn Fitted, data: &Dataset) -> Result<Vec<f64>, ModelError> {
    let scores = metric.score(&Asked {
        model,
        data,
        classifier: None,
        params: &values(metric.params(), &[]),
        monitor: &Session::default(),
    });
    scores.map(|scores| scores.numbers)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The numbers of every estimator beside what they have to be. `equal` are bounds that are no bounds
/// but the value itself.
fn hold(model: &dyn Fitted, data: &Dataset, exact: &[f64], equal: bool, what: &str) {
    let truth = super::test_kl::truth(data).expect("the data know it");
    let kl = mean(&truth) - mean(exact);
    let posterior = model.encode(&test(data)).expect("it has an encoder");
    let encoder_is_density = posterior.has_density();
    for metric in estimators() {
        let what = format!("{what}: {}", metric.name());
        let found = score(metric, model, data);
        if !encoder_is_density && metric.needs().contains(&Capability::PosteriorDensity) {
            let refused = matches!(found, Err(ModelError::Unsupported(_)));
            assert!(refused, "{what}: {found:?}");
            continue;
        }
        let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(found.len(), metric.measures().len(), "{what}");
        assert_eq!(
            metric.contradictions(&found),
            Vec::<String>::new(),
            "{what}: {found:?}"
        );
        for (at, measure) in metric.measures().iter().enumerate() {
            let (name, found) = (measure.name, found[at]);
            let close = |expected: f64, error: f64| {
                let what = format!("{what}: {name} {found}, expected {expected}");
                assert!((found - expected).abs() < error, "{what}");
            };
            match says(name) {
                // Means in single precision, of probabilities as small as 1e-3.
                Says::Exact => close(mean(exact), 2e-4),
                Says::Divergence => close(kl, 2e-4),
                // A thousand samples of a mixture; the encoder's density is exact.
                Says::Below if equal && name == "iwae_ll" => close(mean(exact), 5e-3),
                Says::Below if equal => close(mean(exact), 2e-4),
                Says::Above if equal => close(kl, 5e-3),
                // A thousand samples of a fitted mixture leave less than this.
                Says::Below if name == "iwae_ll" => close(mean(exact), 0.02),
                Says::Above => close(kl, 0.02),
                // 40 observations, of which one draw varies by about half a nat.
                Says::Below => assert!(found < mean(exact) + 0.2, "{what}: {name} {found}"),
                Says::NotNegative if found.is_nan() => {
                    assert!(!encoder_is_density, "{what}: {name}");
                }
                Says::NotNegative if equal => close(0.0, 5e-3),
                Says::NotNegative => assert!(found > -0.1, "{what}: {name} {found}"),
                Says::Nothing => {}
            }
        }
    }
}

fn test(data: &Dataset) -> Rows {
    models::params::observations(data, "test").expect("there are some")
}

/// A decoder that does not hear z: the posterior is the prior, and p(x) is p(x|z) in closed form, so
/// every bound is tight.
struct Deaf {
    model: ObservationModel,
    emitted: Vec<f32>,
}

impl Fitted for Deaf {
    fn shape(&self) -> &[usize] {
        &[DIMENSIONS]
    }

    fn latent(&self) -> usize {
        1
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let zeros = Rows::new(1, vec![0.0; x.len()]);
        Ok(Posterior::diagonal(zeros.clone(), LogVariances::new(zeros)))
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let rows = Rows::new(self.emitted.len(), self.emitted.repeat(z.len()));
        Ok(Decoded::new(self.model, rows))
    }
}

#[test]
fn every_estimator_is_exact_where_the_decoder_ignores_z() {
    for model in observation_models() {
        let data = data(model);
        let emitted = emitted_at(model, [-1.5, 0.25, 2.0]);
        let emitted: Vec<f32> = emitted.into_iter().map(|e| e as f32).collect();
        let wide: Vec<f64> = emitted.iter().map(|e| f64::from(*e)).collect();
        let probabilities = probabilities(model, &wide);
        let exact = |x: &[f32]| textbook(model, x, &probabilities);
        let exact: Vec<f64> = test(&data).values.chunks(DIMENSIONS).map(exact).collect();
        let deaf = Deaf { model, emitted };
        hold(&deaf, &data, &exact, true, model.name());
    }
}

/// x = 2z + σε: p(x) = N(0, 4 + σ²) and p(z|x) are Gaussian, so that every bound is tight again,
/// with z in play.
struct Line;

const VARIANCE: f64 = 4.0 + 0.25;

impl Fitted for Line {
    fn shape(&self) -> &[usize] {
        &[1]
    }

    fn latent(&self) -> usize {
        1
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        let means = x.values.iter().map(|x| 2.0 * x / VARIANCE as f32);
        let log_var = vec![(0.25 / VARIANCE).ln() as f32; x.len()];
        let mean = Rows::new(1, means.collect());
        let log_var = LogVariances::new(Rows::new(1, log_var));
        Ok(Posterior::diagonal(mean, log_var))
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        let emitted = z.values.iter().map(|z| 2.0 * z).collect();
        Ok(Decoded::new(
            ObservationModel::Gaussian { sigma: 0.5 },
            Rows::new(1, emitted),
        ))
    }
}

#[test]
fn every_estimator_finds_the_density_of_a_linear_model() {
    let x = Seed::new(2).stream(0).normal(100);
    let x: Vec<f32> = x.into_iter().map(|x| x * VARIANCE.sqrt() as f32).collect();
    let log = |x: &f32| -0.5 * ((TAU * VARIANCE).ln() + f64::from(*x).powi(2) / VARIANCE);
    let exact: Vec<f64> = x.iter().map(log).collect();
    let split = || Split::new().with("x", Array::new(&[100, 1], x.clone()));
    let test = split().with("log_density", Array::column(exact.clone()));
    let data = Dataset::new(
        split(),
        split(),
        test,
        json!({"name": "line", "shape": [1]}),
    );
    for metric in estimators() {
        let found = score(metric, &Line, &data).expect("it is computed");
        for (measure, found) in metric.measures().iter().zip(found) {
            let (expected, error) = match (says(measure.name), measure.name) {
                (Says::Exact, _) => (mean(&exact), 1e-5),
                // The mixture is fitted; the encoder is the exact posterior.
                (Says::Below, "iwae_ll") => (mean(&exact), 0.02),
                // With the KL in closed form the draws of E log p(x|z) remain.
                (Says::Below, _) => (mean(&exact), 0.2),
                (Says::Divergence, _) => (0.0, 1e-5),
                (Says::Above, _) => (0.0, 0.02),
                (Says::NotNegative, "elbo_gap") => (0.0, 1e-5),
                (Says::NotNegative, _) => (0.0, 0.02),
                (Says::Nothing, _) => continue,
            };
            let name = measure.name;
            assert!(
                (found - expected).abs() < error,
                "{name}: {found} {expected}"
            );
        }
    }
}

/// The forms that a training of this density has: of a VAE those of the posterior and of σ.
fn forms(model: &str, observation: ObservationModel) -> Vec<Vec<(&'static str, Value)>> {
    let posteriors = ["gaussian", "rnvp"].map(|form| vec![("posterior", Value::from(form))]);
    let scopes = ["global", "channel"].map(|of| vec![("sigma_of", Value::from(of))]);
    match (model, observation) {
        ("vae", ObservationModel::QuantizedNormal) => [posteriors, scopes].concat(),
        ("vae", _) => posteriors.to_vec(),
        (_, other) if ObservationModel::PLAIN.contains(&other.name()) => vec![Vec::new()],
        _ => Vec::new(),
    }
}

/// Models of arrays whose p(x|z) is a parameter; those of sequences have tests of their own.
fn with_a_choice_of_density() -> impl Iterator<Item = &'static dyn models::Model> {
    let chooses =
        |model: &&dyn models::Model| model.params().iter().any(|param| param.name == "visible");
    models::ALL.iter().copied().filter(chooses)
}

#[test]
fn every_model_of_every_density_has_the_likelihood_that_its_decoder_says() {
    for observation in observation_models() {
        let data = data(observation);
        for model in with_a_choice_of_density() {
            for form in forms(model.name(), observation) {
                let what = format!("train/{} {} {form:?}", model.name(), observation.name());
                fits_and_holds(model, observation, &form, &data, &what);
            }
        }
    }
}

/// Trains, and holds every estimate against the brute force.
fn fits_and_holds(
    model: &dyn models::Model,
    observation: ObservationModel,
    form: &[(&'static str, Value)],
    data: &Dataset,
    what: &str,
) {
    let given = [
        ("latent", Value::Int(1)),
        ("hidden", vec![Value::Int(8)].into()),
        ("coupling_hidden", vec![Value::Int(8)].into()),
        ("samples", Value::Int(5)),
        ("visible", observation.name().into()),
        ("epochs", Value::Int(30)),
        ("lr", Value::Float(1e-2)),
        ("recovery_epochs", Value::Int(20)),
        ("code_hidden", vec![Value::Int(8)].into()),
        ("joint_features", Value::Int(8)),
        ("joint_hidden", vec![Value::Int(8)].into()),
        ("features", Value::Int(8)),
        ("seed", Value::Int(1)),
        ("device", "cpu".into()),
    ];
    let values = values(model.params(), &[given.as_slice(), form].concat());
    let trained = model
        .train(data, &ExtraInputs::new(), &values, &Session::default())
        .expect("it trains");
    let networks = model.networks(&trained.weights).expect("they are its");
    let told = |network: &models::NetworkFacts| {
        network.parameters > 0 && !network.learns.loss.is_empty() && network.learns.updates > 0
    };
    assert!(networks.len() > 1 && networks.iter().all(told), "{what}");
    let fitted = models::open(&trained.weights, DeviceChoice::Cpu).expect("they are its");
    let z = Rows::new(1, nodes().map(|z| z as f32).collect());
    let decoded = fitted.decode(&z).expect("it decodes");
    let emitted: Vec<f64> = decoded
        .emitted()
        .values
        .iter()
        .map(|e| f64::from(*e))
        .collect();
    let exact = brute_force(observation, &test(data), &emitted);
    hold(&*fitted, data, &exact, false, what);

    let valid = models::params::observations(data, "valid").expect("there are some");
    let exact = mean(&brute_force(observation, &valid, &emitted));
    let numbers = trained.curve.names.iter().map(String::as_str);
    let numbers = numbers.map(|name| (name, trained.curve.last(name).expect("an epoch")));
    for (name, found) in numbers.chain(trained.numbers.iter().copied()) {
        let what = format!("{what}: {name} {found}, log-likelihood {exact}");
        match name {
            "valid_ll" => assert!((found - exact).abs() < 2e-4, "{what}"),
            // One draw, or five, of 200 observations each.
            "valid_elbo" | "valid_iwae" => assert!(found < exact + 0.1, "{what}"),
            // Of the empiricalised model, before its prior is recovered.
            "valid_empirical_ll" => {}
            "train_loss" | "recovery_loss" | "decoder_passes" | "network_passes" => {}
            // A difference of log-likelihoods, not one.
            "recovery_cost" | "recovery_cost_se" => {}
            // A discriminator's guess at a bound may lie on either side.
            "valid_bound_estimate"
            | "train_autoencoder"
            | "train_code_discriminator"
            | "train_discriminator" => {}
            other => panic!("say here what `{other}` estimates"),
        }
        let known = model.measures().iter().any(|measure| measure.name == name);
        assert!(known, "{what}: `measures` does not have it");
    }
}

#[test]
fn every_score_of_a_likelihood_refuses_what_the_density_is_not_over() {
    let model = ObservationModel::Bernoulli;
    let mut data = data(model);
    let mut x = test(&data).values;
    x[7] = -0.5;
    let n = x.len() / DIMENSIONS;
    data.test = data.test.with("x", Array::new(&[n, DIMENSIONS], x));
    let emitted = vec![0.0; DIMENSIONS];
    for metric in ALL
        .iter()
        .filter(|metric| metric.needs().contains(&Capability::Likelihood))
    {
        let emitted = emitted.clone();
        let error = score(*metric, &Deaf { model, emitted }, &data);
        let said = error.expect_err("it is no density over them").to_string();
        assert!(said.contains("-0.5"), "{}: {said}", metric.name());
    }
}

#[test]
fn every_training_refuses_what_its_density_is_not_over() {
    let mut data = data(ObservationModel::Bernoulli);
    let mut x = models::params::observations(&data, "valid")
        .expect("some")
        .values;
    x[4] = 1.25;
    data.valid = Split::new().with("x", Array::new(&[x.len() / DIMENSIONS, DIMENSIONS], x));
    for model in with_a_choice_of_density() {
        let given = [
            ("latent", Value::Int(1)),
            ("hidden", vec![Value::Int(4)].into()),
            ("visible", "bernoulli".into()),
            ("seed", Value::Int(1)),
            ("device", "cpu".into()),
        ];
        let error = {
            let values = values(model.params(), &given);
            model.train(&data, &ExtraInputs::new(), &values, &Session::default())
        };
        let said = error.expect_err("it is no density over them").to_string();
        assert!(
            said.contains("`valid` of `line` has 1.25 in observation 1"),
            "{said}"
        );
    }
}

/// Numbers as a wrong quadrature or a wrong bound would give them, one at a time.
#[test]
fn contradictions_are_told() {
    let told = |name: &str, numbers: &[f64]| {
        let metric = ALL
            .iter()
            .find(|metric| metric.name() == name)
            .expect("it is there");
        assert_eq!(numbers.len(), metric.measures().len(), "{name}");
        metric.contradictions(numbers).join("; ")
    };
    // test_kl, its error, ll, quadrature_error, elbo_gap, its error.
    assert_eq!(told("test-kl", &[0.1, 0.02, -1.0, 1e-6, 0.3, 0.02]), "");
    assert_eq!(
        told("test-kl", &[-0.05, 0.02, -1.0, 1e-6, f64::NAN, f64::NAN]),
        ""
    );
    assert!(told("test-kl", &[0.1, 0.02, -1.0, 1e-6, -0.53, 0.02]).contains("ELBO"));
    assert!(told("test-kl", &[-0.5, 0.02, -1.0, 1e-6, 0.3, 0.02]).contains("below 0"));
    assert!(told("test-kl", &[0.1, 0.02, -1.0, 0.03, 0.3, 0.02]).contains("`nodes`"));
    // iwae_kl, its error, iwae_ll, iwae_gap, its error, worst, iwae_gain, its error.
    let good = [0.1, 0.02, -1.0, 0.005, 0.001, 0.1, 0.3, 0.02];
    assert_eq!(told("iwae-bound", &good), "");
    let with = |at: usize, number: f64| {
        let mut numbers = good;
        numbers[at] = number;
        told("iwae-bound", &numbers)
    };
    assert!(with(3, -0.53).contains("above the quadrature"));
    assert!(with(3, 0.5).contains("below the quadrature"));
    assert!(with(6, -0.3).contains("below the ELBO"));
    // mean_gap, its error, grid_gap, its error, mean_gap_start, grid_gap_start.
    assert_eq!(told("grid-gap", &[0.1, 0.01, -0.04, 0.01, 0.1, 0.5]), "");
    assert!(told("grid-gap", &[0.1, 0.01, -0.4, 0.01, 0.1, 0.5]).contains("`grid_gap` = -0.4"));
    assert!(told("grid-gap", &[0.1, 0.01, 0.4, 0.01, 0.1, -0.5]).contains("`grid_gap_start`"));
    // marginal_kl, its error, lower, posterior_kl, mutual_information.
    assert_eq!(told("marginal-kl", &[1.0, 0.01, -2.0, 3.0, 2.0]), "");
    assert!(told("marginal-kl", &[-1.0, 0.01, -2.0, 3.0, 2.0]).contains("below 0"));
    assert!(told("marginal-kl", &[1.0, 0.01, 2.0, 3.0, 2.0]).contains("lower bound"));
    assert!(told("marginal-kl", &[4.0, 0.01, 2.0, 3.0, 2.0]).contains("upper bound"));
}

/// Sequences have no matrix `x`: what a score reads of them goes by way of the model.
#[test]
fn every_score_that_a_model_of_sequences_can_have_is_a_number() {
    let sizes = [
        ("vocabulary", 9),
        ("hidden", 6),
        ("length", 4),
        ("train", 30),
        ("valid", 10),
        ("test", 10),
        ("true_nll", 4),
        ("oracle", 0),
        ("seed", 0),
    ];
    let sizes = sizes.map(|(name, n)| (name, Value::Int(n)));
    let data = load("oracle-lstm", &sizes);
    let all = models::ALL.iter();
    let mut of_sequences =
        all.filter(|model| model.capabilities().contains(&Capability::Sequences));
    let model = of_sequences.next().expect("the LSTM");
    let small = [
        ("latent", Value::Int(2)),
        ("embedding", Value::Int(5)),
        ("hidden", Value::Int(6)),
        ("inference", "sa-vae".into()),
        ("steps", Value::Int(2)),
        ("epochs", Value::Int(1)),
        ("batch", Value::Int(10)),
        ("device", "cpu".into()),
        ("seed", Value::Int(1)),
    ];
    let small = values(model.params(), &small);
    let trained = model.train(&data, &ExtraInputs::new(), &small, &Session::default());
    let weights = trained.expect("it trains").weights;
    let fitted = models::open(&weights, DeviceChoice::Cpu).expect("they are its");
    let mut scored = Vec::new();
    for metric in ALL {
        let needs = metric.needs();
        if !needs.iter().all(|need| model.capabilities().contains(need)) {
            continue;
        }
        let quick = [
            ("samples", Value::Int(20)),
            ("density", "gmm".into()),
            ("iterations", Value::Int(3)),
            ("units", Value::Int(8)),
            ("components", Value::Int(2)),
            ("seed", Value::Int(1)),
        ];
        let quick = values(metric.params(), &quick);
        let scores = metric.score(&Asked {
            model: &*fitted,
            data: &data,
            classifier: None,
            params: &quick,
            monitor: &Session::default(),
        });
        let scores = scores.unwrap_or_else(|error| panic!("{}: {error}", metric.name()));
        let numbers = scores.numbers;
        assert!(
            numbers.iter().all(|number| number.is_finite()),
            "{}",
            metric.name()
        );
        scored.push(metric.name());
    }
    assert!(scored.contains(&"marginal-kl"), "{scored:?}");
}
