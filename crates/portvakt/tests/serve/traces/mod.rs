//! Traces, as a collector gets them from a running server.

mod collector;
mod context;
mod failures;
mod logins;
mod secrets;
mod spans;

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName};

use crate::harness::{Deployment, Server};

/// A deployment whose traces go to the collector.
fn traced(deployment: Deployment, endpoint: &str) -> Deployment {
    deployment.with("PORTVAKT__TRACES__ENDPOINT", endpoint)
}

/// The status of the answer to a right grant that was sent with these headers.
async fn exchange(server: &Server, headers: &[(&'static str, &str)]) -> u16 {
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}",
        Deployment::grant()
    );
    let lines = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    let request = reqwest::Client::new()
        .post(server.url("maskinporten", "/token"))
        .headers(lines.collect::<HeaderMap>())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    request.send().await.unwrap().status().as_u16()
}

fn hex(id: &[u8]) -> String {
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    digits.collect()
}

/// How many spans have come to this end, as the metric tells.
async fn counted(server: &Server, result: &str) -> u64 {
    let answer = server.send("operations", "/metrics", Vec::new()).await;
    let text = answer.text().await.unwrap();
    let series = format!("portvakt_trace_spans_total{{result=\"{result}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value.unwrap().parse().unwrap()
}

/// Asks until spans have come to this end.
async fn until_counted(server: &Server, result: &str) {
    let asked = async {
        while counted(server, result).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, asked).await.unwrap();
}
