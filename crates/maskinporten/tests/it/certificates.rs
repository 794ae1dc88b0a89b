//! Organization certificates (spec: maskinporten §6).

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portvakt_jose::{
    AttributeText, CertificateAuthority, CertificateProfile, CertificateRequest, CriticalExtension,
    IntermediateRequest, IssuedCertificate, KeyUsage, RevocationPolicy, SubjectAttribute,
    TrustStore,
};
use portvakt_testkit::{
    Grant, HAVBRIS, HAVBRIS_CERTIFICATE_CLIENT, LYNGVIK, NOW, Options, SCOPE, TINDESYSTEM,
    TestServer, authority, signing_key, trust,
};
use serde_json::{Value, json};

use crate::rows::{MP_120, assert_issued, policy, world};

const SERIAL_NUMBER: &[u64] = &[2, 5, 4, 5];
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
const IDENTIFIER: &[u64] = &[2, 5, 4, 97];

/// One key for every certificate of these tests, because RSA keys are slow to make.
static HAVBRIS_SEID2: LazyLock<IssuedCertificate> = LazyLock::new(|| issued_to(HAVBRIS));

/// A good certificate of Havbris, valid for one more hour.
pub(crate) fn havbris() -> &'static IssuedCertificate {
    &HAVBRIS_SEID2
}

fn request(profile: CertificateProfile, number: &str) -> CertificateRequest {
    CertificateRequest::new(profile, number, "Havbris AS", NOW - 3600..=NOW + 3600)
}

fn seid2() -> CertificateRequest {
    request(CertificateProfile::Seid2, HAVBRIS)
}

/// A certificate of the trusted authority for the test key.
fn issue(request: &CertificateRequest) -> IssuedCertificate {
    issue_from(authority(), request)
}

fn issue_from(authority: &CertificateAuthority, request: &CertificateRequest) -> IssuedCertificate {
    authority
        .issue_for(request, signing_key())
        .expect("tests ask for certificates that can be made")
}

/// A good certificate of this organization.
pub(crate) fn issued_to(number: &str) -> IssuedCertificate {
    issue(&request(CertificateProfile::Seid2, number))
}

fn subject(attributes: &[(&[u64], &str)]) -> CertificateRequest {
    let attribute = |(oid, value): &(&[u64], &str)| SubjectAttribute {
        oid: oid.to_vec(),
        value: AttributeText::Utf8((*value).to_owned()),
    };
    CertificateRequest {
        subject: Some(attributes.iter().map(attribute).collect()),
        ..seid2()
    }
}

/// A grant signed with the test key that shows this certificate.
fn grant(server: &TestServer, certificate: &IssuedCertificate) -> String {
    Grant::certificate(server, &certificate.certificate_der, signing_key()).sign()
}

fn bent(server: &TestServer, bend: impl FnOnce(&mut CertificateRequest)) -> String {
    let mut request = seid2();
    bend(&mut request);
    grant(server, &issue(&request))
}

fn header(server: &TestServer, x5c: Value) -> String {
    Grant::certificate(server, b"", signing_key())
        .header("x5c", x5c)
        .sign()
}

/// A server that trusts this store.
async fn trusting(store: TrustStore) -> TestServer {
    TestServer::with(Options {
        trust: store,
        ..Options::default()
    })
    .await
}

const INVALID: &str = "The JWT is signed with an invalid certificate.";
const MISMATCH: &str = "Invalid organization number for client. Does not match certificate orgno";

