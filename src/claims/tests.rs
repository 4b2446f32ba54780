//! Claims as manifests write them, over small tables with known answers.

use serde_json::Value as Json;

use super::*;
use crate::table::Table;

mod missing;
mod places;

/// Two data sets, two methods, four draws. On the circle mapa is lower at every draw; on the
/// clusters the medians are 2.5 and 2.4.
const ROWS: &str = "\
dataset,method,samples,draw,kl,ll
circle,mapa,5,0,1.0,-1.0
circle,mapa,5,1,1.1,-1.1
circle,mapa,5,2,1.2,-1.2
circle,mapa,5,3,1.4,-1.4
circle,iwae,5,0,2.0,-2.0
circle,iwae,5,1,2.2,-2.2
circle,iwae,5,2,2.1,-2.1
circle,iwae,5,3,2.6,-2.6
figure-8,mapa,5,0,2.5,-2.5
figure-8,mapa,5,1,2.4,-2.4
figure-8,mapa,5,2,2.6,-2.6
figure-8,mapa,5,3,2.5,-2.5
figure-8,iwae,5,0,2.4,-2.4
figure-8,iwae,5,1,2.6,-2.6
figure-8,iwae,5,2,2.3,-2.3
figure-8,iwae,5,3,2.4,-2.4
";

fn table(rows: &str) -> Table {
    Table::from_csv(rows, &["dataset", "method", "samples", "draw"]).unwrap()
}

fn claim(fields: &str) -> Result<Claim, String> {
    let text = format!("name: it\nsource: the test\n{fields}");
    serde_yaml::from_str(&text).map_err(|error| error.to_string())
}

/// Over one table.
fn judge_over(
    claim: &Claim,
    table: &Table,
    known: &KnownNames,
) -> Result<Judgement, Vec<ClaimError>> {
    let source = Source::from(table.clone());
    let sources = claim.quantities.iter().map(|_| &source);
    judge(claim, &sources.collect::<Vec<_>>(), known)
}

fn judged(fields: &str) -> Judgement {
    judged_over(fields, &table(ROWS))
}

fn judged_over(fields: &str, table: &Table) -> Judgement {
    judge_over(&claim(fields).unwrap(), table, &KnownNames::of(table)).unwrap()
}

fn refused(fields: &str) -> String {
    let table = table(ROWS);
    let errors = match claim(fields) {
        Err(error) => return error,
        Ok(claim) => judge_over(&claim, &table, &KnownNames::of(&table)).unwrap_err(),
    };
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}

fn verdicts(judgement: &Judgement) -> Vec<&'static str> {
    let groups = judgement.groups.iter();
    groups.map(|group| group.verdict.name()).collect()
}

const SHORT: &str = "says: median(kl, method=mapa) < median(kl, method=iwae)";

#[test]
fn a_claim_is_judged_in_each_group_and_over_all() {
    let judgement = judged(&format!("{SHORT}\nfor_each: dataset"));
    assert_eq!(verdicts(&judgement), ["holds", "fails"]);
    assert_eq!(judgement.verdict, Verdict::Fails);
    let circle = &judgement.groups[0];
    assert_eq!(circle.at, [("dataset".to_owned(), Json::from("circle"))]);
    assert_eq!(circle.quantities[0].n, 4);
    assert_eq!(circle.comparisons[0].left.value, Some(1.15));
    // (2.1 + 2.2) / 2, but for rounding.
    assert!((circle.comparisons[0].right.value.unwrap() - 2.15).abs() < 1e-12);
}

#[test]
fn the_short_form_is_sugar_over_fields() {
    let fields = "
values:
  ours: {take: median, value: kl, where: {method: mapa}}
  theirs: {take: median, value: kl, where: {method: iwae}}
says: ours < theirs
for_each: dataset";
    let long = judged(fields);
    let short = judged(&format!("{SHORT}\nfor_each: dataset"));
    assert_eq!(verdicts(&long), verdicts(&short));
    assert_eq!(
        long.groups[1].comparisons[0].difference,
        short.groups[1].comparisons[0].difference
    );
}

