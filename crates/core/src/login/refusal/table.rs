//! The table of refusals of the login surface: one row for each code (spec: idporten §19).

use portvakt_oauth_types::ErrorCode;

/// Where a refusal is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// To the person, on a page: there is no address that could be trusted, or nobody to tell.
    Page,
    /// To the client: in the redirect of the authorization endpoint, or as JSON where it was asked
    /// directly.
    Client,
    /// To the client, as JSON.
    Json,
}

/// How a refusal looks on the wire, and what helps.
#[derive(Clone, Copy, Debug)]
pub struct LoginRefusalRow {
    /// HTTP status of a page or of JSON. A redirect has its own.
    pub http_status: u16,
    /// OAuth error code.
    pub error: ErrorCode,
    /// Where it is shown.
    pub shown: Shown,
    /// How `error_description` begins.
    pub text: &'static str,
    /// The situation, for the documentation.
    pub raised_when: &'static str,
    /// What to do, for the documentation.
    pub next_step: &'static str,
}

macro_rules! refusal_table {
    ($($code:ident {
        status: $status:literal, error: $error:ident, shown: $shown:ident, text: $text:literal,
        when: $when:literal, next: $next:literal $(,)?
    })*) => {
        /// Names a row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum LoginRefusalCode {
            $(#[doc = $when] $code,)*
        }

        impl LoginRefusalCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The variant's name, which the documentation uses as the name of the row.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The name among those of the refusals of all surfaces.
            pub fn counted_as(self) -> &'static str {
                match self { $(Self::$code => concat!("login.", stringify!($code)),)* }
            }

            /// The row.
            pub fn row(self) -> &'static LoginRefusalRow {
                match self {
                    $(Self::$code => &LoginRefusalRow {
                        http_status: $status, error: ErrorCode::$error, shown: Shown::$shown,
                        text: $text, raised_when: $when, next_step: $next,
                    },)*
                }
            }
        }
    };
}

