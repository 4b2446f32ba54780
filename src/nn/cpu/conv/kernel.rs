//! The inner loop of the convolutions, and of products with [`Panels`](super::super::panels::Panels): a
//! few rows of numbers times panels of sixteen columns.
//!
//! `out[r][j] += Σ row_r(k) · panel[k][j]`. The rows are not copied together first, as a matrix
//! product would want: every row has a start, and all share one list of [`Terms`] that says where
//! the terms lie. So the pixels under a kernel are read where they are, and taps that meet only padding
//! are left out of the list. Each result is summed by one thread in the order of the list, so it does not depend on
//! the shape of the tiles.

use pulp::Simd;

/// Columns of a panel: two vectors of AVX2, one of AVX-512, four of NEON.
pub(crate) const LANES: usize = 16;

/// One line of a panel, within one line of the cache: loads of vectors that lie across two take twice as long.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [f32; LANES]);

impl Line {
    /// Nothing but zeros.
    pub(crate) const ZERO: Line = Line([0.0; LANES]);

    /// The numbers of all `lines`.
    pub(crate) fn flat_mut(lines: &mut [Line]) -> &mut [f32] {
        // SAFETY: a line is sixteen numbers and nothing else, and any numbers are a line.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LANES) }
    }
}

/// Most rows of one tile: with two vectors each, they and their factors fill sixteen registers.
pub(crate) const ROWS: usize = 6;

/// Most panels of one tile. Where a panel is one vector, the six sums of one are too few to keep the
/// multipliers busy, the twelve of two are enough; elsewhere panels take turns.
pub(crate) const PANELS: usize = 2;

/// Partial sums of one row of a tile.
pub(crate) type Row = [[f32; LANES]; PANELS];

/// Where the terms of a sum lie: after the start of every row, and in which line of a panel.
pub(crate) trait Terms {
    /// The extremes of all that [`each`](Terms::each) gives.
    fn span(&self) -> Span;

    /// Calls `f` with every term's place after the start of a row, and its line.
    fn each(&self, f: impl FnMut(isize, usize));
}

/// How far terms reach; nothing where there are none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    /// Lowest and highest place after the start of a row.
    places: (isize, isize),
    /// Lines of a panel.
    lines: usize,
}

/// Terms that lie in line: those of a row from `row` after its start on, those of the panel in
/// neighbouring lines from `line` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub row: isize,
    pub line: usize,
    pub len: usize,
}

/// Terms of which most lie in line.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    list: Vec<Run>,
    span: Span,
}

impl Runs {
    /// Runs of no terms are left out.
    pub(crate) fn new(list: impl IntoIterator<Item = Run>) -> Self {
        let list: Vec<Run> = list.into_iter().filter(|run| run.len > 0).collect();
        let end = |run: &Run| run.row + run.len as isize - 1;
        let lowest = list.iter().map(|run| run.row).min().unwrap_or(0);
        let highest = list.iter().map(end).max().unwrap_or(0);
        let span = Span {
            places: (lowest, highest),
            lines: list.iter().map(|run| run.line + run.len).max().unwrap_or(0),
        };
        Runs { list, span }
    }
}

impl Terms for Runs {
    fn span(&self) -> Span {
        self.span
    }

    #[inline(always)]
    fn each(&self, mut f: impl FnMut(isize, usize)) {
        for run in &self.list {
            for k in 0..run.len {
                f(run.row + k as isize, run.line + k);
            }
        }
    }
}

/// Single terms in any order.
#[derive(Debug, Clone)]
pub(crate) struct Scattered {
    list: Vec<(u32, u32)>,
    span: Span,
}

impl Scattered {
    /// Of places after the start of a row, and lines.
    pub(crate) fn new(list: Vec<(u32, u32)>) -> Self {
        let highest = list.iter().map(|t| t.0 as isize).max().unwrap_or(0);
        let span = Span {
            places: (0, highest),
            lines: list.iter().map(|t| t.1 as usize + 1).max().unwrap_or(0),
        };
        Scattered { list, span }
    }
}

impl Terms for Scattered {
    fn span(&self) -> Span {
        self.span
    }

    #[inline(always)]
    fn each(&self, mut f: impl FnMut(isize, usize)) {
        for (row, line) in &self.list {
            f(*row as isize, *line as usize);
        }
    }
}

