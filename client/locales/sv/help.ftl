### Kommandonas hjälp: vad vart och ett gör, ett exempel, och ett attribut för varje argument.

heading-usage = Användning:
heading-commands = Kommandon
heading-arguments = Argument
heading-options = Alternativ
heading-options-everywhere = Alternativ för alla kommandon
heading-example = Exempel:
heading-exit-codes = Slutkoder:
value-one-of = [något av: { $values }]
value-default = [annars: { $values }]

exit-done = klart
exit-unexpected = något oväntat gick fel
exit-usage = kommandoraden går inte att förstå
exit-not-set-up = inte upplagt än, eller felaktigt upplagt
exit-not-found = det som angavs finns inte
exit-locked = låst, eller fel lösenfras
exit-refused = nekat av en regel: samtycke, överenskommelse, ändrad nyckel, avstängning, kvot
exit-hub-unreachable = hubben kan inte nås; försök igen
exit-conflict = läget tillåter det inte nu
exit-integrity = äkthet: lita inte på det som påträffades
exit-wait-timed-out = det som inväntades hände inte i tid
exit-interrupted = avbrutet

help = Lämna en persons ärende vidare till dem som kan hjälpa, förseglat hela vägen
    .example =
        samverkan join inbjudan.txt
        samverkan find kvinnojour --near 0380
        samverkan help first-steps
    .profile = Profilen som ska användas, när datorn har flera
    .passphrase-file = Läs lösenfrasen från en fil som bara du kan läsa
    .passphrase-fd = Läs lösenfrasen från en öppen deskriptor
    .json = Skriv JSON, ett dokument per rad
    .plain = Skriv rader i stället för tabeller och staplar, och ställ numrerade frågor
    .lang = Språket, sv eller en; annars det som SAMVERKAN_LANG eller datorns språkinställning säger
    .help = Visa hjälp
    .version = Visa versionen

help-join = Gör din organisation till medlem i en hubb, eller den här datorn till medlem i din organisation, enligt inbjudan
    .example =
        samverkan join inbjudan.txt
        samverkan join
        samverkan join - --handle boj-exempel --mailbox stod --kit a.txt --kit-copy b.txt --passphrase-file p < inbjudan.txt
    .invite = Inbjudan, en fil som innehåller den, eller - för standard in; utelämna den för att fråga igen om en administratör har godkänt. Medan kommandot körs kan andra på den här datorn se vad som står på kommandoraden
    .handle = Kortnamnet som din organisation ska ha; nekas om inbjudan gäller en annan, efterfrågas om det saknas
    .mailbox = Namnet på den första brevlådan: en funktion, aldrig en person
    .kit = Var återställningspaketet ska skrivas
    .kit-copy = Var dess andra kopia ska skrivas, helst på en annan disk
help-recover = Börja om på en tom dator när organisationens alla enheter är borta, med enbart återställningspaketet
    .example =
        samverkan recover paket-1.txt
        samverkan recover paket-1.txt --handle boj-exempel --passphrase-file p
    .kit = Återställningspaketet: filen, eller dess rader som de skrevs ut, inskrivna i en fil som bara du kan läsa
    .handle = Organisationens kortnamn, i stället för att svara ja: alla dess enheter spärras
help-find = Sök efter vem som kan hjälpa; sökningen görs på den här datorn och ingen får veta något om den
    .example =
        samverkan find
        samverkan find brottsofferjouren --near 0380 --service victim-support
    .words = Ord i namnet
    .near = Kod för en kommun som måste ingå i området, fyra siffror
    .service = En tjänst som måste erbjudas
    .refresh = Fråga hubben efter nyheter först, vilket kräver lösenfrasen
