//! Slopes: a line per name between few places, with the names at both ends.

use serde_json::Value as Json;

use crate::registry::Entry;
use crate::registry::Names;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Estimate;
use crate::table::stats;
use crate::text::list_of;

use super::Drawn;
use super::Figure;
use super::FigureError;
use super::FigureInput;
use super::axes;
use super::canvas::Align;
use super::canvas::Canvas;
use super::canvas::Colour;
use super::canvas::Label;
use super::canvas::Point;
use super::closed;
use super::direction::Direction;
use super::font;
use super::font::Weight;
use super::grammar::Plot;
use super::grammar::capital;
use super::grammar::replicates;
use super::grammar::sentence;
use super::mapping::Mapping;
use super::marker;
use super::named::Named;
use super::numbers;
use super::numbers::Format;
use super::options::AxisParams;
use super::options::Common;
use super::options::FacetParams;
use super::options::Panels;
use super::options::Repeated;
use super::options::Shared;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::scale::coordinate;
use super::sheet::THINNED;
use super::sheet::labels;
use super::theme;
use super::theme::Theme;
use super::wrap::Lines;

/// Around the page.
const EDGE: f64 = 4.0;
/// The share of the page that the names of one side may take.
const NAMES: f64 = 0.3;
/// Between a name and its line.
const GAP: f64 = 5.0;

pub(super) struct Slope;

params! {
    /// What `figure/slope` may be given.
    #[allow(dead_code, reason = "names are given before a figure is painted")]
    struct SlopeParams {
        /// axis with a place per value, from left to right
        x: String;
        /// column of numbers
        y: String;
        /// axis with a line per value
        name: String;
        /// whether ranks stand in the place of numbers, 1 on top
        ranks: bool = false;
        /// which way the number is better, for ranks; by default as the column has it
        direction: Option<Direction>;
        /// values of `name`, as they come or as `names` calls them, whose lines have colours; all others are grey
        /// [default: all, where colours suffice]
        highlight: Option<Names>;
        /// scale of the numbers
        y_scale: ScaleKind = "auto";
        repeated: Repeated;
        named: Named;
        common: Common;
    }
}

impl Entry for Slope {
    fn name(&self) -> &'static str {
        "slope"
    }

    fn summary(&self) -> &'static str {
        "a line per name between few places, names at both ends; numbers or ranks"
    }

    fn docs(&self) -> &'static str {
        "For how methods change from one setting to the next. With `ranks` the place of each \
         among the others is drawn instead of its number, ties sharing the mean of theirs. A line breaks where its name \
         has no number. Names keep clear of each other: a thin line leads to one that is moved."
    }

    fn revision(&self) -> u32 {
        4
    }

    fn params(&self) -> Vec<Param> {
        SlopeParams::params()
    }
}

impl Figure for Slope {
    fn paint(&self, input: &FigureInput, values: &Values) -> Result<Drawn, FigureError> {
        let params = SlopeParams::read(values)?;
        let facets = FacetParams {
            facet: None,
            facet_row: None,
            facet_col: None,
            scales: Shared::Both,
        };
        let axes = AxisParams {
            y_scale: params.y_scale,
            ..AxisParams::plain(params.named, params.common.clone())
        };
        let panels = Panels::new(&facets, &axes);
        let mapping = Mapping {
            color: Some(params.name.clone()),
            ..Mapping::new(&params.x, vec![params.y.clone()], &facets)?.repeated(&params.repeated)
        };
        let mut plot = axes::plot(panels, &input.table, &mapping)?.by_name();
        let places = plot.xs.clone();
        if places.is_empty() {
            let (x, y) = (&params.x, &params.y);
            return Err(FigureError::Empty(format!("no `{y}` has an `{x}`")));
        }
        if params.ranks {
            let direction = Direction::of(params.direction, &plot.y)?;
            rank(&mut plot, &places, direction);
        }
        let theme = params.common.page_theme()?;
        let highlight = params.highlight.as_ref();
        let highlight = highlight
            .map(|names| {
                let called = axes.named.names.as_ref();
                let called = |value: &str| called?.of_axis(&params.name, value);
                highlighted(&names.0, called, &plot)
            })
            .transpose()?;
        let drawing = Drawing {
            plot: &plot,
            places: &places,
            highlight,
            title: params.common.title.as_deref().unwrap_or_default(),
            theme: &theme,
            width: params.common.page_width()?,
            height: params.common.page_height(),
        };
        let scale = match params.ranks {
            true => {
                let all: Vec<f64> = drawing.numbers().collect();
                let last = all.iter().copied().fold(1.0, f64::max);
                // The first rank is on top.
                Scale::Linear {
                    low: last.max(1.5),
                    high: 1.0,
                }
            }
            false => {
                let all = [drawing.numbers().collect()].to_vec();
                axes::numbers(panels, axes::Y, all, None)?.remove(0).scale
            }
        };
        let lost = drawing.numbers().filter(|n| scale.place(*n).is_none());
        let lost = lost.count();
        let what = format!(
            "{}{} of each {} by {}",
            if params.ranks { "Ranks by " } else { "" },
            match params.ranks {
                true => plot.y.title(),
                false => capital(&plot.y.title_with_unit()),
            },
            plot.facets
                .color
                .as_ref()
                .map(|c| c.title())
                .unwrap_or_default(),
            plot.x.title(),
        );
        let mut caption = format!("{what}. {}", sentence(&replicates(&plot.summary, None)));
        if params.ranks {
            caption.push_str(" 1 is best.");
        }
        caption.push_str(&axes::said_linear("y", std::iter::once(&scale)));
        caption.push_str(&axes::said_lost(lost, "point"));
        let (canvas, every) = drawing.canvas(&scale);
        if every > 1 {
            let what = plot.x.title();
            caption.push_str(&format!(" {THINNED}{every} of {what} is shown."));
        }
        Ok(closed(canvas, &what, plot.summary.to_csv(), &caption))
    }
}

