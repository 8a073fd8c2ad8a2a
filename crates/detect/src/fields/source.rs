use std::fmt;

use super::{Extract, Field, FieldRef, cloudtrail, findings, generic, k8s_audit, saas, syscall, vpc_flow};
use crate::extract::{Special, pointer_steps};

/// Index of an event source in [`Source::ALL`].
pub type SourceId = u8;

/// A kind of events, and the fields that rules about it may use.
pub struct Source {
    /// The name that rules give as `source`.
    pub name: &'static str,
    /// The plugin that provides the source to Falco, where one does.
    pub plugin: &'static str,
    tables: &'static [&'static [Field]],
    /// Fields whose value tells soonest which rules can match, the best first.
    pub discriminators: &'static [&'static str],
    /// Further fields that have few values in many events.
    pub(crate) repeated: &'static [&'static str],
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

const fn source(
    name: &'static str,
    plugin: &'static str,
    tables: &'static [&'static [Field]],
    discriminators: &'static [&'static str],
) -> Source {
    Source { name, plugin, tables, discriminators, repeated: &[] }
}

impl Source {
    const fn repeating(mut self, repeated: &'static [&'static str]) -> Self {
        self.repeated = repeated;
        self
    }
}

impl Source {
    /// The source of a rule that names none.
    pub const SYSCALL: SourceId = 0;
    /// Kubernetes audit events.
    pub const K8S_AUDIT: SourceId = 1;
    /// CloudTrail events.
    pub const CLOUDTRAIL: SourceId = 2;
    /// Google Cloud audit logs.
    pub const GCP_AUDIT: SourceId = 3;
    /// Okta's system log.
    pub const OKTA: SourceId = 4;
    /// GitHub's webhooks.
    pub const GITHUB: SourceId = 5;
    /// VPC flow logs.
    pub const VPC_FLOW: SourceId = 6;
    /// GuardDuty findings.
    pub const GUARDDUTY: SourceId = 7;
    /// Security Hub findings.
    pub const SECURITY_HUB: SourceId = 8;
    /// Inspector findings.
    pub const INSPECTOR: SourceId = 9;
    /// AWS Config changes.
    pub const AWS_CONFIG: SourceId = 10;

