//! The flags that describe a grant, and the signed grant that they make.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portvakt_core::entropy::unique_id;
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_jose::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};

use crate::data_dir::DataDir;

/// A grant, described by flags.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GrantArgs {
    /// Client that asks
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) client: Option<String>,
    /// Scope to ask for; may be repeated
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// API that the token is for, which becomes `aud`; may be repeated
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Vec<String>,
    /// Organization that has delegated the scopes
    #[arg(long, value_name = "ORGNO")]
    pub(crate) consumer_org: Option<String>,
    /// Person whom the API calls are about
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<String>,
    /// `authorization_details` as a JSON array
    #[arg(long, value_name = "JSON")]
    pub(crate) authorization_details: Option<String>,
    /// Private key, a JWK or PKCS#8 PEM [default: DATA-DIR/keys/CLIENT_ID.jwk.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Key id, when the key file states none
    #[arg(long, value_name = "KID")]
    pub(crate) kid: Option<String>,
    /// Organization certificate (PEM, leaf first), for clients without registered keys
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// Seconds that the grant lives, at most 120
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) grant_lifetime: u32,
    /// Audience of the grant [default: the issuer]
    #[arg(long, value_name = "URL")]
    pub(crate) grant_audience: Option<String>,
}

impl GrantArgs {
    /// Signs a grant for this issuer at this instant, with a `jti` of its own.
    pub(crate) fn sign(
        &self,
        issuer: &str,
        now: Timestamp,
        data_dir: &DataDir,
    ) -> anyhow::Result<String> {
        let client = self
            .client
            .as_deref()
            .context("--client is needed: it names who asks")?;
        if self.scope.is_empty() {
            bail!("--scope is needed: it names what is asked for");
        }
        let (key, header) = self.key_and_header(client, data_dir)?;
        let claims = self.claims(client, issuer, now)?;
        key.sign_compact(&header, &claims).context("sign the grant")
    }

    fn key_and_header(
        &self,
        client: &str,
        data_dir: &DataDir,
    ) -> anyhow::Result<(SigningKey, Map<String, Value>)> {
        let file = match &self.key {
            Some(file) => file.clone(),
            None => data_dir.keys().join(format!("{client}.jwk.json")),
        };
        let (key, stated_kid) = read_private_key(&file)?;
        let mut header = Map::new();
        header.insert("alg".to_owned(), key.algorithm().as_str().into());
        header.insert("typ".to_owned(), "JWT".into());
        if let Some(certificate) = &self.certificate {
            header.insert("x5c".to_owned(), certificate_chain(certificate)?.into());
        } else {
            let kid = self.kid.clone().or(stated_kid).with_context(|| {
                format!(
                    "{} states no kid: name the registered one with --kid",
                    file.display()
                )
            })?;
            header.insert("kid".to_owned(), kid.into());
        }
        Ok((key, header))
    }

    fn claims(&self, client: &str, issuer: &str, now: Timestamp) -> anyhow::Result<Value> {
        let mut claims = json!({
            "aud": self.grant_audience.as_deref().unwrap_or(issuer),
            "iss": client,
            "scope": self.scope.join(" "),
            "iat": now.seconds(),
            "exp": now.seconds() + i64::from(self.grant_lifetime),
            "jti": unique_id(&SystemEntropy)?,
        });
        match self.resource.as_slice() {
            [] => {}
            [one] => claims["resource"] = json!(one),
            several => claims["resource"] = json!(several),
        }
        if let Some(consumer) = &self.consumer_org {
            claims["consumer_org"] = json!(consumer);
        }
        if let Some(pid) = &self.pid {
            claims["pid"] = json!(pid);
        }
        if let Some(details) = &self.authorization_details {
            claims["authorization_details"] = serde_json::from_str(details)
                .context("--authorization-details must be a JSON array of objects")?;
        }
        Ok(claims)
    }
}

/// Reads a private JWK, or an RSA key in PKCS#8 PEM; the key id comes from the JWK alone.
pub(crate) fn read_private_key(file: &Path) -> anyhow::Result<(SigningKey, Option<String>)> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!(
            "read the private key {} (name another with --key)",
            file.display()
        )
    })?;
    let text = zeroize::Zeroizing::new(text);
    if text.trim_start().starts_with("-----BEGIN") {
        let key = SigningKey::from_pkcs8_pem(Algorithm::Rs256, &text);
        return Ok((
            key.with_context(|| format!("read {}", file.display()))?,
            None,
        ));
    }
    // The parser's own message could quote the key.
    let value: Value = serde_json::from_str(&text)
        .map_err(|_| anyhow::anyhow!("{} is neither a JWK nor PEM", file.display()))?;
    SigningKey::from_private_jwk(&value).with_context(|| format!("read {}", file.display()))
}

/// The certificates of a PEM file as `x5c` wants them: standard base64 of DER (RFC 7515 §4.1.6).
fn certificate_chain(file: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read(file).with_context(|| format!("read the certificate {}", file.display()))?;
    let certificates: Vec<_> = x509_certificates(&text)
        .with_context(|| format!("{} holds no PEM certificate", file.display()))?;
    Ok(certificates
        .iter()
        .map(|der| STANDARD.encode(der))
        .collect())
}

/// The DER of every certificate in a PEM text; an error when there is none.
pub(crate) fn x509_certificates(pem: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| anyhow::anyhow!("malformed PEM"))?;
    if certificates.is_empty() {
        bail!("no certificate");
    }
    Ok(certificates.iter().map(|der| der.to_vec()).collect())
}
