//! Other OpenID providers as ways to log in: their files, and the requests to them.

mod file;
mod http;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use portvakt_idporten::eid::{EidProvider, UpstreamProvider};

/// The providers of these files, for browsers that come back to this address.
pub(crate) fn providers<P: AsRef<Path>>(
    files: &[P],
    login_base_url: &str,
) -> anyhow::Result<Vec<Arc<dyn EidProvider>>> {
    let read = |(path, provider): (&Path, anyhow::Result<_>)| {
        provider.with_context(|| format!("use {}", path.display()))
    };
    each(files, login_base_url)?.into_iter().map(read).collect()
}

/// What is wrong with those of these files that cannot be used: each by its place, and why.
pub(crate) fn faults<P: AsRef<Path>>(
    files: &[P],
    login_base_url: &str,
) -> anyhow::Result<Vec<(usize, anyhow::Error)>> {
    let read = each(files, login_base_url)?.into_iter().enumerate();
    let faults = read.filter_map(|(place, (path, provider))| {
        let error = provider.err()?.context(path.display().to_string());
        Some((place, error))
    });
    Ok(faults.collect())
}

type Read<'f> = (&'f Path, anyhow::Result<Arc<dyn EidProvider>>);

fn each<'f, P: AsRef<Path>>(files: &'f [P], login_base_url: &str) -> anyhow::Result<Vec<Read<'f>>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let http = Arc::new(http::Network::new()?);
    let mut ids = HashSet::new();
    let read = files.iter().map(AsRef::as_ref).map(|path| {
        let provider = file::read(path).and_then(|settings| {
            let provider = UpstreamProvider::new(settings, login_base_url, http.clone())?;
            let id = provider.describe().id;
            anyhow::ensure!(
                ids.insert(id.clone()),
                "it has the id {id}, which another file has"
            );
            Ok(Arc::new(provider) as Arc<dyn EidProvider>)
        });
        (path, provider)
    });
    Ok(read.collect())
}
