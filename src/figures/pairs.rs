//! Every pair of columns as a panel of points, each column alone as a distribution.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::Table;
use crate::table::stats;
use crate::text::plural;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Label;
use super::facets::Facets;
use super::finish;
use super::grammar::capital;
use super::histogram;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::marker;
use super::named::Named;
use super::numbers::minus;
use super::options::AxisParams;
use super::options::Common;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Shared;
use super::raster;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::Frame;
use super::sheet::LegendPlace;
use super::sheet::Panel;
use super::theme;
use super::theme::Theme;

/// From so many points in a panel on they are one picture inside the axes.
const RASTER: usize = 1000;

pub(super) struct Pairs;

choices! {
    /// What stands over the diagonal.
    enum Upper {
        /// The points again, with x and y exchanged.
        Points = "points",
        /// Pearson's correlation.
        Correlation = "correlation",
        /// Nothing.
        None = "none",
    }
}

params! {
    /// What `figure/pairs` may be given.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    struct PairsParams {
        /// columns of numbers, two to twelve
        columns: Names;
        /// column with a colour per value
        color: Option<String>;
        /// columns on a logarithmic axis
        log: Option<Names>;
        /// what stands over the diagonal: `correlation` (Pearson's r, of logarithms on logarithmic axes), `points` (with x and y exchanged) or `none`
        upper: Upper = Upper::Correlation;
        /// where the legend stands, always outside the data
        legend: LegendPlace = "auto";
        named: Named;
        common: Common;
    }
}

impl Entry for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn summary(&self) -> &'static str {
        "every pair of columns as points, each alone as a distribution"
    }

    fn docs(&self) -> &'static str {
        "The scatter-plot matrix (Hartigan 1975). The panel in row i and column j has column j of the table along x and \
         column i along y; the diagonal has the distribution of each as a histogram with a smooth density, whose heights have no \
         axis. A panel has the rows with both numbers; the caption counts those that lack one. From 1000 points on they are one picture inside \
         vector axes."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        PairsParams::params()
    }
}

impl Figure for Pairs {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = PairsParams::read(values)?;
        let table = &input.table;
        let names = &params.columns.0;
        if !(2..=12).contains(&names.len()) {
            return Err(FigureError::Parameter {
                name: "columns",
                got: plural(names.len(), "column"),
                want: "must be two to twelve".to_owned(),
            });
        }
        let column = |name: &String| table.column(name).ok_or_else(|| no_column(table, name));
        let columns: Vec<usize> = names.iter().map(column).collect::<Result<_, _>>()?;
        let is_log = |name: &String| params.log.as_ref().is_some_and(|log| log.0.contains(name));
        let mut scales = Vec::new();
        for (name, &at) in names.iter().zip(&columns) {
            let numbers = (0..table.rows.len()).filter_map(|row| table.number(row, at));
            let numbers: Vec<f64> = numbers.collect();
            if numbers.is_empty() {
                return Err(FigureError::Empty(format!("`{name}` holds no numbers")));
            }
            if is_log(name) && numbers.iter().all(|number| *number <= 0.0) {
                return Err(FigureError::Empty(format!(
                    "no number of `{name}` is above 0, where a logarithmic axis begins"
                )));
            }
            let kind = match is_log(name) {
                true => ScaleKind::Log,
                false => ScaleKind::Linear,
            };
            scales.push(Scale::of_numbers(kind, &numbers, None, 0.05));
        }

