//! JSON schemas of manifests and pipelines, for editors: completion, documentation under the
//! pointer, mistakes while typing. Written from what the registries know.
//!
//! A schema knows less than `sweepline check`, which stays the judge: it sees one file at a time,
//! and no expression. What it refuses, the check refuses as well.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::registry::Catalog;
use crate::registry::Default;
use crate::registry::Outputs;
use crate::registry::ParamType;
use crate::registry::StageKind;

/// Which files a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    Manifest,
    Pipeline,
}

/// The schema, in draft 7: the newest that editors read in full.
pub fn schema(catalog: &Catalog, described: Described) -> Json {
    let (title, properties, required) = match described {
        Described::Manifest => (
            "A sweepline manifest: one experiment",
            manifest(),
            "experiment",
        ),
        Described::Pipeline => (
            "A sweepline pipeline: a graph of stages",
            pipeline(),
            "stages",
        ),
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": false,
        "definitions": {
            "stage": stage(catalog),
            "source": source(),
            "axis": axis(),
            "parameter": parameter(),
            "condition": {
                "description": "An expression that is true or false: `samples > 5 and method != 'vae'`",
                "type": ["string", "boolean"],
            },
            "cells": {
                "description": "Cells: one map of axes to values, or several; or a condition",
                "type": ["array", "object", "string"],
            },
        },
    })
}

/// A key of a map with its documentation.
fn key(doc: &str, mut schema: Json) -> Json {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), doc.into());
    }
    schema
}

/// A reference with documentation: beside `$ref`, draft 7 ignores all else.
fn refers(doc: &str, name: &str) -> Json {
    json!({"description": doc, "allOf": [{"$ref": format!("#/definitions/{name}")}]})
}

fn map_of(name: &str) -> Json {
    json!({
        "type": "object",
        "additionalProperties": {"$ref": format!("#/definitions/{name}")},
    })
}

fn manifest() -> Json {
    let profile = json!({
        "type": "object",
        "properties": {
            "doc": key("What the profile is for", json!({"type": "string"})),
            "params": key("Values in place of the manifest's", json!({"type": "object"})),
            "axes": key("Axes in place of the manifest's", map_of("axis")),
        },
    });
    json!({
        "experiment": key("The name under which results are filed: `outputs/<experiment>/`", json!({"type": "string"})),
        "title": key("One line for the report", json!({"type": "string"})),
        "doc": key("What the experiment is about", json!({"type": "string"})),
        "pipeline": key(
            "The pipeline's file, relative to this one, or several; or a pipeline written here",
            json!({"type": ["string", "array", "object"]}),
        ),
        "stages": key("Stages written here instead of in a pipeline's file", map_of("stage")),
        "params": key("Values of the pipeline's parameters, the same in all cells", json!({"type": "object"})),
        "axes": key("The sweep: parameters that take several values", map_of("axis")),
        "exclude": refers("Cells that are left out", "cells"),
        "include": refers("Cells that are added", "cells"),
        "when": refers("Only cells for which this holds", "condition"),
        "profiles": key(
            "Named changes, taken with `--profile NAME`",
            json!({"type": "object", "additionalProperties": profile}),
        ),
        "claims": key(
            "Statements about results that the program judges",
            json!({"type": "array", "items": claim()}),
        ),
    })
}

fn claim() -> Json {
    let names = json!({"type": ["string", "array"]});
    json!({
        "type": "object",
        "properties": {
            "name": key("What the claim is called", json!({"type": "string"})),
            "source": key("Whose claim it is: a paper and its section", json!({"type": "string"})),
            "says": key(
                "The claim: `median(test_kl, method=mapa) < median(test_kl, method=iwae)`",
                json!({"type": "string"}),
            ),
            "values": key("Quantities by name, for `says` to compare", json!({"type": "object"})),
            "table": key("The stage whose numbers are meant", json!({"type": "string"})),
            "for_each": key("The axes for each of whose values the claim is made", names.clone()),
            "where": key("The rows that it is about: values by axis", json!({"type": "object"})),
            "tolerance": key(
                "Differences up to this count as none: a number, or `5%` of the right side",
                json!({"type": ["number", "string"]}),
            ),
            "test": key("The test of the comparison", json!({"enum": ["paired-t", "welch-t", "wilcoxon"]})),
            "replicate": key("The axes whose values are repetitions", names),
            "level": key("The probability of error that the test may have", json!({"type": "number"})),
            "missing": key("`allow`: judge with the values that are there", json!({"type": "string"})),
        },
        "required": ["name", "source", "says"],
        "additionalProperties": false,
    })
}

