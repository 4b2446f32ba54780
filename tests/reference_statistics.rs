//! The statistics agree with SciPy and NumPy on every `stat_*` case of the reference numbers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value as Json;
use sweepline::table::stats;
use sweepline::table::stats::Interval;

const FOLDER: &str = "tests/reference";

type Arrays = BTreeMap<String, Vec<f64>>;

fn arrays(file: &str) -> Arrays {
    let bytes = fs::read(Path::new(FOLDER).join(file)).expect("the case is in the repository");
    let tensors = SafeTensors::deserialize(&bytes).expect("the case is a safetensors file");
    tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let values = view
                .data()
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect();
            (name, values)
        })
        .collect()
}

fn ends(interval: Option<Interval>) -> Vec<f64> {
    let interval = interval.expect("the sample is large enough");
    vec![interval.low, interval.high]
}

fn one(value: Option<f64>) -> Vec<f64> {
    vec![value.expect("the sample is large enough")]
}

fn summary(x: &[f64]) -> Arrays {
    let quartiles = [stats::quantile(x, 0.25), stats::quantile(x, 0.75)].map(Option::unwrap);
    BTreeMap::from([
        ("mean".to_owned(), one(stats::mean(x))),
        ("std".to_owned(), one(stats::standard_deviation(x))),
        ("sem".to_owned(), one(stats::standard_error(x))),
        ("ci95".to_owned(), ends(stats::student_interval(x, 0.95))),
        ("ci90".to_owned(), ends(stats::student_interval(x, 0.90))),
        ("median".to_owned(), one(stats::median(x))),
        ("quartiles".to_owned(), quartiles.to_vec()),
        ("iqr".to_owned(), vec![quartiles[1] - quartiles[0]]),
        ("min".to_owned(), one(stats::min(x))),
        ("max".to_owned(), one(stats::max(x))),
    ])
}

fn bootstrap(x: &[f64], index: &[f64]) -> Arrays {
    let index: Vec<usize> = index.iter().map(|i| *i as usize).collect();
    let means = stats::resample(x, &index, stats::mean);
    let medians = stats::resample(x, &index, stats::median);
    BTreeMap::from([
        (
            "ci95_mean".to_owned(),
            ends(stats::percentile_interval(&means, 0.95)),
        ),
        (
            "ci95_median".to_owned(),
            ends(stats::percentile_interval(&medians, 0.95)),
        ),
        (
            "standard_error_mean".to_owned(),
            one(stats::standard_deviation(&means)),
        ),
        ("resampled_mean".to_owned(), means),
    ])
}

fn t_test(test: Option<stats::TTest>) -> Arrays {
    let test = test.expect("the samples are large enough");
    BTreeMap::from([
        ("mean_difference".to_owned(), vec![test.mean_difference]),
        ("t".to_owned(), vec![test.t]),
        ("df".to_owned(), vec![test.df]),
        ("p_two_sided".to_owned(), vec![test.p_two_sided]),
        ("p_less".to_owned(), vec![test.p_less]),
        ("p_greater".to_owned(), vec![test.p_greater]),
        ("ci95".to_owned(), ends(Some(test.ci95))),
    ])
}

fn wilcoxon(a: &[f64], b: &[f64]) -> Arrays {
    let test = stats::signed_rank(a, b).expect("some differences are not zero");
    let mut got = BTreeMap::from([
        ("counted".to_owned(), vec![test.counted as f64]),
        ("w_plus".to_owned(), vec![test.w_plus]),
        ("w_minus".to_owned(), vec![test.w_minus]),
        ("statistic".to_owned(), vec![test.statistic()]),
        ("p_normal".to_owned(), vec![test.p_normal]),
        (
            "p_normal_corrected".to_owned(),
            vec![test.p_normal_corrected],
        ),
    ]);
    if let Some(exact) = test.exact {
        got.insert("p_exact".to_owned(), vec![exact.p_two_sided]);
        got.insert("p_exact_less".to_owned(), vec![exact.p_less]);
        got.insert("p_exact_greater".to_owned(), vec![exact.p_greater]);
    }
    got
}

