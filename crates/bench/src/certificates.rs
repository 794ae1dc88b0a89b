//! Organization certificates of an authority that lives as long as a run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{CertificateAuthority, CertificateProfile, CertificateRequest, SigningKey};

/// Clients that get one: a server sees few organizations at a time, and each costs time to make.
const CERTIFIED: usize = 1000;
const DAY: i64 = 24 * 60 * 60;

/// A root, and a certificate below it for each of the first clients.
#[derive(Default)]
pub(crate) struct Certificates {
    root_pem: Option<String>,
    /// `x5c` of each client's grants.
    chains: Vec<String>,
}

impl Certificates {
    /// Issues to the organization of each client, all for the same key.
    pub(crate) fn issue(
        key: &SigningKey,
        clients: usize,
        organization: impl Fn(usize) -> String,
    ) -> anyhow::Result<Self> {
        let now = SystemClock.now().seconds();
        let authority = CertificateAuthority::generate("Bench", now - DAY, now + DAY)?;
        let chains = (0..clients.min(CERTIFIED)).map(|index| {
            let request = CertificateRequest::new(
                CertificateProfile::Seid2,
                &organization(index),
                "Bench",
                now - DAY..=now + DAY,
            );
            let certificate = authority.issue_for(&request, key)?;
            anyhow::Ok(STANDARD.encode(certificate.certificate_der))
        });
        Ok(Self {
            chains: chains.collect::<Result<_, _>>()?,
            root_pem: Some(authority.certificate_pem().to_owned()),
        })
    }

    /// What servers must trust; none if there is no certificate.
    pub(crate) fn root_pem(&self) -> Option<&str> {
        self.root_pem.as_deref()
    }

    /// How many clients have one.
    pub(crate) fn count(&self) -> usize {
        self.chains.len()
    }

    /// The certificate of the `index`th client.
    pub(crate) fn of(&self, index: usize) -> Option<&str> {
        self.chains.get(index).map(String::as_str)
    }
}
