//! JSON schemas of manifests and pipelines, for editors: completion, documentation under the
//! pointer, mistakes while typing. Written from what the registries know.
//!
//! A schema knows less than `sweepline check`, which stays the judge: it sees one file at a time,
//! and no expression. What it refuses, the check refuses as well.

mod kinds;
mod searches;
#[cfg(test)]
mod tests;

use serde_json::Value as Json;
use serde_json::json;

use crate::registry::Catalog;

use super::pipeline::ALIASES;
use super::pipeline::KEYS;
use super::pipeline::TYPES;
use kinds::stage;

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
    let mut schema = json!({
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
            "change": {
                "description": "An axis, or keys of a search in place of its own: `{trials: 8}`",
                "anyOf": [{"$ref": "#/definitions/axis"}, searches::single_keys()],
            },
            "space": searches::space(),
            "parameter": parameter(),
            "condition": {
                "description": "An expression that is true or false: `samples > 5 and method != 'vae'`",
                "type": ["string", "boolean"],
            },
            "cells": {
                "description": "Cells: one map of axes to values, or several",
                "type": ["array", "object"],
                "items": {"type": "object"},
            },
        },
    });
    if described == Described::Manifest {
        schema["if"] = json!({"not": {"required": ["pipeline"]}});
        schema["then"] = json!({"properties": {"params": {"additionalProperties": declaration()}}});
        schema["anyOf"] = json!([{"required": ["pipeline"]}, {"required": ["stages"]}]);
    }
    schema
}

/// A key of a map with its documentation.
fn key(doc: &str, mut schema: Json) -> Json {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), doc.into());
    }
    schema
}

/// Keys that may be left out, but for those `required`: one without a value is one that is.
fn optional(mut properties: Json, required: &[&str]) -> Json {
    let entries = properties.as_object_mut().into_iter().flatten();
    for (_, schema) in entries.filter(|(name, _)| !required.contains(&name.as_str())) {
        or_nothing(schema);
    }
    properties
}

/// Adds that nothing may stand there.
fn or_nothing(schema: &mut Json) {
    let nothing = || json!({"type": "null"});
    let Some(rules) = schema.as_object_mut() else {
        return;
    };
    // What a value has to be, apart from what is said of it.
    let said = ["description", "default"];
    let rule: serde_json::Map<String, Json> = rules
        .iter()
        .filter(|(name, _)| !said.contains(&name.as_str()))
        .map(|(name, rule)| (name.clone(), rule.clone()))
        .collect();
    if rule.is_empty() {
        return;
    }
    match rules.get_mut("anyOf").and_then(Json::as_array_mut) {
        Some(any) if rule.len() == 1 => any.push(nothing()),
        _ => {
            rules.retain(|name, _| said.contains(&name.as_str()));
            rules.insert("anyOf".to_owned(), json!([rule, nothing()]));
        }
    }
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
        "properties": optional(json!({
            "doc": key("What the profile is for", json!({"type": "string"})),
            "params": key("Values in place of the manifest's", json!({"type": "object"})),
            "axes": key("Axes in place of the manifest's, or single keys of its search", map_of("change")),
        }), &[]),
        "additionalProperties": false,
    });
    let inline = json!({
        "type": ["string", "array", "object"],
        "items": {"type": "string"},
        "properties": {
            "params": key("The names that stages may use as `${name}`, with their types", map_of("parameter")),
            "stages": key("The stages by name", map_of("stage")),
        },
        "required": ["stages"],
        "additionalProperties": false,
    });
    let properties = json!({
        "experiment": key("The name under which results are filed: `outputs/<experiment>/`", json!({"type": "string"})),
        "title": key("One line for the report", json!({"type": "string"})),
        "doc": key("What the experiment is about", json!({"type": "string"})),
        "pipeline": key(
            "The pipeline's file, relative to this one; a list of several; or a pipeline written here",
            inline,
        ),
        "stages": key("Stages written here instead of in a pipeline's file", map_of("stage")),
        "params": key("Values of the pipeline's parameters, the same in all cells", json!({"type": "object"})),
        "axes": key("The sweep: parameters that take several values", map_of("axis")),
        "exclude": key("Cells that are left out", json!({"anyOf": [
            {"$ref": "#/definitions/cells"},
            {"type": "string"},
            {"type": "array", "items": {"type": ["object", "string"]}},
        ]})),
        "include": refers("Cells that are added", "cells"),
        "when": key("Only cells for which this holds, or all of several", json!({"anyOf": [
            {"$ref": "#/definitions/condition"},
            {"type": "array", "items": {"$ref": "#/definitions/condition"}},
        ]})),
        "profiles": key(
            "Named changes, taken with `--profile NAME`",
            json!({"type": "object", "additionalProperties": {"anyOf": [profile, {"type": "null"}]}}),
        ),
        "claims": key(
            "Statements about results that the program judges",
            json!({"type": "array", "items": claim()}),
        ),
    });
    optional(properties, &["experiment"])
}

