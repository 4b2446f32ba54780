//! What is wrong with a command before anything runs.

use std::collections::BTreeMap;

use super::asked::Question;
use super::metrics::Spec;
use super::outputs::Output;
use super::params::CommandParams;
use super::params::Run;
use super::paths::meet;
use super::shell;
use super::value_files;
use crate::registry::InvalidParam;
use crate::registry::ParamType;
use crate::registry::Value;
use crate::text::variable;

/// Whether the parameters of a command make sense together.
///
/// # Errors
/// The parameter that is wrong, and how.
pub(super) fn check(params: &CommandParams) -> Result<(), InvalidParam> {
    run(params)?;
    outputs(params)?;
    environment(params)?;
    values(params)
}

fn environment(params: &CommandParams) -> Result<(), InvalidParam> {
    for (name, value) in params.environment.iter().flatten() {
        if Question::read(name, value).is_none() {
            let help = "`python: python --version`, or `packages: {run: pip freeze, key: true}`";
            let message = format!("`{name}` is nothing that can be asked");
            return Err(invalid("environment", message, help));
        }
    }
    Ok(())
}

fn invalid(
    param: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> InvalidParam {
    InvalidParam {
        param,
        message: message.into(),
        help: help.into(),
    }
}

fn run(params: &CommandParams) -> Result<(), InvalidParam> {
    let help = "`run: [program, argument, …]`, or a shell text";
    match &params.run {
        Run::Text(text) if text.trim().is_empty() => Err(invalid("run", "nothing to run", help)),
        Run::Text(_) => Ok(()),
        Run::Arguments(arguments) => match arguments.first() {
            None => Err(invalid("run", "nothing to run", help)),
            Some(Value::Str(program)) if program.trim().is_empty() => {
                Err(invalid("run", "the name of the program is empty", help))
            }
            Some(Value::Str(_)) if arguments.iter().any(has_nul) => {
                Err(invalid("run", "no argument can have a NUL byte", help))
            }
            Some(Value::Str(_)) => Ok(()),
            Some(other) => {
                let what = other.type_name();
                Err(invalid(
                    "run",
                    format!("the program is {what}, not text"),
                    help,
                ))
            }
        },
        Run::Other(what) => {
            let message = format!("expected a list or text, found {what}");
            Err(invalid("run", message, help))
        }
    }
}

fn has_nul(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains('\0'))
}

fn outputs(params: &CommandParams) -> Result<(), InvalidParam> {
    const HELP: &str = "`out: {name: file}`, with a path relative to the program's folder";
    let mut files: Vec<(String, String)> = Vec::new();
    let mut claim = |param, name: &str, file: &str| {
        if ParamType::Path.conform(Value::from(file)).is_err() {
            let message = format!("`{name}`: `{file}` is not inside the program's folder");
            return Err(invalid(param, message, HELP));
        }
        if file.trim_matches(['.', '/']).is_empty() {
            return Err(invalid(param, format!("`{name}` has no file"), HELP));
        }
        let file = file.trim_start_matches("./").trim_end_matches('/');
        let mut known = files.iter();
        if let Some((other, _)) = known.find(|(_, other)| meet(other, file)) {
            let message =
                format!("`{other}` and `{name}` are both `{file}`, or one is in the other");
            return Err(invalid(
                param,
                message,
                "each output has its own file or folder",
            ));
        }
        files.push((name.to_owned(), file.to_owned()));
        Ok(())
    };
    let mut outputs = Vec::new();
    let mut variables = BTreeMap::new();
    for (name, value) in params.outputs() {
        let variable = variable(&format!("out.{name}"));
        if let Some(other) = variables.insert(variable.clone(), name) {
            let message = format!("`{other}` and `{name}` are both the variable `{variable}`");
            return Err(invalid("out", message, "give one of them another name"));
        }
        let output = Output::read(name, value).map_err(|wrong| invalid("out", wrong, HELP))?;
        claim("out", name, &output.file)?;
        outputs.push(output);
    }
    let place = "`place: {slot: path}`, with a path relative to the program's folder";
    for (slot, path) in params.placed() {
        let path = path.as_str().ok_or_else(|| {
            let message = format!("`{slot}` is {}, not a path", path.type_name());
            invalid("place", message, place)
        })?;
        claim("place", slot, path)?;
    }
    for (path, value) in params.value_files() {
        let help =
            "`files: {params.yaml: {lr: 0.1}}`, with a path relative to the program's folder";
        value_files::text(path, value).map_err(|wrong| invalid("files", wrong, help))?;
        claim("files", path, path)?;
    }
    if params.copy_code == Some(true) && params.code.as_ref().is_none_or(Vec::is_empty) {
        let help = "`code: [train.py, \"src/**\"]` says which files are copied";
        return Err(invalid("copy_code", "there is no `code` to copy", help));
    }
    if let Some(metrics) = &params.metrics {
        let help = "`metrics: scores.json`, `metrics: stdout` or `metrics: {file: …, format: csv}`";
        let spec = Spec::read(metrics).map_err(|wrong| invalid("metrics", wrong, help))?;
        if outputs.iter().any(|output| output.name == "metrics") {
            let message = "`out` has an output `metrics` already";
            return Err(invalid("metrics", message, "give that one another name"));
        }
        // The whole of the file may be an output of its own, of which the metrics are the end; the
        // numbers in a folder that is kept are read before it is.
        let kept = |file: &str, output: &Output| {
            output.file == file || output.is_folder() && file.starts_with(&output.file)
        };
        if let Some(file) = spec.file()
            && !outputs.iter().any(|output| kept(file, output))
        {
            claim("metrics", "metrics", file)?;
        }
        return Ok(());
    }
    match outputs.is_empty() {
        false => Ok(()),
        true => Err(invalid(
            "out",
            "the program leaves nothing",
            "`out: {name: file}` says which files are kept, `metrics: …` where its numbers are",
        )),
    }
}

