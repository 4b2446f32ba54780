//! For any values: how a manifest is written is not in keys, every single value is, and the
//! explanation of a changed key names exactly what changed.

use std::io;
use std::path::Path;

use proptest::prelude::*;
use sweepline::plan::Change;
use sweepline::plan::Contents;
use sweepline::plan::InputItem;
use sweepline::plan::KeyRules;
use sweepline::plan::Keys;
use sweepline::plan::changes;
use sweepline::store::Digest;
use sweepline::store::KeyParts;

use super::kit::plan;
use super::kit::steps;

/// What the result of one training depends on.
#[derive(Clone, Debug, PartialEq)]
struct Training {
    epochs: i64,
    lr: f64,
    beta: f64,
    seed: i64,
    /// Of the data set.
    content: u8,
}

fn training() -> impl Strategy<Value = Training> {
    (
        1..500_i64,
        1e-6..1.0_f64,
        0.0..10.0_f64,
        0..100_i64,
        any::<u8>(),
    )
        .prop_map(|(epochs, lr, beta, seed, content)| Training {
            epochs,
            lr,
            beta,
            seed,
            content,
        })
}

/// How a manifest may say the same.
#[derive(Clone, Debug)]
struct Manner {
    stage: String,
    order: Vec<usize>,
    /// Whether the seed is an axis, and other values are given under `params`.
    axis: bool,
    comment: String,
    policy: &'static str,
}

fn manner() -> impl Strategy<Value = Manner> {
    (
        "[a-z]{1,8}x",
        Just(vec![0, 1, 2, 3]).prop_shuffle(),
        any::<bool>(),
        "[ -~]{0,20}",
        proptest::sample::select(vec![
            "retries: 2",
            "timeout: 1h",
            "resources: {cpus: 2}",
            "cache: true",
        ]),
    )
        .prop_map(|(stage, order, axis, comment, policy)| Manner {
            stage,
            order,
            axis,
            comment,
            policy,
        })
}

struct Same(Digest);

impl Contents for Same {
    fn input(&mut self, _: &InputItem) -> Option<Digest> {
        Some(self.0)
    }
    fn file(&mut self, path: &Path) -> io::Result<Digest> {
        Ok(Digest::of(path.as_os_str().as_encoded_bytes()))
    }
}

/// The key of the training, with its explanation.
fn key(training: &Training, manner: &Manner) -> (Digest, KeyParts) {
    let Training {
        epochs,
        lr,
        beta,
        seed,
        content,
    } = training;
    let given = |value: String, name: &str| match manner.axis {
        true => format!("\"${{{name}}}\""),
        false => value,
    };
    let with = [
        format!("epochs: {}", given(epochs.to_string(), "epochs")),
        format!("lr: {lr:?}"),
        format!("beta: {}", given(format!("{beta:?}"), "beta")),
        format!("seed: {}", given(seed.to_string(), "seed")),
    ];
    let with: Vec<&str> = manner.order.iter().map(|at| with[*at].as_str()).collect();
    let outside = match manner.axis {
        true => format!(
            "params: {{epochs: {epochs}, beta: {beta:?}}}\naxes: {{seed: [{seed}, 1000]}}\n"
        ),
        false => String::new(),
    };
    let (stage, policy, comment) = (&manner.stage, manner.policy, &manner.comment);
    let text = format!(
        "# {comment}\nexperiment: test\n{outside}stages:\n  data: {{uses: dataset/synthetic, with: {{name: x}}}}\n  \
         {stage}:\n    {policy}\n    with: {{{}}}\n    in: {{data: data}}\n    uses: train/vae\n",
        with.join(", ")
    );
    let plan = plan(&text);
    let step = steps(&plan, stage)[0];
    let rules = KeyRules::new("/", "cpu");
    let contents = || Same(Digest::of(&[*content]));
    (
        rules.key(step, &mut contents()).expect("nothing is read"),
        rules.parts(step, &mut contents()).expect("nothing is read"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_way_of_writing_is_never_in_keys(training in training(), one in manner(), other in manner()) {
        prop_assert_eq!(key(&training, &one), key(&training, &other));
    }

    #[test]
    fn every_value_is_in_keys_and_named_when_it_changes(
        one in training(), other in training(), which in 0..5_usize, manner in manner(),
    ) {
        let mut changed = one.clone();
        let name = match which {
            0 => { changed.epochs = other.epochs; "epochs" }
            1 => { changed.lr = other.lr; "lr" }
            2 => { changed.beta = other.beta; "beta" }
            3 => { changed.seed = other.seed; "seed" }
            _ => { changed.content = other.content; "data" }
        };
        let (before, old) = key(&one, &manner);
        let (after, new) = key(&changed, &manner);
        prop_assert_eq!(before == after, one == changed);
        let named: Vec<String> = changes(&old, &new)
            .into_iter()
            .map(|change| match change {
                Change::Param { name, .. } | Change::Input { slot: name, .. } => name,
                other => format!("{other:?}"),
            })
            .collect();
        let expected: &[&str] = if one == changed { &[] } else { &[name] };
        prop_assert_eq!(named, expected);
    }
}
