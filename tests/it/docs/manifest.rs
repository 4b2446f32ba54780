//! The tables of the page on the manifest language, between `<!-- written: NAME -->` and `<!-- end -->`,
//! are what the schema and the reader say.

use std::fs;

use serde_json::Value as Json;
use sweepline::manifest::Described;
use sweepline::manifest::language;
use sweepline::manifest::schema;
use sweepline::stages;

pub(super) const PAGE: &str = "manifest.md";

/// The table of this name.
fn table(name: &str) -> String {
    let manifest = with_values(schema(&stages::catalog(), Described::Manifest));
    let pipeline = with_values(schema(&stages::catalog(), Described::Pipeline));
    let keys = |schema: &Json, place: &str| keys(schema.pointer(place).expect("a part of it"));
    match name {
        "keys of a manifest" => keys(&manifest, ""),
        "keys of a profile" => keys(&manifest, "/properties/profiles/additionalProperties"),
        "keys of a claim" => keys(&manifest, "/properties/claims/items"),
        "forms of an axis" => keys(&manifest, "/definitions/axis/anyOf/1"),
        "keys of a search" => keys(&manifest, &search("random")),
        "keys of asha" => keys_of(&manifest, "asha"),
        "keys of command" => keys_of(&manifest, "command"),
        "keys of tpe" => keys_of(&manifest, "tpe"),
        "keys of a space" => keys(&manifest, "/definitions/space/anyOf/1"),
        "keys of a pipeline" => keys(&pipeline, ""),
        "keys of a parameter" => keys(&pipeline, "/definitions/parameter"),
        "keys of a stage" => keys(&pipeline, "/definitions/stage"),
        "keys of resources" => keys(&pipeline, "/definitions/stage/properties/resources"),
        "keys of retry" => keys(&pipeline, "/definitions/stage/properties/retry"),
        "keys of an input" => keys(&pipeline, "/definitions/source/anyOf/0/anyOf/1"),
        "types" => words("type", "its values", language::TYPES),
        "functions" => words("function", "gives", language::FUNCTIONS),
        "sizes" => units("bytes", language::SIZES),
        "times" => units("seconds", language::TIMES),
        other => panic!("no table `{other}`"),
    }
}

/// The schema without the nothing that may stand in the place of what may be left out.
fn with_values(mut schema: Json) -> Json {
    match &mut schema {
        Json::Object(rules) => {
            for rule in rules.values_mut() {
                *rule = with_values(rule.take());
            }
            let nothing = serde_json::json!({"type": "null"});
            let any = rules.get_mut("anyOf").and_then(Json::as_array_mut);
            let Some(any) = any.filter(|any| any.contains(&nothing)) else {
                return schema;
            };
            any.retain(|one| *one != nothing);
            if let [Json::Object(only)] = &mut any[..] {
                let only = std::mem::take(only);
                rules.remove("anyOf");
                rules.extend(only);
            }
        }
        Json::Array(all) => {
            for one in all {
                *one = with_values(one.take());
            }
        }
        _ => {}
    }
    schema
}

fn search(method: &str) -> String {
    format!("/definitions/axis/anyOf/1/properties/{method}")
}

/// The keys that a search has by a method and that not every search has.
fn keys_of(manifest: &Json, method: &str) -> String {
    let at = |method: &str| manifest.pointer(&search(method)).expect("a search");
    let common = keys(at("random"));
    let all = keys(at(method));
    let lines = all.lines().enumerate();
    let own = lines.filter(|(at, line)| *at < 2 || !common.lines().any(|other| other == *line));
    own.map(|(_, line)| format!("{line}\n")).collect()
}

fn words(of: &str, what: &str, rows: &[(&str, &str)]) -> String {
    let rows = rows
        .iter()
        .map(|(name, doc)| format!("| `{name}` | {doc} |\n"));
    format!(
        "| {of} | {what} |\n| --- | --- |\n{}",
        rows.collect::<String>()
    )
}

