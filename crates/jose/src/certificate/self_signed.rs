//! The certificate that a key of ours signs itself, for the verifiers that want one in a key set.
//!
//! It proves no more than the key does. It is written here rather than by `rcgen` because keys sign with the
//! one algorithm that they have, RSASSA-PSS too, which `rcgen` does not write, and because a key in a module
//! signs later: what is signed and what comes of it are two steps.

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use yasna::models::{GeneralizedTime, ObjectIdentifier, UTCTime};
use yasna::{DERWriter, Tag};

use super::MAX_CERTIFICATE_BYTES;
use crate::algorithm::Algorithm;
use crate::key::{P256_COORDINATE_BYTES, VerifyingKey};
use crate::signing::KeyError;

/// No well-defined expiration date (RFC 5280 §4.1.2.5).
const NEVER: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);
/// RFC 5280 §4.1.2.2 has 20 at most.
const SERIAL_BYTES: usize = 20;
/// Upper bound of a common name (RFC 5280, appendix A.1).
const MAX_COMMON_NAME_BYTES: usize = 64;
const SHA256_BYTES: u8 = 32;

const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
/// `digitalSignature`, the first bit of a string of one (RFC 5280 §4.2.1.3).
const DIGITAL_SIGNATURE: (&[u8], usize) = (&[0b1000_0000], 1);
const ID_SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const ID_MGF1: &[u64] = &[1, 2, 840, 113_549, 1, 1, 8];

/// What a certificate says beside the key.
#[derive(Clone, Copy)]
pub(crate) struct Names<'n> {
    /// Whose key it is: the host of the issuer.
    pub(crate) host: &'n str,
    /// Seconds since the Unix epoch.
    pub(crate) not_before: i64,
}

/// What the key has to sign: a `TBSCertificate` (RFC 5280 §4.1.2).
pub(crate) fn to_be_signed(
    key: &VerifyingKey,
    algorithm: Algorithm,
    names: Names<'_>,
) -> Result<Vec<u8>, KeyError> {
    let key_info = key.to_subject_public_key_info()?;
    let not_before = OffsetDateTime::from_unix_timestamp(names.not_before)
        .map_err(|_| KeyError::CertificateInstant)?;
    let common_name = common_name(names.host);
    // From the key: it has one certificate, which every node makes alike.
    let hash = digest(&SHA256, &key_info);
    let serial = &hash.as_ref()[..SERIAL_BYTES - 1];
    yasna::try_construct_der(|writer| {
        writer.write_sequence(|fields| {
            let version = |writer: DERWriter<'_>| writer.write_u8(2);
            fields.next().write_tagged(Tag::context(0), version);
            fields.next().write_bigint_bytes(serial, true);
            write_algorithm(fields.next(), algorithm);
            write_name(fields.next(), common_name);
            fields.next().write_sequence(|validity| {
                write_time(validity.next(), not_before)?;
                write_time(validity.next(), NEVER)
            })?;
            write_name(fields.next(), common_name);
            fields.next().write_der(&key_info);
            let extensions = fields.next();
            extensions.write_tagged(Tag::context(3), write_extensions);
            Ok(())
        })
    })
}

/// The certificate, with a signature in the form that JWS has (RFC 7518 §3).
pub(crate) fn assemble(to_be_signed: &[u8], algorithm: Algorithm, signature: &[u8]) -> Vec<u8> {
    let signature = match algorithm {
        Algorithm::Es256 => ecdsa_signature(signature),
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::EdDsa => signature.to_vec(),
    };
    yasna::construct_der(|writer| {
        writer.write_sequence(|fields| {
            fields.next().write_der(to_be_signed);
            write_algorithm(fields.next(), algorithm);
            let bits = signature.len() * 8;
            fields.next().write_bitvec_bytes(&signature, bits);
        });
    })
}

/// Whether a certificate is this key's, signed by it, and to the last byte what [`assemble`] makes.
pub(crate) fn is_own(der: &[u8], key: &VerifyingKey, algorithm: Algorithm) -> bool {
    if der.len() > MAX_CERTIFICATE_BYTES {
        return false;
    }
    let Ok(([], certificate)) = X509Certificate::from_der(der) else {
        return false;
    };
    let holds = VerifyingKey::from_subject_public_key_info(certificate.public_key().raw);
    let signature = certificate.signature_value.data.as_ref();
    let signature = match algorithm {
        Algorithm::Es256 => jws_signature(signature),
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::EdDsa => Some(signature.to_vec()),
    };
    let signed = certificate.tbs_certificate.as_ref();
    holds.as_ref() == Ok(key)
        && signature.is_some_and(|signature| {
            key.verify(algorithm, signed, &signature).is_ok()
                && assemble(signed, algorithm, &signature) == der
        })
}