help-send = Skicka ett meddelande till en eller flera brevlådor, förseglat på den här datorn
    .example =
        samverkan send
        samverkan send --to boj-exempel/stod --class REFERRAL --basis CONSENT --consent 222-222-2 --text-file text.txt
        samverkan send --from-file meddelande.json --dry-run
    .to = En brevlåda att skicka till; upprepa för flera
    .from = Den egna brevlåda som det kommer från, när enheten läser flera
    .class = Vad det är, så som hubben får se det
    .basis = Den rättsliga grunden; se samverkan help legal-bases
    .section = Lagrummet som stöder grunden, med sin kod, till exempel OSL_12_2
    .form = Formuläret som ska fyllas i: victim-support-1 och shelter-request-1 (REFERRAL), concern-report-1 (CONCERN_REPORT), general-1 (alla utom FOLLOW_UP)
    .urgency = Hur snart någon måste agera
    .answer-within = När ett svar väntas, till exempel 4h eller 2d
    .keep = Hur länge det får vänta oläst, högst 30d
    .consent = Samtycket som det skickas med stöd av, så som samverkan consent record kallade det
    .attach = Filer att bifoga; bara deras ändelser syns innan de öppnas. Medan kommandot körs kan andra på den här datorn se filernas namn på kommandoraden: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med to, from, class, basis, section, urgency, answer_within, keep, consent, form, subject, text, fields (formulärets), attachments och keep_metadata; - för standard in
    .text-file = Texten, från en fil eller - för standard in; aldrig på kommandoraden, där andra kan se den
    .subject-file = Ämnet, en rad, från en fil eller - för standard in
    .dry-run = Visa alla skäl till att det skulle nekas, och skicka ingenting
help-inbox = Hämta det som har kommit, och visa ärendena som andra har inlett
    .example =
        samverkan inbox
        samverkan inbox --waiting
    .new = Bara ärenden med något som inte har visats
    .waiting = Bara ärenden som ingen här har besvarat
    .overdue = Bara ärenden vars svar är försenat
    .offline = Visa det som finns här utan att fråga hubben
help-show = Visa ett ärende med alla dess meddelanden
    .example = samverkan show 222-222-2
    .reference = Ärendets referens
    .accept-contact-rule = Godta utan fråga hur personen får kontaktas; regeln visas först
help-save = Skriv en bilaga till en fil som bara du kan läsa
    .example =
        samverkan save 222-222-2 --attachment 1 -o rapport.pdf
        samverkan save 222-222-2 -o - | less
    .reference = Ärendets referens
    .attachment = Dess nummer, som samverkan show visar det; behövs när det finns flera
    .output = Var den ska skrivas: en fil, en mapp, eller - för standard ut
    .force = Ersätt en fil som redan finns
help-reply = Svara i ett ärende; avsändaren får bevis för att det finns ett svar
    .example =
        samverkan reply 222-222-2
        samverkan reply 222-222-2 --text-file svar.txt --attach rapport.pdf
    .reference = Ärendets referens
    .text-file = Texten, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-review = Meddela avsändaren att någon tittar på en hänvisning
    .example =
        samverkan review 222-222-2
    .reference = Ärendets referens
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-accept = Acceptera en hänvisning
    .example =
        samverkan accept 222-222-2 --contact-by 2026-12-01
    .reference = Ärendets referens
    .contact-by = Den dag då ni senast kontaktar personen
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-decline = Avböj en hänvisning och säg varför; en orosanmälan kan inte avböjas
    .example =
        samverkan decline 222-222-2 --reason NO_CAPACITY --suggest kj-exempel/stod
    .reference = Ärendets referens
    .reason = Varför; vid en terminal blir du tillfrågad
    .suggest = En brevlåda som kan tillfrågas i stället
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-waitlist = Sätt en hänvisning på väntelistan
    .example =
        samverkan waitlist 222-222-2
    .reference = Ärendets referens
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-ask = Be den som hänvisade om mer; ärendet väntar tills de svarar
    .example =
        samverkan ask 222-222-2
        samverkan ask 222-222-2 --text-file fraga.txt
    .reference = Ärendets referens
    .text-file = Frågan, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-forward = Hänvisa ett ärende vidare till någon annan, inom samtycket eller på en annan grund; avsändaren får veta vart
    .example =
        samverkan forward 222-222-2 --to kj-exempel/stod
        samverkan forward 222-222-2 --to soc-exempel/mottagning --basis VITAL_INTEREST
    .reference = Ärendets referens
    .to = Brevlådan som får det; med ett samtycke en som samtycket nämner
    .basis = Den rättsliga grunden, när den är en annan än den som ärendet kom på