        let axes = AxisParams {
            legend: params.legend,
            ..AxisParams::plain(params.named, params.common)
        };
        let facets = FacetParams {
            facet: None,
            facet_row: None,
            facet_col: None,
            scales: Shared::Both,
        };
        let panels = Panels::new(&facets, &axes);
        let mapping = Mapping {
            color: params.color,
            ..Mapping::new(&names[0], vec![names[1].clone()], &facets)?
        };
        let groups = axes::facets(panels, table, &mapping)?;
        let mut theme = groups.theme(&axes.common)?;
        theme.marker_size *= 0.6;
        let legend = groups.legend(&theme, |color, marker| Sample::Marker {
            colour: theme.colour(color),
            marker,
        });
        let one = || vec![Axis::new(scales[0].clone())];
        let labels = (String::new(), String::new());
        let mut sheet = axes::sheet(panels, &theme, &groups, (one(), one()), labels, legend)?;
        let title = |at: usize| table.columns[at].title_with_unit();
        let k = columns.len();
        let cells: Vec<(usize, usize)> = (0..k)
            .flat_map(|row| (0..k).map(move |col| (row, col)))
            .filter(|(row, col)| params.upper != Upper::None || col <= row)
            .collect();
        let panel = |&(row, col): &(usize, usize)| Panel {
            row,
            col,
            title: match row {
                0 if params.upper != Upper::None => title(columns[col]),
                _ if params.upper == Upper::None && row == col => title(columns[col]),
                _ => String::new(),
            },
            x: Axis::new(scales[col].clone()),
            y: Axis::new(scales[row].clone()),
        };
        sheet.panels = cells.iter().map(panel).collect();
        sheet.row_titles = match params.upper {
            Upper::None => Vec::new(),
            _ => columns.iter().map(|&at| title(at)).collect(),
        };
        sheet.aspect = 0.9;
        sheet.grid_y = false;
        let mut page = sheet.open();
        let mut failed = None;
        for (i, &(row, col)) in cells.iter().enumerate() {
            let (x, y) = (columns[col], columns[row]);
            page.inside(i, |canvas, frame, theme| {
                let drawn = match (row == col, params.upper) {
                    (true, _) => {
                        diagonal(canvas, frame, theme, (table, x), &groups);
                        Ok(())
                    }
                    (_, Upper::Correlation) if col > row => {
                        correlation(canvas, frame, theme, table, (x, y));
                        Ok(())
                    }
                    _ => points(canvas, frame, theme, table, (x, y), &groups),
                };
                failed = failed.take().or(drawn.err());
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let titles: Vec<String> = columns
            .iter()
            .map(|&at| table.columns[at].title())
            .collect();
        let what = format!("Pairs of {}{}", titles.join(", "), groups.describe(&[]));
        let count = |row: &usize| columns.iter().all(|&at| table.number(*row, at).is_some());
        let whole = (0..table.rows.len()).filter(count).count();
        let mut caption = format!(
            "{}. n = {}",
            capital(&what),
            plural(table.rows.len(), "row")
        );
        if whole < table.rows.len() {
            let lacking = table.rows.len() - whole;
            caption.push_str(&format!(
                ", {lacking} of which lack{} a number",
                if lacking == 1 { "s" } else { "" }
            ));
        }
        caption.push_str("; diagonal: histograms and densities, of area 1 per group");
        if params.upper == Upper::Correlation {
            caption.push_str("; r: Pearson's correlation over all rows");
            if scales.iter().any(is_logarithmic) {
                caption.push_str(", of the logarithm of what has a logarithmic axis");
            }
        }
        caption.push('.');
        let lost: usize = columns
            .iter()
            .zip(&scales)
            .map(|(&at, scale)| {
                let numbers = (0..table.rows.len()).filter_map(|row| table.number(row, at));
                numbers
                    .filter(|number| scale.place(*number).is_none())
                    .count()
            })
            .sum();
        caption.push_str(&axes::said_lost(lost, "number"));
        let shown: Vec<usize> = groups
            .color
            .iter()
            .filter_map(|color| table.column(&color.name))
            .chain(columns.iter().copied())
            .collect();
        let listing = Table {
            columns: shown.iter().map(|&at| table.columns[at].clone()).collect(),
            rows: table
                .rows
                .iter()
                .map(|row| shown.iter().map(|&at| row[at].clone()).collect())
                .collect(),
        };
        finish(page, &what, listing.to_csv(), caption)
    }
}

/// The distribution of a column by group, on a height of its own.
fn diagonal(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    (table, x): (&Table, usize),
    facets: &Facets,
) {
    // On a logarithm bins are even on the page.
    let place = |number: f64| frame.x.place(number).filter(|share| share.is_finite());
    let all: Vec<f64> = (0..table.rows.len())
        .filter_map(|row| place(table.number(row, x)?))
        .collect();
    let edges = histogram::edges(&all, None);
    let groups = facets.panels.iter().flat_map(|panel| &panel.groups);
    let groups: Vec<histogram::Group> = groups
        .map(|group| {
            let shares = group.rows.iter();
            let shares = shares.filter_map(|&row| place(table.number(row, x)?));
            let shares: Vec<f64> = shares.collect();
            histogram::Group::new(group.color, &shares, &edges, true)
        })
        .collect();
    let heights = groups.iter().flat_map(|group| {
        let curve = group.curve.iter().map(|(_, density)| *density);
        curve.chain(group.heights.iter().copied())
    });
    let high = heights.fold(0.0, f64::max);
    let mut own = frame.clone();
    own.x = Scale::Linear {
        low: 0.0,
        high: 1.0,
    };
    own.y = Scale::Linear {
        low: 0.0,
        high: if high > 0.0 { high * 1.05 } else { 1.0 },
    };
    let opacity = if groups.len() > 2 { 0.1 } else { 0.3 };
    for group in &groups {
        group.bars(canvas, &own, theme, &edges, opacity);
    }
    for group in &groups {
        group.line(canvas, &own, theme);
    }
}

fn points(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    table: &Table,
    (x, y): (usize, usize),
    facets: &Facets,
) -> Result<(), FigureError> {
    let at = |&row: &usize| frame.at(table.number(row, x)?, table.number(row, y)?);
    let opacity = if table.rows.len() > 100 { 0.6 } else { 0.9 };
    let groups = || facets.panels.iter().flat_map(|panel| &panel.groups);
    if table.rows.len() >= RASTER {
        let mut layer = raster::Layer::new(frame.rect, theme.marker_size);
        for group in groups() {
            let colour = theme.colour(group.color).opacity(opacity);
            let stamp = layer.stamp(theme.shape(group.marker), theme.marker_size);
            for point in group.rows.iter().filter_map(at) {
                layer.put(&stamp, point, colour);
            }
        }
        return layer.draw(canvas);
    }
    for group in groups() {
        let colour = theme.colour(group.color).opacity(opacity);
        for point in group.rows.iter().filter_map(at) {
            marker::plain(
                canvas,
                theme.shape(group.marker),
                point,
                theme.marker_size,
                colour,
            );
        }
    }
    Ok(())
}

fn is_logarithmic(scale: &Scale) -> bool {
    matches!(scale, Scale::Log { .. })
}

/// Pearson's r over the rows with both numbers, of what is drawn: of logarithms on a logarithmic axis.
fn correlation(
    canvas: &mut Canvas,
    frame: &Frame,
    theme: &Theme,
    table: &Table,
    (x, y): (usize, usize),
) {
    let drawn = |number: f64, scale: &Scale| match is_logarithmic(scale) {
        true => Some(number.ln()).filter(|number| number.is_finite()),
        false => Some(number),
    };
    let number = |row, column, scale| drawn(table.number(row, column)?, scale);
    let both = (0..table.rows.len())
        .filter_map(|row| Some((number(row, x, &frame.x)?, number(row, y, &frame.y)?)));
    let (xs, ys): (Vec<f64>, Vec<f64>) = both.unzip();
    let text = match stats::pearson(&xs, &ys) {
        // No `−0.00` beside `0.00`.
        Some(r) => minus(&format!(
            "r = {:.2}",
            (r.coefficient * 100.0).round() / 100.0 + 0.0
        )),
        None => "r: none".to_owned(),
    };
    let label = Label::new(text, theme.font_size, theme::INK).align(Align::Middle);
    canvas.centred(frame.rect.centre(), label);
}

#[cfg(test)]
mod tests {
    use crate::figures::FigureInput;
    use crate::figures::find;
    use crate::table::Table;

    #[test]
    fn the_correlation_is_of_what_is_drawn() {
        let drawn = |params: &str| {
            let input = FigureInput {
                // y = x³, which is a line of logarithms; what is not above 0 has none.
                table: Table::from_csv("x,y\n1,1\n2,8\n3,27\n4,64\n5,125\n-5,3\n", &[]).unwrap(),
                ..FigureInput::default()
            };
            let params = format!("{{columns: [x, y], svg_text: text{params}}}");
            let params = serde_yaml::from_str(&params).unwrap();
            find("pairs").unwrap().draw(&input, &params).unwrap()
        };
        let log = drawn(", log: [x, y]");
        assert!(log.svg.contains("r = 1.00"), "{}", log.svg);
        assert!(log.caption.contains("of the logarithm"), "{}", log.caption);
        let linear = drawn("");
        assert!(!linear.svg.contains("r = 1.00") && !linear.caption.contains("logarithm"));
    }
}
