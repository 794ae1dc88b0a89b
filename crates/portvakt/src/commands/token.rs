//! `portvakt token`: sign a grant, exchange it, print the token.

use anyhow::bail;
use portvakt_core::refusal::RefusalCode;
use portvakt_oauth_types::ErrorResponse;

use crate::data_dir::DataDirArgs;
use crate::grant_args::GrantArgs;
use crate::output::Output;
use crate::token_client::{Exchanged, ServerArgs, TokenClient};

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
    let client = TokenClient::discover(&args.server, &data_dir).await?;
    let grant = args
        .grant
        .sign(client.issuer(), client.now().await, &data_dir)?;
    if args.grant_only {
        return output.result(&serde_json::json!({ "assertion": grant }), &grant);
    }
    match client.exchange(&grant).await? {
        Exchanged::Token(token) => {
            output.note(format_args!(
                "expires in {} seconds, scope {}",
                token.expires_in_seconds, token.scope
            ));
            output.result(&token, &token.access_token)
        }
        Exchanged::Refused {
            status,
            error,
            request_id,
        } => {
            if let Some(request_id) = request_id {
                output.note(format_args!(
                    "request id {request_id}; `portvakt explain` says more"
                ));
            }
            bail!("{status} {}", describe(&error))
        }
    }
}

/// The refusal in one line, with what helps if it is one that this program knows.
fn describe(error: &ErrorResponse) -> String {
    let description = error
        .error_description
        .as_deref()
        .unwrap_or("no description");
    let mp_code = error
        .error_uri
        .as_deref()
        .and_then(|uri| uri.rsplit('/').next());
    let known = RefusalCode::ALL.iter().map(|code| code.row()).find(|row| {
        row.error.as_str() == error.error
            && row.mp_code == mp_code
            && (mp_code.is_some() || description.starts_with(row.text))
    });
    let hint = known
        .map(|row| format!(". {}", row.next_step))
        .unwrap_or_default();
    format!("{}: {description}{hint}", error.error)
}
