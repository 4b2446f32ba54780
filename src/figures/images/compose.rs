//! Blocks of pictures on a page, all in one size.

use super::super::FigureError;
use super::super::ImageBatch;
use super::super::canvas::Align;
use super::super::canvas::Canvas;
use super::super::canvas::Label;
use super::super::canvas::Mark;
use super::super::canvas::Point;
use super::super::canvas::Rect;
use super::super::font::Weight;
use super::super::options::Common;
use super::super::render;
use super::super::theme;
use super::super::wrap::Lines;
use super::Tones;
use super::arrange::Block;
use super::arrange::Row;
use super::picture;

/// Between pictures, in points.
const GAP: f64 = 1.0;
/// Between blocks of pictures.
const BLOCK_GAP: f64 = 8.0;
const EDGE: f64 = 3.0;
/// Of the page, what the names of rows may take before they are broken.
const ROW_LABEL: f64 = 0.28;

/// Lays out blocks side by side as the page allows, all pictures in one size.
pub(super) fn compose(
    common: &Common,
    blocks: &[Block],
    (batches, tones): (&[&ImageBatch], Tones),
    shape: (usize, usize, usize),
    columns: usize,
    layout: &str,
) -> Result<Canvas, FigureError> {
    let theme = common.page_theme()?;
    let width = common.page_width()?;
    let font = theme.font_size;
    let title = common.title.as_deref().unwrap_or_default();
    let inner = width - 2.0 * EDGE;
    let rows = || blocks.iter().flat_map(|block| &block.rows);
    let row_label =
        |row: &Row| Lines::new(&row.label, Weight::Regular, font - 1.0, ROW_LABEL * inner);
    let row_label_width = rows().map(|row| row_label(row).width()).fold(0.0, f64::max);
    let row_label_width = match row_label_width > 0.0 {
        true => row_label_width + 4.0,
        false => 0.0,
    };
    let (_, pixel_height, pixel_width) = shape;
    let ratio = pixel_height as f64 / pixel_width as f64;
    let used = rows()
        .map(|row| row.pictures.len())
        .max()
        .unwrap_or(columns);
    // As many blocks side by side as leave pictures of 12 points or more.
    let block_at = |picture: f64| used as f64 * (picture + GAP) - GAP + row_label_width;
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
    let title = Lines::new(title, Weight::SemiBold, font + 1.0, inner);
    let title_height = match title.height() {
        0.0 => 0.0,
        height => height + 5.0,
    };
    let block_lines = |block: &Block| Lines::new(&block.title, Weight::Regular, font, per_block);
    let block_title = |block: &Block| match block_lines(block).height() {
        0.0 => 0.0,
        height => height + 4.0,
    };
    // As high as its pictures, or as its label where that has more lines.
    let row_height = |row: &Row, size: f64| (size * ratio).max(row_label(row).height());
    let block_height = |block: &Block, size: f64| {
        let opened = block.rows.iter().filter(|row| row.opens).count();
        let rows = block.rows.iter().map(|row| row_height(row, size) + GAP);
        block_title(block) + rows.sum::<f64>() + opened as f64 * 3.0
    };
    let page_height = |size: f64| {
        let rows = blocks.chunks(across).map(|row| {
            let heights = row.iter().map(|block| block_height(block, size));
            heights.fold(0.0, f64::max) + BLOCK_GAP
        });
        EDGE * 2.0 + title_height + rows.sum::<f64>() - BLOCK_GAP
    };
    if let Some(height) = common.page_height() {
        while page_height(size) > height && size > 2.0 {
            size *= 0.98;
        }
    }
    let mut canvas = Canvas::new(width, page_height(size).max(10.0));
    let like = Label::new("", font, theme::INK).align(Align::Middle);
    let at = Point::new(width / 2.0, EDGE + font - title.half());
    title.stacked(&mut canvas, at, &like);

    let block_width = block_at(size);
    let total = across as f64 * (block_width + BLOCK_GAP) - BLOCK_GAP;
    let left = ((width - total) / 2.0).max(EDGE);
    let mut y = EDGE + title_height;
    for row_of_blocks in blocks.chunks(across) {
        let mut x = left;
        for block in row_of_blocks {
            let middle = x + row_label_width + (block_width - row_label_width) / 2.0;
            let lines = block_lines(block);
            let half = lines.width() / 2.0 + EDGE;
            let middle = middle.clamp(half.min(width / 2.0), (width - half).max(width / 2.0));
            let at = Point::new(middle, y + font - 1.0 - lines.half());
            lines.stacked(&mut canvas, at, &like);
            let mut top = y + block_title(block);
            for row in &block.rows {
                if row.opens {
                    top += 3.0;
                }
                let height = row_height(row, size);
                let label = Label::new("", font, theme::INK).align(Align::End);
                let at = Point::new(x + row_label_width - 4.0, top + height / 2.0);
                row_label(row).centred(&mut canvas, at, &label);
                strip(
                    &mut canvas,
                    row,
                    (batches, tones),
                    Point::new(x + row_label_width, top + (height - size * ratio) / 2.0),
                    (size, size * ratio),
                )?;
                top += height + GAP;
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
    (batches, tones): (&[&ImageBatch], Tones),
    at: Point,
    (width, height): (f64, f64),
) -> Result<(), FigureError> {
    for (i, &(b, index)) in row.pictures.iter().enumerate() {
        let batch = batches[b];
        let values = picture(batch, index);
        let area = batch.height * batch.width;
        let pixels: Vec<u8> = (0..area)
            .flat_map(|p| (0..batch.channels).map(move |c| tones.byte(values[c * area + p])))
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
