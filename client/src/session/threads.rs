//! Threads as people see them: who wrote, what it is about, how far it got.

use std::io::Write;

use samverkan_envelope::body::{Attachment, Field};
use samverkan_proto::ids::{Handle, MailboxAddress, MailboxId, MessageId, OrgId, ThreadId};
use samverkan_proto::padding::blob_len;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::attach::{self, OpenFailure};
use super::forward::chain_of;
use super::mail::Kept;
use super::model::{
    AttachmentLine, Direction, Message, MessageStep, MessageStop, Progress, Step, StopKind, Thread,
    ThreadLine,
};
use super::{rules, stops, track};
use crate::error::{Code, Error, Result};
use crate::forms::{self, law};
use crate::text::Args;

const MINUTE_MS: u64 = 60_000;

impl Session {
    /// The threads that others began, newest first.
    #[must_use]
    pub fn inbox(&self) -> Vec<ThreadLine> {
        self.lines(Direction::In)
    }

    /// The threads that began here, newest first.
    #[must_use]
    pub fn sent(&self) -> Vec<ThreadLine> {
        self.lines(Direction::Out)
    }

    /// Every message of a thread, opened, oldest first.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`] or [`Code::CaseAmbiguous`]; [`Code::ContactRuleNotAccepted`].
    pub fn thread(&self, reference: &CaseReference) -> Result<Thread> {
        self.check_rules_accepted(reference)?;
        self.whole_thread(reference)
    }

