//! From configuration to a [`TrustStore`].

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use webpki::EndEntityCert;

use super::{Authorities, PolicyPattern, RevocationPolicy, TrustStore, revocation};
use crate::certificate::TrustStoreError;

/// Collects what a [`TrustStore`] trusts; [`Self::build`] checks it.
#[derive(Clone, Default)]
pub struct TrustStoreBuilder {
    anchors: Vec<CertificateDer<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    accepted_policies: Vec<String>,
    seid1_policies: Vec<String>,
    revocation_policy: RevocationPolicy,
    revocation_lists: Vec<Vec<u8>>,
}

impl TrustStoreBuilder {
    /// Trusts a root, in DER.
    #[must_use]
    pub fn anchor(mut self, der: &[u8]) -> Self {
        self.anchors.push(owned(der));
        self
    }

    /// Trusts every certificate of a PEM text as a root.
    pub fn anchors_pem(mut self, pem: &str) -> Result<Self, TrustStoreError> {
        self.anchors.extend(from_pem(pem)?);
        Ok(self)
    }

    /// Adds an intermediate, in DER, which is trusted as far as a root vouches for it.
    #[must_use]
    pub fn intermediate(mut self, der: &[u8]) -> Self {
        self.intermediates.push(owned(der));
        self
    }

    /// Adds every certificate of a PEM text as an intermediate.
    pub fn intermediates_pem(mut self, pem: &str) -> Result<Self, TrustStoreError> {
        self.intermediates.extend(from_pem(pem)?);
        Ok(self)
    }

    /// Accepts a certificate policy: a dotted object identifier, or a prefix of some that ends in `*`.
    /// Without any call every policy is accepted, and also none.
    #[must_use]
    pub fn accepted_policy(mut self, policy: impl Into<String>) -> Self {
        self.accepted_policies.push(policy.into());
        self
    }

    /// Names a policy, in the form of [`Self::accepted_policy`], that marks certificates under the older
    /// national requirements. It is not accepted by that alone.
    #[must_use]
    pub fn seid1_policy(mut self, policy: impl Into<String>) -> Self {
        self.seid1_policies.push(policy.into());
        self
    }

    /// Sets what an absent revocation list means; soft fail unless called.
    #[must_use]
    pub fn revocation_policy(mut self, policy: RevocationPolicy) -> Self {
        self.revocation_policy = policy;
        self
    }

    /// Adds a revocation list, in DER.
    #[must_use]
    pub fn revocation_list(mut self, der: &[u8]) -> Self {
        self.revocation_lists.push(der.to_vec());
        self
    }

    /// Reads everything, naming the first thing that cannot be read. A store without anchors is allowed: it
    /// refuses every certificate.
    pub fn build(self) -> Result<TrustStore, TrustStoreError> {
        let anchors = self.anchors.iter().enumerate().map(|(index, der)| {
            webpki::anchor_from_trusted_cert(der)
                .map(|anchor| anchor.to_owned())
                .map_err(|_| TrustStoreError::Anchor(index))
        });
        let authorities = Authorities {
            anchors: anchors.collect::<Result<_, _>>()?,
            accepted_policies: patterns(&self.accepted_policies)?,
            seid1_policies: patterns(&self.seid1_policies)?,
            revocation_policy: self.revocation_policy,
            intermediates: readable(self.intermediates)?,
        };
        Ok(TrustStore {
            authorities: Arc::new(authorities),
            revocation_lists: revocation::parse_all(self.revocation_lists)?,
        })
    }
}

fn owned(der: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from(der.to_vec())
}

fn from_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, TrustStoreError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| TrustStoreError::Pem)?;
    if certificates.is_empty() {
        return Err(TrustStoreError::Pem);
    }
    Ok(certificates)
}

/// The path builder would pass over an intermediate that it cannot read; an operator should hear of it.
fn readable(
    intermediates: Vec<CertificateDer<'static>>,
) -> Result<Vec<CertificateDer<'static>>, TrustStoreError> {
    for (index, der) in intermediates.iter().enumerate() {
        EndEntityCert::try_from(der).map_err(|_| TrustStoreError::Intermediate(index))?;
    }
    Ok(intermediates)
}

fn patterns(policies: &[String]) -> Result<Vec<PolicyPattern>, TrustStoreError> {
    policies
        .iter()
        .map(|policy| PolicyPattern::parse(policy))
        .collect()
}
