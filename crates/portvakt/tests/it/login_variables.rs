//! `IDPORTEN_*`: the variables of workloads that people log in to, with a scripted issuer in the place
//! of ID-porten.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use serde_json::{Value, json};

use crate::support::{DevServer, Ran, portvakt, ran};

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

const CLIENT: &str = "
apiVersion: nais.io/v1
kind: IDPortenClient
metadata: {name: minside, namespace: innbygger}
spec:
  clientURI: https://minside.example.no
  redirectURI: https://minside.example.no/oauth2/callback
  redirectURIs:
    - https://minside.example.no/oauth2/callback
    - http://localhost:3000/oauth2/callback
  frontchannelLogoutURI: https://minside.example.no/oauth2/logout/frontchannel
  postLogoutRedirectURIs: [https://minside.example.no/farvel]
  sessionLifetime: 10800
  secretName: idporten-minside
";

const APPLICATION: &str = "
apiVersion: nais.io/v1alpha1
kind: Application
metadata: {name: innsyn, namespace: innbygger}
spec:
  image: example/innsyn:2
  ingresses: [https://innsyn.example.no]
  idporten: {enabled: true, sidecar: {enabled: true}}
";

/// A server on a free port that answers every request with a response, made for its address and the
/// request's path. It stops when it is dropped.
struct Issuer {
    url: String,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Issuer {
    fn start(answer: impl Fn(&str, &str) -> Response + Clone + Send + Sync + 'static) -> Self {
        let (bound, address) = std::sync::mpsc::channel();
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listener = Listener::bind(any).await.unwrap();
                let url = format!("http://{}", listener.local_addr());
                bound.send(url.clone()).unwrap();
                let app = Router::new().fallback(move |uri: Uri| {
                    let response = answer(&url, uri.path());
                    async move { response }
                });
                serve(listener, app, Limits::default(), told).await;
            });
        });
        Self {
            url: address.recv().unwrap(),
            shutdown,
            thread: Some(thread),
        }
    }

    /// One with the metadata of an OpenID provider.
    fn faithful() -> Self {
        Self::start(|base, path| match path {
            WELL_KNOWN => metadata(base).to_string().into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        })
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shutdown.trigger();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// As ID-porten has it, as far as a client reads it.
fn metadata(base: &str) -> Value {
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks.json"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "end_session_endpoint": format!("{base}/logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "acr_values_supported": ["idporten-loa-substantial", "idporten-loa-high"],
        "ui_locales_supported": ["nb", "nn", "en", "se"],
    })
}

/// A server with a manifest in its folder.
fn with(manifest: &str) -> DevServer {
    let server = DevServer::start();
    std::fs::write(server.folder().join("app.yaml"), manifest).unwrap();
    server
}

/// Runs a command on the manifest, with this issuer of login clients.
fn command(server: &DevServer, issuer: &str, command: &[&str]) -> Ran {
    let (name, more) = command.split_first().unwrap();
    ran(portvakt(server.folder())
        .args([name, "-f", "app.yaml", "--idporten-issuer", issuer])
        .args(more)
        .env("NO_PROXY", "*"))
}

fn idporten(variables: &Value) -> Vec<(&str, &str)> {
    let pairs = variables.as_object().unwrap().iter();
    let pairs = pairs.filter(|(name, _)| name.starts_with("IDPORTEN_"));
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect()
}

