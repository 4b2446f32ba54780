//! From rows to panels of series: means with intervals over replicates.

use serde_json::Value as Json;

use crate::table::Column;
use crate::table::Estimate;
use crate::table::Summary;
use crate::table::SummarySpec;
use crate::table::Table;

use super::FigureError;
use super::facets;
use super::facets::Facets;
use super::mapping::Mapping;
use super::mapping::melted;

/// Grouped rows, ready to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub summary: Summary,
    pub facets: Facets,
    /// Per panel of the facets, per group of the panel.
    pub panels: Vec<Vec<Series>>,
    pub x: Column,
    /// All values of x, in their order.
    pub xs: Vec<Json>,
    pub y: Column,
}

/// The points of one colour and marker.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub color: usize,
    pub marker: usize,
    pub points: Vec<(Json, Estimate)>,
    /// At null x: a reference line.
    pub reference: Option<Estimate>,
}

impl Plot {
    /// Groups the rows of a table.
    pub(super) fn new(table: &Table, mapping: &Mapping, wrap: usize) -> Result<Self, FigureError> {
        let melts = mapping.y.len() > 1;
        let (table, mapping, value) = melted(table, mapping)?;
        let spec = SummarySpec {
            values: vec![value],
            by: Some(mapping.by(melts)),
            replicate: mapping.replicate.clone(),
            interval: mapping.interval,
        };
        let summary = Summary::new(&table, &spec)?;
        let mut estimates = summary.groups.iter().map(|group| &group.estimates[0]);
        if estimates.all(|estimate| estimate.centre.is_none()) {
            let metric = summary.metrics[0].title();
            return Err(FigureError::Empty(format!("`{metric}` holds no numbers")));
        }
        let groups = Table {
            columns: summary.by.clone(),
            rows: summary.groups.iter().map(|g| g.at.clone()).collect(),
        };
        let facets = Facets::new(&groups, &mapping, wrap)?;
        let x = groups
            .column(&mapping.x)
            .expect("the summary is grouped by x");
        let series = |group: &super::facets::Group| {
            let mut series = Series {
                color: group.color,
                marker: group.marker,
                points: Vec::new(),
                reference: None,
            };
            for &row in &group.rows {
                let estimate = summary.groups[row].estimates[0].clone();
                match &groups.rows[row][x] {
                    Json::Null => series.reference = Some(estimate),
                    x => series.points.push((x.clone(), estimate)),
                }
            }
            series
        };
        let panels = facets
            .panels
            .iter()
            .map(|panel| panel.groups.iter().map(series).collect())
            .collect();
        Ok(Plot {
            panels,
            x: groups.columns[x].clone(),
            xs: facets::ordered(&groups, x),
            y: summary.metrics[0].clone(),
            facets,
            summary,
        })
    }

    /// The same groups with another number in place of their means, and no intervals.
    pub(super) fn reduced(mut self, pick: impl Fn(&[f64]) -> Option<f64>) -> Self {
        for series in self.panels.iter_mut().flatten() {
            let points = series.points.iter_mut().map(|(_, estimate)| estimate);
            for estimate in points.chain(&mut series.reference) {
                estimate.centre = pick(&estimate.values);
                estimate.interval = None;
            }
        }
        self
    }

    /// The same for places along x that are names: what has no x stands at a place of its own, which is `none`.
    /// What has no number there either, such as rows of a stage with fewer axes, has none.
    pub(super) fn by_name(mut self) -> Self {
        let has_value = |series: &Series| {
            let reference = series.reference.as_ref();
            reference.is_some_and(|estimate| estimate.centre.is_some())
        };
        let stands = self.series().any(has_value);
        for series in self.panels.iter_mut().flatten() {
            let reference = series.reference.take().filter(|_| stands);
            let reference = reference.map(|estimate| (Json::Null, estimate));
            series.points.extend(reference);
        }
        self.xs.retain(|x| stands || !x.is_null());
        self
    }

    /// All series of all panels.
    pub(super) fn series(&self) -> impl Iterator<Item = &Series> {
        self.panels.iter().flatten()
    }

