//! `portvakt token`: sign a grant, exchange it, print the token.

use anyhow::bail;
use portvakt_client::{ClientError, Refusal};
use portvakt_core::refusal::RefusalCode;

use crate::data_dir::DataDirArgs;
use crate::grant_args::GrantArgs;
use crate::output::Output;
use crate::server_args::ServerArgs;

/// Flags.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    data_dir: DataDirArgs,
    /// Print the signed grant instead of exchanging it
    #[arg(long)]
    grant_only: bool,
}

/// Prints the token alone, so that it can be used in `$(...)`; as JSON the whole answer.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let data_dir = args.data_dir.data_dir();
    let found = args.server.discover(&data_dir).await?;
    let grant = args.grant.sign(&found, &data_dir).await?;
    if args.grant_only {
        return output.result(&serde_json::json!({ "assertion": grant }), &grant);
    }
    match found.oauth.exchange(&grant).await {
        Ok(token) => {
            output.note(format_args!(
                "expires in {} seconds, scope {}",
                token.expires_in_seconds, token.scope
            ));
            output.result(&token, &token.access_token)
        }
        Err(ClientError::Refused(refusal)) => {
            if let Some(request_id) = &refusal.request_id {
                output.note(format_args!(
                    "request id {request_id}; `portvakt explain` says more"
                ));
            }
            bail!("{}", describe(&refusal))
        }
        Err(error) => Err(error.into()),
    }
}

/// The refusal in one line, with what helps if it is one that this program knows.
fn describe(refusal: &Refusal) -> String {
    let Some(error) = &refusal.error else {
        return refusal.to_string();
    };
    let description = match refusal.description.as_str() {
        "" => "no description",
        text => text,
    };
    let mp_code = refusal.mp_code();
    let known = RefusalCode::ALL.iter().map(|code| code.row()).find(|row| {
        row.error.as_str() == error
            && row.mp_code == mp_code
            && (mp_code.is_some() || description.starts_with(row.text))
    });
    let hint = known
        .map(|row| format!(". {}", row.next_step))
        .unwrap_or_default();
    format!("{} {error}: {description}{hint}", refusal.status)
}
