use super::*;
use ApplicationType::{Browser, Native, Web};
use InvalidLoginUri as No;
use UriPolicy::{Production, Test};

type Judgement = Result<(), InvalidLoginUri>;

#[track_caller]
fn check(application_type: ApplicationType, policy: UriPolicy, cases: &[(&str, Judgement)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| {
            let found = check_return_uri(text, application_type, policy);
            (*text, found, *expected)
        })
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(
        wrong.is_empty(),
        "{application_type:?} {policy:?}: {wrong:?}"
    );
}

#[test]
fn whatever_the_client_an_address_is_absolute_plain_and_closed() {
    let long = format!("https://havbris.example/{}", "a".repeat(1976));
    let too_long = format!("{long}a");
    let cases = [
        ("https://havbris.example/inn", Ok(())),
        ("https://havbris.example", Ok(())),
        ("https://havbris.example/inn?a=b&c=%20", Ok(())),
        ("https://Havbris.Example:8443/inn", Ok(())),
        ("https://xn--hvbris-iua.example/", Ok(())),
        (&long, Ok(())),
        (&too_long, Err(No::TooLong)),
        ("", Err(No::Malformed)),
        ("/inn", Err(No::Malformed)),
        ("//havbris.example/inn", Err(No::Malformed)),
        ("havbris.example/inn", Err(No::Malformed)),
        ("https:", Err(No::Malformed)),
        ("https://", Err(No::Malformed)),
        ("https:///inn", Err(No::Malformed)),
        ("https:havbris.example/inn", Err(No::Malformed)),
        ("https:/havbris.example/inn", Err(No::Malformed)),
        ("https://havbris.example:/inn", Err(No::Malformed)),
        ("https://havbris.example:65536/", Err(No::Malformed)),
        ("https://havbris.example:8a/", Err(No::Malformed)),
        ("https://håvbris.example/", Err(No::Malformed)),
        ("https://hav bris.example/", Err(No::Malformed)),
        (" https://havbris.example/", Err(No::Malformed)),
        ("https://havbris.example/\n", Err(No::Malformed)),
        ("https://havbris.example/\t", Err(No::Malformed)),
        ("https://havbris.example/\0", Err(No::Malformed)),
        (
            "https://havbris.example\\@evil.example/",
            Err(No::Malformed),
        ),
        ("https:\\\\evil.example/", Err(No::Malformed)),
        ("https://havbris.example/<script>", Err(No::Malformed)),
        ("https://havbris.example/\"", Err(No::Malformed)),
        ("https://%65vil.example/", Err(No::Malformed)),
        ("https://havbris.example/inn#a", Err(No::Fragment)),
        ("https://havbris.example/inn#", Err(No::Fragment)),
        ("https://a:b@havbris.example/", Err(No::UserInformation)),
        (
            "https://havbris.example@evil.example/",
            Err(No::UserInformation),
        ),
        ("https://@havbris.example/", Err(No::UserInformation)),
        ("https://:@havbris.example/", Err(No::UserInformation)),
        ("https://*.havbris.example/", Err(No::Wildcard)),
        ("https://havbris.example/*", Err(No::Wildcard)),
        ("https://havbris.example/?a=*", Err(No::Wildcard)),
        ("https://havbris.example:*/", Err(No::Wildcard)),
        ("https://havbris.example:0/", Err(No::Wildcard)),
        ("https://*:443/", Err(No::Wildcard)),
    ];
    for application_type in [Web, Browser, Native] {
        for policy in [Production, Test] {
            check(application_type, policy, &cases);
        }
    }
}

#[test]
fn a_host_is_written_as_it_is_read() {
    let disguises = [
        "127.1",
        "127.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "%6cocalhost",
        "[0:0:0:0:0:0:0:1]",
        "[::0001]",
        "[::ffff:127.0.0.1]",
    ];
    for host in disguises {
        for application_type in [Web, Native] {
            for policy in [Production, Test] {
                let text = format!("http://{host}/cb");
                let found = check_return_uri(&text, application_type, policy);
                assert_eq!(found, Err(No::Malformed), "{text}");
            }
        }
    }
}