    /// All sources.
    pub const ALL: &'static [Source] = &[
        source(
            "syscall",
            "",
            &[generic::GENERIC, syscall::SYSCALL, syscall::CONTAINER],
            &["evt.type", "syscall.type"],
        ),
        source(
            "k8s_audit",
            "k8saudit",
            &[generic::GENERIC, k8s_audit::K8S_AUDIT, generic::JSON],
            &["ka.verb", "ka.target.resource"],
        )
        .repeating(&["ka.target.subresource", "ka.user.name"]),
        source(
            "aws_cloudtrail",
            "cloudtrail",
            &[generic::GENERIC, cloudtrail::CLOUDTRAIL, generic::JSON],
            &["ct.name", "ct.src"],
        ),
        source(
            "gcp_auditlog",
            "gcpaudit",
            &[generic::GENERIC, saas::GCP_AUDIT, generic::JSON],
            &["gcp.methodName"],
        ),
        source("okta", "okta", &[generic::GENERIC, saas::OKTA, generic::JSON], &["okta.evt.type"]),
        source("github", "github", &[generic::GENERIC, saas::GITHUB, generic::JSON], &["github.type"]),
        source(
            "aws_vpcflow",
            "",
            &[generic::GENERIC, vpc_flow::VPC_FLOW],
            &["vpcflow.action", "vpcflow.dstport"],
        ),
        source(
            "aws_guardduty",
            "",
            &[generic::GENERIC, findings::GUARDDUTY, generic::JSON],
            &["guardduty.type"],
        ),
        source(
            "aws_securityhub",
            "",
            &[generic::GENERIC, findings::SECURITY_HUB, generic::JSON],
            &["securityhub.generatorid"],
        ),
        source(
            "aws_inspector",
            "",
            &[generic::GENERIC, findings::INSPECTOR, generic::JSON],
            &["inspector.type"],
        ),
        source(
            "aws_config",
            "",
            &[generic::GENERIC, findings::AWS_CONFIG, generic::JSON],
            &["awsconfig.resourcetype"],
        ),
    ];

    /// The source of that name.
    pub fn named(name: &str) -> Option<SourceId> {
        let index = Source::ALL.iter().position(|source| source.name == name)?;
        SourceId::try_from(index).ok()
    }

    /// The source at an index.
    pub fn at(id: SourceId) -> Option<&'static Source> {
        Source::ALL.get(usize::from(id))
    }

    /// All fields, those that every source has first.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.tables.iter().flat_map(|table| table.iter())
    }

    /// Finds the field that a rule names, as `name` with what stands in brackets.
    ///
    /// # Errors
    /// The text of Falco's message: no such field, or an argument that the field does not take.
    pub fn resolve(id: SourceId, name: &str, argument: Option<&str>) -> Result<FieldRef, String> {
        let printed = || match argument {
            Some(argument) => format!("{name}[{argument}]"),
            None => name.to_owned(),
        };
        let nonexistent = || format!("filter_check called with nonexistent field {}", printed());
        let source = Source::at(id).ok_or_else(nonexistent)?;
        let reference = |field: &'static Field, argument: Option<&str>, number: Option<u64>| FieldRef {
            source: id,
            field,
            argument: argument.map(str::to_owned),
            index: number,
            steps: match field.extract {
                Extract::Special(Special::JsonPointer) => pointer_steps(argument.unwrap_or_default()),
                _ => Vec::new(),
            },
        };
        let mut dotted = None;
        for field in source.fields() {
            if field.name != name {
                let is_dotted = field.argument.is_some_and(|rule| rule.dotted);
                let rest = name.strip_prefix(field.name).and_then(|rest| rest.strip_prefix('.'));
                if let (true, Some(rest), None) = (is_dotted, rest, argument) {
                    dotted = Some((field, rest));
                }
                continue;
            }
            let Some(rule) = field.argument else {
                return match argument {
                    None => Ok(reference(field, None, None)),
                    Some(_) if source.plugin.is_empty() => Err(nonexistent()),
                    Some(argument) => Err(format!(
                        "filter '{}': {name} does not allow nor require an argument but one is provided: \
                         {argument}",
                        printed()
                    )),
                };
            };
            let Some(text) = argument else {
                return match rule.required {
                    false => Ok(reference(field, None, None)),
                    true => Err(format!("filter '{name}': {name} requires an argument but none provided")),
                };
            };
            let number = rule.index.then(|| parse_index(text)).transpose();
            return match number {
                Ok(number) => Ok(reference(field, argument, number)),
                Err(_) if rule.key => Ok(reference(field, argument, None)),
                Err(why) => Err(format!("filter {} {name}{why}{text}", printed())),
            };
        }
        match dotted {
            Some((field, rest)) => Ok(reference(field, Some(rest), parse_index(rest).ok())),
            None => Err(nonexistent()),
        }
    }
}

fn parse_index(text: &str) -> Result<u64, &'static str> {
    if text.bytes().any(|byte| !byte.is_ascii_digit()) {
        return Err(" has an invalid index argument not composed only by digits: ");
    }
    if text.is_empty() || (text.len() > 1 && text.starts_with('0')) {
        return Err(" has an invalid index argument starting with 0: ");
    }
    text.parse().map_err(|_| " has an invalid index argument not representable on 64 bit: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(source: SourceId, name: &str, argument: Option<&str>) -> Result<String, String> {
        Source::resolve(source, name, argument).map(|field| field.printed())
    }

    #[test]
    fn fields_are_found_with_and_without_argument() {
        let audit = Source::K8S_AUDIT;
        assert_eq!(
            resolve(audit, "ka.req.pod.containers.image", Some("0")).unwrap(),
            "ka.req.pod.containers.image[0]"
        );
        assert!(resolve(audit, "ka.req.pod.containers.image", Some("a")).is_err());
        assert_eq!(
            resolve(audit, "jevt.value", None).unwrap_err(),
            "filter 'jevt.value': jevt.value requires an argument but none provided"
        );
        assert_eq!(
            resolve(audit, "proc.name", None).unwrap_err(),
            "filter_check called with nonexistent field proc.name"
        );
    }

    #[test]
    fn event_arguments_follow_a_dot_or_stand_in_brackets() {
        let arg = Source::resolve(Source::SYSCALL, "evt.arg.flags", None).unwrap();
        assert_eq!((arg.field().name, arg.argument.as_deref()), ("evt.arg", Some("flags")));
        let arg = Source::resolve(Source::SYSCALL, "evt.arg", Some("0")).unwrap();
        assert_eq!(arg.index, Some(0));
        assert!(resolve(Source::SYSCALL, "proc.nobody", None).is_err());
        assert!(resolve(Source::SYSCALL, "evt.args", None).is_ok());
    }

    #[test]
    fn names_are_unique_and_event_types_sorted() {
        for source in Source::ALL {
            let mut names: Vec<&str> = source.fields().map(|field| field.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", source.name);
        }
        assert!(super::super::event_types::EVENT_TYPES.is_sorted());
    }
}
