//! What every system makes of eight points on a circle, and of two half moons.

use super::moons;
use super::ring;
use super::systems;
use super::train;
use crate::data::Dataset;
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

/// The distance from the training points of draws of a model.
fn distance(weights: &[u8], data: &Dataset) -> f64 {
    let x = observations(data, "train").expect("points");
    let model = models::open(weights, DeviceChoice::Cpu).expect("its own weights");
    let samples = model
        .sample(512, &mut Seed::new(9).stream(0))
        .expect("finite");
    energy_distance(&samples.into_rows(), &x)
}

/// Iterations, learning rate of generator and encoder, and that of the discriminators.
fn schedule(name: &str) -> (i64, f64, f64) {
    if let Ok(text) = std::env::var("RING") {
        for one in text.split(';') {
            let f: Vec<&str> = one.split(':').collect();
            if f[0] == name {
                return (
                    f[1].parse().unwrap(),
                    f[2].parse().unwrap(),
                    f[3].parse().unwrap(),
                );
            }
        }
    }
    match name {
        "aae" => (800, 5e-4, 1e-3),
        "veegan" => (1600, 5e-4, 1e-3),
        _ => (400, 5e-4, 1e-3),
    }
}

fn all_come_near(data: &Dataset) {
    let vae: (&dyn Model, Vec<(&'static str, Value)>) = (&models::vae::Vae, Vec::new());
    let systems = systems()
        .into_iter()
        .map(|(kind, own)| (kind as &dyn Model, own));
    for (kind, own) in systems.chain([vae]) {
        let (iterations, lr, discriminator_lr) = schedule(kind.name());
        let start = std::time::Instant::now();
        let trained = |iterations| {
            let mut given = own.clone();
            given.extend([
                ("iterations", Value::Int(iterations)),
                ("lr", Value::Float(lr)),
                ("discriminator_lr", Value::Float(discriminator_lr)),
                ("code_discriminator_lr", Value::Float(discriminator_lr)),
                ("encoder_weight", Value::Float(10.0)),
                ("generator_weight", Value::Float(10.0)),
            ]);
            train(kind, data, &given, &mut Session::default()).expect("it trains")
        };
        let (first, last) = (
            distance(&trained(1).weights, data),
            distance(&trained(iterations).weights, data),
        );
        let what = format!("{} {own:?}: {first} {last}", kind.name());
        eprintln!("DIST {what} {:?}", start.elapsed());
        if std::env::var("RING").is_err() {
            assert!(first > 0.4 && last < 0.1, "{what}");
        }
    }
}

#[test]
fn every_system_comes_near_the_ring() {
    all_come_near(&ring(512));
}

#[test]
fn every_system_comes_near_the_moons() {
    all_come_near(&moons(512));
}
