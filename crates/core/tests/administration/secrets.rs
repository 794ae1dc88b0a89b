//! Clients' secrets.

use portvakt_core::administration::secret::{Making, SavedClient};
use portvakt_core::administration::{AdministrationError, Role, client, secret};
use portvakt_core::audit::{Act, Actor, AuditFilter, Channel, Recorded};
use portvakt_core::client::{
    ApplicationType, AuthenticationMethod, Client, ClientSecrets, GrantType, IntegrationType,
    SecretOverlap,
};
use portvakt_core::entropy::EntropyUnavailable;
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::{Entropy, SystemEntropy};

use crate::harness::{CONSUMER, OWNER, Registry, at, consumers_client, fjord_scope, id, orgno};

const OPERATOR: Role = Role::Operator;

fn making(second: i64) -> Making<'static> {
    Making {
        entropy: &SystemEntropy,
        now: at(second),
    }
}

fn login(id: &str) -> Client {
    let mut client = consumers_client(id, &["openid"]);
    client.integration_type = IntegrationType::Idporten;
    client.token_endpoint_auth_method = AuthenticationMethod::ClientSecretBasic;
    client.grant_types = vec![GrantType::AuthorizationCode];
    client.login.redirect_uris = vec!["https://havbris.example/inn".to_owned()];
    client
}

fn with_method(method: AuthenticationMethod) -> Client {
    Client {
        token_endpoint_auth_method: method,
        ..login("a")
    }
}

async fn registered(unit: &mut dyn UnitOfWork) -> SavedClient {
    let made = secret::register(unit, login("a"), OPERATOR, making(1)).await;
    made.unwrap()
}

async fn secrets(unit: &mut dyn UnitOfWork) -> ClientSecrets {
    unit.find_secrets(&id("a")).await.unwrap()
}

#[tokio::test]
async fn a_client_that_needs_a_secret_gets_one_and_no_other_does() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let made = registered(unit.as_mut()).await.secret.unwrap();
    let kept = secrets(unit.as_mut()).await;
    assert!(kept.verify(made.secret.expose(), at(1)));
    assert_eq!(kept.as_slice()[0].expires_at, made.expires_at);
    let keyed = Client {
        token_endpoint_auth_method: AuthenticationMethod::PrivateKeyJwt,
        ..login("b")
    };
    let mut public = login("c");
    public.application_type = ApplicationType::Native;
    public.token_endpoint_auth_method = AuthenticationMethod::None;
    for wanted in [keyed, public] {
        let client_id = wanted.client_id.clone();
        let made = secret::register(unit.as_mut(), wanted, OPERATOR, making(1)).await;
        assert!(made.unwrap().secret.is_none());
        assert!(unit.find_secrets(&client_id).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_change_of_the_method_makes_and_takes_secrets_and_nothing_else_does() {
    use AuthenticationMethod::{ClientSecretBasic, ClientSecretPost, PrivateKeyJwt};
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let first = registered(unit.as_mut()).await.secret.unwrap();
    let mut update = async |wanted, second| {
        let saved = secret::update(unit.as_mut(), wanted, OPERATOR, making(second)).await;
        (saved.unwrap().secret, secrets(unit.as_mut()).await)
    };
    let mut renamed = login("a");
    renamed.client_name = "Et annet navn".to_owned();
    for (wanted, second) in [
        (renamed, 2),
        (with_method(ClientSecretPost), 3),
        (with_method(ClientSecretPost), 4),
        (with_method(ClientSecretBasic), 5),
    ] {
        let (made, kept) = update(wanted, second).await;
        assert!(made.is_none() && kept.verify(first.secret.expose(), at(second)));
    }
    let (made, kept) = update(with_method(PrivateKeyJwt), 6).await;
    assert!(made.is_none() && kept.is_empty());
    let (made, kept) = update(with_method(ClientSecretPost), 7).await;
    let made = made.unwrap();
    assert!(kept.verify(made.secret.expose(), at(7)));
    assert!(!kept.verify(first.secret.expose(), at(7)));
}

#[tokio::test]
async fn rotating_ends_the_old_secret_at_once_or_with_the_overlap() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let first = registered(unit.as_mut()).await.secret.unwrap().secret;
    let mut rotate = async |overlap: &str, second| {
        let overlap: SecretOverlap = overlap.parse().unwrap();
        let (id, role) = (id("a"), Role::Owner(orgno(CONSUMER)));
        let made = secret::rotate(unit.as_mut(), &id, overlap, role, making(second));
        let made = made.await.unwrap().secret.unwrap().secret;
        (made, secrets(unit.as_mut()).await)
    };
    let (second, kept) = rotate("60", 10).await;
    assert!(kept.verify(first.expose(), at(69)) && kept.verify(second.expose(), at(69)));
    assert!(!kept.verify(first.expose(), at(70)));
    let (third, kept) = rotate("0", 20).await;
    assert!(!kept.verify(first.expose(), at(20)) && !kept.verify(second.expose(), at(20)));
    assert!(kept.verify(third.expose(), at(20)));
}

#[tokio::test]
async fn a_secret_is_its_organizations_to_rotate_and_an_administration_clients_the_operators() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let first = registered(unit.as_mut()).await.secret.unwrap().secret;
    let mut rotate = async |client_id: &str, role| {
        let overlap = SecretOverlap::default();
        secret::rotate(unit.as_mut(), &id(client_id), overlap, role, making(2)).await
    };
    let hidden = rotate("a", Role::Owner(orgno(OWNER))).await;
    assert!(
        matches!(hidden, Err(AdministrationError::NotFound { .. })),
        "{hidden:?}"
    );
    let unknown = rotate("nobody", OPERATOR).await;
    assert!(
        matches!(unknown, Err(AdministrationError::NotFound { .. })),
        "{unknown:?}"
    );
    assert!(secrets(unit.as_mut()).await.verify(first.expose(), at(2)));

    let mut only = fjord_scope("fjord:a");
    only.operator_only = true;
    unit.save_scope(&only).await.unwrap();
    let mut admin = login("admin");
    admin.integration_type = IntegrationType::ApiKlient;
    admin.scopes = vec![only.name];
    secret::register(unit.as_mut(), admin, OPERATOR, making(1))
        .await
        .unwrap();
    let mut rotate = async |role| {
        let overlap = SecretOverlap::default();
        secret::rotate(unit.as_mut(), &id("admin"), overlap, role, making(2)).await
    };
    let kept_away = rotate(Role::Owner(orgno(CONSUMER))).await;
    assert!(
        matches!(kept_away, Err(AdministrationError::Forbidden(_))),
        "{kept_away:?}"
    );
    rotate(OPERATOR).await.unwrap();
}