    /// The same whether or not its contact rules are accepted: not for people's eyes.
    pub(super) fn whole_thread(&self, reference: &CaseReference) -> Result<Thread> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let line = self.line(&messages).ok_or(Error::new(Code::CaseUnknown))?;
        let mut number = 0;
        let shown = messages.iter().filter(|kept| !is_repetition(kept, &messages));
        let folded = self.fold_case(&messages, &self.sent_in(&messages));
        let mut steps = self.steps_by_message(&folded, &messages);
        let opened = shown.filter_map(|kept| self.message(kept, steps.remove(&kept.id()), &mut number));
        let opened = opened.collect();
        let referrals = self.lines_of(&folded, &messages);
        Ok(Thread { line, messages: opened, referrals })
    }

    /// The same for a person, or for whatever takes it out of here. That it was seen is written down before any of it is given, and of
    /// exactly what is given: what was opened is never said to be unopened, and what came meanwhile stays new.
    ///
    /// # Errors
    /// As [`Session::thread`] and [`Thread::check_senders`], and when it can not be written; then nothing is given.
    pub fn open_thread(&mut self, reference: &CaseReference) -> Result<Thread> {
        let _held = self.begin()?;
        let thread = self.thread(reference)?;
        thread.check_senders()?;
        let messages: Vec<MessageId> =
            self.mail.thread(&self.thread_id(reference)?).into_iter().map(Kept::id).collect();
        self.mark_seen(&messages)?;
        Ok(thread)
    }

    /// Writes down that the message which an attachment came with is seen, before any of it is given.
    ///
    /// # Errors
    /// As [`Session::attachment_line`] and [`Session::check_not_stopped`], and when it can not be written.
    pub fn open_attachment(&mut self, reference: &CaseReference, number: usize) -> Result<()> {
        let _held = self.begin()?;
        self.check_not_stopped(reference)?;
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let blob = find_attachment(&messages, number)?.blob_id;
        let holds = |kept: &&&Kept| kept.body.attachments.iter().any(|attachment| attachment.blob_id == blob);
        let with: Vec<MessageId> = messages.iter().filter(holds).map(|kept| kept.id()).collect();
        self.mark_seen(&with)
    }

    /// Writes down that a person has seen these messages, while the profile is taken.
    pub(super) fn mark_seen(&mut self, messages: &[MessageId]) -> Result<()> {
        for id in messages {
            if self.mail.get(id).is_some_and(|kept| !kept.shown) {
                self.mail.change(self.keystore.contents(), id, |kept| kept.shown = true)?;
            }
        }
        Ok(())
    }

    /// One attachment of a thread, by its number from 1.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`], [`Code::CaseAmbiguous`] or [`Code::AttachmentUnknown`]; [`Code::ContactRuleNotAccepted`].
    pub fn attachment_line(&self, reference: &CaseReference, number: usize) -> Result<AttachmentLine> {
        self.check_rules_accepted(reference)?;
        let messages = self.mail.thread(&self.thread_id(reference)?);
        find_attachment(&messages, number).map(|attachment| attachment_line(attachment, number))
    }

    /// Writes an attachment in the clear to `out`. Everything is verified once before the first byte is written.
    ///
    /// # Errors
    /// As [`Session::attachment_line`] and [`Session::check_not_stopped`]; [`Code::FileDamaged`] when what is kept is not what came;
    /// [`Code::OutputFailed`] when `out` does not take it; [`Code::Interrupted`] when `progress` says so.
    pub fn attachment(
        &self,
        reference: &CaseReference,
        number: usize,
        out: &mut dyn Write,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        self.check_rules_accepted(reference)?;
        self.check_not_stopped(reference)?;
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let attachment = find_attachment(&messages, number)?;
        let path = self.mail.blob_path(&attachment.blob_id);
        progress.begin(Step::Opening, 2 * blob_len(attachment.plaintext_len));
        for out in [&mut std::io::sink() as &mut dyn Write, out] {
            attach::open_file(&path, attachment, out, progress).map_err(|failure| match failure {
                OpenFailure::Damaged => Error::new(Code::FileDamaged),
                OpenFailure::Stopped => Error::new(Code::Interrupted),
                OpenFailure::Write(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                    Error::new(Code::OutputClosed)
                }
                OpenFailure::Write(error) => {
                    Error::with(Code::OutputFailed, Args::none().because(&error.kind()))
                }
            })?;
        }
        Ok(())
    }

    /// The thread that people call by this reference.
    pub(super) fn thread_id(&self, reference: &CaseReference) -> Result<ThreadId> {
        let mut found: Vec<ThreadId> = self.mail.iter().map(|kept| kept.body.thread_id).collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|thread| CaseReference::of_thread(thread) == *reference);
        let named = || Args::none().text("reference", reference);
        match found.as_slice() {
            [] => Err(Error::with(Code::CaseUnknown, named())),
            [only] => Ok(*only),
            _ => Err(Error::with(Code::CaseAmbiguous, named())),
        }
    }

    /// How people write a mailbox, also one that no longer is.
    pub(super) fn address(&self, org: &OrgId, mailbox: &MailboxId) -> Option<MailboxAddress> {
        self.directory.address_ever(org, mailbox)
    }

    fn lines(&self, began: Direction) -> Vec<ThreadLine> {
        let mut lines = Vec::new();
        for messages in self.mail.threads().values() {
            if messages.first().is_some_and(|first| first.direction == began) {
                lines.extend(self.line(messages));
            }
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.newest_ms));
        lines
    }

    /// A thread on one line; `messages` are oldest first.
    fn line(&self, messages: &[&Kept]) -> Option<ThreadLine> {
        let (first, newest) = (messages.first()?, messages.last()?);
        let fields = first.header.fields();
        let with = match first.direction {
            Direction::In => self.address(&fields.sender_org, &fields.sender_mailbox).into_iter().collect(),
            Direction::Out => self.recipients_of(first),
        };
        let went = |direction| messages.iter().any(|kept| kept.direction == direction);
        let due = fields
            .answer_within_minutes
            .map(|minutes| fields.created_ms + u64::from(minutes.get()) * MINUTE_MS);
        let sent = self.sent_in(messages);
        let referrals = self.referral_lines(messages, &sent);
        let answered = if referrals.is_empty() {
            went(Direction::In) && went(Direction::Out)
        } else {
            referrals.iter().all(|referral| referral.answered)
        };
        Some(ThreadLine {
            reference: CaseReference::of_thread(&first.body.thread_id),
            with,
            class: fields.class,
            urgency: fields.urgency,
            // A subject is content, and lists are looked at by whoever passes.
            subject: if rules::waits(first) { String::new() } else { first.body.subject.clone() },
            newest_ms: newest.created_ms(),
            unread: messages.iter().any(|kept| !kept.shown),
            answered,
            answer_due_ms: due,
            stage: track::overall(&sent),
            needs_action: track::needs_action(&sent),
            referral: referrals.iter().map(|referral| referral.state).min_by_key(|state| state.calm()),
        })
    }

    pub(super) fn recipients_of(&self, kept: &Kept) -> Vec<MailboxAddress> {
        kept.header.fields().to.iter().filter_map(|to| self.address(&to.org, &to.mailbox)).collect()
    }

    fn chain_handles(&self, kept: &Kept) -> Vec<Handle> {
        let chain = chain_of(kept);
        let handle =
            |org: &OrgId| Some(self.directory.organisation(org)?.manifest()?.fields().handle.clone());
        chain.iter().flat_map(|chain| chain.organisations()).filter_map(handle).collect()
    }

    /// A message for people. Its mailboxes stand in the log, by which it was verified.
    fn message(&self, kept: &Kept, step: Option<MessageStep>, number: &mut usize) -> Option<Message> {
        let fields = kept.header.fields();
        let from = self.address(&fields.sender_org, &fields.sender_mailbox)?;
        let from_trust = (kept.direction == Direction::In).then(|| self.trust(&from.handle));
        Some(Message {
            id: kept.id(),
            direction: kept.direction,
            kind: kept.body.kind,
            from,
            from_trust,
            compromised_since_ms: self.sender_compromised_since(kept),
            to: self.recipients_of(kept),
            basis: fields.basis,
            section: section_of(kept),
            form: kept.body.form.clone(),
            created_ms: fields.created_ms,
            subject: kept.body.subject.clone(),
            text: kept.body.text.clone(),
            fields: answers_of(kept),
            step,
            chain: self.chain_handles(kept),
            attachments: kept
                .body
                .attachments
                .iter()
                .map(|attachment| {
                    *number += 1;
                    attachment_line(attachment, *number)
                })
                .collect(),
            stop: stop_of(kept),
            stop_answer: stops::answer_in(&kept.body),
        })
    }
}