/// A longer host by the domain that it belongs to, as far as that fits.
fn common_name(host: &str) -> &str {
    let mut name = host;
    while name.len() > MAX_COMMON_NAME_BYTES {
        let Some((_, domain)) = name.split_once('.') else {
            // No label of a host is as long as this.
            return "";
        };
        name = domain;
    }
    name
}

fn write_name(writer: DERWriter<'_>, common_name: &str) {
    writer.write_sequence(|name| {
        name.next().write_set(|attributes| {
            attributes.next().write_sequence(|attribute| {
                write_oid(attribute.next(), COMMON_NAME);
                attribute.next().write_utf8_string(common_name);
            });
        });
    });
}

/// RFC 5280 §4.1.2.5: with two digits of the year until 2049.
fn write_time(writer: DERWriter<'_>, instant: OffsetDateTime) -> Result<(), KeyError> {
    if let Some(time) = UTCTime::from_datetime_opt(instant) {
        writer.write_utctime(&time);
        return Ok(());
    }
    let time = GeneralizedTime::from_datetime_opt(instant).ok_or(KeyError::CertificateInstant)?;
    writer.write_generalized_time(&time);
    Ok(())
}

/// What the key is for, as one critical extension.
fn write_extensions(writer: DERWriter<'_>) {
    let (usage, bits) = DIGITAL_SIGNATURE;
    let usage = yasna::construct_der(|writer| writer.write_bitvec_bytes(usage, bits));
    writer.write_sequence(|extensions| {
        extensions.next().write_sequence(|extension| {
            write_oid(extension.next(), KEY_USAGE);
            extension.next().write_bool(true);
            extension.next().write_bytes(&usage);
        });
    });
}

/// The `AlgorithmIdentifier` of signatures: RFC 4055 §3.1 and §5, RFC 5758 §3.2, RFC 8410 §3.
fn write_algorithm(writer: DERWriter<'_>, algorithm: Algorithm) {
    let oid: &[u64] = match algorithm {
        Algorithm::Rs256 => &[1, 2, 840, 113_549, 1, 1, 11],
        Algorithm::Rs384 => &[1, 2, 840, 113_549, 1, 1, 12],
        Algorithm::Rs512 => &[1, 2, 840, 113_549, 1, 1, 13],
        Algorithm::Ps256 => &[1, 2, 840, 113_549, 1, 1, 10],
        Algorithm::Es256 => &[1, 2, 840, 10045, 4, 3, 2],
        Algorithm::EdDsa => &[1, 3, 101, 112],
    };
    writer.write_sequence(|identifier| {
        write_oid(identifier.next(), oid);
        match algorithm {
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => {
                identifier.next().write_null();
            }
            Algorithm::Ps256 => write_pss_parameters(identifier.next()),
            Algorithm::Es256 | Algorithm::EdDsa => {}
        }
    });
}

/// SHA-256 throughout, and salt as long as the digest, as RFC 7518 §3.5 has it.
fn write_pss_parameters(writer: DERWriter<'_>) {
    let write_sha256 = |writer: DERWriter<'_>| {
        writer.write_sequence(|identifier| {
            write_oid(identifier.next(), ID_SHA256);
            identifier.next().write_null();
        });
    };
    writer.write_sequence(|parameters| {
        let hash = parameters.next();
        hash.write_tagged(Tag::context(0), write_sha256);
        parameters.next().write_tagged(Tag::context(1), |writer| {
            writer.write_sequence(|generation| {
                write_oid(generation.next(), ID_MGF1);
                write_sha256(generation.next());
            });
        });
        let salt_length = |writer: DERWriter<'_>| writer.write_u8(SHA256_BYTES);
        let salt = parameters.next();
        salt.write_tagged(Tag::context(2), salt_length);
    });
}

fn write_oid(writer: DERWriter<'_>, oid: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(oid));
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3) of the two numbers one behind the other.
fn ecdsa_signature(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    yasna::construct_der(|writer| {
        writer.write_sequence(|numbers| {
            numbers.next().write_bigint_bytes(r, true);
            numbers.next().write_bigint_bytes(s, true);
        });
    })
}

