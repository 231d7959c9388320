//! 121 and 122: a store that is not there, is another's, is elsewhere, is in use, or has another format.

use crate::starting::{fails, stopped, twin};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::wire::{Inbox, Member, Parcel};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Every file of the store with its bytes, but for the index, which is a cache.
fn contents(store: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path != store.join("index") {
                folders.push(path);
            } else if path.is_file() {
                let bytes = fs::read(&path).expect("a file can be read");
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[test]
fn bad_121_no_data_folder() {
    let hub = stopped();
    let (data, away) = (hub.data_dir(), hub.folder().join("away"));
    fs::rename(&data, &away).expect("a folder can be moved");
    fails(&hub, 3, "KEYS_UNUSABLE", &[data.to_str().expect("text")]);
    assert!(!data.exists(), "nothing was made in its place");
    fs::rename(away, data).expect("a folder can be moved");
    hub.restart();
}

#[test]
fn bad_121_another_owner() {
    let hub = stopped();
    let store = hub.data_dir().join("store");
    let before = contents(&store);
    if std::os::unix::fs::chown(&store, Some(65_534), Some(65_534)).is_err() {
        println!("not tried: only root can give a folder away");
        return;
    }
    fails(&hub, 3, "STORE_UNUSABLE", &["belongs to another user"]);
    assert_eq!(contents(&store), before, "nothing was changed");
    let mine = fs::metadata(hub.data_dir()).expect("a folder").uid();
    std::os::unix::fs::chown(&store, Some(mine), None).expect("taken back");
    hub.restart();
}

#[test]
fn bad_121_a_link_or_a_file_in_its_place() {
    let hub = stopped();
    let (store, away) = (hub.data_dir().join("store"), hub.folder().join("away"));
    fs::rename(&store, &away).expect("a folder can be moved");
    let before = contents(&away);
    symlink(&away, &store).expect("a link can be made");
    fails(&hub, 3, "STORE_UNUSABLE", &["links are refused"]);
    fs::remove_file(&store).expect("a link can be removed");
    fs::write(&store, "").expect("a file can be written");
    fails(&hub, 3, "STORE_UNUSABLE", &["not a folder"]);
    fs::remove_file(&store).expect("a file can be removed");
    assert_eq!(contents(&away), before, "nothing was changed");
    fs::rename(away, store).expect("a folder can be moved");
    hub.restart();
}

#[test]
fn bad_121_links_inside_it() {
    let hub = stopped();
    let store = hub.data_dir().join("store");
    let elsewhere = hub.folder().join("elsewhere");
    for name in ["lock", "segments/0000000001.seg"] {
        let (path, away) = (store.join(name), hub.folder().join("away"));
        fs::rename(&path, &away).expect("a file can be moved");
        symlink(&elsewhere, &path).expect("a link can be made");
        let outcome = hub.operator(&["serve"]);
        assert_ne!(outcome.code, Some(0), "{name} is a link");
        assert!(!elsewhere.exists(), "{name} was followed");
        fs::remove_file(&path).expect("a link can be removed");
        fs::rename(away, path).expect("a file can be moved");
    }
    hub.restart();
}

#[test]
fn bad_121_two_hubs() {
    let hub = HubProcess::start();
    let twin = twin(&hub);
    fails(&twin, 8, "STORE_IN_USE", &["in use by another hub"]);
    hub.operator(&["org", "list"]).exits(0);
    // The lock goes with its process, however that ends.
    hub.kill9();
    let _second = HubProcess::start_at(twin);
    fails(&hub, 8, "STORE_IN_USE", &["in use by another hub"]);
}

#[tokio::test]
async fn bad_122_another_format() {
    let hub = HubProcess::start();
    let (sender, recipient) = (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
    let parcel = Parcel::new(&sender, &[&recipient]);
    parcel.submit(&sender.connect(&hub)).await.expect("accepted");
    assert!(hub.terminate().success());
    let store = hub.data_dir().join("store");
    let version = store.join("VERSION");
    let good = fs::read(&version).expect("the store says its format");
    let before = contents(&store);
    for (text, code) in [
        (&b"samverkan-store 2\n"[..], "STORE_NEWER"),
        (b"samverkan-store 4294967295\n", "STORE_NEWER"),
        (b"samverkan-store 0\n", "STORE_UNUSABLE"),
        (b"samverkan-store 4294967296\n", "STORE_UNUSABLE"),
        (b"samverkan-store 1", "STORE_UNUSABLE"),
        (b"", "STORE_UNUSABLE"),
        (b"\xff\x00\n", "STORE_UNUSABLE"),
    ] {
        fs::write(&version, text).expect("it can be written");
        fails(&hub, 3, code, &[]);
    }
    fs::remove_file(&version).expect("it can be removed");
    fails(&hub, 3, "STORE_UNUSABLE", &["VERSION"]);
    assert!(!version.exists(), "nothing was made in its place");
    fs::write(&version, &good).expect("it can be written");
    fs::set_permissions(&version, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
    assert_eq!(contents(&store), before, "nothing was changed");
    hub.restart();
    let waiting = Inbox::open(&recipient.connect(&hub)).await.expect("a stream").drain().await.expect("all");
    assert_eq!(waiting.deliveries.len(), 1, "the message still waits");
}
