//! Grids of pictures: samples, reconstructions under their originals, nearest neighbours.

use std::fmt::Write;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;

use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::ImageBatch;
use super::Rendered;
use super::Source;
use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Label;
use super::canvas::Mark;
use super::canvas::Point;
use super::canvas::Rect;
use super::named;
use super::options;
use super::options::Options;
use super::render;
use super::scale::coordinate;
use super::theme;

/// Between pictures, in points.
const GAP: f64 = 1.0;
/// Between blocks of pictures.
const BLOCK_GAP: f64 = 8.0;
const EDGE: f64 = 3.0;

pub(super) struct Images;

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
         pixels; values outside [0, 1] are cut off."
    }

    fn params(&self) -> Vec<Param> {
        let mut params = vec![
            Param::choice(
                "layout",
                &["grid", "rows", "pairs", "neighbours"],
                "how pictures stand together",
            )
            .default("grid"),
            Param::int("rows", "rows of pictures in a block, or of pairs")
                .min(1)
                .max(100)
                .optional(),
            Param::int("columns", "pictures in a row")
                .min(1)
                .max(100)
                .default(8),
            Param::any(
                "label",
                "axis or axes that name a block; by default those that differ",
            )
            .optional(),
            Param::list(
                "row_labels",
                crate::registry::ParamType::Str,
                "names of the two rows of a pair",
            )
            .optional(),
        ];
        params.extend(named::params());
        params.extend(options::common());
        params
    }
}

/// Pictures that stand together under one name.
struct Block {
    title: String,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    /// Batch and position in it.
    pictures: Vec<(usize, usize)>,
    /// More room above: a new pair.
    opens: bool,
}

impl Figure for Images {
    fn source(&self) -> Source {
        Source::Images
    }

    fn paint(&self, input: &FigureInput, params: &Values) -> Result<Rendered, FigureError> {
        let options = Options(params);
        if input.images.is_empty() {
            return Err(FigureError::Empty("no pictures came in".to_owned()));
        }
        let mut batches: Vec<&ImageBatch> = input.images.iter().map(|(_, batch)| batch).collect();
        batches.extend(&input.reference);
        let shape = check(&batches)?;
        let layout = options.text("layout")?.unwrap_or("grid");
        let columns = options.count("columns")?.unwrap_or(8);
        let rows = options.count("rows")?;
        let shown = options.names("label")?;
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
        let row_labels = options.names("row_labels")?;
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
        let canvas = compose(&options, &blocks, &batches, shape, columns, layout)?;
        let title = match options.text("title")? {
            Some(title) => title.to_owned(),
            None => titles.join("; "),
        };
        let files = render::files(&canvas, &title)?;
        Ok(Rendered {
            svg: files.svg,
            pdf: files.pdf,
            png: files.png,
            csv: listing(&blocks, &arrangement),
            caption: caption(layout, &blocks, &arrangement, shape),
        })
    }
}

/// Channels, height and width, which all batches share.
fn check(batches: &[&ImageBatch]) -> Result<(usize, usize, usize), FigureError> {
    let first = batches[0];
    let shape = (first.channels, first.height, first.width);
    for batch in batches {
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
            Err(_) => value.clone(),
        })
        .collect();
    names.join(", ")
}

struct Arrangement<'a> {
    /// Those of the cells, then the reference.
    batches: &'a [&'a ImageBatch],
    count: usize,
    reference: Option<usize>,
    /// Where each comes from.
    titles: &'a [String],
    /// As blocks and rows are called.
    block_titles: &'a [String],
    columns: usize,
    rows: Option<usize>,
    row_labels: &'a [String],
}

