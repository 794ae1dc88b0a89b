//! Which certificates are trusted. Everything here is configuration of one environment; nothing is built in.
//! Spec: maskinporten §6.1 and §6.3.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::{Certificate, CertificateError, SigningUse, TrustStoreError};

mod builder;
mod revocation;

pub use builder::TrustStoreBuilder;
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
        self.check_path(leaf, now_seconds)?;
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

    fn check_path(&self, leaf: &Certificate, now_seconds: i64) -> Result<(), CertificateError> {
        let der = CertificateDer::from(leaf.der());
        let path = PathCheck {
            leaf: &EndEntityCert::try_from(&der).map_err(explain)?,
            authorities: &self.authorities,
            now: unix_time(now_seconds)?,
        };
        let current: Vec<_> = self
            .revocation_lists
            .iter()
            .filter(|list| list.is_current(now_seconds))
            .collect();
        path.check_with(&current)
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

fn unix_time(seconds: i64) -> Result<UnixTime, CertificateError> {
    // No certificate was valid before 1970, so an instant before it is never inside a validity.
    u64::try_from(seconds)
        .map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
        .map_err(|_| CertificateError::NotYetValid)
}

/// One question to the path builder.
struct PathCheck<'a> {
    leaf: &'a EndEntityCert<'a>,
    authorities: &'a Authorities,
    now: UnixTime,
}

impl PathCheck<'_> {
    /// Asks with all lists; when one of them is not believable, again without those that are not. A list
    /// with somebody else's signature must neither revoke nor hide the genuine list beside it.
    fn check_with(&self, lists: &[&RevocationList]) -> Result<(), CertificateError> {
        let policy = self.authorities.revocation_policy;
        match self.run(lists, policy) {
            Err(error) if revocation::is_unbelievable(&error) => {
                let believed: Vec<_> = lists
                    .iter()
                    .copied()
                    .filter(|list| match self.run(&[list], RevocationPolicy::SoftFail) {
                        Err(error) => !revocation::is_unbelievable(&error),
                        Ok(()) => true,
                    })
                    .collect();
                self.run(&believed, policy).map_err(explain)
            }
            outcome => outcome.map_err(explain),
        }
    }

    fn run(&self, lists: &[&RevocationList], policy: RevocationPolicy) -> Result<(), Error> {
        let lists: Vec<_> = lists.iter().map(|list| list.list()).collect();
        self.leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &self.authorities.anchors,
            &self.authorities.intermediates,
            self.now,
            AnyUsage,
            revocation::options(&lists, policy),
            None,
        )?;
        // Without any list the path builder does not look at revocation at all.
        if lists.is_empty() && policy == RevocationPolicy::HardFail {
            return Err(Error::UnknownRevocationStatus);
        }
        Ok(())
    }
}

/// Seals carry various extended key usages or none; the national rules ask for none of them.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        usages.try_for_each(|usage| usage.map(drop))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the function of a map_err"
)]
fn explain(error: Error) -> CertificateError {
    match error {
        Error::CertRevoked => CertificateError::Revoked,
        Error::UnknownRevocationStatus => CertificateError::RevocationUnknown,
        // The leaf's own validity has been checked before.
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            CertificateError::IssuerNotValid
        }
        Error::NameConstraintViolation
        | Error::PathLenConstraintViolated
        | Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa => CertificateError::ConstraintBreached,
        _ => CertificateError::UntrustedPath,
    }
}

/// A policy of the configuration: one identifier, or all that begin with a text.
enum PolicyPattern {
    Exact(String),
    Prefix(String),
}

impl PolicyPattern {
    fn parse(text: &str) -> Result<Self, TrustStoreError> {
        let (identifier, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let dotted = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if identifier.is_empty() || !identifier.bytes().all(dotted) {
            return Err(TrustStoreError::Policy(text.to_owned()));
        }
        Ok(if is_prefix {
            Self::Prefix(identifier.to_owned())
        } else {
            Self::Exact(identifier.to_owned())
        })
    }

    fn matches(&self, policy: &str) -> bool {
        match self {
            Self::Exact(identifier) => policy == identifier,
            Self::Prefix(prefix) => policy.starts_with(prefix.as_str()),
        }
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
