//! The schema of searches: what every one takes, and what its method does.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::registry::Default;
use crate::search;

use crate::manifest::axes::has_budget;

use super::key;
use super::kinds::value;
use super::map_of;

/// A search by each method, by the method's name.
pub(super) fn searches() -> impl Iterator<Item = (String, Json)> {
    search::ALL.iter().map(|method| {
        let mut properties = common();
        let mut required = vec!["space", "trials"];
        if has_budget(*method) {
            let doc = "The parameter of which most trials get a part, as `epochs`";
            properties.insert("budget".to_owned(), key(doc, json!({"type": "string"})));
            required.push("budget");
        }
        for param in method.params() {
            let mut described = key(param.doc, value(&param.ty));
            match param.default {
                Default::Required => required.push(param.name),
                Default::Absent => {}
                Default::Value(default) => described["default"] = json!(default),
            }
            properties.insert(param.name.to_owned(), described);
        }
        let search = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        let doc = format!("A search: {}", method.summary());
        (method.name().to_owned(), key(&doc, search))
    })
}

/// Some keys of a search, by whatever method.
pub(super) fn single_keys() -> Json {
    let mut properties = Map::new();
    for (_, search) in searches() {
        let own = search["properties"].as_object().cloned();
        properties.extend(own.unwrap_or_default());
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// What every search takes.
fn common() -> Map<String, Json> {
    let objective = || json!({"type": ["string", "array"], "items": {"type": "string"}});
    let common = json!({
        "space": key("What is searched: parameters with what they may be", map_of("space")),
        "trials": key("How many points are tried", json!({"type": "integer", "minimum": 1})),
        "minimize": key("`stage.column`, the number that is to be small; or several", objective()),
        "maximize": key("`stage.column`, the number that is to be large; or several", objective()),
        "statistic": key(
            "What is made of the seeds of a trial",
            json!({"enum": ["max", "mean", "median", "min"], "default": "mean"}),
        ),
        "parallel": key(
            "How many trials may be under way at once: trial k is proposed from trials 0 to k − `parallel`",
            json!({"type": "integer", "minimum": 1, "default": 4}),
        ),
        "seed": key("Which random numbers the method draws", json!({"type": "integer", "minimum": 0, "default": 0})),
    });
    common.as_object().cloned().unwrap_or_default()
}

/// What one parameter may be.
pub(super) fn space() -> Json {
    let ends =
        |ty: &str| json!({"type": "array", "items": {"type": ty}, "minItems": 2, "maxItems": 2});
    json!({
        "description": "A list of choices, or from where to where",
        "anyOf": [
            {"type": "array"},
            {
                "type": "object",
                "properties": {
                    "uniform": key("`[low, high]`: a number between, both included", ends("number")),
                    "log-uniform": key("`[low, high]`: uniform on the logarithm", ends("number")),
                    "int": key("`[low, high]`: a whole number", ends("integer")),
                    "log-int": key("`[low, high]`: a whole number, uniform on the logarithm", ends("integer")),
                    "choice": key("One of these values", json!({"type": "array"})),
                    "step": key("Only `low`, `low + step` and so on", json!({"type": "number"})),
                    "when": key(
                        "The parameter is there only where this holds: an expression over those before it",
                        json!({"type": "string"}),
                    ),
                },
                "additionalProperties": false,
            },
        ],
    })
}
