### What goes wrong: one plain sentence, and in .next what to do about it.
### The name of a message is "error-" and the stable code in lower case.

## The program itself

error-program-defect = Something went wrong that should not be possible. Nothing more is known.
    .next = run samverkan doctor, and report what it prints
error-no-randomness = The operating system gave no random numbers, without which no key is safe. Nothing was done.
    .next = restart the computer and try again
error-memory-unprotected = The operating system did not let this program hide its memory from others. Nothing was done.
    .next = run it on another computer, or ask who looks after this one
error-interrupted = Stopped as you asked. Whatever was sealed already waits and is sent again by itself.
    .next = look at samverkan sent before you send anything again; every other command goes on when it is run again
error-not-confirmed = Nothing was sent, as you chose.
    .next = nothing; what you wrote is not kept
error-change-not-confirmed = Nothing was signed and nothing was changed, as you chose.
    .next = nothing; run the command again when you have decided
error-output-closed = Whoever read the output went away.
    .next = nothing
error-output-failed = The output could not be written ({ $cause }).
    .next = check the disk or the program that reads the output, and run the command again
error-output-is-terminal = That would print binary data on the terminal.
    .next = give a file with -o PATH, or send the output on to another program

## The command line: what was typed is never repeated

error-command-missing = There is no command.
    .next = run samverkan help
error-unknown-command = There is no such command.
    .next = { $similar ->
        [none] run samverkan help
       *[other] did you mean { $similar }? Otherwise run samverkan help
    }
error-unknown-argument = The command does not take one of the arguments.
    .next = { $similar ->
        [none] run the command with --help
       *[other] did you mean { $similar }? Otherwise run the command with --help
    }
error-argument-missing = { $option } is missing.
    .next = run the command with --help
error-argument-invalid = The value of { $option } is not one it takes.
    .next = { $allowed ->
        [none] run the command with --help
       *[other] give one of { $allowed }
    }
error-argument-conflict = { $option } can not be given together with { $other }.
    .next = run the command with --help
error-duration-invalid = That is not a duration.
    .next = give a number and a unit, such as 30m, 12h, 2d or 1w
error-unlock-too-long = A profile stays unlocked for { $hours } hours at most.
    .next = choose a shorter time, such as --for 2h
error-date-invalid = That is not a day.
    .next = give year, month and day, such as 2027-01-31
error-time-invalid = --since does not name a time that has passed.
    .next = give the day, such as 2026-11-20, or the minute where you are, such as "2026-11-20 14:30"
error-mailbox-name-invalid = That can not be the name of a mailbox.
    .next = name a function in the letters a-z, digits and -, such as stod
error-place-invalid = A place is given as the four digits of a municipality, as Statistics Sweden has them.
    .next = look the municipality's code up; Uppsala, for one, is 0380
error-safety-number-malformed = That is not a safety number: it has sixty digits.
    .next = ask for it again, and write down twelve groups of five digits
error-input-too-large = The input is longer than { $max } bytes. It was not used.
    .next = shorten it, or attach it as a file with --attach
error-input-not-text = What was given is not plain UTF-8 text.
    .next = save it as UTF-8 text and run the command again
error-stdin-twice = Stdin can be read once only.
    .next = give one of the files by its path
error-input-file-unusable = The file of { $option } was not used: { $cause }.
    .next = check the name and the rights of the file
error-attachment-unusable = Attachment { $number } (--attach) was not used: { $cause }. Nothing was sent.
    .next = attach a plain file that you can read
error-file-not-json = The file is not a JSON object.
    .next = check it; samverkan send --help lists the fields
error-field-unknown = The file has a field that is not one of { $known }.
    .next = check the spelling of its fields, or leave the field out
error-field-invalid = The field { $field } of the file has a value that it does not take.
    .next = check its value against samverkan send --help
error-form-unknown = There is no form { $form }. There are: { $known }.
    .next = name one of these
error-form-not-for-class = The form is not for messages of this class. Nothing was sent.
    .next = leave --form out and answer the questions, or see samverkan send --help for the class of each form
error-form-field-missing = { $form } needs { $field }, and it is not there. Nothing was sent.
    .next = fill { $field } in and send again
