### What goes wrong: one plain sentence, and in .next what to do about it.
### The name of a message is "error-" and the stable code in lower case.

## The program itself

error-internal = Something went wrong that should not be possible. Nothing more is known.
    .next = run samverkan doctor, and report what it prints
error-no-randomness = The operating system gave no random numbers, without which no key is safe. Nothing was done.
    .next = restart the computer and try again
error-interrupted = Stopped as you asked. Whatever was sealed already waits and is sent again by itself.
    .next = run the same command again to go on
error-output-closed = Whoever read the output went away.
    .next = nothing
error-output-failed = The output could not be written ({ $cause }).
    .next = check the disk or the program that reads the output, and run the command again
error-output-is-terminal = That would print binary data on the terminal.
    .next = give a file with -o PATH, or send the output on to another program

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
    .next = run samverkan doctor; if somebody else could change your files, run samverkan key report-compromise
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
    .next = try again; if it is lost, run samverkan key restore with the recovery kit
error-keystore-missing = There are no keys in this profile yet.
    .next = run samverkan join with the invitation you got
error-keystore-damaged = The keystore is damaged or was changed by another program. It was not used.
    .next = put back a copy of the profile folder from a backup, or run samverkan key restore with the recovery kit
error-keystore-version = The keystore is of version { $version }, which this program does not know.
    .next = update samverkan on this computer
error-keystore-cost = The keystore asks for an unreasonable key derivation and was not opened. Somebody may have changed it.
    .next = put back a copy of the profile folder from a backup, or run samverkan key restore with the recovery kit
error-keystore-memory = There is not enough memory to open the keystore.
    .next = close other programs and try again
error-keystore-changed = Another samverkan changed the keystore meanwhile. Nothing was changed.
    .next = run the command again
error-keystore-full = The keystore has no room for more.
    .next = close cases that are done, and shorten how long messages are kept

## The recovery kit

error-kit-invalid = The recovery kit can not be read: { $cause }.
    .next = compare it with the printed copy, word by word
error-kit-mismatch = The words of this recovery kit belong to another organisation than it says. Do not trust it.
    .next = fetch the other copy from the safe
