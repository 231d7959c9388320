"""The Samverkan protocol, version 1, written from proto/PROTOCOL.md and its appendix of layouts, proto/layouts.toml."""
import base64, contextlib, functools, hashlib, hmac, io, ipaddress, itertools, operator, pathlib, re, sys, tomllib, grpc
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

class Refused(Exception): "With a fault name of section 17."
class Record(dict): __getattr__ = dict.__getitem__  # record.name is record["name"], but for names of dict's own
class Records(list): __getattr__ = lambda self, name: [one[name] for one in self]  # that value of each
def must(**checks):  # refuses by the first that does not hold; else gives None, for `must(...) or value`
    for fault in (name for name, holds in checks.items() if not holds): raise Refused(fault)
@contextlib.contextmanager
def refusing(fault):  # whatever goes wrong inside has this name
    try: yield
    except Exception as error: raise Refused(fault) from error
ROOT, DAY, WEEK, SEGMENT = pathlib.Path(__file__).resolve().parents[2], 86_400_000, 604_800_000, 65_536
sys.path[:1] = [str(ROOT / "proto"), str(ROOT / "client/envelope")]  # where grpc.protos looks
SEALED, APPENDIX = grpc.protos("body.proto"), tomllib.loads((ROOT / "proto/layouts.toml").read_text())
UNLIMITED = dict(min=0, max=float("inf"), step=1, match="(?s).*", fault="bad_length", holds="", by=None)
LAYOUTS, TYPES = APPENDIX["layouts"], {name: Record(UNLIMITED | spec) for name, spec in APPENDIX["types"].items()}
HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
PADDED = [top << e - e.bit_length() for e in range(12, 32) for top in range(1 << e.bit_length(), 2 << e.bit_length())]
BLOB_LENGTHS = {54 + size + 16 * -(-size // SEGMENT) for size in PADDED if size <= 2**31}

# Records (section 1).
def fields(kind, variant): return LAYOUTS[kind] + LAYOUTS.get(f"{kind} {variant}", [])
def read(kind, stream):  # the fields of a record, or one value; each is checked as soon as it is read
    if kind in LAYOUTS:
        record = Record((name, read(of, stream)) for name, of in LAYOUTS[kind])
        rest = fields(kind, record.get("type"))[len(record):]
        return Record(record, **{name: read(of, stream) for name, of in rest})
    spec = TYPES[kind]
    must(truncated=len(data := stream.read(spec.size)) == spec.size)
    must(**{spec.fault: spec.min <= (count := number(data)) <= spec.max and count % spec.step == 0})
    if spec.form == "list":
        rows = Records(read(spec.of, stream) for _ in range(count))
        keys = [*zip(*(getattr(rows, name) for name in spec.by.split()))] if spec.by else rows
        return must(not_ascending=spec.by is None or ascends(keys)) or rows
    if spec.form in ("text", "block"): must(truncated=len(data := stream.read(count)) == count)
    value = count if spec.form == "number" else data
    if spec.form == "text":
        with refusing("bad_text"): value = data.decode()
    text = value.hex() if isinstance(value, bytes) else str(value)
    must(**{spec.fault: re.fullmatch(spec.match, text) and (kind not in SPELT or SPELT[kind](text))})
    return parse(spec.holds, value) if spec.holds else value
def parse(kind, data):  # nothing follows a whole statement, and the rules between its fields hold
    value = read(kind, stream := io.BytesIO(data))
    must(trailing_bytes=not stream.read())
    return RULES[kind](Record(value, raw=data)) if kind in RULES else value
def encode(kind, value):  # a value that is missing is the only one that its type allows
    if kind in LAYOUTS:
        get = value.get if isinstance(value, dict) else lambda name: getattr(value, name, None)
        return b"".join(encode(of, get(name)) for name, of in fields(kind, get("type")))
    spec = TYPES[kind]
    if spec.form == "bytes": return bytes.fromhex(spec.match) if value is None else value
    if spec.form == "number": return (spec.min if value is None else value).to_bytes(spec.size, "big")
    data = value.encode() if spec.form == "text" else value
    entries = [encode(spec.of, one) for one in data] if spec.form == "list" else [data]
    return len(data).to_bytes(spec.size, "big") + b"".join(entries)
def find(records, **wanted): return [one for one in records if one.items() >= wanted.items()][0]
def ascends(values): return all(a < b for a, b in itertools.pairwise(values))
def distinct(values): return len({*values}) == len(values)

# Algorithms (section 2) and names (section 3).
def number(data): return int.from_bytes(data, "big")
def padded(size): return next(one for one in PADDED if one >= size)
def H(*parts): return hashlib.sha256(b"".join(parts)).digest()
def label(name, *parts): return b"".join((f"svk1 {name}".encode(), b"\0" * bool(parts), *parts))
def digest(name, *parts): return H(label(name, *parts))
def ident(name, pk): return digest(name, pk)[:16]
def hkdf(salt, key, name, *parts): return HKDF(hashes.SHA256(), 32, salt, label(name, *parts)).derive(key)
def cipher(salt, key, name, *parts): return ChaCha20Poly1305(hkdf(salt, key, name, *parts))
def signing(name, data): return label(f"{name} signature", H(data)) if name else data
def public(seed): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
def sign(seed, name, data): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(signing(name, data))
def verify(pk, sig, name, data):
    key = ed25519.Ed25519PublicKey.from_public_bytes(parse("sign_pk", pk))
    with refusing("bad_signature"): key.verify(parse("sign_pk", sig[:32]) + sig[32:], signing(name, data))
def kem_public(pk):
    with refusing("bad_key"): lattice = mlkem.MLKEM768PublicKey.from_public_bytes(pk[:1184])  # checks the coefficients
    return hpke.MLKEM768X25519PublicKey(lattice, x25519.X25519PublicKey.from_public_bytes(parse("x25519", pk[1184:])))
def kem_private(seed):  # and the bytes of the public key
    seeds, curve = hashlib.shake_256(seed).digest(96), x25519.X25519PrivateKey.from_private_bytes
    keys = mlkem.MLKEM768PrivateKey.from_seed_bytes(seeds[:64]), curve(seeds[64:])
    return hpke.MLKEM768X25519PrivateKey(*keys), b"".join(key.public_key().public_bytes_raw() for key in keys)
def safety_number(root_pk):
    data = hashlib.sha512(label("safety", root_pk)).digest()
    return " ".join(f"{number(data[at:at + 5]) % 100_000:05}" for at in range(0, 60, 5))
def case_reference(thread_id):
    case, symbols = number(digest("case", parse("uuid", thread_id))[:8]), "23456789ACDEFGHJKMNPQRTUVWXYZ"
    digits = [case // 29**place % 29 for place in (5, 4, 3, 2, 1, 0)]
    text = "".join(symbols[digit] for digit in (*digits, sum(map(operator.mul, digits, range(1, 7))) % 29))
    return Record(case_reference=f"{text[:3]}-{text[3:6]}-{text[6:]}")

# Rules between the fields of a statement (sections 5 and 6), and what follows from them.
def places(rows, name): return [*zip(rows.org_id, getattr(rows, name))]
def reads(h, wrap): return Records(one for bit, one in enumerate(h.to) if wrap.boxes >> bit & 1)
def header_rules(h):
    mailboxes, readers = places(h.to, "mailbox_id"), places(h.wraps, "device_id")
    primaries = [at for at, one in enumerate(h.to) if one.kind == 0]
    must(bad_basis=(h["class"] == 4) == (h.basis == 0) and (h.basis == 1) == bool(h.handles),
         bad_time=0 < h.expires_ms - h.created_ms <= 30 * DAY,
         bad_length=h.content_len - 16 in PADDED and h.content_len <= 1_081_360,
         bad_recipients=primaries[:1] == [0] and ascends([mailboxes[at] for at in primaries])
         and distinct([(h.sender_org, h.sender_mailbox), *mailboxes]),
         bad_boxes=(h.sender_org, h.sender_device) not in readers
         and functools.reduce(operator.or_, h.wraps.boxes) == 2**len(mailboxes) - 1
         and all({one.org_id} == ({*reads(h, one).org_id} or {h.sender_org}) for one in h.wraps))
    must(bad_length=BLOB_LENGTHS >= {*h.blobs.len})
    groups = [[*range(*ends)] for ends in itertools.pairwise([*primaries, len(mailboxes)])]
    return Record(h, hh=digest("header", h.raw), groups=groups)
def manifest_rules(m):
    ids, keys, gone = m.devices.device_id, m.devices.sign_pk, m.revocations.device_id
    readers, admins = ([one.device_id for one in m.devices if one.roles & role] for role in (4, 1))
    must(bad_identifier=[m.org_id, *ids] == [ident("org", m.root_pk), *(ident("device", key) for key in keys)])
    for key in (m.root_pk, *keys): parse("sign_pk", key)
    lives = all(0 < one.expires_ms - one.added_ms <= 400 * DAY for one in m.devices)
    must(bad_key=distinct(m.devices.tls_spki_sha256), bad_time=m.issued_ms < m.not_after_ms and lives,
         bad_text=distinct(m.mailboxes.name), unknown_device={*readers} >= {*sum(m.mailboxes.readers, [])}
         and not {*ids} & {*gone}, wrong_signers=1 <= m.threshold <= len(admins),
         wrong_chain=(m.serial > 1) == any(m.prev) and m.serial > 0)
    return Record(m, hash=H(m.raw), safety_number=safety_number(m.root_pk), admins=admins)
def week(start): return dict(not_before_ms=start, encrypt_until_ms=start + WEEK, destroy_at_ms=start + WEEK + 30 * DAY)
def epoch_key_rules(key):
    must(_=kem_public(key.pk), bad_time=key.items() >= week(key.epoch * WEEK).items())
    return Record(key, epoch_key_id=digest("epoch key", key.pk))
RULES = {"header": header_rules, "manifest": manifest_rules, "epoch_key": epoch_key_rules}
SPELT = {  # what no pattern says: the check digit of Luhn, and how RFC 5952 spells an IPv6 address
    "orgnr": lambda text: sum(int(a) for i, b in enumerate(text) for a in str(int(b) * (2 - i % 2))) % 10 == 0,
    "address": lambda text: text[0] != "[" or (
        host := ipaddress.IPv6Address(text[1:].split("]")[0])).ipv4_mapped is None and f"[{host}]" in text}

# Statements, and the trees that they stand in (sections 5, 10, 13 and 14).
def statement(kind, public_key=None, **named):  # the one named; the key, if any, is that of the device that signs it
    found = parse(kind, data := next(iter(named.values())))
    if public_key is None: return found
    signers = map(found.get, ("device", "device_id", "issuer_device", "by_device"))
    must(wrong_signers=ident("device", public_key) in signers)
    return verify(public_key, found.sig, kind.replace("_", " "), data[:-64]) or found
def manifest(signed_manifest, previous=b""):  # `previous`: the bytes of the one before
    new, signatures = parse("signed_manifest", signed_manifest).values()
    none = Record(new, serial=0, hash=new.prev, devices=Records(), revocations=[], admins=[], threshold=0)
    old, gone, signers = parse("manifest", previous) if previous else none, new.revocations.device_id, signatures.signer
    keys = {at: find(old.devices, device_id=one).sign_pk for at, one in enumerate(old.admins, 1) if one not in gone}
    must(wrong_chain=new.serial == old.serial + 1 and new.prev == old.hash,
         immutable_changed=all(new[name] == old[name] for name in ("org_id", "root_pk", "handle", "orgnr")),
         revocation_changed=all(one in new.revocations for one in old.revocations)
         and {*new.devices.device_id, *gone} >= {*old.devices.device_id}, wrong_signers=signers == [0]
         and {*gone} >= {*old.devices.device_id} or len(signers) == old.threshold and keys.keys() >= {*signers})
    for one in signatures: verify(keys.get(one.signer, new.root_pk), one.sig, "manifest", new.raw)
    return new
def climb(old, new, index, last, path):  # the roots of a proof's old and new tree, from a node of both
    for level in range(last.bit_length()):
        if index >> level & 1: old, new = (H(b"\1", node, one) for node in [read("hash", path)] for one in (old, new))
        elif index >> level < last >> level: new = H(b"\1", new, read("hash", path))
    return old, new
def receipt_proof(proof, public_key):
    hub, stream = proof[:4] == b"SVKS", io.BytesIO(proof)
    receipt = read("hub_receipt" if hub else "device_receipt", stream)
    leaf, place = H(b"\0", proof[:stream.tell()]), read("proof_place", stream)
    must(count_out_of_range=place.index < place.n <= (256 if hub else 64))
    (_, root), end = climb(leaf, leaf, place.index, place.n - 1, stream), read("proof_end", stream)
    must(trailing_bytes=not stream.read(), wrong_signers=end.key_id == H(public_key)[:8]
         and (hub or receipt.device == ident("device", public_key)))
    verify(public_key, end.sig, "batch", encode("batch_head", dict(place, root=root, key_id=end.key_id)))
    return Record(receipt, root=root)
def log_proof(size, root, path, leaf=b"", index=0, old_size=None, old_root=None):
    must(count_out_of_range=size <= 2**62 and (0 <= index < size if old_size is None else 1 <= old_size <= size))
    stream, old, new, last = io.BytesIO(b"".join(path)), root, H(b"\0", leaf), size - 1
    with refusing("bad_length"):
        if old_size:
            shift = 64 if old_size == size else (old_size & -old_size).bit_length() - 1  # a whole subtree ends the old
            index, last = old_size - 1 >> shift, last >> shift
            old = new = read("hash", stream) if index else old_root
        old, new = climb(old, new, index, last, stream)
    fault = "checkpoint_forked" if old_size else "hash_mismatch"
    return must(bad_length=not stream.read(), **{fault: new == root and old_root in (None, old)}) or {}
def log_leaf(leaf, record):  # `found` is empty for a certificate, and for epoch keys that are no longer kept
    entry = parse("leaf", leaf)
    must(hash_mismatch=H(record) == entry.digest or (entry.type, record) == (2, b""))
    kind = {1: "signed_manifest", 2: "epoch_keys", 4: "hub_keys", 5: "entry"}.get(entry.type)
    found = parse(kind, record) if kind and record else Record()
    for one in found.get("keys", [found.get("manifest", found)]):
        same = {name: one.get(name, value) == value for name, value in entry.items()}
        must(bad_identifier=same.get("org_id", True) and same.get("device_id", True), wrong_chain=all(same.values()))
    return Record(entry, leaf_hash=H(b"\0", leaf), found=found)
def checkpoint(note, hub_name, public_key):  # its `time` is 0 without a cosignature
    form, origin = re.fullmatch(APPENDIX["notes"]["checkpoint"].encode(), note), f"samverkan/{hub_name}".encode()
    must(bad_checkpoint=form and int(form["size"]) < 2**64)
    sig, at = (base64.b64decode(form[one] or "") for one in ("sig", "cosig"))
    said = [(b"\1", sig, b""), (b"\4", at[:4] + at[12:], b"cosignature/v1\ntime %d\n" % number(at[4:12]))]
    for kind, one, text in said[:1 + bool(at)]:
        must(wrong_signers=form["origin"] == origin and one[:4] == H(origin, b"\n", kind, public_key)[:4])
        verify(public_key, one[4:], "", text + form["text"])
    return Record(size=int(form["size"]), root=base64.b64decode(form["root"]), time=number(at[4:12]))
def invite(invite, kind="invite", prefix="svki1-"):
    must(wrong_magic=invite[:6] == prefix)
    with refusing("bad_text"): data = base64.urlsafe_b64decode(invite[6:] + "==")
    must(bad_text=base64.urlsafe_b64encode(data).decode().rstrip("=") == invite[6:])
    found = parse(kind, data)
    return must(hash_mismatch=found.check == H(data[:-4])[:4]) or found
member_invite = functools.partial(invite, kind="member_invite", prefix="svkm1-")
def membership(request, secret):
    found, key = parse("membership", request), hkdf(b"", secret, "invite peer")
    must(bad_signature=hmac.compare_digest(hmac.digest(key, request[:-32], "sha256"), found.mac))
    return Record(found, device_id=ident("device", found.device_pk), code=hkdf(b"", secret, "invite hub")[:16])
# Messages and attachments (sections 7, 8, 9 and 12).
def sealed(kind, fault, data):  # protobuf in canonical form that obeys the rules of its kind
    with refusing(fault):
        message = getattr(SEALED, kind).FromString(data)
        message.DiscardUnknownFields()
        must(**{fault: message.SerializeToString(deterministic=True) == data})
        return parse(kind, encode(kind, message))
def body(body):
    must(body_malformed=re.match(APPENDIX["notes"]["schema"].encode(), body), schema_too_new=body[1:2] == b"\1")
    letter = sealed("Body", "body_malformed", body)
    handles = [stub[6:22] for stub in letter.consents.stub]
    return must(body_malformed=ascends(handles)) or Record(letter, handles=handles)
def consent_record(record): return sealed("ConsentRecord", "consent_mismatch", record)
def consent_stub(stub, public_key, salt, record):
    found = statement("consent", public_key, stub=stub)
    return must(consent_mismatch=found.commitment == digest("consent", salt, record)) or found
def check_opening(one, h, mine, device_keys):
    issuer, agreed = parse("consent", one.stub), consent_record(one.record)
    keys = {(key.org_id, ident("device", key.sign_pk)): key.sign_pk for key in device_keys}
    stub = consent_stub(one.stub, keys[issuer.issuer_org, issuer.issuer_device], one.salt, one.record)
    named = {*places(agreed.recipients, "mailbox_id")} & {*places(mine, "mailbox_id")}
    must(consent_mismatch=h.created_ms < stub.expires_ms and agreed.given_ms <= h.created_ms < agreed.expires_ms
         and agreed.purpose == 1 + (h["class"] == 3) and (named or not mine))
def open_tags(h, cek, device_id):
    return {f"open_tag_{kind}": hkdf(h.message_id, cek, "receipt", device_id, bytes([kind]))[:16] for kind in (1, 3, 4)}
def unwrap(header, wrap, content, org_id, device_id, epoch_keys):  # checks 1 to 4
    h = parse("header", header)
    must(bad_length=(len(wrap), len(content)) == (1168, h.content_len))
    with refusing("not_a_recipient"): mine = find(h.wraps, org_id=org_id, device_id=device_id)
    held = {digest("epoch key", kem_private(one.seed)[1]): one for one in epoch_keys}.get(mine.epoch_key_id)
    must(key_destroyed=held, bad_time=held and held.epoch == h.created_ms // WEEK)
    parse("x25519", wrap[1088:1120])
    info = label("wrap", h.hh, device_id, mine.epoch_key_id)
    with refusing("wrap_failed"): cek = HPKE.decrypt(wrap, kem_private(held.seed)[0], info)
    must(commit_mismatch=hmac.compare_digest(hkdf(h.message_id, cek, "commit"), h.key_commit))
    return h, mine, cek
def message(receipt, hub_receipt_key, log, seen, now_ms, threads=None, **delivery):  # `log`: what the copy says
    (h, mine, cek), device_id, content = unwrap(**delivery), delivery["device_id"], delivery["content"]
    with refusing("content_failed"): text = cipher(h.message_id, cek, "content", h.hh).decrypt(bytes(12), content, h.hh)
    end = 68 + number(text[:4])
    must(bad_padding=end <= 68 + 2**20 and len(text) == padded(end) and not any(text[end:]))
    with refusing("receipt_mismatch"):
        accepted = receipt_proof(receipt, hub_receipt_key)
        find([accepted], type=1, message_id=h.message_id, hh=h.hh, content_hash=H(content), org=h.sender_org,
             mailbox=h.sender_mailbox, device=h.sender_device)
        find(log.roots, size=accepted.log_size, root=accepted.log_root)
    with refusing("sender_revoked"):
        sender, now = find(log.organisations, org_id=h.sender_org, state=3), accepted.hub_time_ms
        then, newest = (parse("manifest", sender.get(key, sender.manifest)) for key in ("manifest", "newest_manifest"))
        device, box = find(then.devices, device_id=h.sender_device), find(then.mailboxes, mailbox_id=h.sender_mailbox)
        gone = [one.device_id for one in newest.revocations if one.revoked_ms <= now]
        must(_=device.roles & 2 and now < device.expires_ms and h.sender_device in {*box.readers} - {*gone})
    with refusing("not_a_recipient"):
        own = parse("manifest", find(log.organisations, org_id=mine.org_id).manifest)
        for place in reads(h, mine).mailbox_id: must(_=device_id in find(own.mailboxes, mailbox_id=place).readers)
    must(clock_out_of_range=-600_000 <= now - h.created_ms <= WEEK)
    verify(device.sign_pk, text[4:68], "message", h.hh + digest("body", text[68:end]))
    known = checkpoint((letter := body(text[68:end])).checkpoint, log.hub, log.log_key)
    must(checkpoint_ahead=known.size <= accepted.log_size,
         checkpoint_forked=any(known.items() >= one.items() for one in log.roots), body_mismatch=min(letter.kind, 4)
         == h["class"] and letter.attachments.blob_id == h.blobs.blob_id, consent_mismatch=letter.handles == h.handles)
    with refusing("consent_mismatch"):
        for one in letter.consents: check_opening(one, h, reads(h, mine), log.device_keys)
    must(replayed=dict(sender_org=h.sender_org, send_id=letter.send_id) not in seen, expired=now_ms < h.expires_ms,
         unknown_thread=h["class"] < 4 or not mine.boxes or threads is None
         or dict(org_id=h.sender_org, thread_id=letter.thread_id) in threads)
    return Record(body=text[68:end], boxes=mine.boxes, h=h, letter=letter, box=box, **open_tags(h, cek, device_id))
def seal(signing_seed, cek, body, wraps, answer_hh=b"", **header):  # `header`: what does not follow from the rest
    size, keys = padded(68 + len(body)), [Record(parse("epoch_key", one.epoch_key), boxes=one.boxes) for one in wraps]
    header.update(wraps=keys, sender_device=ident("device", public(signing_seed)), content_len=size + 16)
    h = parse("header", encode("header", dict(header, key_commit=hkdf(header["message_id"], cek, "commit"))))
    text = len(body).to_bytes(4, "big") + sign(signing_seed, "message", h.hh + digest("body", body)) + body
    labels = [label("wrap", h.hh, key.device_id, key.epoch_key_id) for key in keys]
    return Record(
        header=h.raw, hh=h.hh, answer_ref=hkdf(h.message_id, cek, "answer", answer_hh),
        content=cipher(h.message_id, cek, "content", h.hh).encrypt(bytes(12), text.ljust(size, b"\0"), h.hh),
        wraps=b"".join(HPKE.encrypt(cek, kem_public(key.pk), info) for key, info in zip(keys, labels)),
        tags=[dict(open_tags(h, cek, key.device_id), device_id=key.device_id) for key in keys])
def by_segment(action, data, size):
    starts = range(0, max(1, len(data)), size)
    nonces = [place.to_bytes(11, "big") + bytes([at == starts[-1]]) for place, at in enumerate(starts)]
    return b"".join(action(nonce, data[at:at + size], None) for nonce, at in zip(nonces, starts))
def blob_seal(file_key, salt, data_len):
    data = bytes(i % 251 for i in range(data_len))
    content = (data_len.to_bytes(8, "big") + data).ljust(padded(8 + data_len), b"\0")
    blob = encode("blob_head", dict(salt=salt, commit=hkdf(salt, file_key, "blob commit")))
    blob += by_segment(cipher(salt, file_key, "blob").encrypt, content, SEGMENT)
    return Record(blob=blob, blob_id=H(blob), data_sha256=H(data))
def blob(blob, blob_id, file_key, plaintext_len, plaintext_sha256, **_):
    head = parse("blob_head", blob[:54])
    must(commit_mismatch=hmac.compare_digest(hkdf(head.salt, file_key, "blob commit"), head.commit))
    def opened(nonce, *part):
        must(truncated=len(part[0]) > 16, bad_length=number(nonce[:11]) < 32_768)
        with refusing("segment_failed"): return cipher(head.salt, file_key, "blob").decrypt(nonce, *part)
    content = by_segment(opened, blob[54:], SEGMENT + 16)
    end, data = 8 + number(content[:8]), content[8:8 + number(content[:8])]
    must(bad_true_length=end <= 2**31 and len(content) == padded(end), bad_padding=not any(content[end:]),
         blob_id_mismatch=H(blob) == blob_id, hash_mismatch=(len(data), H(data)) == (plaintext_len, plaintext_sha256))
    return Record(data_len=len(data), data=data)
