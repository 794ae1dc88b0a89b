//! Rows of the specification as tests: each has a server and a name of its own, so none hides another.

use portvakt_testkit::{Answer, Options, TestServer, World};

/// What a refusal looks like on the wire: status, `error`, national code.
pub(crate) struct Refused(
    pub(crate) u16,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

pub(crate) const MP_011: Refused = Refused(400, "invalid_request", "MP-011");
pub(crate) const MP_012: Refused = Refused(400, "invalid_grant", "MP-012");
pub(crate) const MP_100: Refused = Refused(400, "invalid_grant", "MP-100");
pub(crate) const MP_110: Refused = Refused(400, "invalid_grant", "MP-110");
pub(crate) const MP_120: Refused = Refused(400, "invalid_grant", "MP-120");
pub(crate) const MP_121: Refused = Refused(400, "invalid_grant", "MP-121");
pub(crate) const MP_122: Refused = Refused(400, "invalid_grant", "MP-122");
pub(crate) const MP_123: Refused = Refused(400, "invalid_grant", "MP-123");
pub(crate) const MP_124: Refused = Refused(400, "invalid_grant", "MP-124");
pub(crate) const MP_130: Refused = Refused(400, "invalid_grant", "MP-130");
pub(crate) const MP_200: Refused = Refused(400, "invalid_scope", "MP-200");
pub(crate) const MP_201: Refused = Refused(400, "invalid_scope", "MP-201");
pub(crate) const MP_250: Refused = Refused(403, "forbidden", "MP-250");
pub(crate) const MP_251: Refused = Refused(403, "forbidden", "MP-251");
pub(crate) const MP_301: Refused = Refused(400, "invalid_authorization_details", "MP-301");
pub(crate) const MP_302: Refused = Refused(400, "invalid_authorization_details", "MP-302");
pub(crate) const MP_303: Refused = Refused(400, "invalid_authorization_details", "MP-303");
pub(crate) const NO_PARTY: Refused =
    Refused(400, "invalid_altinn_customer_configuration", "MP-303");
/// Refusals of the grant itself for which no national code is known.
pub(crate) const INVALID_GRANT: Refused = Refused(400, "invalid_grant", "");
/// Refusals of the request for which no national code is known.
pub(crate) const INVALID_REQUEST: Refused = Refused(400, "invalid_request", "");

impl Refused {
    /// Panics with the whole answer unless it is this refusal with this phrase.
    #[track_caller]
    pub(crate) fn check(&self, answer: &Answer, phrase: &str) {
        answer.assert_refused(self.0, self.1, self.2, phrase);
    }
}

/// Panics with the whole answer unless it holds a token.
#[track_caller]
pub(crate) fn assert_issued(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.token_header()["alg"], "RS256", "{}", answer.text);
}

/// A server on the worked examples' world with changes.
pub(crate) async fn world(change: impl FnOnce(&mut World)) -> TestServer {
    TestServer::with_world(change).await
}

/// A server with another policy on a world with changes.
pub(crate) async fn policy(
    issuer: impl FnOnce(&mut portvakt_core::issuer::Issuer) + Send + 'static,
    change: impl FnOnce(&mut World),
) -> TestServer {
    let mut options = Options {
        issuer: Box::new(issuer),
        ..Options::default()
    };
    change(&mut options.world);
    TestServer::with(options).await
}

/// Each row: a server, an assertion, and the refusal that it meets with a phrase of its description.
macro_rules! refused {
    ($($(#[$row:meta])* fn $name:ident($server:ident $(in $start:expr)?) -> $refused:ident($phrase:expr) = $assertion:expr;)*) => {$(
        $(#[$row])*
        #[tokio::test]
        async fn $name() {
            let server = start!($($start)?);
            let $server = &server;
            let answer = server.exchange(&$assertion).await;
            crate::rows::$refused.check(&answer, $phrase);
        }
    )*};
}

/// Each row: a server, an assertion that gets a token, and what is checked of the token's claims.
macro_rules! issued {
    ($($(#[$row:meta])* fn $name:ident($server:ident $(in $start:expr)?) = $assertion:expr $(=> |$claims:ident| $check:expr)?;)*) => {$(
        $(#[$row])*
        #[tokio::test]
        async fn $name() {
            let server = start!($($start)?);
            let $server = &server;
            let answer = server.exchange(&$assertion).await;
            crate::rows::assert_issued(&answer);
            $(let $claims = answer.claims(); $check;)?
        }
    )*};
}

macro_rules! start {
    () => {
        portvakt_testkit::TestServer::start().await
    };
    ($start:expr) => {
        $start.await
    };
}
