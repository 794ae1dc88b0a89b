//! Another OpenID provider that logs people in for this one (spec: idporten §18.1).
//!
//! The browser is sent there with PKCE, `state` and `nonce`, and comes back to
//! `/authorize/callback/{id}`; the code is redeemed, and of the id token the national identity number and
//! the level count. What one browser's attempt is known by follows from what is kept and from the browser's
//! cookie together, so that whoever has one of the two has nothing.

mod discovery;
mod http;
mod id_token;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::clock::Timestamp;
use portvakt_core::entropy::unique_id;
use portvakt_core::login::client_authentication::ASSERTION_TYPE;
use portvakt_core::login::pkce::{CodeVerifier, S256};
use portvakt_core::login::provider::Proven;
use portvakt_core::login::record::{Attributes, Identity};
use portvakt_core::login::{Acr, Handle};
use portvakt_jose::{Signer, parse_json_object};
use portvakt_oauth_types::Parameters;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded;

pub use self::http::{HttpAnswer, HttpFault, OutgoingHttp};
pub use self::settings::{
    InvalidUpstream, UpstreamAuthentication, UpstreamResponseMode, UpstreamSettings,
};

use self::discovery::{Discovered, Discovery};
use self::id_token::{Believed, Disbelief, Expected, believe};
use super::{Context, Description, EidProvider, Kept, Turn};
use crate::pages::{EidOption, Language, Level, LocalPath, Localized, Name};

/// How long a client assertion counts, in seconds.
const ASSERTION_SECONDS: i64 = 60;

/// A way to log in by way of another provider.
pub struct UpstreamProvider {
    settings: UpstreamSettings,
    callback_url: String,
    http: Arc<dyn OutgoingHttp>,
    discovery: Discovery,
}

/// What is kept between leaving and coming back.
#[derive(Serialize, Deserialize)]
struct Sent {
    attempt: String,
    at: Timestamp,
    force_fresh: bool,
}

/// What one attempt of one browser is known by.
struct Secrets {
    state: Handle,
    nonce: Handle,
    verifier: Handle,
}

impl Secrets {
    /// They follow from what is kept and from what only the browser has.
    fn of(attempt: &Handle, context: Context<'_>) -> Result<Self, String> {
        let browser = Handle::parse(context.interaction.csrf);
        let browser = browser.map_err(|_| "the login has no secret".to_owned())?;
        let derive = |purpose| Handle::derive(purpose, &[attempt, &browser]);
        Ok(Self {
            state: derive("upstream state"),
            nonce: derive("upstream nonce"),
            verifier: derive("upstream verifier"),
        })
    }
}

impl UpstreamProvider {
    /// A provider with these settings. `login_base_url` is where browsers come back to.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used.
    pub fn new(
        settings: UpstreamSettings,
        login_base_url: &str,
        http: Arc<dyn OutgoingHttp>,
    ) -> Result<Self, InvalidUpstream> {
        settings.check()?;
        let base = login_base_url.trim_end_matches('/');
        Ok(Self {
            callback_url: format!("{base}/authorize/callback/{}", settings.id),
            settings,
            http,
            discovery: Discovery::default(),
        })
    }

    async fn documents(&self, now: Timestamp) -> Result<Arc<Discovered>, String> {
        let issuer = &self.settings.issuer;
        self.discovery.documents(issuer, &self.http, now).await
    }

    async fn leave(&self, context: Context<'_>, kept: &mut Kept) -> Result<String, String> {
        let documents = self.documents(context.now).await?;
        let attempt = Handle::generate(context.entropy).map_err(|error| error.to_string())?;
        let secrets = Secrets::of(&attempt, context)?;
        let sent = Sent {
            attempt: attempt.expose().to_owned(),
            at: context.now,
            force_fresh: context.force_fresh,
        };
        kept.write(&sent).map_err(|error| error.to_string())?;
        self.request(&documents, &secrets, context)
    }