fn units(of: &str, rows: &[(&str, f64)]) -> String {
    let rows = rows
        .iter()
        .map(|(name, factor)| format!("| `{name}` | {factor} |\n"));
    format!(
        "| unit | {of} |\n| --- | --- |\n{}",
        rows.collect::<String>()
    )
}

/// The keys of a map with their values.
fn keys(map: &Json) -> String {
    let required = map["required"].as_array().cloned().unwrap_or_default();
    let required = |key: &str| required.iter().any(|name| name == key.trim_matches('`'));
    let properties = map["properties"].as_object().expect("a map has keys");
    let defaults = properties
        .iter()
        .any(|(key, described)| required(key) || !described["default"].is_null());
    let mut text = match defaults {
        true => "| key | value | default | |\n| --- | --- | --- | --- |\n".to_owned(),
        false => "| key | value | |\n| --- | --- | --- |\n".to_owned(),
    };
    let mut row = |key: &str, described: &Json| {
        let default = match &described["default"] {
            _ if !defaults => String::new(),
            _ if required(key) => " required |".to_owned(),
            Json::Null => " – |".to_owned(),
            Json::String(default) => format!(" `{default}` |"),
            default => format!(" `{default}` |"),
        };
        let doc = described["description"].as_str();
        let doc = doc.expect("keys are documented");
        text += &format!("| {key} | {} |{default} {doc} |\n", value(described));
    };
    for (key, described) in properties {
        row(&format!("`{key}`"), described);
    }
    if map["additionalProperties"]["description"].is_string() {
        row("any other name", &map["additionalProperties"]);
    }
    text
}

/// A schema as people say it.
fn value(schema: &Json) -> String {
    let all = |parts: &Json, join: &str| {
        let mut said: Vec<String> = Vec::new();
        for part in parts.as_array().into_iter().flatten() {
            let part = value(part);
            if !said.contains(&part) {
                said.push(part);
            }
        }
        said.join(join)
    };
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or(name).to_owned();
    }
    for (parts, join) in [("allOf", ", "), ("anyOf", " or ")] {
        if schema[parts].is_array() && schema["properties"].is_null() {
            return all(&schema[parts], join);
        }
    }
    if let Some(choices) = schema["enum"].as_array() {
        let choices = choices.iter().map(|choice| match choice {
            Json::String(choice) => format!("`{choice}`"),
            choice => format!("`{choice}`"),
        });
        return choices.collect::<Vec<_>>().join(", ");
    }
    // One of many names, such as a stage kind: the page has no room for all of them.
    if schema["const"].is_string() {
        return "text".to_owned();
    }
    if let Some(element) = schema["additionalProperties"]["$ref"].as_str() {
        let element = element.rsplit('/').next().unwrap_or(element);
        return format!("map of names, each to: {element}");
    }
    let types = match &schema["type"] {
        Json::Array(types) => types.clone(),
        Json::Null => return "any".to_owned(),
        ty => vec![ty.clone()],
    };
    let types = types.iter().filter_map(Json::as_str).map(|ty| match ty {
        "string" => "text",
        "array" => "list",
        "object" => "map",
        "integer" => "whole number",
        "boolean" => "true or false",
        other => other,
    });
    types.collect::<Vec<_>>().join(" or ")
}

#[test]
fn the_page_of_the_language_is_what_the_program_reads() {
    let path = format!("docs/reference/{PAGE}");
    let page = fs::read_to_string(&path).expect("the page is there");
    let mut current = String::new();
    let mut tables = 0;
    for part in page.split_inclusive("<!-- end -->") {
        let Some((before, rest)) = part.split_once("<!-- written: ") else {
            current += part;
            continue;
        };
        let (name, _) = rest.split_once(" -->").expect("a comment ends");
        current += &format!(
            "{before}<!-- written: {name} -->\n\n{}\n<!-- end -->",
            table(name)
        );
        tables += 1;
    }
    assert_eq!(tables, 19, "a table is missing");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &current).expect("the page can be written");
        return;
    }
    assert!(
        page == current,
        "{path} is not current: UPDATE=1 rewrites it"
    );
}
