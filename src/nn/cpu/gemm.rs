//! Matrix products on the CPU, by the single-precision kernels of the `gemm` family of crates.
//!
//! Products are shared out among threads here: `gemm` itself leaves one of 64 × 784 × 500 to a single thread.
//!
//! dfdx 0.13 would bring an older `gemm`, whose AVX-512 kernels need a nightly compiler, with kernels for
//! all element types; so its feature `cpu` is off, and only the kernels for `f32` are built. How many threads take part does not change the result: each element of
//! the product is summed by one thread in one order (a test holds this).

use gemm_common::Parallelism;
use rayon::prelude::*;

/// A matrix in memory: element `(i, j)` lies at `i · row + j · column`.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub row: usize,
    pub column: usize,
}

impl Layout {
    /// Row-major with this many columns.
    pub(crate) fn rows_of(columns: usize) -> Self {
        Layout {
            row: columns,
            column: 1,
        }
    }

    /// The transpose of a row-major matrix with this many columns.
    pub(crate) fn transposed(columns: usize) -> Self {
        Layout {
            row: 1,
            column: columns,
        }
    }

    /// The same memory seen as the transpose.
    fn swapped(self) -> Self {
        Layout {
            row: self.column,
            column: self.row,
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
const PARALLEL: usize = 1 << 21;

/// `out [m, n] (+)= a [m, k] · b [k, n]`, `out` row-major; with `add` the product is added.
///
/// Panics if a slice is too short for its matrix.
pub(crate) fn product(
    sizes: (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    product_on(rayon::current_num_threads(), sizes, out, a, b, add);
}

/// The same on at most so many threads.
fn product_on(
    threads: usize,
    sizes: (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    let (m, _, n) = sizes;
    assert!(out.len() >= m * n, "the product has no room");
    // SAFETY: `out` was just checked.
    unsafe { run(threads, sizes, out.as_mut_ptr(), a, b, add) };
}

/// The product `a [m, k] · b [k, n]`, row-major. Its memory is written once, by the threads that compute.
///
/// Panics if a slice is too short for its matrix.
pub(crate) fn new_product(
    sizes: (usize, usize, usize),
    a: (&[f32], Layout),
    b: (&[f32], Layout),
) -> Vec<f32> {
    let (m, _, n) = sizes;
    let mut out = Vec::with_capacity(m * n);
    let threads = rayon::current_num_threads();
    // SAFETY: there is room for `m * n` numbers; without `add` all of them are written and none is read.
    unsafe {
        run(threads, sizes, out.as_mut_ptr(), a, b, false);
        out.set_len(m * n);
    }
    out
}

/// One product that is added to what is there.
pub(crate) struct Addition<'a> {
    /// `(m, k, n)`
    pub sizes: (usize, usize, usize),
    /// `[m, n]`, row-major.
    pub out: &'a mut [f32],
    /// `[m, k]`
    pub a: (&'a [f32], Layout),
    /// `[k, n]`
    pub b: (&'a [f32], Layout),
}

/// Up to two products side by side, each on half of the threads: fewer meetings than one after the other.
pub(crate) fn add_products(first: Option<Addition>, second: Option<Addition>) {
    let threads = rayon::current_num_threads();
    let add = |x: Addition, threads| product_on(threads, x.sizes, x.out, x.a, x.b, true);
    match (first, second) {
        (Some(first), Some(second)) if is_shared(first.sizes, threads) => {
            let half = threads.div_ceil(2);
            rayon::join(|| add(first, half), || add(second, half));
        }
        (first, second) => first
            .into_iter()
            .chain(second)
            .for_each(|x| add(x, threads)),
    }
}

fn is_shared((m, k, n): (usize, usize, usize), threads: usize) -> bool {
    threads > 1 && m * k * n > PARALLEL
}

/// The same on the calling thread alone: for work that is parallel around its products.
pub(crate) fn product_alone(
    sizes: (usize, usize, usize),
    out: &mut [f32],
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    product_on(1, sizes, out, a, b, add);
}

/// Columns or rows of a product that are not shared out: one vector of AVX-512.
const UNIT: usize = 16;

/// Where a product goes, for several threads.
#[derive(Clone, Copy)]
struct Target(*mut f32);

// SAFETY: every thread writes to a part of its own.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// # Safety
    ///
    /// The place lies inside the product.
    unsafe fn at(self, place: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(place) }
    }
}

/// The product in as many parts of its longer side as there are threads.
///
/// # Safety
///
/// `out` has room for `m · n` numbers that nothing else refers to; with `add` they are initialised.
unsafe fn run(
    threads: usize,
    (m, k, n): (usize, usize, usize),
    out: *mut f32,
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    assert!(a.0.len() >= a.1.span(m, k) && b.0.len() >= b.1.span(k, n));
    let side = m.max(n);
    let parts = threads.min(side / UNIT);
    if parts < 2 || !is_shared((m, k, n), threads) {
        // SAFETY: the caller's promise, and the assertion above.
        return unsafe { part((m, k, n), (out, n), a, b, add) };
    }
    let out = Target(out);
    (0..parts).into_par_iter().for_each(|i| {
        let start = |i: usize| match i < parts {
            true => i * (side / UNIT) / parts * UNIT,
            false => side,
        };
        let (from, to) = (start(i), start(i + 1));
        // SAFETY: the parts lie side by side in the product, and their operands inside those of the whole.
        unsafe {
            if n >= m {
                let b = (&b.0[from * b.1.column..], b.1);
                part((m, k, to - from), (out.at(from), n), a, b, add);
            } else {
                let a = (&a.0[from * a.1.row..], a.1);
                part((to - from, k, n), (out.at(from * n), n), a, b, add);
            }
        }
    });
}

/// One part of a product, into rows `stride` apart, on this thread.
///
/// # Safety
///
/// `out` has room for such a part that nothing else refers to; with `add` it is initialised. Every element that the layouts reach
/// lies inside its slice.
unsafe fn part(
    (m, k, n): (usize, usize, usize),
    (out, stride): (*mut f32, usize),
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    add: bool,
) {
    // The kernels prefer a column-major product, so a row-major one is computed as its transpose.
    let transposed = n > 1;
    let (m, n, left, right) = match transposed {
        true => (n, m, (b.0, b.1.swapped()), (a.0, a.1.swapped())),
        false => (m, n, a, b),
    };
    let (row_stride, column_stride) = if transposed { (1, stride) } else { (stride, 1) };
    // SAFETY: the caller's promise.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            out,
            column_stride as isize,
            row_stride as isize,
            add,
            left.0.as_ptr(),
            left.1.column as isize,
            left.1.row as isize,
            right.0.as_ptr(),
            right.1.column as isize,
            right.1.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
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
            (33, 3000, 47),
            (1, 3000, 1500),
            (2000, 1500, 1),
            (31, 20_000, 17),
        ] {
            let a: Vec<f32> = (0..m * k).map(number).collect();
            let b: Vec<f32> = (0..k * n).map(number).collect();
            let run = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                pool.expect("a small pool can be built").install(|| {
                    let mut outs = [0, 1, 2].map(|_| vec![0.0; m * n]);
                    let [alone, left, right] = &mut outs;
                    let (a, b) = ((&a[..], Layout::rows_of(k)), (&b[..], Layout::rows_of(n)));
                    product((m, k, n), alone, a, b, false);
                    let [left, right] = [left, right].map(|out| Addition {
                        sizes: (m, k, n),
                        out,
                        a,
                        b,
                    });
                    add_products(Some(left), Some(right));
                    let new = new_product((m, k, n), a, b);
                    assert!(
                        outs.iter().all(|out| *out == new),
                        "the ways to multiply differ"
                    );
                    new
                })
            };
            let one = run(1);
            for threads in [2, 3, 5] {
                assert!(one == run(threads), "{m}×{k}×{n} on {threads} threads");
            }
        }
    }
}