fn claim() -> Json {
    let names = json!({"type": ["string", "array"], "items": {"type": "string"}});
    let mut claim = json!({
        "type": "object",
        "properties": {
            "name": key("What the claim is called", json!({"type": "string"})),
            "source": key("Whose claim it is: a paper and its section", json!({"type": "string"})),
            "says": key(
                "The claim: `median(test_kl, method=mapa) < median(test_kl, method=iwae)`",
                json!({"type": "string"}),
            ),
            "values": key("Quantities by name, for `says` to compare", json!({"type": "object"})),
            "table": key("The stage whose numbers are meant, or `stage.output`", json!({"type": "string"})),
            "for_each": key("The axes for each of whose values the claim is made", names.clone()),
            "where": key("The rows that it is about: values by axis", json!({"type": "object"})),
            "tolerance": key(
                "Differences up to this count as none: a number, or `5%` of the right side",
                json!({"type": ["number", "string"]}),
            ),
            "test": key("The test of the comparison", json!({"enum": ["paired-t", "sequential-t", "welch-t", "wilcoxon"]})),
            "replicate": key("The axes whose values are repetitions", names),
            "level": key("The probability of error that the test may have", json!({
                "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.05,
            })),
            "missing": key("`allow`: judge with the values that are there", json!({"enum": ["refuse", "allow"], "default": "refuse"})),
        },
        "required": ["name", "says"],
        "additionalProperties": false,
    });
    for name in [
        "table",
        "for_each",
        "tolerance",
        "test",
        "replicate",
        "level",
        "missing",
    ] {
        or_nothing(&mut claim["properties"][name]);
    }
    claim
}

fn pipeline() -> Json {
    let properties = json!({
        "pipeline": key("The pipeline's name", json!({"type": "string"})),
        "title": key("One line", json!({"type": "string"})),
        "doc": key("What the pipeline does", json!({"type": "string"})),
        "params": key("The names that stages may use as `${name}`, with their types", map_of("parameter")),
        "stages": key(
            "The stages by name; each runs once for every combination of the axes that it mentions \
             and those of what it reads",
            map_of("stage"),
        ),
    });
    optional(properties, &["stages"])
}

/// A value in a manifest with stages of its own, which is a declaration where it reads as one.
fn declaration() -> Json {
    let types = TYPES.map(|(name, _)| name);
    let types: Vec<&str> = types.into_iter().chain(ALIASES).collect();
    json!({
        "if": {"type": "object", "anyOf": [
            {"properties": {"type": {"enum": types}}, "required": ["type"]},
            {"propertyNames": {"enum": KEYS}, "anyOf": [
                {"required": ["type"]}, {"required": ["default"]}, {"required": ["choices"]},
            ]},
        ]},
        "then": {"$ref": "#/definitions/parameter"},
    })
}

