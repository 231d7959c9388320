//! What a person is asked when composing, one step a screen.

use samverkan_proto::code::{Class, LegalBasis, OrganisationKind, Urgency};
use samverkan_proto::ids::MailboxAddress;

use super::Unfinished;
use super::wizard::{BACK, Reply, Step};
use crate::cli::console::{Ask, Console, Question};
use crate::cli::names::Named;
use crate::cli::output::Output;
use crate::directory::find::Query;
use crate::error::{Code, Error, Result};
use crate::forms::{self, law};
use crate::msg;
use crate::session::Session;
use crate::session::model::Trust;
use crate::text::{Args, MessageId};

const WORDS: Question = Question { text: msg!("ask-who"), option: "--to" };
const TO: Question = Question { text: msg!("ask-to"), option: "--to" };
const CLASS: Question = Question { text: msg!("ask-class"), option: "--class" };
const FORM: Question = Question { text: msg!("ask-form"), option: "--form" };
const BASIS: Question = Question { text: msg!("ask-basis"), option: "--basis" };
const SECTION: Question = Question { text: msg!("ask-section"), option: "--section" };
const CONSENT: Question = Question { text: msg!("ask-consent"), option: "--consent" };
const URGENCY: Question = Question { text: msg!("ask-urgency"), option: "--urgency" };
const SUBJECT: Question = Question { text: msg!("ask-subject"), option: "--subject-file" };
const TEXT: Question = Question { text: msg!("ask-text"), option: "--text-file" };

/// Whom a question is put to, and what it is put on.
pub(super) struct Desk<'a> {
    pub(super) session: &'a Session,
    pub(super) console: &'a mut Console,
    pub(super) output: &'a mut Output,
    /// The time, in milliseconds.
    pub(super) now_ms: u64,
    /// There is a question to go back to.
    pub(super) may_go_back: bool,
}

