//! All policies together: the evaluation logic of AWS.

use super::policy::{AwsRequest, Judgement, PolicyDocument, Truth};

/// Every policy that has a say in a request.
#[derive(Debug, Clone, Default)]
pub struct Policies<'p> {
    /// Attached to the user or role, and to its groups.
    pub identity: Vec<&'p PolicyDocument>,
    /// The permissions boundary.
    pub boundary: Option<&'p PolicyDocument>,
    /// The policy of the session.
    pub session: Option<&'p PolicyDocument>,
    /// The policy of the resource: a bucket's, a key's, a role's trust policy.
    pub resource: Option<&'p PolicyDocument>,
    /// Service control policies, one list for each level from the root to the account. No level: not in an
    /// organisation, or its policies are not known and not asked for.
    pub service_control: Vec<Vec<&'p PolicyDocument>>,
    /// Resource control policies, by level.
    pub resource_control: Vec<Vec<&'p PolicyDocument>>,
    /// The account that the resource is in; empty: the same as the principal's.
    pub resource_account: String,
    /// Whether the resource's policy alone grants whatever the identity's policies say, as for web identities.
    pub needs_no_identity: bool,
}

/// Why a request is refused, or that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AwsAnswer {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// An organisation's policy does not allow it.
    NotAllowedByOrganization,
    /// Nothing allows it, or a boundary or session does not.
    ImplicitDeny,
    /// It depends on something that is not known.
    Unknown,
}

/// What AWS answers to a request.
pub fn evaluate(request: &AwsRequest<'_>, policies: &Policies<'_>) -> AwsAnswer {
    let judge = |documents: &[&PolicyDocument]| {
        documents.iter().map(|document| document.judge(request)).fold(Judgement::NOTHING, together)
    };
    let identity = judge(&policies.identity);
    let boundary = policies.boundary.map(|document| document.judge(request));
    let session = policies.session.map(|document| document.judge(request));
    let resource = policies.resource.map(|document| document.judge(request));
    let control: Vec<Judgement> =
        policies.service_control.iter().chain(&policies.resource_control).map(|level| judge(level)).collect();
    let deny = [Some(identity), boundary, session, resource]
        .into_iter()
        .flatten()
        .chain(control.iter().copied())
        .map(|judgement| judgement.deny)
        .max()
        .unwrap_or(Truth::No);
    if deny == Truth::Yes {
        return AwsAnswer::ExplicitDeny;
    }
    // Every level has to allow; a service is not under the account's service control policies.
    let organization = control.iter().map(|judgement| judgement.allow).min().unwrap_or(Truth::Yes);
    if organization == Truth::No {
        return AwsAnswer::NotAllowedByOrganization;
    }
    let limits = [boundary, session]
        .into_iter()
        .flatten()
        .map(|judgement| judgement.allow)
        .min()
        .unwrap_or(Truth::Yes);
    let by_identity = identity.allow.min(limits);
    let is_same_account =
        policies.resource_account.is_empty() || policies.resource_account == request.principal.account;
    let by_resource = resource.map_or(Truth::No, |judgement| judgement.allow);
    let granted = if policies.needs_no_identity {
        by_resource
    } else if is_same_account {
        // A role's own limits stay in force where its ARN, not its session's, is named.
        let alone =
            resource.map_or(Truth::No, |judgement| judgement.alone.max(judgement.for_role.min(limits)));
        let action = request.action.to_ascii_lowercase();
        // Nobody assumes a role that does not trust him, whatever his own policies say; and a key is used only by whom
        // its own policy lets.
        let has_last_word = action.starts_with("sts:assumerole")
            || (action.starts_with("kms:") && policies.resource.is_some());
        let through_identity = if has_last_word { by_identity.min(by_resource) } else { by_identity };
        alone.max(through_identity)
    } else if policies.resource.is_none() {
        // The other account's side is not known.
        by_identity.min(Truth::Unknown)
    } else {
        by_identity.min(by_resource)
    };
    match granted.min(organization) {
        Truth::Yes if deny == Truth::No => AwsAnswer::Allowed,
        Truth::No => AwsAnswer::ImplicitDeny,
        Truth::Yes | Truth::Unknown => AwsAnswer::Unknown,
    }
}

