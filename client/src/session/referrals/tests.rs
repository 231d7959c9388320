//! Two offices that carry a referral through its life, each with its own files.

use samverkan_proto::code::{Class, Kind, LegalBasis};
use samverkan_proto::statement::safety::CaseReference;

use crate::directory::testlog::{NOW_MS, TestLog};
use crate::error::Code;
use crate::referral::{Act, Denied, Effect, Reason, Side, State, wire};
use crate::session::model::{Draft, Message, MessageStep, Reply};
use crate::session::office::{Office, Silent, accepted, referral, take, two_offices};
use crate::session::send::Answered;

/// Both offices and the case between them.
struct Case {
    log: TestLog,
    one: Office,
    two: Office,
    reference: CaseReference,
    now_ms: u64,
}

impl Case {
    async fn of(draft: Draft) -> Self {
        let (log, mut one, mut two) = two_offices();
        let sent = one.session.send(draft, &mut Silent).await.expect("sealed");
        let request = one.newest_outgoing();
        one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
        let proofs = take(&mut two, &log, &request).expect("good");
        assert!(one.session.take_event(proofs[0].clone()).expect("taken"));
        Self { log, one, two, reference: sent.reference, now_ms: NOW_MS }
    }

    fn tick(&mut self) {
        self.now_ms += 60_000;
        self.one.clock.set(self.now_ms);
        self.two.clock.set(self.now_ms);
    }

    /// A step that is sealed and not carried yet.
    async fn seal(&mut self, by: Side, act: Act) -> Result<(), Code> {
        self.tick();
        let reference = self.reference;
        let said = Reply { text: "Exempel".to_owned(), attachments: Vec::new(), keep_metadata: false };
        let taken = self.office(by).session.take_step(&reference, act, &said, &mut Silent).await;
        taken.map(drop).map_err(|error| error.code())
    }

    /// Carries what a side sealed last to the other one.
    fn carry(&mut self, from: Side) {
        let (author, reader) = match from {
            Side::Sender => (&mut self.one, &mut self.two),
            Side::Recipient => (&mut self.two, &mut self.one),
        };
        let request = author.newest_outgoing();
        take(reader, &self.log, &request).expect("good");
        let id = *author.session.mail.waiting().last().expect("it waits");
        author.session.accept(&id, &accepted(&self.log, &request)).expect("the hub has it");
    }

    async fn step(&mut self, by: Side, act: Act) {
        self.seal(by, act).await.expect("possible");
        self.carry(by);
    }

    fn office(&mut self, side: Side) -> &mut Office {
        if side == Side::Sender { &mut self.one } else { &mut self.two }
    }

    fn state_at(&mut self, side: Side) -> State {
        // As another process would see it: nothing is remembered but what is on disk.
        self.office(side).reload();
        let reference = self.reference;
        self.office(side).session.referrals(&reference).expect("known")[0].state
    }

    fn agree(&mut self, state: State) {
        for side in Side::ALL {
            assert_eq!(self.state_at(*side), state, "{side:?}");
        }
    }

    fn last_message(&mut self, side: Side) -> Message {
        let reference = self.reference;
        self.office(side).session.thread(&reference).expect("known").messages.pop().expect("some")
    }
}

const ACCEPT: Act = Act::Accept { contact_by: None };
const DECLINE: Act = Act::Decline { reason: Reason::NoCapacity, suggest: None };

#[tokio::test]
async fn both_sides_say_the_same_all_the_way() {
    let mut case = Case::of(referral()).await;
    case.agree(State::Received);
    for (by, act, state) in [
        (Side::Recipient, Act::Review, State::InReview),
        (Side::Recipient, Act::Ask, State::InfoRequested),
        (Side::Sender, Act::Supply, State::InReview),
        (Side::Recipient, Act::Waitlist, State::Waitlisted),
        (Side::Recipient, ACCEPT, State::Accepted),
        (Side::Recipient, Act::Start, State::InProgress),
        (Side::Recipient, Act::Complete, State::Completed),
        (Side::Sender, Act::Reopen, State::InReview),
        (Side::Recipient, DECLINE, State::Declined),
    ] {
        case.step(by, act).await;
        case.agree(state);
    }
    let line = case.one.session.referrals(&case.reference).expect("known").remove(0);
    assert_eq!((line.reason, line.history.len()), (Some(Reason::NoCapacity), 9));
    let owed = case.two.session.mail.iter().map(|kept| kept.pending.len()).sum::<usize>();
    assert!(owed > 1, "the hub is to hear that there is an answer");
}

