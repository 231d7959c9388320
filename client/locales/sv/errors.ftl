### Vad som går fel: en enkel mening, och i .next vad som bör göras.
### Ett meddelandes namn är "error-" och den stabila koden med små bokstäver.

## Programmet självt

error-program-defect = Något gick fel som inte borde kunna hända. Mer än så är inte känt.
    .next = kör samverkan doctor och anmäl vad det skriver
error-no-randomness = Operativsystemet gav inga slumptal, och utan dem är ingen nyckel säker. Ingenting gjordes.
    .next = starta om datorn och försök igen
error-memory-unprotected = Operativsystemet lät inte programmet dölja sitt minne för andra. Ingenting gjordes.
    .next = kör programmet på en annan dator, eller fråga den som sköter den här
error-interrupted = Avbrutet, som du bad om. Det som hann förseglas väntar och skickas av sig självt.
    .next = se efter med samverkan sent innan du skickar något igen; alla andra kommandon fortsätter när de körs på nytt
error-not-confirmed = Ingenting skickades, som du valde.
    .next = ingenting; det du skrev sparas inte
error-change-not-confirmed = Ingenting undertecknades och ingenting ändrades, som du valde.
    .next = ingenting; kör kommandot igen när du har bestämt dig
error-output-closed = Den som läste utdata har slutat läsa.
    .next = ingenting
error-output-failed = Utdata kunde inte skrivas ({ $cause }).
    .next = kontrollera disken eller programmet som läser, och kör kommandot igen
error-output-is-terminal = Det skulle skriva binärdata på skärmen.
    .next = ange en fil med -o PATH, eller skicka utdata vidare till ett annat program

## Kommandoraden: det som skrevs upprepas aldrig

error-command-missing = Det saknas ett kommando.
    .next = kör samverkan help
error-unknown-command = Det kommandot finns inte.
    .next = { $similar ->
        [none] kör samverkan help
       *[other] menade du { $similar }? Kör annars samverkan help
    }
error-unknown-argument = Kommandot tar inte emot ett av argumenten.
    .next = { $similar ->
        [none] kör kommandot med --help
       *[other] menade du { $similar }? Kör annars kommandot med --help
    }
error-argument-missing = { $option } saknas.
    .next = kör kommandot med --help
error-argument-invalid = { $option } kan inte ha det värdet.
    .next = { $allowed ->
        [none] kör kommandot med --help
       *[other] ange något av { $allowed }
    }
error-argument-conflict = { $option } kan inte anges tillsammans med { $other }.
    .next = kör kommandot med --help
error-duration-invalid = Det där är ingen tidslängd.
    .next = ange ett tal och en enhet, till exempel 30m, 12h, 2d eller 1w
error-unlock-too-long = En profil kan vara upplåst i högst { $hours } timmar.
    .next = välj en kortare tid, till exempel --for 2h
error-date-invalid = Det där är inget datum.
    .next = ange år, månad och dag, till exempel 2027-01-31
error-time-invalid = --since anger ingen tidpunkt som har passerat.
    .next = ange dagen, till exempel 2026-11-20, eller minuten där du är, till exempel "2026-11-20 14:30"
error-mailbox-name-invalid = En brevlåda kan inte heta så.
    .next = ange en funktion med bokstäverna a-z, siffror och -, till exempel stod
error-place-invalid = En plats anges med kommunens fyrsiffriga kod, enligt Statistiska centralbyrån (SCB).
    .next = ta reda på kommunens kod; Uppsala har till exempel 0380
error-safety-number-malformed = Det där är inget säkerhetsnummer: ett sådant har sextio siffror.
    .next = be om det igen, och skriv ner tolv grupper om fem siffror
error-input-too-large = Det som gavs är längre än { $max } byte. Det användes inte.
    .next = korta ner det, eller bifoga det som en fil med --attach
error-input-not-text = Det som gavs är inte vanlig text i UTF-8.
    .next = spara det som text i UTF-8 och kör kommandot igen
error-stdin-twice = Standard in kan bara läsas en gång.
    .next = ange en av filerna med dess sökväg
error-input-file-unusable = Filen till { $option } användes inte: { $cause }.
    .next = kontrollera filens namn och rättigheter
error-attachment-unusable = Bilaga { $number } (--attach) användes inte: { $cause }. Ingenting skickades.
    .next = bifoga en vanlig fil som du får läsa
error-file-not-json = Filen är inte ett JSON-objekt.
    .next = kontrollera den; samverkan send --help räknar upp fälten
error-field-unknown = Filen har ett fält som inte är något av { $known }.
    .next = kontrollera hur fälten stavas, eller ta bort fältet
