use super::*;

/// −½ (z − m)ᵀ P (z − m): with the prior it is a Gaussian posterior of precision P + I.
#[derive(Clone, Copy)]
struct Quadratic {
    precision: [f64; 3],
    centre: [f64; 2],
}

const WIDE: Quadratic = Quadratic {
    precision: [3.0, 1.2, 2.0],
    centre: [1.1, -0.7],
};

/// Narrower than the step of the square, and between its values.
const NARROW: Quadratic = Quadratic {
    precision: [4.5e4, -9.0e3, 4.0e3],
    centre: [0.233, -0.377],
};

/// Beyond the square.
const FAR: Quadratic = Quadratic {
    precision: [900.0, 100.0, 400.0],
    centre: [7.5, 1.0],
};

impl Quadratic {
    fn likelihood(self) -> Likelihood<'static> {
        let Quadratic {
            precision: [a, b, c],
            centre,
        } = self;
        let value = move |z: &[f32]| {
            let (x, y) = (f64::from(z[0]) - centre[0], f64::from(z[1]) - centre[1]);
            -0.5 * (a * x * x + 2.0 * b * x * y + c * y * y)
        };
        Likelihood::new(move |z| Ok(z.values.chunks_exact(2).map(value).collect())).unwrap()
    }

    /// E_q of the quadratic in closed form, less the KL.
    fn closed(self, mean: [f64; 2], sigma: [f64; 2]) -> f64 {
        let [a, b, c] = self.precision;
        let (x, y) = (mean[0] - self.centre[0], mean[1] - self.centre[1]);
        let spread = a * sigma[0].powi(2) + c * sigma[1].powi(2);
        -0.5 * (a * x * x + 2.0 * b * x * y + c * y * y + spread) - kl(mean, sigma)
    }

    /// The best Gaussian of independent dimensions has the mean of the posterior and its conditional
    /// variances 1 / (P_jj + 1) (Bishop 2006, section 10.1.2).
    fn best(self) -> ([f64; 2], [f64; 2]) {
        let ([a, b, c], m) = (self.precision, self.centre);
        let (aa, cc) = (a + 1.0, c + 1.0);
        let det = aa * cc - b * b;
        let right = [a * m[0] + b * m[1], b * m[0] + c * m[1]];
        let mean = [
            (cc * right[0] - b * right[1]) / det,
            (aa * right[1] - b * right[0]) / det,
        ];
        (mean, [aa.powf(-0.5), cc.powf(-0.5)])
    }
}

/// z is given in single precision: its error of 3e-8 times the slope.
fn assert_near(found: f64, expected: f64) {
    let error = (found - expected).abs();
    assert!(error < 3e-6 * (1.0 + expected.abs()), "{found} {expected}");
}

#[test]
fn the_bound_of_a_quadratic_is_its_closed_form_however_narrow_and_far() {
    for (quadratic, mean, sigma) in [
        (WIDE, [0.0, 0.0], [1.0, 1.0]),
        (WIDE, [1.3, -2.0], [0.1, 0.4]),
        (WIDE, [-3.9, 3.9], [0.08, 0.45]),
        (WIDE, [0.995, 0.875], [0.000_42, 0.0081]),
        (WIDE, [6.3, -9.0], [1.0, 0.5]),
        (WIDE, [40.0, 0.0], [1.0, 3.0]),
        (NARROW, [0.2, -0.4], [0.0047, 0.016]),
    ] {
        let found = quadratic.likelihood().at(mean, sigma).unwrap().elbo;
        assert_near(found, quadratic.closed(mean, sigma));
    }
    let none = WIDE.likelihood().at([f64::NAN, 0.0], [1.0, 1.0]).unwrap();
    assert!(none.elbo.is_nan());
}

/// Within the square, on a grid of their own, each on its own, and so narrow that each has its own three values.
#[test]
fn a_surface_has_the_bounds_of_its_means() {
    let likelihood = WIDE.likelihood();
    let few = [-1.0, 0.0, 5.0];
    let many = even(-1.0, 0.5, 13);
    for sigma in [[0.5, 0.25], [0.047, 0.3], [0.5, 1.2], [0.002, 0.004]] {
        for second in [&few[..], &many] {
            let elbos = likelihood.elbos(&few, second, sigma).unwrap();
            for (i, a) in few.iter().enumerate() {
                for (j, b) in second.iter().enumerate() {
                    let found = elbos[second.len() * i + j];
                    assert_near(found, WIDE.closed([*a, *b], sigma));
                }
            }
        }
    }
}

#[test]
fn the_best_gaussian_of_a_quadratic_is_known_however_narrow_and_far() {
    for quadratic in [WIDE, NARROW, FAR] {
        let (mean, sigma) = quadratic.best();
        let Best { gaussian, settled } = quadratic.likelihood().best().unwrap();
        assert!(settled, "{gaussian:?}");
        for j in [0, 1] {
            let error = (gaussian.mean[j] - mean[j]).abs() / sigma[j];
            assert!(error < 5e-3, "{gaussian:?} {mean:?}");
            let ratio = gaussian.sigma[j] / sigma[j];
            assert!((ratio - 1.0).abs() < 5e-3, "{gaussian:?} {sigma:?}");
        }
        let highest = quadratic.closed(mean, sigma);
        assert!((gaussian.elbo - highest).abs() < 1e-4 + 1e-6 * highest.abs());
    }
}

/// Half the mass in a narrow place that no mean of the grid is near, half in a wide one.
#[test]
fn the_better_of_two_modes_is_found() {
    let log = |z: &Rows| {
        let of = |z: &[f32]| {
            let [x, y] = [0, 1].map(|j| f64::from(z[j]));
            let wide = -0.5 * ((x + 1.0).powi(2) + (y + 1.0).powi(2)) / 0.25;
            let narrow = 9.0 - 0.5 * ((x - 1.123).powi(2) + (y - 0.877).powi(2)) / 1e-4;
            wide.max(narrow)
        };
        Ok(z.values.chunks_exact(2).map(of).collect())
    };
    let best = Likelihood::new(log).unwrap().best().unwrap();
    let of = |quadratic: Quadratic| {
        let (mean, sigma) = quadratic.best();
        quadratic.closed(mean, sigma)
    };
    let wide = of(Quadratic {
        precision: [4.0, 0.0, 4.0],
        centre: [-1.0, -1.0],
    });
    let narrow = 9.0
        + of(Quadratic {
            precision: [1e4, 0.0, 1e4],
            centre: [1.123, 0.877],
        });
    let highest = wide.max(narrow);
    let found = best.gaussian.elbo;
    assert!(
        (found - highest).abs() < 1e-2,
        "{found} of {wide} and {narrow}"
    );
}
