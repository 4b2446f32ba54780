use super::*;

fn shown(centre: f64, half: f64) -> String {
    let estimate = Estimate {
        values: vec![centre; 3],
        missing: 0,
        centre: Some(centre),
        interval: Some(Interval {
            low: centre - half,
            high: centre + half,
        }),
    };
    let digits = digits(&estimate, IntervalKind::Sd).unwrap();
    let Spread::PlusMinus(half) = digits.spread else {
        panic!("symmetric");
    };
    format!("{} ± {half} e{}", digits.centre, digits.times)
}

#[test]
fn the_uncertainty_rules_the_digits() {
    assert_eq!(shown(0.827, 0.119), "0.83 ± 0.12 e0");
    assert_eq!(shown(0.827, 0.367), "0.8 ± 0.4 e0");
    assert_eq!(shown(0.827, 0.0963), "0.83 ± 0.10 e0");
    assert_eq!(shown(-89.1234, 0.2), "−89.12 ± 0.20 e0");
}

fn column(numbers: &[(f64, f64)]) -> Vec<String> {
    let estimate = |(centre, half): &(f64, f64)| Estimate {
        values: vec![*centre; 3],
        missing: 0,
        centre: Some(*centre),
        interval: Some(Interval {
            low: centre - half,
            high: centre + half,
        }),
    };
    let estimates: Vec<Estimate> = numbers.iter().map(estimate).collect();
    let precision = Precision::of_column(estimates.iter(), None);
    let digits = estimates
        .iter()
        .map(|e| precision.digits(e, IntervalKind::Sd));
    digits.map(|digits| digits.unwrap().centre).collect()
}

#[test]
fn a_spread_of_rounding_rules_nothing() {
    assert_eq!(shown(99.9, 1.7e-14), "99.90 ± 0.00 e0");
    // 0.1 + 0.2 beside 0.3 is no other number.
    assert_eq!(column(&[(0.1 + 0.2, 0.0), (0.3, 0.0)]), ["0.3000"; 2]);
}

#[test]
fn a_column_has_one_precision() {
    let wide = column(&[(95.123, 0.2), (91.0, 2.0), (80.41, 0.3), (70.2, 0.21)]);
    assert_eq!(wide, ["95.12", "91.00", "80.41", "70.20"]);
    // The typical spread warrants one decimal, which tells them apart.
    let coarse = column(&[(95.123, 2.0), (91.0, 2.0), (80.41, 0.3)]);
    assert_eq!(coarse, ["95.1", "91.0", "80.4"]);
    // The precise one may be told from its neighbour.
    let close = column(&[(95.12, 2.0), (95.13, 2.0), (80.41, 0.01)]);
    assert_eq!(close, ["95.12", "95.13", "80.41"]);
}

#[test]
fn no_number_reads_as_zero_that_is_none() {
    let decades = column(&[(2.79, 0.27), (0.157, 0.015), (0.00273, 0.00027)]);
    assert_eq!(decades, ["2.7900", "0.1570", "0.0027"]);
    // Nor does an uncertainty beside a number.
    let apart = column(&[(2.28e13, 6.4e11), (1.7e8, 4e6), (8.1e9, 7e7)]);
    assert_eq!(apart, ["2.28", "1.70", "8.10"]);
    let far = column(&[(2.79, 0.27), (1.35e-18, 2e-19), (0.0, 0.0)]);
    assert_eq!(far, ["2.79", "1.35", "0"]);
    let tiny = column(&[(1.25e-310, 0.0), (2.5e-310, 0.0)]);
    assert_eq!(tiny, ["1.250", "2.500"]);
}

#[test]
fn numbers_without_spread_are_told_apart() {
    assert_eq!(
        column(&[(0.912345, 0.0), (0.912311, 0.0)]),
        ["0.91234", "0.91231"]
    );
    assert_eq!(
        column(&[(1.350_01e-18, 0.0), (1.350_02e-18, 0.0), (2.5, 0.0)])[2],
        "2.50000"
    );
    // What a spread leaves open stays open.
    assert_eq!(column(&[(0.912345, 0.1), (0.912311, 0.1)]), ["0.91"; 2]);
    assert_eq!(
        column(&[(0.2 - 0.1, 0.0), (0.2, 0.0)]),
        ["0.1000", "0.2000"]
    );
    assert_eq!(digits_to_tell(0.912345, 0.912311), 5);
    assert_eq!(digits_to_tell(1.0, 0.99999), 5);
    assert_eq!(digits_to_tell(0.1 + 0.2, 0.3), 4);
    assert_eq!(places_for(0.2 - 0.1, 4), 4);
}

#[test]
fn whole_numbers_are_whole() {
    let numbers = column(&[(1_234_567.0, 0.0), (12_345.0, 0.0), (-3.0, 0.0)]);
    assert_eq!(numbers, ["1\u{202f}234\u{202f}567", "12\u{202f}345", "−3"]);
    assert_eq!(column(&[(60_000.0, 0.0), (3.0, 0.0)]), ["60000", "3"]);
    let large = column(&[
        (1e15, 0.0),
        (1e15 + 1.0, 0.0),
        (9_007_199_254_740_991.0, 0.0),
    ]);
    let thin = |text: &str| text.replace(' ', "\u{202f}");
    assert_eq!(large[1], thin("1 000 000 000 000 001"));
    assert_eq!(large[2], thin("9 007 199 254 740 991"));
    assert_eq!(shown(3.2e8, 4.4e7), "3.2 ± 0.4 e8");
}

#[test]
fn very_small_and_large_numbers_share_a_power() {
    assert_eq!(shown(1.234e-5, 2.1e-6), "1.23 ± 0.21 e-5");
    assert_eq!(shown(3.2e8, 4.4e7), "3.2 ± 0.4 e8");
}

#[test]
fn a_value_alone_keeps_four_digits() {
    let estimate = Estimate::new(vec![Some(0.123456)], IntervalKind::Sd);
    let digits = digits(&estimate, IntervalKind::Sd).unwrap();
    assert_eq!(digits.centre, "0.1235");
    assert_eq!(digits.spread, Spread::None);
}

#[test]
fn printed_numbers_keep_the_digits_of_their_spread() {
    let digits = printed(-86.6, Some(0.25));
    assert_eq!(digits.centre, "−86.60");
    assert_eq!(digits.spread, Spread::PlusMinus("0.25".to_owned()));
    assert_eq!(printed(3.0, None).centre, "3");
}

#[test]
fn a_difference_is_cut_where_the_estimate_is() {
    let estimate = Estimate::new(vec![Some(-86.0), Some(-87.0)], IntervalKind::Sd);
    let digits = difference(&estimate, -88.123, IntervalKind::Sd).unwrap();
    assert_eq!(
        (digits.centre.as_str(), digits.spread),
        ("1.6", Spread::None)
    );
}

#[test]
fn zero_has_no_sign() {
    assert_eq!(shown(-0.0001, 0.2), "0.00 ± 0.20 e0");
}
