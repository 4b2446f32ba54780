//! The schema of a stage: what its kind takes, from the registry.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::manifest::policy::SIZES;
use crate::manifest::policy::TIMES;
use crate::registry::ArtifactType;
use crate::registry::Catalog;
use crate::registry::Default;
use crate::registry::Outputs;
use crate::registry::ParamType;
use crate::registry::StageKind;

use super::key;
use super::optional;
use super::or_nothing;
use super::refers;

pub(super) fn stage(catalog: &Catalog) -> Json {
    let mut kinds: Vec<Json> = catalog
        .iter()
        .map(|kind| json!({"const": kind.name(), "description": kind.summary()}))
        .collect();
    kinds.push(json!({"type": "string", "pattern": r"\$\{"}));
    let mut rules: Vec<Json> = catalog.iter().map(of_kind).collect();
    rules.push(json!({
        "if": {"properties": {"retry": {"type": "object"}}, "required": ["retry"]},
        "then": {"required": ["retries"]},
    }));
    let properties = json!({
        "uses": key("The stage kind; `sweepline list` prints all", json!({"anyOf": kinds})),
        "in": key(
            "What it reads, by slot",
            json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/source"}}),
        ),
        "with": key("Its parameters", json!({"type": "object"})),
        "over": key(
            "The axes that it reduces: it sees all their values at once; or `all`",
            json!({"type": ["string", "array"], "items": {"type": "string"}}),
        ),
        "when": refers("The cells in which the stage exists", "condition"),
        "missing": key(
            "Whether a reduction goes on without members that failed or were left out",
            json!({"enum": ["allow", "fail"], "default": "fail"}),
        ),
        "resources": key("What a step takes while it runs", json!({
            "type": "object",
            "properties": {
                "cpus": key("Threads", json!({"type": "integer", "minimum": 0, "default": 1})),
                "memory": key("With its unit: `512MiB`; for jobs of a cluster also by attempt: `2GiB * attempt`", by_attempt(&SIZES)),
                "time": key("How long its job on a cluster may take: `2h`, `1h * attempt`", by_attempt(&TIMES)),
                "gpus": key("GPUs, which are its own while it runs: `CUDA_VISIBLE_DEVICES`", json!({"type": "integer", "minimum": 0})),
            },
            "additionalProperties": {
                "description": "How much of a pool of your own; a pool has 1 unless `--resource` or sweepline.toml says otherwise",
                "type": "integer", "minimum": 0,
            },
        })),
        "executor": key("Where it runs: `local`, `slurm`, or `slurm:NAME` by a profile of sweepline.toml", json!({"type": "string", "pattern": "^(local|slurm(:.+)?)$"})),
        "retries": key("How often to try again after a passing failure; of a command, after any", json!({"type": "integer", "minimum": 0, "default": 0})),
        "retry": key("Which failures are tried again, and how soon", json!({
            "type": "object",
            "properties": optional(json!({
                "exit": key("Exit statuses that pass", json!({"anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 255},
                    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 255}},
                ]})),
                "signals": key("Whether an end by a signal passes, as for a lack of memory", json!({"type": "boolean"})),
                "timeout": key("Whether the stage's timeout passes", json!({"type": "boolean"})),
                "delay": key("The first wait: `10s`", time()),
                "factor": key("What each further wait is multiplied by", json!({"type": "number", "minimum": 1, "maximum": 100})),
            }), &[]),
            "additionalProperties": false,
        })),
        "timeout": key("With its unit: `30s`, `10m`, `2h`; a number alone is of seconds", time()),
        "isolate": key("Run steps in a process of their own, or limit its memory; `process` where there is a timeout", json!({"anyOf": [
            {"enum": ["process", "thread", true, false]},
            {"type": "object", "properties": optional(json!({"memory": key("With its unit: `2GiB`", amount(&SIZES))}), &[]), "additionalProperties": false},
        ]})),
        "cache": key("Whether a finished result may be reused", json!({"type": "boolean", "default": true})),
    });
    json!({
        "type": "object",
        "properties": optional(properties, &["uses"]),
        "required": ["uses"],
        "additionalProperties": false,
        "allOf": rules,
    })
}

/// A number with a unit of time; seconds without one.
fn time() -> Json {
    json!({"anyOf": [measure(&TIMES, "?"), {"type": "number", "exclusiveMinimum": 0}]})
}

/// A number with its unit.
fn amount(units: &[(&str, f64)]) -> Json {
    measure(units, "")
}

