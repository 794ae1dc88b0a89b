use proptest::prelude::*;

use super::*;

const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

fn parse(body: &str) -> Result<TokenRequest<'_>, TokenRequestError> {
    TokenRequest::parse(body.as_bytes())
}

fn with_grant(rest: &str) -> String {
    format!("{GRANT}&{rest}")
}

#[test]
fn accepts_what_clients_send() {
    let urn = GrantType::JWT_BEARER;
    for (body, assertion) in [
        (with_grant("assertion=a.b.c"), "a.b.c"),
        (format!("assertion=a.b.c&{GRANT}"), "a.b.c"),
        (format!("grant_type={urn}&assertion=a.b.c"), "a.b.c"),
        (format!("&&{GRANT}&&assertion=a.b.c&"), "a.b.c"),
        (
            with_grant("assertion=a.b.c&scope=x&client_id=y&client_id=z&novalue"),
            "a.b.c",
        ),
        (with_grant("other=%E6%F8%E5&assertion=a.b.c"), "a.b.c"),
        (with_grant("%61ssertion=a%2Eb.c"), "a.b.c"),
        (with_grant("assertion=a+b%2Bc"), "a b+c"),
        (with_grant("assertion=a=b=="), "a=b=="),
        (with_grant("assertion=100%25%"), "100%%"),
        (with_grant("assertion=%C3%A6"), "æ"),
        (with_grant("assertion=&assertion=a.b.c"), "a.b.c"),
    ] {
        let request = parse(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(request.assertion, assertion, "{body}");
        assert_eq!(request.grant_type, GrantType::JwtBearer, "{body}");
    }
}

#[test]
fn refuses_what_is_no_token_request() {
    use TokenRequestError::*;

    for (body, expected) in [
        (String::new(), MissingParameter("grant_type")),
        ("assertion=a.b.c".into(), MissingParameter("grant_type")),
        (
            "grant_type=&assertion=a.b.c".into(),
            MissingParameter("grant_type"),
        ),
        (
            "grant_type&assertion=a.b.c".into(),
            MissingParameter("grant_type"),
        ),
        (
            "Grant_Type=x&assertion=a.b.c".into(),
            MissingParameter("grant_type"),
        ),
        (GRANT.into(), MissingParameter("assertion")),
        (with_grant("assertion="), MissingParameter("assertion")),
        (
            format!("{GRANT}&{GRANT}&assertion=a"),
            RepeatedParameter("grant_type"),
        ),
        (
            with_grant("assertion=a&assertion=a"),
            RepeatedParameter("assertion"),
        ),
        (
            with_grant("assertion=a&%61ssertion=b"),
            RepeatedParameter("assertion"),
        ),
        (with_grant("assertion=%FF"), NotUtf8),
        (with_grant("assertion=+%FF"), NotUtf8),
        (with_grant("%FF=x&assertion=a"), NotUtf8),
        ("grant_type=client_credentials".into(), UnsupportedGrantType),
        (
            "grant_type=authorization_code&assertion=a".into(),
            UnsupportedGrantType,
        ),
    ] {
        assert_eq!(parse(&body), Err(expected), "{body}");
    }
}

#[test]
fn refuses_a_body_that_is_not_utf8() {
    let mut body = with_grant("assertion=a.b.c&note=").into_bytes();
    body.push(0xFF);
    assert_eq!(TokenRequest::parse(&body), Err(TokenRequestError::NotUtf8));
}

#[test]
fn counts_parameters_up_to_the_limit() {
    let filled = |count: usize| with_grant("assertion=a") + &"&x=1".repeat(count - 2);
    assert!(parse(&filled(MAX_PARAMETERS)).is_ok());
    assert_eq!(
        parse(&filled(MAX_PARAMETERS + 1)),
        Err(TokenRequestError::TooManyParameters)
    );
}

#[test]
fn borrows_an_assertion_that_is_not_encoded() {
    let body = with_grant("assertion=eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
    assert!(matches!(parse(&body).unwrap().assertion, Cow::Borrowed(_)));
}

#[test]
fn unsupported_grants_have_their_own_error_code() {
    use TokenRequestError::*;

    assert_eq!(UnsupportedGrantType.code(), ErrorCode::UnsupportedGrantType);
    for error in [
        MissingParameter("assertion"),
        RepeatedParameter("assertion"),
        NotUtf8,
        TooManyParameters,
    ] {
        assert_eq!(error.code(), ErrorCode::InvalidRequest, "{error}");
    }
}

#[test]
fn debug_output_has_no_assertion() {
    let body = with_grant("assertion=eyJ.secret.sig");
    let shown = format!("{:?}", parse(&body).unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}

proptest! {
    #[test]
    fn never_panics_on_bytes(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = TokenRequest::parse(&body);
    }

    /// Bytes that look like forms reach further into the parser than arbitrary ones.
    #[test]
    fn never_panics_on_near_forms(body in "(grant_type|assertion|%[0-9A-G]?|[&=+:a-zæ\u{0}]){0,40}") {
        let _ = parse(&body);
    }

    #[test]
    fn what_a_client_writes_is_what_the_server_reads(assertion in ".{1,200}") {
        let request = TokenRequest { grant_type: GrantType::JwtBearer, assertion: assertion.into() };
        let body = request.to_body();
        prop_assert_eq!(parse(&body), Ok(request));
    }

    /// Whatever else a client sends, in whatever order, the assertion comes out as it went in.
    #[test]
    fn ignores_any_other_parameters(
        others in proptest::collection::vec((".{0,12}", ".{0,12}"), 0..20),
        assertion in ".{1,60}",
        position in any::<proptest::sample::Index>(),
    ) {
        let mut pairs: Vec<(String, String)> = others
            .into_iter()
            .filter(|(name, _)| name != GRANT_TYPE && name != ASSERTION)
            .collect();
        pairs.insert(position.index(pairs.len() + 1), (ASSERTION.into(), assertion.clone()));
        pairs.insert(position.index(pairs.len() + 1), (GRANT_TYPE.into(), GrantType::JWT_BEARER.into()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();

        prop_assert_eq!(parse(&body).map(|request| request.assertion.into_owned()), Ok(assertion));
    }

    #[test]
    fn a_repeated_assertion_is_always_refused(first in ".{1,40}", second in ".{1,40}") {
        let body = form_urlencoded::Serializer::new(GRANT.to_owned())
            .append_pair(ASSERTION, &first)
            .append_pair(ASSERTION, &second)
            .finish();
        prop_assert_eq!(parse(&body), Err(TokenRequestError::RepeatedParameter(ASSERTION)));
    }
}
