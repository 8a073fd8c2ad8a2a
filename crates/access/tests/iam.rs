//! AWS's evaluation logic, case by case: each row is a claim of its documentation, or a trap beside one.

use haechi_access::cloud::{
    AwsAnswer, AwsAuth, AwsRequest, Cloud, Context, Policies, PolicyDocument, Principal, evaluate,
};
use haechi_syntax::{Limits, parse_json};

use AwsAnswer::{Allowed, ExplicitDeny, ImplicitDeny, NotAllowedByOrganization, Unknown};

const ROLE: &str = "arn:aws:iam::111111111111:role/app";
const USER: &str = "arn:aws:iam::111111111111:user/team/ann";
const OBJECT: &str = "arn:aws:s3:::bucket/key";

fn document(statements: &str) -> PolicyDocument {
    PolicyDocument::from_text(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#))
}

/// One question; lists are statements.
#[derive(Default)]
struct Case {
    who: &'static str,
    session: &'static str,
    identity: &'static str,
    resource: &'static str,
    boundary: &'static str,
    session_policy: &'static str,
    levels: &'static [&'static str],
    resource_levels: &'static [&'static str],
    resource_account: &'static str,
    action: &'static str,
    on: &'static str,
    keys: &'static [(&'static str, &'static str)],
    absent: &'static [&'static str],
}

impl Case {
    fn ask(&self) -> AwsAnswer {
        let given = |text: &str| (!text.is_empty()).then(|| document(text));
        let (identity, resource) = (given(self.identity), given(self.resource));
        let (boundary, session) = (given(self.boundary), given(self.session_policy));
        let levels = |texts: &[&str]| texts.iter().map(|text| document(text)).collect::<Vec<_>>();
        let (control, resource_control) = (levels(self.levels), levels(self.resource_levels));
        let mut principal = Principal::aws(if self.who.is_empty() { ROLE } else { self.who });
        principal.session_arn = self.session.to_owned();
        let context =
            self.absent.iter().fold(Context::of(self.keys), |context, absent| context.without(absent));
        let request = AwsRequest {
            principal: &principal,
            action: if self.action.is_empty() { "s3:GetObject" } else { self.action },
            resource: if self.on.is_empty() { OBJECT } else { self.on },
            context: &context,
        };
        let policies = Policies {
            identity: identity.iter().collect(),
            boundary: boundary.as_ref(),
            session: session.as_ref(),
            resource: resource.as_ref(),
            service_control: control.iter().map(|level| vec![level]).collect(),
            resource_control: resource_control.iter().map(|level| vec![level]).collect(),
            resource_account: self.resource_account.to_owned(),
            needs_no_identity: false,
        };
        evaluate(&request, &policies)
    }
}

const ALL: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const TO_ROLE: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/app"}, "Action": "s3:*", "Resource": "*"}"#;
const TO_SESSION: &str = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:sts::111111111111:assumed-role/app/s"}, "Action": "s3:*", "Resource": "*"}"#;
const TO_ACCOUNT: &str =
    r#"{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*"}"#;
const TO_ALL: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#;
const ONLY_EC2: &str = r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#;

macro_rules! cases {
    ($($name:ident: $expected:expr, { $($field:ident: $value:expr),* $(,)? };)*) => {
        $(#[test] fn $name() {
            let case = Case { $($field: $value,)* ..Case::default() };
            assert_eq!(case.ask(), $expected);
        })*
    };
}

