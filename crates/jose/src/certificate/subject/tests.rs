use std::slice::from_ref;

use proptest::prelude::*;
use x509_parser::prelude::FromDer;

use super::*;

const IDENTIFIER: [u8; 3] = [0x55, 4, 97];
const SERIAL: [u8; 3] = [0x55, 4, 5];
const NAME: [u8; 3] = [0x55, 4, 10];
const COMMON_NAME: [u8; 3] = [0x55, 4, 3];

const UTF8: u8 = 12;
const PRINTABLE: u8 = 19;
const T61: u8 = 20;
const BMP: u8 = 30;
const UNIVERSAL: u8 = 28;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = if length < 0x80 {
        vec![tag, length]
    } else {
        vec![tag, 0x81, length]
    };
    [&head, content].concat()
}

fn attribute(oid: [u8; 3], tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(6, &oid), tlv(tag, value)].concat())
}

/// A name of RDNs, each with one or more attributes.
fn number_of(rdns: &[&[Vec<u8>]]) -> Result<String, OrganizationNumberError> {
    let sets: Vec<_> = rdns.iter().map(|rdn| tlv(0x31, &rdn.concat())).collect();
    let name = tlv(0x30, &sets.concat());
    let (_, name) = X509Name::from_der(&name).unwrap();
    organization_number(&name)
}

