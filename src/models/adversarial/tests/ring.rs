//! What every system makes of eight points on a circle.

use super::ring;
use super::systems;
use super::train;
use crate::models;
use crate::models::Model;
use crate::models::Rows;
use crate::models::params::observations;
use crate::nn::DeviceChoice;
use crate::random::Seed;
use crate::registry::Value;
use crate::training::tests::Session;

/// Energy distance (Székely and Rizzo 2013): 2 E‖x − y‖ − E‖x − x'‖ − E‖y − y'‖, 0 where both have
/// one distribution.
fn energy_distance(x: &Rows, y: &Rows) -> f64 {
    let mean = |a: &Rows, b: &Rows| {
        let all = a.values.chunks_exact(2);
        let sum: f64 = all
            .flat_map(|a| {
                let others = b.values.chunks_exact(2);
                others.map(move |b| f64::from((a[0] - b[0]).hypot(a[1] - b[1])))
            })
            .sum();
        sum / (a.len() * b.len()) as f64
    };
    2.0 * mean(x, y) - mean(x, x) - mean(y, y)
}

/// How long a system learns, how fast, and how near it has to come.
struct Schedule {
    iterations: i64,
    lr: f64,
    discriminator_lr: f64,
    distance: f64,
}

/// An untrained generator is 0.6 away, one that has collapsed to one of the points 1.3. The Wasserstein GAN circles around the ring
/// at rates as large as these, so that it need not come as near.
fn schedule(name: &str) -> Schedule {
    let (iterations, lr, discriminator_lr, distance) = match name {
        "aae" => (300, 2e-3, 2e-3, 0.1),
        "adversarial-vb" => (300, 1e-3, 2e-3, 0.1),
        "vae" => (1600, 5e-4, 0.0, 0.1),
        "veegan" => (600, 1e-3, 2e-3, 0.1),
        "wgan-gp" => (400, 5e-4, 1e-3, 0.15),
        _ => (400, 5e-4, 1e-3, 0.1),
    };
    Schedule {
        iterations,
        lr,
        discriminator_lr,
        distance,
    }
}

#[test]
fn every_system_comes_near_the_ring() {
    let data = ring(512);
    let x = observations(&data, "train").expect("points");
    let distance = |weights: &[u8]| {
        let model = models::open(weights, DeviceChoice::Cpu).expect("its own weights");
        let samples = model
            .sample(512, &mut Seed::new(9).stream(0))
            .expect("finite");
        energy_distance(&samples.into_rows(), &x)
    };
    let vae: (&dyn Model, _) = (&models::vae::Vae, Vec::new());
    let others = systems().into_iter();
    let others = others.map(|(kind, own)| (kind as &dyn Model, own));
    for (kind, own) in others.chain([vae]) {
        let schedule = schedule(kind.name());
        let trained = |iterations: i64, rate: f64| {
            let mut given = own.clone();
            given.extend([
                ("iterations", Value::Int(iterations)),
                // The VAE counts epochs, of 16 iterations each.
                ("epochs", Value::Int((iterations / 16).max(1))),
                ("lr", Value::Float(rate * schedule.lr)),
                ("discriminator_lr", Value::Float(schedule.discriminator_lr)),
                ("encoder_weight", Value::Float(10.0)),
                ("generator_weight", Value::Float(10.0)),
            ]);
            train(kind, &data, &given, &mut Session::default()).expect("it trains")
        };
        let untrained = distance(&trained(1, 0.0).weights);
        let near = distance(&trained(schedule.iterations, 1.0).weights);
        let what = format!("{} {own:?}: {untrained} {near}", kind.name());
        assert!(untrained > 0.5 && near < schedule.distance, "{what}");
    }
}
