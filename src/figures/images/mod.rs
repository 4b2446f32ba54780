//! Grids of pictures: samples, reconstructions under their originals, nearest neighbours.

mod arrange;
mod compose;

use std::fmt::Write;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Caption;
use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::ImageBatch;
use super::Source;
use super::named::Named;
use super::options::Common;
use super::options::range;
use super::scale::coordinate;

use arrange::Arrangement;
use arrange::Block;
use compose::compose;

pub(super) struct Images;

params! {
    /// What `figure/images` may be given.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    struct ImagesParams {
        /// how pictures stand together
        layout: String = "grid", choices(&["grid", "rows", "pairs", "neighbours"]);
        /// rows of pictures in a block, or of pairs
        rows: Option<usize>, min(1), max(100);
        /// pictures in a row
        columns: usize = 8, min(1), max(100);
        /// axis or axes that name a block; by default those that differ
        label: Option<Names>;
        /// names of the two rows of a pair
        row_labels: Option<Vec<String>>;
        /// values drawn black and white [default: 0 and 1, or what most values lie between where they do not lie there]
        value_range: Option<Vec<f64>>;
        named: Named;
        common: Common;
    }
}

impl Entry for Images {
    fn name(&self) -> &'static str {
        "images"
    }

    fn summary(&self) -> &'static str {
        "grids of samples, reconstructions under originals, nearest neighbours"
    }

    fn docs(&self) -> &'static str {
        "`grid`: a block of `rows` × `columns` pictures per cell. `rows`: one row per cell. `pairs`: \
         rows of originals (the reference) over rows of reconstructions, picture i under original i; \
         without a reference the first half of each batch is taken for the originals. `neighbours`: \
         each picture over the reference picture of least squared distance. Pictures keep their \
         pixels; values outside of `value_range` are cut off. Without it that is [0, 1], or for pictures of \
         another scale what all but the hundredth part of the values on either side lie between, and the \
         caption says so."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ImagesParams::params()
    }
}

impl Figure for Images {
    fn source(&self) -> Source {
        Source::Images
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ImagesParams::read(values)?;
        if input.images.is_empty() {
            return Err(FigureError::Empty("no pictures came in".to_owned()));
        }
        let mut batches: Vec<&ImageBatch> = input.images.iter().map(|(_, batch)| batch).collect();
        batches.extend(&input.reference);
        let shape = check(&batches)?;
        let tones = Tones::new(&batches, range("value_range", &params.value_range)?);
        let layout = params.layout.as_str();
        let (columns, rows) = (params.columns, params.rows);
        let shown = params.label.unwrap_or_default().0;
        let titles: Vec<String> = input
            .images
            .iter()
            .map(|(labels, _)| title(labels, |name| shown.is_empty() || shown.contains(name)))
            .collect();
        // What all blocks share tells none of them apart.
        let differs = |name: &String| {
            let mut values = input.images.iter().map(|(labels, _)| {
                let own = labels.iter().find(|(own, _)| own == name);
                own.map(|(_, value)| value)
            });
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let block_titles: Vec<String> = input
            .images
            .iter()
            .map(|(labels, _)| match shown.is_empty() {
                true => title(labels, differs),
                false => title(labels, |name| shown.contains(name)),
            })
            .collect();
        let row_labels = params.row_labels.unwrap_or_default();
        let reference = input.reference.as_ref().map(|_| batches.len() - 1);
        let arrangement = Arrangement {
            batches: &batches,
            count: input.images.len(),
            reference,
            titles: &titles,
            block_titles: &block_titles,
            columns,
            rows,
            row_labels: &row_labels,
        };
        let blocks = match layout {
            "rows" => arrangement.one_row_each(),
            "pairs" => arrangement.pairs()?,
            "neighbours" => arrangement.neighbours()?,
            _ => arrangement.grids(),
        };
        if blocks.iter().all(|block| block.rows.is_empty()) {
            return Err(FigureError::Empty(
                "every batch of pictures is empty".to_owned(),
            ));
        }
        let canvas = compose(
            &params.common,
            &blocks,
            (&batches, tones),
            shape,
            columns,
            layout,
        )?;
        let title = match params.common.title {
            Some(title) => title,
            None => titles.join("; "),
        };
        Ok(Drawn {
            warnings: Vec::new(),
            canvas,
            title,
            csv: listing(&blocks, &arrangement),
            caption: Caption::of(&caption(layout, &blocks, &arrangement, shape, tones)),
        })
    }
}

/// Which values are black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tones {
    black: f32,
    white: f32,
}

/// What of the values may lie so far outside of [0, 1], as noise and what a model adds do, before another range is taken.
const STRAY: (f64, f32) = (0.02, 0.1);

impl Tones {
    fn new(batches: &[&ImageBatch], given: Option<(f64, f64)>) -> Self {
        if let Some((black, white)) = given {
            let [black, white] = [black, white].map(|end| end as f32);
            return Tones { black, white };
        }
        let unit = Tones {
            black: 0.0,
            white: 1.0,
        };
        let values = batches.iter().flat_map(|batch| &batch.data);
        let mut values: Vec<f32> = values.copied().filter(|value| value.is_finite()).collect();
        let (share, far) = STRAY;
        let stray = values.iter().filter(|v| **v < -far || **v > 1.0 + far);
        if stray.count() as f64 <= share * values.len() as f64 {
            return unit;
        }
        values.sort_unstable_by(f32::total_cmp);
        let cut = values.len() / 100;
        let (black, white) = (values[cut], values[values.len() - 1 - cut]);
        match black < white {
            true => Tones { black, white },
            false => unit,
        }
    }