/// The lines that these names mean, as they come or as they are called.
fn highlighted<'n>(
    names: &[String],
    called: impl Fn(&str) -> Option<&'n str>,
    plot: &Plot,
) -> Result<Vec<usize>, FigureError> {
    let lines: Vec<String> = plot.facets.colors.iter().map(coordinate).collect();
    let line = |name: &String| {
        let shown = called(name);
        let is_meant = |line: &String| line == name || Some(line.as_str()) == shown;
        let found = lines.iter().position(is_meant);
        found.ok_or_else(|| FigureError::Parameter {
            name: "highlight",
            got: format!("`{name}`"),
            want: format!("the lines are of {}", list_of(&lines)),
        })
    };
    names.iter().map(line).collect()
}

/// Puts ranks among the names at each place where means were.
fn rank(plot: &mut Plot, places: &[Json], direction: Direction) {
    for place in places {
        let mut here: Vec<&mut Estimate> = plot
            .panels
            .iter_mut()
            .flatten()
            .flat_map(|series| &mut series.points)
            .filter(|(x, estimate)| x == place && estimate.centre.is_some())
            .map(|(_, estimate)| estimate)
            .collect();
        let costs: Vec<f64> = here
            .iter()
            .filter_map(|estimate| estimate.centre.map(|centre| direction.cost(centre)))
            .collect();
        for (estimate, rank) in here.iter_mut().zip(stats::average_ranks(&costs)) {
            estimate.centre = Some(rank);
            estimate.interval = None;
        }
    }
}

struct Drawing<'a> {
    plot: &'a Plot,
    places: &'a [Json],
    /// Numbers of colours.
    highlight: Option<Vec<usize>>,
    title: &'a str,
    theme: &'a Theme,
    width: f64,
    height: Option<f64>,
}

/// A name at the end of its line.
struct End {
    lines: Lines,
    colour: Colour,
    /// Where its line ends, from the top of the panel.
    wanted: f64,
    /// Where it stands.
    y: f64,
}

