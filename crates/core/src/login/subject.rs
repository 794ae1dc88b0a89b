//! What clients know people and sessions by (spec: idporten §11.1, §11.2).
//!
//! Every client sees other values for the same person and the same session, so that clients cannot
//! find out together whom they share.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::record::{Identity, IdentityKind, LoginPerson, SessionId};
use crate::client::ClientId;
use crate::entropy::{Entropy, EntropyUnavailable};

/// The key of pairwise subjects. Every relying party's table of users depends on it, so that it is
/// made once, never changed and never lost. `Debug` hides it.
#[derive(Clone)]
pub struct PairwiseKey {
    bytes: Zeroizing<[u8; Self::LENGTH]>,
    subjects: hmac::Key,
    sessions: hmac::Key,
    refreshes: hmac::Key,
    pseudonyms: hmac::Key,
}

impl PairwiseKey {
    /// Its length in bytes.
    pub const LENGTH: usize = 32;

    /// The name that a store keeps it under.
    pub const SECRET_NAME: &'static str = "idporten-pairwise";

    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self::of(bytes))
    }

    /// Reads a key that was kept; none if it is no key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = bytes.try_into().ok()?;
        Some(Self::of(Zeroizing::new(bytes)))
    }

    fn of(bytes: Zeroizing<[u8; Self::LENGTH]>) -> Self {
        let subjects = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
        // Other uses have keys of their own, which follow from the one that is kept.
        let derived = |purpose: &str| {
            let derived = hmac::sign(&subjects, purpose.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        };
        Self {
            bytes,
            sessions: derived("portvakt sid key v1"),
            refreshes: derived("portvakt refresh key v1"),
            pseudonyms: derived("portvakt pseudonym key v1"),
            subjects,
        }
    }

    /// The bytes, to seal and keep them and for nothing else.
    pub fn expose(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// What the successors of refresh tokens are made with, where a retry gets the same one.
    pub(super) fn refresh_key(&self) -> &hmac::Key {
        &self.refreshes
    }

    /// `sub` of this person at this client. It does not change when a foreign identity is matched
    /// with a national identity number later.
    pub fn subject(&self, client_id: &ClientId, person: &LoginPerson) -> String {
        let subject = match &person.identity {
            Identity::Pid(_) => format!("user:{}", person.id),
            Identity::Eidas(identifier) => format!("eidas:{}", identifier.expose()),
            Identity::Email(address) => format!("email:{}", address.expose()),
        };
        tag(
            &self.subjects,
            &["pairwise-v1", client_id.as_str(), &subject],
        )
    }

    /// What the audit log calls this person, whatever they did: nobody finds out who that is without the
    /// key, and whoever has it finds all that is about somebody.
    pub fn pseudonym(&self, identity: &Identity) -> String {
        let kind = match identity.kind() {
            IdentityKind::Pid => "pid",
            IdentityKind::Eidas => "eidas",
            IdentityKind::Email => "email",
        };
        tag(&self.pseudonyms, &["person-v1", kind, identity.expose()])
    }

    /// `sid` of this session at this client.
    pub fn session_id(&self, client_id: &ClientId, session: &SessionId) -> String {
        tag(
            &self.sessions,
            &["sid-v1", session.as_str(), client_id.as_str()],
        )
    }
}

fn tag(key: &hmac::Key, parts: &[&str]) -> String {
    let tag = hmac::sign(key, parts.join("\0").as_bytes());
    URL_SAFE_NO_PAD.encode(tag)
}

impl fmt::Debug for PairwiseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PairwiseKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::clock::Timestamp;
    use crate::entropy::SeededEntropy;
    use crate::login::record::PersonState;
    use crate::person::{EidasIdentifier, EmailAddress, Pid, PidCheck};

    /// K of the specification's vector.
    const KEY: [u8; 32] = [
        0xef, 0x31, 0xe3, 0x66, 0xac, 0xb0, 0x65, 0x0e, 0xc5, 0x50, 0x98, 0x4b, 0xae, 0xb9, 0x98,
        0x4f, 0xf9, 0xb1, 0xed, 0xc3, 0x41, 0xdb, 0xd9, 0xbd, 0xb3, 0x2e, 0x72, 0x55, 0x20, 0xea,
        0x6e, 0xbd,
    ];

    fn person(identity: Identity) -> LoginPerson {
        LoginPerson {
            id: "7d1c2b5e-3c0f-4a53-9a59-0f7c1a1f6a11".parse().unwrap(),
            identity,
            state: PersonState::Active,
            created_at: Timestamp::from_seconds(0),
            previous: None,
            logins: BTreeMap::new(),
        }
    }

    fn norwegian() -> LoginPerson {
        let pid = Pid::parse("17869010057", PidCheck::Strict).unwrap();
        person(Identity::Pid(pid))
    }

    fn client(id: &str) -> ClientId {
        id.parse().unwrap()
    }

    /// Spec: idporten §11.1.
    #[test]
    fn the_vector_of_the_specification() {
        let key = PairwiseKey::from_bytes(&KEY).unwrap();
        for (client_id, subject) in [
            (
                "eksempel-nettsted",
                "sWph4JBmsTAhKjsRV_5Oqa-joByCSzcLlSgCbfwIavQ",
            ),
            (
                "eksempel-app",
                "85LsEe7lG_j7xn7unpC7adAfhBub25wGWukRQ-4utCs",
            ),
        ] {
            assert_eq!(key.subject(&client(client_id), &norwegian()), subject);
        }
    }

    #[test]
    fn a_foreign_identity_is_its_own_subject() {
        let key = PairwiseKey::from_bytes(&KEY).unwrap();
        let subject = |identity| key.subject(&client("a"), &person(identity));
        let eidas = subject(Identity::Eidas(
            EidasIdentifier::parse("EE/NO/47101010033").unwrap(),
        ));
        let email = subject(Identity::Email(
            EmailAddress::parse("kari@eksempel.no").unwrap(),
        ));
        assert_ne!(eidas, email);
        assert_ne!(eidas, key.subject(&client("a"), &norwegian()));
        assert_eq!(eidas.len(), 43);
    }

    #[test]
    fn sessions_look_different_to_each_client_and_to_each_key() {
        let key = PairwiseKey::from_bytes(&KEY).unwrap();
        let session = SessionId::generate(&SeededEntropy::new(1)).unwrap();
        let sid = key.session_id(&client("a"), &session);
        assert_eq!(sid, key.session_id(&client("a"), &session));
        assert_ne!(sid, key.session_id(&client("b"), &session));
        let other = PairwiseKey::generate(&SeededEntropy::new(2)).unwrap();
        assert_ne!(sid, other.session_id(&client("a"), &session));
    }

    /// Threat: a client and whoever reads the audit log find out together whom they know.
    #[test]
    fn the_audit_log_has_a_name_of_its_own_for_everybody() {
        let key = PairwiseKey::from_bytes(&KEY).unwrap();
        let person = norwegian();
        let pseudonym = key.pseudonym(&person.identity);
        assert_eq!(pseudonym, key.pseudonym(&norwegian().identity));
        assert_eq!(pseudonym.len(), 43);
        assert_ne!(pseudonym, key.subject(&client("a"), &person));
        let other = Pid::parse("05857430060", PidCheck::Strict).unwrap();
        assert_ne!(pseudonym, key.pseudonym(&Identity::Pid(other)));
        let other = PairwiseKey::generate(&SeededEntropy::new(2)).unwrap();
        assert_ne!(pseudonym, other.pseudonym(&person.identity));
    }

    #[test]
    fn a_kept_key_is_read_back_and_shown_to_nobody() {
        let key = PairwiseKey::generate(&SeededEntropy::new(3)).unwrap();
        let read = PairwiseKey::from_bytes(key.expose()).unwrap();
        let subject = |key: &PairwiseKey| key.subject(&client("a"), &norwegian());
        assert_eq!(subject(&key), subject(&read));
        assert!(PairwiseKey::from_bytes(&KEY[1..]).is_none());
        assert_eq!(format!("{key:?}"), "PairwiseKey(hidden)");
    }
}