    /// The authorization request.
    fn request(
        &self,
        documents: &Discovered,
        secrets: &Secrets,
        context: Context<'_>,
    ) -> Result<String, String> {
        let settings = &self.settings;
        let verifier = CodeVerifier::parse(secrets.verifier.expose());
        let challenge = verifier.map(|verifier| verifier.challenge());
        let challenge = challenge.ok_or("a handle is a verifier")?;
        let scopes = settings.scopes.iter().map(String::as_str);
        let scopes: Vec<_> = std::iter::once("openid")
            .chain(scopes.filter(|scope| *scope != "openid"))
            .collect();
        let mut levels: Vec<_> = settings
            .acr
            .iter()
            .filter(|(_, acr)| context.acceptable.accepts(**acr))
            .collect();
        levels.sort_by_key(|(_, acr)| **acr);
        let levels: Vec<_> = levels.iter().map(|(theirs, _)| theirs.as_str()).collect();
        let state = format!(
            "{}.{}",
            context.interaction.transaction,
            secrets.state.expose()
        );
        let mut url = documents.authorization_endpoint.clone();
        let mut query = url.query_pairs_mut();
        query.extend_pairs([
            ("response_type", "code"),
            ("client_id", settings.client_id.as_str()),
            ("redirect_uri", &self.callback_url),
            ("scope", &scopes.join(" ")),
            ("state", &state),
            ("nonce", secrets.nonce.expose()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", S256),
            ("acr_values", &levels.join(" ")),
            ("ui_locales", context.locale.as_str()),
        ]);
        if settings.response_mode == UpstreamResponseMode::FormPost {
            query.append_pair("response_mode", "form_post");
        }
        if context.force_fresh {
            query.extend_pairs([("prompt", "login"), ("max_age", "0")]);
        }
        drop(query);
        Ok(url.into())
    }

    async fn come_back(
        &self,
        context: Context<'_>,
        kept: &Kept,
        answer: &Parameters<'_>,
    ) -> Result<Proven, String> {
        let sent: Sent = kept.read().ok_or("nobody was sent there in this login")?;
        let attempt = Handle::parse(&sent.attempt).map_err(|_| "what was kept is damaged")?;
        let secrets = Secrets::of(&attempt, context)?;
        let documents = self.documents(context.now).await?;
        let code = self.check(answer, &documents, &secrets)?;
        let id_token = self.redeem(code, &documents, &secrets, context).await?;
        let expected = Expected {
            settings: &self.settings,
            nonce: secrets.nonce.expose(),
            since: sent.force_fresh.then_some(sent.at),
            now: context.now,
        };
        let believed = self.believe(&id_token, documents, expected).await?;
        Ok(Proven {
            identity: Identity::Pid(believed.pid),
            matched: None,
            acr: believed.acr,
            amr: believed.amr,
            provider: self.settings.id.clone(),
            locale: context.locale,
            attributes: Attributes::default(),
        })
    }

    /// The code of an answer that is this provider's, to this attempt of this browser.
    fn check<'a>(
        &self,
        answer: &'a Parameters<'_>,
        documents: &Discovered,
        secrets: &Secrets,
    ) -> Result<&'a str, String> {
        let one = |name| answer.one(name).map_err(|_| format!("{name} came twice"));
        let state = one("state")?.and_then(|state| state.rsplit_once('.'));
        let state = state.and_then(|(_, state)| Handle::parse(state).ok());
        if state.is_none_or(|state| state.digest() != secrets.state.digest()) {
            return Err("state is not that of the login".to_owned());
        }
        match one("iss")? {
            Some(iss) if iss != self.settings.issuer => {
                return Err("iss of the answer is another issuer".to_owned());
            }
            None if documents.names_itself => {
                return Err("the answer has no iss".to_owned());
            }
            None | Some(_) => {}
        }
        if let Some(error) = one("error")? {
            return Err(format!("it answered {}", known_error(error)));
        }
        one("code")?.ok_or_else(|| "the answer has no code".to_owned())
    }

    /// The id token for a code.
    async fn redeem(
        &self,
        code: &str,
        documents: &Discovered,
        secrets: &Secrets,
        context: Context<'_>,
    ) -> Result<String, String> {
        let settings = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.callback_url.clone()),
            ("code_verifier", secrets.verifier.expose().to_owned()),
        ];
        let authorization = match &settings.authentication {
            UpstreamAuthentication::Secret(secret) => Some(basic(&settings.client_id, secret)),
            UpstreamAuthentication::Key { signer, key_id } => {
                let assertion = self.assertion(signer, key_id, context).await?;
                form.extend([
                    ("client_id", settings.client_id.clone()),
                    ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                    ("client_assertion", assertion),
                ]);
                None
            }
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let url = &documents.token_endpoint;
        let answer = self.http.post_form(url, form, authorization).await;
        let answer = answer.map_err(|fault| fault.to_string())?;
        let body = parse_json_object(&answer.body);
        let body = body.map_err(|_| "its token endpoint answered no JSON object".to_owned())?;
        if !answer.is_success() {
            let error = body
                .get("error")
                .and_then(Value::as_str)
                .unwrap_or_default();
            return Err(format!(
                "its token endpoint answered {}",
                known_error(error)
            ));
        }
        let token = body.get("id_token").and_then(Value::as_str);
        token
            .map(str::to_owned)
            .ok_or_else(|| "it gave no id token".to_owned())
    }

    /// What proves that this server asks (RFC 7523 §3).
    async fn assertion(
        &self,
        signer: &Signer,
        key_id: &str,
        context: Context<'_>,
    ) -> Result<String, String> {
        let settings = &self.settings;
        let header = json!({"alg": signer.algorithm().as_str(), "kid": key_id, "typ": "JWT"});
        let (now, id) = (context.now.seconds(), unique_id(context.entropy));
        let claims = json!({
            "iss": settings.client_id, "sub": settings.client_id, "aud": settings.issuer,
            "iat": now, "exp": now + ASSERTION_SECONDS,
            "jti": id.map_err(|error| error.to_string())?,
        });
        let assertion = signer.sign_compact(&header, &claims).await;
        assertion.map_err(|error| error.to_string())
    }

    /// Believes a token, with the provider's newest keys if those that are known do not have its.
    async fn believe(
        &self,
        token: &str,
        documents: Arc<Discovered>,
        expected: Expected<'_>,
    ) -> Result<Believed, String> {
        let told = |disbelief| match disbelief {
            Disbelief::UnknownKey => "the id token is signed with an unknown key".to_owned(),
            Disbelief::Refused(cause) => cause,
        };
        match believe(token, &documents.keys, expected) {
            Err(Disbelief::UnknownKey) => {
                let (issuer, http) = (&self.settings.issuer, &self.http);
                let newer = self.discovery.newer(&documents, issuer, http, expected.now);
                believe(token, &newer.await?.keys, expected).map_err(told)
            }
            believed => believed.map_err(told),
        }
    }
}

