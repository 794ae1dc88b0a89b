//! `portvakt scope`.

use portvakt_core::administration::{Role, scope};
use portvakt_core::client::{ClientId, IntegrationType};
use portvakt_core::organization::OrgNumber;
use portvakt_core::scope::{Scope, ScopeName, Visibility};

use super::render::InactiveArgs;
use super::{administer, render, usage};
use crate::database::DatabaseArgs;
use crate::output::Output;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a scope
    Add(AddArgs),
    /// List scopes
    List(ListArgs),
    /// Show one scope
    Show(OneArgs),
    /// Change the attributes that are given, and leave the others
    Update(UpdateArgs),
    /// Refuse tokens with a scope, at once
    Deactivate(OneArgs),
    /// Undo a deactivation
    Reactivate(OneArgs),
    /// Show which organizations used a scope, and when last
    Usage(usage::ScopeArgs),
}

/// A new scope.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// Full name, prefix:subscope
    name: ScopeName,
    /// The organization that it belongs to; by default the one that has the prefix
    #[arg(long, value_name = "ORGNO")]
    owner: Option<OrgNumber>,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Changes of a scope.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// Full name, prefix:subscope
    name: ScopeName,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Attributes of a scope.
#[derive(Debug, clap::Args)]
pub(crate) struct AttributeArgs {
    /// Short text for people
    #[arg(long)]
    description: Option<String>,
    /// Longer text in limited Markdown
    #[arg(long)]
    long_description: Option<String>,
    /// Longest life of an access token in seconds; 0 means no cap
    #[arg(long, value_name = "SECONDS")]
    at_max_age: Option<u32>,
    /// A client type that may use it; repeat for several, leave out for every type
    #[arg(long = "allowed-integration-type", value_name = "TYPE")]
    allowed_integration_types: Option<Vec<IntegrationType>>,
    /// Every organization has access
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    accessible_for_all: Option<bool>,
    /// Who sees it in lists
    #[arg(long)]
    visibility: Option<VisibilityArg>,
    /// Issuer of the source where it can be delegated; "" for none
    #[arg(long, value_name = "ISSUER")]
    delegation_source: Option<String>,
    /// A client of the owner that may introspect its tokens of logged-in people; repeat for several
    #[arg(long, value_name = "CLIENT_ID")]
    enforced_aud_for_introspection: Option<Vec<ClientId>>,
    /// Only the operator can put it on a client
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    operator_only: Option<bool>,
    /// Tokens with it carry the prefixes of the consumer
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    emit_consumer_prefix: Option<bool>,
}

/// `--visibility`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum VisibilityArg {
    /// Everybody
    Public,
    /// The owner and organizations with access
    Private,
    /// The owner only
    Internal,
}

impl From<VisibilityArg> for Visibility {
    fn from(argument: VisibilityArg) -> Self {
        match argument {
            VisibilityArg::Public => Self::Public,
            VisibilityArg::Private => Self::Private,
            VisibilityArg::Internal => Self::Internal,
        }
    }
}

/// All scopes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Of this organization only
    #[arg(long, value_name = "ORGNO")]
    owner: Option<OrgNumber>,
    #[command(flatten)]
    inactive: InactiveArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// One scope.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArgs {
    /// Full name, prefix:subscope
    name: ScopeName,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Add(args) => add(args, output).await,
        Command::List(args) => list(args, output).await,
        Command::Show(args) => show(args, output).await,
        Command::Update(args) => update(args, output).await,
        Command::Usage(args) => usage::of_scope(args, output).await,
        Command::Deactivate(OneArgs { name, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(scope::deactivate(unit, &name, Role::Operator, now).await?)
            });
            render::saved(
                output,
                &format!("scope {name}"),
                &saved.await?,
                render::scope,
            )
        }
        Command::Reactivate(OneArgs { name, database }) => {
            let saved = administer::write(&database, async |unit, now| {
                Ok(scope::reactivate(unit, &name, Role::Operator, now).await?)
            });
            render::saved(
                output,
                &format!("scope {name}"),
                &saved.await?,
                render::scope,
            )
        }
    }
}

async fn add(args: AddArgs, output: Output) -> anyhow::Result<()> {
    let AddArgs {
        name,
        owner,
        attributes,
        database,
    } = args;
    let saved = administer::write(&database, async |unit, now| {
        let owner = match owner {
            Some(owner) => owner,
            None => scope::owner_of_prefix(unit, &name).await?,
        };
        let mut wanted = Scope::new(name.clone(), owner, "", now);
        attributes.apply_to(&mut wanted);
        Ok(scope::create(unit, wanted, Role::Operator, now).await?)
    });
    render::saved(
        output,
        &format!("scope {name}"),
        &saved.await?,
        render::scope,
    )
}

async fn update(args: UpdateArgs, output: Output) -> anyhow::Result<()> {
    let UpdateArgs {
        name,
        attributes,
        database,
    } = args;
    let saved = administer::write(&database, async |unit, now| {
        let mut wanted = scope::find(unit, &name).await?;
        attributes.apply_to(&mut wanted);
        Ok(scope::update(unit, wanted, Role::Operator, now).await?)
    });
    render::saved(
        output,
        &format!("scope {name}"),
        &saved.await?,
        render::scope,
    )
}

impl AttributeArgs {
    /// Sets what is given.
    fn apply_to(self, scope: &mut Scope) {
        fn set<T>(attribute: &mut T, given: Option<T>) {
            if let Some(given) = given {
                *attribute = given;
            }
        }
        set(&mut scope.description, self.description);
        set(&mut scope.long_description, self.long_description.map(Some));
        set(&mut scope.at_max_age, self.at_max_age);
        set(
            &mut scope.allowed_integration_types,
            self.allowed_integration_types,
        );
        set(&mut scope.accessible_for_all, self.accessible_for_all);
        set(&mut scope.visibility, self.visibility.map(Visibility::from));
        set(
            &mut scope.delegation_source,
            self.delegation_source.map(Some),
        );
        set(
            &mut scope.enforced_aud_for_introspection,
            self.enforced_aud_for_introspection,
        );
        set(&mut scope.operator_only, self.operator_only);
        set(&mut scope.emit_consumer_prefix, self.emit_consumer_prefix);
    }
}

async fn list(args: ListArgs, output: Output) -> anyhow::Result<()> {
    let listing = args.inactive.listing();
    let scopes = administer::read(&args.database, async |unit| {
        Ok(unit.list_scopes(args.owner, listing).await?)
    });
    let records: Vec<_> = scopes.await?.iter().map(render::scope).collect();
    let columns = [
        ("NAME", "name"),
        ("OWNER", "owner_orgno"),
        ("FOR ALL", "accessible_for_all"),
        ("TYPES", "allowed_integration_types"),
        ("ACTIVE", "active"),
        ("DESCRIPTION", "description"),
    ];
    render::table(output, &records, &columns)
}

async fn show(args: OneArgs, output: Output) -> anyhow::Result<()> {
    let found = administer::read(&args.database, async |unit| {
        Ok(scope::find(unit, &args.name).await?)
    });
    render::record(output, &render::scope(&found.await?))
}
