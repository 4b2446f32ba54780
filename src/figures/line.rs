//! A metric against an axis: mean lines with bands over replicates.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Table;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::curves::align;
use super::curves::runs::Columns;
use super::levels::LevelParams;
use super::mapping::Mapping;
use super::mapping::melted;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
use super::scale::ScaleKind;
use super::xy;
use super::xy::Beside;
use super::xy::SeriesStyle;

pub(super) struct Line;

params! {
    /// What `figure/line` may be given.
    struct LineParams {
        /// column along the x axis
        x: String;
        /// column of numbers, or a list of them
        y: Names;
        groups: Groups;
        facets: FacetParams;
        /// a marker at every point
        markers: bool = true;
        /// error bars beside the bands
        error_bars: bool = false;
        levels: LevelParams;
        axes: AxisParams;
    }
}

impl Entry for Line {
    fn name(&self) -> &'static str {
        "line"
    }

    fn summary(&self) -> &'static str {
        "a metric against an axis, mean lines with bands over replicates"
    }

    fn docs(&self) -> &'static str {
        "Rows are grouped by x, colour, marker and facets and reduced over the replicates. A group \
         whose x is null (a method that has no such axis) is a line across the panel. A missing \
         value breaks the line; one replicate has no band. Several `y` become the values of the \
         axis `metric`; one that is measured at fewer x than others is missing at none between. Repetitions that share less than half of an x that was measured, as seconds, are \
         interpolated linearly, each between its own points, before the mean, and the caption says so."
    }

    fn revision(&self) -> u32 {
        6
    }

    fn params(&self) -> Vec<Param> {
        LineParams::params()
    }
}

impl Figure for Line {
    fn along_x(&self) -> AlongX {
        AlongX::Any
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = LineParams::read(values)?;
        let panels = Panels::new(&params.facets, &params.axes);
        let mapping = Mapping::new(&params.x, params.y.0, &params.facets)?;
        let mapping = mapping.grouped(&params.groups);
        let measured = Measured::of(panels, &input.table, &mapping)?;
        let plot = match &measured {
            Some(measured) => axes::plot(panels, &measured.table, &measured.mapping)?,
            None => axes::plot(panels, &input.table, &mapping)?,
        };
        let look = SeriesStyle {
            markers: params.markers,
            bars: params.error_bars,
            pale: false,
        };
        let beside = Beside {
            levels: &params.levels,
            envelope: None,
            missing: measured.as_ref().map(|measured| measured.missing),
        };
        let notes = measured.map(|measured| align::said(&measured.title));
        let notes: Vec<String> = notes.into_iter().collect();
        xy::finish(panels, beside, &plot, look, &notes)
    }
}

/// Rows along an x that repetitions do not share, as seconds, at the places of all of them.
struct Measured {
    table: Table,
    mapping: Mapping,
    /// Values that are missing in the rows as they came.
    missing: usize,
    /// Of x.
    title: String,
}

impl Measured {
    /// None where x is an axis, whose values are given and not measured, or where repetitions share most of it.
    fn of(
        panels: Panels<'_>,
        table: &Table,
        mapping: &Mapping,
    ) -> Result<Option<Self>, FigureError> {
        let Some(x) = table.column(&mapping.x) else {
            return Ok(None);
        };
        let is_number = |row: &Vec<Json>| row[x].is_number() || row[x].is_null();
        let alone = mapping.replicate.is_empty() || table.columns[x].axis;
        let names = panels.axes.x_scale == ScaleKind::Category;
        if alone || names || !table.rows.iter().all(is_number) {
            return Ok(None);
        }
        let several = mapping.y.len() > 1;
        let (mut table, mapping, y) = melted(table, mapping)?;
        let of = Columns::new(&table, (&mapping, &y), several, None)?;
        if !align::is_measured(&table, &of) {
            return Ok(None);
        }
        let (missing, title) = (of.missing(&table), table.columns[of.x].title());
        of.without_counts(&mut table);
        let aligned = align::align(&mut table, &of);
        Ok(aligned.then_some(Measured {
            table,
            mapping,
            missing,
            title,
        }))
    }
}
