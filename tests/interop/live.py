"""A client of one device (sections 11, 14, 15). A step takes its state and the options, and yields what is to show."""
import os, queue, socket, ssl, time, types, uuid
from pathlib import Path
import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from protocol import (
    DAY, H, MADE, RULES, SEALED, WEEK, Record, Refused, blob_seal, digest, encode, find, follow, ident, kem_private,
    log_leaf, must, parse, public, receipt_proof, safety_number, seal, sign)

API = types.SimpleNamespace()
for name in ("enrolment", "directory", "relay"):
    for module in grpc.protos_and_services(f"samverkan/v1/{name}.proto"): vars(API).update(vars(module))

def now_ms(): return time.time_ns() // 1_000_000
def connect(state):
    keys = grpc.ssl_channel_credentials(state.ca, state.get("tls_key"), state.get("certificate"))
    return grpc.secure_channel(state.address, keys)
def call(channel, service, method, **fields):
    stub = getattr(API, f"{service}ServiceStub")(channel)
    return getattr(stub, method)(getattr(API, f"{method}Request")(**fields))

def tree_root(nodes):
    above = [H(b"\1", *nodes[i:i + 2]) if i + 1 < len(nodes) else nodes[i] for i in range(0, len(nodes), 2)]
    return tree_root(above) if above[1:] else above[0]
def fold(entries, pin):
    """What a log says: each leaf is checked against what came before it."""
    log = Record(orgs={}, device_keys=[], epoch_keys={}, nodes=[])
    for at, (data, record) in enumerate(entries):
        entry = log_leaf(data, record)
        org = log.orgs.setdefault(entry.leaf.get("org_id"), Record(MADE.organisation))
        follow(f"log{entry.type}", **entry, at=at, pin=pin, log=log, org=org)
        if entry.type == 1:
            org.update(entry.found.manifest, manifest=entry.found.manifest.raw)
            log.device_keys += [Record(org_id=org.org_id, sign_pk=device.sign_pk) for device in org.devices]
        elif entry.type in (4, 5):
            (log if entry.type == 4 else org).update(entry.found)
        log.epoch_keys |= {(key.org_id, key.device_id, key.epoch): key.raw for key in entry.found.get("batch", ())}
        log.nodes.append(entry.leaf_hash)
    return log
def sync(channel, state):
    """What the log says, its leaves with their records, and its newest checkpoint."""
    answers = [*call(channel, "Directory", "Sync")]
    entries, note = [(one.leaf, one.record) for answer in answers for one in answer.entries], answers[-1].checkpoint
    log = fold(entries, state.pin)
    known = follow("checkpoint", note=note, hub_name=state.hub_name, public_key=log.log_pk)
    must(checkpoint_forked=(known.size, known.root) == (len(entries), tree_root(log.nodes)))
    return log, entries, note

