//! `portvakt explain`: every check of a grant, in order; what failed, what was compared with what,
//! and what helps. A grant that is explained is not used up.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::data_dir::{DataDir, DataDirArgs};
use crate::grant_args::GrantArgs;
use crate::input;
use crate::output::Output;
use crate::token_client::{ServerArgs, TokenClient, get_json, read_bounded};

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The grant, a file that holds it, or `-` for standard input
    #[arg(conflicts_with_all = ["request_id", "client"])]
    grant: Option<String>,
    /// Explain a request that was refused, by the trace id of its answer
    #[arg(long, value_name = "ID", conflicts_with = "client")]
    request_id: Option<String>,
    /// Decide as if it were then: RFC 3339 or seconds since 1970
    #[arg(long, value_name = "INSTANT", conflicts_with = "request_id")]
    at: Option<String>,
    #[command(flatten)]
    described: GrantArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Prints the explanation; fails when the grant is, or would be, refused.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let data_dir = args.data_dir.data_dir();
    let base = data_dir.endpoints()?.operations.base_url;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let explanation = if let Some(id) = &args.request_id {
        remembered(&http, &base, id).await?
    } else {
        let grant = grant(&args, &data_dir).await?;
        ask(&http, &base, grant.trim(), args.at.as_deref()).await?
    };
    output.result(&explanation, describe(&explanation))?;
    match failures(&explanation).next() {
        Some(first) => bail!("refused: {}", text(first, "compared")),
        None => Ok(()),
    }
}

/// The grant that was given, or one that the flags describe.
async fn grant(args: &Args, data_dir: &DataDir) -> anyhow::Result<String> {
    match (&args.grant, &args.described.client) {
        (Some(grant), _) => input::read(grant),
        (None, Some(_)) => {
            let client = TokenClient::discover(&ServerArgs { issuer: None }, data_dir).await?;
            args.described
                .sign(client.issuer(), client.now().await, data_dir)
        }
        (None, None) => bail!(
            "name a grant (or `-`), a --request-id, or describe one with --client and --scope"
        ),
    }
}

async fn ask(
    http: &reqwest::Client,
    base: &str,
    grant: &str,
    at: Option<&str>,
) -> anyhow::Result<Value> {
    let mut url = url::Url::parse(&format!("{base}/dev/explain"))
        .context("read the address of the server")?;
    if let Some(at) = at {
        url.query_pairs_mut().append_pair("at", at);
    }
    let request = http
        .post(url)
        .header("content-type", "text/plain")
        .body(grant.to_owned());
    let response = request
        .send()
        .await
        .context("ask the server (is `portvakt dev` running?)")?;
    let status = response.status();
    let body: Value = serde_json::from_slice(&read_bounded(response).await?)
        .with_context(|| format!("the server answered {status} without JSON"))?;
    if !status.is_success() {
        bail!(
            "the server answered {status}: {}",
            text(&body, "error_description")
        );
    }
    Ok(body)
}

async fn remembered(http: &reqwest::Client, base: &str, id: &str) -> anyhow::Result<Value> {
    let well_formed = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !well_formed {
        bail!("a request id is the 32 hex digits of the trace id");
    }
    let entry = get_json(http, &format!("{base}/dev/requests/{id}"))
        .await
        .context("the server does not remember this request")?;
    match entry.get("explanation") {
        Some(explanation) => Ok(explanation.clone()),
        None => bail!("the request was not refused for its grant: {entry}"),
    }
}

/// One line for each check; below a failed one, what was compared and what helps.
fn describe(explanation: &Value) -> String {
    let mut lines = Vec::new();
    for check in explanation["checks"].as_array().into_iter().flatten() {
        let mark = match check["result"].as_str() {
            Some("passed") => "✓",
            Some("failed") => "✗",
            _ => "·",
        };
        lines.push(format!("{mark} {}", text(check, "title")));
        if mark == "✗" {
            let code = check["mp_code"]
                .as_str()
                .map(|code| format!(" {code}"))
                .unwrap_or_default();
            lines.push(format!(
                "    {}{code}: {}",
                text(check, "error"),
                text(check, "compared")
            ));
            lines.push(format!("    next: {}", text(check, "next_step")));
        }
    }
    let outcome = if failures(explanation).next().is_none() {
        "a token would be issued"
    } else {
        "refused"
    };
    lines.push(format!(
        "decided at {}: {outcome}",
        text(explanation, "decided_at")
    ));
    lines.join("\n")
}

fn failures(explanation: &Value) -> impl Iterator<Item = &Value> {
    let checks = explanation["checks"].as_array().into_iter().flatten();
    checks.filter(|check| check["result"] == "failed")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
