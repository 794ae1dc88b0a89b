//! Logins of whoever is logged in (spec: companion-apis §3).

use axum::extract::State;
use axum::response::Response;
use portvakt_core::local_time::local_seconds;
use portvakt_core::login::companion::{Api, Companion, history_eid};
use portvakt_core::login::record::HistoryEntry;
use portvakt_core::login::refusal::LoginRefusal;

use super::bodies::HistoryResponse;
use super::call::{Call, malformed, one};

/// Logins in an answer, if nobody says otherwise, and at most.
const DEFAULT: u32 = 100;
const MOST: u32 = 1000;

/// `GET /innlogginger/logg/idporten`
pub(super) async fn list(State(companion): State<Companion>, call: Call) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::History, "history.list").await?;
        let logins = companion.own_history(&bearer, limit(&call)?).await?;
        let logins: Vec<_> = logins.into_iter().map(HistoryResponse::from).collect();
        call.ok(&logins)
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}

fn limit(call: &Call) -> Result<u32, LoginRefusal> {
    let query = call.query()?;
    let Some(text) = one(&query, "maxhits")? else {
        return Ok(DEFAULT);
    };
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MOST).contains(number));
    // `+5` is a number for the parser, and none in a query, where it means a space.
    let number = number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.ok_or_else(|| malformed("maxhits"))
}

impl From<HistoryEntry> for HistoryResponse {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            tidspunkt: local_seconds(entry.at),
            tjeneste: entry.service,
            eid: history_eid(&entry.eid).to_owned(),
            integrasjon_id: entry.client_id.to_string(),
            orgno: entry.orgno.to_string(),
        }
    }
}
