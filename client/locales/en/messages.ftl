### What the program says when all is well.

ask-passphrase = Passphrase:
ask-new-passphrase = New passphrase (several words are best):
ask-passphrase-again = The same passphrase again:

kit-explanation =
    This is the recovery kit of { $handle }.

    Whoever has these words speaks for the organisation. They are needed when every
    administrator's computer is lost, and never otherwise. Nobody will ever ask you for
    them by telephone, letter or e-mail.

    Print it twice. Put each copy in a sealed envelope, in two places that do not burn
    down together. Then delete this file, or keep it on a stick in the safe.

    To use it: samverkan key restore

## Profiles, manual, doctor

word-yes = yes
column-profile = PROFILE
column-chosen = CHOSEN
column-joined = JOINED
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
check-profile = the profile's folder is private
check-keystore = the keystore can be read, records
check-passphrase = the passphrase opens the keystore
check-certificate = the certificate can be read, days left
check-log = the copy of the log, entries
check-hub-clock = the hub answers, seconds between its clock and this one

## Questions

ask-default = [{ $default }]
ask-mailbox-name = What is your first mailbox called? Name a function, never a person:
ask-kit = Where should the recovery kit be written?
ask-kit-copy = Where should its second copy be written?
ask-safety-number = Which safety number did they read out to you?

## Progress

step-encrypting = sealing
step-uploading = sending
step-downloading = fetching
step-synchronising = bringing the directory up to date

## Joining

join-making-keys = Making keys and asking the hub. This takes a few seconds; if it is stopped, the same command goes on.
join-done = { $organisation } has joined the hub { $hub }.
join-kits = The recovery kit is in these two files. Print both and put them in two safe places:
join-next =
    next: call the operator, on a number you already had, and read out the safety number.
    Until the operator has compared it you can neither be found nor send nor receive.
test-hub = TEST hub: nothing here is real. Never enter anything about a real person.
cloud-folder = { $path } lies in a folder that is copied to another computer. Think about whether that is what you want.

## Organisations

directory-is-a-copy = The hub can not be reached. This is from the copy on this computer.
find-nobody = Nobody fits. Try fewer words, or samverkan find --refresh.
column-mailbox = MAILBOX
column-name = NAME
column-places = PLACES
column-services = SERVICES
column-verified = VERIFIED
column-handle = HANDLE
column-kind = KIND
column-state = STATE
place-anywhere = everywhere
trust-unverified = no
trust-verified = yes
trust-key-changed = KEY CHANGED
org-state = { $state } since { $since }
org-compare =
    Its safety number was not compared. To do that, call it on a number you already had,
    let them read it out, and run samverkan org verify with the handle.
label-mailbox = mailbox
label-mailboxes = mailboxes
label-safety-number = safety number
label-name = name
label-handle = handle
label-kind = kind
label-state = state
label-places = places
label-services = services
label-verified = verified
label-device = device
label-roles = roles
label-added = added
label-expires = expires
label-certificate-expires = certificate expires
label-keys-until = others can seal to this device until
