//! Many methods over many data sets: mean ranks with what differs, the critical-difference diagram.

mod diagram;
mod groups;

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::InvalidParam;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Searched;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;
use crate::table::display;
use crate::table::stats;
use crate::text::plural;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::closed;
use super::direction::Direction;
use super::grammar::capital;
use super::mapping::no_column;
use super::named::Named;
use super::numbers;
use super::options;
use super::options::Common;
use super::scale::coordinate;

use diagram::Diagram;
use groups::Groups;

pub(super) struct Ranks;

choices! {
    /// Which test tells methods apart after Friedman's.
    pub(super) enum PostHoc {
        /// Mean ranks farther apart than the critical difference.
        Nemenyi = "nemenyi",
        /// Wilcoxon's test of each pair, corrected after Holm.
        Wilcoxon = "wilcoxon",
    }
}

params! {
    /// What `figure/ranks` may be given.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    struct RanksParams {
        /// axis whose values are ranked, such as the method
        compare: String;
        /// column of numbers
        value: String;
        /// axis or axes within whose values methods are ranked, such as the data set
        over: Names;
        /// which way the number is better; by default as the search or the column has it
        direction: Option<Direction>;
        /// which test tells methods apart: `nemenyi` or `wilcoxon` (each pair, corrected after Holm)
        test: PostHoc = PostHoc::Nemenyi;
        /// probability of calling methods different that are not
        level: f64 = 0.05, min(1e-6), max(0.5);
        named: Named;
        common: Common;
    }
}

impl Entry for Ranks {
    fn name(&self) -> &'static str {
        "ranks"
    }

    fn summary(&self) -> &'static str {
        "mean ranks of methods over data sets: the critical-difference diagram"
    }

    fn docs(&self) -> &'static str {
        "After Demšar (2006). Methods are ranked within each value of `over`, 1 the best, ties sharing \
         their ranks; other axes, such as seeds, are averaged first. Friedman's test (with the F of Iman \
         and Davenport 1980) says whether they differ at all: where it does not, one bar joins all. Else \
         a bar joins what is not told apart: by Nemenyi's critical difference, drawn over the axis, or \
         by Wilcoxon's signed-rank test of each pair, corrected after Holm, which does not depend on \
         which other methods take part (Benavoli, Corani and Mangili 2016). A bar joins neighbouring ranks only: \
         `not_told_from` of the numbers has all methods that one is not told apart from. What lacks the number of a method is left out and counted."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        RanksParams::params()
    }
}

impl Figure for Ranks {
    fn searched(&self, params: &mut Values, search: &Searched<'_>) {
        search.direct(params, "value", "direction");
    }

    fn check(&self, values: &Values) -> Result<(), InvalidParam> {
        options::check(values, self.along_x())
    }

    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = RanksParams::read(values)?;
        let table = &input.table;
        let column = |name: &str| table.column(name).ok_or_else(|| no_column(table, name));
        let (compare, value) = (column(&params.compare)?, column(&params.value)?);
        let over = params.over.0.iter().map(|name| column(name));
        let over: Vec<usize> = over.collect::<Result<_, _>>()?;
        let direction = Direction::of(params.direction, &table.columns[value])?;
        let blocks = Blocks::of(table, (compare, value), &over);
        blocks.check(&params)?;
        let costs: Vec<Vec<f64>> = blocks
            .whole
            .iter()
            .map(|(_, row)| row.iter().map(|mean| direction.cost(*mean)).collect())
            .collect();
        let friedman = stats::friedman(&costs).ok_or_else(|| {
            let (value, k) = (&params.value, blocks.methods.len());
            FigureError::Empty(format!(
                "`{value}` is the same for all {k} methods everywhere"
            ))
        })?;
        let groups = Groups::new(&friedman, &costs, params.test, params.level);
        let theme = params.common.page_theme()?;
        let names: Vec<String> = blocks.methods.iter().map(coordinate).collect();
        let diagram = Diagram {
            names: &names,
            ranks: &friedman.ranks,
            groups: &groups,
            title: params.common.title.as_deref().unwrap_or_default(),
            theme: &theme,
            width: params.common.page_width()?,
            height: params.common.page_height(),
        };
        let title = format!(
            "Mean ranks of {} by {}",
            table.columns[compare].title(),
            table.columns[value].title()
        );
        let caption = format!(
            "{}. {}",
            capital(&title),
            said(
                &params,
                &blocks,
                &friedman,
                &groups,
                &over_titles(table, &over)
            )
        );
        let csv = listing(table, compare, &blocks, &friedman, &groups);
        Ok(closed(diagram.canvas(), &title, csv, &caption))
    }
}

fn over_titles(table: &Table, over: &[usize]) -> String {
    let titles: Vec<String> = over.iter().map(|&at| table.columns[at].title()).collect();
    titles.join(", ")
}

/// The mean of every method within every block.
struct Blocks {
    methods: Vec<Json>,
    whole: Vec<(Vec<Json>, Vec<f64>)>,
    /// Blocks that lack a method.
    lacking: usize,
    /// The fewest and the most rows behind a mean.
    rows: (usize, usize),
}

