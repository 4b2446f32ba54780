//! One image upwards by way of all its taps: a matrix product, then additions.

use crate::nn::cpu::gemm::{Layout as Strides, product_alone};
use crate::nn::layers::window::Layout;

/// Adds to one large image `[C, H, W]` what `small` `[O, h, w]` gives with `weight` `[O, C, taps]`.
pub(super) fn add_up(layout: &Layout, small: &[f32], weight: &[f32], large: &mut [f32]) {
    let ((_, h, w), (o, oh, ow)) = (layout.large, layout.small);
    let (kh, kw) = layout.window.kernel;
    let (taps, pixels) = (layout.taps(), layout.small_pixels());
    let mut products = vec![0.0; taps * pixels];
    product_alone(
        (taps, o, pixels),
        &mut products,
        (weight, Strides::transposed(taps)),
        (small, Strides::rows_of(pixels)),
        false,
    );
    let stride = layout.window.stride.1;
    for (row, products) in products.chunks_exact(pixels).enumerate() {
        let (channel, ky, kx) = (row / (kh * kw), row / kw % kh, row % kw);
        let inside = |ox: &usize| layout.large_column(*ox, kx).is_some();
        let Some(first) = (0..ow).find(inside) else {
            continue;
        };
        let count = (first..ow).take_while(inside).count();
        let x = layout.large_column(first, kx).unwrap_or(0);
        for oy in 0..oh {
            let Some(y) = layout.large_row(oy, ky) else {
                continue;
            };
            let to = large[(channel * h + y) * w + x..]
                .iter_mut()
                .step_by(stride);
            let from = &products[oy * ow + first..][..count];
            for (to, from) in to.zip(from) {
                *to += from;
            }
        }
    }
}
