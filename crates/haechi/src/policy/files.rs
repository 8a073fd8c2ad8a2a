//! Files with policies and objects.

use std::path::PathBuf;

use haechi_model::Problem;
use haechi_objects::{Object, objects};
use haechi_policy::PolicyDocument;
use haechi_sources::{DiscoverOptions, discover};
use haechi_syntax::Limits;

use crate::scan::{Loaded, load};

/// What some paths name.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    files: Vec<Loaded>,
    /// What could not be read, in the order of the files.
    pub(crate) problems: Vec<Problem>,
}

/// Reads files, folders, glob patterns and standard input.
pub(crate) fn read_files(paths: &[PathBuf], limits: &Limits) -> Reading {
    let discovery = discover(paths, &DiscoverOptions::default());
    let mut reading = Reading { problems: discovery.problems, ..Reading::default() };
    for entry in discovery.files {
        let mut file = load(entry, limits);
        reading.problems.append(&mut file.problems);
        reading.files.push(file);
    }
    reading
}

impl Reading {
    /// The objects in them, items of lists each by itself.
    pub(crate) fn documents(&self) -> Vec<PolicyDocument<'_>> {
        let mut found = Vec::new();
        for file in &self.files {
            for document in &file.documents {
                let path = &file.entry.shown;
                let of_file = |object| PolicyDocument { path: path.clone(), object };
                found.extend(objects(document).objects.into_iter().map(of_file));
            }
        }
        found
    }

    /// The same without their files.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        self.files.iter().flat_map(|file| &file.documents).flat_map(|document| objects(document).objects)
    }

    /// Whether anything could not be read.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.problems.iter().any(|problem| problem.kind.is_incomplete())
    }
}
