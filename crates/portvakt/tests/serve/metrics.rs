//! What `GET /metrics` says, and what strangers cannot make it say.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::harness::{Deployment, Server};

/// Series with their values.
struct Scrape(String);

impl Scrape {
    async fn of(server: &Server) -> Self {
        let answer = server.send("operations", "/metrics", Vec::new()).await;
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        Self(answer.text().await.unwrap())
    }

    fn samples(&self) -> BTreeMap<&str, &str> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.map(|line| line.rsplit_once(' ').unwrap());
        samples.collect()
    }

    fn value<N: FromStr>(&self, series: &str) -> N {
        let samples = self.samples();
        let value = samples.get(series).and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("{series} in {}", self.0))
    }

    fn count(&self, series: &str) -> u64 {
        self.value(series)
    }

    /// Each metric's name with its type and its labels, as the page lists them.
    fn metrics(&self) -> BTreeSet<(String, String, BTreeSet<String>)> {
        let types = self
            .0
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        let described = types.map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            (name.to_owned(), kind.to_owned(), self.labels(name))
        });
        described.collect()
    }

    fn labels(&self, name: &str) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        for series in self.samples().keys() {
            let (full, rest) = series.split_once('{').unwrap_or((series, ""));
            let parts = ["", "_bucket"].map(|end| format!("{name}{end}"));
            if parts.iter().any(|part| part == full) {
                let pairs = rest.trim_end_matches('}').split("\",");
                let names = pairs.filter_map(|pair| pair.split_once('='));
                labels.extend(names.map(|(name, _)| name.to_owned()));
            }
        }
        labels.remove("le");
        labels
    }
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const STRANGERS: u32 = 2000;
const CLIENTS: &str = r#"surface="selfservice",route="/clients",status="4xx""#;
const OPERATOR: &str = r#"surface="operator",route="/operator/v1",status="4xx""#;
const TOKEN: &str = "surface=\"maskinporten\",route=\"/token\"";

#[tokio::test]
async fn the_page_names_every_metric_and_no_other() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let scrape = Scrape::of(&server).await;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut documented = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let words = |cell: &str| -> BTreeSet<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        // The other table has two columns: when to be alarmed.
        if cells.len() != 5 {
            continue;
        }
        let name = words(cells[0]).pop_first().unwrap();
        documented.insert((name, cells[1].to_owned(), words(cells[3])));
    }
    assert_eq!(scrape.metrics(), documented);
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn decisions_and_requests_are_counted_where_they_belong() {
    let deployment = Deployment::new();
    let server = deployment.start().await;
    let grant = Deployment::grant();
    assert_eq!(server.exchange(&grant).await.0, 200);
    assert_eq!(server.exchange(&grant).await.0, 400);
    assert_eq!(server.get("maskinporten", "/nowhere").await.0, 404);
    assert_eq!(server.get("selfservice", "/api/v1/clients/").await.0, 401);
    assert_eq!(server.get("operations", "/operator/v1/x").await.0, 404);
    let scrape = Scrape::of(&server).await;
    let decisions = [
        ("outcome=\"issued\",refusal=\"none\",mp_code=\"none\"", 1),
        (
            "outcome=\"refused\",refusal=\"GrantReplayed\",mp_code=\"MP-012\"",
            1,
        ),
        (
            "outcome=\"refused\",refusal=\"ClientNotFound\",mp_code=\"MP-100\"",
            0,
        ),
        (
            "outcome=\"failed\",refusal=\"Unavailable\",mp_code=\"none\"",
            0,
        ),
    ];
    for (labels, value) in decisions {
        let series = format!("portvakt_token_decisions_total{{{labels}}}");
        assert_eq!(scrape.count(&series), value, "{labels}");
    }
    let unknown = "surface=\"maskinporten\",route=\"none\",status=\"4xx\"";
    let requests = [
        (format!("{TOKEN},status=\"2xx\""), 1),
        (format!("{TOKEN},status=\"4xx\""), 1),
        (unknown.to_owned(), 1),
        (CLIENTS.to_owned(), 1),
        (OPERATOR.to_owned(), 1),
    ];
    for (labels, value) in requests {
        let series = format!("portvakt_http_requests_total{{{labels}}}");
        assert_eq!(scrape.count(&series), value, "{labels}");
    }
    let count = format!("portvakt_http_request_duration_seconds_count{{{TOKEN}}}");
    assert_eq!(scrape.count(&count), 2);
    let idle = "portvakt_http_requests_in_flight{surface=\"maskinporten\"}";
    assert_eq!(scrape.count(idle), 0);
    let asking = "portvakt_http_requests_in_flight{surface=\"operations\"}";
    assert_eq!(scrape.count(asking), 1, "the request that asks");
    let written = scrape.count("portvakt_ledger_grants_total");
    assert_eq!(written, 1, "for a replay alone nothing is written");
    assert_eq!(
        scrape.count("portvakt_signing_keys{surface=\"maskinporten\",state=\"active\"}"),
        1
    );
    assert!(scrape.value::<f64>("portvakt_registry_age_seconds") < 5.0);
    assert!(scrape.value::<f64>("process_resident_memory_bytes") > 1e6);
    assert!(scrape.value::<f64>("process_open_fds") > 3.0);
    assert!(server.stopped().await.success());
}

/// Threat: labels that strangers choose, with which memory grows.
#[tokio::test]
async fn strangers_cannot_add_a_series() {
    let deployment = Deployment::new().with_logins();
    let server = deployment.start().await;
    let before = Scrape::of(&server).await;
    let client = reqwest::Client::new();
    for number in 0..STRANGERS {
        let name = format!("fremmed-{number}");
        let form = format!("grant_type={JWT_BEARER}&assertion={}", forged(&name));
        let asked = client.post(server.url("maskinporten", "/token"));
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(asked.body(form).send().await.unwrap().status(), 400);
        let (surface, path) = match number % 5 {
            4 => ("idporten", format!("/login/{name}?txn={name}")),
            0 => ("maskinporten", format!("/{name}/{name}")),
            1 => ("maskinporten", format!("/errors/{name}")),
            2 => ("selfservice", format!("/api/v1/clients/{name}")),
            _ => ("operations", format!("/operator/v1/clients/{name}")),
        };
        let answer = client.get(server.url(surface, &path)).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{path}");
    }
    let after = Scrape::of(&server).await;
    let names = |scrape: &Scrape| -> BTreeSet<String> {
        scrape
            .samples()
            .keys()
            .map(|&name| name.to_owned())
            .collect()
    };
    assert_eq!(names(&before), names(&after));
    let not_found = "outcome=\"refused\",refusal=\"ClientNotFound\",mp_code=\"MP-100\"";
    let counted = format!("portvakt_token_decisions_total{{{not_found}}}");
    assert_eq!(after.count(&counted), u64::from(STRANGERS));
    assert!(!after.0.contains("fremmed"), "{}", after.0);
    assert!(server.stopped().await.success());
}

/// A grant of somebody who does not exist, with a name for everything.
fn forged(name: &str) -> String {
    let now = portvakt_core::Clock::now(&portvakt_core::SystemClock).seconds();
    let header = json!({"alg": "RS256", "kid": name});
    let claims = json!({
        "aud": "https://maskinporten.example.no/", "iss": name, "scope": format!("{name}:{name}"),
        "iat": now, "exp": now + 100, "jti": name, "resource": name,
    });
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signature = URL_SAFE_NO_PAD.encode([1; 256]);
    format!("{}.{}.{signature}", parts[0], parts[1])
}
