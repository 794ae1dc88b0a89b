//! The proof that whoever calls is the operator. No handler begins to write without one.

use portvakt_core::administration::operator::{self, NotOperator, OperatorRight};
use portvakt_core::audit::{Act, Channel};
use portvakt_core::bearer::Caller;
use portvakt_core::ports::UnitOfWork;

use crate::call::Call;
use crate::problem::{Object, Problem};

/// Somebody who is the operator, with the right that was asked for, in one request.
pub(super) struct Operator<'c> {
    call: &'c Call,
    caller: Caller,
}

impl<'c> Operator<'c> {
    /// The operator, if the request's token and the registry prove it.
    pub(super) async fn prove(call: &'c Call, right: OperatorRight) -> Result<Self, Problem> {
        let caller = call.prove().await?;
        let mut unit = call.read().await?;
        operator::check(unit.as_mut(), &caller, right)
            .await
            .map_err(|error| refused(&error, right))?;
        call.log(&caller, &right);
        Ok(Self { call, caller })
    }

    /// Begins to write. What changes is in the audit log, in the same transaction.
    pub(super) async fn begin(&self) -> Result<Box<dyn UnitOfWork>, Problem> {
        self.call.begin_act(self.act()).await
    }

    /// What is done with this request, as the audit log tells it.
    pub(super) fn act(&self) -> Act {
        self.call.act(&self.caller, Channel::OperatorApi)
    }
}

fn refused(error: &NotOperator, right: OperatorRight) -> Problem {
    match error {
        NotOperator::Scope => Problem::insufficient_scope(right.any_of()),
        NotOperator::Storage(error) => Problem::storage(error),
        NotOperator::Organization | NotOperator::Supplier | NotOperator::Client => {
            Problem::forbidden(Object::Request, &error.to_string())
        }
    }
}
