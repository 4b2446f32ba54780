//! A draft as the text of a manifest and of its pipeline.

use std::fmt::Write;

use crate::registry::Value;

use super::draft::Draft;
use super::draft::DraftStage;
use super::draft::FileValue;
use super::draft::From;
use super::draft::Slot;
use super::draft::Source;
use super::interpolation::is_name;

/// Lines longer than this are broken where they can be.
const WIDTH: usize = 110;

/// The manifest.
pub(super) fn manifest(draft: &Draft, name: &str, from: &str, pipeline: &str) -> String {
    let mut text = format!(
        "# Made of {from} by `sweepline import`. It is yours now: nothing writes it again.\n\
         experiment: {}\npipeline: {}\n",
        scalar(name),
        scalar(pipeline)
    );
    if draft.params_file.is_some() || !draft.constants.is_empty() {
        text.push_str("params:\n");
    }
    if let Some(file) = &draft.params_file {
        _ = writeln!(text, "  file: {}", scalar(file));
    }
    for (name, value) in &draft.constants {
        entry(&mut text, 2, name, value);
    }
    if !draft.axes.is_empty() {
        text.push_str("axes:\n");
    }
    for axis in &draft.axes {
        let labels = Value::List(axis.labels.clone());
        entry(&mut text, 2, &axis.name, &labels);
    }
    text
}

/// The pipeline.
pub(super) fn pipeline(draft: &Draft, name: &str, from: &str) -> String {
    let mut text = format!(
        "# Made of {from} by `sweepline import`. It is yours now: nothing writes it again.\n\
         pipeline: {}\n",
        scalar(name)
    );
    let axes = draft.axes.iter().map(|axis| axis.name.as_str());
    let names = draft.mentioned.iter().map(String::as_str).chain(axes);
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    if !names.is_empty() {
        text.push_str("params:\n");
    }
    for name in names {
        _ = writeln!(text, "  {name}: {{type: any}}");
    }
    text.push_str("stages:\n");
    for own in &draft.stages {
        stage(&mut text, own);
    }
    for figure in &draft.figures {
        _ = writeln!(
            text,
            "  {}:\n    uses: figure/line\n    in: {{rows: {}}}",
            figure.name, figure.from
        );
        if let Some(over) = &figure.over {
            let over = over.iter().map(|axis| Value::Str(axis.clone()));
            entry(&mut text, 4, "over", &Value::List(over.collect()));
        }
        text.push_str("    with:\n");
        for (name, value) in &figure.with {
            entry(&mut text, 6, name, value);
        }
    }
    text
}

fn stage(text: &mut String, own: &DraftStage) {
    for comment in &own.comments {
        _ = writeln!(text, "  # {}", comment.trim());
    }
    _ = writeln!(text, "  {}:\n    uses: command", own.name);
    if let Some(when) = &own.when {
        _ = writeln!(text, "    when: {}", scalar(when));
    }
    if own.never_reused {
        text.push_str("    cache: false\n");
    }
    if !own.inputs.is_empty() {
        text.push_str("    in:\n");
    }
    for slot in &own.inputs {
        let sources = sources(slot);
        let space = if sources.starts_with('\n') { "" } else { " " };
        _ = writeln!(text, "      {}:{space}{sources}", slot.name);
    }
    if !own.over.is_empty() {
        let over = own.over.iter().map(|axis| Value::Str(axis.clone()));
        entry(text, 4, "over", &Value::List(over.collect()));
    }
    text.push_str("    with:\n");
    if !own.code.is_empty() {
        let code = own.code.iter().map(|path| Value::Str(path.clone()));
        entry(text, 6, "code", &Value::List(code.collect()));
        text.push_str("      copy_code: true\n");
    }
    if !own.inputs.is_empty() {
        text.push_str("      place:\n");
    }
    for slot in &own.inputs {
        _ = writeln!(text, "        {}: {}", slot.name, scalar(&slot.path));
    }
    if !own.files.is_empty() || !own.texts.is_empty() {
        text.push_str("      files:\n");
    }
    for (path, keys) in &own.files {
        _ = writeln!(text, "        {}:", scalar(path));
        for (key, value) in keys {
            file_value(text, 10, key, value);
        }
    }
    for (path, content) in &own.texts {
        _ = writeln!(text, "        {}: {}", scalar(path), scalar(content));
    }
    if !own.values.is_empty() {
        text.push_str("      values:\n");
    }
    for (name, expression) in &own.values {
        let whole = match expression.contains("${") {
            true => expression.clone(),
            false => format!("${{{expression}}}"),
        };
        _ = writeln!(text, "        {name}: {}", scalar(&whole));
    }
    for (name, variables) in [("env", &own.env), ("pass_env", &own.pass_env)] {
        if !variables.is_empty() {
            let all = variables.iter().map(|name| Value::Str(name.clone()));
            entry(text, 6, name, &Value::List(all.collect()));
        }
    }
    run(text, &own.run);
    if !own.outs.is_empty() {
        text.push_str("      out:\n");
    }
    for out in &own.outs {
        let path = scalar(&out.path);
        _ = match out.ty {
            Some(ty) => writeln!(text, "        {}: {{file: {path}, type: {ty}}}", out.name),
            None => writeln!(text, "        {}: {path}", out.name),
        };
    }
    if let Some(metrics) = &own.metrics {
        _ = writeln!(text, "      metrics: {}", scalar(metrics));
    }
}

