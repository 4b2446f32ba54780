//! A metric against an axis: mean lines with bands over replicates.

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::levels::LevelParams;
use super::mapping::Mapping;
use super::options::AlongX;
use super::options::AxisParams;
use super::options::FacetParams;
use super::options::Groups;
use super::options::Panels;
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
         axis `metric`."
    }

    fn revision(&self) -> u32 {
        4
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
        let plot = axes::plot(panels, &input.table, &mapping)?;
        let look = SeriesStyle {
            markers: params.markers,
            bars: params.error_bars,
            pale: false,
        };
        let beside = Beside {
            levels: &params.levels,
            envelope: None,
            missing: None,
        };
        xy::finish(panels, beside, &plot, look, &[])
    }
}
