### Vad programmet säger när allt går väl.

explained = fel [{ $code }] { $message } nästa steg: { $next } (slutkod { $exit })
moment = { $date } kl. { $hour }.{ $minute }

ask-passphrase = Lösenfras:
ask-new-passphrase = Ny lösenfras, minst åtta tecken (helst flera ord):
ask-passphrase-again = Samma lösenfras igen:

kit-explanation =
    Det här är återställningspaketet för { $handle }.

    Den som har de här orden talar för organisationen. De behövs när alla
    administratörers datorer är borta, och aldrig annars. Ingen kommer någonsin att
    be dig om dem per telefon, brev eller e-post.

    Skriv ut paketet två gånger. Lägg varje kopia i ett förseglat kuvert, på två
    platser som inte kan brinna ner samtidigt. Radera sedan filen, eller förvara den
    på ett minne i kassaskåpet.

    På en tom dator spärrar samverkan recover, med den här filen (eller med dess rader
    inskrivna i en fil), alla enheter som organisationen hade och gör den datorn till
    dess nya. De andra får veta det, och måste ringa er innan de skickar något igen.

## Profiler, handbok, kontroll

word-yes = ja
column-profile = PROFIL
column-chosen = VALD
column-joined = MEDLEM
column-unlocked = UPPLÅST TILL
profile-none = Det finns ingen profil än. samverkan join gör den första.
profile-added = Profilen { $profile } är klar.
profile-chosen = Profilen { $profile } används från och med nu.
profile-join-next = nästa steg: samverkan join INVITE --profile { $profile }
man-written =
    { $count ->
        [one] En sida skrevs.
       *[other] { $count } sidor skrevs.
    }
doctor-version = samverkan { $version }
doctor-ok = bra    { $check }
doctor-value = bra    { $check }: { $value }
doctor-failed = FEL    { $check }: { $code }
check-home = en plats att förvara saker på
check-profile = en profil i en mapp som bara du kan öppna
check-keystore = nyckelförrådet kan läsas, poster
check-unlocked = upplåst till
check-locked = låst: varje kommando frågar efter lösenfrasen
check-passphrase = lösenfrasen öppnar nyckelförrådet
check-certificate = certifikatet förnyas av sig självt, dagar kvar
check-key-weeks = andra kan försegla till den här enheten, veckor framåt
check-key-destroyed = gamla nycklar förstörs i tid, dagar till nästa
check-log = kopian av loggen, poster
check-outbox = meddelanden som väntar på att lämnas in
check-damaged = sparade meddelanden som inte går att öppna
check-hub-clock = hubben svarar, sekunder mellan dess klocka och den här

## Upplåsning

unlock-done = { $profile } är upplåst till { $until }. samverkan lock avslutar det genast.
lock-done = { $profile } är låst.
passphrase-changed = Lösenfrasen för { $profile } är en annan från och med nu. Säkerhetskopior av profilmappen öppnas fortfarande med den gamla.
lock-was-locked = { $profile } var redan låst.

## Frågor

ask-default = [{ $default }]
ask-number = Skriv ett tal från 1 till { $last }.
ask-again = nästa steg: { $next }
ask-keys = ↑↓ för att flytta, retur för att välja, skriv för att filtrera
ask-keys-several = ↑↓ för att flytta, mellanslag för att markera alla som stämmer, retur när det är klart
ask-numbered = { $number }. { $answer }
ask-paragraph = Skriv så många rader du behöver. Avsluta med en rad som bara innehåller en punkt.
ask-mailbox-name = Vad heter er första brevlåda? Ange en funktion, aldrig en person:
ask-kit = Var ska återställningspaketet skrivas?
ask-kit-copy = Var ska dess andra kopia skrivas?
ask-join = Är det här din organisation? Kortnamn och nummer kan aldrig ändras:
recover-about = { $organisation } ({ $handle }) på hubben { $hub }: { $devices ->
        [one] dess enda enhet spärras
       *[other] alla dess { $devices } enheter spärras
    }, och den här datorn tar deras plats. Post som ingen har hämtat går tillbaka till dem som skickade den.
recover-done = { $organisation } har börjat om på hubben { $hub }. Spärrade enheter: { $devices }.
recover-next =
    Alla som ni utbyter meddelanden med ser att återställningspaketet har använts, och
    skickar ingenting förrän de har ringt er. Ring dem, och läs upp säkerhetsnumret. Det
    som fanns på de förlorade datorerna är borta; det som ingen hade hämtat kan
    avsändarna skicka igen.
ask-recover = Spärra alla enheter, och börja om på den här datorn?
answer-not-recover = Nej, ändra ingenting
answer-recover = Ja, börja om
answer-not-ours = Nej, lägg inte upp något
answer-ours = Ja, det är vi

## Förlopp

step-encrypting = förseglar
step-uploading = skickar
step-downloading = hämtar
step-opening = öppnar
step-synchronising = uppdaterar katalogen

## Att gå med