/// Whether a variable is fine whatever is run, and whichever others there are.
pub(super) fn hides_nothing(name: &str, value: &Value) -> bool {
    let is_path = name == "root" || name == "checkpoint";
    let is_input = name.starts_with("in_") || name.starts_with("out_");
    is_name(name) && !is_path && !is_input && !shell::sets(name) && !has_nul(value)
}

/// Whether shells can read a variable of this name.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Variables have names that shells can read, and do not hide those of the paths.
fn values(params: &CommandParams) -> Result<(), InvalidParam> {
    let help = "names of variables have letters, digits and underscores";
    for (name, value) in params.variables() {
        if !is_name(name) {
            return Err(invalid(
                "values",
                format!("`{name}` cannot name a variable"),
                help,
            ));
        }
        let is_path = name == "root" || name == "checkpoint" && params.keeps_state();
        if is_path || name.starts_with("in_") || name.starts_with("out_") {
            let message = format!("`{name}` is the name of a path");
            return Err(invalid("values", message, "give the variable another name"));
        }
        if matches!(params.run, Run::Text(_)) && shell::sets(name) {
            let message = format!("`{name}` is a variable that the shell sets itself");
            let help = format!(
                "an axis or parameter has another name, or stands under `values`: `{{x: \"${{{name}}}\"}}`, which is `$x`"
            );
            return Err(invalid("values", message, help));
        }
        if has_nul(value) {
            let message = format!("`{name}` has a NUL byte");
            return Err(invalid("values", message, "no variable can have one"));
        }
    }
    // Some systems have names with dots or brackets in them; what a shell would fill in is none.
    let slip =
        |c: char| matches!(c, '=' | '\0' | '$' | '{' | '}' | '"' | '\'' | '`') || c.is_whitespace();
    let bad = |name: &str| name.is_empty() || name.contains(slip);
    if let Some(name) = params
        .passed_on()
        .find(|name| bad(name) || name.contains('*'))
    {
        let message = format!("`{name}` cannot name a variable");
        let help = match name.contains('*') {
            true => "the variables of a key are named one by one; `pass_env` takes `NAME*`",
            false => help,
        };
        return Err(invalid("env", message, help));
    }
    for name in params.pass_env.iter().flatten() {
        let start = name.strip_suffix('*').unwrap_or(name);
        if bad(start) || start.contains('*') {
            let message = format!("`{name}` cannot name variables");
            return Err(invalid("pass_env", message, help));
        }
        if params.passed_on().any(|keyed| keyed == name) {
            let message = format!("`{name}` stands under `env` too");
            let help = "under `env` it belongs to the key, under `pass_env` it does not";
            return Err(invalid("pass_env", message, help));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Values;

    /// The complaint about parameters as YAML.
    fn said(yaml: &str) -> String {
        let values: Values = serde_yaml::from_str(yaml).expect("the test writes YAML");
        let params = CommandParams::read(&values).expect("each fits its type");
        match check(&params) {
            Ok(()) => "good".to_owned(),
            Err(invalid) => format!("{}: {}", invalid.param, invalid.message),
        }
    }

    #[test]
    fn each_mistake_is_said_at_its_parameter() {
        assert_eq!(
            said("{run: [a, 1, [b]], out: {x: a/b}, metrics: stdout}"),
            "good"
        );
        assert_eq!(said("{run: [], out: {x: y}}"), "run: nothing to run");
        assert_eq!(said("{run: ' ', out: {x: y}}"), "run: nothing to run");
        assert_eq!(
            said("{run: [''], out: {x: y}}"),
            "run: the name of the program is empty"
        );
        assert_eq!(
            said("{run: [3], out: {x: y}}"),
            "run: the program is a whole number, not text"
        );
        assert_eq!(
            said("{run: {a: b}, out: {x: y}}"),
            "run: expected a list or text, found a map"
        );
        assert_eq!(said("{run: [a]}"), "out: the program leaves nothing");
        assert_eq!(
            said("{run: [a], out: {}}"),
            "out: the program leaves nothing"
        );
        assert_eq!(said("{run: [a], out: {x: .}}"), "out: `x` has no file");
        assert_eq!(
            said("{run: [a], out: {x: 3}}"),
            "out: `x` is a whole number, not the name of a file"
        );
        assert_eq!(
            said("{run: [a], out: {x: {type: table}}}"),
            "out: `x` does not say which `file`"
        );
        assert!(said("{run: [a], out: {x: ../a}}").starts_with("out: `x`: "));
        assert!(said("{run: [a], out: {x: a, y: a/b}}").starts_with("out: `x` and `y` are both"));
        assert_eq!(
            said("{run: [a], out: {x: a.json}, metrics: a.json}"),
            "good"
        );
        assert_eq!(said("{run: [a], out: {x: a/}, metrics: a/b.json}"), "good");
        assert!(said("{run: [a], out: {x: a}, metrics: a/b.json}").starts_with("metrics: "));
        let laid = |what: &str| said(&format!("{{run: [a], out: {{x: o/y}}, {what}}}"));
        assert_eq!(
            laid(
                "code: [a.py], copy_code: true, place: {d: data/}, files: {p.yaml: {lr: 1}, t: x}"
            ),
            "good"
        );
        assert_eq!(
            laid("copy_code: true"),
            "copy_code: there is no `code` to copy"
        );
        assert_eq!(
            laid("place: {d: 3}"),
            "place: `d` is a whole number, not a path"
        );
        assert!(laid("place: {d: ../x}").contains("not inside the program's folder"));
        assert!(laid("place: {d: o}").starts_with("place: `x` and `d` are both `o`"));
        assert!(laid("files: {o/y: text}").starts_with("files: `x` and `o/y` are both"));
        assert!(laid("files: {p.ini: {lr: 1}}").starts_with("files: `p.ini` is a map: only"));
        let described =
            |what: &str| said(&format!("{{run: [a], metrics: {{file: m.json, {what}}}}}"));
        assert_eq!(
            described("better: {a: higher}, units: {t: s}, labels: {a: A}, nan: missing"),
            "good"
        );
        assert_eq!(
            described("beter: {a: higher}"),
            "metrics: unknown key `beter`; did you mean `better`?"
        );
        assert_eq!(
            described("better: {a: max}"),
            "metrics: better for `a` is `higher`, not `max`"
        );
        assert_eq!(
            described("better: higher"),
            "metrics: `better` is a map: `better: {accuracy: higher}`"
        );
        assert_eq!(
            described("units: {a: 3}"),
            "metrics: `units` of `a` is a whole number, not text"
        );
        assert_eq!(
            described("nan: no"),
            "metrics: `nan` is `diverged` or `missing`"
        );
        assert_eq!(
            said("{run: [a], out: {x: {file: a.csv, type: table, better: {a: good}}}}"),
            "out: `x`: better for `a` is `higher` or `lower`, not `good`"
        );
        assert_eq!(
            said("{run: [a], metrics: {format: csv}}"),
            "metrics: no `file`"
        );
        assert_eq!(
            said("{run: [a], out: {metrics: a}, metrics: b}"),
            "metrics: `out` has an output `metrics` already"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, values: {a-b: 1}}"),
            "values: `a-b` cannot name a variable"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, values: {in_x: 1}}"),
            "values: `in_x` is the name of a path"
        );
        assert_eq!(
            said("{run: 'a ${checkpoint}', out: {x: y}, values: {checkpoint: 1}}"),
            "values: `checkpoint` is the name of a path"
        );
        assert_eq!(
            said("{run: [a], out: {my-x: y, my_x: z}}"),
            "out: `my-x` and `my_x` are both the variable `out_my_x`"
        );
        for name in ["RANDOM", "LINENO", "PPID", "_", "UID", "BASH_ENV", "IFS"] {
            let of = |run: &str| {
                said(&format!(
                    "{{run: {run}, out: {{x: y}}, values: {{{name}: 1}}}}"
                ))
            };
            assert_eq!(
                of("a b"),
                format!("values: `{name}` is a variable that the shell sets itself")
            );
            assert_eq!(of("[a, b]"), "good");
        }
        assert_eq!(
            said("{run: [a], out: {x: y}, env: [A=B]}"),
            "env: `A=B` cannot name a variable"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, env: ['A*']}"),
            "env: `A*` cannot name a variable"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, pass_env: ['*']}"),
            "pass_env: `*` cannot name variables"
        );
        for name in ["$TOKEN", "A B", "{A}", "'A'"] {
            for list in ["env", "pass_env"] {
                let said = said(&format!(
                    "{{run: [a], out: {{x: y}}, {list}: [\"{name}\"]}}"
                ));
                assert!(
                    said.contains(&format!("{list}: `{name}` cannot name")),
                    "{said}"
                );
            }
        }
        assert_eq!(
            said("{run: [a], out: {x: y}, env: ['ProgramFiles(x86)'], pass_env: [my.var]}"),
            "good"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, env: [A], pass_env: [A]}"),
            "pass_env: `A` stands under `env` too"
        );
        assert_eq!(
            said("{run: [a], out: {x: y}, pass_env: [A, 'SLURM_*']}"),
            "good"
        );
    }
}
