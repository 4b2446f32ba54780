//! A surface over two numeric axes: colours, level lines, and points marked on it.

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::text::plural;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Source;
use super::axes;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Mark;
use super::canvas::Point;
use super::colormap;
use super::colormap::Colours;
use super::field::Field;
use super::finish;
use super::grammar::capital;
use super::level_labels::LevelLabels;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::marks::Marks;
use super::numbers;
use super::numbers::Format;
use super::options;
use super::options::AxisParams;
use super::options::ColourParams;
use super::options::FacetParams;
use super::options::Panels;
use super::render;
use super::scale::Scale;
use super::sheet::Axis;
use super::sheet::ColourBar;
use super::sheet::Frame;
use super::theme;
use super::ticks;

pub(super) struct Contour;

params! {
    /// What `figure/contour` may be given.
    struct ContourParams {
        /// column of numbers along x
        x: String;
        /// column of numbers along y
        y: String;
        /// column of numbers shown as height
        value: String;
        /// column of `points` with a marker and a colour per value
        mark: Option<String>;
        /// about how many level lines
        levels: usize = 8, min(1), max(40);
        /// whether level lines carry their heights
        label_levels: bool = true;
        colours: ColourParams;
        facets: FacetParams;
        axes: AxisParams;
    }
}

impl Entry for Contour {
    fn name(&self) -> &'static str {
        "contour"
    }

    fn summary(&self) -> &'static str {
        "a surface over two numeric axes with level lines and marked points"
    }

    fn docs(&self) -> &'static str {
        "The rows form a grid of x and y; repeated places are averaged. Between grid points the \
         surface is bilinear; a missing grid point leaves its neighbourhood empty, and rows of which no four are the corners of a cell \
         are no surface. The slot `points` \
         adds markers: in every panel, or where they have the columns of the facets, each in its own."
    }

    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        ContourParams::params()
    }
}

