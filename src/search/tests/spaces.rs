//! Spaces of every form.

use crate::registry::Value;

use super::super::*;

pub(super) fn float(low: f64, high: f64) -> Domain {
    Domain::Float {
        low,
        high,
        log: false,
        step: None,
    }
}

pub(super) fn int(low: i64, high: i64) -> Domain {
    Domain::Int {
        low,
        high,
        log: false,
        step: 1,
    }
}

pub(super) fn choices(names: &[&str]) -> Domain {
    Domain::Choice(names.iter().map(|name| Value::from(*name)).collect())
}

pub(super) fn choice(names: &[&str]) -> Space {
    plain(&[("c", choices(names))])
}

pub(super) fn point(values: &[(&str, Value)]) -> Point {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

pub(super) fn plain(parameters: &[(&str, Domain)]) -> Space {
    let parameter = |(name, domain): &(&str, Domain)| Parameter {
        name: (*name).to_owned(),
        domain: domain.clone(),
        when: None,
    };
    Space::new(parameters.iter().map(parameter).collect()).expect("the space is right")
}

fn when(name: &str, domain: Domain, of: &'static str, is: &'static str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        domain,
        when: Some(Condition::new(move |point| {
            point.get(of).and_then(Value::as_str) == Some(is)
        })),
    }
}

/// `y` is there for `a`, `z` and below it `w` for `b`.
pub(super) fn conditional() -> Space {
    let c = Parameter {
        name: "c".into(),
        domain: choices(&["a", "b"]),
        when: None,
    };
    let z = when("z", choices(&["p", "q"]), "c", "b");
    let parameters = vec![
        c,
        when("y", float(0.0, 1.0), "c", "a"),
        z,
        when("w", int(1, 9), "z", "q"),
    ];
    Space::new(parameters).expect("the space is right")
}

/// The same with few points: 3 + 1 + 2.
pub(super) fn conditional_finite() -> Space {
    let c = Parameter {
        name: "c".into(),
        domain: choices(&["a", "b"]),
        when: None,
    };
    let z = when("z", choices(&["p", "q"]), "c", "b");
    let parameters = vec![
        c,
        when("y", int(1, 3), "c", "a"),
        z,
        when("w", int(1, 2), "z", "q"),
    ];
    Space::new(parameters).expect("the space is right")
}

/// `n` is odd.
fn odd() -> Condition {
    Condition::new(|point| {
        let n = point.get("n").and_then(Value::as_int);
        n.is_some_and(|n| n % 2 == 1)
    })
}

pub(super) fn all() -> Vec<(&'static str, Space)> {
    let log = Domain::Float {
        low: 1e-5,
        high: 1e-1,
        log: true,
        step: None,
    };
    let int_log = Domain::Int {
        low: 4,
        high: 512,
        log: true,
        step: 1,
    };
    let left_out = plain(&[("x", float(-5.0, 10.0)), ("n", int(1, 9))]);
    let few_left_out = plain(&[("c", choices(&["a", "b", "c"])), ("n", int(1, 9))]);
    vec![
        ("float", plain(&[("x", float(-5.0, 10.0))])),
        ("left out", left_out.within(odd())),
        ("few left out", few_left_out.within(odd())),
        ("log", plain(&[("lr", log.clone())])),
        (
            "step",
            plain(&[(
                "d",
                Domain::Float {
                    low: 0.0,
                    high: 1.0,
                    log: false,
                    step: Some(0.1),
                },
            )]),
        ),
        ("int", plain(&[("n", int(-3, 16))])),
        (
            "int step",
            plain(&[(
                "n",
                Domain::Int {
                    low: 16,
                    high: 130,
                    log: false,
                    step: 16,
                },
            )]),
        ),
        ("int log", plain(&[("n", int_log.clone())])),
        ("choice", choice(&["a", "b", "c"])),
        (
            "joint",
            plain(&[
                ("x", float(-5.0, 10.0)),
                ("lr", log),
                ("n", int_log),
                ("c", choices(&["a", "b", "c"])),
                ("fixed", int(3, 3)),
            ]),
        ),
        (
            "one point",
            plain(&[("x", float(2.0, 2.0)), ("c", choices(&["a"]))]),
        ),
        ("conditional", conditional()),
        ("conditional finite", conditional_finite()),
    ]
}

/// Some cost that depends on every value.
pub(super) fn point_cost(point: &Point) -> f64 {
    let cost = |value: &Value| match value.as_float() {
        Some(x) => (x - 1.0).powi(2) / (1.0 + x.abs()),
        None => value
            .as_str()
            .map_or(0.0, |text| f64::from(text.as_bytes()[0]) / 100.0),
    };
    point.iter().map(|(_, value)| cost(value)).sum()
}

/// A cell is named by its values: they are proposed with as few digits as tell them apart.
#[test]
fn numbers_are_proposed_with_few_digits_and_are_many_all_the_same() {
    let log = |low, high| Domain::Float {
        low,
        high,
        log: true,
        step: None,
    };
    for (domain, longest) in [
        (float(0.0, 1.0), "0.12345"),
        (float(-5.0, 10.0), "-1.2345"),
        (float(1000.0, 1001.0), "1000.12345"),
        (float(0.0, 3e9), "1234500000.0"),
        (float(-2e-9, 1e-9), "-0.0000000012345"),
        (log(1e-4, 0.1), "0.00012345"),
        (log(1.0, 1e6), "123450.0"),
        (log(1000.0, 1001.0), "1000.12345"),
    ] {
        let space = plain(&[("x", domain.clone())]);
        let mut seen = std::collections::BTreeSet::new();
        for i in 0..1000 {
            let point = space.point(&space.at(&[(f64::from(i) + 0.5) / 1000.0]));
            assert_eq!(space.contains(&point), Ok(()), "{domain:?}");
            let text = point.get("x").expect("it is there").to_string();
            assert!(text.len() <= longest.len(), "{text} of {domain:?}");
            seen.insert(text);
        }
        assert_eq!(seen.len(), 1000, "{domain:?}");
        // Its ends are what they were given as.
        for end in [0.0, 1.0] {
            let point = space.point(&space.at(&[end]));
            assert_eq!(space.contains(&point), Ok(()), "{domain:?}");
        }
    }
}