/// Adds the products of `terms` to `sums`: of rows that start at `starts` in `numbers`, at most [`ROWS`], with each of
/// `panels`, at most [`PANELS`].
///
/// Panics if a term lies outside `numbers` or a panel, or if there are more rows or panels than that.
#[inline(always)]
pub(crate) fn add_products<S: Simd, T: Terms>(
    simd: S,
    sums: &mut [Row],
    (numbers, starts): (&[f32], &[usize]),
    panels: &[&[Line]],
    terms: &T,
) {
    let Span { places, lines } = terms.span();
    if lines == 0 || starts.is_empty() {
        return;
    }
    let first = starts.iter().min().map_or(0, |s| *s as isize);
    let last = starts.iter().max().map_or(0, |s| *s as isize);
    assert!(
        first + places.0 >= 0 && last + places.1 < numbers.len() as isize,
        "a row reaches outside its numbers"
    );
    assert!(
        panels.len() <= PANELS && panels.iter().all(|p| lines <= p.len()),
        "a panel is too short"
    );
    assert_eq!(sums.len(), starts.len(), "rows of a tile");
    // SAFETY: every place that `tile` forms lies between the extremes just checked.
    unsafe {
        match starts.len() {
            1 => vectors::<S, T, 1>(simd, sums, (numbers, starts), panels, terms),
            2 => vectors::<S, T, 2>(simd, sums, (numbers, starts), panels, terms),
            3 => vectors::<S, T, 3>(simd, sums, (numbers, starts), panels, terms),
            4 => vectors::<S, T, 4>(simd, sums, (numbers, starts), panels, terms),
            5 => vectors::<S, T, 5>(simd, sums, (numbers, starts), panels, terms),
            6 => vectors::<S, T, 6>(simd, sums, (numbers, starts), panels, terms),
            n => panic!("{n} rows in a tile of {ROWS}"),
        }
    }
}

/// Chooses how many vectors of this machine make up the lanes of a panel, and how many panels a tile.
///
/// # Safety
///
/// As for [`tile`].
#[inline(always)]
unsafe fn vectors<S: Simd, T: Terms, const M: usize>(
    simd: S,
    sums: &mut [Row],
    rows: (&[f32], &[usize]),
    panels: &[&[Line]],
    terms: &T,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        if let (16, [first, second]) = (S::F32_LANES, panels) {
            tile::<S, T, M, 2, 1>(simd, sums, 0, rows, [first, second], terms);
            return;
        }
        for (i, panel) in panels.iter().enumerate() {
            match S::F32_LANES {
                16 => tile::<S, T, M, 1, 1>(simd, sums, i, rows, [panel], terms),
                8 => tile::<S, T, M, 1, 2>(simd, sums, i, rows, [panel], terms),
                4 => tile::<S, T, M, 1, 4>(simd, sums, i, rows, [panel], terms),
                1 => tile::<S, T, M, 1, 16>(simd, sums, i, rows, [panel], terms),
                lanes => panic!("BUG: vectors of {lanes} numbers"),
            }
        }
    }
}

/// The sums of `M` rows and `P` panels from `first` on, `V` vectors each, stay in registers over all terms.
///
/// # Safety
///
/// There are `M` starts and rows of sums; all terms lie inside `numbers`, from every start on, and inside every panel;
/// `V` vectors have sixteen lanes; `first + P` is at most [`PANELS`].
#[inline(always)]
unsafe fn tile<S: Simd, T: Terms, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [Row],
    first: usize,
    (numbers, starts): (&[f32], &[usize]),
    panels: [&[Line]; P],
    terms: &T,
) {
    // SAFETY: the caller's promise covers all places.
    unsafe {
        let mut at = [numbers.as_ptr(); M];
        let mut total = [[[simd.splat_f32s(0.0); V]; P]; M];
        for (r, (at, total)) in at.iter_mut().zip(&mut total).enumerate() {
            *at = at.add(starts[r]);
            for (total, sums) in total.iter_mut().zip(&sums[r][first..]) {
                for (v, total) in total.iter_mut().enumerate() {
                    *total = load::<S>(sums.as_ptr(), v);
                }
            }
        }
        let panels = panels.map(<[Line]>::as_ptr);
        terms.each(
            #[inline(always)]
            |place, line| {
                let mut factors = [[simd.splat_f32s(0.0); V]; P];
                for (factors, panel) in factors.iter_mut().zip(&panels) {
                    for (v, factor) in factors.iter_mut().enumerate() {
                        *factor = load::<S>(panel.add(line).cast(), v);
                    }
                }
                for (total, at) in total.iter_mut().zip(&at) {
                    let number = simd.splat_f32s(*at.offset(place));
                    for (total, factors) in total.iter_mut().zip(&factors) {
                        for (total, factor) in total.iter_mut().zip(factors) {
                            *total = simd.mul_add_e_f32s(number, *factor, *total);
                        }
                    }
                }
            },
        );
        for (total, sums) in total.iter().zip(sums) {
            for (total, sums) in total.iter().zip(&mut sums[first..]) {
                for (v, total) in total.iter().enumerate() {
                    let to = sums.as_mut_ptr().add(v * S::F32_LANES);
                    to.cast::<S::f32s>().write_unaligned(*total);
                }
            }
        }
    }
}

/// The vector number `v` after `at`.
///
/// # Safety
///
/// It lies inside the memory that `at` points into.
#[inline(always)]
unsafe fn load<S: Simd>(at: *const f32, v: usize) -> S::f32s {
    // SAFETY: the caller's promise; vectors of numbers have no invalid bit patterns.
    unsafe { at.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned() }
}