#[tokio::test]
async fn a_client_with_keys_has_no_secret_to_rotate() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let wanted = consumers_client("a", &["krr:global/digitalpost.read"]);
    client::register(unit.as_mut(), wanted, OPERATOR, at(1))
        .await
        .unwrap();
    let overlap = SecretOverlap::default();
    let refused = secret::rotate(unit.as_mut(), &id("a"), overlap, OPERATOR, making(2)).await;
    let Err(AdministrationError::Invalid(faults)) = refused else {
        panic!("rotated")
    };
    assert_eq!(faults[0].field, "token_endpoint_auth_method");
}

struct Dry;

impl Entropy for Dry {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyUnavailable> {
        Err(EntropyUnavailable)
    }
}

#[tokio::test]
async fn without_randomness_there_is_no_new_secret_and_the_old_one_stays() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let first = registered(unit.as_mut()).await.secret.unwrap().secret;
    let overlap = SecretOverlap::default();
    let failed = secret::rotate(
        unit.as_mut(),
        &id("a"),
        overlap,
        OPERATOR,
        Making {
            entropy: &Dry,
            now: at(2),
        },
    )
    .await;
    assert!(
        matches!(failed, Err(AdministrationError::Entropy(_))),
        "{failed:?}"
    );
    assert!(secrets(unit.as_mut()).await.verify(first.expose(), at(2)));
}

#[tokio::test]
async fn the_log_says_when_a_secret_was_made_and_ends_and_nothing_of_the_secret() {
    let registry = Registry::bootstrapped().await;
    let act = Act {
        actor: Actor::new(Channel::CommandLine),
        at: at(1),
        request_id: None,
    };
    let mut unit = Recorded::begin(&registry.store, act).await.unwrap();
    let made = secret::register(unit.as_mut(), login("a"), OPERATOR, making(1)).await;
    let mut texts = vec![made.unwrap().secret.unwrap().secret];
    let overlap = "60".parse().unwrap();
    let made = secret::rotate(unit.as_mut(), &id("a"), overlap, OPERATOR, making(2)).await;
    texts.push(made.unwrap().secret.unwrap().secret);
    let keyed = with_method(AuthenticationMethod::PrivateKeyJwt);
    secret::update(unit.as_mut(), keyed, OPERATOR, making(3))
        .await
        .unwrap();
    unit.commit().await.unwrap();

    let mut unit = registry.store.read().await.unwrap();
    let filter = AuditFilter {
        object_key: Some("a".to_owned()),
        ..AuditFilter::default()
    };
    let entries = unit.list_audit(&filter, 0, 100).await.unwrap();
    let log: Vec<serde_json::Value> = entries
        .iter()
        .map(|entry| serde_json::from_str(&entry.text).unwrap())
        .collect();
    let about_secrets: Vec<_> = log
        .iter()
        .filter(|entry| entry["object"]["kind"] == "client_secret")
        .collect();
    let operations: Vec<_> = about_secrets
        .iter()
        .map(|entry| &entry["operation"])
        .collect();
    assert_eq!(
        operations,
        [
            "client_secret.create",
            "client_secret.rotate",
            "client_secret.remove"
        ]
    );
    let made = &about_secrets[0]["after"]["secrets"];
    assert_eq!(
        made,
        &serde_json::json!([
            {"created": "2026-03-02T09:15:01.000Z", "expires": "2027-02-25T09:15:01.000Z"}
        ])
    );
    assert_eq!(
        about_secrets[1]["after"]["secrets"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(about_secrets[2]["after"]["secrets"], serde_json::json!([]));
    assert_eq!(
        about_secrets[0]["organizations"],
        serde_json::json!([CONSUMER])
    );
    let whole = entries
        .iter()
        .map(|entry| entry.text.as_str())
        .collect::<String>();
    for text in texts {
        assert!(!whole.contains(text.expose()));
    }
}
