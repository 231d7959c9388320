### What the program says when all is well.

explained = error [{ $code }] { $message } next: { $next } (exit { $exit })
moment = { $date } { $hour }:{ $minute }

ask-passphrase = Passphrase:
ask-new-passphrase = New passphrase, at least eight characters (several words are best):
ask-passphrase-again = The same passphrase again:

kit-explanation =
    This is the recovery kit of { $handle }.

    Whoever has these words speaks for the organisation. They are needed when every
    administrator's computer is lost, and never otherwise. Nobody will ever ask you for
    them by telephone, letter or e-mail.

    Print it twice. Put each copy in a sealed envelope, in two places that do not burn
    down together. Then delete this file, or keep it on a stick in the safe.

    On an empty computer, samverkan recover with this file (or with its lines typed into
    one) revokes every device the organisation had and makes that computer its new one.
    The others are told, and have to call you before they send anything again.

## Profiles, manual, doctor

word-yes = yes
column-profile = PROFILE
column-chosen = CHOSEN
column-joined = JOINED
column-unlocked = UNLOCKED UNTIL
profile-none = There is no profile yet. samverkan join makes the first one.
profile-added = The profile { $profile } is ready.
profile-chosen = The profile { $profile } is used from now on.
profile-join-next = next: samverkan join INVITE --profile { $profile }
man-written =
    { $count ->
        [one] One page was written.
       *[other] { $count } pages were written.
    }
doctor-version = samverkan { $version }
doctor-ok = ok      { $check }
doctor-value = ok      { $check }: { $value }
doctor-failed = FAILED  { $check }: { $code }
check-home = a place to keep things
check-profile = a profile in a folder that only you can open
check-keystore = the keystore can be read, records
check-unlocked = unlocked until
check-locked = locked: each command asks for the passphrase
check-passphrase = the passphrase opens the keystore
check-certificate = the certificate renews by itself, days left
check-key-weeks = others can seal to this device, weeks ahead
check-key-destroyed = old keys are destroyed on time, days to the next
check-log = the copy of the log, entries
check-outbox = messages that wait to be handed in
check-damaged = kept messages that do not open
check-hub-clock = the hub answers, seconds between its clock and this one

## Unlocking

unlock-done = { $profile } is unlocked until { $until }. samverkan lock ends it at once.
lock-done = { $profile } is locked.
passphrase-changed = The passphrase of { $profile } is another one from now on. Backups of the profile folder still open with the old one.
lock-was-locked = { $profile } was locked already.

## Questions

ask-default = [{ $default }]
ask-number = Type a number from 1 to { $last }.
ask-again = next: { $next }
ask-keys = ↑↓ to move, enter to select, type to filter
ask-keys-several = ↑↓ to move, space to mark each that applies, enter when done
ask-numbered = { $number }. { $answer }
ask-paragraph = Write as many lines as you need. End with a line that holds nothing but a full stop.
ask-mailbox-name = What is your first mailbox called? Name a function, never a person:
ask-kit = Where should the recovery kit be written?
ask-kit-copy = Where should its second copy be written?
ask-join = Is this your organisation? Handle and number can never be changed:
recover-about = { $organisation } ({ $handle }) on the hub { $hub }: { $devices ->
        [one] its one device is
       *[other] all of its { $devices } devices are
    } revoked, and this computer takes their place. Mail that nobody has fetched goes back to those who sent it.
recover-done = { $organisation } has begun anew on the hub { $hub }. Revoked devices: { $devices }.
recover-next =
    Everybody you exchange messages with sees that the recovery kit was used, and sends
    nothing until they have called you. Call them, and read out the safety number. What was
    kept on the lost computers is gone; what nobody had fetched, its senders can send again.
ask-recover = Revoke every device, and begin anew on this computer?
answer-not-recover = No, change nothing
answer-recover = Yes, begin anew
answer-not-ours = No, make nothing
answer-ours = Yes, this is us

## Progress

step-encrypting = sealing
step-uploading = sending
step-downloading = fetching
step-opening = opening
step-synchronising = bringing the directory up to date