join-making-keys = Gör nycklar och frågar hubben. Det tar några sekunder; om det avbryts fortsätter samma kommando.
join-invited = Driftoperatören för { $hub } bjuder in { $organisation }, organisationsnummer { $number }, med kortnamnet { $handle }.
join-done = { $organisation } har gått med i hubben { $hub }.
join-kits = Återställningspaketet finns i de här två filerna. Skriv ut båda och lägg dem på två säkra platser:
join-next =
    nästa steg: ring driftoperatören, på ett nummer som du redan hade, och läs upp säkerhetsnumret.
    Innan driftoperatören har jämfört det kan ni varken hittas, skicka eller ta emot.
join-waits =
    Du har bett att få bli medlem i { $organisation } ({ $handle }).
    En administratör måste godkänna det före { $until }.
join-waits-next =
    nästa steg: läs upp den här enhetens nummer för administratören som bjöd in dig, och kör samverkan join
    igen när det är godkänt. Då behöver du bara skriva din lösenfras.
join-member-done = Den här datorn är medlem i { $handle } på hubben { $hub }.
join-member-next = nästa steg: jämför säkerhetsnumret med en kollegas; samverkan org show visar deras.
test-hub = TEST-hubb: ingenting här är på riktigt. Skriv aldrig in något om en verklig person.
cloud-folder = { $path } ligger i en mapp som kopieras till en annan dator. Tänk efter om det är vad du vill.

## Organisationer

directory-is-a-copy = Hubben kan inte nås. Det här kommer från kopian på den här datorn.
find-nobody = Ingen stämmer in. Prova med färre ord, eller samverkan find --refresh.
find-asks-the-hub = Ingen stämmer in i katalogkopian på den här datorn. Hubben tillfrågas om vad som är nytt.
column-mailbox = BREVLÅDA
column-name = NAMN
column-places = OMRÅDE
column-services = TJÄNSTER
column-compared = JÄMFÖRT
column-handle = KORTNAMN
column-kind = TYP
column-state = STATUS
place-anywhere = överallt
trust-unverified = nej
trust-verified = ja
trust-verified-since = ja, { $date }
trust-moved = NEJ, ANDRA NYCKLAR ÄN FÖRUT
trust-recovered = INTE SEDAN ÅTERSTÄLLNINGEN
trust-key-changed = ÄNDRAD NYCKEL
org-state = { $state } sedan { $since }
org-compare =
    Dess säkerhetsnummer har inte jämförts. Gör det genom att ringa på ett nummer som du
    redan hade, låt dem läsa upp det, och kör samverkan org verify med kortnamnet.
org-moved =
    Den har andra nycklar än när ni först utbytte meddelanden, och ingen här har jämfört
    några av dem. Ring på ett nummer som du redan hade innan du skickar något.
org-recovered =
    Dess återställningspaket användes { $date }, och nya nycklar läser dess post. Om det
    inte var de läser en tjuv det du skickar. Ring på ett nummer som du redan hade, och
    kör sedan samverkan org verify med kortnamnet; dessförinnan skickas inget till den.
label-recovered = återställd
verify-recovered =
    Återställningspaketet för { $handle } användes { $date }; du hade jämfört dess
    säkerhetsnummer före det, { $before }. Numret är detsamma, även om en tjuv har paketet.
verify-recovered-new =
    Återställningspaketet för { $handle } användes { $date }. Säkerhetsnumret är detsamma
    som förut, även om en tjuv har paketet.
ask-recovered = Har du ringt dem, på ett nummer som du redan hade, och sade de att det var de som använde paketet?
answer-not-they = Nej, eller så har jag inte frågat dem
answer-they-did = Ja, jag ringde och det var de
verify-digits = Säkerhetsnumret för { $name } ({ $handle }), enligt katalogen:
verify-number = { $number }
ask-same = Läste de upp exakt de här sextio siffrorna för dig?
answer-other-digits = Nej, eller så har ingen läst upp dem
answer-same-digits = Ja, alla sextio
ask-how = Hur jämförde du?
answer-by-telephone = Per telefon, på ett nummer som jag redan hade
answer-in-person = Öga mot öga
answer-worthless = På annat sätt: ett nummer ur katalogen, ett e-brev, en webbsida
label-mailbox = brevlåda
label-mailboxes = brevlådor
label-safety-number = säkerhetsnummer
label-name = namn
label-handle = kortnamn
label-kind = typ
label-state = status
label-places = område
label-services = tjänster
label-compared = jämfört
label-device = enhet
label-roles = roller
label-added = tillagd
label-expires = går ut
label-certificate-expires = certifikatet går ut
label-certificate-renews = förnyas av sig självt
label-keys-until = andra kan försegla till den här enheten till
label-key-destroyed = den äldsta nyckeln förstörs

## Medlemmar och brevlådor

