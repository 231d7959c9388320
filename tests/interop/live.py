"""A client for one device that keeps its state in one file: join, send, receive (sections 11, 14 and 15)."""
import json, queue, secrets, socket, ssl, time, uuid
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import (DAY, H, SEALED, WEEK, checkpoint, encode, epoch_key_id, ident, kem_private, label, Log, must,
                      new_device_proof, new_epoch_key, open_blob, open_message, open_tag, parse, parse_invite, public,
                      receipt_proof, Record, Refused, safety_number, seal, seal_blob, sign, spki, tree_root)

ENROL, ENROL_CALLS = grpc.protos_and_services("samverkan/v1/enrolment.proto")
DIRECTORY, DIRECTORY_CALLS = grpc.protos_and_services("samverkan/v1/directory.proto")
RELAY, RELAY_CALLS = grpc.protos_and_services("samverkan/v1/relay.proto")
PIECE = 1 << 20

def now_ms():
    return time.time_ns() // 1_000_000

def connect(address, ca, key=None, certificate=None):
    pem = ssl.DER_cert_to_PEM_cert(ca).encode()
    credentials = grpc.ssl_channel_credentials(pem, key and key.encode(), certificate and certificate.encode())
    return grpc.secure_channel(address, credentials, options=[("grpc.max_receive_message_length", 4 << 20)])

def ca_of(address):
    """The last certificate that the server sends, verified by nobody yet."""
    host, port = address.rsplit(":", 1)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        return ssl.PEM_cert_to_DER_cert(tls._sslobj.get_unverified_chain()[-1].public_bytes())

def log_size(delivery):
    return parse("hub_receipt", delivery.submission_receipt[:220]).log_size

