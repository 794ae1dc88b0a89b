//! Which organization certificates are trusted.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Faults;

/// Which organization certificates are trusted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Files with roots, PEM. Without any, clients can use registered keys alone.
    #[schema(value_type = Vec<String>)]
    pub(crate) anchor_files: Vec<PathBuf>,
    /// Files with revocation lists, DER or PEM; read again when they change.
    #[schema(value_type = Vec<String>)]
    pub(crate) revocation_list_files: Vec<PathBuf>,
    /// Addresses of revocation lists, fetched every 15 minutes. Only these are ever fetched.
    pub(crate) revocation_list_urls: Vec<String>,
    /// Folder where fetched lists are kept; required with `revocation_list_urls`.
    #[schema(value_type = Option<String>)]
    pub(crate) revocation_list_folder: Option<PathBuf>,
    /// Refuse certificates without a current list of their issuer, rather than let them pass.
    pub(crate) require_revocation_lists: bool,
}

impl Section {
    /// The addresses to fetch.
    pub(crate) fn check(&self, faults: &mut Faults) -> Vec<Url> {
        const URLS: &str = "trust.revocation_list_urls";
        let mut urls = Vec::new();
        for (index, text) in self.revocation_list_urls.iter().enumerate() {
            match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => urls.push(url),
                _ => faults.add(format!("{URLS}[{index}]"), "write an http or https address"),
            }
        }
        if !self.revocation_list_urls.is_empty() && self.revocation_list_folder.is_none() {
            let message = "is required with revocation_list_urls";
            faults.add("trust.revocation_list_folder", message);
        }
        urls
    }
}
