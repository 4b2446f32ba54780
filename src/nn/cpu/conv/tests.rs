//! Convolutions against their twins, and their bytes at several numbers of threads.

use dfdx::prelude::Cpu;

use crate::nn::backend::Backend;
use crate::nn::compose;
use crate::nn::cpu::tests::{ACTIVATIONS, agree, normal};
use crate::nn::layers::window::Layout;
use crate::nn::layers::{Activation, Padding, Window};
use crate::nn::random::Seed;
use crate::nn::tape::Tape;
use crate::nn::tensor::{Images, Matrix, Vector};

/// Images, channels, size, and the window over the large ones: every path and both sides of its
/// border, tiles and panels with and without a remainder.
fn layouts() -> Vec<Layout> {
    let causal = Window {
        kernel: (2, 3),
        stride: (1, 1),
        padding: Padding {
            top: 2,
            bottom: 0,
            left: 1,
            right: 1,
        },
    };
    let uneven = Window {
        kernel: (3, 2),
        stride: (2, 3),
        padding: Padding {
            top: 0,
            bottom: 2,
            left: 1,
            right: 0,
        },
    };
    [
        (Window::square(4, 2, 1), 3, (9, 8, 8), 17),
        (Window::square(4, 2, 1), 9, (3, 6, 4), 5),
        (Window::square(3, 1, 1), 2, (16, 5, 6), 32),
        (Window::square(5, 2, 2), 2, (8, 7, 7), 3),
        (Window::square(3, 1, 3), 2, (8, 2, 3), 4),
        (Window::square(4, 1, 0), 7, (5, 4, 4), 6),
        (Window::square(1, 1, 0), 3, (6, 3, 5), 10),
        (Window::square(1, 2, 0), 3, (8, 5, 5), 10),
        (Window::square(2, 3, 0), 1, (8, 8, 8), 1),
        (causal, 2, (9, 4, 5), 4),
        (uneven, 2, (10, 6, 7), 3),
    ]
    .map(|(window, n, large, o)| {
        let (c, h, w) = large;
        let (kh, kw) = window.kernel;
        Layout::convolution(window, (n, c, h, w), (o, c, kh, kw))
    })
    .to_vec()
}

/// Rows and columns of the large image that no kernel reaches at the lower and right side.
fn left_over(layout: &Layout) -> (usize, usize) {
    let plain = layout
        .window
        .large((layout.small.1, layout.small.2), (0, 0));
    (layout.large.1 - plain.0, layout.large.2 - plain.1)
}

struct Operands {
    large: Images<Cpu>,
    small: Images<Cpu>,
    weight: Images<Cpu>,
    bias: Vector<Cpu>,
}

/// Matrices as the operands of a convolution; the bias is as long as `channels` says.
fn operands(layout: &Layout, x: &[Matrix<Cpu>], channels: usize) -> Operands {
    let ((c, h, w), (o, oh, ow)) = (layout.large, layout.small);
    let (kh, kw) = layout.window.kernel;
    let n = layout.images;
    Operands {
        large: x[0].clone().reshape((n, c, h, w)),
        small: x[1].clone().reshape((n, o, oh, ow)),
        weight: x[2].clone().reshape((o, c, kh, kw)),
        bias: x[3].clone().reshape((channels,)),
    }
}

fn sizes(layout: &Layout, channels: usize) -> [(usize, usize); 4] {
    let (large, small) = (layout.large.0 * layout.large_pixels(), layout.small.0);
    [
        (layout.images, large),
        (layout.images, small * layout.small_pixels()),
        (small, layout.taps()),
        (1, channels),
    ]
}

fn flat(y: Images<Cpu>) -> Matrix<Cpu> {
    let n = y.len();
    y.reshape((1, n))
}

#[test]
fn convolutions_agree_with_their_twin() {
    for (i, layout) in layouts().iter().enumerate() {
        let activation = ACTIVATIONS[i % ACTIVATIONS.len()];
        let (o, window) = (layout.small.0, layout.window);
        agree(
            &format!("{layout:?} {activation:?}"),
            &normal(&sizes(layout, o)),
            &|x| {
                let x = operands(layout, x, o);
                flat(Cpu::conv2d(
                    x.large,
                    x.weight,
                    Some(x.bias),
                    window,
                    activation,
                ))
            },
            &|x| {
                let x = operands(layout, x, o);
                flat(compose::conv::conv2d(
                    x.large,
                    x.weight,
                    Some(x.bias),
                    window,
                    activation,
                ))
            },
        );
    }
}

#[test]
fn transposed_convolutions_agree_with_their_twin() {
    for (i, layout) in layouts().iter().enumerate() {
        let activation = ACTIVATIONS[i % ACTIVATIONS.len()];
        let (c, window, extra) = (layout.large.0, layout.window, left_over(layout));
        agree(
            &format!("transposed {layout:?} {activation:?}"),
            &normal(&sizes(layout, c)),
            &|x| {
                let x = operands(layout, x, c);
                let bias = Some(x.bias);
                flat(Cpu::conv_transpose2d(
                    x.small, x.weight, bias, window, extra, activation,
                ))
            },
            &|x| {
                let x = operands(layout, x, c);
                let bias = Some(x.bias);
                let y = compose::conv::conv_transpose2d(
                    x.small, x.weight, bias, window, extra, activation,
                );
                flat(y)
            },
        );
    }
}

#[test]
fn convolutions_without_bias_agree_with_their_twin() {
    for layout in layouts() {
        let (window, none) = (layout.window, Activation::Identity);
        agree(
            &format!("{layout:?}"),
            &normal(&sizes(&layout, 1)),
            &|x| {
                let x = operands(&layout, x, 1);
                flat(Cpu::conv2d(x.large, x.weight, None, window, none))
            },
            &|x| {
                let x = operands(&layout, x, 1);
                flat(compose::conv::conv2d(x.large, x.weight, None, window, none))
            },
        );
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_convolution() {
    let layout = Layout::convolution(Window::square(4, 2, 1), (21, 9, 8, 8), (18, 9, 4, 4));
    let [large, small, weight, bias] = sizes(&layout, 18).map(|(a, b)| a * b);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a small pool").install(|| {
            let (device, tape, seed) = (Cpu::default(), Tape::recording(), Seed::new(3));
            let draw = |i, n, shape| {
                let tensor: Images<Cpu> = device.constant(seed.stream(i).normal(n), shape);
                tensor.watched(&tape)
            };
            let x = draw(0, large, (21, 9, 8, 8));
            let w = draw(1, weight, (18, 9, 4, 4));
            let b = device.vector(seed.stream(2).normal(bias)).watched(&tape);
            let (window, tanh) = (layout.window, Activation::Tanh);
            let y = Cpu::conv2d(x.clone(), w.clone(), Some(b.clone()), window, tanh);
            let z = Cpu::conv_transpose2d(y.clone(), w.clone(), None, window, (0, 0), tanh);
            let upstream = device.constant(seed.stream(3).normal(large), (21, 9, 8, 8));
            let mut all = vec![y.to_vec(), z.to_vec()];
            let mut gradients = (z * upstream).sum().backward();
            all.push(gradients.of(&x).to_vec());
            all.push(gradients.of(&w).to_vec());
            all.push(gradients.of(&b).to_vec());
            all
        })
    };
    let one = run(1);
    assert_eq!(one[0].len(), small);
    assert!(one == run(2) && one == run(5));
}
