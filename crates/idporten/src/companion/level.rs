//! Whether somebody has lately used the highest level (spec: companion-apis §4).

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use portvakt_core::login::companion::{Api, Companion};

use super::bodies::{LevelRequest, LevelResponse};
use super::call::{Call, identity_number};

/// `POST /authlevel/rest/v1/sikkerhetsnivaa`
pub(super) async fn ask(State(companion): State<Companion>, call: Call, body: Bytes) -> Response {
    let outcome = async {
        let bearer = call.bearer(Api::AuthenticationLevel, "level.ask").await?;
        companion.may_ask_for_level(&bearer)?;
        let asked: LevelRequest = call.json(&body)?;
        let pid = identity_number(&asked.personidentifikator)?;
        let used = companion.has_used_highest_level(&bearer, pid, asked.since.as_deref());
        call.ok(&LevelResponse {
            harbruktnivaa4: used.await?,
            personidentifikator: asked.personidentifikator,
        })
    };
    let outcome = outcome.await;
    call.answer(outcome).await
}
