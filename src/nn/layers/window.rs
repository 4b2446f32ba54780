//! The geometry of a convolution: which pixels of a large image meet which pixel of a small one.
//!
//! A convolution maps the large image to the small one, a transposed convolution the small one to
//! the large one, with the same pairs. So one description, and one weight layout `[small channels,
//! large channels, kh, kw]`, serves both, forward and backward.

/// Kernel, stride and padding; pairs are (rows, columns).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the kernel.
    pub kernel: (usize, usize),
    /// Step between neighbouring outputs of a convolution.
    pub stride: (usize, usize),
    /// Zeros around the large image.
    pub padding: Padding,
}

/// Rows and columns of zeros around an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Padding {
    /// Above the first row.
    pub top: usize,
    /// Below the last row.
    pub bottom: usize,
    /// Before the first column.
    pub left: usize,
    /// After the last column.
    pub right: usize,
}

impl Window {
    /// A square kernel with the same stride and padding on all sides.
    pub fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Window {
            kernel: (kernel, kernel),
            stride: (stride, stride),
            padding: Padding {
                top: padding,
                bottom: padding,
                left: padding,
                right: padding,
            },
        }
    }

    /// The size of the small image for a large one of `h` × `w`. Panics if the kernel is larger
    /// than the padded image.
    pub fn small(&self, (h, w): (usize, usize)) -> (usize, usize) {
        let Padding {
            top,
            bottom,
            left,
            right,
        } = self.padding;
        let along = |size: usize, kernel: usize, stride: usize| {
            assert!(
                kernel > 0 && stride > 0 && size >= kernel,
                "{self:?} does not fit an image of {h}×{w}"
            );
            (size - kernel) / stride + 1
        };
        (
            along(h + top + bottom, self.kernel.0, self.stride.0),
            along(w + left + right, self.kernel.1, self.stride.1),
        )
    }

    /// The size of the large image that a transposed convolution makes of `h` × `w`:
    /// `(size − 1) · stride − padding + kernel + extra`. Extra rows and columns lie below and to the right.
    /// Panics if `extra` is not smaller than the stride or nothing is left.
    pub fn large(&self, (h, w): (usize, usize), extra: (usize, usize)) -> (usize, usize) {
        assert!(
            extra.0 < self.stride.0 && extra.1 < self.stride.1,
            "output padding {extra:?} is not smaller than the stride of {self:?}"
        );
        let along = |size: usize, stride: usize, kernel: usize, extra: usize, cut: usize| {
            let full = (size.max(1) - 1) * stride + kernel + extra;
            assert!(full > cut, "{self:?} leaves nothing of {h}×{w}");
            full - cut
        };
        let p = self.padding;
        (
            along(h, self.stride.0, self.kernel.0, extra.0, p.top + p.bottom),
            along(w, self.stride.1, self.kernel.1, extra.1, p.left + p.right),
        )
    }
}

/// A window laid over images of known sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Kernel, stride, padding.
    pub window: Window,
    /// Images.
    pub images: usize,
    /// Channels, height and width of the large image: input of a convolution.
    pub large: (usize, usize, usize),
    /// Channels, height and width of the small image: its output.
    pub small: (usize, usize, usize),
}