/// The two numbers of an `ECDSA-Sig-Value`, each as long as a coordinate.
fn jws_signature(der: &[u8]) -> Option<Vec<u8>> {
    let numbers = yasna::parse_der(der, |reader| {
        reader.read_sequence(|numbers| {
            let r = numbers.next().read_bigint_bytes()?;
            Ok([r, numbers.next().read_bigint_bytes()?])
        })
    });
    let mut signature = Vec::with_capacity(2 * P256_COORDINATE_BYTES);
    for (number, is_positive) in numbers.ok()? {
        let number = number.strip_prefix(&[0]).unwrap_or(&number);
        let padding = P256_COORDINATE_BYTES.checked_sub(number.len())?;
        signature.extend(std::iter::repeat_n(0, padding));
        signature.extend(number);
        if !is_positive {
            return None;
        }
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use x509_parser::time::ASN1Time;

    use super::*;
    use crate::{RsaBits, SigningKey, test_keys};

    const MADE: i64 = 1_800_000_000;

    fn certificate(key: &SigningKey, host: &str, not_before: i64) -> Vec<u8> {
        key.self_signed_certificate(host, not_before).unwrap()
    }

    #[test]
    fn keys_of_every_algorithm_have_a_certificate_of_their_own() {
        for algorithm in Algorithm::ALL {
            let key = test_keys::signing(algorithm);
            let der = certificate(key, "login.example.no", MADE);
            assert!(is_own(&der, &key.verifying_key(), algorithm), "{algorithm}");
            let (_, read) = X509Certificate::from_der(&der).unwrap();
            assert_eq!(read.subject().to_string(), "CN=login.example.no");
            assert_eq!(read.issuer(), read.subject());
            let validity = read.validity();
            assert_eq!(validity.not_before.timestamp(), MADE);
            assert_eq!(validity.not_after, ASN1Time::new(NEVER));
            let usage = read.key_usage().unwrap().unwrap();
            assert!(usage.critical && usage.value.digital_signature());
            assert_eq!(usage.value.flags, 1, "nothing else");
            let numbers = (read.raw_serial().len(), read.raw_serial()[0]);
            assert!(numbers.0 <= SERIAL_BYTES && numbers.1 < 0x80);
        }
    }

    /// ECDSA draws numbers of every length: a short one in a few hundred.
    #[test]
    fn signatures_of_elliptic_curves_survive_both_forms() {
        let key = test_keys::signing(Algorithm::Es256);
        for number in 0_u16..1000 {
            let signature = key.sign(&number.to_be_bytes()).unwrap();
            let der = ecdsa_signature(&signature);
            assert_eq!(jws_signature(&der).unwrap(), signature);
        }
        assert_eq!(jws_signature(&[]), None);
        assert_eq!(jws_signature(&[0x30, 0]), None);
        let negative = [0x30, 6, 2, 1, 0x80, 2, 1, 1];
        assert_eq!(jws_signature(&negative), None);
        let mut long = vec![0x30, 38, 2, 33];
        long.extend([1; 33]);
        long.extend([2, 1, 1]);
        assert_eq!(jws_signature(&long), None);
    }

    #[test]
    fn a_certificate_of_another_key_or_that_was_changed_is_not_its_own() {
        for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
            let key = test_keys::signing(algorithm);
            let other = SigningKey::generate(algorithm, RsaBits::B2048).unwrap();
            let der = certificate(key, "login.example.no", MADE);
            assert!(!is_own(&der, &other.verifying_key(), algorithm));
            // The other key's public half, which this key signed.
            let names = Names {
                host: "login.example.no",
                not_before: MADE,
            };
            let signed = to_be_signed(&other.verifying_key(), algorithm, names).unwrap();
            let forged = assemble(&signed, algorithm, &key.sign(&signed).unwrap());
            for owner in [key, &other] {
                assert!(!is_own(&forged, &owner.verifying_key(), algorithm));
            }
            for place in 0..der.len() {
                let mut changed = der.clone();
                changed[place] ^= 1;
                let own = is_own(&changed, &key.verifying_key(), algorithm);
                assert!(!own, "{place}");
            }
            let longer = [der.as_slice(), &[0]].concat();
            for wrong in [&der[1..], &der[..der.len() - 1], &longer, &[]] {
                assert!(!is_own(wrong, &key.verifying_key(), algorithm));
            }
        }
    }

    #[test]
    fn names_and_instants_fit_what_certificates_hold() {
        let long = format!("{}.login.example.no", "a".repeat(60));
        for (host, name) in [
            ("localhost", "localhost"),
            ("[::1]", "[::1]"),
            (&long, "login.example.no"),
            (&"a".repeat(65), ""),
        ] {
            assert_eq!(common_name(host), name);
        }
        let key = test_keys::signing(Algorithm::EdDsa);
        let far = OffsetDateTime::from_unix_timestamp(3_000_000_000).unwrap();
        let der = certificate(key, "localhost", far.unix_timestamp());
        let (_, read) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(read.validity().not_before, ASN1Time::new(far));
        let names = Names {
            host: "localhost",
            not_before: i64::MAX,
        };
        let refused = to_be_signed(&key.verifying_key(), Algorithm::EdDsa, names);
        assert_eq!(refused, Err(KeyError::CertificateInstant));
    }
}
