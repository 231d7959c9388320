//! What a person is asked when composing: one thing at a time, who and why before anything about anybody.

use samverkan_proto::code::{Class, LegalBasis, OrganisationKind, Urgency};
use samverkan_proto::ids::MailboxAddress;

use super::Unfinished;
use crate::cli::console::{Console, Question};
use crate::cli::names::Named;
use crate::cli::output::Output;
use crate::directory::find::Query;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::session::Session;
use crate::session::model::Trust;
use crate::text::{Args, MessageId};

const WORDS: Question = Question { text: msg!("ask-who"), option: "--to" };
const TO: Question = Question { text: msg!("ask-to"), option: "--to" };
const CLASS: Question = Question { text: msg!("ask-class"), option: "--class" };
const BASIS: Question = Question { text: msg!("ask-basis"), option: "--basis" };
const CONSENT: Question = Question { text: msg!("ask-consent"), option: "--consent" };
const URGENCY: Question = Question { text: msg!("ask-urgency"), option: "--urgency" };
const SUBJECT: Question = Question { text: msg!("ask-subject"), option: "--subject-file" };
const TEXT: Question = Question { text: msg!("ask-text"), option: "--text-file" };
const SURE: Question = Question { text: msg!("ask-send"), option: "--text-file" };

/// Asks for what decides whether a message may be sent: recipient, class, basis, consent, urgency.
pub(super) fn ask_envelope(
    unfinished: &mut Unfinished,
    session: &Session,
    console: &mut Console,
    output: &mut Output,
) -> Result<()> {
    if unfinished.to.is_empty() {
        unfinished.to = vec![ask_recipient(session, console, output)?];
    }
    if unfinished.class.is_none() {
        let classes = [
            (Class::Referral, msg!("class-referral")),
            (Class::InformationRequest, msg!("class-information-request")),
            (Class::ConcernReport, msg!("class-concern-report")),
            (Class::FollowUp, msg!("class-follow-up")),
        ];
        unfinished.class = Some(pick(CLASS, &classes, console, output)?);
    }
    if unfinished.basis_is_missing() {
        unfinished.basis = Some(pick(BASIS, &bases(session), console, output)?);
    }
    if unfinished.basis == Some(LegalBasis::Consent) && unfinished.consent.is_none() {
        ask_consent(unfinished, session, console, output)?;
    }
    if unfinished.urgency.is_none() {
        let urgencies = [
            (Urgency::Routine, msg!("urgency-routine")),
            (Urgency::Soon, msg!("urgency-soon")),
            (Urgency::Acute, msg!("urgency-acute")),
        ];
        unfinished.urgency = Some(pick(URGENCY, &urgencies, console, output)?);
    }
    Ok(())
}

/// Asks for what is sealed, and whether to send it.
pub(super) fn ask_content(
    unfinished: &mut Unfinished,
    session: &Session,
    console: &mut Console,
    output: &mut Output,
) -> Result<()> {
    if unfinished.subject.is_none() {
        unfinished.subject = Some(console.line(output, SUBJECT, "")?);
    }
    if unfinished.text.is_none() {
        unfinished.text = Some(console.paragraph(output, TEXT)?);
    }
    tell_trust(&unfinished.to, session, output);
    let to: Vec<String> = unfinished.to.iter().map(ToString::to_string).collect();
    output.notice(msg!("send-goes-to"), &Args::none().text("to", to.join(", ")));
    let answers = [msg!("answer-no"), msg!("answer-yes")].map(|id| output.text().get(id, &Args::none()));
    match console.choice(output, SURE, &answers, 0)? {
        1 => Ok(()),
        _ => Err(Error::new(Code::NotConfirmed)),
    }
}

/// The bases that this kind of organisation may use, consent first.
fn bases(session: &Session) -> Vec<(LegalBasis, MessageId)> {
    let own = session.directory().organisation(&session.org());
    let kind = own.and_then(|own| own.entry()).map(|entry| entry.fields().kind);
    let volunteer = kind == Some(OrganisationKind::Volunteer);
    let for_all = [
        (LegalBasis::Consent, msg!("basis-consent")),
        (LegalBasis::VoluntaryReport, msg!("basis-voluntary-report")),
        (LegalBasis::VitalInterest, msg!("basis-vital-interest")),
    ];
    let for_authorities = [
        (LegalBasis::DutyToReport, msg!("basis-duty-to-report")),
        (LegalBasis::DutyToDisclose, msg!("basis-duty-to-disclose")),
        (LegalBasis::SecrecyActGround, msg!("basis-secrecy-act-ground")),
    ];
    let more = for_authorities.into_iter().filter(|_| !volunteer);
    for_all.into_iter().chain(more).collect()
}

