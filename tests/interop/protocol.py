"""The Samverkan protocol, version 1, from proto/PROTOCOL.md alone: layouts.txt has the layouts, RULES the records' rules."""
import base64, contextlib, hashlib, hmac, ipaddress, os, re, sys
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import DecodeError

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
sys.path[:1] = [str(TREE / "proto"), str(TREE / "client/envelope")]  # where grpc.protos finds what it compiles
SEALED = grpc.protos("body.proto")
DAY, WEEK, SEGMENT = 86_400_000, 604_800_000, 65_536

class Refused(Exception):
    """Carries a fault name of section 17."""

class Record(dict):
    __getattr__ = dict.__getitem__

def must(holds, fault):
    if not holds:
        raise Refused(fault)

@contextlib.contextmanager
def refusing(fault, *errors):
    try:
        yield
    except errors:
        raise Refused(fault) from None

# Layouts (section 1) and the types of layouts.txt that are more than a number of bytes (section 3).

LAYOUTS = {kind: (magic.strip("-").encode(), [field.split(":") for field in fields]) for kind, magic, *fields in map(
    str.split, (HERE / "layouts.txt").read_text().split("\n\n")[1].splitlines())}
SPEC = re.compile(r"([ub]?)(\d+)(?:\*(\w+))?(\+?)(?:=(\d+)-(\d+))?!?(\w*)")

def is_uuid(data):
    return len(data) == 16 and data[6] >> 4 == 4 and data[8] >> 6 == 2

def is_organisation_number(number):
    doubled = "".join(str(int(digit) * (2 - i % 2)) for i, digit in enumerate(number) if digit in "0123456789")
    return re.fullmatch("[0-9]{2}[2-9][0-9]{7}", number) and sum(map(int, doubled)) % 10 == 0

def is_address(address):
    host, _, port = address.rpartition(":")
    try:
        literal = ipaddress.ip_address(host.strip("[]"))
        good_host = host == (f"[{literal}]" if literal.version == 6 else str(literal))
    except ValueError:
        labels = host.split(".")
        good_host = len(host) <= 253 and not re.fullmatch("[0-9]+", labels[-1]) and all(
            re.fullmatch("(?!-)[a-z0-9-]{1,63}(?<!-)", label) for label in labels)
    return good_host and re.fullmatch("[1-9][0-9]{0,4}", port) and int(port) <= 65_535

def matches(pattern):
    return lambda value: re.fullmatch(pattern, value)

CHECKED = {  # type: what it is read as, its rule, its fault; b8 and 4 are text
    "v1": ("u16", lambda version: version == 1, "unknown_version"),
    "v1u8": ("u8", lambda version: version == 1, "unknown_version"),
    "id": ("16", any, "bad_identifier"), "id32": ("32", any, "bad_identifier"), "uuid": ("16", is_uuid, "bad_identifier"),
    "sign_pk": ("32", lambda pk: is_sign_key(pk), "bad_key"), "ca_bytes": ("b16", any, "count_out_of_range"),
    "hub_type": ("u8", lambda code: 1 <= code <= 11 and code != 10, "unknown_code"),
    "manifest_bytes": ("b32", lambda manifest: len(manifest) <= 131_072, "bad_length"),
    "handle": ("b8", matches("[a-z0-9][a-z0-9-]{1,62}"), "bad_text"), "municipality": ("4", matches("[0-9]{4}"), "bad_text"),
    "label63": ("b8", matches("[a-z0-9-]{1,63}"), "bad_text"), "label64": ("b8", matches("[a-z0-9-]{1,64}"), "bad_text"),
    "org_name": ("b8", lambda name: len(name.encode()) <= 200 and re.fullmatch("[^\0-\x1f\x7f-\x9f]+", name), "bad_text"),
    "address": ("b8", is_address, "bad_text"), "orgnr": ("b8", is_organisation_number, "bad_organisation_number")}

