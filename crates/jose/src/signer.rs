//! Whatever can sign: a key in memory, or one that stays where it is, such as in a hardware module.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use crate::algorithm::Algorithm;
use crate::certificate::self_signed::{self, Names};
use crate::jwk::{self, PublicJwk};
use crate::key::VerifyingKey;
use crate::signing::{KeyError, SigningKey, append_signature, signing_input};

/// A private key that signs with one algorithm. A clone shares the key.
#[derive(Clone, Debug)]
pub enum Signer {
    /// In the memory of this process. Signing never waits.
    Software(SigningKey),
    /// Somewhere else. Signing waits for it without holding up the thread.
    Remote(RemoteKey),
}

/// A key that is used but not held.
#[derive(Clone)]
pub struct RemoteKey {
    algorithm: Algorithm,
    verifying_key: VerifyingKey,
    signer: Arc<dyn RemoteSigner>,
}

/// A signature that will be there, in the form that JWS wants (RFC 7518 §3), or the reason why not.
pub type RemoteSignature = Pin<Box<dyn Future<Output = Result<Vec<u8>, KeyError>> + Send>>;

/// What holds a private key for others. It bounds what it makes others wait for, and says
/// [`KeyError::Unavailable`] rather than queue without end.
pub trait RemoteSigner: Send + Sync {
    /// Signs the bytes with the algorithm of the key that this is made for.
    fn sign(&self, message: Vec<u8>) -> RemoteSignature;
}

impl RemoteKey {
    /// A key with this public half. An algorithm that the key's type does not use is refused.
    pub fn new(
        algorithm: Algorithm,
        verifying_key: VerifyingKey,
        signer: Arc<dyn RemoteSigner>,
    ) -> Result<Self, KeyError> {
        if !verifying_key.supports(algorithm) {
            return Err(KeyError::NotAPrivateKey(algorithm.key_type()));
        }
        Ok(Self {
            algorithm,
            verifying_key,
            signer,
        })
    }

    /// What was made is verified before it is used: a module that errs must not leak a faulty signature,
    /// from which some algorithms give the key away.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.signer.sign(message.to_vec()).await?;
        self.verifying_key
            .verify(self.algorithm, message, &signature)
            .map_err(|_| KeyError::BadSignature)?;
        Ok(signature)
    }
}

impl fmt::Debug for RemoteKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RemoteKey({})", self.algorithm)
    }
}

impl Signer {
    /// The algorithm that every signature is made with.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Software(key) => key.algorithm(),
            Self::Remote(key) => key.algorithm,
        }
    }

    /// The key itself, if it is in memory: it signs without waiting.
    pub fn software(&self) -> Option<&SigningKey> {
        match self {
            Self::Software(key) => Some(key),
            Self::Remote(_) => None,
        }
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::Software(key) => key.verifying_key(),
            Self::Remote(key) => key.verifying_key.clone(),
        }
    }

    /// The public half as a JWK under the given `kid`, which the caller keeps to letters, digits and `._-`.
    pub fn public_jwk(&self, key_id: &str) -> PublicJwk {
        PublicJwk::from_parts(key_id, self.algorithm(), self.verifying_key())
    }

    /// The RFC 7638 thumbprint of the public half.
    pub fn thumbprint(&self) -> String {
        jwk::thumbprint(self.verifying_key().material())
    }

    /// A certificate that the key signs itself, as [`SigningKey::self_signed_certificate`] makes one. A key in
    /// memory is done at the first poll.
    pub async fn self_signed_certificate(
        &self,
        host: &str,
        not_before: i64,
    ) -> Result<Vec<u8>, KeyError> {
        let key = match self {
            Self::Software(key) => return key.self_signed_certificate(host, not_before),
            Self::Remote(key) => key,
        };
        let names = Names { host, not_before };
        let signed = self_signed::to_be_signed(&key.verifying_key, key.algorithm, names)?;
        let signature = key.sign(&signed).await?;
        Ok(self_signed::assemble(&signed, key.algorithm, &signature))
    }

    /// Signs a compact JWS, as [`SigningKey::sign_compact`] does. A key in memory is done at the first poll.
    pub async fn sign_compact(
        &self,
        header: &impl Serialize,
        payload: &impl Serialize,
    ) -> Result<String, KeyError> {
        match self {
            Self::Software(key) => key.sign_compact(header, payload),
            Self::Remote(key) => {
                let mut compact = signing_input(header, payload, key.verifying_key.bits())?;
                let signature = key.sign(compact.as_bytes()).await?;
                append_signature(&mut compact, &signature);
                Ok(compact)
            }
        }
    }
}

impl From<SigningKey> for Signer {
    fn from(key: SigningKey) -> Self {
        Self::Software(key)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use serde_json::json;

    use super::*;
    use crate::test_keys;
    use crate::{Jws, RsaBits};

    /// Signs with a key in memory, as a module would, and may spoil what it made.
    struct Module {
        key: SigningKey,
        spoil: bool,
    }

    impl RemoteSigner for Module {
        fn sign(&self, message: Vec<u8>) -> RemoteSignature {
            let mut signature = self.key.sign(&message);
            if let (Ok(bytes), true) = (&mut signature, self.spoil) {
                bytes[0] ^= 1;
            }
            Box::pin(std::future::ready(signature))
        }
    }

    fn remote(key: &SigningKey, spoil: bool) -> Signer {
        let module = Arc::new(Module {
            key: key.clone(),
            spoil,
        });
        let remote = RemoteKey::new(key.algorithm(), key.verifying_key(), module);
        Signer::Remote(remote.unwrap())
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future waits"),
        }
    }

    #[test]
    fn both_kinds_of_key_sign_what_their_public_half_verifies() {
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256] {
            let key = test_keys::signing(algorithm);
            for signer in [Signer::from(key.clone()), remote(key, false)] {
                let header = json!({ "alg": algorithm.as_str() });
                let compact = now(signer.sign_compact(&header, &json!({ "a": 1 }))).unwrap();
                let jws = Jws::parse(&compact).unwrap();
                jws.verify(signer.public_jwk("k").verifying_key()).unwrap();
                assert_eq!(signer.thumbprint(), key.thumbprint());
                let certificate = now(signer.self_signed_certificate("localhost", 0)).unwrap();
                let jwk = signer
                    .public_jwk("k")
                    .with_own_certificate(certificate.clone());
                assert_eq!(jwk.unwrap().certificates(), Some(&[certificate][..]));
            }
        }
    }

    #[test]
    fn a_faulty_signature_never_leaves() {
        let signer = remote(test_keys::signing(Algorithm::Rs256), true);
        let result = now(signer.sign_compact(&json!({ "alg": "RS256" }), &json!({})));
        assert_eq!(result, Err(KeyError::BadSignature));
    }

    #[test]
    fn a_key_of_another_type_is_refused() {
        let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
        let module = Arc::new(Module {
            key: key.clone(),
            spoil: false,
        });
        assert!(RemoteKey::new(Algorithm::Rs256, key.verifying_key(), module).is_err());
    }
}
