//! The e-mail test login: whoever types an address and the code that was made for it is that address's
//! owner (spec: idporten §18.6). It sends nothing; the page shows the code.

use async_trait::async_trait;
use portvakt_core::login::Acr;
use portvakt_core::login::one_time_code::{Attempt, AwaitedCode, OneTimeCode};
use portvakt_core::login::provider::Proven;
use portvakt_core::login::record::{Attributes, Identity};
use portvakt_core::person::EmailAddress;
use portvakt_oauth_types::Parameters;
use serde::{Deserialize, Serialize};

use super::{Context, Description, EidProvider, Kept, Turn};
use crate::pages::{
    EidOption, EmailAddressPage, EmailCode, EmailError, Language, Level, LocalPath,
};

/// Its id in addresses and records.
const ID: &str = "email";
/// Its method in tokens.
const AMR: &str = "Selfregistered-email";
/// How many codes one login may ask for.
const MAX_CODES: u8 = 3;

/// The built-in test provider.
pub struct EmailProvider;

/// What is kept between two pages.
#[derive(Serialize, Deserialize)]
struct Asked {
    address: String,
    code: AwaitedCode,
}

#[async_trait]
impl EidProvider for EmailProvider {
    fn describe(&self) -> Description {
        Description {
            id: ID.to_owned(),
            levels: vec![Acr::SelfregisteredEmail],
            test_only: true,
        }
    }

    fn option(&self, language: Language, level: Level, begins_at: LocalPath) -> EidOption {
        EidOption::email(language, level, begins_at)
    }

    async fn begin(&self, context: Context<'_>, _kept: &mut Kept) -> Turn {
        address_page(context, "", None)
    }

    async fn resume(&self, context: Context<'_>, kept: &mut Kept, form: &Parameters<'_>) -> Turn {
        let field = |name| form.one(name).ok().flatten().unwrap_or_default();
        match field("action") {
            "cancel" => Turn::Cancelled,
            "back" => address_page(context, "", None),
            "send" => send(context, kept, field("email")),
            _ => check(context, kept, field("code")),
        }
    }
}

/// Makes a code for an address and waits for it.
fn send(context: Context<'_>, kept: &mut Kept, typed: &str) -> Turn {
    let Ok(address) = EmailAddress::parse(typed) else {
        return address_page(context, typed, Some(EmailError::Address));
    };
    if !kept.spend(MAX_CODES) {
        return Turn::Failed("too many codes were asked for".to_owned());
    }
    let code = match OneTimeCode::generate(context.entropy) {
        Ok(code) => code,
        Err(error) => return Turn::Failed(error.to_string()),
    };
    let asked = Asked {
        address: address.expose().to_owned(),
        code: AwaitedCode::new(&code, context.interaction.csrf, context.now),
    };
    match kept.write(&asked) {
        Ok(()) => code_page(context, Some(&code), None),
        Err(error) => Turn::Failed(error.to_string()),
    }
}

/// Compares the code. The attempt is kept before its outcome is told, over the state that it was made
/// on, so that many at once are one.
fn check(context: Context<'_>, kept: &mut Kept, typed: &str) -> Turn {
    let over = || address_page(context, "", Some(EmailError::Over));
    let Some(mut asked) = kept.read::<Asked>() else {
        return over();
    };
    let typed = OneTimeCode::parse(typed);
    let secret = context.interaction.csrf;
    let attempt = asked.code.attempt(typed.as_ref(), secret, context.now);
    if let Err(error) = kept.write(&asked) {
        return Turn::Failed(error.to_string());
    }
    match attempt {
        Attempt::Over => over(),
        Attempt::Wrong => code_page(context, None, Some(EmailError::Code)),
        Attempt::Right => match EmailAddress::parse(&asked.address) {
            Ok(address) => completed(context, address),
            Err(error) => Turn::Failed(error.to_string()),
        },
    }
}

fn completed(context: Context<'_>, address: EmailAddress) -> Turn {
    Turn::Completed(Box::new(Proven {
        identity: Identity::Email(address),
        matched: None,
        acr: Acr::SelfregisteredEmail,
        amr: AMR.to_owned(),
        provider: ID.to_owned(),
        locale: context.locale,
        attributes: Attributes::default(),
    }))
}

fn address_page(context: Context<'_>, email: &str, error: Option<EmailError>) -> Turn {
    let page = EmailAddressPage {
        frame: context.frame,
        interaction: context.interaction,
        email,
        error,
    };
    Turn::Page(Box::new(page.page()))
}

fn code_page(context: Context<'_>, code: Option<&OneTimeCode>, error: Option<EmailError>) -> Turn {
    let page = EmailCode {
        frame: context.frame,
        interaction: context.interaction,
        shown: code.map(OneTimeCode::expose),
        error,
    };
    Turn::Page(Box::new(page.page()))
}
