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
