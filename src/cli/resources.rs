//! What the steps of a run share: as the command line, `sweepline.toml` and the machine have it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::Options;
use crate::manifest;
use crate::registry::memory;

/// Amounts by name, as `resources` of a stage names them: `memory` in bytes, `gpus`, pools.
pub(super) type Amounts = BTreeMap<String, u64>;

/// The largest amount of a pool.
const MOST: u64 = 1_000_000;

/// `gpus=2`, `memory=60GiB`, `licence=3`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn amount(text: &str) -> Result<(String, u64), String> {
    let (name, amount) = text.split_once('=').ok_or("expected NAME=AMOUNT")?;
    let amount = of(name, amount)?;
    Ok((name.to_owned(), amount))
}

/// An amount of a resource.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of(name: &str, amount: &str) -> Result<u64, String> {
    match name {
        "" => Err("a resource has a name".to_owned()),
        "cpus" => Err("cpus are said by `--jobs`, or `jobs` of sweepline.toml".to_owned()),
        "memory" => manifest::language::bytes(amount)
            .ok_or_else(|| "expected a size with its unit, such as 60GiB".to_owned()),
        _ => match amount.parse() {
            Ok(amount) if amount <= MOST => Ok(amount),
            _ => Err(format!("expected a whole number from 0 to {MOST}")),
        },
    }
}

/// Gives a run what it may share out; later amounts win over earlier ones.
pub(super) fn share_out(options: &mut Options, amounts: impl IntoIterator<Item = (String, u64)>) {
    let machine = memory::of_this_machine();
    options.resources.memory = u64::try_from(machine).unwrap_or(u64::MAX);
    options.gpus = gpus();
    for (name, amount) in amounts {
        match name.as_str() {
            "memory" => options.resources.memory = amount,
            "gpus" => set_gpus(&mut options.gpus, amount as usize),
            _ => {
                options.resources.named.insert(name, amount as u32);
            }
        }
    }
    options.resources.gpus = options.gpus.len() as u32;
}

/// Of more GPUs than are known by name, all have their numbers for names.
fn set_gpus(gpus: &mut Vec<String>, count: usize) {
    if count > gpus.len() {
        *gpus = (0..count).map(|number| number.to_string()).collect();
    }
    gpus.truncate(count);
}

/// The GPUs that programs may use, as `CUDA_VISIBLE_DEVICES` names them.
fn gpus() -> Vec<String> {
    match std::env::var("CUDA_VISIBLE_DEVICES") {
        Ok(visible) => visible_gpus(&visible),
        Err(_) => {
            let there = |number: &usize| Path::new(&format!("/dev/nvidia{number}")).exists();
            let numbers = (0..).take_while(there);
            numbers.map(|number| number.to_string()).collect()
        }
    }
}

/// CUDA goes by the names up to the first that is none, such as `-1`.
fn visible_gpus(visible: &str) -> Vec<String> {
    let names = visible.split(',').map(str::trim);
    let names = names.take_while(|name| !name.is_empty() && !name.starts_with('-'));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_what_is_none_is_told() {
        assert_eq!(amount("licence=3"), Ok(("licence".to_owned(), 3)));
        assert_eq!(amount("memory=2GiB"), Ok(("memory".to_owned(), 2 << 30)));
        for wrong in [
            "licence",
            "=1",
            "licence=-1",
            "gpus=1.5",
            "memory=2 gigs",
            "cpus=4",
        ] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn gpus_are_those_that_programs_may_use() {
        assert_eq!(visible_gpus("2, GPU-8a,-1,3"), ["2", "GPU-8a"]);
        assert!(visible_gpus("").is_empty());
        let mut gpus = visible_gpus("2,3");
        set_gpus(&mut gpus, 1);
        assert_eq!(gpus, ["2"]);
        set_gpus(&mut gpus, 3);
        assert_eq!(gpus, ["0", "1", "2"]);
    }
}
