//! The pages of the checks and their indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use haechi_checks::{CHECKS, Check};
use haechi_report::{Args, Language, Texts};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Pages;
use crate::conformance::project;

/// What other catalogues are called, for those that are frameworks and benchmarks rather than tools.
const FRAMEWORKS: [(&str, &str); 13] = [
    ("pss", "Pod Security Standards"),
    ("nsa-cisa", "NSA/CISA Kubernetes Hardening Guide"),
    ("cis-1.12", "CIS Kubernetes Benchmark 1.12"),
    ("cis-1.23", "CIS Kubernetes Benchmark 1.23"),
    ("aks-1.8.0", "CIS AKS Benchmark 1.8.0"),
    ("eks-1.5.0", "CIS EKS Benchmark 1.5.0"),
    ("eks-1.8.0", "CIS EKS Benchmark 1.8.0"),
    ("gke-1.9.0", "CIS GKE Benchmark 1.9.0"),
    ("pci-dss-4", "PCI DSS 4.0.1"),
    ("iso-27001:2022", "ISO/IEC 27001:2022"),
    ("soc-2", "SOC 2"),
    ("nist-800-53r5", "NIST SP 800-53 Rev. 5"),
    ("attack", "MITRE ATT&CK"),
];

/// Other names of a rule that are no framework: tools, and documents of one rule.
const TOOLS: [&str; 12] = [
    "checkov",
    "complianceascode",
    "kube-hunter",
    "kube-linter",
    "kube-score",
    "kubeaudit",
    "kubescape",
    "kubesec",
    "polaris",
    "prowler",
    "trivy",
    "yaml",
];

/// The sections of a doc comment by their heading, each with its lines.
type Sections = BTreeMap<String, Vec<String>>;

/// The Korean of a check's page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Korean {
    /// Digest of the English that was translated, see [`digest`].
    of: String,
    does: String,
    decisions: Option<String>,
}

/// A check with all that its pages need.
struct Documented {
    check: &'static Check,
    sections: Sections,
    korean: Korean,
}

pub(super) fn add(pages: &mut Pages) -> Result<()> {
    let documented = read()?;
    for language in Language::ALL {
        let texts = Texts::new(language);
        let folder = match language {
            Language::En => PathBuf::from("checks"),
            Language::Ko => PathBuf::from("ko/checks"),
        };
        for one in &documented {
            let name = format!("{}.md", one.check.info.slug);
            pages.insert(folder.join(name), page(one, &texts));
        }
        pages.insert(folder.join("README.md"), index(&documented, &texts));
        pages.insert(folder.join("frameworks.md"), frameworks(&documented, &texts));
    }
    Ok(())
}

