//! `samverkan log actions`: what the hub's operators have signed, from the copy on this computer, in which every signature was verified.

use samverkan_proto::code::{ActionType, Class};
use samverkan_proto::ids::OperatorId;
use samverkan_proto::statement::log::{Action, Operator};
use samverkan_proto::statement::operator::Deed;
use serde::Serialize;

use super::super::moment::Moment;
use super::super::output::{Output, Report};
use super::super::page::Page;
use crate::directory::Directory;
use crate::error::Result;
use crate::msg;
use crate::text::{self, MessageId};

/// Lists everything that operators have signed.
///
/// # Errors
/// What the output says.
pub(super) fn run(directory: &Directory, output: &mut Output) -> Result<()> {
    let operators = directory.operators();
    let named = |(id, operator): (&OperatorId, &Operator)| Named {
        name: operator.name.to_string(),
        operator_id: id.to_string(),
    };
    let mut current: Vec<Named> = operators.iter().map(named).collect();
    current.sort_by(|a, b| a.name.cmp(&b.name));
    output.result(&Actions {
        operators: current,
        two_must_sign: operators.two_must_sign(),
        actions: directory.actions().iter().map(Row::of).collect(),
    })
}

/// What operators have done, the oldest first.
#[derive(Serialize)]
struct Actions {
    operators: Vec<Named>,
    two_must_sign: bool,
    actions: Vec<Row>,
}

/// An operator.
#[derive(Serialize)]
struct Named {
    name: String,
    operator_id: String,
}

/// One action.
#[derive(Serialize)]
struct Row {
    leaf: u64,
    action: &'static str,
    /// The organisation's handle or the operator's name; absent for the rule.
    about: Option<String>,
    org_id: Option<String>,
    /// The classes that are sent on an agreement alone from then on; absent for everything but a policy.
    agreement_required: Option<Vec<&'static str>>,
    signatures: Vec<Signature>,
    #[serde(skip)]
    kind: ActionType,
}

#[derive(Serialize)]
struct Signature {
    operator: String,
    operator_id: String,
    at: Moment,
}

impl Row {
    fn of(action: &Action) -> Self {
        let deed = &action.signed.statement().deed;
        let signed = action.signed.signatures().iter().zip(&action.names);
        Self {
            leaf: action.leaf,
            action: deed.action_type().name(),
            about: deed.name().map(ToString::to_string),
            agreement_required: match deed {
                Deed::SetPolicy { policy, .. } => {
                    Some(policy.agreement_required.iter().map(Class::name).collect())
                }
                _ => None,
            },
            org_id: match deed {
                Deed::Move { org, .. } => Some(org.to_string()),
                _ => None,
            },
            signatures: signed
                .map(|(one, name)| Signature {
                    operator: name.to_string(),
                    operator_id: one.operator.to_string(),
                    at: Moment(one.signed_ms),
                })
                .collect(),
            kind: deed.action_type(),
        }
    }

    const fn words(&self) -> MessageId {
        match self.kind {
            ActionType::Invite => msg!("action-invite"),
            ActionType::Withdraw => msg!("action-withdraw"),
            ActionType::Confirm => msg!("action-confirm"),
            ActionType::Suspend => msg!("action-suspend"),
            ActionType::Resume => msg!("action-resume"),
            ActionType::Remove => msg!("action-remove"),
            ActionType::AddOperator => msg!("action-add-operator"),
            ActionType::RemoveOperator => msg!("action-remove-operator"),
            ActionType::RequireTwo => msg!("action-require-two"),
            ActionType::RequireOne => msg!("action-require-one"),
            ActionType::SetPolicy => msg!("action-set-policy"),
        }
    }
}

impl Report for Actions {
    const KIND: &'static str = "log_actions";

    fn lines(&self, page: &mut Page<'_>) {
        let none = text::Args::none();
        if self.operators.is_empty() {
            page.say(msg!("actions-no-operators"), &none);
            return;
        }
        let headings =
            [msg!("column-when"), msg!("column-action"), msg!("column-about"), msg!("column-signed-by")];
        let words = page.text();
        let rows: Vec<Vec<String>> = self
            .actions
            .iter()
            .map(|row| {
                let by: Vec<String> = row
                    .signatures
                    .iter()
                    .map(|one| format!("{} ({})", one.operator, &one.operator_id[..8]))
                    .collect();
                let when = row.signatures.last().map(|one| one.at.local(page.text())).unwrap_or_default();
                let about = row.about.clone().unwrap_or_else(|| "-".to_owned());
                vec![when, words.get(row.words(), &none), about, by.join(", ")]
            })
            .collect();
        page.table(&headings, &rows);
        let names: Vec<&str> = self.operators.iter().map(|one| one.name.as_str()).collect();
        let args = text::Args::none().text("names", names.join(", "));
        if self.two_must_sign {
            page.say(msg!("actions-two"), &args);
        } else {
            page.say(msg!("actions-one"), &args);
        }
    }
}
