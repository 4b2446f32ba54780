use super::*;

#[test]
fn what_is_too_wide_is_broken_and_numbers_are_not() {
    let table = FittedTable {
        columns: vec![
            ("claim".to_owned(), Side::Words),
            ("kept".to_owned(), Side::Words),
            ("none".to_owned(), Side::Words),
            ("$n$".to_owned(), Side::Numbers),
        ],
        rows: vec![vec![
            "a\\_long name ".repeat(9),
            "short".to_owned(),
            String::new(),
            "$12$".to_owned(),
        ]],
        ..FittedTable::default()
    };
    let text = table.to_latex(238.0);
    assert!(text.contains("\\begin{tabular}{p{178pt}lr}"), "{text}");
    assert!(text.contains("a\\_\\hspace{0pt}long"), "{text}");
    assert!(!text.contains("none"), "{text}");
    assert!(table.to_latex(900.0).contains("{llr}"));
}

#[test]
fn a_first_column_without_room_stands_over_its_rows() {
    let words = |head: &str| (head.to_owned(), Side::Words);
    let numbers = |head: &str| (head.to_owned(), Side::Numbers);
    let row = |claim: &str| {
        let cells = [
            claim,
            "$-186.5021$",
            "$<-191.0021$",
            "$0.9168$",
            "undecided",
        ];
        cells.map(str::to_owned).to_vec()
    };
    let table = FittedTable {
        columns: vec![
            words("claim"),
            numbers("left"),
            numbers("right"),
            numbers("$p$"),
            words("verdict"),
        ],
        rows: vec![row(&"too few dimensions ".repeat(4)), row("no harm")],
        ..FittedTable::default()
    };
    let text = table.to_latex(238.0);
    assert!(text.contains("\\begin{tabular}{@{}rrrl@{}}"), "{text}");
    assert!(
        text.contains("\\multicolumn{4}{@{}p{\\linewidth}@{}}"),
        "{text}"
    );
    assert!(text.contains("\\addlinespace\n\\multicolumn{4}"), "{text}");
    assert!(table.to_latex(900.0).contains("{lrrrl}"));
}

#[test]
fn names_that_leave_numbers_no_room_stand_over_them() {
    let words = ["task", "method", "baseline"].map(|head| (head.to_owned(), Side::Words));
    let numbers = ["difference", "$p$", "$d_z$", "$n$"];
    let numbers = numbers.map(|head| (head.to_owned(), Side::Numbers));
    let long = "unbreakablyverylongnameofamethod";
    let cells = [
        "one",
        long,
        long,
        "$0.123 \\pm 0.045$",
        "$0.0123$",
        "$-1.25$",
        "10",
    ];
    let table = FittedTable {
        columns: words.into_iter().chain(numbers).collect(),
        rows: vec![cells.map(str::to_owned).to_vec()],
        ..FittedTable::default()
    };
    let text = table.to_latex(238.0);
    assert!(text.contains("{@{}p{72pt}rrrr@{}}"), "{text}");
    assert!(text.contains("task, method}"), "{text}");
    assert!(text.contains(&format!("one, {long}}}")), "{text}");
}

#[test]
fn no_row_begins_with_what_latex_takes_for_its_own() {
    let cells = |first: &str| [first.to_owned(), "1".to_owned()];
    assert_eq!(row(&cells("[8,8]"), "\\\\"), "{}[8,8] & 1 \\\\\n");
    assert_eq!(row(&cells("* ours"), "\\\\"), "{}* ours & 1 \\\\\n");
    assert_eq!(row(&cells("ours"), "\\\\"), "ours & 1 \\\\\n");
    let lines = ["a", "[nats]"].map(str::to_owned);
    assert_eq!(stacked(&lines), "\\shortstack{a\\\\{}[nats]}");
}

#[test]
fn commands_are_no_letters() {
    assert_eq!(letters("{\\boldmath$-1.5\\,$} \\& $\\alpha$"), 8);
}

#[test]
fn words_break_after_their_signs_and_what_is_no_word_anywhere() {
    let cell = |tex| broken_cell(tex, BESIDE + 8.0 * LETTER).replace("\\hspace{0pt}", "|");
    assert_eq!(cell("text-shakespeare"), "\\raggedright|text-|shakespeare");
    assert_eq!(cell("a/b\\_c=d $x=1$"), "\\raggedright|a/|b\\_|c=|d $x=1$");
    assert_eq!(cell("lr -- 1"), "\\raggedright|lr -- 1");
    let hash = cell("d41d8cd98f").replace("\\allowbreak{}", ".");
    assert_eq!(hash, "\\raggedright|d.4.1.d.8.c.d.9.8.f");
}