help-start = Meddela den som hänvisade att personen har kontaktats för första gången
    .example =
        samverkan start 222-222-2
    .reference = Ärendets referens
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-close = Avsluta en hänvisning med dess utfall
    .example =
        samverkan close 222-222-2 --outcome COMPLETED
        samverkan close 222-222-2 --outcome FAILED --reason COULD_NOT_CONTACT
    .reference = Ärendets referens
    .outcome = Hur det slutade; ENTERED_IN_ERROR är avsändarens
    .reason = Varför det inte gick; vid en terminal blir du tillfrågad
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-reopen = Ta upp igen det som har avböjts eller avslutats
    .example =
        samverkan reopen 222-222-2
    .reference = Ärendets referens
    .text-file = En text som följer med, från en fil eller - för standard in
    .attach = Filer att bifoga; medan kommandot körs kan andra på den här datorn se deras namn: om ett namn avslöjar något, ange filerna i --from-file
    .keep-metadata = Låt bilder behålla var, när och med vad de togs; annars tas det bort
    .from-file = En JSON-fil med text, attachments och keep_metadata; - för standard in
help-sent = Hämta kvittenser, och visa ärendena som inleddes här
    .example = samverkan sent --unanswered
    .unanswered = Bara ärenden som ingen har besvarat
    .offline = Visa det som finns här utan att fråga hubben
help-track = Visa hur långt varje meddelande i ett ärende har kommit, enligt det som är bevisat
    .example =
        samverkan track 222-222-2
        samverkan track 222-222-2 --wait DELIVERED --timeout 2d
        samverkan track 222-222-2 --wait ACCEPTED
    .reference = Ärendets referens
    .wait = Vänta tills varje meddelande har kommit så långt, eller varje hänvisning har kommit dit, eller slutat på annat sätt
    .timeout = Sluta vänta efter så lång tid, till exempel 30m eller 2d
    .offline = Visa det som finns här utan att fråga hubben
help-resend = Skicka det i ett ärende som inte kom fram på nytt, förseglat för dagens nycklar, till dem som inte fick det
    .example =
        samverkan resend 222-222-2
        samverkan resend 222-222-2 --consent 333-333-R
    .reference = Ärendets referens
    .consent = Ett annat samtycke än det som först gällde, när det inte räcker till fler meddelanden
help-discard = Ta bort det i ett ärende som inte kom fram från listan; det som hubben aldrig fick raderas
    .example = samverkan discard 222-222-2
    .reference = Ärendets referens
help-recall = Ta tillbaka det som skickats i ett ärende: det som ingen har hämtat förstörs, den som har det får veta att den ska sluta
    .example =
        samverkan recall 222-222-2
        samverkan recall 222-222-2 --yes
    .reference = Ärendets referens
    .yes = Fråga inte
help-receipts = Visa bevisen för vad som hände med ett ärende, skriv dem till en fil, eller kontrollera en sådan fil
    .example =
        samverkan receipts 222-222-2
        samverkan receipts 222-222-2 -o bevis.json
        samverkan receipts --verify bevis.json
    .reference = Ärendets referens
    .output = Skriv bevisen till den här filen, eller - för standard ut, så att andra kan kontrollera dem
    .verify = Kontrollera en fil med bevis mot hubbens nycklar; kräver varken nätverk eller lösenfras
    .offline = Visa det som finns här utan att fråga hubben
help-export = Skriv ett ärende i klartext, för det egna arkivet, ett annat system eller papper; bifogade filer ingår inte
    .example =
        samverkan export 222-222-2 --format print -o arende.txt
        samverkan export 222-222-2 --format fhir -o - > arende.json
    .reference = Ärendets referens
    .format = Vad som ska skrivas: ett JSON-dokument av eget slag, en FHIR R4 Bundle, eller text att skriva ut
    .output = Var det ska skrivas: en fil som inte finns, en mapp, eller - för standard ut
help-watch = Håll förbindelsen öppen och skriv en neutral rad när något händer, tills Ctrl-C eller SIGTERM avslutar
    .example = samverkan watch --json
help-consent = Anteckna vad en person har gått med på, och avsluta det när personen återkallar
    .example = samverkan consent record
help-consent-record = Anteckna ett samtycke innan något skickas med stöd av det
    .example =
        samverkan consent record
        samverkan consent record --to boj-exempel/stod --category kontakt --until 2099-12-31 --how VERBALLY --evidence-file anteckning.txt
    .to = En brevlåda som får veta; upprepa för flera
    .purpose = Ändamålet med att uppgifterna lämnas; REFERRAL om det utelämnas
    .category = Vad som får lämnas, ett ord av a-z, 0-9 och -; upprepa för flera
    .until = Sista dagen som det gäller, till exempel 2027-01-31
    .how = Hur det gavs
    .messages = Hur många meddelanden som får skickas med stöd av det; ett till varje mottagare om det utelämnas
    .evidence-file = Vad som visar att det gavs, från en fil eller - för standard in; det förseglas
    .from-file = En JSON-fil med to, purpose, categories, until, how, messages och evidence; - för standard in
