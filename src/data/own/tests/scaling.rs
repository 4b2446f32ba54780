//! Own numbers and grey values as they are kept.

use super::array;
use super::load;
use super::logged;
use super::refused;
use super::singles;
use crate::data::Dataset;
use crate::registry::Value;

#[test]
fn bytes_are_grey_values_of_pictures_and_else_have_to_be_said() {
    let bytes: Vec<u8> = (0..40).map(|n| n * 6).collect();
    let flat = array("|u1", false, "10, 4", &bytes);
    let said = refused("npy", &[("x", "x.npy", &flat)], &[]);
    assert!(
        said.contains("go up to 234") && said.contains("`divide: 255`"),
        "{said}"
    );
    let largest = |data: &Dataset| {
        let splits = data.splits().into_iter();
        let all = splits.flat_map(|(_, split)| split.x_f32().expect("observations"));
        all.fold(0.0, f32::max)
    };
    let plain = load("npy", &[("x", "x.npy", &flat)], &[("divide", 1.0.into())]);
    assert_eq!(largest(&plain.expect("numbers")), 234.0);
    let pictures = array("|u1", false, "10, 2, 2", &bytes);
    let pictures = load("npy", &[("x", "x.npy", &pictures)], &[]).expect("pictures");
    assert_eq!(
        (pictures.shape(), largest(&pictures)),
        (vec![1, 2, 2], 234.0 / 255.0)
    );
    let bits: Vec<u8> = (0..40).map(|n| n % 2).collect();
    let bits = array("|u1", false, "10, 2, 2", &bits);
    let bits = load("npy", &[("x", "x.npy", &bits)], &[]).expect("bits");
    assert_eq!(largest(&bits), 1.0);
}

#[test]
fn numbers_that_single_precision_does_not_tell_apart_are_scaled_before_or_told() {
    let whole = [("valid", 0.0.into()), ("test", 0.0.into())];
    let rows = (0..100).map(|n| format!("{},{n}.5\n", 1_700_000_000 + n));
    let rows = format!("time,v\n{}", rows.collect::<String>());
    let with = |scale: &str| {
        let given = [&whole[..], &[("scale", scale.into())]].concat();
        let (data, log) = logged("csv", &[("file", "t.csv", rows.as_bytes())], &given);
        let x = data.expect("a table").train.x_f32().expect("numbers");
        let mut times: Vec<f32> = x.into_iter().step_by(2).collect();
        times.dedup();
        (times, log)
    };
    let (times, log) = with("none");
    assert_eq!(times.len(), 2);
    assert!(
        log.contains("column `time` has 100 different numbers, of which single precision leaves 2"),
        "{log}"
    );
    let (times, log) = with("standard");
    // Of 0 to 99: mean 49.5, variance (100² − 1) / 12.
    let first = -49.5 / (9999.0_f32 / 12.0).sqrt();
    assert!(times.len() == 100 && (times[0] - first).abs() < 1e-6);
    assert_eq!(log, "");
    let (times, _) = with("minmax");
    assert_eq!((times.len(), times[0], times[99]), (100, 0.0, 1.0));
    // 0.3 as one calculates it: constant but for rounding.
    let nearly: Vec<u8> = [0.1, 0.3, 0.1, 0.1 + 0.2, 0.1, 0.3]
        .iter()
        .flat_map(|x: &f64| x.to_le_bytes())
        .collect();
    let nearly = array("<f8", false, "3, 2", &nearly);
    for scale in ["standard", "minmax"] {
        let given = [&whole[..], &[("scale", scale.into())]].concat();
        let (data, log) = logged("npy", &[("x", "x.npy", &nearly)], &given);
        let x = data.expect("an array").train.x_f32().expect("numbers");
        assert!(x.iter().all(|x| x.abs() < 1e-9), "{scale}: {x:?}");
        assert_eq!(log, "");
    }
}

/// The training split of one table or array without splits, scaled, and the log.
fn scaled(kind: &str, slot: &'static str, bytes: &[u8], scale: &str) -> (Vec<f32>, String) {
    let given = [
        ("valid", 0.0.into()),
        ("test", 0.0.into()),
        ("scale", scale.into()),
    ];
    let (data, log) = logged(kind, &[(slot, "it", bytes)], &given);
    let x = data.expect("numbers").train.x_f32().expect("numbers");
    (x, log)
}

#[test]
fn whole_numbers_that_double_precision_does_not_tell_apart_are_scaled_or_told() {
    // Times in nanoseconds, beside a column that is not whole and one that is constant.
    let first = 1_700_000_000_000_000_001_i64;
    let rows = (0..40).map(|n| format!("{},{n}.5,{first}\n", first + 10 * n));
    let rows = format!("time,v,at\n{}", rows.collect::<String>());
    let times: Vec<u8> = (0..40)
        .flat_map(|n| [first + 10 * n, 2 * n, first])
        .flat_map(i64::to_le_bytes)
        .collect();
    let times = array("<i8", false, "40, 3", &times);
    for (kind, slot, bytes) in [("csv", "file", rows.as_bytes()), ("npy", "x", &times[..])] {
        // Of 0 to 39: mean 19.5, variance (40² − 1) / 12.
        let (x, log) = scaled(kind, slot, bytes, "standard");
        let deviation = (1599.0_f32 / 12.0).sqrt();
        for (n, row) in x.chunks(3).enumerate() {
            let expected = (n as f32 - 19.5) / deviation;
            for (found, expected) in row.iter().zip([expected, expected, 0.0]) {
                assert!((found - expected).abs() < 1e-6, "{kind}: {row:?}");
            }
        }
        assert_eq!(log, "", "{kind}");
        let (x, _) = scaled(kind, slot, bytes, "minmax");
        assert_eq!((x[0], x[2], x[117], x[119]), (0.0, 0.0, 1.0, 0.0), "{kind}");
        let (_, log) = scaled(kind, slot, bytes, "none");
        let told = "has 40 different numbers, of which single precision leaves 1";
        assert!(log.contains(told), "{kind}: {log}");
    }
    // Half a million million microseconds: a difference of one is no rounding.
    let rows = (0..3).map(|n| format!("{}\n", 1_700_000_000_000_000_i64 + n));
    let (x, _) = scaled("csv", "file", rows.collect::<String>().as_bytes(), "minmax");
    assert_eq!(x, [0.0, 0.5, 1.0]);
}

