//! Two networks that play against each other: a ring of eight points, and what makes it up.
//!
//! The critic has three updates an iteration and its own rate, the generator one; then the critic is
//! alone for a second phase. Nothing of it is a stage kind: it shows that the loop can do this.

use std::f32::consts::TAU;

use serde_json::json;

use super::Session;
use crate::nn::Activation;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Cpu;
use crate::nn::Matrix;
use crate::nn::Mlp;
use crate::nn::ParamGradients;
use crate::nn::Pass;
use crate::nn::Scalar;
use crate::nn::Schedule;
use crate::random::Seed;
use crate::training::Batches;
use crate::training::Component;
use crate::training::Iteration;
use crate::training::LearningRate;
use crate::training::Monitor;
use crate::training::Phase;
use crate::training::Plateau;
use crate::training::Trained;
use crate::training::TrainingAlgorithm;
use crate::training::TrainingError;
use crate::training::TrainingLoop;

const LATENT: usize = 2;
const CRITIC_UPDATES: usize = 3;
const BATCH: usize = 25;
const ROWS: usize = 110;

struct RingGan {
    generator: Component<Cpu>,
    critic: Component<Cpu>,
    makes: Mlp,
    judges: Mlp,
    /// `[ROWS, 2]`
    ring: Vec<f32>,
    seed: Seed,
    iterations: u64,
    /// Rows that the critic has seen.
    seen: u64,
}

impl RingGan {
    fn new(iterations: u64) -> Self {
        let (device, seed) = (Cpu::default(), Seed::new(5));
        let first = seed.derive("fit/init");
        let (generator, makes) = Component::declare("generator", &device, first, |builder| {
            Mlp::new(builder, &[LATENT, 24, 2], Activation::Relu)
        });
        let (critic, judges) = Component::declare("critic", &device, first, |builder| {
            Mlp::new(builder, &[2, 24, 1], Activation::LeakyRelu(0.2))
        });
        let falls = Schedule::Linear { iterations: 800 };
        let plateau = Plateau {
            of: "train_critic",
            higher_is_better: false,
            gain: 10.0,
            patience: 0,
            factor: 0.5,
            least: 2e-2,
            from_row: 0,
            lasting: false,
        };
        let mut noise = seed.derive("ring").stream(0);
        let ring = (0..ROWS).flat_map(|row| {
            let (sin, cos) = (TAU * (row % 8) as f32 / 8.0).sin_cos();
            let noise = noise.normal(2);
            [cos + 0.02 * noise[0], sin + 0.02 * noise[1]]
        });
        RingGan {
            ring: ring.collect(),
            generator: generator.optimised(
                Algorithm::adam(0.5, 0.9),
                LearningRate::scheduled(8e-3, falls),
            ),
            critic: critic
                .optimised(
                    Algorithm::Sgd {
                        momentum: 0.5,
                        nesterov: false,
                    },
                    LearningRate::constant(5e-2).with_plateau(plateau),
                )
                .clipped(0.5),
            makes,
            judges,
            seed,
            iterations,
            seen: 0,
        }
    }

    fn fakes(&self, pass: &Pass<Cpu>, purpose: &str, number: u64) -> Matrix<Cpu> {
        let mut stream = self.seed.derive(purpose).stream(number);
        let z = pass
            .device()
            .matrix(stream.normal(BATCH * LATENT), BATCH, LATENT);
        self.makes.forward(pass, z)
    }

    /// −ln D(x) of these if they are `real`, else −ln (1 − D(x)), averaged.
    fn loss(&self, pass: &Pass<Cpu>, x: Matrix<Cpu>, real: bool) -> Scalar<Cpu> {
        let logits = self.judges.forward(pass, x);
        let signed = if real { -logits } else { logits };
        Activation::Softplus.apply(signed).mean()
    }

    fn critic_gradients(&self, rows: &[usize], number: u64) -> (f64, ParamGradients<Cpu>) {
        let constant = self.generator.constant();
        let fakes = self.fakes(&constant, "fit/critic", number);
        let real = rows
            .iter()
            .flat_map(|row| self.ring[2 * row..][..2].to_vec());
        let real = Cpu::default().matrix(real.collect(), rows.len(), 2);
        let pass = self.critic.record();
        let loss = self.loss(&pass, real, true) + self.loss(&pass, fakes, false);
        (f64::from(loss.value()), pass.backward(loss))
    }

    /// The gradients of both players by the generator's loss.
    fn generator_gradients(&self, number: u64) -> (f64, [ParamGradients<Cpu>; 2]) {
        let (pass, constant) = (self.generator.record(), self.critic.constant());
        let fakes = self.fakes(&pass, "fit/generator", number);
        let loss = self.loss(&constant, fakes, true);
        let value = f64::from(loss.value());
        let mut gradients = loss.backward();
        let own = pass.take_gradients(&mut gradients);
        (value, [own, constant.take_gradients(&mut gradients)])
    }
}

impl TrainingAlgorithm<Cpu> for RingGan {
    fn components(&mut self) -> Vec<&mut Component<Cpu>> {
        vec![&mut self.generator, &mut self.critic]
    }

    fn phases(&self) -> Vec<Phase> {
        let batches = |purpose| Batches::of_rows(ROWS, BATCH, self.seed.derive(purpose));
        let alone = Phase::epochs("critic", 2, batches("fit/critic-order"));
        vec![
            Phase::iterations("play", self.iterations, 4, batches("fit/order")),
            alone,
        ]
    }