error-form-field-invalid = { $field } of { $form } has a value that it does not take. Nothing was sent.
    .next = { $kind ->
        [flag] write true or false
        [number] write a whole number in the range that the form allows
        [date] write a day such as 2027-01-31
        [one] write one of: { $codes }
        [several] write one or more of: { $codes }
       *[other] write a text that is neither empty nor too long, on one line if the form asks for a line
    }
error-form-field-unknown = There is a field that { $form } does not have. Nothing was sent.
    .next = use these: { $known }
error-safe-contact-missing = { $form } is about violence, and how the person can be contacted safely is not said. Nothing was sent.
    .next = ask the person, fill in { $fields }, and send again
error-contact-rule-not-accepted = { $reference } says how the person may be contacted, and nobody here has accepted that. Nothing else of it was opened.
    .next = read the rule: samverkan show { $reference }, and accept it there or with --accept-contact-rule
error-protected-identity = The personal data in { $reference } are protected, or nobody has asked whether they are. Nothing of it was passed on or exported.
    .next = answer the sender with samverkan reply { $reference }; whoever else needs to know is told by them
error-section-unknown = There is no section { $section }. There are: { $known }.
    .next = name one of these, or none
error-section-does-not-apply = The section of law does not support this legal basis today. Nothing was sent.
    .next = name a section that does, or none
error-reference-invalid = That is not a reference: a symbol was misread or is missing.
    .next = read it again; it looks like K7M-4QD-9
error-mailbox-invalid = That is not a mailbox.
    .next = give organisation and function, such as boj-exempel/stod; samverkan find lists them
error-input-unreadable = The input can not be read ({ $cause }).
    .next = run the command again, with its answers as options if there is no terminal
error-topic-unknown = There is no such command or topic.
    .next = run samverkan help

## Where things are kept

error-home-not-set = It is not known where to keep your keys: HOME is not set.
    .next = set HOME, or set SAMVERKAN_HOME to a folder of your own
error-home-not-absolute = { $variable } does not hold an absolute path.
    .next = set { $variable } to a path that starts with /
error-home-unusable = The folder { $path } can not be used ({ $cause }).
    .next = make it writable for you, or set SAMVERKAN_HOME to a folder that is
error-profile-missing = The profile { $profile } is not set up on this computer.
    .next = run samverkan join with the invitation you got
error-profile-busy = Another samverkan is using the profile { $profile }.
    .next = let it finish and try again
error-profile-name-invalid = A profile name is 1 to 32 of a-z, 0-9 and -, and does not start with -.
    .next = choose another name
error-file-missing = { $path } does not exist.
    .next = check the name and run the command again
error-file-exists = { $path } exists already and was not overwritten.
    .next = choose another name, or move the old file away
error-file-unsafe = { $path } was not used: { $cause }.
    .next = put a real file or folder of your own in its place
error-file-exposed = Others on this computer can read or change { $path } (mode { $mode }).
    .next = take their rights away with chmod go-rwx, and think about who may have read it
error-file-too-large = { $path } is larger than { $max } bytes. It was not read.
    .next = choose another file
error-disk-full = The disk is full; { $path } was not written, and nothing half written is left.
    .next = free some space and run the command again
error-file-unusable = { $path } can not be used ({ $cause }).
    .next = check the file and its rights, and run the command again
error-file-damaged = A sealed file is damaged or has been exchanged. Do not trust it.
    .next = run samverkan doctor; if somebody else could change your files, call the operator and have your organisation suspended
error-content-too-large = That is too long to be kept sealed.
    .next = shorten it, or attach it as a file

## The passphrase and the keystore

error-passphrase-needed = Your passphrase is needed and there is no terminal to ask you on.
    .next = give --passphrase-file PATH or --passphrase-fd N
error-passphrase-empty = The passphrase is empty.
    .next = choose a passphrase of several words
error-passphrase-too-short = The passphrase is too short: eight characters are the least.
    .next = choose a passphrase of several words
error-passphrase-too-long = The passphrase is longer than 1024 bytes.
    .next = choose a shorter one, and check that the right file was named
error-passphrase-not-text = The passphrase is not one line of plain UTF-8 text.
    .next = check that the right file was named
error-passphrase-mismatch = The two passphrases differ. Nothing was changed.
    .next = try again