class Reader:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def read(self, spec):
        if spec in CHECKED:
            base, rule, fault = CHECKED[spec]
            value = self.read(base)
            with refusing("bad_text", UnicodeDecodeError):
                value = value.decode() if base in ("b8", "4") else value
            must(rule(value), fault)
            return value
        if spec in LAYOUTS:
            return follow_rules(spec, self.record(spec))
        prefix, size, item, ordered, low, high, fault = SPEC.fullmatch(spec).groups()
        start, self.at = self.at, self.at + int(size) // (8 if prefix else 1)
        must(self.at <= len(self.data), "truncated")
        value = int.from_bytes(self.data[start:self.at], "big")
        must(not low or int(low) <= value <= int(high), fault or ("count_out_of_range" if item else "unknown_code"))
        if item:
            found = [self.read(item) for _ in range(value)]
            must(not ordered or ascends(next(iter(one.values())) if item in LAYOUTS else one for one in found), "not_ascending")
            return found
        return self.data[start:self.at] if not prefix else self.read(str(value)) if prefix == "b" else value

    def record(self, kind):
        magic, layout = LAYOUTS[kind]
        must(self.read(str(len(magic))) == magic, "wrong_magic")
        return Record((name, self.read(spec)) for name, spec in layout)

def follow_rules(kind, record):
    for fault, rule in RULES.get(kind, ()):
        must(rule(record), fault)
    return record

def parse(kind, data):
    """Fields, then nothing more, then the rules that hold within one record."""
    reader = Reader(data)
    record = reader.record(kind)
    must(reader.at == len(data), "trailing_bytes")
    return follow_rules(kind, record)

def encode(kind, values):
    magic, layout = LAYOUTS[kind]
    return magic + b"".join(encode_field(spec, values[name]) for name, spec in layout)