fn together(a: Judgement, b: Judgement) -> Judgement {
    Judgement {
        allow: a.allow.max(b.allow),
        deny: a.deny.max(b.deny),
        alone: a.alone.max(b.alone),
        for_role: a.for_role.max(b.for_role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::policy::{Context, Principal};

    const ROLE: &str = "arn:aws:iam::111111111111:role/app";

    fn document(statements: &str) -> PolicyDocument {
        PolicyDocument::from_text(&format!("{{\"Statement\": [{statements}]}}"))
    }

    fn allow(action: &str, resource: &str) -> String {
        format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#)
    }

    fn ask(policies: &Policies<'_>, action: &str, resource: &str) -> AwsAnswer {
        let principal = Principal::aws(ROLE);
        let context = Context::default();
        evaluate(&AwsRequest { principal: &principal, action, resource, context: &context }, policies)
    }

    #[test]
    fn explicit_deny_wins_over_every_allow() {
        let identity = document(&allow("s3:*", "*"));
        let resource =
            document(r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"}"#);
        let policies =
            Policies { identity: vec![&identity], resource: Some(&resource), ..Policies::default() };
        assert_eq!(ask(&policies, "s3:GetObject", "arn:aws:s3:::b/k"), AwsAnswer::Allowed);
        assert_eq!(ask(&policies, "s3:DeleteObject", "arn:aws:s3:::b/k"), AwsAnswer::ExplicitDeny);
    }

    #[test]
    fn boundary_and_session_intersect() {
        let identity = document(&allow("*", "*"));
        let boundary = document(&allow("s3:*", "*"));
        let session = document(&allow("s3:Get*", "*"));
        let policies = Policies {
            identity: vec![&identity],
            boundary: Some(&boundary),
            session: Some(&session),
            ..Policies::default()
        };
        assert_eq!(ask(&policies, "s3:GetObject", "*"), AwsAnswer::Allowed);
        assert_eq!(ask(&policies, "s3:PutObject", "*"), AwsAnswer::ImplicitDeny);
        assert_eq!(ask(&policies, "ec2:RunInstances", "*"), AwsAnswer::ImplicitDeny);
    }

    #[test]
    fn every_level_of_the_organization_has_to_allow() {
        let identity = document(&allow("*", "*"));
        let all = document(&allow("*", "*"));
        let only_s3 = document(&allow("s3:*", "*"));
        let policies = Policies {
            identity: vec![&identity],
            service_control: vec![vec![&all], vec![&only_s3]],
            ..Policies::default()
        };
        assert_eq!(ask(&policies, "s3:GetObject", "*"), AwsAnswer::Allowed);
        assert_eq!(ask(&policies, "ec2:RunInstances", "*"), AwsAnswer::NotAllowedByOrganization);
    }

    #[test]
    fn another_account_needs_both_sides() {
        let identity = document(&allow("s3:GetObject", "*"));
        let resource = document(&format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": "{ROLE}"}}, "Action": "s3:GetObject", "Resource": "*"}}"#
        ));
        let other = "222222222222".to_owned();
        let both = Policies {
            identity: vec![&identity],
            resource: Some(&resource),
            resource_account: other.clone(),
            ..Policies::default()
        };
        assert_eq!(ask(&both, "s3:GetObject", "*"), AwsAnswer::Allowed);
        let one = Policies { resource: Some(&resource), resource_account: other, ..Policies::default() };
        assert_eq!(ask(&one, "s3:GetObject", "*"), AwsAnswer::ImplicitDeny);
        let same = Policies { resource: Some(&resource), ..Policies::default() };
        assert_eq!(ask(&same, "s3:GetObject", "*"), AwsAnswer::Allowed);
    }

    #[test]
    fn assuming_a_role_always_needs_its_trust() {
        let identity = document(&allow("*", "*"));
        let of_account = document(
            r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole"}"#,
        );
        let target = "arn:aws:iam::111111111111:role/admin";
        let trusted =
            Policies { identity: vec![&identity], resource: Some(&of_account), ..Policies::default() };
        assert_eq!(ask(&trusted, "sts:AssumeRole", target), AwsAnswer::Allowed);
        let untrusted = Policies { identity: vec![&identity], ..Policies::default() };
        assert_eq!(ask(&untrusted, "sts:AssumeRole", target), AwsAnswer::ImplicitDeny);
        // Trusting the account only lets the account's policies decide.
        let no_policy = Policies { resource: Some(&of_account), ..Policies::default() };
        assert_eq!(ask(&no_policy, "sts:AssumeRole", target), AwsAnswer::ImplicitDeny);
    }
}
