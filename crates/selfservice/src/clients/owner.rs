//! Whose a new client is (spec: selfservice §3.3).

use portvakt_core::administration::FieldFaults;
use portvakt_core::bearer::Caller;
use portvakt_core::organization::OrgNumber;

use crate::authority::{DCR_SUPPLIER, DCR_WRITE};

/// Whom a new client acts for, and who manages it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) client_orgno: OrgNumber,
    pub(crate) supplier_orgno: Option<OrgNumber>,
}

/// An organization registers its own clients; a supplier those of others, and names them.
pub(super) fn of_new(caller: &Caller, named: Option<&str>, faults: &mut FieldFaults) -> Owner {
    const FIELD: &str = "client_orgno";
    let own = Owner {
        client_orgno: caller.organization,
        supplier_orgno: None,
    };
    let may_register_own = caller.has_scope(DCR_WRITE);
    let customer = named.map(OrgNumber::parse);
    match customer {
        Some(Err(_)) => faults.invalid(FIELD, "is not an organization number"),
        None if may_register_own => {}
        None => faults.invalid(FIELD, "is required: name the customer"),
        Some(Ok(customer)) if customer == caller.organization => {
            if !may_register_own {
                let message = "is your own: a supplier registers clients of others";
                faults.invalid(FIELD, message);
            }
        }
        Some(Ok(customer)) if caller.has_scope(DCR_SUPPLIER) => {
            return Owner {
                client_orgno: customer,
                supplier_orgno: Some(caller.organization),
            };
        }
        Some(Ok(_)) => faults.forbidden(FIELD, "is another organization's"),
    }
    own
}
