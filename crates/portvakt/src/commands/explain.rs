//! `portvakt explain`: why a grant is, or was, refused: every check in order, what was compared with
//! what, and what helps, as far as whoever asks proves to be entitled to it. A grant that is
//! explained is not used up.

mod describe;

use std::time::Duration;

use anyhow::{Context, bail};
use portvakt_client::{Answer, HttpClient};
use serde_json::{Value, json};

use self::describe::{describe, failures, text};
use crate::data_dir::{DataDir, DataDirArgs};
use crate::grant_args::GrantArgs;
use crate::input;
use crate::output::Output;
use crate::server_args::ServerArgs;

/// A grant that only proves who asks needs some scope to be well-formed.
const PROOF_SCOPE: &str = "openid";

/// How often, and after which pause, a request that is not known is asked for again.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The grant, a file that holds it, or `-` for standard input
    #[arg(conflicts_with = "client")]
    grant: Option<String>,
    /// Explain a request that was refused in the last 24 hours, by the trace id of its answer; a
    /// grant, or --client with its key, then proves who asks
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Decide as if it were then, at most 24 hours from now: RFC 3339 or seconds since 1970
    #[arg(long, value_name = "INSTANT", conflicts_with = "request_id")]
    at: Option<String>,
    /// Access token of an administration client, which shows the side of its organization; the
    /// token, a file that holds it, or `-`
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// The self-service API to ask [default: the development server of the data folder]
    #[arg(long, value_name = "URL", env = "PORTVAKT_SELFSERVICE")]
    selfservice: Option<String>,
    #[command(flatten)]
    described: GrantArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Prints the explanation; fails when the grant is, or would be, refused.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let data_dir = args.data_dir.data_dir();
    let base = match &args.selfservice {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => data_dir.endpoints()?.selfservice.base_url,
    };
    let question = question(&args, &data_dir).await?;
    let token = args.token.as_deref().map(input::read).transpose()?;
    let explanation = ask(
        &args.server.http.client()?,
        &base,
        &question,
        token.as_deref(),
    )
    .await?;
    output.result(&explanation, describe(&explanation))?;
    match failures(&explanation).next() {
        Some(first) => bail!("refused: {}", text(first, "compared")),
        None if explanation["outcome"] == "issued" => Ok(()),
        None => bail!(
            "refused: {}",
            text(&explanation["refusal"], "error_description")
        ),
    }
}

/// The body of the request.
async fn question(args: &Args, data_dir: &DataDir) -> anyhow::Result<Value> {
    if let Some(id) = &args.request_id {
        let well_formed = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !well_formed {
            bail!("a request id is the 32 hex digits of the trace id");
        }
        let proof = proof(args, data_dir, id).await?;
        return Ok(json!({ "request_id": id, "assertion": proof }));
    }
    let grant = match (&args.grant, &args.described.client) {
        (Some(grant), _) => input::read(grant)?,
        (None, Some(_)) => sign(&args.described, &args.server, data_dir).await?,
        (None, None) => bail!(
            "name a grant (or `-`), a --request-id, or describe one with --client and --scope"
        ),
    };
    Ok(json!({ "assertion": grant.trim(), "at": args.at }))
}

/// A grant of the client that was refused: the one that is given, or one that its key makes now.
async fn proof(args: &Args, data_dir: &DataDir, id: &str) -> anyhow::Result<Option<String>> {
    if let Some(grant) = &args.grant {
        return Ok(Some(input::read(grant)?.trim().to_owned()));
    }
    let mut described = args.described.clone();
    if described.client.is_none() {
        if args.selfservice.is_some() {
            return Ok(None);
        }
        // The development server's clients have their keys in its folder.
        described.client = refused_client(&args.server.http.client()?, data_dir, id).await;
        let has_key = |client: &String| {
            let file = data_dir.keys().join(format!("{client}.jwk.json"));
            file.exists()
        };
        if !described.client.as_ref().is_some_and(has_key) {
            return Ok(None);
        }
    }
    if described.scope.is_empty() {
        described.scope.push(PROOF_SCOPE.to_owned());
    }
    sign(&described, &args.server, data_dir).await.map(Some)
}

/// Whose request it was, if the development server still has it among its last ones.
async fn refused_client(http: &HttpClient, data_dir: &DataDir, id: &str) -> Option<String> {
    let base = data_dir.endpoints().ok()?.operations.base_url;
    let url = http
        .address(&base)
        .ok()?
        .below(&format!("/dev/requests/{id}"));
    let entry: Value = http.get_json(&url, "request").await.ok()?;
    entry["client_id"].as_str().map(str::to_owned)
}

async fn sign(
    described: &GrantArgs,
    server: &ServerArgs,
    data_dir: &DataDir,
) -> anyhow::Result<String> {
    let found = server.discover(data_dir).await?;
    described.sign(&found, data_dir).await
}

async fn ask(
    http: &HttpClient,
    base: &str,
    question: &Value,
    token: Option<&str>,
) -> anyhow::Result<Value> {
    let url = http.address(base)?.below("/explain");
    let token = token.map(str::trim);
    let post = async || {
        let answer = http.post_json(&url, question, token).await;
        answer.context("ask the server (is `portvakt dev` running?)")
    };
    let is_unknown = |answer: &Answer| answer.status == 404 && question["request_id"].is_string();
    let mut answer = post().await?;
    // A refusal is remembered a moment after it was answered.
    for _ in 0..ATTEMPTS {
        if !is_unknown(&answer) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = post().await?;
    }
    if is_unknown(&answer) {
        bail!("no request of this id was refused in the last 24 hours");
    }
    let status = answer.status;
    let body: Value = serde_json::from_slice(&answer.body)
        .with_context(|| format!("the server answered {status} without JSON"))?;
    if !answer.is_success() {
        let message = text(&body, "error_description").trim_start_matches(", ");
        bail!("the server answered {status}: {message}");
    }
    Ok(body)
}
