//! Which rows of one place count as replicates of one another.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::DIVERGED;
use super::Table;

/// Two rows, by position, of which only one can count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clash(pub usize, pub usize);

/// Why rows are not one number for each replicate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unclear {
    /// The first stands for several replicates, of which the second is one.
    Whole(Clash),
    /// Both are one replicate.
    Twice(Clash),
}

impl Table {
    /// The rows without those that stand for several others: one that has no `seed` is no further seed of those
    /// that have one. Of such a row the number belongs to each of the others, as the size of a model does.
    ///
    /// # Errors
    /// Where it is another one than theirs: the row, and one of those that it stands for.
    pub(super) fn without_wholes(
        &self,
        rows: &[usize],
        axes: &[usize],
        number: usize,
    ) -> Result<Vec<usize>, Clash> {
        let lacks_one = |row: &usize| axes.iter().any(|at| self.rows[*row][*at].is_null());
        if !rows.iter().any(lacks_one) {
            return Ok(rows.to_vec());
        }
        let own = |row: usize| -> Vec<usize> {
            let axes = axes.iter().copied();
            axes.filter(|at| !self.rows[row][*at].is_null()).collect()
        };
        let mut of_axes: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
        for &row in rows
            .iter()
            .filter(|row| self.number(**row, number).is_some())
        {
            of_axes.entry(own(row)).or_default().push(row);
        }
        let mut wholes = Vec::new();
        for (fewer, of_fewer) in &of_axes {
            let more = of_axes.iter().filter(|(more, _)| {
                more.len() > fewer.len() && fewer.iter().all(|at| more.contains(at))
            });
            let mut parts: HashMap<Vec<&Json>, Vec<usize>> = HashMap::new();
            for &row in more.flat_map(|(_, rows)| rows) {
                parts.entry(self.at(row, fewer)).or_default().push(row);
            }
            for &row in of_fewer {
                let Some(parts) = parts.get(&self.at(row, fewer)) else {
                    continue;
                };
                let differs =
                    |part: &&usize| self.number(**part, number) != self.number(row, number);
                match parts.iter().find(differs) {
                    Some(part) => return Err(Clash(row, *part)),
                    None => wholes.push(row),
                }
            }
        }
        let left = rows.iter().copied().filter(|row| !wholes.contains(row));
        Ok(left.collect())
    }

    /// The rows with one of each replicate: of several with one number, or none, the first that has it.
    ///
    /// # Errors
    /// Two rows of one replicate with different numbers.
    fn one_each(&self, rows: &[usize], axes: &[usize], number: usize) -> Result<Vec<usize>, Clash> {
        let mut kept: Vec<usize> = Vec::with_capacity(rows.len());
        let mut known: HashMap<Vec<&Json>, usize> = HashMap::new();
        for &row in rows {
            let at = *known.entry(self.at(row, axes)).or_insert(kept.len());
            let Some(first) = kept.get_mut(at) else {
                kept.push(row);
                continue;
            };
            match (self.number(*first, number), self.number(row, number)) {
                (Some(one), Some(other)) if one != other => return Err(Clash(*first, row)),
                (None, Some(_)) => *first = row,
                _ => {}
            }
        }
        Ok(kept)
    }

    /// Of some rows of a place those that count towards a number, one of each replicate.
    ///
    /// # Errors
    /// As [`Table::without_wholes`] and [`Table::one_each`].
    pub(super) fn replicates(
        &self,
        rows: &[usize],
        axes: &[usize],
        number: usize,
    ) -> Result<Vec<usize>, Unclear> {
        let rows = self.without_wholes(rows, axes, number);
        let rows = rows.map_err(Unclear::Whole)?;
        self.one_each(&rows, axes, number).map_err(Unclear::Twice)
    }

    /// The columns, but for these, in which two rows differ.
    pub(super) fn differing(&self, Clash(one, other): Clash, but: &[usize]) -> Vec<String> {
        let columns = (0..self.columns.len()).filter(|at| {
            let told = self.rows[one][*at] != self.rows[other][*at];
            told && !but.contains(at) && self.columns[*at].name != DIVERGED
        });
        columns.map(|at| self.columns[at].name.clone()).collect()
    }

    pub(super) fn at(&self, row: usize, columns: &[usize]) -> Vec<&Json> {
        columns.iter().map(|at| &self.rows[row][*at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [usize; 4] = [0, 1, 2, 3];

    fn table(rows: &str) -> Table {
        Table::from_csv(&format!("seed,fold,loss\n{rows}"), &["seed", "fold"]).unwrap()
    }

    #[test]
    fn a_row_without_a_seed_is_no_further_seed() {
        let ensemble = table("0,,5\n1,,6\n,,3\n2,,\n");
        assert_eq!(ensemble.without_wholes(&ALL, &[0, 1], 2), Err(Clash(2, 0)));
        let size = table("0,,5\n1,,5\n,,5\n2,,\n");
        assert_eq!(size.without_wholes(&ALL, &[0, 1], 2), Ok(vec![0, 1, 3]));
        // Seeds of their own are none of others', and one of several folds is theirs alone.
        let apart = table("0,,5\n1,0,6\n1,1,7\n,2,3\n");
        assert_eq!(apart.without_wholes(&ALL, &[0, 1], 2), Ok(ALL.to_vec()));
        let folded = table("0,,5\n1,0,6\n1,1,7\n1,,8\n");
        assert!(folded.without_wholes(&ALL, &[0, 1], 2).is_err());
    }

    #[test]
    fn a_replicate_counts_once() {
        let twice = table("0,0,5\n0,1,6\n1,0,7\n1,1,7\n");
        assert_eq!(twice.one_each(&ALL, &[0], 2), Err(Clash(0, 1)));
        assert_eq!(twice.differing(Clash(0, 1), &[0, 2]), ["fold"]);
        assert_eq!(twice.one_each(&ALL, &[0, 1], 2), Ok(ALL.to_vec()));
        let stacked = table("0,,\n0,,5\n1,,7\n1,,7\n");
        assert_eq!(stacked.one_each(&ALL, &[0], 2), Ok(vec![1, 2]));
    }
}
