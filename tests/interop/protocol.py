"""The Samverkan protocol, version 1, from proto/PROTOCOL.md alone; tables.toml has layouts, limits and checks."""
import base64, hashlib, hmac, io, ipaddress, itertools, operator, re, sys, tomllib
from pathlib import Path
import grpc
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import DecodeError

class Refused(ValueError):
    """Carries a fault name of section 17."""

class Record(dict):
    """Values by name; what was read also has its bytes, in `raw`."""
    __getattr__ = dict.__getitem__

def must(**checks):
    for fault, holds in checks.items():
        if not holds: raise Refused(fault)
def attempt(fault, action, *args):
    """The action's result; an error is the fault, or says its own when there is none."""
    try: return action(*args)
    except (ValueError, LookupError, TypeError, AttributeError, DecodeError, InvalidSignature, InvalidTag) as error:
        raise Refused(fault or str(error)) from None
def unhex(value, name=""):
    """JSON or TOML with its strings as bytes, but those that are text."""
    if isinstance(value, dict): return Record((key, unhex(one, key)) for key, one in value.items())
    if isinstance(value, list): return [unhex(one) for one in value]
    return bytes.fromhex(value) if isinstance(value, str) and name not in TABLES["texts"] else value

HERE = Path(__file__).resolve().parent
sys.path[:1] = [str(HERE.parents[1] / "proto"), str(HERE.parents[1] / "client/envelope")]  # where grpc.protos looks
SEALED, TABLES = grpc.protos("body.proto"), tomllib.loads((HERE / "tables.toml").read_text())
LAYOUTS = {kind: dict(field.split(":") for field in text.split()) for kind, text in TABLES["layouts"].items()}
SPEC = re.compile(r"(u|text|bytes|list)(\d+)(?:\*(\w+))?(\+?)(?:=(\d+)-(\d+))?!?(\w*)")
HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
PADDED = [top << e - e.bit_length() for e in range(12, 32) for top in range(1 << e.bit_length(), 2 << e.bit_length())]
TYPES, MADE, DAY, WEEK, SEGMENT = TABLES["types"], unhex(TABLES["made"]), 86_400_000, 604_800_000, 65_536
PLACE = "org_id", "mailbox_id"

# Records and rules (section 1).
def layout(kind, record):
    yield from LAYOUTS[kind].items()
    yield from LAYOUTS.get(f"{kind}{record.get('type')}", {}).items()
def parse(kind, data, within=None):
    """Fields, nothing more unless it stands `within` other fields, and the rules that hold between them."""
    record, stream = Record(), within or io.BytesIO(data)
    start = stream.tell()
    for name, spec in layout(kind, record): record[name] = read(spec, stream)
    record.raw = stream.getvalue()[start:stream.tell()]
    must(trailing_bytes=within or not stream.read())
    return obey(kind, record)
