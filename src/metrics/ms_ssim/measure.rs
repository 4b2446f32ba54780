//! Multi-scale structural similarity of images (Wang, Simoncelli & Bovik 2003).
//!
//! Contrast and structure are compared at several scales, luminance at the coarsest alone. Its average
//! over pairs of generated images measures how alike they are: `1 − MS-SSIM` is their diversity
//! (Odena et al. 2017; Rosca et al. 2018). Small images leave no room for the window at coarse
//! scales; it then shrinks with the image or stays, by [`Window`].

use rayon::prelude::*;

/// What happens to the Gaussian window where a scale is smaller than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// It keeps its size; every scale must have room for it.
    Fixed(usize),
    /// It is at most as wide as the scale, and its deviation shrinks with it.
    Shrinking(usize),
}

/// The settings of the measure.
#[derive(Clone, Debug, PartialEq)]
pub struct MsSsim {
    /// Exponents from the finest scale to the coarsest: as many scales as weights.
    pub weights: Vec<f64>,
    /// Size of the window.
    pub window: Window,
    /// Standard deviation of the window at its full size, in pixels.
    pub sigma: f64,
    /// Largest value less smallest value of a pixel.
    pub data_range: f64,
    /// The stabilising constants K1 and K2, in parts of the data range.
    pub k: [f64; 2],
}

impl Default for MsSsim {
    /// Five scales with the weights of Wang et al. 2003, pixels 0 to 255, a shrinking window of 11.
    fn default() -> Self {
        MsSsim {
            weights: vec![0.0448, 0.2856, 0.3001, 0.2363, 0.1333],
            window: Window::Shrinking(11),
            sigma: 1.5,
            data_range: 255.0,
            k: [0.01, 0.03],
        }
    }
}

/// The parts of the measure for one channel of one pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Similarity {
    /// Mean contrast-structure term per scale, before clamping at 0.
    pub cs: Vec<f64>,
    /// Mean SSIM per scale.
    pub ssim: Vec<f64>,
    /// The measure: at most 1, which identical images have.
    pub ms_ssim: f64,
}

/// Why images cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MsSsimError {
    /// Coarser scales do not exist.
    #[error(
        "pictures of {height}×{width} are too small for MS-SSIM: they are halved from scale to scale, and scale {scale} has to hold a \
         window of {window}"
    )]
    TooSmall {
        /// Its height.
        height: usize,
        /// Its width.
        width: usize,
        /// The scale, from 1.
        scale: usize,
        /// What the scale has to hold.
        window: usize,
    },
    /// The lists do not hold images of this size.
    #[error(
        "{got} numbers are no images of {channels}×{height}×{width}, or not as many as the others"
    )]
    Size {
        /// How many numbers there are.
        got: usize,
        /// Channels asked for.
        channels: usize,
        /// Height asked for.
        height: usize,
        /// Width asked for.
        width: usize,
    },
}

/// One channel of an image.
struct Plane {
    height: usize,
    width: usize,
    pixels: Vec<f64>,
}

impl MsSsim {
    /// So many pixels each way have five scales, with a window that shrinks.
    pub const LEAST: usize = 16;

    /// The similarity of every channel of every pair: `x` and `y` are `[pairs, C, H, W]`, row-major;
    /// the result is `[pairs][C]`. A pair's similarity is the mean over its channels.
    ///
    /// # Errors
    /// Where sizes do not fit, or the images are too small for the scales.
    pub fn pairs(
        &self,
        x: &[f32],
        y: &[f32],
        [channels, height, width]: [usize; 3],
    ) -> Result<Vec<Vec<Similarity>>, MsSsimError> {
        let area = height * width;
        let image = channels * area;
        if image == 0 || x.len() != y.len() || !x.len().is_multiple_of(image) {
            let got = if x.len() == y.len() { x.len() } else { y.len() };
            return Err(MsSsimError::Size {
                got,
                channels,
                height,
                width,
            });
        }
        let plane = |pixels: &[f32]| Plane {
            height,
            width,
            pixels: pixels.iter().map(|p| f64::from(*p)).collect(),
        };
        x.par_chunks_exact(image)
            .zip(y.par_chunks_exact(image))
            .map(|(x, y)| {
                let channels = x.chunks_exact(area).zip(y.chunks_exact(area));
                let compared = channels.map(|(x, y)| self.channel(plane(x), plane(y)));
                compared.collect()
            })
            .collect()
    }

