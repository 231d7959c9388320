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
