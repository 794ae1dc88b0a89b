//! `portvakt inspect`: show what a token, a grant, a key or a certificate says. Nothing is verified.

use anyhow::{Context, bail};
use portvakt_core::Timestamp;
use portvakt_jose::{Certificate, JwkSet, Jws, X5c, parse_json_object};
use serde_json::{Map, Value, json};

use crate::input;
use crate::output::Output;
use portvakt_client::certificates;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A JWT, JWK, JWK Set or PEM certificate; a file that holds one; or `-` for standard input
    #[arg(default_value = "-")]
    text: String,
    /// Show national identity numbers, which are hidden otherwise
    #[arg(long)]
    show_pid: bool,
}

/// Prints what the text says.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let text = input::read(&args.text)?;
    let text = text.trim();
    let shown = if text.starts_with("-----BEGIN") {
        Value::Array(
            certificates(text.as_bytes())?
                .iter()
                .map(|der| certificate(der))
                .collect(),
        )
    } else if text.starts_with('{') || text.starts_with('[') {
        keys(text)?
    } else {
        jwt(text, args.show_pid)?
    };
    output.note("nothing here is verified; `portvakt verify` and `portvakt explain` decide");
    output.result(&shown, serde_json::to_string_pretty(&shown)?)
}

fn jwt(text: &str, show_pid: bool) -> anyhow::Result<Value> {
    let jws = Jws::parse(text).context("neither a compact JWS, nor JSON, nor PEM")?;
    let header = parse_json_object(&header_bytes(text)?).context("read the header")?;
    let mut claims = parse_json_object(jws.payload()).context("read the claims")?;
    let times = times(&claims);
    if let (Some(pid), false) = (claims.get_mut("pid"), show_pid) {
        *pid = json!("(hidden; --show-pid shows it)");
    }
    let mut shown = json!({
        "kind": if claims.contains_key("consumer") { "access token" } else { "grant" },
        "header": header,
        "claims": claims,
        "times": times,
    });
    if let Some(X5c::Chain(chain)) = &jws.header().certificates {
        shown["certificates"] = chain.iter().map(|der| certificate(der)).collect();
    }
    Ok(shown)
}

fn header_bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    use base64::Engine;
    let header = text.split('.').next().unwrap_or_default();
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .context("read the header")
}

/// `iat`, `nbf` and `exp` as people write them.
fn times(claims: &Map<String, Value>) -> Map<String, Value> {
    let instant = |name: &str| {
        let seconds = claims.get(name)?.as_i64()?;
        Some((
            name.to_owned(),
            Value::from(Timestamp::from_seconds(seconds).to_string()),
        ))
    };
    ["iat", "nbf", "exp"]
        .into_iter()
        .filter_map(instant)
        .collect()
}

fn certificate(der: &[u8]) -> Value {
    let parsed = match Certificate::parse(der) {
        Ok(parsed) => parsed,
        Err(fault) => return json!({ "fault": fault.to_string() }),
    };
    let organization = parsed.organization_number();
    json!({
        "subject_common_name": parsed.subject_common_name(),
        "organization_number": organization.as_ref().ok(),
        "organization_number_fault": organization.as_ref().err().map(ToString::to_string),
        "serial": parsed.serial_hex(),
        "not_before": Timestamp::from_seconds(parsed.not_before()).to_string(),
        "not_after": Timestamp::from_seconds(parsed.not_after()).to_string(),
        "policies": parsed.policies(),
        "crl_distribution_points": parsed.crl_distribution_points(),
    })
}

/// Members that hold private keys (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Public members only, whatever the text holds.
fn keys(text: &str) -> anyhow::Result<Value> {
    // The parser's own message could quote a private key.
    let mut value: Value =
        serde_json::from_str(text).map_err(|_| anyhow::anyhow!("malformed JSON"))?;
    if value.get("kty").is_some() {
        value = json!({ "keys": [value] });
    }
    let private_keys = drop_private_members(&mut value);
    let set = JwkSet::parse_lenient(&value).context("neither a JWK nor a JWK Set")?;
    if set.keys().is_empty() {
        bail!("no key that can be used: it needs kty, kid and the public members");
    }
    let describe = |key: &portvakt_jose::PublicJwk| json!({ "jwk": key.to_json(), "thumbprint": key.thumbprint() });
    let public: Vec<_> = set.keys().iter().map(describe).collect();
    Ok(json!({ "keys": public, "private_keys": private_keys }))
}

/// Leaves the private members out and says how many keys had any.
fn drop_private_members(value: &mut Value) -> usize {
    let keys = value
        .get_mut("keys")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    keys.filter_map(Value::as_object_mut)
        .map(|key| {
            PRIVATE_MEMBERS
                .iter()
                .filter(|name| key.remove(**name).is_some())
                .count()
        })
        .filter(|dropped| *dropped > 0)
        .count()
}
