//! What the relying party knows of the provider, and what it checks of its id tokens.

use anyhow::{Context, bail};
use portvakt_core::Clock;
use portvakt_core::login::Acr;
use portvakt_jose::{JwkSet, Jws, parse_json_object, verify_with_set};
use serde_json::{Map, Value};

use super::State;
use super::party::Party;
use super::step::{Check, Step};

/// The provider's metadata.
pub(super) struct Metadata(Value);

impl Metadata {
    /// Reads it, as every relying party does first.
    pub(super) async fn read(state: &State) -> anyhow::Result<(Self, Step)> {
        let read = state.wire.get(&state.well_known, None).await?;
        if read.text("issuer") != Some(&state.issuer) {
            bail!("the metadata names another issuer");
        }
        let mut step = Step::new(
            "Metadata",
            "Where everything is. A relying party reads this once a day, and knows nothing but the issuer.",
        );
        step.request = Some(read.request);
        step.answer = Some(read.answer);
        step.folded = true;
        Ok((Self(read.body), step))
    }

    /// An endpoint by its name.
    pub(super) fn endpoint(&self, name: &str) -> anyhow::Result<&str> {
        let address = self.0[name].as_str();
        address.with_context(|| format!("the metadata has no {name}"))
    }
}

/// What the id token of a login must hold.
pub(super) struct Expected<'a> {
    pub(super) party: Party,
    pub(super) nonce: &'a str,
    pub(super) acr: &'a str,
}

/// Checks an id token as a demanding relying party does (spec: idporten §23). The claims come out only
/// if every check holds.
pub(super) async fn check(
    state: &State,
    metadata: &Metadata,
    id_token: &str,
    expected: Expected<'_>,
) -> anyhow::Result<(Vec<Check>, Option<Map<String, Value>>)> {
    let keys = state.wire.get(metadata.endpoint("jwks_uri")?, None).await?;
    let keys = JwkSet::parse_lenient(&keys.body).context("read the provider's keys")?;
    let jws = Jws::parse(id_token).context("read the id token")?;
    let claims = parse_json_object(jws.payload()).context("read the claims of the id token")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let expires_at = claims.get("exp").and_then(Value::as_i64);
    let acr = text("acr").and_then(|acr| acr.parse::<Acr>().ok());
    let asked = expected.acr.parse::<Acr>().ok();
    let reached = acr
        .zip(asked)
        .is_some_and(|(acr, asked)| acr.satisfies(asked));
    let checks = vec![
        Check::new(
            "the signature is of one of the provider's keys",
            verify_with_set(&jws, &keys).is_ok(),
        ),
        Check::new(
            "iss is the issuer, byte for byte",
            text("iss") == Some(&state.issuer),
        ),
        Check::new(
            "aud is the client, and nobody else",
            text("aud") == Some(expected.party.client_id()),
        ),
        Check::new(
            "exp is to come",
            expires_at.is_some_and(|end| state.clock.now().seconds() < end),
        ),
        Check::new(
            "nonce is the one that was sent",
            text("nonce") == Some(expected.nonce),
        ),
        Check::new(format!("acr is {} or higher", expected.acr), reached),
    ];
    let all = checks.iter().all(|check| check.holds);
    Ok((checks, all.then_some(claims)))
}
