//! How much memory a step takes at least, as far as its parameters say so: a slip of the keyboard is
//! told before anything runs, rather than by the death of the whole run.

use std::fs;
use std::sync::OnceLock;

use super::Value;
use super::Values;

/// The parameter that says the most, and the bytes that it comes to at least.
///
/// Parameters are known by name: every stage kind means the same by `points`, `samples`, `hidden`. What
/// the rows of a data set bound (`batch` of a training, `count` beside a `split`) says nothing here.
pub fn at_least(params: &Values) -> Option<(&'static str, u128)> {
    let sizes = Sizes(params);
    let mut needs = rows(&sizes);
    needs.extend(networks(&sizes));
    needs.into_iter().max_by_key(|(_, bytes)| *bytes)
}

/// As [`at_least`], of networks that read observations of so many numbers.
pub fn at_least_over(params: &Values, numbers: usize) -> Option<(&'static str, u128)> {
    let sizes = Sizes(params);
    if matches!(params.get("network"), Some(Value::Str(network)) if network != "mlp") {
        return None;
    }
    let width = sizes.first_width("hidden")?;
    Some(("hidden", weights(width.saturating_mul(numbers as u128))))
}

type Need = (&'static str, u128);

/// 32-bit numbers.
fn numbers(count: u128) -> u128 {
    count.saturating_mul(4)
}

/// Weights with their gradients and the two averages of an optimiser.
fn weights(count: u128) -> u128 {
    count.saturating_mul(16)
}

/// What is drawn, made or listed, row by row.
fn rows(sizes: &Sizes<'_>) -> Vec<Need> {
    let count = |name| sizes.count(name);
    let latent = sizes.size("latent");
    let mut needs = Vec::new();
    if let Some(points) = count("points") {
        let width = sizes.size("dimension").max(2);
        // The last of equals is named: the others take their size from it.
        for name in ["valid", "test", "points"] {
            let points = count(name).unwrap_or(points);
            needs.push((name, numbers(points.saturating_mul(width))));
        }
    }
    if let Some(words) = count("vocabulary") {
        let width = sizes.size("hidden");
        // To read them and to say them.
        needs.push(("vocabulary", numbers(words.saturating_mul(2 * width))));
        for name in ["train", "valid", "test"] {
            let sequences = count(name).unwrap_or(0);
            needs.push((
                name,
                numbers(sequences.saturating_mul(sizes.size("length"))),
            ));
        }
    }
    for name in ["draws", "latents", "samples"] {
        needs.extend(count(name).map(|n| (name, numbers(n.saturating_mul(latent)))));
    }
    if let Some(drawn) = count("count")
        && (sizes.0.get("sentences").is_some() || sizes.0.get("split").is_none())
    {
        needs.push(("count", numbers(drawn)));
    }
    // Without data that bound it, a batch is drawn as large as it is.
    if count("updates").is_some() || (count("iterations").is_some() && count("samples").is_some()) {
        let width = match count("layers") {
            Some(1..) => sizes.size("units"),
            _ => 1,
        };
        needs.extend(count("batch").map(|n| ("batch", numbers(n.saturating_mul(width)))));
    }
    for name in [
        "bins",
        "components",
        "fit_samples",
        "length",
        "nodes",
        "pairs",
    ] {
        needs.extend(count(name).map(|count| (name, numbers(count))));
    }
    needs
}

/// The weights of networks.
fn networks(sizes: &Sizes<'_>) -> Vec<Need> {
    let count = |name| sizes.count(name);
    let mut needs = Vec::new();
    for name in [
        "hidden",
        "code_hidden",
        "coupling_hidden",
        "joint_hidden",
        "recovery_hidden",
    ] {
        needs.extend(sizes.inner(name).map(|inner| (name, weights(inner))));
    }
    match sizes.widths("hidden").as_deref() {
        Some([.., last]) => needs
            .extend(count("latent").map(|width| ("latent", weights(width.saturating_mul(*last))))),
        _ => needs.extend(count("latent").map(|width| ("latent", weights(width)))),
    }
    let square = |width: u128| weights(width.saturating_mul(width));
    // Two layers of them, or an LSTM, which has four matrices.
    for name in ["classifier_hidden", "features", "joint_features"] {
        needs.extend(count(name).map(|width| (name, square(width))));
    }
    if let Some(width) = count("hidden") {
        needs.push(("hidden", square(width)));
        let words = count("embedding").map(|size| size.saturating_mul(width));
        needs.extend(words.map(|size| ("embedding", weights(size))));
    }
    if let Some(units) = count("units") {
        let layers = count("layers").unwrap_or(2);
        let squares = units.saturating_mul(units.saturating_mul(layers.saturating_sub(1)));
        needs.push(("units", weights(squares)));
        needs.push(("layers", weights(layers.saturating_mul(units))));
    }
    // The next convolution has at least half as many.
    if let Some(maps) = count("maps")
        && !sizes.is("network", "mlp")
        && count("depth") != Some(1)
    {
        needs.push(("maps", square(maps) / 2));
    }
    if let (Some(channels), Some(kernels)) = (count("channels"), sizes.widths("kernels")) {
        let taps = kernels.iter().map(|side| side.saturating_mul(*side) / 2);
        let taps = taps.fold(0, u128::saturating_add);
        let name = match taps > channels {
            true => "kernels",
            false => "channels",
        };
        needs.push((name, square(channels).saturating_mul(taps.max(1))));
    }
    for name in [
        "blocks",
        "contrast_draws",
        "coupling_features",
        "couplings",
        "dimension",
        "noise",
        "z_maps",
    ] {
        needs.extend(count(name).map(|count| (name, weights(count))));
    }
    needs
}

/// The sizes among parameters.
struct Sizes<'a>(&'a Values);

