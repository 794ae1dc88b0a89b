//! The qualified certificate statements (RFC 3739 §3.2.6, ETSI EN 319 412-5).

use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;

const QC_STATEMENTS: Oid<'static> = oid!(1.3.6.1.5.5.7.1.3);
const QC_COMPLIANCE: Oid<'static> = oid!(0.4.0.1862.1.1);
const QC_TYPE: Oid<'static> = oid!(0.4.0.1862.1.6);
const QC_TYPE_ESEAL: Oid<'static> = oid!(0.4.0.1862.1.6.2);

/// Compliance and the type "electronic seal" together. Spec: maskinporten §6.4. Statements that cannot be
/// read state nothing.
pub(super) fn is_qualified_seal(x509: &X509Certificate<'_>) -> bool {
    let Ok(Some(extension)) = x509.get_extension_unique(&QC_STATEMENTS) else {
        return false;
    };
    let statements = statements(extension.value).unwrap_or_default();
    let complies = statements.iter().any(|(id, _)| *id == QC_COMPLIANCE);
    let seals = statements.iter().any(|(id, info)| {
        *id == QC_TYPE && types(info).unwrap_or_default().contains(&QC_TYPE_ESEAL)
    });
    complies && seals
}

/// Each statement's identifier and the DER after it.
fn statements(der: &[u8]) -> Option<Vec<(Oid<'_>, &[u8])>> {
    let mut rest = sequence(der)?;
    let mut statements = Vec::new();
    while !rest.is_empty() {
        let (after, statement) = Any::from_der(rest).ok()?;
        let (info, id) = Oid::from_der(statement.data).ok()?;
        statements.push((id, info));
        rest = after;
    }
    Some(statements)
}

/// `QcType ::= SEQUENCE OF OBJECT IDENTIFIER`
fn types(der: &[u8]) -> Option<Vec<Oid<'_>>> {
    let mut rest = sequence(der)?;
    let mut types = Vec::new();
    while !rest.is_empty() {
        let (after, id) = Oid::from_der(rest).ok()?;
        types.push(id);
        rest = after;
    }
    Some(types)
}

fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (_, any) = Any::from_der(der).ok()?;
    (any.tag() == Tag::Sequence).then_some(any.data)
}
