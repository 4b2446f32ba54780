//! Training as a whole: exact resumption, accumulation, the same bytes on any threads.

use super::*;

/// A small VAE with its parameters and optimiser.
struct Training {
    params: Params<Cpu>,
    encoder: Mlp,
    decoder: Mlp,
    optimizer: Optimizer<Cpu>,
    x: Vec<f32>,
}

const ROWS: usize = 96;

impl Training {
    fn new(algorithm: Algorithm) -> Self {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(5));
        let (sizes, activation) = ([130, 120, 6], Activation::Elu(1.0));
        let encoder = Mlp::new(&mut builder.part("encoder"), &sizes, activation);
        let decoder = Mlp::new(&mut builder.part("decoder"), &[3, 120, 130], activation);
        Training {
            optimizer: Optimizer::new(&params, algorithm, 1e-3),
            x: Seed::new(6).stream(0).bernoulli(ROWS * 130, 0.4),
            params,
            encoder,
            decoder,
        }
    }

    fn loss(&self, pass: &Pass<Cpu>, iteration: u64) -> Scalar<Cpu> {
        let device = pass.device();
        let x = device.matrix(self.x.clone(), ROWS, 130);
        let (mean, log_var) = losses::split_columns(self.encoder.forward(pass, x.clone()), 3);
        let noise = Seed::new(7)
            .derive("noise")
            .stream(iteration)
            .normal(ROWS * 3);
        let noise = device.matrix(noise, ROWS, 3);
        let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
        let nll = losses::bernoulli_nll(self.decoder.forward(pass, z), x);
        (nll + losses::kl_standard(mean, log_var)).mean()
    }

    fn train(&mut self, iterations: std::ops::Range<u64>) {
        for iteration in iterations {
            let pass = self.params.record();
            let loss = self.loss(&pass, iteration);
            let mut gradients = pass.backward(loss);
            gradients.clip_global_norm(5.0);
            self.optimizer.update(&mut self.params, &gradients);
        }
    }

    fn save(&self, iteration: u64) -> Vec<u8> {
        let header = Header {
            iteration,
            config: serde_json::json!({"sizes": [130, 120, 6]}),
        };
        let optimizers = [("main", &self.optimizer)];
        checkpoint::to_bytes(&header, &self.params, &optimizers).expect("a checkpoint")
    }

    fn load(&mut self, bytes: &[u8]) -> Result<Header, Error> {
        let optimizers = &mut [("main", &mut self.optimizer)];
        checkpoint::from_bytes(bytes, &mut self.params, optimizers)
    }
}

fn algorithms() -> [Algorithm; 3] {
    [
        Algorithm::adam(0.5, 0.9),
        Algorithm::Sgd {
            momentum: 0.9,
            nesterov: true,
        },
        Algorithm::RmsProp {
            alpha: 0.9,
            eps: 1e-8,
            momentum: 0.5,
            centered: true,
        },
    ]
}

#[test]
fn a_resumed_training_ends_with_the_bytes_of_an_undisturbed_one() {
    for algorithm in algorithms() {
        let mut straight = Training::new(algorithm);
        straight.train(0..6);

        let mut first = Training::new(algorithm);
        first.train(0..3);
        let mut second = Training::new(algorithm);
        let header = second.load(&first.save(3)).expect("its own checkpoint");
        assert_eq!(header.iteration, 3);
        assert_eq!(header.config["sizes"][1], 120);
        second.train(3..6);
        assert!(second.save(6) == straight.save(6), "{algorithm:?}");
    }
}

#[test]
fn training_gives_the_same_bytes_on_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a small pool").install(|| {
            let mut training = Training::new(Algorithm::adam(0.9, 0.999));
            training.train(0..3);
            training.save(3)
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(5));
}

#[test]
fn accumulated_gradients_are_the_gradient_of_the_sum() {
    let training = Training::new(Algorithm::adam(0.9, 0.999));
    let gradients = |iterations: &[u64]| {
        let pass = training.params.record();
        let losses = iterations.iter().map(|i| training.loss(&pass, *i));
        let total = losses.reduce(|a, b| a + b).expect("at least one");
        pass.backward(total)
    };
    let mut accumulated = gradients(&[0]);
    accumulated.accumulate(&gradients(&[1]));
    let together = gradients(&[0, 1]);
    for index in 0..8 {
        let (a, b) = (accumulated.at(index), together.at(index));
        let pairs = a.into_iter().flatten().zip(b.into_iter().flatten());
        for (a, b) in pairs {
            // Sums in another order: float32 rounding of numbers up to about 10.
            assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{a} is not {b}");
        }
    }
}

#[test]
fn a_checkpoint_that_does_not_fit_says_why() {
    let mut training = Training::new(Algorithm::adam(0.9, 0.999));
    let bytes = training.save(0);
    let cut = training.load(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(Error::Checkpoint(_))));

    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(0));
    Linear::new(&mut builder.part("encoder").part(0), 2, 3);
    let error = checkpoint::from_bytes(&bytes, &mut params, &mut []).expect_err("other sizes");
    assert!(error.to_string().contains("encoder.0.weight"), "{error}");
    assert!(checkpoint::header(b"not a checkpoint").is_err());
}

#[test]
fn first_values_depend_on_seed_and_name_alone() {
    let values = |extra: bool| {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(1));
        if extra {
            Linear::new(&mut builder.part("extra"), 3, 3);
        }
        Linear::new(&mut builder.part("kept"), 4, 5);
        let index = params.index_of("kept.weight").expect("it was declared");
        assert_eq!(params.shape(index), [5, 4]);
        params.values(index)
    };
    assert_eq!(values(false), values(true));
}
