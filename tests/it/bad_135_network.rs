//! 135, 136 and 139: no network, names that lead elsewhere, another hub's certificate, proxies in the environment; a hub that is slow, says
//! nothing or too much; a clock that is wrong.

use samverkan_client::clock::Clock;
use samverkan_client::error::{Code, Error};
use samverkan_client::home::{Environment, Home};
use samverkan_client::passphrase::Passphrase;
use samverkan_client::session::Session;
use samverkan_client::session::model::{Progress, Step};
use samverkan_proto::limits::DAY_MS;
use samverkan_tests::cli::Cli;
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::evil::{FLOOD, Flood, FloodingHub};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE, invite_over, invited, join_line};
use samverkan_tests::process::{Outcome, Running, run};
use samverkan_tests::proxy::{Proxy, Way};
use samverkan_tests::site::Site;
use samverkan_tests::until::until;
use samverkan_tests::wire::now_ms;
use std::net::TcpListener;
use std::process::Command;

/// Joins as the organisation with this handle and answers in JSON.
fn join(handle: &str) -> Vec<&str> {
    [&join_line(handle, "stod")[..], &["--json"]].concat()
}

const REFERRAL: [&str; 9] = [
    "send",
    "--to",
    "boj-exempel/stod",
    "--class",
    "REFERRAL",
    "--basis",
    "VITAL_INTEREST",
    "--text-file",
    "-",
];

/// Sends a referral that needs no consent.
fn send(office: &Office) -> Outcome {
    office.run_with(&[&REFERRAL[..], &["--json"]].concat(), "Exempel Exempelsson".as_bytes())
}

fn sent(office: &Office) -> usize {
    office.json(&["sent", "--offline"])["threads"].as_array().expect("threads").len()
}

/// An association that reaches the hub through a relay.
fn relayed(hub: &Site) -> (Proxy, Office) {
    let proxy = Proxy::start(hub.address());
    let office = Office::open_over(hub, proxy.address(), &ASSOCIATION, "stod");
    (proxy, office)
}

/// Somebody with an invitation to this hub at this address.
fn invited_at(hub: &Site, address: &str) -> Cli {
    invited(&invite_over(hub, address, &POLICE))
}

fn has_keys_or_kits(cli: &Cli) -> bool {
    cli.folder().join("kit-1.txt").exists() || cli.folder().join("kit-2.txt").exists()
}

#[test]
fn bad_135_without_a_network_every_command_says_so_and_what_is_sealed_waits() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.run(&["find", "--refresh"]).exits(0);
    hub.kill9();
    for words in
        [&["inbox"][..], &["sent"], &["find", "--refresh"], &["org", "list", "--refresh"], &["doctor"]]
    {
        let error = police.run(&[words, &["--json"]].concat()).refused(7, "HUB_UNREACHABLE");
        assert!(
            error["message"].as_str().is_some_and(|words| words.contains("connection refused")),
            "{error}"
        );
    }
    let waits = send(&police).refused(7, "WAITS_IN_OUTBOX");
    assert!(waits["next"].as_str().is_some_and(|words| words.contains("do not send it again")), "{waits}");
    hub.restart();
    let sent = police.json(&["sent"]);
    assert_eq!(sent["threads"][0]["stage"], "SUBMISSION_ACCEPTED");
    association.run(&["inbox"]).exits(0);
    assert_eq!(association.references().len(), 1);
}

#[test]
fn bad_135_a_name_that_leads_nowhere_or_to_somebody_else() {
    let (hub, other) = (HubProcess::start(), HubProcess::start());
    let nowhere = invited_at(&hub, "hub.exempel.invalid:8443");
    nowhere.run(&join(POLICE.handle)).refused(7, "HUB_UNREACHABLE");
    assert!(!has_keys_or_kits(&nowhere));
    hub.operator(&["org", "remove", "polisen-exempel", "--yes"]).exits(0);
    // The hub's certificate is for its number, not for the name that leads to it.
    let misnamed = invited_at(&hub, &format!("localhost:{}", hub.address().port()));
    misnamed.run(&join(POLICE.handle)).refused(9, "HUB_NOT_TRUSTED");
    assert!(!has_keys_or_kits(&misnamed));
    hub.operator(&["org", "remove", "polisen-exempel", "--yes"]).exits(0);
    let misled = invited_at(&hub, &other.address().to_string());
    misled.run(&join(POLICE.handle)).refused(9, "HUB_KEYS_CHANGED");
    assert!(!has_keys_or_kits(&misled));
}

