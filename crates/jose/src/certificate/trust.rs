//! Which certificates are trusted. Everything here is configuration of one environment; nothing is built in.
//! Spec: maskinporten §6.1 and §6.3.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::{Certificate, CertificateError, SigningUse, TrustStoreError};

mod builder;
mod path;
mod policy;
mod revocation;

pub use builder::TrustStoreBuilder;
use policy::PolicyPattern;
use revocation::RevocationList;

/// Anchors, intermediates, policies and revocation lists, immutable. A clone shares everything.
#[derive(Clone)]
pub struct TrustStore {
    authorities: Arc<Authorities>,
    revocation_lists: Arc<[RevocationList]>,
}

struct Authorities {
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    accepted_policies: Vec<PolicyPattern>,
    seid1_policies: Vec<PolicyPattern>,
    revocation_policy: RevocationPolicy,
}

/// What an absent revocation list means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationPolicy {
    /// Without a current list at hand a certificate passes, as nationally. A current list that names a
    /// certificate refuses it all the same.
    #[default]
    SoftFail,
    /// Every certificate below the anchor needs a current list of its issuer.
    HardFail,
}

/// Which kind of seal a certificate makes. Spec: maskinporten §6.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seal {
    /// Under the older national requirements (SEID 1).
    BusinessCertificate,
    /// A qualified electronic seal under eIDAS.
    QualifiedSeal,
    /// An electronic seal under eIDAS that is not qualified.
    Seal,
}

impl Seal {
    /// The value of `client_amr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BusinessCertificate => "virksomhetssertifikat",
            Self::QualifiedSeal => "QCForESeal",
            Self::Seal => "CForESeal",
        }
    }
}

impl TrustStore {
    /// Starts an empty store, which trusts nothing.
    pub fn builder() -> TrustStoreBuilder {
        TrustStoreBuilder::default()
    }

    /// Whether the certificate may be used at this instant. The path is built from the configured
    /// authorities only: what a client sends beyond its leaf is not looked at.
    pub fn validate(&self, leaf: &Certificate, now_seconds: i64) -> Result<(), CertificateError> {
        check_leaf(leaf, now_seconds)?;
        path::check(self, leaf, now_seconds)?;
        let accepted = &self.authorities.accepted_policies;
        if accepted.is_empty() || any_match(accepted, leaf) {
            Ok(())
        } else {
            Err(CertificateError::PolicyNotAccepted)
        }
    }

    /// The same store with these revocation lists (DER) in place of those it had. Lists that no authority of
    /// a path signed are held but never believed.
    pub fn with_revocation_lists(&self, lists: Vec<Vec<u8>>) -> Result<Self, TrustStoreError> {
        Ok(Self {
            authorities: Arc::clone(&self.authorities),
            revocation_lists: revocation::parse_all(lists)?,
        })
    }

    /// What kind of seal the certificate makes: one of the SEID 1 policies, otherwise what the issuer states.
    pub fn seal(&self, certificate: &Certificate) -> Seal {
        if any_match(&self.authorities.seid1_policies, certificate) {
            Seal::BusinessCertificate
        } else if certificate.is_qualified_seal() {
            Seal::QualifiedSeal
        } else {
            Seal::Seal
        }
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TrustStore")
            .field("anchors", &self.authorities.anchors.len())
            .field("intermediates", &self.authorities.intermediates.len())
            .field("revocation_policy", &self.authorities.revocation_policy)
            .field("revocation_lists", &self.revocation_lists.len())
            .finish_non_exhaustive()
    }
}

/// The rules that the leaf alone can break. Spec: maskinporten §6.1, steps 3 and 4.
fn check_leaf(leaf: &Certificate, now_seconds: i64) -> Result<(), CertificateError> {
    if now_seconds < leaf.not_before {
        return Err(CertificateError::NotYetValid);
    }
    if now_seconds > leaf.not_after {
        return Err(CertificateError::Expired);
    }
    if leaf.self_signed {
        return Err(CertificateError::SelfSigned);
    }
    if let Some(oid) = &leaf.unknown_critical_extension {
        return Err(CertificateError::UnknownCriticalExtension(oid.clone()));
    }
    match leaf.signing_use {
        SigningUse::MissingOrNotCritical => Err(CertificateError::KeyUsageMissingOrNotCritical),
        SigningUse::Refused => Err(CertificateError::KeyUsageNotSigning),
        SigningUse::Allowed => Ok(()),
    }
}

fn any_match(patterns: &[PolicyPattern], certificate: &Certificate) -> bool {
    certificate
        .policies
        .iter()
        .any(|policy| patterns.iter().any(|pattern| pattern.matches(policy)))
}

#[cfg(test)]
mod tests;