ask-applicant = Vem ska släppas in?
ask-approve = Stämmer enhetens nummer med det som personen läser upp? Den som släpps in läser det som kommer till de här brevlådorna:
ask-report = Ska enheten tas bort, för gott? Den kan aldrig komma tillbaka:
ask-invite = Vilken inbjudan ska tas tillbaka?
ask-remove = Ska enheten tas bort? Den kan aldrig komma tillbaka:
ask-cosign = Ska de här ändringarna undertecknas?
answer-change-nothing = Nej, ändra ingenting
answer-sign = Ja, underteckna
plain-line = { "  " }{ $line }
word-this-device = den här enheten
column-device = ENHET
column-label = ETIKETT
column-roles = ROLLER
column-mailboxes = BREVLÅDOR
column-added = TILLAGD
column-expires = GÅR UT
column-readers = LÄSES AV
member-invite-next =
    nästa steg: ge den här raden till personen, på ett sätt som ingen annan kan läsa. Personen kör samverkan join
    med den före { $until }, och du kör därefter samverkan member approve på den här datorn.
member-to-be-signed = Det här kommer att undertecknas för organisationen:
member-approved = Enheten är medlem (organisationens post nr { $serial }). Den får sitt certifikat när samverkan join körs där.
member-nobody-waits = Ingen som har bjudits in på den här datorn väntar.
member-invited-elsewhere = { $count ->
        [one] En ansökan kom med en annan dators inbjudan,
       *[other] { $count } ansökningar kom med andra datorers inbjudningar,
    } och bara där kan den godkännas.
member-role-changed = Enheten har de här rollerna från och med nu (organisationens post nr { $serial }).
member-invite-withdrawn = Inbjudan är återtagen: { $invite }. Ingen kommer in med den.
member-threshold =
    { $threshold ->
        [one] Ändringar undertecknas av en administratör.
       *[other] Ändringar undertecknas av { $threshold } administratörer.
    }
member-to-be-removed = Enheten { $device } kommer att tas bort: den kan därefter varken skicka eller hämta något.
member-removed = Enheten är borttagen (organisationens post nr { $serial }). Hubben avslutar dess anslutningar inom en sekund.
compromise-to-be-reported = Enheten { $device } kommer att tas bort, som en som har varit i andras händer sedan { $since }.
compromise-reported = Enheten är spärrad (organisationens post nr { $serial }). Hubben avslutar dess anslutningar inom en sekund, och alla får veta sedan när ingenting från den går att tro på.
compromise-readable = { $count ->
        [one] Den kunde läsa det här meddelandet
       *[other] Den kunde läsa de här { $count } meddelandena
    } av dem som den här datorn har sparat:
compromise-nothing-readable = Av meddelandena som den här datorn har sparat kunde den inte läsa något.
compromise-incomplete = Det som väntar hos hubben hämtades inte, så listan har bara det som den här datorn redan hade.
compromise-unseen = Den har läst brevlådor som den här datorn inte läser: { $mailboxes }. Fråga en kollega som läser dem vad som kom dit.
compromise-signed = Den undertecknade de här posterna för organisationen, nyast först. Tiderna är vad enheten sade, och den som hade den kunde ange vilka som helst. Se efter vad som gäller nu: samverkan member list, samverkan mailbox list.
compromise-signed-older = { $count ->
        [one] En äldre post
       *[other] { $count } äldre poster
    } visas inte.
compromise-next =
    Det som väntar på brevlådorna förseglas på nytt av avsändarna där ingen annan kan öppna det.
    nästa steg: ring dem som meddelandena handlar om, enligt era rutiner för förlorade uppgifter.
compromise-told-readable = EN DATOR HOS { $handle } VAR I ANDRAS HÄNDER sedan { $since }. Den kunde läsa det du skickade i { $references }.
compromise-told-doubtful = EN DATOR HOS { $handle } VAR I ANDRAS HÄNDER sedan { $since }. Det som kom från den i { $references } kan vara någon annans; ring innan du agerar på det.
mailbox-added = Brevlådan finns (organisationens post nr { $serial }).
mailbox-assigned = Brevlådans läsare är ändrade (organisationens post nr { $serial }).
threshold-set = Så många administratörer måste underteckna från och med nu (organisationens post nr { $serial }).
change-proposed =
    Undertecknat av { $signatures } av { $needed } administratörer. Ingenting har ändrats än.
    nästa steg: ge { $path } till en annan administratör, som kör samverkan org cosign med den.
