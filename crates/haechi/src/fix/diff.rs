//! What fixes change, as `patch -p0` and `git apply -p0` read it.

use std::io;

use similar::TextDiff;

use super::Changed;

/// Writes a unified diff of the files.
pub fn write_diff(changed: &[Changed], out: &mut dyn io::Write) -> io::Result<()> {
    for file in changed {
        let name = quoted(&file.shown);
        let diff = TextDiff::from_lines(file.before.text(), file.after.text());
        let mut unified = diff.unified_diff();
        write!(out, "{}", unified.context_radius(3).header(&name, &name))?;
    }
    Ok(())
}

/// A name with characters that would end the line, or steer a terminal, in the way that git quotes it.
fn quoted(name: &str) -> String {
    if !name.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        return name.to_owned();
    }
    let mut out = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("\\{byte:03o}")));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn odd_names_are_quoted() {
        assert_eq!(quoted("a b/파드.yaml"), "a b/파드.yaml");
        assert_eq!(quoted("a\n\"\u{1b}"), "\"a\\n\\\"\\033\"");
    }
}
