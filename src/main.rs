//! The `sweepline` program: everything is in the library, so that tests and benches reach it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// A plan is many small values made by many threads. glibc gives each thread a heap that it grows
// by a system call per page, and all of them wait for each other in the kernel.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    sweepline::cli::main()
}