fn measure(units: &[(&str, f64)], may_lack: &str) -> Json {
    let units: Vec<&str> = units.iter().map(|(unit, _)| *unit).collect();
    let units = units.join("|");
    let pattern = format!(r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*({units}){may_lack}\s*$");
    json!({"type": "string", "pattern": pattern})
}

/// The same, or an expression that says how it grows with the number of the attempt.
fn by_attempt(units: &[(&str, f64)]) -> Json {
    json!({"anyOf": [amount(units), {"type": "string", "pattern": "attempt"}]})
}

/// What holds for stages of one kind.
fn of_kind(kind: &dyn StageKind) -> Json {
    let mut with = Map::new();
    let mut needed: Vec<&str> = Vec::new();
    for param in kind.params() {
        let mut described = json!({
            "description": param.doc,
            "anyOf": [
                own_value(kind, param.name).unwrap_or_else(|| value(&param.ty)),
                {"type": "string", "pattern": r"\$\{"},
            ],
        });
        match &param.default {
            Default::Required => needed.push(param.name),
            Default::Absent => or_nothing(&mut described),
            Default::Value(default) => {
                described["default"] = json!(default);
                or_nothing(&mut described);
            }
        }
        with.insert(param.name.to_owned(), described);
    }
    // A map that lacks something cannot be left out.
    let mut maps: Vec<&str> = Vec::new();
    if !needed.is_empty() {
        maps.push("with");
    }
    let mut then = json!({
        "with": {"properties": with, "required": needed, "additionalProperties": false},
    });
    // The slots of commands are the user's.
    if !matches!(kind.outputs(), Outputs::Declared) {
        let slots = kind.inputs();
        let needed = slots.iter().filter(|slot| !slot.optional);
        let needed: Vec<&str> = needed.map(|slot| slot.name).collect();
        if !needed.is_empty() {
            maps.push("in");
        }
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
        "then": {"properties": then, "required": maps},
    })
}

/// Of what a program leaves: the type of its parameters is any, their form is not.
fn own_value(kind: &dyn StageKind, param: &str) -> Option<Json> {
    if !matches!(kind.outputs(), Outputs::Declared) {
        return None;
    }
    let texts = |doc: &str| {
        let each = json!({"type": "string"});
        key(doc, json!({"type": "object", "additionalProperties": each}))
    };
    let mut shown = json!({
        "file": key("The file, relative to the program's folder; `stdout` for what is printed", json!({"type": "string"})),
        "better": key("By number, which way is better", json!({
            "type": "object", "additionalProperties": {"enum": ["higher", "lower"]},
        })),
        "units": texts("By number, its unit"),
        "labels": texts("By number, its name for people"),
    });
    Some(match param {
        "metrics" => {
            shown["format"] = key(
                "How it is written",
                json!({"enum": ["json", "csv", "yaml", "lines"]}),
            );
            shown["nan"] = key(
                "What a number that is none means",
                json!({"enum": ["diverged", "missing"]}),
            );
            json!({"anyOf": [
                {"type": "string"},
                {"type": "object", "properties": shown, "required": ["file"], "additionalProperties": false},
            ]})
        }
        "out" => {
            let types = ArtifactType::DECLARABLE.map(|ty| ty.to_string());
            shown["type"] = key("What other stages may take it for", json!({"enum": types}));
            or_nothing(&mut shown["type"]);
            json!({"type": "object", "additionalProperties": {"anyOf": [
                {"type": "string"},
                {"type": "object", "properties": shown, "required": ["file"], "additionalProperties": false},
            ]}})
        }
        "run" => json!({"type": ["string", "array"], "minItems": 1}),
        "environment" => json!({"type": "object", "additionalProperties": {"anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "run": key("What asks for it", json!({"type": "string"})),
                    "key": key("Whether it belongs to the key", json!({"type": "boolean"})),
                },
                "required": ["run"],
                "additionalProperties": false,
            },
        ]}}),
        _ => return None,
    })
}

/// The schema of a type's values.
pub(super) fn value(ty: &ParamType) -> Json {
    match ty {
        ParamType::Bool => json!({"type": "boolean"}),
        ParamType::Int { min, max } => bounded("integer", json!(min), json!(max)),
        ParamType::Float { min, max } => bounded("number", json!(min), json!(max)),
        ParamType::Seed => json!({"type": "integer", "minimum": 0}),
        ParamType::Str | ParamType::Path => json!({"type": "string"}),
        ParamType::Choice(choices) => json!({"enum": choices}),
        ParamType::List(element) => {
            let template = json!({"type": "string", "pattern": r"\$\{"});
            let list = json!({"type": "array", "items": {"anyOf": [value(element), template]}});
            match element.is_name() {
                true => json!({"anyOf": [list, value(element)]}),
                false => list,
            }
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