fn pipeline() -> Json {
    json!({
        "pipeline": key("The pipeline's name", json!({"type": "string"})),
        "title": key("One line", json!({"type": "string"})),
        "doc": key("What the pipeline does", json!({"type": "string"})),
        "params": key("The names that stages may use as `${name}`, with their types", map_of("parameter")),
        "stages": key(
            "The stages by name; each runs once for every combination of the axes that it mentions \
             and those of what it reads",
            map_of("stage"),
        ),
    })
}

fn parameter() -> Json {
    let types = [
        "any", "bool", "float", "int", "list", "map", "path", "seed", "string",
    ];
    json!({
        "type": "object",
        "properties": {
            "type": key("The type of its values", json!({"enum": types})),
            "default": {"description": "Its value where the manifest gives none"},
            "doc": key("One line: what it does, with its unit", json!({"type": "string"})),
            "min": key("The smallest value allowed", json!({"type": "number"})),
            "max": key("The largest value allowed", json!({"type": "number"})),
            "choices": key("The values allowed", json!({"type": "array"})),
            "of": key("The type of the elements of a list or map", json!({"type": ["string", "object"]})),
            "optional": key("Whether a manifest may leave it without any value", json!({"type": "boolean"})),
        },
        "additionalProperties": false,
    })
}

fn axis() -> Json {
    let span = |third: &str| {
        json!({"anyOf": [
            {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3},
            {"type": "object", "properties": {
                "from": key("The first value", json!({"type": "number"})),
                "to": key("The last value", json!({"type": "number"})),
                third: key("Between two values, or how many there are", json!({"type": "number"})),
            }, "additionalProperties": false},
        ]})
    };
    json!({
        "description": "A list of values; `{seeds: n}`; `range`, `linspace`, `logspace`; `zip`; or variants by name",
        "anyOf": [
            {"type": ["array", "string", "number", "boolean"]},
            {
                "type": "object",
                "properties": {
                    "seeds": key("The seeds 0 to n − 1: replicates", json!({"type": ["integer", "array"]})),
                    "range": key("`[from, to, step]`, both ends included", span("step")),
                    "linspace": key("`[from, to, count]`, evenly spaced", span("count")),
                    "logspace": key("`[from, to, count]`, evenly spaced in the logarithm", span("count")),
                    "zip": key(
                        "Parameters with lists of one length, taken together",
                        json!({"type": "object", "additionalProperties": {"type": "array"}}),
                    ),
                },
                "additionalProperties": {
                    "description": "A variant: the values that it sets, and `axes` of its own",
                    "type": ["object", "null"],
                    "properties": {"axes": key("Axes that only this variant has", map_of("axis"))},
                },
            },
        ],
    })
}

fn source() -> Json {
    let one = json!({"anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "from": key("`stage` or `stage.output`", json!({"type": "string"})),
                "file": key("A file of the project", json!({"type": "string"})),
                "when": refers("Only in cells for which this holds", "condition"),
                "at": key("Axes held at one value: `{dataset: circle}`", json!({"type": "object"})),
            },
            "additionalProperties": false,
        },
    ]});
    json!({
        "description": "`stage`, `stage.output`, `{file: path}`, `{from, when, at}`, or a list of these",
        "anyOf": [one, {"type": "array", "items": one}],
    })
}

