//! `grant_type=authorization_code` (spec: idporten §10.1).

use super::proof::check_binding;
use super::tokens::{gets_refresh_tokens, refresh_binding, seconds_until};
use super::{AuthenticatedClient, Denied, Provider, Tokens};
use crate::client::GrantType;
use crate::clock::Timestamp;
use crate::login::Handle;
use crate::login::client_authentication::Credentials;
use crate::login::dpop::DpopHeader;
use crate::login::pkce::{CodeChallenge, CodeVerifier};
use crate::login::port::{Issue, Issuing, Redemption};
use crate::login::record::{Authorization, AuthorizationCode, RefreshToken};
use crate::login::refusal::{LoginRefusal, LoginRefusalCode};
use crate::scope::ScopeName;

/// A token request with a code.
#[derive(Clone, Copy)]
pub struct CodeRequest<'a> {
    /// `code`.
    pub code: Option<&'a str>,
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// `resource`.
    pub resources: &'a [&'a str],
    /// The key that the tokens shall be bound to.
    pub dpop: DpopHeader<'a>,
}

impl Provider {
    /// Exchanges a code for tokens. Whatever is wrong with the request of the right client, the code
    /// is used up; shown twice it revokes what it stood for.
    pub async fn redeem(
        &self,
        request: CodeRequest<'_>,
        credentials: Credentials<'_>,
    ) -> Result<Tokens, Denied> {
        let redeeming =
            async |client: &AuthenticatedClient, now| self.redeem_as(client, request, now).await;
        self.for_login_client(credentials, redeeming).await
    }

    async fn redeem_as(
        &self,
        client: &AuthenticatedClient,
        request: CodeRequest<'_>,
        now: Timestamp,
    ) -> Result<Tokens, Denied> {
        client.require_grant(GrantType::AuthorizationCode)?;
        let missing = |name| LoginRefusal::Parameter(LoginRefusalCode::ParameterMissing, name);
        let code = request.code.ok_or_else(|| missing("code"))?;
        let redirect_uri = request
            .redirect_uri
            .ok_or_else(|| missing("redirect_uri"))?;
        let verifier = verifier(request.code_verifier)?;

        let key = self.clients_key(request.dpop, "token", now)?;
        let (code, authorization) = self.use_code(code, client, now).await?;
        check_code(&code, redirect_uri, verifier)
            .map_err(|cause| Denied::of(LoginRefusalCode::CodeMismatch, &cause))?;
        check_binding(code.details.dpop_jkt.as_deref(), key.as_ref())?;
        self.use_clients_proof(key.as_ref()).await?;
        let details = &authorization.details;
        let resources = resources(request.resources, &details.resources)?;
        let granted: Vec<ScopeName> = granted(&authorization);
        let scopes = self.usable_scopes(&granted, client.client()).await?;
        if scopes.is_empty() {
            return Err(LoginRefusalCode::NothingLeft.into());
        }
        let jkt = key.as_ref().map(|key| key.jkt.as_str());
        let draft = self
            .draft(client, &authorization, scopes, &resources, jkt, now)
            .await?;
        let refresh = self.first_refresh_token(client, &authorization, jkt, now)?;
        let issue = Issue {
            access: &draft.record,
            refresh: refresh.as_ref().map(|(_, record)| record),
            id_token: draft.wants_id_token(),
        };
        let Issuing::Issued { id_token } = self.store().issue(&issue, now).await? else {
            let cause = &"the authorization was revoked or has ended";
            return Err(Denied::of(LoginRefusalCode::CodeInvalid, cause));
        };
        let nonce = code.details.nonce.as_deref();
        let tokens = self.hand_out(draft, client.client(), &authorization, nonce, id_token, now);
        let mut tokens = tokens.await?;
        tokens.refresh_token = refresh.map(|(handle, record)| {
            let left = seconds_until(record.expires_at, now);
            (handle.expose().to_owned(), left)
        });
        Ok(tokens)
    }