impl Arrangement<'_> {
    fn grids(&self) -> Vec<Block> {
        let block = |b: usize| {
            let limit = self.rows.unwrap_or(8) * self.columns;
            let pictures: Vec<usize> = (0..self.batches[b].n.min(limit)).collect();
            let rows = pictures.chunks(self.columns).map(|row| Row {
                label: String::new(),
                pictures: row.iter().map(|&i| (b, i)).collect(),
                opens: false,
            });
            Block {
                title: self.block_titles[b].clone(),
                rows: rows.collect(),
            }
        };
        (0..self.count).map(block).collect()
    }

    fn one_row_each(&self) -> Vec<Block> {
        let row = |b: usize| Row {
            label: self.block_titles[b].clone(),
            pictures: (0..self.batches[b].n.min(self.columns))
                .map(|i| (b, i))
                .collect(),
            opens: false,
        };
        vec![Block {
            title: String::new(),
            rows: (0..self.count).map(row).collect(),
        }]
    }

    fn pairs(&self) -> Result<Vec<Block>, FigureError> {
        let pair = |b: usize| {
            let n = self.batches[b].n;
            let (original, partner): ((usize, usize), usize) = match self.reference {
                Some(reference) if self.batches[reference].n < n => {
                    return Err(FigureError::Pictures(format!(
                        "{n} reconstructions have {} originals",
                        self.batches[reference].n
                    )));
                }
                Some(reference) => ((reference, 0), 0),
                None if n % 2 == 1 => {
                    return Err(FigureError::Pictures(format!(
                        "{n} pictures are no pairs of originals and reconstructions"
                    )));
                }
                None => ((b, 0), n / 2),
            };
            let count = n - partner;
            Ok(self.paired(b, count, |i| original_of(original, i), |i| (b, partner + i)))
        };
        (0..self.count).map(pair).collect()
    }

    fn neighbours(&self) -> Result<Vec<Block>, FigureError> {
        let reference = self.reference.ok_or_else(|| {
            FigureError::Pictures("neighbours are sought in a reference, and none came in".into())
        })?;
        let block = |b: usize| {
            let n = self.batches[b].n.min(self.rows.unwrap_or(2) * self.columns);
            let nearest: Vec<usize> = (0..n)
                .map(|i| nearest(self.batches[b], i, self.batches[reference]))
                .collect();
            self.paired(b, n, |i| (b, i), |i| (reference, nearest[i]))
        };
        if self.batches[reference].n == 0 {
            return Err(FigureError::Empty(
                "the reference has no pictures".to_owned(),
            ));
        }
        Ok((0..self.count).map(block).collect())
    }

    /// Rows of upper pictures over rows of lower ones.
    fn paired(
        &self,
        b: usize,
        count: usize,
        upper: impl Fn(usize) -> (usize, usize),
        lower: impl Fn(usize) -> (usize, usize),
    ) -> Block {
        let shown: Vec<usize> = (0..count.min(self.rows.unwrap_or(2) * self.columns)).collect();
        let label = |i: usize| self.row_labels.get(i).cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for (r, row) in shown.chunks(self.columns).enumerate() {
            rows.push(Row {
                label: label(0),
                pictures: row.iter().map(|&i| upper(i)).collect(),
                opens: r > 0,
            });
            rows.push(Row {
                label: label(1),
                pictures: row.iter().map(|&i| lower(i)).collect(),
                opens: false,
            });
        }
        Block {
            title: self.block_titles[b].clone(),
            rows,
        }
    }
}

fn original_of(first: (usize, usize), i: usize) -> (usize, usize) {
    (first.0, first.1 + i)
}