/// Searches by words and lets the person pick by number: similar names are told apart by handle, place and mark.
fn ask_recipient(session: &Session, console: &mut Console, output: &mut Output) -> Result<MailboxAddress> {
    let words = console.line(output, WORDS, "")?;
    if let Ok(address) = words.parse() {
        return Ok(address);
    }
    let query = Query { words: words.split_whitespace().map(str::to_owned).collect(), ..Query::default() };
    let found = session.directory().find(&query);
    let others = found.into_iter().filter(|found| found.org != session.org());
    let (mut mailboxes, mut lines) = (Vec::new(), Vec::new());
    for organisation in others {
        let places: Vec<&str> = organisation.municipalities.iter().map(|code| code.as_str()).collect();
        for mailbox in organisation.mailboxes {
            let verified = matches!(session.trust(&mailbox.handle), Trust::Verified { .. });
            let mark = if verified { msg!("mark-verified") } else { msg!("mark-unverified") };
            let mark = output.text().get(mark, &Args::none());
            lines.push(format!("{mailbox}  {}  {}  {mark}", organisation.name, places.join(", ")));
            mailboxes.push(mailbox);
        }
    }
    if mailboxes.is_empty() {
        let named = Args::none().text("recipient", "-");
        return Err(Error::with(Code::RecipientUnknown, named));
    }
    let picked = console.choice(output, TO, &lines, 0)?;
    mailboxes.into_iter().nth(picked).ok_or_else(|| TO.invalid())
}

fn ask_consent(
    unfinished: &mut Unfinished,
    session: &Session,
    console: &mut Console,
    output: &mut Output,
) -> Result<()> {
    let covers = |recipients: &[MailboxAddress]| unfinished.to.iter().all(|to| recipients.contains(to));
    let consents: Vec<_> =
        session.consents().into_iter().filter(|consent| covers(&consent.recipients)).collect();
    if consents.is_empty() {
        return Err(Error::new(Code::ConsentMissing));
    }
    let lines: Vec<String> = consents.iter().map(|consent| consent.id.0.to_string()).collect();
    let picked = console.choice(output, CONSENT, &lines, 0)?;
    unfinished.consent = consents.get(picked).map(|consent| consent.id.0);
    Ok(())
}

/// Says of each recipient whether its safety number was compared, the doubtful ones last.
pub(super) fn tell_trust(to: &[MailboxAddress], session: &Session, output: &mut Output) {
    let words = |address: &MailboxAddress| match session.trust(&address.handle) {
        Trust::Verified { .. } => Some(0),
        Trust::Unverified => Some(1),
        Trust::Moved => Some(2),
        // Those are refused, and the refusal says why.
        Trust::Recovered { .. } | Trust::KeyChanged { .. } => None,
    };
    let said = [msg!("send-verified"), msg!("send-unverified"), msg!("send-moved")];
    for (place, id) in said.into_iter().enumerate() {
        let names: Vec<String> =
            to.iter().filter(|address| words(address) == Some(place)).map(ToString::to_string).collect();
        if !names.is_empty() {
            output.notice(id, &Args::none().text("to", names.join(", ")));
        }
    }
}

/// One of several codes, each shown in words with its name.
fn pick<T: Named>(
    question: Question,
    codes: &[(T, MessageId)],
    console: &mut Console,
    output: &mut Output,
) -> Result<T> {
    let line = |(code, words): &(T, MessageId)| {
        format!("{}  {}", code.name(), output.text().get(*words, &Args::none()))
    };
    let lines: Vec<String> = codes.iter().map(line).collect();
    let picked = console.choice(output, question, &lines, 0)?;
    codes.get(picked).map(|(code, _)| *code).ok_or_else(|| question.invalid())
}
