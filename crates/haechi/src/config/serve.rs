//! The part `serve` of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use crate::told::Told;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct ServeTable {
    pub(super) admission: AdmissionTable,
    /// Clusters that are watched.
    #[serde(rename = "cluster")]
    pub(super) clusters: Vec<ClusterTable>,
    /// Read where the service is part of the build.
    pub(super) oidc: Option<OidcTable>,
}

/// Logging in through an identity provider. The client's secret stands in a file or in the environment, never here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "the table is checked all the same"))]
pub(super) struct OidcTable {
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    client_secret_env: Option<String>,
    url: String,
    scopes: Option<Vec<String>>,
    groups_claim: Option<String>,
    name_claim: Option<String>,
    ca_file: Option<PathBuf>,
    clock_skew: Option<i64>,
    roles: BTreeMap<String, Spanned<String>>,
}

/// What is set for admission, as `haechi serve` takes it on its command line, too; words are checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct AdmissionTable {
    /// Checks, with what is done about their findings.
    pub(crate) checks: BTreeMap<String, Spanned<String>>,
    /// Policies, with what is done about their violations.
    pub(crate) enforce: BTreeMap<String, Spanned<String>>,
    /// Policies, with what their errors mean.
    pub(crate) on_error: BTreeMap<String, Spanned<String>>,
    /// Namespaces in which nothing is asked.
    pub(crate) exempt_namespaces: Vec<String>,
}

/// A cluster that is watched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClusterTable {
    name: Spanned<String>,
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    #[serde(default)]
    write: Vec<Spanned<String>>,
}

/// A cluster that is watched, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterSettings {
    /// What it is called.
    pub(crate) name: String,
    /// Where the connection stands, as seen from the folder that the command runs in.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Which of its contexts.
    pub(crate) context: Option<String>,
    /// What is written into it: `openreports`, `events`.
    pub(crate) write: BTreeSet<String>,
}

impl Reader<'_> {
    fn none_of(&self, wrong: &Spanned<String>, known: &[&str]) -> Told {
        let told = Told::of("config-none-of").with("given", wrong.get_ref().as_str());
        (self.at)(wrong.span(), told.with("known", known.join(", ")))
    }

    pub(super) fn clusters(
        &self,
        tables: Vec<ClusterTable>,
        folder: &Path,
    ) -> Result<Vec<ClusterSettings>, Told> {
        const WRITTEN: &[&str] = &["openreports", "events"];
        let mut clusters: Vec<ClusterSettings> = Vec::new();
        for table in tables {
            let (span, name) = (table.name.span(), table.name.into_inner());
            #[cfg(feature = "serve")]
            let is_name = haechi_serve::clusters::is_name(&name);
            #[cfg(not(feature = "serve"))]
            let is_name = !name.is_empty();
            if !is_name {
                let told = Told::of("config-cluster-name").with("most", "253");
                return Err((self.at)(span, told));
            }
            if clusters.iter().any(|known| known.name == name) {
                return Err((self.at)(span, Told::of("config-cluster-twice").with("name", name)));
            }
            if let Some(wrong) = table.write.iter().find(|word| !WRITTEN.contains(&word.get_ref().as_str())) {
                return Err(self.none_of(wrong, WRITTEN));
            }
            clusters.push(ClusterSettings {
                name,
                kubeconfig: table.kubeconfig.map(|file| folder.join(file)),
                context: table.context,
                write: table.write.into_iter().map(Spanned::into_inner).collect(),
            });
        }
        Ok(clusters)
    }

    pub(super) fn admission(&self, table: AdmissionTable) -> Result<AdmissionTable, Told> {
        const ENFORCEMENTS: &[&str] = &["deny", "warn", "audit", "dryrun"];
        const ERRORS: &[&str] = &["allow", "refuse"];
        let words =
            [(&table.checks, ENFORCEMENTS), (&table.enforce, ENFORCEMENTS), (&table.on_error, ERRORS)];
        for (entries, known) in words {
            if let Some(wrong) = entries.values().find(|word| !known.contains(&word.get_ref().as_str())) {
                return Err(self.none_of(wrong, known));
            }
        }
        Ok(table)
    }

    #[cfg(feature = "serve")]
    pub(super) fn oidc(
        &self,
        table: OidcTable,
        folder: &Path,
    ) -> Result<haechi_serve::access::OidcSettings, Told> {
        use haechi_serve::access::{OidcSettings, SecretFrom};
        let usual = OidcSettings::default();
        let mut roles = BTreeMap::new();
        for (group, role) in table.roles {
            let span = role.span();
            let given = role.into_inner();
            let known = given.parse::<haechi_store::accounts::Role>();
            roles.insert(
                group,
                known.map_err(|_| (self.at)(span, Told::of("config-role").with("given", given)))?,
            );
        }
        let secret = match (table.client_secret_file, table.client_secret_env) {
            (Some(_), Some(_)) => {
                return Err(Told::of("config-oidc-secrets").at(self.shown.to_string()));
            }
            (Some(file), None) => Some(SecretFrom::File(folder.join(file))),
            (None, name) => name.map(SecretFrom::Environment),
        };
        Ok(OidcSettings {
            issuer: table.issuer,
            client: table.client_id,
            secret,
            url: table.url,
            scopes: table.scopes.unwrap_or(usual.scopes),
            groups_claim: table.groups_claim.unwrap_or(usual.groups_claim),
            name_claim: table.name_claim.unwrap_or(usual.name_claim),
            roles,
            authorities: table.ca_file.map(|file| folder.join(file)),
            skew_s: table.clock_skew.unwrap_or(usual.skew_s),
            keys_pause: usual.keys_pause,
        })
    }
}
