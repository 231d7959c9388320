### Help of the commands: what each does, an example, and one attribute an argument.

heading-usage = Usage:
heading-commands = Commands
heading-arguments = Arguments
heading-options = Options
heading-example = Example:
heading-exit-codes = Exit codes:

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
    .lang = The language to speak
    .help = Show help
    .version = Show the version

help-join = Make your organisation a member of a hub: keys, certificate, recovery kit
    .example =
        samverkan join invitation.txt
        samverkan join - --mailbox stod --kit a.txt --kit-copy b.txt --passphrase-file p < invitation.txt
    .invite = The invitation, a file that holds it, or - for stdin; while the command runs, others on this computer can see what stands on its command line
    .mailbox = The name of the first mailbox: a function, never a person
    .kit = Where to write the recovery kit
    .kit-copy = Where to write its second copy, best on another disk
help-find = Find who can help; the search is made on this computer and nobody learns of it
    .example =
        samverkan find
        samverkan find brottsofferjouren --near 0380 --service victim-support
    .words = Words of the name
    .near = The code of a municipality that must be served, four digits
    .service = A service that must be offered
    .refresh = Ask the hub for news first, which takes the passphrase
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
    .handle = The organisation
    .number = The sixty digits as you heard them; you are asked if absent
help-key = Show this device's keys
    .example = samverkan key show
help-key-show = Show this device, its certificate and how long its keys last; no secret is shown
    .example = samverkan key show
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