issued! {
    /// docs §6.1: A certificate under SEID 2 of the client's organization.
    fn seid_2(server) = grant(server, havbris()) => |claims| assert_eq!(claims["consumer"]["ID"], "0192:312773023");
    /// docs §6.1: A certificate under SEID 1 of the client's organization.
    fn seid_1(server) = grant(server, &issue(&request(CertificateProfile::Seid1, HAVBRIS)));
    /// code §6.1: `nonRepudiation` alone serves, as `digitalSignature` does.
    fn non_repudiation(server) = bent(server, |request| request.key_usages = vec![KeyUsage::NonRepudiation]);
    /// code §6.1: The leaf alone is enough where the server holds the intermediates.
    fn leaf_below_a_configured_intermediate(server in trusting(trust().intermediate(INTERMEDIATE.certificate_der()).build().expect("a store"))) =
        grant(server, &issue_from(&INTERMEDIATE, &seid2()));
    /// docs §6.4: SEID 1 certificates are `virksomhetssertifikat`.
    fn client_amr_of_seid_1(server) = grant(server, &issue(&request(CertificateProfile::Seid1, HAVBRIS)))
        => |claims| assert_eq!(claims["client_amr"], "virksomhetssertifikat");
    /// docs §6.4: Seals that are not qualified are `CForESeal`.
    fn client_amr_of_a_seal(server) = grant(server, havbris()) => |claims| assert_eq!(claims["client_amr"], "CForESeal");
    /// docs §6.4: Qualified seals are `QCForESeal`.
    fn client_amr_of_a_qualified_seal(server) = bent(server, |request| request.qualified = true)
        => |claims| assert_eq!(claims["client_amr"], "QCForESeal");
    /// inferred §6.4: A switch calls every certificate `virksomhetssertifikat`.
    fn client_amr_by_the_switch(server in policy(|issuer| issuer.one_client_amr_for_certificates = true, |_| ())) =
        bent(server, |request| request.qualified = true) => |claims| assert_eq!(claims["client_amr"], "virksomhetssertifikat");
    /// code §6.2: The number may stand at the end of O.
    fn orgno_in_organization_name(server) = grant(server, &issue(&subject(&[(ORGANIZATION, "Havbris AS - 312773023")])));
    /// code §6.2: The number may stand in `serialNumber`.
    fn orgno_in_serial_number(server) = grant(server, &issue(&subject(&[(SERIAL_NUMBER, HAVBRIS)])));
    /// code §6.2: `organizationIdentifier` may be of the payment services form.
    fn orgno_in_a_psd_identifier(server) = grant(server, &issue(&subject(&[(IDENTIFIER, "PSDNO-FSA-312773023")])));
    /// inferred §6.2: A `serialNumber` that is no organization number does not disturb.
    fn serial_number_that_is_something_else(server) =
        grant(server, &issue(&subject(&[(SERIAL_NUMBER, "UN:NO-9578-4050-100"), (IDENTIFIER, "NTRNO-312773023")])));
    /// docs §6.1: For a supplier-managed client the certificate is the customer's.
    fn customers_certificate_of_a_supplier_managed_client(server in world(|world| {
        world.client_without_keys("kunde", HAVBRIS, &["fjord:apen.read"]).supplier_orgno = Some(TINDESYSTEM.parse().expect("a number"));
    })) = Grant::new(server, "kunde", "fjord:apen.read").certificates(&[&havbris().certificate_der]).sign();
}

static INTERMEDIATE: LazyLock<CertificateAuthority> = LazyLock::new(|| {
    let request = IntermediateRequest::new("Portvakt test intermediate", NOW - 3600, NOW + 3600);
    authority()
        .issue_intermediate(&request)
        .expect("an intermediate can be made")
});

static STRANGER: LazyLock<CertificateAuthority> = LazyLock::new(|| {
    CertificateAuthority::generate("Portvakt test CA", NOW - 3600, NOW + 3600)
        .expect("an authority can be made")
});

