//! A program of a run: the real client, one session of it, killed and started again.

use std::time::Duration;

use samverkan_client::error::{Class as ErrorClass, Code, Error};
use samverkan_client::session::Session;
use samverkan_client::session::model::{Direction, Draft, Progress, Reply, Sent, Step as Work, ThreadLine};
use samverkan_proto::code::{Class, LegalBasis, Urgency};

use super::clocks::Apart;
use super::ground::{mailbox, office_of, passphrase};
use super::model::{Shown, Step, Token, View, Violation, Written};
use super::plan::{Command, PROGRAMS, Planned};
use super::world::World;

/// How far apart two clocks may be for a call to be taken whatever the network does to it, and from where on it is refused.
const SURELY_NEAR_MS: u64 = 9 * 60_000;
const SURELY_FAR_MS: u64 = 11 * 60_000;

/// Nobody looks.
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Work, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// What a command came to.
#[derive(Debug)]
enum Ended {
    /// It did what it was asked for; whether the hub has answered.
    Done(bool),
    /// It said why it did not.
    Failed(Error),
    /// It was killed.
    Killed,
}

/// One program.
pub struct Program<'a> {
    world: &'a World<'a>,
    number: usize,
    session: Session,
}

impl<'a> Program<'a> {
    /// Starts a program.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(world: &'a World<'a>, number: usize) -> Result<Self, Violation> {
        Ok(Self { world, number, session: open(world, number)? })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The office it is of.
    #[must_use]
    pub fn office(&self) -> usize {
        PROGRAMS[self.number]
    }

