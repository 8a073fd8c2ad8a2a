//! `haechi.toml`: what a project sets once for all scans.
//!
//! Found upwards from the first scanned path, or named with `--config`. The command line goes before the file, the file
//! before the defaults. A mistake in the file is a usage error with its line; nothing in it is ignored.

mod serve;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use haechi_checks::{FixValue, Options, ResourceBound, ResourceList, fix_value};
use haechi_model::{NewValue, Severity, SuppressionSource};
use haechi_objects::{PodTemplates, Quantity, TemplatePath};
use haechi_policy::pss::LevelVersion;
use haechi_syntax::Source;
use serde::Deserialize;
use toml::Spanned;

pub(crate) use self::serve::ClusterSettings;
use self::serve::{AdmissionTable, ServeTable};
use crate::suppress::{ConfigScope, Scope, Suppression, is_date, is_rule};
use crate::told::Told;

/// The name of the file.
pub(crate) const FILE: &str = "haechi.toml";

/// What the file sets, checked.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Severities that replace the checks' own, by slug.
    pub(crate) severities: BTreeMap<String, Severity>,
    /// Findings that are accepted.
    pub(crate) suppressions: Vec<Suppression>,
    /// Which checks are asked (true) or not (false) whatever their default.
    pub(crate) enabled: BTreeMap<String, bool>,
    /// Files that are not scanned.
    pub(crate) exclude: Option<GlobSet>,
    /// Further kinds that hold a pod template.
    pub(crate) templates: PodTemplates,
    /// What checks can be told.
    pub(crate) check_options: Options,
    /// `scan.fail-on`, as on the command line.
    pub(crate) fail_on: Option<String>,
    /// `scan.min-severity`.
    pub(crate) min_severity: Option<Severity>,
    /// `scan.pod-security`.
    pub(crate) pod_security: Option<LevelVersion>,
    /// `scan.owner-labels`.
    pub(crate) owner_labels: Option<Vec<String>>,
    /// `scan.render`.
    pub(crate) render: Option<bool>,
    /// `helm.values`, as seen from the folder that the command runs in.
    pub(crate) helm_values: Vec<PathBuf>,
    /// The part `alerts`.
    #[cfg(feature = "serve")]
    pub(crate) alerts: Option<haechi_alerts::Config>,
    /// `serve.admission`.
    pub(crate) admission: AdmissionTable,
    /// `serve.oidc`.
    #[cfg(feature = "serve")]
    pub(crate) oidc: Option<haechi_serve::access::OidcSettings>,
    /// `serve.cluster`.
    pub(crate) clusters: Vec<ClusterSettings>,
    /// `scan.all`.
    pub(crate) all: Option<bool>,
    /// Every setting of the file as `key`, value, line: for `haechi config show`.
    pub(crate) settings: Vec<Setting>,
    /// The file, if there is one.
    pub(crate) file: Option<Arc<str>>,
}