#[test]
fn bad_135_a_hub_with_another_authority_is_refused_and_a_new_certificate_of_the_same_is_not() {
    let (hub, other) = (HubProcess::start(), HubProcess::start());
    let (proxy, office) = relayed(&hub);
    hub.restart();
    office.run(&["inbox"]).exits(0);
    proxy.lead_to(other.address());
    for words in [&["inbox"][..], &["sent"], &["find", "--refresh"], &["doctor"]] {
        let error = office.run(&[words, &["--json"]].concat()).refused(9, "HUB_NOT_TRUSTED");
        assert!(error["next"].as_str().is_some_and(|words| words.contains("do not go on")), "{error}");
    }
    proxy.lead_to(hub.address());
    office.run(&["inbox"]).exits(0);
}

#[test]
fn bad_135_proxies_in_the_environment_are_passed_by() {
    let hub = HubProcess::start();
    let (_proxy, office) = relayed(&hub);
    let trap = TcpListener::bind("127.0.0.1:0").expect("a free port");
    trap.set_nonblocking(true).expect("a socket can be asked");
    let url = format!("http://{}", trap.local_addr().expect("an address"));
    let mut command = office.command(&["inbox", "--json"]);
    for name in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "GRPC_PROXY"]
    {
        command.env(name, &url);
    }
    run(&mut command, b"").exits(0);
    let nobody = trap.accept().expect_err("nobody came");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn bad_136_a_hub_that_falls_silent_at_any_turn_is_unreachable() {
    let hub = HubProcess::start();
    // The handshake, the greeting, the log: each waits for its own deadline, all at the same time.
    let silences: Vec<_> = (1..=3).map(|turn| (turn, relayed_as(&hub, turn))).collect();
    std::thread::scope(|scope| {
        for (turn, (proxy, office)) in &silences {
            scope.spawn(move || {
                proxy.hold_at(Way::Down, *turn);
                let outcome = office.run(&["find", "--refresh", "--json"]);
                assert!(proxy.is_held(), "turn {turn} never came");
                outcome.refused(7, "HUB_UNREACHABLE");
                proxy.lose();
                office.run(&["find", "--refresh"]).exits(0);
            });
        }
    });
}

/// One of several organisations behind relays of their own.
fn relayed_as(hub: &Site, number: u64) -> (Proxy, Office) {
    let proxy = Proxy::start(hub.address());
    let handle = format!("jour-{number}-exempel");
    let orgnr =
        samverkan_tests::wire::member::organisation_number(u32::try_from(number).expect("a small number"));
    let who = samverkan_tests::site::Invitation { handle: &handle, number: &orgnr, ..ASSOCIATION };
    let office = Office::open_over(hub, proxy.address(), &who, "stod");
    (proxy, office)
}

#[test]
fn bad_136_a_hub_that_pauses_at_every_turn_is_waited_for() {
    let hub = HubProcess::start();
    let (proxy, office) = relayed(&hub);
    let log = office.folder().join("slow.log");
    for words in [&["find", "--refresh"][..], &["inbox"]] {
        let paused = (1..).take_while(|turn| {
            proxy.hold_at(Way::Down, *turn);
            let mut running = Running::start(&mut office.command(words), &log);
            until("a pause, or the end", || (proxy.is_held() || running.finished().is_some()).then_some(()));
            let paused = proxy.is_held();
            proxy.resume();
            let status = until("the end", || running.finished());
            assert!(
                status.success(),
                "{words:?}, turn {turn}: {}",
                std::fs::read_to_string(&log).expect("a log")
            );
            paused
        });
        assert!(paused.count() >= 3, "{words:?}");
    }
}