error-field-invalid = Fältet { $field } i filen har ett värde som det inte kan ha.
    .next = jämför värdet med samverkan send --help
error-form-unknown = Formuläret { $form } finns inte. De här finns: { $known }.
    .next = ange något av dem
error-form-not-for-class = Formuläret är inte till för meddelanden av den här klassen. Ingenting skickades.
    .next = utelämna --form och svara på frågorna, eller se samverkan send --help om vilken klass varje formulär är till för
error-form-field-missing = { $form } behöver { $field }, som saknas. Ingenting skickades.
    .next = fyll i { $field } och skicka igen
error-form-field-invalid = { $field } i { $form } har ett värde som det inte kan ha. Ingenting skickades.
    .next = { $kind ->
        [flag] skriv true eller false
        [number] skriv ett heltal inom det intervall som formuläret tillåter
        [date] skriv ett datum, till exempel 2027-01-31
        [one] skriv något av: { $codes }
        [several] skriv ett eller flera av: { $codes }
       *[other] skriv en text som varken är tom eller för lång, på en rad om formuläret ber om en rad
    }
error-form-field-unknown = Det finns ett fält som { $form } inte har. Ingenting skickades.
    .next = använd de här: { $known }
error-safe-contact-missing = { $form } gäller våld, och det är inte sagt hur personen kan kontaktas på ett säkert sätt. Ingenting skickades.
    .next = fråga personen, fyll i { $fields }, och skicka igen
error-contact-rule-not-accepted = { $reference } säger hur personen får kontaktas, och ingen här har godtagit det. Inget annat i ärendet öppnades.
    .next = läs regeln: samverkan show { $reference }, och godta den där eller med --accept-contact-rule
error-protected-identity = Personuppgifterna i { $reference } är skyddade, eller så har ingen frågat om de är det. Inget av det skickades vidare eller exporterades.
    .next = svara avsändaren med samverkan reply { $reference }; den berättar för andra som behöver veta
error-section-unknown = Lagrummet { $section } finns inte. De här finns: { $known }.
    .next = ange något av dem, eller inget
error-section-does-not-apply = Lagrummet stöder inte den här rättsliga grunden i dag. Ingenting skickades.
    .next = ange ett lagrum som gör det, eller inget
error-reference-invalid = Det där är ingen referens: ett tecken har lästs fel eller saknas.
    .next = läs den igen; den ser ut som K7M-4QD-9
error-mailbox-invalid = Det där är ingen brevlåda.
    .next = ange organisation och funktion, till exempel boj-exempel/stod; samverkan find visar vilka som finns
error-input-unreadable = Indata kan inte läsas ({ $cause }).
    .next = kör kommandot igen, med svaren som alternativ på kommandoraden om det inte finns någon terminal
error-topic-unknown = Det kommandot eller ämnet finns inte.
    .next = kör samverkan help

## Var saker förvaras

error-home-not-set = Det är inte känt var dina nycklar ska förvaras: HOME är inte satt.
    .next = sätt HOME, eller sätt SAMVERKAN_HOME till en egen mapp
error-home-not-absolute = { $variable } innehåller ingen absolut sökväg.
    .next = sätt { $variable } till en sökväg som börjar med /
error-home-unusable = Mappen { $path } kan inte användas ({ $cause }).
    .next = ge dig rätt att skriva i den, eller sätt SAMVERKAN_HOME till en mapp där du får det
error-profile-missing = Profilen { $profile } är inte upplagd på den här datorn.
    .next = kör samverkan join med inbjudan som du fick
error-profile-busy = Ett annat samverkan använder profilen { $profile }.
    .next = låt det bli klart och försök igen
error-profile-name-invalid = Ett profilnamn är 1 till 32 tecken av a-z, 0-9 och -, och börjar inte med -.
    .next = välj ett annat namn
error-file-missing = { $path } finns inte.
    .next = kontrollera namnet och kör kommandot igen
error-file-exists = { $path } finns redan och skrevs inte över.
    .next = välj ett annat namn, eller flytta undan den gamla filen
error-file-unsafe = { $path } användes inte: { $cause }.
    .next = lägg en riktig fil eller mapp, som är din egen, i dess ställe
error-file-exposed = Andra på den här datorn kan läsa eller ändra { $path } (rättigheter { $mode }).
    .next = ta bort deras rättigheter med chmod go-rwx, och tänk igenom vem som kan ha läst
error-file-too-large = { $path } är större än { $max } byte. Den lästes inte.
    .next = välj en annan fil
error-disk-full = Disken är full; { $path } skrevs inte, och ingenting halvskrivet finns kvar.
    .next = frigör utrymme och kör kommandot igen
