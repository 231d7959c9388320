use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

const MINIMAL: &str = r#"
listen = "0.0.0.0:8443"
public_address = "hub.exempel.se:8443"
data_dir = "/var/lib/samverkan-hub"
name = "exempel"
"#;

fn refusal(text: &str) -> String {
    Config::parse(text).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn four_keys_are_enough_and_the_rest_has_defaults() {
    let config = Config::parse(MINIMAL).unwrap();
    assert_eq!(config.operator_socket(), Path::new("/var/lib/samverkan-hub/operator.sock"));
    assert_eq!(config.drain(), Duration::from_secs(20));
    assert_eq!((config.test_hub, config.metrics_listen, config.log_format), (false, None, LogFormat::Text));
    assert_eq!(config.server_names(), ["hub.exempel.se"]);
    assert_eq!(config.name.as_str(), "exempel");
    assert_eq!(config.bounds().max_connections, limits::MAX_CONNECTIONS);
}

#[test]
fn every_key_can_be_set() {
    let config = Config::parse(
        r#"
        listen = "[::]:8443"
        public_address = "[2001:db8::1]:443"
        data_dir = "/data"
        name = "hub-1"
        other_names = ["localhost", "127.0.0.1"]
        operator_socket = "/run/samverkan/operator.sock"
        metrics_listen = "127.0.0.1:9100"
        test_hub = true
        drain_seconds = 5
        log_format = "json"
        max_connections = 10
        handshakes_per_second_per_address = 1000
        handshake_seconds = 7
        unread_seconds = 90
        "#,
    )
    .unwrap();
    assert_eq!(config.public_address.to_string(), "[2001:db8::1]:443");
    assert_eq!(config.server_names(), ["2001:db8::1", "localhost", "127.0.0.1"]);
    assert_eq!(config.operator_socket(), Path::new("/run/samverkan/operator.sock"));
    assert_eq!((config.log_format, config.test_hub), (LogFormat::Json, true));
    let bounds = config.bounds();
    assert_eq!(bounds.handshakes_per_second_per_address, 1000);
    assert_eq!(
        (bounds.handshake_timeout, bounds.stalled_reader),
        (Duration::from_secs(7), Duration::from_secs(90))
    );
}

#[test]
fn the_sample_of_the_deployment_is_valid_and_shows_every_key() {
    let sample = include_str!("../../../deploy/hub.toml");
    Config::parse(sample).unwrap();
    let uncommented: String = sample
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let config = Config::parse(&uncommented).unwrap();
    assert!(config.server_certificate.is_some());
    assert!(
        config.operator_socket.is_some() && !config.other_names.is_empty() && config.metrics_listen.is_some()
    );
}

#[test]
fn mistakes_are_refused_by_the_name_of_their_key() {
    let cases = [
        ("lissen = 1", "lissen"),
        ("name = \"two\"", "name"),
        ("drain_seconds = \"20\"", "drain_seconds"),
        ("drain_seconds = 0", "drain_seconds"),
        ("drain_seconds = -1", "drain_seconds"),
        ("test_hub = \"yes\"", "test_hub"),
        ("log_format = \"xml\"", "log_format"),
        ("metrics_listen = \"0.0.0.0:9100\"", "metrics_listen"),
        ("metrics_listen = \"\"", "metrics_listen"),
        ("operator_socket = \"operator.sock\"", "operator_socket"),
        ("server_certificate = \"server.pem\"", "server_certificate"),
        ("max_connections = 0", "max_connections"),
        ("handshakes_per_second_per_address = 0", "handshakes_per_second_per_address"),
        ("handshake_seconds = 0", "handshake_seconds"),
        ("handshake_seconds = 61", "handshake_seconds"),
        ("unread_seconds = 0", "unread_seconds"),
        ("unread_seconds = 3601", "unread_seconds"),
        ("other_names = [\"a b\"]", "other_names"),
        ("other_names = \"a\"", "other_names"),
    ];
    for (line, key) in cases {
        let error = refusal(&format!("{MINIMAL}{line}\n"));
        assert!(error.contains(key), "{line}: {error}");
    }
}

#[test]
fn required_keys_are_named_when_missing_or_empty() {
    for key in ["listen", "public_address", "data_dir", "name"] {
        let without: String =
            MINIMAL.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        assert!(refusal(&without).contains(key), "{key} missing");
        assert!(refusal(&format!("{without}{key} = \"\"\n")).contains(key), "{key} empty");
        assert!(refusal(&format!("{without}{key} = 7\n")).contains(key), "{key} of the wrong type");
    }
    assert!(refusal("").contains("listen"));
}

#[test]
fn names_and_addresses_have_rules() {
    for name in ["", "A", "å", "a/b", "a.b", "a b", &"a".repeat(64)] {
        let text = MINIMAL.replace("\"exempel\"", &format!("{name:?}"));
        assert!(refusal(&text).contains("name"), "{name:?}");
    }
    for address in ["", "hub", "hub:", ":1", "hub:0", "hub:65536", "::1:8443", "[hub]:1", "Hub:1", "h h:1"] {
        let text = MINIMAL.replace("hub.exempel.se:8443", address);
        assert!(refusal(&text).contains("public_address"), "{address:?}");
    }
}

#[test]
fn files_that_others_can_write_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.toml");
    assert!(matches!(Config::load(&path), Err(ConfigError::Read { .. })));
    assert!(matches!(Config::load(dir.path()), Err(ConfigError::NotAConfiguration { .. })));
    std::fs::write(&path, MINIMAL).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::Writable { .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Config::load(&path).unwrap();
    std::fs::write(&path, "x = 1").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.contains("hub.toml") && error.contains('x'), "{error}");
    std::fs::write(&path, vec![b'#'; MAX_FILE as usize + 1]).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::NotAConfiguration { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(?s).{0,200}") {
        let _ = Config::parse(&text);
        let _ = Config::parse(&format!("{MINIMAL}{text}"));
    }
}
