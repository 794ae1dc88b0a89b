//! The development certificate authority: made at the first start, kept in the data folder, used
//! by `portvakt certificate`.

mod revocations;

use anyhow::{Context, bail};
use portvakt_core::Timestamp;
use portvakt_jose::{CertificateAuthority, CertificateRequest, IssuedCertificate};

pub(crate) use self::revocations::{Revocations, serial_bytes};

use crate::data_dir::{DataDir, write_private};

const NAME: &str = "Portvakt development CA";
const DAY_SECONDS: i64 = 24 * 60 * 60;
const VALIDITY_SECONDS: i64 = 3653 * DAY_SECONDS;

/// How long before the present a validity starts, so that clocks that lag see it begun.
pub(crate) const BACKDATE_SECONDS: i64 = 60 * 60;

/// The authority of a data folder.
pub(crate) struct Authority {
    inner: CertificateAuthority,
}

impl Authority {
    /// The folder's authority, which is made when there is none: valid for ten years.
    pub(crate) fn open_or_make(data_dir: &DataDir, now: Timestamp) -> anyhow::Result<Self> {
        match (
            data_dir.ca_certificate().exists(),
            data_dir.ca_key().exists(),
        ) {
            (true, true) => Self::open(data_dir),
            // The key is written first, so a key alone is what a start that was cut off left.
            (false, _) => Self::make(data_dir, now),
            (true, false) => bail!(
                "{} has lost its key {}: put it back, or remove the certificate too and start anew",
                data_dir.ca_certificate().display(),
                data_dir.ca_key().display()
            ),
        }
    }

    /// The authority of a folder that a server has used.
    pub(crate) fn open(data_dir: &DataDir) -> anyhow::Result<Self> {
        let certificate = read(&data_dir.ca_certificate())?;
        let key = read(&data_dir.ca_key())?;
        let inner = CertificateAuthority::from_pem(&certificate, &key).with_context(|| {
            format!(
                "read the certificate authority in {}",
                data_dir.path().display()
            )
        })?;
        Ok(Self { inner })
    }

    fn make(data_dir: &DataDir, now: Timestamp) -> anyhow::Result<Self> {
        let now = now.seconds();
        let inner =
            CertificateAuthority::generate(NAME, now - BACKDATE_SECONDS, now + VALIDITY_SECONDS)
                .context("make a certificate authority")?;
        write_private(&data_dir.ca_key(), inner.key_pem().as_bytes())?;
        write_private(
            &data_dir.ca_certificate(),
            inner.certificate_pem().as_bytes(),
        )?;
        Ok(Self { inner })
    }

    /// Its certificate, which the server trusts.
    pub(crate) fn certificate_der(&self) -> &[u8] {
        self.inner.certificate_der()
    }

    /// Its certificate as text, for the chain behind a leaf.
    pub(crate) fn certificate_pem(&self) -> &str {
        self.inner.certificate_pem()
    }

    /// Issues a certificate with a new key.
    pub(crate) fn issue(&self, request: &CertificateRequest) -> anyhow::Result<IssuedCertificate> {
        self.inner.issue(request).context("issue the certificate")
    }

    /// Signs a list of everything that was revoked. It is current for ten years, so that a clock
    /// that was moved ahead does not bring a revoked certificate back.
    pub(crate) fn revocation_list(
        &self,
        revocations: &Revocations,
        now: Timestamp,
    ) -> anyhow::Result<Vec<u8>> {
        let serials = revocations.serials()?;
        let serials: Vec<_> = serials.iter().map(Vec::as_slice).collect();
        let now = now.seconds();
        self.inner
            .revocation_list(
                &serials,
                now - BACKDATE_SECONDS,
                now + VALIDITY_SECONDS,
                revocations.number(),
            )
            .context("sign the revocation list")
    }
}

fn read(path: &std::path::Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| {
        format!(
            "read {} (`portvakt dev` makes the certificate authority at its first start)",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        assert!(Authority::open(&data_dir).is_err());
        let now = Timestamp::from_seconds(1_772_442_900);
        let first = Authority::open_or_make(&data_dir, now).unwrap();
        let found = Authority::open_or_make(&data_dir, now).unwrap();
        assert_eq!(first.certificate_der(), found.certificate_der());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(data_dir.ca_key())
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_file(data_dir.ca_key()).unwrap();
        assert!(Authority::open_or_make(&data_dir, now).is_err());
    }
}
