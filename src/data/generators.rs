//! Five densities on the plane with one latent variable, and their true log density.
//!
//! Each is z ~ N(0, 1), x = f(z) + ε, ε ~ N(0, σ² I), with f and σ² known: so a model of x can be
//! compared with the truth. Source: Yacoby, Pan and Doshi-Velez 2020, *Failure modes of variational
//! autoencoders and their effects on downstream tasks*, appendix; used again in Yacoby et al. 2024,
//! arXiv 2403.08941. The formula of `absolute-value` is the least certain: that paper needs a kink,
//! which |Φ(z) − ½| has.

use std::f64::consts::FRAC_1_SQRT_2;
use std::f64::consts::PI;
use std::f64::consts::SQRT_2;
use std::f64::consts::TAU;

use statrs::function::erf::erfc;

use super::Dataset;
use super::surrogate::Surrogate;
use crate::registry::ParamType;
use crate::registry::ParamValue;
use crate::registry::Value;

/// A density on the plane.
#[derive(Clone, Debug)]
pub struct Generator {
    pub name: &'static str,
    /// σ², the variance of the noise on each of the two dimensions.
    pub noise_variance: f64,
    decoder: Decoder,
}

/// f, from the latent variable to the mean of x.
#[derive(Clone, Debug)]
enum Decoder {
    Formula(fn(f64) -> [f64; 2]),
    Network(Surrogate),
}

/// All five, sorted by name.
pub static ALL: [Generator; 5] = [
    Generator {
        name: "absolute-value",
        noise_variance: 0.01,
        decoder: Decoder::Formula(absolute_value),
    },
    Generator {
        name: "circle",
        noise_variance: 0.01,
        decoder: Decoder::Formula(circle),
    },
    Generator {
        name: "clusters",
        noise_variance: 0.2,
        decoder: Decoder::Formula(clusters),
    },
    Generator {
        name: "figure-8",
        noise_variance: 0.02,
        decoder: Decoder::Formula(figure_8),
    },
    Generator {
        name: "spiral-dots",
        noise_variance: 0.08,
        decoder: Decoder::Formula(spiral_dots),
    },
];

/// The generator of this name.
pub fn get(name: &str) -> Option<&'static Generator> {
    ALL.iter().find(|generator| generator.name == name)
}

/// A parameter that names one of [`ALL`].
impl ParamValue for &'static Generator {
    fn ty() -> ParamType {
        ParamType::choice(&ALL.each_ref().map(|known| known.name))
    }

    fn of(value: &Value) -> Option<Self> {
        get(value.as_str()?)
    }
}

impl Generator {
    /// What made this data set: one of the formulas, or the surrogate that is kept with it.
    pub fn of(data: &Dataset) -> Option<Generator> {
        let formula = get(data.name())?;
        match data.generator.is_empty() {
            true => Some(formula.clone()),
            false => Some(formula.through(Surrogate::from_arrays(&data.generator).ok()?)),
        }
    }

    /// The same noise around another decoder.
    pub fn through(&self, surrogate: Surrogate) -> Generator {
        Generator {
            decoder: Decoder::Network(surrogate),
            ..self.clone()
        }
    }

    /// f(z): the mean of x given z.
    pub fn decode(&self, z: f64) -> [f64; 2] {
        match &self.decoder {
            Decoder::Formula(formula) => formula(z),
            Decoder::Network(surrogate) => surrogate.decode(z),
        }
    }

    /// The density of x, ready to be evaluated.
    pub fn density(&self) -> Density {
        Density::new(self)
    }
}

/// Φ, the distribution function of N(0, 1).
fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

fn absolute_value(z: f64) -> [f64; 2] {
    let value = (normal_cdf(z) - 0.5).abs();
    [value, value]
}

fn circle(z: f64) -> [f64; 2] {
    let (sin, cos) = (TAU * normal_cdf(z)).sin_cos();
    [cos, sin]
}

/// A lemniscate of Bernoulli, run through from 0.6 π to 2.4 π.
fn figure_8(z: f64) -> [f64; 2] {
    let u = (0.6 + 1.8 * normal_cdf(z)) * PI;
    let (sin, cos) = u.sin_cos();
    let scale = sin * sin + 1.0;
    [FRAC_1_SQRT_2 * cos / scale, SQRT_2 * cos * sin / scale]
}

/// Stairs along the unit circle: most of z lies on a tread.
fn clusters(z: f64) -> [f64; 2] {
    let u = TAU / (1.0 + (-0.5 * PI * z).exp());
    let tread = (u / 2.0).floor();
    let t = 2.0 * (10.0 * u - 20.0 * tread - 10.0).tanh() + 4.0 * tread + 2.0;
    let (sin, cos) = t.sin_cos();
    [cos, sin]
}

/// Stairs along the spiral (t cos t, t sin t).
fn spiral_dots(z: f64) -> [f64; 2] {
    let u = 2.0 * TAU / (1.0 + (-0.5 * PI * z).exp());
    let tread = (u / 2.0).floor();
    let t = (10.0 * u - 20.0 * tread - 10.0).tanh() + 2.0 * tread + 1.0;
    let (sin, cos) = t.sin_cos();
    [t * cos, t * sin]
}

/// p(x) = ∫ N(z; 0, 1) N(x; f(z), σ² I) dz by the trapezoid rule.
///
/// Beyond |z| = 8 lies 10⁻¹⁵ of the mass. The steepest stairs of `spiral-dots` pass the width of
/// their noise within 5·10⁻⁴ of z, so the step is smaller than that.
pub struct Density {
    noise_variance: f64,
    /// f(z) with the logarithm of its weight, without those that weigh nothing.
    nodes: Vec<([f64; 2], f64)>,
}

