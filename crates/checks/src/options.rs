use std::collections::BTreeMap;

use haechi_model::NewValue;

/// What users can set for checks; the defaults fit most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether the scan holds every object of its namespaces, as a scan of a cluster does. What is not in the scan then
    /// does not exist; otherwise it is unknown.
    pub whole: bool,
    /// How many replicas a workload should have at least.
    pub minimum_replicas: i64,
    /// The lowest user and group id that is no one else's on the node.
    pub minimum_id: i64,
    /// Prefixes of images that may run (`registry.example/team/`). Empty: any.
    pub allowed_images: Vec<String>,
    /// Prefixes of images that may not run.
    pub forbidden_images: Vec<String>,
    /// Tags, besides `latest`, that are moved from image to image.
    pub moving_tags: Vec<String>,
    /// Labels that every workload should have.
    pub required_labels: Vec<String>,
    /// Annotations that every workload should have.
    pub required_annotations: Vec<String>,
    /// Annotations that no object may have, as `key` or `key=value`.
    pub forbidden_annotations: Vec<String>,
    /// Annotations that the volume claim templates of a StatefulSet should have.
    pub required_claim_annotations: Vec<String>,
    /// Bounds on requests and limits: resource (`cpu`, `memory` …), lowest and highest quantity.
    pub resource_bounds: Vec<ResourceBound>,
    /// Minor version of Kubernetes (1.x) that manifests are meant for.
    pub kubernetes_minor: u32,
    /// Values for fixes that no check can know by itself, by the check's slug: see [`crate::fix_value`].
    pub fix_values: BTreeMap<String, NewValue>,
    /// Labels that mark a namespace with personal data, as `key=value`.
    pub personal_data_labels: Vec<String>,
}

/// Bounds on what a container may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceBound {
    /// `cpu`, `memory`, `ephemeral-storage` …
    pub resource: String,
    /// Whether it is about `limits` or `requests`.
    pub list: ResourceList,
    /// Lowest amount, if there is one.
    pub least: Option<haechi_objects::Quantity>,
    /// Highest amount, if there is one.
    pub most: Option<haechi_objects::Quantity>,
}

/// The two lists of `resources`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceList {
    /// `resources.requests`.
    Requests,
    /// `resources.limits`.
    Limits,
}

impl ResourceList {
    /// The field of `resources`.
    pub const fn field(self) -> &'static str {
        match self {
            ResourceList::Requests => "requests",
            ResourceList::Limits => "limits",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            whole: false,
            minimum_replicas: 2,
            minimum_id: 10_000,
            allowed_images: Vec::new(),
            forbidden_images: Vec::new(),
            moving_tags: Vec::new(),
            required_labels: Vec::new(),
            required_annotations: Vec::new(),
            forbidden_annotations: Vec::new(),
            required_claim_annotations: Vec::new(),
            resource_bounds: Vec::new(),
            kubernetes_minor: 36,
            fix_values: BTreeMap::new(),
            personal_data_labels: [
                "data-classification=pii",
                "data-classification=personal",
                "data-classification=restricted",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}
