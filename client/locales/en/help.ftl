### Help of the commands: what each does, an example, and one attribute an argument.

heading-usage = Usage:
heading-commands = Commands
heading-arguments = Arguments
heading-options = Options
heading-options-everywhere = Options of every command
heading-example = Example:
heading-exit-codes = Exit codes:
value-one-of = [possible values: { $values }]
value-default = [default: { $values }]

exit-done = done
exit-unexpected = something unexpected went wrong
exit-usage = the command line makes no sense
exit-not-set-up = not set up yet, or set up wrongly
exit-not-found = what was named does not exist
exit-locked = locked, or the passphrase is wrong
exit-refused = refused by a rule: consent, agreement, a changed key, suspension, quota
exit-hub-unreachable = the hub can not be reached; try again
exit-conflict = the state of things does not allow it now
exit-integrity = integrity: do not trust what was found
exit-wait-timed-out = what was waited for did not happen in time
exit-interrupted = interrupted

help = Pass a person's case on to those who can help, sealed all the way
    .example =
        samverkan join invitation.txt
        samverkan find shelter --near 0380
        samverkan help first-steps
    .profile = The profile to use, when this computer has several
    .passphrase-file = Read the passphrase from a file that only you can read
    .passphrase-fd = Read the passphrase from an open descriptor
    .json = Print JSON, one document a line
    .plain = Print lines instead of tables and bars, and ask numbered questions
    .lang = The language, en or sv; otherwise what SAMVERKAN_LANG or the computer's locale says
    .help = Show help
    .version = Show the version

help-join = Make your organisation a member of a hub, or this computer a member of your organisation, as the invitation says
    .example =
        samverkan join invitation.txt
        samverkan join
        samverkan join - --handle boj-exempel --mailbox stod --kit a.txt --kit-copy b.txt --passphrase-file p < invitation.txt
    .invite = The invitation, a file that holds it, or - for stdin; none to ask again whether an admin has approved. While the command runs, others on this computer can see what stands on its command line
    .handle = The handle that your organisation is to have; refused if the invitation is for another, asked if missing
    .mailbox = The name of the first mailbox: a function, never a person
    .kit = Where to write the recovery kit
    .kit-copy = Where to write its second copy, best on another disk
help-recover = Begin anew on an empty computer when every device of the organisation is gone, with the recovery kit alone
    .example =
        samverkan recover kit-1.txt
        samverkan recover kit-1.txt --handle boj-exempel --passphrase-file p
    .kit = The recovery kit: the file, or its lines as they were printed, typed into one that only you can read
    .handle = The organisation's handle, instead of saying yes: every device it has is revoked
help-find = Find who can help; the search is made on this computer and nobody learns of it
    .example =
        samverkan find
        samverkan find brottsofferjouren --near 0380 --service victim-support
    .words = Words of the name
    .near = The code of a municipality that must be served, four digits
    .service = A service that must be offered
    .refresh = Ask the hub for news first, which takes the passphrase
help-send = Send a message to one or more mailboxes, sealed on this computer
    .example =
        samverkan send
        samverkan send --to boj-exempel/stod --class REFERRAL --basis CONSENT --consent 222-222-2 --text-file text.txt
        samverkan send --from-file message.json --dry-run
    .to = A mailbox to send to; repeat it for several
    .from = The own mailbox that it comes from, when this device reads several
    .class = What it is, as the hub may see it
    .basis = The legal basis; see samverkan help legal-bases
    .section = The section of law that supports the basis, by its code such as OSL_12_2
    .form = The form to fill in: victim-support-1 and shelter-request-1 (REFERRAL), concern-report-1 (CONCERN_REPORT), general-1 (any but FOLLOW_UP)
    .urgency = How soon somebody must act
    .answer-within = When an answer is expected, such as 4h or 2d
    .keep = How long it may wait unread, at most 30d
    .consent = The consent it is sent under, as samverkan consent record named it
    .attach = Files to attach; only their endings can be seen before they are opened. While the command runs, others on this computer can see their names on its command line: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with to, from, class, basis, section, urgency, answer_within, keep, consent, form, subject, text, fields (of the form), attachments and keep_metadata; - for stdin
    .text-file = The text, from a file or - for stdin; never on the command line, where others could see it
    .subject-file = The subject, one line, from a file or - for stdin
    .dry-run = Say every reason why it would be refused, and send nothing
