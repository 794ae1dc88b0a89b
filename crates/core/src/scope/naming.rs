//! How NAIS manifests name subscopes, and what a postfix says about access.

use std::fmt;

/// A subscope as a NAIS manifest spells it: `product`, separator, `name`.
///
/// Without an explicit separator it is `/` if `name` contains `/`, and `:` otherwise, so that
/// `arbeid` + `some.scope.read` is `arbeid:some.scope.read` and `arbeid` + `some/scope.read` is
/// `arbeid/some/scope.read` (seed documents 000 to 002).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscope {
    product: String,
    separator: Separator,
    name: String,
}

/// What stands between product and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `:`
    Colon,
    /// `/`
    Slash,
}

impl Separator {
    /// The separator that a name asks for when the manifest states none.
    pub fn default_for(name: &str) -> Self {
        if name.contains('/') {
            Self::Slash
        } else {
            Self::Colon
        }
    }

    fn as_char(self) -> char {
        match self {
            Self::Colon => ':',
            Self::Slash => '/',
        }
    }
}

impl Subscope {
    /// Combines product and name; `separator` overrides the default rule.
    pub fn new(
        product: &str,
        name: &str,
        separator: Option<Separator>,
    ) -> Result<Self, InvalidSubscopeName> {
        if product.is_empty() {
            return Err(InvalidSubscopeName::EmptyProduct);
        }
        if name.is_empty() {
            return Err(InvalidSubscopeName::EmptyName);
        }
        Ok(Self {
            product: product.to_owned(),
            separator: separator.unwrap_or_else(|| Separator::default_for(name)),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Subscope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}{}{}",
            self.product,
            self.separator.as_char(),
            self.name
        )
    }
}

/// Why product and name make no subscope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubscopeName {
    /// The product is empty.
    #[error("product is empty")]
    EmptyProduct,
    /// The name is empty.
    #[error("name is empty")]
    EmptyName,
}

/// What a scope's postfix says about access. A convention for people: the server compares names
/// and never derives one right from another (spec: maskinporten §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLevel {
    /// `.read`, or no postfix at all.
    Read,
    /// `.write`
    Write,
    /// Any other postfix after the last dot.
    Other(String),
}

impl AccessLevel {
    /// The level that a subscope's last dot-separated part states.
    pub fn of(subscope: &str) -> Self {
        let last_segment = subscope.rsplit(['/', ':']).next().unwrap_or(subscope);
        match last_segment.rsplit_once('.') {
            None | Some((_, "read" | "")) => Self::Read,
            Some((_, "write")) => Self::Write,
            Some((_, other)) => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Other(postfix) => postfix,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscope(product: &str, name: &str, separator: Option<Separator>) -> String {
        Subscope::new(product, name, separator).unwrap().to_string()
    }

    #[test]
    fn the_separator_is_a_slash_if_and_only_if_the_name_contains_one() {
        assert_eq!(
            subscope("arbeid", "some.scope.read", None),
            "arbeid:some.scope.read"
        );
        assert_eq!(
            subscope("arbeid", "some/scope.read", None),
            "arbeid/some/scope.read"
        );
    }

    #[test]
    fn an_explicit_separator_wins() {
        assert_eq!(
            subscope("helse", "sykepenger", Some(Separator::Slash)),
            "helse/sykepenger"
        );
        assert_eq!(
            subscope("helse", "a/b", Some(Separator::Colon)),
            "helse:a/b"
        );
    }

    #[test]
    fn product_and_name_are_required() {
        assert_eq!(
            Subscope::new("", "a", None),
            Err(InvalidSubscopeName::EmptyProduct)
        );
        assert_eq!(
            Subscope::new("a", "", None),
            Err(InvalidSubscopeName::EmptyName)
        );
    }

    #[test]
    fn absence_of_a_postfix_means_read() {
        assert_eq!(AccessLevel::of("trygdeopplysninger"), AccessLevel::Read);
        assert_eq!(
            AccessLevel::of("trygdeopplysninger.read"),
            AccessLevel::Read
        );
        assert_eq!(
            AccessLevel::of("trygdeopplysninger.write"),
            AccessLevel::Write
        );
        assert_eq!(
            AccessLevel::of("v1.2/trygdeopplysninger"),
            AccessLevel::Read
        );
        assert_eq!(
            AccessLevel::of("a.admin"),
            AccessLevel::Other("admin".to_owned())
        );
    }
}
