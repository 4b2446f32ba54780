//! How much memory a step takes at least, as far as its parameters say so: a slip of the keyboard is
//! told before anything runs, rather than by the death of the whole run.

use std::fs;
use std::sync::OnceLock;

use super::Value;
use super::Values;

/// The parameter that says the most, and the bytes that it comes to at least.
///
/// Parameters are known by name: every stage kind means the same by `points`, `samples`, `hidden`.
pub fn at_least(params: &Values) -> Option<(&'static str, u128)> {
    let count = |name: &str| match params.get(name) {
        Some(Value::Int(count)) => u128::try_from(*count).ok(),
        _ => None,
    };
    let size = |name: &str| count(name).unwrap_or(1).max(1);
    // 32-bit numbers.
    let numbers = |count: u128| count.saturating_mul(4);
    // Weights with their gradients and the two averages of an optimiser.
    let weights = |count: u128| count.saturating_mul(16);
    let latent = size("latent");
    let mut needs: Vec<(&'static str, u128)> = Vec::new();
    if let Some(points) = count("points") {
        let width = size("dimension").max(size("length")).max(2);
        // The last of equals is named: the others take their size from it.
        for name in ["valid", "test", "points"] {
            needs.push((
                name,
                numbers(count(name).unwrap_or(points).saturating_mul(width)),
            ));
        }
    }
    if let Some(samples) = count("samples") {
        needs.push(("samples", numbers(samples.saturating_mul(latent))));
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
    if let Some(dimension) = count("dimension") {
        needs.push(("dimension", weights(dimension)));
    }
    match params.get("hidden") {
        Some(Value::List(widths)) => {
            let widths = widths.iter().filter_map(Value::as_int);
            let widths: Vec<u128> = widths
                .filter_map(|width| u128::try_from(width).ok())
                .collect();
            let pairs = widths
                .windows(2)
                .map(|pair| pair[0].saturating_mul(pair[1]));
            let inner = pairs.fold(0, u128::saturating_add);
            let most = widths.iter().max().copied().unwrap_or(0);
            needs.push(("hidden", weights(inner.max(most))));
            let last = widths.last().copied().unwrap_or(1).max(1);
            needs.extend(
                count("latent").map(|width| ("latent", weights(width.saturating_mul(last)))),
            );
        }
        Some(Value::Int(width)) => {
            let width = u128::try_from(*width).unwrap_or(0);
            needs.push(("hidden", weights(width.saturating_mul(width))));
        }
        _ => needs.extend(count("latent").map(|width| ("latent", weights(width)))),
    }
    needs.into_iter().max_by_key(|(_, bytes)| *bytes)
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
}