impl Desk<'_> {
    /// Asks for one step of the envelope, or for subject and text, and writes the answer down.
    pub(super) fn ask(&mut self, step: Step, unfinished: &mut Unfinished) -> Result<Reply> {
        match step {
            Step::To => self.ask_recipient(unfinished),
            Step::Class => self.pick(CLASS, &classes(), |class| unfinished.class = Some(class)),
            Step::Form => self.ask_form(unfinished),
            Step::Basis => self.pick(BASIS, &bases(self.session), |basis| unfinished.basis = Some(basis)),
            Step::Section => self.ask_section(unfinished),
            Step::Consent => self.ask_consent(unfinished),
            Step::Urgency => self.pick(URGENCY, &urgencies(), |urgency| unfinished.urgency = Some(urgency)),
            Step::Part(part) => self.ask_part(part, unfinished),
            Step::Field(field) => self.ask_field(field, unfinished),
            Step::Subject => {
                unfinished.subject = self.line(SUBJECT)?;
                Ok(Reply::of(unfinished.subject.is_some()))
            }
            Step::Text => {
                unfinished.text = self.paragraph(TEXT)?;
                Ok(Reply::of(unfinished.text.is_some()))
            }
        }
    }

    /// One of several answers, by its place; `None` to go back.
    pub(super) fn choose(&mut self, question: impl Ask, answers: &[String]) -> Result<Option<usize>> {
        let mut lines = answers.to_vec();
        if self.may_go_back {
            lines.push(self.output.text().get(msg!("answer-back"), &Args::none()));
        }
        let picked = self.console.choice(self.output, question, &lines, 0)?;
        Ok(Some(picked).filter(|picked| *picked < answers.len()))
    }

    /// A line; `None` to go back.
    fn line(&mut self, question: Question) -> Result<Option<String>> {
        let typed = self.console.line(self.output, question, "")?;
        Ok(Some(typed).filter(|typed| !(self.may_go_back && typed == BACK)))
    }

    /// Lines; `None` to go back.
    pub(super) fn paragraph(&mut self, question: impl Ask) -> Result<Option<String>> {
        let back = self.may_go_back.then_some(BACK);
        let typed = self.console.paragraph_or(self.output, question, back)?;
        Ok(Some(typed).filter(|typed| Some(typed.as_str()) != back))
    }

    /// One of several codes, each shown in words with its name.
    fn pick<T: Named>(
        &mut self,
        question: Question,
        codes: &[(T, MessageId)],
        take: impl FnOnce(T),
    ) -> Result<Reply> {
        let text = self.output.text();
        let line =
            |(code, words): &(T, MessageId)| format!("{}  {}", code.name(), text.get(*words, &Args::none()));
        let lines: Vec<String> = codes.iter().map(line).collect();
        match self.choose(question, &lines)?.and_then(|picked| codes.get(picked)) {
            Some((code, _)) => {
                take(*code);
                Ok(Reply::Given)
            }
            None => Ok(Reply::Back),
        }
    }

    /// The form, the one that asks for most first.
    fn ask_form(&mut self, unfinished: &mut Unfinished) -> Result<Reply> {
        let forms: Vec<_> = unfinished.class.into_iter().flat_map(forms::of_class).collect();
        let tag = self.output.text().tag();
        let line = |form: &&forms::Form| {
            format!("{}  {}: {}", form.name, form.title.in_language(tag), form.about.in_language(tag))
        };
        let lines: Vec<String> = forms.iter().map(line).collect();
        let picked = self.choose(FORM, &lines)?;
        unfinished.form = picked.and_then(|picked| forms.get(picked).copied());
        Ok(Reply::of(picked.is_some()))
    }

    /// The section of law that supports the basis, or none.
    fn ask_section(&mut self, unfinished: &mut Unfinished) -> Result<Reply> {
        let basis = unfinished.basis.into_iter();
        let sections: Vec<_> = basis.flat_map(|basis| law::of_basis(basis, self.now_ms)).collect();
        let text = self.output.text();
        let mut lines: Vec<String> = sections
            .iter()
            .map(|section| format!("{}: {}", section.citation(), section.label.in_language(text.tag())))
            .collect();
        lines.push(text.get(msg!("answer-no-section"), &Args::none()));
        let picked = self.choose(SECTION, &lines)?;
        unfinished.section = picked.and_then(|picked| sections.get(picked).copied());
        Ok(Reply::of(picked.is_some()))
    }

    /// Searches by words and lets the person pick by number: similar names are told apart by handle, place and mark.
    fn ask_recipient(&mut self, unfinished: &mut Unfinished) -> Result<Reply> {
        let Some(words) = self.line(WORDS)? else { return Ok(Reply::Back) };
        if let Ok(address) = words.parse() {
            unfinished.to = vec![address];
            return Ok(Reply::Given);
        }
        let (mailboxes, lines) = self.found(&words);
        if mailboxes.is_empty() {
            let named = Args::none().text("recipient", "-");
            return Err(Error::with(Code::RecipientUnknown, named));
        }
        let picked = self.choose(TO, &lines)?;
        unfinished.to = picked.and_then(|picked| mailboxes.into_iter().nth(picked)).into_iter().collect();
        Ok(Reply::of(picked.is_some()))
    }

    /// The mailboxes of others that these words find, and a line for each.
    fn found(&self, words: &str) -> (Vec<MailboxAddress>, Vec<String>) {
        let (session, text) = (self.session, self.output.text());
        let query =
            Query { words: words.split_whitespace().map(str::to_owned).collect(), ..Query::default() };
        let found = session.directory().find(&query);
        let others = found.into_iter().filter(|found| found.org != session.org());
        let (mut mailboxes, mut lines) = (Vec::new(), Vec::new());
        for organisation in others {
            let places: Vec<&str> = organisation.municipalities.iter().map(|code| code.as_str()).collect();
            for mailbox in organisation.mailboxes {
                let verified = matches!(session.trust(&mailbox.handle), Trust::Verified { .. });
                let mark = if verified { msg!("mark-verified") } else { msg!("mark-unverified") };
                let mark = text.get(mark, &Args::none());
                lines.push(format!("{mailbox}  {}  {}  {mark}", organisation.name, places.join(", ")));
                mailboxes.push(mailbox);
            }
        }
        (mailboxes, lines)
    }

    fn ask_consent(&mut self, unfinished: &mut Unfinished) -> Result<Reply> {
        let covers = |recipients: &[MailboxAddress]| unfinished.to.iter().all(|to| recipients.contains(to));
        let consents: Vec<_> =
            self.session.consents().into_iter().filter(|consent| covers(&consent.recipients)).collect();
        if consents.is_empty() {
            return Err(Error::new(Code::ConsentMissing));
        }
        let lines: Vec<String> = consents.iter().map(|consent| consent.id.0.to_string()).collect();
        let picked = self.choose(CONSENT, &lines)?;
        unfinished.consent = picked.and_then(|picked| consents.get(picked)).map(|consent| consent.id.0);
        Ok(Reply::of(picked.is_some()))
    }
}

const fn classes() -> [(Class, MessageId); 4] {
    [
        (Class::Referral, msg!("class-referral")),
        (Class::InformationRequest, msg!("class-information-request")),
        (Class::ConcernReport, msg!("class-concern-report")),
        (Class::FollowUp, msg!("class-follow-up")),
    ]
}

const fn urgencies() -> [(Urgency, MessageId); 3] {
    [
        (Urgency::Routine, msg!("urgency-routine")),
        (Urgency::Soon, msg!("urgency-soon")),
        (Urgency::Acute, msg!("urgency-acute")),
    ]
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
