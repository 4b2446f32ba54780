//! Numbers as text: short where one stands alone, of one form where several stand side by side.

use super::FigureError;

/// Digits that a number alone is written with at most: as many as people type.
const TYPED: i32 = 10;

/// Whole numbers below it are each a float of their own.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// How the numbers of an axis or of cells are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// As many digits as tell neighbours apart; powers of ten for what is very large or small.
    #[default]
    Auto,
    /// `50k`, `2M`, `3µ`
    Si,
    Fixed(usize),
    Scientific(usize),
    Percent(usize),
}

impl Format {
    pub(super) const NAMES: &str =
        "`auto`, `si` (50k), `.2f` (two decimals), `d` (whole), `.1e` (powers of ten) or `.0%`";

    /// As Python writes formats, and two names.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => return Some(Format::Auto),
            "si" => return Some(Format::Si),
            "d" => return Some(Format::Fixed(0)),
            _ => {}
        }
        let kind = text.chars().last()?;
        let digits = text.strip_suffix(kind)?;
        let digits = match digits {
            "" => 0,
            digits => digits
                .strip_prefix('.')?
                .parse()
                .ok()
                .filter(|d| *d <= 15)?,
        };
        match kind {
            'f' => Some(Format::Fixed(digits)),
            'e' => Some(Format::Scientific(digits)),
            '%' => Some(Format::Percent(digits)),
            _ => None,
        }
    }

    /// The format of a parameter; `auto` where it is not given.
    pub(super) fn read(name: &'static str, text: &Option<String>) -> Result<Self, FigureError> {
        match text.as_deref() {
            None => Ok(Format::Auto),
            Some(text) => Format::parse(text).ok_or_else(|| FigureError::Parameter {
                name,
                got: format!("`{text}`"),
                want: format!("must be {}", Format::NAMES),
            }),
        }
    }

    /// The number of which all that it writes as they are, and does not round, are multiples; none where the digits
    /// follow the number.
    pub(super) fn unit(self) -> Option<f64> {
        match self {
            Format::Fixed(digits) => Some(power_of_ten(-(digits as i32))),
            Format::Percent(digits) => Some(power_of_ten(-(digits as i32) - 2)),
            Format::Auto | Format::Si | Format::Scientific(_) => None,
        }
    }

    /// Whether it writes a number as it is: an axis whose ticks were rounded would show places that its labels do
    /// not name.
    pub(super) fn is_exact(self, value: f64) -> bool {
        let Some(unit) = self.unit() else { return true };
        let units = value / unit;
        (units - units.round()).abs() <= f64::max(1e-6, units.abs() * 1e-12)
    }

    /// A number in a form that was asked for; none for [`Format::Auto`].
    fn write(self, value: f64) -> Option<String> {
        let text = match self {
            Format::Auto => return None,
            Format::Si => suffixed(value),
            Format::Fixed(digits) => format!("{:.digits$}", value + 0.0),
            Format::Percent(digits) => format!("{:.digits$}%", value * 100.0 + 0.0),
            Format::Scientific(_) if value == 0.0 => "0".to_owned(),
            Format::Scientific(digits) => {
                let text = format!("{value:.digits$e}");
                let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
                format!("{mantissa}·10^{{{power}}}")
            }
        };
        Some(minus(&text))
    }
}

/// Labels of one axis, equally precise; `step` is the distance of neighbours.
pub(super) fn uniform(values: &[f64], step: f64, format: Format) -> Vec<String> {
    if let Some(written) = values.iter().map(|value| format.write(*value)).collect() {
        return written;
    }
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return values.iter().map(|_| "0".to_owned()).collect();
    }
    // 2.5 needs one place more than its power of ten says.
    let power = exponent(step);
    let exact = (scaled(step, power) + 1e-6).fract() < 2e-6;
    let last = power - i32::from(!exact);
    let first = exponent(largest);
    // Where millions differ in their ones, all digits are wanted.
    let long = (1e6..1e15).contains(&largest) && first - last >= 5;
    if (1e-3..1e6).contains(&largest) || long {
        let places = (-last).max(0) as usize;
        let write = |value: &f64| minus(&format!("{:.places$}", value + 0.0));
        return values.iter().map(write).collect();
    }
    // One power for all: 0.5·10⁷ beside 1.0·10⁷.
    let places = (first - last).clamp(0, 17) as usize;
    let write = |value: &f64| match *value {
        0.0 => "0".to_owned(),
        value => times(&format!("{:.places$}", scaled(value, first)), first),
    };
    values.iter().map(write).collect()
}

