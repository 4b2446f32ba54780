//! Labels of ticks: along x flat, broken, turned or thinned until none touches another; along y
//! broken or thinned.

use std::collections::HashSet;

use super::super::font::Weight;
use super::super::scale::Scale;
use super::super::theme::Theme;
use super::super::ticks::Tick;
use super::super::wrap::Lines;
use super::TICK;
use super::TICK_GAP;

/// Turned labels longer than this, in points, are broken where there is room for another line.
const LONGEST: f64 = 95.0;
/// Lines of a label that is not turned.
const MOST_LINES: usize = 3;

/// The labels of one axis of a panel: where on the axis, and what.
pub(in crate::figures) type Labels = Vec<(f64, Lines)>;

/// How the labels along x stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::figures) struct Turn {
    /// Degrees.
    pub degrees: f64,
    /// Whether labels are broken into lines.
    broken: bool,
    /// Every how-manieth label stands.
    pub every: usize,
}

/// A panel's x axis on the page.
pub(in crate::figures) struct Along<'a> {
    pub row: usize,
    pub left: f64,
    pub width: f64,
    pub ticks: &'a [Tick],
}

/// What may be tried for an axis, the best first.
pub(in crate::figures) fn turns(scale: &Scale) -> Vec<Turn> {
    let turn = |degrees, broken, every| Turn {
        degrees,
        broken,
        every,
    };
    let thinned = |degrees, broken| (2..=400).map(move |every| turn(degrees, broken, every));
    match scale {
        // Numbers in a row are read without each having its label.
        Scale::Category { values } if values.iter().all(|value| value.is_number()) => {
            std::iter::once(turn(0.0, false, 1))
                .chain(thinned(0.0, false))
                .collect()
        }
        _ => {
            let full = [
                turn(0.0, false, 1),
                turn(0.0, true, 1),
                turn(45.0, true, 1),
                turn(90.0, true, 1),
            ];
            full.into_iter().chain(thinned(90.0, true)).collect()
        }
    }
}

impl Turn {
    /// The labels of all panels under this turn; none where some would touch.
    pub(in crate::figures) fn labels(&self, axes: &[Along], theme: &Theme) -> Option<Vec<Labels>> {
        let small = theme.tick_size();
        let shown: Vec<Vec<&Tick>> = axes
            .iter()
            .map(|axis| {
                let mut ticks: Vec<&Tick> = axis.ticks.iter().collect();
                ticks.retain(|tick| !tick.label.is_empty());
                ticks.sort_by(|a, b| a.place.total_cmp(&b.place));
                ticks.into_iter().step_by(self.every).collect()
            })
            .collect();
        let at = |i: usize, place: f64| axes[i].left + place * axes[i].width;
        // The room of a label: to the next in its row of panels.
        let mut places: Vec<(usize, f64)> = Vec::new();
        for (i, ticks) in shown.iter().enumerate() {
            places.extend(ticks.iter().map(|tick| (axes[i].row, at(i, tick.place))));
        }
        places.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let near = places
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| pair[1].1 - pair[0].1)
            .fold(f64::INFINITY, f64::min);
        let make = |tick: &&Tick| match (self.degrees, self.broken) {
            (0.0, false) => Some(Lines::single(&tick.label, Weight::Regular, small)),
            (0.0, true) => {
                let room = near - small * 0.6;
                Lines::of_words(&tick.label, Weight::Regular, small, room)
                    .filter(|lines| lines.lines.len() <= MOST_LINES)
            }
            (degrees, _) => slanted(&tick.label, small, near * degrees.to_radians().sin() - 0.8),
        };
        let labels: Vec<Labels> = shown
            .iter()
            .map(|ticks| {
                let labels = ticks.iter().map(|tick| Some((tick.place, make(tick)?)));
                labels.collect::<Option<Labels>>()
            })
            .collect::<Option<_>>()?;
        if self.degrees == 0.0 {
            let mut spans: Vec<(usize, f64, f64)> = Vec::new();
            for (i, labels) in labels.iter().enumerate() {
                spans.extend(labels.iter().map(|(place, lines)| {
                    let (middle, half) = (at(i, *place), lines.width() / 2.0);
                    (axes[i].row, middle - half, middle + half)
                }));
            }
            spans.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let clear = |pair: &[(usize, f64, f64)]| {
                pair[0].0 != pair[1].0 || pair[1].1 - pair[0].2 >= small * 0.35
            };
            return spans.windows(2).all(clear).then_some(labels);
        }
        Some(labels)
    }

    /// Below the axis: ticks and labels.
    pub(in crate::figures) fn height(&self, labels: &Labels, theme: &Theme) -> f64 {
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let deep = labels.iter().map(|(_, lines)| match self.degrees {
            0.0 => lines.height(),
            _ => lines.width() * sin + lines.height() * cos + 1.0,
        });
        TICK + TICK_GAP + deep.fold(theme.tick_size(), f64::max)
    }

    /// How far a label reaches to the left and to the right of its tick.
    pub(in crate::figures) fn reach(&self, lines: &Lines) -> (f64, f64) {
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        match self.degrees {
            0.0 => (lines.width() / 2.0, lines.width() / 2.0),
            _ => {
                let half = lines.height() * sin / 2.0;
                (lines.width() * cos + half, half)
            }
        }
    }
}

