//! In which parts people read the findings of a scan.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use haechi_model::{Finding, RuleSource, ScanReport, Severity};

use crate::table::rule_name;
use crate::{Args, Texts};

/// What findings stand together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupBy {
    /// The file, for whoever mends it.
    #[default]
    File,
    /// The namespace of the object.
    Namespace,
    /// The rule that is broken, the gravest first.
    Check,
    /// Who owns the object: [`ScanReport::owners`].
    Owner,
}

impl GroupBy {
    /// All, the default first.
    pub const ALL: [GroupBy; 4] = [GroupBy::File, GroupBy::Namespace, GroupBy::Check, GroupBy::Owner];

    /// The name of the way, as on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            GroupBy::File => "file",
            GroupBy::Namespace => "namespace",
            GroupBy::Check => "check",
            GroupBy::Owner => "owner",
        }
    }
}

/// Findings that stand together.
pub(crate) struct Section<'r> {
    /// What they have in common; `None` where the rule itself is the heading.
    pub(crate) heading: Option<String>,
    pub(crate) findings: Vec<&'r Finding>,
}

/// The findings of a report in parts. What belongs to nobody comes last.
pub(crate) fn sections<'r>(report: &'r ScanReport, by: GroupBy, texts: &Texts) -> Vec<Section<'r>> {
    match by {
        GroupBy::File => report
            .findings
            .chunk_by(|one, other| one.location.path == other.location.path)
            .map(|file| Section {
                heading: file.first().map(|finding| finding.location.path.to_string()),
                findings: file.iter().collect(),
            })
            .collect(),
        GroupBy::Check => by_check(report),
        GroupBy::Namespace => {
            by_name(report, "group-namespace", texts, |finding| finding.resource.namespace.as_deref())
        }
        GroupBy::Owner => by_name(report, "group-owner", texts, |finding| {
            report.owners.get(&finding.resource).map(String::as_str)
        }),
    }
}

fn by_check(report: &ScanReport) -> Vec<Section<'_>> {
    let mut rules: BTreeMap<(Reverse<Severity>, RuleSource, String), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        let key = (Reverse(finding.severity), finding.source, rule_name(finding).into_owned());
        rules.entry(key).or_default().push(finding);
    }
    rules.into_values().map(|findings| Section { heading: None, findings }).collect()
}

fn by_name<'r>(
    report: &'r ScanReport,
    message: &str,
    texts: &Texts,
    name: impl Fn(&'r Finding) -> Option<&'r str>,
) -> Vec<Section<'r>> {
    let mut named: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let mut rest = Vec::new();
    for finding in &report.findings {
        match name(finding).filter(|name| !name.is_empty()) {
            Some(name) => named.entry(name).or_default().push(finding),
            None => rest.push(finding),
        }
    }
    let mut sections: Vec<Section<'_>> = named
        .into_iter()
        .map(|(name, findings)| Section {
            heading: Some(texts.message(message, &Args::new().text("name", name))),
            findings,
        })
        .collect();
    if !rest.is_empty() {
        let heading = Some(texts.message(&format!("{message}-none"), &Args::new()));
        sections.push(Section { heading, findings: rest });
    }
    sections
}
