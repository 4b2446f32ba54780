mod losses;
mod references;
mod ring;
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
    let split = |rows: usize, seed: u64| {
        let mut noise = Seed::new(seed).stream(0);
        let points = (0..rows).flat_map(|row| {
            let (sin, cos) = (std::f32::consts::TAU * (row % 8) as f32 / 8.0).sin_cos();
            let noise = noise.normal(2);
            [cos + 0.02 * noise[0], sin + 0.02 * noise[1]]
        });
        Split::new().with("x", Array::new(&[rows, 2], points.collect::<Vec<f32>>()))
    };
    let meta = serde_json::json!({ "name": "ring", "shape": [2] });
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