fn stage(catalog: &Catalog) -> Json {
    let mut kinds: Vec<Json> = catalog
        .iter()
        .map(|kind| json!({"const": kind.name(), "description": kind.summary()}))
        .collect();
    kinds.push(json!({"type": "string", "pattern": r"\$\{"}));
    let by_kind: Vec<Json> = catalog.iter().map(of_kind).collect();
    json!({
        "type": "object",
        "properties": {
            "uses": key("The stage kind; `sweepline list` prints all", json!({"anyOf": kinds})),
            "in": key(
                "What it reads, by slot",
                json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/source"}}),
            ),
            "with": key("Its parameters", json!({"type": "object"})),
            "over": key(
                "The axes that it reduces: it sees all their values at once; or `all`",
                json!({"type": ["string", "array"]}),
            ),
            "when": refers("The cells in which the stage exists", "condition"),
            "missing": key(
                "Whether a reduction goes on without members that failed or were left out",
                json!({"enum": ["allow", "fail"]}),
            ),
            "resources": key("What a step takes while it runs", json!({
                "type": "object",
                "properties": {
                    "cpus": key("Threads", json!({"type": "integer", "minimum": 0})),
                    "memory": key("With its unit: `512MiB`", json!({"type": ["string", "integer"]})),
                    "gpus": key("GPUs", json!({"type": "integer", "minimum": 0})),
                },
                "additionalProperties": {
                    "description": "How much of a pool of your own; a pool has 1 unless told otherwise",
                    "type": "integer", "minimum": 0,
                },
            })),
            "retries": key("How often to try again after a passing failure", json!({"type": "integer", "minimum": 0})),
            "timeout": key("With its unit: `30s`, `10m`, `2h`", json!({"type": ["string", "number"]})),
            "isolate": key("Run steps in a process of their own", json!({"enum": ["process", "thread", true, false]})),
            "cache": key("Whether a finished result may be reused", json!({"type": "boolean"})),
        },
        "required": ["uses"],
        "additionalProperties": false,
        "allOf": by_kind,
    })
}

/// What holds for stages of one kind.
fn of_kind(kind: &dyn StageKind) -> Json {
    let mut with = Map::new();
    let mut needed: Vec<&str> = Vec::new();
    for param in kind.params() {
        let mut described = json!({
            "description": param.doc,
            "anyOf": [value(&param.ty), {"type": "string", "pattern": r"\$\{"}],
        });
        match &param.default {
            Default::Required => needed.push(param.name),
            Default::Absent => {}
            Default::Value(default) => described["default"] = json!(default),
        }
        with.insert(param.name.to_owned(), described);
    }
    let mut then = json!({
        "with": {"properties": with, "required": needed, "additionalProperties": false},
    });
    // The slots of commands are the user's.
    if !matches!(kind.outputs(), Outputs::Declared) {
        let slots = kind.inputs();
        let needed = slots.iter().filter(|slot| !slot.optional);
        let needed: Vec<&str> = needed.map(|slot| slot.name).collect();
        let slots = slots.iter().map(|slot| {
            let reads = refers(slot.doc, "source");
            (slot.name.to_owned(), reads)
        });
        then["in"] = json!({
            "properties": slots.collect::<Map<_, _>>(),
            "required": needed,
            "additionalProperties": false,
        });
    }
    json!({
        "if": {"properties": {"uses": {"const": kind.name()}}, "required": ["uses"]},
        "then": {"properties": then},
    })
}

/// The schema of a type's values.
fn value(ty: &ParamType) -> Json {
    match ty {
        ParamType::Bool => json!({"type": "boolean"}),
        ParamType::Int { min, max } => bounded("integer", json!(min), json!(max)),
        ParamType::Float { min, max } => bounded("number", json!(min), json!(max)),
        ParamType::Seed => json!({"type": "integer", "minimum": 0}),
        ParamType::Str | ParamType::Path => json!({"type": "string"}),
        ParamType::Choice(choices) => json!({"enum": choices}),
        ParamType::List(element) => {
            let template = json!({"type": "string", "pattern": r"\$\{"});
            json!({"type": "array", "items": {"anyOf": [value(element), template]}})
        }
        ParamType::Map(element) => {
            let template = json!({"type": "string", "pattern": r"\$\{"});
            json!({"type": "object", "additionalProperties": {"anyOf": [value(element), template]}})
        }
        ParamType::Any => json!({}),
    }
}

fn bounded(ty: &str, min: Json, max: Json) -> Json {
    let mut schema = json!({"type": ty});
    for (key, bound) in [("minimum", min), ("maximum", max)] {
        if !bound.is_null() {
            schema[key] = bound;
        }
    }
    schema
}

#[cfg(test)]
mod tests {
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
}