proposal-says = Det här ändrar förslaget:
proposal-published = Förslaget är undertecknat av tillräckligt många administratörer och gäller (organisationens post nr { $serial }).
difference-device-added = {"  "}enheten { $device } tillkommer: { $roles }
difference-device-revoked = {"  "}enheten { $device } tas bort: { $reason }
difference-roles-changed = {"  "}enheten { $device } får andra roller: { $roles }
difference-device-renewed = {"  "}enheten { $device } får vara kvar längre
difference-device-changed = {"  "}enheten { $device } får en annan nyckel för sin anslutning, eller kortare tid
difference-mailbox-added = {"  "}brevlådan { $mailbox } tillkommer
difference-mailbox-removed = {"  "}brevlådan { $mailbox } tas bort
difference-reader-added = {"  "}enheten { $device } läser { $mailbox }
difference-reader-removed = {"  "}enheten { $device } läser inte { $mailbox } längre
agreement-published = Överenskommelsen gäller (version { $version } av { $id }). Alla i den här hubben kan läsa den.
agreement-ended-now = Överenskommelsen { $id } är avslutad, för båda sidor. Det som påbörjats enligt den kan fortfarande besvaras.
agreement-incomplete =
    Ingenting gäller än: { $sender } har { $sender_given } av { $sender_needed } underskrifter, { $recipient } har { $recipient_given } av { $recipient_needed }.
    Ge { $path } till nästa administratör, som kör samverkan agreement sign. Förslaget faller om 30 dagar. Filen är ingen hemlighet.
agreement-says = Det här undertecknar du:
agreement-ends = {"  "}Det avslutar överenskommelsen { $id } mellan { $sender } och { $recipient }.
agreement-parties = {"  "}{ $sender } får skicka till { $recipient }, från { $from } till { $until }:
agreement-clause = {"  "}- till { $mailbox }: { $classes }, med stöd av { $bases }
agreement-clause-answer = {"  "}- till { $mailbox }: { $classes }, med stöd av { $bases }; svar inom { $time }
agreement-every-mailbox = alla brevlådor
agreement-none = Din organisation har inga överenskommelser.
agreement-policy-open = I den här hubben får varje aktiv organisation skicka till alla andra; överenskommelser lägger till svarstider.
agreement-policy = I den här hubben skickas detta bara enligt en överenskommelse: { $classes }.
agreement-minutes = { $count ->
    [one] en minut
   *[other] { $count } minuter
}
agreement-hours = { $count ->
    [one] en timme
   *[other] { $count } timmar
}
agreement-days = { $count ->
    [one] ett dygn
   *[other] { $count } dygn
}
agreement-in-force = gäller
agreement-not-yet = gäller inte än
agreement-run-out = har gått ut
agreement-was-ended = avslutad
ask-agreement = Underteckna för din organisation?
column-agreement = ÖVERENSKOMMELSE
column-from = FRÅN
column-sends = SKICKAR
column-receives = TAR EMOT
column-what = VAD
column-basis = GRUND
column-answer = SVAR INOM
action-set-policy = vad som kräver en överenskommelse bestämdes
difference-threshold =
    { $threshold ->
        [one] {"  "}en administratör måste underteckna ändringar
       *[other] {"  "}{ $threshold } administratörer måste underteckna ändringar
    }
hand-over-unanswered = Ärenden som ingen har besvarat, för en kollega:
hand-over-begun = Ärenden som den här enheten har inlett och som väntar på svar:
hand-over-orphaned = Brevlådor som ingen annan läste, och som försvinner med den:
hand-over-unseen = Brevlådor som den här datorn inte läser; fråga en kollega som läser dem vad som väntar där:

## Att skriva

ask-who = Vem ska få det? Ord ur ett namn, eller en brevlåda som boj-exempel/stod:
ask-to = Vilken av dem?
ask-class = Vad är det?
ask-basis = Med stöd av vilken rättslig grund?
ask-form = Vilket formulär?
ask-section = Vilket lagrum?
answer-no-section = Inget av dem som står här
ask-part = Fylla i den här delen?
answer-leave-out = Nej, utelämna den
answer-fill-in = Ja
ask-optional = Det här får lämnas tomt.
answer-nothing = Inget svar
ask-several = Skriv numren på alla som stämmer, till exempel 1 3.
ask-which = Vilket svar vill du ge på nytt?
answer-again = Ändra ett svar först
answer-back = Tillbaka till föregående fråga
wizard-progress = Fråga { $number } av { $total }
wizard-part = { $part }
wizard-back = Skriv { $back } för att gå tillbaka till föregående fråga.
ask-consent = Med stöd av vilket samtycke?
ask-urgency = Hur snart måste någon agera?
ask-subject = Vad gäller det, på en rad? Det förseglas.
ask-text = Texten. Den förseglas.
ask-send = Ska det skickas?
answer-no = Nej, skicka ingenting
answer-yes = Ja, skicka det
class-referral = hänvisning: en person lämnas vidare till hjälp
class-information-request = begäran om uppgifter om en person
class-concern-report = orosanmälan: oro för ett barn
class-follow-up = uppföljning av något tidigare
basis-consent = samtycke: personen har gått med på det
basis-voluntary-report = frivillig anmälan: vem som helst får anmäla oro
basis-vital-interest = liv eller hälsa är i fara
basis-duty-to-report = anmälningsskyldighet: du måste anmäla
basis-duty-to-disclose = uppgiftsskyldighet: du måste svara den som frågar
basis-secrecy-act-ground = offentlighets- och sekretesslagen tillåter det
urgency-routine = i vanlig ordning
urgency-soon = inom en arbetsdag
urgency-acute = nu
mark-verified = (jämfört)
mark-unverified = (säkerhetsnumret inte jämfört)
send-verified = Säkerhetsnumret för { $to } är jämfört.
send-moved = VARNING: { $to } har andra nycklar än när ni först utbytte meddelanden, och ingen här har jämfört dem. Ring innan du skickar.
send-unverified = Säkerhetsnumret för { $to } är inte jämfört. Driftoperatören går i god för det, du gör det inte.
send-goes-to = Det går till { $to }.
send-accepted = { $reference } är förseglat och hos hubben.
send-track = Skickat är inte läst, och läst är inte hjälpt: samverkan track { $reference }
send-waits = { $reference } är förseglat och väntar här.
send-nothing-in-the-way = Ingenting hindrar att det här skickas. Ingenting skickades.
send-in-the-way = Det skulle nekas, och ingenting skickades:
attachment-is-folder = det är en mapp
attachment-is-pipe = det är ett rör eller en socket
attachment-is-device = det är en enhetsfil
attachment-not-cleaned = det är en bild som kan berätta var och när den togs, och det går inte att ta bort; bifoga en hel JPEG, PNG eller WebP på högst 64 MiB, eller använd --keep-metadata
attachment-cleaned = Bilaga { $number } är en bild; det som den berättade vid sidan av bilden, som plats, tid och enhet, togs bort. --keep-metadata behåller det.
attachment-too-large = den är större än 2 GiB

