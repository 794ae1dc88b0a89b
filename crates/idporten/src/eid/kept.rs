//! What a provider keeps between two requests of a browser.

use portvakt_core::login::provider::EidState;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A place in the login under way for the data of one provider. What is written is kept before the
/// browser is answered, over the state that was read and no other: of two requests at the same time,
/// one is told that it was overtaken.
pub struct Kept {
    data: Value,
    changed: bool,
    spent: u8,
}

impl Kept {
    /// What this provider kept. Another's is none of its business.
    pub(crate) fn of(state: Option<&EidState>, spent: u8, provider: &str) -> Self {
        let own = state.filter(|state| state.provider == provider);
        Self {
            data: own.map_or(Value::Null, |state| state.data.clone()),
            changed: false,
            spent,
        }
    }

    /// How often [`Kept::spend`] was allowed in this login.
    pub(crate) fn spent(&self) -> u8 {
        self.spent
    }

    /// What is to be kept, if that changed.
    pub(crate) fn into_state(self, provider: &str) -> Option<EidState> {
        self.changed.then(|| EidState {
            provider: provider.to_owned(),
            data: self.data,
        })
    }

    /// What was written last; none if nothing was, or something else.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.data.clone()).ok()
    }

    /// Whether the provider may once more do what it may do so often in one login, whatever goes wrong and
    /// whoever else is tried in it.
    pub fn spend(&mut self, limit: u8) -> bool {
        let may = self.spent < limit;
        if may {
            self.spent += 1;
            self.changed = true;
        }
        may
    }

    /// Keeps this instead of what was kept.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub fn write<T: Serialize>(&mut self, data: &T) -> Result<(), serde_json::Error> {
        self.data = serde_json::to_value(data)?;
        self.changed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_reads_its_own_and_what_changes_is_kept() {
        let mut kept = Kept::of(None, 0, "a");
        assert_eq!(kept.read::<u8>(), None);
        kept.write(&7).unwrap();
        assert_eq!(kept.read::<u8>(), Some(7));
        let state = kept.into_state("a");
        assert_eq!(Kept::of(state.as_ref(), 0, "a").read::<u8>(), Some(7));
        assert_eq!(Kept::of(state.as_ref(), 0, "b").read::<u8>(), None);
        assert!(Kept::of(state.as_ref(), 0, "a").into_state("a").is_none());
    }
    #[test]
    fn what_a_login_may_have_a_few_times_is_counted_apart_from_the_data() {
        let mut kept = Kept::of(None, 0, "a");
        assert!(kept.spend(2) && kept.spend(2));
        assert!(!kept.spend(2));
        assert_eq!(kept.spent(), 2);
        assert!(
            !Kept::of(None, 2, "a").spend(2),
            "whatever became of the data"
        );
    }
}
