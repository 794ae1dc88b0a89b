//! Who sent the grant, and is it for this server, now? (spec: maskinporten §4.3, §5, §6, §7 steps 4 to 8)

use portvakt_jose::{Certificate, CertificateError, Jws, TrustStore, VerifyingKey, X5c};

use super::check::{Check, Findings};
use super::claims::GrantClaims;
use super::reading::GrantReading;
use crate::client::{AuthenticationMethod, Client, ClientKey, GrantType};
use crate::clock::Timestamp;
use crate::issuer::{
    FUTURE_SKEW_SECONDS, Issuer, MAX_EXPIRY_LEEWAY_SECONDS, MAX_GRANT_LIFETIME_SECONDS,
};
use crate::ports::ClientRecord;
use crate::refusal::{ClientFault, Refusal, SignatureFault};

/// `client_amr` of a client that signed with a registered key (spec: maskinporten §5).
pub const CLIENT_AMR_REGISTERED_KEY: &str = "private_key_jwt";

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// `client_amr` of the token.
    pub client_amr: &'static str,
}

/// Checks client, key, signature, audience and time, each into `findings`.
///
/// An authentication comes back only if the key was found and the signature verifies; whether a
/// token may be issued is for the findings as a whole to say.
pub fn authenticate(
    grant: &GrantReading<'_>,
    client: Option<&ClientRecord>,
    trust: &TrustStore,
    issuer: &Issuer,
    now: Timestamp,
    findings: &mut Findings,
) -> Option<Authentication> {
    let claims = grant.claims.as_ref()?;
    check_audience(claims, issuer, findings);
    check_times(claims, issuer, now, findings);
    let record = findings.record(Check::Client, usable_client(client))?;
    let jws = grant.jws.as_ref()?;
    let key = findings.record(Check::Key, choose_key(jws, record, trust, now))?;
    findings.record(Check::Signature, verify(jws, &key, &record.client))?;
    Some(Authentication {
        client_amr: key.client_amr(trust, issuer.one_client_amr_for_certificates),
    })
}

/// Whether a key of the client, or its certificate, made the signature, whatever else is wrong with
/// the grant or the client. A key that has expired proves nothing.
pub(super) fn is_signed_by(
    grant: &GrantReading<'_>,
    record: &ClientRecord,
    trust: &TrustStore,
    now: Timestamp,
) -> bool {
    let Some(jws) = grant.jws.as_ref() else {
        return false;
    };
    choose_key(jws, record, trust, now)
        .and_then(|key| verify(jws, &key, &record.client))
        .is_ok()
}

/// `client_amr` of the key of the client, or its certificate, that made the signature. For what
/// clients sign that is no grant.
pub(crate) fn proven_by(
    jws: &Jws<'_>,
    record: &ClientRecord,
    trust: &TrustStore,
    one_for_certificates: bool,
    now: Timestamp,
) -> Result<&'static str, Refusal> {
    let key = choose_key(jws, record, trust, now)?;
    verify(jws, &key, &record.client)?;
    Ok(key.client_amr(trust, one_for_certificates))
}

fn usable_client(record: Option<&ClientRecord>) -> Result<&ClientRecord, Refusal> {
    let record = record.ok_or(Refusal::ClientNotFound(ClientFault::Unknown))?;
    let client = &record.client;
    let fault = if !client.active {
        ClientFault::Inactive
    } else if !record.organization_active {
        ClientFault::OrganizationInactive
    } else if !client.integration_type.is_machine() {
        ClientFault::IntegrationType(client.integration_type)
    } else if client.token_endpoint_auth_method != AuthenticationMethod::PrivateKeyJwt {
        ClientFault::AuthenticationMethod
    } else if !client.grant_types.contains(&GrantType::JwtBearer) {
        ClientFault::GrantType
    } else {
        return Ok(record);
    };
    Err(Refusal::ClientNotFound(fault))
}

/// The key that the grant's signature is checked with.
enum GrantKey<'a> {
    Registered(&'a ClientKey),
    Certificate(Box<Certificate>),
}

impl GrantKey<'_> {
    fn verifying_key(&self) -> &VerifyingKey {
        match self {
            Self::Registered(key) => key.jwk.verifying_key(),
            Self::Certificate(certificate) => certificate.verifying_key(),
        }
    }

    fn client_amr(&self, trust: &TrustStore, one_for_certificates: bool) -> &'static str {
        match self {
            Self::Registered(_) => CLIENT_AMR_REGISTERED_KEY,
            Self::Certificate(_) if one_for_certificates => {
                portvakt_jose::Seal::BusinessCertificate.as_str()
            }
            Self::Certificate(certificate) => trust.seal(certificate).as_str(),
        }
    }
}

/// A client with registered keys must name one; only a client without may use a certificate.
fn choose_key<'a>(
    jws: &Jws<'_>,
    record: &'a ClientRecord,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<GrantKey<'a>, Refusal> {
    let header = jws.header();
    match (&header.key_id, &header.certificates) {
        (Some(kid), _) if !record.keys.is_empty() => registered_key(kid, record, trust, now),
        (None, _) if !record.keys.is_empty() => Err(Refusal::KeyIdRequired),
        (_, Some(chain)) => {
            let leaf = leaf_certificate(chain)?;
            check_certificate(&leaf, &record.client, trust, now)?;
            Ok(GrantKey::Certificate(Box::new(leaf)))
        }
        (Some(kid), None) => Err(unknown_key(kid, record)),
        (None, None) => Err(Refusal::NoKeyReference),
    }
}