    /// Does everything that is planned for it.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub async fn work(&mut self, planned: &[Planned]) -> Result<(), Violation> {
        for one in planned {
            tokio::time::sleep(Duration::from_millis(one.wait_ms)).await;
            self.tell(|| format!("begins {one:?}"));
            let before = self.world.clocks.apart(self.number);
            let token = self.write(&one.what);
            let ended = match one.killed_after_ms {
                None => self.perform(&one.what, token).await,
                Some(after) => {
                    let limited =
                        tokio::time::timeout(Duration::from_millis(after), self.perform(&one.what, token));
                    limited.await.unwrap_or(Ended::Killed)
                }
            };
            self.tell(|| format!("ends as {ended:?}"));
            self.judge(&ended, token, before)?;
            if matches!(ended, Ended::Killed) {
                self.restart()?;
            }
            self.look()?;
        }
        Ok(())
    }

    /// Takes everything that waits; gives whether there was anything.
    ///
    /// # Errors
    /// When it fails, now that nothing is wrong any more.
    pub async fn receive(&mut self) -> Result<bool, Violation> {
        let waited = self.session.outbox_len();
        let received = self.session.receive(&mut Silent).await.map_err(|error| {
            Violation(format!(
                "program {} fails with {} when nothing is wrong",
                self.number,
                error.code().as_str()
            ))
        })?;
        self.look()?;
        if received.refused + received.held > 0 {
            return Err(Violation(format!("program {} does not trust what came: {received:?}", self.number)));
        }
        Ok(waited > 0 || !received.threads.is_empty() || received.receipts > 0)
    }

    /// Ends it, and starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), Violation> {
        self.session = open(self.world, self.number)?;
        Ok(())
    }

    /// Whether the receipts of everything it sent hold for those who have neither key nor hub, and whether files came as they were.
    ///
    /// # Errors
    /// The first that does not.
    pub fn prove(&self) -> Result<(), Violation> {
        let directory = self.session.directory();
        for line in self.session.sent() {
            let holds = self.session.evidence(&line.reference).is_ok_and(|evidence| {
                let verdict =
                    samverkan_client::session::evidence::Evidence::verify(&evidence.to_json(), directory);
                verdict.is_ok_and(|verdict| verdict.all_hold())
            });
            if !holds {
                return Err(Violation(format!("the evidence of case {} does not hold", line.reference)));
            }
        }
        self.session.inbox().iter().try_for_each(|line| self.files_are_whole(line))
    }

    /// What it shows now.
    ///
    /// # Errors
    /// When something can not be shown.
    pub fn view(&self) -> Result<View, Violation> {
        let mut view = View {
            outbox: self.session.outbox_len(),
            damaged: self.session.damaged_messages(),
            ..View::default()
        };
        for line in self.session.inbox().iter().chain(&self.session.sent()) {
            self.add_thread(line, &mut view)?;
        }
        Ok(view)
    }

    fn add_thread(&self, line: &ThreadLine, view: &mut View) -> Result<(), Violation> {
        let failed =
            |error: Error| Violation(format!("a thread can not be shown: {}", error.code().as_str()));
        let thread = self.session.thread(&line.reference).map_err(failed)?;
        let mut tokens = Vec::new();
        for message in &thread.messages {
            let token = token_in(&message.text)?;
            tokens.push((message.id, token));
            let from =
                office_of(&message.from).ok_or_else(|| Violation(format!("nobody is {}", message.from)))?;
            view.shown.push(Shown { token, from, came: message.direction == Direction::In });
        }
        for step in self.session.track(&line.reference).map_err(failed)?.steps {
            let Some((_, token)) = tokens.iter().find(|(id, _)| *id == step.message) else {
                return Err(Violation("a message is tracked that is not shown".to_owned()));
            };
            let to = office_of(&step.recipient)
                .ok_or_else(|| Violation(format!("nobody is {}", step.recipient)))?;
            view.steps.push(Step { token: *token, to, stage: step.stage, history: step.history });
        }
        Ok(())
    }

    fn files_are_whole(&self, line: &ThreadLine) -> Result<(), Violation> {
        let thread = self
            .session
            .thread(&line.reference)
            .map_err(|error| Violation(error.code().as_str().to_owned()))?;
        for message in &thread.messages {
            let token = token_in(&message.text)?;
            for attachment in &message.attachments {
                let mut out = Vec::new();
                let opened =
                    self.session.attachment(&line.reference, attachment.number, &mut out, &mut Silent);
                if opened.is_err() || out != content(token, out.len()) || out.len() as u64 != attachment.len {
                    return Err(Violation(format!("the file with message {token} is not what was sent")));
                }
            }
        }
        Ok(())
    }

    /// Tells the model what is about to be written; gives its number.
    fn write(&self, what: &Command) -> Option<Token> {
        let to = match what {
            Command::Send { to, .. } => to.iter().copied().collect(),
            Command::Reply { thread } => {
                let line = self.thread_to_answer(*thread)?;
                line.with.iter().filter_map(office_of).collect()
            }
            Command::Receive | Command::Watch { .. } => return None,
        };
        let short =
            matches!(what, Command::Send { keep_ms, .. } if *keep_ms <= samverkan_proto::limits::DAY_MS);
        let may_end = short || self.world.clocks.apart(self.number).by_ms != 0;
        Some(self.world.write(Written { by: self.office(), to, may_end }))
    }

    async fn perform(&mut self, what: &Command, token: Option<Token>) -> Ended {
        let sent = |sent: Result<Sent, Error>| sent.map(|sent| sent.accepted);
        let ended = match (what, token) {
            (Command::Send { to, keep_ms, file }, Some(token)) => {
                let draft = self.draft(token, to, *keep_ms, *file);
                sent(self.session.send(draft, &mut Silent).await)
            }
            (Command::Reply { thread }, Some(token)) => {
                let Some(line) = self.thread_to_answer(*thread) else { return Ended::Done(false) };
                let reply = Reply { text: text_of(token), attachments: Vec::new(), keep_metadata: false };
                sent(self.session.reply(&line.reference, reply, &mut Silent).await)
            }
            (Command::Watch { for_ms }, _) => {
                let stop = tokio::time::sleep(Duration::from_millis(*for_ms));
                // Whether it ever got through nobody asks.
                self.session.watch(&mut Silent, &mut |_| (), stop).await.map(|()| false)
            }
            (Command::Receive, _) => self.session.receive(&mut Silent).await.map(|_| true),
            (Command::Send { .. } | Command::Reply { .. }, None) => Ok(false),
        };
        ended.map_or_else(Ended::Failed, Ended::Done)
    }

    fn draft(&self, token: Token, to: &[usize], keep_ms: u64, file: Option<usize>) -> Draft {
        let attachments = file.map(|len| {
            let path = self.world.site.beside(&format!("file-{token}.bin"));
            std::fs::write(&path, content(token, len)).expect("a file can be written");
            path
        });
        Draft {
            to: to.iter().map(|office| mailbox(*office)).collect(),
            from: None,
            class: Class::Referral,
            basis: Some(LegalBasis::VitalInterest),
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            keep_ms: Some(keep_ms),
            consent: None,
            section: None,
            form: None,
            subject: "Exempel".to_owned(),
            text: text_of(token),
            fields: Vec::new(),
            attachments: attachments.into_iter().collect(),
            keep_metadata: false,
        }
    }

    /// The thread of the inbox with this number, counted round.
    fn thread_to_answer(&self, number: u64) -> Option<ThreadLine> {
        let mut threads = self.session.inbox();
        // In an order that the run decides, and no random identifier.
        threads.sort_by_key(|line| (line.newest_ms, line.reference.to_string()));
        let index = number.checked_rem(threads.len() as u64)?;
        threads.into_iter().nth(usize::try_from(index).ok()?)
    }

    /// Whether a command may end like this.
    fn judge(&self, ended: &Ended, token: Option<Token>, before: Apart) -> Result<(), Violation> {
        let after = self.world.clocks.apart(self.number);
        let apart = before.by_ms.unsigned_abs().max(after.by_ms.unsigned_abs());
        let clocks_are_right = apart < SURELY_NEAR_MS && before.lasted_until(&after);
        let clocks_are_wrong = before.by_ms.unsigned_abs() > SURELY_FAR_MS && before.lasted_until(&after);
        match ended {
            Ended::Done(true) if clocks_are_wrong => {
                Err(Violation(format!("program {} got through with a clock that is wrong", self.number)))
            }
            Ended::Done(_) | Ended::Killed => Ok(()),
            Ended::Failed(error) => {
                let is_of_clocks = is_of_clocks(error.code());
                if let (true, Some(token)) = (is_before_sealing(error.code()), token) {
                    self.world.was_not_sealed(token);
                }
                let may =
                    error.code().class() == ErrorClass::Transient || (is_of_clocks && !clocks_are_right);
                if may {
                    return Ok(());
                }
                Err(Violation(format!("program {} is refused with {}", self.number, error.code().as_str())))
            }
        }
    }

    /// Looks at what it shows, and whether that may be.
    fn look(&self) -> Result<(), Violation> {
        self.world.look(self.office(), self.number, &self.view()?)
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        self.world.trace.tell(|| format!("program {} {}", self.number, line()));
    }
}