refused! {
    /// docs §6.1: `x5c` as a string is MP-123.
    fn x5c_a_string(server) -> MP_123("Invalid JWT header x5c") = header(server, json!(STANDARD.encode(&havbris().certificate_der)));
    /// docs §6.1: An empty `x5c` is MP-123.
    fn x5c_empty(server) -> MP_123("Invalid JWT header x5c") = header(server, json!([]));
    /// inferred §6.1: `x5c` `null` is MP-123.
    fn x5c_null(server) -> MP_123("Invalid JWT header x5c") = header(server, Value::Null);
    /// docs §6.1: An element that is no string is MP-123.
    fn x5c_of_numbers(server) -> MP_123("Invalid JWT header x5c") = header(server, json!([1]));
    /// docs §6.1: PEM armour is MP-123.
    fn x5c_in_pem(server) -> MP_123("Invalid JWT header x5c") = header(server, json!([havbris().certificate_pem]));
    /// docs §6.1: Base64url is MP-123.
    fn x5c_in_base64url(server) -> MP_123("Invalid JWT header x5c") = header(server, json!([URL_SAFE_NO_PAD.encode(&havbris().certificate_der)]));
    /// docs §6.1: What is no certificate is MP-123.
    fn x5c_of_something_else(server) -> MP_123("Invalid JWT header x5c") = header(server, json!([STANDARD.encode([0x30, 3, 2, 1, 1])]));
    /// inferred §6.1: Each further element must be a certificate too.
    fn x5c_with_a_broken_second_element(server) -> MP_123("Invalid JWT header x5c") =
        header(server, json!([STANDARD.encode(&havbris().certificate_der), STANDARD.encode([0x30, 3, 2, 1, 1])]));
    /// inferred §6.1: A certificate with bytes after it is MP-123.
    fn x5c_with_bytes_after_the_certificate(server) -> MP_123("Invalid JWT header x5c") =
        header(server, json!([STANDARD.encode([havbris().certificate_der.as_slice(), b"x"].concat())]));
    /// inferred §6.1: More than ten certificates are MP-123.
    fn x5c_of_eleven(server) -> MP_123("Invalid JWT header x5c") =
        header(server, json!(vec![STANDARD.encode(&havbris().certificate_der); 11]));
    /// inferred §6.1: A certificate beyond 16 KiB is MP-123.
    fn x5c_of_17_kib(server) -> MP_123("Invalid JWT header x5c") =
        header(server, json!([STANDARD.encode([vec![0x30, 0x82, 0x44, 0x00], vec![0; 0x4400]].concat())]));
    /// code §6.1: An expired certificate is MP-120.
    fn expired(server) -> MP_120(INVALID) = bent(server, |request| request.not_after = NOW - 1);
    /// code §6.1: A certificate that is not valid yet is MP-120.
    fn not_valid_yet(server) -> MP_120(INVALID) = bent(server, |request| request.not_before = NOW + 1);
    /// code §6.1: A self-signed certificate is MP-120.
    fn self_signed(server) -> MP_120(INVALID) =
        Grant::certificate(server, STRANGER.certificate_der(), signing_key()).sign();
    /// code §6.1: A critical extension beyond key usage and basic constraints is MP-120.
    fn critical_extension(server) -> MP_120(INVALID) = bent(server, |request| request.critical_extensions =
        vec![CriticalExtension { oid: vec![1, 3, 6, 1, 4, 1, 99999, 1], der: vec![0x05, 0x00] }]);
    /// code §6.1: A certificate without key usage is MP-120.
    fn no_key_usage(server) -> MP_120(INVALID) = bent(server, |request| request.key_usages = Vec::new());
    /// inferred §6.1: An encryption certificate is MP-120.
    fn encryption_only(server) -> MP_120(INVALID) = bent(server, |request| request.key_usages = vec![KeyUsage::KeyEncipherment]);
    /// code §6.1: A certificate of an authority that is not trusted is MP-120, though it has the trusted one's name.
    fn untrusted_authority(server) -> MP_120(INVALID) = grant(server, &issue_from(&STRANGER, &seid2()));
    /// code §6.1: A stranger's chain in `x5c` does not make its leaf trusted.
    fn a_forged_chain(server) -> MP_120(INVALID) = {
        let leaf = issue_from(&STRANGER, &seid2());
        Grant::certificate(server, &leaf.certificate_der, signing_key())
            .certificates(&[&leaf.certificate_der, STRANGER.certificate_der(), authority().certificate_der()]).sign()
    };
    /// code §6.1: An intermediate that only `x5c` brings is not used.
    fn an_intermediate_from_the_header(server) -> MP_120(INVALID) = {
        let leaf = issue_from(&INTERMEDIATE, &seid2());
        Grant::certificate(server, &leaf.certificate_der, signing_key())
            .certificates(&[&leaf.certificate_der, INTERMEDIATE.certificate_der()]).sign()
    };
    /// code §6.1: An authority's own certificate does not sign grants.
    fn an_authoritys_certificate(server) -> MP_120(INVALID) = bent(server, |request| request.is_authority = true);
    /// code §6.1: A policy that is not on the accept list is MP-120.
    fn policy_not_accepted(server in trusting(trust().accepted_policy("2.16.578.1.29.913.200.*").build().expect("a store")))
        -> MP_120(INVALID) = bent(server, |request| request.policies = vec![vec![2, 16, 578, 1, 99]]);
    /// code §6.1: A certificate on a current revocation list is MP-120.
    fn revoked(server in trusting(trust().revocation_list(
        &authority().revocation_list(&[&[7, 7, 7]], NOW - 60, NOW + 60, 1).expect("a list")).build().expect("a store")))
        -> MP_120(INVALID) = bent(server, |request| {
            request.serial = Some(vec![7, 7, 7]);
            request.crl_url = Some("http://crl.example.no/root.crl".to_owned());
        });
    /// inferred §6.1: Without a revocation list a hard-failing server answers MP-120.
    fn no_list_under_hard_fail(server in trusting(trust().revocation_policy(RevocationPolicy::HardFail).build().expect("a store")))
        -> MP_120(INVALID) = grant(server, havbris());
    /// docs §6.1: A certificate of another organization is MP-122.
    fn another_organization(server) -> MP_122(MISMATCH) = grant(server, &issued_to(LYNGVIK));
    /// docs §6.1: For a supplier-managed client the supplier's certificate is MP-122.
    fn suppliers_certificate_of_a_supplier_managed_client(server in world(|world| {
        world.client_without_keys("kunde", HAVBRIS, &["fjord:apen.read"]).supplier_orgno = Some(TINDESYSTEM.parse().expect("a number"));
    })) -> MP_122(MISMATCH) = {
        let certificate = issued_to(TINDESYSTEM);
        Grant::new(server, "kunde", "fjord:apen.read").certificates(&[&certificate.certificate_der]).sign()
    };
    /// inferred §6.2: Two attributes with different numbers are MP-122.
    fn orgnos_that_conflict(server) -> MP_122(MISMATCH) =
        grant(server, &issue(&subject(&[(IDENTIFIER, "NTRNO-312773023"), (SERIAL_NUMBER, LYNGVIK)])));
    /// inferred §6.2: A free-text O cannot outvote the identifier.
    fn orgno_in_o_against_the_identifier(server) -> MP_122(MISMATCH) =
        grant(server, &issue(&subject(&[(ORGANIZATION, "Lyngvik - 312773023"), (IDENTIFIER, "NTRNO-314111044")])));
    /// inferred §6.2: A foreign `organizationIdentifier` is MP-122.
    fn orgno_of_a_foreign_register(server) -> MP_122(MISMATCH) =
        grant(server, &issue(&subject(&[(IDENTIFIER, "NTRSE-312773023"), (SERIAL_NUMBER, HAVBRIS)])));
    /// code §6.2: A subject without any number is MP-122.
    fn orgno_missing(server) -> MP_122(MISMATCH) = grant(server, &issue(&subject(&[(ORGANIZATION, "Havbris AS")])));
    /// docs §6.1: A signature that the certificate's key did not make is MP-124.
    fn signature_of_another_key(server) -> MP_124("Invalid JWT signature.") =
        Grant::certificate(server, &havbris().certificate_der, portvakt_testkit::second_signing_key()).sign();
    /// inferred §6.1: The certificate's faults are told before its organization.
    fn expired_before_another_organization(server) -> MP_120(INVALID) = {
        let mut request = request(CertificateProfile::Seid2, LYNGVIK);
        request.not_after = NOW - 1;
        grant(server, &issue(&request))
    };
    /// docs §6.1: A client with a certificate cannot name a `kid` instead.
    fn kid_instead_of_x5c(server) -> INVALID_GRANT("Unknown key identifier (kid) for client.") =
        Grant::new(server, HAVBRIS_CERTIFICATE_CLIENT, SCOPE).sign();
}

/// code §6.1: When no revocation list can be had the certificate passes, by default.
#[tokio::test]
async fn no_list_under_soft_fail_is_accepted() {
    let server = TestServer::start().await;
    let crl = |request: &mut CertificateRequest| {
        request.crl_url = Some("http://crl.invalid/x.crl".to_owned());
    };
    assert_issued(&server.exchange(&bent(&server, crl)).await);
}

/// code §6.1: A certificate that is revoked while the server runs is refused at once.
#[tokio::test]
async fn a_revocation_takes_effect_at_once() {
    let server = TestServer::start().await;
    let mut request = seid2();
    request.serial = Some(vec![1, 2, 3]);
    let certificate = issue(&request);
    assert_issued(&server.exchange(&grant(&server, &certificate)).await);
    let list = authority()
        .revocation_list(&[&[1, 2, 3]], NOW - 60, NOW + 60, 2)
        .expect("a list can be made");
    let store = server
        .trust
        .load()
        .with_revocation_lists(vec![list])
        .expect("the list can be read");
    server.trust.store(Arc::new(store));
    MP_120.check(
        &server.exchange(&grant(&server, &certificate)).await,
        INVALID,
    );
}
