//! From a new folder to a token that verifies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_jose::{Algorithm, JwkSet, Jws, RsaBits, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{CLIENT, Dev, SCOPE, form, now, send, unique};

/// The header and claims of a token, after its signature was verified with the published keys.
pub(crate) async fn verified(dev: &Dev, token: &str) -> (Value, Value) {
    let jwks_uri = dev.endpoints()["maskinporten"]["jwks_uri"]
        .as_str()
        .unwrap();
    let keys = JwkSet::parse_lenient(&dev.get(jwks_uri).await.body).unwrap();
    let header = json_part(token, 0);
    let key = keys.find(header["kid"].as_str().unwrap()).unwrap();
    let jws = Jws::parse(token).unwrap();
    jws.verify(key.verifying_key()).unwrap();
    (header, json_part(token, 1))
}

pub(crate) fn json_part(token: &str, position: usize) -> Value {
    let part = token.split('.').nth(position).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn endpoints_name_the_surfaces_that_exist_and_no_others() {
    let dev = Dev::start().await;
    let (port, operations) = (dev.port(), dev.operations_port());
    let (login, selfservice) = (dev.login_port(), dev.selfservice_port());
    let relying_party = dev.relying_party_port();
    assert_eq!(
        *dev.endpoints(),
        json!({
            "maskinporten": {
                "issuer": format!("http://localhost:{port}/"),
                "well_known": format!("http://localhost:{port}/.well-known/oauth-authorization-server"),
                "token_endpoint": format!("http://localhost:{port}/token"),
                "jwks_uri": format!("http://localhost:{port}/jwk"),
            },
            "skyporten": {
                "issuer": format!("http://sky.localhost:{port}"),
                "well_known": format!("http://sky.localhost:{port}/.well-known/openid-configuration"),
                "token_endpoint": format!("http://sky.localhost:{port}/token"),
                "jwks_uri": format!("http://sky.localhost:{port}/jwk"),
            },
            "idporten": {
                "issuer": format!("http://localhost:{login}"),
                "well_known": format!("http://localhost:{login}/.well-known/openid-configuration"),
            },
            "selfservice": { "base_url": format!("http://localhost:{selfservice}/api/v1") },
            "operations": { "base_url": format!("http://localhost:{operations}") },
            "relying_party": { "base_url": format!("http://localhost:{relying_party}") },
        })
    );
    let well_known = dev.endpoints()["maskinporten"]["well_known"]
        .as_str()
        .unwrap();
    let metadata = dev.get(well_known).await;
    for member in ["issuer", "token_endpoint", "jwks_uri"] {
        assert_eq!(
            metadata.body[member],
            dev.endpoints()["maskinporten"][member]
        );
    }
    assert_eq!(metadata.headers["cache-control"], "public, max-age=10");
}

#[tokio::test]
async fn a_new_folder_gives_tokens_to_its_sample_client_at_once() {
    let dev = Dev::start().await;
    let answer = dev.exchange(&dev.grant().sign()).await;
    let (header, claims) = verified(&dev, answer.token()).await;
    assert_eq!(header["alg"], "RS256");
    assert_eq!(claims["iss"], dev.issuer());
    assert_eq!(claims["client_id"], CLIENT);
    assert_eq!(claims["scope"], SCOPE);
    assert_eq!(claims["consumer"]["ID"], "0192:123456789");
}

#[tokio::test]
async fn every_client_of_the_sample_registry_gets_what_it_is_a_sample_of() {
    let dev = Dev::start().await;
    let token = |arguments: &[&str]| {
        let arguments = [&["token"], arguments].concat();
        let answer = dev.run_json(&arguments);
        json_part(answer["access_token"].as_str().unwrap(), 1)
    };
    let es256 = token(&["--client", "eksempel-es256", "--scope", SCOPE]);
    assert_eq!(es256["client_id"], "eksempel-es256");

    let supplier = ["--client", "leverandor-klient", "--scope"];
    let delegated = ["kyst:havn/anlop.write", "--consumer-org", "123456789"];
    let delegated = token(&[supplier, delegated].concat());
    assert_eq!(delegated["delegation_source"], "https://tt02.altinn.no/");
    assert_eq!(delegated["supplier"]["ID"], "0192:987654321");

    let details = json!([{ "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:123456789" } }]);
    let details = details.to_string();
    let open = ["kyst:tidevann.read", "--authorization-details", &details];
    let system_user = token(&[supplier, open].concat());
    let element = &system_user["authorization_details"][0];
    assert_eq!(
        element["systemuser_id"][0],
        "7f0a5a56-2f0e-4a4c-9a54-0c4b3d6a2b11"
    );

    let details = json!([{ "type": "urn:altinn:consent", "id": "0d7ab2f4-5a0e-4a38-8f4b-0a3f6c1d9e20",
        "from": "urn:altinn:person:identifier-no:17869010057" }]);
    let details = details.to_string();
    let open = ["kyst:tidevann.read", "--authorization-details", &details];
    let consent = token(&[["--client", CLIENT, "--scope"], open].concat());
    assert_eq!(
        consent["authorization_details"][0]["validTo"],
        "2099-12-31T23:59:59Z"
    );
}

