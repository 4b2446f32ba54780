//! A residual network that looks at an image, and a gated PixelCNN that draws one.

use super::config::Config;
use super::images::Binary;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Decoder;
use crate::models::semi_amortized::Encoder;
use crate::models::semi_amortized::Lambda;
use crate::nn::Builder;
use crate::nn::Conv2d;
use crate::nn::Init;
use crate::nn::Linear;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::Vector;
use crate::nn::Window;
use crate::nn::backend::Backend;
use crate::nn::layers::PixelCnn;
use crate::nn::layers::ResidualBlock;
use crate::nn::losses;
use crate::random::Stream;

/// ln((1 − 10⁻⁵) / 10⁻⁵): the authors hold probabilities within [10⁻⁵, 1 − 10⁻⁵].
const LARGEST_LOGIT: f32 = 11.512_915;

/// Residual blocks, each followed by a convolution that halves the image, then an affine layer.
pub(crate) struct ImageEncoder {
    blocks: Vec<(ResidualBlock, Conv2d)>,
    head: Linear,
    size: (usize, usize),
    latent: usize,
}

impl ImageEncoder {
    pub(crate) fn new<B: Backend>(builder: &mut Builder<'_, B>, config: &Config) -> Self {
        let maps = config.maps;
        let block = |at: usize| {
            let mut builder = builder.part(at);
            let inputs = if at == 0 { 1 } else { maps };
            let halving = Window::square(2, 2, 0);
            (
                ResidualBlock::new(&mut builder.part("block"), inputs, maps),
                Conv2d::new(&mut builder.part("halving"), maps, maps, halving),
            )
        };
        let blocks = (0..config.blocks).map(block).collect();
        let (height, width) = config.size();
        let left = maps * (height >> config.blocks) * (width >> config.blocks);
        let latent = config.inference.latent;
        ImageEncoder {
            blocks,
            head: Linear::with_init(
                &mut builder.part("head"),
                left,
                2 * latent,
                Init::KaimingNormal,
                true,
            ),
            size: config.size(),
            latent,
        }
    }
}

impl<B: Backend> Encoder<B, Binary> for ImageEncoder {
    fn inputs(&self, pass: &Pass<'_, B>, x: &Binary) -> Matrix<B> {
        matrix(pass, &x.0)
    }

    fn encode(
        &self,
        pass: &Pass<'_, B>,
        _x: &Binary,
        inputs: Matrix<B>,
        statistics: &Statistics<B>,
    ) -> Lambda<B> {
        let (n, (height, width)) = (inputs.rows(), self.size);
        let mut x = inputs.reshape((n, 1, height, width));
        for (block, halving) in &self.blocks {
            x = halving.forward(pass, block.forward(pass, x, statistics));
        }
        let columns = x.len() / n.max(1);
        let head = self.head.forward(pass, x.reshape((n, columns)));
        let (mean, log_var) = losses::split_columns(head, self.latent);
        [mean, log_var]
    }
}

/// Every pixel given those before it, and z as further maps beside the image.
pub(crate) struct PixelCnnDecoder {
    /// From z to its maps.
    maps: Option<Linear>,
    z_maps: usize,
    network: PixelCnn,
    size: (usize, usize),
}

impl PixelCnnDecoder {
    pub(crate) fn new<B: Backend>(builder: &mut Builder<'_, B>, config: &Config) -> Self {
        let latent = config.inference.latent;
        let z_maps = if latent == 0 { 0 } else { config.z_maps };
        let pixels = config.pixels();
        PixelCnnDecoder {
            maps: (z_maps > 0).then(|| {
                let mut builder = builder.part("maps");
                Linear::with_init(
                    &mut builder,
                    latent,
                    z_maps * pixels,
                    Init::KaimingNormal,
                    true,
                )
            }),
            z_maps,
            network: PixelCnn::new(
                &mut builder.part("pixels"),
                1 + z_maps,
                config.channels,
                &config.kernels,
                1,
            ),
            size: config.size(),
        }
    }

    /// `[n, pixels]` and `[n, latent]` to `[n, pixels]`.
    fn logits<B: Backend>(
        &self,
        pass: &Pass<'_, B>,
        x: Matrix<B>,
        maps: Option<Matrix<B>>,
    ) -> Matrix<B> {
        let ((height, width), (n, pixels)) = (self.size, x.shape());
        let x = match maps {
            Some(maps) => B::join_columns(x, maps),
            None => x,
        };
        let x = x.reshape((n, 1 + self.z_maps, height, width));
        let logits = self.network.forward(pass, x).reshape((n, pixels));
        logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
    }

    fn maps<B: Backend>(&self, pass: &Pass<'_, B>, z: Option<Matrix<B>>) -> Option<Matrix<B>> {
        let (affine, z) = (self.maps.as_ref()?, z?);
        Some(affine.forward(pass, z))
    }
}

impl<B: Backend> Decoder<B, Binary> for PixelCnnDecoder {
    fn parts(
        &self,
        pass: &Pass<'_, B>,
        x: &Binary,
        z: Option<Matrix<B>>,
        _masks: Option<&mut Stream>,
    ) -> Matrix<B> {
        let x = matrix(pass, &x.0);
        let (n, pixels) = x.shape();
        let logits = self.logits(pass, x.clone(), self.maps(pass, z));
        let [logits, x] = [logits, x].map(|all| all.reshape((n * pixels, 1)));
        losses::bernoulli_nll(logits, x).reshape((n, pixels))
    }

    fn nll(
        &self,
        pass: &Pass<'_, B>,
        x: &Binary,
        z: Option<Matrix<B>>,
        _masks: Option<&mut Stream>,
    ) -> Vector<B> {
        let x = matrix(pass, &x.0);
        let logits = self.logits(pass, x.clone(), self.maps(pass, z));
        losses::bernoulli_nll(logits, x)
    }

    fn generate(
        &self,
        pass: &Pass<'_, B>,
        z: Option<&Rows>,
        count: usize,
        stream: &mut Stream,
    ) -> Result<Content, ModelError> {
        let pixels = self.size.0 * self.size.1;
        let z = z.map(|z| matrix(pass, z));
        let maps = self.maps(pass, z);
        let mut all = Rows::new(pixels, vec![0.0; count * pixels]);
        for pixel in 0..pixels {
            let logits = self.logits(pass, matrix(pass, &all), maps.clone()).to_vec();
            for row in 0..count {
                let at = row * pixels + pixel;
                let probability = 1.0 / (1.0 + (-logits[at]).exp());
                all.values[at] = f32::from(u8::from(stream.unit() < probability));
            }
        }
        Ok(Content::Images(all))
    }
}

fn matrix<B: Backend>(pass: &Pass<'_, B>, rows: &Rows) -> Matrix<B> {
    let device = pass.device();
    device.matrix(rows.values.clone(), rows.len(), rows.columns)
}
