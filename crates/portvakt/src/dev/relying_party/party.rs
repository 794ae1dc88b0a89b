//! The three kinds of clients that log people in (spec: idporten §3.3).

use std::path::Path;

use anyhow::Context;
use portvakt_core::entropy::unique_id;
use portvakt_core::login::client_authentication::ASSERTION_TYPE;
use portvakt_core::{Clock, SystemEntropy};
use portvakt_jose::SigningKey;
use serde_json::json;

use super::State;

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// A server that can keep a key.
    Web,
    /// A page that cannot.
    Browser,
    /// An app on a device, which cannot either.
    Native,
}

impl Party {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Self; 3] = [Self::Web, Self::Browser, Self::Native];

    /// Reads the value of a form.
    pub(super) fn from_value(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.value() == text)
    }

    /// Its name in forms.
    pub(super) fn value(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Browser => "browser",
            Self::Native => "native",
        }
    }

    pub(super) fn client_id(self) -> &'static str {
        match self {
            Self::Web => "demo-nettsted",
            Self::Browser => "demo-spa",
            Self::Native => "demo-mobil",
        }
    }

    /// What it is called.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Web => "A web server",
            Self::Browser => "A single-page application",
            Self::Native => "An app",
        }
    }

    /// What is special about it.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Web => {
                "A confidential client: it proves who it is with a private key (private_key_jwt), and \
                 pushes its request (PAR), so that the browser carries nothing but a reference."
            }
            Self::Browser => {
                "A public client: it has no secret, so PKCE and state are its proofs. Its page would send \
                 these requests itself, across origins, which the provider allows for the origins of its \
                 redirect URIs. Here the server sends them, so that they can be shown."
            }
            Self::Native => {
                "A public client on a device: the app opens the system's browser and listens on a free port \
                 of 127.0.0.1, where the answer arrives. It registers port 0, which stands for any port \
                 (RFC 8252 §7.3). This page plays the app, on its own port."
            }
        }
    }

    /// Whether it may ask for access to an API on the person's behalf.
    pub(super) fn has_api(self) -> bool {
        self == Self::Web
    }

    /// Whether it pushes its requests.
    pub(super) fn pushes(self) -> bool {
        self == Self::Web
    }

    /// Where its answers arrive.
    pub(super) fn redirect_uri(self, state: &State) -> String {
        match self {
            Self::Web | Self::Browser => format!("{}/callback", state.origin()),
            Self::Native => format!("http://127.0.0.1:{}/app", state.port),
        }
    }

    /// Where people come back to from a logout.
    pub(super) fn post_logout_redirect_uri(self, state: &State) -> String {
        match self {
            Self::Web | Self::Browser => format!("{}/after", state.origin()),
            Self::Native => format!("http://127.0.0.1:{}/after", state.port),
        }
    }

    /// What it proves itself with: the parameters that go into a form.
    pub(super) fn credentials(self, state: &State) -> anyhow::Result<Vec<(&'static str, String)>> {
        let client_id = self.client_id();
        match self {
            Self::Web => assertion(state, client_id),
            Self::Browser | Self::Native => Ok(vec![("client_id", client_id.to_owned())]),
        }
    }
}

/// A client assertion: for the issuer alone, for half a minute, once (spec: idporten §9.3).
pub(super) fn assertion(
    state: &State,
    client_id: &str,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let (key, kid) = read_key(&state.keys.join(format!("{client_id}.jwk.json")))?;
    let now = state.clock.now().seconds();
    let header = json!({ "alg": key.algorithm().as_str(), "kid": kid, "typ": "JWT" });
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": state.issuer, "iat": now, "exp": now + 30,
        "jti": unique_id(&SystemEntropy)?,
    });
    let assertion = key.sign_compact(&header, &claims)?;
    Ok(vec![
        ("client_id", client_id.to_owned()),
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", assertion),
    ])
}

fn read_key(path: &Path) -> anyhow::Result<(SigningKey, Option<String>)> {
    let read = || -> anyhow::Result<_> {
        let jwk = serde_json::from_slice(&std::fs::read(path)?)?;
        Ok(SigningKey::from_private_jwk(&jwk)?)
    };
    read().with_context(|| {
        format!(
            "read {}: a folder that begins with the sample registry has it",
            path.display()
        )
    })
}
