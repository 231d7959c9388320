"""`vector FILE…` answers test vectors. `live INVITE MAILBOX` joins and does what each line of its input says."""
import json, os, queue, socket, ssl, time, uuid
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
import protocol
from protocol import *

def unhex(value, name="", texts=("kind", "invite", "hub_name", "hub")):  # JSON, its strings as bytes but for texts
    if isinstance(value, dict): return Record((key, unhex(one, key)) for key, one in value.items())
    if isinstance(value, list): return Records(map(unhex, value))
    return bytes.fromhex(value) if isinstance(value, str) and name not in texts else value
def answer(file):
    kind, inputs = map(unhex(json.loads(pathlib.Path(file).read_text())).get, ("kind", "input"))
    try: found = getattr(protocol, kind, functools.partial(statement, kind))(**inputs)
    except Refused as fault: return str(fault)
    return "ok " + json.dumps(found, default=bytes.hex)

# One device with one mailbox, whose keys live as long as the process (sections 11, 14 and 15).
API = {}
for name in ("enrolment", "directory", "relay"):
    for module in grpc.protos_and_services(f"samverkan/v1/{name}.proto"): API |= vars(module)
def now_ms(): return time.time_ns() // 1_000_000
def call(me, service, method, **fields):
    return getattr(API[f"{service}ServiceStub"](me.channel), method)(API[f"{method}Request"](**fields))
