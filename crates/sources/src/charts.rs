//! Recognises Helm charts by their layout.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Remembers which folders are charts.
#[derive(Debug, Default)]
pub(crate) struct Charts {
    known: HashMap<PathBuf, bool>,
}

impl Charts {
    /// The chart whose template `file` is: the folder above `templates/` that has a `Chart.yaml`.
    pub(crate) fn of_template(&mut self, file: &Path) -> Option<PathBuf> {
        let mut folder = file.parent()?;
        loop {
            let parent = folder.parent()?;
            if folder.file_name().is_some_and(|name| name == "templates") && self.is_chart(parent) {
                return Some(parent.to_owned());
            }
            folder = parent;
        }
    }

    fn is_chart(&mut self, folder: &Path) -> bool {
        if let Some(known) = self.known.get(folder) {
            return *known;
        }
        let is_chart = ["Chart.yaml", "Chart.yml"].iter().any(|name| folder.join(name).is_file());
        self.known.insert(folder.to_owned(), is_chart);
        is_chart
    }
}