## Ärenden

stage-waiting = väntar här
stage-accepted = skickat
stage-handed-over = hämtat
stage-covered = behövs inte här: en annan brevlåda har det
stage-delivered = levererat
stage-answered = besvarat
stage-not-sent = INTE SKICKAT
stage-refused = AVVISAT av mottagarens program
stage-expired = UTGÅNGET, ingen hämtade det
stage-returned = RETURNERAT
stage-undecryptable = OLÄSBART
stage-unproven = OBEVISAT
stage-recalled = återtaget
stage-withdrawn = samtycket återkallat
thread-new = nytt
thread-overdue = FÖRSENAT
thread-answered = besvarat
thread-waiting = väntar på dig
state-sent = skickad
state-received = mottagen
state-in-review = någon tittar på den
state-info-requested = BER om mer
state-waitlisted = på väntelistan
state-accepted = accepterad
state-declined = AVBÖJD
state-referred-onward = hänvisad vidare
state-in-progress = pågår
state-completed = avslutad
state-failed = avslutad utan hjälp
state-recalled = återkallad
state-consent-withdrawn = SAMTYCKET ÅTERKALLAT
state-expired = UTGÅNGEN
state-entered-in-error = skickad av misstag
reason-no-capacity = det finns ingen plats
reason-not-eligible = verksamheten är inte till för den här personen
reason-out-of-area = personen bor någon annanstans
reason-service-not-provided = någon sådan verksamhet finns inte här
reason-already-known = personen får redan hjälp här
reason-missing-information = uppgifter som behövs saknas
reason-conflict-of-interest = någon här är jävig
reason-unsafe-to-contact = det finns inget säkert sätt att nå personen
reason-could-not-contact = personen gick inte att nå
reason-person-declined = personen vill inte
reason-duplicate = samma hänvisning har redan kommit
reason-language-not-available = ingen här talar språket
reason-wrong-recipient = den var avsedd för någon annan
reason-other = ett annat skäl
side-sender = avsändaren
side-recipient = mottagaren
step-words =
    { $step ->
        [review] { $side } tittar på hänvisningen
        [accept] { $side } har accepterat hänvisningen
        [decline] { $side } har avböjt hänvisningen
        [ask] { $side } har bett om mer
        [supply] { $side } har svarat på frågan
        [waitlist] { $side } har satt hänvisningen på väntelistan
        [start] { $side } har träffat eller nått personen
        [complete] { $side } har slutfört ärendet
        [fail] { $side } har avslutat ärendet utan hjälp
        [forward] { $side } har hänvisat vidare
        [reopen] { $side } har tagit upp ärendet igen
        [recall] { $side } har återkallat hänvisningen
        [withdraw-consent] { $side } meddelar att personen har återkallat samtycket
       *[entered-in-error] { $side } meddelar att hänvisningen skickades av misstag
    }
step-reason = : { $reason }
step-contact-by = ; kontakt senast { $day }
step-other =
    { $step ->
        [forward] , till { $mailbox }
       *[decline] ; föreslår { $mailbox }
    }
