//! Matrix products on the CPU, through the `gemm` crate.
//!
//! dfdx 0.13 brings an older `gemm`, whose AVX-512 kernels need a nightly compiler; the current one
//! has them on stable. How many threads take part does not change the result: each element of
//! the product is summed by one thread in one order (a test holds this).

use gemm::Parallelism;

/// A matrix in memory: element `(i, j)` lies at `i · row + j · column`.
#[derive(Clone, Copy)]
pub struct Layout {
    pub row: usize,
    pub column: usize,
}

impl Layout {
    /// Row-major with this many columns.
    pub fn rows_of(columns: usize) -> Self {
        Layout {
            row: columns,
            column: 1,
        }
    }

    /// The transpose of a row-major matrix with this many columns.
    pub fn transposed(columns: usize) -> Self {
        Layout {
            row: 1,
            column: columns,
        }
    }

    fn span(self, rows: usize, columns: usize) -> usize {
        match rows.min(columns) {
            0 => 0,
            _ => (rows - 1) * self.row + (columns - 1) * self.column + 1,
        }
    }
}

/// Products below this many multiplications stay on one thread: waking another costs more.
const PARALLEL: usize = 1 << 20;

/// `out [m, n] (+)= a [m, k] · b [k, n]`, `out` row-major; with `add` the product is added.
///
/// Panics if a slice is too short for its matrix.
pub fn product(
    (m, k, n): (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    let threads = rayon::current_num_threads();
    let parallelism = match m * k * n > PARALLEL && threads > 1 {
        true => Parallelism::Rayon(threads),
        false => Parallelism::None,
    };
    run((m, k, n), out, a, b, add, parallelism);
}

/// The same on the calling thread alone: for work that is parallel around its products.
pub fn product_alone(
    sizes: (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    run(sizes, out, a, b, add, Parallelism::None);
}

fn run(
    (m, k, n): (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
    parallelism: Parallelism,
) {
    assert!(out.len() >= m * n && a.0.len() >= a.1.span(m, k) && b.0.len() >= b.1.span(k, n));
    // SAFETY: the assertion above shows that every element the strides reach lies inside its slice;
    // `out` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.0.as_ptr(),
            a.1.column as isize,
            a.1.row as isize,
            b.0.as_ptr(),
            b.1.column as isize,
            b.1.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_does_not_change_a_product() {
        let number = |i: usize| ((i * 7919 % 1013) as f32 - 500.0) / 313.0;
        for (m, k, n) in [
            (64, 784, 500),
            (500, 64, 784),
            (130, 333, 77),
            (1000, 50, 50),
        ] {
            let a: Vec<f32> = (0..m * k).map(number).collect();
            let b: Vec<f32> = (0..k * n).map(number).collect();
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                pool.expect("a small pool can be built").install(|| {
                    let mut out = vec![0.0; m * n];
                    let (a, b) = ((&a[..], Layout::rows_of(k)), (&b[..], Layout::rows_of(n)));
                    product((m, k, n), &mut out, a, b, false);
                    out
                })
            };
            let one = run(1);
            for threads in [2, 3, 5] {
                assert!(one == run(threads), "{m}×{k}×{n} on {threads} threads");
            }
        }
    }
}