#[test]
fn ones_beside_grey_values_of_other_splits_are_refused() {
    let grey: Vec<u8> = (0..40).map(|n| n * 6).collect();
    let bits: Vec<u8> = grey.iter().map(|n| n / 6 % 2).collect();
    let white: Vec<u8> = bits.iter().map(|bit| bit * 255).collect();
    let pictures = |bytes: &[u8]| array("|u1", false, "10, 2, 2", bytes);
    let bools = array("|b1", false, "10, 2, 2", &bits);
    let floats = |bytes: &[u8]| {
        let numbers: Vec<f32> = bytes.iter().map(|n| f32::from(*n)).collect();
        array("<f4", false, "10, 2, 2", &singles(&numbers))
    };
    let none: &[(&str, Value)] = &[];
    let divide: &[(&str, Value)] = &[("divide", 255.0.into())];
    for (train, valid, given) in [
        (pictures(&grey), pictures(&bits), none),
        (pictures(&bits), pictures(&grey), none),
        (pictures(&grey), bools, none),
        (pictures(&grey), floats(&bits), divide),
        (floats(&grey), floats(&bits), divide),
    ] {
        let slots: &[(&'static str, &str, &[u8])] =
            &[("x", "x.npy", &train), ("valid", "v.npy", &valid)];
        let said = refused("npy", slots, given);
        let told = "go up to 1 and those of";
        assert!(said.contains(told) && said.contains("save 255"), "{said}");
    }
    let (train, valid) = (pictures(&grey), pictures(&white));
    let slots: &[(&'static str, &str, &[u8])] =
        &[("x", "x.npy", &train), ("valid", "v.npy", &valid)];
    let data = load("npy", slots, &[]).expect("pictures");
    let x = data.valid.x_f32().expect("pixels");
    assert!(x.iter().all(|x| x.fract() == 0.0) && x.contains(&1.0));
}

#[test]
fn the_range_of_scaled_pictures_is_that_of_their_pixels() {
    let bytes: Vec<u8> = (0..40).map(|n| n * 6).collect();
    let pictures = array("|u1", false, "10, 2, 2", &bytes);
    let files: &[(&'static str, &str, &[u8])] = &[("x", "x.npy", &pictures)];
    let range = |given: &[(&str, Value)]| {
        let data = load("npy", files, given).expect("pictures");
        let all = data.splits().into_iter();
        let all = all.flat_map(|(_, split)| split.x_f32().expect("pixels"));
        let (low, high) = all.fold((0.0_f32, 0.0_f32), |(l, h), x| (l.min(x), h.max(x)));
        (data.meta["range"].clone(), serde_json::json!([low, high]))
    };
    let (said, _) = range(&[]);
    assert_eq!(said, serde_json::json!([0.0, 1.0]));
    let (said, found) = range(&[("scale", "standard".into())]);
    assert_eq!(said, found);
}

/// Microseconds, and prices with cents beside a large constant: below 2⁵³, and yet their means are rounded by
/// much of the deviation.
#[test]
fn large_numbers_have_the_mean_0_and_the_deviation_1_and_come_back_whole() {
    let first = 8_000_000_000_000_001_i64;
    let rows = (0..7).map(|n| format!("{},{}.25\n", first + n, 600_000_000_000_i64 + n));
    let rows = format!("time,v\n{}", rows.collect::<String>());
    let whole = [("valid", 0.0.into()), ("test", 0.0.into())];
    for (scale, known) in [("standard", (-3.0, 2.0)), ("minmax", (0.0, 6.0))] {
        let given = [&whole[..], &[("scale", scale.into())]].concat();
        let data = load("csv", &[("file", "t.csv", rows.as_bytes())], &given).expect("a table");
        let x = data.train.x_f32().expect("numbers");
        let (low, width) = known;
        for (n, row) in x.chunks(2).enumerate() {
            let expected = (low + n as f64) / width;
            for found in row {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-6,
                    "{scale}: {row:?}"
                );
            }
        }
        let by = &data.meta["scaled_by"];
        assert_eq!(by["origin"], serde_json::json!([first, 600_000_000_000.25]));
        let number = |name: &str| by[name][0].as_f64().expect("a number of the column");
        for (n, row) in x.chunks(2).enumerate() {
            let above = f64::from(row[0]) * number("width") + number("above");
            assert_eq!(above.round() as usize, n, "{scale}");
        }
    }
}