/// A name of attributes in UTF-8, each in an RDN of its own.
fn number_in(attributes: &[([u8; 3], &str)]) -> Result<String, OrganizationNumberError> {
    let rdns: Vec<_> = attributes
        .iter()
        .map(|(oid, value)| [attribute(*oid, UTF8, value.as_bytes())])
        .collect();
    let rdns: Vec<_> = rdns.iter().map(<[_; 1]>::as_slice).collect();
    number_of(&rdns)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with what may be refused"
)]
fn found(number: &str) -> Result<String, OrganizationNumberError> {
    Ok(number.to_owned())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn reads_the_three_published_forms() {
    // The example subjects of maskinporten §6.2.
    for subject in [
        &[
            (NAME, "Havbris AS"),
            (SERIAL, "312773023"),
            (COMMON_NAME, "Havbris AS"),
        ][..],
        &[(NAME, "Havbris AS - 312773023"), (COMMON_NAME, "havbris")],
        &[
            (NAME, "Havbris AS"),
            (IDENTIFIER, "NTRNO-312773023"),
            (COMMON_NAME, "Havbris AS"),
        ],
    ] {
        assert_eq!(number_in(subject), found("312773023"), "{subject:?}");
    }
}

#[test]
fn reads_the_forms_of_organization_identifier() {
    for value in [
        "NTRNO-312773023",
        "PSDNO-FSA-312773023",
        "PSDNO-A-312773023",
        "312773023",
    ] {
        assert_eq!(
            number_in(&[(IDENTIFIER, value)]),
            found("312773023"),
            "{value}"
        );
    }
    for value in [
        "",
        "NTRNO-",
        "NTRNO-31277302",
        "NTRNO-3127730230",
        "NTRNO-312773023 ",
        " NTRNO-312773023",
        "NTRNO-312773023\n",
        "ntrno-312773023",
        "NTRSE-312773023",
        "NTRNO312773023",
        "NTRNO-NTRNO-312773023",
        "NTRNO-31277302x",
        "NTRNO-３１２７７３０２３",
        "PSDNO-312773023",
        "PSDNO--312773023",
        "PSDNO-fsa-312773023",
        "PSDNO-F1-312773023",
        "PSDNO-FSA-FSA-312773023",
        "VATNO-312773023",
        "LEIXG-312773023",
        "-312773023",
        "x-312773023",
    ] {
        assert_eq!(
            number_in(&[(IDENTIFIER, value)]),
            Err(OrganizationNumberError::UnknownIdentifier),
            "{value}"
        );
    }
}

#[test]
fn an_unknown_identifier_is_not_made_up_for_by_another_attribute() {
    for other in [
        (SERIAL, "312773023"),
        (NAME, "Havbris - 312773023"),
        (IDENTIFIER, "312773023"),
    ] {
        for attributes in [
            [(IDENTIFIER, "VATDE-312773023"), other],
            [other, (IDENTIFIER, "VATDE-312773023")],
        ] {
            assert_eq!(
                number_in(&attributes),
                Err(OrganizationNumberError::UnknownIdentifier)
            );
        }
    }
}

#[test]
fn a_serial_number_counts_only_when_it_is_nine_digits() {
    for value in [
        "",
        "31277302",
        "3127730230",
        "UN:NO-312773023",
        "31277302a",
        " 312773023",
    ] {
        assert_eq!(
            number_in(&[(SERIAL, value)]),
            Err(OrganizationNumberError::Missing),
            "{value}"
        );
        let with_name = [(SERIAL, value), (NAME, "Havbris AS-312773023")];
        assert_eq!(number_in(&with_name), found("312773023"), "{value}");
    }
}

#[test]
fn reads_the_number_at_the_end_of_the_name() {
    for value in [
        "Havbris AS - 312773023",
        "Havbris AS-312773023",
        "Havbris AS -  (312773023",
        "Ærlig & Sønn – AS -312773023",
        "A - B - 312773023",
        "123456789 - 312773023",
    ] {
        assert_eq!(number_in(&[(NAME, value)]), found("312773023"), "{value}");
    }
    for value in [
        "Havbris AS",
        "312773023",
        "-312773023",
        " - 312773023",
        "Havbris AS 312773023",
        "Havbris AS - x312773023",
        "Havbris AS - 3312773023",
        "Havbris AS - _312773023",
        "Havbris AS - 312773023 ",
        "Havbris AS - 312773023-",
        "Havbris AS – 312773023",
        "Havbris AS - 31277302",
        "øøøøø12773023",
    ] {
        assert_eq!(
            number_in(&[(NAME, value)]),
            Err(OrganizationNumberError::Missing),
            "{value}"
        );
    }
}

#[test]
fn attributes_that_disagree_refuse_the_subject() {
    for attributes in [
        [(IDENTIFIER, "NTRNO-312773023"), (SERIAL, "991825827")],
        [
            (IDENTIFIER, "NTRNO-312773023"),
            (NAME, "Havbris AS - 991825827"),
        ],
        [(SERIAL, "312773023"), (NAME, "Havbris AS - 991825827")],
        [
            (IDENTIFIER, "NTRNO-312773023"),
            (IDENTIFIER, "NTRNO-991825827"),
        ],
        [(SERIAL, "312773023"), (SERIAL, "991825827")],
        [(NAME, "A - 312773023"), (NAME, "B - 991825827")],
    ] {
        let mut reversed = attributes;
        reversed.reverse();
        for attributes in [attributes, reversed] {
            assert_eq!(
                number_in(&attributes),
                Err(OrganizationNumberError::Conflict),
                "{attributes:?}"
            );
        }
    }
}

#[test]
fn attributes_that_agree_do_not() {
    let all = [
        (NAME, "Havbris AS - 312773023"),
        (SERIAL, "312773023"),
        (IDENTIFIER, "NTRNO-312773023"),
        (IDENTIFIER, "312773023"),
    ];
    assert_eq!(number_in(&all), found("312773023"));
}

#[test]
fn looks_into_repeated_and_multi_valued_rdns() {
    let filler = attribute(COMMON_NAME, UTF8, b"x");
    let number = attribute(SERIAL, PRINTABLE, b"312773023");
    let not_a_number = attribute(SERIAL, PRINTABLE, b"UN-1");
    let other = attribute(IDENTIFIER, PRINTABLE, b"NTRNO-991825827");
    assert_eq!(
        number_of(&[&[filler.clone(), number.clone()]]),
        found("312773023")
    );
    assert_eq!(
        number_of(&[
            from_ref(&not_a_number),
            from_ref(&filler),
            from_ref(&number),
        ]),
        found("312773023")
    );
    assert_eq!(
        number_of(&[&[not_a_number, number.clone()]]),
        found("312773023")
    );
    assert_eq!(
        number_of(&[&[filler, number, other]]),
        Err(OrganizationNumberError::Conflict)
    );
}

#[test]
fn decodes_every_kind_of_text() {
    let name = "Sjøbris AS - 312773023";
    let latin1: Vec<u8> = name
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    for (tag, value) in [
        (UTF8, name.as_bytes().to_vec()),
        (BMP, utf16(name)),
        (T61, latin1),
    ] {
        let read = number_of(&[&[attribute(NAME, tag, &value)]]);
        assert_eq!(read, found("312773023"), "tag {tag}");
    }
    for (tag, value) in [
        (PRINTABLE, b"NTRNO-312773023".to_vec()),
        (BMP, utf16("NTRNO-312773023")),
        (T61, b"NTRNO-312773023".to_vec()),
    ] {
        let read = number_of(&[&[attribute(IDENTIFIER, tag, &value)]]);
        assert_eq!(read, found("312773023"), "tag {tag}");
    }
}

#[test]
fn an_identifier_that_cannot_be_decoded_is_not_absent() {
    let utf32: Vec<u8> = "312773023"
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    let odd = &utf16("312773023")[1..];
    let lone_surrogate = [&[0xd8, 0], &utf16("312773023")[..]].concat();
    for (tag, value) in [
        (UNIVERSAL, utf32.as_slice()),
        (BMP, odd),
        (BMP, &lone_surrogate),
        (UTF8, b"NTRNO-31277302\xff"),
        (4, b"312773023"),
    ] {
        let rdns: [&[Vec<u8>]; 2] = [
            &[attribute(IDENTIFIER, tag, value)],
            &[attribute(SERIAL, UTF8, b"312773023")],
        ];
        assert_eq!(
            number_of(&rdns),
            Err(OrganizationNumberError::UnknownIdentifier),
            "tag {tag}"
        );
    }
}

#[test]
fn the_same_digits_in_the_wrong_encoding_are_other_text() {
    // Two ASCII digits make one character of a BMPString.
    let read = number_of(&[&[attribute(SERIAL, BMP, b"312773023 ")]]);
    assert_eq!(read, Err(OrganizationNumberError::Missing));
}

proptest! {
    #[test]
    fn what_is_found_is_always_nine_digits(
        identifier in proptest::option::of("(NTRNO-|PSDNO-[A-Z]{0,3}-|)[0-9]{8,10}"),
        serial in proptest::option::of("[0-9a]{8,10}"),
        name in "\\PC{0,20}(-| - |)[0-9]{8,10}",
    ) {
        let mut attributes = vec![(NAME, name.as_str())];
        attributes.extend(identifier.as_deref().map(|value| (IDENTIFIER, value)));
        attributes.extend(serial.as_deref().map(|value| (SERIAL, value)));
        if let Ok(number) = number_in(&attributes) {
            prop_assert!(is_number(&number));
            prop_assert!(attributes.iter().any(|(_, value)| value.ends_with(&number)));
        }
    }
}
