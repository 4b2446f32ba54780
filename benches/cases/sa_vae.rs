//! SA-VAEs of sequences: the cases `sa-vae-oracle` and `sa-vae-text`.

use sweepline::nn::layers::time_major;
use sweepline::nn::*;

/// What differs between the two.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    vocabulary: usize,
    length: usize,
    batch: usize,
    embedding: usize,
    hidden: usize,
    latent: usize,
    steps: usize,
    /// Whether z stands beside every input word and is the first state; else it stands beside every state.
    conditions_input: bool,
}

/// Section 4.1 of the paper, with a decoder that is learned.
pub(crate) const ORACLE: Size = Size {
    vocabulary: 1000,
    length: 5,
    batch: 50,
    embedding: 100,
    hidden: 100,
    latent: 2,
    steps: 20,
    conditions_input: false,
};

/// Section 4.2 at the size of `manifests/sa-vae.yaml`.
pub(crate) const TEXT: Size = Size {
    vocabulary: 2000,
    length: 12,
    batch: 32,
    embedding: 128,
    hidden: 128,
    latent: 32,
    steps: 10,
    conditions_input: true,
};

/// The networks with their fixed batch of random words; the first word fed is the first of the vocabulary.
pub(crate) struct SaVae {
    pub size: Size,
    pub encoder: Params<Cpu>,
    pub decoder: Params<Cpu>,
    networks: Networks,
    optimizers: [Optimizer<Cpu>; 2],
    pub fed: Vec<usize>,
    pub target: Vec<usize>,
    iteration: u64,
}

struct Networks {
    encoder_words: Embedding,
    reader: Lstm,
    posterior: Linear,
    decoder_words: Embedding,
    first_state: Option<Linear>,
    writer: Lstm,
    logits: Linear,
}

const INIT: Init = Init::Uniform(0.1);
const CLIP: f64 = 5.0;

fn affine(builder: &mut Builder<Cpu>, inputs: usize, outputs: usize) -> Linear {
    Linear {
        weight: builder.weight("weight", (outputs, inputs), INIT),
        bias: Some(builder.weight("bias", (outputs,), INIT)),
    }
}

impl SaVae {
    pub(crate) fn new(size: Size) -> Self {
        let Size {
            vocabulary,
            embedding,
            hidden,
            latent,
            ..
        } = size;
        let seed = Seed::new(0);
        let [mut encoder, mut decoder] = [0, 1].map(|_| Params::new(&Cpu::default()));
        let mut reads = encoder.builder(seed.derive("encoder"));
        let mut writes = decoder.builder(seed.derive("decoder"));
        let input = if size.conditions_input { latent } else { 0 };
        let networks = Networks {
            encoder_words: Embedding::with_init(
                &mut reads.part("words.0"),
                vocabulary,
                embedding,
                INIT,
            ),
            reader: Lstm::with_init(&mut reads.part("encoder"), embedding, hidden, 1, INIT),
            posterior: affine(&mut reads.part("posterior"), hidden, 2 * latent),
            decoder_words: Embedding::with_init(
                &mut writes.part("words.1"),
                vocabulary,
                embedding,
                INIT,
            ),
            first_state: size
                .conditions_input
                .then(|| affine(&mut writes.part("first_state"), latent, hidden)),
            writer: Lstm::with_init(
                &mut writes.part("decoder"),
                embedding + input,
                hidden,
                1,
                INIT,
            ),
            logits: affine(
                &mut writes.part("logits"),
                hidden + latent - input,
                vocabulary,
            ),
        };
        let mut stream = seed.derive("data").stream(0);
        let count = size.batch * size.length;
        let words: Vec<usize> = (0..count).map(|_| stream.below(vocabulary)).collect();
        let sentences = words.chunks(size.length);
        let fed = sentences.flat_map(|s| [&[0], &s[..size.length - 1]].concat());
        let fed: Vec<usize> = fed.collect();
        let sgd = Algorithm::Sgd {
            momentum: 0.0,
            nesterov: false,
        };
        SaVae {
            optimizers: [
                Optimizer::new(&encoder, sgd, 1.0),
                Optimizer::new(&decoder, sgd, 1.0),
            ],
            size,
            encoder,
            decoder,
            networks,
            fed: time_major(&fed, size.batch),
            target: time_major(&words, size.batch),
            iteration: 0,
        }
    }