const REACH: f64 = 8.0;
const STEPS: usize = 40_000;

impl Density {
    fn new(generator: &Generator) -> Self {
        let step = 2.0 * REACH / STEPS as f64;
        let nodes = (0..=STEPS).map(|i| {
            let z = -REACH + step * i as f64;
            let log_weight = step.ln() - 0.5 * z * z - 0.5 * TAU.ln();
            (generator.decode(z), log_weight)
        });
        Density {
            noise_variance: generator.noise_variance,
            nodes: nodes.collect(),
        }
    }

    /// log p(x) in nats.
    pub fn log(&self, x: [f64; 2]) -> f64 {
        let scale = -0.5 / self.noise_variance;
        let exponent = |(mean, log_weight): &([f64; 2], f64)| {
            let (dx, dy) = (x[0] - mean[0], x[1] - mean[1]);
            log_weight + scale * (dx * dx + dy * dy)
        };
        let highest = self.nodes.iter().map(exponent).fold(f64::MIN, f64::max);
        // What is e^40 below the highest adds less than 40,000 · e^-40 to one.
        let sum: f64 = self
            .nodes
            .iter()
            .map(|node| exponent(node) - highest)
            .filter(|relative| *relative > -40.0)
            .map(f64::exp)
            .sum();
        highest + sum.ln() - (TAU * self.noise_variance).ln()
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::ContinuousCDF;
    use statrs::distribution::Normal;

    use super::*;

    /// f(0.3), f(−1.1) as NumPy and SciPy compute the same formulas.
    #[test]
    fn decoders_agree_with_an_independent_evaluation() {
        let cases = [
            (
                "absolute-value",
                [0.117911422, 0.117911422],
                [0.364333939, 0.364333939],
            ),
            (
                "circle",
                [-0.737888860, -0.674922240],
                [0.658166880, 0.752872073],
            ),
            (
                "clusters",
                [-0.145499920, 0.989358263],
                [0.503874455, 0.863776901],
            ),
            (
                "figure-8",
                [0.270360872, -0.424910645],
                [-0.511105492, -0.480595052],
            ),
            (
                "spiral-dots",
                [-1.163993852, 7.914866112],
                [-0.832293599, 1.818594851],
            ),
        ];
        for (name, first, second) in cases {
            let generator = get(name).expect("it is listed");
            for (z, expected) in [(0.3, first), (-1.1, second)] {
                let found = generator.decode(z);
                for (found, expected) in found.into_iter().zip(expected) {
                    assert!(
                        (found - expected).abs() < 1e-8,
                        "{name}: {found} {expected}"
                    );
                }
            }
        }
    }

    /// log p at two points each, by Gauss-Legendre quadrature with 60,000 nodes in NumPy; the
    /// literals have seven digits.
    #[test]
    fn log_densities_agree_with_an_independent_quadrature() {
        let cases = [
            (
                "absolute-value",
                [[0.2179, 0.0679], [0.3643, 0.5643]],
                [1.1458378, 0.3637494],
            ),
            (
                "circle",
                [[-0.6379, -0.7249], [0.6582, 0.9529]],
                [-0.4945746, -1.7766682],
            ),
            (
                "clusters",
                [[-0.0455, 0.9394], [0.5039, 1.0638]],
                [-1.4271618, -2.2928871],
            ),
            (
                "figure-8",
                [[0.3704, -0.4749], [-0.5111, -0.2806]],
                [-0.2507766, -0.7639568],
            ),
            (
                "spiral-dots",
                [[-1.064, 7.8649], [-0.8323, 2.0186]],
                [-1.4144658, -1.4710587],
            ),
        ];
        for (name, points, expected) in cases {
            let density = get(name).expect("it is listed").density();
            for (point, expected) in points.into_iter().zip(expected) {
                let found = density.log(point);
                assert!(
                    (found - expected).abs() < 2e-7,
                    "{name}: {found} {expected}"
                );
            }
        }
    }

    /// Literals: ∫ p log p over the plane with step σ/6, in NumPy. Here the mean is taken over 100
    /// strata of z and four Gauss-Hermite nodes for each noise, which comes within 0.006 of it.
    #[test]
    fn mean_log_densities_are_the_negative_entropies() {
        let normal = Normal::standard();
        let nodes = [
            (-2.334_414_22, 0.045_875_85),
            (-0.741_963_78, 0.454_124_15),
            (0.741_963_78, 0.454_124_15),
            (2.334_414_22, 0.045_875_85),
        ];
        for (name, expected) in [
            ("absolute-value", 0.9748),
            ("circle", -0.9517),
            ("clusters", -2.2839),
            ("figure-8", -0.8848),
            ("spiral-dots", -2.8740),
        ] {
            let generator = get(name).expect("it is listed");
            let density = generator.density();
            let sigma = generator.noise_variance.sqrt();
            let mut mean = 0.0;
            for i in 0..100 {
                let [x, y] = generator.decode(normal.inverse_cdf((f64::from(i) + 0.5) / 100.0));
                for (dx, wx) in nodes {
                    for (dy, wy) in nodes {
                        mean += wx * wy / 100.0 * density.log([x + sigma * dx, y + sigma * dy]);
                    }
                }
            }
            assert!((mean - expected).abs() < 0.007, "{name}: {mean}");
        }
    }
}
