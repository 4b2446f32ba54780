//! Training of networks with convolutions and of recurrent ones: the same bytes at any number of
//! threads, and after an interruption. [`super::tests`] has the same of affine layers.

use super::layers::{Stack, Stage};
use super::*;

/// The loss of an iteration; it notes running statistics where there are any.
type Loss = Box<dyn Fn(&Pass<Cpu>, u64, &Statistics<Cpu>) -> Scalar<Cpu>>;

struct Training {
    params: Params<Cpu>,
    optimizer: Optimizer<Cpu>,
    loss: Loss,
}

impl Training {
    fn new(params: Params<Cpu>, loss: Loss) -> Self {
        Training {
            optimizer: Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-2),
            params,
            loss,
        }
    }

    fn train(&mut self, iterations: std::ops::Range<u64>) {
        for iteration in iterations {
            let statistics = Statistics::noted();
            let pass = self.params.record();
            let loss = (self.loss)(&pass, iteration, &statistics);
            let gradients = pass.backward(loss);
            self.optimizer.update(&mut self.params, &gradients);
            let kept = statistics.keep(&mut self.params);
            kept.expect("sizes of its own layers");
        }
    }

    fn save(&self, iteration: u64) -> Vec<u8> {
        let config = serde_json::Value::Null;
        let optimizers = [("adam", &self.optimizer)];
        let saved = checkpoint::to_bytes(&Header { iteration, config }, &self.params, &optimizers);
        saved.expect("a checkpoint")
    }

    fn load(&mut self, bytes: &[u8]) {
        let optimizers = &mut [("adam", &mut self.optimizer)];
        let loaded = checkpoint::from_bytes(bytes, &mut self.params, optimizers);
        loaded.expect("its own checkpoint");
    }
}

/// 3 × 16 × 16 → 16 × 8 × 8 and back, with batch norm; 16 images, more than one thread takes.
fn denoiser() -> Training {
    const SHAPE: (usize, usize, usize, usize) = (16, 3, 16, 16);
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(1));
    let window = Window::square(4, 2, 1);
    let net = Stack::new(vec![
        Stage::Conv(
            Conv2d::new(&mut builder.part("down"), 3, 16, window),
            Activation::Identity,
        ),
        Stage::Norm(
            BatchNorm::new(&mut builder.part("norm"), 16),
            Activation::Relu,
        ),
        Stage::ConvTranspose(
            ConvTranspose2d::new(&mut builder.part("up"), 16, 3, window),
            Activation::Tanh,
        ),
    ]);
    let numbers = |seed, iteration| Seed::new(seed).stream(iteration).normal(16 * 3 * 16 * 16);
    let loss = move |pass: &Pass<Cpu>, iteration, statistics: &Statistics<Cpu>| {
        let clean = pass.device().constant(numbers(2, 0), SHAPE);
        let noise = pass.device().constant(numbers(3, iteration), SHAPE);
        let restored = net.forward(pass, clean.clone() + noise, statistics);
        (restored - clean).square().mean()
    };
    Training::new(params, Box::new(loss))
}

/// Predicts the next of 40 words; 32 sentences, more than one thread takes.
fn language_model() -> Training {
    const WORDS: usize = 40;
    const SENTENCES: usize = 32;
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(1));
    let words = Embedding::new(&mut builder.part("words"), WORDS, 12);
    let lstm = Lstm::new(&mut builder.part("lstm"), 12, 24, 1);
    let logits = Linear::new(&mut builder.part("logits"), 24, WORDS);
    let loss = move |pass: &Pass<Cpu>, iteration, _: &Statistics<Cpu>| {
        let mut stream = Seed::new(2).stream(iteration);
        let ids: Vec<usize> = (0..7 * SENTENCES).map(|_| stream.below(WORDS)).collect();
        let (given, next) = (&ids[..6 * SENTENCES], &ids[SENTENCES..]);
        let state = lstm.zero_state(pass.device(), SENTENCES);
        let hidden = lstm.forward(pass, words.forward(pass, given), state).y;
        losses::cross_entropy(logits.forward(pass, hidden), next).mean()
    };
    Training::new(params, Box::new(loss))
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a small pool").install(work)
}

fn check(network: fn() -> Training) {
    let straight = |threads| {
        on(threads, || {
            let mut training = network();
            training.train(0..4);
            training.save(4)
        })
    };
    let want = straight(1);
    assert!(straight(2) == want, "two threads");
    let half = on(2, || {
        let mut training = network();
        training.train(0..2);
        training.save(2)
    });
    let resumed = on(1, || {
        let mut training = network();
        training.load(&half);
        training.train(2..4);
        training.save(4)
    });
    assert!(half != want, "it learned nothing");
    assert!(resumed == want, "resumed half way");
}

#[test]
fn convolutions_with_batch_norm_train_to_the_same_bytes() {
    check(denoiser);
}

#[test]
fn an_lstm_trains_to_the_same_bytes() {
    check(language_model);
}
