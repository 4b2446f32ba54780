//! Places marked over a surface, told apart by a column of theirs.

use serde_json::Value as Json;

use crate::table::Table;
use crate::table::same_value;
use crate::text::plural;

use super::FigureError;
use super::FigureInput;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::legend::Entry;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::marker;
use super::scale::coordinate;
use super::sheet::Frame;
use super::theme::Theme;

/// The rows of the slot `points`, as they are drawn.
pub(super) struct Marks<'a> {
    points: Option<&'a Table>,
    x: usize,
    y: usize,
    mark: Option<usize>,
    /// The values of `mark` in order of appearance; one null without it.
    kinds: Vec<&'a Json>,
    /// Columns of the facets that the points have too.
    facets: Vec<(String, usize)>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(
        input: &'a FigureInput,
        mapping: &Mapping,
        mark: Option<&str>,
    ) -> Result<Self, FigureError> {
        let Some(points) = &input.points else {
            if let Some(mark) = mark {
                return Err(FigureError::Parameter {
                    name: "mark",
                    got: format!("`{mark}`"),
                    want: "is a column of the slot `points`, which is empty".to_owned(),
                });
            }
            return Ok(Marks {
                points: None,
                x: 0,
                y: 0,
                mark: None,
                kinds: Vec::new(),
                facets: Vec::new(),
            });
        };
        let column = |name: &str| points.column(name).ok_or_else(|| no_column(points, name));
        let mark = mark.map(column).transpose()?;
        let mut kinds: Vec<&Json> = Vec::new();
        for row in &points.rows {
            let kind = mark.map_or(&Json::Null, |mark| &row[mark]);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let facets = [&mapping.facet, &mapping.facet_row, &mapping.facet_col];
        let facets = facets.into_iter().flatten();
        let facets = facets.filter_map(|name| Some((name.clone(), points.column(name)?)));
        Ok(Marks {
            x: column(&mapping.x)?,
            y: column(&mapping.y[0])?,
            mark,
            kinds,
            facets: facets.collect(),
            points: Some(points),
        })
    }

    /// A name and a mark per value; none where nothing tells them apart.
    pub(super) fn legend(&self, theme: &Theme) -> Vec<Entry> {
        if self.mark.is_none() {
            return Vec::new();
        }
        let entry = |(i, kind): (usize, &&Json)| Entry {
            label: coordinate(kind),
            sample: Sample::Marker {
                colour: colour(theme, i),
                marker: i,
            },
        };
        self.kinds.iter().enumerate().map(entry).collect()
    }

    /// Draws those of a panel and says how many lie within it; `at` has the panel's value of a facet.
    pub(super) fn draw<'t>(
        &self,
        canvas: &mut Canvas,
        frame: &Frame,
        theme: &Theme,
        at: impl Fn(&str) -> Option<&'t Json>,
    ) -> usize {
        let mut drawn = 0;
        let Some(points) = self.points else {
            return drawn;
        };
        for (r, row) in points.rows.iter().enumerate() {
            let here = |(name, column): &(String, usize)| {
                at(name).is_some_and(|value| same_value(value, &row[*column]))
            };
            if !self.facets.iter().all(here) {
                continue;
            }
            let kind = self.mark.map_or(&Json::Null, |mark| &row[mark]);
            let kind = self.kinds.iter().position(|known| *known == kind);
            let kind = kind.expect("all values were collected");
            let at = points.number(r, self.x).zip(points.number(r, self.y));
            let inside = |(x, y): &(f64, f64)| {
                let places = [frame.x.place(*x), frame.y.place(*y)];
                let within = |place: Option<f64>| place.is_some_and(|p| (0.0..=1.0).contains(&p));
                places.into_iter().all(within)
            };
            if let Some((x, y)) = at.filter(inside)
                && let Some(point) = frame.at(x, y)
            {
                let size = theme.marker_size * if self.mark.is_some() { 1.4 } else { 1.0 };
                marker::draw(canvas, kind, point, size, colour(theme, kind));
                drawn += 1;
            }
        }
        drawn
    }

    /// ` Marked: 6 points, by method.`
    ///
    /// `drawn`: how many lie within the panels.
    pub(super) fn described(&self, drawn: usize) -> String {
        let Some(points) = self.points else {
            return String::new();
        };
        let by = match self.mark {
            Some(mark) => format!(", by {}", points.columns[mark].title()),
            None => String::new(),
        };
        let mut text = format!(" Marked: {}{by}", plural(drawn, "point"));
        match points.rows.len().saturating_sub(drawn) {
            0 => text.push('.'),
            lost => text.push_str(&format!("; {lost} not within the surface.")),
        }
        text
    }
}

/// Colours of the theme that stand out from viridis first.
fn colour(theme: &Theme, kind: usize) -> Colour {
    const ORDER: [usize; 6] = [1, 6, 3, 4, 8, 0];
    theme.colour(ORDER.get(kind).copied().unwrap_or(kind + 1))
}
