//! What surfaces that speak TLS themselves prove themselves with.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use portvakt_http::Tls;
use zeroize::Zeroizing;

use crate::config::TlsFiles;

/// Certificates in use, with the files that they are from.
#[derive(Debug, Default)]
pub(crate) struct Certificates(Vec<(TlsFiles, Arc<Tls>)>);

impl Certificates {
    /// Reads a certificate and its key, once for each pair of files.
    pub(super) fn load(&mut self, files: &TlsFiles) -> anyhow::Result<Arc<Tls>> {
        if let Some((_, tls)) = self.0.iter().find(|(known, _)| known == files) {
            return Ok(Arc::clone(tls));
        }
        let (chain, key) = read(files)?;
        let tls = Tls::from_pem(&chain, &key).with_context(|| describe(files))?;
        let tls = Arc::new(tls);
        self.0.push((files.clone(), Arc::clone(&tls)));
        Ok(tls)
    }

    /// Reads every pair of files again. Where one cannot be used, the certificate in use stays.
    pub(crate) fn reload(&self) {
        for (files, tls) in &self.0 {
            let read = read(files).and_then(|(chain, key)| {
                tls.replace(&chain, &key).with_context(|| describe(files))
            });
            match read {
                Ok(()) => {
                    tracing::info!(file = %files.certificate.display(), "certificate read again");
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the certificate in use stays");
                }
            }
        }
    }
}

fn describe(files: &TlsFiles) -> String {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    format!("use the certificate {certificate} with the key {key}")
}

fn read(files: &TlsFiles) -> anyhow::Result<(Vec<u8>, Zeroizing<Vec<u8>>)> {
    let read =
        |path: &Path| std::fs::read(path).with_context(|| format!("read {}", path.display()));
    Ok((read(&files.certificate)?, Zeroizing::new(read(&files.key)?)))
}