## Joining

join-making-keys = Making keys and asking the hub. This takes a few seconds; if it is stopped, the same command goes on.
join-invited = The operator of { $hub } invites { $organisation }, organisation number { $number }, with the handle { $handle }.
join-done = { $organisation } has joined the hub { $hub }.
join-kits = The recovery kit is in these two files. Print both and put them in two safe places:
join-next =
    next: call the operator, on a number you already had, and read out the safety number.
    Until the operator has compared it you can neither be found nor send nor receive.
join-waits =
    You have asked to become a member of { $organisation } ({ $handle }).
    An admin has to approve it before { $until }.
join-waits-next =
    next: read the number of this device out to the admin who invited you, and run samverkan join again
    when it is approved. Nothing has to be typed then but your passphrase.
join-member-done = This computer is a member of { $handle } on the hub { $hub }.
join-member-next = next: compare the safety number with a colleague's; samverkan org show prints theirs.
test-hub = TEST hub: nothing here is real. Never enter anything about a real person.
cloud-folder = { $path } lies in a folder that is copied to another computer. Think about whether that is what you want.

## Organisations

directory-is-a-copy = The hub can not be reached. This is from the copy on this computer.
find-nobody = Nobody fits. Try fewer words, or samverkan find --refresh.
find-asks-the-hub = Nobody fits in the copy of the directory on this computer. The hub is asked what is new in it.
column-mailbox = MAILBOX
column-name = NAME
column-places = PLACES
column-services = SERVICES
column-compared = COMPARED
column-handle = HANDLE
column-kind = KIND
column-state = STATE
place-anywhere = everywhere
trust-unverified = no
trust-verified = yes
trust-verified-since = yes, { $date }
trust-moved = NO, OTHER KEYS THAN BEFORE
trust-recovered = NOT SINCE ITS RECOVERY
trust-key-changed = KEY CHANGED
org-state = { $state } since { $since }
org-compare =
    Its safety number was not compared. To do that, call it on a number you already had,
    let them read it out, and run samverkan org verify with the handle.
org-moved =
    It has other keys than when you first exchanged messages, and nobody here compared either.
    Call it on a number you already had before you send anything.
org-recovered =
    Its recovery kit was used on { $date }, and new keys read its mail. If it was not they, a
    thief reads what you send. Call it on a number you already had, then run samverkan org
    verify with the handle; until then nothing is sent to it.
label-recovered = recovered
verify-recovered =
    The recovery kit of { $handle } was used on { $date }; you had compared its safety number
    before that, on { $before }. The number is still the same, also if a thief has the kit.
verify-recovered-new =
    The recovery kit of { $handle } was used on { $date }. Its safety number is the same as
    before, also if a thief has the kit.
ask-recovered = Have you called them, on a number you already had, and did they say that it was they who used the kit?
answer-not-they = No, or I have not asked them
answer-they-did = Yes, I called and it was they
verify-digits = The safety number of { $name } ({ $handle }), as the directory has it:
verify-number = { $number }
ask-same = Did they read out exactly these sixty digits to you?
answer-other-digits = No, or nobody has read them out
answer-same-digits = Yes, all sixty
ask-how = How did you compare?
answer-by-telephone = By telephone, on a number that I already had
answer-in-person = Face to face
answer-worthless = In another way: a number from the directory, an e-mail, a web page
label-mailbox = mailbox
label-mailboxes = mailboxes
label-safety-number = safety number
label-name = name
label-handle = handle
label-kind = kind
label-state = state
label-places = places
label-services = services
label-compared = compared
label-device = device
label-roles = roles
label-added = added
label-expires = expires
label-certificate-expires = certificate expires
label-certificate-renews = renews by itself
label-keys-until = others can seal to this device until
label-key-destroyed = the oldest key is destroyed

## Members and mailboxes

