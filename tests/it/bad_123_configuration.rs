//! 123: configurations that are none, and secrets that others may read. The hub does not start, says which file, line and key, and
//! changes nothing.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::process::run;
use samverkan_tests::site::Site;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// The hub does not start, with this code and a sentence that has these parts.
#[track_caller]
fn refuses(site: &Site, code: &str, parts: &[&str]) {
    let outcome = site.operator(&["serve", "--json"]);
    let error = outcome.refused(3, code);
    let text = error["message"].as_str().expect("a sentence");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = site.operator(&["serve"]).stderr;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
    assert!(!site.data_dir().join("store").exists(), "nothing was begun: {text}");
}

fn with(site: &Site, text: impl AsRef<[u8]>) {
    fs::write(site.configuration(), text).expect("it can be written");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
}

#[test]
fn bad_123_keys_and_values() {
    let site = Site::new();
    let good = fs::read_to_string(site.configuration()).expect("a configuration");
    let more: [(&str, &str); 16] = [
        ("lissen = 1", "lissen"),
        ("\"listen \" = 1", "listen "),
        ("[listen]", "listen"),
        ("[samverkan]\nlisten = 1", "samverkan"),
        ("name = \"again\"", "duplicate key"),
        ("max_connections = \"many\"", "max_connections"),
        ("max_connections = -1", "max_connections"),
        ("max_connections = 1e99", "max_connections"),
        ("max_connections = 99999999999999999999", "line"),
        ("log_format = \"\\u001b[31mred\"", "log_format"),
        ("log_format = [\"text\"]", "log_format"),
        ("handshake_seconds = 0", "handshake_seconds"),
        ("unread_seconds = 86400", "unread_seconds"),
        ("other_names = [\"exempel.se\\u202e\"]", "other_names"),
        ("metrics_listen = \"0.0.0.0:1\"", "metrics_listen"),
        ("other_names = [", "line"),
    ];
    for (line, names) in more {
        with(&site, format!("{good}{line}\n"));
        refuses(&site, "CONFIG_INVALID", &[names, site.configuration().to_str().expect("text")]);
    }
    for key in ["listen", "public_address", "data_dir", "name"] {
        let other = |line: &&str| !line.starts_with(&format!("{key} = "));
        with(&site, good.lines().filter(other).map(|line| format!("{line}\n")).collect::<String>());
        refuses(&site, "CONFIG_INVALID", &[key]);
        for value in ["\"\"", "7", "true", "\"\\u0000\"", "\"../hub\""] {
            site.configure(key, value);
            refuses(&site, "CONFIG_INVALID", &[key]);
        }
        with(&site, &good);
    }
    drop(HubProcess::start_at(site));
}

#[test]
fn bad_123_files_that_are_no_configuration() {
    let site = Site::new();
    let path = site.configuration();
    let good = fs::read(&path).expect("a configuration");
    let name = path.to_str().expect("text");
    with(&site, "");
    refuses(&site, "CONFIG_INVALID", &[name]);
    for bytes in [&[0xff, 0xfe, 0][..], b"\0", b"listen", &[b'#'; 70_000]] {
        with(&site, bytes);
        refuses(&site, "CONFIG_INVALID", &[name]);
    }
    with(&site, [&good[..], b"# a comment that is cut in a letter: \xc3"].concat());
    refuses(&site, "CONFIG_INVALID", &[name]);

    fs::remove_file(&path).expect("it is there");
    refuses(&site, "CONFIG_MISSING", &[name]);
    fs::create_dir(&path).expect("a folder");
    refuses(&site, "CONFIG_INVALID", &[name]);
    fs::remove_dir(&path).expect("it is there");
    symlink("/dev/zero", &path).expect("a link");
    refuses(&site, "CONFIG_INVALID", &[name]);
    fs::remove_file(&path).expect("it is there");
    run(Command::new("mkfifo").arg(&path), b"").ok();
    refuses(&site, "CONFIG_INVALID", &[name]);
    fs::remove_file(&path).expect("it is there");
    with(&site, &good);
    mode(&path, 0o600);
    drop(HubProcess::start_at(site));
}

#[test]
fn bad_123_secrets_that_others_may_read() {
    let site = Site::new();
    let keys = site.data_dir().join("keys");
    for (file, own) in [("ca.key", 0o600), ("receipt.key", 0o600), ("log.key", 0o600), (".", 0o700)] {
        let path = keys.join(file);
        for others in [0o004, 0o040, 0o002, 0o020] {
            mode(&path, own | others);
            refuses(&site, "KEYS_UNUSABLE", &[keys.to_str().expect("text"), "chmod"]);
        }
        mode(&path, own);
    }
    // A link could lead to a file that its owner did not mean.
    let key = keys.join("log.key");
    fs::rename(&key, keys.join("elsewhere")).expect("a file can be moved");
    symlink(keys.join("elsewhere"), &key).expect("a link");
    refuses(&site, "KEYS_UNUSABLE", &[key.to_str().expect("text")]);
    fs::rename(keys.join("elsewhere"), &key).expect("a file can be moved");
    // Whoever may write the configuration may have the hub write anywhere.
    for others in [0o002, 0o020] {
        mode(&site.configuration(), 0o600 | others);
        refuses(&site, "CONFIG_INVALID", &["chmod go-w"]);
    }
    mode(&site.configuration(), 0o600);
    drop(HubProcess::start_at(site));
}
