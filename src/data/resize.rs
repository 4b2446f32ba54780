//! Cropping and shrinking of pictures.
//!
//! Shrinking averages the area that a target pixel covers, with fractions at its borders: no ringing,
//! no dependence on a phase, and the mean stays.

/// How bright a channel of a pixel is, in as many bits as its file has.
pub(super) trait Level: Copy + Default + PartialEq + Into<u32> {
    /// The level of a number that is one.
    fn of(level: u32) -> Self;
}

impl Level for u8 {
    fn of(level: u32) -> Self {
        level as u8
    }
}

impl Level for u16 {
    fn of(level: u32) -> Self {
        level as u16
    }
}

/// A picture of interleaved red, green and blue levels, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture<L = u8> {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<L>,
}

impl<L: Level> Picture<L> {
    /// The square of this side around the centre, if it fits. Odd remainders go to the right and
    /// the bottom.
    pub(super) fn center_crop(&self, side: usize) -> Option<Self> {
        let left = self.width.checked_sub(side)? / 2;
        let top = self.height.checked_sub(side)? / 2;
        let rows = self.pixels.chunks(3 * self.width).skip(top).take(side);
        Some(Picture {
            width: side,
            height: side,
            pixels: rows
                .flat_map(|row| row[3 * left..3 * (left + side)].to_vec())
                .collect(),
        })
    }

    /// The picture as planes `[3, side, side]`, each pixel the mean of the area it covers.
    pub(super) fn planes(&self, side: usize) -> Vec<L> {
        let across = cover(self.width, side);
        let down = cover(self.height, side);
        let mut planes = vec![L::default(); 3 * side * side];
        for (y, rows) in down.iter().enumerate() {
            for (x, columns) in across.iter().enumerate() {
                let mut sums = [0.0; 3];
                for (row, height) in rows {
                    for (column, width) in columns {
                        let at = 3 * (row * self.width + column);
                        for (sum, value) in sums.iter_mut().zip(&self.pixels[at..at + 3]) {
                            *sum += height * width * f64::from((*value).into());
                        }
                    }
                }
                for (channel, sum) in sums.into_iter().enumerate() {
                    planes[(channel * side + y) * side + x] = L::of(sum.round() as u32);
                }
            }
        }
        planes
    }
}

/// For each of `target` pixels the source pixels under it, with weights that add up to one.
fn cover(source: usize, target: usize) -> Vec<Vec<(usize, f64)>> {
    let scale = source as f64 / target as f64;
    let pixels = (0..target).map(|i| {
        let (start, end) = (scale * i as f64, scale * (i + 1) as f64);
        let last = (end.ceil() as usize).min(source);
        let under = start as usize..last;
        under
            .map(|j| {
                let overlap = end.min((j + 1) as f64) - start.max(j as f64);
                (j, overlap.max(0.0) / scale)
            })
            .collect()
    });
    pixels.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, values: &[u8]) -> Picture {
        Picture {
            width,
            height,
            pixels: values.iter().flat_map(|value| [*value; 3]).collect(),
        }
    }

    #[test]
    fn a_crop_is_centred() {
        let picture = grey(3, 4, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let crop = picture.center_crop(2).expect("it fits");
        assert_eq!(crop, grey(2, 2, &[4, 5, 7, 8]));
        assert_eq!(picture.center_crop(4), None);
    }

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        // Three pixels to two: weights 2/3 and 1/3 in each direction.
        let picture = grey(3, 3, &[90, 0, 0, 0, 0, 0, 0, 0, 180]);
        let planes = picture.planes(2);
        assert_eq!(planes[..4], [40, 0, 0, 80]);
        assert_eq!(planes[..4], planes[8..]);
    }

    #[test]
    fn the_mean_of_a_picture_stays() {
        let values: Vec<u8> = (0..148 * 148).map(|i| (i * 7 % 251) as u8).collect();
        let planes = grey(148, 148, &values).planes(64);
        let mean =
            |values: &[u8]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
        // Rounding adds at most half a level a pixel, and cancels on average.
        assert!((mean(&planes) - mean(&values)).abs() < 0.05);
    }
}