fn registered_key<'a>(
    kid: &str,
    record: &'a ClientRecord,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<GrantKey<'a>, Refusal> {
    let key = record
        .keys
        .iter()
        .find(|key| key.jwk.key_id() == kid)
        .ok_or_else(|| unknown_key(kid, record))?;
    if key.is_expired(now) {
        return Err(Refusal::ExpiredKey {
            kid: kid.to_owned(),
            expired_at: key.expires_at,
        });
    }
    // A key that was registered with its certificate is only as good as the certificate is now.
    if let Some(leaf) = key.jwk.certificates().and_then(<[_]>::first) {
        let leaf = Certificate::parse(leaf).map_err(Refusal::InvalidCertificate)?;
        check_certificate(&leaf, &record.client, trust, now)?;
    }
    Ok(GrantKey::Registered(key))
}

fn unknown_key(kid: &str, record: &ClientRecord) -> Refusal {
    Refusal::UnknownKeyId {
        presented: kid.chars().take(64).collect(),
        registered: record
            .keys
            .iter()
            .map(|key| key.jwk.key_id().to_owned())
            .collect(),
    }
}

/// The first certificate of the chain. The others are hints that nobody needs, but each must be a
/// certificate (spec: maskinporten §6.1 steps 1 and 2).
fn leaf_certificate(chain: &X5c) -> Result<Certificate, Refusal> {
    let X5c::Chain(chain) = chain else {
        return Err(Refusal::InvalidCertificateHeader);
    };
    let mut parsed = chain.iter().map(|der| Certificate::parse(der));
    let leaf = parsed.next().ok_or(Refusal::InvalidCertificateHeader)?;
    let malformed = |certificate: &Result<Certificate, CertificateError>| {
        matches!(certificate, Err(CertificateError::Malformed))
    };
    if malformed(&leaf) || parsed.any(|other| malformed(&other)) {
        return Err(Refusal::InvalidCertificateHeader);
    }
    leaf.map_err(Refusal::InvalidCertificate)
}

fn check_certificate(
    certificate: &Certificate,
    client: &Client,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<(), Refusal> {
    trust
        .validate(certificate, now.seconds())
        .map_err(Refusal::InvalidCertificate)?;
    let number = certificate.organization_number();
    if number.as_deref() == Ok(client.client_orgno.as_str()) {
        return Ok(());
    }
    Err(Refusal::CertificateOrganizationMismatch {
        certificate: number,
        client: client.client_orgno,
    })
}

fn verify(jws: &Jws<'_>, key: &GrantKey<'_>, client: &Client) -> Result<(), Refusal> {
    let presented = jws.header().algorithm;
    if !client.permits(presented) {
        return Err(Refusal::InvalidSignature(SignatureFault::NotPermitted(
            presented,
        )));
    }
    if let GrantKey::Registered(key) = key
        && key.jwk.algorithm() != presented
    {
        let registered = key.jwk.algorithm();
        return Err(Refusal::InvalidSignature(SignatureFault::Algorithm {
            presented,
            registered,
        }));
    }
    jws.verify(key.verifying_key())
        .map_err(|fault| Refusal::InvalidSignature(fault.into()))
}

fn check_audience(claims: &GrantClaims, issuer: &Issuer, findings: &mut Findings) {
    let matches = claims
        .audience
        .iter()
        .any(|audience| issuer.accepts_audience(audience));
    let verdict = if matches {
        Ok(())
    } else {
        let clip = |text: &String| text.chars().take(200).collect();
        Err(Refusal::AudienceMismatch {
            presented: claims.audience.iter().take(10).map(clip).collect(),
            accepted: issuer.accepted_audiences(),
        })
    };
    findings.record(Check::Audience, verdict);
}

fn check_times(claims: &GrantClaims, issuer: &Issuer, now: Timestamp, findings: &mut Findings) {
    let now = now.seconds();
    let GrantClaims {
        issued_at,
        expires_at,
        ..
    } = *claims;
    let seconds = expires_at - issued_at;
    let refuse_if =
        |condition: bool, refusal: Refusal| if condition { Err(refusal) } else { Ok(()) };
    findings.record(
        Check::Lifetime,
        refuse_if(
            seconds > MAX_GRANT_LIFETIME_SECONDS,
            Refusal::LifetimeTooLong { seconds },
        ),
    );
    findings.record(
        Check::IssuedAt,
        refuse_if(
            issued_at > now + FUTURE_SKEW_SECONDS,
            Refusal::IssuedInFuture { issued_at, now },
        ),
    );
    let not_before = claims.not_before.unwrap_or(0);
    findings.record(
        Check::NotBefore,
        refuse_if(
            not_before > now + FUTURE_SKEW_SECONDS,
            Refusal::NotYetValid { not_before, now },
        ),
    );
    let leeway = issuer.expiry_leeway_seconds.min(MAX_EXPIRY_LEEWAY_SECONDS);
    let accepted_until = expires_at + i64::from(leeway);
    findings.record(
        Check::Expiry,
        refuse_if(
            now >= accepted_until,
            Refusal::GrantExpired { expires_at, now },
        ),
    );
}
