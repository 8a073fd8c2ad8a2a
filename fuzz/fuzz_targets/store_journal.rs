//! Any bytes as an exported journal: no panic, bounded lines, and a journal that verifies is the one that its anchor names.

#![no_main]

use haechi_store::journal::{Anchor, Break, Hash, read_lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(report) = read_lines(&mut &*bytes, None) else { return };
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!(report.good.entries < lines, "each good entry has a line, and so has the end");
    if report.broken.is_some() {
        return;
    }
    // The same journal passes its own anchor, and none that says otherwise.
    assert!(matches!(read_lines(&mut &*bytes, Some(&report.good)), Ok(same) if same == report));
    let further = Anchor { entries: report.good.entries + 1, head: Hash([7; 32]) };
    let cut = read_lines(&mut &*bytes, Some(&further)).map(|report| report.broken);
    assert!(matches!(cut, Ok(Some(Break::Truncated { .. }))));
    if report.good.entries > 0 {
        let other = Anchor { head: Hash([7; 32]), ..report.good };
        let forged = read_lines(&mut &*bytes, Some(&other)).map(|report| report.broken);
        assert!(matches!(forged, Ok(Some(Break::Rewritten { .. }))) || report.good.head == other.head);
    }
});
