use std::fmt;

/// The largest logo, in bytes of its address. Registered logos are about 90 by 135 pixels.
const MAX_LENGTH: usize = 200_000;

/// A picture that is in the page itself, so that no other server is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

impl Logo {
    /// Takes a picture as a `data:` address with Base64 content. `None` if it is of another kind than
    /// PNG, JPEG or GIF, or too large.
    pub fn parse(address: &str) -> Option<Self> {
        let (kind, content) = address
            .strip_prefix("data:image/")?
            .split_once(";base64,")?;
        let known = matches!(kind, "png" | "jpeg" | "gif");
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let whole = !content.is_empty() && content.bytes().all(base64);
        (known && whole && address.len() <= MAX_LENGTH).then(|| Self(address.to_owned()))
    }
}

impl fmt::Display for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_a_small_picture_in_the_page_itself() {
        assert!(Logo::parse("data:image/png;base64,iVBORw0KGgo=").is_some());
        for address in [
            "https://eksempel.no/logo.png",
            "data:text/html;base64,PHNjcmlwdD4=",
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:image/png;base64,",
            "data:image/png;base64,\" onerror=\"alert(1)",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(Logo::parse(address), None, "{address}");
        }
        let large = format!("data:image/png;base64,{}", "A".repeat(MAX_LENGTH));
        assert_eq!(Logo::parse(&large), None);
    }
}