#[test]
fn in_production_web_clients_are_on_encrypted_public_hosts() {
    let mut cases = vec![
        ("https://localhost.evil.example/", Ok(())),
        ("https://127.0.0.1.evil.example/", Ok(())),
        ("https://203.0.113.7/", Ok(())),
        ("http://havbris.example/", Err(No::NotHttps)),
        ("http://localhost/", Err(No::NotHttps)),
        ("HTTPS://havbris.example/", Err(No::NotHttps)),
        ("no.eksempel.app:/cb", Err(No::NotHttps)),
        ("ftp://havbris.example/", Err(No::NotHttps)),
        ("wss://havbris.example/", Err(No::NotHttps)),
    ];
    for text in [
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://app.localhost/",
        "https://app.localhost./",
        "https://127.0.0.1/",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1:8443/",
        "https://169.254.169.254/",
        "https://100.64.0.1/",
        "https://255.255.255.255/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fc00::1]/",
        "https://[fd12:3456::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:a00:1]/",
    ] {
        cases.push((text, Err(No::NotPublic)));
    }
    for application_type in [Web, Browser] {
        check(application_type, Production, &cases);
    }
    check(Web, Production, &[("https://[2001:db8::1]/", Ok(()))]);
    check(Web, Production, &[("https://172.32.0.1/", Ok(()))]);
}

#[test]
fn in_test_web_clients_may_be_plain_and_local() {
    let cases = [
        ("https://havbris.example/", Ok(())),
        ("http://havbris.example/", Ok(())),
        ("http://localhost/", Ok(())),
        ("http://localhost:3000/inn", Ok(())),
        ("http://127.0.0.1:3000/inn", Ok(())),
        ("http://[::1]:3000/inn", Ok(())),
        ("https://10.0.0.1/", Ok(())),
        ("https://localhost/", Err(No::LocalHttps)),
        ("https://localhost:3000/", Err(No::LocalHttps)),
        ("https://app.localhost/", Err(No::LocalHttps)),
        ("https://127.0.0.1/", Err(No::LocalHttps)),
        ("http://localhost:*/inn", Err(No::Wildcard)),
        ("http://127.0.0.1:0/inn", Err(No::Wildcard)),
        ("no.eksempel.app:/cb", Err(No::NotHttps)),
    ];
    for application_type in [Web, Browser] {
        check(application_type, Test, &cases);
    }
}

#[test]
fn native_clients_have_three_forms_everywhere() {
    let cases = [
        ("http://127.0.0.1/cb", Ok(())),
        ("http://127.0.0.1:0/cb", Ok(())),
        ("http://127.0.0.1:*/cb", Ok(())),
        ("http://127.0.0.1:51004/cb", Ok(())),
        ("http://[::1]:0/cb", Ok(())),
        ("http://[::1]:*/cb?a=b", Ok(())),
        ("http://localhost:*", Ok(())),
        ("https://127.0.0.1:*/callback", Ok(())),
        ("https://app.havbris.example/cb", Ok(())),
        ("no.eksempel.app:/cb", Ok(())),
        ("no.eksempel.app://cb", Ok(())),
        ("http://127.0.0.1:*/*", Err(No::Wildcard)),
        ("http://127.0.0.1/:*", Err(No::Wildcard)),
        ("http://havbris.example/cb", Err(No::Native)),
        ("http://localhost.evil.example/cb", Err(No::Native)),
        ("http://localhost.evil.example:*/cb", Err(No::Wildcard)),
        ("http://127.0.0.1.evil.example/cb", Err(No::Native)),
        ("http://127.0.0.1@evil.example/cb", Err(No::UserInformation)),
        (
            "http://localhost:80@evil.example/cb",
            Err(No::UserInformation),
        ),
        ("http://app.localhost/cb", Err(No::Native)),
        ("http://localhost./cb", Err(No::Native)),
        ("http://127.0.0.2/cb", Err(No::Native)),
        ("http://192.168.1.1/cb", Err(No::Native)),
        ("https://192.168.1.1/cb", Err(No::NotPublic)),
        ("https://127.0.0.2/cb", Err(No::NotPublic)),
        ("https://app.havbris.example:*/cb", Err(No::Wildcard)),
        ("eksempel:/cb", Err(No::Native)),
        ("javascript:alert(1)", Err(No::Native)),
        ("JavaScript:alert(1)", Err(No::Native)),
        ("data:text/html,a", Err(No::Native)),
        ("file:///etc/passwd", Err(No::Native)),
        ("about:blank", Err(No::Native)),
        ("blob:https://havbris.example/a", Err(No::Native)),
        ("vbscript:a", Err(No::Native)),
        ("no.eksempel.app:/*", Err(No::Wildcard)),
        ("no.eksempel.app://a@b/", Err(No::UserInformation)),
        ("no.eksempel.app:", Err(No::Malformed)),
        ("no..:/cb#", Err(No::Fragment)),
        (".no:/cb", Err(No::Malformed)),
        ("1.no:/cb", Err(No::Malformed)),
    ];
    for policy in [Production, Test] {
        check(Native, policy, &cases);
    }
}

