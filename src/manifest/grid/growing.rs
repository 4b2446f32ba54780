//! Cells that are added to a grid after it was read.

use std::collections::HashMap;

use crate::manifest::columns::ABSENT;
use crate::manifest::columns::ValueId;
use crate::registry::Value;
use crate::text::Diagnostic;
use crate::text::did_you_mean;

use super::Grid;
use super::MOST;

impl Grid {
    /// Adds the manifest's cells once more with these values in place of their own: those that have a value
    /// on each of the named axes, each once. What the manifest leaves out by `exclude` and `when` stays
    /// out. Cells and values that are there keep their numbers. Returns how many cells are new.
    ///
    /// # Errors
    /// A name that is no axis of any cell, a value of the wrong type, more cells than there may be.
    pub fn extend(&mut self, values: &[(&str, Value)]) -> Result<usize, Diagnostic> {
        let mut set: Vec<(usize, ValueId)> = Vec::with_capacity(values.len());
        for (name, value) in values {
            set.push(self.place_value(name, value)?);
        }
        let before = self.len();
        let mut row = Vec::new();
        for cell in 0..self.written {
            row.clear();
            row.extend_from_slice(self.rows.get(cell));
            if set.iter().any(|(position, _)| row[*position] == ABSENT) {
                continue;
            }
            for (position, value) in &set {
                row[*position] = *value;
            }
            self.lay_over(&mut row);
            let last = self.len();
            self.rows.push(&row);
            if self.len() > last {
                match self.keeps(last) {
                    Ok(true) => {}
                    Ok(false) => self.rows.pop(),
                    Err(said) => {
                        self.truncate(before);
                        return Err(said);
                    }
                }
            }
        }
        if self.len() as u128 > MOST {
            self.truncate(before);
            return Err(Diagnostic::error(format!(
                "too many cells, the most is {MOST}"
            )));
        }
        Ok(self.len() - before)
    }

    /// The position of an axis in rows, and the number of a value that cells are to have there.
    fn place_value(&mut self, name: &str, value: &Value) -> Result<(usize, ValueId), Diagnostic> {
        let index = self
            .columns
            .index(name)
            .filter(|index| self.columns.get(*index).axis);
        let position = index.and_then(|index| Some((index, self.columns.get(index).position?)));
        let Some((index, position)) = position else {
            let axes = self.axes().map(|column| &*self.columns.get(column).name);
            let wrong =
                Diagnostic::error(format!("cells cannot be added on `{name}`: it is no axis"));
            return Err(wrong.maybe_help(did_you_mean(name, axes, "its axes are")));
        };
        let column = self.columns.get_mut(index);
        let canonical = column.ty.conform(value.clone()).map_err(|mismatch| {
            Diagnostic::error(format!("`{name}` cannot be `{value}`"))
                .at(&column.place, mismatch.message)
                .maybe_help(mismatch.help)
        })?;
        let id = match column.id_of(&canonical) {
            Some(known) => known,
            None => {
                let place = column.place.clone();
                column.intern(canonical, &place)
            }
        };
        Ok((position, id))
    }

