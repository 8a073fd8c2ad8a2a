//! `haechi`: one binary that secures Kubernetes and the cloud around it.

fn main() -> std::process::ExitCode {
    haechi::run(std::env::args_os().collect()).into()
}
