//! A metric against an axis: mean lines with bands over replicates.

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Values;

use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Rendered;
use super::axes;
use super::grammar::Plot;
use super::levels;
use super::mapping::Mapping;
use super::options;
use super::options::Options;
use super::xy;
use super::xy::Look;

pub(super) struct Line;

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

    fn params(&self) -> Vec<Param> {
        let mut params = vec![
            Param::str("x", "column along the x axis"),
            Param::any("y", "column of numbers, or a list of them"),
        ];
        params.extend(options::groups());
        params.extend(options::facets());
        params.push(Param::bool("markers", "a marker at every point").default(true));
        params.push(Param::bool("error_bars", "error bars beside the bands").default(false));
        params.push(levels::param());
        params.extend(options::axes());
        params
    }
}

impl Figure for Line {
    fn paint(&self, input: &FigureInput, params: &Values) -> Result<Rendered, FigureError> {
        let options = Options(params);
        let mapping = Mapping::read(params, None)?;
        let wrap = axes::wrap(params, &input.table, &mapping.facet)?;
        let plot = Plot::new(&input.table, &mapping, wrap)?;
        let look = Look {
            markers: options.flag("markers", true)?,
            bars: options.flag("error_bars", false)?,
        };
        xy::finish(params, &plot, look, &[])
    }
}