    /// The similarity of each pair, mean over the channels.
    ///
    /// # Errors
    /// As [`MsSsim::pairs`].
    pub fn of_pairs(
        &self,
        x: &[f32],
        y: &[f32],
        size: [usize; 3],
    ) -> Result<Vec<f64>, MsSsimError> {
        let pairs = self.pairs(x, y, size)?;
        let mean = |channels: Vec<Similarity>| {
            channels.iter().map(|c| c.ms_ssim).sum::<f64>() / channels.len() as f64
        };
        Ok(pairs.into_iter().map(mean).collect())
    }

    /// One channel through all scales.
    fn channel(&self, mut x: Plane, mut y: Plane) -> Result<Similarity, MsSsimError> {
        let scales = self.weights.len();
        let (height, width) = (x.height, x.width);
        let (mut cs, mut ssim) = (Vec::new(), Vec::new());
        for scale in 1..=scales {
            let size = match self.window {
                Window::Fixed(size) => size,
                Window::Shrinking(size) => size.min(x.height).min(x.width),
            };
            if size == 0 || size > x.height.min(x.width) {
                return Err(MsSsimError::TooSmall {
                    height,
                    width,
                    scale,
                    window: size.max(1),
                });
            }
            let sigma = match self.window {
                Window::Fixed(_) => self.sigma,
                Window::Shrinking(full) => self.sigma * size as f64 / full as f64,
            };
            let (contrast, all) = self.compare(&x, &y, &gaussian(size, sigma));
            cs.push(contrast);
            ssim.push(all);
            if scale < scales {
                (x, y) = (halved(&x), halved(&y));
            }
        }
        // A negative mean to a fractional power is no number: it counts as no similarity.
        let term = |(scale, weight): (usize, &f64)| {
            let value = if scale + 1 == scales {
                ssim[scale]
            } else {
                cs[scale]
            };
            value.max(0.0).powf(*weight)
        };
        let ms_ssim = self.weights.iter().enumerate().map(term).product();
        Ok(Similarity { cs, ssim, ms_ssim })
    }

    /// Mean contrast-structure term and mean SSIM over the positions where the window fits.
    fn compare(&self, x: &Plane, y: &Plane, window: &[f64]) -> (f64, f64) {
        let [c1, c2] = self.k.map(|k| (k * self.data_range).powi(2));
        let product = |a: &Plane, b: &Plane| Plane {
            height: a.height,
            width: a.width,
            pixels: a.pixels.iter().zip(&b.pixels).map(|(a, b)| a * b).collect(),
        };
        let mean = |plane: &Plane| smoothed(plane, window);
        let (mx, my) = (mean(x), mean(y));
        let (xx, yy, xy) = (
            mean(&product(x, x)),
            mean(&product(y, y)),
            mean(&product(x, y)),
        );
        let (mut contrast, mut all) = (0.0, 0.0);
        for i in 0..mx.len() {
            let (vx, vy) = (xx[i] - mx[i] * mx[i], yy[i] - my[i] * my[i]);
            let covariance = xy[i] - mx[i] * my[i];
            let cs = (2.0 * covariance + c2) / (vx + vy + c2);
            contrast += cs;
            all += cs * (2.0 * mx[i] * my[i] + c1) / (mx[i] * mx[i] + my[i] * my[i] + c1);
        }
        let n = mx.len() as f64;
        (contrast / n, all / n)
    }
}

/// A normalised Gaussian of `size` points, centred between them if their number is even.
fn gaussian(size: usize, sigma: f64) -> Vec<f64> {
    let centre = (size as f64 - 1.0) / 2.0;
    let values: Vec<f64> = (0..size)
        .map(|a| (-0.5 * ((a as f64 - centre) / sigma).powi(2)).exp())
        .collect();
    let total: f64 = values.iter().sum();
    values.iter().map(|v| v / total).collect()
}