help-consent-refuse = Anteckna att en person sade nej: ett antal på den här datorn, ingenting om vem, och ingenting skickas
    .example = samverkan consent refuse
help-consent-show = Visa de samtycken som ännu kan användas, eller ett och vad som hände med det som skickades med stöd av det
    .example =
        samverkan consent show
        samverkan consent show 222-222-2
    .consent = Samtycket, så som samverkan consent record kallade det; alla som kan användas om det saknas
help-consent-withdraw = Återkalla ett samtycke: inget mer skickas med stöd av det, och den som har något får veta att den ska sluta
    .example =
        samverkan consent withdraw 222-222-2
        samverkan consent withdraw 222-222-2 --reason RECORDED_IN_ERROR --yes
    .consent = Samtycket, så som samverkan consent record kallade det
    .reason = Varför; hubben ser det. PERSON_WITHDREW om det saknas
    .yes = Fråga inte
help-consent-comply = Förstör det som kom med stöd av ett samtycke som återkallats, och säg det till avsändaren
    .example = samverkan consent comply 222-222-2
    .reference = Ärendets referens
    .yes = Fråga inte
help-consent-retain = Behåll det som kom med stöd av ett samtycke som återkallats, och säg till avsändaren på vilken grund
    .example = samverkan consent retain 222-222-2 --ground DUTY_TO_DOCUMENT
    .reference = Ärendets referens
    .ground = Varför det måste behållas; avsändaren ser det, hubben gör det inte
help-org = Visa organisationer, och ta reda på om de är dem de säger
    .example = samverkan org show
help-org-list = Visa alla organisationer i hubben, även avstängda
    .example = samverkan org list
    .refresh = Fråga hubben efter nyheter först, vilket kräver lösenfrasen
help-org-show = Visa en organisation och dess säkerhetsnummer
    .example =
        samverkan org show
        samverkan org show boj-exempel
    .handle = Organisationen; din egen om det utelämnas
    .refresh = Fråga hubben efter nyheter först, vilket kräver lösenfrasen
help-org-verify = Anteckna att du har jämfört ett säkerhetsnummer över telefon
    .example =
        samverkan org verify boj-exempel
        samverkan org verify boj-exempel --how BY_TELEPHONE --new-keys
    .handle = Organisationen
    .number = De sextio siffrorna som du hörde dem; om de utelämnas visas de och du får frågan
    .how = Hur du jämförde: på ett telefonnummer som du redan hade, eller öga mot öga; efterfrågas om det utelämnas
    .new-keys = Organisationen har nya nycklar, vilket du vet från den själv: glöm det som jämfördes förut
    .after-recovery = Du ringde dem på ett nummer som du redan hade, och det var de som använde sitt återställningspaket
help-org-threshold = Ange hur många administratörer som måste underteckna varje ändring av din organisation
    .example = samverkan org threshold 2
    .admins = Hur många
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-org-cosign = Underteckna en ändring som en annan administratör föreslår; den gäller när tillräckligt många har gjort det
    .example = samverkan org cosign samverkan-proposal-7.txt
    .proposal = Filen som den andra administratören gav dig, eller - för standard in
    .yes = Underteckna utan att fråga
help-agreement = Vad organisationer får skicka till varandra: föreslå det, underteckna det, avsluta det
    .example = samverkan agreement list
