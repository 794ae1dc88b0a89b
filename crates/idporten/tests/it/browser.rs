//! The pages in a real browser: `tests/browser/check.mjs` drives a headless Chromium, which
//! `scripts/setup.sh test` installs, with Playwright and axe-core, which `scripts/clients.sh` installs.
//! Screenshots are left in `target/screenshots/pages`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_idporten::pages::{Asset, Language};

use crate::hostile::PAYLOADS;
use crate::samples::{Given, Hosts, pages};

/// Pages that differ from others in one sentence are looked at in one language.
const SIMILAR: [&str; 8] = [
    "logout-former",
    "selector-nomatch",
    "error-request",
    "error-nomatch",
    "error-notfound",
    "error-nosession",
    "error-toomany",
    "error-unavailable",
];

/// Serves the pages at `/{language}/{page}`, with hostile texts at `/hostile-{number}/{page}`, and says of
/// every other request what it was.
fn router(other_origin: String) -> Router {
    Router::new()
        .route("/pages.json", get(list))
        .route("/framed", get(framed))
        .route("/assets/{file}", get(asset))
        .route("/login", post(cancelled).fallback(received))
        .route("/{edition}/{page}", get(page).fallback(received))
        .fallback(received)
        .with_state(Arc::new(other_origin))
}

async fn list(State(other_origin): State<Arc<String>>) -> String {
    let pages = pages(&Given::usual(), Language::Bokmal, hosts(&other_origin));
    let names = pages.into_iter().map(|(name, _)| name);
    let (similar, names): (Vec<_>, Vec<_>) =
        names.partition(|name| SIMILAR.contains(&name.as_str()));
    assert_eq!(similar.len(), SIMILAR.len(), "each is a page");
    let payloads = PAYLOADS.len();
    serde_json::json!({ "pages": names, "similar": similar, "payloads": payloads }).to_string()
}

fn hosts(service: &str) -> Hosts<'_> {
    Hosts { service }
}

async fn page(
    State(other_origin): State<Arc<String>>,
    UrlPath((edition, name)): UrlPath<(String, String)>,
    uri: Uri,
) -> Response {
    let payload = edition
        .strip_prefix("hostile-")
        .and_then(|number| PAYLOADS.get(number.parse::<usize>().ok()?));
    let (given, language) = match (Language::from_tag(&edition), payload) {
        (Some(language), _) => (Given::usual(), language),
        (None, Some(payload)) => (Given::everywhere(payload), Language::Bokmal),
        (None, None) => return received(Method::GET, uri, String::new()).await,
    };
    let pages = pages(&given, language, hosts(&other_origin));
    match pages.into_iter().find(|(known, _)| *known == name) {
        Some((_, page)) => (page.headers, page.html).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn asset(uri: Uri) -> Result<(HeaderMap, &'static [u8]), StatusCode> {
    let asset = Asset::find(uri.path()).ok_or(StatusCode::NOT_FOUND)?;
    Ok((asset.headers(), asset.content))
}

async fn received(method: Method, uri: Uri, body: String) -> Response {
    let text = format!("{method} {uri} {body}");
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!(
        "<!doctype html><title>received</title><pre>{text}</pre>"
    ))
    .into_response()
}

/// The login goes back to the service, which the policy of the page has to allow.
async fn cancelled(State(other_origin): State<Arc<String>>) -> Redirect {
    Redirect::to(&format!("{other_origin}/callback?error=access_denied"))
}

/// A page of somebody else that has one of ours in a frame.
async fn framed(uri: Uri) -> Html<String> {
    let target = uri.query().unwrap_or_default().replace('"', "");
    Html(format!(
        "<!doctype html><title>framed</title><iframe src=\"{target}\"></iframe>"
    ))
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_chromium() {
    let installed = root().join("target/clients/browser");
    assert!(
        installed.join("node_modules").exists(),
        "{} is missing: run scripts/clients.sh",
        installed.display()
    );
    // Node looks for modules beside the script, so the scripts go to where they are installed.
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    for name in ["chromium.mjs", "check.mjs"] {
        std::fs::copy(sources.join(name), installed.join(name)).unwrap();
    }

    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(loopback).await.unwrap();
    let port = listener.local_addr().port();
    // The same server by another name is another origin.
    let other_origin = format!("http://localhost:{port}");
    let router = router(other_origin.clone());
    let server = tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));

    let output = tokio::process::Command::new("node")
        .arg(installed.join("check.mjs"))
        .env("BASE_URL", format!("http://127.0.0.1:{port}"))
        .env("OTHER_ORIGIN", other_origin)
        .env("SCREENSHOTS", root().join("target/screenshots/pages"))
        .kill_on_drop(true)
        .output()
        .await
        .expect("node starts: run scripts/setup.sh test");
    server.abort();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    println!("{printed}");
}
