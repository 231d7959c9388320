//! What operators have signed: who they are, what waits for a second signature, and doing it.

use bytes::Bytes;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::operator::{Deed, SignedAction};
use samverkan_proto::v1;

use super::{Operator, parse_invitation};
use crate::error;
use crate::registry::lapses_ms;
use crate::store::Acted;

impl Operator {
    /// The operators' keys, their rule, and what waits.
    pub(super) fn operators(&self) -> v1::DescribeOperatorsResponse {
        let (registry, now_ms) = (self.0.store.registry(), self.0.clock.now_ms());
        let operators = registry.operators();
        let mut known: Vec<v1::Operator> = operators
            .iter()
            .map(|(_, operator)| v1::Operator {
                name: operator.name.to_string(),
                public_key: Bytes::copy_from_slice(operator.key.as_bytes()),
            })
            .collect();
        known.sort_by(|a, b| a.name.cmp(&b.name));
        v1::DescribeOperatorsResponse {
            operators: known,
            two_must_sign: operators.two_must_sign(),
            last_change: Bytes::copy_from_slice(operators.last_change()),
            agreement_required: operators.policy().agreement_required.bits().into(),
            last_policy: Bytes::copy_from_slice(operators.last_policy()),
            waiting: registry.waiting_actions().into_iter().map(|action| waiting(action, now_ms)).collect(),
        }
    }

    /// Does what was signed, or keeps it until a second operator signs it.
    pub(super) async fn act_signed(&self, request: v1::ActRequest) -> Result<v1::ActResponse, Refusal> {
        let action = SignedAction::parse(request.action)?;
        let invitation = request.invitation.as_ref().map(parse_invitation).transpose()?;
        let (deed, first) = (action.statement().deed.clone(), action.signatures()[0].operator);
        let is_bounded = matches!(deed, Deed::Invite { .. } | Deed::Withdraw { .. });
        if is_bounded && !self.0.budgets.invites.has(first) {
            return Err(Refusal::new(v1::ErrorReason::RateLimited));
        }
        let acted = self.0.store.act(action, invitation).await.map_err(error::of_store)?;
        let mut answer = v1::ActResponse::default();
        match acted {
            Acted::Waits(action) => {
                tracing::info!(action = deed.action_type().name(), "an action waits for a second signature");
                answer.waiting = Some(waiting(&action, self.0.clock.now_ms()));
            }
            Acted::Done(invited) => {
                if is_bounded {
                    self.0.budgets.invites.take(first);
                }
                tracing::info!(action = deed.action_type().name(), "an operator's action was done");
                if let Some((code, expires_ms)) = invited {
                    (answer.invite, answer.invite_expires_ms) = (self.invite_line(&code)?, expires_ms);
                }
            }
        }
        if let Deed::Move { handle, .. } = &deed {
            answer.organisation = Some(self.show(handle)?);
        }
        Ok(answer)
    }
}

fn waiting(action: &SignedAction, now_ms: u64) -> v1::WaitingAction {
    let until_ms = lapses_ms(action);
    v1::WaitingAction { action: action.bytes().clone(), until_ms, lapsed: until_ms < now_ms }
}