error-file-unusable = { $path } kan inte användas ({ $cause }).
    .next = kontrollera filen och dess rättigheter, och kör kommandot igen
error-file-damaged = En förseglad fil är skadad eller har bytts ut. Lita inte på den.
    .next = kör samverkan doctor; om någon annan kan ha ändrat dina filer, ring driftoperatören och låt stänga av organisationen
error-content-too-large = Det där är för långt för att förvaras förseglat.
    .next = korta ner det, eller bifoga det som en fil

## Lösenfrasen och nyckelförrådet

error-passphrase-needed = Din lösenfras behövs och det finns ingen terminal att fråga på.
    .next = ange --passphrase-file PATH eller --passphrase-fd N
error-passphrase-empty = Lösenfrasen är tom.
    .next = välj en lösenfras av flera ord
error-passphrase-too-short = Lösenfrasen är för kort: den måste ha minst åtta tecken.
    .next = välj en lösenfras av flera ord
error-passphrase-too-long = Lösenfrasen är längre än 1024 byte.
    .next = välj en kortare, och kontrollera att rätt fil angavs
error-passphrase-not-text = Lösenfrasen är inte en rad vanlig text i UTF-8.
    .next = kontrollera att rätt fil angavs
error-passphrase-mismatch = De två lösenfraserna är olika. Ingenting ändrades.
    .next = försök igen
error-passphrase-unreadable = Lösenfrasen kan inte läsas ({ $cause }).
    .next = kontrollera filen eller deskriptorn; en fil får bara kunna läsas av dig
error-wrong-passphrase = Den lösenfrasen öppnar inte nyckelförrådet. Ingenting ändrades.
    .next = försök igen; är den borta, börja om i en tom profil med samverkan recover och återställningspaketet
error-keystore-missing = Det finns inga nycklar i den här profilen än.
    .next = kör samverkan join med inbjudan som du fick
error-keystore-damaged = Nyckelförrådet är skadat eller har ändrats av ett annat program. Det användes inte.
    .next = lägg tillbaka profilmappen från en säkerhetskopia, eller börja om i en tom profil med samverkan recover och återställningspaketet
error-keystore-version = Nyckelförrådet har version { $version }, som det här programmet inte känner till.
    .next = uppdatera samverkan på den här datorn
error-keystore-cost = Nyckelförrådet begär en orimligt tung nyckelhärledning och öppnades inte. Någon kan ha ändrat det.
    .next = lägg tillbaka profilmappen från en säkerhetskopia, eller börja om i en tom profil med samverkan recover och återställningspaketet
error-keystore-memory = Minnet räcker inte till för att öppna nyckelförrådet.
    .next = stäng andra program och försök igen
error-keystore-changed = Ett annat samverkan ändrade nyckelförrådet under tiden. Ingenting ändrades här.
    .next = kör kommandot igen
error-keystore-full = Nyckelförrådet rymmer inte mer.
    .next = avsluta ärenden som är klara, och förkorta tiden som meddelanden sparas

## Återställningspaketet

error-kit-invalid = Återställningspaketet kan inte läsas: { $cause }.
    .next = jämför det med den utskrivna kopian, ord för ord
error-kit-for-other = Återställningspaketet hör till { $handle }, som inte är den organisation du angav. Ingenting ändrades.
    .next = leta fram rätt paket
error-kit-mismatch = Orden i det här återställningspaketet hör till en annan organisation än den som står där. Lita inte på det.
    .next = hämta den andra kopian ur kassaskåpet

## Vägen till hubben

error-hub-unreachable = Hubben kan inte nås ({ $cause }).
    .next = kontrollera nätverket och försök igen; det som är förseglat väntar och skickas av sig självt
error-not-a-hub = Det som svarar på den adressen är ingen Samverkan-hubb.
    .next = stäm av adressen med driftoperatören; ett gästnät kan också vilja att du loggar in först
error-hub-not-trusted = Hubbens certifikat är inte något av dem som ni kom överens om när du gick med. Ingenting skickades.
    .next = fortsätt inte; ring driftoperatören på ett nummer som du redan hade
error-hub-certificate-out-of-date = Enligt den här datorns klocka är hubbens certifikat inte giltigt nu.
    .next = kontrollera datum och tid på den här datorn; om de stämmer, säg till driftoperatören
error-hub-keys-changed = Hubben visar andra nycklar än dem som ni kom överens om. Ingenting skickades.
    .next = fortsätt inte; ring driftoperatören på ett nummer som du redan hade
error-certificate-refused = Hubben godtar inte den här enhetens certifikat: det har gått ut eller dragits in.
    .next = fråga en administratör i din organisation, eller driftoperatören