fn open(world: &World<'_>, number: usize) -> Result<Session, Violation> {
    let (profile, clock) = (world.site.profile(PROGRAMS[number]), world.clocks.of_program(number));
    let session = Session::open(profile, &passphrase(), clock);
    let session =
        session.map_err(|error| Violation(format!("a program does not start: {}", error.code().as_str())))?;
    Ok(session.over(world.network.of_program(number)))
}

/// What is refused while two clocks are apart, or when a clock has jumped in the middle.
const fn is_of_clocks(code: Code) -> bool {
    matches!(
        code,
        Code::ClockWrong
            | Code::ClockOutOfRange
            | Code::HubCertificateOutOfDate
            | Code::CertificateRefused
            | Code::MessageExpired
            | Code::RecipientHasNoKey
    )
}

/// What is only ever said before anything is sealed.
const fn is_before_sealing(code: Code) -> bool {
    matches!(code, Code::ClockWrong | Code::HubCertificateOutOfDate | Code::RecipientHasNoKey)
}

fn text_of(token: Token) -> String {
    format!("Exempel Exempelsson, ärende {token}")
}

fn token_in(text: &str) -> Result<Token, Violation> {
    let number = text.rsplit(' ').next().and_then(|number| number.parse().ok());
    number.ok_or_else(|| Violation(format!("nobody wrote {text:?}")))
}

/// What the file with a message says.
fn content(token: Token, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at as u64).wrapping_mul(31).wrapping_add(token).to_le_bytes()[0]).collect()
}
