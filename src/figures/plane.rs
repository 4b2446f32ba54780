//! Two columns of numbers against each other, a panel per facet and a colour per value: trials of a search.

use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Table;

use super::FigureError;
use super::axes;
use super::facets::Facets;
use super::facets::Group;
use super::legend::Sample;
use super::mapping::Mapping;
use super::mapping::no_column;
use super::options::Panels;
use super::sheet::Page;
use super::theme::Theme;

/// Height of a panel over its width.
const ASPECT: f64 = 0.75;

pub(super) struct Plane<'p> {
    panels: Panels<'p>,
    table: &'p Table,
    pub x: usize,
    pub y: usize,
    pub facets: Facets,
    theme: Theme,
}

impl<'p> Plane<'p> {
    /// Of these columns.
    pub(super) fn new(
        panels: Panels<'p>,
        table: &'p Table,
        [x, y]: [&str; 2],
        color: Option<String>,
    ) -> Result<Self, FigureError> {
        let mapping = Mapping {
            color,
            ..Mapping::new(x, vec![y.to_owned()], panels.facets)?
        };
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
        let (x, y) = (column(x)?, column(y)?);
        let facets = axes::facets(panels, table, &mapping)?;
        let theme = facets.theme(&panels.axes.common)?;
        Ok(Plane {
            panels,
            table,
            x,
            y,
            facets,
            theme,
        })
    }

    /// What both columns are called, with their units.
    pub(super) fn titles(&self) -> [String; 2] {
        [self.x, self.y].map(|at| self.table.columns[at].title_with_unit())
    }

    /// What is made of the rows of each colour, panel by panel.
    pub(super) fn by_panel<T>(&self, of: impl Fn(&Group) -> T) -> Vec<Vec<T>> {
        let panels = self.facets.panels.iter();
        panels
            .map(|panel| panel.groups.iter().map(&of).collect())
            .collect()
    }

    /// A page with room for these places of each panel.
    ///
    /// # Errors
    /// Where there are none at all.
    pub(super) fn page(&self, places: &[Vec<(f64, f64)>]) -> Result<Page, FigureError> {
        let numbers = |of: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
            let panels = places.iter();
            panels
                .map(|places| places.iter().map(of).collect())
                .collect()
        };
        if places.iter().all(Vec::is_empty) {
            let [x, y] = [self.x, self.y].map(|at| &self.table.columns[at].name);
            return Err(FigureError::Empty(format!(
                "no row has numbers in both `{x}` and `{y}`"
            )));
        }
        let (panels, theme) = (self.panels, &self.theme);
        let x = axes::numbers(panels, axes::X, numbers(|at| at.0), None)?;
        let y = axes::numbers(panels, axes::Y, numbers(|at| at.1), None)?;
        let legend = self.facets.legend(theme, |color, marker| Sample::Line {
            colour: theme.colour(color),
            dash: Vec::new(),
            marker: Some(marker),
        });
        let labels = self.titles().into();
        let mut sheet = axes::sheet(panels, theme, &self.facets, (x, y), labels, legend)?;
        sheet.aspect = ASPECT;
        Ok(sheet.open())
    }

    /// The rows that are drawn, each with what a further column says of it, as CSV.
    pub(super) fn listing(&self, says: &str, rows: impl Iterator<Item = (usize, bool)>) -> String {
        let mut listing = Table {
            columns: self.table.columns.clone(),
            rows: Vec::new(),
        };
        listing.columns.push(Column::axis(says));
        for (row, said) in rows {
            let mut cells = self.table.rows[row].clone();
            cells.push(Json::Bool(said));
            listing.rows.push(cells);
        }
        listing.to_csv()
    }
}