ask-applicant = Who is to be taken in?
ask-approve = Does the number of the device agree with what the person reads out? Whoever is taken in reads what comes to these mailboxes:
ask-report = Is the device to be taken out, for good? It can never come back:
ask-invite = Which invitation is to be taken back?
ask-remove = Is the device to be removed? It can never come back:
ask-cosign = Are these changes to be signed?
answer-change-nothing = No, change nothing
answer-sign = Yes, sign it
plain-line = { "  " }{ $line }
word-this-device = this device
column-device = DEVICE
column-label = LABEL
column-roles = ROLES
column-mailboxes = MAILBOXES
column-added = ADDED
column-expires = EXPIRES
column-readers = READ BY
member-invite-next =
    next: give this line to the person, over a way that nobody else reads. They run samverkan join with it
    before { $until }, and you then run samverkan member approve on this computer.
member-to-be-signed = This is what will be signed for the organisation:
member-approved = The device is a member (entry { $serial } of the organisation). It gets its certificate when samverkan join is run there.
member-nobody-waits = Nobody who was invited on this computer waits.
member-invited-elsewhere = { $count ->
        [one] One request came with an invitation of another computer,
       *[other] { $count } requests came with invitations of other computers,
    } which alone can approve it.
member-role-changed = The device has these roles from now on (entry { $serial } of the organisation).
member-invite-withdrawn = The invitation is taken back: { $invite }. Nobody comes in with it.
member-threshold =
    { $threshold ->
        [one] Changes are signed by one admin.
       *[other] Changes are signed by { $threshold } admins.
    }
member-to-be-removed = The device { $device } will be removed: it can neither send nor fetch anything from then on.
member-removed = The device is removed (entry { $serial } of the organisation). The hub ends its connections within a second.
compromise-to-be-reported = The device { $device } will be taken out, as one that was in other hands since { $since }.
compromise-reported = The device is cut off (entry { $serial } of the organisation). The hub ends its connections within a second, and everybody learns since when nothing of it is to be believed.
compromise-readable = { $count ->
        [one] It could read this message
       *[other] It could read these { $count } messages
    } of those that this computer keeps:
compromise-nothing-readable = Of the messages that this computer keeps it could read none.
compromise-incomplete = What waits at the hub was not fetched, so the list has only what this computer had before.
compromise-unseen = It has read mailboxes that this computer does not: { $mailboxes }. Ask a colleague who does what came to them.
compromise-signed = It signed these entries of the organisation, newest first. The times are what the device said, and whoever had it could say any. Look at what stands now: samverkan member list, samverkan mailbox list.
compromise-signed-older = { $count ->
        [one] One older entry is
       *[other] { $count } older entries are
    } not shown.
compromise-next =
    What waits for the mailboxes is sealed again by its senders where nobody else can open it.
    next: call those whom the messages are about, as your rules for lost information say.
compromise-told-readable = A COMPUTER OF { $handle } WAS IN OTHER HANDS since { $since }. It could read what you sent in { $references }.
compromise-told-doubtful = A COMPUTER OF { $handle } WAS IN OTHER HANDS since { $since }. What came from it in { $references } may be somebody else's; call before you act on it.
mailbox-added = The mailbox is there (entry { $serial } of the organisation).
mailbox-assigned = The readers of the mailbox have changed (entry { $serial } of the organisation).
threshold-set = So many admins must sign from now on (entry { $serial } of the organisation).
change-proposed =
    Signed by { $signatures } of { $needed } admins. Nothing has changed yet.
    next: give { $path } to another admin, who runs samverkan org cosign with it.
proposal-says = This is what the proposal changes:
proposal-published = The proposal is signed by enough admins and stands (entry { $serial } of the organisation).
difference-device-added = {"  "}device { $device } comes in: { $roles }
difference-device-revoked = {"  "}device { $device } goes: { $reason }
difference-roles-changed = {"  "}device { $device } has other roles: { $roles }
difference-device-renewed = {"  "}device { $device } may stay for longer
difference-device-changed = {"  "}device { $device } has another key for its connection, or less time
difference-mailbox-added = {"  "}mailbox { $mailbox } comes
difference-mailbox-removed = {"  "}mailbox { $mailbox } goes
difference-reader-added = {"  "}device { $device } reads { $mailbox }
difference-reader-removed = {"  "}device { $device } does not read { $mailbox } any more
agreement-published = The agreement stands (version { $version } of { $id }). Everybody at this hub can read it.
agreement-ended-now = The agreement { $id } is ended, for both sides. What was begun under it can still be answered.
agreement-incomplete =
    Nothing stands yet: { $sender } has { $sender_given } of { $sender_needed } signatures, { $recipient } has { $recipient_given } of { $recipient_needed }.
    Give { $path } to the next admin, who runs samverkan agreement sign. The offer lapses in 30 days. The file is no secret.
