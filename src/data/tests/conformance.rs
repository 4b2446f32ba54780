//! One body for all data sets that need no files of the user.

use std::collections::BTreeSet;

use super::support::get;
use super::support::load;
use super::support::values;
use crate::data::ALL;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Numbers;
use crate::registry::Default;
use crate::registry::Property;
use crate::registry::Value;

/// A data set with parameters that keep it small, and what it is called in messages.
struct Case {
    name: &'static str,
    given: Vec<(&'static str, Value)>,
    /// Whether `seed` reaches `x` or the tokens.
    drawn: bool,
}

fn cases() -> Vec<Case> {
    let case = |name, given: &[(&'static str, Value)], drawn| Case {
        name,
        given: given.to_vec(),
        drawn,
    };
    let mnist = [
        ("train", 300.into()),
        ("valid", 50.into()),
        ("test", 60.into()),
    ];
    let mut binarized = mnist.to_vec();
    binarized.push(("binarize", "stochastic".into()));
    let mut cases = vec![
        case("mnist", &mnist, false),
        case("mnist", &binarized, true),
    ];
    let few = [
        ("train", 500.into()),
        ("valid", 40.into()),
        ("test", 50.into()),
    ];
    cases.push(case("text", &few, false));
    let oracle = [
        ("vocabulary", 50.into()),
        ("hidden", 6.into()),
        ("train", 40.into()),
        ("valid", 20.into()),
        ("test", 20.into()),
        ("true_nll", 5.into()),
    ];
    cases.push(case("oracle-lstm", &oracle, true));
    for variant in ["metz", "seven", "stacked"] {
        let mut given = mnist.to_vec();
        given.push(("variant", variant.into()));
        cases.push(case("color-mnist", &given, true));
    }
    let pair = [
        ("dimension", 5.into()),
        ("points", 40.into()),
        ("valid", 30.into()),
        ("test", 20.into()),
    ];
    cases.push(case("gaussian-pair", &pair, true));
    for generator in &crate::data::generators::ALL {
        let given = [("name", generator.name.into()), ("points", 60.into())];
        cases.push(case("synthetic", &given, true));
    }
    cases
}

/// Data sets that read files of the user only; each has tests of its own.
const NEED_FILES: [&str; 9] = [
    "celeba",
    "cifar10",
    "csv",
    "fashion-mnist",
    "images",
    "npy",
    "npz",
    "omniglot",
    "safetensors",
];

#[test]
fn every_data_set_is_tested_here_or_needs_files() {
    let tested: BTreeSet<&str> = cases().iter().map(|case| case.name).collect();
    for set in ALL {
        let here = tested.contains(set.name());
        assert_ne!(here, NEED_FILES.contains(&set.name()), "{}", set.name());
    }
}

#[test]
fn the_list_is_sorted_and_described() {
    let names: Vec<&str> = ALL.iter().map(|set| set.name()).collect();
    let sorted: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names, sorted.into_iter().collect::<Vec<_>>());
    for set in ALL {
        let name = set.name();
        assert!(
            !set.summary().is_empty() && !set.summary().ends_with('.'),
            "{name}"
        );
        assert!(
            set.docs().contains("Source: ") || set.docs().contains("Closed form"),
            "{name}"
        );
        for param in set.params() {
            assert!(
                !param.doc.is_empty() && !param.doc.ends_with('.'),
                "{name}: {}",
                param.name
            );
        }
    }
}

#[test]
fn the_same_parameters_give_the_same_bytes() {
    for case in cases() {
        let bytes = || load(case.name, &case.given).to_bytes();
        assert_eq!(bytes(), bytes(), "{}", case.name);
    }
}

#[test]
fn another_seed_gives_other_data_where_data_are_drawn() {
    for case in cases() {
        let mut given = case.given.clone();
        let params = get(case.name).params();
        if params.iter().any(|param| param.name == "seed") {
            given.push(("seed", 1.into()));
        }
        let same = load(case.name, &case.given).train == load(case.name, &given).train;
        assert_eq!(same, !case.drawn, "{}: {:?}", case.name, case.given);
    }
}

#[test]
fn files_hold_all_that_was_loaded() {
    for case in cases() {
        let data = load(case.name, &case.given);
        let read = Dataset::from_bytes(&data.to_bytes()).expect("it was just written");
        assert!(read == data, "{}", case.name);
    }
}

#[test]
fn splits_have_no_observation_in_common() {
    // Draws of a few tokens repeat by chance: there the splits only differ as a whole.
    for case in cases().iter().filter(|case| case.name != "oracle-lstm") {
        let data = load(case.name, &case.given);
        let mut seen = BTreeSet::new();
        for (split, content) in data.splits() {
            assert!(!content.is_empty(), "{}: {split}", case.name);
            let own = observations(&data, split);
            assert_eq!(own.len(), content.len(), "{}: {split}", case.name);
            let own: BTreeSet<Vec<u8>> = own.into_iter().collect();
            assert!(seen.is_disjoint(&own), "{}: {split}", case.name);
            seen.extend(own);
        }
    }
}

#[test]
fn numbers_are_in_their_range() {
    for case in cases() {
        let data = load(case.name, &case.given);
        let range = data.meta["range"].as_array();
        let declared = get(case.name).range(&values(case.name, &case.given));
        for (_, split) in data.splits() {
            assert_eq!(
                declared.is_some(),
                split.get("x").is_some(),
                "{}",
                case.name
            );
            let x = split.x_f32().unwrap_or_default();
            let (low, high) = declared.unwrap_or((0.0, 0.0));
            let declared = |x: &f32| (low..=high).contains(&f64::from(*x));
            assert!(x.iter().all(declared), "{}", case.name);
            assert!(x.iter().all(|x| x.is_finite()), "{}", case.name);
            if let Some([low, high]) = range.map(Vec::as_slice) {
                let (low, high) = (low.as_f64(), high.as_f64());
                let within = |x: &f32| Some(f64::from(*x)) >= low && Some(f64::from(*x)) <= high;
                assert!(x.iter().all(within), "{}", case.name);
            }
            if let (Some(labels), Some(classes)) = (split.labels(), data.classes()) {
                assert!(labels.iter().all(|label| (*label as usize) < classes));
            }
            let words = data.vocabulary().len();
            for sequence in split.sequences() {
                assert!(sequence.iter().all(|token| (*token as usize) < words));
            }
        }
    }
}

#[test]
fn what_is_known_about_the_data_is_said() {
    for case in cases() {
        let data = load(case.name, &case.given);
        for key in ["name", "origin", "licence"] {
            assert!(data.meta[key].is_string(), "{}: {key}", case.name);
        }
        let shape: Vec<u64> = data.shape().iter().map(|size| *size as u64).collect();
        if !shape.is_empty() {
            assert_eq!(
                data.meta["shape"],
                serde_json::json!(shape),
                "{}",
                case.name
            );
        }
    }
}

/// One that says too much would have scores refused that it could have.
#[test]
fn what_is_said_to_be_lacking_is_not_there() {
    for case in cases() {
        let data = load(case.name, &case.given);
        let lacks = get(case.name).lacks(&values(case.name, &case.given));
        let has = |property| match property {
            Property::Pictures => data.shape().len() == 3,
            Property::Labels => data.train.labels().is_some(),
            Property::LogDensity => data.test.get("log_density").is_some(),
        };
        for property in Property::ALL {
            let lacking = lacks.contains(&property);
            assert!(!(lacking && has(property)), "{}: {property:?}", case.name);
            // Only files of the user may have it or not; text has classes in one layout.
            let open = case.name == "text" && property == Property::Labels;
            assert!(
                lacking || has(property) || open,
                "{}: {property:?}",
                case.name
            );
        }
    }
    for set in ALL {
        let shape = set.shape(&values(set.name(), &[]));
        let pictures = shape.map(|shape| shape.len() == 3);
        let lacking = set.lacks(&values(set.name(), &[]));
        let lacking = lacking.contains(&Property::Pictures);
        assert!(pictures.is_none_or(|are| are != lacking), "{}", set.name());
    }
}

#[test]
fn required_parameters_are_those_the_cases_give() {
    for case in cases() {
        let resolved = values(case.name, &case.given);
        let set = get(case.name);
        for param in set.params() {
            if param.default == Default::Required {
                assert!(resolved.contains_key(param.name), "{}", param.name);
            }
        }
    }
}

/// Each observation of a split as bytes.
fn observations(data: &Dataset, split: &str) -> Vec<Vec<u8>> {
    let split = data.split(split).expect("it is one of the three");
    if let Some(x) = split.get("x") {
        return rows(x);
    }
    let sequences = split.sequences().into_iter();
    sequences
        .map(|tokens| {
            tokens
                .iter()
                .flat_map(|token| token.to_le_bytes())
                .collect()
        })
        .collect()
}

fn rows(x: &Array) -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = match x.numbers() {
        Numbers::U8(values) => values.clone(),
        Numbers::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        other => panic!("no data set has observations like {other:?}"),
    };
    let size = bytes.len() / x.rows();
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}
