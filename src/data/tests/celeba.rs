//! CelebA: the archive and the unpacked folder against an independent reading, and damaged files.

use std::fs;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;

use super::support::complaint;
use super::support::load_in;
use super::support::project;
use super::support::put;
use crate::data::Dataset;
use crate::data::Numbers;
use crate::registry::Value;

const FIXTURE: &str = "tests/fixtures/celeba-format";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(more: &[(&'static str, Value)]) -> Dataset {
    let mut given = vec![("folder", FIXTURE.into())];
    given.extend(more.iter().cloned());
    load_in(root(), "celeba", &given).expect("the fixture is whole")
}

/// The fixture in a project of its own, as `faces`.
fn copied(root: &Path) {
    for file in [
        "img_align_celeba.zip",
        "list_attr_celeba.txt",
        "list_eval_partition.txt",
    ] {
        let from = self::root().join(FIXTURE).join(file);
        let bytes = fs::read(from).expect("the fixture is in the repository");
        put(root, &format!("faces/{file}"), &bytes);
    }
}

fn faces() -> [(&'static str, Value); 1] {
    [("folder", "faces".into())]
}

fn pixels(data: &Dataset) -> &[u8] {
    match data.train.get("x").map(crate::data::Array::numbers) {
        Some(Numbers::U8(pixels)) => pixels,
        other => panic!("pictures are bytes, not {other:?}"),
    }
}

/// Means per channel and single pixels as Pillow gives them after decoding, cropping to
/// (15, 35)–(163, 183) and resizing with its box filter. Decoders round differently by a level or
/// two; means over 4,096 pixels by far less than half a level.
#[test]
fn pictures_are_cropped_and_shrunk_as_another_library_does() {
    let data = fixture(&[]);
    assert_eq!(data.splits().map(|(_, split)| split.len()), [8, 3, 3]);
    assert_eq!(data.shape(), [3, 64, 64]);
    let plane = 64 * 64;
    for (picture, means, at, expected) in [
        (0, [73.92, 51.383, 164.109], (32, 20), [173, 127, 88]),
        (5, [185.813, 121.01, 119.79], (20, 32), [252, 172, 50]),
    ] {
        for channel in 0..3 {
            let start = (picture * 3 + channel) * plane;
            let values = &pixels(&data)[start..start + plane];
            let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / plane as f64;
            assert!((mean - means[channel]).abs() < 0.5, "{mean}");
            let value = i32::from(values[at.0 * 64 + at.1]);
            assert!((value - expected[channel]).abs() <= 3, "{value}");
        }
    }
}

#[test]
fn attributes_are_those_of_the_list() {
    let data = fixture(&[("train", 6.into())]);
    let attributes = data
        .train
        .get("attributes")
        .expect("pictures have attributes");
    assert_eq!(attributes.shape(), [6, 14]);
    let values = attributes.to_u32().expect("they are whole numbers");
    assert_eq!(values[..14], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(values[5 * 14..], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(data.meta["attribute_names"][12], "Skin_Medium_Dark");
}

#[test]
fn other_crops_and_sizes_can_be_chosen() {
    let data = fixture(&[("crop", 108.into()), ("size", 32.into())]);
    assert_eq!(data.shape(), [3, 32, 32]);
    assert_eq!(data.meta["crop"], 108);
}

#[test]
fn an_unpacked_folder_gives_the_same_as_the_archive() {
    let space = project();
    copied(space.path());
    let packed = load_in(space.path(), "celeba", &faces()).expect("the copy is whole");
    let archive = space.path().join("faces/img_align_celeba.zip");
    let file = fs::File::open(&archive).expect("it was just copied");
    let mut zip = ZipArchive::new(file).expect("it is an archive");
    for i in 0..zip.len() {
        let mut bytes = Vec::new();
        let mut entry = zip.by_index(i).expect("it is in range");
        entry.read_to_end(&mut bytes).expect("it can be unpacked");
        let name = format!("faces/{}", entry.name().expect("names are text"));
        put(space.path(), &name, &bytes);
    }
    fs::remove_file(archive).expect("it was just copied");
    let unpacked = load_in(space.path(), "celeba", &faces()).expect("the copy is whole");
    assert_eq!(unpacked.to_bytes(), packed.to_bytes());
}

#[test]
fn missing_and_damaged_files_are_named() {
    let space = project();
    let root = space.path();
    let found = complaint(root, "celeba", &faces());
    let begin =
        "data set `celeba` needs `faces/list_attr_celeba.txt`, which is not there: put the aligned";
    assert!(found.starts_with(begin), "{found}");
    copied(root);
    put(root, "faces/list_eval_partition.txt", b"000009.jpg 0\n");
    assert_eq!(
        complaint(root, "celeba", &faces()),
        "`faces/img_align_celeba.zip`: it has no picture `000009.jpg`"
    );
    put(root, "faces/list_eval_partition.txt", b"000001.jpg\n");
    assert_eq!(
        complaint(root, "celeba", &faces()),
        "`faces/list_eval_partition.txt`: line 1: it is not a file name and 0, 1 or 2"
    );
    put(root, "faces/list_eval_partition.txt", b"000001.jpg 0\n");
    put(root, "faces/img_align_celeba.zip", b"<html>");
    let found = complaint(root, "celeba", &faces());
    let begin = "`faces/img_align_celeba.zip`: it is no zip archive that can be read";
    assert!(found.starts_with(begin), "{found}");
    fs::remove_file(root.join("faces/img_align_celeba.zip")).expect("it was just written");
    put(
        root,
        "faces/img_align_celeba/000001.jpg",
        b"\xff\xd8\xff\xe0 and no more",
    );
    let found = complaint(root, "celeba", &faces());
    let begin = "`faces/img_align_celeba/000001.jpg`: this picture is no JPEG that can be read";
    assert!(found.starts_with(begin), "{found}");
}