    async fn use_code(
        &self,
        code: &str,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<(AuthorizationCode, Authorization), Denied> {
        let client_id = &client.client().client_id;
        let invalid = |cause: &str| Denied::of(LoginRefusalCode::CodeInvalid, &cause);
        let handle = Handle::parse(code).map_err(|_| invalid("the code is no handle"))?;
        let digest = handle.digest();
        match self.store().redeem_code(&digest, client_id, now).await? {
            Redemption::Redeemed(redeemed) => Ok(*redeemed),
            Redemption::Replayed(id) => Err(invalid(&format!(
                "the code was used before; authorization {id} is revoked"
            ))),
            Redemption::Expired => Err(invalid("the code has expired")),
            Redemption::Foreign => Err(invalid("the code is another client's")),
            Redemption::Unknown => Err(invalid("the code was never issued, or is forgotten")),
        }
    }

    fn first_refresh_token(
        &self,
        client: &AuthenticatedClient,
        authorization: &Authorization,
        jkt: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<(Handle, RefreshToken)>, Denied> {
        if !gets_refresh_tokens(client.client()) {
            return Ok(None);
        }
        let handle = self.handle()?;
        let lifetimes = &self.issuer().lifetimes;
        let record = RefreshToken {
            token: handle.digest(),
            authorization: authorization.id.clone(),
            generation: 0,
            issued_at: now,
            expires_at: lifetimes.refresh_end(client.client(), authorization.ends_at, now),
            dpop_jkt: refresh_binding(client.client(), jkt),
            replaced_at: None,
        };
        Ok(Some((handle, record)))
    }
}

/// The names of what was granted.
pub(super) fn granted(authorization: &Authorization) -> Vec<ScopeName> {
    let granted = authorization.details.granted.iter();
    granted.map(|scope| scope.name.clone()).collect()
}

/// The APIs that a token is for: what is asked for now, if the login asked for it, too; otherwise
/// all that the login asked for.
pub(super) fn resources(
    asked: &[&str],
    authorized: &[String],
) -> Result<Vec<String>, LoginRefusalCode> {
    if asked.is_empty() {
        return Ok(authorized.to_vec());
    }
    let all_authorized = asked
        .iter()
        .all(|asked| authorized.iter().any(|known| known == asked));
    if !all_authorized {
        return Err(LoginRefusalCode::TargetInvalid);
    }
    let chosen = authorized
        .iter()
        .filter(|known| asked.contains(&known.as_str()));
    Ok(chosen.cloned().collect())
}

fn verifier(text: Option<&str>) -> Result<Option<CodeVerifier<'_>>, LoginRefusal> {
    let malformed =
        || LoginRefusal::Parameter(LoginRefusalCode::ParameterMalformed, "code_verifier");
    text.map(|text| CodeVerifier::parse(text).ok_or_else(malformed))
        .transpose()
}

/// Spec: idporten §7. The text is for the log.
fn check_code(
    code: &AuthorizationCode,
    redirect_uri: &str,
    verifier: Option<CodeVerifier<'_>>,
) -> Result<(), &'static str> {
    if code.details.redirect_uri != redirect_uri {
        return Err("redirect_uri is not that of the authorization request");
    }
    match (code.details.code_challenge.as_deref(), verifier) {
        (None, None) => Ok(()),
        // Somebody has taken the challenge out of the authorization request.
        (None, Some(_)) => Err("a code_verifier was sent, and there was no code_challenge"),
        (Some(_), None) => Err("code_verifier is missing"),
        (Some(challenge), Some(verifier)) => {
            let matches = CodeChallenge::parse(challenge)
                .is_some_and(|challenge| challenge.matches(&verifier));
            if matches {
                Ok(())
            } else {
                Err("code_verifier does not fit the code_challenge")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_no_more_than_the_login_asked_for() {
        let authorized = ["urn:a".to_owned(), "urn:b".to_owned()];
        assert_eq!(resources(&[], &authorized).unwrap(), authorized);
        assert_eq!(resources(&["urn:b"], &authorized).unwrap(), ["urn:b"]);
        let refused = Err(LoginRefusalCode::TargetInvalid);
        assert_eq!(resources(&["urn:a", "urn:c"], &authorized), refused);
        assert_eq!(resources(&["urn:a"], &[]), refused);
    }
}
