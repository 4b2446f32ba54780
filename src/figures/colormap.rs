//! Colours for numbers.

use crate::registry::choices;
use crate::text::plural;

use super::canvas::Colour;
use super::scale::Scale;
use super::scale::ScaleKind;
use super::theme;

choices! {
    /// Which colours stand for low and high.
    pub(super) enum ColourMap {
        Viridis = "viridis",
        Cividis = "cividis",
        Magma = "magma",
        Blues = "blues",
        Greys = "greys",
        /// Blue over white to red: for what has a middle.
        RdBu = "rdbu",
    }
}

/// Nine equally spaced colours of viridis (Smith & van der Walt 2015, CC0): even in lightness, so
/// that it survives grey printing and colour blindness.
const VIRIDIS: [u32; 9] = [
    0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725,
];

/// The colours of matplotlib's cividis (Nuñez, Anderton & Renslow 2018) and magma, CC0.
const CIVIDIS: [u32; 10] = [
    0x00224E, 0x123570, 0x3B496C, 0x575D6D, 0x707173, 0x8A8678, 0xA59C74, 0xC3B369, 0xE1CC55,
    0xFEE838,
];
const MAGMA: [u32; 10] = [
    0x000004, 0x180F3D, 0x440F76, 0x721F81, 0x9E2F7F, 0xCD4071, 0xF1605D, 0xFD9668, 0xFECA8D,
    0xFCFDBF,
];

/// Blues and RdBu of ColorBrewer (Brewer, Harrower & Pennsylvania State University, Apache 2.0).
const BLUES: [u32; 9] = [
    0xF7FBFF, 0xDEEBF7, 0xC6DBEF, 0x9ECAE1, 0x6BAED6, 0x4292C6, 0x2171B5, 0x08519C, 0x08306B,
];
const RDBU: [u32; 11] = [
    0x053061, 0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xF4A582, 0xD6604D,
    0xB2182B, 0x67001F,
];
const GREYS: [u32; 2] = [0xF7F7F7, 0x1A1A1A];

impl ColourMap {
    /// The colour at a share of the scale, from low (0) to high (1).
    pub(super) fn at(self, share: f64) -> Colour {
        let stops: &[u32] = match self {
            ColourMap::Viridis => &VIRIDIS,
            ColourMap::Cividis => &CIVIDIS,
            ColourMap::Magma => &MAGMA,
            ColourMap::Blues => &BLUES,
            ColourMap::Greys => &GREYS,
            ColourMap::RdBu => &RDBU,
        };
        let last = stops.len() - 1;
        let position = share.clamp(0.0, 1.0) * last as f64;
        let below = (position.floor() as usize).min(last - 1);
        let part = position - below as f64;
        let mix = |shift: u32| {
            let channel = |i: usize| f64::from(stops[i] >> shift & 255);
            (channel(below) + part * (channel(below + 1) - channel(below))).round() as u32
        };
        Colour::hex(mix(16) << 16 | mix(8) << 8 | mix(0))
    }
}

/// Numbers as colours: a map over a scale.
#[derive(Clone, Debug)]
pub(super) struct Colours {
    map: ColourMap,
    pub scale: Scale,
    /// Share of the scale that has the middle colour.
    middle: f64,
}

impl Colours {
    /// Over all numbers. A map with a middle has it at `centre`, without one at 0 where that lies within the scale.
    /// It reaches as far on both sides; within a range, each side has half of the colours.
    pub(super) fn new(
        map: ColourMap,
        kind: ScaleKind,
        numbers: &[f64],
        (centre, range): (Option<f64>, Option<(f64, f64)>),
    ) -> Self {
        let mut scale = Scale::of_numbers(kind, numbers, range, 0.0);
        let zero = scale.place(0.0).filter(|at| *at > 0.0 && *at < 1.0);
        let centre = centre.or(zero.map(|_| 0.0));
        let centre = centre.filter(|_| map == ColourMap::RdBu);
        let mut middle = 0.5;
        if let Some(centre) = centre {
            match (&mut scale, range) {
                (Scale::Linear { low, high }, None) => {
                    let reach = (*high - centre).abs().max((*low - centre).abs());
                    (*low, *high) = (centre - reach, centre + reach);
                }
                (Scale::Log { low, high }, None) if centre > 0.0 => {
                    let ratio = (*high / centre).max(centre / *low);
                    (*low, *high) = (centre / ratio, centre * ratio);
                }
                _ => {
                    let inside = scale.place(centre).filter(|at| 0.0 < *at && *at < 1.0);
                    middle = inside.unwrap_or(middle);
                }
            }
        }
        Colours { map, scale, middle }
    }

    /// The colour of a number; none where a logarithm is not defined.
    pub(super) fn of(&self, value: f64) -> Option<Colour> {
        self.scale.place(value).map(|share| self.at_share(share))
    }