#[tokio::test]
async fn a_reply_to_what_was_asked_is_the_answer_and_any_other_is_text() {
    let mut case = Case::of(referral()).await;
    let text = || Reply { text: "Exempelgatan 1".to_owned(), attachments: Vec::new(), keep_metadata: false };
    case.tick();
    case.two.session.reply(&case.reference, text(), &mut Silent).await.expect("sealed");
    case.carry(Side::Recipient);
    case.agree(State::Received);
    assert!(case.one.session.sent()[0].answered, "words are an answer");
    assert!(case.last_message(Side::Sender).step.is_none());
    case.step(Side::Recipient, Act::Ask).await;
    case.tick();
    case.one.session.reply(&case.reference, text(), &mut Silent).await.expect("sealed");
    case.carry(Side::Sender);
    case.agree(State::InReview);
    let answer = case.last_message(Side::Recipient);
    assert_eq!((answer.kind, answer.text.as_str()), (Kind::Supplement, "Exempelgatan 1"));
    assert!(matches!(answer.step, Some(MessageStep::Known(step)) if step.act == "supply"));
    assert!(answer.fields.is_empty(), "what is for programs is not shown as a form");
    assert!(!case.two.session.inbox()[0].answered, "it is the recipient's turn again");
}

#[tokio::test]
async fn what_is_not_possible_is_refused_before_anything_is_sealed() {
    let mut case = Case::of(referral()).await;
    assert_eq!(case.seal(Side::Recipient, Act::Complete).await, Err(Code::NotInThisState));
    assert_eq!(case.seal(Side::Recipient, Act::Recall).await, Err(Code::NotYourStep));
    assert_eq!(case.seal(Side::Sender, ACCEPT).await, Err(Code::NotYourStep));
    assert!(case.two.session.mail.waiting().is_empty() && case.one.session.mail.waiting().is_empty());
    case.agree(State::Received);
}

#[tokio::test]
async fn steps_that_cross_end_the_same_at_both_ends_and_none_is_lost() {
    let mut case = Case::of(referral()).await;
    case.seal(Side::Recipient, ACCEPT).await.expect("possible");
    case.seal(Side::Sender, Act::WithdrawConsent).await.expect("possible");
    case.carry(Side::Recipient);
    case.carry(Side::Sender);
    case.agree(State::ConsentWithdrawn);
    for side in Side::ALL {
        let reference = case.reference;
        let line = case.office(*side).session.referrals(&reference).expect("known").remove(0);
        let effects: Vec<Effect> = line.history.iter().map(|step| step.effect).collect();
        let none = Effect::None(Denied::NotNow(State::ConsentWithdrawn));
        assert_eq!(effects, [Effect::Led(State::ConsentWithdrawn), none]);
    }
}

#[tokio::test]
async fn a_concern_report_is_not_declined_and_who_tries_is_refused() {
    let report =
        Draft { class: Class::ConcernReport, basis: Some(LegalBasis::VoluntaryReport), ..referral() };
    let mut case = Case::of(report).await;
    for act in [DECLINE, ACCEPT, Act::Waitlist] {
        assert_eq!(case.seal(Side::Recipient, act).await, Err(Code::ReportNotDeclinable));
    }
    // A program that does it all the same.
    case.tick();
    let first = case.two.session.mail.iter().next().expect("kept");
    let fields = first.header.fields();
    let forged = Answered {
        thread: first.body.thread_id,
        message: Some(first.id()),
        kind: Kind::Decision,
        to: vec![(fields.sender_org, fields.sender_mailbox)],
        from: fields.to[0].mailbox,
        step: wire::write(&DECLINE, &[].into()),
    };
    let nothing = Reply { text: String::new(), attachments: Vec::new(), keep_metadata: false };
    case.two.session.answer(&mut None, forged, &nothing, &mut Silent).await.expect("sealed");
    let request = case.two.newest_outgoing();
    assert_eq!(take(&mut case.one, &case.log, &request), Err("a rule of its case".to_owned()));
    assert_eq!(case.state_at(Side::Sender), State::Received);
}

#[tokio::test]
async fn a_step_of_a_later_version_is_shown_and_changes_nothing() {
    let mut case = Case::of(referral()).await;
    case.tick();
    let first = case.two.session.mail.iter().next().expect("kept");
    let fields = first.header.fields();
    let mut step = wire::write(&Act::Review, &[].into());
    step.last_mut().expect("a field").value = "celebrate".to_owned();
    let later = Answered {
        thread: first.body.thread_id,
        message: Some(first.id()),
        kind: Kind::Notice,
        to: vec![(fields.sender_org, fields.sender_mailbox)],
        from: fields.to[0].mailbox,
        step,
    };
    let said = Reply { text: "Vi firar".to_owned(), attachments: Vec::new(), keep_metadata: false };
    case.two.session.answer(&mut None, later, &said, &mut Silent).await.expect("sealed");
    case.carry(Side::Recipient);
    case.agree(State::Received);
    let message = case.last_message(Side::Sender);
    assert!(matches!(message.step, Some(MessageStep::NotUnderstood)));
    assert_eq!(message.text, "Vi firar");
}
