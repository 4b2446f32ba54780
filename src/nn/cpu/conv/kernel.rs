//! The inner loop of the convolutions, and of products with [`Panels`](super::super::panels::Panels): a
//! few rows of numbers times a panel of sixteen columns.
//!
//! `out[r][j] += Σ row_r(k) · panel[k][j]`. The rows are not copied together first, as a matrix
//! product would want: every row has a start, and all share one list of [`Run`]s that says where
//! the terms lie. So the pixels under a kernel are read where they are, and taps that meet only padding
//! are left out of the list. Each result is summed by one thread in the order of the list.

use pulp::Simd;

/// Columns of a panel: two vectors of AVX2, one of AVX-512, four of NEON.
pub(crate) const LANES: usize = 16;

/// Most rows of one tile: with two vectors each, they and their factors fill sixteen registers.
pub(crate) const ROWS: usize = 6;

/// Partial sums of one tile.
pub(crate) type Sums = [[f32; LANES]; ROWS];

/// Terms that lie in line: those of a row from `row` after its start on, those of the panel in
/// neighbouring lines from `line` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub row: isize,
    pub line: usize,
    pub len: usize,
}

/// The terms of a sum, with the span they reach over.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    list: Vec<Run>,
    lowest: isize,
    highest: isize,
    lines: usize,
}

impl Runs {
    /// Runs of no terms are left out.
    pub(crate) fn new(list: impl IntoIterator<Item = Run>) -> Self {
        let list: Vec<Run> = list.into_iter().filter(|run| run.len > 0).collect();
        let end = |run: &Run| run.row + run.len as isize - 1;
        Runs {
            lowest: list.iter().map(|run| run.row).min().unwrap_or(0),
            highest: list.iter().map(end).max().unwrap_or(0),
            lines: list.iter().map(|run| run.line + run.len).max().unwrap_or(0),
            list,
        }
    }
}

/// Adds the products of `runs` to the first `starts.len()` rows of `sums`. `starts` are positions in
/// `numbers`, at most [`ROWS`].
///
/// Panics if a term lies outside `numbers` or `panel`.
#[inline(always)]
pub(crate) fn add_products<S: Simd>(
    simd: S,
    sums: &mut Sums,
    (numbers, starts): (&[f32], &[usize]),
    panel: &[f32],
    runs: &Runs,
) {
    if runs.list.is_empty() {
        return;
    }
    let first = starts.iter().min().map_or(0, |s| *s as isize);
    let last = starts.iter().max().map_or(0, |s| *s as isize);
    assert!(
        first + runs.lowest >= 0 && last + runs.highest < numbers.len() as isize,
        "a row reaches outside its numbers"
    );
    assert!(runs.lines * LANES <= panel.len(), "the panel is too short");
    // SAFETY: every index that `tile` forms lies between the extremes just checked.
    unsafe {
        match starts.len() {
            0 => {}
            1 => vectors::<S, 1>(simd, sums, numbers, starts, panel, runs),
            2 => vectors::<S, 2>(simd, sums, numbers, starts, panel, runs),
            3 => vectors::<S, 3>(simd, sums, numbers, starts, panel, runs),
            4 => vectors::<S, 4>(simd, sums, numbers, starts, panel, runs),
            5 => vectors::<S, 5>(simd, sums, numbers, starts, panel, runs),
            6 => vectors::<S, 6>(simd, sums, numbers, starts, panel, runs),
            n => panic!("{n} rows in a tile of {ROWS}"),
        }
    }
}

/// Chooses how many vectors of this machine make up the lanes.
///
/// # Safety
///
/// As for [`tile`].
#[inline(always)]
unsafe fn vectors<S: Simd, const M: usize>(
    simd: S,
    sums: &mut Sums,
    numbers: &[f32],
    starts: &[usize],
    panel: &[f32],
    runs: &Runs,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        match S::F32_LANES {
            16 => tile::<S, M, 1>(simd, sums, numbers, starts, panel, runs),
            8 => tile::<S, M, 2>(simd, sums, numbers, starts, panel, runs),
            4 => tile::<S, M, 4>(simd, sums, numbers, starts, panel, runs),
            1 => tile::<S, M, 16>(simd, sums, numbers, starts, panel, runs),
            lanes => panic!("BUG: vectors of {lanes} numbers"),
        }
    }
}

/// # Safety
///
/// All terms of `runs` lie inside `numbers` (from every start on) and `panel`; `V` vectors have
/// sixteen lanes.
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut Sums,
    numbers: &[f32],
    starts: &[usize],
    panel: &[f32],
    runs: &Runs,
) {
    // SAFETY: the caller's promise covers all reads; `sums` has `M` rows of `V` vectors.
    unsafe {
        let mut total = [[simd.splat_f32s(0.0); V]; M];
        for (r, row) in total.iter_mut().enumerate() {
            for (v, part) in row.iter_mut().enumerate() {
                *part = load::<S>(sums[r].as_ptr().add(v * S::F32_LANES));
            }
        }
        for run in &runs.list {
            let mut at = [numbers.as_ptr(); M];
            for (r, at) in at.iter_mut().enumerate() {
                *at = at.offset(starts[r] as isize + run.row);
            }
            let mut line = panel.as_ptr().add(run.line * LANES);
            for k in 0..run.len {
                let mut factors = [simd.splat_f32s(0.0); V];
                for (v, factor) in factors.iter_mut().enumerate() {
                    *factor = load::<S>(line.add(v * S::F32_LANES));
                }
                for r in 0..M {
                    let number = simd.splat_f32s(*at[r].add(k));
                    for v in 0..V {
                        total[r][v] = simd.mul_add_e_f32s(number, factors[v], total[r][v]);
                    }
                }
                line = line.add(LANES);
            }
        }
        for (r, row) in total.iter().enumerate() {
            for (v, part) in row.iter().enumerate() {
                let to = sums[r].as_mut_ptr().add(v * S::F32_LANES);
                to.cast::<S::f32s>().write_unaligned(*part);
            }
        }
    }
}

