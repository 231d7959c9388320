"""From proto/PROTOCOL.md, sections 2 and 13, alone: says of each file, vector or exported log, `ok` or its fault."""
import base64, hashlib, json, re, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINE, P = r"— (samverkan/[a-z0-9-]{1,63}) ([A-Za-z0-9+/]+=*)\n", 2**255 - 19
NOTE = re.compile(r"((samverkan/[a-z0-9-]{1,63})\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]+=)\n)\n" + LINE + f"({LINE})?")
EIGHT = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
class Fault(Exception): "Named as in section 17."
def need(holds, fault):  # else gives None, for `need(…) or value`
    if not holds: raise Fault(fault)
def H(*parts): return hashlib.sha256(b"".join(parts)).digest()
def node(left, right): return H(b"\1", left, right)
def split(size): return 1 << (size - 1).bit_length() - 1  # the largest power of two below it
def decode(text, size):
    data = base64.b64decode(text or "")
    return need((len(data), base64.b64encode(data).decode()) == (size, text or ""), "bad_checkpoint") or data
def verify(key, signature, text):  # no point of small order: its y is 0, ±1, or that of a point of order eight
    need(int.from_bytes(signature[:32], "little") % 2**255 not in (0, 1, P - 1, EIGHT, P - EIGHT), "bad_signature")
    try: Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except Exception: raise Fault("bad_signature")
def checkpoint(note, hub_name, public_key):
    form, origin, key = NOTE.fullmatch(note.decode()), f"samverkan/{hub_name}".encode(), public_key
    need(form and int(form[3]) < 2**64 and form[2] == form[5] == (form[8] or form[2]), "bad_checkpoint")
    root, sig, stamp = decode(form[4], 32), decode(form[6], 68), decode(form[9], 76 if form[7] else 0)
    time, head = int.from_bytes(stamp[4:12], "big"), b"cosignature/v1\ntime %d\n"
    for kind, one, said in [(b"\1", sig, b""), (b"\4", stamp[:4] + stamp[12:], head % time)][:1 + bool(stamp)]:
        need(form[2].encode() == origin and one[:4] == H(origin, b"\n", kind, key)[:4], "wrong_signers")
        verify(key, one[4:], said + form[1].encode())
    return int(form[3]), root, time
def climb(index, size, path, found):  # the root above a leaf, from its audit path
    if size == 1: return need(not path, "bad_length") or found
    *below, last = need(path, "bad_length") or path
    if index < split(size): return node(climb(index, split(size), below, found), last)
    return node(last, climb(index - split(size), size - split(size), below, found))
def grow(old, size, path, known):  # both roots; `known` while the old tree is one whole subtree
    if old == size: return need(len(path) == (not known), "bad_length") or (known or path[0],) * 2
    *below, last = need(path, "bad_length") or path
    if old > split(size): return (node(last, one) for one in grow(old - split(size), size - split(size), below, 0))
    before, now = grow(old, split(size), below, known)
    return before, node(now, last)
def log_proof(size, root, path, leaf=b"", index=0, old_size=None, old_root=None):
    need(size <= 2**62 and (index < size if old_size is None else 1 <= old_size <= size), "count_out_of_range")
    if old_size is None: return need(climb(index, size, path, H(b"\0", leaf)) == root, "hash_mismatch")
    need([*grow(old_size, size, path, old_root)] == [old_root, root], "checkpoint_forked")
def tree(nodes): return node(*map(tree, (nodes[:(k := split(len(nodes)))], nodes[k:]))) if nodes[1:] else nodes[0]
def exported(text, signatures, entries):
    pairs = [[base64.b64decode(one) for one in line.split(b" ")] for line in entries.splitlines()]
    for leaf, record in pairs: need(leaf[-32:] == H(record) or (leaf[0], record) == (2, b""), "hash_mismatch")
    found = checkpoint(text + b"\n\n" + signatures + b"\n", text.split(b"\n")[0].decode()[10:], pairs[0][1][-64:-32])
    need(found[:2] == (len(pairs), tree([H(b"\0", leaf) for leaf, _ in pairs])), "checkpoint_forked")
    return found
def unhex(value, name=""): return [*map(unhex, value)] if isinstance(value, list) else (
    bytes.fromhex(value) if isinstance(value, str) and name != "hub_name" else value)
def check(data):
    if data[:1] != b"{": return exported(*data.split(b"\n\n", 2))
    vector = json.loads(data)
    return globals()[vector["kind"]](**{name: unhex(value, name) for name, value in vector["input"].items()})
for name in sys.argv[1:]:
    try: print("ok", *(one.hex() if isinstance(one, bytes) else one for one in check(open(name, "rb").read()) or ()))
    except Fault as fault: print(fault)