fn parameter() -> Json {
    let types = TYPES.map(|(name, _)| name);
    json!({
        "type": "object",
        "properties": optional(json!({
            "type": key("The type of its values", json!({"enum": types})),
            "default": {"description": "Its value where the manifest gives none"},
            "doc": key("One line: what it does, with its unit", json!({"type": "string"})),
            "min": key("The smallest value allowed", json!({"type": "number"})),
            "max": key("The largest value allowed", json!({"type": "number"})),
            "choices": key("The values allowed", json!({"type": "array"})),
            "of": key("The type of the elements of a list or map", json!({"enum": types})),
            "optional": key("Whether a manifest may leave it without any value", json!({"type": "boolean"})),
        }), &[]),
        "anyOf": [{"required": ["type"]}, {"required": ["choices"]}],
        "additionalProperties": false,
    })
}

fn axis() -> Json {
    let mut axis = forms();
    let properties = axis.pointer_mut("/anyOf/1/properties");
    if let Some(properties) = properties.and_then(Json::as_object_mut) {
        properties.extend(searches::searches());
        // An axis has one form, which has no variants beside it.
        let forms = properties.keys();
        let forms: Vec<Json> = forms.map(|form| json!({"required": [form]})).collect();
        axis["anyOf"][1]["if"] = json!({"anyOf": forms});
        axis["anyOf"][1]["then"] = json!({"maxProperties": 1});
    }
    axis
}

/// Axes without searches.
fn forms() -> Json {
    let span = |third: &str| {
        // A step may be left out, a count may not.
        let least = if third == "step" { 2 } else { 3 };
        json!({"anyOf": [
            {"type": "array", "items": {"type": "number"}, "minItems": least, "maxItems": 3},
            {"type": "object", "properties": {
                "from": key("The first value", json!({"type": "number"})),
                "to": key("The last value", json!({"type": "number"})),
                third: key("Between two values, or how many there are", json!({"type": "number"})),
            }, "required": if third == "step" { vec!["from", "to"] } else { vec!["from", "to", third] }, "additionalProperties": false},
        ]})
    };
    json!({
        "description": "A list of values; `{seeds: n}`; `range`, `linspace`, `logspace`; `zip`; a search; or variants by name",
        "anyOf": [
            {"type": "array", "minItems": 1},
            {
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "seeds": key("The seeds 0 to n − 1: replicates", json!({"anyOf": [
                        {"type": "integer", "minimum": 1},
                        {
                            "type": "object",
                            "properties": {
                                "until": key("More of them until the claims are decided", json!({"enum": ["claims"]})),
                                "max": key("At most so many", json!({"type": "integer", "minimum": 2})),
                                "batch": key("So many at first, and more each time", json!({"type": "integer", "minimum": 1})),
                            },
                            "required": ["until", "max"],
                            "additionalProperties": false,
                        },
                    ]})),
                    "glob": key(
                        "The files of the project that match: `data/*.png`; a cell for each",
                        json!({"type": ["string", "array"], "items": {"type": "string"}}),
                    ),
                    "range": key("`[from, to, step]`, both ends included", span("step")),
                    "linspace": key("`[from, to, count]`, evenly spaced", span("count")),
                    "logspace": key("`[from, to, count]`, evenly spaced in the logarithm", span("count")),
                    "rows": key(
                        "The rows of a CSV or TSV file, a cell for each: its columns are taken together",
                        json!({"anyOf": [
                            {"type": "string"},
                            {
                                "type": "object",
                                "properties": {
                                    "file": key("The file, in the project", json!({"type": "string"})),
                                    "columns": key(
                                        "Those that are wanted: a list, or a map of names, each to its column",
                                        json!({"type": ["array", "object"], "items": {"type": "string"}, "additionalProperties": {"type": "string"}}),
                                    ),
                                },
                                "required": ["file"],
                                "additionalProperties": false,
                            },
                        ]}),
                    ),
                    "zip": key(
                        "Parameters with lists of one length, taken together",
                        json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "array"}}),
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
    let mut one = json!({"anyOf": [
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
            "anyOf": [{"required": ["from"]}, {"required": ["file"]}],
        },
    ]});
    for name in ["when", "at"] {
        or_nothing(&mut one["anyOf"][1]["properties"][name]);
    }
    json!({
        "description": "`stage`, `stage.output`, `{file: path}`, `{from, when, at}`, or a list of these",
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
    })
}
