//! Starting and stopping.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Dev, command, send};

fn fails(data_dir: &std::path::Path, flags: &[&str]) -> String {
    let output = command()
        .args(["dev", "--data-dir"])
        .arg(data_dir)
        .args(flags)
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert_eq!(output.stdout, b"", "{shown}");
    shown
}

#[tokio::test]
async fn a_folder_has_one_server_at_a_time() {
    let dev = Dev::start().await;
    let shown = fails(&dev.data_dir(), &["--base-port", "0"]);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("another server is running"), "{shown}");
    assert!(shown.contains("--data-dir"), "{shown}");
    // The one that was there first has kept its addresses.
    assert!(dev.endpoints_file().exists());
    dev.exchange(&dev.grant().sign()).await.token();
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    // Both the port itself and the last of the six can be the one that is taken.
    for offset in [0, 5] {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let shown = fails(
            folder.path(),
            &["--base-port", &(port - offset).to_string()],
        );
        assert_eq!(shown.lines().count(), 1, "{shown}");
        assert!(shown.contains(" is in use: "), "{shown}");
        assert!(shown.contains("--base-port"), "{shown}");
        assert!(!folder.path().join("endpoints.json").exists());
        if offset == 0 {
            assert!(shown.contains(&format!("port {port} ")), "{shown}");
        }
    }
}

#[tokio::test]
async fn faulty_files_are_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "nonsense").unwrap();
    let file = file.to_str().unwrap();
    for flag in ["--registry", "--trust-anchor", "--crl"] {
        let data_dir = folder.path().join(flag);
        for path in [file, "/nowhere/at/all"] {
            let shown = fails(&data_dir, &["--base-port", "0", flag, path]);
            assert!(shown.contains(path), "{flag}: {shown}");
        }
        assert!(!data_dir.join("endpoints.json").exists());
    }
}

#[tokio::test]
async fn termination_finishes_what_was_started() {
    for signal in ["TERM", "INT"] {
        let mut dev = Dev::start().await;
        let delay = json!({ "delay_milliseconds": 1500 });
        dev.script("/token", delay, 1).await;
        let request = dev.exchange_request(&dev.grant().sign());
        let under_way = tokio::spawn(send(request));
        // The script is used up as soon as the request has arrived.
        while dev.order(Method::GET, "/dev/faults", Value::Null).await["faults"] != json!([]) {
            tokio::task::yield_now().await;
        }
        dev.signal(signal);
        under_way.await.unwrap().token();
        assert_eq!(dev.ended().await.code(), Some(0), "{}", dev.log());
        assert!(!dev.endpoints_file().exists());
    }
}

#[tokio::test]
async fn a_stopped_server_answers_no_more_and_its_folder_is_free() {
    let mut dev = Dev::start().await;
    let token = dev.exchange(&dev.grant().sign()).await.token().to_owned();
    let ca = std::fs::read(dev.data_dir().join("ca.pem")).unwrap();
    dev.signal("TERM");
    assert_eq!(dev.ended().await.code(), Some(0));
    assert!(dev.http().get(dev.token_endpoint()).send().await.is_err());
    dev.start_again().await;
    crate::tokens::verified(&dev, &token).await;
    assert_eq!(std::fs::read(dev.data_dir().join("ca.pem")).unwrap(), ca);
}

#[tokio::test]
async fn programs_get_the_addresses_on_standard_output() {
    let dev = Dev::start_with(&["--output", "json"]).await;
    let log = dev.log();
    let start = log.find('{').unwrap();
    let mut documents = serde_json::Deserializer::from_str(&log[start..]).into_iter::<Value>();
    assert_eq!(documents.next().unwrap().unwrap(), *dev.endpoints());
}
