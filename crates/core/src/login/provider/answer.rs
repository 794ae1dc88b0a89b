//! Answers to authorization requests, signed if the client wants it.

use super::{Denied, Provider};
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::refusal::LoginRefusal;
use crate::login::request::{AuthorizationAnswer, ReturnAddress};

/// What a client is answered, and where.
#[derive(Clone)]
pub struct Answer {
    /// Who is answered.
    pub client_id: ClientId,
    /// Where, and how the parameters travel.
    pub address: ReturnAddress,
    /// The parameters.
    pub answer: AuthorizationAnswer,
}

impl Provider {
    /// Tells a client that it is refused.
    pub async fn refuse(
        &self,
        client_id: &ClientId,
        refusal: &LoginRefusal,
        address: &ReturnAddress,
    ) -> Result<Answer, Denied> {
        let answer = AuthorizationAnswer::refusal(refusal, self.issuer(), address);
        self.answer(client_id, answer, address, self.now()).await
    }

    /// Puts an answer into the form that the client asked for.
    pub(super) async fn answer(
        &self,
        client_id: &ClientId,
        answer: AuthorizationAnswer,
        address: &ReturnAddress,
        now: Timestamp,
    ) -> Result<Answer, Denied> {
        let answer = if address.response_mode.is_signed() {
            let claims = answer.signed(self.issuer(), client_id.as_str(), now);
            AuthorizationAnswer::with_response(self.sign(None, &claims, now).await?)
        } else {
            answer
        };
        Ok(Answer {
            client_id: client_id.clone(),
            address: address.clone(),
            answer,
        })
    }
}