def read(spec, stream):
    if spec in LAYOUTS: return parse(spec, None, stream)
    if spec in TYPES: return checked(spec, read(TYPES[spec][0], stream))
    if spec.isdigit():
        data = stream.read(int(spec))
        return data if len(data) == int(spec) else must(truncated=False)
    form, bits, item, ordered, low, high, fault = SPEC.fullmatch(spec).groups()
    count = number(read(str(int(bits) // 8), stream))
    fault = fault or ("count_out_of_range" if form == "list" else "unknown_code")
    must(**{fault: not low or int(low) <= count <= int(high)})
    if form == "list":
        rows = [read(item, stream) for _ in range(count)]
        must(not_ascending=not ordered or ascends(rows, *[*LAYOUTS.get(item, ())][:1]))
        return rows
    data = count if form == "u" else read(str(count), stream)
    return data.decode(errors="surrogateescape") if form == "text" else parse(item, data) if item else data
def encode(spec, value):
    if spec in LAYOUTS:
        value = {**MADE.get(spec, {}), **value}
        return b"".join(encode(of, of.encode() if name == "magic" else value[name]) for name, of in layout(spec, value))
    if spec in TYPES or spec.isdigit(): return encode(TYPES[spec][0], value) if spec in TYPES else value
    form, bits, item = SPEC.match(spec).group(1, 2, 3)
    if form == "u": return value.to_bytes(int(bits) // 8, "big")
    data = [encode(item, one) for one in value] if form == "list" else value.encode() if form == "text" else value
    return len(data).to_bytes(int(bits) // 8, "big") + (b"".join(data) if form == "list" else data)
def checked(kind, value):
    text, (_, pattern, fault) = value.hex() if isinstance(value, bytes) else str(value), TYPES[kind]
    must(**{fault: re.fullmatch(pattern, text) and attempt(fault, RULES.get(f"{kind}_holds", bool), text or " ")})
    return value
def get(record, arg):
    """A rule's argument: a number or a list, :text, #bytes, the name of a value, or _ for the record itself."""
    if not isinstance(arg, str) or arg == "_": return record if arg == "_" else arg
    return arg[1:] if arg[0] == ":" else bytes.fromhex(arg[1:]) if arg[0] == "#" else operator.attrgetter(arg)(record)
def obey(kind, record):
    for fault, rule, *args in TABLES["rules"].get(kind, ()):
        *name, rule = rule.split(" = ")
        value = attempt(fault, lambda: RULES[rule](*(get(record, arg) for arg in args)))
        must(**{fault: name or value is None or value})
        record.update(zip(name, [value]))
    return record
def follow(kind, /, **values): return obey(kind, Record(values))
def pairs(names_and_values): return dict(zip(names_and_values[::2], names_and_values[1::2]))
def find(rows, *wanted):
    return next((row for row in rows if row.items() >= pairs(wanted).items()), None) or must(unknown_device=False)
def pick(rows, *names): return list(map(operator.itemgetter(*names), rows)) if names else rows
def ascends(rows, *names): return all(a < b for a, b in itertools.pairwise(pick(rows, *names)))
def boxes(to, bits): return [one for bit, one in enumerate(to) if bits >> bit & 1]
def groups(to):
    starts = [i for i, one in enumerate(to) if one.kind == 0]
    return [[*range(*ends)] for ends in itertools.pairwise([*starts, len(to)])]

# Algorithms (section 2) and names (section 3).
def number(data): return int.from_bytes(data, "big")
def padded(size): return next(one for one in PADDED if one >= size)
def H(*parts): return hashlib.sha256(b"".join(parts)).digest()
def label(name, *parts): return b"".join((f"svk1 {name}".encode(), b"\0" * bool(parts), *parts))
def digest(name, *parts): return H(label(name, *parts))
def ident(name, pk): return digest(name, pk)[:16]
def hkdf(salt, key, name, *parts): return HKDF(hashes.SHA256(), 32, salt, label(name, *parts)).derive(key)
def open_tag(message_id, cek, device_id, kind): return hkdf(message_id, cek, "receipt", device_id, bytes([kind]))[:16]
def public(seed): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
def sign(seed, name, data): return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(statement(name, data))
def statement(name, data): return label(f"{name.replace('_', ' ')} signature", H(data)) if name else data
def verify(pk, sig, name, data):
    key = ed25519.Ed25519PublicKey.from_public_bytes(checked("sign_pk", pk))
    attempt("bad_signature", checked, "sign_pk", sig[:32])  # R has no small order either
    attempt("bad_signature", key.verify, sig, statement(name, data))
def kem_public(pk):
    lattice = attempt("bad_key", mlkem.MLKEM768PublicKey.from_public_bytes, pk[:1184])  # checks the coefficients
    curve = x25519.X25519PublicKey.from_public_bytes(checked("x25519", pk[1184:]))
    return hpke.MLKEM768X25519PublicKey(lattice, curve)
def kem_private(seed):
    """The private key, and the bytes of the public one."""
    seeds = hashlib.shake_256(seed).digest(96)
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(seeds[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(seeds[64:])
    pk = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return hpke.MLKEM768X25519PrivateKey(lattice, curve), pk
def safety_number(root_pk):
    data = hashlib.sha512(label("safety", root_pk)).digest()
    return " ".join(f"{number(data[i:i + 5]) % 100_000:05}" for i in range(0, 60, 5))
def case_reference(thread_id):
    case = number(digest("case", checked("uuid", thread_id))[:8])
    digits = [case // 29**i % 29 for i in range(5, -1, -1)]
    check = sum(i * digit for i, digit in enumerate(digits, 1)) % 29
    text = "".join("23456789ACDEFGHJKMNPQRTUVWXYZ"[digit] for digit in (*digits, check))
    return Record(case_reference=f"{text[:3]}-{text[3:6]}-{text[6:]}")
def base64url(text):
    data = base64.urlsafe_b64decode(text + "==")
    return data if base64.urlsafe_b64encode(data).decode().rstrip("=") == text else must(bad_text=False)

# Statements, and the trees that they stand in (sections 5, 10 and 13).
def signed(kind, data, public_key): return follow("signed", kind=kind, data=data, public_key=public_key).found
def manifest(signed_manifest, previous=b""):
    """`previous`: the bytes of the manifest before, if there is one."""
    kind = "next_manifest" if previous else "first_manifest"
    return follow(kind, signed_manifest=signed_manifest, previous=previous).envelope.manifest
def receipt_proof(proof, public_key):
    kind, most = ("hub_receipt", 256) if proof[:4] == b"SVKS" else ("device_receipt", 64)
    return follow("proof", proof=proof, public_key=public_key, kind=kind, most=most)
def climb(old, new, index, last, path):
    """The roots of a proof's old and new tree, from a node of both; the old means nothing in an audit path."""
    for level in range(last.bit_length()):
        if index >> level & 1:
            old, new = (H(b"\1", node, one) for node in [read("32", path)] for one in (old, new))
        elif index >> level < last >> level:
            new = H(b"\1", new, read("32", path))
    return old, new
def log_proof(size, root, path, leaf=b"", index=0, old_size=None, old_root=None):
    must(count_out_of_range=size <= 2**62 and (0 <= index < size if old_size is None else 1 <= old_size <= size))
    stream, old, new, last = io.BytesIO(b"".join(path)), root, H(b"\0", leaf), size - 1
    if old_size:
        shift = 64 if old_size == size else (old_size & -old_size).bit_length() - 1  # a whole subtree ends the old tree
        index, last = old_size - 1 >> shift, last >> shift
        old = new = attempt("bad_length", read, "32", stream) if index else old_root
    old, new = attempt("bad_length", climb, old, new, index, last, stream)
    fault = "checkpoint_forked" if old_size else "hash_mismatch"
    must(bad_length=not stream.read(), **{fault: new == root and old_root in (None, old)})
def log_leaf(leaf, record):
    """A leaf and its record as `found`, which is empty for a certificate and for epoch keys that are no longer kept."""
    parsed = parse("leaf", leaf)
    gone = parsed.type == 2 and not record
    must(hash_mismatch=gone or H(record) == parsed.digest)
    values = dict(leaf=parsed, type=parsed.type, leaf_hash=H(b"\0", leaf), data=record, found=Record(batch=[]))
    return follow("record_gone" if gone else f"record{parsed.type}", **values)
# Messages and attachments (sections 7, 8, 9 and 12).
def plain(value):
    if isinstance(value, (int, str, bytes)): return value
    fields = value.DESCRIPTOR.fields if hasattr(value, "DESCRIPTOR") else None
    return Record((one.name, plain(getattr(value, one.name))) for one in fields) if fields else [*map(plain, value)]
def sealed(kind, fault, data):
    """Protobuf in canonical form that obeys the rules of its kind; whatever is wrong is one fault."""
    message = attempt(fault, getattr(SEALED, kind).FromString, data)
    message.DiscardUnknownFields()
    must(**{fault: message.SerializeToString(deterministic=True) == data})
    return attempt(fault, lambda: parse(kind, encode(kind, plain(message))))
def body(body):
    must(body_malformed=re.match(TABLES["patterns"]["schema"].encode(), body), schema_too_new=body[1:2] == b"\1")
    return sealed("Body", "body_malformed", body)
def segments(data, size):
    """The pieces of that size, each behind its nonce."""
    starts = range(0, max(1, len(data)), size)
    return [(i.to_bytes(11, "big") + bytes([i + 1 == len(starts)]), data[at:at + size]) for i, at in enumerate(starts)]
def open_segment(key, nonce, part):
    must(truncated=len(part) > 16, bad_length=number(nonce[:11]) < 32_768)
    return attempt("segment_failed", ChaCha20Poly1305(key).decrypt, nonce, part, None)
def open_segments(key, data): return b"".join(open_segment(key, *piece) for piece in segments(data, SEGMENT + 16))
def blob_seal(file_key, salt, data=None, data_len=0):
    data = bytes(i % 251 for i in range(data_len)) if data is None else data
    content = (len(data).to_bytes(8, "big") + data).ljust(padded(8 + len(data)), b"\0")
    key = ChaCha20Poly1305(hkdf(salt, file_key, "blob"))
    blob = encode("blob_head", dict(salt=salt, commit=hkdf(salt, file_key, "blob commit"))) + b"".join(
        key.encrypt(nonce, part, None) for nonce, part in segments(content, SEGMENT))
    return Record(blob=blob, blob_id=H(blob), data_sha256=H(data))
def seal(signing_seed, cek, body, wraps, answer_hh=b"", **header):
    """A message; `wraps` are the readers' epoch keys and boxes, `header` what else does not follow of its header."""
    size, keys = padded(68 + len(body)), [Record(parse("epoch_key", one.epoch_key), boxes=one.boxes) for one in wraps]
    header.update(wraps=keys, sender_device=ident("device", public(signing_seed)), content_len=size + 16,
                  key_commit=hkdf(header["message_id"], cek, "commit"))
    h = parse("header", encode("header", header))
    signature = sign(signing_seed, "message", h.hh + digest("body", body))
    content = (len(body).to_bytes(4, "big") + signature + body).ljust(size, b"\0")
    def tags(device_id): return {f"open_tag_{kind}": open_tag(h.message_id, cek, device_id, kind) for kind in (1, 3, 4)}
    return Record(
        header=h.raw, hh=h.hh, answer_ref=hkdf(h.message_id, cek, "answer", answer_hh),
        content=ChaCha20Poly1305(hkdf(h.message_id, cek, "content", h.hh)).encrypt(bytes(12), content, h.hh),
        tags=[{"device_id": key.device_id, **tags(key.device_id)} for key in keys], wraps=b"".join(HPKE.encrypt(
            cek, kem_public(key.pk), label("wrap", h.hh, key.device_id, key.epoch_key_id)) for key in keys))

RULES = {
    **vars(operator), **globals(), "b64decode": base64.b64decode, "compare_digest": hmac.compare_digest,
    "BytesIO": io.BytesIO, "int": int, "len": len, "min": min,
    # of one value: the check digit (Luhn) and the spelling of an IPv6 address are what no pattern says
    "orgnr_holds": lambda text: sum(int(a) for i, b in enumerate(text) for a in str(int(b) * (2 - i % 2))) % 10 == 0,
    "address_holds": lambda text: text[0] != "[" or (
        ip := ipaddress.IPv6Address(text[1:].split("]")[0])).ipv4_mapped is None and f"[{ip}]" in text,
    "cut": lambda data, start, end: data[start:end], "ended": lambda stream: not stream.read(),
    "sized": lambda data, size: len(data) == size, "zeros": lambda data, start: not any(data[start:]),
    "within": lambda start, end, low, high: low <= end - start <= high,
    "sealed_size": lambda size, head, part, most: size in [head + p + 16 * -(-p // part) for p in PADDED if p <= most],
    # of lists
    "each": lambda kind, rows, *context: all(obey(kind, Record(row, **pairs(context), raw=row.raw)) for row in rows),
    "alike": lambda rows, *names: len({*pick(rows, *names)}) == 1,
    "distinct": lambda rows, *names: len({*pick(rows, *names)}) == len(rows),
    "subset": lambda some, rows: all(one in rows for one in some),
    "disjoint": lambda some, rows: not any(one in rows for one in some),
    "cuts": lambda rows, name, start, end: [row[name][start:end] for row in rows],
    "run": lambda kind, *values: follow(kind, **pairs(values)),
    # of keys and statements
    "aead_open": lambda key, data, aad: ChaCha20Poly1305(key).decrypt(bytes(12), data, aad),
    "hpke_open": lambda seed, wrap, *parts: HPKE.decrypt(wrap, kem_private(seed)[0], label("wrap", *parts)),
    "matched": lambda kind, data: Record(re.fullmatch(TABLES["patterns"][kind].encode(), data).groupdict()),
    "origin": lambda hub_name: f"samverkan/{hub_name}".encode(),
    "owner": lambda record: next(record[name] for name in ("device", "device_id", "issuer_device") if name in record),
    "from_device": lambda kind, device, pk: kind == "hub_receipt" or device == ident("device", pk),
    # of headers and manifests
    "basis_fits": lambda kind, basis, handles: (kind == 4) == (basis == 0) and (basis == 1) == bool(handles),
    "recipients_fit": lambda to, *sender: to[0].kind == 0 and len({sender, *pick(to, *PLACE)}) == 1 + len(to)
    and ascends([one for one in to if one.kind == 0], *PLACE),
    "boxes_fit": lambda to, wraps, *sender: all(
        wrap.boxes < 1 << len(to) and (wrap.org_id, wrap.device_id) != sender and {wrap.org_id} == (
            {*pick(boxes(to, wrap.boxes), "org_id")} or {sender[0]}) for wrap in wraps) and all(
                any(wrap.boxes >> bit & 1 for wrap in wraps) for bit in range(len(to))),
    "with_roles": lambda devices, roles: [device.device_id for device in devices if device.roles & roles],
    "read_by": lambda boxes, readers: all(one in readers for box in boxes for one in box.readers),
    "signer_keys": lambda old, new: {0: new.root_pk} | {
        i: find(old.devices, "device_id", one).sign_pk for i, one in enumerate(old.admins, 1) if one not in new.gone},
    "may_sign": lambda signers, pks, count: signers == [0] or {*signers} <= {*pks} - {0} and len(signers) == count,
    "verify_each": lambda rows, pks, data: [verify(pks[row.signer], row.sig, "manifest", data) for row in rows],
    # of what a device knows
    "find_key": lambda held, id: {digest("epoch key", kem_private(key.seed)[1]): key for key in held}[id],
    "key_of": lambda held, *ids: {(key.org_id, ident("device", key.sign_pk)): key.sign_pk for key in held}[ids],
    "names_one": lambda rows, to: not to or {*pick(rows, *PLACE)} & {*pick(to, *PLACE)},
    "newest": lambda org: parse("manifest", org.get("newest_manifest", org.manifest)),
    "not_revoked": lambda rows, id, at: not any(gone.device_id == id and gone.revoked_ms <= at for gone in rows),
    "only_handle": lambda orgs, new: all(org.handle != new.handle or org.org_id == new.org_id for org in orgs.values()),
    "read_in": lambda manifest, device_id, to: {one.mailbox_id for one in to} <= {
        box.mailbox_id for box in parse("manifest", manifest).mailboxes if device_id in box.readers},
    "unseen": lambda seen, org_id, send_id: dict(sender_org=org_id, send_id=send_id) not in seen,
    "follows": lambda m: m.h["class"] < 4 or m.mine.boxes == 0 or "threads" not in m
    or dict(org_id=m.h.sender_org, thread_id=m.letter.thread_id) in m.threads}