class Device:
    def __init__(self, folder):
        self.file = Path(folder) / "state.json"
        self.state = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.me = Record({name: bytes.fromhex(self.state.get(name, "")) for name in (
            "org_id", "device_id", "mailbox_id", "device_seed", "root_seed", "ca", "pin")})
        weeks = {int(week): bytes.fromhex(seed) for week, seed in self.state.get("weeks", {}).items()}
        self.me["seeds"] = {epoch_key_id(kem_private(seed)[1]): (week, seed) for week, seed in weeks.items()}

    def save(self, **changes):
        self.state.update({name: value.hex() if isinstance(value, bytes) else value for name, value in changes.items()})
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(self.state, indent=1))

    def join(self, line):
        invite, made = parse_invite(line), now_ms()
        ca = ca_of(invite.address)
        calls = ENROL_CALLS.EnrolmentServiceStub(connect(invite.address, ca))
        hello = calls.Hello(ENROL.HelloRequest())
        must(H(ca, hello.log_public_key, hello.receipt_public_key) == invite.pin, "wrong_signers")
        about = calls.DescribeInvite(ENROL.DescribeInviteRequest(code=invite.code))
        root, device, tls = secrets.token_bytes(32), secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1())
        org_id, device_id, mailbox_id = ident("org", public(root)), ident("device", public(device)), secrets.token_bytes(16)
        manifest = encode("manifest", dict(
            version=1, org_id=org_id, serial=1, prev=bytes(32), issued_ms=made, not_after_ms=made + 365 * DAY,
            root_pk=public(root), handle=about.handle, orgnr=about.organisation_number, threshold=1, revocations=[],
            devices=[dict(device_id=device_id, sign_pk=public(device), tls_spki_sha256=H(spki(tls.public_key())), roles=7,
                          added_ms=made, expires_ms=made + 365 * DAY)],
            mailboxes=[dict(mailbox_id=mailbox_id, name="inbox", readers=[device_id])]))
        weeks = {made // WEEK + ahead: secrets.token_bytes(32) for ahead in range(5)}
        keys = [new_epoch_key(org_id, device_id, device, week, seed) for week, seed in weeks.items()]
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(tls, hashes.SHA256())
        answer = calls.Enrol(ENROL.EnrolRequest(
            code=invite.code, epoch_keys=keys, certificate_request=request.public_bytes(serialization.Encoding.DER),
            signed_manifest=encode("signed_manifest", dict(manifest=manifest, signatures=[
                dict(signer=0, sig=sign(root, "manifest", manifest))]))))
        pem = tls.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.save(org_id=org_id, device_id=device_id, mailbox_id=mailbox_id, device_seed=device, root_seed=root,
                  ca=ca, pin=invite.pin, origin=f"samverkan/{hello.hub_name}", address=invite.address,
                  tls_key=pem.decode(), shown=[], sent={},
                  certificate=ssl.DER_cert_to_PEM_cert(answer.certificate),
                  weeks={week: seed.hex() for week, seed in weeks.items()})
        yield {"handle": about.handle, "safety_number": safety_number(public(root))}

    def channel(self):
        return connect(self.state["address"], self.me.ca, self.state["tls_key"], self.state["certificate"])

    def sync(self, channel):
        log = Log(self.me.pin)
        for answer in DIRECTORY_CALLS.DirectoryServiceStub(channel).Sync(DIRECTORY.SyncRequest()):
            for entry in answer.entries:
                log.append(entry.leaf, entry.record)
        newest = checkpoint(answer.checkpoint, self.state["origin"].encode(), log.newest("hub").log_pk)
        must(newest == dict(size=len(log.leaves), root=tree_root(log.leaves)), "checkpoint_forked")
        return log, answer.checkpoint

    def send(self, to, text, files):
        channel, created = self.channel(), now_ms()
        log, note = self.sync(channel)
        relay = RELAY_CALLS.RelayServiceStub(channel)
        handle, name = to.split("/")
        theirs, mine = log.newest("manifest", log.newest("handle", handle)), log.newest("manifest", self.me.org_id)
        must(log.newest("entry", theirs.org_id).state == 3, "unknown_device")
        box = next(box for box in theirs.mailboxes if box.name == name)
        own = next(box for box in mine.mailboxes if box.mailbox_id == self.me.mailbox_id)
        keys = {(org, device): log.newest("epoch key", org, device, created // WEEK) for org, device in (
            [(theirs.org_id, device) for device in box.readers] + [(mine.org_id, device) for device in own.readers])}
        keys = {at: key for at, key in sorted(keys.items()) if key and at != (mine.org_id, self.me.device_id)}
        sent = sorted((self.upload(relay, Path(file)) for file in files), key=lambda pair: pair[0]["blob_id"])
        body = SEALED.Body(schema=1, kind=2, send_id=uuid.uuid4().bytes, thread_id=uuid.uuid4().bytes, form="general-1",
                           text=text, attachments=[attachment for _, attachment in sent], checkpoint=note)
        header = {
            "suite": 1, "message_id": uuid.uuid4().bytes, "sender_org": mine.org_id, "sender_mailbox": own.mailbox_id,
            "sender_device": self.me.device_id, "class": 2, "basis": 5, "urgency": 1, "flags": 0, "answer_within_minutes": 0,
            "created_ms": created, "expires_ms": created + 30 * DAY, "handles": [], "ext_len": 0,
            "blobs": [blob for blob, _ in sent],
            "to": [dict(org_id=theirs.org_id, mailbox_id=box.mailbox_id, manifest_serial=theirs.serial, kind=0)],
            "wraps": [dict(org_id=org, device_id=device, epoch_key_id=epoch_key_id(key.pk), boxes=int(org == theirs.org_id))
                      for (org, device), key in keys.items()]}
        header, wraps, content, cek = seal(header, body.SerializeToString(deterministic=True), self.me.device_seed,
                                         [key.pk for key in keys.values()])
        answer = relay.Submit(RELAY.SubmitRequest(header=header, wraps=wraps, content=content))
        receipt = receipt_proof(answer.receipt, log.newest("hub").receipt_pk)
        must((receipt.type, receipt.hh, receipt.content_hash, receipt.wraps_hash)
             == (1, H(label("header", header)), H(content), H(label("wraps", wraps))), "receipt_mismatch")
        self.save(sent={**self.state["sent"], receipt.message_id.hex(): [receipt.hh.hex(), cek.hex()]})
        yield {"message_id": receipt.message_id, "hub_time_ms": receipt.hub_time_ms}

    def upload(self, relay, file):
        data, file_key = file.read_bytes(), secrets.token_bytes(32)
        blob = seal_blob(data, file_key, secrets.token_bytes(16))
        start = RELAY.UploadStart(blob_id=H(blob), length=len(blob), offset=0)
        pieces = (RELAY.UploadBlobRequest(data=blob[at:at + PIECE]) for at in range(0, len(blob), PIECE))
        answer = relay.UploadBlob(piece for part in ([RELAY.UploadBlobRequest(start=start)], pieces) for piece in part)
        must(answer.complete, "blob_id_mismatch")
        return dict(blob_id=H(blob), len=len(blob)), SEALED.Attachment(
            blob_id=H(blob), file_key=file_key, plaintext_len=len(data), plaintext_sha256=H(data), name=file.name,
            media_type="application/octet-stream")

    def receive(self):
        """Opens what waits and acknowledges what opened; what is refused stays with the hub."""
        channel = self.channel()
        log, _ = self.sync(channel)
        relay, steps, unanswered, caught_up = RELAY_CALLS.RelayServiceStub(channel), queue.SimpleQueue(), 0, False
        steps.put(RELAY.ReceiveRequest(start=RELAY.Start(cursor=0, credit=64)))
        for item in relay.Receive(iter(steps.get, None)):
            kind = item.WhichOneof("item")
            if kind in ("delivery", "event"):
                caught_up = False
                steps.put(RELAY.ReceiveRequest(credit=1))
                try:
                    if kind == "delivery" and log_size(item.delivery) > len(log.leaves):
                        log, _ = self.sync(channel)
                    shown, done = self.open(relay, item.delivery, log) if kind == "delivery" else self.event(item.event, log)
                    yield shown
                    steps.put(RELAY.ReceiveRequest(acknowledge=done))
                    unanswered += 1
                except Refused as fault:
                    yield {"refused": str(fault)}
            elif kind == "acknowledged":
                unanswered -= 1
                yield from ({"not_acknowledged": failure.failure.text} for failure in item.acknowledged.failures)
            caught_up = caught_up or kind == "caught_up"
            if caught_up and not unanswered:
                break
        steps.put(None)

    def event(self, event, log):
        org_id, device_id = event.receipt[56:72], event.receipt[72:88]  # where a device receipt names its signer
        hub = event.receipt[:4] == b"SVKS"
        receipt = receipt_proof(event.receipt, log.newest("hub").receipt_pk if hub else log.device(org_id, device_id).sign_pk)
        hh, cek = map(bytes.fromhex, self.state["sent"].get(receipt.message_id.hex(), ["", ""]))
        must(receipt.hh == hh, "receipt_mismatch")
        tag = None if hub or receipt.type == 2 else open_tag(receipt.message_id, cek, device_id, receipt.type)
        must(tag is None or tag == receipt.open_tag, "receipt_mismatch")
        return ({"event": "hub" if hub else "device", **{name: receipt[name] for name in ("type", "reason", "message_id")}},
                RELAY.Acknowledge(events_through=event.cursor))

    def open(self, relay, delivery, log):
        opened = open_message(delivery, self.me, log, self.state["origin"].encode(), now_ms())
        header, body, files = opened.header, opened.body, {}
        for a in body.attachments:
            blob = b"".join(part.data for part in relay.DownloadBlob(RELAY.DownloadBlobRequest(
                message_id=header.message_id, blob_id=a.blob_id)))
            files[a.name] = open_blob(blob, a.file_key, a.blob_id, a.plaintext_len, a.plaintext_sha256)
        receipt = new_device_proof(dict(
            version=1, type=1, reason=0, message_id=header.message_id, hh=H(label("header", delivery.header)), org=self.me.org_id,
            device=self.me.device_id, mailbox=bytes(16), time_ms=now_ms(), ref=bytes(32),
            open_tag=open_tag(header.message_id, opened.cek, self.me.device_id, 1)), self.me.device_seed)
        key = [header.sender_org.hex(), body.send_id.hex()]
        seen = key in self.state["shown"]
        self.save(shown=self.state["shown"] + [key] * (not seen))
        attachments = {name: {"length": len(data), "sha256": H(data)} for name, data in files.items()}
        shown = {"message_id": header.message_id, "text": body.text, "replayed": seen, "attachments": attachments}
        return shown, RELAY.Acknowledge(receipts=[receipt])