help-agreement-propose = Föreslå villkor för en annan organisation, undertecknade av er; de gäller när även dess administratörer har undertecknat
    .example =
        samverkan agreement propose --to boj-exempel/stod --class REFERRAL --basis CONSENT --answer-within 2d --valid-until 2099-12-31
        samverkan agreement propose --from polisen-exempel --to boj-exempel --class REFERRAL --basis CONSENT --valid-until 2099-12-31
    .to = Vem som tar emot: en organisation, eller en av dess brevlådor; upprepa för flera brevlådor
    .from = Vem som skickar; din egen organisation om den utelämnas
    .class = Vad som får skickas; upprepa för flera
    .basis = Med stöd av vilken rättslig grund; upprepa för flera
    .answer-within = Inom vilken tid mottagaren svarar, till exempel 4h eller 2d; den blir vad ett meddelande ber om
    .valid-from = Den första dag då den gäller, till exempel 2027-01-01; genast om den utelämnas
    .valid-until = Den sista dag då den gäller
    .replaces = Överenskommelsen som detta är nästa version av, angiven med början av dess nummer
    .proposal = Var filen till nästa administratör ska skrivas
    .yes = Underteckna utan att fråga
help-agreement-sign = Läs vad en annan administratör har föreslagit, och underteckna det; den sista underskriften gör att det gäller
    .example = samverkan agreement sign samverkan-agreement-3f9a21c7-1.txt
    .proposal = Filen som den andra administratören gav dig, eller - för standard in
    .yes = Underteckna utan att fråga
help-agreement-list = Visa din organisations överenskommelser, och vad den här hubben kräver
    .example = samverkan agreement list
    .all = Även de som har gått ut eller har avslutats
    .refresh = Fråga hubben efter nyheter först
help-agreement-end = Avsluta en överenskommelse för båda sidor, vilket bara kräver era egna administratörer
    .example = samverkan agreement end 3f9a21c7
    .agreement = Början av dess nummer
    .proposal = Var filen ska skrivas när andra administratörer hos er måste underteckna den först
    .yes = Underteckna utan att fråga
help-member = Datorerna som hör till din organisation: vilka som tillkommer och vilka som försvinner
    .example = samverkan member list
help-member-list = Visa din organisations enheter, vad de får göra och vilka brevlådor de läser
    .example = samverkan member list
    .refresh = Fråga hubben efter nyheter, vilket den måste svara på
help-member-invite = Gör en inbjudan till en person som ska bli medlem; den fungerar en gång, i 72 timmar
    .example =
        samverkan member invite --role handler --mailbox stod
        samverkan member invite --role admin --role handler --mailbox stod --label reception
    .role = Vad enheten får göra: underteckna för organisationen, läsa och skicka, eller läsa; upprepa för flera
    .mailbox = En brevlåda som den ska läsa; upprepa för flera
    .label = Vad enheten kallas på den här datorn; ingen annan får veta det
help-member-approve = Se vilka som väntar med någon av dina inbjudningar, och släpp in dem
    .example =
        samverkan member approve
        samverkan member approve 1 --yes
    .number = Vilken ansökan, när flera väntar
    .yes = Underteckna utan att fråga
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-member-remove = Ta bort en enhet för gott, och visa vad en kollega måste ta över
    .example =
        samverkan member remove 3f2a
        samverkan member remove reception --reason lost
    .device = Dess etikett, eller minst de fyra första siffrorna i dess nummer
    .reason = Varför den tas bort
    .with-mailboxes = Ta bort även brevlådor som ingen annan läser; det som väntar där går tillbaka till avsändarna
    .yes = Underteckna utan att fråga
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-member-role = Ge en enhet i din organisation andra roller
    .example =
        samverkan member role reception --role handler
        samverkan member role 3f2a --role admin --role handler
    .device = Dess etikett, eller minst de fyra första siffrorna i dess nummer
    .role = Vad den får göra från och med nu; upprepa för flera
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-member-withdraw = Ta tillbaka en inbjudan från den här datorn som ingen har släppts in med
    .example =
        samverkan member withdraw
        samverkan member withdraw 2
    .number = Vilken inbjudan, när det finns flera; den som upphör först är nummer 1
help-member-label = Kalla en enhet något på den här datorn; ingen annan får veta det
    .example = samverkan member label 3f2a reception
    .device = Dess etikett hittills, eller minst de fyra första siffrorna i dess nummer
    .text = Vad den ska kallas; en plats eller en funktion är bättre än ett namn
help-mailbox = Din organisations brevlådor, och vilka enheter som läser dem
    .example = samverkan mailbox list
help-mailbox-list = Visa din organisations brevlådor och vilka som läser dem
    .example = samverkan mailbox list
    .refresh = Fråga hubben efter nyheter, vilket den måste svara på
