//! The ways to log in that a server offers: the built-in ones by their names, and other providers.

use std::path::PathBuf;
use std::sync::Arc;

use portvakt_core::cache::CachedStore;
use portvakt_core::login::matching::RegistryMatcher;
use portvakt_idporten::eid::{
    EidProvider, EidasCountries, EidasProvider, EmailProvider, RegistryPeople, TestIdProvider,
};

use crate::config::EidName;
use crate::upstream;

/// Which ones, in the order in which they are offered.
pub(crate) struct Eids<'a> {
    /// Built-in ones.
    pub(crate) names: &'a [EidName],
    /// Countries of `eidas`, unless they are all.
    pub(crate) countries: Option<EidasCountries>,
    /// Files of other providers.
    pub(crate) upstreams: &'a [PathBuf],
}

impl Eids<'_> {
    /// Makes them for the people of this registry and browsers that come back to this address.
    pub(crate) fn providers(
        &self,
        store: &Arc<CachedStore>,
        login_base_url: &str,
    ) -> anyhow::Result<Vec<Arc<dyn EidProvider>>> {
        let names = self.names.iter();
        let mut providers: Vec<_> = names.map(|name| self.built_in(*name, store)).collect();
        providers.extend(upstream::providers(self.upstreams, login_base_url)?);
        Ok(providers)
    }

    fn built_in(&self, name: EidName, store: &Arc<CachedStore>) -> Arc<dyn EidProvider> {
        let people = Arc::new(RegistryPeople(Arc::clone(store)));
        match name {
            EidName::Testid => Arc::new(TestIdProvider::new(people)),
            EidName::Eidas => {
                let matcher = Arc::new(RegistryMatcher(Arc::clone(store)));
                let every = EidasProvider::new(people, matcher);
                Arc::new(match &self.countries {
                    Some(countries) => every.with_countries(countries.clone()),
                    None => every,
                })
            }
            EidName::Email => Arc::new(EmailProvider),
        }
    }
}