def join(state, args):
    """Makes an organisation of one device at the hub that the invite pins."""
    invite, now = follow("invite_line", invite=args.words[2]).found, now_ms()
    (host, _, port), context = invite.address.rpartition(":"), ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with context.wrap_socket(socket.create_connection((host.strip("[]"), int(port))), server_hostname=host) as tls:
        ca = tls._sslobj.get_unverified_chain()[-1].public_bytes()  # the last certificate that the server sends, as PEM
    state.update(address=invite.address, pin=invite.pin, ca=ca.encode())
    channel = connect(state)
    hello = call(channel, "Enrolment", "Hello")
    must(wrong_signers=H(ssl.PEM_cert_to_DER_cert(ca), hello.log_public_key, hello.receipt_public_key) == invite.pin)
    about = call(channel, "Enrolment", "DescribeInvite", code=invite.code)
    (root, seed), tls_key = (os.urandom(32), os.urandom(32)), ec.generate_private_key(ec.SECP256R1())
    spki = tls_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ids = dict(org_id=ident("org", public(root)), device_id=ident("device", public(seed)), mailbox_id=os.urandom(16))
    values = dict(
        ids, issued_ms=now, added_ms=now, not_after_ms=now + 365 * DAY, expires_ms=now + 365 * DAY, name=args.mailbox,
        root_pk=public(root), sign_pk=public(seed), tls_spki_sha256=H(spki), handle=about.handle,
        orgnr=about.organisation_number, readers=[ids["device_id"]])
    manifest = encode("manifest", dict(values, devices=[values], mailboxes=[values]))
    signed, epoch_keys = dict(manifest=manifest, signatures=[dict(sig=sign(root, "manifest", manifest))]), {}
    for week in range(now // WEEK, now // WEEK + 5):
        begin, end, epoch_seed = week * WEEK, week * WEEK + WEEK, os.urandom(32)
        key = encode("epoch_key", dict(ids, epoch=week, pk=kem_private(epoch_seed)[1], not_before_ms=begin,
                                       encrypt_until_ms=end, destroy_at_ms=end + 30 * DAY))
        epoch_keys[key + sign(seed, "epoch key", key)] = dict(epoch=week, seed=epoch_seed)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(tls_key, hashes.SHA256())
    enrolled = call(
        channel, "Enrolment", "Enrol", code=invite.code, certificate_request=request.public_bytes(Encoding.DER),
        epoch_keys=[*epoch_keys], signed_manifest=encode("signed_manifest", signed))
    state.update(
        ids, device_seed=seed, root_seed=root, epoch_keys=[*epoch_keys.values()], hub_name=hello.hub_name, shown=[], threads=[],
        certificate=ssl.DER_cert_to_PEM_cert(enrolled.certificate).encode(),
        tls_key=tls_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    yield {"handle": about.handle, "safety_number": safety_number(public(root))}

def upload(relay, file):
    """What header and body say about an attachment that the hub now holds."""
    data, file_key = file.read_bytes(), os.urandom(32)
    blob, blob_id, sha256 = blob_seal(file_key, os.urandom(16), data).values()
    steps = [dict(start=API.UploadStart(blob_id=blob_id, length=len(blob)))]
    steps += [dict(data=blob[at:at + 2**20]) for at in range(0, len(blob), 2**20)]
    must(blob_id_mismatch=relay.UploadBlob(API.UploadBlobRequest(**step) for step in steps).complete)
    return dict(blob_id=blob_id, len=len(blob)), SEALED.Attachment(
        blob_id=blob_id, file_key=file_key, plaintext_len=len(data), plaintext_sha256=sha256, name=file.name)
def send(state, args):
    channel, now, me = connect(state), now_ms(), (state.org_id, state.device_id)
    (log, _, note), (handle, name) = sync(channel, state), args.to.split("/")
    org, mine = find(log.orgs.values(), "handle", handle, "state", 3), log.orgs[state.org_id]
    box, own = find(org.mailboxes, "name", name), find(mine.mailboxes, "mailbox_id", state.mailbox_id)
    readers = {(mine.org_id, one): 0 for one in own.readers} | {(org.org_id, one): 1 for one in box.readers}
    keys = {at: log.epoch_keys.get((*at, now // WEEK)) for at in sorted(readers) if at != me}
    files = [upload(API.RelayServiceStub(channel), Path(file)) for file in args.attach]
    files.sort(key=lambda pair: pair[0]["blob_id"])
    body = SEALED.Body(
        schema=1, kind=2, send_id=uuid.uuid4().bytes, thread_id=uuid.uuid4().bytes, form="general-1", checkpoint=note,
        text=Path(args.text_file).read_text(), attachments=[attachment for _, attachment in files])
    sealed = seal(
        state.device_seed, os.urandom(32), body.SerializeToString(deterministic=True),
        [Record(epoch_key=key, boxes=readers[at]) for at, key in keys.items() if key], **MADE.letter,
        message_id=uuid.uuid4().bytes, sender_org=state.org_id, sender_mailbox=state.mailbox_id, created_ms=now,
        expires_ms=now + 30 * DAY, blobs=[blob for blob, _ in files],
        to=[dict(org_id=org.org_id, mailbox_id=box.mailbox_id, manifest_serial=org.serial, kind=0)])
    answer = call(channel, "Relay", "Submit", header=sealed.header, wraps=sealed.wraps, content=sealed.content)
    receipt = receipt_proof(answer.receipt, log.receipt_pk).found
    must(receipt_mismatch=(receipt.type, receipt.hh, receipt.content_hash, receipt.wraps_hash)
         == (1, sealed.hh, H(sealed.content), digest("wraps", sealed.wraps)))
    state.threads.append(dict(org_id=org.org_id, thread_id=body.thread_id))
    yield {"message_id": receipt.message_id, "hub_time_ms": receipt.hub_time_ms}

def opened(state, channel, delivery):
    """What is shown of a delivery, and a device receipt of type 1 in a batch of one."""
    log, entries, _ = sync(channel, state)
    size = min(parse("hub_receipt", delivery.submission_receipt[:220]).log_size, len(entries))
    then = [org for org in fold(entries[:size], state.pin).orgs.values() if org.manifest]
    known = Record(
        hub=state.hub_name, log_key=log.log_pk, device_keys=log.device_keys,
        roots=[Record(size=n, root=tree_root(log.nodes[:n])) for n in range(1, size + 1)],
        organisations=[Record(org, newest_manifest=log.orgs[org.org_id].manifest) for org in then])
    m = follow(
        "delivery", header=delivery.header, wrap=delivery.wrap, content=delivery.content, log=known, seen=[],
        receipt=delivery.submission_receipt, hub_receipt_key=log.receipt_pk, org_id=state.org_id,
        device_id=state.device_id, epoch_keys=state.epoch_keys, now_ms=now_ms(), threads=state.threads)
    state.threads.append(dict(org_id=m.h.sender_org, thread_id=m.letter.thread_id))
    pair, files, sender = [m.h.sender_org, m.letter.send_id], [], log.orgs[m.h.sender_org].handle
    for one in m.letter.attachments:
        parts = call(channel, "Relay", "DownloadBlob", message_id=m.h.message_id, blob_id=one.blob_id)
        data = follow("attachment", blob=b"".join(part.data for part in parts), **one).data
        files.append({"name": one.name, "len": len(data), "sha256": H(data)})
    shown = {"message_id": m.h.message_id, "from": f"{sender}/{m.box.name}", "subject": m.letter.subject,
             "text": m.letter.text, "replayed": pair in state.shown, "attachments": files}
    state.shown.append(pair)
    receipt = encode("device_receipt", dict(
        message_id=m.h.message_id, hh=m.h.hh, org=state.org_id, device=state.device_id, time_ms=now_ms(),
        open_tag=m.open_tag_1))
    head = dict(n=1, root=H(b"\0", receipt), key_id=H(public(state.device_seed))[:8])
    signature = sign(state.device_seed, "batch", encode("batch_head", head))
    return shown, receipt + b"\0\0\0\1" + head["key_id"] + signature
def event(log, proof):
    """A receipt for a message that this mailbox sent, under the key of the hub or of the device that it names."""
    hub, signer = proof[:4] == b"SVKS", (proof[56:72], proof[72:88])
    found = receipt_proof(proof, log.receipt_pk if hub else RULES["key_of"](log.device_keys, *signer)).found
    return {"event": "hub" if hub else "device", **{name: found[name] for name in ("type", "reason", "message_id")}}
def receive(state, args):
    """Opens and acknowledges what waits; what is refused stays with the hub. Receipts for messages sent are shown."""
    channel, steps, waiting, idle = connect(state), queue.SimpleQueue(), 0, False
    steps.put(API.ReceiveRequest(start=API.Start(credit=64)))
    for item in API.RelayServiceStub(channel).Receive(iter(steps.get, None)):
        kind = item.WhichOneof("item")
        idle, waiting = kind == "caught_up" or idle and kind == "acknowledged", waiting - (kind == "acknowledged")
        if kind in ("delivery", "event"): steps.put(API.ReceiveRequest(credit=1))
        try:
            if kind == "event": yield event(sync(channel, state)[0], item.event.receipt)
            if kind == "delivery":
                shown, receipt = opened(state, channel, item.delivery)
                yield shown
                steps.put(API.ReceiveRequest(acknowledge=API.Acknowledge(receipts=[receipt])))
                waiting += 1
        except Refused as fault:
            yield {"refused": str(fault)}
        if idle and not waiting: break
    steps.put(None)