help-mailbox-add = Lägg upp en brevlåda: en funktion, aldrig en person
    .example = samverkan mailbox add jour --reader 3f2a
    .name = Dess namn, av a-z, siffror och -
    .reader = En enhet som läser den, den här enheten om ingen anges; upprepa för flera
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-mailbox-assign = Låt enheter läsa en brevlåda
    .example =
        samverkan mailbox assign stod 3f2a
        samverkan mailbox assign stod 3f2a --remove
    .name = Brevlådan
    .device = En enhet: dess etikett, eller minst de fyra första siffrorna i dess nummer
    .remove = Låt dem i stället inte läsa den längre
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-key = Visa den här enhetens nycklar
    .example = samverkan key show
help-key-show = Visa den här enheten, dess certifikat och hur länge dess nycklar räcker; ingen hemlighet visas
    .example = samverkan key show
help-key-passphrase = Välj en annan lösenfras; den gamla efterfrågas även när profilen är upplåst
    .example =
        samverkan key passphrase
        samverkan key passphrase --passphrase-file gammal.txt --new-passphrase-file ny.txt
    .new-passphrase-file = Läs den nya lösenfrasen från en fil som bara du kan läsa; efterfrågas två gånger om det utelämnas
help-key-report-compromise = Spärra en enhet som är i andras händer, och visa varje meddelande som den kunde läsa
    .example =
        samverkan key report-compromise --since 2026-11-20T14:30 reception
        samverkan key report-compromise --since 2026-11-20 3f2a --yes
    .device = Dess etikett, eller minst de fyra första siffrorna i dess nummer; om det utelämnas gäller det den här enheten, och du får veta vad du ska göra
    .since = När den senast hamnade i andras händer; det som den skickade därefter ska ingen tro på
    .with-mailboxes = Ta bort även brevlådor som ingen annan läser; det som väntar där går tillbaka till avsändarna
    .yes = Underteckna utan att fråga
    .proposal = Var förslaget ska skrivas när andra administratörer måste underteckna det först
help-log = Kontrollera hubbens logg, skriv ner den åt andra, eller se vad dess operatörer har gjort
    .example = samverkan log verify
help-log-verify = Kontrollera en logg från dess första post, utan hubben: varje post, regel och underskrift, och att allt går ihop med det som hubben har undertecknat
    .example =
        samverkan log verify
        samverkan log verify logg.txt
    .file = En exporterad logg, eller bevis för att en logg har delats; kopian på den här datorn om det utelämnas
help-log-export = Skriv kopian på den här datorn till en fil som vem som helst kan kontrollera
    .example = samverkan log export -o logg.txt
    .output = Filen, som inte får finnas, eller - för standard ut
help-log-actions = Visa vad hubbens operatörer har undertecknat, ur kopian på den här datorn: vilka de släppte in, stängde av eller tog bort, och med vilka nycklar
    .example = samverkan log actions
help-unlock = Ge lösenfrasen en gång för en stund; vem som helst vid den här datorn kan agera som du under tiden
    .example =
        samverkan unlock
        samverkan unlock --for 2h
    .for = Hur länge, till exempel 30m eller 2h; högst 8h efter att lösenfrasen skrevs, vila inräknad; 30m om det utelämnas
help-lock = Glöm nyckeln som unlock behåller; ett kommando som redan körs får köra klart
    .example = samverkan lock
help-doctor = Kontrollera att allt här är som det ska; det som skrivs ut nämner ingen vid namn
    .example = samverkan doctor
help-profile = Håll isär flera organisationer på en dator
    .example = samverkan profile list
help-profile-add = Lägg upp en profil
    .example = samverkan profile add jour
    .name = Dess namn: a-z, 0-9 och -
help-profile-list = Visa profilerna
    .example = samverkan profile list
help-profile-use = Använd en profil från och med nu
    .example = samverkan profile use jour
    .name = Dess namn
help-completions = Skriv ut det som ett skal behöver för att komplettera kommandon
    .example = samverkan completions bash > samverkan.bash
    .shell = Skalet
help-man = Skriv ut en sida i handboken, eller skriv alla sidor till en mapp
    .example =
        samverkan man
        samverkan man -o man1
    .command = Kommandot vars sida ska skrivas ut
    .out = Skriv alla sidor till den här mappen
help-help = Visa hjälpen för ett kommando eller ett ämne
    .example =
        samverkan help
        samverkan help legal-bases
    .topic = Ett kommando eller ett ämne
