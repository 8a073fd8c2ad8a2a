//! `haechi`: one binary that secures Kubernetes and the cloud around it.

/// Findings and values of policies are many small pieces, on many threads: an allocator made for these is worth a tenth to a
/// fifth of a scan's or a review's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    haechi::run(std::env::args_os().collect()).into()
}