agreement-says = This is what you sign:
agreement-ends = {"  "}It ends the agreement { $id } between { $sender } and { $recipient }.
agreement-parties = {"  "}{ $sender } may send to { $recipient }, from { $from } until { $until }:
agreement-clause = {"  "}- to { $mailbox }: { $classes }, on the basis of { $bases }
agreement-clause-answer = {"  "}- to { $mailbox }: { $classes }, on the basis of { $bases }; answered within { $time }
agreement-every-mailbox = every mailbox
agreement-none = Your organisation has no agreements.
agreement-policy-open = At this hub every active organisation may send to every other; agreements add answer times.
agreement-policy = At this hub these are sent on an agreement alone: { $classes }.
agreement-minutes = { $count ->
    [one] one minute
   *[other] { $count } minutes
}
agreement-hours = { $count ->
    [one] one hour
   *[other] { $count } hours
}
agreement-days = { $count ->
    [one] one day
   *[other] { $count } days
}
agreement-in-force = in force
agreement-not-yet = not yet
agreement-run-out = run out
agreement-was-ended = ended
ask-agreement = Sign it for your organisation?
column-agreement = AGREEMENT
column-from = FROM
column-sends = SENDS
column-receives = RECEIVES
column-what = WHAT
column-basis = ON
column-answer = ANSWERED WITHIN
action-set-policy = what needs an agreement was set
difference-threshold =
    { $threshold ->
        [one] {"  "}one admin must sign changes
       *[other] {"  "}{ $threshold } admins must sign changes
    }
hand-over-unanswered = Cases that nobody has answered, for a colleague:
hand-over-begun = Cases that this device began and that wait for an answer:
hand-over-orphaned = Mailboxes that nobody else read, and that are gone with it:
hand-over-unseen = Mailboxes that this computer does not read; ask a colleague who does what waits there:

## Composing

ask-who = Who should get it? Words of a name, or a mailbox such as boj-exempel/stod:
ask-to = Which one?
ask-class = What is it?
ask-basis = On which legal basis?
ask-form = Which form?
ask-section = Which section of law?
answer-no-section = None that is named here
ask-part = Fill in this part?
answer-leave-out = No, leave it out
answer-fill-in = Yes
ask-optional = This may be left empty.
answer-nothing = No answer
ask-several = Type the numbers of all that apply, such as 1 3.
ask-which = Which answer do you want to give again?
answer-again = Change an answer first
answer-back = Back to the question before
wizard-progress = Question { $number } of { $total }
wizard-part = { $part }
wizard-back = Type { $back } to go back to the question before.
ask-consent = Under which consent?
ask-urgency = How soon must somebody act?
ask-subject = What is it about, in one line? It is sealed.
ask-text = The text. It is sealed.
ask-send = Send it?
answer-no = No, send nothing
answer-yes = Yes, send it
class-referral = a person is passed on to help
class-information-request = a question about a person
class-concern-report = a concern for a child
class-follow-up = about something earlier
basis-consent = the person agreed
basis-voluntary-report = anybody may report a concern
basis-vital-interest = life or health is at stake
basis-duty-to-report = you must report
basis-duty-to-disclose = you must answer the one who asks
basis-secrecy-act-ground = the secrecy act allows it
urgency-routine = in ordinary time
urgency-soon = within a working day
urgency-acute = now
mark-verified = (compared)
mark-unverified = (safety number not compared)
send-verified = The safety number of { $to } was compared.
send-moved = WARNING: { $to } has other keys than when you first exchanged messages, and nobody here compared them. Call before you send.
send-unverified = The safety number of { $to } was not compared. The operator vouches for it, you do not.
send-goes-to = It goes to { $to }.
send-accepted = { $reference } is sealed and with the hub.
send-track = Sent is not read, and read is not helped: samverkan track { $reference }
send-waits = { $reference } is sealed and waits here.
send-nothing-in-the-way = Nothing stands in the way of sending this. Nothing was sent.
send-in-the-way = It would be refused, and nothing was sent:
attachment-is-folder = it is a folder
attachment-is-pipe = it is a pipe or a socket
attachment-is-device = it is a device
attachment-not-cleaned = it is a picture that may tell where and when it was taken, and that can not be taken away; attach a whole JPEG, PNG or WebP of at most 64 MiB, or use --keep-metadata
attachment-cleaned = Attachment { $number } is a picture; what it told beside the picture, such as place, time and device, was taken away. --keep-metadata keeps it.
attachment-too-large = it is larger than 2 GiB