help-inbox = Fetch what came in, and list the cases that others began
    .example =
        samverkan inbox
        samverkan inbox --waiting
    .new = Only cases with something not shown yet
    .waiting = Only cases that nobody here has answered
    .overdue = Only cases whose answer is overdue
    .offline = Show what is here without asking the hub
help-show = Show a case with all its messages
    .example = samverkan show 222-222-2
    .reference = The reference of the case
    .accept-contact-rule = Accept how the person may be contacted, without being asked; the rule is shown first
help-save = Write an attachment to a file that only you can read
    .example =
        samverkan save 222-222-2 --attachment 1 -o report.pdf
        samverkan save 222-222-2 -o - | less
    .reference = The reference of the case
    .attachment = Its number, as samverkan show lists it; needed when there are several
    .output = Where to write it: a file, a folder, or - for stdout
    .force = Replace a file that is there
help-reply = Answer in a case; the sender gets proof that there is an answer
    .example =
        samverkan reply 222-222-2
        samverkan reply 222-222-2 --text-file answer.txt --attach report.pdf
    .reference = The reference of the case
    .text-file = The text, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-review = Tell the sender that somebody looks at a referral
    .example =
        samverkan review 222-222-2
    .reference = The reference of the case
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-accept = Accept a referral
    .example =
        samverkan accept 222-222-2 --contact-by 2026-12-01
    .reference = The reference of the case
    .contact-by = The day by which you contact the person
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-decline = Decline a referral, with a reason; a concern report can not be declined
    .example =
        samverkan decline 222-222-2 --reason NO_CAPACITY --suggest kj-exempel/stod
    .reference = The reference of the case
    .reason = Why; on a terminal you are asked
    .suggest = A mailbox that may be asked instead
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-waitlist = Put a referral on the waiting list
    .example =
        samverkan waitlist 222-222-2
    .reference = The reference of the case
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-ask = Ask the sender of a referral for more; it waits until they reply
    .example =
        samverkan ask 222-222-2
        samverkan ask 222-222-2 --text-file question.txt
    .reference = The reference of the case
    .text-file = The question, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-forward = Pass a referral on to somebody else, within the consent or on another ground; its sender learns where it went
    .example =
        samverkan forward 222-222-2 --to kj-exempel/stod
        samverkan forward 222-222-2 --to soc-exempel/mottagning --basis VITAL_INTEREST
    .reference = The reference of the case
    .to = The mailbox that gets it; under a consent one that the consent names
    .basis = The legal basis, when it is another than that on which it came
help-start = Tell the sender of a referral that the person was contacted for the first time
    .example =
        samverkan start 222-222-2
    .reference = The reference of the case
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-close = Close a referral with its outcome
    .example =
        samverkan close 222-222-2 --outcome COMPLETED
        samverkan close 222-222-2 --outcome FAILED --reason COULD_NOT_CONTACT
    .reference = The reference of the case
    .outcome = How it ended; ENTERED_IN_ERROR is for the sender
    .reason = Why it failed; on a terminal you are asked
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-reopen = Take up again what was declined or closed
    .example =
        samverkan reopen 222-222-2
    .reference = The reference of the case
    .text-file = A text that goes with it, from a file or - for stdin
    .attach = Files to attach; while the command runs, others on this computer can see their names: when a name tells something, name the files in --from-file
    .keep-metadata = Leave in pictures where, when and with what they were taken; it is taken away otherwise
    .from-file = A JSON file with text, attachments and keep_metadata; - for stdin
help-sent = Fetch receipts, and list the cases that began here
    .example = samverkan sent --unanswered
    .unanswered = Only cases that nobody has answered
    .offline = Show what is here without asking the hub
help-track = Show how far each message of a case got, by what is proven
    .example =
        samverkan track 222-222-2
        samverkan track 222-222-2 --wait DELIVERED --timeout 2d
        samverkan track 222-222-2 --wait ACCEPTED
    .reference = The reference of the case
    .wait = Wait until every message got this far, or every referral came to this, or ended otherwise
    .timeout = Give up waiting after this long, such as 30m or 2d
    .offline = Show what is here without asking the hub
