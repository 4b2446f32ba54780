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
    let (data, given) = match model.name() {
        "lstm-vae" => sequences(),
        "pixelcnn-vae" => images(),
        _ => points(),
    };
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