step-without-effect = {" "}(utan verkan: det var den andra partens sak, eller kom för sent)
referral-line = { $recipients }: { $state }
referral-step = { "  " }{ $at }  { $step }
step-taken = Den andra parten i { $reference } får veta det.
show-step = { $step }
show-step-not-understood = Meddelandet gör något som den här versionen av programmet inte förstår. Ingenting har ändrats av det; fråga avsändaren vad som menas.
label-chain = hänvisad vidare av
forward-sent = Ärendet har hänvisats vidare till { $recipient }, som { $reference }.
forward-not-told = Avsändaren av { $before } får veta det vid nästa kontakt med hubben.
ask-reason = Varför?
ask-question = Vad behöver du veta?
inbox-empty = Här finns ingenting.
inbox-none-new = Här finns inget nytt.
inbox-none-waiting = Ingenting väntar på ditt svar.
inbox-none-overdue = Inget svar är försenat.
inbox-is-a-copy = Hubben kan inte nås. Det här är vad som finns här.
inbox-held =
    { $count ->
        [one] Ett meddelande hålls tillbaka tills katalogen kan uppdateras.
       *[other] { $count } meddelanden hålls tillbaka tills katalogen kan uppdateras.
    }
inbox-left-out =
    { $count ->
        [one] En kvittens utelämnades: den som undertecknade den har sagt för mycket om ett meddelande. Säg till driftoperatören.
       *[other] { $count } kvittenser utelämnades: den som undertecknade dem har sagt för mycket om ett meddelande. Säg till driftoperatören.
    }
inbox-elsewhere = Ett annat samverkan hämtar bilagor. Det som kom med dem finns här när det är klart.
inbox-damaged =
    { $count ->
        [one] Ett sparat meddelande går inte längre att öppna. Kör samverkan doctor.
       *[other] { $count } sparade meddelanden går inte längre att öppna. Kör samverkan doctor.
    }
inbox-not-arrived =
    { $count ->
        [one] I ett ärende har något som skickades inte kommit fram. Se samverkan sent.
       *[other] I { $count } ärenden har något som skickades inte kommit fram. Se samverkan sent.
    }
sent-not-arrived =
    Något kom inte fram, och ingen har det.
    nästa steg: samverkan track { $reference } säger varför och vad du kan göra
sent-empty = Ingenting har skickats.
sent-none-unanswered = Inget som har skickats väntar på svar.
sent-is-not-helped = Levererat är inte hjälpt. Ring dem som inte svarar.
show-message = { $kind } från { $from }, { $at }
show-compromised = AVSÄNDARENS DATOR VAR I ANDRAS HÄNDER sedan { $since }, och det här kom senare. Det kan vara någon annans; ring innan du agerar på det.
show-moved = AVSÄNDAREN HAR ANDRA NYCKLAR än när ni först utbytte meddelanden, och ingen här har jämfört dem.
show-recovered = AVSÄNDARENS ÅTERSTÄLLNINGSPAKET HAR ANVÄNTS, och ingen här har ringt sedan dess. Det kan vara en tjuv.
show-unverified = Avsändarens säkerhetsnummer är inte jämfört.
show-contact-rule = INNAN DU ÖPPNAR { $reference } från { $from }: så här får personen kontaktas. Ett misstag kan utsätta personen för fara.
ask-contact-rule = Kommer alla här att hålla sig till det?
answer-rule-no = Nej, eller jag är inte säker: öppna ingenting
answer-rule-yes = Ja, vi håller oss till det
show-form = Formulär: { $form }
show-part = { $part }
show-form-unknown = Det här programmet känner inte till formuläret { $form }. Dess fält visas som de kom; ett nyare program kan visa dem bättre.
show-form-broken = Det som fylldes i följer inte formuläret.
answer-flag-yes = ja
answer-flag-no = nej
show-attachment = bilaga { $number }: { $name } ({ $bytes } byte)
save-done = Sparad som { $path }, { $bytes } byte.
save-is-in-the-clear = Från och med nu ligger den där i klartext. Radera den när du inte behöver den.
export-title = Ärende { $reference }, exporterat { $at }
track-recipient = { $recipient }: { $stage }
track-stage = { "  " }{ $at }  { $stage }
track-purged = { "  " }{ $at }  hubben lämnar inte längre ut det
track-sent-again = { "  " }Det skickades igen; se nedan.
track-dismissed = { "  " }Det togs bort från listan.
why-schema-too-new = Deras samverkan är äldre än ditt och kan inte läsa det.
why-content-mismatch = Deras samverkan fann att innehållet inte stämmer med det som hubben fick veta.
why-consent-mismatch = Deras samverkan fann att samtycket inte omfattar det.
why-opened-too-late = Det öppnades efter sin tid, och visades inte.
why-sender-not-valid = Deras samverkan fann att den här enheten inte fick skicka det.
why-expired = Ingen hämtade det i tid. Hubben har raderat det.
why-suspended = Mottagaren stängdes av innan någon där hade läst det.
why-removed = Mottagaren lämnade hubben innan någon där hade läst det.
why-undecryptable = Ingen av mottagarens datorer kunde öppna det.
why-unproven = Dess tid är ute, och ingenting bevisar att någon fick det.
next-not-sent =
    nästa steg: samverkan resend { $reference } förseglar det på nytt och skickar det,
    samverkan discard { $reference } raderar det här