help-resend = Send again what ended undelivered in a case, sealed for the keys of today, to those who did not get it
    .example =
        samverkan resend 222-222-2
        samverkan resend 222-222-2 --consent 333-333-R
    .reference = The reference of the case
    .consent = Another consent than the one it was first sent under, when that has no message left
help-discard = Take what ended undelivered in a case off the list; what the hub never had is deleted
    .example = samverkan discard 222-222-2
    .reference = The reference of the case
help-recall = Take back what was sent in a case: what nobody has fetched is destroyed, whoever has it is told to stop
    .example =
        samverkan recall 222-222-2
        samverkan recall 222-222-2 --yes
    .reference = The reference of the case
    .yes = Do not ask
help-receipts = Show the proofs of what became of a case, write them to a file, or check such a file
    .example =
        samverkan receipts 222-222-2
        samverkan receipts 222-222-2 -o proofs.json
        samverkan receipts --verify proofs.json
    .reference = The reference of the case
    .output = Write the proofs to this file, or - for stdout, for others to check
    .verify = Check a file of proofs against the hub's keys; needs no network and no passphrase
    .offline = Show what is here without asking the hub
help-export = Write a case in the clear, for your own archive, another system, or paper; the attached files are not part of it
    .example =
        samverkan export 222-222-2 --format print -o case.txt
        samverkan export 222-222-2 --format fhir -o - > case.json
    .reference = The reference of the case
    .format = What to write: a JSON document of ours, a FHIR R4 Bundle, or plain text to print
    .output = Where to write it: a file that does not exist, a folder, or - for stdout
help-watch = Stay connected and print a neutral line when something happens, until Ctrl-C or SIGTERM
    .example = samverkan watch --json
help-consent = Write down what a person agreed to, and end it when they withdraw it
    .example = samverkan consent record
help-consent-record = Write down a consent before anything is sent under it
    .example =
        samverkan consent record
        samverkan consent record --to boj-exempel/stod --category contact --until 2099-12-31 --how VERBALLY --evidence-file note.txt
    .to = A mailbox that may be told; repeat it for several
    .purpose = What the passing-on is for; REFERRAL if absent
    .category = What may be told, a word of a-z, 0-9 and -; repeat it for several
    .until = The last day on which it holds, such as 2027-01-31
    .how = How it was given
    .messages = How many messages may be sent under it; one to each recipient if absent
    .evidence-file = What shows that it was given, from a file or - for stdin; it is sealed
    .from-file = A JSON file with to, purpose, categories, until, how, messages and evidence; - for stdin
help-consent-refuse = Note that a person said no: a number on this computer, nothing about who, and nothing is sent
    .example = samverkan consent refuse
help-consent-show = List the consents that can still be used, or show one and what became of what was sent under it
    .example =
        samverkan consent show
        samverkan consent show 222-222-2
    .consent = The consent, as samverkan consent record named it; all that can be used if absent
help-consent-withdraw = Withdraw a consent: nothing more is sent under it, and whoever has something is told to stop
    .example =
        samverkan consent withdraw 222-222-2
        samverkan consent withdraw 222-222-2 --reason RECORDED_IN_ERROR --yes
    .consent = The consent, as samverkan consent record named it
    .reason = Why; the hub sees it. PERSON_WITHDREW if absent
    .yes = Do not ask
help-consent-comply = Destroy what came under a consent that was withdrawn, and say so to the sender
    .example = samverkan consent comply 222-222-2
    .reference = The reference of the case
    .yes = Do not ask
help-consent-retain = Keep what came under a consent that was withdrawn, and say to the sender on what ground
    .example = samverkan consent retain 222-222-2 --ground DUTY_TO_DOCUMENT
    .reference = The reference of the case
    .ground = Why it must be kept; the sender sees it, the hub does not
help-org = Show organisations, and find out whether they are who they say
    .example = samverkan org show
help-org-list = List every organisation of the hub, suspended ones too
    .example = samverkan org list
    .refresh = Ask the hub for news first, which takes the passphrase
help-org-show = Show an organisation and its safety number
    .example =
        samverkan org show
        samverkan org show boj-exempel
    .handle = The organisation; your own, if absent
    .refresh = Ask the hub for news first, which takes the passphrase
