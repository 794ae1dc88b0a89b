//! The logins of a person, for the organization that they logged in to (spec: companion-apis §3).

use super::recorded::Use;
use super::{Bearer, Companion};
use crate::login::provider::Denied;
use crate::login::record::HistoryEntry;

const READ: &[&str] = &["idporten:user.log.read"];

impl Companion {
    /// The last `limit` logins of whoever is logged in, to services of the caller's organization; the
    /// newest first.
    pub async fn own_history(
        &self,
        bearer: &Bearer,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, Denied> {
        bearer.require_one_of(READ)?;
        let (person, orgno) = (bearer.person()?, bearer.caller.organization);
        let logins = self.store().list_history(person, Some(orgno), limit);
        let logins = logins.await?;
        let pseudonym = self.pseudonym_of(person).await?;
        let told = Use::told("history.read", pseudonym, logins.len());
        self.record(bearer, told).await?;
        Ok(logins)
    }
}

/// The method of a login as the history shows it, from its `amr`.
pub fn history_eid(amr: &str) -> &str {
    match amr {
        "Minid-PIN" => "MinID PIN",
        "Minid-OTC" => "MinID OTC",
        "Minid-APP" => "MinID App",
        "Minid-TOTP" => "MinID TOTP",
        "Minid-WEBAUTHN" => "MinID WebAuthn",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_the_names_of_the_history() {
        for (amr, shown) in [
            ("Minid-PIN", "MinID PIN"),
            ("Minid-WEBAUTHN", "MinID WebAuthn"),
            ("BankID Mobil", "BankID Mobil"),
            ("TestID", "TestID"),
            ("Federated", "Federated"),
        ] {
            assert_eq!(history_eid(amr), shown);
        }
    }
}
