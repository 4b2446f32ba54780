//! Every model trains to the same bytes on any number of threads and after an interruption, and
//! starts its log with its layers.

use super::ALL;
use super::ExtraInputs;
use super::Model;
use super::ModelError;
use super::Rows;
use super::pixelcnn_vae;
use crate::data::Dataset;
use crate::data::tests::support::load;
use crate::nn::DeviceChoice;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::Trained;
use crate::training::tests::Session;

/// Three epochs of three batches, the last of them smaller.
fn train(model: &dyn Model, threads: usize, session: &mut Session) -> Result<Trained, ModelError> {
    train_with(model, threads, session, &[])
}

/// The same with some parameters changed.
fn train_with(
    model: &dyn Model,
    threads: usize,
    session: &mut Session,
    changed: &[(&'static str, Value)],
) -> Result<Trained, ModelError> {
    let (data, mut given) = match model.name() {
        "lstm-vae" => sequences(),
        "pixelcnn-vae" => images(),
        _ => points(),
    };
    given.retain(|(name, _)| changed.iter().all(|(other, _)| name != other));
    given.extend(changed.iter().cloned());
    let values = values(model.params(), &given);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a small pool")
        .install(move || model.train(&data, &ExtraInputs::new(), &values, session))
}

fn sequences() -> (Dataset, Vec<(&'static str, Value)>) {
    let given = vec![
        ("latent", Value::Int(2)),
        ("embedding", Value::Int(6)),
        ("hidden", Value::Int(5)),
        ("steps", Value::Int(2)),
        ("epochs", Value::Int(3)),
        ("batch", Value::Int(25)),
        ("seed", Value::Int(3)),
        ("device", "cpu".into()),
    ];
    let data = [
        ("vocabulary", Value::Int(12)),
        ("hidden", Value::Int(7)),
        ("train", Value::Int(60)),
        ("valid", Value::Int(30)),
        ("test", Value::Int(1)),
        ("true_nll", Value::Int(0)),
        ("oracle", Value::Int(0)),
        ("seed", Value::Int(0)),
    ];
    (load("oracle-lstm", &data), given)
}

fn images() -> (Dataset, Vec<(&'static str, Value)>) {
    let given = vec![
        ("latent", Value::Int(2)),
        ("maps", Value::Int(3)),
        ("blocks", Value::Int(2)),
        ("channels", Value::Int(3)),
        ("kernels", vec![Value::Int(3), Value::Int(3)].into()),
        ("steps", Value::Int(2)),
        ("epochs", Value::Int(3)),
        ("batch", Value::Int(25)),
        ("seed", Value::Int(3)),
        ("device", "cpu".into()),
    ];
    (pixelcnn_vae::tests::halves(4, 60), given)
}

fn points() -> (Dataset, Vec<(&'static str, Value)>) {
    let given = vec![
        ("latent", Value::Int(1)),
        ("hidden", vec![Value::Int(12)].into()),
        ("samples", Value::Int(4)),
        ("nearest", Value::Int(2)),
        ("visible", "gaussian".into()),
        ("output", "identity".into()),
        ("critic_updates", Value::Int(1)),
        ("code_hidden", vec![Value::Int(12)].into()),
        ("joint_features", Value::Int(6)),
        ("joint_hidden", vec![Value::Int(12)].into()),
        ("noise", Value::Int(3)),
        ("features", Value::Int(6)),
        ("epochs", Value::Int(3)),
        // A prior that is not recovered is warned of.
        ("recovery_epochs", Value::Int(40)),
        ("recovery_lr", Value::Float(0.02)),
        ("recovery_batch", Value::Int(25)),
        ("batch", Value::Int(25)),
        ("seed", Value::Int(3)),
        ("device", "cpu".into()),
    ];
    let data = load(
        "synthetic",
        &[
            ("name", "circle".into()),
            ("points", Value::Int(60)),
            ("seed", Value::Int(0)),
        ],
    );
    (data, given)
}

#[test]
fn threads_and_interruptions_leave_the_bytes_alone() {
    for model in ALL {
        let name = model.name();
        let mut session = Session::default();
        let whole = train(*model, 1, &mut session).expect("it trains");
        let parallel = train(*model, 2, &mut Session::default()).expect("it trains");
        assert!(parallel.weights == whole.weights, "{name}: two threads");

        assert_eq!(parallel.curve, whole.curve, "{name}: two threads");
        // The second one is in the recovery of a prior, where there is one.
        for stop in [5, session.total.get() - 2] {
            let mut session = Session::stopping_after(stop);
            let stopped = train(*model, 2, &mut session);
            assert!(matches!(stopped, Err(ModelError::Cancelled)), "{name}");
            let mut session = session.next_attempt(None);
            let resumed = train(*model, 1, &mut session).expect("it goes on");
            let log = session.log.take();
            let phases = model.params().iter().any(|p| p.name == "recovery_epochs");
            let place = match (phases, stop) {
                (true, stop) if stop > 9 => format!("iteration {} of `recovery`", stop - 9),
                (_, stop) => format!("iteration {stop}"),
            };
            assert!(
                log.contains(&format!("going on after {place}\n")),
                "{name}: {log}"
            );
            assert!(
                resumed.weights == whole.weights,
                "{name}: resumed at {stop}"
            );
            assert_eq!(resumed.curve, whole.curve, "{name}: resumed at {stop}");
            assert_eq!(resumed.numbers, whole.numbers, "{name}: resumed at {stop}");
        }
    }
}

/// As a search with a budget has it: one epoch, then the training goes on to three.
#[test]
fn a_training_that_goes_on_with_more_budget_has_the_bytes_of_one_that_had_it() {
    for model in ALL {
        let name = model.name();
        let mut session = Session::default();
        let whole = train(*model, 1, &mut session).expect("it trains");
        let epochs = |n: i64| [("epochs", Value::Int(n))];
        let mut session = Session::handing_on();
        for budget in [1, 2] {
            train_with(*model, 1, &mut session, &epochs(budget)).expect("it trains");
            let log = session.log.take();
            assert_eq!(log.contains("going on after"), budget > 1, "{name}: {log}");
            session = session.next_attempt(None);
            session.goes_on = true;
        }
        session.goes_on = false;
        let further = train(*model, 1, &mut session).expect("it goes on");
        let log = session.log.take();
        assert!(log.contains("going on after iteration"), "{name}: {log}");
        assert!(further.weights == whole.weights, "{name}");
        assert_eq!(further.curve, whole.curve, "{name}");
        assert_eq!(further.later, whole.later, "{name}");
        assert_eq!(further.numbers, whole.numbers, "{name}");
        // What is left by one with more budget is no beginning of one with less.
        let mut session = Session::handing_on();
        train(*model, 1, &mut session).expect("it trains");
        let mut session = session.next_attempt(None);
        let less = train_with(*model, 1, &mut session, &epochs(1)).expect("it trains");
        let mut session = Session::default();
        let afresh = train_with(*model, 1, &mut session, &epochs(1)).expect("it trains");
        assert!(less.weights == afresh.weights, "{name}");
    }
}

#[test]
fn a_training_does_not_go_on_where_its_budget_decides_what_it_does() {
    for model in ALL {
        if !model.params().iter().any(|param| param.name == "schedule") {
            continue;
        }
        let name = model.name();
        let falls = |n: i64| [("epochs", Value::Int(n)), ("schedule", "cosine".into())];
        let mut session = Session::handing_on();
        train_with(*model, 1, &mut session, &falls(1)).expect("it trains");
        let mut session = session.next_attempt(None);
        let further = train_with(*model, 1, &mut session, &falls(3)).expect("it trains");
        let log = session.log.take();
        assert!(
            log.contains("of another training: starting afresh"),
            "{name}: {log}"
        );
        let mut session = Session::default();
        let whole = train_with(*model, 1, &mut session, &falls(3)).expect("it trains");
        assert!(further.weights == whole.weights, "{name}");
        assert_eq!(further.curve, whole.curve, "{name}");
    }
}

#[test]
fn a_training_starts_its_log_with_its_layers() {
    for model in ALL {
        let mut session = Session::default();
        train(*model, 1, &mut session).expect("it trains");
        let log = session.log.take();
        let lines: Vec<Vec<&str>> = log
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(lines[0], ["parameter", "shape", "count"], "{log}");
        let first = match model.name() {
            "lstm-vae" => ["encoder.embedding.weight", "12×6", "72"],
            "pixelcnn-vae" => ["encoder.0.block.conv1.weight", "3×1×3×3", "27"],
            "adversarial-vb" => ["encoder.features.0.weight", "12×2", "24"],
            "dcgan" | "veegan" | "wgan-gp" => ["generator.0.weight", "12×1", "12"],
            _ => ["encoder.0.weight", "12×2", "24"],
        };
        assert_eq!(lines[1], first, "{log}");
        assert!(lines.iter().any(|line| line[0] == "total"), "{log}");
    }
}

#[test]
fn a_model_can_do_what_its_entry_says() {
    for model in ALL {
        let name = model.name();
        let trained = train(*model, 1, &mut Session::default()).expect("it trains");
        let fitted = super::open(&trained.weights, DeviceChoice::Cpu).expect("its own weights");
        let x = Rows::new(2, vec![0.5, -0.5, 1.0, 0.0]);
        let able = model.capabilities();
        let refines = able.contains(&Capability::PosteriorRefinement);
        assert_eq!(fitted.semi_amortized().is_some(), refines, "{name}");
        if refines {
            continue;
        }
        let encoded = fitted.encode(&x);
        assert_eq!(encoded.is_ok(), able.contains(&Capability::Codes), "{name}");
        let density = encoded.is_ok_and(|posterior| posterior.has_density());
        let weighed = able.contains(&Capability::PosteriorDensity);
        assert_eq!(density, weighed, "{name}");
        assert!(
            !able.contains(&Capability::DiagonalPosterior) || weighed,
            "{name}"
        );
        let z = Rows::new(1, vec![0.1, -0.3]);
        let decodes = fitted.means(&z).is_ok();
        assert_eq!(decodes, able.contains(&Capability::Decoder), "{name}");
        let likelihood = fitted.log_likelihood(&x, &z).is_ok();
        assert_eq!(likelihood, able.contains(&Capability::Likelihood), "{name}");
        let samples = fitted.sample(3, &mut Seed::new(1).stream(0)).is_ok();
        assert_eq!(samples, able.contains(&Capability::Samples), "{name}");
    }
}