fn spearman(x: &[f64], y: &[f64]) -> Arrays {
    let ranked = stats::spearman(x, y).expect("both sides vary");
    let plain = stats::pearson(x, y).expect("both sides vary");
    BTreeMap::from([
        ("ranks_x".to_owned(), stats::average_ranks(x)),
        ("ranks_y".to_owned(), stats::average_ranks(y)),
        ("rho".to_owned(), vec![ranked.coefficient]),
        ("p_two_sided".to_owned(), vec![ranked.p_two_sided]),
        ("pearson".to_owned(), vec![plain.coefficient]),
        ("pearson_p_two_sided".to_owned(), vec![plain.p_two_sided]),
    ])
}

fn student(df: &[f64], p: &[f64], t: &[f64]) -> Arrays {
    let grid = |f: fn(f64, f64) -> Option<f64>, columns: &[f64]| -> Vec<f64> {
        df.iter()
            .flat_map(|df| columns.iter().map(|c| f(*c, *df).expect("in the domain")))
            .collect()
    };
    BTreeMap::from([
        ("quantile".to_owned(), grid(stats::t_quantile, p)),
        ("two_sided_p".to_owned(), grid(stats::t_two_sided, t)),
    ])
}

fn computed(kind: &str, input: &Arrays) -> Arrays {
    match kind {
        "stat_summary" => summary(&input["x"]),
        "stat_bootstrap" => bootstrap(&input["x"], &input["index"]),
        "stat_paired_t" => t_test(stats::paired_t(&input["a"], &input["b"])),
        "stat_welch" => t_test(stats::welch_t(&input["a"], &input["b"])),
        "stat_wilcoxon" => wilcoxon(&input["a"], &input["b"]),
        "stat_spearman" => spearman(&input["x"], &input["y"]),
        "stat_student_t" => student(&input["df"], &input["p"], &input["t"]),
        _ => panic!("no counterpart for kind `{kind}`"),
    }
}

#[test]
fn every_statistic_agrees_with_its_reference() {
    let index = fs::read_to_string(Path::new(FOLDER).join("index.json")).expect("the index exists");
    let index: Json = serde_json::from_str(&index).expect("the index is JSON");
    let (mut cases, mut numbers) = (0, 0);
    for case in index["cases"].as_array().expect("a list of cases") {
        let kind = case["kind"].as_str().expect("a kind");
        if !kind.starts_with("stat_") {
            continue;
        }
        let name = case["name"].as_str().expect("a name");
        let tensors = arrays(case["file"].as_str().expect("a file"));
        let got = computed(kind, &tensors);
        for (tensor, facts) in case["tensors"].as_object().expect("named tensors") {
            if facts["role"] != "output" {
                continue;
            }
            let got = got
                .get(tensor)
                .unwrap_or_else(|| panic!("{name}: `{tensor}` has no counterpart"));
            let want = &tensors[tensor];
            assert_eq!(got.len(), want.len(), "{name}: {tensor}");
            let (rtol, atol) = (&facts["rtol"], &facts["atol"]);
            let (rtol, atol) = (rtol.as_f64().unwrap(), atol.as_f64().unwrap());
            for (got, want) in got.iter().zip(want) {
                let error = (got - want).abs();
                assert!(
                    error <= atol + rtol * want.abs(),
                    "{name}: {tensor}: {got} {want}"
                );
            }
            // The unrounded numbers allow a sharper look; 1e-10 is room for SciPy's own rounding.
            let exact = facts["float64"].as_array().cloned().unwrap_or_default();
            for (got, want) in got.iter().zip(&exact) {
                let want = want.as_f64().expect("a number");
                let error = (got - want).abs();
                assert!(
                    error <= 1e-10 * want.abs().max(1e-3),
                    "{name}: {tensor}: {got} {want}"
                );
                numbers += 1;
            }
        }
        cases += 1;
    }
    assert_eq!(cases, 14, "cases compared");
    assert!(numbers > 100, "{numbers} numbers compared without rounding");
}