## Threads

stage-waiting = waits here
stage-accepted = sent
stage-handed-over = fetched
stage-covered = not needed here: another mailbox has it
stage-delivered = delivered
stage-answered = answered
stage-not-sent = NOT SENT
stage-refused = REFUSED by the recipient's program
stage-expired = EXPIRED, nobody fetched it
stage-returned = RETURNED
stage-undecryptable = UNDECRYPTABLE
stage-unproven = UNPROVEN
stage-recalled = taken back
stage-withdrawn = consent withdrawn
thread-new = new
thread-overdue = OVERDUE
thread-answered = answered
thread-waiting = waits for you
state-sent = sent
state-received = received
state-in-review = somebody looks at it
state-info-requested = ASKS for more
state-waitlisted = on the waiting list
state-accepted = accepted
state-declined = DECLINED
state-referred-onward = referred onward
state-in-progress = in progress
state-completed = completed
state-failed = ended without help
state-recalled = recalled
state-consent-withdrawn = CONSENT WITHDRAWN
state-expired = EXPIRED
state-entered-in-error = entered in error
reason-no-capacity = there is no room
reason-not-eligible = the service is not for this person
reason-out-of-area = the person lives elsewhere
reason-service-not-provided = there is no such service here
reason-already-known = the person gets help here already
reason-missing-information = what is needed was not told
reason-conflict-of-interest = somebody here is too close to the case
reason-unsafe-to-contact = there is no safe way to reach the person
reason-could-not-contact = the person could not be reached
reason-person-declined = the person does not want it
reason-duplicate = the same was referred before
reason-language-not-available = nobody here speaks the language
reason-wrong-recipient = it was meant for somebody else
reason-other = another reason
side-sender = the sender
side-recipient = the recipient
step-words =
    { $step ->
        [review] { $side } looks at it
        [accept] { $side } accepted it
        [decline] { $side } declined it
        [ask] { $side } asked for more
        [supply] { $side } answered what was asked
        [waitlist] { $side } put it on the waiting list
        [start] { $side } has met or reached the person
        [complete] { $side } completed it
        [fail] { $side } ended it without help
        [forward] { $side } passed it on
        [reopen] { $side } took it up again
        [recall] { $side } took it back
        [withdraw-consent] { $side } says that the person took the consent back
       *[entered-in-error] { $side } says that it should not have been sent
    }
step-reason = : { $reason }
step-contact-by = ; contact by { $day }
step-other =
    { $step ->
        [forward] , to { $mailbox }
       *[decline] ; they suggest { $mailbox }
    }