error-protocol-version = Hubben talar protokollversion { $min } till { $max }, det här programmet version 1.
    .next = uppdatera samverkan på den här datorn
error-hub-misbehaved = Hubben svarade på ett sätt som det här programmet inte förstår ({ $cause }).
    .next = uppdatera samverkan; om det inte hjälper, kör samverkan doctor och säg till driftoperatören
error-clock-wrong = Den här datorns klocka går { $minutes ->
        [one] en minut
       *[other] { $minutes } minuter
    } fel jämfört med hubbens. Ingenting skickades.
    .next = ställ in datum och tid, och försök igen
error-already-joined = Den här profilen hör redan till en organisation.
    .next = se vilken med samverkan org show; för att gå med i en annan hubb, använd en annan profil: samverkan --profile NAME join …
error-invite-other = Ett tidigare försök att gå med, med en annan inbjudan, är inte avslutat.
    .next = fortsätt med den inbjudan, eller använd en annan profil: samverkan --profile NAME join …
error-invite-for-other = { $number ->
        [none] Inbjudan gäller { $organisation } ({ $handle }), inte den organisation du angav. Ingen har blivit medlem.
       *[other] Inbjudan gäller { $organisation } ({ $handle }, { $number }), inte den organisation du angav. Ingenting undertecknades.
    }
    .next = be den som gav dig den om en inbjudan för din egen organisation
error-kit-copies-same = Båda kopiorna av återställningspaketet skulle bli samma fil.
    .next = ange två olika platser
error-membership-waits = Den här datorn har bett att få bli medlem, och ingen administratör har godkänt det än.
    .next = be administratören som bjöd in dig att köra samverkan member approve, och kör sedan samverkan join
error-admin-only = Det här får bara en administratör i din organisation göra, och den här enheten är ingen sådan.
    .next = fråga en administratör; samverkan member list visar vilka de är
error-member-request-unknown = Det finns ingen sådan ansökan om medlemskap. Den kan ha godkänts, eller så har dess 72 timmar gått.
    .next = kör samverkan member approve för att se vem som väntar, eller bjud in personen igen med samverkan member invite
error-member-request-forged = En ansökan kom med en av dina inbjudningar, men gjordes inte av den som har den: någon har satt dit andra nycklar. Ingenting undertecknades.
    .next = lita inte på den här hubben; ring driftoperatören på ett nummer som du redan hade
error-member-unknown = Din organisation har ingen enhet som kallas { $device }.
    .next = kör samverkan member list; en enhet anges med sin etikett, eller med minst de fyra första siffrorna i sitt nummer
error-member-ambiguous = Mer än en enhet i din organisation kan vara { $device }.
    .next = kör samverkan member list, och ange fler siffror i numret
error-label-invalid = En enhet kan inte kallas så: en etikett är en rad på högst 100 byte och ser inte ut som en enhets nummer.
    .next = välj ord som: datorn i receptionen
error-roles-contradict = En enhet läser en brevlåda bara i rollen som läsare eller handläggare.
    .next = ange rollen med --role handler eller --role reader
error-mailbox-unknown = Din organisation har ingen brevlåda med det namnet.
    .next = kör samverkan mailbox list; samverkan mailbox add lägger upp en
error-mailbox-exists = Din organisation har redan brevlådan { $mailbox }.
    .next = låt fler enheter läsa den med samverkan mailbox assign
error-mailbox-full = En brevlåda läses av högst 16 enheter, och så många har { $mailbox }.
    .next = ta bort en med samverkan mailbox assign --remove, eller lägg upp en brevlåda till
error-last-admin = Din organisation skulle bli utan administratör, och kunde aldrig ändras igen. Ingenting ändrades.
    .next = gör först en annan enhet till administratör: samverkan member invite --role admin; om den enda administratörens dator är i andras händer, börja om på en annan med återställningspaketet: samverkan recover
error-last-reader = Ingen annan enhet än den här läser { $mailbox }. Post som väntar där skulle gå förlorad. Ingenting ändrades.
    .next = låt först en annan enhet läsa den med samverkan mailbox assign; eller ta bort även brevlådan med member remove --with-mailboxes, så går det som väntar tillbaka till avsändarna
error-last-mailbox = Din organisation skulle bli utan brevlåda. Ingenting ändrades.
    .next = låt först en annan enhet läsa en med samverkan mailbox assign
error-threshold-invalid = Ändringar kan undertecknas av 1 till { $admins } administratörer, så många som din organisation har.
    .next = ange ett tal däremellan
error-nothing-to-change = Allt är redan som du vill ha det. Ingenting ändrades.
    .next = ingenting