#[test]
fn fields_read_back_as_the_same_claim() {
    let both = "
values: {ours: {take: mean, value: kl, where: {method: [mapa, iwae], samples: 5}}}
says: all(ours < 3, mean(ll, dataset=figure-8) > -3)
where: {dataset: figure-8}
tolerance: 5%
test: wilcoxon
replicate: draw
level: 0.1
missing: allow";
    let first = claim(both).unwrap();
    let text = serde_yaml::to_string(&first).unwrap();
    assert_eq!(
        serde_yaml::from_str::<Claim>(&text).unwrap(),
        first,
        "{text}"
    );
}

#[test]
fn differences_within_the_tolerance_count_as_none() {
    let figure_8 = "where: {dataset: figure-8}";
    let says = |sign, tolerance| {
        let judgement = judged(&format!(
            "says: median(kl, method=mapa) {sign} median(kl, method=iwae)\ntolerance: {tolerance}\n{figure_8}"
        ));
        judgement.verdict
    };
    assert_eq!(says("<=", "0.05"), Verdict::Fails);
    assert_eq!(says("<=", "0.2"), Verdict::Holds);
    assert_eq!(says("<", "0.2"), Verdict::Fails);
    assert_eq!(says("==", "10%"), Verdict::Holds);
    assert_eq!(says("!=", "1%"), Verdict::Holds);
}

#[test]
fn arithmetic_stands_between_quantities() {
    let judgement = judged(
        "says: median(kl, method=mapa) < 0.6 * median(kl, method=iwae)\nwhere: {dataset: circle}",
    );
    assert_eq!(judgement.verdict, Verdict::Holds);
    let right = &judgement.groups[0].comparisons[0].right;
    assert_eq!(right.text, "0.6 * median(kl, method=iwae)");
    assert!((right.value.unwrap() - 1.29).abs() < 1e-12);
}

#[test]
fn all_any_and_chains_join_comparisons() {
    let on_circle =
        |says: &str| judged(&format!("says: {says}\nwhere: {{dataset: circle}}")).verdict;
    assert_eq!(on_circle("all(max(kl) < 3, min(kl) > 0.5)"), Verdict::Holds);
    assert_eq!(on_circle("all(max(kl) < 3, min(kl) > 1.5)"), Verdict::Fails);
    assert_eq!(
        on_circle("any(max(kl) < 1, all(min(kl) > 0.5))"),
        Verdict::Holds
    );
    assert_eq!(on_circle("0.5 < min(kl) < max(kl) <= 2.6"), Verdict::Holds);
    assert_eq!(on_circle("(min(kl) + max(kl)) / 2 == 1.8"), Verdict::Holds);
}

/// Five pairs that all point one way: Wilcoxon's p is 1/32, between 0.05 and half of it.
#[test]
fn where_one_part_is_enough_each_has_a_share_of_the_level() {
    let mut rows = "dataset,method,samples,draw,kl,ll\n".to_owned();
    for draw in 0..5 {
        rows += &format!("circle,mapa,5,{draw},1.{draw},-1.{draw}\n");
        rows += &format!("circle,iwae,5,{draw},2.{draw}{draw},-2.{draw}{draw}\n");
    }
    let table = table(&rows);
    let verdict = |says: &str| {
        let fields = format!("says: {says}\ntest: wilcoxon\nreplicate: draw");
        let claim = claim(&fields).unwrap();
        let judgement = judge_over(&claim, &table, &KnownNames::of(&table)).unwrap();
        judgement.verdict.name()
    };
    let lower = "mean(kl, method=mapa) < mean(kl, method=iwae)";
    let higher = "mean(ll, method=mapa) > mean(ll, method=iwae)";
    let wrong = "mean(kl, method=mapa) > mean(kl, method=iwae)";
    assert_eq!(
        [lower, higher, wrong].map(verdict),
        ["holds", "holds", "fails"]
    );
    assert_eq!(verdict(&format!("all({lower}, {higher})")), "holds");
    assert_eq!(verdict(&format!("any({lower}, {wrong})")), "undecided");
    assert_eq!(verdict(&format!("all({lower}, {wrong})")), "undecided");
    assert_eq!(verdict(&format!("any({wrong}, {wrong})")), "fails");
    assert_eq!(verdict(&format!("any({lower})")), "holds");
}

