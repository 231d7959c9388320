//! The operator's calls, and what they do to those who are connected.

use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::{self, ErrorReason};

use crate::running::*;

const POLICE: u32 = 1;

fn suspend(member: &Member) -> v1::SuspendOrganisationRequest {
    v1::SuspendOrganisationRequest { handle: member.handle.clone() }
}

#[tokio::test]
async fn invites_are_listed_withdrawn_and_do_not_share_a_handle() {
    let hub = Hub::start().await;
    let mut operator = hub.operator().await;
    hub.invite("bb-exempel", POLICE).await;
    let taken = operator.invite_organisation(invitation("bb-exempel", POLICE)).await;
    assert_eq!(reason(taken), ErrorReason::HandleTaken);
    hub.member("aa-exempel", POLICE).await;

    let mut request = v1::ListOrganisationsRequest { page_size: 1, ..Default::default() };
    let mut seen = vec![];
    loop {
        let page = operator.list_organisations(request.clone()).await.unwrap().into_inner();
        seen.extend(page.organisations.into_iter().map(|found| (found.handle, found.state)));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen, [("aa-exempel".to_owned(), 3), ("bb-exempel".to_owned(), 1)]);
    for (page_size, page_token, wrong) in [(-1, "", "page_size"), (0, "Å", "page_token")] {
        let request = v1::ListOrganisationsRequest { page_size, page_token: page_token.to_owned() };
        assert_eq!(field(operator.list_organisations(request).await).1, wrong);
    }

    let remove = v1::RemoveOrganisationRequest { handle: "bb-exempel".to_owned() };
    let withdrawn = operator.remove_organisation(remove.clone()).await.unwrap().into_inner();
    assert!(withdrawn.organisation.is_none());
    assert_eq!(reason(operator.remove_organisation(remove).await), ErrorReason::OrganisationUnknown);
    hub.invite("bb-exempel", POLICE).await;
}

#[tokio::test]
async fn what_is_written_down_is_checked() {
    let hub = Hub::start().await;
    let mut operator = hub.operator().await;
    let good = invitation("exempel", POLICE);
    let cases = [
        ("handle", v1::InviteOrganisationRequest { handle: "Å".into(), ..good.clone() }),
        ("organisation_name", v1::InviteOrganisationRequest { name: "a\nb".into(), ..good.clone() }),
        (
            "organisation_number",
            v1::InviteOrganisationRequest { organisation_number: "8112189876".into(), ..good.clone() },
        ),
        ("organisation_kind", v1::InviteOrganisationRequest { kind: 256 + 1, ..good.clone() }),
        (
            "municipalities",
            v1::InviteOrganisationRequest { municipalities: vec!["18".into()], ..good.clone() },
        ),
        ("services", v1::InviteOrganisationRequest { services: vec!["a".into(); 33], ..good.clone() }),
    ];
    for (wrong, request) in cases {
        assert_eq!(
            field(operator.invite_organisation(request).await),
            (ErrorReason::InvalidField, wrong.to_owned())
        );
    }
    let unordered = vec!["0180".into(), "0114".into(), "0180".into()];
    let request = v1::InviteOrganisationRequest { municipalities: unordered, ..good };
    operator.invite_organisation(request).await.unwrap();
    let get = v1::GetOrganisationRequest { handle: "exempel".into() };
    let shown = operator.get_organisation(get).await.unwrap().into_inner().organisation.unwrap();
    assert_eq!(shown.municipalities, ["0114", "0180"]);
}

#[tokio::test]
async fn only_the_right_safety_number_confirms() {
    let hub = Hub::start().await;
    let mut operator = hub.operator().await;
    let (member, other) = (hub.pending("jouren-exempel", 8).await, Member::new("annan"));
    let confirm = |safety_number: String| v1::ConfirmOrganisationRequest {
        handle: member.handle.clone(),
        safety_number,
    };
    let wrong = operator.confirm_organisation(confirm(other.safety_number())).await;
    assert_eq!(reason(wrong), ErrorReason::SafetyNumberWrong);
    let typed = operator.confirm_organisation(confirm("12345".into())).await;
    assert_eq!(field(typed), (ErrorReason::InvalidField, "safety_number".to_owned()));
    for _ in 0..2 {
        assert_eq!(hub.confirm(&member).await.unwrap().state, 3);
    }
    hub.invite("tredje-exempel", 8).await;
    let invited =
        v1::ConfirmOrganisationRequest { handle: "tredje-exempel".into(), ..confirm(other.safety_number()) };
    assert_eq!(reason(operator.confirm_organisation(invited).await), ErrorReason::StateConflict);
    let unknown = v1::GetOrganisationRequest { handle: "okand-exempel".into() };
    assert_eq!(reason(operator.get_organisation(unknown).await), ErrorReason::OrganisationUnknown);
}

