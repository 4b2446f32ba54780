//! Colours for numbers.

use super::canvas::Colour;
use super::theme;

/// Nine equally spaced colours of viridis (Smith & van der Walt 2015, CC0): even in lightness, so
/// that it survives grey printing and colour blindness.
const VIRIDIS: [u32; 9] = [
    0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725,
];

/// The colour at a share of the scale, from dark (0) to light (1).
pub(super) fn sequential(share: f64) -> Colour {
    let last = VIRIDIS.len() - 1;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last - 1);
    let part = position - below as f64;
    let mix = |shift: u32| {
        let channel = |i: usize| f64::from(VIRIDIS[i] >> shift & 255);
        (channel(below) + part * (channel(below + 1) - channel(below))).round() as u32
    };
    Colour::hex(mix(16) << 16 | mix(8) << 8 | mix(0))
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
        assert_eq!(sequential(0.0), Colour::hex(0x440154));
        assert_eq!(sequential(0.5), Colour::hex(0x21918C));
        assert_eq!(sequential(2.0), Colour::hex(0xFDE725));
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
        assert_eq!(readable_on(sequential(0.0)), Colour::hex(0xFFFFFF));
        assert_eq!(readable_on(sequential(1.0)), Colour::hex(0x000000));
    }
}
