//! Key pairs in the token: made, found, signed with, destroyed.

use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{
    Attribute, AttributeType, KeyType as TokenKeyType, ObjectClass, ObjectHandle,
};
use cryptoki::session::Session;

use super::KeyModuleError;
use super::connection::Handles;
use crate::algorithm::{Algorithm, KeyType};
use crate::jwk;
use crate::key::{KeyRejected, Material};
use crate::signing::RsaBits;

/// DER of the curve's object identifier, as `CKA_EC_PARAMS` has it.
const P256_PARAMETERS: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// DER of an octet string of 65 bytes, around which `CKA_EC_POINT` puts an uncompressed point.
const POINT_PREFIX: [u8; 2] = [0x04, 65];
const POINT_BYTES: usize = 65;
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];
const ID_BYTES: u32 = 16;
const SHA256_BYTES: u64 = 32;

/// What a key is found by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct KeyName {
    label: String,
    thumbprint: String,
}

impl KeyName {
    pub(super) fn new(label: &str, thumbprint: &str) -> Self {
        Self {
            label: label.to_owned(),
            thumbprint: thumbprint.to_owned(),
        }
    }
}

/// How the module signs.
#[derive(Clone, Copy)]
pub(super) enum SigningMechanism {
    Pkcs1Sha256,
    Pkcs1Sha384,
    Pkcs1Sha512,
    PssSha256,
    /// The module gets the digest: hashing and signing in one is not common for this type of key.
    EcdsaOfSha256,
}

pub(super) fn mechanism(algorithm: Algorithm) -> Result<SigningMechanism, KeyModuleError> {
    match algorithm {
        Algorithm::Rs256 => Ok(SigningMechanism::Pkcs1Sha256),
        Algorithm::Rs384 => Ok(SigningMechanism::Pkcs1Sha384),
        Algorithm::Rs512 => Ok(SigningMechanism::Pkcs1Sha512),
        Algorithm::Ps256 => Ok(SigningMechanism::PssSha256),
        Algorithm::Es256 => Ok(SigningMechanism::EcdsaOfSha256),
        Algorithm::EdDsa => Err(KeyModuleError::Algorithm(algorithm)),
    }
}

/// What a new key is made from.
pub(super) struct Template {
    label: String,
    /// RSA keys have a length, the others are on P-256.
    rsa_bits: Option<u64>,
}

impl Template {
    pub(super) fn new(
        label: &str,
        algorithm: Algorithm,
        rsa_bits: RsaBits,
    ) -> Result<Self, KeyModuleError> {
        mechanism(algorithm)?;
        let rsa_bits = match rsa_bits {
            RsaBits::B2048 => 2048,
            RsaBits::B3072 => 3072,
            RsaBits::B4096 => 4096,
        };
        Ok(Self {
            label: label.to_owned(),
            rsa_bits: (algorithm.key_type() == KeyType::Rsa).then_some(rsa_bits),
        })
    }

    /// Makes the key and reads its public half. What the module says of it may be no key that is accepted.
    pub(super) fn generate(
        &self,
        session: &Session,
    ) -> Result<Result<Material, KeyRejected>, Error> {
        let id = session.generate_random_vec(ID_BYTES)?;
        let both = [
            Attribute::Token(true),
            Attribute::Label(self.label.clone().into_bytes()),
            Attribute::Id(id),
        ];
        let mut public = vec![Attribute::Private(false), Attribute::Verify(true)];
        let mechanism = if let Some(bits) = self.rsa_bits {
            public.push(Attribute::ModulusBits(bits.into()));
            public.push(Attribute::PublicExponent(PUBLIC_EXPONENT.to_vec()));
            Mechanism::RsaPkcsKeyPairGen
        } else {
            public.push(Attribute::EcParams(P256_PARAMETERS.to_vec()));
            Mechanism::EccKeyPairGen
        };
        let private = [
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        public.extend_from_slice(&both);
        let private = [&private[..], &both].concat();
        let (public, _) = session.generate_key_pair(&mechanism, &public, &private)?;
        read_public(session, public)
    }
}

/// A key that the token has.
pub(super) struct Found {
    pub(super) public: Material,
    /// Whether the private half can be read or wrapped, or ever could.
    pub(super) may_leave: bool,
}

/// Finds a key pair by the thumbprint of its public half.
pub(super) fn find(
    session: &Session,
    handles: &mut Handles,
    name: &KeyName,
) -> Result<Option<Found>, Error> {
    let Some((public, id)) = find_public(session, name)? else {
        return Ok(None);
    };
    let Some(private) = find_private(session, name, &id)? else {
        return Ok(None);
    };
    let kept = [
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::AlwaysSensitive(true),
        Attribute::NeverExtractable(true),
    ];
    let said = session.get_attributes(
        private,
        &[
            AttributeType::Sensitive,
            AttributeType::Extractable,
            AttributeType::AlwaysSensitive,
            AttributeType::NeverExtractable,
        ],
    )?;
    handles.insert(name.clone(), private);
    let may_leave = !kept.iter().all(|attribute| said.contains(attribute));
    let public = read_public(session, public)?;
    Ok(public.ok().map(|public| Found { public, may_leave }))
}

/// Signs in the form that JWS wants; none if the key is not there.
pub(super) fn sign(
    session: &Session,
    handles: &mut Handles,
    name: &KeyName,
    mechanism: SigningMechanism,
    message: &[u8],
) -> Result<Option<Vec<u8>>, Error> {
    let private = match handles.get(name) {
        Some(private) => *private,
        None => match find(session, handles, name)? {
            Some(_) => handles[name],
            None => return Ok(None),
        },
    };
    let signed = |mechanism: &Mechanism<'_>, data: &[u8]| session.sign(mechanism, private, data);
    let signature = match mechanism {
        SigningMechanism::Pkcs1Sha256 => signed(&Mechanism::Sha256RsaPkcs, message),
        SigningMechanism::Pkcs1Sha384 => signed(&Mechanism::Sha384RsaPkcs, message),
        SigningMechanism::Pkcs1Sha512 => signed(&Mechanism::Sha512RsaPkcs, message),
        SigningMechanism::PssSha256 => {
            let parameters = PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: SHA256_BYTES.into(),
            };
            signed(&Mechanism::Sha256RsaPkcsPss(parameters), message)
        }
        SigningMechanism::EcdsaOfSha256 => {
            signed(&Mechanism::Ecdsa, digest(&SHA256, message).as_ref())
        }
    };
    signature.map(Some)
}

