//! A network that stands for the formula of a density's decoder, evaluated in double precision.
//!
//! Yacoby et al. 2024 draw their data through networks fitted to the formulas, so that a model with
//! the same architecture can be exact. The fit is `generator/surrogate`; here it is only evaluated.

use std::collections::BTreeMap;

use super::Array;

/// Slope of the leaky ReLU below zero, as in `train/vae`.
pub const SLOPE: f64 = 0.2;

/// Affine layers with leaky ReLU between them, from one number to two.
#[derive(Clone, Debug)]
pub struct Surrogate {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    /// `[out, in]`, row-major.
    weight: Vec<f64>,
    /// `[out]`
    bias: Vec<f64>,
}

impl Surrogate {
    /// From arrays `0.weight` `[out, in]`, `0.bias` `[out]`, `1.weight`, …
    ///
    /// # Errors
    /// What does not fit, where the arrays are not such a network.
    pub fn from_arrays(arrays: &BTreeMap<String, Array>) -> Result<Self, String> {
        let mut layers = Vec::new();
        let mut width = 1;
        while let Some(weight) = arrays.get(&format!("{}.weight", layers.len())) {
            let name = format!("{}.bias", layers.len());
            let bias = arrays.get(&name).ok_or(format!("there is no `{name}`"))?;
            let out = bias.rows();
            if weight.shape() != [out, width] || bias.shape() != [out] {
                return Err(format!(
                    "layer {} has a weight of {:?} and a bias of {:?} behind {width} numbers",
                    layers.len(),
                    weight.shape(),
                    bias.shape()
                ));
            }
            width = out;
            layers.push(Layer {
                weight: wide(weight),
                bias: wide(bias),
            });
        }
        match (width, 2 * layers.len() == arrays.len()) {
            (2, true) => Ok(Surrogate { layers }),
            (2, false) => Err("there are arrays beside the layers".to_owned()),
            _ => Err(format!("it gives {width} numbers, not two")),
        }
    }

    /// f(z)
    pub fn decode(&self, z: f64) -> [f64; 2] {
        let mut x = vec![z];
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x.iter_mut().for_each(|x| *x = x.max(SLOPE * *x));
            }
            let rows = layer.weight.chunks_exact(x.len()).zip(&layer.bias);
            x = rows
                .map(|(row, bias)| bias + row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>())
                .collect();
        }
        [x[0], x[1]]
    }
}

fn wide(array: &Array) -> Vec<f64> {
    array.to_f32().into_iter().map(f64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrays(layers: &[(&[usize; 2], &[f32], &[f32])]) -> BTreeMap<String, Array> {
        let mut all = BTreeMap::new();
        for (i, (shape, weight, bias)) in layers.iter().enumerate() {
            all.insert(format!("{i}.weight"), Array::new(*shape, weight.to_vec()));
            all.insert(format!("{i}.bias"), Array::column(bias.to_vec()));
        }
        all
    }

    #[test]
    fn the_absolute_value_is_two_leaky_units() {
        // |z| = (leaky(z) + leaky(−z)) / (1 − slope)
        let sum = 1.0 / (1.0 - SLOPE as f32);
        let network = arrays(&[
            (&[2, 1], &[1.0, -1.0], &[0.0, 0.0]),
            (&[2, 2], &[sum, sum, 0.0, 0.0], &[0.0, 3.0]),
        ]);
        let network = Surrogate::from_arrays(&network).expect("the layers fit");
        for z in [-2.5, -0.1, 0.0, 0.3, 4.0] {
            let [x, y] = network.decode(z);
            assert!((x - f64::abs(z)).abs() < 1e-6, "{z}: {x}");
            assert_eq!(y, 3.0);
        }
    }

    #[test]
    fn arrays_that_are_no_network_are_refused() {
        let narrow = arrays(&[(&[1, 1], &[1.0], &[0.0])]);
        let broken = arrays(&[
            (&[2, 1], &[1.0, 1.0], &[0.0, 0.0]),
            (&[2, 1], &[1.0, 1.0], &[0.0, 0.0]),
        ]);
        let mut stray = arrays(&[(&[2, 1], &[1.0, 1.0], &[0.0, 0.0])]);
        stray.insert("prior".to_owned(), Array::column(vec![0.0f32]));
        for (wrong, why) in [
            (narrow, "it gives 1 numbers, not two"),
            (broken, "layer 1 has a weight of [2, 1]"),
            (stray, "there are arrays beside the layers"),
        ] {
            let found = Surrogate::from_arrays(&wrong).expect_err("it is no network");
            assert!(found.contains(why), "{found}");
        }
    }
}