/// The plane under a separable window, where it fits.
fn smoothed(plane: &Plane, window: &[f64]) -> Vec<f64> {
    let (height, width) = (plane.height, plane.width);
    let across = width + 1 - window.len();
    let mut rows = vec![0.0; height * across];
    for r in 0..height {
        let from = &plane.pixels[r * width..][..width];
        for (tap, weight) in window.iter().enumerate() {
            let to = &mut rows[r * across..][..across];
            for (t, f) in to.iter_mut().zip(&from[tap..]) {
                *t += weight * f;
            }
        }
    }
    let down = height + 1 - window.len();
    let mut out = vec![0.0; down * across];
    for r in 0..down {
        for (tap, weight) in window.iter().enumerate() {
            let from = &rows[(r + tap) * across..][..across];
            for (t, f) in out[r * across..][..across].iter_mut().zip(from) {
                *t += weight * f;
            }
        }
    }
    out
}

/// Means of 2×2 blocks; an odd last row or column is left out.
fn halved(plane: &Plane) -> Plane {
    let (height, width) = (plane.height / 2, plane.width / 2);
    let at = |r: usize, c: usize| plane.pixels[r * plane.width + c];
    let block = |r: usize, c: usize| {
        (at(2 * r, 2 * c) + at(2 * r, 2 * c + 1) + at(2 * r + 1, 2 * c) + at(2 * r + 1, 2 * c + 1))
            / 4.0
    };
    let pixels = (0..height * width).map(|i| block(i / width, i % width));
    Plane {
        height,
        width,
        pixels: pixels.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    fn noise(seed: u64, n: usize) -> Vec<f32> {
        Seed::new(seed).stream(0).uniform(n, 0.0, 255.0)
    }

    #[test]
    fn an_image_is_as_similar_as_can_be_to_itself() {
        let x = noise(1, 2 * 3 * 64 * 64);
        let got = MsSsim::default().of_pairs(&x, &x, [3, 64, 64]);
        for value in got.expect("64 pixels have five scales") {
            assert!((value - 1.0).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn independent_noise_is_hardly_similar() {
        let (x, y) = (noise(1, 64 * 64), noise(2, 64 * 64));
        let got = MsSsim::default().of_pairs(&x, &y, [1, 64, 64]);
        let value = got.expect("64 pixels have five scales")[0];
        assert!((0.0..0.3).contains(&value), "{value}");
    }

    #[test]
    fn a_negative_of_an_image_counts_as_not_similar_rather_than_as_no_number() {
        let x = noise(3, 32 * 32);
        let y: Vec<f32> = x.iter().map(|v| 255.0 - v).collect();
        let got = MsSsim::default().pairs(&x, &y, [1, 32, 32]);
        let got = &got.expect("the window shrinks")[0][0];
        assert!(got.cs[0] < 0.0);
        assert_eq!(got.ms_ssim, 0.0);
    }

    #[test]
    fn images_without_room_for_the_window_are_refused() {
        let fixed = MsSsim {
            window: Window::Fixed(11),
            ..MsSsim::default()
        };
        let x = noise(4, 64 * 64);
        let error = fixed.of_pairs(&x, &x, [1, 64, 64]).unwrap_err();
        let message = "pictures of 64×64 are too small for MS-SSIM: they are halved from scale to scale, and scale 4 has to hold a \
                       window of 11";
        assert_eq!(error.to_string(), message);
        let x = noise(4, 15 * 16);
        let error = MsSsim::default().of_pairs(&x, &x, [1, 15, 16]).unwrap_err();
        let message = "pictures of 15×16 are too small for MS-SSIM: they are halved from scale to scale, and scale 5 ";
        assert!(error.to_string().starts_with(message), "{error}");
        let x = noise(4, MsSsim::LEAST * MsSsim::LEAST);
        let size = [1, MsSsim::LEAST, MsSsim::LEAST];
        assert!(MsSsim::default().of_pairs(&x, &x, size).is_ok());
    }
}
