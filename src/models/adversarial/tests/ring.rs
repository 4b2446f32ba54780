//! What every system makes of eight points on a circle.

use super::ring;
use super::systems;
use super::train;
use crate::models;
use crate::models::Rows;
use crate::models::params::observations;
use crate::nn::DeviceChoice;
use crate::random::Seed;
use crate::registry::Entry;
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
    for (kind, own) in systems() {
        let iterations = match kind.name() {
            "aae" => 800,
            "veegan" => 1600,
            _ => 400,
        };
        let trained = |iterations| {
            let mut given = own.clone();
            given.extend([
                ("iterations", Value::Int(iterations)),
                ("lr", Value::Float(5e-4)),
                ("discriminator_lr", Value::Float(1e-3)),
                ("encoder_weight", Value::Float(10.0)),
                ("generator_weight", Value::Float(10.0)),
            ]);
            train(kind, &data, &given, &mut Session::default()).expect("it trains")
        };
        let (first, last) = (
            distance(&trained(1).weights),
            distance(&trained(iterations).weights),
        );
        let what = format!("{} {own:?}: {first} {last}", kind.name());
        assert!(first > 0.5 && last < 0.15, "{what}");
    }
}