    /// The noise of an update, row-major: of the inner steps, one after another, and of what follows them.
    pub(crate) fn noise(&self, iteration: u64) -> Vec<f32> {
        let steps = self.size.steps as u64 + 1;
        let rows = (0..steps).map(|k| self.noise_of(iteration * steps + k));
        rows.flatten().collect()
    }

    fn noise_of(&self, draw: u64) -> Vec<f32> {
        let count = self.size.batch * self.size.latent;
        Seed::new(1).stream(draw).normal(count)
    }

    /// Inner steps, the way back through them, and an update of both networks; f(λ_K) before it.
    pub(crate) fn step(&mut self) -> f32 {
        let (size, networks) = (self.size, &self.networks);
        let first_draw = self.iteration * (size.steps as u64 + 1);
        let rows: Vec<usize> = (0..self.fed.len()).map(|row| row % size.batch).collect();
        let loss = |pass: &Pass<'_, Cpu>, lambda: &[Matrix<Cpu>], k: usize| {
            let [mean, log_var] = [0, 1].map(|i| lambda[i].clone());
            let noise = self.noise_of(first_draw + k as u64);
            let noise = pass.device().matrix(noise, size.batch, size.latent);
            let z = losses::gaussian_sample(mean.clone(), log_var.clone(), noise);
            let every = Cpu::gather_rows(z.clone(), &rows);
            let words = networks.decoder_words.forward(pass, &self.fed);
            let mut first = LstmState::zeros(pass.device(), size.batch, size.hidden);
            let hidden = match &networks.first_state {
                Some(affine) => {
                    first.h = affine.forward(pass, z);
                    let inputs = Cpu::join_columns(words, every);
                    networks.writer.forward(pass, inputs, vec![first]).y
                }
                None => {
                    let ran = networks.writer.forward(pass, words, vec![first]);
                    Cpu::join_columns(ran.y, every)
                }
            };
            let logits = networks.logits.forward(pass, hidden);
            let nll = losses::cross_entropy(logits, &self.target).sum() / size.batch as f32;
            nll + losses::kl_standard(mean, log_var).mean()
        };

        let pass = self.encoder.record();
        let words = networks.encoder_words.forward(&pass, &self.target);
        let first = networks.reader.zero_state(pass.device(), size.batch);
        let last = networks.reader.forward(&pass, words, first).last.remove(0);
        let lambda = networks.posterior.forward(&pass, last.h);
        let (mean, log_var) = losses::split_columns(lambda, size.latent);
        let lambda = [mean, log_var];
        let inner = InnerLoop {
            steps: size.steps,
            step_size: 1.0,
            momentum: 0.5,
            clip: Some(CLIP),
            // As the peers do, which answer with the same numbers.
            clipped_step: ClippedStep::ConstantFactor,
            back_clip: None,
            differences: Differences::Central {
                distance: 0.01,
                order: Order::Second,
            },
        };
        let steps = inner.run(&self.decoder, &lambda, &loss);
        let total = steps.backward(&self.decoder, &loss);
        let mut by_encoder = pass.pull_back(lambda.into_iter().zip(total.initial));
        let mut by_decoder = total.params;
        let norm = by_encoder.global_norm().hypot(by_decoder.global_norm());
        let factor = CLIP / (norm + 1e-6);
        if factor < 1.0 {
            by_encoder.scale(factor as f32);
            by_decoder.scale(factor as f32);
        }
        let [reads, writes] = &mut self.optimizers;
        reads.update(&mut self.encoder, &by_encoder);
        writes.update(&mut self.decoder, &by_decoder);
        self.iteration += 1;
        total.loss
    }

    pub(crate) fn batch(&self) -> usize {
        self.size.batch
    }

    /// Of the noise of one update.
    pub(crate) fn noise_shape(&self) -> [usize; 3] {
        [self.size.steps + 1, self.size.batch, self.size.latent]
    }
}
