//! CIFAR-10: the record layout against an independent reading, and damaged files.

use std::path::Path;

use proptest::prelude::*;

use super::support::complaint;
use super::support::load_in;
use super::support::project;
use super::support::put;
use crate::data::cifar10::parse;
use crate::registry::Value;

fn given(folder: &'static str) -> [(&'static str, Value); 3] {
    [
        ("folder", folder.into()),
        ("batches", 1.into()),
        ("valid", 10.into()),
    ]
}

/// Labels, plane sums and one pixel as Python read them from the same records.
#[test]
fn planes_are_red_green_blue_and_row_major() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = given("tests/fixtures/cifar10-format");
    let data = load_in(root, "cifar10", &given).expect("the fixture is whole");
    assert_eq!(data.splits().map(|(_, split)| split.len()), [50, 10, 20]);
    assert_eq!(data.shape(), [3, 32, 32]);
    let labels = data.train.labels().expect("records have labels");
    assert_eq!(labels[..10], [0, 2, 5, 4, 2, 0, 4, 4, 5, 3]);
    let x = data.train.x_f32().expect("records have pixels");
    let sums: Vec<u32> = x[..6 * 1024]
        .chunks(1024)
        .map(|plane| plane.iter().map(|x| (x * 255.0).round() as u32).sum())
        .collect();
    assert_eq!(sums, [160426, 144718, 142030, 157366, 117164, 82771]);
    // Image 1, green, row 5, column 7.
    assert_eq!(x[3072 + 1024 + 5 * 32 + 7], 93.0 / 255.0);
}

#[test]
fn missing_and_damaged_batches_are_named() {
    let space = project();
    let root = space.path();
    let found = complaint(root, "cifar10", &given("photos"));
    let begin = "data set `cifar10` needs `photos/data_batch_1.bin`, which is not there: unpack \
                 `cifar-10-binary.tar.gz`";
    assert!(found.starts_with(begin), "{found}");
    put(root, "photos/data_batch_1.bin", &[0; 3073 + 3000]);
    assert_eq!(
        complaint(root, "cifar10", &given("photos")),
        "`photos/data_batch_1.bin`: it is cut off: 6146 bytes are announced, 6073 are there"
    );
    put(root, "photos/data_batch_1.bin", &[10; 3073]);
    assert_eq!(
        complaint(root, "cifar10", &given("photos")),
        "`photos/data_batch_1.bin`: record 0 has label 10, not a class from 0 to 9"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..7000)) {
        let _ = parse(&bytes, &mut (Vec::new(), Vec::new()));
    }
}
