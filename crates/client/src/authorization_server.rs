//! An authorization server, found by its metadata (RFC 8414).

use portvakt_jose::JwkSet;
use portvakt_oauth_types::metadata::{OAUTH_AUTHORIZATION_SERVER_PATH, OPENID_CONFIGURATION_PATH};
use portvakt_oauth_types::{AuthorizationServerMetadata, GrantType, TokenRequest, TokenResponse};
use serde_json::Value;

use crate::error::ClientError;
use crate::http::{Address, HttpClient};

/// An authorization server. Grants for it have the *configured* issuer as `aud`: metadata of
/// another issuer is refused, so that no grant is ever signed for whom an answer names.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    http: HttpClient,
    metadata: AuthorizationServerMetadata,
    well_known: Address,
    token_endpoint: Address,
    jwks_uri: Address,
}

impl AuthorizationServer {
    /// Finds the server of an issuer by the metadata of a Maskinporten.
    pub async fn discover(http: &HttpClient, issuer: &str) -> Result<Self, ClientError> {
        Self::read(http, issuer, OAUTH_AUTHORIZATION_SERVER_PATH).await
    }

    /// Finds the server of an issuer by the metadata of an OpenID provider, as ID-porten has it.
    pub async fn discover_openid(http: &HttpClient, issuer: &str) -> Result<Self, ClientError> {
        Self::read(http, issuer, OPENID_CONFIGURATION_PATH).await
    }

    async fn read(http: &HttpClient, issuer: &str, path: &str) -> Result<Self, ClientError> {
        let well_known = http.address(issuer)?.below(path);
        let metadata: AuthorizationServerMetadata = http
            .get_json(&well_known, "authorization server metadata")
            .await?;
        // RFC 8414 §3.3: a document that names another issuer must not be used.
        if metadata.issuer != issuer {
            return Err(ClientError::IssuerMismatch {
                url: well_known.to_string(),
                configured: issuer.to_owned(),
                found: crate::error::shown(&metadata.issuer),
            });
        }
        Ok(Self {
            token_endpoint: endpoint(http, &well_known, &metadata.token_endpoint)?,
            jwks_uri: endpoint(http, &well_known, &metadata.jwks_uri)?,
            http: http.clone(),
            metadata,
            well_known,
        })
    }

    /// The issuer, byte for byte as it was configured and as it names itself.
    pub fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Where the metadata is.
    pub fn well_known(&self) -> &Address {
        &self.well_known
    }

    /// Where grants are exchanged.
    pub fn token_endpoint(&self) -> &Address {
        &self.token_endpoint
    }

    /// Where its keys are.
    pub fn jwks_uri(&self) -> &Address {
        &self.jwks_uri
    }

    /// Its public keys; those that cannot be used are left out.
    pub async fn keys(&self) -> Result<JwkSet, ClientError> {
        let set: Value = self.http.get_json(&self.jwks_uri, "JWK Set").await?;
        JwkSet::parse_lenient(&set).map_err(|_| ClientError::Garbage {
            url: self.jwks_uri.to_string(),
            what: "JWK Set",
        })
    }

    /// Exchanges a signed grant, once.
    pub async fn exchange(&self, assertion: &str) -> Result<TokenResponse, ClientError> {
        let request = TokenRequest {
            grant_type: GrantType::JwtBearer,
            assertion: assertion.into(),
        };
        let url = &self.token_endpoint;
        let answer = self.http.post_form(url, request.to_body()).await?;
        let token: TokenResponse = answer.json(url.as_str(), "token response")?;
        if token.token_type.eq_ignore_ascii_case(TokenResponse::BEARER) {
            Ok(token)
        } else {
            Err(ClientError::Garbage {
                url: url.to_string(),
                what: "bearer token",
            })
        }
    }
}

/// An endpoint that metadata names. It is not less encrypted than the metadata itself.
fn endpoint(http: &HttpClient, well_known: &Address, url: &str) -> Result<Address, ClientError> {
    let address = http.address(url)?;
    if well_known.is_encrypted() && !address.is_encrypted() {
        return Err(ClientError::Address {
            url: address.to_string(),
            reason: "encrypted metadata names an endpoint that is not encrypted",
        });
    }
    Ok(address)
}