    fn keeps(&self, cell: usize) -> Result<bool, Diagnostic> {
        for filter in &self.filters {
            if !filter.keeps(self, cell)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the last cells away, so that so many are left.
    pub fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    /// All cells in the order in which they would stand if the manifest listed all values from the start,
    /// where there is such an order: values that were added come after those of the manifest, axis by
    /// axis. Otherwise in the order in which they were added.
    pub fn in_axis_order(&self) -> Vec<u32> {
        let all = 0..self.len() as u32;
        let mut ordered = Vec::with_capacity(self.len());
        self.arrange(all.clone().collect(), 0, &mut ordered);
        let written = ordered
            .iter()
            .filter(|cell| (**cell as usize) < self.written);
        match written.is_sorted() {
            true => ordered,
            false => all.collect(),
        }
    }

    /// Groups cells by their values from a position on, in the order in which these come up.
    fn arrange(&self, cells: Vec<u32>, position: usize, ordered: &mut Vec<u32>) {
        if cells.len() < 2 || position == self.varying.len() {
            ordered.extend(cells);
            return;
        }
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut of_value: HashMap<ValueId, usize> = HashMap::new();
        for cell in cells {
            let value = self.rows.get(cell as usize)[position];
            let group = *of_value.entry(value).or_insert(groups.len());
            match groups.get_mut(group) {
                Some(group) => group.push(cell),
                None => groups.push(vec![cell]),
            }
        }
        for group in groups {
            self.arrange(group, position + 1, ordered);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Experiment;
    use crate::manifest::Overrides;
    use crate::registry::Catalog;
    use crate::registry::Value;

    use super::Grid;

    fn grid(axes: &str) -> Grid {
        let folder = tempfile::tempdir().expect("the machine has a temporary folder");
        let path = folder.path().join("grid.yaml");
        let text = format!("experiment: grid\n{axes}stages: {{}}\n");
        std::fs::write(&path, text).expect("the folder is writable");
        let read = Experiment::read(&path, &Catalog::new(&[]), &Overrides::default());
        let said = read.found.render(false);
        read.experiment.unwrap_or_else(|| panic!("{said}")).grid
    }

    fn extend(grid: &mut Grid, values: &[(&str, Value)]) -> Result<usize, String> {
        grid.extend(values).map_err(|said| said.title)
    }

    fn rows(grid: &Grid, cells: impl IntoIterator<Item = usize>) -> Vec<String> {
        let row = |cell| {
            let values = grid.axes().map(|column| {
                let column = grid.columns().get(column);
                let value = grid.value(cell, &column.name);
                value.map_or("-".to_owned(), Value::to_string)
            });
            values.collect::<Vec<_>>().join(" ")
        };
        cells.into_iter().map(row).collect()
    }

    fn in_order(grid: &Grid) -> Vec<String> {
        rows(
            grid,
            grid.in_axis_order().into_iter().map(|cell| cell as usize),
        )
    }

    #[test]
    fn cells_that_are_added_keep_the_numbers_of_all_others() {
        let mut grid = grid("axes: {a: [x, y], lr: [1, 2], seed: {seeds: 2}}\n");
        let before = rows(&grid, 0..grid.len());
        assert_eq!(extend(&mut grid, &[("lr", Value::Int(3))]), Ok(4));
        assert_eq!(
            extend(&mut grid, &[("lr", Value::Int(3))]),
            Ok(0),
            "each once"
        );
        assert_eq!(rows(&grid, 0..8), before);
        let added = ["x 3 0", "x 3 1", "y 3 0", "y 3 1"];
        assert_eq!(rows(&grid, 8..12), added);
        let whole = self::grid("axes: {a: [x, y], lr: [1, 2, 3], seed: {seeds: 2}}\n");
        assert_eq!(in_order(&grid), rows(&whole, 0..whole.len()));
        grid.truncate(8);
        assert_eq!(
            extend(&mut grid, &[("lr", Value::Int(3)), ("a", Value::from("y"))]),
            Ok(2)
        );
        assert_eq!(rows(&grid, 8..10), ["y 3 0", "y 3 1"]);
    }

    #[test]
    fn cells_that_the_manifest_leaves_out_are_not_added() {
        let axes =
            "axes: {lr: [1, 2], seed: {seeds: 2}}\nexclude: [{lr: 3, seed: 0}]\nwhen: lr < 4\n";
        let mut grid = grid(axes);
        assert_eq!(extend(&mut grid, &[("lr", Value::Int(3))]), Ok(1));
        assert_eq!(rows(&grid, 4..5), ["3 1"]);
        assert_eq!(extend(&mut grid, &[("lr", Value::Int(4))]), Ok(0));
    }

    #[test]
    fn variants_without_the_axis_get_no_cells() {
        let axes = "axes: {m: {p: {axes: {lr: [1]}}, q: {}}}\n";
        let mut grid = grid(axes);
        assert_eq!(extend(&mut grid, &[("lr", Value::Int(2))]), Ok(1));
        assert_eq!(in_order(&grid), ["p 1", "p 2", "q -"]);
    }

    #[test]
    fn what_cannot_be_added_is_said() {
        let mut grid = grid("params: {n: {type: int, default: 1}}\naxes: {lr: [1.5], n: [1]}\n");
        let said = |grid: &mut Grid, name: &str, value: Value| {
            extend(grid, &[(name, value)]).expect_err("it is wrong")
        };
        assert!(said(&mut grid, "rate", Value::Int(1)).contains("no axis"));
        assert!(said(&mut grid, "n", Value::from("x")).contains("cannot be `x`"));
        assert_eq!(grid.len(), 1);
    }
}