step-without-effect = {" "}(without effect: it was not theirs to do, or came too late)
referral-line = { $recipients }: { $state }
referral-step = { "  " }{ $at }  { $step }
step-taken = The other side of { $reference } is told.
show-step = { $step }
show-step-not-understood = This message does something that this version of the program does not understand. Nothing has changed by it; ask the sender what is meant.
label-chain = passed on by
forward-sent = It was passed on to { $recipient }, as { $reference }.
forward-not-told = The sender of { $before } is told with the next contact with the hub.
ask-reason = Why?
ask-question = What do you need to know?
inbox-empty = Nothing is here.
inbox-none-new = Nothing new is here.
inbox-none-waiting = Nothing waits for your answer.
inbox-none-overdue = No answer is overdue.
inbox-is-a-copy = The hub can not be reached. This is what is here.
inbox-held =
    { $count ->
        [one] One message is held back until the directory can be brought up to date.
       *[other] { $count } messages are held back until the directory can be brought up to date.
    }
inbox-left-out =
    { $count ->
        [one] One receipt was left out: whoever signed it has said too much about one message. Tell the operator.
       *[other] { $count } receipts were left out: whoever signed them has said too much about one message. Tell the operator.
    }
inbox-elsewhere = Another samverkan is fetching attachments. What came with them is here when it has finished.
inbox-damaged =
    { $count ->
        [one] One kept message does not open any more. Run samverkan doctor.
       *[other] { $count } kept messages do not open any more. Run samverkan doctor.
    }
inbox-not-arrived =
    { $count ->
        [one] In one case, something that was sent did not arrive. See samverkan sent.
       *[other] In { $count } cases, something that was sent did not arrive. See samverkan sent.
    }
sent-not-arrived =
    Something did not arrive, and nobody has it.
    next: samverkan track { $reference } says why and what to do
sent-empty = Nothing has been sent.
sent-none-unanswered = Nothing that was sent waits for an answer.
sent-is-not-helped = Delivered is not helped. Call those who do not answer.
show-message = { $kind } from { $from }, { $at }
show-compromised = THE SENDER'S COMPUTER WAS IN OTHER HANDS since { $since }, and this came later. It may be somebody else's; call before you act on it.
show-moved = THE SENDER HAS OTHER KEYS than when you first exchanged messages, and nobody here compared them.
show-recovered = THE SENDER'S RECOVERY KIT WAS USED, and nobody here has called since. It may be a thief.
show-unverified = The sender's safety number was not compared.
show-contact-rule = BEFORE YOU OPEN { $reference } from { $from }: this is how the person may be contacted. A mistake can put them in danger.
ask-contact-rule = Will everybody here keep to it?
answer-rule-no = No, or I am not sure: open nothing
answer-rule-yes = Yes, we will keep to it
show-form = Form: { $form }
show-part = { $part }
show-form-unknown = This program does not know the form { $form }. Its fields are shown as they came; a newer program may show them better.
show-form-broken = What was filled in does not follow the form.
answer-flag-yes = yes
answer-flag-no = no
show-attachment = attachment { $number }: { $name } ({ $bytes } bytes)
save-done = Saved as { $path }, { $bytes } bytes.
save-is-in-the-clear = From now on it lies there in the clear. Delete it when you do not need it.
export-title = Case { $reference }, exported { $at }
track-recipient = { $recipient }: { $stage }
track-stage = { "  " }{ $at }  { $stage }
track-purged = { "  " }{ $at }  the hub serves it no longer
track-sent-again = { "  " }It was sent again; see below.
track-dismissed = { "  " }It was taken off the list.
why-schema-too-new = Their samverkan is older than yours and can not read it.
why-content-mismatch = Their samverkan found that the content does not fit what the hub was told.
why-consent-mismatch = Their samverkan found that the consent does not cover it.
why-opened-too-late = It was opened after its time, and was not shown.
why-sender-not-valid = Their samverkan found that this device was not allowed to send it.
why-expired = Nobody fetched it in time. The hub has deleted it.
why-suspended = The recipient was suspended before anybody there had read it.
why-removed = The recipient has left the hub before anybody there had read it.
why-undecryptable = No computer of the recipient could open it.
why-unproven = Its time is over, and nothing proves that anybody got it.
next-not-sent =
    next: samverkan resend { $reference } seals it anew and sends it,
    samverkan discard { $reference } deletes it here
next-returned =
    next: samverkan find to choose somebody else,
    then samverkan discard { $reference } takes it off the list
