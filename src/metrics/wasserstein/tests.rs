use super::*;
use crate::models::Rows;
use crate::models::networks::NetworkKind;
use crate::models::networks::NetworkParams;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::registry::Values;
use crate::training::TrainingLoop;
use crate::training::tests::Session;

/// Draws of N((m, 0), I).
fn shifted(m: f32, n: usize, seed: Seed, number: u64) -> Rows {
    let mut values = seed.stream(number).normal(2 * n);
    for point in values.chunks_exact_mut(2) {
        point[0] += m;
    }
    Rows::new(2, values)
}

fn params(iterations: u64) -> CriticParams {
    let networks = NetworkParams {
        hidden: vec![64, 64],
        ..NetworkParams::read(&Values::default()).expect("all have defaults")
    };
    assert_eq!(networks.network, NetworkKind::Mlp);
    CriticParams {
        networks,
        iterations,
        batch: 128,
        lr: 1e-3,
        beta1: 0.5,
        beta2: 0.9,
        gradient_penalty: 10.0,
    }
}

/// The distances of samples of N((m, 0), I) from draws of N(0, I) and of N((m, 0), I), with 2,000 each.
fn distances(m: f32, iterations: u64, session: &Session) -> Option<Vec<(f64, f64)>> {
    let seed = Seed::new(3);
    let samples = |update: u64, n: usize| Ok(shifted(m, n, seed.derive("samples"), update));
    let mut critics = Critics::new(
        &Cpu::default(),
        &params(iterations),
        &[2],
        vec![
            ("near", "near", shifted(0.0, 2000, seed.derive("near"), 0)),
            ("same", "same", shifted(m, 2000, seed.derive("same"), 0)),
        ],
        (
            Box::new(samples),
            shifted(m, 2000, seed.derive("held-out"), 0),
        ),
        seed,
    );
    let trained = TrainingLoop::new(&"critics", session)
        .expect("plain")
        .run(&mut critics);
    let trained = trained.ok()?;
    assert_eq!(trained.diverged, None);
    let found = critics.distances();
    assert_eq!(trained.curve.last("near"), Some(found[0].0));
    Some(found)
}

/// The Wasserstein distance of a distribution from itself moved by m is m, and the best critic is linear.
#[test]
fn a_shift_is_its_own_distance_and_none_is_none() {
    for m in [1.0f32, 2.0] {
        let found = distances(m, 600, &Session::default()).expect("undisturbed");
        let [(near, near_se), (same, same_se)] = found[..] else {
            panic!("two critics")
        };
        // Four standard errors of 2,000 draws, and a tenth: the penalty lets slopes exceed one a little.
        let room = 4.0 * near_se + 0.1 * f64::from(m);
        assert!((near - f64::from(m)).abs() < room, "{near} {m}");
        // What is learnt by heart of 2,000 draws beside what 128 at a time say.
        assert!(same.abs() < 4.0 * same_se + 0.1, "{same} {same_se}");
    }
}

#[test]
fn critics_of_the_same_data_are_the_same() {
    let seed = Seed::new(5);
    let samples = |update: u64, n: usize| Ok(shifted(1.0, n, seed.derive("samples"), update));
    let data = || shifted(0.0, 200, seed.derive("data"), 0);
    let mut critics = Critics::new(
        &Cpu::default(),
        &params(3),
        &[2],
        vec![("one", "one", data()), ("other", "other", data())],
        (
            Box::new(samples),
            shifted(1.0, 50, seed.derive("held-out"), 0),
        ),
        seed,
    );
    let [one, other] = critics.distances()[..] else {
        panic!("two critics")
    };
    assert_eq!(one, other, "before they learn");
    TrainingLoop::new(&"critics", &Session::default())
        .expect("plain")
        .run(&mut critics)
        .expect("undisturbed");
    let [one, other] = critics.distances()[..] else {
        panic!("two critics")
    };
    assert_eq!(one, other, "after three updates");
}

#[test]
fn interrupted_critics_end_as_undisturbed_ones() {
    let whole = distances(1.0, 20, &Session::default()).expect("undisturbed");
    let session = Session::stopping_after(7);
    assert_eq!(distances(1.0, 20, &session), None);
    let resumed = distances(1.0, 20, &session.next_attempt(None));
    assert_eq!(resumed, Some(whole));
}
