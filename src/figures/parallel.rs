//! Trials as lines over parallel axes.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Table;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::colormap::Colours;
use super::direction::Direction;
use super::finish;
use super::grammar::capital;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::numbers::Format;
use super::options::BareParams;
use super::options::ColourParams;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Shared;
use super::parameter;
use super::scale::Scale;
use super::sheet::Axis;
use super::sheet::ColourBar;
use super::sheet::Frame;
use super::sheet::THINNED;
use super::sheet::labels;
use super::theme;
use super::theme::Theme;
use super::ticks;
use super::trials;

pub(super) struct Parallel;

params! {
    /// What `figure/parallel` may be given.
    struct ParallelParams {
        /// columns with an axis each, from left to right
        parameters: Names;
        /// column of numbers that colours the lines, and has the last axis
        value: String;
        /// parameters on a logarithmic axis; by default positive numbers over two decades, a quarter of them in the lowest tenth
        log: Option<Names>;
        /// which way the number is better: the best lines lie over the others; by default as the search or the column has it
        direction: Option<Direction>;
        /// column of the budget of which most trials get a part: each is drawn once, with the most of it that it had [default:
        /// that of the search, unless another parameter names it]
        budget: Option<String>;
        colours: ColourParams;
        bare: BareParams;
    }
}

impl Entry for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn summary(&self) -> &'static str {
        "a line per row over an axis per parameter, coloured by a number"
    }

    fn docs(&self) -> &'static str {
        "Parallel coordinates (Inselberg 1985). Each axis has a scale of its own: logarithmic where it is \
         asked for, evenly for text. A line breaks at a parameter that its row does \
         not have. Rows without the number are not drawn, and counted in the caption."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        ParallelParams::params()
    }
}

impl Figure for Parallel {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "value", "direction");
        search.spend(params, "budget");
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = ParallelParams::read(values)?;
        if params.parameters.0.is_empty() {
            return Err(ParamError::new("parameters", "is an empty list").into());
        }
        let value = &params.value;
        let of = input.table.column(value);
        let of = of.ok_or_else(|| no_column(&input.table, value))?;
        let (table, once) = trials::each_once(&input.table, params.budget.as_deref(), of);
        let table = &*table;
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
        let value = column(&params.value)?;
        let direction = Direction::of(params.direction, &table.columns[value]).ok();
        let mut drawn: Vec<(usize, f64)> = (0..table.rows.len())
            .filter_map(|row| Some((row, table.number(row, value)?)))
            .collect();
        if drawn.is_empty() {
            let name = &params.value;
            return Err(FigureError::Empty(format!("`{name}` holds no numbers")));
        }
        // The best last, over the others; where none is better, as the rows come.
        if let Some(direction) = direction {
            drawn.sort_by(|a, b| direction.cost(b.1).total_cmp(&direction.cost(a.1)));
        }
        let names = params.parameters.0.iter().chain([&params.value]);
        let columns: Vec<usize> = names.map(|name| column(name)).collect::<Result<_, _>>()?;
        let numbers: Vec<f64> = drawn.iter().map(|(_, number)| *number).collect();
        let colours = params.colours.colours(&numbers)?;
        let scale = |&column: &usize| {
            let values = drawn
                .iter()
                .map(|&(row, _)| table.rows[row][column].clone());
            let values: Vec<Json> = values.collect();
            if column == value {
                // As their colours are.
                let kind = params.colours.value_scale.kind();
                return Scale::of_coordinates(kind, &values, None);
            }
            parameter::scale(&table.columns[column].name, values, params.log.as_ref())
        };
        let scales: Vec<Scale> = columns.iter().map(scale).collect();

        let axes = params.bare.into();
        let facets = FacetParams {
            facet: None,
            facet_row: None,
            facet_col: None,
            scales: Shared::Both,
        };
        let panels = Panels::new(&facets, &axes);
        let mapping = Mapping::new(&params.value, vec![params.value.clone()], &facets)?;
        let facets = axes::facets(panels, table, &mapping)?;
        let theme = axes.common.page_theme()?;
        let titles = columns
            .iter()
            .map(|&at| table.columns[at].title_with_unit().into());
        let along = Axis::new(Scale::Category {
            values: titles.collect(),
        });
        // Every parameter has ticks of its own.
        let none = Axis::new(Scale::Category { values: Vec::new() });
        let labels = (String::new(), String::new());
        let mut sheet = axes::sheet(
            panels,
            &theme,
            &facets,
            (vec![along], vec![none]),
            labels,
            Vec::new(),
        )?;
        sheet.grid_y = false;
        sheet.spines = false;
        sheet.colour_bar = Some(ColourBar {
            label: table.columns[value].title_with_unit(),
            axis: Axis::new(colours.scale.clone()),
            colours: colours.clone(),
        });
        let mut page = sheet.open();
        let mut thinned = Vec::new();
        page.around(0, |canvas, frame, theme| {
            let lines = Lines {
                table,
                columns: &columns,
                scales: &scales,
                colours: &colours,
            };
            thinned = lines.draw(canvas, frame, theme, &drawn);
        });
        let names: Vec<String> = columns
            .iter()
            .map(|&at| table.columns[at].title())
            .collect();
        let (last, others) = names.split_last().expect("there is the number itself");
        let title = format!("{} and the parameters {}", capital(last), others.join(", "));
        let on_top = direction.map_or("", |_| ", the best on top");
        let mut caption = format!("{title}: a line per row{on_top}. n = {}{once}", drawn.len());
        let without = table.rows.len() - drawn.len();
        if without > 0 {
            caption.push_str(&format!("; {without} without a number"));
        }
        caption.push('.');
        let on_axes = drawn
            .iter()
            .flat_map(|&(row, _)| columns.iter().zip(&scales).map(move |on| (row, on)));
        let lost = on_axes.filter(|&(row, (&column, scale))| {
            let number = scale.number(&table.rows[row][column]);
            number.is_some_and(|number| scale.place(number).is_none())
        });
        caption.push_str(&axes::said_lost(lost.count(), "value"));
        for (axis, every) in thinned {
            let axis = table.columns[columns[axis]].title();
            caption.push_str(&format!(" {THINNED}{every} of {axis} is shown."));
        }
        let shown = Table {
            columns: columns
                .iter()
                .map(|&at| table.columns[at].clone())
                .collect(),
            rows: drawn
                .iter()
                .map(|&(row, _)| {
                    columns
                        .iter()
                        .map(|&at| table.rows[row][at].clone())
                        .collect()
                })
                .collect(),
        };
        finish(page, &title, shown.to_csv(), caption)
    }
}