impl Blocks {
    fn of(table: &Table, (compare, value): (usize, usize), over: &[usize]) -> Self {
        let mut methods: Vec<Json> = Vec::new();
        let mut blocks: Vec<(Vec<Json>, Vec<Vec<Option<f64>>>)> = Vec::new();
        for (r, row) in table.rows.iter().enumerate() {
            let at: Vec<Json> = over.iter().map(|&column| row[column].clone()).collect();
            // A row of a stage with fewer axes, and without the number, is of no method.
            let is_placed = !row[compare].is_null() && !at.iter().any(Json::is_null);
            if !is_placed && table.number(r, value).is_none() {
                continue;
            }
            let method = methods.iter().position(|known| *known == row[compare]);
            let method = method.unwrap_or_else(|| {
                methods.push(row[compare].clone());
                methods.len() - 1
            });
            let block = blocks.iter().position(|(known, _)| *known == at);
            let block = block.unwrap_or_else(|| {
                blocks.push((at, Vec::new()));
                blocks.len() - 1
            });
            let cells = &mut blocks[block].1;
            cells.resize(cells.len().max(method + 1), Vec::new());
            cells[method].push(table.number(r, value));
        }
        let all = blocks.len();
        let mut rows = (usize::MAX, 0);
        let mut whole = Vec::new();
        for (at, mut cells) in blocks {
            cells.resize(methods.len(), Vec::new());
            // A seed without its number would leave the mean to the luckier ones.
            let means = cells.iter().map(|cell| {
                let numbers: Option<Vec<f64>> = cell.iter().copied().collect();
                stats::mean(&numbers?)
            });
            if let Some(means) = means.collect::<Option<Vec<f64>>>() {
                let counts = cells.iter().map(Vec::len);
                rows = counts.fold(rows, |(low, high), n| (low.min(n), high.max(n)));
                whole.push((at, means));
            }
        }
        Blocks {
            lacking: all - whole.len(),
            methods,
            whole,
            rows,
        }
    }

    fn check(&self, params: &RanksParams) -> Result<(), FigureError> {
        let (compare, over) = (&params.compare, params.over.0.join(", "));
        match (self.methods.len(), self.whole.len()) {
            (0 | 1, _) => Err(FigureError::Empty(format!(
                "ranks need two values of `{compare}`, and there {}",
                match self.methods.len() {
                    0 => "is none".to_owned(),
                    _ => format!("is only `{}`", display(&self.methods[0])),
                }
            ))),
            (_, blocks @ (0 | 1)) => Err(FigureError::Empty(format!(
                "a test of ranks needs two values of `{over}` with numbers for every `{compare}`, and \
                 {blocks} of {} {}",
                blocks + self.lacking,
                if blocks == 1 { "has them" } else { "have them" },
            ))),
            _ => Ok(()),
        }
    }
}

/// What the caption says of the test.
fn said(
    params: &RanksParams,
    blocks: &Blocks,
    friedman: &stats::Friedman,
    groups: &Groups,
    over: &str,
) -> String {
    let plain = |number: f64| super::markup::plain(&numbers::brief(number));
    let (k, n) = (blocks.methods.len(), friedman.n);
    let mut text = format!("k = {k} over n = {n} values of {over}, 1 is best");
    match blocks.rows {
        (1, 1) => {}
        (low, high) if low == high => text.push_str(&format!(", each the mean of {low}")),
        (low, high) => text.push_str(&format!(", each the mean of {low} to {high}")),
    }
    let f = match friedman.f.is_finite() {
        true => format!(
            "F({}, {}) = {},",
            k - 1,
            (k - 1) * (n - 1),
            plain(friedman.f)
        ),
        false => "all ranked alike, exact".to_owned(),
    };
    text.push_str(&format!(
        ". Friedman: χ²({}) = {}, p {}; {f} p {}.",
        k - 1,
        plain(friedman.chi_squared),
        probability(friedman.p),
        probability(friedman.p_f)
    ));
    let level = params.level;
    if !groups.differ {
        text.push_str(&format!(
            " At {level} the methods are not told apart: one bar joins all."
        ));
    } else {
        text.push_str(&match groups.critical {
            Some(critical) => format!(
                " Bars join what Nemenyi's test does not tell apart at {level}: ranks within the \
                 critical difference, CD = {}.",
                plain(critical)
            ),
            None => format!(
                " Bars join what Wilcoxon's signed-rank test, corrected after Holm, does not tell \
                 apart at {level}."
            ),
        });
    }
    if groups.some_beyond_bars() {
        text.push_str(
            " Methods that no bar joins may be alike too, where one between them differs: `not_told_from` of the \
             numbers has all.",
        );
    }
    if blocks.lacking > 0 {
        text.push_str(&format!(
            " Left out: {} of {over} without all numbers.",
            plural(blocks.lacking, "value")
        ));
    }
    text
}

/// `= 0.03` or `< 0.001`.
fn probability(p: f64) -> String {
    match p < 0.001 {
        true => "< 0.001".to_owned(),
        false => format!("= {p:.3}"),
    }
}

/// A row per method: its mean rank, and the methods that it is not told apart from.
fn listing(
    table: &Table,
    compare: usize,
    blocks: &Blocks,
    friedman: &stats::Friedman,
    groups: &Groups,
) -> String {
    let mut order: Vec<usize> = (0..blocks.methods.len()).collect();
    order.sort_by(|&a, &b| friedman.ranks[a].total_cmp(&friedman.ranks[b]));
    let rows = order.iter().map(|&method| {
        // Of the test and not of the bars, which join neighbours only.
        let alike = |other: &usize| *other != method && !groups.apart[method][*other];
        let with = (0..blocks.methods.len()).filter(alike);
        let mut with: Vec<String> = with
            .map(|other| coordinate(&blocks.methods[other]))
            .collect();
        with.sort();
        vec![
            blocks.methods[method].clone(),
            friedman.ranks[method].into(),
            with.join("; ").into(),
        ]
    });
    Table {
        columns: vec![
            table.columns[compare].clone(),
            Column::metric("mean_rank", "", Some(false)),
            Column::axis("not_told_from"),
        ],
        rows: rows.collect(),
    }
    .to_csv()
}