    /// NaN becomes 0: a hole in a picture is black, as it is on every screen.
    fn byte(self, value: f32) -> u8 {
        let share = (value - self.black) / (self.white - self.black);
        (share.clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

/// Channels, height and width, which all batches share; one without pictures, as of a training that
/// diverged, has none.
fn check(batches: &[&ImageBatch]) -> Result<(usize, usize, usize), FigureError> {
    let mut filled = batches.iter().filter(|batch| batch.n > 0).peekable();
    let Some(first) = filled.peek() else {
        return Err(FigureError::Empty(
            "every batch of pictures is empty".to_owned(),
        ));
    };
    let shape = (first.channels, first.height, first.width);
    for batch in filled {
        let (c, h, w) = (batch.channels, batch.height, batch.width);
        if (c, h, w) != shape {
            return Err(FigureError::Pictures(format!(
                "one batch is {c} × {h} × {w}, another {} × {} × {}",
                shape.0, shape.1, shape.2
            )));
        }
        if batch.data.len() != batch.n * c * h * w {
            return Err(FigureError::Pictures(format!(
                "{} pictures of {c} × {h} × {w} need {} values, {} came in",
                batch.n,
                batch.n * c * h * w,
                batch.data.len()
            )));
        }
    }
    if !matches!(shape.0, 1 | 3) || shape.1 == 0 || shape.2 == 0 {
        return Err(FigureError::Pictures(format!(
            "{} channels of {} × {} pixels are neither grey (1) nor red, green, blue (3)",
            shape.0, shape.1, shape.2
        )));
    }
    Ok(shape)
}

/// `mapa, nearest = half`: the values of the shown axes, numbers with their names.
fn title(labels: &[(String, String)], shown: impl Fn(&String) -> bool) -> String {
    let names = labels.iter().filter(|(name, _)| shown(name));
    let names: Vec<String> = names
        .map(|(name, value)| match value.parse::<f64>() {
            Ok(number) => {
                let name = if name.contains('\\') {
                    name.clone()
                } else {
                    name.replace('_', " ")
                };
                format!("{name} = {}", coordinate(&number.into()))
            }
            Err(_) => coordinate(&value.as_str().into()),
        })
        .collect();
    names.join(", ")
}

fn picture(batch: &ImageBatch, i: usize) -> &[f32] {
    let size = batch.channels * batch.height * batch.width;
    &batch.data[i * size..(i + 1) * size]
}

/// Which picture stands where, with its mean value.
fn listing(blocks: &[Block], arrangement: &Arrangement) -> String {
    let mut text = "block,row,column,source,index,mean\n".to_owned();
    for (b, block) in blocks.iter().enumerate() {
        for (r, row) in block.rows.iter().enumerate() {
            for (c, &(batch, index)) in row.pictures.iter().enumerate() {
                let source = match arrangement.titles.get(batch) {
                    Some(title) => title.replace('"', "\"\""),
                    None => "reference".to_owned(),
                };
                let values = picture(arrangement.batches[batch], index);
                let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
                let mean = sum / values.len() as f64;
                let _ = writeln!(text, "{b},{r},{c},\"{source}\",{index},{mean}");
            }
        }
    }
    text
}

fn caption(
    layout: &str,
    blocks: &[Block],
    arrangement: &Arrangement,
    (channels, height, width): (usize, usize, usize),
    tones: Tones,
) -> String {
    let shown: usize = blocks
        .iter()
        .flat_map(|block| &block.rows)
        .map(|row| row.pictures.len())
        .sum();
    let what = match layout {
        "pairs" => format!("{} reconstructions, each under its original", shown / 2),
        "neighbours" => format!(
            "{} samples, each over its nearest neighbour (least squared distance) among {} pictures",
            shown / 2,
            arrangement
                .reference
                .map_or(0, |r| arrangement.batches[r].n)
        ),
        _ => format!("{shown} pictures, the first of each batch, not selected"),
    };
    let kind = if channels == 1 { "grey" } else { "colour" };
    let tones = match (tones.black, tones.white) {
        (0.0, 1.0) => String::new(),
        (black, white) => {
            let [black, white] = [black, white].map(|end| coordinate(&f64::from(end).into()));
            format!(" Values up to {black} are black, from {white} on white.")
        }
    };
    format!("{what}; {width} × {height} pixels, {kind}.{tones}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_another_scale_have_tones_of_their_own() {
        let tones = |values: &[f32], given| {
            let batch = ImageBatch {
                n: 1,
                channels: 1,
                height: 1,
                width: values.len(),
                data: values.to_vec(),
            };
            let tones = Tones::new(&[&batch], given);
            (tones.black, tones.white)
        };
        let ramp = |low: f32, high: f32| -> Vec<f32> {
            (0..=100)
                .map(|i| low + (high - low) * i as f32 / 100.0)
                .collect()
        };
        assert_eq!(tones(&ramp(0.0, 1.0), None), (0.0, 1.0));
        // A little beyond is what samples with noise do.
        assert_eq!(tones(&ramp(-0.1, 1.1), None), (0.0, 1.0));
        assert_eq!(tones(&ramp(0.0, 0.3), None), (0.0, 1.0));
        // All but a hundredth on either side.
        assert_eq!(tones(&ramp(-100.0, 100.0), None), (-98.0, 98.0));
        assert_eq!(
            tones(&ramp(-100.0, 100.0), Some((0.0, 255.0))),
            (0.0, 255.0)
        );
        assert_eq!(tones(&[7.0; 5], None), (0.0, 1.0));
        let tones = Tones {
            black: -1.0,
            white: 1.0,
        };
        assert_eq!([-3.0, 0.0, 1.0].map(|v| tones.byte(v)), [0, 128, 255]);
        assert_eq!(tones.byte(f32::NAN), 0);
    }
}