#[test]
fn ranks_may_have_to_correlate() {
    let judgement =
        judged("says: all(spearman(kl, ll) < -0.8, pearson(kl, ll) < -0.99)\nfor_each: dataset");
    assert_eq!(verdicts(&judgement), ["holds", "holds"]);
    assert_eq!(judgement.groups[0].comparisons[0].left.value, Some(-1.0));
}

#[test]
fn a_test_decides_only_what_the_replicates_can_tell() {
    let test = |test| {
        judged(&format!(
            "{SHORT}\nfor_each: dataset\ntest: {test}\nreplicate: draw"
        ))
    };
    let paired = test("paired-t");
    assert_eq!(verdicts(&paired), ["holds", "undecided"]);
    let tested = paired.groups[0].comparisons[0].test.as_ref().unwrap();
    // d = −1, −1.1, −0.9, −1.2: mean −1.05, s = 0.1291, t = −1.05 / (s / 2) = −16.27, 3 degrees
    // of freedom; p below 0.001, whose quantile is t = 10.2.
    assert!(
        (tested.statistic + 16.2665).abs() < 1e-3,
        "{}",
        tested.statistic
    );
    assert!(tested.p < 1e-3 && tested.n == [4]);
    assert_eq!(verdicts(&test("welch-t")), ["holds", "undecided"]);
    // Four pairs at best have the one-sided probability 1/16: above the level of 0.05.
    let wilcoxon = test("wilcoxon");
    assert_eq!(verdicts(&wilcoxon), ["undecided", "undecided"]);
    assert_eq!(
        wilcoxon.groups[0].comparisons[0].test.as_ref().unwrap().p,
        0.0625
    );
}

#[test]
fn a_test_against_the_data_fails_the_claim() {
    let judgement = judged(
        "says: median(kl, method=mapa) > median(kl, method=iwae)\nwhere: {dataset: circle}\ntest: paired-t\nreplicate: draw",
    );
    assert_eq!(judgement.verdict, Verdict::Fails);
}

#[test]
fn equality_is_shown_only_within_a_tolerance() {
    let equal = |tolerance: &str| {
        judged(&format!(
            "says: mean(kl, method=mapa) == mean(kl, method=iwae)\nwhere: {{dataset: figure-8}}\ntest: paired-t\nreplicate: draw\n{tolerance}"
        ))
        .verdict
    };
    assert_eq!(equal(""), Verdict::Undecided);
    assert_eq!(equal("tolerance: 0.5"), Verdict::Holds);
}

#[test]
fn one_replicate_leaves_a_test_undecided() {
    let table = table("dataset,method,samples,draw,kl\na,mapa,5,0,1\na,iwae,5,0,2\n");
    let claim = claim(&format!("{SHORT}\ntest: paired-t\nreplicate: draw")).unwrap();
    let judgement = judge_over(&claim, &table, &KnownNames::of(&table)).unwrap();
    assert_eq!(judgement.verdict, Verdict::Undecided);
    assert!(judgement.groups[0].comparisons[0].reason.contains("n = 1"));
}

#[test]
fn missing_values_leave_a_claim_undecided_unless_allowed() {
    let table = table(&ROWS.replace("circle,iwae,5,3,2.6,", "circle,iwae,5,3,,"));
    let judged = |more: &str| {
        let fields = format!("{SHORT}\nwhere: {{dataset: circle}}\n{more}");
        judged_over(&fields, &table)
    };
    let strict = judged("");
    assert_eq!(strict.verdict, Verdict::Undecided);
    assert_eq!(
        strict.groups[0].comparisons[0].reason,
        "1 value of `median(kl, method=iwae)` missing"
    );
    assert_eq!(judged("missing: allow").verdict, Verdict::Holds);
}