def encode_field(spec, value):
    if spec in LAYOUTS:
        return encode(spec, value)
    prefix, size, item, *_ = SPEC.match(CHECKED[spec][0] if spec in CHECKED else spec).groups()
    if isinstance(value, int):
        return value.to_bytes(int(size) // 8, "big")
    data = b"".join(encode_field(item, one) for one in value) if item else value.encode() if isinstance(value, str) else value
    return (len(value if item else data).to_bytes(int(size) // 8, "big") if prefix else b"") + data

def ascends(keys):
    keys = list(keys)
    return all(a < b for a, b in zip(keys, keys[1:]))

# Rules within one record, in the text's order (sections 5, 6, 10 and 12).

def place(record):
    return record.org_id, record.get("mailbox_id") or record.device_id

def boxes(header, wrap):
    return [to for bit, to in enumerate(header.to) if wrap.boxes >> bit & 1]

def with_role(manifest, role):
    return {device.device_id for device in manifest.devices if device.roles & role}

def revoked(manifest):
    return {gone.device_id for gone in manifest.revocations}

def receipt_rules(reasons, zero):
    """Per type: the reasons it may have, and the fields it does not use."""
    def unused(receipt):
        return zero.get(receipt.type, "").split()
    return [("unknown_code", lambda r: r.type not in reasons or r.reason in reasons[r.type]),
            ("reserved_not_zero", lambda r: (r.type in reasons or r.reason == 0) and not any(any(r[name]) for name in unused(r))),
            ("bad_identifier", lambda r: all(any(r[name]) for name in ("org", "mailbox", "device") if name not in unused(r)))]

RULES = {
    "header": [
        ("bad_basis", lambda h: (h["class"] == 4) == (h.basis == 0) and (h.basis == 1) == bool(h.handles)),
        ("bad_time", lambda h: h.created_ms < h.expires_ms <= h.created_ms + 30 * DAY),
        ("bad_length", lambda h: padded(h.content_len - 16) == h.content_len - 16 <= 1_081_344),
        ("zero_commitment", lambda h: any(h.key_commit)),
        ("bad_recipients", lambda h: h.to[0].kind == 0 and ascends(place(to) for to in h.to if to.kind == 0)
            and len({(h.sender_org, h.sender_mailbox), *map(place, h.to)}) == 1 + len(h.to)),
        ("not_ascending", lambda h: ascends(map(place, h.wraps))),
        ("bad_boxes", lambda h: all(
            place(wrap) != (h.sender_org, h.sender_device) and wrap.boxes < 1 << len(h.to)
            and {wrap.org_id} == ({to.org_id for to in boxes(h, wrap)} or {h.sender_org}) for wrap in h.wraps)
            and all(any(to in boxes(h, wrap) for wrap in h.wraps) for to in h.to)),
        ("not_ascending", lambda h: ascends(blob.blob_id for blob in h.blobs)),
        ("bad_length", lambda h: all(is_blob_len(blob.len) for blob in h.blobs)),
        ("not_ascending", lambda h: ascends(h.handles))],
    "manifest": [
        ("bad_identifier", lambda m: m.org_id == ident("org", m.root_pk)
            and all(d.device_id == ident("device", d.sign_pk) for d in m.devices)),
        ("bad_key", lambda m: all(is_sign_key(pk) for pk in [m.root_pk, *(d.sign_pk for d in m.devices)])
            and len({d.tls_spki_sha256 for d in m.devices}) == len(m.devices)),
        ("bad_time", lambda m: m.issued_ms < m.not_after_ms
            and all(d.added_ms < d.expires_ms <= d.added_ms + 400 * DAY for d in m.devices)),
        ("bad_text", lambda m: len({box.name for box in m.mailboxes}) == len(m.mailboxes)),
        ("unknown_device", lambda m: {reader for box in m.mailboxes for reader in box.readers} <= with_role(m, 4)
            and not revoked(m) & with_role(m, 7)),
        ("wrong_signers", lambda m: 1 <= m.threshold <= len(with_role(m, 1))),
        ("wrong_chain", lambda m: m.serial >= 1 and (m.serial == 1) == (not any(m.prev)))],
    "epoch_key": [
        ("bad_time", lambda k: (k.not_before_ms, k.encrypt_until_ms, k.destroy_at_ms)
            == (k.epoch * WEEK, k.epoch * WEEK + WEEK, k.epoch * WEEK + WEEK + 30 * DAY)),
        ("bad_key", lambda k: kem_public(k.pk))],
    "epoch_keys": [("bad_identifier", lambda r: len(set(map(place, r["keys"]))) == 1),
                   ("not_ascending", lambda r: ascends(key.epoch for key in r["keys"]))],
    "device_receipt": receipt_rules({2: range(1, 4), 3: range(1, 6)}, {
        1: "mailbox ref", 2: "mailbox ref open_tag", 3: "mailbox ref"}),
    "hub_receipt": receipt_rules({5: range(1, 8), 7: range(1, 3), 9: range(1, 6)}, {
        **dict.fromkeys((3, 4, 5, 6), "org mailbox device"), **dict.fromkeys((7, 8, 9), "device"), 11: "mailbox"}),
    "consent": [("bad_time", lambda c: c.expires_ms % DAY == 0)],
    "entry": [("wrong_chain", lambda e: e.revision >= 1)]}

# Algorithms (section 2) and names (section 3).

P = 2**255 - 19
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7  # y of two points of order 8; -y of two more
HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)

def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def label(name, *parts):
    return b"".join((f"svk1 {name}\0".encode(), *parts))

def hkdf(salt, key, info, size=32):
    return HKDF(hashes.SHA256(), size, salt, info).derive(key)

def padme(size):
    exponent = size.bit_length() - 1
    mask = (1 << exponent - exponent.bit_length()) - 1
    return (size + mask) & ~mask

def padded(size):
    return padme(max(size, 4096))

def is_sign_key(pk):
    y, d = int.from_bytes(pk, "little") % 2**255, -121665 * pow(121666, -1, P)
    x_squared = (y * y - 1) * pow(d * y * y + 1, -1, P)
    return y < P and y not in (0, 1, P - 1, ORDER_8, P - ORDER_8) and pow(x_squared, (P - 1) // 2, P) == 1

def public(seed):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

def sign(seed, name, data):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(label(f"{name} signature", H(data)))

def verify(pk, name, data, sig):
    """`name` None: the data is signed as it is (a checkpoint)."""
    must(is_sign_key(pk), "bad_key")
    with refusing("bad_signature", InvalidSignature):
        ed25519.Ed25519PublicKey.from_public_bytes(pk).verify(sig, label(f"{name} signature", H(data)) if name else data)

def signed(kind, data, sign_pk):
    """A record that ends in the signature of the device it names."""
    record = parse(kind, data)
    device = record.get("device") or record.get("device_id") or record["issuer_device"]
    must(device == ident("device", sign_pk), "wrong_signers")
    verify(sign_pk, kind.replace("_", " "), data[:-64], record.sig)
    return record

def x25519_public(half):
    must(int.from_bytes(half, "little") < P, "low_order_key")
    key = x25519.X25519PublicKey.from_public_bytes(half)
    with refusing("low_order_key", ValueError):  # for a shared secret of zero, which exactly the low-order values give
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).exchange(key)
    return key

def kem_public(pk):
    with refusing("bad_key", ValueError):  # for a coefficient of 3,329 or more
        lattice = mlkem.MLKEM768PublicKey.from_public_bytes(pk[:1184])
    return hpke.MLKEM768X25519PublicKey(lattice, x25519_public(pk[1184:]))

def kem_private(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    halves = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
    return hpke.MLKEM768X25519PrivateKey(*halves), b"".join(half.public_key().public_bytes_raw() for half in halves)

def decrypt(key, nonce, data, aad, fault):
    with refusing(fault, InvalidTag):
        return ChaCha20Poly1305(key).decrypt(nonce, data, aad)

def ident(name, pk):
    return H(label(name, pk))[:16]

def epoch_key_id(pk):
    return H(label("epoch key", pk))

def safety_number(root_pk):
    digest = hashlib.sha512(label("safety", root_pk)).digest()
    return " ".join(f"{int.from_bytes(digest[i:i + 5], 'big') % 100_000:05}" for i in range(0, 60, 5))

def case_reference(thread_id):
    must(is_uuid(thread_id), "bad_identifier")
    number = int.from_bytes(H(label("case", thread_id))[:8], "big") % 29**6
    digits = [number // 29**i % 29 for i in range(5, -1, -1)]
    digits.append(sum(i * digit for i, digit in enumerate(digits, 1)) % 29)
    return "{}{}{}-{}{}{}-{}".format(*("23456789ACDEFGHJKMNPQRTUVWXYZ"[digit] for digit in digits))

def parse_invite(line):
    must(line.startswith("svki1-"), "wrong_magic")
    with refusing("bad_text", ValueError):
        data = base64.urlsafe_b64decode(line[6:] + "===")
    must(line[6:] == base64.urlsafe_b64encode(data).decode().rstrip("="), "bad_text")
    invite = parse("invite", data)
    must(H(data[:-4])[:4] == invite.check, "hash_mismatch")
    return invite

# Manifests and epoch keys (section 5).

def signed_manifest(data, previous=None):
    """`previous`: the manifest before, as bytes; None before serial 1."""
    envelope = parse("signed_manifest", data)
    new, keys = parse("manifest", envelope.manifest), {}
    if previous:
        old = parse("manifest", previous)
        must(new.serial == old.serial + 1 and new.prev == H(previous), "wrong_chain")
        must(all(new[name] == old[name] for name in ("org_id", "root_pk", "handle", "orgnr")), "immutable_changed")
        must(all(gone in new.revocations for gone in old.revocations)
             and with_role(old, 7) <= with_role(new, 7) | revoked(new), "revocation_changed")
        admins = (device for device in old.devices if device.roles & 1)
        keys = {i: admin.sign_pk for i, admin in enumerate(admins, 1) if admin.device_id not in revoked(new)}
    must(previous or new.serial == 1, "wrong_chain")
    signers = [signature.signer for signature in envelope.signatures]
    must(signers == [0] or previous and len(signers) == old.threshold and keys.keys() >= set(signers), "wrong_signers")
    for signature in envelope.signatures:
        verify({0: new.root_pk, **keys}[signature.signer], "manifest", envelope.manifest, signature.sig)
    return new

def new_epoch_key(org_id, device_id, device_seed, week, seed):
    begin = week * WEEK
    key = encode("epoch_key", dict(
        version=1, org_id=org_id, device_id=device_id, epoch=week, suite=1, pk=kem_private(seed)[1], not_before_ms=begin,
        encrypt_until_ms=begin + WEEK, destroy_at_ms=begin + WEEK + 30 * DAY, sig=b""))
    return key + sign(device_seed, "epoch key", key)

# The tree (RFC 6962), receipts (section 10), the log (section 13). `take` gives a proof's next hash.

def split(size):
    return 1 << (size - 1).bit_length() - 1

def tree_root(leaves):
    if len(leaves) < 2:
        return H(b"\0", leaves[0]) if leaves else H()
    left = split(len(leaves))
    return H(b"\1", tree_root(leaves[:left]), tree_root(leaves[left:]))

def root_of_path(leaf_hash, index, size, take):
    if size == 1:
        return leaf_hash
    left = split(size)
    if index < left:
        return H(b"\1", root_of_path(leaf_hash, index, left, take), take())
    right = root_of_path(leaf_hash, index - left, size - left, take)
    return H(b"\1", take(), right)

def roots_of_consistency(old, size, take, old_root=None):
    """The roots of the old and the new tree; the old root is known as long as the old tree fills the left edge."""
    if old == size:
        known = old_root or take()
        return known, known
    left = split(size)
    if old <= left:
        before, after = roots_of_consistency(old, left, take, old_root)
        return before, H(b"\1", after, take())
    before, after = roots_of_consistency(old - left, size - left, take)
    shared = take()
    return H(b"\1", shared, before), H(b"\1", shared, after)

def receipt_proof(data, signer):
    kind, size, most = ("hub_receipt", "220", 256) if data[:4] == b"SVKS" else ("device_receipt", "160", 64)
    reader = Reader(data)
    leaf = reader.read(size)
    record, index, n = parse(kind, leaf), reader.read("u16"), reader.read("u16")
    must(index < n <= most, "count_out_of_range")
    root = root_of_path(H(b"\0", leaf), index, n, lambda: reader.read("32"))
    key_id, sig = reader.read("8"), reader.read("64")
    must(reader.at == len(data), "trailing_bytes")
    must(key_id == H(signer)[:8] and (kind == "hub_receipt" or record.device == ident("device", signer)), "wrong_signers")
    verify(signer, "batch", encode("batch_head", dict(version=1, n=n, root=root, key_id=key_id)), sig)
    return Record(record, root=root)

def new_device_proof(record, device_seed):
    """A batch of one receipt: index 0 of 1, and no path."""
    record, key_id = encode("device_receipt", record), H(public(device_seed))[:8]
    head = encode("batch_head", dict(version=1, n=1, root=H(b"\0", record), key_id=key_id))
    return record + b"\0\0\0\1" + key_id + sign(device_seed, "batch", head)

CHECKPOINT = re.compile(rb"((samverkan/[a-z0-9-]{1,63})\n(0|[1-9][0-9]{0,19})\n([\w+/]{43}=)\n)\n\xe2\x80\x94 \2 ([\w+/]{91}=)\n")

def checkpoint(note, origin, log_pk):
    form = CHECKPOINT.fullmatch(note)
    must(form and int(form[3]) < 2**64, "bad_checkpoint")
    with refusing("bad_checkpoint", ValueError):
        root, blob = (base64.b64decode(form[i], validate=True) for i in (4, 5))
    must([base64.b64encode(root), base64.b64encode(blob)] == [form[4], form[5]], "bad_checkpoint")
    must(form[2] == origin and blob[:4] == H(origin, b"\n\1", log_pk)[:4], "wrong_signers")
    verify(log_pk, None, form[1], blob[4:])
    return Record(size=int(form[3]), root=root)

RECORDS = {1: "signed_manifest", 2: "epoch_keys", 4: "hub_keys", 5: "entry"}

def parse_leaf(data, record):
    """A leaf and its record, None for a certificate or for epoch keys that are no longer kept."""
    must(data[:1] in [bytes([kind]) for kind in range(1, 6)] or not data, "unknown_code")
    leaf = parse(f"leaf{data[0]}" if data else "leaf1", data)
    if leaf.type == 2 and not record:
        return leaf, None
    must(H(record) == leaf.digest, "hash_mismatch")
    found = parse(RECORDS[leaf.type], record) if leaf.type in RECORDS else None
    named = parse("manifest", found.manifest) if leaf.type == 1 else found["keys"][0] if leaf.type == 2 else found
    for name in leaf.keys() & ("org_id", "device_id", "serial", "revision") if named else ():
        must(leaf[name] == named[name], "bad_identifier" if name.endswith("_id") else "wrong_chain")
    return leaf, found

class Log:
    """A verified copy. `newest(key, size)` is what stood under a key when the log had that size; `pin` is the invite's."""
    def __init__(self, pin):
        self.pin, self.leaves, self.values = pin, [], {}

    def root(self, size):
        return tree_root(self.leaves[:size]) if size <= len(self.leaves) else None

    def newest(self, *key, size=2**63):
        return next((value for at, value in reversed(self.values.get(key, [])) if at < size), None)

    def device(self, org_id, device_id):
        """As any manifest of the organisation names it: a device_id stands for one key for ever."""
        manifests = self.values.get(("manifest", org_id), [])
        return find_device((device for _, manifest in manifests for device in manifest.devices), device_id)

    def append(self, data, record):
        leaf, found = parse_leaf(data, record)
        must((leaf.type == 4) == (not self.leaves), "wrong_chain")
        manifest = self.newest("manifest", leaf.get("org_id")) or Record(devices=[], handle=None, orgnr=None)
        values = []
        if leaf.type == 1:
            new = signed_manifest(record, encode("manifest", manifest) if manifest.devices else None)
            must(self.newest("handle", new.handle) in (None, new.org_id), "wrong_chain")
            values = [("manifest", new.org_id, new), ("handle", new.handle, new.org_id)]
        elif leaf.type == 4:
            must(self.pin == H(found.ca, found.log_pk, found.receipt_pk), "hash_mismatch")
            values = [("hub", found)]
        elif leaf.type == 5:
            old = self.newest("entry", leaf.org_id) or Record(revision=0, state=0)
            must(found.revision == old.revision + 1 and old.state != 5, "wrong_chain")
            must((found.handle, found.orgnr) == (manifest.handle, manifest.orgnr), "wrong_chain")
            values = [("entry", found.org_id, found)]
        else:
            device = find_device(manifest.devices, leaf.device_id)
            values = [("epoch key", *place(key), key.epoch, signed("epoch_key", encode("epoch_key", key), device.sign_pk))
                      for key in (found["keys"] if found else [])]
            if leaf.type == 3:
                must(H(spki(x509.load_der_x509_certificate(record).public_key())) == device.tls_spki_sha256, "bad_key")
        for *key, value in values:
            self.values.setdefault(tuple(key), []).append((len(self.leaves), value))
        self.leaves.append(data)

def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

def find_device(devices, device_id):
    device = next((device for device in devices if device.device_id == device_id), None)
    must(device, "unknown_device")
    return device

# Messages (sections 7, 8 and 12).

def canonical(message, data, fault):
    """Protobuf that encodes to the same bytes again, without unknown fields."""
    with refusing(fault, DecodeError):
        message.ParseFromString(data)
    message.DiscardUnknownFields()
    must(message.SerializeToString(deterministic=True) == data, fault)
    return message

def parse_body(data):
    schema = re.match(rb"\x08([\x80-\xff]*[\0-\x7f])", data)
    must(schema and schema[1] != b"\0", "body_malformed")
    must(schema[1] == b"\1", "schema_too_new")
    body = canonical(SEALED.Body(), data, "body_malformed")
    uuids, names = [body.send_id, body.thread_id, body.in_reply_to or body.send_id], [field.name for field in body.fields]
    must(body.kind in (1, 2, 3, *range(16, 23)) and all(map(is_uuid, uuids))
         and re.fullmatch("[a-z0-9-]{0,64}", body.form)
         and len(names) <= 256 and ascends(names) and all(re.fullmatch("[a-z0-9_]{1,64}", name) for name in names)
         and len(body.subject.encode()) <= 400 and len(body.text.encode()) <= 524_288
         and len(body.attachments) <= 16 and ascends(a.blob_id for a in body.attachments)
         and all(len(a.blob_id) == len(a.file_key) == len(a.plaintext_sha256) == 32 and a.plaintext_len <= 2**31 - 8
                 and len(a.name.encode()) <= 255 and len(a.media_type.encode()) <= 127 for a in body.attachments)
         and len(body.consents) <= 8 and all(len(c.salt) == 32 and len(c.stub) == 158 for c in body.consents)
         and ascends(c.stub[6:22] for c in body.consents), "body_malformed")
    return body

def parse_consent_record(data):
    record = canonical(SEALED.ConsentRecord(), data, "consent_mismatch")
    named = [(to.org_id, to.mailbox_id) for to in record.recipients]
    must(record.version == 1 and record.purpose in (1, 2) and record.how in (1, 2, 3) and 1 <= len(named) <= 16 and ascends(named)
         and all(len(name) == 16 and any(name) for pair in named for name in pair) and len(record.categories) <= 16
         and ascends(record.categories) and all(re.fullmatch("[a-z0-9-]{1,64}", category) for category in record.categories)
         and len(record.text_version.encode()) <= 64 and len(record.evidence.encode()) <= 2000, "consent_mismatch")
    return record

def check_consents(header, body, mine, log):
    must([c.stub[6:22] for c in body.consents] == header.handles, "consent_mismatch")
    for opening in body.consents:
        with refusing("consent_mismatch", Refused):
            stub = parse("consent", opening.stub)
            signed("consent", opening.stub, log.device(stub.issuer_org, stub.issuer_device).sign_pk)
        record = parse_consent_record(opening.record)
        must(stub.commitment == H(label("consent", opening.salt, opening.record)) and stub.expires_ms > header.created_ms
             and record.purpose == (2 if header["class"] == 3 else 1) and record.given_ms <= header.created_ms < record.expires_ms
             and (not mine or set(map(place, mine)) & {(to.org_id, to.mailbox_id) for to in record.recipients}),
             "consent_mismatch")

def check_parties(header, wrap, receipt, log):
    """Step 7: who sender and receiver were in the state of the log that the receipt names. Returns the sending device."""
    entry, manifest = (log.newest(name, header.sender_org, size=receipt.log_size) for name in ("entry", "manifest"))
    must(entry and manifest and entry.state == 3, "sender_revoked")
    device = next((d for d in manifest.devices if d.device_id == header.sender_device and d.roles & 2), None)
    own = next((box for box in manifest.mailboxes if box.mailbox_id == header.sender_mailbox), Record(readers=[]))
    must(device and receipt.hub_time_ms < device.expires_ms and device.device_id in own.readers, "sender_revoked")
    must(not any(gone.device_id == device.device_id and gone.revoked_ms <= receipt.hub_time_ms
                 for gone in log.newest("manifest", header.sender_org).revocations), "sender_revoked")
    mine = log.newest("manifest", wrap.org_id, size=receipt.log_size) or Record(mailboxes=[])
    read = {box.mailbox_id for box in mine.mailboxes if wrap.device_id in box.readers}
    must({to.mailbox_id for to in boxes(header, wrap)} <= read, "not_a_recipient")
    return device

def open_message(delivery, me, log, origin, now_ms, shown=()):
    """`me`: org_id, device_id, seeds (by epoch key id). Returns header, body and cek."""
    header, hh = parse("header", delivery.header), H(label("header", delivery.header))
    must(len(delivery.wrap) == 1168 and len(delivery.content) == header.content_len, "bad_length")
    wrap = next((wrap for wrap in header.wraps if place(wrap) == (me.org_id, me.device_id)), None)
    must(wrap, "not_a_recipient")
    must(wrap.epoch_key_id in me.seeds, "key_destroyed")
    week, seed = me.seeds[wrap.epoch_key_id]
    must(week == header.created_ms // WEEK, "bad_time")
    x25519_public(delivery.wrap[1088:1120])
    with refusing("wrap_failed", InvalidTag, ValueError):
        cek = HPKE.decrypt(delivery.wrap, kem_private(seed)[0], label("wrap", hh, me.device_id, wrap.epoch_key_id))
    must(len(cek) == 32, "wrap_failed")
    must(hmac.compare_digest(hkdf(header.message_id, cek, b"svk1 commit"), header.key_commit), "commit_mismatch")
    plain = decrypt(hkdf(header.message_id, cek, label("content", hh)), bytes(12), delivery.content, hh, "content_failed")
    length = int.from_bytes(plain[:4], "big")
    must(length <= 2**20 and len(plain) == padded(68 + length) and not any(plain[68 + length:]), "bad_padding")
    sig, data = plain[4:68], plain[68:68 + length]
    hub = log.newest("hub")
    with refusing("receipt_mismatch", Refused):
        receipt = receipt_proof(delivery.submission_receipt, hub.receipt_pk)
    must((receipt.type, receipt.message_id, receipt.hh, receipt.content_hash, receipt.org, receipt.mailbox, receipt.device)
         == (1, header.message_id, hh, H(delivery.content), header.sender_org, header.sender_mailbox, header.sender_device)
         and receipt.log_root == log.root(receipt.log_size), "receipt_mismatch")
    sender = check_parties(header, wrap, receipt, log)
    must(-7 * DAY <= header.created_ms - receipt.hub_time_ms <= 600_000, "clock_out_of_range")
    verify(sender.sign_pk, "message", hh + H(label("body", data)), sig)
    body = parse_body(data)
    known = checkpoint(body.checkpoint, origin, hub.log_pk)
    must(known.size <= receipt.log_size, "checkpoint_ahead")
    must(log.root(known.size) == known.root, "checkpoint_forked")
    must((body.kind if body.kind <= 3 else 4) == header["class"]
         and [a.blob_id for a in body.attachments] == [blob.blob_id for blob in header.blobs], "body_mismatch")
    check_consents(header, body, boxes(header, wrap), log)
    must(now_ms < header.expires_ms, "expired")
    must((header.sender_org, body.send_id) not in shown, "replayed")
    return Record(header=header, body=body, cek=cek, boxes=wrap.boxes)

def open_tag(message_id, cek, device_id, receipt_type):
    return hkdf(message_id, cek, label("receipt", device_id, bytes([receipt_type])), 16)

def seal(header, body, device_seed, kem_keys, cek=None):
    """`header` lacks content_len and key_commit; `kem_keys` are the public keys of its wraps, in order."""
    cek, length = cek or os.urandom(32), padded(68 + len(body))
    header = encode("header", dict(header, content_len=length + 16, key_commit=hkdf(header["message_id"], cek, b"svk1 commit")))
    hh, parsed = H(label("header", header)), parse("header", header)
    sig = sign(device_seed, "message", hh + H(label("body", body)))
    plain = (len(body).to_bytes(4, "big") + sig + body).ljust(length, b"\0")
    content = ChaCha20Poly1305(hkdf(parsed.message_id, cek, label("content", hh))).encrypt(bytes(12), plain, hh)
    wraps = b"".join(HPKE.encrypt(cek, kem_public(pk), label("wrap", hh, wrap.device_id, wrap.epoch_key_id))
                     for pk, wrap in zip(kem_keys, parsed.wraps, strict=True))
    return header, wraps, content, cek

# Attachments (section 9).

def is_blob_len(length):
    sealed = length - 54
    plain = sealed - 16 * -(-sealed // (SEGMENT + 16))
    return 4096 <= plain <= 2**31 and padme(plain) == plain and sealed == plain + 16 * -(-plain // SEGMENT)

def blob_nonce(index, last):
    return index.to_bytes(11, "big") + bytes([last])

def seal_blob(data, file_key, salt):
    key = ChaCha20Poly1305(hkdf(salt, file_key, b"svk1 blob"))
    plain = (len(data).to_bytes(8, "big") + data).ljust(padded(8 + len(data)), b"\0")
    segments = [plain[at:at + SEGMENT] for at in range(0, len(plain), SEGMENT)]
    return b"SVKB\0\1" + salt + hkdf(salt, file_key, b"svk1 blob commit") + b"".join(
        key.encrypt(blob_nonce(i, i + 1 == len(segments)), segment, None) for i, segment in enumerate(segments))

def open_blob(blob, file_key, blob_id, size, digest):
    head = Reader(blob).record("blob_head")
    must(hmac.compare_digest(hkdf(head.salt, file_key, b"svk1 blob commit"), head.commit), "commit_mismatch")
    key, plain = hkdf(head.salt, file_key, b"svk1 blob"), b""
    for i, at in enumerate(range(54, max(55, len(blob)), SEGMENT + 16)):
        segment = blob[at:at + SEGMENT + 16]
        must(len(segment) >= 17, "truncated")
        plain += decrypt(key, blob_nonce(i, at + len(segment) == len(blob)), segment, None, "segment_failed")
    length = int.from_bytes(plain[:8], "big")
    must(length <= 2**31 - 8 and len(plain) == padded(8 + length), "bad_true_length")
    must(not any(plain[8 + length:]), "bad_padding")
    must(H(blob) == blob_id, "blob_id_mismatch")
    must((length, H(plain[8:8 + length])) == (size, digest), "hash_mismatch")
    return plain[8:8 + length]