impl Layout {
    /// Of a convolution with weight `[out, in, kh, kw]`. Panics if channels or kernel differ.
    pub(crate) fn convolution(
        window: Window,
        (n, c, h, w): (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
    ) -> Self {
        let (kh, kw) = window.kernel;
        let want = (weight.0, c, kh, kw);
        assert_eq!(weight, want, "weight of {window:?} on {c} channels");
        let (oh, ow) = window.small((h, w));
        Layout {
            window,
            images: n,
            large: (c, h, w),
            small: (weight.0, oh, ow),
        }
    }

    /// Of a transposed convolution with weight `[in, out, kh, kw]` and output padding `extra`.
    /// Panics if channels or kernel differ.
    pub(crate) fn transposed(
        window: Window,
        (n, c, h, w): (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
        extra: (usize, usize),
    ) -> Self {
        let (kh, kw) = window.kernel;
        let want = (c, weight.1, kh, kw);
        assert_eq!(
            weight, want,
            "weight of transposed {window:?} on {c} channels"
        );
        let (lh, lw) = window.large((h, w), extra);
        Layout {
            window,
            images: n,
            large: (weight.1, lh, lw),
            small: (c, h, w),
        }
    }

    /// Weights per small channel: `large channels · kh · kw`.
    pub(crate) fn taps(&self) -> usize {
        self.large.0 * self.window.kernel.0 * self.window.kernel.1
    }

    /// Weights per pair of channels: `kh · kw`.
    pub(crate) fn kernel_taps(&self) -> usize {
        self.window.kernel.0 * self.window.kernel.1
    }

    /// Pixels of a small image.
    pub(crate) fn small_pixels(&self) -> usize {
        self.small.1 * self.small.2
    }

    /// Pixels of a large image.
    pub(crate) fn large_pixels(&self) -> usize {
        self.large.1 * self.large.2
    }

    /// Whether the kernel covers the large image exactly, so that the small one is one pixel.
    pub(crate) fn is_dense(&self) -> bool {
        self.window.padding == Padding::default()
            && self.window.kernel == (self.large.1, self.large.2)
    }

    /// Whether large and small pixels are the same: a 1 × 1 kernel, no stride, no padding.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.window.padding == Padding::default()
            && self.window.kernel == (1, 1)
            && self.window.stride == (1, 1)
    }

    /// For the twin: for every (channel, kernel row, kernel column, small row, small column), the
    /// number of the large pixel that is met, or `large channels · h · w` where there is only padding.
    pub(crate) fn met_by_taps(&self) -> Vec<usize> {
        let ((c, h, w), (_, oh, ow)) = (self.large, self.small);
        let mut met = Vec::with_capacity(self.taps() * self.small_pixels());
        for channel in 0..c {
            for (ky, kx) in self.offsets() {
                for oy in 0..oh {
                    for ox in 0..ow {
                        let pixel = self.large_pixel((oy, ox), (ky, kx));
                        met.push(pixel.map_or(c * h * w, |p| channel * h * w + p));
                    }
                }
            }
        }
        met
    }

    /// For the twin: for every large (channel, row, column) the (tap, small pixel) pairs that meet
    /// it, as positions in a `[taps · small pixels]` list, filled up to equal numbers with the
    /// list's length. Also returns that number.
    pub(crate) fn meeting(&self) -> (Vec<usize>, usize) {
        let (c, h, w) = self.large;
        let mut lists = vec![Vec::new(); c * h * w];
        for (position, pixel) in self.met_by_taps().into_iter().enumerate() {
            if let Some(list) = lists.get_mut(pixel) {
                list.push(position);
            }
        }
        let most = lists.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let none = self.taps() * self.small_pixels();
        for list in &mut lists {
            list.resize(most, none);
        }
        (lists.concat(), most)
    }

    fn offsets(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (kh, kw) = self.window.kernel;
        (0..kh).flat_map(move |ky| (0..kw).map(move |kx| (ky, kx)))
    }

    /// The row of the large image that kernel row `ky` meets at small row `oy`, unless it is padding.
    pub(crate) fn large_row(&self, oy: usize, ky: usize) -> Option<usize> {
        let row = (oy * self.window.stride.0 + ky).checked_sub(self.window.padding.top)?;
        (row < self.large.1).then_some(row)
    }

    /// The column of the large image that kernel column `kx` meets at small column `ox`.
    pub(crate) fn large_column(&self, ox: usize, kx: usize) -> Option<usize> {
        let column = (ox * self.window.stride.1 + kx).checked_sub(self.window.padding.left)?;
        (column < self.large.2).then_some(column)
    }

    fn large_pixel(&self, (oy, ox): (usize, usize), (ky, kx): (usize, usize)) -> Option<usize> {
        let row = self.large_row(oy, ky)?;
        Some(row * self.large.2 + self.large_column(ox, kx)?)
    }
}