/// Destroys both halves, the private one first.
pub(super) fn destroy(
    session: &Session,
    handles: &mut Handles,
    name: &KeyName,
) -> Result<bool, Error> {
    let Some((public, id)) = find_public(session, name)? else {
        return Ok(false);
    };
    if let Some(private) = find_private(session, name, &id)? {
        session.destroy_object(private)?;
    }
    session.destroy_object(public)?;
    handles.remove(name);
    Ok(true)
}

/// The public half with this thumbprint, and the id that it shares with the private half.
fn find_public(
    session: &Session,
    name: &KeyName,
) -> Result<Option<(ObjectHandle, Vec<u8>)>, Error> {
    let label = name.label.clone().into_bytes();
    let template = [
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Label(label),
    ];
    for public in session.find_objects(&template)? {
        let Ok(material) = read_public(session, public)? else {
            continue;
        };
        if jwk::thumbprint(&material) == name.thumbprint {
            let attributes = session.get_attributes(public, &[AttributeType::Id])?;
            return Ok(attributes
                .into_iter()
                .find_map(|attribute| match attribute {
                    Attribute::Id(id) => Some((public, id)),
                    _ => None,
                }));
        }
    }
    Ok(None)
}

fn find_private(
    session: &Session,
    name: &KeyName,
    id: &[u8],
) -> Result<Option<ObjectHandle>, Error> {
    let template = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(name.label.clone().into_bytes()),
        Attribute::Id(id.to_vec()),
    ];
    Ok(session.find_objects(&template)?.into_iter().next())
}

fn read_public(
    session: &Session,
    public: ObjectHandle,
) -> Result<Result<Material, KeyRejected>, Error> {
    let key_type = session.get_attributes(public, &[AttributeType::KeyType])?;
    if key_type.contains(&Attribute::KeyType(TokenKeyType::RSA)) {
        let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
        let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
        for attribute in session.get_attributes(public, &wanted)? {
            match attribute {
                Attribute::Modulus(bytes) => modulus = bytes,
                Attribute::PublicExponent(bytes) => exponent = bytes,
                _ => {}
            }
        }
        return Ok(Material::rsa(&modulus, &exponent));
    }
    if !key_type.contains(&Attribute::KeyType(TokenKeyType::EC)) {
        return Ok(Err(KeyRejected::UnsupportedType));
    }
    let wanted = [AttributeType::EcParams, AttributeType::EcPoint];
    let attributes = session.get_attributes(public, &wanted)?;
    if !attributes.contains(&Attribute::EcParams(P256_PARAMETERS.to_vec())) {
        return Ok(Err(KeyRejected::UnsupportedType));
    }
    let point = attributes
        .into_iter()
        .find_map(|attribute| match attribute {
            Attribute::EcPoint(bytes) => Some(bytes),
            _ => None,
        });
    let point = point.ok_or(Error::Pkcs11(
        RvError::AttributeTypeInvalid,
        cryptoki::context::Function::GetAttributeValue,
    ))?;
    // Some modules leave the octet string away.
    let is_wrapped = point.len() == POINT_PREFIX.len() + POINT_BYTES;
    let point = match point.strip_prefix(&POINT_PREFIX[..]) {
        Some(inner) if is_wrapped => inner,
        _ => &point,
    };
    Ok(Material::ec_p256_point(point))
}
