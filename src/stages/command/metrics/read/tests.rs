//! What is read of metrics in each form, and what of it is odd.

use super::*;

/// Values, those that are not a number, and what was remarked.
fn read(text: &str, format: Format) -> (String, String, usize) {
    let read = numbers(text, Some(format)).expect("there are numbers");
    let values = serde_json::to_string(&read.values).expect("numbers are JSON");
    (values, read.nan.join(","), read.remarks.len())
}

fn refused(text: &str, format: Format) -> String {
    numbers(text, Some(format)).expect_err("nothing of it is a metric")
}

#[test]
fn every_format_gives_the_same_numbers() {
    let wanted = (
        r#"{"loss":0.25,"n":3,"gap":null}"#.to_owned(),
        "gap".to_owned(),
        0,
    );
    for (text, format) in [
        (r#"{"loss":0.25,"n":3,"gap":NaN}"#, Format::Json),
        (r#"{"loss":"0.25","n":3,"gap":"nan"}"#, Format::Json),
        ("loss,n,gap\n0.25,3,nan\n", Format::Csv),
        ("metric,value\nloss,0.25\nn,3\ngap,NaN\n", Format::Csv),
        (",0\nloss,0.25\nn,3\ngap,NaN\n", Format::Csv),
        ("# epoch 1\nloss=0.25\n n = 3\ngap=nan\n", Format::Lines),
        ("loss: 0.25\nn: 3\ngap: .nan\n", Format::Yaml),
        ("---\nloss: 0.25\nn: 3\ngap: .nan\n...\n---\n", Format::Yaml),
        (
            r#"{"loss":{"0":0.25},"n":{"0":3},"gap":{"0":NaN}}"#,
            Format::Json,
        ),
    ] {
        assert_eq!(read(text, format), wanted, "{text}");
    }
}

#[test]
fn two_values_of_one_name_are_told() {
    let (values, _, remarks) = read(
        r#"{"a": {"b": 1, "c": 3}, "a.b": 2, "a.c": 3}"#,
        Format::Json,
    );
    assert_eq!(values, r#"{"a.b":1,"a.c":3}"#);
    assert_eq!(remarks, 1);
}

#[test]
fn objects_are_flattened_texts_kept_and_lists_left_out_with_a_word() {
    let text = r#"{"test": {"f1": {"macro avg": 0.5}, "n": 3}, "model": "cnn", "ok": true,
                   "history": [1, 2], "confusion": [[1, 0], [0, 1]], "note": "a\nb"}"#;
    let (values, nan, remarks) = read(text, Format::Json);
    assert_eq!(
        values,
        r#"{"test.f1.macro avg":0.5,"test.n":3,"model":"cnn","ok":1}"#
    );
    assert_eq!((nan.as_str(), remarks), ("", 2));
}

#[test]
fn of_several_rows_the_last_counts() {
    // Rows may be a curve, of which the caller knows; maps of YAML never are, and are remarked on.
    for (text, format, rows, remarks) in [
        ("epoch,loss\n1,0.5\n2,0.25\n", Format::Csv, 2, 0),
        (
            "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25}\n",
            Format::Json,
            2,
            0,
        ),
        (r#"{"epoch":[1,2],"loss":[0.5,0.25]}"#, Format::Json, 2, 0),
        (
            "epoch: 1\nloss: 0.5\n---\nepoch: 2\nloss: 0.25\n",
            Format::Yaml,
            0,
            1,
        ),
        (
            "- {epoch: 1}\n- epoch: 2\n  loss: 0.25\n",
            Format::Yaml,
            0,
            1,
        ),
    ] {
        let read = numbers(text, Some(format)).expect("there are numbers");
        let values = serde_json::to_string(&read.values).expect("numbers are JSON");
        assert_eq!(values, r#"{"epoch":2,"loss":0.25}"#, "{text}");
        assert_eq!((read.rows, read.remarks.len()), (rows, remarks), "{text}");
    }
}

#[test]
fn an_odd_value_fails_nothing() {
    let large = "12345678901234567890";
    let (values, _, remarks) = read(&format!(r#"{{"n": {large}, "a": 1}}"#), Format::Json);
    assert_eq!(values, format!(r#"{{"n":"{large}","a":1}}"#));
    assert_eq!(remarks, 1);
    for (text, format, wanted) in [
        ("n,a\n1,2,3\n", Format::Csv, r#"{"n":1,"a":2}"#),
        ("n,a\n1\n", Format::Csv, r#"{"n":1,"a":null}"#),
        ("n,a\n1,2\n3,\"4\n5,6\n", Format::Csv, r#"{"n":1,"a":2}"#),
        ("{\"n\": 1}\n{\"n\":", Format::Json, r#"{"n":1}"#),
        (
            r#"{"columns":["n"],"data":[[1,2]]}"#,
            Format::Json,
            r#"{"n":1}"#,
        ),
    ] {
        let (values, _, remarks) = read(text, format);
        assert_eq!((values.as_str(), remarks), (wanted, 1), "{text}");
    }
    let (values, _, remarks) = read("done!\na=1\nb=x\n", Format::Lines);
    assert_eq!((values.as_str(), remarks), (r#"{"a":1,"b":"x"}"#, 1));
    let (values, nan, remarks) = read(r#"{"a": -Infinity, "b": 1}"#, Format::Json);
    assert_eq!(
        (values.as_str(), nan.as_str(), remarks),
        (r#"{"a":null,"b":1}"#, "", 1)
    );
    assert_eq!(read("a=nan\na=1\n", Format::Lines).1, "");
    let (values, nan, remarks) = read(r#"{"norm": 1e400, "a": +1}"#, Format::Json);
    assert_eq!(
        (values.as_str(), nan.as_str(), remarks),
        (r#"{"norm":null,"a":1}"#, "", 1)
    );
}

#[test]
fn a_log_that_grew_over_attempts_is_read_to_its_end() {
    for text in [
        "epoch,loss\n1,0.5\nepoch,loss\n2,0.25\n",
        "epoch,loss\n1,0.5\n2\n2,0.25\n",
        "epoch,loss\n1,0.5\n2,0.25\n3\n",
        "epoch,loss\n1,0.5\n2,0.25\nepoch,loss\n",
    ] {
        let wanted = (r#"{"epoch":2,"loss":0.25}"#.to_owned(), String::new(), 1);
        assert_eq!(read(text, Format::Csv), wanted, "{text}");
    }
}

#[test]
fn numbers_without_a_header_have_their_names_or_a_word() {
    let (values, _, remarks) = read("acc,0.5\nf1,nan\n", Format::Csv);
    assert_eq!((&*values, remarks), (r#"{"acc":0.5,"f1":null}"#, 0));
    let (_, _, remarks) = read("0,1.0\n1,0.5\n", Format::Csv);
    assert_eq!(remarks, 1);
    let (values, _, remarks) = read("0,1\n0.5,0.25\n", Format::Csv);
    assert_eq!((&*values, remarks), (r#"{"0":0.5,"1":0.25}"#, 0));
}

#[test]
fn what_others_write_for_a_missing_number_is_one() {
    for word in ["NA", "<NA>", "None", "n/a", "NULL"] {
        let (values, nan, remarks) = read(&format!("acc,f1\n0.5,{word}\n"), Format::Csv);
        assert_eq!(
            (&*values, &*nan, remarks),
            (r#"{"acc":0.5,"f1":null}"#, "", 0)
        );
    }
}

#[test]
fn words_around_numbers_of_a_file_are_passed_over() {
    let (values, _, remarks) = read(
        "INFO loss=0.9\nepoch=3/9 loss = 0.4 *best*\n",
        Format::Lines,
    );
    assert_eq!((&*values, remarks), (r#"{"loss":0.4,"epoch":3}"#, 0));
    let yaml = "loss: 1.5\ncommand: python train.py lr=0.1\n";
    let values = numbers(yaml, None).expect("a map").values;
    assert_eq!(values.get("loss").and_then(Json::as_f64), Some(1.5));
}

#[test]
fn whole_numbers_are_exact() {
    let large = r#"{"n":9007199254740993}"#;
    assert_eq!(read(large, Format::Json).0, large);
    assert_eq!(read("n\n9007199254740993\n", Format::Csv).0, large);
    assert_eq!(read("n: 9007199254740993\n", Format::Yaml).0, large);
}

#[test]
fn a_file_without_an_ending_is_read_by_its_content() {
    for text in [
        "{\"loss\": 1.5}",
        "loss=1.5\n",
        "name,loss\na,1.5\n",
        "step\tloss\n1\t3\n2\t1.5\n",
        "loss: 1.5\nmore:\n  a: 1\n",
        "loss: 2\n---\nloss: 1.5\n",
        "- loss: 2\n- loss: 1.5\n",
    ] {
        let read = numbers(text, None).expect(text);
        assert_eq!(
            read.values.get("loss").and_then(Json::as_f64),
            Some(1.5),
            "{text}"
        );
    }
    for text in ["x,y\na,b\n", "done: yes\n", "trained\n3 epochs\n"] {
        let read = numbers(text, None);
        assert!(read.is_err(), "{text}: {read:?}");
    }
}

#[test]
fn what_holds_no_metric_is_refused() {
    assert_eq!(
        refused("[1]", Format::Json),
        "not an object `{\"name\": number}`"
    );
    assert!(refused("x", Format::Json).starts_with("not JSON"));
    assert_eq!(refused("a\n", Format::Csv), "there is no row");
    assert_eq!(
        refused("a\n\"1\n2\n", Format::Csv),
        "quotes that open in line 2 are not closed"
    );
    assert_eq!(refused("\n", Format::Lines), "there is no number");
    let deep = format!("b: 1\na: {}", "[".repeat(100_000));
    assert_eq!(refused(&deep, Format::Yaml), "nested too deeply in line 2");
    assert!(refused("done\n", Format::Lines).ends_with("line 1 is no `key=value`: done"));
}