/// Draw 0 has eight rows on one side and is twice as hard: the mean of all rows would be above.
#[test]
fn a_test_and_the_numbers_beside_it_count_each_replicate_once() {
    let mut rows = "dataset,method,samples,draw,kl\n".to_owned();
    for draw in 0..5 {
        let (kl, often) = if draw == 0 { (20, 8) } else { (10, 1) };
        for samples in 0..often {
            rows += &format!("circle,mapa,{samples},{draw},{kl}.{draw}\n");
        }
        rows += &format!("circle,iwae,0,{draw},{}\n", kl + 1);
    }
    let fields =
        "says: mean(kl, method=mapa) < mean(kl, method=iwae)\ntest: paired-t\nreplicate: draw";
    let judgement = judged_over(fields, &table(&rows));
    let group = &judgement.groups[0];
    assert_eq!(judgement.verdict, Verdict::Holds);
    // (20 + 10.1 + 10.2 + 10.3 + 10.4) / 5 and (21 + 4 · 11) / 5.
    assert!((group.comparisons[0].left.value.unwrap() - 12.2).abs() < 1e-12);
    assert_eq!(group.comparisons[0].right.value, Some(13.0));
    assert_eq!(group.quantities[0].n, 5);
    // A level above one half does not make the larger one the smaller.
    let fields = "says: mean(kl, method=mapa) < mean(kl, method=iwae)\nwhere: {dataset: figure-8}\ntest: paired-t\nreplicate: draw\nlevel: 0.9";
    assert_eq!(judged(fields).verdict, Verdict::Fails);
}

#[test]
fn pairs_that_are_there_are_tested_where_values_may_be_missing() {
    let table = table(&ROWS.replace("circle,iwae,5,3,2.6,-2.6\n", ""));
    let fields = format!("{SHORT}\nwhere: {{dataset: circle}}\ntest: paired-t\nreplicate: draw\n");
    let strict = judged_over(&fields, &table);
    assert_eq!(strict.verdict, Verdict::Undecided);
    let allowed = judged_over(&format!("{fields}missing: allow"), &table);
    assert_eq!(allowed.verdict, Verdict::Holds);
    let compared = &allowed.groups[0].comparisons[0];
    assert_eq!(compared.left.value, Some(1.1), "of the three pairs");
    assert_eq!(compared.test.as_ref().unwrap().n, [3]);
    let lines = to_lines(&[allowed]).join("\n");
    assert!(lines.contains("(n = 4, 3 in 3 pairs; paired-t"), "{lines}");
}

#[test]
fn null_selects_all_rows_where_none_has_the_axis() {
    let table = table(ROWS);
    let known = KnownNames::of(&table).with_axis("k", [Json::Null, Json::from(1)]);
    let judged = |says: &str| judge_over(&claim(says).unwrap(), &table, &known);
    let all = judged("says: count(kl, k=null) == 16\nwhere: {k: null}").unwrap();
    assert_eq!(all.verdict, Verdict::Holds);
    assert!(judged("says: count(kl, k=1) == 0").is_err());
}

#[test]
fn what_no_row_has_is_not_counted_as_none() {
    let claim = claim("says: count(lk) == 0").unwrap();
    let known = KnownNames::default();
    assert!(judge_over(&claim, &table(ROWS), &known).is_err());
}

