//! Variables of the environment: in the key or not, and never told.

use super::mistakes;
use super::space;
use crate::support::Executed;
use crate::support::TestSpace;
use crate::support::counts;
use crate::support::executed;

const MANIFEST: &str = r#"experiment: o
stages:
  s:
    uses: command
    with:
      run: |
        echo "mode=$${MODE:-none} token=$${API_TOKEN:-none} gpu=$${CUDA_VISIBLE_DEVICES:-none} job=$${SLURM_JOB:-none}"
        echo "$${MODE:-none}" > "${out.x}"
      env: [MODE]
      pass_env: [API_TOKEN, CUDA_VISIBLE_DEVICES, "SLURM_*"]
      out: {x: x}
"#;

fn with(space: &TestSpace, variables: &[(&str, &str)]) -> (Executed, String) {
    let mut command = space.command(&["run", "manifests/o.yaml", "--json"]);
    for name in ["MODE", "API_TOKEN", "CUDA_VISIBLE_DEVICES", "SLURM_JOB"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output();
    let output = output.expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("events are text");
    assert!(output.status.success(), "{text}");
    (executed(&text), text)
}

/// Looks at everything that runs have left.
fn no_file_has(space: &TestSpace, secret: &str) {
    for file in space.files("outputs") {
        let bytes = std::fs::read(&file).expect("files are readable");
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
}

#[test]
fn variables_that_are_passed_on_do_not_belong_to_the_key() {
    let space = space(MANIFEST);
    let (count, text) = with(
        &space,
        &[
            ("MODE", "a"),
            ("CUDA_VISIBLE_DEVICES", "1"),
            ("SLURM_JOB", "7"),
        ],
    );
    assert_eq!(count, counts(&[("s", 1)]));
    assert!(text.contains("mode=a token=none gpu=1 job=7"), "{text}");
    assert_eq!(
        with(&space, &[("MODE", "a"), ("CUDA_VISIBLE_DEVICES", "0")]).0,
        counts(&[])
    );
    assert_eq!(with(&space, &[("MODE", "b")]).0, counts(&[("s", 1)]));
    // Naming another one changes nothing that was run.
    space.replace("manifests/o.yaml", "pass_env: [", "pass_env: [HF_HOME, ");
    assert_eq!(with(&space, &[("MODE", "b")]).0, counts(&[]));
}

#[test]
fn values_of_secrets_stand_nowhere() {
    const SECRET: &str = "s3cr3t-v4lue";
    let space = space(MANIFEST);
    let (_, events) = with(&space, &[("API_TOKEN", SECRET), ("MODE", "a long mode")]);
    assert!(events.contains("token=${API_TOKEN}"), "{events}");
    assert!(!events.contains(SECRET), "{events}");
    for verb in ["log", "why"] {
        let said = space.stdout(&[verb, "manifests/o.yaml", "s"]);
        assert!(!said.contains(SECRET), "{verb}: {said}");
    }
    let mut report = space.command(&["report", "manifests/o.yaml"]);
    let report = report.env("MODE", "a long mode").output();
    assert!(report.expect("the program starts").status.success());
    no_file_has(&space, SECRET);
}

#[test]
fn what_is_said_of_a_step_has_no_secrets_either() {
    const SECRET: &str = "s3cr3t-v4lue";
    let space = space(
        "experiment: o
stages:
  link:
    uses: command
    with: {run: 'ln -s \"/nowhere/$API_TOKEN\" x', env: [API_TOKEN], out: {x: x}}
  stray:
    uses: command
    with: {run: 'echo > x; echo > \"$API_TOKEN.txt\"', env: [API_TOKEN], out: {x: x}}
  number:
    uses: command
    with: {run: 'echo \"{ $API_TOKEN\" > m.json', env: [API_TOKEN], metrics: m.json}
  kept:
    uses: command
    with:
      run: 'printf \"{\\\"n\\\": 1, \\\"by\\\": \\\"$API_TOKEN\\\", \\\"of $API_TOKEN\\\": 2}\" > m.json'
      env: [API_TOKEN]
      metrics: m.json
",
    );
    let mut run = space.command(&["run", "manifests/o.yaml", "--progress", "lines"]);
    let output = run.env("API_TOKEN", SECRET).output();
    let said = output.expect("the program starts");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("/nowhere/${API_TOKEN}"), "{said}");
    assert!(said.contains("`${API_TOKEN}.txt`"), "{said}");
    let kept = space.read("outputs/o/cells/kept/metrics.json");
    assert!(
        kept.contains(r#""by": "${API_TOKEN}""#) && kept.contains(r#""of ${API_TOKEN}": 2"#),
        "{kept}"
    );
    assert!(!said.contains(SECRET), "{said}");
    no_file_has(&space, SECRET);
}

/// `grep --color` and `json.dumps` print so.
#[test]
fn a_secret_within_quotes_or_with_a_colour_in_it_stands_nowhere() {
    const SECRET: &str = r#"pass\w0rd"qq"#;
    let space = space(
        r#"experiment: o
stages:
  s:
    uses: command
    with:
      run: |
        rest=$${API_TOKEN#pass}
        printf 'coloured \033[31mpass\033[0m%s\n' "$rest"
        printf '%s\n' "$API_TOKEN" | sed 's/[\\"]/\\&/g; s/.*/{"password": "&"}/'
        echo > "${out.x}"
      env: [API_TOKEN]
      out: {x: x}
"#,
    );
    let mut command = space.command(&["run", "manifests/o.yaml"]);
    let output = command.env("API_TOKEN", SECRET).output();
    assert!(output.expect("the program starts").status.success());
    let log = space.stdout(&["log", "manifests/o.yaml", "s"]);
    assert_eq!(
        log,
        "coloured ${API_TOKEN}\n{\"password\": \"${API_TOKEN}\"}\n"
    );
    no_file_has(&space, "w0rd");
}

#[test]
fn a_variable_is_in_the_key_or_not() {
    let of = |with: &str| {
        mistakes(&format!(
            "experiment: o\nstages:\n  s:\n    uses: command\n    with: {{run: [a], out: {{x: x}}, {with}}}\n"
        ))
    };
    let said = of("env: [A], pass_env: [A]");
    assert!(
        said.contains("`A` stands under `env` too") && said.contains("o.yaml:5:"),
        "{said}"
    );
    assert!(of("pass_env: ['*']").contains("cannot name variables"));
    assert!(of("pass_env: \"A, B\"").contains("expected a list, found text"));
    assert!(of("env: ['A*']").contains("`pass_env` takes `NAME*`"));
}