refusal_table! {
    RequestTooLarge {
        status: 413, error: InvalidRequest, shown: Page,
        text: "The request is too large",
        when: "The authorization request has more than 16 KiB.",
        next: "Push the request to the PAR endpoint, which accepts 64 KiB, or send fewer scopes.",
    }
    RequestMalformed {
        status: 400, error: InvalidRequest, shown: Page,
        text: "The request cannot be read",
        when: "The query or form is not UTF-8, has more than 100 parameters, names `client_id` or `redirect_uri` twice, or is a `POST` with a query.",
        next: "Send each parameter once, form-encoded in UTF-8.",
    }
    PushedRequestInvalid {
        status: 400, error: InvalidRequest, shown: Page,
        text: "The pushed request is unknown, expired, used, or not this client's",
        when: "`request_uri` is not one that the PAR endpoint gave to this client, it is older than 120 seconds, it was used, or another browser has started it.",
        next: "Push the request anew for every login, and redirect the browser at once.",
    }
    ClientUnknown {
        status: 400, error: UnauthorizedClient, shown: Page,
        text: "The client is unknown or not active",
        when: "`client_id` is missing, names no client, or one that is deactivated.",
        next: "Check `client_id`, and that the request goes to the environment where the client is registered.",
    }
    ClientNotServed {
        status: 400, error: UnauthorizedClient, shown: Page,
        text: "The client is of a type that this issuer does not serve",
        when: "The client's `integration_type` is for another issuer: `maskinporten`, `krr` and `eformidling` use the machine-to-machine token endpoint.",
        next: "Register a client of type `idporten` or `api_klient`.",
    }
    RedirectUriNotRegistered {
        status: 400, error: InvalidRequest, shown: Page,
        text: "redirect_uri is missing or not registered on the client",
        when: "`redirect_uri` is missing, or differs in a single character from every registered one.",
        next: "Send `redirect_uri` exactly as it is registered. Only the port of a native client's loopback address may differ.",
    }
    ResponseModeUnsupported {
        status: 400, error: InvalidRequest, shown: Client,
        text: "response_mode is not supported",
        when: "`response_mode` is none of `query`, `form_post`, `query.jwt`, `form_post.jwt` and `jwt`.",
        next: "Leave `response_mode` out, or choose from `response_modes_supported` of the metadata.",
    }
    ParameterRepeated {
        status: 400, error: InvalidRequest, shown: Client,
        text: "A parameter is repeated",
        when: "A parameter other than `resource` was sent more than once.",
        next: "Send each parameter once.",
    }
    ParameterMissing {
        status: 400, error: InvalidRequest, shown: Client,
        text: "A parameter is missing",
        when: "A required parameter is absent or empty.",
        next: "Send what the description names.",
    }
    ParameterMalformed {
        status: 400, error: InvalidRequest, shown: Client,
        text: "A parameter has a value that is not allowed",
        when: "A parameter has characters that it may not have, is too long, or is none of the allowed values.",
        next: "Correct what the description names.",
    }
    StateRequired {
        status: 400, error: InvalidRequest, shown: Client,
        text: "state is required for this client",
        when: "`state` is missing, and the client is public, does without PKCE, or the server requires it of everybody.",
        next: "Send an unpredictable `state` and compare it in the response.",
    }
    NonceRequired {
        status: 400, error: InvalidRequest, shown: Client,
        text: "nonce is required for this client",
        when: "`nonce` is missing from a request with `openid`, and the client does without PKCE or the server requires it of everybody.",
        next: "Send an unpredictable `nonce` and compare it with the id_token.",
    }
    CodeChallengeRequired {
        status: 400, error: InvalidRequest, shown: Client,
        text: "code_challenge is required",
        when: "`code_challenge` is missing, and the client's registration does not exempt it from PKCE.",
        next: "Send `code_challenge` and `code_challenge_method=S256` (RFC 7636).",
    }
    CodeChallengeMethod {
        status: 400, error: InvalidRequest, shown: Client,
        text: "code_challenge_method must be S256",
        when: "`code_challenge_method` is missing, which means `plain`, or is something else than `S256`.",
        next: "Send `code_challenge_method=S256`.",
    }
    CodeChallengeMalformed {
        status: 400, error: InvalidRequest, shown: Client,
        text: "code_challenge must be 43 base64url characters without padding",
        when: "`code_challenge` is not a SHA-256 in base64url.",
        next: "Encode the hash in base64url and leave the `=` out.",
    }
    PromptUnsupported {
        status: 400, error: InvalidRequest, shown: Client,
        text: "prompt has a value or combination that is not supported",
        when: "`prompt` has another value than `login`, `consent` and `none`, or `none` with another.",
        next: "Choose from `prompt_values_supported` of the metadata.",
    }
    AcrUnknown {
        status: 400, error: InvalidRequest, shown: Client,
        text: "acr_values has no known value",
        when: "None of the values of `acr_values` is known.",
        next: "Choose from `acr_values_supported` of the metadata.",
    }
    AcrUnreachable {
        status: 400, error: InvalidRequest, shown: Client,
        text: "no login method available for the requested acr_values",
        when: "No eID provider that is enabled here reaches the requested level.",
        next: "Choose from `acr_values_supported` of the metadata.",
    }
    OnBehalfOfUnknown {
        status: 400, error: InvalidRequest, shown: Client,
        text: "onbehalfof is not registered on the client",
        when: "`onbehalfof` names no active registration of the client.",
        next: "Register the value on the client first.",
    }
    ClaimsMalformed {
        status: 400, error: InvalidRequest, shown: Client,
        text: "claims must be a JSON object of at most 4 KiB",
        when: "`claims` is too large or no JSON object, and the client has the scope `eidas`.",
        next: "Leave `claims` out, or send what the specification describes.",
    }
    ResponseTypeUnsupported {
        status: 400, error: UnsupportedResponseType, shown: Client,
        text: "response_type must be code",
        when: "`response_type` is something else than `code`.",
        next: "Send `response_type=code`.",
    }
    ScopeMissing {
        status: 400, error: InvalidScope, shown: Client,
        text: "scope is missing",
        when: "`scope` is absent or empty.",
        next: "Ask for `openid`, `profile` or a scope of an API.",
    }
    ScopesTooMany {
        status: 400, error: InvalidRequest, shown: Client,
        text: "scope has more than 100 scopes or 4096 characters",
        when: "`scope` is larger than a request may have.",
        next: "Ask for what the login needs.",
    }
    ScopeRefused {
        status: 400, error: InvalidScope, shown: Client,
        text: "The client may not ask for these scopes",
        when: "A scope does not exist, is not active, is not registered on the client, is not for its type, or its organization has no access.",
        next: "Register the scope on the client, and have its owner grant access to the organization, or to the supplier of a client that a supplier manages.",
    }
    TargetInvalid {
        status: 400, error: InvalidTarget, shown: Client,
        text: "resource must be absolute URIs without a fragment, and those that were authorized",
        when: "A `resource` is no absolute URI of at most 2048 characters, there are more than ten, or a token request names one that the login did not.",
        next: "Send the identifier of the API, the same in both requests.",
    }
    GrantNotRegistered {
        status: 400, error: UnauthorizedClient, shown: Client,
        text: "The client is not registered for this grant type",
        when: "`grant_types` of the client lacks `authorization_code` or `refresh_token`.",
        next: "Add the grant type to the client.",
    }
    RequestObjectInvalid {
        status: 400, error: InvalidRequestObject, shown: Client,
        text: "The request object is not accepted",
        when: "`request` is no JWS that a registered key of the client signed, has wrong or missing claims, has expired, was used, or has parameters that differ from those outside.",
        next: "Sign a new object for every request, for at most 120 seconds, with `iss` the client and `aud` the issuer.",
    }
    RequestObjectsOff {
        status: 400, error: RequestNotSupported, shown: Client,
        text: "Request objects are not accepted by this server",
        when: "`request` was sent, and the operator has switched request objects off.",
        next: "Send the parameters as they are, or push them.",
    }
    RegistrationNotSupported {
        status: 400, error: RegistrationNotSupported, shown: Client,
        text: "registration is not supported",
        when: "`registration` was sent.",
        next: "Register the client beforehand.",
    }
    RequestUriNotAllowed {
        status: 400, error: InvalidRequest, shown: Json,
        text: "request_uri is not allowed here",
        when: "A pushed request has `request_uri`.",
        next: "Push the parameters themselves.",
    }
    Cancelled {
        status: 403, error: AccessDenied, shown: Client,
        text: "The person cancelled the login",
        when: "The person chose to cancel.",
        next: "Show the person a page from which they can try again.",
    }
    PersonRefused {
        status: 403, error: AccessDenied, shown: Client,
        text: "The person may not log in",
        when: "The operator has blocked the person, the eID provider refused them, or their national identity number is of a kind that is not accepted here.",
        next: "Nothing that the client can do.",
    }
    LevelNotReached {
        status: 403, error: AccessDenied, shown: Client,
        text: "The login did not reach the level that was asked for",
        when: "The eID provider delivered a lower level than was asked for.",
        next: "Let the person try again with another eID.",
    }
    IdentityRequired {
        status: 403, error: AccessDenied, shown: Client,
        text: "The login requires a Norwegian identity number, and none was found",
        when: "`claims` asked for a match with a Norwegian identity number, and the foreign identity has none.",
        next: "Accept persons without a match, or offer another way in.",
    }
    NothingGranted {
        status: 403, error: AccessDenied, shown: Client,
        text: "The person declined everything that was asked for",
        when: "Every scope needed consent and none was given.",
        next: "Explain to the person why access is needed, and ask again when they want to go on.",
    }
    LoginRequired {
        status: 400, error: LoginRequired, shown: Client,
        text: "No active session satisfies the request",
        when: "`prompt=none`, and the person would have to log in.",
        next: "Send the request without `prompt=none`.",
    }
    ConsentRequired {
        status: 400, error: ConsentRequired, shown: Client,
        text: "The person would have to be asked",
        when: "`prompt=none`, and a scope needs consent.",
        next: "Send the request without `prompt=none`.",
    }
    TransactionOver {
        status: 410, error: InvalidRequest, shown: Page,
        text: "The login took too long, was completed already, or was begun in another browser",
        when: "A page of a login was sent after 30 minutes, twice, or from another browser.",
        next: "Go back to the service and start again.",
    }
    SessionMissing {
        status: 400, error: InvalidRequest, shown: Page,
        text: "There is no session to log out of",
        when: "The browser did not send the session's cookie with the logout.",
        next: "Nothing: the person is not logged in here.",
    }
    LogoutMalformed {
        status: 400, error: InvalidRequest, shown: Page,
        text: "The logout request is not understood",
        when: "`state` has characters that it may not have, or `client_id` is not the client of `id_token_hint`.",
        next: "Send the id_token of this client, and a `state` in printable ASCII.",
    }
    ForgedForm {
        status: 403, error: InvalidRequest, shown: Page,
        text: "The form was not sent by this server's page",
        when: "A form came without its token, or from another site.",
        next: "Go back to the service and start again.",
    }
    GrantTypeUnsupported {
        status: 400, error: UnsupportedGrantType, shown: Json,
        text: "grant_type must be authorization_code or refresh_token",
        when: "`grant_type` is something else; the JWT bearer grant belongs to the machine-to-machine surface.",
        next: "Use the token endpoint of the issuer that the client is registered for.",
    }
    ClientAuthenticationFailed {
        status: 401, error: InvalidClient, shown: Json,
        text: "Client authentication failed",
        when: "No client has the id, it is not active, or it did not authenticate with its registered method and a valid credential.",
        next: "Use the registered `token_endpoint_auth_method`; make a new assertion, with a new `jti`, for every request. The server's log says what was wrong.",
    }
    SeveralAuthenticationMethods {
        status: 400, error: InvalidRequest, shown: Json,
        text: "The client authenticated in more than one way",
        when: "The request has more than one of a header, `client_secret` and `client_assertion`, or `client_id` differs from the authenticated client.",
        next: "Send one credential.",
    }
    ClientIdRequired {
        status: 400, error: InvalidRequest, shown: Json,
        text: "client_id is required",
        when: "`client_id` is missing where the operator requires it beside `client_assertion`.",
        next: "Send `client_id`.",
    }
    CodeInvalid {
        status: 400, error: InvalidGrant, shown: Json,
        text: "The code is unknown, expired, used, or another client's",
        when: "The code was never issued to this client, is older than 60 seconds, or was used. A code that is used twice revokes every token of its login.",
        next: "Redeem each code once, at once. The server's log says what was wrong.",
    }
    CodeMismatch {
        status: 400, error: InvalidGrant, shown: Json,
        text: "The code does not belong to this redirect_uri or code_verifier",
        when: "`redirect_uri` or `code_verifier` is not that of the authorization request. The code is used up.",
        next: "Send the same `redirect_uri`, and the verifier of the `code_challenge`; none if there was no challenge.",
    }
    RefreshTokenInvalid {
        status: 400, error: InvalidGrant, shown: Json,
        text: "The refresh token is unknown, expired, revoked, replaced, or another client's",
        when: "The refresh token does not count any more. One that was replaced and is shown again revokes every token of its login.",
        next: "Keep the newest refresh token; log the person in again.",
    }
    NothingLeft {
        status: 400, error: InvalidGrant, shown: Json,
        text: "No scope of the login may be used any more",
        when: "Every scope was withdrawn since the person logged in.",
        next: "Have the access restored, and log the person in again.",
    }
    TokenMissing {
        status: 401, error: InvalidToken, shown: Json,
        text: "An access token is required",
        when: "`/userinfo` or a companion API was asked without an access token.",
        next: "Send `Authorization: Bearer` and the access token.",
    }
    TokenInvalid {
        status: 401, error: InvalidToken, shown: Json,
        text: "The access token is expired, revoked, or not from this issuer",
        when: "The token is malformed, expired, revoked, or another issuer's.",
        next: "Get a new access token.",
    }
    TokenInQuery {
        status: 400, error: InvalidRequest, shown: Json,
        text: "Access tokens are not accepted in the query",
        when: "`access_token` stands in the address, where logs keep it.",
        next: "Send it in the `Authorization` header.",
    }
    ProfileScopeRequired {
        status: 403, error: InsufficientScope, shown: Json,
        text: "The access token lacks the scope profile",
        when: "`/userinfo` was asked with a token without `profile`.",
        next: "Ask for `profile` when the person logs in.",
    }
    ScopeRequired {
        status: 403, error: InsufficientScope, shown: Json,
        text: "The access token needs one of these scopes",
        when: "A companion API was asked with a token that is good for something else.",
        next: "Get a token with a scope that the description and `WWW-Authenticate` name.",
    }
    TokenOfWrongKind {
        status: 403, error: AccessDenied, shown: Json,
        text: "The access token is of the wrong kind for this",
        when: "A companion API was asked about the person who is logged in with a token of an organization, or the other way round. The issuer decides which kind a token is.",
        next: "Use a token of the issuer that the description names.",
    }
    PersonNotInToken {
        status: 403, error: AccessDenied, shown: Json,
        text: "The access token is restricted to another person",
        when: "The token has a `pid`, and the body names somebody else.",
        next: "Ask about the person of the token, or get a token without `pid`.",
    }
    ResourceNotFound {
        status: 404, error: NotFound, shown: Json,
        text: "There is no such resource",
        when: "A companion API was asked for something that does not exist, or that the caller may not know of.",
        next: "Check the address, and that the person or the authorization is one of the caller's.",
    }
    NotAcceptable {
        status: 406, error: InvalidRequest, shown: Json,
        text: "The answer has no form that is accepted",
        when: "`Accept` names neither `application/json` nor, where answers are signed, `application/jose`.",
        next: "Accept `application/json`.",
    }
    JsonRequired {
        status: 415, error: InvalidRequest, shown: Json,
        text: "The request body must be application/json",
        when: "A companion API was sent a body of another media type, or none is stated.",
        next: "Send `Content-Type: application/json` and a JSON body.",
    }
    BodyInvalid {
        status: 400, error: InvalidRequest, shown: Json,
        text: "The request body is not what is expected here",
        when: "A companion API was sent a body that is no JSON, lacks a member, or has one of a wrong type or value. Values are never repeated.",
        next: "Send the members that the OpenAPI document describes.",
    }
    RevokeListTooLong {
        status: 503, error: TemporarilyUnavailable, shown: Json,
        text: "The list has more entries than an answer may have",
        when: "More than 100,000 tokens that have not expired were revoked.",
        next: "Ask for one `client_id`, or only for what was revoked `since` the last answer.",
    }
    IntrospectionScopeRequired {
        status: 403, error: InsufficientScope, shown: Json,
        text: "The client lacks the scope idporten:token.introspection",
        when: "The client is not registered with the scope that introspection needs.",
        next: "Have the operator register the scope on the client.",
    }
    DpopProofInvalid {
        status: 400, error: InvalidDpopProof, shown: Json,
        text: "The DPoP proof is not accepted",
        when: "The `DPoP` header is repeated, malformed, for another address, more than a minute old, or was used.",
        next: "Make a new proof for every request, with a new `jti` and the present time (RFC 9449 §4.2). The description says what was wrong.",
    }
    DpopKeyMismatch {
        status: 400, error: InvalidGrant, shown: Json,
        text: "The code or refresh token is bound to a key that was not proven",
        when: "The login asked for a binding (`dpop_jkt`, or a proof at the PAR endpoint), or a public client got the refresh token with a proof, and this request has no proof or one of another key.",
        next: "Send a `DPoP` proof of the same key. A code is used up; a refresh token is not.",
    }
    TokenNotProven {
        status: 401, error: InvalidToken, shown: Json,
        text: "The access token and the proof of a key do not belong together",
        when: "A token with `cnf` was sent as `Bearer`, without a `DPoP` header, or with a proof of another key; or one without `cnf` was sent as `DPoP`.",
        next: "Send `Authorization: DPoP` with a proof of the token's key, or `Bearer` if `token_type` was `Bearer`.",
    }
    TokenProofInvalid {
        status: 401, error: InvalidDpopProof, shown: Json,
        text: "The DPoP proof that came with the access token is not accepted",
        when: "The `DPoP` header is repeated, malformed, for another address or token, more than a minute old, or was used.",
        next: "Make a new proof for every request, with `ath` (RFC 9449 §7.1). The description says what was wrong.",
    }
    NotFound {
        status: 404, error: InvalidRequest, shown: Json,
        text: "Nothing is here",
        when: "The address has no meaning.",
        next: "Take addresses from the metadata.",
    }
    MethodNotAllowed {
        status: 405, error: InvalidRequest, shown: Json,
        text: "The method is not allowed here",
        when: "The request uses another method than those of `Allow`.",
        next: "Use a method that `Allow` names.",
    }
    UnsupportedMediaType {
        status: 415, error: InvalidRequest, shown: Json,
        text: "The request body must be application/x-www-form-urlencoded",
        when: "The body has another media type, or none is stated.",
        next: "Send `Content-Type: application/x-www-form-urlencoded` and a form body.",
    }
    BodyTooLarge {
        status: 413, error: InvalidRequest, shown: Json,
        text: "The request body is too large",
        when: "The body is larger than 64 KiB.",
        next: "Send the certificate alone in `x5c`, and fewer scopes.",
    }
    RequestTimeout {
        status: 408, error: InvalidRequest, shown: Json,
        text: "The request did not arrive in time",
        when: "The request did not arrive completely within the time limit.",
        next: "Send it again, at once and as a whole.",
    }
    TooManyRequests {
        status: 429, error: InvalidRequest, shown: Json,
        text: "Too many requests",
        when: "The address or the client sends more requests than it may.",
        next: "Wait as long as `Retry-After` says.",
    }
    TooManyUnderWay {
        status: 503, error: TemporarilyUnavailable, shown: Client,
        text: "Too much is under way",
        when: "There are as many logins under way, pushed requests, or logouts that wait for their browser, as the server keeps at a time. Whoever is logged in stays so, and logins that were begun go on.",
        next: "Try again in a moment. If it lasts, tell the operator: somebody may be filling the server up.",
    }
    Unavailable {
        status: 503, error: TemporarilyUnavailable, shown: Client,
        text: "The server cannot answer now",
        when: "The server is overloaded, or its store does not answer.",
        next: "Try again after a moment.",
    }
    Internal {
        status: 500, error: ServerError, shown: Client,
        text: "The server is at fault",
        when: "Something went wrong in the server; its log says what.",
        next: "Report the request id to the operator.",
    }
}
