//! The story that `portvakt demo` tells: an API becomes a scope, another organization gets access,
//! a client exchanges a grant for a token, the API verifies it, and three requests are refused.
//!
//! Every exchange is real: it goes over HTTP to a server that runs for the story alone.

mod narrator;
mod registry;
mod wire;

use anyhow::{Context, ensure};
use portvakt_core::clock::Clock;
use portvakt_core::entropy::unique_id;
use portvakt_core::{SystemClock, SystemEntropy};
use portvakt_jose::{Algorithm, JwkSet, RsaBits, SigningKey};
use serde_json::{Value, json};

use self::narrator::Narrator;
use self::wire::{Exchange, Wire};
use crate::dev;
use crate::output::Output;
use crate::server::interrupted;
use crate::verification::{Requirements, verify};

const PROVIDER: &str = "889640782";
const CONSUMER: &str = "123456789";
const EXCLUDED: &str = "987654321";
const SCOPE: &str = "nav:arbeid:some.scope.read";
const API: &str = "https://api.nav.example/arbeid";
const CLIENT: &str = "eksempel-klient";
const EXCLUDED_CLIENT: &str = "annen-klient";
const KID: &str = "demo-key";

/// Tells the story and stops the server, unless it is to be kept until Ctrl-C.
pub(crate) async fn tell(keep: bool, output: Output) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("make a folder for the demo's server")?;
    let server = dev::Server::start(dev::Options::empty(folder.path(), 0)).await?;
    let story = Story::new(&server, output)?;
    let told = story.tell().await;
    if told.is_ok() && keep {
        output.note(format_args!(
            "the server keeps running: PORTVAKT_DATA_DIR={} (Ctrl-C stops it)",
            folder.path().display()
        ));
        interrupted().await?;
    }
    server.stop().await;
    told
}

struct Story<'a> {
    server: &'a dev::Server,
    wire: Wire,
    narrator: Narrator,
    consumer_key: SigningKey,
    excluded_key: SigningKey,
}

impl<'a> Story<'a> {
    fn new(server: &'a dev::Server, output: Output) -> anyhow::Result<Self> {
        let key = || SigningKey::generate(Algorithm::Rs256, RsaBits::B2048);
        Ok(Self {
            server,
            wire: Wire::new(server.endpoints())?,
            narrator: Narrator::new(output),
            consumer_key: key()?,
            excluded_key: key()?,
        })
    }

    async fn tell(mut self) -> anyhow::Result<()> {
        self.start().await?;
        self.define().await?;
        self.grant().await?;
        self.register().await?;
        let (grant, token) = self.acquire().await?;
        self.verify_as_the_api(&token).await?;
        self.refuse_the_excluded().await?;
        self.refuse_the_wrong_audience().await?;
        self.refuse_the_replay(&grant).await?;
        self.narrator.end()
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        self.narrator
            .step("An authorization server starts, with nothing in its registry");
        let metadata = self
            .wire
            .get(&self.server.endpoints().maskinporten.well_known)
            .await?;
        self.narrator.exchange(&metadata);
        Ok(())
    }

    async fn define(&mut self) -> anyhow::Result<()> {
        self.narrator.step(&format!(
            "The provider {PROVIDER} defines a scope: an API is a scope"
        ));
        self.narrator.command(&format!(
            "portvakt org add {PROVIDER} --name \"Arbeids- og velferdsetaten\""
        ));
        self.narrator
            .command(&format!("portvakt prefix assign nav --org {PROVIDER}"));
        self.narrator.command(&format!(
            "portvakt scope add {SCOPE} --description Eksempel --at-max-age 120"
        ));
        registry::define(self.server.store(), SystemClock.now()).await
    }

    async fn grant(&mut self) -> anyhow::Result<()> {
        self.narrator.step(&format!(
            "The provider grants the organization {CONSUMER} access"
        ));
        self.narrator
            .command(&format!("portvakt access grant {SCOPE} {CONSUMER}"));
        registry::grant(self.server.store(), CONSUMER, SystemClock.now()).await
    }

    async fn register(&mut self) -> anyhow::Result<()> {
        self.narrator.step(&format!(
            "{CONSUMER} registers a client with its public key"
        ));
        self.narrator.command(&format!(
            "portvakt client add --id {CLIENT} --org {CONSUMER} --name Eksempel --scope {SCOPE} --generate-key"
        ));
        let (store, now) = (self.server.store(), SystemClock.now());
        registry::register(store, CLIENT, CONSUMER, &self.consumer_key, now).await
    }