impl Drawing<'_> {
    fn numbers(&self) -> impl Iterator<Item = f64> {
        let points = self.plot.series().flat_map(|series| &series.points);
        points.filter_map(|(_, estimate)| estimate.centre)
    }

    fn colour(&self, color: usize) -> Colour {
        let many = self.plot.facets.colors.len() > self.theme.palette.len();
        match &self.highlight {
            Some(lines) => match lines.iter().position(|known| *known == color) {
                Some(i) => self.theme.colour(i),
                None => theme::MUTED.opacity(0.55),
            },
            None if many => theme::MUTED,
            None => self.theme.colour(color),
        }
    }

    /// The ends of the lines that reach the place, from top to bottom.
    fn ends(&self, place: &Json, scale: &Scale, height: f64) -> Vec<End> {
        let font = self.theme.font_size;
        let mut ends: Vec<End> = Vec::new();
        // Of one form, as the numbers of an axis.
        let all: Vec<f64> = self.numbers().collect();
        let texts = numbers::cells(&all, Format::Auto);
        let text = |number: f64| {
            let at = all.iter().position(|other| *other == number);
            at.map_or_else(String::new, |at| texts[at].clone())
        };
        for series in self.plot.series() {
            let point = series.points.iter().find(|(x, _)| x == place);
            let Some(centre) = point.and_then(|(_, estimate)| estimate.centre) else {
                continue;
            };
            let Some(share) = scale.place(centre) else {
                continue;
            };
            let name = coordinate(&self.plot.facets.colors[series.color]);
            let text = font::followed(&name, &text(centre));
            let wanted = (1.0 - share) * height;
            ends.push(End {
                lines: Lines::new(&text, Weight::Regular, font - 0.5, self.width * NAMES),
                colour: self.colour(series.color),
                wanted,
                y: wanted,
            });
        }
        ends.sort_by(|a, b| a.wanted.total_cmp(&b.wanted));
        ends
    }

    /// The names of places over their lines, which are so far apart: broken at spaces, else turned, else
    /// thinned to every so-manieth. Whether they are turned, and every which stands.
    fn heads(&self, step: f64) -> (Vec<(usize, Lines)>, bool, usize) {
        let font = self.theme.font_size;
        let places = || self.places.iter().map(coordinate).enumerate();
        let room = match self.places.len() {
            1 => self.width - 2.0 * EDGE,
            2 => self.width / 2.0 - EDGE - font,
            _ => step - font * 0.6,
        };
        let few = self.places.len() < 3;
        let flat = places().map(|(i, place)| match few {
            true => Some((i, Lines::new(&place, Weight::Regular, font, room))),
            false => Some((i, Lines::of_words(&place, Weight::Regular, font, room)?)),
        });
        if let Some(flat) = flat.collect() {
            return (flat, false, 1);
        }
        let turned = |every: usize| {
            let room = step * every as f64 - 0.8;
            let kept = places().step_by(every);
            let lines = kept.map(|(i, place)| Some((i, labels::slanted(&place, font, room)?)));
            lines.collect::<Option<Vec<_>>>()
        };
        let thinned = (1..=self.places.len()).find_map(|every| Some((turned(every)?, true, every)));
        thinned.unwrap_or_default()
    }

    /// The page, and every which place has its name.
    fn canvas(&self, scale: &Scale) -> (Canvas, usize) {
        let theme = self.theme;
        let font = theme.font_size;
        let title = Lines::new(
            self.title,
            Weight::SemiBold,
            font + 1.0,
            self.width - 2.0 * EDGE,
        );
        let head = match title.height() {
            0.0 => EDGE,
            height => EDGE + height + 5.0,
        };
        let (first, last) = (&self.places[0], &self.places[self.places.len() - 1]);
        let mut height = match self.height {
            Some(height) => (height - head - 3.0 * font).max(24.0),
            None => self.width * 0.62,
        };
        let mut sides = Vec::new();
        // Names that need more height than there is make the panel higher.
        for _ in 0..2 {
            sides = [first, last]
                .map(|place| self.ends(place, scale, height))
                .into();
            let need = |ends: &Vec<End>| ends.iter().map(room).sum::<f64>();
            height = sides.iter().map(need).fold(height, f64::max);
        }
        let widest = |ends: &[End]| {
            let widths = ends.iter().map(|end| end.lines.width());
            widths.fold(font * 2.0, f64::max) + EDGE + 2.0 * GAP
        };
        let single = self.places.len() == 1;
        let left = if single {
            EDGE + GAP
        } else {
            widest(&sides[0])
        };
        let right = self.width - widest(&sides[1]);
        let step = (right - left) / (self.places.len() - 1).max(1) as f64;
        let x = |i: usize| left + i as f64 * step;
        let (heads, turned, every) = self.heads(step);
        let high = |lines: &Lines| {
            if turned {
                lines.width()
            } else {
                lines.height()
            }
        };
        let tallest = heads
            .iter()
            .map(|(_, lines)| high(lines))
            .fold(0.0, f64::max);
        let top = head + tallest + font * 0.9;
        for ends in &mut sides {
            spread(ends, height);
        }
        let lowest = sides.iter().flatten().map(|end| end.y + room(end) / 2.0);
        let below = lowest.fold(height, f64::max);
        let page = top + below + font * 0.6 + EDGE;
        let mut canvas = Canvas::new(self.width, page.max(self.height.unwrap_or(0.0)));
        let like = Label::new("", font, theme::INK).align(Align::Middle);
        let at = Point::new(self.width / 2.0, EDGE + font - title.half());
        title.stacked(&mut canvas, at, &like.clone().bold());
        for (i, lines) in &heads {
            if turned {
                let like = like.clone().align(Align::Start).upwards();
                lines.centred(&mut canvas, Point::new(x(*i), top - font * 0.5), &like);
                continue;
            }
            let half = lines.width() / 2.0 + EDGE;
            let middle = x(*i).clamp(half, (self.width - half).max(half));
            let first = top - font * 0.9 - lines.height() + font / 2.0;
            lines.stacked(&mut canvas, Point::new(middle, first), &like);
        }
        for i in 0..self.places.len() {
            let ends = [top - 2.0, top + height + 2.0].map(|y| Point::new(x(i), y));
            canvas.line(ends.to_vec(), theme::FAINT, theme.spine_width * 1.5);
        }
        self.slopes(&mut canvas, scale, &x, (top, height));
        for (ends, at, align, sign) in [
            (&sides[0], x(0), Align::End, -1.0),
            (
                &sides[1],
                right.max(x(self.places.len() - 1)),
                Align::Start,
                1.0,
            ),
        ] {
            if single && sign < 0.0 {
                continue;
            }
            let at = if single { x(0) } else { at };
            for end in ends {
                let (from, to) = (top + end.wanted, top + end.y);
                if (to - from).abs() > 0.7 {
                    let points = [
                        Point::new(at + sign * 3.0, from),
                        Point::new(at + sign * (2.0 * GAP - 1.5), to),
                    ];
                    canvas.line(points.to_vec(), end.colour.opacity(0.6), 0.4);
                }
                let place = Point::new(at + sign * 2.0 * GAP, to);
                let like = Label::new("", font, theme::INK).align(align);
                end.lines.centred(&mut canvas, place, &like);
            }
        }
        (canvas, every)
    }

    fn slopes(
        &self,
        canvas: &mut Canvas,
        scale: &Scale,
        x: &impl Fn(usize) -> f64,
        (top, height): (f64, f64),
    ) {
        let mut series: Vec<_> = self.plot.series().collect();
        // Coloured lines lie over grey ones.
        series.sort_by_key(|one| self.colour(one.color).rgb != theme::MUTED.rgb);
        for one in series {
            let colour = self.colour(one.color);
            let mut run: Vec<Point> = Vec::new();
            for (i, place) in self.places.iter().enumerate() {
                let point = one.points.iter().find(|(known, _)| known == place);
                let share = point.and_then(|(_, e)| scale.place(e.centre?));
                match share {
                    Some(share) => run.push(Point::new(x(i), top + (1.0 - share) * height)),
                    None => canvas.line(std::mem::take(&mut run), colour, self.theme.line_width),
                }
                if let (Some(at), Some(_)) = (run.last(), share) {
                    marker::draw(canvas, 0, *at, self.theme.marker_size, colour);
                }
            }
            canvas.line(run, colour, self.theme.line_width);
        }
    }
}