/// A value of a file.
fn file_value(text: &mut String, indent: usize, key: &str, value: &FileValue) {
    _ = write!(text, "{:indent$}{}:", "", scalar(key));
    match value {
        FileValue::Expression(expression) => {
            _ = writeln!(text, " {}", quoted(&format!("${{{expression}}}")));
        }
        FileValue::Keys(keys) => {
            text.push('\n');
            for (key, value) in keys {
                file_value(text, indent + 2, key, value);
            }
        }
    }
}

fn sources(slot: &Slot) -> String {
    let one = |source: &Source| {
        let mut keys = vec![match &source.from {
            From::Stage(name) => format!("from: {name}"),
            From::File(path) => format!("file: {}", flow(&Value::Str(path.clone()))),
        }];
        if !source.at.is_empty() {
            let at = source.at.iter();
            let at = at.map(|(axis, value)| format!("{axis}: {}", flow(value)));
            keys.push(format!("at: {{{}}}", at.collect::<Vec<_>>().join(", ")));
        }
        if let Some(when) = &source.when {
            keys.push(format!("when: {}", flow(&Value::Str(when.clone()))));
        }
        match (&source.from, keys.len()) {
            (From::Stage(name), 1) => name.clone(),
            _ => format!("{{{}}}", keys.join(", ")),
        }
    };
    match &slot.sources[..] {
        [only] => one(only),
        several => {
            let all = several
                .iter()
                .map(|source| format!("\n        - {}", one(source)));
            all.collect()
        }
    }
}

/// A command, on lines of its own where it has several.
fn run(text: &mut String, command: &str) {
    let command = command.trim_end();
    let single = !command.contains('\n');
    if single && command.len() < WIDTH {
        _ = writeln!(text, "      run: {}", scalar(command));
        return;
    }
    // In quotes what a block would not keep as it is: white space where lines end or the text begins.
    let is_kept = |line: &str| line == line.trim_end() && !line.contains(is_odd);
    if command.starts_with(char::is_whitespace) || !command.split('\n').all(is_kept) {
        _ = writeln!(text, "      run: {}", quoted(command));
        return;
    }
    text.push_str("      run: |\n");
    for line in command.lines() {
        match line.is_empty() {
            true => text.push('\n'),
            false => _ = writeln!(text, "        {line}"),
        }
    }
}

/// What YAML takes for the end of a line, or for nothing that a text may hold.
fn is_odd(c: char) -> bool {
    c.is_control() && c != '\t' || ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'].contains(&c)
}

fn entry(text: &mut String, indent: usize, name: &str, value: &Value) {
    let line = format!("{:indent$}{}: {}", "", scalar(name), flow(value));
    if line.len() <= WIDTH {
        _ = writeln!(text, "{line}");
        return;
    }
    _ = writeln!(text, "{:indent$}{}:", "", scalar(name));
    match value {
        Value::List(items) => {
            for item in items {
                _ = writeln!(text, "{:indent$}- {}", "", flow(item), indent = indent + 2);
            }
        }
        Value::Map(entries) => {
            for (name, value) in entries {
                entry(text, indent + 2, name, value);
            }
        }
        other => _ = writeln!(text, "{:indent$}{}", "", flow(other), indent = indent + 2),
    }
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Str(text) => {
            let text = scalar(text);
            let plain = !text.starts_with(['"', '\'']);
            match plain && text.contains([',', '[', ']', '{', '}']) {
                true => quoted(&text),
                false => text,
            }
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        // As a number, which is refused where it is used; `inf` would be a text.
        Value::Float(number) if number.is_nan() => ".nan".to_owned(),
        Value::Float(number) if number.is_infinite() => match *number > 0.0 {
            true => ".inf".to_owned(),
            false => "-.inf".to_owned(),
        },
        other => other.to_string(),
    }
}

/// A text as YAML: without quotes where all readers take it for a text.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./ ()*+=@%".contains(c);
    let word = is_name(text.split(['/', '-', '.', ' ']).next().unwrap_or_default())
        || text.starts_with("./")
        || text.starts_with('/');
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let bare = word
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !other.contains(&text.to_ascii_lowercase().as_str());
    if bare {
        return text.to_owned();
    }
    if !text.contains('\'')
        && !text.contains(|c: char| c.is_control())
        && text.contains(['"', '\\'])
    {
        return format!("'{text}'");
    }
    quoted(text)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
