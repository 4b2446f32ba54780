//! Places side by side: x as categories, with a slot for each colour and marker.

use serde_json::Value as Json;

use super::FigureError;
use super::axes;
use super::grammar::Plot;
use super::grammar::Series;
use super::options::AxisParams;
use super::options::Panels;
use super::scale::ScaleKind;
use super::sheet::Axis;
use super::sheet::Frame;

/// Share of a category that its slots fill.
const FILLED: f64 = 0.8;

/// The slots of a plot.
pub(super) struct Dodge {
    /// Colours and markers, in order.
    kinds: Vec<(usize, usize)>,
    /// Each x has only its own colour: slots would leave holes.
    single: bool,
}

impl Dodge {
    /// Of places [by name](Plot::by_name).
    pub(super) fn new(plot: &Plot) -> Self {
        let mut kinds: Vec<(usize, usize)> = Vec::new();
        for series in plot.series() {
            if !kinds.contains(&(series.color, series.marker)) {
                kinds.push((series.color, series.marker));
            }
        }
        kinds.sort_unstable();
        let same = |a: &Option<crate::table::Column>| {
            a.as_ref().is_some_and(|color| color.name == plot.x.name)
        };
        Dodge {
            kinds,
            single: same(&plot.facets.color),
        }
    }

    /// Axes of categories.
    pub(super) fn axes(&self, panels: Panels<'_>, plot: &Plot) -> Result<Vec<Axis>, FigureError> {
        let axes = AxisParams {
            x_scale: ScaleKind::Category,
            ..panels.axes.clone()
        };
        let panels = Panels {
            axes: &axes,
            ..panels
        };
        let xs = plot.panels.iter().map(|panel| {
            let points = panel.iter().flat_map(|series| &series.points);
            points.map(|(x, _)| x.clone()).collect()
        });
        axes::coordinates(panels, axes::X, (xs.collect(), &plot.xs), true)
    }

    /// The ends of a slot on the page.
    pub(super) fn span(&self, frame: &Frame, x: &Json, series: &Series) -> Option<(f64, f64)> {
        let category = frame.x.number(x)?;
        let (slot, count) = match self.single {
            true => (0, 1),
            false => {
                let kind = (series.color, series.marker);
                let slot = self.kinds.iter().position(|other| *other == kind)?;
                (slot, self.kinds.len())
            }
        };
        let width = frame.x_at(category + 1.0)? - frame.x_at(category)?;
        let left = frame.x_at(category)? - width * FILLED / 2.0;
        let slot_width = width * FILLED / count as f64;
        let gap = (slot_width * 0.08).min(1.0);
        let from = left + slot as f64 * slot_width + gap;
        Some((from, from + slot_width - 2.0 * gap))
    }
}
