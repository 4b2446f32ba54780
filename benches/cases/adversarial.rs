//! One iteration of the program's own adversarial systems at the size of ColorMNIST: the cases `adv-…`.
//!
//! An iteration draws its random numbers in the order of the system's calls: [`System::draws`]
//! repeats it, so that a record can have them by name.

use sweepline::data::{Array, Dataset, Split};
use sweepline::models;
use sweepline::nn::Cpu;
use sweepline::random::Seed;
use sweepline::registry::{Default, Value, Values};
use sweepline::training::Stepped;

const BATCH: usize = 64;
const SHAPE: [usize; 3] = [3, 28, 28];
const LATENT: usize = 50;
/// Numbers of ε of adversarial variational Bayes, its default.
const NOISE: usize = 32;

/// What is drawn at once for a batch.
#[derive(Clone, Copy)]
pub(crate) enum Drawn {
    /// Numbers from N(0, 1) by the row.
    Normal(&'static str, usize),
    /// A number from U(0, 1) each.
    Uniform(&'static str),
}

use Drawn::{Normal, Uniform};

/// What makes a case differ from another.
#[derive(Clone, Copy)]
pub(crate) struct System {
    kind: &'static str,
    given: &'static [(&'static str, &'static str)],
    /// Batches of an iteration.
    batches: usize,
    draws: &'static [Drawn],
}

const CODE: Drawn = Normal("noise", LATENT);

pub(crate) const DCGAN: System = System {
    kind: "dcgan",
    given: &[],
    batches: 1,
    draws: &[CODE; 2],
};

/// Five updates of the critic and one of the generator.
pub(crate) const WGAN_GP: System = System {
    kind: "wgan-gp",
    given: &[],
    batches: 5,
    draws: {
        const FRACTION: Drawn = Uniform("alpha");
        &[
            CODE, FRACTION, CODE, FRACTION, CODE, FRACTION, CODE, FRACTION, CODE, FRACTION, CODE,
        ]
    },
};

pub(crate) const AAE: System = System {
    kind: "aae",
    given: &[],
    batches: 1,
    draws: &[CODE; 3],
};

pub(crate) const VEEGAN: System = System {
    kind: "veegan",
    given: &[],
    batches: 1,
    draws: &[CODE; 2],
};

// Weights of reconstruction that the paper tries, two that differ.
pub(crate) const VGH: System = System {
    kind: "vgh",
    given: &[("encoder_weight", "5"), ("generator_weight", "10")],
    batches: 1,
    draws: &[CODE; 2],
};

pub(crate) const VGH_PP: System = System {
    given: &[
        ("variant", "vgh++"),
        ("encoder_weight", "5"),
        ("generator_weight", "10"),
    ],
    ..VGH
};

pub(crate) const AVB: System = System {
    kind: "adversarial-vb",
    given: &[],
    batches: 1,
    draws: &[
        Normal("noise", NOISE),
        Normal("noise", NOISE),
        Normal("prior", LATENT),
    ],
};

/// Numbers by name, row-major, with their shape.
pub(crate) type Named = (String, Vec<usize>, Vec<f32>);

/// A system with a data set of one batch: every iteration has its rows in another order.
pub(crate) struct Adversarial {
    system: System,
    training: Stepped<Cpu>,
    /// First parameters.
    pub first: Vec<Named>,
    pub count: usize,
    pub x: Vec<f32>,
}

impl Adversarial {
    pub(crate) fn new(system: System) -> Self {
        let numbers = BATCH * SHAPE.iter().product::<usize>();
        let mut stream = Seed::new(0).derive("data").stream(0);
        let x = stream.uniform(numbers, 0.0, 1.0);
        let split = || Split::new().with("x", Array::new(&Self::shape(), x.clone()));
        let meta = serde_json::json!({ "name": "random", "shape": SHAPE });
        let data = Dataset::new(split(), split(), split(), meta);
        let training = models::adversarial_training(system.kind, &data, &values(&system));
        let mut training =
            Stepped::new(training.expect("they fit the data")).expect("it can begin");
        let (mut first, mut count) = (Vec::new(), 0);
        for component in training.components() {
            let params = component.params();
            count += params.count();
            for (i, name) in params.names().enumerate() {
                let name = format!("parameters/{name}");
                first.push((name, params.shape(i).to_vec(), params.values(i)));
            }
        }
        Adversarial {
            system,
            training,
            first,
            count,
            x,
        }
    }

    /// Of the batch.
    pub(crate) fn shape() -> [usize; 4] {
        let [c, h, w] = SHAPE;
        [BATCH, c, h, w]
    }

    /// One iteration: the losses that the program reports, in its order.
    pub(crate) fn step(&mut self) -> Vec<f32> {
        let reported = self.training.step().expect("it goes on");
        reported.into_iter().map(|(_, loss)| loss as f32).collect()
    }

    /// What an iteration draws, and the rows of its batches as `order`; all of a name together.
    pub(crate) fn drawn(&self, iteration: u64) -> Vec<Named> {
        let seed = Seed::new(0);
        let mut stream = seed.derive("fit/noise").stream(iteration);
        let mut all: Vec<Named> = Vec::new();
        for drawn in self.system.draws {
            let (name, row, values) = match *drawn {
                Normal(name, width) => (name, vec![BATCH, width], stream.normal(BATCH * width)),
                Uniform(name) => (name, vec![BATCH], stream.uniform(BATCH, 0.0, 1.0)),
            };
            add(&mut all, name, &row, values);
        }
        let batches = self.system.batches as u64;
        for epoch in iteration * batches..(iteration + 1) * batches {
            let mut stream = seed.derive("fit/order").stream(epoch);
            let rows = stream.permutation(BATCH).into_iter();
            add(
                &mut all,
                "order",
                &[BATCH],
                rows.map(|r| r as f32).collect(),
            );
        }
        all
    }
}

/// One more of a name.
fn add(all: &mut Vec<Named>, name: &str, row: &[usize], values: Vec<f32>) {
    match all.iter_mut().find(|(other, ..)| other == name) {
        Some((_, shape, found)) => {
            shape[0] += 1;
            found.extend(values);
        }
        None => all.push((name.to_owned(), [&[1], row].concat(), values)),
    }
}

/// The parameters of the kind: what is given here, and its defaults.
fn values(system: &System) -> Values {
    let kind = models::ALL.iter().find(|kind| kind.name() == system.kind);
    let params = kind.expect("a model of this name").params();
    let latent = LATENT.to_string();
    let sizes = [
        ("latent", latent.as_str()),
        ("network", "color-mnist"),
        ("device", "cpu"),
    ];
    let values = params.into_iter().filter_map(|param| {
        let mut given = system.given.iter().chain(&sizes);
        let value = match (given.find(|(name, _)| *name == param.name), param.default) {
            (Some((_, text)), _) => text.parse().map_or_else(|_| (*text).into(), Value::Int),
            (None, Default::Value(value)) => value,
            (None, _) => return None,
        };
        let value = param.ty.conform(value).expect("of its type");
        Some((param.name.to_owned(), value))
    });
    values.collect()
}
