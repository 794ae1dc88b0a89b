//! What is withdrawn while people are logged in: it acts on the tokens that there are, and on new ones.

use portvakt_testkit::{FJORDETATEN, HAVBRIS, World, second_signing_key};

use crate::harness::{API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, request};

const OPERATOR: &str = "991825827";

type Change = fn(&mut World);

/// What is answered: to the browser of somebody who is logged in, to the API that introspects the access
/// token, at the userinfo endpoint, and to the refresh token.
type Outcome = [&'static str; 4];

const ALL: Outcome = [
    "code",
    "fjord:barnehage/plass.read",
    "200",
    "openid profile fjord:barnehage/plass.read",
];
const STOPPED: Outcome = ["400", "inactive", "invalid_token", "invalid_client"];
const WITHOUT_API: Outcome = ["invalid_scope", "inactive", "200", "openid profile"];

/// Spec: idporten §4.2 and §5: inactive clients are refused everywhere.
const WITHDRAWALS: [(&str, Change, Outcome); 9] = [
    ("nothing", |_| (), ALL),
    (
        "the client",
        |world| world.client_mut(APP).0.active = false,
        STOPPED,
    ),
    (
        "its organization",
        |world| world.organization_mut(HAVBRIS).active = false,
        STOPPED,
    ),
    // It authenticates the client, who needs no new login to lose it.
    (
        "its key",
        |world| world.client_mut(APP).1 = vec![second_signing_key().public_jwk("other")],
        ["code", API, "200", "invalid_client"],
    ),
    (
        "the scope",
        |world| world.scope_mut(API).active = false,
        WITHOUT_API,
    ),
    (
        "the organization's access",
        |world| world.withdraw(API, HAVBRIS),
        WITHOUT_API,
    ),
    (
        "the API's owner, whose client introspects",
        |world| world.organization_mut(FJORDETATEN).active = false,
        ["invalid_scope", "invalid_client", "200", "openid profile"],
    ),
    (
        "the client's right to userinfo",
        |world| {
            let scopes = &mut world.client_mut(APP).0.scopes;
            scopes.retain(|scope| scope.as_str() != "profile");
        },
        [
            "invalid_scope",
            API,
            "insufficient_scope",
            "openid fjord:barnehage/plass.read",
        ],
    ),
    (
        "every scope of the client",
        |world| world.client_mut(APP).0.scopes.clear(),
        [
            "invalid_scope",
            "inactive",
            "invalid_token",
            "invalid_grant",
        ],
    ),
];

fn world() -> World {
    let mut world = crate::harness::world();
    world.scope_mut(API).requires_user_consent = false;
    // The scopes of logins are nobody's who is stopped here.
    world.organization(OPERATOR, "Digitaliseringsdirektoratet");
    for name in ["openid", "profile"] {
        world.scope_mut(name).owner_orgno = OPERATOR.parse().unwrap();
    }
    world
}

fn refusal(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap().to_owned()
}

async fn outcome(
    server: &LoginServer,
    browser: &mut Browser<'_>,
    tokens: &[String; 2],
) -> [String; 4] {
    let [access, refresh] = tokens;
    let asked = browser.authorize(&with_api()).await;
    let asked = match asked.status.as_u16() {
        302 if asked.location().contains_key("code") => "code".to_owned(),
        302 => asked.location()["error"].clone(),
        status => status.to_string(),
    };
    let form = [("token", access.as_str())];
    let told = server.post_as(BARNEHAGE, "/token/introspect", &form).await;
    let told = match told.status.as_u16() {
        200 if told.json()["active"] == true => told.json()["scope"].as_str().unwrap().to_owned(),
        200 => "inactive".to_owned(),
        _ => refusal(&told),
    };
    let person = server.userinfo(access).await;
    let person = match person.status.as_u16() {
        200 => "200".to_owned(),
        _ => refusal(&person),
    };
    let refreshed = server.refresh(APP, refresh).await;
    let refreshed = match refreshed.status.as_u16() {
        200 => refreshed.json()["scope"].as_str().unwrap().to_owned(),
        _ => refusal(&refreshed),
    };
    [asked, told, person, refreshed]
}

fn with_api() -> std::collections::BTreeMap<&'static str, String> {
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    parameters
}

/// Threat: what was withdrawn goes on with the logins and the tokens that there are.
#[tokio::test]
async fn a_withdrawal_acts_on_the_tokens_that_there_are() {
    let server = LoginServer::with(world(), |_| ()).await;
    for (what, withdraw, expected) in WITHDRAWALS {
        let mut browser = Browser::new(&server);
        let selector = browser.authorize(&with_api()).await;
        let answer = browser.log_in(&selector, PID, "substantial").await;
        let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
        let tokens =
            ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap().to_owned());
        let mut changed = world();
        withdraw(&mut changed);
        changed.save(server.store.as_ref()).await;
        let outcome = outcome(&server, &mut browser, &tokens).await;
        assert_eq!(outcome, expected, "{what} is withdrawn");
        world().save(server.store.as_ref()).await;
    }
}
