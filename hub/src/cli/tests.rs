//! The program as an operator meets it, without a running hub.

use std::path::Path;

use clap::CommandFactory;

use super::*;

/// What a run printed, and how it ended.
struct Run {
    out: String,
    err: String,
    exit: u8,
}

fn run(arguments: &[&str]) -> Run {
    let line = std::iter::once("samverkan-hub").chain(arguments.iter().copied());
    let arguments = Arguments::try_parse_from(line).expect("a valid command line");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let json = arguments.json;
    let exit = arguments.run(&mut Output::to(&mut out, &mut err, json));
    Run { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), exit }
}

fn init(folder: &Path) -> [String; 9] {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    [
        "init".into(),
        "--config".into(),
        path("etc/hub.toml"),
        "--data-dir".into(),
        path("data"),
        "--name".into(),
        "exempel".into(),
        "--public-address".into(),
        "hub.exempel.se:8443".into(),
    ]
}

fn run_all(arguments: &[String]) -> Run {
    run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_command_tree_is_consistent_and_every_command_has_help() {
    let mut command = Arguments::command();
    command.build();
    command.clone().debug_assert();
    fn walk(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(walk);
    }
    walk(&command);
}

#[test]
fn init_makes_a_hub_that_loads_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = init(folder.path());
    let first = run_all(&arguments);
    assert_eq!((first.exit, first.err.contains("samverkan-hub serve")), (0, true), "{}", first.err);
    let path = folder.path().join("etc/hub.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let config = Config::load(&path).unwrap();
    let pin = keys::HubKeys::load(&config.data_dir).unwrap().public().pin();
    assert!(first.out.contains(&data_encoding::HEXLOWER.encode(&pin)));

    let again = run_all(&arguments);
    assert_eq!(again.exit, Exit::Conflict.code());
    assert!(again.err.starts_with("error [CONFIG_EXISTS] "), "{}", again.err);
    let bare = run(&["init", "--config", path.to_str().unwrap()]);
    assert_eq!(bare.exit, Exit::Conflict.code());
    assert!(bare.err.starts_with("error [KEYS_EXIST] "), "{}", bare.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(keys::HubKeys::load(&config.data_dir).unwrap().public().pin(), pin);
}

#[test]
fn init_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = init(folder.path());
    assert_eq!(run_all(&arguments).exit, 0);
    let path = folder.path().join("etc/hub.toml");
    let pin = keys::HubKeys::load(&folder.path().join("data")).unwrap().public().pin();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(run_all(&arguments).exit, 0, "keys were there, the configuration was not");
    assert_eq!(keys::HubKeys::load(&folder.path().join("data")).unwrap().public().pin(), pin);
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    assert_eq!(run(&["init", "--config", path.to_str().unwrap()]).exit, 0, "keys for a given configuration");
    assert_ne!(keys::HubKeys::load(&folder.path().join("data")).unwrap().public().pin(), pin);
}

#[test]
fn init_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.toml");
    let run = run(&["init", "--config", path.to_str().unwrap(), "--name", "exempel"]);
    assert_eq!(run.exit, Exit::Usage.code());
    assert!(run.err.contains("--public-address"), "{}", run.err);
    assert!(!path.exists());
}

#[test]
fn a_missing_configuration_and_a_stopped_hub_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("etc/hub.toml");
    let path = path.to_str().unwrap();
    let missing = run(&["org", "list", "--config", path]);
    assert_eq!(missing.exit, Exit::NotSetUp.code());
    assert!(missing.err.starts_with("error [CONFIG_MISSING] "), "{}", missing.err);
    run_all(&init(folder.path()));
    let stopped = run(&["org", "list", "--config", path]);
    assert_eq!(stopped.exit, Exit::HubUnreachable.code());
    assert!(stopped.err.contains("next: samverkan-hub serve (exit 7)"), "{}", stopped.err);
    let json = run(&["org", "list", "--config", path, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.err).unwrap();
    assert_eq!(document["error"]["code"], "HUB_NOT_RUNNING");
    assert_eq!(document["schema_version"], 1);
}

#[test]
fn check_finds_what_is_missing_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("etc/hub.toml");
    let path = path.to_str().unwrap();
    assert_eq!(run(&["check", "--config", path]).exit, Exit::NotSetUp.code());
    run_all(&init(folder.path()));
    let text = run(&["check", "--config", path]);
    assert_eq!(text.exit, Exit::HubUnreachable.code());
    assert!(text.out.contains("OK        keys") && text.out.contains("CRITICAL  hub"), "{}", text.out);
    let nagios = run(&["check", "--config", path, "--format", "nagios"]);
    assert_eq!((nagios.exit, nagios.out.lines().count()), (2, 1), "{}", nagios.out);
    let json = run(&["check", "--config", path, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(document["findings"][2]["level"], "critical");
    let keys = folder.path().join("data/keys");
    std::fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let open = run(&["check", "--config", path]);
    assert_eq!(open.exit, Exit::NotSetUp.code());
    assert!(open.out.contains("chmod 700"), "{}", open.out);
}

#[test]
fn removing_for_good_wants_a_yes() {
    let line = ["samverkan-hub", "org", "remove", "jouren-exempel"];
    let arguments = Arguments::try_parse_from(line).unwrap();
    assert!(matches!(
        arguments.command,
        Command::Org(org::Org { command: org::Command::Remove { yes: false, .. }, .. })
    ));
}

#[test]
fn mistakes_on_the_command_line_are_refused() {
    for line in [
        &["org", "invite", "Å"][..],
        &["org", "invite", "jouren", "--name", "J", "--number", "8112189876", "--kind", "volunteer"],
        &["org", "show"],
        &["check", "--format", "xml"],
        &["init", "--public-address", "hub"],
        &["nonsense"],
    ] {
        let line = std::iter::once("samverkan-hub").chain(line.iter().copied());
        assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 2);
    }
}
