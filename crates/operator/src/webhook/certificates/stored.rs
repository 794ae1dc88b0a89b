//! A wallet as a Secret.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use zeroize::Zeroizing;

use super::generation::{Generation, GenerationError};
use super::rotation::{Next, Wallet};

/// On the Secret: `"true"` asks for another certificate. It is taken off when there is a next one.
const ROTATE: &str = "portvakt/rotate";

/// On the Secret: since when the API server knows the next authority, in seconds since 1970.
const TRUSTED_SINCE: &str = "portvakt/next-trusted-since";

const FORMER: &str = "former-ca.crt";

/// Names of the entries of the present generation, and of the next.
const CURRENT: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];
const NEXT: [&str; 3] = ["next-tls.crt", "next-tls.key", "next-ca.crt"];

/// Whether somebody wants another certificate.
pub(super) fn is_asked(secret: &Secret) -> bool {
    let value = secret.annotations().get(ROTATE);
    value.is_some_and(|value| value == "true")
}

/// What a Secret keeps.
pub(super) fn wallet(secret: &Secret) -> Result<Wallet, GenerationError> {
    let current = generation(secret, CURRENT)?;
    let has_next = text(secret, NEXT[0]).is_some();
    let next = has_next.then(|| generation(secret, NEXT)).transpose()?;
    let since = secret.annotations().get(TRUSTED_SINCE);
    let trusted_since = since.and_then(|since| since.parse().ok());
    let former = text(secret, FORMER).unwrap_or_default();
    Ok(Wallet {
        current,
        next: next.map(|generation| Next {
            generation,
            trusted_since,
        }),
        former: each_certificate(&former),
    })
}

fn generation(secret: &Secret, names: [&str; 3]) -> Result<Generation, GenerationError> {
    let [certificate, key, authority] = names.map(|name| text(secret, name));
    match (certificate, key, authority) {
        (Some(certificate), Some(key), Some(authority)) => {
            Generation::read(certificate, Zeroizing::new(key), authority)
        }
        _ => Err(GenerationError::Unreadable),
    }
}

fn text(secret: &Secret, name: &str) -> Option<String> {
    let bytes = secret.data.as_ref()?.get(name)?;
    String::from_utf8(bytes.0.clone()).ok()
}

/// The Secret that keeps this, in the place of what was read.
pub(super) fn secret(name: &str, wallet: &Wallet, before: Option<&Secret>) -> Secret {
    let mut data = BTreeMap::new();
    let mut put = |names: [&str; 3], generation: &Generation| {
        let values = [
            generation.certificate(),
            generation.expose_key(),
            generation.authority(),
        ];
        for (name, value) in names.into_iter().zip(values) {
            data.insert(name.to_owned(), ByteString(value.as_bytes().to_vec()));
        }
    };
    put(CURRENT, &wallet.current);
    let mut annotations = BTreeMap::new();
    if let Some(next) = &wallet.next {
        put(NEXT, &next.generation);
        if let Some(since) = next.trusted_since {
            annotations.insert(TRUSTED_SINCE.to_owned(), since.to_string());
        }
    }
    if !wallet.former.is_empty() {
        let former = wallet.former.concat();
        data.insert(FORMER.to_owned(), ByteString(former.into_bytes()));
    }
    // Whatever else is on the Secret is somebody else's.
    let metadata = before.map(|before| before.metadata.clone());
    let mut metadata = metadata.unwrap_or_else(|| ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    });
    let kept = metadata.annotations.take().unwrap_or_default().into_iter();
    let has_next = wallet.next.is_some();
    let kept = kept.filter(|(name, _)| name != TRUSTED_SINCE && !(name == ROTATE && has_next));
    annotations.extend(kept);
    metadata.annotations = Some(annotations);
    metadata.managed_fields = None;
    Secret {
        metadata,
        // It cannot be changed.
        type_: before
            .and_then(|before| before.type_.clone())
            .or_else(|| Some("kubernetes.io/tls".to_owned())),
        data: Some(data),
        ..Secret::default()
    }
}

fn each_certificate(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let parts = pem.split_inclusive(END);
    let parts = parts.filter(|part| part.ends_with(END));
    parts.map(|part| format!("{}\n", part.trim())).collect()
}