error-passphrase-unreadable = The passphrase can not be read ({ $cause }).
    .next = check the file or descriptor; a file must be readable by you alone
error-wrong-passphrase = That passphrase does not open the keystore. Nothing was changed.
    .next = try again; if it is lost, begin anew on an empty profile with samverkan recover and the recovery kit
error-keystore-missing = There are no keys in this profile yet.
    .next = run samverkan join with the invitation you got
error-keystore-damaged = The keystore is damaged or was changed by another program. It was not used.
    .next = put back a copy of the profile folder from a backup, or begin anew on an empty profile with samverkan recover and the recovery kit
error-keystore-version = The keystore is of version { $version }, which this program does not know.
    .next = update samverkan on this computer
error-keystore-cost = The keystore asks for an unreasonable key derivation and was not opened. Somebody may have changed it.
    .next = put back a copy of the profile folder from a backup, or begin anew on an empty profile with samverkan recover and the recovery kit
error-keystore-memory = There is not enough memory to open the keystore.
    .next = close other programs and try again
error-keystore-changed = Another samverkan changed the keystore meanwhile. Nothing was changed.
    .next = run the command again
error-keystore-full = The keystore has no room for more.
    .next = close cases that are done, and shorten how long messages are kept

## The recovery kit

error-kit-invalid = The recovery kit can not be read: { $cause }.
    .next = compare it with the printed copy, word by word
error-kit-for-other = The recovery kit is that of { $handle }, which is not the organisation you named. Nothing was changed.
    .next = look for the right kit
error-kit-mismatch = The words of this recovery kit belong to another organisation than it says. Do not trust it.
    .next = fetch the other copy from the safe

## The way to the hub

error-hub-unreachable = The hub can not be reached ({ $cause }).
    .next = check the network and try again; what is sealed waits and is sent by itself
error-not-a-hub = What answers at that address is not a Samverkan hub.
    .next = check the address with the operator; a guest network may be asking you to log in first
error-hub-not-trusted = The hub's certificate is not one that was agreed on when you joined. Nothing was sent.
    .next = do not go on; call the operator on a number you already had
error-hub-certificate-out-of-date = By this computer's clock, the hub's certificate is out of date.
    .next = check date and time on this computer; if they are right, tell the operator
error-hub-keys-changed = The hub shows other keys than those agreed on. Nothing was sent.
    .next = do not go on; call the operator on a number you already had
error-certificate-refused = The hub refuses this device's certificate: it is expired, or was withdrawn.
    .next = ask an administrator of your organisation, or the operator
error-protocol-version = The hub speaks protocol versions { $min } to { $max }, this program version 1.
    .next = update samverkan on this computer
error-hub-misbehaved = The hub answered in a way that this program does not understand ({ $cause }).
    .next = update samverkan; if that does not help, run samverkan doctor and tell the operator
error-clock-wrong = This computer's clock is { $minutes ->
        [one] one minute
       *[other] { $minutes } minutes
    } away from the hub's. Nothing was sent.
    .next = set date and time, and try again
error-already-joined = This profile belongs to an organisation already.
    .next = see it with samverkan org show; to join another hub, use another profile: samverkan --profile NAME join …
error-invite-other = An earlier try to join with another invitation is not finished.
    .next = go on with that invitation, or use another profile: samverkan --profile NAME join …
error-invite-for-other = { $number ->
        [none] The invitation is for { $organisation } ({ $handle }), not for the organisation you named. Nobody is a member yet.
       *[other] The invitation is for { $organisation } ({ $handle }, { $number }), not for the organisation you named. Nothing was signed.
    }
    .next = ask whoever gave it to you for an invitation for your own organisation
error-kit-copies-same = Both copies of the recovery kit would be the same file.
    .next = name two different places
error-membership-waits = This computer has asked to become a member, and no admin has approved it yet.
    .next = ask the admin who invited you to run samverkan member approve, then run samverkan join
error-admin-only = Only an admin of your organisation may do this, and this device is none.
    .next = ask an admin; samverkan member list shows who they are
error-member-request-unknown = There is no such request for membership. It may have been approved, or its 72 hours are over.
    .next = run samverkan member approve to see who waits, or invite the person again with samverkan member invite
