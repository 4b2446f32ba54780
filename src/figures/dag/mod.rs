//! The DAG of an experiment for its paper: a box per stage, its axes collapsed.

mod boxes;
mod stages;

pub(crate) use stages::STAGES;

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Value;
use crate::registry::Values;
use crate::registry::params;
use crate::text::plural;

use super::Caption;
use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::Source;
use super::options::Common;
use boxes::Drawing;
use boxes::Flow;

pub(super) struct Dag;

params! {
    /// What `figure/dag` may be given.
    struct DagParams {
        /// where arrows lead; by default where the boxes fit the page
        direction: String = "auto", choices(&Flow::NAMES);
        /// stages, kinds or groups of kinds (`table`, `figure`) that are not drawn
        leave_out: Option<Vec<String>>;
        /// a list of {name, kind, axes, cells, over, reads} [default: those of the experiment]
        stages: Option<Value>;
        common: Common;
    }
}

impl Entry for Dag {
    fn name(&self) -> &'static str {
        "dag"
    }

    fn summary(&self) -> &'static str {
        "the stages of the experiment with their axes, and what each reads"
    }

    fn docs(&self) -> &'static str {
        "A box names a stage, its kind, in how many cells it runs over which axes, and which axes it \
         reduces. The experiment's own pipeline is drawn, without the figures that draw it; `stages` \
         draws another. Text is as large as in other figures where the boxes fit the page, names broken \
         into lines if need be, else smaller."
    }

    fn revision(&self) -> u32 {
        2
    }

    fn params(&self) -> Vec<Param> {
        DagParams::params()
    }
}

impl Figure for Dag {
    fn source(&self) -> Source {
        Source::Pipeline
    }

    fn paint(&self, _input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = DagParams::read(values)?;
        let left_out = params.leave_out.unwrap_or_default();
        let (stages, left_out) = stages::read(params.stages.as_ref(), &left_out)?;
        let common = &params.common;
        let theme = common.page_theme()?;
        let drawing = Drawing {
            stages: &stages,
            theme: &theme,
            title: common.title.as_deref().unwrap_or_default(),
            width: common.page_width()?,
            height: common.page_height(),
            flow: Flow::from_name(&params.direction),
        };
        let (canvas, scale) = drawing.canvas();
        let cells: usize = stages.iter().map(|stage| stage.cells).sum();
        let mut caption = format!(
            "Stages of the experiment: {} of {} in all. A box names a stage, its kind, and the axes it \
             runs over; an arrow carries its results on.",
            plural(stages.len(), "stage"),
            plural(cells, "cell"),
        );
        if left_out > 0 {
            caption.push_str(&format!(" {} not drawn.", plural(left_out, "stage")));
        }
        let smallest = theme.tick_size() * scale;
        if smallest < 6.0 {
            caption.push_str(&format!(
                " Text is down to {smallest:.1} points: a wider page or fewer stages have larger text."
            ));
        }
        Ok(Drawn {
            warnings: Vec::new(),
            canvas,
            title: "Stages of the experiment".to_owned(),
            csv: stages::table(&stages).to_csv(),
            caption: Caption::of(&caption),
        })
    }
}