    /// How many of these a logarithm has no colour for, for the caption; empty for none.
    pub(super) fn said_lost(&self, numbers: &[f64], noun: &str) -> String {
        let lost = numbers.iter().filter(|number| self.of(**number).is_none());
        match lost.count() {
            0 => String::new(),
            lost => format!(
                " {} not above 0 without a colour on the logarithmic scale.",
                plural(lost, noun)
            ),
        }
    }

    pub(super) fn at_share(&self, share: f64) -> Colour {
        self.map.at(match share < self.middle {
            true => share / self.middle / 2.0,
            false => 1.0 - (1.0 - share) / (1.0 - self.middle) / 2.0,
        })
    }
}

/// The colour at a share of the way from paper (0) to a colour (1): under words, which stay readable.
pub(super) fn tint(colour: Colour, share: f64) -> Colour {
    let share = share.clamp(0.0, 1.0);
    let mix = |paper: u8, full: u8| {
        let (paper, full) = (f64::from(paper), f64::from(full));
        (paper + share * (full - paper)).round() as u8
    };
    let (paper, full) = (theme::PAPER.rgb, colour.rgb);
    Colour {
        rgb: (
            mix(paper.0, full.0),
            mix(paper.1, full.1),
            mix(paper.2, full.2),
        ),
        opacity: colour.opacity,
    }
}

/// Black or white, whichever reads better on a colour (relative luminance of WCAG 2).
pub(super) fn readable_on(colour: Colour) -> Colour {
    let linear = |byte: u8| {
        let share = f64::from(byte) / 255.0;
        match share <= 0.040_45 {
            true => share / 12.92,
            false => ((share + 0.055) / 1.055).powf(2.4),
        }
    };
    let (r, g, b) = colour.rgb;
    let luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    if luminance > 0.18 {
        Colour::hex(0x000000)
    } else {
        Colour::hex(0xFFFFFF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_are_those_of_viridis() {
        assert_eq!(ColourMap::Viridis.at(0.0), Colour::hex(0x440154));
        assert_eq!(ColourMap::Viridis.at(0.5), Colour::hex(0x21918C));
        assert_eq!(ColourMap::Viridis.at(2.0), Colour::hex(0xFDE725));
    }

    #[test]
    fn a_diverging_map_has_its_middle_where_it_belongs() {
        let given = |centre| {
            let numbers = [-1.0, 0.0, 9.0];
            Colours::new(ColourMap::RdBu, ScaleKind::Linear, &numbers, (centre, None))
        };
        assert_eq!(given(None).of(0.0), Some(Colour::hex(0xF7F7F7)));
        assert_eq!(given(Some(5.0)).of(5.0), Some(Colour::hex(0xF7F7F7)));
        // As far on one side as on the other.
        assert_eq!(given(Some(5.0)).of(11.0), Some(Colour::hex(0x67001F)));
    }

    #[test]
    fn a_middle_within_a_range_or_on_a_logarithm_is_kept() {
        let of = |kind, centre, range| {
            Colours::new(ColourMap::RdBu, kind, &[1.0, 3.0, 7.0], (centre, range))
        };
        let (blue, white, red) = (
            Colour::hex(0x053061),
            Colour::hex(0xF7F7F7),
            Colour::hex(0x67001F),
        );
        let within = of(ScaleKind::Linear, Some(3.0), Some((0.0, 10.0)));
        let colours = [0.0, 3.0, 10.0].map(|value| within.of(value));
        assert_eq!(colours, [blue, white, red].map(Some));
        let by_ratio = of(ScaleKind::Log, Some(3.0), None);
        assert_eq!(by_ratio.of(3.0), Some(white));
        // As many times less on one side as more on the other.
        assert_eq!(by_ratio.of(1.0), Some(blue));
        assert_eq!(by_ratio.of(9.0), Some(red));
        let zero = of(ScaleKind::Linear, None, Some((-1.0, 9.0)));
        assert_eq!(zero.of(0.0), Some(white));
    }

    #[test]
    fn tints_run_from_paper_to_the_colour() {
        let blue = Colour::hex(0x0072B2);
        assert_eq!(tint(blue, -1.0), theme::PAPER);
        assert_eq!(tint(blue, 1.0), blue);
        assert_eq!(tint(Colour::hex(0x000000), 0.5), Colour::hex(0x808080));
    }

    #[test]
    fn text_is_light_on_dark() {
        assert_eq!(
            readable_on(ColourMap::Viridis.at(0.0)),
            Colour::hex(0xFFFFFF)
        );
        assert_eq!(
            readable_on(ColourMap::Viridis.at(1.0)),
            Colour::hex(0x000000)
        );
    }
}