    fn iterate(&mut self, at: &mut Iteration<'_>) -> Result<(), TrainingError> {
        let updates = if at.phase == 0 { CRITIC_UPDATES } else { 1 };
        for update in 0..updates {
            let rows = at.draw();
            let number = at.number * CRITIC_UPDATES as u64 + update as u64;
            let (loss, gradients) = self.critic_gradients(&rows, number);
            self.critic.update(gradients);
            self.seen += rows.len() as u64;
            at.report("critic", loss, rows.len());
        }
        if at.phase == 0 {
            let (loss, [gradients, _]) = self.generator_gradients(at.number);
            self.generator.update(gradients);
            at.report("generator", loss, BATCH);
        }
        Ok(())
    }

    fn validate(&mut self, _phase: usize) -> Result<Vec<(&'static str, f64)>, TrainingError> {
        let fakes = self
            .fakes(&self.generator.constant(), "fit/validation", 0)
            .to_vec();
        let radii = fakes.chunks_exact(2).map(|x| f64::from(x[0].hypot(x[1])));
        Ok(vec![("valid_radius", radii.sum::<f64>() / BATCH as f64)])
    }

    fn notes(&self) -> serde_json::Value {
        json!({ "seen": self.seen })
    }

    fn take_up(&mut self, notes: &serde_json::Value) {
        self.seen = notes["seen"].as_u64().unwrap_or(0);
    }
}

fn train(gan: &mut RingGan, monitor: &dyn Monitor) -> Result<Trained, TrainingError> {
    TrainingLoop::new(&json!({ "model": "ring" }), monitor)?.run(gan)
}

fn numbers(component: &Component<Cpu>) -> Vec<f32> {
    let params = component.params();
    (0..params.len()).flat_map(|i| params.values(i)).collect()
}

#[test]
fn players_have_updates_rates_and_batches_of_their_own() {
    let mut gan = RingGan::new(10);
    let trained = train(&mut gan, &Session::default()).expect("it trains");
    // 10 iterations of 3 and 1, then two epochs of 5 batches for the critic alone.
    assert_eq!((gan.critic.updates(), gan.generator.updates()), (40, 10));
    // 30 batches are six epochs of 25, 25, 25, 25 and 10 rows.
    assert_eq!(gan.seen, 8 * ROWS as u64);
    assert_eq!(gan.generator.rate().after(10), 7.9e-3);
    assert!(gan.critic.rate().drops() > 0);
    assert_eq!(
        trained.curve.names,
        ["train_critic", "train_generator", "valid_radius"]
    );
    let rows = trained.curve.rows.iter();
    let places: Vec<_> = rows.map(|row| (row.epoch, row.iteration)).collect();
    assert_eq!(places, [(2, 4), (4, 8), (6, 10)]);
    assert_eq!(trained.later[0].names, ["train_critic", "valid_radius"]);
    assert_eq!(trained.later[0].rows.len(), 2);
    assert!(trained.diverged.is_none());
}

#[test]
fn the_player_that_waits_has_no_gradient_and_stays_as_it_is() {
    let gan = RingGan::new(1);
    let (_, [own, other]) = gan.generator_gradients(0);
    let count = gan.critic.params().len();
    assert!((0..count).all(|index| other.at(index).is_none()));
    let moved = |index| {
        let gradient: Vec<f32> = own.at(index).expect("it is recorded");
        gradient.iter().any(|g| *g != 0.0)
    };
    assert!((0..gan.generator.params().len()).all(moved));

    // The second phase is the critic's alone.
    let mut gan = RingGan::new(0);
    let (generator, critic) = (numbers(&gan.generator), numbers(&gan.critic));
    train(&mut gan, &Session::default()).expect("it trains");
    assert!(numbers(&gan.generator) == generator);
    assert!(numbers(&gan.critic) != critic);
}

#[test]
fn an_interrupted_game_ends_with_the_same_bytes_from_either_phase() {
    let mut whole = RingGan::new(6);
    let expected = train(&mut whole, &Session::default()).expect("it trains");
    // Three of six iterations, the end of the first phase, and within the second.
    for stop in [3, 6, 9] {
        let session = Session::stopping_after(stop);
        let stopped = train(&mut RingGan::new(6), &session);
        assert!(matches!(stopped, Err(TrainingError::Cancelled)), "{stop}");
        assert_eq!(session.total.get(), 16);
        let session = session.next_attempt(None);
        let mut gan = RingGan::new(6);
        let resumed = train(&mut gan, &session).expect("it goes on");
        let log = session.log.take();
        let place = match stop {
            9 => "going on after iteration 3 of `critic`\n".to_owned(),
            _ => format!("going on after iteration {stop}\n"),
        };
        assert!(log.contains(&place), "{log}");
        assert!(resumed.weights == expected.weights, "{stop}");
        assert_eq!(resumed.curve, expected.curve, "{stop}");
        assert_eq!(resumed.later, expected.later, "{stop}");
        assert_eq!(gan.seen, whole.seen, "{stop}");
        assert_eq!(gan.critic.rate().drops(), whole.critic.rate().drops());
    }
}

#[test]
fn a_game_learns_where_the_ring_is() {
    let mut gan = RingGan::new(400);
    let trained = train(&mut gan, &Session::default()).expect("it trains");
    let radius = |row: usize| trained.curve.rows[row].scores[2];
    let last = radius(trained.curve.rows.len() - 1);
    assert!((last - 1.0).abs() < (radius(0) - 1.0).abs(), "{last}");
}
