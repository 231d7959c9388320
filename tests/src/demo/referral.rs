//! Find, consent, send, receive, save, answer, track.

use super::stage::{Broken, Stage, Step, Who, so, text_of};
use crate::search::Canary;
use ring::rand::SecureRandom as _;
use std::io::Write;

const TO: &str = "boj-exempel/stod";
/// Bytes of the attachment.
const LARGE: usize = 20_000_000;

/// What the aftermath needs to know.
pub(super) struct Case {
    /// The reference of the thread.
    pub(super) reference: String,
    /// Planted in the subject, the text, the name of the attachment, its content, the consent and the answer.
    pub(super) canaries: Vec<Canary>,
}

pub(super) fn play<W: Write>(stage: &mut Stage<'_, W>) -> Result<Case, Broken> {
    stage.chapter("Who can help? The police look, and the person agrees")?;
    let find = ["find", "--near", "0380", "--service", "victim-support"];
    stage.does(Who::Police, &find, &["MAILBOX", "boj-exempel/stod"])?;
    let papers = Papers::write(stage)?;
    let consent = record_consent(stage)?;
    refusals(stage, &consent)?;

    stage.chapter("The referral, with 20 MB attached, while nobody is at the association")?;
    let reference = send(stage, &consent, &papers)?;
    stage.does(Who::Police, &["track", &reference], &["boj-exempel/stod: sent"])?;

    stage.chapter("Monday at the association")?;
    receive(stage, &reference, &papers)?;

    stage.chapter("Sent, fetched, delivered, answered: four words, each one proven")?;
    stage.does(
        Who::Police,
        &["track", &reference],
        &["boj-exempel/stod: answered", "  sent", "  fetched", "  delivered", "  answered"],
    )?;
    stage.does(Who::Police, &["show", &reference], &[papers.answer.text()])?;
    Ok(Case { reference, canaries: papers.into_canaries() })
}

/// What the police and the association write, each with something planted in it.
struct Papers {
    subject: Canary,
    text: Canary,
    evidence: Canary,
    answer: Canary,
    name: Canary,
    content: Canary,
    /// The attachment's file name, as the police have it.
    file: String,
    attachment: Vec<u8>,
}

impl Papers {
    fn write<W: Write>(stage: &Stage<'_, W>) -> Result<Self, Broken> {
        let papers = Self::invent()?;
        let police = stage.desk(Who::Police);
        std::fs::write(police.join("subject.txt"), format!("Stöd åt Exempel {}", papers.subject.text()))?;
        let text = format!("Exempel {} vill bli uppringd, säkrast dagtid.", papers.text.text());
        std::fs::write(police.join("text.txt"), text)?;
        std::fs::write(police.join("note.txt"), format!("Sagt på telefon, {}", papers.evidence.text()))?;
        std::fs::write(police.join(&papers.file), &papers.attachment)?;
        let answer = format!("Vi har ringt {} och ses på torsdag.", papers.answer.text());
        std::fs::write(stage.desk(Who::Association).join("answer.txt"), answer)?;
        Ok(papers)
    }

    fn invent() -> Result<Self, Broken> {
        let (name, content) = (Canary::plant("rapport-"), Canary::plant("innehall-"));
        let mut attachment = vec![0; LARGE];
        let random = ring::rand::SystemRandom::new();
        random.fill(&mut attachment).map_err(|_| Broken::Untrue("the system has randomness".to_owned()))?;
        let planted = content.text().as_bytes();
        attachment[LARGE / 2..][..planted.len()].copy_from_slice(planted);
        Ok(Self {
            subject: Canary::plant("Exempelsson-"),
            text: Canary::plant("Exempelsdotter-"),
            evidence: Canary::plant("samtycke-"),
            answer: Canary::plant("svar-"),
            file: format!("{}.pdf", name.text()),
            name,
            content,
            attachment,
        })
    }

    fn into_canaries(self) -> Vec<Canary> {
        vec![self.subject, self.text, self.evidence, self.answer, self.name, self.content]
    }
}

fn record_consent<W: Write>(stage: &mut Stage<'_, W>) -> Result<String, Broken> {
    let record = ["consent", "record", "--to", TO, "--category", "contact", "--until", "2099-12-31"];
    let how = ["--how", "VERBALLY", "--evidence-file", "note.txt"];
    stage.does(Who::Police, &[&record[..], &how].concat(), &["holds for"])?;
    text_of(&stage.knows(Who::Police, &["consent", "show"])?, "/consents/0/consent")
}

fn send<W: Write>(stage: &mut Stage<'_, W>, consent: &str, papers: &Papers) -> Result<String, Broken> {
    let envelope = ["send", "--to", TO, "--class", "REFERRAL", "--basis", "CONSENT", "--consent", consent];
    let content = ["--subject-file", "subject.txt", "--text-file", "text.txt", "--attach", &papers.file];
    let checked = [&envelope[..], &["--dry-run"]].concat();
    stage.does(Who::Police, &checked, &["Nothing stands in the way"])?;
    stage.does(Who::Police, &[&envelope[..], &content].concat(), &["is sealed and with the hub"])?;
    text_of(&stage.knows(Who::Police, &["sent"])?, "/threads/0/reference")
}

/// What the rules stop before anything about a person has been written.
fn refusals<W: Write>(stage: &mut Stage<'_, W>, consent: &str) -> Result<(), Broken> {
    stage.tell(
        "What the person agreed to covers nobody else. Before a word about the person has been written:",
    )?;
    let shelter = ["send", "--to", "kvinnojouren-exempel/jour", "--class", "REFERRAL"];
    let words = [&shelter[..], &["--basis", "CONSENT", "--consent", consent, "--dry-run"]].concat();
    let quotes = ["error [CONSENT_DOES_NOT_COVER]"];
    stage.step(&Step { who: Who::Police, words: &words, exit: 6, quotes: &quotes })?;
    stage.tell("A volunteer group can not borrow an authority's legal basis:")?;
    let words = ["send", "--to", TO, "--class", "CONCERN_REPORT", "--basis", "DUTY_TO_REPORT", "--dry-run"];
    let quotes = ["error [LEGAL_BASIS_NOT_AVAILABLE]"];
    stage.step(&Step { who: Who::Shelter, words: &words, exit: 6, quotes: &quotes })?;
    Ok(())
}

fn receive<W: Write>(stage: &mut Stage<'_, W>, reference: &str, papers: &Papers) -> Result<(), Broken> {
    stage.does(Who::Association, &["inbox"], &["REFERENCE", reference])?;
    let attachment = format!("attachment 1: {}", papers.file);
    stage.does(Who::Association, &["show", reference], &[papers.text.text(), &attachment])?;
    let save = ["save", reference, "--attachment", "1", "-o", "saved.pdf"];
    stage.does(Who::Association, &save, &["Saved as saved.pdf, 20,000,000 bytes"])?;
    let saved = std::fs::read(stage.desk(Who::Association).join("saved.pdf"))?;
    so(saved == papers.attachment, "the saved attachment is the one that was sent, byte for byte")?;
    stage.tell("The saved file is the one that was attached, byte for byte.")?;
    stage.does(
        Who::Association,
        &["reply", reference, "--text-file", "answer.txt"],
        &["is sealed and with"],
    )?;
    stage.does(Who::Police, &["sent", "--unanswered"], &["Nothing"])?;
    Ok(())
}