/// The line through a run of neighbouring axes, if it has two, which ends there.
fn stroke(canvas: &mut Canvas, run: &mut Vec<Point>, colour: Colour, theme: &Theme) {
    if run.len() > 1 {
        canvas.line(run.clone(), colour, theme.line_width * 0.8);
    }
    run.clear();
}

struct Lines<'a> {
    table: &'a Table,
    columns: &'a [usize],
    scales: &'a [Scale],
    colours: &'a Colours,
}

impl Lines<'_> {
    /// The axes of names of which some have no room, with every how-manieth that has.
    fn draw(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        theme: &Theme,
        rows: &[(usize, f64)],
    ) -> Vec<(usize, usize)> {
        let opacity = if rows.len() > 100 { 0.6 } else { 0.85 };
        for &(row, number) in rows {
            let colour = self
                .colours
                .of(number)
                .unwrap_or(theme::FAINT)
                .opacity(opacity);
            let mut run: Vec<Point> = Vec::new();
            for i in 0..self.columns.len() {
                match self.at(frame, i, row) {
                    Some(point) => run.push(point),
                    None => stroke(canvas, &mut run, colour, theme),
                }
            }
            stroke(canvas, &mut run, colour, theme);
        }
        let mut thinned = Vec::new();
        for (i, scale) in self.scales.iter().enumerate() {
            let every = self.axis(canvas, frame, theme, (i, scale));
            if every > 1 && matches!(scale, Scale::Category { .. }) {
                thinned.push((i, every));
            }
        }
        thinned
    }

    /// Where a row crosses an axis.
    fn at(&self, frame: &Frame, axis: usize, row: usize) -> Option<Point> {
        let scale = &self.scales[axis];
        let number = scale.number(&self.table.rows[row][self.columns[axis]])?;
        let share = scale.place(number)?;
        let y = frame.rect.bottom() - share * frame.rect.height;
        Some(Point::new(frame.x_at(axis as f64)?, y))
    }

    /// Draws an axis. Every how-manieth of its labels has room.
    fn axis(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        theme: &Theme,
        (i, scale): (usize, &Scale),
    ) -> usize {
        let Some(x) = frame.x_at(i as f64) else {
            return 1;
        };
        let ends = [frame.rect.y, frame.rect.bottom()].map(|y| Point::new(x, y));
        canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
        let size = theme.tick_size() - 1.0;
        let room = (frame.rect.height / (size * 3.0)) as usize;
        let ticks = ticks::ticks(scale, room, &[], Format::Auto);
        // Names end before the axis on their left.
        let before = match i.checked_sub(1).and_then(|i| frame.x_at(i as f64)) {
            Some(before) => x - before,
            None => x,
        };
        let mut labels = labels::beside(&ticks, size, before - 6.0);
        let every = labels::every(&labels, frame.rect.height);
        labels::thin(&mut labels, every, labels::middle(every));
        for (place, lines) in &labels {
            let y = frame.rect.bottom() - place * frame.rect.height;
            let ends = [x - 2.0, x].map(|x| Point::new(x, y));
            canvas.line(ends.to_vec(), theme::INK, theme.spine_width);
            let at = Point::new(x - 3.0, y);
            let label = |colour| Label::new("", size, colour).align(Align::End);
            // Paper under the text keeps it readable over lines.
            for (dx, dy) in [(-0.6, 0.0), (0.6, 0.0), (0.0, -0.6), (0.0, 0.6)] {
                let at = Point::new(at.x + dx, at.y + dy);
                lines.centred(canvas, at, &label(theme::PAPER));
            }
            lines.centred(canvas, at, &label(theme::INK));
        }
        every
    }
}