fn read() -> Result<Vec<Documented>> {
    let mut sources = comments(&project().join("crates/checks/src"))?;
    let path = project().join("docs/source/checks.ko.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut korean: BTreeMap<String, Korean> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let mut documented = Vec::new();
    let mut wrong = Vec::new();
    for check in CHECKS {
        let slug = check.info.slug;
        let Some(sections) = sources.remove(slug) else {
            bail!("no file documents {slug}");
        };
        for needed in ["What it does", "Why is this bad?", "Example", "Use instead"] {
            if !sections.contains_key(needed) {
                wrong.push(format!("{slug}: its doc comment lacks `## {needed}`"));
            }
        }
        let of = digest(&sections);
        match korean.remove(slug) {
            Some(korean) if korean.of == of => documented.push(Documented { check, sections, korean }),
            Some(_) => {
                wrong.push(format!("{slug}: the English changed; see to the Korean and set of = \"{of}\""))
            }
            None => wrong.push(format!("{slug}: there is no Korean; its table needs of = \"{of}\"")),
        }
        for peer in check.info.peers {
            if !TOOLS.contains(&peer.peer) && !FRAMEWORKS.iter().any(|(name, _)| *name == peer.peer) {
                wrong.push(format!("{slug}: neither a framework nor a tool is called `{}`", peer.peer));
            }
        }
    }
    wrong.extend(korean.into_keys().map(|slug| format!("{slug}: Korean of a check that is gone")));
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(documented)
}

/// The doc comments of all checks below a folder, by slug.
fn comments(folder: &Path) -> Result<BTreeMap<String, Sections>> {
    let mut found = BTreeMap::new();
    for file in super::files(folder)? {
        let text = std::fs::read_to_string(&file)?;
        let Some((before, after)) = text.split_once("static CHECK: Check") else { continue };
        let slug = after.split_once("slug: \"").and_then(|(_, rest)| rest.split_once('"'));
        let Some((slug, _)) = slug else { bail!("{} has no slug", file.display()) };
        found.insert(slug.to_owned(), sections(before));
    }
    Ok(found)
}

/// The sections of the doc comment that ends the text.
fn sections(before: &str) -> Sections {
    let comment: Vec<&str> = before
        .lines()
        .rev()
        .skip_while(|line| !line.starts_with("///"))
        .take_while(|line| line.starts_with("///"))
        .collect();
    let mut sections = Sections::new();
    let mut heading = String::new();
    for line in comment.into_iter().rev() {
        let line = line.trim_start_matches("///");
        let line = line.strip_prefix(' ').unwrap_or(line);
        match line.strip_prefix("## ") {
            Some(name) => heading = name.trim().to_owned(),
            None => sections.entry(heading.clone()).or_default().push(line.to_owned()),
        }
    }
    sections
}

/// Twelve hexadecimal digits over the English that has a translation.
fn digest(sections: &Sections) -> String {
    let plain = |name: &str| {
        let lines = sections.get(name).map(|lines| lines.join(" ")).unwrap_or_default();
        lines.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let hash = Sha256::digest(format!("{}\n{}", plain("What it does"), plain("Decisions")));
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn page(one: &Documented, texts: &Texts) -> String {
    let info = &one.check.info;
    let label = |id: &str| texts.message(id, &Args::new());
    let rule = texts.rule(info);
    let is_english = texts.language() == Language::En;
    let english = |name: &str| one.sections.get(name).map(|lines| lines.join("\n").trim().to_owned());
    let does = if is_english { english("What it does") } else { Some(one.korean.does.clone()) };
    let why = if is_english { english("Why is this bad?") } else { rule.why.map(|why| why.into_owned()) };
    let decisions = if is_english { english("Decisions") } else { one.korean.decisions.clone() };
    let accept = format!(
        "{}\n\n```yaml\nmetadata:\n  annotations:\n    ignore-check.haechi.dev/{}: {}\n```\n\n{}",
        label("docs-accept-text"),
        info.slug,
        label("docs-accept-reason"),
        texts.message("docs-accept-more", &Args::new().text("slug", info.slug)),
    );
    let references = info.references.iter().map(|address| format!("- <{address}>")).collect::<Vec<_>>();
    let mut text = format!("<!-- cargo xtask docs -->\n# {}\n\n`{}`\n\n", rule.title, info.slug);
    let _ = writeln!(
        text,
        "{}: {} · {}: {} · {}: {}",
        label("docs-area"),
        label(&format!("docs-area-{}", info.area)),
        label("docs-severity"),
        texts.severity(info.severity),
        label("docs-since"),
        info.since
    );
    for (is_so, id) in [(one.check.opt_in, "docs-opt-in"), (info.preview, "docs-preview")] {
        if is_so {
            let _ = write!(text, "\n{}\n", label(id));
        }
    }
    let parts = [
        ("docs-does", does),
        ("docs-why", why),
        ("docs-example", english("Example")),
        ("docs-instead", english("Use instead")),
        ("docs-fix", rule.fix.map(|fix| fix.into_owned())),
        ("docs-decisions", decisions),
        ("docs-accept", Some(accept)),
        ("docs-references", (!references.is_empty()).then(|| references.join("\n"))),
        ("docs-elsewhere", elsewhere(info)),
    ];
    for (heading, part) in parts {
        if let Some(part) = part {
            let _ = write!(text, "\n## {}\n\n{part}\n", label(heading));
        }
    }
    let name = format!("{}.md", info.slug);
    let _ = write!(text, "\n{}\n", texts.message("docs-other-language", &Args::new().text("page", name)));
    text
}

/// The names of the rule elsewhere, one line per catalogue.
fn elsewhere(info: &haechi_model::RuleInfo) -> Option<String> {
    let mut peers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for peer in info.peers {
        let name = FRAMEWORKS.iter().find(|(id, _)| *id == peer.peer).map_or(peer.peer, |(_, name)| name);
        peers.entry(name).or_default().push(peer.id);
    }
    let lines: Vec<String> =
        peers.into_iter().map(|(peer, ids)| format!("- {peer}: {}", ids.join(", "))).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn index(documented: &[Documented], texts: &Texts) -> String {
    let label = |id: &str| texts.message(id, &Args::new());
    let intro = texts.message("docs-index-intro", &Args::new().number("count", documented.len()));
    let mut text = format!("<!-- cargo xtask docs -->\n# {}\n\n{intro}\n", label("docs-index"));
    let areas: BTreeSet<&str> = documented.iter().map(|one| one.check.info.area).collect();
    for area in areas {
        let _ = write!(text, "\n## {}\n\n", label(&format!("docs-area-{area}")));
        let _ = writeln!(
            text,
            "| {} | {} | {} |\n|---|---|---|",
            label("docs-check"),
            label("docs-severity"),
            label("docs-title")
        );
        let mut of_area: Vec<_> = documented.iter().filter(|one| one.check.info.area == area).collect();
        of_area.sort_by_key(|one| (std::cmp::Reverse(one.check.info.severity), one.check.info.slug));
        for one in of_area {
            let info = &one.check.info;
            let _ = writeln!(
                text,
                "| [{slug}]({slug}.md){opt_in} | {} | {} |",
                texts.severity(info.severity),
                cell(&texts.rule(info).title),
                slug = info.slug,
                opt_in = if one.check.opt_in { " ○" } else { "" },
            );
        }
    }
    let _ =
        write!(text, "\n{}\n", texts.message("docs-other-language", &Args::new().text("page", "README.md")));
    text
}

fn frameworks(documented: &[Documented], texts: &Texts) -> String {
    let label = |id: &str| texts.message(id, &Args::new());
    let mut text = format!(
        "<!-- cargo xtask docs -->\n# {}\n\n{}\n",
        label("docs-frameworks"),
        label("docs-frameworks-intro")
    );
    for (id, name) in FRAMEWORKS {
        let mut requirements: BTreeMap<Vec<Part<'_>>, (&str, BTreeSet<&str>)> = BTreeMap::new();
        for one in documented {
            for peer in one.check.info.peers.iter().filter(|peer| peer.peer == id) {
                let slugs = &mut requirements.entry(parts(peer.id)).or_insert((peer.id, BTreeSet::new())).1;
                slugs.insert(one.check.info.slug);
            }
        }
        if requirements.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {name}\n\n");
        let _ = writeln!(text, "| {} | {} |\n|---|---|", label("docs-requirement"), label("docs-checks"));
        for (requirement, slugs) in requirements.into_values() {
            let slugs: Vec<String> = slugs.iter().map(|slug| format!("[{slug}]({slug}.md)")).collect();
            let _ = writeln!(text, "| {} | {} |", cell(requirement), slugs.join(", "));
        }
    }
    let page = Args::new().text("page", "frameworks.md");
    let _ = write!(text, "\n{}\n", texts.message("docs-other-language", &page));
    text
}

/// A piece of a requirement's number, so that 5.2.10 stands after 5.2.9.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'t> {
    Number(u32),
    Text(&'t str),
}

fn parts(id: &str) -> Vec<Part<'_>> {
    id.split_inclusive(['.', '-', '(', ')', ' '])
        .map(|part| {
            let plain = part.trim_end_matches(['.', '-', '(', ')', ' ']);
            plain.parse().map_or(Part::Text(plain), Part::Number)
        })
        .collect()
}

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_comment_falls_into_sections() {
        let text = "/// of another\nfn x() {}\n\n/// ## What it does\n/// Flags `a`,\n/// and b.\n/// ## Decisions\n/// None.\npub(crate) ";
        let sections = sections(text);
        assert_eq!(sections["What it does"], ["Flags `a`,", "and b."]);
        assert_eq!(sections["Decisions"], ["None."]);
        assert_eq!(sections.len(), 2);
    }

    #[test]
    fn digest_does_not_depend_on_where_lines_break() {
        let one = sections("/// ## What it does\n/// a b\n/// c\n");
        let other = sections("/// ## What it does\n/// a\n/// b c\n");
        assert_eq!(digest(&one), digest(&other));
        assert_ne!(digest(&one), digest(&sections("/// ## What it does\n/// a b d\n")));
    }

    #[test]
    fn requirements_stand_in_the_order_of_their_numbers() {
        let mut ids = ["5.2.10", "5.2.9", "CM-6(1)", "CM-6", "AC-17"];
        ids.sort_by_key(|id| parts(id));
        assert_eq!(ids, ["5.2.9", "5.2.10", "AC-17", "CM-6", "CM-6(1)"]);
    }
}