/// That a message which came is to be used no more: that its consent was withdrawn before that it was taken back.
fn stop_of(kept: &Kept) -> Option<MessageStop> {
    let came = kept.direction == Direction::In;
    let stop = kept.stop(StopKind::Withdrawal).or(kept.stop(StopKind::Recall)).filter(|_| came)?;
    Some(MessageStop { kind: stop.kind(), answer: stop.answer })
}

/// What was filled in, without the fields that are the program's own.
fn answers_of(kept: &Kept) -> Vec<(String, String)> {
    let own = |field: &&Field| field.name.starts_with(forms::RESERVED);
    let answers = kept.body.fields.iter().filter(|field| !own(field));
    answers.map(|field| (field.name.clone(), field.value.clone())).collect()
}

fn section_of(kept: &Kept) -> Option<String> {
    let section = kept.body.fields.iter().find(|field| field.name == law::FIELD);
    section.map(|field| field.value.clone())
}

/// Whether a message says again what another one of the thread says: it was sent once more, and is shown once.
fn is_repetition(kept: &Kept, thread: &[&Kept]) -> bool {
    kept.resends.is_some_and(|original| thread.iter().any(|other| other.id() == original))
}

fn attachment_line(attachment: &Attachment, number: usize) -> AttachmentLine {
    AttachmentLine {
        number,
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        len: attachment.plaintext_len,
    }
}

/// The attachments of a thread are numbered from 1, message by message.
fn find_attachment<'a>(messages: &[&'a Kept], number: usize) -> Result<&'a Attachment> {
    let shown = messages.iter().filter(|kept| !is_repetition(kept, messages));
    let mut all = shown.flat_map(|kept| &kept.body.attachments);
    let index = number.checked_sub(1).ok_or(Error::new(Code::AttachmentUnknown))?;
    all.nth(index).ok_or(Error::new(Code::AttachmentUnknown))
}
