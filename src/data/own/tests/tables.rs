//! Tables of the project that other programs wrote, and arrays that are named for one place.

use super::load;
use super::logged;
use super::refused;
use crate::data::tests::support::get;
use crate::data::tests::support::values;
use crate::registry::Fields;
use crate::registry::Value;

#[test]
fn quotes_that_are_not_closed_are_refused_where_they_open() {
    let text = b"u,y\n1,k\n\n2,\"k\n3,j\n4,j\n";
    let said = refused("csv", &[("file", "t.csv", text)], &[("label", "y".into())]);
    assert!(
        said.contains("line 4: quotes open here that are not closed"),
        "{said}"
    );
}

#[test]
fn numbers_of_rows_are_no_feature_where_frames_were_put_together() {
    let rows = (0..20).map(|n| format!("{},{n}.5\n", n % 10));
    let text = format!(",u\n{}", rows.collect::<String>());
    let (data, log) = logged("csv", &[("file", "t.csv", text.as_bytes())], &[]);
    assert_eq!(
        data.expect("a table").meta["columns"],
        serde_json::json!(["u"])
    );
    assert!(
        log.contains("the column without a name numbers the rows"),
        "{log}"
    );
    // Other numbers of a column without a name are its own.
    let text = text.replace("\n0,", "\n0.5,");
    let data = load("csv", &[("file", "t.csv", text.as_bytes())], &[]).expect("a table");
    assert_eq!(data.meta["columns"], serde_json::json!(["", "u"]));
}

#[test]
fn lines_that_end_in_a_separator_have_no_further_feature() {
    let text = format!("a,b,\n{}", "1.5,2,\n2.5,1,\n".repeat(10));
    let (data, log) = logged("csv", &[("file", "t.csv", text.as_bytes())], &[]);
    let data = data.expect("a table");
    assert_eq!(data.meta["columns"], serde_json::json!(["a", "b"]));
    assert!(log.contains("without a value is left out"), "{log}");
    // One that has a name is missing, and somebody's to decide on.
    let named = text.replace("a,b,\n", "a,b,c\n");
    let said = refused("csv", &[("file", "t.csv", named.as_bytes())], &[]);
    assert!(said.contains("column `c`"), "{said}");
}

#[test]
fn what_leaves_nothing_to_train_on_is_named_as_it_is_written() {
    let text = format!("a\n{}", "1.5\n2.5\n".repeat(10));
    let slots: &[(&'static str, &str, &[u8])] = &[("file", "t.csv", text.as_bytes())];
    let said = refused("csv", slots, &[("valid", Value::Float(0.97))]);
    assert!(
        said.contains("`valid: 0.97` and `test: 0.1` leave none of the 20 observations"),
        "{said}"
    );
    let said = refused("csv", slots, &[("valid", Value::Float(1e30))]);
    assert!(said.contains("`valid: 1e30`"), "{said}");
}

#[test]
fn a_range_takes_its_own_ends() {
    let text = b"a\n0.1\n0.3\n0.2\n0.1\n0.3\n0.2\n0.1\n0.3\n0.2\n0.3\n";
    let range = |low: f64, high: f64| [("range", Value::List(vec![low.into(), high.into()]))];
    let slots: &[(&'static str, &str, &[u8])] = &[("file", "t.csv", text)];
    assert!(load("csv", slots, &range(0.1, 0.3)).is_ok());
    let said = refused("csv", slots, &range(0.1, 0.299));
    assert!(said.contains("outside of `range: [0.1, 0.299]`"), "{said}");
}

#[test]
fn two_arrays_of_one_place_are_refused() {
    let check = |places: &[&str]| {
        let mut map = Fields::new();
        for place in places {
            map.insert((*place).to_owned(), Value::from("a"));
        }
        get("npz").check(&values("npz", &[("arrays", Value::Map(map))]))
    };
    assert!(check(&["x", "test.x", "valid.x", "label"]).is_ok());
    for (places, said) in [
        (
            ["x", "train.x"],
            "`train.x` and `x` are one part of the data set",
        ),
        (
            ["train.label", "label"],
            "`label` and `train.label` are one part",
        ),
    ] {
        let error = check(&places).expect_err("one place");
        assert!(error.message.starts_with(said), "{}", error.message);
    }
}
