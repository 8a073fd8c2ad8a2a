//! Any bytes as a log of connections: no panic, bounded results, and what is not understood is counted.

#![no_main]

use haechi_network::flows::{MOST_FLOWS, MOST_SKIPPED, Observed, read_hubble, read_vpc};
use haechi_network::world::World;
use libfuzzer_sys::fuzz_target;

fn check(observed: &Observed, lines: usize) {
    assert!(observed.flows.len() <= MOST_FLOWS && observed.skipped.len() <= MOST_SKIPPED);
    assert!(observed.skipped.len() <= observed.left_out);
    let seen: u64 = observed.flows.values().sum();
    assert!(usize::try_from(seen).is_ok_and(|seen| seen + observed.left_out + observed.without_ports <= lines));
    assert!(observed.skipped.iter().all(|skipped| (1..=lines).contains(&skipped.line)));
}

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let world = World::default();
    check(&read_vpc(bytes, &world), lines);
    check(&read_hubble(bytes, &world), lines);
});
