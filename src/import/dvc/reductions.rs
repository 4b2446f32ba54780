//! A folder above what all cells of a stage leave: whoever reads it reads them all, also those of values that
//! an axis gets later.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::text::Diagnostics;

use super::draft::DraftStage;
use super::entries::Text;
use super::entries::remark;
use super::interpolation::shown;
use super::located::Located;
use super::loops::StageLoop;
use super::paths;
use super::wiring::Group;
use super::wiring::Made;
use super::wiring::Wiring;

impl Wiring<'_> {
    /// What a dependency reads of a stage as a reduction: none where it is not above all that the stage leaves
    /// along its axes.
    pub(super) fn reduction(
        &self,
        stage: usize,
        from: (usize, usize),
        reads: &[(usize, &Made)],
        path: &Located,
    ) -> Option<Group> {
        let (reader, maker) = (&self.stages[stage], &self.stages[from.0]);
        let is_above = |(cell, made): &(usize, &Made)| paths::is_in(&made.path, &path.cells[*cell]);
        if !reads.iter().all(is_above) {
            return None;
        }
        let mut group = Group {
            from: Some(from),
            at: BTreeMap::new(),
            over: BTreeSet::new(),
            paths: BTreeMap::new(),
            made: reads.iter().map(|(_, made)| made.cell).collect(),
        };
        let mut of_each = 1;
        for (number, one) in maker.loops.iter().enumerate() {
            let value = |made: &Made| maker.cells[made.cell][number];
            let own = reader.loops.iter().position(|own| own.axis == one.axis);
            let follows = |own: usize| {
                let mut reads = reads.iter();
                reads.all(|(cell, made)| reader.cells[*cell][own] == value(made))
            };
            if own.is_some_and(follows) {
                continue;
            }
            let values: BTreeSet<usize> = reads.iter().map(|(_, made)| value(made)).collect();
            let below = self.is_below(from, one.axis, path);
            // A stage has one value of an axis of its own.
            if own.is_none()
                && below
                && values.len() == count(one, self.axes[one.axis].labels.len())
            {
                of_each *= values.len();
                group.over.insert(one.axis);
            } else if values.len() == 1 {
                group.at.insert(one.axis, *values.first()?);
            } else {
                return None;
            }
        }
        let mut by_cell: BTreeMap<usize, usize> = BTreeMap::new();
        for (cell, made) in reads {
            *by_cell.entry(*cell).or_default() += 1;
            let path = group.paths.entry(*cell);
            path.or_insert_with(|| made.path.clone());
        }
        let whole = by_cell.len() == path.cells.len() && by_cell.values().all(|n| *n == of_each);
        (whole && !group.over.is_empty() && self.path_of(from, &group).is_some()).then_some(group)
    }

    /// The path of an output as those read it who hold some of its axes and read all values of others.
    pub(super) fn path_of(&self, from: (usize, usize), group: &Group) -> Option<String> {
        let maker = &self.stages[from.0];
        let held = group.at.keys().map(|axis| self.axes[*axis].name.as_str());
        let each = maker.loops.iter().enumerate();
        let each = each.filter(|(_, one)| group.over.contains(&one.axis));
        let each = each.map(|(number, one)| {
            let axis = &self.axes[one.axis];
            let labels = maker.cells.iter();
            let labels = labels.map(|cell| shown(&axis.labels[cell[number]]));
            (axis.name.as_str(), labels.collect())
        });
        let path = &maker.outs[from.1].path;
        path.without(
            &held.collect::<Vec<_>>(),
            &each.collect::<Vec<_>>(),
            &group.made,
        )
    }

    /// Whether an output differs along an axis by what it is called within a folder.
    fn is_below(&self, from: (usize, usize), axis: usize, folder: &Located) -> bool {
        let out = &self.stages[from.0].outs[from.1].path;
        let parts = folder.cells.iter().map(|path| path.split('/').count());
        let parts = parts.min().unwrap_or_default();
        out.differs_only_below(parts, &self.axes[axis].name)
    }

    /// Notes the axes that a stage reduces, and says which ones it does not follow although it reads the
    /// folder that their values are in.
    pub(super) fn note_axes(
        &self,
        stage: usize,
        groups: &[Group],
        dep: &Text,
        path: &Located,
        own: &mut DraftStage,
        found: &mut Diagnostics,
    ) {
        let name = |axis: &usize| self.axes[*axis].name.clone();
        let mut unfollowed = BTreeSet::new();
        for group in groups {
            own.over.extend(group.over.iter().map(name));
            let Some(from) = group.from else { continue };
            let held = group.at.keys();
            unfollowed.extend(held.filter(|axis| self.is_below(from, **axis, path)));
        }
        for axis in unfollowed.into_iter().map(name) {
            let reader = &self.stages[stage].name;
            remark(
                found,
                &dep.place,
                format!("`{reader}` does not follow the axis `{axis}`"),
                "it reads what the values of now leave there",
                format!(
                    "for another value its inputs are edited in the pipeline, where each has `at: {{{axis}: …}}`"
                ),
            );
            own.comments.push(format!(
                "It does not follow the axis {axis}: a value more is an input more here."
            ));
        }
    }
}

/// How many values of an axis a stage takes.
fn count(one: &StageLoop, all: usize) -> usize {
    one.only.as_ref().map_or(all, Vec::len)
}