#[test]
fn a_logout_is_told_to_a_host_that_logins_return_to() {
    let known = [
        "https://Havbris.example:8443/inn".to_owned(),
        "no.eksempel.app:/cb".to_owned(),
        "http://localhost:3000/inn".to_owned(),
    ];
    for (text, front, back) in [
        ("https://havbris.example/ut", Ok(()), Ok(())),
        ("https://HAVBRIS.example/ut?a=b", Ok(()), Ok(())),
        ("https://havbris.example:9443/ut", Ok(()), Ok(())),
        (
            "http://havbris.example/ut",
            Err(No::NotHttps),
            Err(No::NotHttps),
        ),
        ("https://localhost/ut", Ok(()), Err(No::NotPublic)),
        (
            "https://www.havbris.example/",
            Err(No::OtherHost),
            Err(No::OtherHost),
        ),
        ("https://example/", Err(No::OtherHost), Err(No::OtherHost)),
        (
            "https://havbris.example.evil.example/",
            Err(No::OtherHost),
            Err(No::OtherHost),
        ),
        (
            "https://evil.example/havbris.example",
            Err(No::OtherHost),
            Err(No::OtherHost),
        ),
        (
            "https://evil.example?havbris.example/",
            Err(No::OtherHost),
            Err(No::OtherHost),
        ),
        (
            "https://havbris.example@evil.example/",
            Err(No::UserInformation),
            Err(No::UserInformation),
        ),
        (
            "https://havbris.example/#",
            Err(No::Fragment),
            Err(No::Fragment),
        ),
        (
            "https://havbris.example:*/",
            Err(No::Wildcard),
            Err(No::Wildcard),
        ),
        ("no.eksempel.app:/cb", Err(No::NotHttps), Err(No::NotHttps)),
        ("javascript:alert(1)", Err(No::NotHttps), Err(No::NotHttps)),
    ] {
        assert_eq!(
            check_frontchannel_uri(text, &known, Production),
            front,
            "{text}"
        );
        assert_eq!(
            check_backchannel_uri(text, &known, Production),
            back,
            "{text}"
        );
    }
    for text in [
        "http://havbris.example/ut",
        "http://localhost/ut",
        "https://localhost/ut",
    ] {
        assert_eq!(check_frontchannel_uri(text, &known, Test), Ok(()), "{text}");
        assert_eq!(check_backchannel_uri(text, &known, Test), Ok(()), "{text}");
    }
    let none = check_frontchannel_uri("https://havbris.example/", &[], Test);
    assert_eq!(none, Err(No::OtherHost));
}

proptest::proptest! {
    /// Whatever is accepted is read by a browser as it is written.
    #[test]
    fn what_is_accepted_is_read_as_it_is_written(
        text in "(https?|no\\.app|javascript)(:|://)[a-z0-9.:@\\[\\]*%/?#\\\\ -]{0,30}",
    ) {
        for application_type in [Web, Browser, Native] {
            for policy in [Production, Test] {
                if check_return_uri(&text, application_type, policy).is_err() {
                    continue;
                }
                let url = Url::parse(&text.replacen(":*", ":0", 1)).unwrap();
                proptest::prop_assert!(url.fragment().is_none());
                proptest::prop_assert!(url.username().is_empty() && url.password().is_none());
                proptest::prop_assert!(url.scheme() != "javascript");
                if url.scheme().starts_with("http") {
                    let start = format!("{}://{}", url.scheme(), url.host_str().unwrap());
                    proptest::prop_assert!(text.starts_with(&start));
                }
            }
        }
    }

    #[test]
    fn no_text_is_a_fault(text in ".{0,60}") {
        for application_type in [Web, Native] {
            let _ = check_return_uri(&text, application_type, Test);
        }
        let _ = check_backchannel_uri(&text, std::slice::from_ref(&text), Production);
    }
}
