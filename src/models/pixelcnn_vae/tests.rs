//! Causality, normalisation, gradients; trainings by every method.

use super::*;
use crate::data::Array;
use crate::data::Split;
use crate::models;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Representation;
use crate::models::semi_amortized::brute_force;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

/// Images of a bright half, to the left or above: grey for training, binary to validate and test.
pub(crate) fn halves(side: usize, train: usize) -> Dataset {
    let images = |count: usize, grey: bool, seed: u64| {
        let mut stream = Seed::new(seed).stream(0);
        let mut pixels = Vec::with_capacity(count * side * side);
        for image in 0..count {
            for place in 0..side * side {
                let along = if image % 2 == 0 {
                    place % side
                } else {
                    place / side
                };
                let bright = if along < side / 2 { 0.9 } else { 0.1 };
                pixels.push(if grey {
                    bright
                } else {
                    f32::from(u8::from(stream.unit() < bright))
                });
            }
        }
        Split::new().with("x", Array::new(&[count, 1, side, side], pixels))
    };
    let meta = serde_json::json!({ "name": "halves" });
    Dataset::new(
        images(train, true, 0),
        images(10, false, 1),
        images(6, false, 2),
        meta,
    )
}

fn given(more: &[(&'static str, Value)]) -> Values {
    let small = [
        ("latent", Value::Int(2)),
        ("maps", Value::Int(3)),
        ("blocks", Value::Int(2)),
        ("z_maps", Value::Int(1)),
        ("channels", Value::Int(3)),
        ("kernels", vec![Value::Int(3), Value::Int(3)].into()),
        ("epochs", Value::Int(2)),
        ("batch", Value::Int(10)),
        ("steps", Value::Int(2)),
        ("seed", Value::Int(1)),
        ("device", "cpu".into()),
    ];
    let all: Vec<_> = more.iter().cloned().chain(small).collect();
    values(PixelCnnVae.params(), &all)
}

fn train(
    data: &Dataset,
    more: &[(&'static str, Value)],
    session: &Session,
) -> Result<Trained, ModelError> {
    PixelCnnVae.train(data, &ExtraInputs::new(), &given(more), session)
}

fn open(trained: &Trained) -> Box<dyn Fitted> {
    models::open(&trained.weights, DeviceChoice::Cpu).expect("its own weights")
}

/// All 2 × 2 images: their probabilities given z sum to one, with z and without.
#[test]
fn it_is_a_distribution_over_images() {
    let data = halves(2, 20);
    for method in ["none", "svi"] {
        let trained = train(&data, &[("inference", method.into())], &Session::default());
        let fitted = open(&trained.expect("it trains"));
        let model = fitted.semi_amortized().expect("it answers");
        let bits = (0..16_u8).flat_map(|image| (0..4).map(move |bit| f32::from(image >> bit & 1)));
        let all = Content::Images(Rows::new(4, bits.collect()));
        let z = match model.latent() {
            0 => Rows::new(0, Vec::new()),
            _ => Rows::new(2, [0.7, -1.2].repeat(16)),
        };
        let logs = model.log_likelihood(&all, &z).expect("they fit");
        let total: f64 = logs.iter().map(|log| log.exp()).sum();
        assert!((total - 1.0).abs() < 1e-5, "{method}: {total}");
        let parts = model.log_likelihood_by_part(&all, &z).expect("they fit");
        for (parts, log) in parts.values.chunks(4).zip(&logs) {
            let sum: f64 = parts.iter().map(|part| f64::from(*part)).sum();
            assert!((sum - log).abs() < 1e-5);
        }
    }
}

/// Pixel by pixel: what is drawn has the frequencies that the likelihood says.
#[test]
fn draws_have_the_frequencies_of_the_likelihood() {
    let data = halves(2, 20);
    let given = [("inference", "none".into()), ("epochs", Value::Int(40))];
    let trained = train(&data, &given, &Session::default()).expect("it trains");
    let fitted = open(&trained);
    let model = fitted.semi_amortized().expect("it answers");
    let none = Rows::new(0, Vec::new());
    let drawn = model
        .generate(&none, 4000, &mut Seed::new(1).stream(0))
        .expect("it draws");
    let Content::Images(rows) = drawn else {
        unreachable!("it is of images")
    };
    for image in 0..16_u8 {
        let bits: Vec<f32> = (0..4).map(|bit| f32::from(image >> bit & 1)).collect();
        let count = rows.values.chunks(4).filter(|row| *row == bits).count();
        let one = Content::Images(Rows::new(4, bits));
        let log = model.log_likelihood(&one, &none).expect("it fits")[0];
        let (found, wanted) = (count as f64 / 4000.0, log.exp());
        // Four standard errors.
        let allowed = 4.0 * (wanted * (1.0 - wanted) / 4000.0).sqrt() + 1e-3;
        assert!(
            (found - wanted).abs() < allowed,
            "{image}: {found} {wanted}"
        );
    }
}

#[test]
fn every_method_goes_on_after_an_interruption_bit_for_bit() {
    let data = halves(4, 30);
    for method in ["none", "vae", "svi", "vae+svi", "vae+svi+kl", "sa-vae"] {
        let given = [("inference", method.into())];
        let whole = train(&data, &given, &Session::default()).expect("it trains");
        let session = Session::stopping_after(4);
        let stopped = train(&data, &given, &session);
        assert!(matches!(stopped, Err(ModelError::Cancelled)), "{method}");
        let resumed = train(&data, &given, &session.next_attempt(None)).expect("it goes on");
        assert!(resumed.weights == whole.weights, "{method}");
        assert_eq!(resumed.curve, whole.curve, "{method}");
    }
}

/// One update an epoch, of four, at a rate that falls to nothing in a line.
#[test]
fn the_rate_of_a_row_is_that_of_its_updates() {
    let data = halves(4, 10);
    let given = [
        ("inference", "vae".into()),
        ("epochs", Value::Int(4)),
        ("lr", Value::Float(0.01)),
        ("schedule", "linear".into()),
    ];
    let curve = train(&data, &given, &Session::default())
        .expect("it trains")
        .curve;
    let place = curve.names.iter().position(|name| name == "train_rate");
    let place = place.expect("it is a column");
    let rates = curve.rows.iter().map(|row| row.scores[place]);
    for (rate, known) in rates.zip([0.01, 0.0075, 0.005, 0.0025]) {
        assert!((rate - known).abs() < 1e-12, "{rate} {known}");
    }
}

#[test]
fn a_step_has_the_gradients_of_brute_force() {
    let data = halves(4, 30);
    let params = PixelCnnVaeParams::read(&given(&[])).expect("they are declared");
    let config = Config::new("pixelcnn-vae", &data, &params).expect("it fits");
    let networks = networks(&Cpu::default(), &config, Seed::new(3)).expect("it is whole");
    let representation = ImageRepresentation(config);
    let content = representation.read(&data, "valid").expect("it has some");
    let x = representation.batch(&content, None).expect("they fit");
    brute_force::agrees(networks, &x, 10, 2);
}

#[test]
fn every_method_tells_what_its_networks_learned_by() {
    let data = halves(4, 30);
    let constant = "f(λ_K) with λ_K held constant";
    let through = "f(λ_K) through all steps";
    for (method, losses) in [
        ("none", &["−log p(x)"][..]),
        ("vae", &["f(λ_0)", "f(λ_0)"]),
        ("svi", &["f(λ_K)"]),
        ("vae+svi", &["f(λ_0)", constant]),
        (
            "vae+svi+kl",
            &["KL(q_λ0 || q_λK) with λ_K held constant", constant],
        ),
        ("sa-vae", &[through, through]),
    ] {
        let params = PixelCnnVaeParams::read(&given(&[("inference", method.into())]));
        let config = Config::new("pixelcnn-vae", &data, &params.expect("they are declared"));
        let config = config.expect("it fits");
        let networks = networks(&Cpu::default(), &config, Seed::new(3));
        let method = config.inference.method().expect("one of them");
        let told = networks.expect("it is whole").facts(method);
        let found: Vec<&str> = told.iter().map(|network| network.learns.loss).collect();
        assert_eq!(found, losses);
        assert!(told.iter().all(|network| network.parameters > 0));
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let refused = |data: &Dataset, more: &[(&'static str, Value)]| {
        let error = train(data, more, &Session::default()).err();
        error.expect("it does not fit").to_string()
    };
    let mut grey = halves(4, 30);
    grey.valid = grey.train.clone();
    let said = refused(&grey, &[]);
    assert!(said.contains("`valid` of `halves` has grey ones"), "{said}");
    let said = refused(&halves(2, 20), &[]);
    assert!(said.contains("cannot be halved 2 times"), "{said}");
    let even = [("kernels", vec![Value::Int(4)].into())];
    let said = refused(&halves(4, 20), &even);
    assert!(said.contains("a kernel of 4 has no centre"), "{said}");
    let flat = Dataset::new(
        Split::new().with("x", Array::new(&[2, 2], vec![0.0, 1.0, 1.0, 0.0])),
        Split::new(),
        Split::new(),
        serde_json::json!({ "name": "flat" }),
    );
    let said = refused(&flat, &[]);
    assert!(said.contains("images with one channel"), "{said}");
}