error-too-many-in-manifest = Din organisation har redan så många { $field } som går att ha.
    .next = ta bort en som inte längre används
error-signers-missing = Den här enhetens underskrift räknas inte för ändringen: en enhet kan inte underteckna att den själv tas bort, och inte heller något från tiden innan den kom med.
    .next = låt en annan administratör köra kommandot
error-proposal-invalid = Filen är inget ändringsförslag för din organisation, eller så har någon ändrat den.
    .next = be administratören som gjorde den om filen igen, och jämför vad som står i den
error-proposal-outdated = Din organisation har ändrats sedan förslaget gjordes. Ingenting undertecknades.
    .next = be administratören som gjorde det att göra om det
error-proposal-signed = Den här enheten har redan undertecknat förslaget.
    .next = ge filen till en annan administratör
error-device-copied = Katalogen har en nyckel för den här enheten som enheten inte har gjort: någon annan har dess nycklar.
    .next = sluta använda enheten, och ring driftoperatören för att få organisationen avstängd
error-key-changed = { $recipient } är inte den organisation vars säkerhetsnummer du har jämfört. Ingenting skickades.
    .next = ring dem på ett nummer som du redan hade; om de har nya nycklar och läser upp det nya numret, samverkan org verify HANDLE --new-keys
error-recovery-unconfirmed = Någon har använt återställningspaketet för { $recipient }, och nya nycklar läser dess post. Ingenting skickades.
    .next = ring dem på ett nummer som du redan hade; om det var de, samverkan org verify HANDLE --after-recovery, och sedan samverkan resend för det som inte kom fram
error-comparison-worthless = Ett nummer ur katalogen, ett e-brev eller internet bevisar ingenting: den som byter ut nycklar byter ut dem också. Ingenting noterades.
    .next = ring dem på ett nummer som du redan hade, eller träffa dem
error-message-untrusted = Det kom ett meddelande som inte går att lita på. Inget av det visas eller sparas.
    .next = ring den som kan ha skrivit till dig och be om det igen; säg till driftoperatören om det händer på nytt
error-log-forked = Hubben visar en katalog som motsäger sig själv ({ $cause }). Ingenting skickas längre.
    .next = ring driftoperatören på ett nummer som du redan hade; bevisen finns i profilmappen, directory/evidence.json
error-log-stale = Hubben har på mer än ett dygn inte sagt att katalogen som den visar är den nyaste. Den kan dölja att en nyckel har spärrats. Ingenting skickades; det som har kommit går att läsa.
    .next = försök igen om en timme; om det fortsätter, ring driftoperatören på ett nummer som du redan hade
error-log-invalid = Det här är ingen logg som går att tro på: { $cause }.
    .next = hämta filen igen; är det kopian på den här datorn, be hubben om den på nytt: samverkan org list --refresh
error-log-not-refreshed = Katalogen på den här datorn är mer än ett dygn gammal, och hubben kan inte nås. Ingenting skickades; det som har kommit går att läsa.
    .next = försök igen när hubben kan nås; se samverkan doctor
error-invite-malformed = Det där är ingen inbjudan, eller så saknas en del av den.
    .next = kopiera hela texten som börjar med svki1-

## Vad hubben inte godtar

error-certificate-required = Hubben vet inte vem som anropar.
    .next = kör samverkan join med inbjudan som du fick
error-device-unknown = Ingen organisation säger att den här enheten är dess egen.
    .next = fråga en administratör i din organisation
error-device-revoked = Din organisation har spärrat den här enheten. Den kan varken läsa eller skicka.
    .next = fråga en administratör i din organisation
error-organisation-recovered = Din organisations återställningspaket har använts på en annan dator, och den här enheten och alla andra har spärrats.
    .next = om det inte var någon av er har någon ert paket: ring genast hubbens driftoperatör, på ett nummer som du redan hade, och låt stänga av organisationen
error-device-expired = Den här enhetens tid har gått ut.
    .next = be en administratör i din organisation att förnya den
error-organisation-pending = Driftoperatören har inte bekräftat din organisation än.
    .next = ring driftoperatören och läs upp säkerhetsnumret som samverkan org show visar
error-organisation-suspended = Din organisation är avstängd.
    .next = ring driftoperatören
error-organisation-removed = Din organisation har tagits bort från den här hubben.
    .next = ring driftoperatören
error-operator-only = Det här får bara driftoperatören göra.
    .next = fråga driftoperatören
error-invite-invalid = Inbjudan fungerar inte: den är använd, för gammal eller återtagen.
    .next = be den som gav dig den om en ny
error-sender-mismatch = Hubben ser den här enheten som en annan avsändare än den meddelandet anger.
    .next = kör samverkan doctor och anmäl vad det skriver
