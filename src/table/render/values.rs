//! Every number of a summary as a LaTeX macro, so that the text of a paper is never stale.
//!
//! `\sweepline{summary/iwae/2/elbo}` prints the number with its interval; `/mean`, `/half`, `/low`,
//! `/high` and `/n` after it print one part.

use std::fmt::Write;

use super::coordinate;
use super::digits::Spread;
use super::grid::Grid;
use super::grid::Head;
use super::latex;
use crate::table::Summary;

/// Looks a number up; one that does not exist stops LaTeX with its name.
const MACRO: &str = r"\providecommand{\sweepline}[1]{\ifcsname sweepline/#1\endcsname
  \csname sweepline/#1\endcsname\else\errmessage{sweepline has no number `#1'}\fi}";

pub(super) fn write(summary: &Summary, grid: &Grid, name: &str) -> String {
    let mut text = format!("% {}\n{MACRO}\n", summary.note().replace('±', "+-"));
    for row in &grid.rows {
        for (head, cell) in grid.heads.iter().zip(&row.cells) {
            let Some(cell) = cell else { continue };
            let times = grid.times(head.metric);
            let Some(mut digits) = grid.digits(head.metric, cell.estimate) else {
                continue;
            };
            digits.times = times;
            let at = row.at.iter().map(|at| coordinate(at));
            let place = path(name, at.chain(pivot(head)), &head.metric.name);
            let scaled = |number: &str| match times {
                0 => number.replace('−', "-"),
                _ => format!("{} \\times 10^{{{times}}}", number.replace('−', "-")),
            };
            let mut define = |part: &str, math: String| {
                let _ = writeln!(
                    text,
                    "\\expandafter\\def\\csname sweepline/{place}{part}\\endcsname{{\\ensuremath{{{math}}}}}"
                );
            };
            define("", latex::math(&digits));
            define("/mean", scaled(&digits.centre));
            match &digits.spread {
                Spread::None => {}
                Spread::PlusMinus(half) => define("/half", scaled(half)),
                Spread::FromTo(low, high) => {
                    define("/low", scaled(low));
                    define("/high", scaled(high));
                }
            }
            define("/n", cell.estimate.n().to_string());
        }
    }
    text
}

fn pivot(head: &Head) -> Option<String> {
    head.at.map(coordinate)
}

/// `summary/iwae/2/elbo`: letters that TeX reads as its own become `-`.
fn path(name: &str, at: impl Iterator<Item = String>, metric: &str) -> String {
    let parts = [name.to_owned()]
        .into_iter()
        .chain(at)
        .chain([metric.to_owned()]);
    let clean = |part: String| -> String {
        let own = |c: char| {
            matches!(
                c,
                '\\' | '{' | '}' | '#' | '%' | '~' | '^' | '&' | '$' | '/'
            )
        };
        let part = part.chars();
        part.map(|c| {
            if own(c) || !c.is_ascii_graphic() {
                '-'
            } else {
                c
            }
        })
        .collect()
    };
    parts.map(clean).collect::<Vec<_>>().join("/")
}
