//! `portvakt certificate`: organization certificates of the development certificate authority.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use portvakt_core::organization::OrgNumber;
use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Certificate, CertificateProfile, CertificateRequest, IssuedCertificate};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;

use crate::data_dir::{DataDir, DataDirArgs, write_private};
use crate::dev::authority::{Authority, BACKDATE_SECONDS, Revocations, serial_bytes};
use crate::output::Output;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Issue a certificate with a new key
    Issue(IssueArgs),
    /// Revoke a certificate; a running server notices within two seconds
    Revoke(RevokeArgs),
    /// List what was revoked
    Revoked(DataDirArgs),
}

/// Flags of `issue`.
#[derive(Debug, clap::Args)]
pub(crate) struct IssueArgs {
    /// Organization that the certificate is for
    #[arg(long, value_name = "ORGNO")]
    org: OrgNumber,
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// National certificate profile
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// State that it is for qualified electronic seals (SEID 2)
    #[arg(long)]
    qualified: bool,
    /// Days that it is valid
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// Where to write ORGNO.pem and ORGNO-key.pem, in place of earlier ones [default:
    /// DATA-DIR/certificates]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// The national certificate profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    /// The older one
    Seid1,
    /// The current one
    #[default]
    Seid2,
}

/// Flags of `revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Certificate in PEM, or a serial number in hexadecimal
    #[arg(value_name = "FILE|SERIAL")]
    certificate: String,
    #[command(flatten)]
    data_dir: DataDirArgs,
}

/// Runs the command.
#[expect(clippy::unused_async, reason = "every command is run in the same way")]
pub(crate) async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Issue(args) => issue(&args, output),
        Command::Revoke(args) => revoke(&args, output),
        Command::Revoked(args) => revoked(&args, output),
    }
}

/// What `issue` reports.
#[derive(Serialize)]
struct Issued {
    certificate: PathBuf,
    key: PathBuf,
    serial: String,
    orgno: OrgNumber,
}

fn issue(args: &IssueArgs, output: Output) -> anyhow::Result<()> {
    let data_dir = args.data_dir.data_dir();
    let authority = Authority::open(&data_dir)?;
    let certificate = authority.issue(&request(args)?)?;
    let folder = args.out.clone().unwrap_or_else(|| data_dir.certificates());
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let issued = write(args.org, &folder, &certificate, authority.certificate_pem())?;
    output.result(
        &issued,
        format_args!(
            "certificate {}\nprivate key {}\nserial number {}",
            issued.certificate.display(),
            issued.key.display(),
            issued.serial
        ),
    )
}

fn request(args: &IssueArgs) -> anyhow::Result<CertificateRequest> {
    if args.qualified && args.profile == Profile::Seid1 {
        bail!("only SEID 2 certificates are qualified: leave out --qualified or --profile seid1");
    }
    let characters = args.name.chars().count();
    if !(1..=64).contains(&characters) {
        bail!("--name has {characters} characters: a certificate holds 1 to 64");
    }
    let now = SystemClock.now().seconds();
    let profile = match args.profile {
        Profile::Seid1 => CertificateProfile::Seid1,
        Profile::Seid2 => CertificateProfile::Seid2,
    };
    let validity = now - BACKDATE_SECONDS..=now + i64::from(args.days) * DAY_SECONDS;
    let mut request =
        CertificateRequest::new(profile, args.org.as_str(), args.name.trim(), validity);
    request.qualified = args.qualified;
    Ok(request)
}

fn write(
    orgno: OrgNumber,
    folder: &Path,
    issued: &IssuedCertificate,
    authority_pem: &str,
) -> anyhow::Result<Issued> {
    let report = Issued {
        certificate: folder.join(format!("{orgno}.pem")),
        key: folder.join(format!("{orgno}-key.pem")),
        serial: Certificate::parse(&issued.certificate_der)?
            .serial_hex()
            .to_owned(),
        orgno,
    };
    let chain = format!("{}{authority_pem}", issued.certificate_pem);
    write_private(&report.key, issued.key_pem.as_bytes())?;
    write_private(&report.certificate, chain.as_bytes())?;
    Ok(report)
}

/// What `revoke` reports.
#[derive(Serialize)]
struct Revoked {
    serial: String,
    revocation_list: PathBuf,
}

fn revoke(args: &RevokeArgs, output: Output) -> anyhow::Result<()> {
    let data_dir = args.data_dir.data_dir();
    let authority = Authority::open(&data_dir)?;
    let serial = serial_of(&args.certificate)?;
    let added = add(&data_dir, &authority, &serial)?;
    let report = Revoked {
        serial,
        revocation_list: data_dir.ca_revocation_list(),
    };
    let what = if added {
        "revoked"
    } else {
        "was revoked before"
    };
    output.result(&report, format_args!("{} {what}", report.serial))
}

/// Adds to the list of the folder, one process at a time, and signs it anew.
fn add(data_dir: &DataDir, authority: &Authority, serial: &str) -> anyhow::Result<bool> {
    let turn = std::fs::File::create(data_dir.path().join("revoked.lock"))?;
    turn.lock().context("wait for another revocation")?;
    let now = SystemClock.now();
    let mut revocations = Revocations::load(data_dir)?;
    let added = revocations.add(serial, now);
    let list = authority.revocation_list(&revocations, now)?;
    revocations.save(data_dir)?;
    write_private(&data_dir.ca_revocation_list(), &list)?;
    Ok(added)
}

/// The serial number of the first certificate in a file, or the one that was written.
fn serial_of(text: &str) -> anyhow::Result<String> {
    let path = Path::new(text);
    if !path.exists() {
        let serial = text.replace(':', "").to_ascii_lowercase();
        if serial_bytes(&serial).is_none() {
            bail!("{text} is neither a file nor a serial number in hexadecimal");
        }
        return Ok(serial);
    }
    let pem = std::fs::read(path).with_context(|| format!("read {text}"))?;
    let leaf = CertificateDer::from_pem_slice(&pem)
        .map_err(|error| anyhow::anyhow!("read the certificate in {text}: {error}"))?;
    let leaf =
        Certificate::parse(&leaf).with_context(|| format!("read the certificate in {text}"))?;
    Ok(leaf.serial_hex().to_owned())
}

fn revoked(args: &DataDirArgs, output: Output) -> anyhow::Result<()> {
    let revocations = Revocations::load(&args.data_dir())?;
    output.table(
        revocations.list(),
        &["SERIAL", "REVOKED AT"],
        |revocation| vec![revocation.serial.clone(), revocation.revoked_at.clone()],
    )
}
