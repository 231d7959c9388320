### Vad "samverkan help TOPIC" skriver ut.

help-topics-are = Ämnen, som visas med samverkan help TOPIC:

topic-first-steps-title = De första stegen
topic-first-steps =
    Du behöver inbjudan som driftoperatören gav din organisation: ett långt ord
    som börjar med svki1-. Spara det i en fil. Därefter:

      samverkan join inbjudan.txt   gör nycklarna och skriver återställningspaketet

    Ring driftoperatören och läs upp säkerhetsnumret som skrevs ut. När
    driftoperatören har jämfört det kan din organisation hittas, skicka och ta emot:

      samverkan find                visar vem som kan hjälpa
      samverkan send --to boj-exempel/stod
      samverkan inbox               visar vad som har kommit

    Ingen har fått hjälp för att ett meddelande har skickats. Titta på
    samverkan sent --unanswered varje arbetsdag, och ring dem som inte svarar.

    Det här är inte till för nödlägen. Ring 112 i en nödsituation.

topic-colleagues-title = Kollegor
topic-colleagues =
    Post går till en brevlåda, och varje enhet som läser brevlådan får den. Låt
    minst två enheter läsa varje brevlåda: då går inget förlorat med en av dem.

      samverkan member invite --role handler --mailbox stod

    skriver ut en inbjudan som fungerar en gång, i 72 timmar. Ge den till din kollega
    på ett sätt som ingen annan kan läsa. På kollegans dator ber samverkan join om att
    få bli insläppt och skriver ut enhetens nummer. Låt kollegan läsa upp det för dig,
    och jämför det när du kör

      samverkan member approve

    En administratör undertecknar för organisationen: medlemmar och brevlådor. En
    handläggare läser och skickar. En läsare läser. samverkan member list visar vem
    som är vad.

    När någon slutar eller en dator försvinner spärrar samverkan member remove den
    och visar ärendena som en kollega måste ta över. Den som har tagits bort kan inte
    komma tillbaka; bjud in personen igen. Om en dator har blivit stulen, eller någon
    annan kan ha använt den, kör i stället samverkan key report-compromise: då sägs
    också sedan när ingenting från den går att tro på, och varje meddelande som den
    kunde läsa räknas upp.

    Med samverkan org threshold 2 undertecknar två administratörer varje ändring. Det
    som den första gör skrivs då till en fil, och samverkan org cosign undertecknar den.

topic-exit-codes-title = Slutkoder
topic-exit-codes =
    Varje kommando slutar med ett av de här numren. Ett skript kan lita på dem; ett
    nummer får aldrig en andra betydelse. Med --json är ett fel ett dokument på
    standard fel med fälten code, class, message, next och exit. Det är koden som ett
    program ska läsa: den är stabil, meningen är det inte.

topic-references-title = Referenser
topic-references =
    Varje tråd har en referens som K7M-4QD-9. Den får sägas högt och skrivas på
    papper: den avslöjar ingenting för den som inte har tråden.

    Bokstäver och siffror som är lätta att förväxla används inte, och det sista
    tecknet är ett kontrolltecken: en referens som har lästs fel upptäcks. Bindestreck
    och stora bokstäver spelar ingen roll.

    Där ett kommando tar REF tar det en referens.

topic-consent-title = Samtycke
topic-consent =
    Ett samtycke är personens eget beslut. Det säger vem som får veta, vad, varför,
    till när, och hur det gavs. Anteckna det innan du skickar:

      samverkan consent record

    Varje meddelande som skickas med stöd av det förbrukar ett av dess märken. Hubben
    känner till märkena och inget annat; vem personen är, och vad som avtalades, är
    förseglat. Att lämna vidare till någon som samtycket inte nämner nekas, både här
    och hos mottagaren.

    Personen kan när som helst återkalla samtycket och behöver inte säga varför:

      samverkan consent withdraw REF

    Det som ingen har hämtat då förstörs, och den som har något får veta att den ska
    sluta och svarar; samverkan consent show REF räknar vilka som har svarat. Det som
    är läst kan inte bli oläst.

topic-legal-bases-title = Rättsliga grunder
topic-legal-bases =
    Varje hänvisning, orosanmälan och begäran om uppgifter anger en:

      CONSENT             samtycke: personen har gått med på det
      DUTY_TO_REPORT      anmälningsskyldighet: du måste anmäla, som när ett barn
                          far illa
      DUTY_TO_DISCLOSE    uppgiftsskyldighet: du måste svara den som frågar
      SECRECY_ACT_GROUND  offentlighets- och sekretesslagen tillåter det; ange
                          paragrafen i texten
      VOLUNTARY_REPORT    frivillig anmälan: vem som helst får anmäla oro
      VITAL_INTEREST      liv eller hälsa är i fara

    Ideella organisationer omfattas inte av offentlighets- och sekretesslagen. De får
    använda CONSENT, VOLUNTARY_REPORT och VITAL_INTEREST.

topic-evidence-title = Bevis
topic-evidence =
    Vad som är bevisat om ett meddelande, av vem, och vad det betyder:

      skickat     hubben har det på disk och tar ansvar för det
      hämtat      datat gick till en av mottagarens enheter
      levererat   mottagarens enhet säger: öppnat, kontrollerat, sparat på disk
      besvarat    mottagarens enhet säger det, och det förseglade svaret som den
                  nämner finns här

    Levererat är inte läst, läst är inte besvarat, och besvarat är inte hjälpt. Det
    kan också sluta på annat sätt: inte skickat för att hubben nekade, avvisat av
    mottagarens program, utgånget för att ingen hämtade det, returnerat för att
    mottagaren var avstängd, oläsbart, eller obevisat för att dess tid är ute och
    ingen har sagt vad som hände med det. samverkan track säger varför och vad du
    kan göra; samverkan resend skickar det igen till dem som inte fick det.

    samverkan receipts REF -o FILE skriver bevisen till en fil. Den som är medlem i
    den här hubben kan kontrollera dem, utan nätverk:

      samverkan receipts --verify FILE

    En organisation nämns bara enligt katalogen på datorn som kontrollerar. En nyckel
    som inte finns i den visas med ett säkerhetsnummer i stället för ett namn.
