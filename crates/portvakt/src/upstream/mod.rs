//! Other OpenID providers as ways to log in: their files, and the requests to them.

mod file;
mod http;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use portvakt_idporten::eid::{EidProvider, UpstreamProvider};

/// The providers of these files, for browsers that come back to this address.
pub(crate) fn providers<P: AsRef<Path>>(
    files: &[P],
    login_base_url: &str,
) -> anyhow::Result<Vec<Arc<dyn EidProvider>>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let http = Arc::new(http::Network::new()?);
    let mut providers: Vec<Arc<dyn EidProvider>> = Vec::with_capacity(files.len());
    for path in files {
        let path = path.as_ref();
        let provider = file::read(path).and_then(|settings| {
            Ok(UpstreamProvider::new(
                settings,
                login_base_url,
                http.clone(),
            )?)
        });
        let provider = provider.with_context(|| format!("use {}", path.display()))?;
        let id = provider.describe().id;
        anyhow::ensure!(
            providers.iter().all(|known| known.describe().id != id),
            "{} has the id {id}, which another file has",
            path.display()
        );
        providers.push(Arc::new(provider));
    }
    Ok(providers)
}