#[async_trait]
impl EidProvider for UpstreamProvider {
    fn describe(&self) -> Description {
        let mut levels: Vec<Acr> = self.settings.acr.values().copied().collect();
        levels.sort_unstable();
        levels.dedup();
        Description {
            id: self.settings.id.clone(),
            levels,
            test_only: false,
        }
    }

    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption {
        EidOption {
            name: Localized {
                text: Name::new(&self.settings.name),
                language,
            },
            description: None,
            logo: None,
            level,
            begins_at,
        }
    }

    async fn begin(&self, context: Context<'_>, kept: &mut Kept) -> Turn {
        match self.leave(context, kept).await {
            Ok(address) => Turn::Redirect(address),
            Err(cause) => Turn::Failed(cause),
        }
    }

    async fn resume(&self, context: Context<'_>, kept: &mut Kept, _form: &Parameters<'_>) -> Turn {
        self.begin(context, kept).await
    }

    async fn return_from(
        &self,
        context: Context<'_>,
        kept: &mut Kept,
        answer: &Parameters<'_>,
    ) -> Turn {
        match self.come_back(context, kept, answer).await {
            Ok(proven) => Turn::Completed(Box::new(proven)),
            Err(cause) => Turn::Failed(cause),
        }
    }
}

/// Both halves are form-encoded (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// An error code as it may stand in a log: somebody else chose it.
fn known_error(error: &str) -> String {
    let plain = |c: &char| c.is_ascii_lowercase() || *c == '_';
    error.chars().filter(plain).take(40).collect()
}