help-org-verify = Write down that you compared a safety number over the telephone
    .example =
        samverkan org verify boj-exempel
        samverkan org verify boj-exempel --how BY_TELEPHONE --new-keys
    .handle = The organisation
    .number = The sixty digits as you heard them; you are shown them and asked if absent
    .how = How you compared: on a telephone number you already had, or face to face; asked if absent
    .new-keys = The organisation has new keys, which you know from itself: forget what was compared before
    .after-recovery = You called them on a number you already had, and it was they who used their recovery kit
help-org-threshold = Say how many admins must sign each change of your organisation
    .example = samverkan org threshold 2
    .admins = How many
    .proposal = Where to write the proposal when other admins must sign it first
help-org-cosign = Sign a change that another admin proposes; it stands once enough have
    .example = samverkan org cosign samverkan-proposal-7.txt
    .proposal = The file that the other admin gave you, or - for stdin
    .yes = Sign without asking
help-agreement = What organisations may send each other: offer it, sign it, end it
    .example = samverkan agreement list
help-agreement-propose = Offer another organisation terms, signed by you; they stand once its admins have signed them too
    .example =
        samverkan agreement propose --to boj-exempel/stod --class REFERRAL --basis CONSENT --answer-within 2d --valid-until 2099-12-31
        samverkan agreement propose --from polisen-exempel --to boj-exempel --class REFERRAL --basis CONSENT --valid-until 2099-12-31
    .to = Who receives: an organisation, or one of its mailboxes; repeat it for several mailboxes
    .from = Who sends; your own organisation, if absent
    .class = What may be sent; repeat it for several
    .basis = On which legal basis; repeat it for several
    .answer-within = Within which time the recipient answers, such as 4h or 2d; it becomes what a message asks for
    .valid-from = The first day on which it holds, such as 2027-01-01; at once, if absent
    .valid-until = The last day on which it holds
    .replaces = The agreement whose next version this is, by the beginning of its number
    .proposal = Where to write the file for the next admin
    .yes = Sign without asking
help-agreement-sign = Read what another admin has offered, and sign it; the last signature publishes it
    .example = samverkan agreement sign samverkan-agreement-3f9a21c7-1.txt
    .proposal = The file that the other admin gave you, or - for stdin
    .yes = Sign without asking
help-agreement-list = List the agreements of your organisation, and what this hub asks for
    .example = samverkan agreement list
    .all = Those too that have run out or were ended
    .refresh = Ask the hub for news first
help-agreement-end = End an agreement for both sides, which takes no more than your own admins
    .example = samverkan agreement end 3f9a21c7
    .agreement = The beginning of its number
    .proposal = Where to write the file when other admins of yours must sign it first
    .yes = Sign without asking
help-member = The computers that belong to your organisation: who comes, who goes
    .example = samverkan member list
help-member-list = List the devices of your organisation, what they may do and which mailboxes they read
    .example = samverkan member list
    .refresh = Ask the hub for news, which must answer
help-member-invite = Make an invitation for a person who is to become a member; it works once, for 72 hours
    .example =
        samverkan member invite --role handler --mailbox stod
        samverkan member invite --role admin --role handler --mailbox stod --label reception
    .role = What the device may do: sign for the organisation, read and send, or read; repeat it for several
    .mailbox = A mailbox that it is to read; repeat it for several
    .label = What the device is called on this computer; nobody else learns of it
help-member-approve = See who waits with one of your invitations, and take them in
    .example =
        samverkan member approve
        samverkan member approve 1 --yes
    .number = Which request, when several wait
    .yes = Sign without asking
    .proposal = Where to write the proposal when other admins must sign it first
help-member-remove = Remove a device for good, and list what a colleague has to take over
    .example =
        samverkan member remove 3f2a
        samverkan member remove reception --reason lost
    .device = Its label, or at least the first four digits of its number
    .reason = Why it goes
    .with-mailboxes = Take mailboxes that nobody else reads away as well; what waits there goes back to its senders
    .yes = Sign without asking
    .proposal = Where to write the proposal when other admins must sign it first
help-member-role = Give a device of your organisation other roles
    .example =
        samverkan member role reception --role handler
        samverkan member role 3f2a --role admin --role handler
    .device = Its label, or at least the first four digits of its number
    .role = What it may do from now on; repeat it for several
    .proposal = Where to write the proposal when other admins must sign it first