    /// `Test KL (nats) against samples, by method, one panel per dataset`.
    pub(super) fn describe(&self) -> String {
        let (x, y) = (self.x.title_with_unit(), self.y.title_with_unit());
        let without = [self.x.name.as_str()];
        format!(
            "{} against {x}{}",
            capital(&y),
            self.facets.describe(&without)
        )
    }
}

/// With its first letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", capital(text))
}

/// `n = 3`, or the range where groups differ, or that one replicate has no band. Without a band only
/// the middle is drawn.
pub(super) fn replicates(summary: &Summary, band: Option<&str>) -> String {
    let missing = summary.groups.iter();
    let missing = missing.map(|group| group.estimates[0].missing);
    replicates_without(summary, band, missing.sum())
}

/// The same where other values are missing than those of the summary: what it was made of is a reduction.
pub(super) fn replicates_without(summary: &Summary, band: Option<&str>, missing: usize) -> String {
    let counts = summary.groups.iter().map(|group| group.estimates[0].n());
    let (low, high) = counts.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    let over = match summary.replicate.join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(" over {names}"),
    };
    let centre = summary.interval.centre_name();
    let mut text = match (high, band) {
        (0, _) => "no values".to_owned(),
        (1, Some(band)) => format!("single values (n = 1, so no {band})"),
        (1, None) => "single values (n = 1)".to_owned(),
        _ => {
            let n = match low == high {
                true => format!("n = {high}"),
                false => format!("n = {low} to {high}"),
            };
            let drawn = band.map(|band| format!("{band}: {}; ", summary.interval.describe()));
            format!("{centre}{over}; {}{n}", drawn.unwrap_or_default())
        }
    };
    if let Some(band) = band.filter(|_| low < 2 && high > 1) {
        text.push_str(&format!(" (no {band} below n = 2)"));
    }
    text + &said_missing(missing)
}

/// How many values are missing, for the end of a sentence; empty where none are.
pub(super) fn said_missing(missing: usize) -> String {
    match missing {
        0 => String::new(),
        1 => "; 1 value is missing".to_owned(),
        many => format!("; {many} values are missing"),
    }
}

#[cfg(test)]
mod tests {
    use crate::figures::FigureInput;
    use crate::figures::find;
    use crate::table::Table;

    #[test]
    fn rows_without_the_axis_stand_at_none() {
        let mut csv = "method,k,data,acc,size\n".to_owned();
        for (i, data) in ["d1", "d2", "d3"].iter().enumerate() {
            for (j, k) in ["", "1", "5"].iter().enumerate() {
                let method = if k.is_empty() { "plain" } else { "sampled" };
                csv.push_str(&format!("{method},{k},{data},{},\n", i + 10 * j));
            }
        }
        let drawn = |csv: &str, kind: &str, params: &str| {
            let table = Table::from_csv(csv, &["method", "k", "data"]).unwrap();
            let input = FigureInput {
                table,
                ..FigureInput::default()
            };
            let params = serde_yaml::from_str(&format!("{{{params}, svg_text: text}}")).unwrap();
            let drawn = find(kind).unwrap().draw(&input, &params);
            drawn.unwrap_or_else(|error| panic!("{kind}: {error}"))
        };
        // A stage with fewer axes has no method called none.
        let fewer = csv
            .replace("plain,,d1,0,", "plain,,d1,,7")
            .replace("plain,,", ",,");
        let fewer: String = fewer
            .lines()
            .filter(|line| !line.starts_with(",,d2") && !line.starts_with(",,d3"))
            .map(|line| format!("{line}\n"))
            .collect();
        for (kind, params) in [
            ("bar", "x: k, y: acc, color: data, replicate: method"),
            ("heatmap", "x: k, y: data, value: acc, replicate: method"),
            ("dots", "x: acc, y: k, color: data, replicate: method"),
            ("slope", "x: k, y: acc, name: data, replicate: method"),
            (
                "ranks",
                "compare: k, value: acc, over: data, direction: maximize",
            ),
        ] {
            assert!(drawn(&csv, kind, params).svg.contains(">none<"), "{kind}");
            assert!(
                !drawn(&fewer, kind, params).svg.contains(">none<"),
                "{kind}"
            );
        }
    }
}
