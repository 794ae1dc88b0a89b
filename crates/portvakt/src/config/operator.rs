//! Who runs the server.

use portvakt_core::administration::bootstrap::OperatorOrganization;
use portvakt_core::organization::OrgNumber;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

/// Who runs the server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    /// Number of the organization that owns the reserved prefixes, in quotation marks.
    pub(crate) orgno: String,
    /// Its name.
    pub(crate) name: String,
}

impl Default for Section {
    fn default() -> Self {
        let organization = OperatorOrganization::default();
        Self {
            orgno: organization.orgno.to_string(),
            name: organization.name,
        }
    }
}

impl Section {
    /// The organization.
    pub(crate) fn organization(&self, faults: &mut Faults) -> Option<OperatorOrganization> {
        let Ok(orgno) = OrgNumber::parse(&self.orgno) else {
            faults.add("operator.orgno", "write nine digits in quotation marks");
            return None;
        };
        Some(OperatorOrganization {
            orgno,
            name: self.name.clone(),
        })
    }
}
