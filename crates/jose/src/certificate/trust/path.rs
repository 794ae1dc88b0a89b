//! From a leaf to an anchor, with the revocation lists that the authorities on the way signed.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::revocation::{self, RevocationList};
use super::{Authorities, RevocationPolicy, TrustStore};
use crate::certificate::{Certificate, CertificateError};

pub(super) fn check(
    store: &TrustStore,
    leaf: &Certificate,
    now_seconds: i64,
) -> Result<(), CertificateError> {
    let der = CertificateDer::from(leaf.der());
    let path = PathCheck {
        leaf: &EndEntityCert::try_from(&der).map_err(explain)?,
        authorities: &store.authorities,
        now: unix_time(now_seconds)?,
    };
    let lists = store.revocation_lists.iter();
    let (current, stale): (Vec<_>, Vec<_>) = lists.partition(|list| list.is_current(now_seconds));
    path.check_with(&current, store.authorities.revocation_policy)?;
    if stale.is_empty() {
        return Ok(());
    }
    // A stale list proves nothing good, but what it revoked stays revoked: whoever keeps us from
    // fetching the next one must not bring a certificate back to life.
    path.check_with(&stale, RevocationPolicy::SoftFail)
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
    fn check_with(
        &self,
        lists: &[&RevocationList],
        policy: RevocationPolicy,
    ) -> Result<(), CertificateError> {
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
