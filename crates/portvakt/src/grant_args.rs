//! The flags that describe a grant, and the signed grant that they make.

use std::path::PathBuf;

use anyhow::{Context, bail};
use portvakt_client::{Credentials, KeyFile, certificates};
use portvakt_core::entropy::unique_id;
use portvakt_core::{SystemEntropy, Timestamp};
use serde_json::{Map, Value, json};

use crate::data_dir::DataDir;
use crate::server_args::Server;

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
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
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
    /// Signs a grant for this server, with a `jti` of its own.
    pub(crate) async fn sign(&self, server: &Server, data_dir: &DataDir) -> anyhow::Result<String> {
        let client = self
            .client
            .as_deref()
            .context("--client is needed: it names who asks")?;
        if self.scope.is_empty() {
            bail!("--scope is needed: it names what is asked for");
        }
        let claims = self.claims(client, server.oauth.issuer(), server.now())?;
        let credentials = self.credentials(client, data_dir)?;
        Ok(credentials.sign(&claims).await?)
    }

    fn credentials(&self, client: &str, data_dir: &DataDir) -> anyhow::Result<Credentials> {
        let file = match &self.key {
            Some(file) => file.clone(),
            None => data_dir.keys().join(format!("{client}.jwk.json")),
        };
        let read = KeyFile::read(&file).context("name another private key with --key")?;
        if let Some(certificate) = &self.certificate {
            let pem = std::fs::read(certificate)
                .with_context(|| format!("read the certificate {}", certificate.display()))?;
            let chain = certificates(&pem).with_context(|| certificate.display().to_string())?;
            return Ok(Credentials::with_certificate(client, read.key, &chain)?);
        }
        let key_id = self.kid.clone().or(read.key_id).with_context(|| {
            format!(
                "{} states no kid: name the registered one with --kid",
                file.display()
            )
        })?;
        Ok(Credentials::with_key_id(client, read.key, &key_id))
    }

    fn claims(
        &self,
        client: &str,
        issuer: &str,
        now: Timestamp,
    ) -> anyhow::Result<Map<String, Value>> {
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
        match claims {
            Value::Object(claims) => Ok(claims),
            _ => bail!("claims are an object"),
        }
    }
}