next-call-and-resend =
    next: call { $recipient }, then samverkan resend { $reference };
    if they know by now, samverkan discard { $reference } takes it off the list
resend-accepted = What did not arrive in { $reference } is sealed anew and with the hub.
resend-waits = What did not arrive in { $reference } is sealed anew and waits here.
discard-deleted =
    { $count ->
        [one] One message that nobody ever had is deleted.
       *[other] { $count } messages that nobody ever had are deleted.
    }
discard-dismissed =
    { $count ->
        [one] One message is taken off the list. What is proven about it is kept.
       *[other] { $count } messages are taken off the list. What is proven about them is kept.
    }
track-recalled = { "  " }It was taken back: { $outcome }.
track-withdrawn = { "  " }The consent was withdrawn: { $outcome }.
stop-not-sent = the hub does not know of it yet
stop-refused = the hub does not take it back; call them
stop-destroyed = destroyed before anybody fetched it
stop-waiting = fetched before that; their answer is waited for
stop-unopened = destroyed, nobody had opened it
stop-opened = somebody had opened it
stop-complied = opened, and destroyed since
stop-retained-document = kept: the law asks them to document what they did
stop-retained-record = kept: it is a public record
stop-retained-claim = kept: it is needed for a legal claim
stop-retained-vital = kept: somebody's life or health depends on it
ask-recall = Is what was sent in this case to be taken back?
answer-recall-no = No, leave it
answer-recall = Yes, take it back
recall-taken = What was sent in { $reference } is taken back.
recall-waits = What was sent in { $reference } will be taken back as soon as the hub can be reached.
recall-next = next: samverkan track { $reference } shows what the recipients say; what was read can not be made unread
ask-withdraw = Is the consent to be withdrawn? It can not be given back; a new one can be recorded:
answer-withdraw-no = No, it stands
answer-withdraw = Yes, withdraw it
consent-withdrawn = The consent { $consent } is withdrawn. Nothing more is sent under it.
consent-withdrawal-waits = The consent { $consent } is withdrawn here. The hub does not know of all of it yet, and whoever has something has not been told.
consent-nothing-sent = Nothing was sent under it from this device.
consent-completion =
    { $recipients ->
        [one] { $done } of one recipient is done
       *[other] { $done } of { $recipients } recipients are done
    }: { $destroyed } destroyed unread, { $complied } complied, { $retained } retained, { $waiting } waiting.
ask-comply = Is what came in this case to be destroyed here? Nobody can bring it back:
answer-comply-no = No, destroy nothing
answer-comply = Yes, destroy it
stop-said = { $reference }: { $answer }. The sender is told so.
show-recalled = TAKEN BACK by its sender. Do not act on it, and pass nothing of it on.
show-withdrawn = CONSENT WITHDRAWN: the person does not agree any more. Stop, and pass nothing of it on.
show-stop-answered = What was said to that: { $answer }.
show-stop-decide =
    next: samverkan consent comply { $reference } destroys what came,
    samverkan consent retain { $reference } --ground GROUND says why it must be kept
show-stop-answer = What became of it there: { $answer }.
inbox-missed-recalled = { $by } took a message back before it was fetched here ({ $at }). Nothing of it is here.
inbox-missed-withdrawn = { $by } had sent something under a consent that was withdrawn before it was fetched here ({ $at }). Nothing of it is here.
track-nothing-sent = Nothing in this case was sent from here.
receipts-message = message { $message }, { $at }
receipts-none = { "  " }nothing is proven yet
receipts-statement = { "  " }{ $at }  { $what } says { $by }
receipts-statement-of-a-stranger = { "  " }{ $at }  { $what } says a key of NOBODY IN THE DIRECTORY, whose organisation has the safety number { $number }
receipts-not-holding =
    { $count ->
        [one] { "  " }one receipt does NOT hold
       *[other] { "  " }{ $count } receipts do NOT hold
    }
