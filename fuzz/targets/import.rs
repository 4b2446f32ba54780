#![no_main]

#[path = "../../tests/it/feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| feed::import(bytes));
