//! The networks against the generator of the data and brute force; trainings by every method.

use crate::nn::Cpu;

use super::*;
use crate::data::tests::support::load;
use crate::models;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Inference;
use crate::models::semi_amortized::Representation;
use crate::models::semi_amortized::Start;
use crate::models::semi_amortized::brute_force;
use crate::registry::Value;
use crate::registry::declared::values;
use crate::training::tests::Session;

fn oracle(length: i64) -> Dataset {
    load(
        "oracle-lstm",
        &[
            ("vocabulary", Value::Int(9)),
            ("hidden", Value::Int(6)),
            ("length", Value::Int(length)),
            ("train", Value::Int(50)),
            ("valid", Value::Int(20)),
            ("test", Value::Int(6)),
            ("true_nll", Value::Int(6)),
            ("oracle", Value::Int(0)),
            ("seed", Value::Int(0)),
        ],
    )
}

fn text() -> Dataset {
    load(
        "text",
        &[
            ("max_vocabulary", Value::Int(30)),
            ("max_length", Value::Int(6)),
            ("train", Value::Int(60)),
            ("valid", Value::Int(20)),
            ("test", Value::Int(20)),
        ],
    )
}

fn train(
    data: &Dataset,
    given: &[(&'static str, Value)],
    session: &Session,
) -> Result<Trained, ModelError> {
    let small = [
        ("latent", Value::Int(2)),
        ("embedding", Value::Int(5)),
        ("hidden", Value::Int(6)),
        ("epochs", Value::Int(2)),
        ("batch", Value::Int(20)),
        ("steps", Value::Int(2)),
        ("seed", Value::Int(1)),
        ("device", "cpu".into()),
    ];
    let all: Vec<_> = given.iter().cloned().chain(small).collect();
    let values = values(LstmVae.params(), &all);
    LstmVae.train(data, &ExtraInputs::new(), &values, session)
}

fn open(trained: &Trained) -> Box<dyn Fitted> {
    models::open(&trained.weights, DeviceChoice::Cpu).expect("its own weights")
}

fn known() -> Vec<(&'static str, Value)> {
    vec![
        ("decoder", "generator".into()),
        ("conditioning", "output".into()),
    ]
}

/// The same likelihood twice: −log p(x) in double precision, which the data set computes on its own, and
/// a sum over a grid of z of what the decoder says. A step of 0.1 of a smooth density loses nothing, and
/// no prior mass that counts lies beyond 5.
#[test]
fn a_known_decoder_has_the_likelihood_of_the_generator() {
    let data = oracle(5);
    let given = [known(), vec![("inference", "svi".into())]].concat();
    let trained = train(&data, &given, &Session::default()).expect("there is nothing to learn");
    assert_eq!(trained.curve.last("train_rate"), None);
    let fitted = open(&trained);
    let model = fitted.semi_amortized().expect("it refines");
    let axis: Vec<f32> = (-50..=50).map(|i| i as f32 * 0.1).collect();
    let grid: Vec<[f32; 2]> = axis
        .iter()
        .flat_map(|a| axis.iter().map(|b| [*a, *b]))
        .collect();
    let z = Rows::new(2, grid.iter().flatten().copied().collect());
    for (sequence, nll) in data.test.sequences().into_iter().zip(true_nll(&data)) {
        let copies = Content::Sequences(vec![sequence.to_vec(); grid.len()]);
        let logs = model.log_likelihood(&copies, &z).expect("they fit");
        let terms = logs.iter().zip(&grid).map(|(log, [a, b])| {
            let squares = f64::from(*a).powi(2) + f64::from(*b).powi(2);
            (log - 0.5 * squares).exp() * 0.01 / std::f64::consts::TAU
        });
        let found = -terms.sum::<f64>().ln();
        assert!((found - nll).abs() < 1e-3, "{found} is not {nll}");
    }
}

fn true_nll(data: &Dataset) -> Vec<f64> {
    let all = data.generator["true_nll"].to_f32();
    all.into_iter().map(f64::from).collect()
}

#[test]
fn a_language_model_is_a_distribution_over_sequences() {
    let data = oracle(2);
    let given = [("inference", "none".into()), ("dropout", Value::Float(0.0))];
    let trained = train(&data, &given, &Session::default()).expect("it trains");
    let fitted = open(&trained);
    let model = fitted.semi_amortized().expect("it answers");
    assert_eq!((model.latent(), model.method()), (0, Inference::None));
    let all = (0..9)
        .flat_map(|a| (0..9).map(move |b| vec![a, b]))
        .collect();
    let none = Rows::new(0, Vec::new());
    let logs = model.log_likelihood(&Content::Sequences(all), &none);
    let total: f64 = logs.expect("they fit").iter().map(|log| log.exp()).sum();
    // Single precision of nine logits, 81 times.
    assert!((total - 1.0).abs() < 1e-5, "{total}");
}

#[test]
fn every_method_goes_on_after_an_interruption_bit_for_bit() {
    let data = text();
    for method in ["none", "vae", "svi", "vae+svi", "vae+svi+kl", "sa-vae"] {
        let given = [
            ("inference", method.into()),
            ("word_drop", Value::Float(0.25)),
        ];
        let whole = train(&data, &given, &Session::default()).expect("it trains");
        // In the second epoch: a best epoch is kept by then.
        let session = Session::stopping_after(whole.curve.rows[0].iteration + 2);
        let stopped = train(&data, &given, &session);
        assert!(matches!(stopped, Err(ModelError::Cancelled)), "{method}");
        let resumed = train(&data, &given, &session.next_attempt(None)).expect("it goes on");
        assert!(resumed.weights == whole.weights, "{method}");
        assert_eq!(resumed.curve, whole.curve, "{method}");
        assert!(whole.spent_before == 0.0 && resumed.spent_before > 0.0);
    }
}

#[test]
fn sa_vae_and_vae_svi_without_steps_train_as_a_vae() {
    let data = oracle(5);
    let trained = |method: &str| {
        let given = [("inference", method.into()), ("steps", Value::Int(0))];
        train(&data, &given, &Session::default()).expect("it trains")
    };
    let vae = trained("vae");
    for method in ["sa-vae", "vae+svi"] {
        assert_eq!(trained(method).curve, vae.curve, "{method}");
    }
    assert_ne!(trained("svi").curve, vae.curve);
}

#[test]
fn a_rate_below_the_least_that_has_not_fallen_ends_nothing() {
    let data = oracle(4);
    let session = Session::default();
    let trained = train(&data, &[("lr", Value::Float(0.01))], &session).expect("it trains");
    assert_eq!(trained.curve.rows.len(), 2);
}

#[test]
fn what_is_left_is_the_best_epoch() {
    let data = oracle(5);
    // A rate at which the bound goes up and down.
    let given = [
        ("inference", "vae".into()),
        ("epochs", Value::Int(8)),
        ("lr", Value::Float(8.0)),
    ];
    let trained = train(&data, &given, &Session::default()).expect("it trains");
    let place = trained
        .curve
        .names
        .iter()
        .position(|name| name == "valid_bound");
    let place = place.expect("it is a column");
    let bounds: Vec<f64> = trained
        .curve
        .rows
        .iter()
        .map(|row| row.scores[place])
        .collect();
    let best = bounds.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(bounds[7] > best, "the last epoch is the best: {bounds:?}");
    // A training that ends there leaves the same weights.
    let ends = bounds
        .iter()
        .position(|bound| *bound == best)
        .expect("it is there") as i64
        + 1;
    let shorter = [
        ("inference", "vae".into()),
        ("epochs", Value::Int(ends)),
        ("lr", Value::Float(8.0)),
    ];
    let shorter = train(&data, &shorter, &Session::default()).expect("it trains");
    let [left, wanted] = [&trained, &shorter].map(|trained| {
        let fitted = open(trained);
        let model = fitted.semi_amortized().expect("it refines");
        let x = Content::Sequences(data.test.sequences().iter().map(|x| x.to_vec()).collect());
        let found = model
            .infer(&x, &model.refinement(), Seed::new(0))
            .expect("they fit");
        found[0].mean().clone()
    });
    assert_eq!(left, wanted);
}

#[test]
fn refinement_goes_up_the_bound_and_starts_where_it_is_told() {
    let data = oracle(5);
    let given = [known(), vec![("inference", "vae".into())]].concat();
    let trained = train(&data, &given, &Session::default()).expect("it trains");
    let fitted = open(&trained);
    let model = fitted.semi_amortized().expect("it refines");
    let x = Content::Sequences(data.test.sequences().iter().map(|x| x.to_vec()).collect());
    let mut how = model.refinement().with(Start::Zeros, 40);
    // A step is divided by the size of the batch, and this one is small.
    how.rate = 0.1;
    let found = model
        .infer(&x, &how, Seed::new(0))
        .expect("it starts at zeros");
    assert_eq!(found.len(), 41);
    assert!(found[0].mean().values.iter().all(|mean| *mean == 0.0));
    // At the mean of q: the mode of the posterior is likelier than the mode of the prior.
    let at = |k: usize| {
        let logs = model.log_likelihood(&x, found[k].mean()).expect("they fit");
        logs.iter().sum::<f64>()
    };
    assert!(at(40) > at(0) + 1.0, "{} {}", at(0), at(40));
}

#[test]
fn gradients_of_tokens_are_those_of_brute_force() {
    let data = text();
    let given = [("inference", "vae".into())];
    let trained = train(&data, &given, &Session::default()).expect("it trains");
    let fitted = open(&trained);
    let model = fitted.semi_amortized().expect("it refines");
    let batch = &model.batches(&data, "test").expect("they fit")[0];
    let n = batch.content.len();
    let z = Rows::new(2, Seed::new(2).stream(0).normal(2 * n));
    let gradients = model
        .output_gradients(&batch.content, &z)
        .expect("they fit");
    let parts = |z: &Rows| {
        model
            .log_likelihood_by_part(&batch.content, z)
            .expect("they fit")
    };
    let total: f64 = model
        .log_likelihood(&batch.content, &z)
        .expect("they fit")
        .iter()
        .sum();
    let by_part: f32 = parts(&z).values.iter().sum();
    assert!((total - f64::from(by_part)).abs() < 1e-3 * total.abs());
    let tokens = model.predicted(&batch.content)[0];
    assert_eq!(gradients.len(), tokens);
    let h = 0.05;
    for j in 0..2 {
        let moved = |by: f32| {
            let mut z = z.clone();
            for row in 0..n {
                z.values[row * 2 + j] += by;
            }
            parts(&z).values
        };
        let (above, below) = (moved(h), moved(-h));
        for (t, gradient) in gradients.iter().enumerate() {
            for row in 0..n {
                let at = row * tokens + t;
                let want = (above[at] - below[at]) / (2.0 * h);
                let got = gradient.values[row * 2 + j];
                // Rounding of numbers near 3 over 0.1, and h².
                assert!((got - want).abs() < 2e-4, "{got} is not {want}");
            }
        }
    }
}

/// The derivative of what a step of SA-VAE lowers, by moving a parameter and taking the inner steps
/// again: with dropout, whose masks have to be those of the forward pass for the two to agree.
#[test]
fn a_step_with_dropout_has_the_gradients_of_brute_force() {
    let data = oracle(5);
    let given = [("dropout", Value::Float(0.4)), ("steps", Value::Int(3))];
    let all = [
        ("latent", Value::Int(2)),
        ("embedding", Value::Int(5)),
        ("hidden", Value::Int(6)),
        ("init", Value::Float(0.5)),
        ("seed", Value::Int(1)),
    ];
    let values = values(LstmVae.params(), &[&given[..], &all[..]].concat());
    let params = LstmVaeParams::read(&values).expect("they are declared");
    let config = Config::new("lstm-vae", &data, &params).expect("it fits");
    let networks = networks(&Cpu::default(), &config, Seed::new(3)).expect("it is whole");
    let representation = SequenceRepresentation(config);
    let content = representation.read(&data, "train").expect("it has some");
    let content = content.gather(&[0, 1, 2, 3]);
    let x = representation.batch(&content, None).expect("they fit");
    brute_force::agrees(networks, &x, 4, 3);
}

fn refused(data: &Dataset, given: &[(&'static str, Value)]) -> String {
    let error = train(data, given, &Session::default()).err();
    error.expect("it does not fit").to_string()
}

#[test]
fn what_does_not_fit_is_told() {
    let rows = load(
        "synthetic",
        &[("name", "circle".into()), ("seed", Value::Int(0))],
    );
    let said = refused(&rows, &[]);
    assert!(said.contains("has no sequences in `train`"), "{said}");
    let said = refused(&text(), &known());
    assert!(said.contains("no generator is known"), "{said}");
    let said = refused(
        &oracle(5),
        &[known(), vec![("latent", Value::Int(3))]].concat(),
    );
    assert!(said.contains("give `latent: 2`"), "{said}");
    let said = refused(&oracle(5), &[("decoder", "generator".into())]);
    assert!(said.contains("conditioning: output"), "{said}");
    let said = refused(&oracle(5), &[("word_drop", Value::Float(0.25))]);
    assert!(said.contains("`<unk>`"), "{said}");
    let mut data = oracle(5);
    data.valid = crate::data::Split::new();
    let said = refused(&data, &[]);
    assert!(said.contains("no sequences in `valid`"), "{said}");

    let trained = train(
        &oracle(5),
        &[("inference", "svi".into())],
        &Session::default(),
    );
    let fitted = open(&trained.expect("it trains"));
    let model = fitted.semi_amortized().expect("it refines");
    let x = |sequence: Vec<u32>| Content::Sequences(vec![sequence]);
    let how = model.refinement().with(Start::Encoder, 1);
    let said = model.infer(&x(vec![1, 2]), &how, Seed::new(0)).err();
    let said = said.expect("there is no encoder").to_string();
    assert!(said.contains("no encoder to start from"), "{said}");
    let z = Rows::new(2, vec![0.0, 0.0]);
    let said = model.log_likelihood(&x(vec![1, 9]), &z).err();
    let said = said.expect("there are nine").to_string();
    assert!(
        said.contains("token 9 lies outside of the vocabulary"),
        "{said}"
    );
    let said = model
        .log_likelihood(&x(vec![1, 2]), &Rows::new(1, vec![0.0]))
        .err();
    assert!(said.is_some_and(|said| said.to_string().contains("latent variables of 2")));
}

/// As many words, but others, would be scores of nothing.
#[test]
fn a_model_scores_no_sequences_of_other_words() {
    let trained = train(&text(), &[("inference", "vae".into())], &Session::default());
    let fitted = open(&trained.expect("it trains"));
    let model = fitted.semi_amortized().expect("it refines");
    assert!(model.batches(&text(), "test").is_ok());
    let mut other = text();
    let words = other.meta["vocabulary"].as_array_mut();
    words.expect("it has one").swap(4, 5);
    let said = model.batches(&other, "test").map(|_| ());
    let said = said.expect_err("it is refused").to_string();
    assert!(said.contains("other words"), "{said}");
}

/// INIT of table 2: the encoder reads as the language model does, and all else is as it was drawn.
#[test]
fn an_encoder_starts_with_the_language_model_and_nothing_else_does() {
    let data = text();
    let language_model = train(&data, &[("inference", "none".into())], &Session::default());
    let language_model = language_model.expect("it trains").weights;
    let given = [
        ("latent", Value::Int(2)),
        ("embedding", Value::Int(5)),
        ("hidden", Value::Int(6)),
        ("device", "cpu".into()),
    ];
    let params = super::LstmVaeParams::read(&values(LstmVae.params(), &given)).expect("they fit");
    let config = super::Config::new("lstm-vae", &data, &params).expect("it fits the data");
    let device = Cpu::default();
    let drawn = || super::networks(&device, &config, Seed::new(3)).expect("they are declared");
    let (before, mut after) = (drawn(), drawn());
    super::start_with(&device, &mut after, &config, &language_model).expect("it fits");

    let known: super::Config = crate::models::config(&language_model).expect("its own");
    let mut of = super::networks(&device, &known, Seed::new(0)).expect("they are declared");
    crate::training::weights::open(&language_model, &mut of.components()).expect("its own weights");
    let reads = of.decoder.component.params();
    let numbers = |params: &crate::nn::Params<Cpu>, name: &str| {
        params.values(params.index_of(name).unwrap_or_else(|| panic!("{name}")))
    };
    let encoder = |networks: &super::Networks<Cpu, super::Sequences>| {
        let encoder = networks.encoder.as_ref().expect("a VAE has one");
        encoder.component.params().clone()
    };
    let (drawn, started) = (encoder(&before), encoder(&after));
    for name in started.names() {
        let own = numbers(&started, name);
        let part = name
            .strip_prefix("encoder.")
            .expect("they are the encoder's");
        if part.starts_with("embedding.") || part.starts_with("lstm.") {
            assert_eq!(own, numbers(reads, &format!("decoder.{part}")), "{name}");
            assert_ne!(own, numbers(&drawn, name), "{name}");
        } else {
            assert_eq!(own, numbers(&drawn, name), "{name}");
        }
    }
    let decoder = |networks: &super::Networks<Cpu, super::Sequences>| {
        let params = networks.decoder.component.params();
        (0..params.len())
            .flat_map(|place| params.values(place))
            .collect::<Vec<f32>>()
    };
    assert_eq!(decoder(&before), decoder(&after));

    // Other sizes, and a model that is none, are told.
    let wide = [
        ("hidden", Value::Int(7)),
        ("latent", Value::Int(2)),
        ("device", "cpu".into()),
    ];
    let params = super::LstmVaeParams::read(&values(LstmVae.params(), &wide)).expect("they fit");
    let config = super::Config::new("lstm-vae", &data, &params).expect("it fits the data");
    let mut networks = super::networks(&device, &config, Seed::new(3)).expect("they are declared");
    let said = super::start_with(&device, &mut networks, &config, &language_model);
    let said = said.expect_err("the sizes differ").to_string();
    assert!(
        said.contains("the language model has an `embedding` of 5"),
        "{said}"
    );
}