next-returned =
    nästa steg: samverkan find för att välja någon annan,
    därefter tar samverkan discard { $reference } bort det från listan
next-call-and-resend =
    nästa steg: ring { $recipient }, och kör sedan samverkan resend { $reference };
    om de känner till det vid det laget tar samverkan discard { $reference } bort det från listan
resend-accepted = Det som inte kom fram i { $reference } är förseglat på nytt och hos hubben.
resend-waits = Det som inte kom fram i { $reference } är förseglat på nytt och väntar här.
discard-deleted =
    { $count ->
        [one] Ett meddelande som ingen någonsin fick är raderat.
       *[other] { $count } meddelanden som ingen någonsin fick är raderade.
    }
discard-dismissed =
    { $count ->
        [one] Ett meddelande är borttaget från listan. Det som är bevisat om det finns kvar.
       *[other] { $count } meddelanden är borttagna från listan. Det som är bevisat om dem finns kvar.
    }
track-recalled = { "  " }Det återtogs: { $outcome }.
track-withdrawn = { "  " }Samtycket återkallades: { $outcome }.
stop-not-sent = hubben vet inte om det ännu
stop-refused = hubben tar inte tillbaka det; ring dem
stop-destroyed = förstört innan någon hämtade det
stop-waiting = hämtat före det; deras svar inväntas
stop-unopened = förstört, ingen hade öppnat det
stop-opened = någon hade öppnat det
stop-complied = öppnat, och sedan förstört
stop-retained-document = behållet: de måste enligt lag dokumentera vad de gjort
stop-retained-record = behållet: det är en allmän handling
stop-retained-claim = behållet: det behövs för ett rättsligt anspråk
stop-retained-vital = behållet: någons liv eller hälsa hänger på det
ask-recall = Ska det som skickats i det här ärendet återtas?
answer-recall-no = Nej, låt det vara
answer-recall = Ja, återta det
recall-taken = Det som skickats i { $reference } är återtaget.
recall-waits = Det som skickats i { $reference } återtas så snart hubben kan nås.
recall-next = nästa steg: samverkan track { $reference } visar vad mottagarna säger; det som är läst kan inte bli oläst
ask-withdraw = Ska samtycket återkallas? Det kan inte ges tillbaka; ett nytt kan antecknas:
answer-withdraw-no = Nej, det gäller
answer-withdraw = Ja, återkalla det
consent-withdrawn = Samtycket { $consent } är återkallat. Inget mer skickas med stöd av det.
consent-withdrawal-waits = Samtycket { $consent } är återkallat här. Hubben vet ännu inte om allt, och den som har något har inte fått veta det.
consent-nothing-sent = Ingenting har skickats med stöd av det från den här enheten.
consent-completion =
    { $recipients ->
        [one] { $done } av en mottagare är klar
       *[other] { $done } av { $recipients } mottagare är klara
    }: { $destroyed } förstörda olästa, { $complied } har följt, { $retained } har behållit, { $waiting } väntar.
ask-comply = Ska det som kom i det här ärendet förstöras här? Ingen kan få det tillbaka:
answer-comply-no = Nej, förstör ingenting
answer-comply = Ja, förstör det
stop-said = { $reference }: { $answer }. Avsändaren får veta det.
show-recalled = ÅTERTAGET av avsändaren. Handla inte efter det, och lämna inget av det vidare.
show-withdrawn = SAMTYCKET ÅTERKALLAT: personen går inte längre med på det. Sluta, och lämna inget av det vidare.
show-stop-answered = Vad som svarades på det: { $answer }.
show-stop-decide =
    nästa steg: samverkan consent comply { $reference } förstör det som kom,
    samverkan consent retain { $reference } --ground GRUND säger varför det måste behållas
show-stop-answer = Vad som hände med det där: { $answer }.
inbox-missed-recalled = { $by } tog tillbaka ett meddelande innan det hämtades hit ({ $at }). Inget av det finns här.
inbox-missed-withdrawn = { $by } hade skickat något med stöd av ett samtycke som återkallades innan det hämtades hit ({ $at }). Inget av det finns här.
track-nothing-sent = Ingenting i det här ärendet skickades härifrån.
receipts-message = meddelande { $message }, { $at }
receipts-none = { "  " }ingenting är bevisat än
receipts-statement = { "  " }{ $at }  { $what } säger { $by }
receipts-statement-of-a-stranger = { "  " }{ $at }  { $what } säger en nyckel som INGEN I KATALOGEN har, vars organisation har säkerhetsnumret { $number }
receipts-not-holding =
    { $count ->
        [one] { "  " }en kvittens håller INTE
       *[other] { "  " }{ $count } kvittenser håller INTE
    }
