//! One stage on its way, and where its program runs.

use crate::text::Diagnostics;

use super::entries::Text;
use super::located::Located;
use super::located::StageNames;
use super::located::locate;
use super::planned::Planned;
use super::planned::Project;
use super::wiring::Wiring;

/// One stage on its way.
pub(super) struct Translation<'t> {
    pub project: &'t Project<'t>,
    pub wiring: &'t Wiring<'t>,
    pub names: &'t StageNames<'t>,
    pub number: usize,
    pub stage: &'t Planned<'t>,
}

impl Translation<'_> {
    /// The folder that the program runs in, from the project's.
    pub(super) fn folder(&self, found: &mut Diagnostics) -> Option<Located> {
        let here = Text {
            text: ".".to_owned(),
            place: self.stage.entry.place.clone(),
        };
        let wdir = self.stage.entry.wdir.as_ref();
        locate(&self.project.folder, wdir, &here, self.names, found)
    }
}
