"""`vector FILE…` answers test vectors. `live INVITE MAILBOX` joins and does what each line of its input says."""
import json, os, queue, ssl, time, uuid
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
import protocol
from protocol import *

def unhex(value, name="", texts=("kind", "invite", "hub_name", "hub")):  # JSON, its strings as bytes but for texts
    if isinstance(value, dict): return Record((key, unhex(one, key)) for key, one in value.items())
    if isinstance(value, list): return Records(map(unhex, value))
    return bytes.fromhex(value) if isinstance(value, str) and name not in texts else value
def show(value): return json.dumps(value, default=bytes.hex)
def answer(file):
    kind, inputs = map(unhex(json.loads(pathlib.Path(file).read_text())).get, ("kind", "input"))
    try: return "ok " + show(getattr(protocol, kind, functools.partial(statement, kind))(**inputs))
    except Refused as fault: return str(fault)

# One device with one mailbox, whose keys live as long as the process (sections 11, 14 and 15).
API = {}
for name in ("enrolment", "directory", "relay"):
    for module in grpc.protos_and_services(f"samverkan/v1/{name}.proto"): API |= vars(module)
def now_ms(): return time.time_ns() // 1_000_000
def call(channel, service, method, **fields):
    return getattr(API[f"{service}ServiceStub"](channel), method)(API[f"{method}Request"](**fields))
