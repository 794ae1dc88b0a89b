//! The commands, one file each.

mod access;
mod administer;
mod adopt;
mod apply;
mod audit;
mod backup;
mod certificate;
mod client;
mod client_secret;
mod completions;
mod config;
mod crds;
mod delegation;
mod demo;
mod dev;
mod diff;
mod env;
mod explain;
mod inspect;
mod key;
mod key_files;
mod migrate;
mod operator;
mod organization;
mod pem;
mod plan;
mod prefix;
mod registry;
mod render;
mod restore;
mod rows;
mod run;
mod scope;
mod serve;
mod signing_key;
mod token;
mod usage;
mod verify;

use crate::output::Output;

/// What `portvakt` can do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Tell the whole story on an embedded server, step by step
    Demo(demo::Args),
    /// Run every surface on this machine, for development
    Dev(dev::Args),
    /// Run a production server
    Serve(serve::Args),
    /// Acquire an access token
    Token(token::Args),
    /// Verify an access token as an API would
    Verify(verify::Args),
    /// Show what a token, a grant, a key or a certificate says
    Inspect(inspect::Args),
    /// Say why a grant was, or would be, refused
    Explain(explain::Args),
    /// Show what manifests change, and whom it stops, before anything is changed
    Plan(plan::Args),
    /// Bring scopes, access, clients and keys to what manifests say
    Apply(apply::Args),
    /// Take over scopes and a client that another source has managed, step by step
    Adopt(adopt::Args),
    /// Show attribute by attribute what manifests change
    Diff(diff::Args),
    /// Provision a workload and start it with the variables that its platform would inject
    Run(run::Args),
    /// Print those variables, or write them as files
    Env(env::Args),
    /// Print the definitions of the custom resources for a Kubernetes cluster
    Crds,
    /// Look after the custom resources of a Kubernetes cluster
    Operator(Box<operator::Args>),
    /// Organizations
    #[command(subcommand)]
    Org(organization::Command),
    /// Prefixes of organizations
    #[command(subcommand)]
    Prefix(prefix::Command),
    /// Scopes
    #[command(subcommand)]
    Scope(scope::Command),
    /// Organizations' access to scopes
    #[command(subcommand)]
    Access(access::Command),
    /// Clients
    #[command(subcommand)]
    Client(client::Command),
    /// Clients' keys, and the server's own
    #[command(subcommand)]
    Key(key::Command),
    /// Delegations from consumers to suppliers
    #[command(subcommand)]
    Delegation(delegation::Command),
    /// Everything that exists, as one declarative file
    #[command(subcommand)]
    Registry(registry::Command),
    /// Who changed what, in a log that shows any edit
    #[command(subcommand)]
    Audit(audit::Command),
    /// Move everything from the SQLite file to an empty PostgreSQL database
    Migrate(migrate::Args),
    /// Write everything to one encrypted file, also while servers run
    Backup(backup::Args),
    /// Fill an empty database from a backup
    Restore(restore::Args),
    /// Organization certificates of the development certificate authority
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// The configuration of a production server
    #[command(subcommand)]
    Config(config::Command),
    /// Print shell completions or a man page
    #[command(subcommand)]
    Generate(completions::Command),
}

/// Runs a command.
pub(crate) async fn run(command: Command, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(args, *output).await,
        Command::Dev(args) => dev::run(args, *output).await,
        Command::Serve(args) => serve::run(args, *output).await,
        Command::Token(args) => token::run(args, *output).await,
        Command::Verify(args) => verify::run(args, *output).await,
        Command::Inspect(args) => inspect::run(&args, *output),
        Command::Explain(args) => explain::run(args, *output).await,
        Command::Plan(args) => plan::run(args, *output).await,
        Command::Apply(args) => apply::run(args, *output).await,
        Command::Adopt(args) => adopt::run(args, *output).await,
        Command::Diff(args) => diff::run(args, *output).await,
        Command::Run(args) => run::run(args, *output).await,
        Command::Env(args) => env::run(args, *output).await,
        Command::Crds => crds::run(*output),
        Command::Operator(args) => operator::run(*args, *output).await,
        Command::Org(command) => organization::run(command, *output).await,
        Command::Prefix(command) => prefix::run(command, *output).await,
        Command::Scope(command) => scope::run(command, *output).await,
        Command::Access(command) => access::run(command, *output).await,
        Command::Client(command) => client::run(command, *output).await,
        Command::Key(command) => key::run(command, *output).await,
        Command::Delegation(command) => delegation::run(command, *output).await,
        Command::Registry(command) => registry::run(command, *output).await,
        Command::Audit(command) => audit::run(command, *output).await,
        Command::Migrate(args) => migrate::run(args, *output).await,
        Command::Backup(args) => backup::run(args, *output).await,
        Command::Restore(args) => restore::run(args, *output).await,
        Command::Certificate(command) => certificate::run(command, *output).await,
        Command::Config(command) => config::run(&command, *output),
        Command::Generate(command) => completions::run(command, *output),
    }
}
