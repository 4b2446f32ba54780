use std::f32::consts::PI;
use std::f32::consts::TAU;

mod losses;
mod plane;
mod references;
mod turns;

use super::kinds::Adversarial;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Split;
use crate::models::ExtraInputs;
use crate::models::Model;
use crate::models::ModelError;
use crate::random::Seed;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::declared::values;
use crate::training::Trained;
use crate::training::tests::Session;

/// Every kind, with what makes one system differ from another.
fn systems() -> Vec<(&'static Adversarial, Vec<(&'static str, Value)>)> {
    vec![
        (&super::DCGAN, Vec::new()),
        (&super::WGAN_GP, Vec::new()),
        (&super::AAE, Vec::new()),
        (&super::VEEGAN, Vec::new()),
        (&super::VGH, Vec::new()),
        (&super::VGH, vec![("variant", "vgh++".into())]),
        (&super::ADVERSARIAL_VB, Vec::new()),
        (
            &super::ADVERSARIAL_VB,
            vec![("adaptive_contrast", Value::Bool(true))],
        ),
    ]
}

/// Eight points on a circle, under noise of a standard deviation of 0.02.
fn ring(rows: usize) -> Dataset {
    plane("ring", rows, |row, _| {
        let (sin, cos) = (TAU * (row % 8) as f32 / 8.0).sin_cos();
        ([cos, sin], 0.02)
    })
}

/// Two half circles of radius 1 that reach into each other, under noise of a standard deviation of 0.05, around 0.
fn moons(rows: usize) -> Dataset {
    plane("moons", rows, |row, u| {
        let (sin, cos) = (PI * u).sin_cos();
        let point = match row % 2 {
            0 => [cos, sin],
            _ => [1.0 - cos, 0.5 - sin],
        };
        ([point[0] - 0.5, point[1] - 0.25], 0.05)
    })
}

/// Points of the plane: where each is from its row and a uniform number, and the noise around it.
fn plane(name: &str, rows: usize, point: impl Fn(usize, f32) -> ([f32; 2], f32)) -> Dataset {
    let split = |rows: usize, seed: u64| {
        let (mut noise, mut places) = (Seed::new(seed).stream(0), Seed::new(seed).stream(1));
        let points = (0..rows).flat_map(|row| {
            let u = places.uniform(1, 0.0, 1.0)[0];
            let ([x, y], sigma) = point(row, u);
            let noise = noise.normal(2);
            [x + sigma * noise[0], y + sigma * noise[1]]
        });
        Split::new().with("x", Array::new(&[rows, 2], points.collect::<Vec<f32>>()))
    };
    let meta = serde_json::json!({ "name": name, "shape": [2] });
    Dataset::new(split(rows, 1), split(64, 2), split(64, 3), meta)
}

fn train(
    kind: &dyn Model,
    data: &Dataset,
    given: &[(&'static str, Value)],
    session: &mut Session,
) -> Result<Trained, ModelError> {
    kind.train(data, &ExtraInputs::new(), &settings(kind, given), session)
}

/// Small networks, and what is given beside them.
fn settings(kind: &dyn Model, given: &[(&'static str, Value)]) -> Values {
    let list =
        |widths: &[i64]| Value::from(widths.iter().map(|w| Value::Int(*w)).collect::<Vec<_>>());
    // The first of a name counts.
    let mut all = given.to_vec();
    all.extend([
        ("latent", Value::Int(2)),
        ("hidden", list(&[32, 32])),
        ("code_hidden", list(&[32, 32])),
        ("joint_features", Value::Int(16)),
        ("joint_hidden", list(&[32])),
        ("features", Value::Int(16)),
        ("noise", Value::Int(4)),
        ("contrast_draws", Value::Int(4)),
        ("output", "identity".into()),
        ("visible", "gaussian".into()),
        ("sigma", Value::Float(0.1)),
        ("batch", Value::Int(32)),
        ("seed", Value::Int(3)),
        ("device", "cpu".into()),
    ]);
    values(kind.params(), &all)
}