#[tokio::test]
async fn both_families_of_loopback_addresses_answer() {
    let dev = Dev::start().await;
    let mut hosts = vec!["127.0.0.1"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        hosts.push("[::1]");
    }
    for host in hosts {
        for port in [dev.port(), dev.operations_port()] {
            let answer = dev.get(&format!("http://{host}:{port}/health")).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, "OK"));
        }
    }
}

#[tokio::test]
async fn skyporten_is_an_issuer_of_its_own_on_the_same_port() {
    let dev = Dev::start().await;
    let issuer = dev.endpoints()["skyporten"]["issuer"].as_str().unwrap();
    let host = format!("sky.localhost:{}", dev.port());
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", dev.port());
    let metadata = dev.http().get(at("/.well-known/openid-configuration"));
    let metadata = send(metadata.header("host", &host)).await;
    assert_eq!(metadata.body["issuer"], issuer);

    let grant = dev.grant().claim("aud", json!(issuer)).sign();
    let request = dev.http().post(at("/token")).header("host", &host);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = send(request.body(form(&grant))).await;
    let claims = json_part(answer.token(), 1);
    assert_eq!(claims["iss"], issuer);
    assert_eq!(claims["sub"], format!("0192:123456789;{SCOPE}"));
}

#[tokio::test]
async fn registry_files_replace_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
    let jwks = json!({ "keys": [key.public_jwk("k1").to_json()] });
    std::fs::write(folder.path().join("public.json"), jwks.to_string()).unwrap();
    let scopes = folder.path().join("scopes.yaml");
    let yaml = "organizations:\n  - {orgno: '889640782', name: NAV, prefixes: [nav]}\n\
                scopes:\n  - {name: 'nav:eget.read', description: Eget, access: ['312773023']}\n";
    std::fs::write(&scopes, yaml).unwrap();
    let clients = folder.path().join("clients.json");
    let json = json!({ "clients": [{
        "client_id": "egen", "client_orgno": "312773023", "client_name": "Egen",
        "integration_type": "maskinporten", "scopes": ["nav:eget.read"], "jwks_file": "public.json",
    }] });
    std::fs::write(&clients, json.to_string()).unwrap();

    let (scopes, clients) = (scopes.to_str().unwrap(), clients.to_str().unwrap());
    // Clients refer to scopes of the other file, so the files are one.
    let mut dev = Dev::start_with(&["--registry", clients, "--registry", scopes]).await;
    let grant = |dev: &Dev| {
        let claims = json!({ "iss": "egen", "aud": dev.issuer(), "scope": "nav:eget.read",
            "iat": now(), "exp": now() + 60, "jti": unique() });
        let header = json!({ "alg": "RS256", "kid": "k1" });
        key.sign_compact(&header, &claims).unwrap()
    };
    dev.exchange(&grant(&dev)).await.token();
    let sample = dev.data_dir().join("keys/eksempel-klient.jwk.json");
    assert!(!sample.exists());

    // A start without files adds no sample to a registry that exists.
    dev.signal("TERM");
    dev.ended().await;
    dev.start_again().await;
    dev.exchange(&grant(&dev)).await.token();
    assert!(!sample.exists());
}

#[tokio::test]
async fn tokens_with_any_claims_verify_with_the_published_keys() {
    let dev = Dev::start().await;
    let order = json!({
        "claims": { "scope": "x:y", "pid": "17869010057", "exp": 5, "jti": null, "odd": [1, null] },
        "header": { "typ": "at+jwt" },
    });
    let minted = dev.order(Method::POST, "/dev/tokens", order).await;
    let (header, claims) = verified(&dev, minted["access_token"].as_str().unwrap()).await;
    assert_eq!((&header, &claims), (&minted["header"], &minted["claims"]));
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(claims["iss"], dev.issuer());
    assert_eq!(
        (&claims["exp"], &claims["odd"]),
        (&json!(5), &json!([1, null]))
    );
    assert_eq!(claims.get("jti"), None);
    assert!((claims["iat"].as_i64().unwrap() - now()).abs() < 30);

    let order = json!({ "claims": {}, "skyporten": true });
    let minted = dev.order(Method::POST, "/dev/tokens", order).await;
    assert_eq!(
        minted["claims"]["iss"],
        dev.endpoints()["skyporten"]["issuer"]
    );
    assert!(minted["claims"]["jti"].is_string());
}