cases! {
    nothing_allows_by_default: ImplicitDeny, {};
    identity_policy_is_enough_in_one_account: Allowed, { identity: ALL };
    deny_of_any_policy_wins: ExplicitDeny, {
        identity: ALL, resource: TO_ROLE,
        boundary: r#"{"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": "*"}"#,
    };
    deny_of_a_resource_control_policy_wins: ExplicitDeny, {
        identity: ALL,
        resource_levels: &[r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}"#],
    };
    every_level_has_to_allow: NotAllowedByOrganization, { identity: ALL, levels: &[ALL, ONLY_EC2, ALL] };
    every_resource_level_has_to_allow: NotAllowedByOrganization, {
        identity: ALL, resource_levels: &[ALL, ONLY_EC2],
    };
    organization_limits_what_a_resource_policy_gives: NotAllowedByOrganization, {
        resource: TO_ALL, levels: &[ONLY_EC2],
    };

    // What else has to allow depends on how the resource's policy names the principal.
    resource_policy_alone_lets_a_role_in: Allowed, { resource: TO_ROLE };
    boundary_limits_a_grant_to_the_role: ImplicitDeny, { resource: TO_ROLE, boundary: ONLY_EC2 };
    session_policy_limits_a_grant_to_the_role: ImplicitDeny, { resource: TO_ROLE, session_policy: ONLY_EC2 };
    grant_to_the_session_is_not_limited: Allowed, {
        session: "arn:aws:sts::111111111111:assumed-role/app/s", resource: TO_SESSION,
        boundary: ONLY_EC2, session_policy: ONLY_EC2,
    };
    grant_to_another_session_is_none: ImplicitDeny, {
        session: "arn:aws:sts::111111111111:assumed-role/app/other", resource: TO_SESSION,
    };
    grant_to_a_session_that_the_role_could_take_is_unknown: Unknown, { resource: TO_SESSION };
    grant_to_a_user_is_not_limited: Allowed, {
        who: USER, boundary: ONLY_EC2,
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:user/team/ann"}, "Action": "s3:*", "Resource": "*"}"#,
    };
    grant_to_the_account_needs_the_identity_too: ImplicitDeny, { resource: TO_ACCOUNT };
    grant_to_the_account_and_the_identity: Allowed, { resource: TO_ACCOUNT, identity: ALL };
    account_root_of_another_partition: Allowed, {
        who: "arn:aws-cn:iam::111111111111:role/app", action: "sts:AssumeRole", identity: ALL,
        on: "arn:aws-cn:iam::111111111111:role/x",
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws-cn:iam::111111111111:root"}, "Action": "sts:AssumeRole"}"#,
    };
    perhaps_by_the_session_and_surely_for_the_account_is_perhaps: Unknown, {
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:*", "Resource": "*"},
                     {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}"#,
    };

    // Another account.
    other_account_needs_both: Allowed, { resource_account: "222222222222", identity: ALL, resource: TO_ROLE };
    other_account_without_identity: ImplicitDeny, { resource_account: "222222222222", resource: TO_ROLE };
    other_account_everybody_is_not_enough: ImplicitDeny, { resource_account: "222222222222", resource: TO_ALL };
    other_account_of_which_nothing_is_known: Unknown, { resource_account: "222222222222", identity: ALL };
    other_account_without_identity_is_no_whatever_it_says: ImplicitDeny, { resource_account: "222222222222" };

    // Keys and roles have the last word themselves.
    key_policy_has_to_let_in: ImplicitDeny, {
        identity: ALL, action: "kms:Decrypt", on: "arn:aws:kms:eu-west-1:111111111111:key/1",
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/other"}, "Action": "kms:*", "Resource": "*"}"#,
    };
    trust_names_the_role_itself: Allowed, {
        action: "sts:AssumeRole", on: "arn:aws:iam::111111111111:role/x",
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/app"}, "Action": "sts:AssumeRole"}"#,
    };
    external_id_is_not_known: Unknown, {
        action: "sts:AssumeRole", on: "arn:aws:iam::111111111111:role/x", identity: ALL,
        resource: r#"{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}"#,
    };

    // NotAction, NotResource, NotPrincipal.
    not_action_allows_the_rest: Allowed, { identity: r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"# };
    not_action_leaves_out: ImplicitDeny, {
        action: "iam:PassRole", identity: r#"{"Effect": "Allow", "NotAction": "IAM:*", "Resource": "*"}"#,
    };
    not_action_denies_the_rest: ExplicitDeny, {
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}"#,
    };
    not_resource_denies_elsewhere: ExplicitDeny, {
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::mine/*"}"#,
    };
    not_resource_spares_its_own: Allowed, {
        on: "arn:aws:s3:::mine/key",
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::mine/*"}"#,
    };
    not_principal_denies_others: ExplicitDeny, {
        identity: ALL,
        resource: r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:role/other"}, "Action": "*", "Resource": "*"}"#,
    };
    not_principal_spares_user_with_account: Allowed, {
        who: USER, identity: ALL,
        resource: r#"{"Effect": "Deny", "NotPrincipal": {"AWS": ["arn:aws:iam::111111111111:user/team/ann", "arn:aws:iam::111111111111:root"]}, "Action": "*", "Resource": "*"}"#,
    };
    not_principal_without_the_account_may_deny: Unknown, {
        who: USER, identity: ALL,
        resource: r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:user/team/ann"}, "Action": "*", "Resource": "*"}"#,
    };
    not_principal_with_the_account_alone_is_not_certain: Unknown, {
        who: USER, identity: ALL,
        resource: r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "111111111111"}, "Action": "*", "Resource": "*"}"#,
    };
    not_principal_spares_role_with_session_and_account: Allowed, {
        session: "arn:aws:sts::111111111111:assumed-role/app/s", identity: ALL,
        resource: r#"{"Effect": "Deny", "NotPrincipal": {"AWS": ["arn:aws:sts::111111111111:assumed-role/app/s", "arn:aws:iam::111111111111:role/app", "111111111111"]}, "Action": "*", "Resource": "*"}"#,
    };

    // Conditions on keys that are not there.
    equals_of_an_absent_key: ImplicitDeny, {
        absent: &["aws:X"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:x": "1"}}}"#,
    };
    not_equals_of_an_absent_key: Allowed, {
        absent: &["aws:X"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:x": "1"}}}"#,
    };
    if_exists_of_an_absent_key: Allowed, {
        absent: &["aws:X"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqualsIfExists": {"aws:x": "1"}}}"#,
    };
    deny_unless_mfa_with_if_exists: ExplicitDeny, {
        absent: &["aws:MultiFactorAuthPresent"],
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    };
    deny_unless_mfa_without_if_exists_lets_long_lived_keys_through: Allowed, {
        absent: &["aws:MultiFactorAuthPresent"],
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    };
    deny_on_a_key_of_which_nothing_is_known: Unknown, {
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#,
    };
    for_all_values_of_none: Allowed, {
        absent: &["aws:TagKeys"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}}"#,
    };
    for_any_value_of_none: ImplicitDeny, {
        absent: &["aws:TagKeys"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}}"#,
    };
    for_any_value_of_none_negated: ImplicitDeny, {
        absent: &["aws:TagKeys"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}}"#,
    };
    null_of_an_absent_key: Allowed, {
        absent: &["aws:X"], identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:x": "true"}}}"#,
    };
    all_conditions_have_to_hold: ImplicitDeny, {
        keys: &[("aws:a", "1"), ("aws:b", "2")],
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:a": "1", "aws:b": "1"}}}"#,
    };
    values_are_alternatives_and_negated_ones_are_not: ImplicitDeny, {
        keys: &[("aws:a", "1")],
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:a": ["1", "2"]}}}"#,
    };
    condition_that_is_no_map_is_no_free_pass: Unknown, {
        identity: r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": "none"}"#,
    };

    // Variables and wildcards.
    variable_is_filled: Allowed, {
        keys: &[("aws:username", "ann")], on: "arn:aws:s3:::home/ann/x",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}"#,
    };
    variable_of_an_absent_key_has_a_default: Allowed, {
        absent: &["aws:username"], on: "arn:aws:s3:::home/guest/x",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username, 'guest'}/*"}"#,
    };
    variable_that_is_not_known: Unknown, {
        on: "arn:aws:s3:::home/ann/x",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}"#,
    };
    escaped_star_is_a_star: ImplicitDeny, {
        on: "arn:aws:s3:::home/anything",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${*}"}"#,
    };
    escaped_star_matches_itself: Allowed, {
        on: "arn:aws:s3:::home/*",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${*}"}"#,
    };
    value_with_a_star_is_not_trusted: Unknown, {
        keys: &[("aws:username", "*")], on: "arn:aws:s3:::home/bob",
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}"}"#,
    };
    question_mark_is_one_character: ImplicitDeny, {
        on: "arn:aws:s3:::bucket/ab", identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/?"}"#,
    };
    resources_are_case_sensitive: ImplicitDeny, {
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::Bucket/*"}"#,
    };
    actions_are_not: Allowed, { identity: r#"{"Effect": "Allow", "Action": "S3:getobject", "Resource": "*"}"# };
    bucket_is_not_its_objects: ImplicitDeny, {
        identity: r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket"}"#,
    };
    action_without_a_resource_needs_a_star: ImplicitDeny, {
        action: "ec2:DescribeInstances", on: "*",
        identity: r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:instance/*"}"#,
    };
}

#[test]
fn documents_of_the_old_version_have_no_variables() {
    let old = PolicyDocument::from_text(
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}"}}"#,
    );
    let principal = Principal::aws(USER);
    let context = Context::of(&[("aws:username", "ann")]);
    let ask = |resource: &str| {
        let request =
            AwsRequest { principal: &principal, action: "s3:GetObject", resource, context: &context };
        evaluate(&request, &Policies { identity: vec![&old], ..Policies::default() })
    };
    assert_eq!(ask("arn:aws:s3:::home/ann"), ImplicitDeny);
    assert_eq!(ask("arn:aws:s3:::home/${aws:username}"), Allowed);
}

fn account(text: &str) -> Cloud {
    let parsed = parse_json(text.as_bytes(), &Limits::default());
    let mut cloud = Cloud::default();
    for document in &parsed.documents {
        assert!(cloud.add_document(document.root()));
    }
    cloud
}

#[test]
fn control_policies_of_unknown_levels_leave_what_they_decide_open() {
    let mut cloud = account(
        r#"{"UserDetailList": [{"Arn": "arn:aws:iam::111111111111:user/ann", "UserPolicyList": [{"PolicyDocument":
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}]}]}"#,
    );
    let ask = |cloud: &Cloud, action| cloud.may("arn:aws:iam::111111111111:user/ann", action, "*", None);
    assert_eq!(ask(&cloud, "s3:GetObject"), Allowed);
    cloud.service_control = vec![document(ALL), document(ONLY_EC2)];
    // Both on one level allow everything; on two levels only what both allow.
    assert_eq!(ask(&cloud, "ec2:RunInstances"), Allowed);
    assert_eq!(ask(&cloud, "s3:GetObject"), Unknown);
    // A policy that only denies stands beside one that allows.
    cloud.service_control =
        vec![document(ALL), document(r#"{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#)];
    assert_eq!(ask(&cloud, "s3:GetObject"), Allowed);
    assert_eq!(ask(&cloud, "iam:PassRole"), ExplicitDeny);
}

#[test]
fn claims_of_another_provider_are_not_in_the_token() {
    let issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
    let cloud = Cloud { issuer: Some(issuer.to_owned()), ..Cloud::default() };
    let trust = |provider: &str, of_condition: &str| {
        document(&format!(
            r#"{{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {{"Federated": "{provider}"}},
                "Condition": {{"StringLike": {{"{of_condition}:sub": "*"}}}}}}"#
        ))
    };
    let provider = format!("arn:aws:iam::111111111111:oidc-provider/{issuer}");
    assert_eq!(cloud.may_assume_by_token(&trust(&provider, issuer), "a", "b"), Allowed);
    assert_eq!(cloud.may_assume_by_token(&trust(&provider, "oidc.example/id/X"), "a", "b"), ImplicitDeny);
    assert_eq!(cloud.may_assume_by_token(&trust("*", issuer), "a", "b"), Allowed);
}

#[test]
fn aws_auth_fills_templates_of_sessions_only() {
    let auth = AwsAuth::parse(
        "- {rolearn: 'arn:aws:iam::111111111111:role/Admin', username: 'a:{{SessionName}}', groups: [g]}\n",
        "- {userarn: 'arn:aws:iam::111111111111:user/Ann', username: ann, groups: ['system:masters']}\n",
        "",
    );
    let mapped = auth.map("arn:aws:iam::111111111111:user/ann").unwrap();
    assert_eq!(
        (mapped.username.as_str(), mapped.groups.as_slice()),
        ("ann", &["system:masters".to_owned()][..])
    );
    assert_eq!(auth.map("arn:aws:sts::111111111111:assumed-role/Admin/x").unwrap().username, "a:x");
    assert_eq!(auth.map("arn:aws:sts::111111111111:assumed-role/Adminx/x"), None);
}