    async fn acquire(&mut self) -> anyhow::Result<(String, String)> {
        self.narrator
            .step("The client exchanges a signed grant for a token meant for one API");
        let grant = sign(CLIENT, &self.consumer_key, self.issuer())?;
        let exchange = self.wire.post_grant(&grant).await?;
        self.narrator.exchange(&exchange);
        ensure!(
            exchange.status == 200,
            "the grant was refused: {}",
            exchange.body
        );
        let token = exchange.body["access_token"]
            .as_str()
            .context("the answer has no token")?;
        Ok((grant, token.to_owned()))
    }

    async fn verify_as_the_api(&mut self, token: &str) -> anyhow::Result<()> {
        self.narrator
            .step("The API verifies the token by itself, with the server's public keys");
        let keys = self
            .wire
            .get(&self.server.endpoints().maskinporten.jwks_uri)
            .await?;
        self.narrator.exchange(&keys);
        let requirements = Requirements {
            issuer: self.issuer().to_owned(),
            scope: Some(SCOPE.to_owned()),
            audience: Some(API.to_owned()),
            pid: None,
            consumers: vec![format!("0192:{CONSUMER}")],
        };
        let set = JwkSet::parse_lenient(&keys.body)?;
        let verification = verify(token, &set, &requirements, SystemClock.now().seconds());
        self.narrator.verification(&verification);
        ensure!(verification.valid, "the API refused the token");
        Ok(())
    }

    async fn refuse_the_excluded(&mut self) -> anyhow::Result<()> {
        self.narrator
            .step(&format!("Refused: {EXCLUDED} had access and lost it"));
        for command in [
            format!("portvakt access grant {SCOPE} {EXCLUDED}"),
            format!(
                "portvakt client add --id {EXCLUDED_CLIENT} --org {EXCLUDED} --name Annen --scope {SCOPE} --generate-key"
            ),
            format!("portvakt access withdraw {SCOPE} {EXCLUDED}"),
        ] {
            self.narrator.command(&command);
        }
        let (store, now) = (self.server.store(), SystemClock.now());
        registry::grant(store, EXCLUDED, now).await?;
        registry::register(store, EXCLUDED_CLIENT, EXCLUDED, &self.excluded_key, now).await?;
        registry::withdraw(store, EXCLUDED, now).await?;
        let grant = sign(EXCLUDED_CLIENT, &self.excluded_key, self.issuer())?;
        self.refuse(&grant, "MP-250").await
    }

    async fn refuse_the_wrong_audience(&mut self) -> anyhow::Result<()> {
        self.narrator
            .step("Refused: the grant is meant for another server");
        let grant = sign(CLIENT, &self.consumer_key, "https://maskinporten.no/")?;
        self.refuse(&grant, "MP-110").await
    }

    async fn refuse_the_replay(&mut self, grant: &str) -> anyhow::Result<()> {
        self.narrator
            .step("Refused: the first grant again, as a thief would send it");
        self.refuse(grant, "MP-012").await
    }

    async fn refuse(&mut self, grant: &str, mp_code: &str) -> anyhow::Result<()> {
        let exchange = self.wire.post_grant(grant).await?;
        self.narrator.exchange(&exchange);
        let uri = exchange.body["error_uri"].as_str().unwrap_or_default();
        ensure!(
            uri.ends_with(mp_code),
            "expected {mp_code}: {}",
            exchange.body
        );
        let explanation = self.explanation(&exchange).await?;
        self.narrator.explanation(&explanation);
        Ok(())
    }

    /// Every check of a request that was just refused, as the development server remembers it.
    async fn explanation(&self, exchange: &Exchange) -> anyhow::Result<Value> {
        let base = &self.server.endpoints().operations.base_url;
        let url = format!("{base}/dev/requests/{}", exchange.request_id);
        Ok(self.wire.get(&url).await?.body["explanation"].clone())
    }

    fn issuer(&self) -> &str {
        &self.server.endpoints().maskinporten.issuer
    }
}

/// A grant for the story's scope, meant for one API.
fn sign(client: &str, key: &SigningKey, audience: &str) -> anyhow::Result<String> {
    let now = SystemClock.now().seconds();
    let claims = json!({
        "aud": audience, "iss": client, "scope": SCOPE, "resource": API,
        "iat": now, "exp": now + 60, "jti": unique_id(&SystemEntropy)?,
    });
    Ok(key.sign_compact(&json!({ "alg": "RS256", "kid": KID }), &claims)?)
}