error-role-missing = Det får den här enheten inte göra: den saknar rollen som krävs (den som skickar är handläggare), eller läser inte den brevlådan. Ingenting skickades.
    .next = fråga en administratör i din organisation; samverkan member list visar vad varje enhet får göra
error-legal-basis-not-available = Din typ av organisation får inte skicka med stöd av den rättsliga grunden. Ingenting skickades.
    .next = använd CONSENT, VOLUNTARY_REPORT eller VITAL_INTEREST
error-not-a-party = Varken avsändaren eller mottagaren av det meddelandet finns på den här enheten.
    .next = kontrollera referensen
error-invalid-field = Hubben godtar inte en del av det som skickades ({ $field }).
    .next = uppdatera samverkan; om det inte hjälper, kör samverkan doctor och anmäl vad det skriver
error-stale-directory = Katalogen fortsätter att ändras medan meddelandet förseglas. Det väntar och skickas av sig självt.
    .next = försök igen om en minut
error-recipient-unknown = Hubben känner inte till en av mottagarna. Ingenting skickades.
    .next = kör samverkan find
error-recipient-suspended = En av mottagarna är avstängd. Ingenting skickades.
    .next = kör samverkan find för att välja en annan
error-recipient-removed = En av mottagarna har lämnat den här hubben. Ingenting skickades.
    .next = kör samverkan find för att välja en annan
error-clock-out-of-range = Meddelandet förseglades vid en annan tid än hubbens klocka visar.
    .next = kontrollera datum och tid på den här datorn, och skicka igen
error-message-expired = Meddelandets tid har gått ut.
    .next = skicka det igen
error-blob-missing = En bilaga har inte nått hubben.
    .next = kör samma kommando igen; det fortsätter där det slutade
error-consent-handle-unknown = Samtycket är inte registrerat hos hubben. Ingenting skickades.
    .next = kör samverkan consent record igen
error-consent-handle-expired = Samtyckets tid har gått ut. Ingenting skickades.
    .next = fråga personen, och kör samverkan consent record igen
error-consent-handle-used = Samtycket har redan använts för ett annat meddelande. Ingenting skickades.
    .next = kör samverkan consent record igen
error-idempotency-conflict = Hubben har ett annat meddelande med samma nummer.
    .next = kör samverkan doctor och anmäl vad det skriver
error-message-gone = Hubben har inte kvar det meddelandet.
    .next = kör samverkan receipts för att se vad som hände med det
error-message-unknown = Hubben känner inte till det meddelandet.
    .next = kontrollera referensen
error-blob-unknown = Hubben känner inte till den bilagan.
    .next = be avsändaren att skicka den igen
error-offset-out-of-range = Hubben har mindre än programmet trodde.
    .next = kör samma kommando igen
error-upload-in-progress = Samma bilaga skickas just nu av ett annat program.
    .next = låt det bli klart och försök igen
error-manifest-refused = Hubben godtar inte organisationens nya post ({ $field }).
    .next = kör samverkan doctor och anmäl vad det skriver
error-epoch-key-refused = Hubben godtar inte den här enhetens nya nycklar ({ $field }).
    .next = om någon kan ha kopierat enhetens nycklar, ring driftoperatören för att få organisationen avstängd
error-receipt-refused = Hubben godtar inte en kvittens från den här enheten ({ $field }).
    .next = kör samverkan doctor och anmäl vad det skriver
error-message-too-large = Meddelandet är för stort.
    .next = korta ner det, eller bifoga delar av det som filer
error-organisation-unknown = Det finns ingen organisation med det namnet.
    .next = kör samverkan find
error-state-conflict = Organisationens status tillåter inte det nu.
    .next = kör samverkan org show
error-handle-taken = Det finns redan en organisation med det kortnamnet.
    .next = be driftoperatören om ett annat
error-number-taken = Det finns redan en organisation med det organisationsnumret.
    .next = fråga driftoperatören vilken det är
error-safety-number-wrong = Säkerhetsnumren är olika. Lita inte på den här organisationen.
    .next = ring driftoperatören på ett nummer som du redan hade
error-operator-signature-required = Det måste en av hubbens operatörer underteckna.
    .next = det här är för driftoperatören: samverkan-hub operator list
error-action-refused = En operatörs åtgärd räknas inte ({ $field }).
    .next = det här är för driftoperatören: samverkan-hub operator list
error-busy = Hubben är upptagen.
    .next = försök igen om en minut
error-storage-full = Hubben har inget utrymme just nu.
    .next = försök igen senare, och säg till driftoperatören
error-quota-exceeded = Din organisations del av hubbens utrymme är slut.
    .next = vänta tills meddelanden har hämtats, eller ring driftoperatören