error-member-request-forged = A request came with one of your invitations, and was not made by whoever holds it: somebody has put other keys in its place. Nothing was signed.
    .next = do not trust this hub; call the operator on a number you already had
error-member-unknown = Your organisation has no device that is called { $device }.
    .next = run samverkan member list; a device goes by its label, or by at least the first four digits of its number
error-member-ambiguous = More than one device of your organisation could be meant by { $device }.
    .next = run samverkan member list, and give more digits of the number
error-label-invalid = That can not be what a device is called: a label is one line of at most 100 bytes and does not look like a device's number.
    .next = choose words such as: computer at the reception
error-roles-contradict = A device reads a mailbox only with the role of a reader or handler.
    .next = give the role with --role handler or --role reader
error-mailbox-unknown = Your organisation has no mailbox of that name.
    .next = run samverkan mailbox list; samverkan mailbox add makes one
error-mailbox-exists = Your organisation has the mailbox { $mailbox } already.
    .next = let further devices read it with samverkan mailbox assign
error-mailbox-full = At most 16 devices read one mailbox, and { $mailbox } has as many.
    .next = take one off with samverkan mailbox assign --remove, or add another mailbox
error-last-admin = Your organisation would have no admin left, and could never be changed again. Nothing was changed.
    .next = first make another device an admin: samverkan member invite --role admin; if the only admin's computer is in other hands, begin anew on another one with the recovery kit: samverkan recover
error-last-reader = Nobody but this device reads { $mailbox }. Mail that waits there would be lost. Nothing was changed.
    .next = first let another device read it with samverkan mailbox assign; or take the mailbox away as well with member remove --with-mailboxes, and what waits goes back to its senders
error-last-mailbox = Your organisation would have no mailbox left. Nothing was changed.
    .next = first let another device read one with samverkan mailbox assign
error-threshold-invalid = Changes can be signed by 1 to { $admins } admins, as many as your organisation has.
    .next = give a number between these
error-nothing-to-change = Everything is already as you ask. Nothing was changed.
    .next = nothing
error-too-many-in-manifest = Your organisation has as many { $field } as one can have.
    .next = remove one that is not used any more
error-signers-missing = This device's signature does not count for this change: a device can not sign its own removal, nor one that came later than the change.
    .next = let another admin run the command
error-proposal-invalid = The file is no proposal for a change of your organisation, or somebody has changed it.
    .next = ask the admin who made it for the file again, and compare what it says
error-proposal-outdated = Your organisation has changed since this proposal was made. Nothing was signed.
    .next = ask the admin who made it to make it again
error-proposal-signed = This device has signed the proposal before.
    .next = give the file to another admin
error-device-copied = The directory has a key of this device that this device did not make: somebody else has its keys.
    .next = stop using this device, and call the operator to have your organisation suspended
error-key-changed = { $recipient } is not the organisation whose safety number you compared. Nothing was sent.
    .next = call them on a number you already had; if they have new keys and read out the new number, samverkan org verify HANDLE --new-keys
error-recovery-unconfirmed = Somebody has used the recovery kit of { $recipient }, and new keys read its mail. Nothing was sent.
    .next = call them on a number you already had; if it was they, samverkan org verify HANDLE --after-recovery, then samverkan resend what was not delivered
error-comparison-worthless = A number from the directory, an e-mail or the internet proves nothing: who exchanges keys exchanges those too. Nothing was recorded.
    .next = call them on a number you already had, or meet them
error-message-untrusted = A message came that can not be trusted. Nothing of it is shown or kept.
    .next = ask whoever may have written to you, by telephone, to send it again; tell the hub's operator if it happens again
error-log-forked = The hub shows a directory that contradicts itself ({ $cause }). Nothing is sent any more.
    .next = call the operator on a number you already had; the evidence is in the profile folder, directory/evidence.json
error-log-stale = The hub has not said for more than a day that the directory it shows is the newest. It may hide that a key was revoked. Nothing was sent; what came can be read.
    .next = try again in an hour; if it stays so, call the operator on a number you already had
error-log-invalid = This is not a log that can be believed: { $cause }.
    .next = get the file again; if this is the copy of this computer, ask the hub for it anew: samverkan org list --refresh