#[tokio::test]
async fn suspension_is_felt_at_once_and_resumed_to_what_it_was() {
    let hub = Hub::start().await;
    let mut operator = hub.operator().await;
    for confirmed in [true, false] {
        let handle = if confirmed { "aktiv-exempel" } else { "ny-exempel" };
        let member = hub.pending(handle, POLICE).await;
        if confirmed {
            hub.confirm(&member).await.unwrap();
        }
        let before = if confirmed { 3 } else { 2 };
        let mut directory = DirectoryServiceClient::new(hub.channel(Some(&member.identity)).await.unwrap());
        directory.sync(v1::SyncRequest::default()).await.unwrap();
        for _ in 0..2 {
            let reply = operator.suspend_organisation(suspend(&member)).await.unwrap().into_inner();
            assert_eq!(reply.organisation.unwrap().state, 4);
        }
        let refused = directory.sync(v1::SyncRequest::default()).await.map(|_| ()).unwrap_err();
        let refusal = samverkan_proto::reason::Refusal::from_status(&refused);
        assert!(
            is_cut(&refused)
                || refusal.is_some_and(|found| found.reason == ErrorReason::OrganisationSuspended),
            "{refused:?}"
        );
        assert_eq!(reason(hub.confirm(&member).await), ErrorReason::StateConflict);
        let resume = v1::ResumeOrganisationRequest { handle: member.handle.clone() };
        for _ in 0..2 {
            let reply = operator.resume_organisation(resume.clone()).await.unwrap().into_inner();
            assert_eq!(reply.organisation.unwrap().state, before);
        }
        let mut directory = DirectoryServiceClient::new(hub.channel(Some(&member.identity)).await.unwrap());
        directory.sync(v1::SyncRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn removal_is_for_good() {
    let hub = Hub::start().await;
    let mut operator = hub.operator().await;
    let member = hub.member("jouren-exempel", 8).await;
    let remove = v1::RemoveOrganisationRequest { handle: member.handle.clone() };
    for _ in 0..2 {
        let reply = operator.remove_organisation(remove.clone()).await.unwrap().into_inner();
        assert_eq!(reply.organisation.unwrap().state, 5);
    }
    let resume = v1::ResumeOrganisationRequest { handle: member.handle.clone() };
    assert_eq!(reason(operator.resume_organisation(resume).await), ErrorReason::StateConflict);
    assert_eq!(reason(operator.suspend_organisation(suspend(&member)).await), ErrorReason::StateConflict);
    assert_eq!(reason(hub.confirm(&member).await), ErrorReason::StateConflict);
    let taken = operator.invite_organisation(invitation("jouren-exempel", 8)).await;
    assert_eq!(reason(taken), ErrorReason::HandleTaken);
    let hub = hub.restarted().await;
    let mut directory = DirectoryServiceClient::new(hub.channel(Some(&member.identity)).await.unwrap());
    let refused = directory.sync(v1::SyncRequest::default()).await.map(|_| ());
    assert_eq!(reason(refused), ErrorReason::OrganisationRemoved);
}

#[tokio::test]
async fn check_says_how_the_hub_is() {
    let hub = Hub::start().await;
    hub.member("jouren-exempel", 8).await;
    let check = hub.operator().await.check_hub(v1::CheckHubRequest {}).await.unwrap().into_inner();
    assert_eq!((check.organisations, check.started_ms, check.storage_failed), (1, NOW, false));
    assert_eq!(check.server_certificate_expires_ms, NOW + 90 * 86_400_000);
    assert!(check.log_size >= 5 && !check.version.is_empty());
}