impl Sizes<'_> {
    fn count(&self, name: &str) -> Option<u128> {
        match self.0.get(name) {
            Some(Value::Int(count)) => u128::try_from(*count).ok(),
            _ => None,
        }
    }

    fn size(&self, name: &str) -> u128 {
        self.count(name).unwrap_or(1).max(1)
    }

    fn is(&self, name: &str, text: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Str(value)) if value == text)
    }

    /// The widths of layers, one after another.
    fn widths(&self, name: &str) -> Option<Vec<u128>> {
        let Some(Value::List(widths)) = self.0.get(name) else {
            return None;
        };
        let widths = widths.iter().filter_map(Value::as_int);
        Some(widths.filter_map(|n| u128::try_from(n).ok()).collect())
    }

    fn first_width(&self, name: &str) -> Option<u128> {
        match self.widths(name) {
            Some(widths) => widths.first().copied(),
            None => self.count(name),
        }
    }

    /// Weights between such layers, and to one number before and after each: the least that there may be.
    fn inner(&self, name: &str) -> Option<u128> {
        let widths = self.widths(name)?;
        let pairs = widths
            .windows(2)
            .map(|pair| pair[0].saturating_mul(pair[1]));
        let inner = pairs.fold(0, u128::saturating_add);
        let most = widths.iter().max().copied().unwrap_or(0);
        Some(inner.max(most.saturating_mul(2)))
    }
}

/// The memory of this machine, or what the system lets this process have of it, in bytes.
pub fn of_this_machine() -> u128 {
    static MEMORY: OnceLock<u128> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().split(' ').next()?.parse::<u128>().ok())
        };
        // What can be swapped counts too: slow is not wrong.
        let all =
            total("MemTotal:").map(|memory| 1024 * (memory + total("SwapTotal:").unwrap_or(0)));
        // No machine of today addresses more than 47 bits.
        let all = all.unwrap_or(1 << 47);
        let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").unwrap_or_default();
        let limit = limit.trim().parse::<u128>().unwrap_or(all);
        all.min(limit).min(of_this_process().unwrap_or(all))
    })
}

/// What `ulimit -v` and `ulimit -d` leave.
#[cfg(unix)]
fn of_this_process() -> Option<u128> {
    use rustix::process::Resource;
    use rustix::process::getrlimit;
    let limits = [Resource::As, Resource::Data].map(|resource| getrlimit(resource).current);
    limits.into_iter().flatten().map(u128::from).min()
}

#[cfg(not(unix))]
fn of_this_process() -> Option<u128> {
    None
}

/// `16 GB`, `about 2e12 GB`.
pub fn shown(bytes: u128) -> String {
    let gigabytes = bytes as f64 / 1e9;
    match gigabytes {
        ..100.0 => format!("{gigabytes:.1} GB"),
        ..1e6 => format!("{gigabytes:.0} GB"),
        _ => format!("about {gigabytes:.0e} GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, Value)]) -> Values {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn the_parameter_that_asks_for_the_most_is_named() {
        let width = |width: i64| Value::Int(width);
        let wide = values(&[("hidden", vec![width(1 << 20), width(1 << 20)].into())]);
        assert_eq!(at_least(&wide), Some(("hidden", 16 << 40)));
        let many = values(&[("points", Value::Int(i64::MAX)), ("test", Value::Int(10))]);
        let (name, bytes) = at_least(&many).expect("points take memory");
        assert_eq!(name, "points");
        assert!(bytes > of_this_machine());
        assert_eq!(at_least(&values(&[("lr", Value::Float(0.1))])), None);
    }

    #[test]
    fn what_the_data_bound_is_not_counted() {
        let most = || Value::Int(i64::MAX);
        let few = || Value::Str("train".to_owned());
        let rows = values(&[("count", most()), ("split", few())]);
        assert_eq!(at_least(&rows), None);
        let drawn = values(&[("count", most())]);
        assert_eq!(at_least(&drawn).map(|(name, _)| name), Some("count"));
        let training = values(&[("batch", most()), ("iterations", most())]);
        assert_eq!(at_least(&training), None);
    }

    #[test]
    fn what_observations_add_is_counted() {
        let wide = values(&[("hidden", vec![Value::Int(10_000_000)].into())]);
        assert_eq!(at_least(&wide), Some(("hidden", 320_000_000)));
        assert_eq!(
            at_least_over(&wide, 784),
            Some(("hidden", 16 * 784 * 10_000_000))
        );
    }
}
