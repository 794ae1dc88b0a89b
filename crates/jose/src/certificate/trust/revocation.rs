//! Certificate revocation lists (RFC 5280 §5). The path builder checks their signatures and scopes.

use std::sync::Arc;

use webpki::{
    CertRevocationList, Error, ExpirationPolicy, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::{RevocationPolicy, TrustStoreError};

/// A list whose signature has not been checked: that happens with each path, whose issuer is known.
pub(super) struct RevocationList {
    list: CertRevocationList<'static>,
    next_update: i64,
}

impl RevocationList {
    fn parse(der: &[u8]) -> Option<Self> {
        let list = OwnedCertRevocationList::from_der(der).ok()?;
        let (_, parsed) = CertificateRevocationList::from_der(der).ok()?;
        Some(Self {
            list: list.into(),
            next_update: parsed.next_update()?.timestamp(),
        })
    }

    /// Whether its issuer still answers for it. A stale list cannot say that a certificate is good.
    pub(super) fn is_current(&self, now_seconds: i64) -> bool {
        now_seconds < self.next_update
    }

    pub(super) fn list(&self) -> &CertRevocationList<'static> {
        &self.list
    }
}

pub(super) fn parse_all(lists: Vec<Vec<u8>>) -> Result<Arc<[RevocationList]>, TrustStoreError> {
    lists
        .into_iter()
        .enumerate()
        .map(|(index, der)| {
            RevocationList::parse(&der).ok_or(TrustStoreError::RevocationList(index))
        })
        .collect()
}

/// `None` without lists: the path builder has no such case. Whether a list is current is for the
/// caller to say, who treats stale ones differently.
pub(super) fn options<'a>(
    lists: &'a [&'a CertRevocationList<'a>],
    policy: RevocationPolicy,
) -> Option<RevocationOptions<'a>> {
    let unknown = match policy {
        RevocationPolicy::SoftFail => UnknownStatusPolicy::Allow,
        RevocationPolicy::HardFail => UnknownStatusPolicy::Deny,
    };
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        builder
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(unknown)
            .with_expiration_policy(ExpirationPolicy::Ignore)
            .build(),
    )
}

/// Whether the error is about a list that the issuer of the path did not sign.
pub(super) fn is_unbelievable(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCrlSignatureForPublicKey
            | Error::IssuerNotCrlSigner
            | Error::UnsupportedCrlSignatureAlgorithmContext(_)
            | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_)
    )
}
