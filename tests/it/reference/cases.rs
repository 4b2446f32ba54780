//! Layers, losses, optimisers and estimators against reference numbers of other libraries.
//!
//! `tests/reference/index.json` lists the cases; this test serves any set in that format, and the
//! environment variable `SWEEPLINE_REFERENCE` names another folder. What is computed is decided
//! by a case's `kind` alone; shapes, rates and other settings come from the case.

use super::KINDS;
use super::case::{Answers, Case, load};

#[test]
fn every_reference_case_is_met_within_its_tolerance() {
    let folder = std::env::var("SWEEPLINE_REFERENCE").map_or_else(
        |_| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference"),
        Into::into,
    );
    let cases = load(&folder);
    let mut failures = Vec::new();
    let (mut compared, mut worst, mut worst_at) = (0, 0.0, String::new());
    for case in &cases {
        let Some((_, compute)) = KINDS.iter().find(|(kind, _)| *kind == case.kind) else {
            failures.push(format!("{}: unknown kind `{}`", case.name, case.kind));
            continue;
        };
        match compare(case, &compute(case)) {
            Ok((error, tensor)) if error <= 1.0 => {
                compared += 1;
                if error >= worst {
                    (worst, worst_at) = (error, format!("{} of {}", tensor, case.name));
                }
            }
            Ok((error, tensor)) => failures.push(format!(
                "{}: `{tensor}` is off by {error:.3} times its tolerance",
                case.name
            )),
            Err(message) => failures.push(format!("{}: {message}", case.name)),
        }
    }
    println!("{compared} of {} cases met", cases.len());
    println!("worst error: {worst:.3} of the tolerance ({worst_at})");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(compared > 0, "no case is in {}", folder.display());
}

/// The largest error of a case as a fraction of the tolerance, and the tensor where it occurs.
fn compare(case: &Case, answers: &Answers) -> Result<(f64, String), String> {
    let mut worst = (0.0, String::new());
    for want in case.wanted() {
        let Some(got) = answers.get(&want.name) else {
            return Err(format!("`{}` was not computed", want.name));
        };
        if got.len() != want.values.len() {
            let (g, w) = (got.len(), want.values.len());
            return Err(format!("`{}` has {g} numbers, not {w}", want.name));
        }
        // Statistics are in float64, and 1e-10 is room for the reference's own rounding.
        if case.kind.starts_with("stat_") {
            for (got, exact) in got.iter().zip(&want.exact) {
                let error = (got - exact).abs() / (1e-10 * exact.abs().max(1e-3));
                if error > 1.0 {
                    return Err(format!("`{}` is {got}, not {exact}", want.name));
                }
            }
        }
        for (got, value) in got.iter().zip(&want.values) {
            let error = (got - value).abs() / (want.atol + want.rtol * value.abs());
            let error = if got.is_finite() {
                error
            } else {
                f64::INFINITY
            };
            if error >= worst.0 {
                worst = (error, want.name.clone());
            }
        }
    }
    match worst.1.is_empty() {
        true => Err("it asks for nothing".into()),
        false => Ok(worst),
    }
}
