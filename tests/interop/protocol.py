"""The Samverkan protocol, version 1, written from proto/PROTOCOL.md and its appendix of layouts, proto/layouts.toml."""
import base64, functools, hashlib, hmac, io, ipaddress, itertools, operator, pathlib, re, sys, tomllib, grpc
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

class Refused(Exception):  # by a name of section 17, which `with Refused(name)` gives to whatever goes wrong inside
    def __enter__(self): pass
    def __exit__(self, kind, error, trace):
        if error: raise self from error
class Record(dict): __getattr__ = dict.get  # record.name is record["name"] or None, but for names of dict's own
class Records(list): __getattr__ = lambda self, name: [one[name] for one in self]  # that value of each
def must(**checks):  # refuses by the first that does not hold; else gives None, for `must(...) or value`
    for fault in (name for name, holds in checks.items() if not holds): raise Refused(fault)
ROOT, DAY, WEEK, SEGMENT = pathlib.Path(__file__).resolve().parents[2], 86_400_000, 604_800_000, 65_536
sys.path[:1] = [str(ROOT / "proto"), str(ROOT / "client/envelope")]  # where grpc.protos looks
SEALED, APPENDIX = grpc.protos("body.proto"), tomllib.loads((ROOT / "proto/layouts.toml").read_text())
LAYOUTS, UNLIMITED = APPENDIX["layouts"], dict(min=0, max=float("inf"), step=1, match="(?s).*", fault="bad_length")
TYPES = {name: Record(UNLIMITED, **spec) for name, spec in APPENDIX["types"].items()}
HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
PADDED = [top << e - e.bit_length() for e in range(12, 32) for top in range(1 << e.bit_length(), 2 << e.bit_length())]
BLOB_LENGTHS = {54 + size + 16 * -(-size // SEGMENT) for size in PADDED if size <= 2**31}

# Records (section 1).
def take(stream, size): return must(truncated=len(data := stream.read(size)) == size) or data
def read(kind, stream):  # a record or a value; each is checked as soon as it is read
    if kind in LAYOUTS:
        record = Record((name, read(of, stream)) for name, of in LAYOUTS[kind])
        return Record(record, **{name: read(of, stream) for name, of in LAYOUTS.get(f"{kind} {record.type}", [])})
    spec, data = TYPES[kind], take(stream, TYPES[kind].size)
    must(**{spec.fault: spec.min <= (count := number(data)) <= spec.max and count % spec.step == 0})
    if spec.form == "list":
        rows = Records(read(spec.of, stream) for _ in range(count))
        return must(not_ascending=spec.by is None or ascend(rows, *spec.by.split())) or rows
    if spec.form in ("text", "block"): data = take(stream, count)
    with Refused("bad_text"): value = data.decode() if spec.form == "text" else count if spec.form == "number" else data
    text = data.hex() if value is data else str(value)
    with Refused(spec.fault): must(_=re.fullmatch(spec.match, text) and (kind not in SPELT or SPELT[kind](text)))
    return parse(spec.holds, data) if spec.holds else value
def parse(kind, data):  # nothing follows a whole statement, and the rules between its fields hold
    value, rules = read(kind, stream := io.BytesIO(data)), RULES.get(kind)
    return must(trailing_bytes=not stream.read()) or (rules(Record(value, raw=data)) if rules else value)
def encode(kind, value):  # a value that is missing is the only one that its type allows
    if kind in LAYOUTS: return b"".join(encode(of, getattr(value, name, None)) for name, of in LAYOUTS[kind])
    spec = TYPES[kind]
    if spec.form == "bytes": return bytes.fromhex(spec.match) if value is None else value
    if spec.form == "number": return (spec.min if value is None else value).to_bytes(spec.size)
    if spec.form == "list": return len(value).to_bytes(spec.size) + b"".join(encode(spec.of, one) for one in value)
    data = value.encode() if spec.form == "text" else value
    return len(data).to_bytes(spec.size) + data
def find(records, **wanted): return [one for one in records if one.items() >= wanted.items()][0]
def ascend(rows, *by): return all(a < b for a, b in itertools.pairwise([[row[of] for of in by] or row for row in rows]))
def differ(values): return len({*values}) == len(values)

# Algorithms (section 2) and names (section 3).
number, same = int.from_bytes, hmac.compare_digest
def padded(size): return next(one for one in PADDED if one >= size)
def H(*parts): return hashlib.sha256(b"".join(parts)).digest()
def label(name, *parts): return b"".join((f"svk1 {name}".encode(), b"\0" * bool(parts), *parts))
def digest(name, *parts): return H(label(name, *parts))
def ident(name, pk): return digest(name, pk)[:16]
def hkdf(salt, key, name, *parts): return HKDF(hashes.SHA256(), 32, salt, label(name, *parts)).derive(key)
def cipher(salt, key, name, *parts): return ChaCha20Poly1305(hkdf(salt, key, name, *parts))
def public(seed): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
def signed(name, data): return label(f"{name} signature", H(data)) if name else data
def sign(seed, name, data): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(signed(name, data))
def verify(pk, sig, name, data):
    key = ed25519.Ed25519PublicKey.from_public_bytes(parse("sign_pk", pk))
    with Refused("bad_signature"): key.verify(parse("sign_pk", sig[:32]) + sig[32:], signed(name, data))
def kem_public(pk):
    with Refused("bad_key"): lattice = mlkem.MLKEM768PublicKey.from_public_bytes(pk[:1184])  # checks the coefficients
    return hpke.MLKEM768X25519PublicKey(lattice, x25519.X25519PublicKey.from_public_bytes(parse("x25519", pk[1184:])))
def kem_private(seed):  # and the bytes of the public key
    seeds, curve = hashlib.shake_256(seed).digest(96), x25519.X25519PrivateKey.from_private_bytes
    keys = mlkem.MLKEM768PrivateKey.from_seed_bytes(seeds[:64]), curve(seeds[64:])
    return hpke.MLKEM768X25519PrivateKey(*keys), b"".join(key.public_key().public_bytes_raw() for key in keys)
def safety_number(root_pk):  # twelve groups of five bytes; the last four are in none
    groups = re.findall(b"(?s).{5}", hashlib.sha512(label("safety", root_pk)).digest())
    return " ".join(f"{number(group) % 100_000:05}" for group in groups)
def case_reference(thread_id):
    digits = [number(digest("case", parse("uuid", thread_id))[:8]) // 29**place % 29 for place in (5, 4, 3, 2, 1, 0)]
    check = sum(place * digit for place, digit in enumerate(digits, 1)) % 29
    text = "".join("23456789ACDEFGHJKMNPQRTUVWXYZ"[digit] for digit in [*digits, check])
    return Record(case_reference=f"{text[:3]}-{text[3:6]}-{text[6]}")

# Rules between the fields of a statement (sections 5 and 6), and what follows from them.
def places(rows, name="mailbox_id"): return [*zip(rows.org_id, getattr(rows, name))]
def reads(h, wrap): return Records(one for bit, one in enumerate(h.to) if wrap.boxes >> bit & 1)
def header_rules(h):
    to, primaries = places(h.to), [at for at, one in enumerate(h.to) if one.kind == 0]
    must(bad_basis=(h["class"] == 4) == (h.basis == 0) and (h.basis == 1) == bool(h.handles),
         bad_time=0 < h.expires_ms - h.created_ms <= 30 * DAY,
         bad_length=h.content_len - 16 in PADDED and h.content_len <= 1_081_360, bad_recipients=primaries[:1] == [0]
         and ascend([to[at] for at in primaries]) and differ([(h.sender_org, h.sender_mailbox), *to]),
         bad_boxes=(h.sender_org, h.sender_device) not in places(h.wraps, "device_id")
         and functools.reduce(operator.or_, h.wraps.boxes) == 2**len(to) - 1
         and all({one.org_id} == ({*reads(h, one).org_id} or {h.sender_org}) for one in h.wraps))
    groups = [[*range(*ends)] for ends in itertools.pairwise([*primaries, len(to)])]
    return must(bad_length=BLOB_LENGTHS >= {*h.blobs.len}) or Record(h, hh=digest("header", h.raw), groups=groups)
def manifest_rules(m):
    ids, keys = [m.org_id, *m.devices.device_id], [m.root_pk, *m.devices.sign_pk]
    readers, admins = ([one.device_id for one in m.devices if one.roles & role] for role in (4, 1))
    must(bad_identifier=ids == [*map(ident, ["org"] + ["device"] * len(keys), keys)])
    must(bad_key=all(parse("sign_pk", key) for key in keys) and differ(m.devices.tls_spki_sha256),
         bad_time=m.issued_ms < m.not_after_ms and all(0 < d.expires_ms - d.added_ms <= 400 * DAY for d in m.devices),
         bad_text=differ(m.mailboxes.name), unknown_device={*readers} >= {*sum(m.mailboxes.readers, [])}
         and not {*ids} & {*m.revocations.device_id}, wrong_signers=1 <= m.threshold <= len(admins),
         wrong_chain=(m.serial > 1) == any(m.prev) and m.serial > 0)
    return Record(m, hash=H(m.raw), safety_number=safety_number(m.root_pk), admins=admins)
def week(start): return dict(not_before_ms=start, encrypt_until_ms=start + WEEK, destroy_at_ms=start + WEEK + 30 * DAY)
def epoch_key_rules(key):
    must(_=kem_public(key.pk), bad_time=key.items() >= week(key.epoch * WEEK).items())
    return Record(key, epoch_key_id=digest("epoch key", key.pk))
def rewrap_rules(rewrap):
    must(bad_identifier=rewrap.by_device != rewrap.to_device)
    return parse("x25519", rewrap.wrap[1088:1120]) and rewrap
def agreement_rules(a):
    must(bad_identifier=a.sender_org != a.recipient_org, bad_time=a.type == 2 or a.valid_from_ms < a.valid_until_ms,
         wrong_signers={a.sender_org, a.recipient_org} >= {*a.signatures.org_id})
    return Record(a, said=(said := a.raw[:-1 - 96 * len(a.signatures)]), hash=H(said))
def action_rules(a):
    must(bad_identifier=a.type != 7 or a.subject == ident("operator", a.detail),
         wrong_signers=differ((s := a.signatures).operator), bad_time=0 <= s[-1].signed_ms - s[0].signed_ms <= DAY)
    return Record(a, said=(said := a.raw[:-1 - 88 * len(s)]), statement=H(said), operators=s.operator)
RULES = {name[:-6]: rule for name, rule in globals().items() if name.endswith("_rules")}
SPELT = {  # what no pattern says: the check digit of Luhn, and how RFC 5952 spells an IPv6 address
    "orgnr": lambda text: sum(int(a) for i, b in enumerate(text) for a in str(int(b) * (2 - i % 2))) % 10 == 0,
    "address": lambda text: text[0] != "[" or (
        host := ipaddress.IPv6Address(text[1:].split("]")[0])).ipv4_mapped is None and f"[{host}]" in text}

# Statements, and the trees that they stand in (sections 5, 10, 13 and 14).
def statement(kind, public_key=b"", **named):  # the one named; the key, if any, is that of the device that signs it
    found, signers = parse(kind, data := [*named.values()][0]), ("device", "device_id", "issuer_device", "by_device")
    must(wrong_signers=not public_key or ident("device", public_key) in map(found.get, signers))
    return public_key and verify(public_key, found.sig, kind.replace("_", " "), data[:-64]) or found
def manifest(signed_manifest, previous=b""):  # `previous`: the bytes of the one before
    new, signatures = parse("signed_manifest", signed_manifest).values()
    old = previous and parse("manifest", previous) or Record(new, serial=0, hash=new.prev, devices=Records(), admins=[])
    had, gone, signers = {*old.devices.device_id}, {one.device_id: one for one in new.revocations}, signatures.signer
    keys = {at: find(old.devices, device_id=one).sign_pk for at, one in enumerate(old.admins, 1) if one not in gone}
    stands = lambda was, now: was == now or now.reason == 2 and now.revoked_ms <= was.revoked_ms
    must(wrong_chain=new.serial == old.serial + 1 and new.prev == old.hash,
         immutable_changed=all(new[name] == old[name] for name in ("org_id", "root_pk", "handle", "orgnr")),
         revocation_changed=all(stands(was, gone.get(was.device_id, new)) for was in old.revocations)
         and {*new.devices.device_id, *gone} >= had >= {*gone} - {*old.revocations.device_id},
         count_out_of_range=len(new.devices + [*gone]) <= max(1000, len(had) + len(old.revocations)) or signers == [0],
         wrong_signers={*gone} >= had if signers == [0] else len(signers) == old.threshold and {*keys} >= {*signers})
    return [verify(keys.get(one.signer, new.root_pk), one.sig, "manifest", new.raw) for one in signatures] and new
def climb(end, size, path, node, leaf=False):  # the roots up to `end` and of all, from the leaf there or the old tree
    if size == (1 if leaf else end): return [node or take(path, 32)] * 2
    half = 1 << (size - 1).bit_length() - 1
    if end > half:
        roots, left = climb(end - half, size - half, path, leaf and node, leaf), take(path, 32)
        return [H(b"\1", left, one) for one in roots]
    old, new = climb(end, half, path, node, leaf)
    return [old, H(b"\1", new, take(path, 32))]
def receipt_proof(proof, public_key):
    kind, most = ("hub_receipt", 256) if proof[:4] == b"SVKS" else ("device_receipt", 64)
    receipt = read(kind, stream := io.BytesIO(proof))
    leaf, place = H(b"\0", proof[:stream.tell()]), read("proof_place", stream)
    must(count_out_of_range=place.index < place.n <= most)
    root, end = climb(place.index + 1, place.n, stream, leaf, True)[1], read("proof_end", stream)
    must(trailing_bytes=not stream.read(), wrong_signers=end.key_id == H(public_key)[:8] and (
         kind == "hub_receipt" or receipt.device == ident("device", public_key)))
    verify(public_key, end.sig, "batch", encode("batch_head", Record(end, n=place.n, root=root)))
    return Record(receipt, root=root)
def log_proof(size, root, path, leaf=b"", index=0, old_size=None, old_root=None):
    must(count_out_of_range=size <= 2**62 and (0 <= index < size if old_size is None else 1 <= old_size <= size))
    stream, ends = io.BytesIO(b"".join(path)), (index + 1, size) if old_size is None else (old_size, size)
    with Refused("bad_length"): old, new = climb(*ends, stream, old_root or H(b"\0", leaf), old_size is None)
    must(bad_length=not stream.read(), hash_mismatch=old_size or new == root)
    return must(checkpoint_forked=new == root and old_root in (None, old)) or {}
def log_leaf(leaf, record):  # `found` is empty for a certificate
    must(hash_mismatch=H(record) == (entry := parse("leaf", leaf)).digest)
    kinds = {1: "signed_manifest", 2: "epoch_keys", 4: "hub_keys", 5: "entry", 7: "action", 8: "agreement"}
    found = parse(kind, record) if (kind := kinds.get(entry.type)) else Record()
    for one in found.get("keys", [found.manifest or found]):
        other = {name for name, value in entry.items() if one.get(name, value) != value} - {"type"}
        must(bad_identifier=not other & {"org_id", "device_id", "agreement_id"}, wrong_chain=not other)
    return Record(entry, leaf_hash=H(b"\0", leaf), found=found)
def agreement(agreement, **manifests):  # those of sender and recipient
    a, parties = parse("agreement", agreement), Records(parse("manifest", one) for one in manifests.values())
    given = [(a.signatures.org_id.count(one.org_id), one.threshold) for one in parties]
    full, fit = ([one in (some, most) for one, most in given] for some in (-1, 0))
    must(wrong_signers=all(full) or a.type == 2 and any(full) and all(fit))
    for s in a.signatures:
        with Refused("wrong_signers"): must(_=s.device_id in (party := find(parties, org_id=s.org_id)).admins)
        verify(find(party.devices, device_id=s.device_id).sign_pk, s.sig, "agreement", a.said)
    return Record(a, version=a.agreement_version)
def operator_action(action, pin, operators):  # `operators`: the keys that may act when it is logged
    a, keys = parse("action", action), {ident("operator", pk): pk for pk in operators}
    must(bad_identifier=a.hub == pin, wrong_signers=keys.keys() >= {*a.operators})
    for s in a.signatures: verify(keys[s.operator], s.sig, "operator", a.said + encode("action_signature", s)[:24])
    return a
def checkpoint(note, hub_name, public_key):  # its `time` is 0 without a cosignature
    form, origin = re.fullmatch(APPENDIX["notes"]["checkpoint"].encode(), note), f"samverkan/{hub_name}".encode()
    must(bad_checkpoint=form and int(form["size"]) < 2**64)
    root, sig, at = (base64.b64decode(form[one] or "") for one in ("root", "sig", "cosig"))
    said = [(b"\1", sig, b""), (b"\4", at[:4] + at[12:], b"cosignature/v1\ntime %d\n" % number(at[4:12]))]
    for kind, one, text in said[:1 + bool(at)]:
        must(wrong_signers=form["origin"] == origin and one[:4] == H(origin, b"\n", kind, public_key)[:4])
        verify(public_key, one[4:], "", text + form["text"])
    return Record(size=int(form["size"]), root=root, time=number(at[4:12]))
def invite(invite, kind="invite", prefix="svki1-"):
    must(wrong_magic=invite[:6] == prefix)
    with Refused("bad_text"): data = base64.urlsafe_b64decode(invite[6:] + "==")
    must(bad_text=base64.urlsafe_b64encode(data).decode().rstrip("=") == invite[6:])
    return must(hash_mismatch=(found := parse(kind, data)).check == H(data[:-4])[:4]) or found
member_invite = functools.partial(invite, kind="member_invite", prefix="svkm1-")
def membership(request, secret):
    found, key = parse("membership", request), hkdf(b"", secret, "invite peer")
    must(bad_signature=same(hmac.digest(key, request[:-32], "sha256"), found.mac))
    return Record(found, device_id=ident("device", found.device_pk), code=hkdf(b"", secret, "invite hub")[:16])

# Messages and attachments (sections 7, 8, 9 and 12).
def sealed(kind, fault, data):  # protobuf in canonical form that obeys the rules of its kind
    with Refused(fault):
        message = getattr(SEALED, kind).FromString(data)
        message.DiscardUnknownFields()
        return must(_=message.SerializeToString(deterministic=True) == data) or parse(kind, encode(kind, message))
def body(body):
    must(body_malformed=re.match(APPENDIX["notes"]["schema"].encode(), body), schema_too_new=body[1:2] == b"\1")
    letter = sealed("Body", "body_malformed", body)
    handles = [stub[6:22] for stub in letter.consents.stub]
    return must(body_malformed=ascend(handles)) or Record(letter, handles=handles)
def consent_record(record): return sealed("ConsentRecord", "consent_mismatch", record)
def consent_stub(stub, public_key, salt, record):
    found = statement("consent", public_key, stub=stub)
    return must(consent_mismatch=found.commitment == digest("consent", salt, record)) or found
def open_tags(h, cek, device_id):
    tags = [hkdf(h.message_id, cek, "receipt", device_id, bytes([kind]))[:16] for kind in (1, 3, 4)]
    return dict(device_id=device_id, open_tag_1=tags[0], open_tag_3=tags[1], open_tag_4=tags[2])
def unwrap(header, wrap, content, org_id, device_id, epoch_keys):  # checks 1 to 4
    h = parse("header", header)
    must(bad_length=(len(wrap), len(content)) == (1168, h.content_len))
    with Refused("not_a_recipient"): mine = find(h.wraps, org_id=org_id, device_id=device_id)
    held = {digest("epoch key", kem_private(one.seed)[1]): one for one in epoch_keys}.get(mine.epoch_key_id)
    must(key_destroyed=held, bad_time=held and held.epoch == h.created_ms // WEEK)
    parse("x25519", wrap[1088:1120])
    info = label("wrap", h.hh, device_id, mine.epoch_key_id)
    with Refused("wrap_failed"): cek = HPKE.decrypt(wrap, kem_private(held.seed)[0], info)
    return must(commit_mismatch=same(hkdf(h.message_id, cek, "commit"), h.key_commit)) or (h, mine, cek)
def submission(receipt, public_key, h, content):  # the hub's receipt for this message
    with Refused("receipt_mismatch"):
        return find([receipt_proof(receipt, public_key)], type=1, message_id=h.message_id, hh=h.hh, org=h.sender_org,
                    mailbox=h.sender_mailbox, device=h.sender_device, content_hash=H(content))
def message(receipt, hub_receipt_key, log, seen, now_ms, threads=None, **given):  # `log`: what the copy says
    (h, mine, cek), device_id, content = unwrap(**given), given["device_id"], given["content"]
    with Refused("content_failed"): text = cipher(h.message_id, cek, "content", h.hh).decrypt(bytes(12), content, h.hh)
    end, boxes = 68 + number(text[:4]), reads(h, mine)
    must(bad_padding=end <= 68 + 2**20 and len(text) == padded(end) and not any(text[end:]))
    accepted = submission(receipt, hub_receipt_key, h, content)
    with Refused("receipt_mismatch"): find(log.roots, size=accepted.log_size, root=accepted.log_root)
    with Refused("sender_revoked"):
        org, now = find(log.organisations, org_id=h.sender_org, state=3), accepted.hub_time_ms
        then, newest = (parse("manifest", one) for one in (org.manifest, org.newest_manifest or org.manifest))
        device, box = find(then.devices, device_id=h.sender_device), find(then.mailboxes, mailbox_id=h.sender_mailbox)
        gone = [one.device_id for one in newest.revocations if one.revoked_ms <= now]
        must(_=device.roles & 2 and now < device.expires_ms and h.sender_device in {*box.readers} - {*gone})
    with Refused("not_a_recipient"):
        own = parse("manifest", find(log.organisations, org_id=mine.org_id).manifest)
        must(_=all(device_id in find(own.mailboxes, mailbox_id=one).readers for one in boxes.mailbox_id))
    must(clock_out_of_range=-600_000 <= now - h.created_ms <= WEEK)
    verify(device.sign_pk, text[4:68], "message", h.hh + digest("body", text[68:end]))
    known = checkpoint((letter := body(text[68:end])).checkpoint, log.hub, log.log_key)
    must(checkpoint_ahead=known.size <= accepted.log_size,
         checkpoint_forked=any(known.items() >= one.items() for one in log.roots), body_mismatch=min(letter.kind, 4)
         == h["class"] and letter.attachments.blob_id == h.blobs.blob_id, consent_mismatch=letter.handles == h.handles)
    for one in letter.consents:
        with Refused("consent_mismatch"):
            agreed, issuer = consent_record(one.record), parse("consent", one.stub)
            keys = {ident("device", of.sign_pk): of.sign_pk for of in log.device_keys if of.org_id == issuer.issuer_org}
            consent_stub(one.stub, keys[issuer.issuer_device], one.salt, one.record)
            must(_=h.created_ms < min(issuer.expires_ms, agreed.expires_ms) and agreed.given_ms <= h.created_ms
                 and agreed.purpose == 1 + (h["class"] == 3)
                 and (not boxes or {*places(agreed.recipients)} & {*places(boxes)}))
    must(replayed=dict(sender_org=h.sender_org, send_id=letter.send_id) not in seen, expired=now_ms < h.expires_ms,
         unknown_thread=h["class"] < 4 or not boxes or threads is None
         or dict(org_id=h.sender_org, thread_id=letter.thread_id) in threads)
    return Record(body=text[68:end], boxes=mine.boxes, h=h, letter=letter, **open_tags(h, cek, device_id))
def seal(signing_seed, cek, body, wraps, answer_hh=b"", **header):  # `header`: what does not follow from the rest
    size, keys = padded(68 + len(body)), [Record(parse("epoch_key", one.epoch_key), boxes=one.boxes) for one in wraps]
    h = parse("header", encode("header", Record(
        header, wraps=keys, sender_device=ident("device", public(signing_seed)), content_len=size + 16,
        key_commit=hkdf(header["message_id"], cek, "commit"))))
    text = len(body).to_bytes(4) + sign(signing_seed, "message", h.hh + digest("body", body)) + body
    return Record(
        h, header=h.raw, answer_ref=hkdf(h.message_id, cek, "answer", answer_hh),
        content=cipher(h.message_id, cek, "content", h.hh).encrypt(bytes(12), text.ljust(size, b"\0"), h.hh),
        wraps=b"".join(HPKE.encrypt(cek, kem_public(key.pk), label("wrap", h.hh, key.device_id, key.epoch_key_id))
                       for key in keys), tags=[open_tags(h, cek, key.device_id) for key in keys])
def segments(data, size):  # each with its nonce
    parts = [data[at:at + size] for at in range(0, max(1, len(data)), size)]
    return [(at.to_bytes(11) + bytes([at == len(parts) - 1]), part, None) for at, part in enumerate(parts)]
def blob_seal(file_key, salt, data_len):
    data = bytes(i % 251 for i in range(data_len))
    content = (data_len.to_bytes(8) + data).ljust(padded(8 + data_len), b"\0")
    blob = encode("blob_head", Record(salt=salt, commit=hkdf(salt, file_key, "blob commit")))
    blob += b"".join(itertools.starmap(cipher(salt, file_key, "blob").encrypt, segments(content, SEGMENT)))
    return Record(blob=blob, blob_id=H(blob), data_sha256=H(data))
def blob(blob, blob_id, file_key, plaintext_len, plaintext_sha256, **_):
    head, content = parse("blob_head", blob[:54]), bytearray()
    must(commit_mismatch=same(hkdf(head.salt, file_key, "blob commit"), head.commit))
    for at, segment in enumerate(segments(blob[54:], SEGMENT + 16)):
        must(truncated=len(segment[1]) > 16, bad_length=at < 32_768)
        with Refused("segment_failed"): content += cipher(head.salt, file_key, "blob").decrypt(*segment)
    end, data = 8 + number(content[:8]), content[8:8 + number(content[:8])]
    must(bad_true_length=end <= 2**31 and len(content) == padded(end), bad_padding=not any(content[end:]),
         blob_id_mismatch=H(blob) == blob_id, hash_mismatch=(len(data), H(data)) == (plaintext_len, plaintext_sha256))
    return Record(data_len=len(data))