/// A number alone: `0.01`, `20`, `100000`, `2·10^{−6}`.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return minus(&format!("{}", value + 0.0));
    }
    let first = exponent(value.abs());
    match (1e-3..1e7).contains(&value.abs()) {
        true => decimal(value, TYPED - 1 - first),
        false => times(&decimal(scaled(value, first), TYPED - 1), first),
    }
}

/// Three digits at most: for cells.
pub(super) fn brief(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    let first = exponent(size);
    if !(1e-3..1e5).contains(&size) {
        return times(&decimal(scaled(value, first), 2), first);
    }
    let places = (2 - first).clamp(0, 6) as usize;
    minus(&format!("{value:.places$}"))
}

/// Whole numbers with all their digits; none where another is among them, or a form is asked for.
pub(super) fn whole(values: &[f64], format: Format) -> Option<Vec<String>> {
    let is_whole = |value: &f64| value.fract() == 0.0 && value.abs() < EXACT;
    let write = |value: &f64| minus(&format!("{:.0}", value + 0.0));
    (format == Format::Auto && values.iter().all(is_whole))
        .then(|| values.iter().map(write).collect())
}

/// Large whole numbers in short, with as many digits as tell them apart.
fn short(values: &[f64]) -> Vec<String> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let write = |value: f64, places: i32| match value.abs() < 1e5 {
        true => minus(&format!("{:.0}", value + 0.0)),
        false => {
            let first = exponent(value.abs());
            times(&decimal(scaled(value, first), places), first)
        }
    };
    let differ = |places: &i32| {
        let mut pairs = sorted.windows(2);
        pairs.all(|pair| write(pair[0], *places) != write(pair[1], *places))
    };
    let places = (2..15).find(differ).unwrap_or(15);
    values.iter().map(|value| write(*value, places)).collect()
}

/// The numbers of cells that stand side by side: whole numbers as such, or in short where they are large, others
/// with as many decimals as give the typical one three digits, or as tell them apart.
pub(super) fn cells(values: &[f64], format: Format) -> Vec<String> {
    if let Some(written) = values.iter().map(|value| format.write(*value)).collect() {
        return written;
    }
    if let Some(whole) = whole(values, format) {
        return match values.iter().all(|value| value.abs() < 1e6) {
            true => whole,
            false => short(values),
        };
    }
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    sizes.retain(|size| *size > 0.0);
    sizes.sort_by(f64::total_cmp);
    let (Some(typical), Some(largest)) = (sizes.get(sizes.len() / 2), sizes.last()) else {
        return values.iter().map(|_| "0".to_owned()).collect();
    };
    let spread = |bound: fn(f64, f64) -> f64| values.iter().copied().reduce(bound).unwrap_or(0.0);
    let spread = spread(f64::max) - spread(f64::min);
    if spread > 0.0 && spread < *largest / 100.0 {
        // Three digits would not tell them apart.
        return uniform(values, power_of_ten(exponent(spread) - 1), format);
    }
    if !(1e-3..1e5).contains(typical) || *largest > typical * 1e4 {
        return values.iter().map(|value| brief(*value)).collect();
    }
    let places = (2 - exponent(*typical)).clamp(0, 6) as usize;
    let write = |value: &f64| minus(&unsigned_zero(format!("{value:.places$}")));
    values.iter().map(write).collect()
}

/// The power of ten that a positive number begins at.
pub(super) fn exponent(size: f64) -> i32 {
    size.log10().floor() as i32
}

/// A number without so many powers of ten. In two steps: the power alone may be out of range.
fn scaled(value: f64, power: i32) -> f64 {
    let half = power / 2;
    value / 10f64.powi(half) / 10f64.powi(power - half)
}

/// A true power of ten, also among the smallest numbers.
pub(super) fn power_of_ten(power: i32) -> f64 {
    let half = power / 2;
    10f64.powi(half) * 10f64.powi(power - half)
}