error-log-not-refreshed = The directory on this computer is more than a day old, and the hub can not be reached. Nothing was sent; what came can be read.
    .next = try again when the hub can be reached; see samverkan doctor
error-invite-malformed = That is not an invitation, or part of it is missing.
    .next = copy the whole text that starts with svki1-

## What the hub refuses

error-certificate-required = The hub does not know who is calling.
    .next = run samverkan join with the invitation you got
error-device-unknown = No organisation says that this device is one of its own.
    .next = ask an administrator of your organisation
error-device-revoked = Your organisation has withdrawn this device. It can neither read nor send.
    .next = ask an administrator of your organisation
error-organisation-recovered = The recovery kit of your organisation was used on another computer, and this device and all others were revoked.
    .next = if it was none of you, somebody has your kit: call the hub's operator at once, on a number you already had, and have your organisation suspended
error-device-expired = This device's time has run out.
    .next = ask an administrator of your organisation to renew it
error-organisation-pending = The operator has not confirmed your organisation yet.
    .next = call the operator and read out the safety number that samverkan org show prints
error-organisation-suspended = Your organisation is suspended.
    .next = call the operator
error-organisation-removed = Your organisation was removed from this hub.
    .next = call the operator
error-operator-only = Only the operator may do this.
    .next = ask the operator
error-invite-invalid = The invitation does not work: it is used, too old, or withdrawn.
    .next = ask whoever gave it to you for a new one
error-sender-mismatch = The hub takes this device for another sender than the message names.
    .next = run samverkan doctor, and report what it prints
error-role-missing = This device may not do that: it has not the role that it takes (whoever sends is a handler), or does not read that mailbox. Nothing was sent.
    .next = ask an admin of your organisation; samverkan member list shows what each device may do
error-legal-basis-not-available = Your kind of organisation may not send on that legal basis. Nothing was sent.
    .next = use CONSENT, VOLUNTARY_REPORT or VITAL_INTEREST
error-not-a-party = Neither sender nor recipient of that message is on this device.
    .next = check the reference
error-invalid-field = The hub does not take one part of what was sent ({ $field }).
    .next = update samverkan; if that does not help, run samverkan doctor, and report what it prints
error-stale-directory = The directory keeps changing while the message is sealed. It waits and is sent again by itself.
    .next = try again in a minute
error-recipient-unknown = A recipient is not known to the hub. Nothing was sent.
    .next = run samverkan find
error-recipient-suspended = A recipient is suspended. Nothing was sent.
    .next = run samverkan find to choose another
error-recipient-removed = A recipient has left this hub. Nothing was sent.
    .next = run samverkan find to choose another
error-clock-out-of-range = The message was sealed at another time than the hub's clock shows.
    .next = check date and time on this computer, and send again
error-message-expired = The message has expired.
    .next = send it again
error-blob-missing = An attachment has not reached the hub.
    .next = run the same command again; it goes on where it stopped
error-consent-handle-unknown = The consent is not registered with the hub. Nothing was sent.
    .next = run samverkan consent record again
error-consent-handle-expired = The consent has expired. Nothing was sent.
    .next = ask the person, and run samverkan consent record again
error-consent-handle-used = The consent was used for another message already. Nothing was sent.
    .next = run samverkan consent record again
error-idempotency-conflict = The hub has another message under the same number.
    .next = run samverkan doctor, and report what it prints
error-message-gone = The hub has that message no longer.
    .next = run samverkan receipts to see what became of it
error-message-unknown = The hub does not know that message.
    .next = check the reference
error-blob-unknown = The hub does not know that attachment.
    .next = ask the sender to send it again
error-offset-out-of-range = The hub has less than this program thought.
    .next = run the same command again
error-upload-in-progress = The same attachment is being sent by another program.
    .next = let it finish and try again
error-manifest-refused = The hub does not accept the organisation's new entry ({ $field }).
    .next = run samverkan doctor, and report what it prints
error-epoch-key-refused = The hub does not accept this device's new keys ({ $field }).
    .next = if somebody may have copied this device's keys, call the operator to have your organisation suspended
error-receipt-refused = The hub does not accept a receipt of this device ({ $field }).
    .next = run samverkan doctor, and report what it prints
