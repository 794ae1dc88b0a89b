//! XSS: every text that a client, an owner of scopes, a supplier's customer, an organization or a browser
//! can bring, on every page that shows it, in all four languages (spec: idporten §17, §20).

use portvakt_core::client::OnBehalfOf;
use portvakt_core::clock::Timestamp;
use portvakt_testkit::{HAVBRIS, LYNGVIK, NOW, World};

use crate::harness::{API, APP, Answer, Browser, LoginServer, PID, callback, request, world};

/// Ends an attribute, a title, a text and a script, wherever it stands unescaped.
const HOSTILE: &str = "\"'></title><script>alert(1)</script><img src=x onerror=alert(1)>";

/// How it is shown.
const SHOWN: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

/// What a page may not contain of it.
const MARKUP: [&str; 6] = [
    "<script>alert",
    "<img src=x",
    "\"'>",
    "=\"javascript:",
    "url=javascript:",
    "=\"data:text/html",
];

/// Everything that is registered is hostile.
fn hostile() -> World {
    let mut world = world();
    world.organization(LYNGVIK, HOSTILE);
    HOSTILE.clone_into(&mut world.organization_mut(HAVBRIS).name);
    let api = world.scope_mut(API);
    HOSTILE.clone_into(&mut api.description);
    let long = |language: &str| {
        format!(
            "{language} {HOSTILE} [a](javascript:alert(1)) [{HOSTILE}](https://eksempel.no/\"{HOSTILE})"
        )
    };
    api.long_description = Some(long("nb"));
    for language in ["nn", "en", "se"] {
        let description = format!("{language} {HOSTILE}");
        api.translations.extend([
            (format!("description#{language}"), description),
            (format!("long_description#{language}"), long(language)),
        ]);
    }
    let app = &mut world.client_mut(APP).0;
    HOSTILE.clone_into(&mut app.client_name);
    HOSTILE.clone_into(&mut app.description);
    app.login.display_name = Some(HOSTILE.to_owned());
    app.login.client_uri = Some(format!("javascript:alert(1)//{HOSTILE}"));
    let now = Timestamp::from_seconds(NOW);
    world.on_behalf_of.push(OnBehalfOf {
        client_id: APP.parse().unwrap(),
        onbehalfof: "kunde".to_owned(),
        name: HOSTILE.to_owned(),
        orgno: LYNGVIK.parse().unwrap(),
        client_uri: Some("data:text/html,<script>alert(1)</script>".to_owned()),
        description: Some(HOSTILE.to_owned()),
        active: true,
        created: now,
        last_updated: now,
    });
    world
}

/// A page whose policy would stop a script, and that has none of the text as markup.
#[track_caller]
fn check(page: &Answer, what: &str) {
    assert!(page.body.contains("<html lang="), "{what}: {page:?}");
    for markup in MARKUP {
        assert!(
            !page.body.contains(markup),
            "{what}: {markup}: {}",
            page.body
        );
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; "),
        "{what}: {policy}"
    );
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
}

#[track_caller]
fn check_shown(page: &Answer, what: &str) {
    check(page, what);
    assert!(page.body.contains(SHOWN), "{what} shows it: {}", page.body);
}

