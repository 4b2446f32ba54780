//! Divergences of Gaussians in closed form.

use sweepline::nn::{FullGaussian, losses as nn};

use super::case::{Answers, Case, tape};

pub(super) fn kl_diagonal_gaussians(case: &Case) -> Answers {
    let names = ["mu1", "log_var1", "mu2", "log_var2"];
    let tape1 = tape();
    let inputs = names.map(|n| case.matrix(n).watched(&tape1));
    let [mu1, log_var1, mu2, log_var2] = inputs.clone();
    let kl = nn::kl_diagonal(mu1, log_var1, mu2, log_var2);
    let mut answers = Answers::new();
    answers.put("kl", &kl);
    let mut gradients = kl.sum().backward();
    for (name, input) in names.iter().zip(&inputs) {
        answers.put(&format!("grad.{name}"), &gradients.of(input));
    }
    let tape2 = tape();
    let [mu1, log_var1] = ["mu1", "log_var1"].map(|n| case.matrix(n).watched(&tape2));
    let kl = nn::kl_standard(mu1.clone(), log_var1.clone());
    answers.put("kl_standard", &kl);
    let mut gradients = kl.sum().backward();
    answers.put("grad_standard.mu1", &gradients.of(&mu1));
    answers.put("grad_standard.log_var1", &gradients.of(&log_var1));
    answers
}

pub(super) fn kl_full_gaussians(case: &Case) -> Answers {
    let gaussian = |factor: &str, mean: &str| {
        FullGaussian::from_factor(&case.doubles(factor), &case.doubles(mean))
            .expect("a covariance of full rank")
    };
    let (first, second) = (gaussian("A1", "b1"), gaussian("A2", "b2"));
    let mut answers = Answers::new();
    answers.put_doubles("covariance1", first.covariance().to_vec());
    answers.put_doubles("covariance2", second.covariance().to_vec());
    answers.put_doubles("kl12", vec![first.kl(&second)]);
    answers.put_doubles("kl21", vec![second.kl(&first)]);
    answers.put_doubles("entropy1", vec![first.entropy()]);
    answers.put_doubles("log_det1", vec![first.log_det()]);
    answers.put_doubles("log_det2", vec![second.log_det()]);
    answers
}
