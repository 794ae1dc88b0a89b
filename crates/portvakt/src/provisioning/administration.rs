//! The administration client that a service is told what to do with.

use std::path::PathBuf;

use anyhow::{Context, bail};
use portvakt_client::{Credentials, KeyFile, certificates};

use crate::data_dir::DataDir;

/// Of the sample registry.
const DEV_CLIENT: &str = "nav-administrasjon";

/// Who administers.
#[cfg_attr(
    not(feature = "pkcs11"),
    expect(clippy::struct_field_names, reason = "they are the names of the flags")
)]
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AdministrationArgs {
    /// Administration client [default: nav-administrasjon, at the development server]
    #[arg(long, value_name = "CLIENT_ID", env = "PORTVAKT_ADMIN_CLIENT")]
    admin_client: Option<String>,
    /// Its private key, a JWK or PKCS#8 PEM [default: DATA-DIR/keys/CLIENT_ID.jwk.json, at the
    /// development server]
    #[arg(long, value_name = "FILE", env = "PORTVAKT_ADMIN_KEY")]
    admin_key: Option<PathBuf>,
    /// Key id, when the key file states none
    #[arg(
        long,
        value_name = "KID",
        env = "PORTVAKT_ADMIN_KID",
        allow_hyphen_values = true
    )]
    admin_kid: Option<String>,
    /// Organization certificate (PEM, leaf first) of the key, for a client without registered keys
    #[arg(long, value_name = "FILE", env = "PORTVAKT_ADMIN_CERTIFICATE")]
    admin_certificate: Option<PathBuf>,
    /// Administration scope to ask for; may be repeated [default: what the manifests need]
    #[arg(
        long,
        value_name = "SCOPE",
        env = "PORTVAKT_ADMIN_SCOPE",
        value_delimiter = ' '
    )]
    pub(crate) admin_scope: Vec<String>,
    #[cfg(feature = "pkcs11")]
    #[command(flatten)]
    module: module::AdminModuleArgs,
    /// PEM text, in place of the file that `admin_certificate` names.
    #[arg(skip)]
    certificate_text: Option<String>,
}

impl AdministrationArgs {
    /// The same, where settings under other names say something: the client, its certificate as text, and
    /// its scopes, separated by blanks.
    #[must_use]
    pub(crate) fn with_settings(
        self,
        client: Option<String>,
        certificate: Option<String>,
        scopes: Option<&str>,
    ) -> Self {
        let scopes = scopes.map(|scopes| scopes.split_whitespace().map(str::to_owned).collect());
        Self {
            admin_client: client.or(self.admin_client),
            admin_scope: scopes.unwrap_or(self.admin_scope),
            certificate_text: certificate.or(self.certificate_text),
            ..self
        }
    }

    /// Whether it is said where the key is.
    pub(crate) fn has_key(&self) -> bool {
        #[cfg(feature = "pkcs11")]
        if self.module.is_named() {
            return true;
        }
        self.admin_key.is_some()
    }

    /// The client and its key. Only at a development server does anything go without saying.
    pub(crate) fn credentials(&self, dev: Option<&DataDir>) -> anyhow::Result<Credentials> {
        let client = match (&self.admin_client, dev) {
            (Some(client), _) => client.clone(),
            (None, Some(_)) => DEV_CLIENT.to_owned(),
            (None, None) => bail!(
                "name the administration client with --admin-client or PORTVAKT_ADMIN_CLIENT, and its key \
                 with --admin-key or PORTVAKT_ADMIN_KEY"
            ),
        };
        let chain = match (&self.certificate_text, &self.admin_certificate) {
            (Some(pem), _) => Some(certificates(pem.as_bytes())?),
            (None, Some(file)) => {
                let pem =
                    std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
                Some(certificates(&pem).with_context(|| file.display().to_string())?)
            }
            (None, None) => None,
        };
        #[cfg(feature = "pkcs11")]
        if let Some(signer) = self.module.open(chain.as_deref())? {
            return match (chain, &self.admin_kid) {
                (Some(chain), _) => Ok(Credentials::with_certificate(&client, signer, &chain)?),
                (None, Some(kid)) => Ok(Credentials::with_key_id(&client, signer, kid)),
                (None, None) => {
                    bail!("say how the service knows the key: --admin-certificate, or --admin-kid")
                }
            };
        }
        let file = match (&self.admin_key, dev) {
            (Some(file), _) => file.clone(),
            (None, Some(dev)) => dev.keys().join(format!("{client}.jwk.json")),
            (None, None) => {
                bail!("name the key of {client} with --admin-key or PORTVAKT_ADMIN_KEY")
            }
        };
        let read = KeyFile::read(&file).context("the administration client's key")?;
        if let Some(chain) = chain {
            return Ok(Credentials::with_certificate(&client, read.key, &chain)?);
        }
        let kid = self.admin_kid.clone().or(read.key_id);
        let kid = kid.with_context(|| {
            format!(
                "{} states no kid: name the registered one with --admin-kid, or the certificate with \
                 --admin-certificate",
                file.display()
            )
        })?;
        Ok(Credentials::with_key_id(&client, read.key, &kid))
    }
}

