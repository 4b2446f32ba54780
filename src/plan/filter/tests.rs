//! Which cells a filter means.

use super::*;

fn holds(filter: &str, cell: &[(&str, Value)]) -> bool {
    let filter = Filter::read("--only", filter).unwrap_or_else(|wrong| {
        panic!("{}", wrong.render(false));
    });
    filter.holds(|name| cell.iter().find(|(n, _)| *n == name).map(|(_, v)| v))
}

fn cell() -> [(&'static str, Value); 3] {
    [
        ("method", Value::from("mapa")),
        ("samples", Value::from(50)),
        ("lr", Value::from(0.001)),
    ]
}

#[test]
fn all_terms_and_one_value_of_each_must_hold() {
    assert!(holds("method=mapa, samples=20|50", &cell()));
    assert!(!holds("method=mapa,samples=20", &cell()));
    assert!(holds("method!=vae", &cell()));
}

#[test]
fn numbers_are_compared_as_numbers_and_text_by_pattern() {
    assert!(holds("lr=1e-3,samples=50.0", &cell()));
    assert!(holds("samples>20,samples<=50,lr<1", &cell()));
    assert!(holds("method=m*|v??", &cell()));
    assert!(!holds("method=m", &cell()));
}

#[test]
fn what_is_absent_is_none_and_in_no_range() {
    assert!(holds("beta=none,beta!=2", &cell()));
    assert!(holds("beta=null|2,beta=~", &cell()) && !holds("beta!=null", &cell()));
    assert!(holds("beta=null", &[("beta", Value::from("null"))]));
    assert!(!holds("lr=null", &cell()));
    assert!(!holds("beta<2", &cell()));
}

#[test]
fn commas_in_lists_separate_no_terms() {
    let hidden = Value::List(vec![Value::from(16), Value::from(8)]);
    assert!(holds("hidden=[16, 8]", &[("hidden", hidden)]));
}

#[test]
fn quotes_alone_are_the_empty_text() {
    let suffix = [("suffix", Value::from(""))];
    assert!(holds("suffix=''", &suffix) && holds("suffix=a|\"\"", &suffix));
    assert!(!holds("suffix=''", &cell()) && !holds("suffix!=''", &suffix));
}

#[test]
fn what_separates_stands_in_quotes() {
    let with = |drug: &str| [("drug", Value::from(drug)), ("dose", Value::from(1))];
    let comma = with("5-FU, iv");
    assert!(holds("drug=\"5-FU, iv\",dose=1", &comma));
    assert!(holds("dose=1, drug = '5-FU, iv'", &comma) && !holds("drug!='5-FU, iv'", &comma));
    assert!(holds("drug=x|'A|B'|y", &with("A|B")) && holds("drug='A*'", &with("A*")));
    assert!(!holds("drug='A*'", &with("AB")));
    // Quotes that stand for themselves.
    assert!(holds("drug='tis|it's", &with("it's")) && holds("drug='tis|it's", &with("'tis")));
    assert!(holds("drug=5' UTR,dose=1", &with("5' UTR")));
    assert!(holds("drug=\"'n'\"", &with("'n'")));
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "a='",
        "a=''|'",
        "a='b',c=\"",
        "'=''",
        "a='ä'ö'",
        "",
        ",",
        "=",
        "a=",
        "=a",
        "a<b",
        "a<1|2",
        "ä=ö|",
        "a!b",
        "[,]=",
        "]{,",
    ] {
        let _ = Filter::read("--only", text);
    }
}

#[test]
fn values_are_told_once() {
    let filter = Filter::read("--only", "m=zzzz").expect("a filter");
    let term = &filter.terms[0];
    let values = ["a", "b", "a", "b"].map(Value::from);
    let mut found = Diagnostics::new();
    term.unknown_values(&values, false, &mut found);
    assert!(found.render(false).contains("its values are: `a` and `b`"));
}
