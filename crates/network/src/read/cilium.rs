use super::Staged;
use super::fields::Reader;
use crate::world::World;

pub(super) fn read(_reader: &mut Reader<'_, '_>, _world: &World, _staged: &mut Vec<Staged>) {}
