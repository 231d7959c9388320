//! A hub, three organisations, safety numbers.

use super::stage::{Broken, Stage, Who, so, text_of};
use std::io::Write;

/// What the operator writes down, and how the newcomer calls its first mailbox.
struct Newcomer {
    who: Who,
    handle: &'static str,
    mailbox: &'static str,
    invite: &'static [&'static str],
}

const POLICE: &[&str] = &["--name", "Polisregion Exempel", "--number", "2021000076", "--kind", "police"];
const ASSOCIATION: &[&str] = &[
    "--name",
    "Brottsofferjouren Exempel",
    "--number",
    "8024000005",
    "--kind",
    "volunteer",
    "--municipality",
    "0380",
    "--service",
    "victim-support",
];
const SHELTER: &[&str] = &[
    "--name",
    "Kvinnojouren Exempel",
    "--number",
    "8024000013",
    "--kind",
    "volunteer",
    "--municipality",
    "0380",
    "--service",
    "shelter",
];

const NEWCOMERS: [Newcomer; 3] = [
    Newcomer { who: Who::Police, handle: "polisen-exempel", mailbox: "brottsoffer", invite: POLICE },
    Newcomer { who: Who::Association, handle: "boj-exempel", mailbox: "stod", invite: ASSOCIATION },
    Newcomer { who: Who::Shelter, handle: "kvinnojouren-exempel", mailbox: "jour", invite: SHELTER },
];

pub(super) fn play<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), Broken> {
    stage.chapter("A hub, and three organisations that join it")?;
    stage
        .tell("Real programs on this machine. Nobody types here: each client also gets --passphrase-file,")?;
    stage.tell("and each operator's command --config.")?;
    stage.operates(&["check"], &["keys ", "hub "])?;
    for newcomer in &NEWCOMERS {
        join(stage, newcomer)?;
    }
    stage.tell(
        "Each of them reads its safety number to the operator, over a telephone number known before.",
    )?;
    for newcomer in &NEWCOMERS {
        confirm(stage, newcomer)?;
    }
    stage.operates(&["org", "list"], &["polisen-exempel", "boj-exempel", "kvinnojouren-exempel"])?;
    Ok(())
}

fn join<W: Write>(stage: &mut Stage<'_, W>, newcomer: &Newcomer) -> Result<(), Broken> {
    let invite = [&["org", "invite", newcomer.handle], newcomer.invite].concat();
    let invited = stage.operates(&invite, &["svki1-"])?;
    let desk = stage.desk(newcomer.who).to_owned();
    std::fs::write(desk.join("invitation.txt"), &invited.stdout)?;
    let join = ["join", "invitation.txt", "--handle", newcomer.handle, "--mailbox", newcomer.mailbox];
    let kits = ["--kit", "kit-1.txt", "--kit-copy", "kit-2.txt"];
    stage.does(newcomer.who, &[&join[..], &kits].concat(), &["has joined", "safety number:"])?;
    so(desk.join("kit-1.txt").is_file() && desk.join("kit-2.txt").is_file(), "both recovery kits are there")
}

fn confirm<W: Write>(stage: &mut Stage<'_, W>, newcomer: &Newcomer) -> Result<(), Broken> {
    let own = stage.knows(newcomer.who, &["org", "show"])?;
    let number = text_of(&own, "/safety_number")?;
    stage.operates(&["org", "confirm", newcomer.handle, "--safety-number", &number], &["ACTIVE since"])?;
    Ok(())
}