/// A turned label with so much room across: in lines where they fit, else in one.
pub(in crate::figures) fn slanted(text: &str, small: f64, room: f64) -> Option<Lines> {
    let mut width = LONGEST;
    loop {
        let lines = Lines::new(text, Weight::Regular, small, width);
        if lines.height() <= room {
            return Some(lines);
        }
        if lines.lines.len() < 2 {
            return None;
        }
        width *= 1.3;
    }
}

/// Labels along y of this size, in lines of at most `width`.
pub(in crate::figures) fn beside(ticks: &[Tick], size: f64, width: f64) -> Labels {
    let labelled = ticks.iter().filter(|tick| !tick.label.is_empty());
    let lines = |tick: &Tick| Lines::new(&tick.label, Weight::Regular, size, width);
    labelled.map(|tick| (tick.place, lines(tick))).collect()
}

/// The height of an axis along y on which no label touches the next: a tall one takes the room of short neighbours.
pub(in crate::figures) fn need(labels: &Labels) -> f64 {
    let alone = labels.iter().map(|(_, lines)| lines.height());
    apart(&sorted(labels)).fold(alone.fold(0.0, f64::max), f64::max) * 1.12
}

/// Labels from the lowest to the highest.
fn sorted(labels: &Labels) -> Vec<(f64, f64)> {
    let places = labels.iter();
    let mut places: Vec<(f64, f64)> = places
        .map(|(place, lines)| (*place, lines.height()))
        .collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
}

/// The heights at which neighbours, by place and height, would touch.
fn apart(places: &[(f64, f64)]) -> impl Iterator<Item = f64> {
    let pairs = places.windows(2);
    pairs.map(|pair| (pair[0].1 + pair[1].1) / 2.0 / (pair[1].0 - pair[0].0))
}

/// Which of so many labels along y is kept: the first and the last have room above and below them.
pub(in crate::figures) fn middle(every: usize) -> usize {
    (every - 1) / 2
}

/// Keeps every so-manieth, from the `first` on.
pub(in crate::figures) fn thin<T>(all: &mut Vec<T>, every: usize, first: usize) {
    let mut i = 0;
    all.retain(|_| {
        i += 1;
        (i - 1) % every == first
    });
}

/// Lets labels of several lines end earlier, as few as will do, until all have room on an axis of this height. Whether
/// they do, and still differ: else they stay as they are.
pub(in crate::figures) fn cut(labels: &mut Labels, height: f64) -> bool {
    let most = labels.iter().map(|(_, lines)| lines.lines.len()).max();
    let cut = |first: &dyn Fn(&Lines) -> Lines| -> Labels {
        let labels = labels.iter();
        labels
            .map(|(place, lines)| (*place, first(lines)))
            .collect()
    };
    // Their ends take long to set, and no room.
    let mut fewer = (1..most.unwrap_or(0)).rev();
    let fits = |most: &usize| every(&cut(&|lines| lines.without_rest(*most)), height) == 1;
    let Some(most) = fewer.find(fits) else {
        return false;
    };
    let shorter = cut(&|lines| lines.first(most));
    let different: HashSet<&[String]> = shorter.iter().map(|(_, l)| &l.lines[..]).collect();
    let differ = different.len() == shorter.len();
    if differ {
        *labels = shorter;
    }
    differ
}

/// Every how-manieth of the labels along y has room.
pub(in crate::figures) fn every(labels: &Labels, height: f64) -> usize {
    let places = sorted(labels);
    let clear = |every: &usize| {
        let kept = places.iter().skip(middle(*every)).step_by(*every).copied();
        let kept: Vec<(f64, f64)> = kept.collect();
        apart(&kept).all(|need| need * 1.02 <= height)
    };
    let mut all = 1..=places.len().max(1);
    all.find(clear).unwrap_or(1)
}
