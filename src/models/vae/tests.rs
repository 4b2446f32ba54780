//! Every network, density and posterior: trained, interrupted, opened, and asked.

use super::*;
use crate::data::Array;
use crate::data::Split;
use crate::models::Rows;
use crate::models::agreement;
use crate::models::observation::ObservationModel;
use crate::random::Seed;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

/// Pictures of 256 grey levels, with a bright side.
fn pictures(side: usize) -> Dataset {
    let split = |n: usize, seed: u64| {
        let mut stream = Seed::new(seed).stream(0);
        let levels = stream
            .uniform(n * side * side, 0.0, 1.0)
            .into_iter()
            .enumerate();
        let bright = |at: usize| {
            if (at / (side * side)) % 2 == at % 2 {
                0.6
            } else {
                0.2
            }
        };
        let grey = levels.map(|(at, u)| ((bright(at) + 0.3 * u) * 255.0).round() / 255.0);
        Split::new().with(
            "x",
            Array::new(&[n, 1, side, side], grey.collect::<Vec<f32>>()),
        )
    };
    let meta = serde_json::json!({"name": "pictures", "shape": [1, side, side]});
    Dataset::new(split(40, 1), split(4, 2), split(4, 3), meta)
}

#[test]
fn the_loss_that_it_tells_is_that_of_its_documentation() {
    assert!(Vae.docs().contains(LOSS));
    let trained = train(
        &pictures(8),
        &[("latent", Value::Int(2))],
        &mut Session::default(),
    )
    .expect("it trains");
    let networks = Vae.networks(&trained.weights).expect("it tells");
    let names: Vec<&str> = networks.iter().map(|network| network.name).collect();
    assert_eq!(names, ["encoder", "decoder"]);
    assert!(networks.iter().all(|network| network.learns.loss == LOSS));
}

