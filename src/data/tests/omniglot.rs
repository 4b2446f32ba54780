//! Omniglot: the file as an independent writer makes it, and what is refused.

use std::collections::BTreeSet;
use std::path::Path;

use super::support::complaint;
use super::support::load;
use super::support::load_in;
use super::support::project;
use super::support::put;
use crate::data::Array;
use crate::data::Dataset;
use crate::registry::Value;

fn given(seed: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("folder", "tests/fixtures/omniglot-format".into()),
        ("valid", 10.into()),
        ("seed", seed.into()),
    ]
}

fn fixture(given: &[(&str, Value)]) -> Dataset {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    load_in(root, "omniglot", given).expect("the fixture is whole")
}

fn x(split: &crate::data::Split) -> Vec<f32> {
    split.get("x").map(Array::to_f32).unwrap_or_default()
}

/// SciPy wrote MNIST digits column by column: upright, they are the digits of `mnist`.
#[test]
fn images_are_upright() {
    let mut grey = given(0);
    grey.push(("binarize", "none".into()));
    let data = fixture(&grey);
    assert_eq!(data.splits().map(|(_, split)| split.len()), [30, 10, 12]);
    assert_eq!(data.shape(), [1, 28, 28]);
    let digits = x(&load("mnist", &[]).train);
    assert_eq!(x(&data.test), digits[40 * 784..52 * 784]);
    // Training images are the same set in another order.
    let bits = |image: &[f32]| image.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
    let of = |x: &[f32]| x.chunks(784).map(bits).collect::<BTreeSet<Vec<u32>>>();
    let both = [x(&data.train), x(&data.valid)].concat();
    assert_eq!(of(&both), of(&digits[..40 * 784]));
    assert_ne!(both, digits[..40 * 784]);
}

#[test]
fn evaluation_images_are_binary_and_training_images_grey() {
    let data = fixture(&given(0));
    let binary = |x: &[f32]| x.iter().all(|x| *x == 0.0 || *x == 1.0);
    assert!(binary(&x(&data.valid)) && binary(&x(&data.test)));
    assert!(!binary(&x(&data.train)));
    assert_eq!(fixture(&given(0)).to_bytes(), data.to_bytes());
    let other = fixture(&given(1));
    assert_ne!(other.test, data.test);
    assert_ne!(other.train, data.train);
}

#[test]
fn missing_and_foreign_files_are_named() {
    let space = project();
    let root = space.path();
    let given = [("folder", "characters".into())];
    let found = complaint(root, "omniglot", &given);
    let begin =
        "data set `omniglot` needs `characters/chardata.mat`, which is not there: put it there";
    assert!(found.starts_with(begin), "{found}");
    put(
        root,
        "characters/chardata.mat",
        b"MATLAB 7.3 MAT-file, Platform",
    );
    assert_eq!(
        complaint(root, "omniglot", &given),
        "`characters/chardata.mat`: its header is of MATLAB 7.3: save it with `-v7` or older"
    );
}

#[test]
fn more_validation_images_than_there_are_is_a_mistake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = [("folder", "tests/fixtures/omniglot-format".into())];
    assert_eq!(
        complaint(root, "omniglot", &given),
        "`valid` is 2000, but there are only 40 training observations, and some must be left to train on"
    );
}

#[test]
fn without_a_folder_digits_stand_in_and_say_so() {
    let data = load("omniglot", &[("valid", 100.into()), ("seed", 0.into())]);
    assert_eq!(data.name(), "omniglot-stand-in-digits");
    assert_eq!(
        data.splits().map(|(_, split)| split.len()),
        [9900, 100, 2000]
    );
    assert_eq!(data.shape(), [1, 28, 28]);
    let binary = x(&data.test).iter().all(|x| *x == 0.0 || *x == 1.0);
    assert!(binary);
}
