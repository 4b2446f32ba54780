use super::*;
use crate::metrics::Marginal;
use crate::models::DiagonalGaussians;
use crate::models::Rows;
use crate::models::observation::LogVariances;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::training::TrainingLoop;
use crate::training::tests::Session;

fn params(iterations: u64) -> RatioParams {
    RatioParams {
        layers: 2,
        units: 32,
        iterations,
        batch: 256,
        lr: 1e-3,
        beta1: 0.5,
        beta2: 0.9,
        gradient_penalty: None,
        activation_noise: 0.0,
        dropout: 0.0,
    }
}

/// KL by ratio of N((1, −½), diag(¼, 1)) from N(0, I), with its standard error; beside the exact one.
fn estimate(params: &RatioParams) -> (crate::metrics::Estimate, f64) {
    let posterior = DiagonalGaussians::new(
        Rows::new(2, vec![1.0, -0.5]),
        LogVariances::new(Rows::new(2, vec![0.25f32.ln(), 0.0])),
    );
    let marginal = Marginal::of_posteriors(posterior);
    let exact = marginal.kl_to_prior().expect("finite").expect("closed")[0];
    let seed = Seed::new(5);
    let held_out = marginal
        .sample(4000, seed.derive("held-out"))
        .expect("finite");
    let pairs = |update: u64| {
        let q = marginal.sample(params.batch, seed.derive(&update.to_string()));
        let p = seed.derive("p").stream(update).normal(2 * params.batch);
        Ok((q.expect("finite").z, Rows::new(2, p)))
    };
    let pairs = Box::new(pairs);
    let beside = ("marginal_kl", exact);
    let mut training = RatioTraining::new(&Cpu::default(), params, seed, pairs, held_out.z, beside);
    let session = Session::default();
    let trained = TrainingLoop::new(&"ratio", &session)
        .expect("plain")
        .run(&mut training);
    let trained = trained.expect("it trains");
    assert_eq!(trained.diverged, None);
    assert_eq!(trained.curve.last("marginal_kl"), Some(exact));
    assert_eq!(
        trained.curve.last("ratio_kl"),
        Some(training.estimate().mean)
    );
    (training.estimate(), exact)
}

#[test]
fn the_ratio_of_two_gaussians_gives_their_divergence() {
    let (found, exact) = estimate(&params(2500));
    let error = found.standard_error.expect("many draws");
    assert!(error < 0.02, "{error}");
    // Four standard errors, and 10 % that the classifier itself may be off: its last updates are noisy.
    let room = 4.0 * error + 0.1 * exact;
    assert!((found.mean - exact).abs() < room, "{found:?} {exact}");
}

/// KL(N(m, I) ‖ N(0, I)) = ½ ‖m‖², whose logit m·z − ½ ‖m‖² a classifier without hidden layers has.
#[test]
fn a_logit_that_the_classifier_can_have_is_found() {
    let q = [0.8f32, -0.6];
    let shifted =
        |z: Vec<f32>| -> Vec<f32> { z.iter().zip(q.iter().cycle()).map(|(z, m)| z + m).collect() };
    let seed = Seed::new(6);
    let held_out = Rows::new(2, shifted(seed.stream(0).normal(8000)));
    let params = RatioParams {
        layers: 0,
        ..params(3000)
    };
    let pairs = |update: u64| {
        let of = |name: &str| seed.derive(name).stream(update).normal(2 * params.batch);
        Ok((Rows::new(2, shifted(of("q"))), Rows::new(2, of("p"))))
    };
    let device = Cpu::default();
    let pairs = Box::new(pairs);
    let mut training = RatioTraining::new(
        &device,
        &params,
        seed,
        pairs,
        held_out,
        ("marginal_kl", 0.5),
    );
    let trained = TrainingLoop::new(&"ratio", &Session::default())
        .expect("plain")
        .run(&mut training);
    assert_eq!(trained.expect("it trains").diverged, None);
    let found = training.estimate();
    let error = found.standard_error.expect("many draws");
    // Adam's last steps leave each of three weights off by some of its rates.
    assert!((found.mean - 0.5).abs() < 4.0 * error + 0.02, "{found:?}");
}

#[test]
fn every_way_to_regularise_changes_the_classifier_and_none_the_question() {
    let plain = estimate(&params(60)).0.mean;
    let changed = |change: fn(&mut RatioParams)| {
        let mut params = params(60);
        change(&mut params);
        estimate(&params).0.mean
    };
    let all = [
        changed(|params| params.gradient_penalty = Some(10.0)),
        changed(|params| params.activation_noise = 1.0),
        changed(|params| params.dropout = 0.5),
        changed(|params| params.layers = 3),
    ];
    for other in all {
        assert!(
            other.is_finite() && (other - plain).abs() > 1e-4,
            "{other} {plain}"
        );
    }
    assert_eq!(plain, estimate(&params(60)).0.mean);
}
