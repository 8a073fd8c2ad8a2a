//! Findings and changes that AWS services report: GuardDuty, Security Hub, Inspector, Config.
//!
//! Falco has no such sources; the names are ours. What a field here does not cover, `json.value` does.

use super::{Extract, Field};

const fn path(name: &'static str, keys: &'static [&'static str]) -> Field {
    Field::text(name).from(Extract::PathNotNull(keys))
}

const fn number(name: &'static str, keys: &'static [&'static str]) -> Field {
    Field::float(name).from(Extract::PathNotNull(keys))
}

pub(super) const GUARDDUTY: &[Field] = &[
    path("guardduty.id", &["id"]),
    path("guardduty.type", &["type"]),
    path("guardduty.title", &["title"]),
    path("guardduty.description", &["description"]),
    number("guardduty.severity", &["severity"]),
    path("guardduty.accountid", &["accountId"]),
    path("guardduty.region", &["region"]),
    path("guardduty.resource.type", &["resource", "resourceType"]),
    path("guardduty.instance.id", &["resource", "instanceDetails", "instanceId"]),
    path("guardduty.accesskey.user", &["resource", "accessKeyDetails", "userName"]),
    path("guardduty.cluster.name", &["resource", "eksClusterDetails", "name"]),
    path("guardduty.k8s.user", &["resource", "kubernetesDetails", "kubernetesUserDetails", "username"]),
    path("guardduty.k8s.workload", &["resource", "kubernetesDetails", "kubernetesWorkloadDetails", "name"]),
    path(
        "guardduty.k8s.namespace",
        &["resource", "kubernetesDetails", "kubernetesWorkloadDetails", "namespace"],
    ),
    path("guardduty.action.type", &["service", "action", "actionType"]),
    path("guardduty.count", &["service", "count"]),
    path("guardduty.firstseen", &["service", "eventFirstSeen"]),
    path("guardduty.lastseen", &["service", "eventLastSeen"]),
];

pub(super) const SECURITY_HUB: &[Field] = &[
    path("securityhub.id", &["Id"]),
    path("securityhub.title", &["Title"]),
    path("securityhub.description", &["Description"]),
    path("securityhub.productname", &["ProductName"]),
    path("securityhub.generatorid", &["GeneratorId"]),
    path("securityhub.accountid", &["AwsAccountId"]),
    path("securityhub.region", &["Region"]),
    path("securityhub.types", &["Types"]).list(),
    path("securityhub.severity", &["Severity", "Label"]),
    number("securityhub.severity.normalized", &["Severity", "Normalized"]),
    path("securityhub.compliance", &["Compliance", "Status"]),
    path("securityhub.workflow", &["Workflow", "Status"]),
    path("securityhub.recordstate", &["RecordState"]),
    path("securityhub.resource.id", &["Resources", "0", "Id"]),
    path("securityhub.resource.type", &["Resources", "0", "Type"]),
];

pub(super) const INSPECTOR: &[Field] = &[
    path("inspector.arn", &["findingArn"]),
    path("inspector.type", &["type"]),
    path("inspector.title", &["title"]),
    path("inspector.description", &["description"]),
    path("inspector.severity", &["severity"]),
    number("inspector.score", &["inspectorScore"]),
    path("inspector.status", &["status"]),
    path("inspector.accountid", &["awsAccountId"]),
    path("inspector.fixavailable", &["fixAvailable"]),
    path("inspector.exploitavailable", &["exploitAvailable"]),
    path("inspector.vulnerability.id", &["packageVulnerabilityDetails", "vulnerabilityId"]),
    path("inspector.resource.id", &["resources", "0", "id"]),
    path("inspector.resource.type", &["resources", "0", "type"]),
];

pub(super) const AWS_CONFIG: &[Field] = &[
    path("awsconfig.resourcetype", &["resourceType"]),
    path("awsconfig.resourceid", &["resourceId"]),
    path("awsconfig.resourcename", &["resourceName"]),
    path("awsconfig.arn", &["ARN"]),
    path("awsconfig.accountid", &["awsAccountId"]),
    path("awsconfig.region", &["awsRegion"]),
    path("awsconfig.status", &["configurationItemStatus"]),
    path("awsconfig.capturetime", &["configurationItemCaptureTime"]),
    path("awsconfig.configuration", &["configuration"]),
];