#[test]
fn a_step_without_its_rows_leaves_undecided_what_they_may_be_part_of() {
    let circle = ROWS.lines().filter(|line| !line.starts_with("figure-8"));
    let source = Source {
        table: table(&circle.collect::<Vec<_>>().join("\n")),
        absent: Table::from_csv("dataset\nfigure-8\n", &["dataset"]).unwrap(),
    };
    let known = KnownNames::of(&table(ROWS));
    let judged = |fields: &str| judge(&claim(fields).unwrap(), &[&source], &known).unwrap();
    // It may have rows of any method.
    let open = judged("says: mean(kl, method=mapa) < 2");
    assert_eq!(open.verdict, Verdict::Undecided);
    assert_eq!(
        open.groups[0].comparisons[0].reason,
        "1 step without a result, for `mean(kl, method=mapa)`"
    );
    let each = judged("says: mean(kl) < 2\nfor_each: dataset");
    assert_eq!(verdicts(&each), ["holds", "undecided"]);
    for decided in ["where: {dataset: circle}", "missing: allow"] {
        let judgement = judged(&format!("says: mean(kl) < 2\n{decided}"));
        assert_eq!(judgement.verdict, Verdict::Holds, "{decided}");
    }
}

#[test]
fn each_quantity_is_taken_from_the_rows_of_its_own_stage() {
    let fit = "lr,seed,loss\n1,0,10\n1,1,11\n2,0,20\n2,1,21\n";
    let fit = Source::from(Table::from_csv(fit, &["lr", "seed"]).unwrap());
    let joint = Source::from(Table::from_csv("lr,joint\n1,1\n2,30\n", &["lr"]).unwrap());
    let known = KnownNames::default()
        .with_axis("lr", [1, 2].map(Json::from))
        .with_axis("seed", [0, 1].map(Json::from));
    let judged = |fields: &str| {
        let claim = claim(fields).unwrap();
        judge(&claim, &[&joint, &fit], &known).unwrap()
    };
    let one = judged("says: mean(joint, lr=1) < mean(loss, lr=1)");
    assert_eq!(verdicts(&one), ["holds"]);
    let [left, right] = [0, 1].map(|at| one.groups[0].quantities[at].n);
    assert_eq!((left, right), (1, 2));
    let below = "says: mean(joint) < mean(loss)";
    let each = judged(&format!("{below}\nfor_each: lr"));
    assert_eq!(verdicts(&each), ["holds", "fails"]);
    // The ensemble belongs to each of its seeds.
    let each = judged(&format!("{below}\nfor_each: [lr, seed]"));
    assert_eq!(verdicts(&each), ["holds", "holds", "fails", "fails"]);
}

#[test]
fn a_value_that_only_the_manifest_knows_is_undecided() {
    let table = table(ROWS);
    let claim = claim("says: mean(kl, method=vae) < 3").unwrap();
    let known = KnownNames::of(&table).with_axis("method", [Json::from("vae")]);
    assert_eq!(
        judge_over(&claim, &table, &known).unwrap().verdict,
        Verdict::Undecided
    );
    assert!(judge_over(&claim, &table, &KnownNames::of(&table)).is_err());
}

#[test]
fn unknown_names_are_refused_with_a_suggestion() {
    for (fields, message) in [
        (
            "says: median(lk) < 1",
            "unknown column `lk`, did you mean `kl`?",
        ),
        (
            "says: medain(kl) < 1",
            "unknown aggregate `medain`, did you mean `median`?",
        ),
        (
            "says: mean(kl, metod=mapa) < 1",
            "unknown axis `metod`, did you mean `method`?",
        ),
        (
            "says: mean(kl, method=mapas) < 1",
            "`method` is never `mapas`, did you mean `mapa`?",
        ),
        (
            "says: mean(kl, dataset=figure-9) < 1",
            "`dataset` is never `figure-9`, did you mean `figure-8`?",
        ),
        (
            "says: mean(kl) < 1\nfor_each: datset",
            "unknown axis `datset`, did you mean `dataset`?",
        ),
        ("says: mean(kl) < theirs", "unknown name `theirs`"),
        (
            "says: mean(kl) < 1\ntest: paired_t\nreplicate: draw",
            "unknown test `paired_t`, did you mean `paired-t`?",
        ),
    ] {
        let got = refused(fields);
        assert!(got.contains(message), "{fields}: {got}");
    }
}

