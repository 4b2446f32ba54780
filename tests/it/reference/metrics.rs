//! Scores: of posteriors, of pairs of images, of a classifier's answers.

use sweepline::metrics::inception_score::inception_score;
use sweepline::metrics::ms_ssim::{MsSsim, Window};
use sweepline::metrics::{Marginal, MarginalKl};
use sweepline::models::observation::LogVariances;
use sweepline::models::{DiagonalGaussians, Posteriors, Rows};

use super::case::{Answers, Case};

pub(super) fn marginal_kl(case: &Case) -> Answers {
    let d = case.number("dimension") as usize;
    let posteriors = DiagonalGaussians::new(
        Rows::new(d, case.values("mean")),
        LogVariances::new(Rows::new(d, case.values("log_var"))),
    );
    let index = case.indices("index");
    let draws = posteriors
        .draw(&index, &case.values("eps"))
        .expect("finite");
    let marginal = Marginal::of_posteriors(posteriors);
    let kl = MarginalKl::of(&marginal, &draws).expect("finite");
    let mut answers = Answers::new();
    answers.put_values("z", &draws.z.values);
    let se = kl.marginal.standard_error.expect("several samples");
    for (name, value) in [
        ("kl_marginal", kl.marginal.mean),
        ("kl_marginal_standard_error", se),
        ("kl_posterior_mean", kl.posterior_mean),
        ("mutual_information", kl.mutual_information),
        ("mutual_information_sampled", kl.sampled_information),
        ("kl_marginal_lower", kl.lower),
    ] {
        answers.put_doubles(name, vec![value]);
    }
    answers.put_doubles("log_q", kl.log_q);
    answers.put_doubles("log_p", kl.log_p);
    let posterior = kl.posterior.expect("a closed form");
    answers.put_doubles("kl_posterior", posterior);
    answers
}

pub(super) fn ms_ssim(case: &Case) -> Answers {
    let settings = &case.hyperparameters;
    let weights = settings["weights"].as_array().expect("a list of weights");
    let finest = &settings["scales"][0];
    let size = finest["window"].as_u64().expect("a window") as usize;
    let measure = MsSsim {
        weights: weights.iter().filter_map(|w| w.as_f64()).collect(),
        window: match case.text("window_rule") {
            "fixed" => Window::Fixed(size),
            _ => Window::Shrinking(size),
        },
        sigma: finest["sigma"].as_f64().expect("a deviation"),
        data_range: case.number("data_range"),
        k: [case.number("K1"), case.number("K2")],
    };
    let &[pairs, channels, height, width] = case.shape("x") else {
        panic!("{}: images have four dimensions", case.name)
    };
    let (x, y) = (case.values("x"), case.values("y"));
    let image = [channels, height, width];
    let parts = measure.pairs(&x, &y, image).expect("the images fit");
    // Per scale, pair and channel.
    let scales = 0..measure.weights.len();
    let all = || parts.iter().flatten();
    let cs = scales.clone().flat_map(|j| all().map(move |p| p.cs[j]));
    let ssim = scales.flat_map(|j| all().map(move |p| p.ssim[j]));
    let mut answers = Answers::new();
    answers.put_doubles("cs", cs.collect());
    answers.put_doubles("ssim", ssim.collect());
    let each = measure.of_pairs(&x, &y, image).expect("the images fit");
    let mean = each.iter().sum::<f64>() / pairs as f64;
    answers.put_doubles("ms_ssim", each);
    answers.put_doubles("mean", vec![mean]);
    answers.put_doubles("diversity", vec![1.0 - mean]);
    answers
}

pub(super) fn inception(case: &Case) -> Answers {
    let probabilities = case.values("probabilities");
    let classes = case.number("classes") as usize;
    let of = |splits| inception_score(&probabilities, classes, splits).expect("enough rows");
    let score = of(case.number("splits") as usize);
    let mut answers = Answers::new();
    answers.put_doubles("mean", vec![score.mean]);
    answers.put_doubles("std", vec![score.std]);
    answers.put_doubles("std_sample", score.std_sample.into_iter().collect());
    answers.put_doubles("score_per_split", score.per_split);
    answers.put_doubles("score_all", vec![of(1).mean]);
    answers
}
