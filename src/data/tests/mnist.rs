//! MNIST: the shipped digits, folders, downloads from a local server, and damaged files.

use std::path::Path;

use super::support::complaint;
use super::support::gzip;
use super::support::load;
use super::support::load_in;
use super::support::project;
use super::support::put;
use super::support::serve;
use crate::registry::Value;

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// A distribution of six training and two test images; image `i` is grey `10 i`.
fn tiny() -> [Vec<u8>; 4] {
    let images = |count: u32| {
        let pixels: Vec<u8> = (0..count).flat_map(|i| [10 * i as u8; 784]).collect();
        idx(&[count, 28, 28], &pixels)
    };
    [
        images(6),
        idx(&[6], &[0, 1, 2, 3, 4, 5]),
        images(2),
        idx(&[2], &[8, 9]),
    ]
}

fn put_tiny(root: &Path) {
    for (name, bytes) in FILES.iter().zip(tiny()) {
        put(root, &format!("digits/{name}"), &bytes);
    }
}

fn in_digits() -> [(&'static str, Value); 1] {
    [("folder", "digits".into())]
}

/// Labels, means and counts as read from the original files with Python's `gzip` and `struct`.
#[test]
fn the_shipped_digits_are_the_first_of_mnist() {
    let data = load("mnist", &[("valid", 1000.into())]);
    let labels = data.train.labels().expect("digits have labels");
    assert_eq!(labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    let labels = data.test.labels().expect("digits have labels");
    assert_eq!(labels[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let counts = data.splits().map(|(_, split)| split.len());
    assert_eq!(counts, [9000, 1000, 2000]);
    assert_eq!(data.shape(), [1, 28, 28]);
    let x = data.train.x_f32().expect("digits have pixels");
    let sum: f64 = x[..784].iter().map(|x| f64::from(*x) * 255.0).sum();
    assert!((sum - FIRST_DIGIT_SUM).abs() < 0.5, "{sum}");
    // Row 7, column 12 is inside the upper stroke of the first five.
    assert_eq!(x[7 * 28 + 12], FIRST_DIGIT_PIXEL / 255.0);
}

const FIRST_DIGIT_SUM: f64 = 27525.0;
const FIRST_DIGIT_PIXEL: f32 = 253.0;

#[test]
fn a_folder_is_read_gzipped_or_plain() {
    let space = project();
    put_tiny(space.path());
    let plain = load_in(space.path(), "mnist", &in_digits()).expect("the files are whole");
    let counts = plain.splits().map(|(_, split)| split.len());
    assert_eq!(counts, [5, 1, 2]);
    assert_eq!(plain.valid.labels(), Some(vec![5]));
    assert_eq!(plain.test.labels(), Some(vec![8, 9]));

    let other = project();
    for (name, bytes) in FILES.iter().zip(tiny()) {
        put(other.path(), &format!("digits/{name}.gz"), &gzip(&bytes));
    }
    let gzipped = load_in(other.path(), "mnist", &in_digits()).expect("the files are whole");
    assert_eq!(gzipped, plain);
}

#[test]
fn fashion_mnist_is_read_the_same_way() {
    let space = project();
    put_tiny(space.path());
    let given = [("folder", "digits".into()), ("valid", 2.into())];
    let data = load_in(space.path(), "fashion-mnist", &given).expect("the files are whole");
    assert_eq!(data.train.labels(), Some(vec![0, 1, 2, 3]));
    assert_eq!(data.meta["class_names"][9], "ankle boot");
}

#[test]
fn missing_files_are_named_with_what_to_do() {
    let space = project();
    assert_eq!(
        complaint(space.path(), "mnist", &in_digits()),
        "data set `mnist` needs `digits/train-images-idx3-ubyte.gz`, which is not there: put it \
         there, gzipped or plain, or set `download: true` (SHA-256 of the uncompressed file: \
         ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db)"
    );
    assert!(
        complaint(space.path(), "fashion-mnist", &[]).contains("give `folder` with the four files")
    );
    assert_eq!(
        complaint(space.path(), "mnist", &[("download", true.into())]),
        "`download` needs `folder`: the files are kept there"
    );
}

#[test]
fn damaged_files_are_named_with_what_is_wrong() {
    let [images, labels, ..] = tiny();
    let cases: [(&str, Vec<u8>, &str); 8] = [
        (
            "digits/train-images-idx3-ubyte",
            images[..images.len() - 1].to_vec(),
            "`digits/train-images-idx3-ubyte`: it is cut off: 4720 bytes are announced, 4719 are there",
        ),
        (
            "digits/train-images-idx3-ubyte",
            [&images[..], b"x"].concat(),
            "`digits/train-images-idx3-ubyte`: 1 bytes follow after its end",
        ),
        (
            "digits/train-images-idx3-ubyte",
            idx(&[1, 2, 3], &[0; 6]),
            "`digits/train-images-idx3-ubyte`: its dimensions are [1, 2, 3] instead of [n, 28, 28]",
        ),
        (
            "digits/train-images-idx3-ubyte",
            labels.clone(),
            "`digits/train-images-idx3-ubyte`: it begins with [00, 00, 08, 01] instead of \
             [00, 00, 08, 03]: it is not an IDX file of images",
        ),
        (
            "digits/train-labels-idx1-ubyte",
            idx(&[5], &[0; 5]),
            "`digits/train-images-idx3-ubyte` has 6 images, but `digits/train-labels-idx1-ubyte` \
             has 5 labels: take both from one distribution",
        ),
        (
            "digits/train-labels-idx1-ubyte",
            idx(&[6], &[0, 1, 10, 3, 4, 5]),
            "`digits/train-labels-idx1-ubyte`: label 2 is 10, not a class from 0 to 9",
        ),
        (
            "digits/train-labels-idx1-ubyte",
            gzip(&labels)[..20].to_vec(),
            "`digits/train-labels-idx1-ubyte`: its gzip stream is damaged or cut off",
        ),
        (
            "digits/train-labels-idx1-ubyte.gz",
            b"<!DOCTYPE html>".to_vec(),
            "`digits/train-labels-idx1-ubyte.gz`: its name ends in `.gz`, but it is not a gzip \
             file: it begins with [3c, 21, 44, 4f, 43, 54, 59, 50]",
        ),
    ];
    for (path, bytes, expected) in cases {
        let space = project();
        put_tiny(space.path());
        if path.ends_with(".gz") {
            let plain = space.path().join(path.trim_end_matches(".gz"));
            std::fs::remove_file(plain).expect("it was just written");
        }
        put(space.path(), path, &bytes);
        let found = complaint(space.path(), "mnist", &in_digits());
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn more_observations_than_there_are_is_a_mistake() {
    let nowhere = Path::new("/nonexistent");
    assert_eq!(
        complaint(nowhere, "mnist", &[("valid", 10_000.into())]),
        "`valid` is 10000, but there are only 10000 training observations, and some must be left to train on"
    );
    assert_eq!(
        complaint(
            nowhere,
            "mnist",
            &[("valid", 1000.into()), ("train", 9001.into())]
        ),
        "`train` is 9001, but there are only 9000 training observations left"
    );
    assert_eq!(
        complaint(nowhere, "mnist", &[("test", 2001.into())]),
        "`test` is 2001, but there are only 2000 test observations"
    );
}

fn download_from(mirror: &str) -> [(&'static str, Value); 3] {
    [
        ("folder", "digits".into()),
        ("download", true.into()),
        ("mirror", mirror.into()),
    ]
}

#[test]
fn a_download_with_another_checksum_is_refused_and_not_kept() {
    let space = project();
    let path = format!("/{}.gz", FILES[0]);
    let mirror = serve(vec![(path, gzip(&tiny()[0]))]);
    let found = complaint(space.path(), "mnist", &download_from(&mirror));
    assert!(found.contains("not the published ba891046"), "{found}");
    assert!(!space.path().join("digits").exists());
}

#[test]
fn a_failed_download_says_what_to_fetch_by_hand() {
    let space = project();
    let mirror = serve(Vec::new());
    let found = complaint(space.path(), "mnist", &download_from(&mirror));
    let begin = format!("cannot download `{mirror}/{}.gz`: ", FILES[0]);
    assert!(found.starts_with(&begin), "{found}");
    assert!(found.contains("404"), "{found}");
    assert!(
        found.ends_with("fetch it by hand into `digits` if this machine has no network"),
        "{found}"
    );
}

#[test]
fn with_download_files_at_hand_must_be_the_published_ones() {
    let space = project();
    put_tiny(space.path());
    let found = complaint(space.path(), "mnist", &download_from("http://127.0.0.1:9"));
    assert!(
        found.contains("`digits/train-images-idx3-ubyte` has SHA-256"),
        "{found}"
    );
}
