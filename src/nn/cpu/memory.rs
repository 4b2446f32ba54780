//! Freed memory stays with the process for a while: the next step of a training takes as much again.

use std::ffi::c_long;
use std::sync::Once;

use libmimalloc_sys as mimalloc;

/// `mi_option_purge_delay` of `mimalloc.h`, to whose list options are only added.
const PURGE_DELAY: mimalloc::mi_option_t = 15;

/// After so many milliseconds what was freed goes back to the system. A step that takes longer than mimalloc's own
/// second would find none of its buffers again, and have each page of them cleared by the kernel.
const KEPT: c_long = 10_000;

/// Has the allocator keep what is freed. `MIMALLOC_PURGE_DELAY` in the environment counts for more.
pub(in crate::nn) fn keep() {
    static ONCE: Once = Once::new();
    // SAFETY: it sets a number that allocations only read; any thread may at any time.
    ONCE.call_once(|| unsafe { mimalloc::mi_option_set_default(PURGE_DELAY, KEPT) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_delay_of_purging() {
        // SAFETY: it reads a number.
        let now = || unsafe { mimalloc::mi_option_get(PURGE_DELAY) };
        // Another test may have come first; else it is what the library documents.
        assert!([1000, KEPT].contains(&now()), "{}", now());
        keep();
        assert_eq!(now(), KEPT);
    }
}