#[test]
fn a_login_client_has_the_seven_documented_variables() {
    let (server, issuer) = (with(CLIENT), Issuer::faithful());
    let script = r#"
        test -n "$IDPORTEN_CLIENT_ID" && test -n "$IDPORTEN_CLIENT_JWK" &&
        test "$IDPORTEN_REDIRECT_URI" = https://minside.example.no/oauth2/callback &&
        curl -sSf "$IDPORTEN_WELL_KNOWN_URL" | grep -q "\"$IDPORTEN_ISSUER\"" &&
        test -z "${IDPORTEN_STALE:-}" && exit 42"#;
    let run = ["run", "--", "sh", "-c", script];
    let (name, more) = run.split_first().unwrap();
    let ended = ran(portvakt(server.folder())
        .args([name, "-f", "app.yaml", "--idporten-issuer", &issuer.url])
        .args(more)
        .env("IDPORTEN_STALE", "x")
        .env("NO_PROXY", "*"));
    assert_eq!(ended.code(), 42, "{}", ended.errors());
    let variables = command(&server, &issuer.url, &["env", "--format", "json"]).json();
    let found = idporten(&variables);
    let value = |name: &str| {
        let pair = found.iter().find(|(found, _)| *found == name);
        pair.unwrap_or_else(|| panic!("{name} is missing")).1
    };
    assert_eq!(found.len(), 7, "{found:?}");
    let url = &issuer.url;
    assert_eq!(value("IDPORTEN_ISSUER"), url);
    assert_eq!(
        value("IDPORTEN_WELL_KNOWN_URL"),
        format!("{url}{WELL_KNOWN}")
    );
    assert_eq!(value("IDPORTEN_JWKS_URI"), format!("{url}/jwks.json"));
    assert_eq!(value("IDPORTEN_TOKEN_ENDPOINT"), format!("{url}/token"));
    let key: Value = serde_json::from_str(value("IDPORTEN_CLIENT_JWK")).unwrap();
    for member in ["kid", "alg", "use", "n", "d"] {
        assert!(key[member].is_string(), "{member}");
    }
    // The client is registered, under the id that the variable has, and its key too.
    let id = value("IDPORTEN_CLIENT_ID");
    let shown = server
        .run(&["client", "show", id, "--output", "json"])
        .json();
    assert_eq!(shown["integration_type"], "idporten", "{shown}");
    let redirects = "http://localhost:3000/oauth2/callback";
    assert!(shown.to_string().contains(redirects), "{shown}");
    // As files, where the platform mounts them.
    command(&server, &issuer.url, &["env", "--dir", "secrets"]).done();
    let file = server.folder().join("secrets/idporten/IDPORTEN_CLIENT_ID");
    assert_eq!(std::fs::read_to_string(file).unwrap(), id);
}

#[test]
fn an_application_shares_a_login_client_unless_it_asks_for_its_own() {
    let (server, issuer) = (with(APPLICATION), Issuer::faithful());
    let env = ["env", "--format", "json"];
    let shared = command(&server, &issuer.url, &env).json();
    let names: Vec<_> = idporten(&shared).iter().map(|(name, _)| *name).collect();
    let issuer_alone = [
        "IDPORTEN_ISSUER",
        "IDPORTEN_JWKS_URI",
        "IDPORTEN_TOKEN_ENDPOINT",
        "IDPORTEN_WELL_KNOWN_URL",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, issuer_alone);
    let file = server.folder().join("idporten-sso");
    std::fs::write(file, "IDPORTEN_AUDIENCE=innsyn\n").unwrap();
    let from = ["--env-from", "idporten-sso=idporten-sso"];
    let given = command(&server, &issuer.url, &[&env[..], &from].concat()).json();
    assert_eq!(given["IDPORTEN_AUDIENCE"], "innsyn");
    let own = command(&server, &issuer.url, &["apply", "--own-idporten-client"]);
    own.done();
    let own = command(
        &server,
        &issuer.url,
        &[&env[..], &["--own-idporten-client"]].concat(),
    )
    .json();
    assert_eq!(idporten(&own).len(), 7, "{own}");
    assert_eq!(
        own["IDPORTEN_REDIRECT_URI"],
        "https://innsyn.example.no/oauth2/callback"
    );
}

#[test]
fn bad_metadata_is_told_before_anything_is_changed() {
    type Answer = fn(&str, &str) -> Response;
    let bad: [(Answer, &str); 6] = [
        (
            |_, _| metadata("https://idporten.no").to_string().into_response(),
            "https://idporten.no",
        ),
        (|_, _| "<html>".into_response(), "metadata"),
        (
            |base, _| {
                let mut document = metadata(base);
                document.as_object_mut().unwrap().remove("jwks_uri");
                document.to_string().into_response()
            },
            "metadata",
        ),
        (
            |base, _| {
                let mut document = metadata(base);
                document["token_endpoint"] = json!("http://idporten.example/token");
                document.to_string().into_response()
            },
            "http://idporten.example/token",
        ),
        (|_, _| StatusCode::NOT_FOUND.into_response(), "404"),
        (
            |_, _| (StatusCode::FOUND, [("location", "https://idporten.no/")]).into_response(),
            "302",
        ),
    ];
    let server = with(CLIENT);
    for (answer, named) in bad {
        let issuer = Issuer::start(answer);
        let refused = command(&server, &issuer.url, &["run", "--", "true"]);
        let line = refused.failed();
        assert!(line.contains(named), "{named}: {line}");
    }
    let unnamed = server
        .run(&["run", "-f", "app.yaml", "--", "true"])
        .failed();
    assert!(unnamed.contains("--idporten-issuer"), "{unnamed}");
    let issuer = Issuer::faithful();
    let plan = ["plan", "--output", "json"];
    let plan = command(&server, &issuer.url, &plan).json();
    assert_eq!(
        plan["plan"]["steps"][0]["action"]["action"],
        "create_client"
    );
}
