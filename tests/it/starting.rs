//! Hubs that can not start say why, what to do, and end with the exit code of the reason. Nothing they found is changed.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::site::Site;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Checks code, exit and that the sentence has these parts, in both forms.
#[track_caller]
pub(crate) fn fails(site: &Site, exit: i32, code: &str, parts: &[&str]) {
    let text: Outcome = site.operator(&["serve"]);
    text.exits(exit);
    assert!(text.stderr.contains(&format!("error [{code}] ")), "{}", text.stderr);
    assert!(text.stderr.contains(" next: ") && text.stdout.is_empty(), "{}", text.stderr);
    for part in parts {
        assert!(text.stderr.contains(part), "{part}: {}", text.stderr);
    }
    let json = site.operator(&["serve", "--json"]);
    json.exits(exit);
    let line = json.stderr.lines().last().expect("an error");
    let document: serde_json::Value = serde_json::from_str(line).expect("a document");
    assert_eq!(document["error"]["code"], code, "{line}");
    assert_eq!(document["error"]["exit"], exit, "{line}");
}

/// A hub that has run: its store holds the log's first entry, and it was stopped cleanly.
pub(crate) fn stopped() -> HubProcess {
    let hub = HubProcess::start();
    assert!(hub.terminate().success());
    hub
}

fn append(path: &Path, line: &str) {
    let text = fs::read_to_string(path).expect("a configuration");
    fs::write(path, format!("{text}{line}\n")).expect("it can be written");
}

/// A second configuration over the first one's data, with its own sockets.
pub(crate) fn twin(of: &Site) -> Site {
    let twin = Site::new();
    let text = fs::read_to_string(of.configuration()).expect("a configuration");
    let text = text.replace(&of.address().to_string(), &twin.address().to_string());
    let socket = |site: &Site| site.operator_socket().to_str().expect("text").to_owned();
    fs::write(twin.configuration(), text.replace(&socket(of), &socket(&twin))).expect("it can be written");
    twin
}

#[test]
fn a_damaged_entry_of_the_log_is_named_with_its_file_and_place() {
    let hub = stopped();
    let segment = hub.data_dir().join("store/segments/0000000001.seg");
    let mut bytes = fs::read(&segment).expect("the first segment");
    // The first frame stands behind the two copies of the segment's header; this is in its body.
    bytes[4160 + 300] ^= 1;
    fs::write(&segment, &bytes).expect("it can be written");
    let file = segment.to_str().expect("text");
    fails(&hub, 9, "LOG_DAMAGED", &["entry 0 of the log is damaged", file, "at offset 4160", "backup"]);
    assert_eq!(fs::read(&segment).expect("still there"), bytes, "nothing was mended or thrown away");
}

#[test]
fn a_store_of_a_newer_version_is_left_to_the_newer_hub() {
    let hub = stopped();
    fs::write(hub.data_dir().join("store/VERSION"), "samverkan-store 2\n").expect("it can be written");
    fails(&hub, 3, "STORE_NEWER", &["format 2", "newer samverkan-hub"]);
}

#[test]
fn a_store_that_another_hub_has_open_is_left_alone() {
    let hub = HubProcess::start();
    let twin = twin(&hub);
    fails(&twin, 8, "STORE_IN_USE", &["in use by another hub", "stop the other hub"]);
    hub.operator(&["org", "list"]).exits(0);
}

#[test]
fn a_port_in_use_is_told_from_one_that_may_not_be_used() {
    let hub = HubProcess::start();
    fails(&hub, 8, "LISTEN_FAILED", &[&hub.address().to_string(), "change `listen`"]);
    let elsewhere = Site::new();
    let text = fs::read_to_string(elsewhere.configuration()).expect("a configuration");
    let own = format!("listen = \"{}\"\npublic", elsewhere.address());
    let text = text.replace(&own, "listen = \"192.0.2.1:8443\"\npublic");
    fs::write(elsewhere.configuration(), text).expect("it can be written");
    fails(&elsewhere, 3, "LISTEN_FAILED", &["192.0.2.1:8443"]);
}

#[test]
fn a_store_that_others_may_enter_or_that_is_no_store_is_refused() {
    let hub = stopped();
    let store = hub.data_dir().join("store");
    fs::set_permissions(&store, fs::Permissions::from_mode(0o755)).expect("its mode can be set");
    fails(&hub, 3, "STORE_UNUSABLE", &["mode 755", "chmod 700"]);
    fs::set_permissions(&store, fs::Permissions::from_mode(0o700)).expect("its mode can be set");
    fs::write(store.join("VERSION"), "something else").expect("it can be written");
    fails(&hub, 3, "STORE_UNUSABLE", &["VERSION", "check data_dir"]);
}

#[test]
fn keys_of_another_hub_are_refused() {
    let (hub, other) = (stopped(), Site::new());
    let keys = hub.data_dir().join("keys");
    fs::rename(&keys, hub.data_dir().join("own")).expect("a folder can be moved");
    fs::rename(other.data_dir().join("keys"), &keys).expect("a folder can be moved");
    fails(&hub, 3, "KEYS_FOREIGN", &["other keys", "put the keys back"]);
}

#[test]
fn a_configuration_with_an_unknown_key_names_line_and_key() {
    let site = Site::new();
    append(&site.configuration(), "listen_on = \"127.0.0.1:1\"");
    fails(&site, 3, "CONFIG_INVALID", &["listen_on", "unknown field"]);
    let checked = run(&mut site.command(&["check", "--format", "nagios"]), b"");
    checked.exits(3);
    assert!(checked.stdout.starts_with("SAMVERKAN UNKNOWN - configuration: "), "{}", checked.stdout);
    assert_eq!(checked.stdout.lines().count(), 1, "one line for the monitoring system");
}

#[test]
fn a_second_init_changes_nothing() {
    let site = Site::new();
    let key = |name: &str| fs::read(site.data_dir().join("keys").join(name)).expect("a key");
    let names: Vec<String> = fs::read_dir(site.data_dir().join("keys"))
        .expect("keys")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    let before: Vec<_> = names.iter().map(|name| key(name)).collect();
    let again = site.operator(&["init"]);
    again.exits(8);
    assert!(again.stderr.contains("error [KEYS_EXIST] "), "{}", again.stderr);
    assert!(again.stderr.contains("samverkan-hub serve"), "{}", again.stderr);
    assert_eq!(names.iter().map(|name| key(name)).collect::<Vec<_>>(), before);
}

#[test]
fn check_of_a_hub_that_is_down_is_critical_for_monitoring() {
    let hub = stopped();
    let text = hub.operator(&["check"]);
    text.exits(7);
    let nagios = hub.operator(&["check", "--format", "nagios"]);
    nagios.exits(2);
    assert!(nagios.stdout.starts_with("SAMVERKAN CRITICAL - hub: "), "{}", nagios.stdout);
    let json = hub.operator(&["check", "--format", "json"]);
    json.exits(7);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!(document["findings"][2]["level"], "critical", "{}", json.stdout);
}