/// The height that a name takes.
fn room(end: &End) -> f64 {
    end.lines.height() + 1.6
}

/// Moves names apart as little as needed: groups of those that touch stand around the middle of
/// where their lines end.
fn spread(ends: &mut [End], height: f64) {
    // Each group: its members, and where its top is.
    let mut groups: Vec<(std::ops::Range<usize>, f64)> = Vec::new();
    let total = |range: &std::ops::Range<usize>, ends: &[End]| -> f64 {
        ends[range.clone()].iter().map(room).sum()
    };
    let top = |range: &std::ops::Range<usize>, ends: &[End]| {
        let mut above = 0.0;
        let mut sum = 0.0;
        for end in &ends[range.clone()] {
            sum += end.wanted - above - room(end) / 2.0;
            above += room(end);
        }
        let lowest = (height + room(&ends[range.start]) / 2.0 - above).max(-2.0);
        (sum / range.len() as f64).clamp(-room(&ends[range.start]) / 2.0, lowest.max(0.0))
    };
    for i in 0..ends.len() {
        let own = i..i + 1;
        let mut group = (own.clone(), top(&own, ends));
        while let Some((before, at)) = groups.last() {
            if at + total(before, ends) <= group.1 {
                break;
            }
            let joined = before.start..group.0.end;
            group = (joined.clone(), top(&joined, ends));
            groups.pop();
        }
        groups.push(group);
    }
    for (range, at) in groups {
        let mut y = at;
        for end in &mut ends[range] {
            let own = room(end);
            end.y = y + own / 2.0;
            y += own;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_highlighted_by_its_value_and_by_its_name() {
        let csv = "m,d,y\nA,d1,1\nA,d2,2\nB,d1,2\nB,d2,3\n";
        let input = FigureInput {
            table: crate::table::Table::from_csv(csv, &["m", "d"]).unwrap(),
            ..FigureInput::default()
        };
        let drawn = |more: &str| {
            let params = format!("{{x: d, y: y, name: m, names: {{A: Alpha}}, {more}}}");
            Slope.draw(&input, &serde_yaml::from_str(&params).unwrap())
        };
        let of = |name: &str| drawn(&format!("highlight: [{name}]")).map(|drawn| drawn.svg);
        assert_eq!(of("A").unwrap(), of("Alpha").unwrap());
        assert_ne!(of("A").unwrap(), of("B").unwrap());
        let wrong = of("nobody").unwrap_err().to_string();
        assert_eq!(
            wrong,
            "parameter `highlight` is `nobody`, but the lines are of `Alpha` and `B`"
        );
    }
}
