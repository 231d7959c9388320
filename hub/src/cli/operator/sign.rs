//! `operator sign`: the second signature, which is given to a deed that was shown whole and to no other.

use samverkan_proto::ids::sha256;
use samverkan_proto::statement::log::OrganisationEntry;
use samverkan_proto::statement::operator::{Deed, SignedAction};
use samverkan_proto::v1;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::signing::{Desk, reference};
use super::show::{Done, Proposal, Standing, Waiting};
use super::unknown;
use crate::clock::Clock;

/// Shows what waits under a reference; with `yes`, signs it and hands it in.
pub(super) async fn sign(
    mut desk: Desk,
    typed: &str,
    yes: bool,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let (action, waiting) = find(&desk.described.waiting, typed)?;
    if !desk.is_here(&action)? {
        return Err(unknown(typed));
    }
    if waiting.lapsed {
        return Err(Failure::new(
            "ACTION_LAPSED",
            format!("{typed} was signed more than 24 hours ago, and counts no more."),
            "give the first command again",
            Exit::Conflict,
        ));
    }
    let organisation = standing(&mut desk, &action.statement().deed).await?;
    let waiting = Waiting::of(&waiting, &desk).ok_or_else(|| unknown(typed))?;
    let proposal = Proposal { waiting, organisation };
    if !yes {
        output.result(&proposal, || proposal.to_string())?;
        return Err(unasked(&proposal));
    }
    output.notice(&proposal.to_string());
    let key = desk.key()?;
    let both = action.countersign(&key, Clock::system().now_ms()).map_err(|invalid| {
        Failure::new(
            "ACTION_REFUSED",
            format!("This key can not give the second signature ({}).", invalid.field),
            "another operator than the first signs, within 24 hours and with a clock that is right",
            Exit::Refused,
        )
    })?;
    let done = Done::of(&action.statement().deed);
    desk.hand_in(&both, None).await?;
    output.result(&done, || done.to_string())?;
    Ok(Exit::Done)
}

/// Where the organisation stands that a deed is about. It must be where it stood when the first operator signed: nothing else was meant.
async fn standing(desk: &mut Desk, deed: &Deed) -> Result<Option<Standing>, Failure> {
    let Deed::Move { org, handle, before, .. } = deed else {
        return Ok(None);
    };
    let request = v1::GetOrganisationRequest { handle: handle.to_string() };
    let shown = desk.hub.get_organisation(request).await?.into_inner().organisation.unwrap_or_default();
    let entry = OrganisationEntry::parse(shown.entry).ok().filter(|entry| {
        let fields = entry.fields();
        sha256(entry.bytes()) == *before && fields.org_id == *org && fields.handle == *handle
    });
    let entry = entry.ok_or_else(|| {
        Failure::new(
            "STATE_CONFLICT",
            format!("{handle} does not stand any more where it did when this was signed."),
            format!("samverkan-hub org show {handle}; then the first command again"),
            Exit::Conflict,
        )
    })?;
    Ok(Some(Standing::of(entry.fields())))
}

/// Nothing is signed that nobody has agreed to.
fn unasked(Proposal { waiting, .. }: &Proposal) -> Failure {
    let Waiting { reference, signed_by, .. } = waiting;
    Failure::new(
        "USAGE",
        "Nothing was signed yet: your signature makes it happen.",
        format!(
            "ask {signed_by} by telephone whether this is what they signed; if it is: samverkan-hub operator sign {reference} --yes"
        ),
        Exit::Usage,
    )
}

/// What waits under a reference: the whole of it, with its hyphens or without, and nothing shorter.
fn find(waiting: &[v1::WaitingAction], typed: &str) -> Result<(SignedAction, v1::WaitingAction), Failure> {
    let digits = |text: &str| text.replace('-', "").to_ascii_lowercase();
    let meant = digits(typed);
    let mut found = waiting.iter().filter_map(|waiting| {
        let action = SignedAction::parse(waiting.action.clone()).ok()?;
        (digits(&reference(&action)) == meant).then(|| (action, waiting.clone()))
    });
    let first = found.next().ok_or_else(|| unknown(typed))?;
    if found.next().is_some() {
        return Err(Failure::new(
            "ACTION_AMBIGUOUS",
            format!("Two statements are called {typed}, which nobody makes by chance; neither was signed."),
            "ask the operator who signed them first, and keep what samverkan-hub operator pending --json prints",
            Exit::Integrity,
        ));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use samverkan_proto::sign::Signer;
    use samverkan_proto::statement::operator::Statement;

    use super::super::show::Subject;
    use super::*;

    fn action(nonce: u8) -> SignedAction {
        let deed = Deed::Require { two: false, before: [0; 32] };
        let statement = Statement { hub: [7; 32], nonce: [nonce; 16], deed };
        SignedAction::sign(&statement, &Signer::from_seed(&[1; 32]).unwrap(), 1_700_000_000_000)
    }

    fn waiting(action: &SignedAction) -> v1::WaitingAction {
        v1::WaitingAction { action: action.bytes().clone(), ..Default::default() }
    }

    #[test]
    fn a_statement_is_found_under_its_whole_reference_alone() {
        let (one, other) = (action(1), action(2));
        let all = [waiting(&one), waiting(&other)];
        let whole = reference(&one);
        assert_eq!(whole.len(), 32 + 3);
        for typed in [whole.clone(), whole.replace('-', ""), whole.to_uppercase()] {
            assert_eq!(find(&all, &typed).unwrap().0, one);
        }
        assert_eq!(find(&all, &reference(&other)).unwrap().0, other);
        for typed in ["", "-", &whole[..8], &whole[..34], &format!("{whole}0"), &reference(&action(3))] {
            assert_eq!(find(&all, typed).unwrap_err().code, "ACTION_UNKNOWN", "{typed}");
        }
        // No two statements of one hash can be made here; the same one shown twice stands for them.
        let twice = [waiting(&one), waiting(&other), waiting(&one)];
        assert_eq!(find(&twice, &whole).unwrap_err().code, "ACTION_AMBIGUOUS");
    }

    #[test]
    fn a_key_is_shown_of_whoever_is_added_or_removed() {
        use data_encoding::HEXLOWER;
        use samverkan_proto::ids::OperatorId;

        let keys = [1, 2].map(|seed| *Signer::from_seed(&[seed; 32]).unwrap().public_key());
        let name = || "drift-tre".parse().unwrap();
        let operator = OperatorId::of_key(keys[1].as_bytes());
        for deed in [
            Deed::AddOperator { name: name(), key: keys[1], before: [0; 32] },
            Deed::RemoveOperator { name: name(), operator, before: [0; 32] },
        ] {
            let shown = serde_json::to_value(Subject::of(&deed, keys)).unwrap();
            assert_eq!(shown["public_key"], HEXLOWER.encode(keys[1].as_bytes()));
            assert_eq!(shown["operator_id"], operator.to_string());
        }
    }
}