#[test]
fn what_is_no_claim_is_refused_with_the_reason() {
    for (fields, message) in [
        ("says: mean(kl)", "it compares nothing"),
        ("says: mean(kl) = 1", "equality is written `==`"),
        ("says: mean(kl < 1", "a parenthesis is not closed"),
        ("says: mean(kl, ll) < 1", "takes one column, not 2"),
        ("says: spearman(kl) > 0", "takes two columns, not 1"),
        ("says: mean(kl) < 1\ntolerance: -1", "`-1` is no tolerance"),
        ("says: mean(kl) < 1\ntest: welch-t", "no replicate"),
        ("says: mean(kl) < 1\nlevel: 0.1", "no test"),
        (
            "says: max(kl) < 1\ntest: welch-t\nreplicate: draw",
            "not `max(kl)`",
        ),
        ("says: mean(kl) < 1\nsay: x", "unknown field `say`"),
    ] {
        let got = refused(fields);
        assert!(got.contains(message), "{fields}: {got}");
    }
    let own: Claim = serde_yaml::from_str("{name: it, says: 1 < 2}").unwrap();
    assert_eq!(own.source, "");
}

#[test]
fn a_claim_about_no_rows_is_undecided() {
    let table = table("dataset,method,samples,draw,kl\n");
    let claim = claim("says: mean(kl) < 3\nfor_each: dataset").unwrap();
    let judgement = judge_over(&claim, &table, &KnownNames::of(&table)).unwrap();
    assert_eq!(judgement.verdict, Verdict::Undecided);
    assert!(!judgement.reason.is_empty());
}

/// SciPy: ttest_rel([2, 2.2, 2.1, 2.6], 1.5 * [1, 1.1, 1.2, 1.4], alternative="greater").
#[test]
fn a_multiple_of_a_mean_is_tested_as_one() {
    let judged = judged(
        "says: mean(kl, method=iwae) > 1.5 * mean(kl, method=mapa)\n\
         where: {dataset: circle}\ntest: paired-t\nreplicate: draw",
    );
    let compared = &judged.groups[0].comparisons[0];
    assert_eq!(judged.verdict, Verdict::Holds);
    let right = compared.right.value.expect("a mean");
    assert!((right - 1.5 * 1.175).abs() < 1e-12, "{right}");
    let test = compared.test.as_ref().expect("it was tested");
    assert!((test.p - 0.001_804_743_425_215).abs() < 1e-9, "{}", test.p);
}

#[test]
fn judgements_print_in_every_form() {
    let judgements = [judged(&format!("{SHORT}\nfor_each: dataset"))];
    let json: Json =
        serde_json::from_str(&ClaimsDocument::new(String::new(), judgements.to_vec()).to_json())
            .unwrap();
    assert_eq!(json["claims"][0]["groups"][1]["verdict"], "fails");
    let table = to_table(&judgements);
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[0][1], "dataset=circle");
    let markdown = to_markdown(&judgements);
    // The whole, and then what it is made of.
    for line in [
        "| it |  |  |  |  |  | fails | the test |",
        "|  | dataset=circle | 1.150 | \\< 2.150 | 4, 4 |  | holds |  |",
    ] {
        assert!(markdown.contains(line), "{markdown}");
    }
    let of_one = [judged(&format!("{SHORT}\nwhere: {{dataset: circle}}"))];
    let of_one = to_markdown(&of_one);
    assert_eq!(of_one.lines().count(), 3, "{of_one}");
    assert_eq!(table.rows[0][13], "fails");
    let latex = to_latex(&judgements);
    let row = "dataset=figure-8 & $2.500$ & $<2.400$ & 4, 4 & fails \\tabularnewline";
    assert!(latex.contains(row), "{latex}");
    let values = to_values(&judgements);
    for value in [
        "sweepline/claims/it\\endcsname{fails}",
        "sweepline/claims/it/figure-8\\endcsname{fails}",
        "sweepline/claims/it/circle/right\\endcsname{\\ensuremath{2.150}}",
    ] {
        assert!(values.contains(value), "{values}");
    }
}
