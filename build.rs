//! How the program is linked.

/// On Linux at a fixed address: a program that may lie anywhere is written to at 60,000 places before it begins, which
/// takes a fifth of a run with nothing to do.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
