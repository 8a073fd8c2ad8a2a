//! The rules of the house between crates hold.

#[test]
fn no_crate_reaches_what_it_must_not_know() -> anyhow::Result<()> {
    let violations = xtask::layers::violations()?;
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
    Ok(())
}