def connect(address, *keys): return Record(channel=grpc.secure_channel(address, grpc.ssl_channel_credentials(*keys)))
def join(line, mailbox):
    given, now, context = invite(line), now_ms(), ssl._create_unverified_context()
    host, _, port = given.address.rpartition(":")
    context.set_alpn_protocols(["h2"])
    with context.wrap_socket(socket.create_connection((host.strip("[]"), int(port)))) as tls:
        ca = tls._sslobj.get_unverified_chain()[-1].public_bytes()  # the last certificate that the server sends, as PEM
    guest = connect(given.address, ca.encode())
    hub = call(guest, "Enrolment", "Hello")
    must(wrong_signers=given.pin == H(ssl.PEM_cert_to_DER_cert(ca), hub.log_public_key, hub.receipt_public_key))
    about = call(guest, "Enrolment", "DescribeInvite", code=given.code)
    root, seed, tls_key = os.urandom(32), os.urandom(32), ec.generate_private_key(ec.SECP256R1())
    ids = dict(org_id=ident("org", public(root)), device_id=ident("device", public(seed)), mailbox_id=os.urandom(16))
    facts = dict(
        ids, serial=1, prev=bytes(32), root_pk=public(root), handle=about.handle, orgnr=about.organisation_number,
        threshold=1, sign_pk=public(seed), roles=7, name=mailbox, readers=[ids["device_id"]], revocations=[],
        issued_ms=now, added_ms=now, not_after_ms=now + 365 * DAY, expires_ms=now + 365 * DAY, tls_spki_sha256=H(
            tls_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)))
    text = encode("manifest", dict(facts, devices=[facts], mailboxes=[facts]))
    signed = dict(manifest=text, signatures=[dict(signer=0, sig=sign(root, "manifest", text))])
    epoch_keys = [Record(epoch=now // WEEK + ahead, seed=os.urandom(32)) for ahead in (0, 1)]
    keys = [encode("epoch_key", dict(
        ids, epoch=one.epoch, pk=kem_private(one.seed)[1], sig=b"", **week(one.epoch * WEEK))) for one in epoch_keys]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(tls_key, hashes.SHA256())
    enrolled = call(guest, "Enrolment", "Enrol", code=given.code, signed_manifest=encode("signed_manifest", signed),
                    epoch_keys=[key + sign(seed, "epoch key", key) for key in keys],
                    certificate_request=request.public_bytes(Encoding.DER))
    me = connect(given.address, ca.encode(), tls_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), ssl.DER_cert_to_PEM_cert(enrolled.certificate).encode())
    return Record(me, **ids, seed=seed, epoch_keys=epoch_keys, hub=hub, pin=given.pin, seen=[], threads=[],
                  root_pk=public(root))
def tree_root(nodes):
    half = 1 << (len(nodes) - 1).bit_length() >> 1
    return H(b"\1", tree_root(nodes[:half]), tree_root(nodes[half:])) if half else nodes[0]
def sync(me, size=None):  # what the log says, or said at that size
    log = Record(hub=me.hub.hub_name, log_key=me.hub.log_public_key, device_keys=[], epoch_keys={})
    answers, orgs, nodes = [*call(me, "Directory", "Sync")], {}, []
    for sent in [entry for answer in answers for entry in answer.entries][:size]:
        leaf = log_leaf(sent.leaf, sent.record)
        nothing = Record(state=0, revision=0, manifest=b"", devices=[], handle="", orgnr="")
        org = orgs.setdefault(leaf.get("org_id"), nothing)
        must(wrong_chain=org.state < 5 and (leaf.type == 4) == (not nodes))
        if leaf.type == 1: org.update(manifest(sent.record, org.manifest), manifest=leaf.found.manifest.raw)
        if leaf.type in (2, 3): device = find(org.devices, device_id=leaf.device_id)
        for key in leaf.found.get("keys", ()):
            must(wrong_chain=log.epoch_keys.setdefault((key.org_id, key.device_id, key.epoch), key.raw) is key.raw)
            statement("epoch_key", device.sign_pk, key=key.raw)
        if leaf.type == 4: must(hash_mismatch=H(*leaf.found.values()) == me.pin)
        if leaf.type == 5 and (new := leaf.found):
            must(wrong_chain=(new.revision, new.handle, new.orgnr) == (org.revision + 1, org.handle, org.orgnr))
            org.update(new)
        must(wrong_chain=distinct([one.handle for one in orgs.values() if one.manifest]))
        log.device_keys += [Record(org_id=org.org_id, sign_pk=one.sign_pk) for one in org.devices]
        nodes.append(leaf.leaf_hash)
    log.update(roots=[Record(size=n, root=tree_root(nodes[:n])) for n in range(1, len(nodes) + 1)],
               organisations=[org for org in orgs.values() if org.manifest], note=answers[-1].checkpoint)
    same = checkpoint(log.note, log.hub, log.log_key).items() >= log.roots[-1].items()
    return must(checkpoint_forked=size or same) or log
def send(me, to, text):
    (handle, name), now, log = to.split("/"), now_ms(), sync(me)
    org = find(log.organisations, handle=handle, state=3)
    box = find(org.mailboxes, name=name)
    keys = [log.epoch_keys.get((org.org_id, reader, now // WEEK)) for reader in box.readers]
    letter = SEALED.Body(schema=1, kind=2, send_id=uuid.uuid4().bytes, thread_id=uuid.uuid4().bytes,
                         text=text.rstrip("\n"), checkpoint=log.note)
    made = seal(
        me.seed, os.urandom(32), letter.SerializeToString(deterministic=True),
        [Record(epoch_key=key, boxes=1) for key in keys if key], **{"class": 2}, basis=5, urgency=1,
        answer_within_minutes=0, message_id=uuid.uuid4().bytes, sender_org=me.org_id, sender_mailbox=me.mailbox_id,
        created_ms=now, expires_ms=now + 30 * DAY, blobs=[], handles=[],
        to=[dict(org_id=org.org_id, mailbox_id=box.mailbox_id, manifest_serial=org.serial, kind=0)])
    answer = call(me, "Relay", "Submit", header=made.header, wraps=made.wraps, content=made.content)
    with refusing("receipt_mismatch"):
        find([receipt_proof(answer.receipt, me.hub.receipt_public_key)], type=1, hh=made.hh, org=me.org_id,
             mailbox=me.mailbox_id, device=me.device_id, content_hash=H(made.content),
             wraps_hash=digest("wraps", made.wraps))
    me.threads.append(dict(org_id=org.org_id, thread_id=letter.thread_id))
    return {"sent": made.hh}
def opened(me, delivery):  # what to show of it, and the type, reason and proof of opening for the device receipt
    own = dict(org_id=me.org_id, device_id=me.device_id, epoch_keys=me.epoch_keys)
    given = dict(own, header=delivery.header, wrap=delivery.wrap, content=delivery.content)
    log, size = sync(me), parse("hub_receipt", delivery.submission_receipt[:220]).log_size
    newest = {org.org_id: org.manifest for org in log.organisations}
    log["organisations"] = [Record(org, newest_manifest=newest[org.org_id]) for org in sync(me, size).organisations]
    try:
        m = message(delivery.submission_receipt, me.hub.receipt_public_key, log, me.seen, now_ms(), me.threads, **given)
        for one in m.letter.attachments:
            parts = call(me, "Relay", "DownloadBlob", message_id=m.h.message_id, blob_id=one.blob_id)
            with refusing("attachment"): blob(b"".join(part.data for part in parts), **one)
        me.seen.append(dict(sender_org=m.h.sender_org, send_id=m.letter.send_id))
        me.threads.append(dict(org_id=m.h.sender_org, thread_id=m.letter.thread_id))
        return {"text": m.letter.text, "attachments": m.letter.attachments}, 1, 0, m.open_tag_1
    except Refused as fault:
        kind, reason = APPENDIX["answers"].get(str(fault), (2, 1))
        tags = open_tags(parse("header", given["header"]), unwrap(**given)[2], me.device_id) if kind in (1, 3) else {}
        return {"refused": str(fault)}, kind, reason, tags.get(f"open_tag_{kind}")
def acknowledgement(me, delivery, kind, reason, open_tag):
    h = parse("header", delivery.header)
    receipt = encode("device_receipt", dict(type=kind, reason=reason, message_id=h.message_id, hh=h.hh, org=me.org_id,
                                            device=me.device_id, time_ms=now_ms(), open_tag=open_tag))
    head = dict(n=1, root=H(b"\0", receipt), key_id=H(public(me.seed))[:8])
    proof = receipt + b"\0\0\0\1" + head["key_id"] + sign(me.seed, "batch", encode("batch_head", head))
    return API["ReceiveRequest"](acknowledge=API["Acknowledge"](receipts=[proof]))
def receive(me):
    steps, waiting, empty, all_shown = queue.SimpleQueue(), 0, False, []
    steps.put(API["ReceiveRequest"](start=API["Start"](credit=1000)))
    for item in API["RelayServiceStub"](me.channel).Receive(iter(steps.get, None)):
        if item.HasField("delivery"):
            shown, kind, *answer = opened(me, item.delivery)
            all_shown.append(shown)
            waiting += kind > 0
            if kind: steps.put(acknowledgement(me, item.delivery, kind, *answer))
        waiting, empty = waiting - item.HasField("acknowledged"), empty or item.HasField("caught_up")
        if empty and not waiting: steps.put(None)
    return all_shown
def live(*words):
    me = join(*words)
    print(json.dumps({"safety_number": safety_number(me.root_pk)}), flush=True)
    for line in sys.stdin:
        action, *words = line.split(maxsplit=2)
        print(json.dumps({"send": send, "receive": receive}[action](me, *words), default=bytes.hex), flush=True)

if __name__ == "__main__":
    if sys.argv[1] == "vector": print(*map(answer, sys.argv[2:]), sep="\n")
    else: live(*sys.argv[2:])
