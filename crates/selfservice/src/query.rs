//! Query parameters (spec: selfservice §2.2).

use std::ops::RangeInclusive;

use portvakt_core::client::SecretOverlap;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::Listing;
use portvakt_core::scope::ScopeName;
use portvakt_core::usage::{Day, Days, InvalidDays};

use crate::problem::{Object, Problem};
use axum::http::StatusCode;

/// The parameters in their order, decoded as a form is: `+` is a space.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The value of a parameter. One that is given twice has no meaning.
    pub(crate) fn text(&self, name: &str, object: Object) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(refused(object, name, "is given twice"));
        }
        Ok(value)
    }

    /// Refuses parameters that are not among these: a filter with a typing error filters nothing.
    pub(crate) fn only(&self, names: &[&str], object: Object) -> Result<(), Problem> {
        let is_unknown = |(name, _): &&(String, String)| !names.contains(&name.as_str());
        match self.0.iter().find(is_unknown) {
            None => Ok(()),
            Some((name, _)) => Err(refused(object, name, "is not a parameter of this address")),
        }
    }

    /// The parameter as what it has to be.
    pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        object: Object,
    ) -> Result<Option<T>, Problem> {
        let value = self.text(name, object)?.map(str::parse);
        value
            .transpose()
            .map_err(|error: T::Err| refused(object, name, &error.to_string()))
    }

    /// As [`Query::parsed`], of a parameter that has to be there.
    pub(crate) fn required<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        object: Object,
    ) -> Result<T, Problem> {
        self.parsed(name, object)?
            .ok_or_else(|| refused(object, name, "is required"))
    }

    /// A whole number within bounds: digits alone, neither a sign nor a space.
    pub(crate) fn number(
        &self,
        name: &str,
        object: Object,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name, object)? else {
            return Ok(None);
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        let number = number.filter(|number| bounds.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = bounds.into_inner();
            let message = format!("is not a whole number from {least} to {most}");
            refused(object, name, &message)
        })
    }

    /// `true` or `false` in any case.
    pub(crate) fn flag(&self, name: &str, object: Object) -> Result<Option<bool>, Problem> {
        match self.text(name, object)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(refused(object, name, "is true or false")),
        }
    }

    /// `inactive=true` adds what was deactivated.
    pub(crate) fn listing(&self, object: Object) -> Result<Listing, Problem> {
        let inactive = self.flag("inactive", object)?.unwrap_or(false);
        Ok(if inactive {
            Listing::All
        } else {
            Listing::Active
        })
    }

    /// The scope that the request is about, if it names one.
    pub(crate) fn scope(&self, object: Object) -> Result<Option<ScopeName>, Problem> {
        let name = self.text("scope", object)?.map(ScopeName::parse);
        name.transpose()
            .map_err(|error| refused(object, "scope", &error.to_string()))
    }

    /// The scope that the request must name.
    pub(crate) fn required_scope(&self, object: Object) -> Result<ScopeName, Problem> {
        self.scope(object)?
            .ok_or_else(|| refused(object, "scope", "is required: write ?scope=prefix:subscope"))
    }

    /// How long a secret still counts beside the new one.
    pub(crate) fn overlap(&self, object: Object) -> Result<SecretOverlap, Problem> {
        let overlap = self.text("overlap", object)?.map(SecretOverlap::parse);
        let overlap = overlap.transpose();
        overlap
            .map(Option::unwrap_or_default)
            .map_err(|error| refused(object, "overlap", &error.to_string()))
    }

    /// An organization to filter by.
    pub(crate) fn organization(
        &self,
        name: &str,
        object: Object,
    ) -> Result<Option<OrgNumber>, Problem> {
        let number = self.text(name, object)?.map(OrgNumber::parse);
        number
            .transpose()
            .map_err(|error| refused(object, name, &error.to_string()))
    }

    /// The days that the request is about: `from` and `to`, both included.
    pub(crate) fn days(&self, today: Day, object: Object) -> Result<Days, Problem> {
        let day = |name| {
            let day = self.text(name, object)?.map(str::parse::<Day>).transpose();
            day.map_err(|error: InvalidDays| refused(object, name, &error.to_string()))
        };
        let days = Days::new(day("from")?, day("to")?, today);
        days.map_err(|error| refused(object, "from", &error.to_string()))
    }
}

/// The refusal of one parameter.
pub(crate) fn refused(object: Object, name: &str, message: &str) -> Problem {
    let message = format!("{name}: {message}");
    Problem::field(StatusCode::BAD_REQUEST, object, name, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(query: &str) -> Option<String> {
        let name = Query::parse(query).scope(Object::Scope).ok()??;
        Some(name.to_string())
    }

    #[test]
    fn scopes_arrive_encoded_or_raw() {
        for query in [
            "scope=nav%3Aarbeid%2Fsome.read",
            "scope=nav:arbeid/some.read",
        ] {
            assert_eq!(scope(query).as_deref(), Some("nav:arbeid/some.read"));
        }
        assert_eq!(scope("scope=nav:a%2Bb").as_deref(), Some("nav:a+b"));
        assert_eq!(scope("scope=nav:a+b"), None, "a space is in no scope");
        assert_eq!(scope("scope=nav:a&scope=nav:a"), None);
    }

    #[test]
    fn flags_are_read_in_any_case() {
        let flag = |query: &str| Query::parse(query).flag("inactive", Object::Scope).ok();
        assert_eq!(flag("inactive=TRUE"), Some(Some(true)));
        assert_eq!(flag("inactive=False"), Some(Some(false)));
        assert_eq!(flag(""), Some(None));
        for query in ["inactive=1", "inactive=", "inactive=true&inactive=true"] {
            assert_eq!(flag(query), None, "{query}");
        }
    }
}
