### What "samverkan help TOPIC" prints.

help-topics-are = Topics, shown by samverkan help TOPIC:

topic-first-steps-title = First steps
topic-first-steps =
    You need the invitation that the operator gave your organisation: one long word
    that begins with svki1-. Save it in a file. Then:

      samverkan join invitation.txt makes the keys and writes the recovery kit

    Call the operator and read out the safety number that was printed. When the
    operator has compared it, your organisation can be found, send and receive:

      samverkan find                shows who can help
      samverkan send --to boj-exempel/stod
      samverkan inbox               shows what came in

    Nobody is helped because a message was sent. Look at samverkan sent --unanswered
    every working day, and call those who do not answer.

    This is not for emergencies. In an emergency, call 112.

topic-colleagues-title = Colleagues
topic-colleagues =
    Mail goes to a mailbox, and every device that reads the mailbox gets it. Let at
    least two devices read each: then nothing is lost with one of them.

      samverkan member invite --role handler --mailbox stod

    prints an invitation that works once, for 72 hours. Give it to your colleague over
    a way that nobody else reads. On the colleague's computer, samverkan join asks to
    be taken in and prints the number of the device. Let it be read out to you, and
    compare it when you run

      samverkan member approve

    An admin signs for the organisation: members and mailboxes. A handler reads and
    sends. A reader reads. samverkan member list shows who is what.

    When somebody leaves or a computer is lost, samverkan member remove cuts it off
    and lists the cases that a colleague has to take over. Whoever is removed can not
    come back; invite the person again. When a computer was stolen, or somebody else may
    have used it, run samverkan key report-compromise instead: it also says since when
    nothing of it is to be believed, and lists every message that it could read.

    With samverkan org threshold 2 two admins sign every change. What the first of
    them does is then written to a file, and samverkan org cosign signs it.

topic-exit-codes-title = Exit codes
topic-exit-codes =
    Every command ends with one of these numbers. A script may rely on them; a
    number is never given a second meaning. With --json, an error is a document on
    stderr with the fields code, class, message, next and exit. The code is what a
    program should look at: it is stable, the sentence is not.

topic-references-title = References
topic-references =
    Every thread has a reference such as K7M-4QD-9. It may be said aloud and written
    on paper: it reveals nothing to somebody who does not have the thread.

    Letters and digits that are easily mistaken for others are left out, and the
    last one is a check digit: a reference that was misread is noticed. Hyphens and
    capital letters do not matter.

    Where a command takes REF, it takes a reference.

topic-consent-title = Consent
topic-consent =
    A consent is the person's own decision. It says who may be told, what, what for,
    until when, and how it was given. Write it down before you send:

      samverkan consent record

    Each message that is sent under it uses up one of its handles. The hub knows the
    handles and nothing else; who the person is, and what was agreed, is sealed.
    Passing on to somebody whom the consent does not name is refused, here and by
    the recipient.

    The person may take it back at any time and need not say why:

      samverkan consent withdraw REF

    What nobody has fetched by then is destroyed, and whoever has something is told to
    stop and answers; samverkan consent show REF counts who has. What was read can not
    be made unread.

topic-legal-bases-title = Legal bases
topic-legal-bases =
    Every referral, concern report and information request names one:

      CONSENT             the person agreed
      DUTY_TO_REPORT      you must report, as when a child fares badly
      DUTY_TO_DISCLOSE    you must answer the one who asks
      SECRECY_ACT_GROUND  the secrecy act allows it; name the section in the text
      VOLUNTARY_REPORT    anybody may report a concern
      VITAL_INTEREST      life or health is at stake

    Volunteer organisations stand outside the secrecy act. They may use CONSENT,
    VOLUNTARY_REPORT and VITAL_INTEREST.

topic-evidence-title = Evidence
topic-evidence =
    What is proven about a message, by whom, and what it means:

      accepted    the hub has it on disk and takes responsibility
      handed over the bytes went to a device of the recipient
      delivered   the recipient's device says: decrypted, verified, on disk
      answered    the recipient's device says so, and the sealed answer that it names
                  is here

    Delivered is not read, read is not answered, and answered is not helped. It can
    also end otherwise: not sent because the hub refused it, refused by the
    recipient's program, expired because nobody fetched it, returned because the
    recipient was suspended, undecryptable, or unproven because its time is over and
    nobody has said what became of it. samverkan track says why and what to do;
    samverkan resend sends it again to those who did not get it.

    samverkan receipts REF -o FILE writes the proofs to a file. Whoever has joined
    this hub can check them, without a network:

      samverkan receipts --verify FILE

    It names an organisation only by the directory on the computer that checks. A key
    that is not in it is shown with a safety number instead of a name.