error-message-too-large = The message is too large.
    .next = shorten it, or attach parts of it as files
error-organisation-unknown = There is no organisation of that name.
    .next = run samverkan find
error-state-conflict = The organisation's state does not allow that now.
    .next = run samverkan org show
error-handle-taken = An organisation with that name exists already.
    .next = ask the operator for another name
error-number-taken = An organisation with that organisation number exists already.
    .next = ask the operator which one it is
error-safety-number-wrong = The safety numbers differ. Do not trust this organisation.
    .next = call the operator on a number you already had
error-operator-signature-required = An operator of the hub must sign that.
    .next = this is for the operator: samverkan-hub operator list
error-action-refused = An operator's action does not count ({ $field }).
    .next = this is for the operator: samverkan-hub operator list
error-busy = The hub is busy.
    .next = try again in a minute
error-storage-full = The hub has no room at the moment.
    .next = try again later, and tell the operator
error-quota-exceeded = Your organisation's share of the hub is used up.
    .next = wait until messages have been fetched, or call the operator
error-rate-limited = Too many attempts in a short time.
    .next = wait a minute and try again
error-draining = The hub is restarting.
    .next = try again in a minute
error-store-failed = The hub's disk has failed; it takes nothing until that is mended.
    .next = try again later, and tell the operator
error-log-behind = The hub was restored from a backup, and takes nothing until a member's program has given it back the end of its directory.
    .next = try again later; any program that was connected shortly before the loss mends it by connecting
error-record-damaged = Something stored on the hub is damaged.
    .next = tell the operator, and ask the sender to send it again
error-internal = The hub failed to do that.
    .next = try again in a minute; if it goes on, tell the operator
error-deadline-exceeded = The hub took too long and gave up; it may or may not have done it.
    .next = run the same command again: nothing is done twice

## Composing, and what is kept

error-recipient-missing = The message has no recipient.
    .next = name one with --to ORGANISATION/MAILBOX; samverkan find lists them
error-recipient-is-sender = { $recipient } is the mailbox the message comes from.
    .next = choose another recipient
error-recipient-has-no-key = No computer of { $recipient } has been online lately enough to get sealed mail. Nothing was sent.
    .next = call them and ask them to start samverkan, then send again
error-too-many-recipients = A message has at most 16 recipients.
    .next = send it in parts
error-too-many-devices = One message is sealed to at most { $max } computers, and these recipients have more together: { $recipients }. Nothing was sent.
    .next = send it in parts, each to some of them
error-mailbox-ambiguous = This device reads more than one mailbox.
    .next = say which one the message comes from with --from ORGANISATION/MAILBOX
error-mailbox-not-own = This device does not read the mailbox that the message is to come from.
    .next = run samverkan org show to see the mailboxes
error-basis-missing = It is not said on which legal basis the message is sent.
    .next = name it with --basis; samverkan help legal-bases explains each
error-basis-not-allowed = A follow-up has no legal basis of its own.
    .next = leave --basis out
error-consent-missing = The basis is consent, and no consent is named. Nothing was sent.
    .next = run samverkan consent record, and name what it prints with --consent
error-consent-unknown = There is no consent of that name on this device.
    .next = run samverkan consent show
error-consent-does-not-cover = The consent does not cover { $recipient } for this purpose. Nothing was sent.
    .next = ask the person, and run samverkan consent record
error-consent-invalid = The consent is not complete: recipients, an end in the future, and 1 to 32 messages are needed.
    .next = run samverkan help consent
error-keep-too-long = A message waits at most 30 days.
    .next = choose a shorter time
error-too-many-attachments = A message has at most 16 attachments.
    .next = send it in parts
error-attachment-changed = An attachment changed while it was read. Nothing was sent.
    .next = close the program that changes it, and send again
error-attachment-unknown = There is no attachment of that number in the case.
    .next = run samverkan show to see the numbers
error-waits-in-outbox = The hub can not be reached. The message { $reference } is sealed and waits; nobody has it yet.
    .next = do not send it again: the next samverkan inbox hands it in
error-wait-timed-out = What was waited for did not happen in time. { $reference } goes on as it was.
    .next = call the recipient, or wait longer
error-ended-otherwise = A message of { $reference } ended before it got there.
    .next = run samverkan track, and send it to somebody who can take it