impl Figure for Contour {
    fn source(&self) -> Source {
        Source::Surface
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ContourParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let table = &input.table;
        let mapping = Mapping::new(&params.x, vec![params.y], &params.facets)?;
        let marks = Marks::new(input, &mapping, params.mark.as_deref())?;
        let value_name = &params.value;
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
        let (x, y, z) = (
            column(&mapping.x)?,
            column(&mapping.y[0])?,
            column(value_name)?,
        );
        let facets = axes::facets(panels, table, &mapping)?;
        let fields = facets
            .panels
            .iter()
            .map(|panel| {
                let rows = panel.groups.iter().flat_map(|group| &group.rows);
                let points = rows.filter_map(|&row| {
                    let at = (table.number(row, x)?, table.number(row, y)?);
                    Some((at, table.number(row, z)))
                });
                Field::new(points.collect()).ok_or_else(|| {
                    FigureError::Empty(format!(
                        "a surface needs two values of `{}` and of `{}` at least",
                        mapping.x, mapping.y[0]
                    ))
                })
            })
            .collect::<Result<Vec<Field>, _>>()?;
        let heights: Vec<f64> = fields
            .iter()
            .flat_map(|f| f.z.iter().flatten().copied())
            .collect();
        if heights.is_empty() {
            return Err(FigureError::Empty(format!(
                "`{value_name}` holds no numbers"
            )));
        }
        let bare = fields.iter().filter(|field| !field.has_cell()).count();
        if bare == fields.len() {
            return Err(FigureError::Empty(format!(
                "the rows are no grid: no four of them are the corners of a cell of `{}` and `{}`; figure/scatter \
                 draws points, `with: {{x: {}, y: {}, color: {value_name}}}`",
                mapping.x, mapping.y[0], mapping.x, mapping.y[0]
            )));
        }
        let colours = params.colours.colours(&heights)?;
        let theme = params.axes.common.page_theme()?;
        // The surface fills its panel to the edge.
        let along = |values: Vec<Vec<f64>>, names, asked: Option<(f64, f64)>| {
            let mut axes = axes::numbers(panels, names, values.clone(), None)?;
            for (axis, values) in axes.iter_mut().zip(values) {
                if let (Scale::Linear { low, high }, None) = (&mut axis.scale, asked) {
                    *low = values.iter().copied().fold(f64::INFINITY, f64::min);
                    *high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                }
            }
            Ok::<_, FigureError>(axes)
        };
        let all = |f: fn(&Field) -> &Vec<f64>| -> Vec<Vec<f64>> {
            let joined: Vec<f64> = fields.iter().flat_map(|field| f(field).clone()).collect();
            fields.iter().map(|_| joined.clone()).collect()
        };
        let x_axes = along(
            all(|f| &f.x),
            axes::X,
            options::x_range(&params.axes.x_range)?,
        )?;
        let y_axes = along(
            all(|f| &f.y),
            axes::Y,
            options::range("y_range", &params.axes.y_range)?,
        )?;
        let (xc, yc, zc) = (&table.columns[x], &table.columns[y], &table.columns[z]);
        let labels = (xc.title_with_unit(), yc.title_with_unit());
        let mut sheet = axes::sheet(
            panels,
            &theme,
            &facets,
            (x_axes, y_axes),
            labels,
            marks.legend(&theme),
        )?;
        sheet.grid_y = false;
        sheet.aspect = 0.85;
        sheet.colour_bar = Some(ColourBar {
            label: zc.title_with_unit(),
            axis: Axis::new(colours.scale.clone()),
            colours: colours.clone(),
        });
        let levels = ticks::levels(&colours.scale, params.levels);
        let names = match params.label_levels {
            true => match levels[..] {
                [first, second, ..] => numbers::uniform(&levels, second - first, Format::Auto),
                _ => numbers::cells(&levels, Format::Auto),
            },
            false => Vec::new(),
        };
        let mut page = sheet.open();
        let mut failed = None;
        let mut marked = 0;
        for (i, field) in fields.iter().enumerate() {
            page.inside(i, |canvas, frame, theme| {
                failed = surface(canvas, frame, field, &colours)
                    .err()
                    .or(failed.take());
                let mut labels = LevelLabels::new(frame, theme);
                for (i, level) in levels.iter().enumerate() {
                    let ink = match colours.of(*level) {
                        Some(colour) => colormap::readable_on(colour).opacity(0.75),
                        None => theme::PAPER.opacity(0.75),
                    };
                    for line in field.level_lines(*level) {
                        let points = line.iter().filter_map(|&(x, y)| frame.at(x, y));
                        let points: Vec<Point> = points.collect();
                        let parts = match names.get(i) {
                            Some(name) => labels.cut(points, name, ink),
                            None => vec![points],
                        };
                        for part in parts {
                            canvas.line(part, ink, theme.spine_width);
                        }
                    }
                }
                labels.draw(canvas);
                // All rows of a panel share its facets.
                let rows = facets.panels[i].groups.iter().flat_map(|group| &group.rows);
                if let Some(&row) = rows.take(1).next() {
                    marked += marks.draw(canvas, frame, theme, |name| {
                        table.column(name).map(|at| &table.rows[row][at])
                    });
                }
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let what = format!(
            "{} over {} and {}{}",
            capital(&zc.title_with_unit()),
            xc.title(),
            yc.title(),
            facets.describe(&[])
        );
        let size = |f: &Field| format!("{} × {}", f.x.len(), f.y.len());
        let mut caption = format!(
            "{what}. Grid of {} points, bilinear between them; {} level lines.",
            size(&fields[0]),
            levels.len()
        );
        let holes: usize = fields.iter().map(Field::holes).sum();
        if holes > 0 {
            caption.push_str(&format!(
                " {} without a value.",
                plural(holes, "grid point")
            ));
        }
        if bare > 0 {
            caption.push_str(&format!(
                " {} without a surface: no four rows are the corners of a cell.",
                plural(bare, "panel")
            ));
        }
        caption.push_str(&colours.said_lost(&heights, "grid point"));
        caption.push_str(&marks.described(marked));
        finish(page, &what, table.to_csv(), caption)
    }
}

/// The surface as one picture: exact at every dot, and small.
fn surface(
    canvas: &mut Canvas,
    frame: &Frame,
    field: &Field,
    colours: &Colours,
) -> Result<(), FigureError> {
    // Two dots per point are 144 per inch: smooth under level lines.
    let (columns, rows) = (
        (frame.rect.width * 2.0).round().max(1.0) as u32,
        (frame.rect.height * 2.0).round().max(1.0) as u32,
    );
    let Colour { rgb: empty, .. } = theme::FAINT;
    let mut pixels = Vec::with_capacity((columns * rows * 3) as usize);
    for r in 0..rows {
        for c in 0..columns {
            let share = |i: u32, n: u32| (f64::from(i) + 0.5) / f64::from(n);
            let x = frame.x.value(share(c, columns));
            let y = frame.y.value(1.0 - share(r, rows));
            let height = x.zip(y).and_then(|(x, y)| field.at(x, y));
            let colour = height.and_then(|height| colours.of(height));
            let (red, green, blue) = colour.map_or(empty, |colour| colour.rgb);
            pixels.extend([red, green, blue]);
        }
    }
    canvas.marks.push(Mark::Picture {
        frame: frame.rect,
        png: render::encode_png(columns, rows, &pixels, false)?,
        about: "surface".to_owned(),
    });
    Ok(())
}