/// A setting and where it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) line: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    /// Read by [`haechi_alerts::Config`], where the service is part of the build.
    #[serde(rename = "alerts")]
    _alerts: Option<serde::de::IgnoredAny>,
    scan: ScanTable,
    checks: BTreeMap<Spanned<String>, CheckTable>,
    options: OptionsTable,
    helm: HelmTable,
    serve: ServeTable,
    fix: BTreeMap<Spanned<String>, Spanned<FixValueText>>,
    #[serde(rename = "pod-template")]
    pod_templates: Vec<TemplateTable>,
    suppress: Vec<Spanned<SuppressTable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ScanTable {
    exclude: Vec<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    min_severity: Option<Spanned<String>>,
    pod_security: Option<Spanned<String>>,
    owner_labels: Option<Vec<String>>,
    render: Option<bool>,
    all: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct HelmTable {
    values: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct CheckTable {
    severity: Option<Spanned<String>>,
    enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct OptionsTable {
    whole: Option<bool>,
    minimum_replicas: Option<i64>,
    minimum_id: Option<i64>,
    allowed_images: Option<Vec<String>>,
    forbidden_images: Option<Vec<String>>,
    required_labels: Option<Vec<String>>,
    required_annotations: Option<Vec<String>>,
    forbidden_annotations: Option<Vec<String>>,
    required_claim_annotations: Option<Vec<String>>,
    personal_data_labels: Option<Vec<String>>,
    kubernetes_minor: Option<u32>,
    resource_bounds: Option<Vec<BoundTable>>,
}

/// A value for the fix of a check.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FixValueText {
    Number(i64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BoundTable {
    resource: String,
    list: Spanned<String>,
    least: Option<Spanned<String>>,
    most: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TemplateTable {
    #[serde(default)]
    group: String,
    kind: String,
    path: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SuppressTable {
    check: Spanned<String>,
    reason: Option<String>,
    path: Option<Spanned<String>>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    container: Option<String>,
    until: Option<Spanned<String>>,
}

impl Config {
    /// Looks for the file from `start` upwards.
    pub(crate) fn find(start: &Path) -> Option<PathBuf> {
        let start = start.canonicalize().ok()?;
        start.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file())
    }

    /// Reads and checks a file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown: Arc<str> = path.to_string_lossy().replace('\\', "/").into();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Told::of("start-file").with("path", &*shown).with("why", &error))?;
        Ok(Self::parse(&text, shown)?)
    }

    /// Checks the text of a file; an error is `path:line:column: mistake`.
    fn parse(text: &str, shown: Arc<str>) -> Result<Self, Told> {
        let source = Source::new(text.to_owned());
        let at = |span: Range<usize>, told: Told| {
            let position = source.position(u32::try_from(span.start).unwrap_or(u32::MAX));
            told.at(format!("{shown}:{}:{}", position.line, position.column))
        };
        let file: File = toml::from_str(text).map_err(|error| {
            at(error.span().unwrap_or(0..0), Told::of("config-syntax").with("detail", error.message()))
        })?;
        let reader = Reader { at: &at, shown: &shown, source: &source };
        let mut config = Config { file: Some(shown.clone()), all: file.scan.all, ..Config::default() };
        reader.scan(&file.scan, &mut config)?;
        let folder = Path::new(shown.as_ref()).parent().unwrap_or(Path::new(""));
        config.helm_values = file.helm.values.iter().map(|values| folder.join(values)).collect();
        reader.checks(&file.checks, &mut config)?;
        reader.options(file.options, &mut config)?;
        reader.fixes(file.fix, &mut config)?;
        config.admission = reader.admission(file.serve.admission)?;
        config.clusters = reader.clusters(file.serve.clusters, folder)?;
        #[cfg(feature = "serve")]
        {
            config.oidc = file.serve.oidc.map(|table| reader.oidc(table, folder)).transpose()?;
        }
        reader.templates(file.pod_templates, &mut config)?;
        for table in file.suppress {
            config.suppressions.push(reader.suppression(table)?);
        }
        #[cfg(feature = "serve")]
        {
            config.alerts = haechi_alerts::Config::parse(text).map_err(|mistake| {
                let place = format!("{shown}:{}:{}", mistake.line, mistake.column);
                Told::of("config-other").with("detail", mistake.message).at(place)
            })?;
        }
        config.settings = settings(text);
        Ok(config)
    }
}

struct Reader<'r> {
    at: &'r dyn Fn(Range<usize>, Told) -> Told,
    shown: &'r Arc<str>,
    source: &'r Source,
}

impl Reader<'_> {
    fn scan(&self, table: &ScanTable, config: &mut Config) -> Result<(), Told> {
        if !table.exclude.is_empty() {
            let mut globs = GlobSetBuilder::new();
            for pattern in &table.exclude {
                globs.add(self.glob(pattern)?);
            }
            config.exclude = Some(globs.build().map_err(|error| {
                Told::of("config-pattern").with("detail", error.to_string()).at(self.shown.to_string())
            })?);
        }
        if let Some(fail_on) = &table.fail_on {
            if fail_on.get_ref() != "never" {
                self.severity(fail_on)?;
            }
            config.fail_on = Some(fail_on.get_ref().clone());
        }
        config.min_severity =
            table.min_severity.as_ref().map(|severity| self.severity(severity)).transpose()?;
        config.owner_labels.clone_from(&table.owner_labels);
        config.render = table.render;
        if let Some(level) = &table.pod_security {
            let parsed = crate::cli::level_version(level.get_ref());
            config.pod_security = Some(parsed.map_err(|_| {
                (self.at)(level.span(), Told::of("config-level").with("given", level.get_ref().as_str()))
            })?);
        }
        Ok(())
    }

    fn checks(
        &self,
        tables: &BTreeMap<Spanned<String>, CheckTable>,
        config: &mut Config,
    ) -> Result<(), Told> {
        for (slug, table) in tables {
            if haechi_checks::find(slug.get_ref()).is_none() {
                return Err((self.at)(
                    slug.span(),
                    Told::of("config-check").with("given", slug.get_ref().as_str()),
                ));
            }
            if let Some(severity) = &table.severity {
                config.severities.insert(slug.get_ref().clone(), self.severity(severity)?);
            }
            if let Some(enabled) = table.enabled {
                config.enabled.insert(slug.get_ref().clone(), enabled);
            }
        }
        Ok(())
    }

    fn options(&self, table: OptionsTable, config: &mut Config) -> Result<(), Told> {
        fn set<T>(to: &mut T, from: Option<T>) {
            if let Some(from) = from {
                *to = from;
            }
        }
        let options = &mut config.check_options;
        set(&mut options.whole, table.whole);
        set(&mut options.minimum_replicas, table.minimum_replicas);
        set(&mut options.minimum_id, table.minimum_id);
        set(&mut options.allowed_images, table.allowed_images);
        set(&mut options.forbidden_images, table.forbidden_images);
        set(&mut options.required_labels, table.required_labels);
        set(&mut options.required_annotations, table.required_annotations);
        set(&mut options.forbidden_annotations, table.forbidden_annotations);
        set(&mut options.required_claim_annotations, table.required_claim_annotations);
        set(&mut options.personal_data_labels, table.personal_data_labels);
        set(&mut options.kubernetes_minor, table.kubernetes_minor);
        let bounds = table.resource_bounds.unwrap_or_default();
        for bound in bounds {
            let list = match bound.list.get_ref().as_str() {
                "requests" => ResourceList::Requests,
                "limits" => ResourceList::Limits,
                other => {
                    let told = Told::of("config-list").with("given", other);
                    return Err((self.at)(bound.list.span(), told));
                }
            };
            let (least, most) = (self.quantity(bound.least)?, self.quantity(bound.most)?);
            options.resource_bounds.push(ResourceBound { resource: bound.resource, list, least, most });
        }
        Ok(())
    }

    fn fixes(
        &self,
        values: BTreeMap<Spanned<String>, Spanned<FixValueText>>,
        config: &mut Config,
    ) -> Result<(), Told> {
        for (slug, value) in values {
            let Some(kind) = fix_value(slug.get_ref()) else {
                let told = Told::of("config-no-fix").with("given", slug.get_ref().as_str());
                return Err((self.at)(slug.span(), told));
            };
            let span = value.span();
            let value = match value.into_inner() {
                FixValueText::Number(number) => NewValue::Int(number),
                FixValueText::Text(text) => NewValue::Text(text),
            };
            let expected = match (kind, &value) {
                (FixValue::Quantity, NewValue::Int(number)) if *number > 0 => None,
                (FixValue::Quantity, NewValue::Text(text))
                    if Quantity::parse(text).is_some() && !text.starts_with(['-', '+']) =>
                {
                    None
                }
                (FixValue::Quantity, _) => Some("config-fix-quantity"),
                (FixValue::Id | FixValue::Seconds, NewValue::Int(1..=2_147_483_647)) => None,
                (FixValue::Id, _) => Some("config-fix-id"),
                (FixValue::Seconds, _) => Some("config-fix-seconds"),
            };
            if let Some(expected) = expected {
                return Err((self.at)(span, Told::of(expected)));
            }
            config.check_options.fix_values.insert(slug.into_inner(), value);
        }
        Ok(())
    }

    fn quantity(&self, text: Option<Spanned<String>>) -> Result<Option<Quantity>, Told> {
        let Some(text) = text else { return Ok(None) };
        match Quantity::parse(text.get_ref()) {
            Some(quantity) => Ok(Some(quantity)),
            None => Err((self.at)(
                text.span(),
                Told::of("config-quantity").with("given", text.get_ref().as_str()),
            )),
        }
    }

    fn templates(&self, tables: Vec<TemplateTable>, config: &mut Config) -> Result<(), Told> {
        for table in tables {
            let path: Vec<String> = table.path.get_ref().split('.').map(str::to_owned).collect();
            if path.iter().any(String::is_empty) {
                return Err((self.at)(table.path.span(), Told::of("config-path")));
            }
            config.templates.custom.push(TemplatePath { group: table.group, kind: table.kind, path });
        }
        Ok(())
    }

    fn suppression(&self, table: Spanned<SuppressTable>) -> Result<Suppression, Told> {
        let span = table.span();
        let position = self.source.position(u32::try_from(span.start).unwrap_or(u32::MAX));
        let table = table.into_inner();
        let reason = table.reason.map(|reason| reason.trim().to_owned()).unwrap_or_default();
        if reason.is_empty() {
            return Err((self.at)(span, Told::of("config-reason")));
        }
        if !is_rule(table.check.get_ref()) {
            let told = Told::of("config-check").with("given", table.check.get_ref().as_str());
            return Err((self.at)(table.check.span(), told));
        }
        if let Some(until) = table.until.as_ref().filter(|until| !is_date(until.get_ref())) {
            let told = Told::of("config-date").with("given", until.get_ref().as_str());
            return Err((self.at)(until.span(), told));
        }
        let path = table.path.map(|path| self.glob(&path).map(|glob| glob.compile_matcher())).transpose()?;
        Ok(Suppression {
            rule: table.check.into_inner(),
            reason,
            until: table.until.map(Spanned::into_inner),
            container: table.container,
            scope: Scope::Config(ConfigScope {
                path,
                kind: table.kind,
                namespace: table.namespace,
                name: table.name,
            }),
            source: SuppressionSource::Config,
            path: self.shown.clone(),
            position: Some(position),
        })
    }

    /// A pattern fits at any depth: scans may start in any folder.
    fn glob(&self, pattern: &Spanned<String>) -> Result<Glob, Told> {
        let text = pattern.get_ref();
        Glob::new(&format!("{{{text},**/{text}}}")).map_err(|error| {
            (self.at)(pattern.span(), Told::of("config-pattern").with("detail", error.to_string()))
        })
    }

    fn severity(&self, text: &Spanned<String>) -> Result<Severity, Told> {
        text.get_ref().parse().map_err(|_: haechi_model::ParseSeverityError| {
            (self.at)(text.span(), Told::of("config-severity").with("given", text.get_ref().as_str()))
        })
    }
}

/// Every value of the file with its key and line.
fn settings(text: &str) -> Vec<Setting> {
    let mut table = String::new();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_end_matches(']').trim_start_matches('[').trim().to_owned();
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key =
                if table.is_empty() { key.trim().to_owned() } else { format!("{table}.{}", key.trim()) };
            let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
            found.push(Setting { key, value: value.trim().to_owned(), line });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Config::parse(text, "haechi.toml".into()).err().map(|told| told.to_string()).unwrap_or_default()
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert!(
            mistake("[scan]\nfail-om = 'high'\n")
                .starts_with("haechi.toml:2:1: this is no configuration: unknown field")
        );
        assert!(
            mistake("[checks.no-such]\nenabled = true\n").starts_with("haechi.toml:1:9: there is no check")
        );
        assert!(mistake("[[suppress]]\ncheck = 'host-port'\n").contains("needs a `reason`"));
        assert!(
            mistake("[[suppress]]\ncheck='host-port'\nreason='x'\nuntil='soon'\n")
                .starts_with("haechi.toml:4:7:")
        );
        assert!(mistake("[fix]\nhost-port = 1\n").starts_with("haechi.toml:2:1: no fix of `host-port`"));
        assert!(
            mistake("[fix]\ncpu-limit-missing = 'much'\n")
                .starts_with("haechi.toml:2:21: expected a quantity")
        );
        assert!(mistake("[fix]\nlow-user-id = 0\n").starts_with("haechi.toml:2:15: expected a user"));
        assert!(mistake("[scan]\nmin-severity = 'bad'\n").starts_with("haechi.toml:2:16: unknown severity"));
        assert!(mistake("[scan]\npod-security = 'strict'\n").starts_with("haechi.toml:2:16:"));
    }

    #[test]
    fn settings_are_read() {
        let text = "[scan]\nexclude = ['vendor/**']\nfail-on = 'high'\n[checks.host-port]\nseverity = 'low'\n\
                    [[pod-template]]\ngroup = 'example.com'\nkind = 'Thing'\npath = 'spec.worker'\n\
                    [[suppress]]\ncheck = 'host-port'\nreason = 'edge'\npath = 'edge/*.yaml'\n";
        let config = Config::parse(text, "haechi.toml".into()).unwrap();
        assert_eq!(config.severities.get("host-port"), Some(&Severity::Low));
        assert_eq!(config.templates.custom[0].path, ["spec", "worker"]);
        assert!(config.exclude.unwrap().is_match("a/vendor/x/y.yaml"));
        assert_eq!(config.settings.len(), 9);
    }
}
