//! The grant types that the token endpoint knows.

/// How a client proves that it may have a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A signed JWT is both the grant and the client authentication (RFC 7523 §2.1).
    JwtBearer,
}

impl GrantType {
    /// The name on the wire of [`GrantType::JwtBearer`].
    pub const JWT_BEARER: &'static str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    /// The grant type with this name; `None` is answered `unsupported_grant_type` (RFC 6749 §5.2).
    /// Names compare exactly.
    pub fn parse(name: &str) -> Option<Self> {
        (name == Self::JWT_BEARER).then_some(Self::JwtBearer)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JwtBearer => Self::JWT_BEARER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_one_grant_type_by_its_exact_name() {
        let name = GrantType::JwtBearer.as_str();
        assert_eq!(name, "urn:ietf:params:oauth:grant-type:jwt-bearer");
        assert_eq!(GrantType::parse(name), Some(GrantType::JwtBearer));

        for unknown in [
            "",
            "client_credentials",
            "URN:ietf:params:oauth:grant-type:jwt-bearer",
            "jwt-bearer ",
        ] {
            assert_eq!(GrantType::parse(unknown), None, "{unknown:?}");
        }
    }
}
