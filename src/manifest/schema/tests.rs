//! The schema against the reader.

use super::*;
use crate::manifest::claims;
use crate::manifest::experiment;
use crate::manifest::stage::STAGE_KEYS;

fn keys(schema: &Json) -> Vec<&str> {
    let keys = schema.as_object().expect("properties are a map").keys();
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_keys_are_those_that_the_reader_knows() {
    let sorted = |known: &[&'static str]| {
        let mut known = known.to_vec();
        known.sort_unstable();
        known
    };
    assert_eq!(keys(&manifest()), sorted(&experiment::KEYS));
    assert_eq!(keys(&claim()["properties"]), sorted(&claims::KEYS));
    let stage = stage(&Catalog::new(&[]));
    assert_eq!(keys(&stage["properties"]), sorted(&STAGE_KEYS));
}

#[test]
fn every_key_is_documented() {
    fn walk(schema: &Json) {
        let object = schema.as_object().into_iter().flatten();
        for (name, inside) in object {
            // Conditions name keys that are documented where they are declared.
            if name == "if" || name == "then" {
                continue;
            }
            if name == "properties" {
                for (key, described) in inside.as_object().into_iter().flatten() {
                    let doc = described["description"].as_str();
                    assert!(doc.is_some_and(|doc| !doc.is_empty()), "{key}: {described}");
                }
            }
            walk(inside);
        }
        schema.as_array().into_iter().flatten().for_each(walk);
    }
    for described in [Described::Manifest, Described::Pipeline] {
        walk(&schema(&Catalog::new(&[]), described));
    }
}