#[cfg(feature = "pkcs11")]
mod module {
    use std::path::PathBuf;

    use anyhow::{Context, bail};
    use portvakt_client::ModuleKey;
    use portvakt_jose::{Algorithm, Certificate, Signer};

    use crate::signing::{ModuleLocation, SecretLocation};

    /// A key in a hardware module.
    #[derive(Clone, Debug, clap::Args)]
    pub(super) struct AdminModuleArgs {
        /// PKCS#11 library of the hardware module that holds the administration client's key
        #[arg(
            id = "admin_pkcs11_library",
            long = "admin-pkcs11-library",
            value_name = "FILE",
            env = "PORTVAKT_ADMIN_PKCS11_LIBRARY",
            requires_all = ["admin_pkcs11_token", "admin_pkcs11_pin", "admin_pkcs11_label"]
        )]
        library: Option<PathBuf>,
        /// Label of the token in it
        #[arg(
            id = "admin_pkcs11_token",
            long = "admin-pkcs11-token",
            value_name = "LABEL",
            env = "PORTVAKT_ADMIN_PKCS11_TOKEN"
        )]
        token: Option<String>,
        /// Where the token's PIN is
        #[arg(
            id = "admin_pkcs11_pin",
            long = "admin-pkcs11-pin",
            value_name = "FILE|env:NAME",
            env = "PORTVAKT_ADMIN_PKCS11_PIN"
        )]
        pin: Option<SecretLocation>,
        /// Label of the key
        #[arg(
            id = "admin_pkcs11_label",
            long = "admin-pkcs11-label",
            value_name = "LABEL",
            env = "PORTVAKT_ADMIN_PKCS11_LABEL"
        )]
        label: Option<String>,
        /// Thumbprint of the key (RFC 7638) [default: that of the certificate's]
        #[arg(
            id = "admin_pkcs11_thumbprint",
            long = "admin-pkcs11-thumbprint",
            value_name = "THUMBPRINT",
            // One in 64 begins with a hyphen.
            allow_hyphen_values = true,
            env = "PORTVAKT_ADMIN_PKCS11_THUMBPRINT"
        )]
        thumbprint: Option<String>,
    }

    impl AdminModuleArgs {
        /// Whether a module is named.
        pub(super) fn is_named(&self) -> bool {
            self.library.is_some()
        }

        /// The key, if a module is named.
        pub(super) fn open(&self, chain: Option<&[Vec<u8>]>) -> anyhow::Result<Option<Signer>> {
            let Some(library) = &self.library else {
                return Ok(None);
            };
            let (Some(token), Some(pin), Some(label)) = (&self.token, &self.pin, &self.label)
            else {
                bail!("a module needs a token, a PIN and the label of a key");
            };
            let thumbprint = match (&self.thumbprint, chain.and_then(<[_]>::first)) {
                (Some(thumbprint), _) => thumbprint.clone(),
                (None, Some(leaf)) => Certificate::parse(leaf)?.verifying_key().thumbprint(),
                (None, None) => bail!(
                    "name the key's certificate with --admin-certificate, or its thumbprint with \
                     --admin-pkcs11-thumbprint"
                ),
            };
            let location = ModuleLocation {
                library: library.clone(),
                token: token.clone(),
                pin: pin.clone(),
                sessions: 1,
                waiting: 16,
            };
            let key = ModuleKey {
                settings: location.settings()?,
                label: label.clone(),
                thumbprint,
                algorithm: Algorithm::Rs256,
            };
            let opened = key.open();
            Ok(Some(opened.with_context(|| library.display().to_string())?))
        }
    }
}
