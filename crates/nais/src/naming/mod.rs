//! The names that a manifest and the organization's settings give to things: scopes, Secrets, keys,
//! and the descriptions that record whose a scope or a client is (spec: nais §3.7, §5.1, §5.2).

mod claim;
mod key_id;
mod owner;
mod parts;
mod short_name;

pub use self::claim::{Claim, joined_description, scope_description};
pub use self::key_id::key_id;
pub use self::owner::{Owner, OwnerError};
pub use self::parts::{NameError, OrgNumber, Product, ResourceName, Separator, SubscopeName};
pub use self::short_name::short_name;

/// Longest name of a Secret that is made for a workload, in bytes.
pub const MAX_SECRET_NAME: usize = 63;

/// `product separator name`. Without a separator it is `/` if and only if the name has a `/`.
pub fn subscope(product: &Product, separator: Option<Separator>, name: &SubscopeName) -> String {
    let separator = separator.unwrap_or_else(|| name.default_separator());
    format!("{product}{separator}{name}")
}

/// The product, separator and name that give this subscope; none if no manifest can name it.
pub fn parts_of_subscope(subscope: &str) -> Option<(Product, Separator, SubscopeName)> {
    // A product has no separator in it, so the first one is where it ends.
    let end = subscope.find(['/', ':', '.'])?;
    let (product, rest) = subscope.split_at(end);
    let (separator, name) = rest.split_at(1);
    Some((
        product.parse().ok()?,
        separator.parse().ok()?,
        name.parse().ok()?,
    ))
}

/// `prefix:subscope`.
pub fn scope_name(prefix: &str, subscope: &str) -> String {
    format!("{prefix}:{subscope}")
}

/// The Secret of a workload's Maskinporten client; the same on every deploy.
pub fn maskinporten_secret_name(workload: &str) -> String {
    short_name(&format!("maskinporten-{workload}"), MAX_SECRET_NAME)
}

/// The Secret of a workload's own ID-porten client.
pub fn idporten_secret_name(workload: &str) -> String {
    short_name(&format!("idporten-{workload}"), MAX_SECRET_NAME)
}

#[cfg(test)]
mod tests;