#[test]
fn bad_136_a_gigabyte_of_anything_is_refused_within_bounds() {
    const MIB: u64 = 1 << 20;
    let hub = HubProcess::start();
    let (proxy, office) = relayed(&hub);
    let misbehaves = (9, "HUB_MISBEHAVED");
    for (flood, (exit, code), taken_at_most) in [
        (Flood::Log, misbehaves, 600 * MIB),
        (Flood::Nothing, misbehaves, 16 * MIB),
        // Below the messages nothing says more than that the connection ended.
        (Flood::Headers, (7, "HUB_UNREACHABLE"), 20 * MIB),
        (Flood::Name, misbehaves, 20 * MIB),
    ] {
        let flooding = FloodingHub::start(&hub, flood);
        proxy.lead_to(flooding.address());
        let before = proxy.bytes(Way::Down);
        // More memory than this is not there: taking a gigabyte would end the process otherwise than with an error.
        let command = office.command(&["find", "--refresh", "--json"]);
        let mut limited = Command::new("prlimit");
        limited
            .arg(format!("--as={}", FLOOD + FLOOD / 2))
            .arg(command.get_program())
            .args(command.get_args());
        limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outcome = run(limited.current_dir(office.folder()), b"");
        outcome.refused(exit, code);
        let taken = proxy.bytes(Way::Down) - before;
        assert!(taken < taken_at_most, "{flood:?}: {taken} bytes were taken");
        proxy.lose();
    }
    proxy.lead_to(hub.address());
    office.run(&["find", "--refresh"]).exits(0);
}

#[test]
fn bad_139_a_clock_that_is_a_day_behind_is_told_and_nothing_is_sent() {
    let hub = ClockedHub::start();
    let (police, _) = (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.run(&["find", "--refresh"]).exits(0);
    let who = samverkan_tests::site::Invitation {
        handle: "sen-exempel",
        number: &samverkan_tests::wire::member::organisation_number(9),
        ..ASSOCIATION
    };
    let newcomer = invited(&hub.invite(&who));
    // To the hub, this computer's clock is a day behind.
    hub.pass(DAY_MS);
    let is_told = |outcome: Outcome| {
        let error = outcome.refused(3, "CLOCK_WRONG");
        let words = error["message"].as_str().expect("words");
        assert!(words.contains("1440 minutes") || words.contains("1439 minutes"), "{words}");
        assert!(words.contains("Nothing was sent"), "{words}");
        assert!(error["next"].as_str().is_some_and(|next| next.contains("set date and time")), "{error}");
    };
    for words in [&["inbox"][..], &["sent"], &["find", "--refresh"], &["doctor"]] {
        is_told(police.run(&[words, &["--json"]].concat()));
    }
    is_told(send(&police));
    assert_eq!(sent(&police), 0, "nothing waits with a wrong time in it");
    is_told(newcomer.run(&join(who.handle)));
    assert!(!has_keys_or_kits(&newcomer));
    hub.pass(0);
    send(&police).exits(0);
    newcomer.run(&join(who.handle)).exits(0);
}

#[test]
fn bad_139_a_clock_that_is_a_day_ahead_is_told_to_who_joins() {
    let hub = ClockedHub::start();
    let cli = invited(&hub.invite(&POLICE));
    hub.go_back(DAY_MS);
    cli.run(&join(POLICE.handle)).refused(3, "CLOCK_WRONG");
    assert!(!has_keys_or_kits(&cli));
}

#[test]
fn bad_139_a_member_whose_clock_is_wrong_is_told_so_in_either_direction() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let now = now_ms();
    for (clock_ms, code) in [
        (now + DAY_MS, Code::ClockWrong),
        // So that the hub's certificate, which is new, is not valid yet, or not any more: the words point at the clock all the same.
        (now - DAY_MS, Code::HubCertificateOutOfDate),
        (now - 3650 * DAY_MS, Code::HubCertificateOutOfDate),
        (now + 3650 * DAY_MS, Code::HubCertificateOutOfDate),
        (0, Code::HubCertificateOutOfDate),
    ] {
        let error = refresh_at(&office, clock_ms);
        assert_eq!(error.code(), code, "{clock_ms}");
        let text = samverkan_client::text::Text::of(samverkan_client::text::Language::English);
        assert!(error.explain(&text).to_string().contains("date and time"), "{clock_ms}");
    }
}

/// What a member is told whose clock shows this.
fn refresh_at(office: &Office, clock_ms: u64) -> Error {
    let environment =
        Environment { samverkan_home: Some(office.home().into_os_string()), ..Environment::default() };
    let home = Home::locate(&environment).expect("a home folder");
    let profile = home.open(&home.chosen().expect("a chosen profile")).expect("a profile");
    let passphrase = Passphrase::parse(office.passphrase().as_bytes().to_vec()).expect("the passphrase");
    let mut session = Session::open(profile, &passphrase, Clock::manual(clock_ms)).expect("a session");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(session.refresh(&mut Silent)).expect_err("a wrong clock")
}

struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}
}