def connect(address, *keys): return grpc.secure_channel(address, grpc.ssl_channel_credentials(*keys))
def pem(certificate): return ssl.DER_cert_to_PEM_cert(certificate).encode()
def join(line, mailbox):
    given, now, root, seed = invite(line), now_ms(), os.urandom(32), os.urandom(32)
    host, _, port = given.address.rpartition(":")
    server = ssl.get_server_certificate((host.strip("[]"), port)).encode()  # for Hello, which the pin confirms
    hub = call(connect(given.address, server), "Enrolment", "Hello")
    must(wrong_signers=given.pin == H(hub.ca_certificate, hub.log_public_key, hub.receipt_public_key))
    guest, tls_key = connect(given.address, pem(hub.ca_certificate)), ec.generate_private_key(ec.SECP256R1())
    about = call(guest, "Enrolment", "DescribeInvite", code=given.code)
    spki = tls_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(tls_key, hashes.SHA256())
    me = Record(
        serial=1, prev=bytes(32), org_id=ident("org", public(root)), root_pk=public(root), handle=about.handle,
        orgnr=about.organisation_number, issued_ms=now, not_after_ms=now + 365 * DAY, threshold=1, revocations=[],
        device_id=ident("device", public(seed)), sign_pk=public(seed), tls_spki_sha256=H(spki), roles=7, added_ms=now,
        expires_ms=now + 365 * DAY, mailbox_id=os.urandom(16), name=mailbox, readers=[ident("device", public(seed))],
        epoch_keys=[Record(epoch=now // WEEK + ahead, seed=os.urandom(32)) for ahead in (0, 1)],
        hub=hub, pin=given.pin, seed=seed, seen=[], threads=[])
    text = encode("manifest", Record(me, devices=[me], mailboxes=[me]))
    signed = Record(manifest=text, signatures=[Record(signer=0, sig=sign(root, "manifest", text))])
    keys = [encode("epoch_key", Record(me, epoch=one.epoch, pk=kem_private(one.seed)[1], sig=b"",
                                       **week(one.epoch * WEEK))) for one in me.epoch_keys]
    enrolled = call(guest, "Enrolment", "Enrol", code=given.code, signed_manifest=encode("signed_manifest", signed),
                    epoch_keys=[key + sign(seed, "epoch key", key) for key in keys],
                    certificate_request=request.public_bytes(Encoding.DER))
    tls_keys = tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), pem(enrolled.certificate)
    return Record(me, channel=connect(given.address, pem(hub.ca_certificate), *tls_keys))
def tree_root(nodes):
    half = 1 << (len(nodes) - 1).bit_length() >> 1
    return H(b"\1", tree_root(nodes[:half]), tree_root(nodes[half:])) if half else nodes[0]
def sync(me, size=0):  # what the whole log says, but of organisations what it said at that size
    log = Record(hub=me.hub.hub_name, log_key=me.hub.log_public_key, roots=[], device_keys=[], epoch_keys={})
    answers, orgs, states, nodes = [*call(me.channel, "Directory", "Sync")], {}, [], []
    for sent in (entry for answer in answers for entry in answer.entries):
        leaf = log_leaf(sent.leaf, sent.record)
        org, new = orgs.setdefault(leaf.org_id, Record(state=0, revision=0, manifest=b"", devices=[])), leaf.found
        must(wrong_chain=org.state < 5 and (leaf.type == 4) == (not nodes),
             hash_mismatch=leaf.type != 4 or H(*new.values()) == me.pin)
        if leaf.type == 1: org.update(manifest(sent.record, org.manifest), manifest=new.manifest.raw)
        if leaf.type in (2, 3): device = find(org.devices, device_id=leaf.device_id)
        for key in new.get("keys", []):
            must(wrong_chain=log.epoch_keys.setdefault((key.device_id, key.epoch), key.raw) is key.raw)
            statement("epoch_key", device.sign_pk, key=key.raw)
        if leaf.type == 5:
            must(wrong_chain=(new.revision, new.handle, new.orgnr) == (org.revision + 1, org.handle, org.orgnr))
            org.update(new)
        must(wrong_chain=differ([one.handle for one in orgs.values()]))
        log.device_keys += [Record(org_id=org.org_id, sign_pk=one.sign_pk) for one in org.devices]
        nodes.append(leaf.leaf_hash)
        log.roots.append(Record(size=len(nodes), root=tree_root(nodes)))
        states.append([Record(one) for one in orgs.values()])
    then = [Record(org, newest_manifest=orgs[org.org_id].manifest) for org in states[size - 1]]
    log.update(organisations=then, note=answers[-1].checkpoint)
    newest = checkpoint(log.note, log.hub, log.log_key)
    return must(checkpoint_forked=newest.items() >= log.roots[-1].items()) or log
def send(me, to, text):
    (handle, name), now, log = to.split("/"), now_ms(), sync(me)
    org = find(log.organisations, handle=handle, state=3)
    box = find(org.mailboxes, name=name)
    keys = [log.epoch_keys.get((reader, now // WEEK)) for reader in box.readers]
    letter = SEALED.Body(schema=1, kind=2, send_id=uuid.uuid4().bytes, thread_id=uuid.uuid4().bytes, text=text,
                         checkpoint=log.note)
    made = seal(
        me.seed, os.urandom(32), letter.SerializeToString(deterministic=True),
        [Record(epoch_key=key, boxes=1) for key in keys if key], **{"class": 2}, basis=5, urgency=1, created_ms=now,
        expires_ms=now + 30 * DAY, message_id=uuid.uuid4().bytes, sender_org=me.org_id, sender_mailbox=me.mailbox_id,
        to=[Record(org_id=org.org_id, mailbox_id=box.mailbox_id, manifest_serial=org.serial)], blobs=[], handles=[],
        answer_within_minutes=0)
    answer = call(me.channel, "Relay", "Submit", header=made.header, wraps=made.wraps, content=made.content)
    accepted = submission(answer.receipt, me.hub.receipt_public_key, made, made.content)
    must(receipt_mismatch=accepted.wraps_hash == digest("wraps", made.wraps))
    me.threads.append(dict(org_id=org.org_id, thread_id=letter.thread_id))
    return {"sent": made.hh}
def opened(me, sent):  # what to show of a delivery, and the receipts that answer it: one, or none
    own = dict(org_id=me.org_id, device_id=me.device_id, epoch_keys=me.epoch_keys)
    given = dict(own, header=sent.header, wrap=sent.wrap, content=sent.content)
    try:
        log = sync(me, parse("hub_receipt", sent.submission_receipt[:220]).log_size)
        m = message(sent.submission_receipt, me.hub.receipt_public_key, log, me.seen, now_ms(), me.threads, **given)
        for one in m.letter.attachments:
            parts = call(me.channel, "Relay", "DownloadBlob", message_id=m.h.message_id, blob_id=one.blob_id)
            with Refused("attachment"): blob(b"".join(part.data for part in parts), **one)
        me.seen.append(dict(sender_org=m.h.sender_org, send_id=m.letter.send_id))
        me.threads.append(dict(org_id=m.h.sender_org, thread_id=m.letter.thread_id))
        shown, (kind, reason) = dict(text=m.letter.text, attachments=m.letter.attachments), (1, 0)
    except Refused as fault:
        shown, (kind, reason) = dict(refused=str(fault)), APPENDIX["answers"].get(str(fault), (2, 1))
    if kind == 0: return shown, []
    h = parse("header", sent.header)
    tags = open_tags(h, unwrap(**given)[2], me.device_id) if kind in (1, 3) else {}
    said = Record(type=kind, reason=reason, message_id=h.message_id, hh=h.hh, org=me.org_id, device=me.device_id,
                  time_ms=now_ms(), open_tag=tags.get(f"open_tag_{kind}"))
    receipt = encode("device_receipt", said) + encode(f"device_receipt {kind}", said)
    end = Record(index=0, n=1, root=H(b"\0", receipt), key_id=H(me.sign_pk)[:8])
    end.update(sig=sign(me.seed, "batch", encode("batch_head", end)))
    return shown, [receipt + encode("proof_place", end) + encode("proof_end", end)]
def receive(me):
    steps, all_shown = queue.SimpleQueue(), []
    steps.put(API["ReceiveRequest"](start=API["Start"](credit=1000)))
    for item in API["RelayServiceStub"](me.channel).Receive(iter(steps.get, None)):
        if item.HasField("delivery"):
            shown, receipts = opened(me, item.delivery)
            all_shown.append(shown)
            if receipts: steps.put(API["ReceiveRequest"](acknowledge=API["Acknowledge"](receipts=receipts)))
        if item.HasField("caught_up"): steps.put(None)  # the hub answers what was said until then, and ends
    return all_shown
def live(invite, mailbox):
    me = join(invite, mailbox)
    print(show({"safety_number": safety_number(me.root_pk)}), flush=True)
    for line in sys.stdin:
        action, *words = line.rstrip("\n").split(" ", 2)
        print(show({"send": send, "receive": receive}[action](me, *words)), flush=True)

if __name__ == "__main__":
    if sys.argv[1] == "vector": print(*map(answer, sys.argv[2:]), sep="\n")
    else: live(*sys.argv[2:])