/// From the selector to the last page of the logout, in one language.
async fn walk(server: &LoginServer, language: &str, customer: Option<&str>) {
    let mut browser = Browser::new(server);
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid {API}"));
    parameters.insert("ui_locales", format!("{HOSTILE} {language}"));
    parameters.insert("login_hint", format!("testid:{HOSTILE}"));
    parameters.insert("response_mode", "form_post".to_owned());
    for name in ["state", "nonce"] {
        parameters.insert(name, HOSTILE.to_owned());
    }
    if let Some(customer) = customer {
        parameters.insert("onbehalfof", customer.to_owned());
    }
    let what = |page: &str| format!("{language}, {customer:?}, {page}");
    let speaks = format!("<html lang=\"{language}\"");
    let begun = browser.authorize(&parameters).await;
    let login = begun.header("location").to_owned();
    let selector = browser.get(&login).await;
    check_shown(&selector, &what("selector"));
    assert!(selector.body.contains(&speaks), "{}", what("selector"));
    let testid = browser
        .get(&login.replace("/login?", "/login/testid?"))
        .await;
    check_shown(&testid, &what("testid"));
    let typed = [("pid", HOSTILE), ("person", HOSTILE), ("level", HOSTILE)];
    let again = browser.submit(&testid, "/login/testid", &typed).await;
    check_shown(&again, &what("testid again"));
    let fields = [("pid", PID), ("action", "login")];
    let to_consent = browser.submit(&again, "/login/testid", &fields).await;
    let dialog = browser.get(to_consent.header("location")).await;
    check_shown(&dialog, &what("consent"));
    assert!(dialog.body.contains(&speaks), "{}", what("consent"));
    let own = format!("{language} &#34;&#39;&#62;");
    let translated = language == "nb" || dialog.body.contains(&own);
    assert!(translated, "{}: {}", what("its language"), dialog.body);
    let accept = [("action", "accept")];
    let answer = browser.submit(&dialog, "/consent", &accept).await;
    check_shown(&answer, &what("form post"));
    assert!(
        answer.body.contains(&speaks),
        "{}: {}",
        what("form post"),
        answer.body
    );

    let code = answer.field("code");
    let tokens = server.redeem(APP, &code).await.json();
    let leave = [
        ("id_token_hint", tokens["id_token"].as_str().unwrap()),
        (
            "post_logout_redirect_uri",
            &format!("https://{APP}.eksempel.no/ut"),
        ),
        ("state", HOSTILE),
        ("ui_locales", &format!("{HOSTILE} {language}")),
        ("logout_hint", HOSTILE),
    ];
    let url = url::Url::parse_with_params(&format!("{}/logout", server.base), leave).unwrap();
    let progress = browser.get(url.as_str()).await;
    check_shown(&progress, &what("logout"));
    assert!(progress.body.contains(&speaks), "{}", what("logout"));
    let state: String = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    assert!(progress.body.contains(&state), "the service gets it back");
}

#[tokio::test]
async fn what_others_chose_is_text_on_every_page_in_every_language() {
    let server = LoginServer::with(hostile(), |_| ()).await;
    for language in ["nb", "nn", "en", "se"] {
        for customer in [None, Some("kunde")] {
            walk(&server, language, customer).await;
        }
    }
}

/// Errors: in the page for the person, in the page that posts them, in the address, and in JSON.
#[tokio::test]
async fn errors_repeat_names_of_scopes_as_text_alone() {
    let server = LoginServer::with(hostile(), |_| ()).await;
    let mut browser = Browser::new(&server);
    for language in ["nb", "nn", "en", "se"] {
        let mut parameters = request(APP);
        parameters.insert(
            "scope",
            format!("openid fjord:{}", HOSTILE.replace([' ', '"'], "")),
        );
        parameters.insert("state", HOSTILE.to_owned());
        parameters.insert("ui_locales", language.to_owned());
        let told = browser.authorize(&parameters).await;
        assert_eq!(told.location()["error"], "invalid_scope");
        assert!(
            !told.header("location").contains(['<', '>', '"', '\'']),
            "{told:?}"
        );
        parameters.insert("response_mode", "form_post".to_owned());
        let page = browser.authorize(&parameters).await;
        check_shown(&page, "form post of an error");
        assert!(page.field("error_description").contains("&#60;script&#62;"));

        // Nobody can be told: the page names the service, and leads to no script.
        parameters.insert("redirect_uri", format!("{}{HOSTILE}", callback(APP)));
        let page = browser.authorize(&parameters).await;
        check_shown(&page, "error page");
        assert!(
            page.body.contains(&format!("<html lang=\"{language}\"")),
            "{page:?}"
        );
    }
    let form = [
        ("grant_type", HOSTILE),
        ("scope", HOSTILE),
        ("code", HOSTILE),
    ];
    let json = server.post_as(APP, "/token", &form).await;
    assert!(json.header("content-type").starts_with("application/json"));
    assert!(!json.body.contains("<script>"), "{json:?}");
}