/// The picture of `among` at the least squared distance; the first of equals.
fn nearest(batch: &ImageBatch, i: usize, among: &ImageBatch) -> usize {
    let own = picture(batch, i);
    let distance = |j: usize| -> f64 {
        let pairs = own.iter().zip(picture(among, j));
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let distances: Vec<f64> = (0..among.n).map(distance).collect();
    let order = (0..among.n).min_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    order.unwrap_or(0)
}

fn picture(batch: &ImageBatch, i: usize) -> &[f32] {
    let size = batch.channels * batch.height * batch.width;
    &batch.data[i * size..(i + 1) * size]
}

/// Lays out blocks side by side as the page allows, all pictures in one size.
fn compose(
    options: &Options,
    blocks: &[Block],
    batches: &[&ImageBatch],
    shape: (usize, usize, usize),
    columns: usize,
    layout: &str,
) -> Result<Canvas, FigureError> {
    let theme = options.theme()?;
    let width = options.width()?;
    let font = theme.font_size;
    let title = options.text("title")?.unwrap_or_default();
    let row_label_width = blocks
        .iter()
        .flat_map(|block| &block.rows)
        .map(|row| Label::new(&row.label, font - 1.0, theme::INK).width())
        .fold(0.0, f64::max);
    let row_label_width = match row_label_width > 0.0 {
        true => row_label_width + 4.0,
        false => 0.0,
    };
    let (_, pixel_height, pixel_width) = shape;
    let ratio = pixel_height as f64 / pixel_width as f64;
    let used = blocks
        .iter()
        .flat_map(|block| &block.rows)
        .map(|row| row.pictures.len())
        .max()
        .unwrap_or(columns);
    // As many blocks side by side as leave pictures of 12 points or more.
    let block_at = |picture: f64| used as f64 * (picture + GAP) - GAP + row_label_width;
    let inner = width - 2.0 * EDGE;
    let mut across = 1;
    while across < blocks.len()
        && layout != "rows"
        && (across + 1) as f64 * (block_at(13.0) + BLOCK_GAP) - BLOCK_GAP <= inner
    {
        across += 1;
    }
    let across = blocks.len().div_ceil(blocks.len().div_ceil(across));
    let per_block = (inner - BLOCK_GAP * (across - 1) as f64) / across as f64;
    let room = (per_block - row_label_width + GAP) / used as f64 - GAP;
    // Pictures of few pixels need not fill the page.
    let mut size = room.clamp(2.0, 60.0);
    let title_height = if title.is_empty() { 0.0 } else { font + 6.0 };
    let block_title = |block: &Block| {
        if block.title.is_empty() {
            0.0
        } else {
            font + 4.0
        }
    };
    let block_height = |block: &Block, size: f64| {
        let opened = block.rows.iter().filter(|row| row.opens).count();
        block_title(block) + block.rows.len() as f64 * (size * ratio + GAP) + opened as f64 * 3.0
    };
    let page_height = |size: f64| {
        let rows = blocks.chunks(across).map(|row| {
            let heights = row.iter().map(|block| block_height(block, size));
            heights.fold(0.0, f64::max) + BLOCK_GAP
        });
        EDGE * 2.0 + title_height + rows.sum::<f64>() - BLOCK_GAP
    };
    if let Some(height) = options.height()? {
        while page_height(size) > height && size > 2.0 {
            size *= 0.98;
        }
    }
    let mut canvas = Canvas::new(width, page_height(size).max(10.0));
    let page = Rect {
        x: 0.0,
        y: 0.0,
        width,
        height: canvas.height,
    };
    canvas.rect(page, theme::PAPER);
    let label = Label::new(title, font + 1.0, theme::INK).bold();
    canvas.text(
        Point::new(width / 2.0, EDGE + font),
        label.align(Align::Middle),
    );

    let block_width = block_at(size);
    let total = across as f64 * (block_width + BLOCK_GAP) - BLOCK_GAP;
    let left = ((width - total) / 2.0).max(EDGE);
    let mut y = EDGE + title_height;
    for row_of_blocks in blocks.chunks(across) {
        let mut x = left;
        for block in row_of_blocks {
            let middle = x + row_label_width + (block_width - row_label_width) / 2.0;
            let label = Label::new(&block.title, font, theme::INK).align(Align::Middle);
            canvas.text(Point::new(middle, y + font - 1.0), label);
            let mut top = y + block_title(block);
            for row in &block.rows {
                if row.opens {
                    top += 3.0;
                }
                let label = Label::new(&row.label, font - 1.0, theme::INK).align(Align::End);
                let at = Point::new(x + row_label_width - 4.0, top + size * ratio / 2.0);
                canvas.centred(at, label);
                strip(
                    &mut canvas,
                    row,
                    batches,
                    Point::new(x + row_label_width, top),
                    (size, size * ratio),
                )?;
                top += size * ratio + GAP;
            }
            x += block_width + BLOCK_GAP;
        }
        let heights = row_of_blocks.iter().map(|block| block_height(block, size));
        y += heights.fold(0.0, f64::max) + BLOCK_GAP;
    }
    Ok(canvas)
}

/// One row of pictures.
fn strip(
    canvas: &mut Canvas,
    row: &Row,
    batches: &[&ImageBatch],
    at: Point,
    (width, height): (f64, f64),
) -> Result<(), FigureError> {
    for (i, &(b, index)) in row.pictures.iter().enumerate() {
        let batch = batches[b];
        let values = picture(batch, index);
        let area = batch.height * batch.width;
        let byte = |value: f32| {
            // NaN becomes 0: a hole in a picture is black, as it is on every screen.
            (value.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let pixels: Vec<u8> = (0..area)
            .flat_map(|p| (0..batch.channels).map(move |c| byte(values[c * area + p])))
            .collect();
        let png = render::encode_png(batch.width as u32, batch.height as u32, &pixels, false)?;
        canvas.marks.push(Mark::Picture {
            frame: Rect {
                x: at.x + i as f64 * (width + GAP),
                y: at.y,
                width,
                height,
            },
            png,
            about: format!("picture {index}"),
        });
    }
    Ok(())
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
    format!("{what}; {width} × {height} pixels, {kind}.\n")
}
