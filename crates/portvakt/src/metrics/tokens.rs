//! Decisions of the token endpoint.

use portvakt_core::refusal::RefusalCode;
use portvakt_maskinporten::{Decision, Observer};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

type Labels = [(&'static str, &'static str); 3];

/// Stands where there is no refusal, or no national code.
const NONE: &str = "none";

/// Counts every decision: one addition at a known place, whatever the grant says.
#[derive(Debug)]
pub(crate) struct TokenMeter {
    issued: Counter,
    to_supplier: Counter,
    /// In the order of the table of refusals.
    refused: Vec<Counter>,
}

impl TokenMeter {
    /// Every series of it, one for each row of the table of refusals.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let decisions = Family::<Labels, Counter>::default();
        let counter = |outcome, refusal, mp_code| {
            let labels = [
                ("outcome", outcome),
                ("refusal", refusal),
                ("mp_code", mp_code),
            ];
            decisions.get_or_create_owned(&labels)
        };
        let refused = RefusalCode::ALL.iter().map(|code| {
            let row = code.row();
            let outcome = if row.http_status < 500 {
                "refused"
            } else {
                "failed"
            };
            counter(outcome, code.name(), row.mp_code.unwrap_or(NONE))
        });
        let refused = refused.collect();
        let issued = counter("issued", NONE, NONE);
        registry.register(
            "token_decisions",
            "Decisions of the token endpoint, by row of the table of refusals",
            decisions.clone(),
        );
        let to_supplier = Counter::default();
        registry.register(
            "tokens_delegated",
            "Tokens issued to a supplier that acts for another organization",
            to_supplier.clone(),
        );
        Self {
            issued,
            to_supplier,
            refused,
        }
    }
}

impl Observer for TokenMeter {
    fn decided(&self, decision: &Decision<'_>) {
        match decision.result {
            Ok(token) => {
                self.issued.inc();
                if token.acting_for.delegated {
                    self.to_supplier.inc();
                }
            }
            Err(denied) => {
                let row = denied.refusal.code() as usize;
                if let Some(counter) = self.refused.get(row) {
                    counter.inc();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_place_in_the_table() {
        for (place, code) in RefusalCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place);
        }
    }
}
