//! Networks for pictures, and densities: trained, interrupted, and held against the quadrature.

use super::*;
use crate::data::Array;
use crate::data::Split;
use crate::random::Seed;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

/// Pictures of `side` × `side` pixels, one half of each brighter.
fn pictures(side: usize) -> Dataset {
    let split = |n: usize, seed: u64| {
        let noise = Seed::new(seed).stream(0).uniform(n * side * side, 0.0, 0.4);
        let grey = noise.into_iter().enumerate().map(|(at, noise)| {
            let (picture, row) = (at / (side * side), at / side % side);
            noise
                + if (2 * row < side) == (picture % 2 == 0) {
                    0.6
                } else {
                    0.0
                }
        });
        let shape = [n, 1, side, side];
        Split::new().with("x", Array::new(&shape, grey.collect::<Vec<f32>>()))
    };
    let meta = serde_json::json!({"name": "pictures", "shape": [1, side, side]});
    Dataset::new(split(40, 1), split(4, 2), split(4, 3), meta)
}

fn train(
    data: &Dataset,
    given: &[(&'static str, Value)],
    session: &mut Session,
) -> Result<Trained, ModelError> {
    let mut all = vec![
        ("hidden", vec![Value::Int(8)].into()),
        ("maps", Value::Int(4)),
        ("samples", Value::Int(5)),
        ("sigma", Value::Float(0.3)),
        ("epochs", Value::Int(2)),
        ("batch", Value::Int(16)),
        ("lr", Value::Float(0.01)),
        ("device", "cpu".into()),
    ];
    all.extend(given.iter().cloned());
    Iwae.train(
        data,
        &ExtraInputs::new(),
        &values(Iwae.params(), &all),
        session,
    )
}

/// With one latent dimension the training holds the bound of 4 × 4 pixels against the quadrature itself, and fails
/// where it is above it.
#[test]
fn every_network_and_density_trains_and_goes_on_after_an_interrupt() {
    for (network, side, latent) in [("mlp", 4, 1), ("color-mnist", 4, 1), ("dcgan", 8, 3)] {
        let data = pictures(side);
        for visible in ObservationModel::PLAIN {
            let what = format!("{network} {visible}");
            let given = [
                ("latent", Value::Int(latent)),
                ("network", network.into()),
                ("visible", visible.into()),
            ];
            let whole = train(&data, &given, &mut Session::default()).expect("it trains");
            assert!(whole.diverged.is_none(), "{what}");
            let ll = whole.numbers.iter().any(|(name, _)| *name == "valid_ll");
            assert_eq!(ll, latent == 1, "{what}");
            let mut session = Session::stopping_after(4);
            let stopped = train(&data, &given, &mut session);
            assert!(matches!(stopped, Err(ModelError::Cancelled)), "{what}");
            let resumed =
                train(&data, &given, &mut session.next_attempt(None)).expect("it goes on");
            assert!(resumed.weights == whole.weights, "{what}");
            assert_eq!(resumed.curve, whole.curve, "{what}");
        }
    }
}

#[test]
fn observations_that_are_no_pictures_are_refused_before_training() {
    let given = [("network", "dcgan".into())];
    let params = values(Iwae.params(), &given);
    let shape = |shape: &[usize]| Facts {
        shape: Some(shape.to_vec()),
        ..Facts::default()
    };
    assert!(Iwae.foresee(&params, &|_| shape(&[2])).is_err());
    assert!(Iwae.foresee(&params, &|_| shape(&[1, 16, 16])).is_ok());
    let said = train(&pictures(4), &given, &mut Session::default()).err();
    assert!(said.is_some_and(|said| said.to_string().contains("at least 8 × 8")));
}
