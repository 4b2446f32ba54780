//! The toy project and how its output is compared: with what changes from run to run redacted.

use crate::support::TestSpace;

/// Two densities, two restarts, two settings, one epoch each: 23 steps.
pub(super) const TOY: &str = r#"experiment: toy
params: {epochs: 1}
axes:
  name: [circle, clusters]
  restart: {seeds: 2}
  samples: [5, 50]
stages:
  data:
    uses: dataset/synthetic
    with: {name: "${name}", points: 40}
  fit:
    uses: train/iwae
    in: {data: data}
    with: {samples: "${samples}", epochs: "${epochs}", seed: "${restart}", latent: 1, hidden: [4], batch: 10}
  score:
    uses: evaluate/test-kl
    in: {model: fit, data: data}
  best:
    uses: select
    in: {candidates: fit}
    over: [restart]
    with: {by: valid_ll}
  summary:
    uses: table/summary
    in: {rows: score}
    with: {values: [test_kl], replicate: restart}
"#;

/// The toy project, not run yet.
pub(super) fn toy() -> TestSpace {
    let space = TestSpace::new();
    space.write("manifests/toy.yaml", TOY);
    space
}

/// The toy project after a run.
pub(super) fn finished() -> TestSpace {
    let space = toy();
    said(&space, "run toy --progress none");
    space
}

/// Everything a call says: its exit code, standard output, standard error, redacted. Arguments are
/// separated by spaces; `toy` stands for the manifest.
pub(super) fn said(space: &TestSpace, arguments: &str) -> String {
    let arguments = arguments.split_whitespace();
    let arguments: Vec<&str> = arguments
        .map(|argument| match argument {
            "toy" => "manifests/toy.yaml",
            other => other,
        })
        .collect();
    let output = space.output(&arguments);
    let code = output.status.code().expect("the program ends by itself");
    let stdout = String::from_utf8(output.stdout).expect("output is text");
    let stderr = String::from_utf8(output.stderr).expect("messages are text");
    let mut text = redacted(&stdout);
    if !stderr.is_empty() {
        text += &format!("-- stderr\n{}", redacted(&stderr));
    }
    if code != 0 {
        text += &format!("-- exit code {code}\n");
    }
    text
}

/// Times, digests, sizes and the names of runs replaced.
pub(super) fn redacted(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut words: Vec<String> = line.split(' ').map(redacted_word).collect();
        for at in 1..words.len() {
            let number = words[at - 1].trim_start_matches('(').to_owned();
            let unit = words[at].trim_end_matches([',', ')', ';']).to_owned();
            let redacted = match unit.as_str() {
                "ms" | "s" | "min" | "h" => "[TIME]",
                "bytes" | "kB" | "MB" => "[SIZE]",
                _ => continue,
            };
            if number.parse::<f64>().is_ok() {
                words[at - 1] = words[at - 1].replace(&number, redacted);
                words[at] = words[at].replace(&unit, "");
            }
        }
        let line = words.join(" ").replace("] ,", "],").replace("] )", "])");
        line.replace("[TIME] [TIME]", "[TIME]")
            .trim_end()
            .to_owned()
            + "\n"
    });
    lines.collect()
}

fn redacted_word(word: &str) -> String {
    let inner = word.trim_matches([',', ';', ':', '`', '"', '(', ')']);
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if [12, 64].contains(&inner.len()) && inner.chars().all(hex) {
        return word.replace(inner, "[DIGEST]");
    }
    let date = inner.get(..15).unwrap_or_default();
    let is_run = date.len() == 15
        && date.chars().enumerate().all(|(at, c)| match at {
            8 => c == '-',
            _ => c.is_ascii_digit(),
        });
    match is_run {
        true => word.replace(inner, "[RUN]"),
        false => word.to_owned(),
    }
}