/// Single terms in any order: of a row this far after its start, times this line of the panel.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    list: Vec<(u32, u32)>,
    farthest: usize,
    lines: usize,
}

impl Terms {
    /// Of `(row, line)` pairs.
    pub(crate) fn new(list: Vec<(u32, u32)>) -> Self {
        Terms {
            farthest: list.iter().map(|t| t.0 as usize).max().unwrap_or(0),
            lines: list.iter().map(|t| t.1 as usize + 1).max().unwrap_or(0),
            list,
        }
    }
}

/// [`add_products`] for terms that do not lie in line for long, and for rows `step` apart from
/// `start` on: as many as `sums` has, at most [`ROWS`].
///
/// Panics if a term lies outside `numbers` or `panel`.
#[inline(always)]
pub(crate) fn add_terms<S: Simd>(
    simd: S,
    sums: &mut [[f32; LANES]],
    (numbers, start, step): (&[f32], usize, usize),
    panel: &[f32],
    terms: &Terms,
) {
    let rows = sums.len();
    if terms.list.is_empty() {
        return;
    }
    let last = start + rows.saturating_sub(1) * step + terms.farthest;
    assert!(last < numbers.len(), "a row reaches outside its numbers");
    assert!(terms.lines * LANES <= panel.len(), "the panel is too short");
    let rest = &numbers[start..];
    // SAFETY: `last` and `lines` bound every index that `scattered` forms.
    unsafe {
        match rows {
            0 => {}
            1 => scattered_vectors::<S, 1>(simd, sums, rest, step, panel, terms),
            2 => scattered_vectors::<S, 2>(simd, sums, rest, step, panel, terms),
            3 => scattered_vectors::<S, 3>(simd, sums, rest, step, panel, terms),
            4 => scattered_vectors::<S, 4>(simd, sums, rest, step, panel, terms),
            5 => scattered_vectors::<S, 5>(simd, sums, rest, step, panel, terms),
            6 => scattered_vectors::<S, 6>(simd, sums, rest, step, panel, terms),
            n => panic!("{n} rows in a tile of {ROWS}"),
        }
    }
}

/// Chooses how many vectors of this machine make up the lanes.
///
/// # Safety
///
/// As for [`scattered`].
#[inline(always)]
unsafe fn scattered_vectors<S: Simd, const M: usize>(
    simd: S,
    sums: &mut [[f32; LANES]],
    numbers: &[f32],
    step: usize,
    panel: &[f32],
    terms: &Terms,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        match S::F32_LANES {
            16 => scattered::<S, M, 1>(simd, sums, numbers, step, panel, terms),
            8 => scattered::<S, M, 2>(simd, sums, numbers, step, panel, terms),
            4 => scattered::<S, M, 4>(simd, sums, numbers, step, panel, terms),
            1 => scattered::<S, M, 16>(simd, sums, numbers, step, panel, terms),
            lanes => panic!("BUG: vectors of {lanes} numbers"),
        }
    }
}

/// # Safety
///
/// All `terms` lie inside `numbers` (`M` rows, `step` apart) and `panel`; `V` vectors have sixteen
/// lanes; `sums` has `M` rows.
#[inline(always)]
unsafe fn scattered<S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[f32; LANES]],
    numbers: &[f32],
    step: usize,
    panel: &[f32],
    terms: &Terms,
) {
    // SAFETY: the caller's promise covers all reads; `sums` has `M` rows of `V` vectors.
    unsafe {
        let mut total = [[simd.splat_f32s(0.0); V]; M];
        for (r, row) in total.iter_mut().enumerate() {
            for (v, part) in row.iter_mut().enumerate() {
                *part = load::<S>(sums[r].as_ptr().add(v * S::F32_LANES));
            }
        }
        let mut at = [numbers.as_ptr(); M];
        for (r, at) in at.iter_mut().enumerate() {
            *at = at.add(r * step);
        }
        for (row, line) in &terms.list {
            let line = panel.as_ptr().add(*line as usize * LANES);
            let mut factors = [simd.splat_f32s(0.0); V];
            for (v, factor) in factors.iter_mut().enumerate() {
                *factor = load::<S>(line.add(v * S::F32_LANES));
            }
            for r in 0..M {
                let number = simd.splat_f32s(*at[r].add(*row as usize));
                for v in 0..V {
                    total[r][v] = simd.mul_add_e_f32s(number, factors[v], total[r][v]);
                }
            }
        }
        for (r, row) in total.iter().enumerate() {
            for (v, part) in row.iter().enumerate() {
                let to = sums[r].as_mut_ptr().add(v * S::F32_LANES);
                to.cast::<S::f32s>().write_unaligned(*part);
            }
        }
    }
}

/// # Safety
///
/// A vector's worth of numbers lies at `at`.
#[inline(always)]
unsafe fn load<S: Simd>(at: *const f32) -> S::f32s {
    // SAFETY: the caller's promise; vectors of numbers have no invalid bit patterns.
    unsafe { at.cast::<S::f32s>().read_unaligned() }
}