fn train(
    data: &Dataset,
    given: &[(&'static str, Value)],
    session: &mut Session,
) -> Result<Trained, ModelError> {
    let mut all = vec![
        ("hidden", vec![Value::Int(8)].into()),
        ("coupling_hidden", vec![Value::Int(6)].into()),
        ("coupling_features", Value::Int(3)),
        ("maps", Value::Int(4)),
        ("sigma", Value::Float(0.3)),
        ("epochs", Value::Int(2)),
        ("batch", Value::Int(16)),
        ("lr", Value::Float(0.01)),
        ("seed", Value::Int(3)),
        ("device", "cpu".into()),
    ];
    all.extend(given.iter().cloned());
    let values = values(Vae.params(), &all);
    Vae.train(data, &ExtraInputs::new(), &values, session)
}

fn opened(trained: &Trained) -> Box<dyn Fitted> {
    crate::models::open(&trained.weights, DeviceChoice::Cpu).expect("its own weights")
}

const POSTERIORS: [&str; 2] = ["gaussian", "rnvp"];

/// With one latent dimension and 16 numbers of x the training itself holds the mean of bounds at draws
/// against log p(x) by quadrature, and fails where it is above it.
#[test]
fn every_density_and_posterior_bounds_the_quadrature() {
    let data = pictures(4);
    // The scores' tests do the same for affine networks, the categorical among them.
    let fast = |name: &&str| *name != "categorical";
    for visible in ObservationModel::NAMES.into_iter().filter(fast) {
        for posterior in POSTERIORS {
            for network in ["mlp", "color-mnist"] {
                let what = format!("{visible} {posterior} {network}");
                let given = [
                    ("latent", Value::Int(1)),
                    ("visible", visible.into()),
                    ("posterior", posterior.into()),
                    ("network", network.into()),
                    ("epochs", Value::Int(3)),
                ];
                let trained = train(&data, &given, &mut Session::default());
                let trained = trained.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert!(trained.diverged.is_none(), "{what}");
                let ll = trained.numbers.iter().find(|(name, _)| *name == "valid_ll");
                let ll = ll.unwrap_or_else(|| panic!("{what}: no quadrature")).1;
                // By importance sampling with log q(z|x) at the draws: the same number within its error.
                let fitted = opened(&trained);
                let x = params_of(&data);
                let posterior = fitted.posteriors(&x).expect("an encoder");
                let draws = 300;
                let mut stream = Seed::new(9).stream(0);
                let mut total = 0.0;
                let mut variance = 0.0;
                for n in 0..x.len() {
                    let of = vec![n; draws];
                    let drawn = posterior
                        .draw(&of, &stream.normal(draws))
                        .expect("a density");
                    let own = Rows::new(x.columns, x.gather(&of));
                    let logs = fitted
                        .log_likelihood(&own, &drawn.z)
                        .expect("in the support");
                    let prior = crate::models::posteriors::log_priors(&drawn.z);
                    let terms = logs.iter().zip(prior).zip(&drawn.log_density);
                    let mut weights: Vec<f64> = terms.map(|((l, p), q)| l + p - q).collect();
                    let log = crate::models::observation::normalise(&mut weights);
                    total += log - (draws as f64).ln();
                    let squares: f64 = weights.iter().map(|w| w * w).sum();
                    variance += squares - 1.0 / draws as f64;
                }
                let n = x.len() as f64;
                let error = variance.sqrt() / n;
                assert!(
                    (total / n - ll).abs() < 5.0 * error + 0.02,
                    "{what}: {} {ll} {error}",
                    total / n
                );
            }
        }
    }
}

fn params_of(data: &Dataset) -> Rows {
    crate::models::params::observations(data, "valid").expect("pictures")
}

/// No level has more than all of the probability, and the training's bound is in the same nats, though it knows the
/// levels under noise alone.
#[test]
fn a_quantized_normal_is_trained_and_scored_in_nats_of_whole_levels() {
    let data = pictures(8);
    let data = Dataset::new(
        data.train.clone(),
        data.train.clone(),
        data.train.clone(),
        serde_json::json!({"name": "pictures", "shape": [1, 8, 8]}),
    );
    for (scope, epochs) in [("global", 1), ("global", 60), ("pixel", 60)] {
        let given = [
            ("latent", Value::Int(2)),
            ("visible", "quantized-normal".into()),
            ("sigma_of", scope.into()),
            ("epochs", Value::Int(epochs)),
        ];
        let trained = train(&data, &given, &mut Session::default()).expect("it trains");
        let last = trained.curve.rows.last().expect("epochs");
        let of = |name: &str| {
            let at = trained.curve.names.iter().position(|own| own == name);
            last.scores[at.expect("it is reported")]
        };
        let (loss, elbo) = (of("train_loss"), of("valid_elbo"));
        assert!(elbo < 0.0, "{scope} {epochs}: {elbo}");
        // 64 ln 255 = 355 if one of them were of the density; an epoch changes the networks by less than 30.
        assert!(
            (loss + elbo).abs() < 30.0,
            "{scope} {epochs}: {loss} {elbo}"
        );
    }
}

#[test]
fn what_was_drawn_has_the_density_that_it_was_drawn_with() {
    let data = pictures(8);
    for posterior in POSTERIORS {
        let given = [
            ("latent", Value::Int(5)),
            ("posterior", posterior.into()),
            ("network", "dcgan".into()),
        ];
        let trained = train(&data, &given, &mut Session::default()).expect("it trains");
        let fitted = opened(&trained);
        let x = params_of(&data);
        let posterior = fitted.posteriors(&x).expect("an encoder");
        let of: Vec<usize> = (0..x.len()).rev().collect();
        let noise = Seed::new(4).stream(0).normal(of.len() * 5);
        let drawn = posterior.draw(&of, &noise).expect("a density");
        let found = posterior.log_density(&of, &drawn.z).expect("a density");
        for (found, log_q) in found.iter().zip(&drawn.log_density) {
            // Single precision there and back.
            assert!((found - log_q).abs() < 1e-3, "{found} {log_q}");
        }
        let able = Vae.capabilities();
        let bounds = agreement::elbo_draws(&*fitted, &x, &mut Seed::new(5).stream(0));
        assert!(bounds.expect("a likelihood").is_some(), "{able:?}");
    }
}

#[test]
fn a_flow_posterior_integrates_to_one() {
    let given = [
        ("latent", Value::Int(2)),
        ("posterior", "rnvp".into()),
        ("epochs", Value::Int(20)),
        ("lr", Value::Float(0.02)),
    ];
    let trained = train(&pictures(4), &given, &mut Session::default()).expect("it trains");
    let fitted = opened(&trained);
    let x = params_of(&pictures(4));
    let posterior = fitted.posteriors(&x).expect("an encoder");
    let (step, reach) = (0.05, 120);
    let nodes: Vec<f32> = (-reach..=reach).map(|i| i as f32 * step).collect();
    let z = nodes
        .iter()
        .flat_map(|a| nodes.iter().flat_map(move |b| [*a, *b]));
    let z = Rows::new(2, z.collect());
    for n in [0, 3] {
        let logs = posterior
            .log_density(&vec![n; z.len()], &z)
            .expect("a density");
        let cell = f64::from(step) * f64::from(step);
        let mass: f64 = logs.iter().map(|log| cell * log.exp()).sum();
        assert!((mass - 1.0).abs() < 5e-3, "{n}: {mass}");
    }
}

#[test]
fn interruptions_and_batches_leave_every_network_alone() {
    let data = pictures(8);
    for network in ["mlp", "color-mnist", "dcgan"] {
        for (visible, sigma_of) in [
            ("bernoulli", "pixel"),
            ("quantized-normal", "global"),
            ("quantized-normal", "channel"),
            ("quantized-normal", "pixel"),
        ] {
            let what = format!("{network} {visible} {sigma_of}");
            let given = [
                ("latent", Value::Int(3)),
                ("network", network.into()),
                ("visible", visible.into()),
                ("sigma_of", sigma_of.into()),
                ("posterior", "rnvp".into()),
            ];
            let whole = train(&data, &given, &mut Session::default()).expect("it trains");
            let mut session = Session::stopping_after(4);
            let stopped = train(&data, &given, &mut session);
            assert!(matches!(stopped, Err(ModelError::Cancelled)), "{what}");
            let mut session = session.next_attempt(None);
            let resumed = train(&data, &given, &mut session).expect("it goes on");
            assert!(resumed.weights == whole.weights, "{what}");
            assert_eq!(resumed.curve, whole.curve, "{what}");
            let fitted = opened(&whole);
            let x = params_of(&data);
            let together = fitted.encode(&x).expect("an encoder").codes();
            for (n, x) in x.chunks(1).enumerate() {
                let alone = fitted.encode(&x).expect("an encoder").codes();
                for (a, b) in alone.values.iter().zip(&together.values[3 * n..]) {
                    assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{what}: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn observations_between_the_levels_are_refused_for_densities_of_levels() {
    let split = || Split::new().with("x", Array::new(&[4, 2], vec![0.1f32; 8]));
    let meta = serde_json::json!({"name": "mine"});
    let data = Dataset::new(split(), split(), split(), meta);
    for visible in ["categorical", "quantized-normal"] {
        let given = [("latent", Value::Int(1)), ("visible", visible.into())];
        let said = train(&data, &given, &mut Session::default()).err();
        let said = said.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            said.contains("grey levels") && said.contains("0.1"),
            "{said}"
        );
    }
}