receipts-all-hold = Every receipt holds.
receipts-do-not-hold = Not every receipt holds. Do not rely on this file.
receipts-has-strangers = Whose the keys are that are in nobody's name is not known on this computer. If its directory is old, run samverkan find --refresh and try again. Else ask the organisation you believe it was for its safety number, over a channel you already had.
receipts-written =
    { $count ->
        [one] One signed statement is in { $path }.
       *[other] { $count } signed statements are in { $path }.
    }
watch-begins = Watching. Ctrl-C stops it.
watch-arrived = Something has arrived.
watch-receipt = Something is known about what was sent.
watch-own-changed = Somebody has changed the devices or mailboxes of your organisation: see samverkan member list.
own-changed = Your organisation was changed, not by this computer:
own-changed-more = {"  "}{ $count ->
    [one] and { $count } change more
   *[other] and { $count } changes more
}
own-changed-next = If no colleague did that, remove what is strange with samverkan member remove, and call the operator on a number you already had.
watch-refused = Something arrived that can not be trusted.
label-reference = reference
label-with = with
label-class = class
label-urgency = urgency
label-section = section of law
label-answer-due = answer due
label-to = to
label-basis = basis
label-subject = subject
column-reference = REFERENCE
column-entry = ENTRY
column-claimed = TIME THAT IT CLAIMED
column-message = MESSAGE
column-at = TAKEN BY THE HUB
column-access = HOW
column-urgency = URGENCY
column-class = CLASS
column-with = WITH
column-newest = NEWEST
column-subject = SUBJECT

## Consent

ask-consent-to = Who may be told? One or more mailboxes, such as boj-exempel/stod:
ask-consent-categories = What may be told? Words of a-z, 0-9 and -:
ask-consent-until = Until which day? Such as 2027-01-31:
ask-consent-how = How was it given?
ask-consent-evidence = What shows that it was given? It is sealed.
how-verbally = it was said
how-in-writing = it was written
how-electronically = by a signature on a screen
consent-recorded =
    { $count ->
        [one] The consent { $consent } holds for one message until { $until }.
       *[other] The consent { $consent } holds for { $count } messages until { $until }.
    }
consent-next = next: samverkan send --basis CONSENT --consent { $consent }
consent-refused =
    { $count ->
        [one] It is noted that one person said no, and nothing about who. Without a consent nothing is sent.
       *[other] It is noted that { $count } persons said no so far, and nothing about who. Without a consent nothing is sent.
    }
consent-none = No consent is recorded that could be used.
column-consent = CONSENT
column-purpose = PURPOSE
column-recipients = RECIPIENTS
column-until = UNTIL
column-messages-left = MESSAGES LEFT

log-good = The log of { $hub } is whole: { $leaves ->
        [one] one leaf
       *[other] { $leaves } leaves
    } about { $organisations ->
        [one] one organisation
       *[other] { $organisations } organisations
    }, every rule kept, every signature good.
log-newest-at = The hub said that it was the newest at { $at }.
log-written = The log with { $leaves ->
        [one] one leaf
       *[other] { $leaves } leaves
    } was written to { $path }. Anybody can check it: samverkan log verify { $path }
log-proven-forked = The evidence holds: this hub signed two logs, and neither continues the other.
log-proven-stood-still = The evidence holds: this hub showed an old state of its log as the newest after it had signed a newer one.
log-proven-entry = The evidence holds: this hub signed a log with an entry that the finder refused.
log-proven-signed-only = This hub signed what is in it. What is wrong with it shows only beside the finder's copy of the log.
log-found = Found at { $at }: { $fault }.
actions-no-operators = This hub has no operators with keys of their own: what happens to organisations is the hub's word.
actions-one = Operators now: { $names }. Each acts alone. Every signature was verified.
actions-two = Operators now: { $names }. Two of them must sign what suspends or removes. Every signature was verified.
action-invite = invited
action-withdraw = invite withdrawn
action-confirm = admitted
action-suspend = suspended
action-resume = let back in
action-remove = removed
action-add-operator = operator added
action-remove-operator = operator removed
action-require-two = two must sign
action-require-one = one is enough
column-action = WHAT
column-when = WHEN
column-about = ABOUT
column-signed-by = SIGNED BY