error-nothing-undelivered = Nothing in { $reference } has to be sent again: it arrived, or is on its way.
    .next = run samverkan track { $reference }
error-not-in-this-state = { $reference } is { $state }, in which this can not be done.
    .next = run samverkan track { $reference } to see how it came to that
error-not-your-step = That is for the other side of { $reference } to do, not for you.
    .next = run samverkan reply { $reference } and ask them
error-report-not-declinable = { $reference } is a concern report. Nobody can decline one or decide about it: it is dealt with, or handed over.
    .next = run samverkan start { $reference }
error-first-message-missing = This device has not got the message that { $reference } began with.
    .next = ask a colleague who was there before you
error-message-invalid = One part of the message is not allowed ({ $field }).
    .next = shorten or change it; samverkan help send lists the rules
error-case-unknown = There is no case { $reference } on this device.
    .next = run samverkan inbox or samverkan sent
error-case-ambiguous = More than one case is called { $reference }.
    .next = run samverkan inbox or samverkan sent, and tell the operator
error-receipt-invalid = The hub's receipt does not hold. The message waits in the outbox; do not trust this hub.
    .next = call the operator on a number you already had
error-evidence-invalid = The evidence can not be read, or does not hold.
    .next = ask for the file again

## Why: part of another sentence, thus without a capital letter and full stop

cause-as-told = { $told }
cause-missing = it does not exist
cause-exists = it exists already
cause-permission = permission denied
cause-is-folder = it is a folder
cause-not-folder = part of the path is no folder
cause-read-only = the disk can only be read
cause-disk-full = the disk is full
cause-file-name = a file can not be called that
cause-symlink = it is a symbolic link
cause-wrong-kind = it is of another kind than expected
cause-foreign-owner = it belongs to another user
cause-exposed = others can read or change it (mode { $mode })
cause-too-large = it is larger than { $max } bytes
cause-readable-by-others = others can read the file
cause-not-text = it is not text
cause-no-terminal = no terminal
cause-kit-line = line { $number } is not as it should be
cause-kit-word = word { $number } is not in the word list
cause-kit-checksum = the words do not belong together: one is wrong, or two are swapped
cause-connection-refused = connection refused
cause-connection-lost = connection lost
cause-connection-ended = the hub ended the connection
cause-no-network = no way to the hub
cause-no-answer = no answer in time
cause-unasked = more came than was asked for
cause-certificate-other-key = the certificate has another key
cause-certificate-unfit = the new certificate is not for this device, or already over
cause-invite-description = the invitation's description is not valid
cause-no-nonce = the greeting has no nonce
cause-not-in-directory = the directory does not have this organisation
cause-no-handle = the organisation has no handle
cause-manifest = the organisation's manifest is not valid
cause-not-a-synchronisation = the answer is not a synchronisation
cause-evidence-kept = evidence of a forked log is kept
cause-log-hub-keys = the log does not begin with the hub's keys
cause-log-unknown-device = an epoch key or certificate of an unknown device
cause-log-epoch-key-twice = two epoch keys for one week
cause-log-entry-out-of-order = the operator's entries are out of order
cause-log-after-removal = a removed organisation goes on
cause-log-names-differ = the operator and the organisation disagree on its name
cause-log-handle-twice = two organisations have the same handle
cause-log-root = the leaves do not add up to the checkpoint
cause-log-contradiction = a checkpoint contradicts an earlier one
cause-log-receipt = a receipt names another log
cause-log-stood-still = the hub showed an old state of its log as the newest
cause-log-cut-back = the hub's log is shorter than the one that it signed
cause-action-signature = an operator's action is not well signed: { $told }
cause-action-signatures = an operator's action has not the number of signatures that it needs
cause-action-repeated = an operator's action is there twice
cause-action-out-of-date = an operator's action was signed for another state
cause-action-not-possible = an operator's action is not possible in this state
cause-action-not-done = an entry does not do what an operator has signed
cause-audit-line = line { $line } is not one of an exported log
cause-audit-leaf = leaf { $index } breaks a rule: { $cause }
cause-audit-checkpoint = the checkpoint is not the hub's: { $told }
cause-audit-other-hub = the log is of a hub with other keys
