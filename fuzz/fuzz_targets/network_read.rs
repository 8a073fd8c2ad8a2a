//! Any bytes as manifests: they are read and judged without a panic, and what surely passes may pass.

#![no_main]

use haechi_network::read::{Input, Options, read};
use haechi_network::{Engine, Profile, lint};
use haechi_syntax::{Limits, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let parsed = parse(bytes, &Limits::default());
    let inputs: Vec<Input<'_>> =
        parsed.documents.iter().map(|document| Input { path: "fuzz.yaml".into(), document }).collect();
    let snapshot = read(&inputs, &Options::default());
    if snapshot.world.endpoints.len() > 50 || snapshot.world.policies.len() > 50 {
        return;
    }
    let mut engine = Engine::new(snapshot.world.clone(), Profile::STRICT);
    let _ = lint::lint(&engine, &snapshot);
    let mut pairs = Vec::new();
    engine.for_each_pair(|_, _, verdict| pairs.push(verdict));
    for verdict in pairs {
        assert!(engine.space().is_subset(verdict.allowed, verdict.possible));
    }
});
