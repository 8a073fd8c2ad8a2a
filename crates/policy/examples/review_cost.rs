//! Asks a hundred policies over and over, for a profiler to count.
//!
//! ```sh
//! cargo build --release -p haechi-policy --example review_cost
//! valgrind --tool=callgrind target/release/examples/review_cost mixed 100
//! ```

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a measuring aid: it stops where something is wrong"
)]

#[path = "../benches/fixtures/reviews.rs"]
mod reviews;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let case = arguments.next().expect("`mixed` or `load`");
    let rounds: u32 = arguments.next().expect("a number of rounds").parse().expect("a number");
    let measured = match case.as_str() {
        "mixed" => reviews::mixed().expect("the library"),
        _ => reviews::load(),
    };
    let inventory = haechi_policy::Inventory::default();
    let mut verdicts = Vec::new();
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        measured.ask(&inventory, &mut verdicts);
    }
    eprintln!(
        "{} us a review, {} verdicts",
        start.elapsed().as_micros() / u128::from(rounds),
        verdicts.len()
    );
}
