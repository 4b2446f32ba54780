//! Statistics over replicates, in float64.

use sweepline::table::stats;
use sweepline::table::stats::Interval;

use super::case::{Answers, Case};

fn ends(interval: Option<Interval>) -> Vec<f64> {
    let interval = interval.expect("the sample is large enough");
    vec![interval.low, interval.high]
}

fn one(value: Option<f64>) -> Vec<f64> {
    vec![value.expect("the sample is large enough")]
}

fn answers<const N: usize>(named: [(&str, Vec<f64>); N]) -> Answers {
    let mut answers = Answers::new();
    for (name, values) in named {
        answers.put_doubles(name, values);
    }
    answers
}

pub(super) fn summary(case: &Case) -> Answers {
    let x = &case.doubles("x");
    let [low, high] = [0.25, 0.75].map(|p| stats::quantile(x, p).expect("not empty"));
    answers([
        ("mean", one(stats::mean(x))),
        ("std", one(stats::standard_deviation(x))),
        ("sem", one(stats::standard_error(x))),
        ("ci95", ends(stats::student_interval(x, 0.95))),
        ("ci90", ends(stats::student_interval(x, 0.90))),
        ("median", one(stats::median(x))),
        ("quartiles", vec![low, high]),
        ("iqr", vec![high - low]),
        ("min", one(stats::min(x))),
        ("max", one(stats::max(x))),
    ])
}

pub(super) fn bootstrap(case: &Case) -> Answers {
    let (x, index) = (&case.doubles("x"), &case.indices("index"));
    let means = stats::resample(x, index, stats::mean);
    let medians = stats::resample(x, index, stats::median);
    answers([
        ("ci95_mean", ends(stats::percentile_interval(&means, 0.95))),
        (
            "ci95_median",
            ends(stats::percentile_interval(&medians, 0.95)),
        ),
        (
            "standard_error_mean",
            one(stats::standard_deviation(&means)),
        ),
        ("resampled_mean", means),
    ])
}

pub(super) fn paired_t(case: &Case) -> Answers {
    t_test(stats::paired_t(&case.doubles("a"), &case.doubles("b")))
}

pub(super) fn welch(case: &Case) -> Answers {
    t_test(stats::welch_t(&case.doubles("a"), &case.doubles("b")))
}

fn t_test(test: Option<stats::TTest>) -> Answers {
    let test = test.expect("the samples are large enough");
    answers([
        ("mean_difference", vec![test.mean_difference]),
        ("t", vec![test.t]),
        ("df", vec![test.df]),
        ("p_two_sided", vec![test.p_two_sided]),
        ("p_less", vec![test.p_less]),
        ("p_greater", vec![test.p_greater]),
        ("ci95", ends(Some(test.ci95))),
    ])
}

pub(super) fn wilcoxon(case: &Case) -> Answers {
    let test = stats::signed_rank(&case.doubles("a"), &case.doubles("b"));
    let test = test.expect("some differences are not zero");
    let mut answers = answers([
        ("counted", vec![test.counted as f64]),
        ("w_plus", vec![test.w_plus]),
        ("w_minus", vec![test.w_minus]),
        ("statistic", vec![test.statistic()]),
        ("p_normal", vec![test.p_normal]),
        ("p_normal_corrected", vec![test.p_normal_corrected]),
    ]);
    if let Some(exact) = test.exact {
        answers.put_doubles("p_exact", vec![exact.p_two_sided]);
        answers.put_doubles("p_exact_less", vec![exact.p_less]);
        answers.put_doubles("p_exact_greater", vec![exact.p_greater]);
    }
    answers
}

pub(super) fn spearman(case: &Case) -> Answers {
    let (x, y) = (&case.doubles("x"), &case.doubles("y"));
    let ranked = stats::spearman(x, y).expect("both sides vary");
    let plain = stats::pearson(x, y).expect("both sides vary");
    answers([
        ("ranks_x", stats::average_ranks(x)),
        ("ranks_y", stats::average_ranks(y)),
        ("rho", vec![ranked.coefficient]),
        ("p_two_sided", vec![ranked.p_two_sided]),
        ("pearson", vec![plain.coefficient]),
        ("pearson_p_two_sided", vec![plain.p_two_sided]),
    ])
}

pub(super) fn student_t(case: &Case) -> Answers {
    let df = case.doubles("df");
    let grid = |f: fn(f64, f64) -> Option<f64>, columns: Vec<f64>| -> Vec<f64> {
        df.iter()
            .flat_map(|df| columns.iter().map(|c| f(*c, *df).expect("in the domain")))
            .collect()
    };
    answers([
        ("quantile", grid(stats::t_quantile, case.doubles("p"))),
        ("two_sided_p", grid(stats::t_two_sided, case.doubles("t"))),
    ])
}