error-rate-limited = För många försök på kort tid.
    .next = vänta en minut och försök igen
error-draining = Hubben startar om.
    .next = försök igen om en minut
error-store-failed = Hubbens disk har gått sönder; hubben tar inte emot något förrän det är avhjälpt.
    .next = försök igen senare, och säg till driftoperatören
error-log-behind = Hubben har återställts från en säkerhetskopia, och tar inte emot något förrän en medlems program har gett den tillbaka slutet av katalogen.
    .next = försök igen senare; vilket program som helst som var anslutet strax före förlusten avhjälper det genom att ansluta
error-record-damaged = Något som är lagrat hos hubben är skadat.
    .next = säg till driftoperatören, och be avsändaren att skicka det igen
error-internal = Hubben lyckades inte göra det.
    .next = försök igen om en minut; om det fortsätter, säg till driftoperatören
error-deadline-exceeded = Det tog för lång tid för hubben och den gav upp; det kan vara gjort eller inte.
    .next = kör samma kommando igen: ingenting görs två gånger

## Att skriva, och vad som sparas

error-recipient-missing = Meddelandet har ingen mottagare.
    .next = ange en med --to ORGANISATION/MAILBOX; samverkan find visar vilka som finns
error-recipient-is-sender = { $recipient } är brevlådan som meddelandet kommer från.
    .next = välj en annan mottagare
error-recipient-has-no-key = Ingen dator hos { $recipient } har varit ansluten så nyligen att den kan få förseglad post. Ingenting skickades.
    .next = ring dem och be dem starta samverkan, och skicka sedan igen
error-too-many-recipients = Ett meddelande har högst 16 mottagare.
    .next = skicka det i flera delar
error-too-many-devices = Ett meddelande förseglas till högst { $max } datorer, och de här mottagarna har fler tillsammans: { $recipients }. Ingenting skickades.
    .next = skicka det i flera omgångar, till några av dem i taget
error-mailbox-ambiguous = Den här enheten läser mer än en brevlåda.
    .next = ange vilken meddelandet kommer från med --from ORGANISATION/MAILBOX
error-mailbox-not-own = Den här enheten läser inte brevlådan som meddelandet ska komma från.
    .next = kör samverkan org show för att se brevlådorna
error-basis-missing = Det är inte sagt med stöd av vilken rättslig grund meddelandet skickas.
    .next = ange den med --basis; samverkan help legal-bases förklarar var och en
error-basis-not-allowed = En uppföljning har ingen egen rättslig grund.
    .next = utelämna --basis
error-consent-missing = Grunden är samtycke, och inget samtycke är angivet. Ingenting skickades.
    .next = kör samverkan consent record, och ange det som skrivs ut med --consent
error-consent-unknown = Det finns inget sådant samtycke på den här enheten.
    .next = kör samverkan consent show
error-consent-does-not-cover = Samtycket omfattar inte { $recipient } för det här ändamålet. Ingenting skickades.
    .next = fråga personen, och kör samverkan consent record
error-consent-invalid = Samtycket är inte fullständigt: mottagare, ett slutdatum i framtiden och 1 till 32 meddelanden behövs.
    .next = kör samverkan help consent
error-keep-too-long = Ett meddelande väntar högst 30 dagar.
    .next = välj en kortare tid
error-too-many-attachments = Ett meddelande har högst 16 bilagor.
    .next = skicka det i flera delar
error-attachment-changed = En bilaga ändrades medan den lästes. Ingenting skickades.
    .next = stäng programmet som ändrar den, och skicka igen
error-attachment-unknown = Ärendet har ingen bilaga med det numret.
    .next = kör samverkan show för att se numren
error-waits-in-outbox = Hubben kan inte nås. Meddelandet { $reference } är förseglat och väntar; ingen har fått det än.
    .next = skicka det inte igen: nästa samverkan inbox lämnar in det
error-wait-timed-out = Det som inväntades hände inte i tid. { $reference } fortsätter som förut.
    .next = ring mottagaren, eller vänta längre
error-ended-otherwise = Ett meddelande i { $reference } slutade på annat sätt innan det kom så långt.
    .next = kör samverkan track, och skicka det till någon som kan ta emot det
error-nothing-undelivered = Ingenting i { $reference } behöver skickas igen: det har kommit fram eller är på väg.
    .next = kör samverkan track { $reference }
error-not-in-this-state = { $reference } är { $state }, och då går det inte att göra det här.
    .next = kör samverkan track { $reference } och se hur det blev så
error-not-your-step = Det är den andra parten i { $reference } som gör det, inte du.
    .next = kör samverkan reply { $reference } och be dem