receipts-all-hold = Alla kvittenser håller.
receipts-do-not-hold = Alla kvittenser håller inte. Förlita dig inte på den här filen.
receipts-has-strangers = Vems nycklarna är som inte står i någons namn är inte känt på den här datorn. Om dess katalog är gammal, kör samverkan find --refresh och försök igen. Fråga annars organisationen som du tror att det var om dess säkerhetsnummer, på en väg som du redan hade.
receipts-written =
    { $count ->
        [one] En undertecknad utsaga finns i { $path }.
       *[other] { $count } undertecknade utsagor finns i { $path }.
    }
watch-begins = Bevakar. Ctrl-C avslutar.
watch-arrived = Något har kommit.
watch-receipt = Något är känt om det som har skickats.
watch-own-changed = Någon har ändrat din organisations enheter eller brevlådor: se samverkan member list.
own-changed = Din organisation har ändrats, inte av den här datorn:
own-changed-more = {"  "}{ $count ->
    [one] och { $count } ändring till
   *[other] och { $count } ändringar till
}
own-changed-next = Om ingen kollega gjorde det, ta bort det som är främmande med samverkan member remove, och ring driftoperatören på ett nummer som du redan hade.
watch-refused = Något kom som inte går att lita på.
label-reference = referens
label-with = med
label-class = klass
label-urgency = brådska
label-section = lagrum
label-answer-due = svar senast
label-to = till
label-basis = rättslig grund
label-subject = ämne
column-reference = REFERENS
column-entry = POST
column-claimed = TID ENLIGT ENHETEN
column-message = MEDDELANDE
column-at = MOTTAGET AV HUBBEN
column-access = HUR
column-urgency = BRÅDSKA
column-class = KLASS
column-with = MED
column-newest = NYAST
column-subject = ÄMNE

## Samtycke

ask-consent-to = Vem får veta? En eller flera brevlådor, till exempel boj-exempel/stod:
ask-consent-categories = Vad får lämnas? Ord av a-z, 0-9 och -:
ask-consent-until = Till och med vilken dag? Till exempel 2027-01-31:
ask-consent-how = Hur gavs det?
ask-consent-evidence = Vad visar att det gavs? Det förseglas.
how-verbally = muntligt
how-in-writing = skriftligt
how-electronically = med en underskrift på skärm
consent-recorded =
    { $count ->
        [one] Samtycket { $consent } gäller för ett meddelande till { $until }.
       *[other] Samtycket { $consent } gäller för { $count } meddelanden till { $until }.
    }
consent-next = nästa steg: samverkan send --basis CONSENT --consent { $consent }
consent-refused =
    { $count ->
        [one] Det är antecknat att en person sade nej, och ingenting om vem. Utan samtycke skickas ingenting.
       *[other] Det är antecknat att { $count } personer hittills har sagt nej, och ingenting om vilka. Utan samtycke skickas ingenting.
    }
consent-none = Inget samtycke som kan användas är antecknat.
column-consent = SAMTYCKE
column-purpose = ÄNDAMÅL
column-recipients = MOTTAGARE
column-until = TILL
column-messages-left = MEDDELANDEN KVAR

log-good = Loggen för { $hub } är hel: { $leaves ->
        [one] en post
       *[other] { $leaves } poster
    } om { $organisations ->
        [one] en organisation
       *[other] { $organisations } organisationer
    }, varje regel följd, varje underskrift riktig.
log-newest-at = Hubben sade att den var den nyaste { $at }.
log-written = Loggen med { $leaves ->
        [one] en post
       *[other] { $leaves } poster
    } skrevs till { $path }. Vem som helst kan kontrollera den: samverkan log verify { $path }
log-proven-forked = Bevisen håller: den här hubben har undertecknat två loggar, och ingen av dem fortsätter den andra.
log-proven-stood-still = Bevisen håller: den här hubben visade ett gammalt läge av sin logg som det nyaste, efter att ha undertecknat ett nyare.
log-proven-entry = Bevisen håller: den här hubben har undertecknat en logg med en post som den som fann den inte godtog.
log-proven-signed-only = Den här hubben har undertecknat det som finns i den. Vad som är fel med den visar sig bara bredvid upptäckarens kopia av loggen.
log-found = Upptäckt { $at }: { $fault }.
actions-no-operators = Den här hubben har inga operatörer med egna nycklar: det som händer med organisationer är hubbens ord.
actions-one = Operatörer nu: { $names }. Var och en agerar ensam. Alla underskrifter är kontrollerade.
actions-two = Operatörer nu: { $names }. Två av dem måste underteckna det som stänger av eller tar bort. Alla underskrifter är kontrollerade.
action-invite = inbjuden
action-withdraw = inbjudan återtagen
action-confirm = insläppt
action-suspend = avstängd
action-resume = insläppt igen
action-remove = borttagen
action-add-operator = operatör tillagd
action-remove-operator = operatör borttagen
action-require-two = två måste underteckna
action-require-one = en räcker
column-action = VAD
column-when = NÄR
column-about = OM
column-signed-by = UNDERTECKNAT AV
