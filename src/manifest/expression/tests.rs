//! Conditions and values of cells.

use std::path::PathBuf;

use crate::text::Source;

use super::*;

fn expression(text: &str) -> Expression {
    let source = Source {
        path: PathBuf::from("m.yaml"),
        text: text.to_owned(),
    };
    let place = Place::start_of(&Arc::new(source));
    Expression::read(text, &place).expect("an expression")
}

fn holds(text: &str, values: &[(&str, Value)]) -> bool {
    let values: BTreeMap<&str, Value> = values.iter().cloned().collect();
    expression(text)
        .holds(|name| values.get(name))
        .expect("a condition")
}

#[test]
fn conditions_compare_the_values_of_a_cell() {
    let cell = [("method", Value::from("vae")), ("lr", Value::from(0.1))];
    assert!(holds("method == 'vae' and lr < 1", &cell));
    assert!(!holds("method in ['iwae', 'mapa']", &cell));
}

#[test]
fn comparisons_with_what_a_cell_does_not_have_do_not_hold() {
    let vae = [("method", Value::from("vae"))];
    assert!(!holds("samples < 50", &vae));
    assert!(!holds("samples > 50", &vae));
    assert!(!holds("not samples > 50", &vae));
    assert!(!holds("samples == 5", &vae));
    assert!(holds("samples is none", &vae));
    assert!(holds("samples is none or samples < 50", &vae));
    assert!(holds("method == 'vae' or samples < 50", &vae));
    assert!(!holds("samples + 1 < 50", &vae));
    // What is not there equals nothing, also nothing else that is not there.
    assert!(!holds("samples == depth", &vae));
    assert!(!holds("samples == none", &vae));
    assert!(holds("samples != depth and depth != width", &vae));
    assert!(holds("samples is none and depth is none", &vae));
}

#[test]
fn a_default_stands_for_what_a_cell_does_not_have() {
    let vae = [("method", Value::from("vae"))];
    for condition in [
        "samples|default(0) < 2",
        "samples | d(0) < 2",
        "(samples or 0) < 2",
        "samples or method == 'vae'",
        "not samples",
        "samples is none and 5 > samples|default(0, true)",
    ] {
        assert!(holds(condition, &vae), "{condition}");
    }
    assert!(!holds("samples|default(3) < 2", &vae));
    assert!(!holds("samples and method == 'vae'", &vae));
    let none = [("samples", Value::Int(0))];
    assert!(holds("samples|default(7, true) == 7", &none));
    assert!(holds("samples|default(7) == 0", &none));
}

#[test]
fn values_of_different_kinds_have_no_order() {
    let cell = [("d", Value::from("a")), ("x", Value::Int(2))];
    let said = |text: &str| {
        let cell: BTreeMap<&str, Value> = cell.iter().cloned().collect();
        expression(text).holds(|name| cell.get(name))
    };
    for slip in [
        "d > 1",
        "0 < x < d",
        "absent < 3 and d >= x",
        "max(d, x) == 2",
        "x|default(1) < 'b'",
        "x > true",
    ] {
        let said = said(slip).expect_err(slip);
        assert!(said.contains("neither is above the other"), "{said}");
    }
    for good in [
        "d is string or d > 1",
        "not (d is number and d > 1)",
        "not ((x == 2) is number and (x == 2) > 1)",
        "d > 'A' and 1 < x < 3",
        "x == 2 or d > 1",
        "d != x and d not in [x, 1]",
        "max([x, 1]) == 2 and [x, 3]|min == 2",
    ] {
        assert_eq!(said(good), Ok(true), "{good}");
    }
}

#[test]
fn values_keep_their_types() {
    let four = Value::Int(4);
    let value = |text: &str| expression(text).value(|_| Some(&four));
    assert_eq!(value("x"), Ok(Value::Int(4)));
    assert_eq!(value("x * 2"), Ok(Value::Int(8)));
    assert_eq!(value("x / 8"), Ok(Value::Float(0.5)));
    assert_eq!(
        value("[x, x]"),
        Ok(Value::List(vec![four.clone(), four.clone()]))
    );
    assert_eq!(value("max(x, 7)"), Ok(Value::Int(7)));
    assert_eq!(value("max([x, 7])"), Ok(Value::Int(7)));
    assert!(matches!(value("min([])"), Err(EvaluationError::Failed(_))));
    assert_eq!(value("sqrt(x)"), Ok(Value::Float(2.0)));
    assert!(matches!(
        value("log(x - 4)"),
        Err(EvaluationError::Failed(_))
    ));
}

#[test]
fn an_expression_may_ask_whether_there_is_a_value() {
    let half = Value::Float(0.5);
    let value = |text: &str| expression(text).value(|name| (name == "there").then_some(&half));
    assert_eq!(value("x if x is defined else there"), Ok(half.clone()));
    assert_eq!(
        value("x if x is not none else 2 * there"),
        Ok(Value::Float(1.0))
    );
    assert_eq!(value("x is defined"), Ok(Value::Bool(false)));
    assert_eq!(value("2 * x|default(3)"), Ok(Value::Int(6)));
    assert_eq!(value("there|d(3)"), Ok(half.clone()));
    assert_eq!(value("max(0, (x or y or 3))"), Ok(Value::Int(3)));
    assert_eq!(value("there if there is defined else x"), Ok(half.clone()));
    // Without the question, or where it leads to what is not there, there is none.
    for unbound in [
        "x",
        "x + 1",
        "x == 1",
        "x == 1 or there",
        "not x or there",
        "x if there is defined else 1",
        "y if x is defined else y + 1",
    ] {
        assert!(
            matches!(value(unbound), Err(EvaluationError::Unbound(_))),
            "{unbound}"
        );
    }
}

#[test]
fn names_are_known_before_evaluation() {
    let names = expression("max(lr, 2) + beta");
    assert_eq!(names.names(), [Arc::from("beta"), Arc::from("lr")]);
}

#[test]
fn a_name_that_a_function_has_as_well_is_a_value_where_it_is_not_called() {
    for (text, names) in [
        ("round", vec!["round"]),
        ("round >= 2 or lr == 6", vec!["lr", "round"]),
        ("max(lr, 2) + max", vec!["lr", "max"]),
        ("round (lr)", vec!["lr"]),
        ("'exp' if lr | round else \"it's log\"", vec!["lr"]),
        ("optim.log + rounds", vec!["optim", "rounds"]),
    ] {
        let found = expression(text);
        let found: Vec<&str> = found.names().iter().map(|name| &**name).collect();
        assert_eq!(found, names, "{text}");
    }
}
