//! What was done, in a form that can be shown.

use portvakt_jose::{Jws, parse_json_object};
use serde_json::Value;

/// One step of a login and of what follows.
#[derive(Clone, Default)]
pub(super) struct Step {
    /// What was done.
    pub(super) title: String,
    /// Why, and what to look at.
    pub(super) note: String,
    /// The request as it went out.
    pub(super) request: Option<String>,
    /// The answer as it came in.
    pub(super) answer: Option<String>,
    /// Whether the answer is long, and folded away.
    pub(super) folded: bool,
    /// The tokens in either, opened.
    pub(super) tokens: Vec<Opened>,
    /// What a relying party has to look at, and what it found.
    pub(super) checks: Vec<Check>,
}

impl Step {
    /// A step with nothing but words.
    pub(super) fn new(title: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            note: note.into(),
            ..Self::default()
        }
    }

    /// Adds what a token says, if it says anything to its reader.
    #[must_use]
    pub(super) fn opening(mut self, name: &'static str, token: &str) -> Self {
        self.tokens.extend(Opened::read(name, token));
        self
    }
}

/// A check of a relying party.
#[derive(Clone)]
pub(super) struct Check {
    /// What was looked at.
    pub(super) what: String,
    /// Whether it holds.
    pub(super) holds: bool,
}

impl Check {
    pub(super) fn new(what: impl Into<String>, holds: bool) -> Self {
        Self {
            what: what.into(),
            holds,
        }
    }

    /// What is written beside it.
    pub(super) fn outcome(&self) -> &'static str {
        if self.holds { "holds" } else { "fails" }
    }
}

/// A signed token, opened.
#[derive(Clone)]
pub(super) struct Opened {
    /// Which token.
    pub(super) name: &'static str,
    /// Its header.
    pub(super) header: String,
    /// Its claims.
    pub(super) claims: String,
}

impl Opened {
    /// Opens a token; none if it is opaque.
    fn read(name: &'static str, token: &str) -> Option<Self> {
        let jws = Jws::parse(token).ok()?;
        let claims = parse_json_object(jws.payload()).ok()?;
        let header = jws.header();
        let mut shown = serde_json::Map::new();
        shown.insert("alg".into(), header.algorithm.as_str().into());
        for (member, value) in [("kid", &header.key_id), ("typ", &header.typ)] {
            if let Some(value) = value {
                shown.insert(member.into(), value.as_str().into());
            }
        }
        Some(Self {
            name,
            header: pretty(&Value::Object(shown)),
            claims: pretty(&Value::Object(claims)),
        })
    }
}

/// JSON in lines.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
