//! What of the lines of a program counts, what is told to be left out, and what is a row of a curve.

use super::*;

fn heard(lines: &[&str]) -> PrintedMetrics {
    let mut said = PrintedMetrics {
        listening: true,
        ..PrintedMetrics::default()
    };
    for line in lines {
        said.line(line);
    }
    said
}

/// What counts of lines.
fn values(lines: &[&str]) -> String {
    let numbers = heard(lines).numbers().expect("there are numbers");
    serde_json::to_string(&numbers.values).expect("JSON")
}

/// The curve of lines, its rows parted by spaces.
fn curve(lines: &[&str]) -> String {
    let (curve, _) = PrintedMetrics::curve_of(&lines.join("\n")).expect("there are rows");
    curve.trim_end().replace('\n', " ")
}

#[test]
fn the_last_number_of_a_name_counts_and_rows_are_a_curve() {
    let new = || PrintedMetrics {
        listening: true,
        points: Some(Vec::new()),
        ..PrintedMetrics::default()
    };
    let mut said = new();
    for line in [
        "starts",
        "epoch=1/2 loss=9",
        "epoch 1: a=b",
        "epoch=2/2, loss=0.25",
        "n = 3",
        "gap=nan",
        "loss=3/4",
        "path=/tmp/x",
    ] {
        said.line(line);
    }
    assert_eq!(
        said.curve().expect("two rows"),
        "epoch,loss,n,gap\n1,9,,\n2,0.25,3,\n"
    );
    let heard = said.numbers().expect("four");
    let values = serde_json::to_string(&heard.values).expect("JSON");
    assert_eq!(values, r#"{"epoch":2,"loss":0.25,"n":3,"gap":null}"#);
    assert_eq!(heard.nan, ["gap"]);
    assert_eq!(heard.remarks.len(), 0);
    assert!(new().curve().is_err());
    assert!(new().numbers().is_err());
}

#[test]
fn an_older_number_stands_for_no_newer_one_without_a_word() {
    let told = heard(&["acc=0.5 t=3s", "epoch 2 acc=93%"]).remark();
    let told = told.expect("one is left out");
    assert!(
        told.starts_with("`acc=93%` is left out of the line `epoch 2 acc=93%`:"),
        "{told}"
    );
    for lines in [
        ["loss=0.5", "best loss = 0.4"],
        ["loss=0.9", "epoch=1 train loss=0.8 val loss=0.7"],
        ["loss=0.9 acc=0.1", "loss=tensor(0.2) acc=0.9"],
        ["loss=0.9 acc=0.1", "loss=N/A acc=0.9"],
        ["loss=0.9", "Best: loss=0.2"],
        ["best loss = 0.4", "done"],
    ] {
        assert!(heard(&lines).remark().is_some(), "{lines:?}");
    }
    for lines in [
        ["loss=0.5", "gpu mem=45% used"],
        ["by=adam loss=mse", "loss=0.5 by=adam"],
        ["12:00 INFO loss=0.5", "12:01 WARNING loss=0.4"],
    ] {
        assert_eq!(heard(&lines).remark(), None, "{lines:?}");
    }
    let lines = ["acc=93%", "acc=0.93", "t=3s", "day=2026-01-01"];
    assert_eq!(heard(&lines).remark(), None);
}

#[test]
fn the_kind_of_line_that_gives_most_numbers_of_a_name_counts() {
    let epochs = |first: &str| {
        let mut lines = vec![first.to_owned()];
        lines.extend((1..4).map(|epoch| format!("INFO epoch {epoch}, loss=0.{}", 5 - epoch)));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        values(&lines)
    };
    for first in [
        "before training: loss=0.9",
        "WARNING slow start, loss=0.9",
        "Best: loss=0.1",
        "loss=0.9",
        "epoch 0 (new best) loss=0.9",
    ] {
        assert_eq!(epochs(first), r#"{"loss":0.2}"#, "{first}");
    }
    let best = [
        "epoch=9 loss=0.2",
        "epoch=10 loss=0.1 *",
        "Best: epoch=4 loss=0.05",
    ];
    assert_eq!(values(&best), r#"{"epoch":10,"loss":0.1}"#);
    assert_eq!(curve(&best), "epoch,loss 9,0.2 10,0.1");
    // The words are those in front of the pair, also behind others.
    let parts = [
        "epoch=1 train loss=0.5",
        "epoch=1 valid loss=0.7",
        "epoch=2 train loss=0.3",
    ];
    assert_eq!(values(&parts), r#"{"epoch":2,"loss":0.3}"#);
    assert_eq!(curve(&parts), "epoch,loss 1,0.5 1, 2,0.3");
    // As many of both: the later one.
    assert_eq!(
        values(&["train: loss=0.5", "test: loss=0.7"]),
        r#"{"loss":0.7}"#
    );
    let told = heard(&best).remark().expect("two are left out");
    assert!(
        told.starts_with(
            "`epoch=4` is left out of the line `Best: epoch=4 loss=0.05`, and so 1 further number:"
        ),
        "{told}"
    );
}

#[test]
fn no_number_diverges_whatever_stands_before_it() {
    let lines = ["Epoch 1: loss=nan acc=0.1", "Epoch 2: loss=nan acc=0.1"];
    let numbers = heard(&lines).numbers().expect("two");
    assert_eq!(numbers.nan, ["loss"]);
    assert_eq!(values(&lines), r#"{"loss":null,"acc":0.1}"#);
    let numbers = heard(&["start: a=inf", "start: a=1"]).numbers();
    assert!(numbers.expect("one").remarks.is_empty());
}

#[test]
fn a_row_has_numbers_of_one_record() {
    for (lines, wanted) in [
        (
            &["loss=0.9 acc=0.1", "loss=n/a acc=0.2", "loss=0.3 acc=0.3"][..],
            "loss,acc 0.9,0.1 ,0.2 0.3,0.3",
        ),
        (
            &["Epoch 1: loss=nan acc=0.1", "Epoch 2: loss=0.2 acc=0.2"],
            "loss,acc ,0.1 0.2,0.2",
        ),
        // A name that the row had begins one, wherever it stands in its line.
        (&["a=1 b=2", "c=3 a=4"], "a,b,c 1,2, 4,,3"),
        // Lines of one record.
        (
            &["step=1", "loss=3", "step=2", "loss=2"],
            "step,loss 1,3 2,2",
        ),
        (
            &[
                "epoch=1",
                "train: loss=5",
                "valid: loss=6",
                "epoch=2",
                "train: loss=3",
                "valid: loss=4",
            ],
            "epoch,loss 1,6 2,4",
        ),
        (&["step=1 loss=3 step=2 loss=2"], "step,loss 1,3 2,2"),
        // A text between them is no name of a number.
        (&["a=1", "saved path=x", "b=2", "a=3", "b=4"], "a,b 1,2 3,4"),
    ] {
        assert_eq!(curve(lines), wanted, "{lines:?}");
    }
}

/// While it runs, that is shown of a program which counts at the end.
#[test]
fn what_counts_so_far_is_what_counts_in_the_end() {
    let lines = [
        "train: loss=5",
        "valid: loss=6",
        "train: loss=3",
        "train: loss=2",
        "valid: loss=4",
        "Best: loss=1",
    ];
    let mut said = heard(&[]);
    let shown = lines.iter().flat_map(|line| said.line(line));
    let shown: Vec<String> = shown.map(|(_, value)| value).collect();
    assert_eq!(shown, ["5", "6", "3", "2"]);
    assert_eq!(values(&lines), r#"{"loss":2}"#);
}

#[test]
fn lines_of_ever_other_words_are_bounded() {
    let words = (0..500).map(|at| format!("{}: loss={at}", "x".repeat(at + 2)));
    let words: Vec<String> = words.collect();
    let lines: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = heard(&lines);
    assert_eq!(said.names[0].kinds.len(), KINDS);
    assert_eq!(values(&lines), r#"{"loss":499}"#);
}

/// Lines as programs and libraries print them.
#[test]
fn logs_of_other_programs_say_their_last_numbers() {
    for (lines, wanted) in [
        // Lightning, and tqdm with a postfix.
        (
            &[
                "Epoch 0: 100%|███| 9/9 [00:02<00:00, 4.50it/s, v_num=0, loss=0.9]",
                "Epoch 1: 100%|███| 9/9 [00:12<00:00, 1.20s/it, v_num=0, loss=0.2]",
            ][..],
            r#"{"v_num":0,"loss":0.2}"#,
        ),
        (
            &[
                "train: 9it [00:02, ?it/s, loss=0.9]",
                "train: 9it [1:00:02, 4.50it/s, loss=0.2]",
            ],
            r#"{"loss":0.2}"#,
        ),
        // Of a trainer that prints dictionaries.
        (
            &[
                "{'loss': 0.9, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 1.0}",
                "{'eval_loss': 0.3, 'epoch': 1.0}",
                "{'train_runtime': 12.5, 'train_loss': 0.6, 'epoch': 2.0}",
            ],
            r#"{"loss":0.9,"grad_norm":1.5,"learning_rate":0.00005,"epoch":2.0,"eval_loss":0.3,"train_runtime":12.5,"train_loss":0.6}"#,
        ),
        // loguru
        (
            &[
                "2026-11-30 23:59:58.123 | INFO     | __main__:main:12 - loss=0.9",
                "2026-12-01 00:00:01.456 | SUCCESS  | __main__:evaluate:40 - loss=0.2",
            ],
            r#"{"loss":0.2}"#,
        ),
        // logging, as it is and with a format.
        (
            &[
                "INFO:root:loss=0.9 acc=0.1",
                "WARNING:root:loss=0.2 acc=0.9",
            ],
            r#"{"loss":0.2,"acc":0.9}"#,
        ),
        (
            &[
                "2026-11-30 12:00:00,123 - trainer - INFO - loss = 0.9",
                "2026-11-30 12:00:00,123 - trainer - ERROR - loss = 0.2",
            ],
            r#"{"loss":0.2}"#,
        ),
        (
            &[
                "[2026-11-30 12:00:00,1][train][INFO] - loss=0.9",
                "[2026-11-30 13:00:00,1][train][WARNING] - loss=0.2",
            ],
            r#"{"loss":0.2}"#,
        ),
        (
            &[
                "I1130 12:00:00.1 77 train.py:9] loss=0.9",
                "W1201 12:00:00.1 77 eval.py:19] loss=0.2",
            ],
            r#"{"loss":0.2}"#,
        ),
        (
            &[
                "Mon Nov 30 11:59:58 AM loss=0.9",
                "Tue Dec  1 01:00:01 PM loss=0.2",
            ],
            r#"{"loss":0.2}"#,
        ),
        // The better value in green.
        (
            &["epoch=1 loss=0.9", "epoch=2 loss=\u{1b}[32m0.2\u{1b}[0m"],
            r#"{"epoch":2,"loss":0.2}"#,
        ),
    ] {
        assert_eq!(values(lines), wanted, "{lines:?}");
        assert_eq!(heard(lines).remark(), None, "{lines:?}");
    }
    // Keras, XGBoost, LightGBM and fastai print no `name=value`.
    let others = [
        "9/9 [======] - 0s 3ms/step - loss: 0.5 - accuracy: 0.1",
        "[1]\ttrain-logloss:0.5\teval-logloss:0.6",
        "[1]\tvalid_0's binary_logloss: 0.5",
        "0         0.512   0.498   0.81    00:03",
    ];
    assert!(heard(&others).numbers().is_err());
}
