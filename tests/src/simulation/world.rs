//! What the programs of a run share: site, network, clocks, and what is known so far.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use samverkan_client::session::model::Stage;
use samverkan_proto::limits::DAY_MS;

use super::clocks::Clocks;
use super::ground::Site;
use super::hub::Hub;
use super::model::{Model, Token, View, Violation, Written};
use super::network::Network;
use super::plan::{Accident, Mishap};
use super::trace::Trace;

/// What a run is made of.
pub struct World<'a> {
    pub(super) site: &'a Site,
    pub(super) network: Network,
    pub(super) clocks: Clocks,
    pub(super) trace: Trace,
    model: RefCell<Model>,
    tokens: RefCell<Token>,
}

impl<'a> World<'a> {
    /// A world in which nothing has happened.
    #[must_use]
    pub fn new(site: &'a Site, network: Network, clocks: Clocks, trace: Trace) -> Self {
        Self { site, network, clocks, trace, model: RefCell::default(), tokens: RefCell::new(0) }
    }

    /// Somebody begins to send; gives the message's number.
    pub fn write(&self, written: Written) -> Token {
        let mut tokens = self.tokens.borrow_mut();
        *tokens += 1;
        self.trace.tell(|| format!("message {tokens}: {written:?}"));
        self.model.borrow_mut().write(*tokens, written);
        *tokens
    }

    /// How many messages were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        *self.tokens.borrow()
    }

    /// Whoever wrote it was told that nothing was sealed.
    pub fn was_not_sealed(&self, token: Token) {
        self.model.borrow_mut().was_not_sealed(token);
    }

    /// A program shows this now.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn look(&self, office: usize, program: usize, view: &View) -> Result<(), Violation> {
        self.trace.tell(|| {
            let stages: Vec<(Token, usize, Stage)> =
                view.steps.iter().map(|step| (step.token, step.to, step.stage)).collect();
            let came: Vec<Token> =
                view.shown.iter().filter(|shown| shown.came).map(|shown| shown.token).collect();
            format!("program {program} shows {came:?}; {} wait; sent {stages:?}", view.outbox)
        });
        self.model.borrow_mut().look(office, program, view)
    }

    /// Everybody has come to rest.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn rest(&self, views: &BTreeMap<usize, View>) -> Result<(), Violation> {
        self.model.borrow().rest(views)
    }

    /// Lets one accident after another happen.
    ///
    /// # Errors
    /// When the hub does not take it well.
    pub async fn suffer(&self, hub: &Hub<'_>, accidents: &[Accident]) -> Result<(), Violation> {
        for accident in accidents {
            tokio::time::sleep(Duration::from_millis(accident.wait_ms)).await;
            self.trace.tell(|| format!("{:?}", accident.what));
            self.happen(hub, &accident.what).await?;
            self.trace.tell(|| format!("over: {:?}", accident.what));
        }
        Ok(())
    }

    async fn happen(&self, hub: &Hub<'_>, what: &Mishap) -> Result<(), Violation> {
        let pause = |ms: u64| tokio::time::sleep(Duration::from_millis(ms));
        match *what {
            Mishap::HubKilled { down_ms } => {
                hub.kill()?;
                pause(down_ms).await;
                hub.start();
            }
            Mishap::HubStopped { down_ms } => {
                hub.stop().await?;
                pause(down_ms).await;
                hub.start();
            }
            Mishap::HubClock { by_ms, for_ms } => {
                self.clocks.hub_is_wrong_by(by_ms);
                self.model.borrow_mut().a_clock_jumps();
                pause(for_ms).await;
                self.clocks.hub_is_wrong_by(0);
            }
            Mishap::ProgramClock { program, by_ms, for_ms } => {
                self.clocks.program_is_wrong_by(program, by_ms);
                self.model.borrow_mut().a_clock_jumps();
                pause(for_ms).await;
                self.clocks.program_is_wrong_by(program, 0);
            }
            Mishap::Night { ms } => self.clocks.pass(ms.min(DAY_MS)),
        }
        Ok(())
    }
}