help-member-withdraw = Take back an invitation of this computer that nobody was taken in with
    .example =
        samverkan member withdraw
        samverkan member withdraw 2
    .number = Which invitation, when there are several; the one that ends first is 1
help-member-label = Call a device something on this computer; nobody else learns of it
    .example = samverkan member label 3f2a reception
    .device = Its label until now, or at least the first four digits of its number
    .text = What it is called; a place or a function is better than a name
help-mailbox = The mailboxes of your organisation, and which devices read them
    .example = samverkan mailbox list
help-mailbox-list = List the mailboxes of your organisation and who reads them
    .example = samverkan mailbox list
    .refresh = Ask the hub for news, which must answer
help-mailbox-add = Add a mailbox: a function, never a person
    .example = samverkan mailbox add jour --reader 3f2a
    .name = Its name, in a-z, digits and -
    .reader = A device that reads it, this one if none is named; repeat it for several
    .proposal = Where to write the proposal when other admins must sign it first
help-mailbox-assign = Let devices read a mailbox
    .example =
        samverkan mailbox assign stod 3f2a
        samverkan mailbox assign stod 3f2a --remove
    .name = The mailbox
    .device = A device: its label, or at least the first four digits of its number
    .remove = Let them read it no more instead
    .proposal = Where to write the proposal when other admins must sign it first
help-key = Show this device's keys
    .example = samverkan key show
help-key-show = Show this device, its certificate and how long its keys last; no secret is shown
    .example = samverkan key show
help-key-passphrase = Choose another passphrase; the old one is asked for even when the profile is unlocked
    .example =
        samverkan key passphrase
        samverkan key passphrase --passphrase-file old.txt --new-passphrase-file new.txt
    .new-passphrase-file = Read the new passphrase from a file that only you can read; asked twice if absent
help-key-report-compromise = Cut off a device that is in other hands, and list every message that it could read
    .example =
        samverkan key report-compromise --since 2026-11-20T14:30 reception
        samverkan key report-compromise --since 2026-11-20 3f2a --yes
    .device = Its label, or at least the first four digits of its number; this device if absent, which says what to do
    .since = When it came into other hands, at the latest; what it sent later is not to be believed
    .with-mailboxes = Take mailboxes that nobody else reads away as well; what waits there goes back to its senders
    .yes = Sign without asking
    .proposal = Where to write the proposal when other admins must sign it first
help-log = Check the log of the hub, write it down for others, or see what its operators did
    .example = samverkan log verify
help-log-verify = Check a log from its first leaf on, without the hub: every record, rule and signature, and that all add up to what the hub signed
    .example =
        samverkan log verify
        samverkan log verify logg.txt
    .file = An exported log, or evidence that a log was forked; the copy on this computer, if absent
help-log-export = Write the copy on this computer to a file that anybody can check
    .example = samverkan log export -o logg.txt
    .output = The file, which must not exist, or - for stdout
help-log-actions = List what the hub's operators have signed, from the copy on this computer: whom they admitted, suspended or removed, and with which keys
    .example = samverkan log actions
help-unlock = Give the passphrase once for a while; anyone at this computer can act as you meanwhile
    .example =
        samverkan unlock
        samverkan unlock --for 2h
    .for = For how long, such as 30m or 2h; at most 8h after the passphrase was typed, sleep included; 30m if absent
help-lock = Forget the key that unlock keeps; a command that runs already comes to its end
    .example = samverkan lock
help-doctor = Check that everything here is as it should be; what it prints names nobody
    .example = samverkan doctor
help-profile = Keep several organisations apart on one computer
    .example = samverkan profile list
help-profile-add = Make a profile
    .example = samverkan profile add jour
    .name = Its name: a-z, 0-9 and -
help-profile-list = List the profiles
    .example = samverkan profile list
help-profile-use = Use a profile from now on
    .example = samverkan profile use jour
    .name = Its name
help-completions = Print what a shell needs to complete commands
    .example = samverkan completions bash > samverkan.bash
    .shell = The shell
help-man = Print a page of the manual, or write all of them to a folder
    .example =
        samverkan man
        samverkan man -o man1
    .command = The command whose page to print
    .out = Write every page to this folder
help-help = Show the help of a command or a topic
    .example =
        samverkan help
        samverkan help legal-bases
    .topic = A command or a topic
