use super::Staged;
use super::fields::Reader;
use super::workloads::Account;
use crate::world::World;

pub(super) fn tier_order(_object: haechi_objects::Object<'_>) -> f64 {
    0.0
}

pub(super) fn read(_reader: &mut Reader<'_, '_>, _world: &World, _accounts: &[Account]) -> Vec<Staged> {
    Vec::new()
}