error-report-not-declinable = { $reference } är en orosanmälan. Ingen kan avböja en sådan eller besluta om den: den tas om hand eller lämnas över.
    .next = kör samverkan start { $reference }
error-first-message-missing = Den här enheten har inte meddelandet som { $reference } började med.
    .next = fråga en kollega som var här före dig
error-message-invalid = En del av meddelandet är inte tillåten ({ $field }).
    .next = korta ner eller ändra den; samverkan send --help visar vad som gäller
error-case-unknown = Ärendet { $reference } finns inte på den här enheten.
    .next = kör samverkan inbox eller samverkan sent
error-case-ambiguous = Mer än ett ärende kallas { $reference }.
    .next = kör samverkan inbox eller samverkan sent, och säg till driftoperatören
error-receipt-invalid = Hubbens kvittens håller inte. Meddelandet väntar i utkorgen; lita inte på den här hubben.
    .next = ring driftoperatören på ett nummer som du redan hade
error-evidence-invalid = Bevisen kan inte läsas, eller håller inte.
    .next = be om filen igen

## Varför: en del av en annan mening, därför utan stor bokstav och punkt

cause-as-told = { $told }
cause-missing = det finns inte
cause-exists = det finns redan
cause-permission = behörighet saknas
cause-is-folder = det är en mapp
cause-not-folder = en del av sökvägen är ingen mapp
cause-read-only = disken går bara att läsa
cause-disk-full = disken är full
cause-file-name = en fil kan inte heta så
cause-symlink = det är en symbolisk länk
cause-wrong-kind = det är av ett annat slag än väntat
cause-foreign-owner = det tillhör en annan användare
cause-exposed = andra kan läsa eller ändra det (rättigheter { $mode })
cause-too-large = det är större än { $max } byte
cause-readable-by-others = andra kan läsa filen
cause-not-text = det är inte text
cause-no-terminal = ingen terminal
cause-kit-line = rad { $number } är inte som den ska
cause-kit-word = ord nummer { $number } finns inte i ordlistan
cause-kit-checksum = orden hör inte ihop: ett är fel, eller två har bytt plats
cause-connection-refused = anslutningen nekades
cause-connection-lost = förbindelsen bröts
cause-connection-ended = hubben avslutade förbindelsen
cause-no-network = ingen väg till hubben
cause-no-answer = inget svar i tid
cause-unasked = det kom mer än vad som begärdes
cause-certificate-other-key = certifikatet har en annan nyckel
cause-certificate-unfit = det nya certifikatet är inte för den här enheten, eller har redan gått ut
cause-invite-description = inbjudans beskrivning är inte giltig
cause-no-nonce = hälsningen saknar engångsvärde
cause-not-in-directory = katalogen har inte den här organisationen
cause-no-handle = organisationen saknar kortnamn
cause-manifest = organisationens förteckning är inte giltig
cause-not-a-synchronisation = svaret är ingen uppdatering av katalogen
cause-evidence-kept = bevis för en delad logg är sparade
cause-log-hub-keys = loggen börjar inte med hubbens nycklar
cause-log-unknown-device = en veckonyckel eller ett certifikat för en okänd enhet
cause-log-epoch-key-twice = två veckonycklar för samma vecka
cause-log-entry-out-of-order = operatörens poster är i fel ordning
cause-log-after-removal = en borttagen organisation fortsätter
cause-log-names-differ = operatören och organisationen är oense om dess namn
cause-log-handle-twice = två organisationer har samma kortnamn
cause-log-root = posterna går inte ihop med kontrollpunkten
cause-log-contradiction = en kontrollpunkt motsäger en tidigare
cause-log-receipt = en kvittens anger en annan logg
cause-log-stood-still = hubben visade ett gammalt läge av sin logg som det nyaste
cause-log-cut-back = hubbens logg är kortare än den som den undertecknade
cause-action-signature = en operatörs åtgärd är inte riktigt undertecknad: { $told }
cause-action-signatures = en operatörs åtgärd har inte så många underskrifter som den behöver
cause-action-repeated = en operatörs åtgärd finns två gånger
cause-action-out-of-date = en operatörs åtgärd undertecknades för ett annat läge
cause-action-not-possible = en operatörs åtgärd är inte möjlig i det här läget
cause-action-not-done = en post gör inte det som en operatör har undertecknat
cause-audit-line = rad { $line } hör inte till en exporterad logg
cause-audit-leaf = post { $index } bryter mot en regel: { $cause }
cause-audit-checkpoint = kontrollpunkten är inte hubbens: { $told }
cause-audit-other-hub = loggen hör till en hubb med andra nycklar