fn times(mantissa: &str, power: i32) -> String {
    let power = format!("10^{{{}}}", minus(&power.to_string()));
    match minus(mantissa).as_str() {
        "1" => power,
        "−1" => format!("−{power}"),
        mantissa => format!("{mantissa}·{power}"),
    }
}

/// So many decimals at most, without trailing zeros.
fn decimal(value: f64, places: i32) -> String {
    let places = places.clamp(0, 15) as usize;
    let text = format!("{value:.places$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    minus(text)
}

/// With a prefix of the SI for its thousands.
fn suffixed(value: f64) -> String {
    const PREFIXES: [(f64, &str); 8] = [
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
        (1.0, ""),
        (1e-3, "m"),
        (1e-6, "µ"),
        (1e-9, "n"),
    ];
    if value == 0.0 {
        return "0".to_owned();
    }
    let found = PREFIXES
        .iter()
        .find(|(size, _)| value.abs() >= *size * 0.999_999);
    match found {
        Some((size, prefix)) if value.abs() < 1e15 => {
            format!("{}{prefix}", decimal(value / size, 3))
        }
        _ => number(value),
    }
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

/// A true minus sign.
pub(super) fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_alone_are_as_people_type_them() {
        for (value, text) in [
            (0.0, "0"),
            (0.01, "0.01"),
            (-2.5, "−2.5"),
            (1e5, "100000"),
            (1000000.001, "1000000.001"),
            (2.5e7, "2.5·10^{7}"),
            (2e-6, "2·10^{−6}"),
            (1e-4, "10^{−4}"),
            (0.1 + 0.2, "0.3"),
            (12345.678, "12345.678"),
            (5e-324, "4.940656458·10^{−324}"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn neighbours_read_differently() {
        let millions = uniform(&[1e6 + 0.001, 1e6 + 0.002], 0.001, Format::Auto);
        assert_eq!(millions, ["1000000.001", "1000000.002"]);
        let small = uniform(&[1e-320, 5e-320], 4e-320, Format::Auto);
        assert_ne!(small[0], small[1]);
        let tens = uniform(&[0.0, 5e6, 1e7], 5e6, Format::Auto);
        assert_eq!(tens, ["0", "0.5·10^{7}", "1.0·10^{7}"]);
        let tiny = uniform(&[1e-5, 2e-5], 1e-5, Format::Auto);
        assert_eq!(tiny, ["10^{−5}", "2·10^{−5}"]);
    }

    #[test]
    fn cells_have_one_form() {
        assert_eq!(cells(&[0.0, 12.0, 800.0], Format::Auto), ["0", "12", "800"]);
        assert_eq!(
            cells(&[-0.001, 95.21, 7.0], Format::Auto),
            ["0.00", "95.21", "7.00"]
        );
        assert_eq!(cells(&[0.25], Format::parse(".0%").unwrap()), ["25%"]);
    }

    #[test]
    fn large_whole_numbers_are_told_apart() {
        let millions = [10_004_000.0, 10_016_000.0, 10_128_000.0, 7.0];
        assert_eq!(
            cells(&millions, Format::Auto),
            ["10^{7}", "1.002·10^{7}", "1.013·10^{7}", "7"]
        );
        let full = whole(&millions, Format::Auto).unwrap();
        assert_eq!(full, ["10004000", "10016000", "10128000", "7"]);
        assert_eq!(cells(&[2e9, 3e9], Format::Auto), ["2·10^{9}", "3·10^{9}"]);
        assert_eq!(whole(&[1e6, 0.5], Format::Auto), None);
    }

    #[test]
    fn formats_are_those_of_python() {
        assert_eq!(Format::parse(".2f"), Some(Format::Fixed(2)));
        assert_eq!(Format::parse("%"), Some(Format::Percent(0)));
        assert_eq!(Format::parse("x"), None);
        assert_eq!(Format::parse(".f"), None);
        let si = uniform(&[0.0, 50_000.0, 2e6], 1.0, Format::Si);
        assert_eq!(si, ["0", "50k", "2M"]);
        let powers = uniform(&[0.00015], 1.0, Format::Scientific(1));
        assert_eq!(powers, ["1.5·10^{−4}"]);
    }
}
