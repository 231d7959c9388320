//! Proofs that hold without a hub, a search of everything the hub has, and a suspension.

use super::referral::Case;
use super::stage::{Broken, Stage, Step, Who, so};
use crate::search::Canary;
use std::io::Write;
use std::path::Path;

/// The evidence file, and the copy that is tampered with.
const PROOF: &str = "proof.json";
const TAMPERED: &str = "tampered.json";

pub(super) fn play<W: Write>(stage: &mut Stage<'_, W>, case: &Case) -> Result<(), Broken> {
    stage.chapter("Proof that needs nobody's word, and no hub")?;
    prove(stage, &case.reference)?;
    stage.chapter("What the hub knows")?;
    search(stage, &case.canaries)?;
    stage.chapter("An organisation is cut off")?;
    suspend(stage)
}

fn prove<W: Write>(stage: &mut Stage<'_, W>, reference: &str) -> Result<(), Broken> {
    stage.does(Who::Police, &["receipts", reference, "-o", PROOF], &["signed statements are in"])?;
    stage.tell("The hub is stopped. The proofs hold all the same:")?;
    so(stage.hub.terminate().success(), "the hub stops when it is told to")?;
    let quotes = ["SUBMISSION_ACCEPTED says", "DELIVERED says", "ANSWERED says", "Every receipt holds."];
    stage.does(Who::Police, &["receipts", "--verify", PROOF], &quotes)?;
    stage.tell("One changed letter in a copy, and nothing in it is believed:")?;
    tamper(stage.desk(Who::Police))?;
    let words = ["receipts", "--verify", TAMPERED];
    stage.step(&Step { who: Who::Police, words: &words, exit: 9, quotes: &["error ["] })?;
    stage.hub.restart();
    Ok(())
}

/// Copies the evidence with one letter of its longest text changed.
fn tamper(desk: &Path) -> Result<(), Broken> {
    let proof = std::fs::read_to_string(desk.join(PROOF))?;
    let longest = proof.split('"').max_by_key(|text| text.len()).unwrap_or_default();
    let start = proof.find(longest).unwrap_or_default();
    let place = start + longest.len() / 2;
    let other = if proof[place..].starts_with('A') { "B" } else { "A" };
    let tampered = format!("{}{other}{}", &proof[..place], &proof[place + 1..]);
    so(tampered != proof, "the copy differs")?;
    Ok(std::fs::write(desk.join(TAMPERED), tampered)?)
}

/// Looks for everything that was planted, and shows that the look would have found it.
fn search<W: Write>(stage: &mut Stage<'_, W>, canaries: &[Canary]) -> Result<(), Broken> {
    stage.operates(&["check"], &["stored"])?;
    let folder = stage.hub.folder().to_owned();
    for canary in canaries {
        let found = canary.in_folder(&folder);
        so(found.is_empty(), &format!("{} is nowhere at the hub, but in {found:?}", canary.text()))?;
    }
    stage.tell(
        "Subject, text, answer, consent, the attachment's name and its content were looked for in every",
    )?;
    stage
        .tell("file and the log of the hub, as they are, as hex, as base64 and in UTF-16: found nothing.")?;
    let planted = folder.join("data/planted-by-the-demo");
    std::fs::write(&planted, canaries[0].text())?;
    let found = canaries[0].in_folder(&folder);
    so(found.len() == 1 && found[0].place == planted, "the search finds what the demo plants itself")?;
    std::fs::remove_file(&planted)?;
    stage.tell("The same search does find a word that the demo writes into the hub's folder itself.")
}

fn suspend<W: Write>(stage: &mut Stage<'_, W>) -> Result<(), Broken> {
    stage.operates(&["org", "suspend", "boj-exempel"], &["SUSPENDED since"])?;
    let words = ["inbox"];
    let quotes = ["error [ORGANISATION_SUSPENDED]"];
    stage.step(&Step { who: Who::Association, words: &words, exit: 6, quotes: &quotes })?;
    let words = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    let words = [&words[..], &["--dry-run"]].concat();
    let quotes = ["error [RECIPIENT_SUSPENDED]"];
    stage.step(&Step { who: Who::Police, words: &words, exit: 6, quotes: &quotes })?;
    Ok(())
}
