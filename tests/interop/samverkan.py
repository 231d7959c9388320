"""`vector FILE` answers one test vector, `check` compares all answers with what they should be, `live` is a client."""
import argparse, json, sys
from pathlib import Path

import grpc

from live import Device  # first: then protocol.py takes this folder out of the path, where it hides samverkan.v1
from protocol import (H, case_reference, checkpoint, epoch_key_id, hkdf, ident, kem_private, label, Log, must,
                      open_blob, open_message, open_tag, parse, parse_body, parse_consent_record, parse_invite,
                      parse_leaf, public, receipt_proof, Record, Refused, refusing, root_of_path,
                      roots_of_consistency, safety_number, seal, seal_blob, signed, signed_manifest, with_role)

def groups(header):
    starts = [i for i, to in enumerate(header.to) if to.kind == 0] + [len(header.to)]
    return [list(range(a, b)) for a, b in zip(starts, starts[1:])]

def only(record, *names):
    return {name: record[name] for name in names}

def fields(message):
    """Of a protobuf message, without the number of its schema."""
    def plain(value):
        if hasattr(value, "DESCRIPTOR"):
            return fields(value)
        return value if isinstance(value, (int, str, bytes)) else [*map(plain, value)]
    names = [field.name for field in message.DESCRIPTOR.fields if field.name not in ("schema", "version")]
    return {name: plain(getattr(message, name)) for name in names}

class KnownLog(Log):
    """What a vector says about the log, in place of the log's leaves."""
    def __init__(self, known, receipt_pk):
        super().__init__(None)
        self.roots = {tree.size: tree.root for tree in known.roots}
        self.keys = {(key.org_id, ident("device", key.sign_pk)): key for key in known.device_keys}
        self.values["hub",] = [(0, Record(log_pk=known.log_key, receipt_pk=receipt_pk))]
        for org in known.organisations:
            manifests = [(0, org.manifest), (2**62, org.get("newest_manifest", org.manifest))]
            self.values["entry", org.org_id] = [(0, org)]
            self.values["manifest", org.org_id] = [(at, parse("manifest", manifest)) for at, manifest in manifests]

    def root(self, size):
        return self.roots.get(size)

    def device(self, org_id, device_id):
        must((org_id, device_id) in self.keys, "unknown_device")
        return self.keys[org_id, device_id]

def tags(message_id, cek, device_id):
    return {f"open_tag_{kind}": open_tag(message_id, cek, device_id, kind) for kind in (1, 3, 4)}

def message(v):
    seeds = {epoch_key_id(kem_private(key.seed)[1]): (key.epoch, key.seed) for key in v.epoch_keys}
    opened = open_message(
        Record(header=v.header, wrap=v.wrap, content=v.content, submission_receipt=v.receipt), Record(v, seeds=seeds),
        KnownLog(v.log, v.hub_receipt_key), f"samverkan/{v.log.hub}".encode(), v.now_ms,
        {(pair.sender_org, pair.send_id) for pair in v.seen})
    return {"body": opened.body.SerializeToString(deterministic=True), "boxes": opened.boxes,
            **tags(opened.header.message_id, opened.cek, v.device_id)}

def seal_vector(v):
    """Without `wraps`: the library chooses their randomness."""
    keys = [parse("epoch_key", wrap.epoch_key) for wrap in v.wraps]
    wraps = [Record(key, boxes=wrap.boxes, epoch_key_id=epoch_key_id(key.pk)) for key, wrap in zip(keys, v.wraps)]
    header = Record(v, suite=1, sender_device=ident("device", public(v.signing_seed)), flags=0, ext_len=0, wraps=wraps)
    header, _, content, cek = seal(header, v.body, v.signing_seed, [key.pk for key in keys], v.cek)
    return {"header": header, "content": content, "hh": H(label("header", header)),
            "answer_ref": hkdf(v.message_id, cek, label("answer", v.answer_hh)),
            "tags": [{"device_id": key.device_id, **tags(v.message_id, cek, key.device_id)} for key in keys]}

def manifest(v):
    new = signed_manifest(v.signed_manifest, v.get("previous"))
    return {"org_id": new.org_id, "serial": new.serial, "hash": H(parse("signed_manifest", v.signed_manifest).manifest),
            "admins": sorted(with_role(new, 1)), "safety_number": safety_number(new.root_pk)}

def epoch_key(v):
    key = signed("epoch_key", v.epoch_key, v.public_key)
    return {"epoch": key.epoch, "epoch_key_id": epoch_key_id(key.pk)}

def log_proof(v):
    inclusion, path = "leaf" in v, iter(v.path)
    must(0 <= v.index < v.size if inclusion else 1 <= v.old_size <= v.size, "count_out_of_range")
    with refusing("bad_length", StopIteration):
        found = root_of_path(H(b"\0", v.leaf), v.index, v.size, path.__next__) if inclusion else roots_of_consistency(
            v.old_size, v.size, path.__next__, v.old_root)
    must(next(path, None) is None, "bad_length")
    must(found == (v.root if inclusion else (v.old_root, v.root)), "hash_mismatch" if inclusion else "checkpoint_forked")
    return {}

def pieces(blob):
    whole = [piece if "hex" in piece else from_json(json.loads((VECTORS_DIR / f"{piece.vector}.json").read_text()))[
        "expect"].ok.blob[piece["from"]:piece.to] for piece in blob]
    return b"".join(piece.hex if isinstance(piece, dict) else piece for piece in whole)

def blob_seal(v):
    data = bytes(i % 251 for i in range(v.data_len))
    blob = seal_blob(data, v.file_key, v.salt)
    return {"blob": blob, "blob_id": H(blob), "data_sha256": H(data)}

VECTORS_DIR = Path(__file__).resolve().parents[2] / "proto/testvectors"
KINDS = {
    "header": lambda v: {"hh": H(label("header", v.header)), "groups": groups(parse("header", v.header))},
    "device_receipt": lambda v: only(parse("device_receipt", v.receipt), "type", "reason"),
    "hub_receipt": lambda v: only(parse("hub_receipt", v.receipt), "type", "reason"),
    "receipt_proof": lambda v: only(receipt_proof(v.proof, v.public_key), "type", "reason", "root"),
    "consent_stub": lambda v: only(signed("consent", v.stub, v.public_key), "handle", "commitment", "expires_ms"),
    "recall": lambda v: only(signed("recall", v.recall, v.public_key), "message_id", "time_ms"),
    "case_reference": lambda v: {"case_reference": case_reference(v.thread_id)}, "epoch_key": epoch_key, "manifest": manifest,
    "checkpoint": lambda v: checkpoint(v.note, f"samverkan/{v.hub_name}".encode(), v.public_key),
    "invite": lambda v: only(parse_invite(v.invite), "pin", "code", "address"), "log_proof": log_proof,
    "log_leaf": lambda v: {"type": parse_leaf(v.leaf, v.record)[0].type, "leaf_hash": H(b"\0", v.leaf)},
    "message": message, "seal": seal_vector, "body": lambda v: fields(parse_body(v.body)), "blob_seal": blob_seal,
    "consent_record": lambda v: fields(parse_consent_record(v.record)),
    "blob": lambda v: {"data_len": len(open_blob(pieces(v.blob), v.file_key, v.blob_id, v.plaintext_len, v.plaintext_sha256))}}

def from_json(value):
    if isinstance(value, str):
        return bytes.fromhex(value) if len(value) % 2 == 0 and set(value) <= set("0123456789abcdef") else value
    if isinstance(value, dict):
        return Record((name, from_json(one)) for name, one in value.items())
    return [from_json(one) for one in value] if isinstance(value, list) else value

def answer(vector):
    try:
        return "ok " + json.dumps(KINDS[vector["kind"]](from_json(vector["input"])), default=bytes.hex)
    except Refused as fault:
        return str(fault)

def check():
    """Answers every vector of the tree; returns the names of those that come out otherwise than they should."""
    wrong = []
    for file in sorted(VECTORS_DIR.glob("*.json")):
        vector = json.loads(file.read_text())
        expected, got = vector["expect"], answer(vector)
        if got.startswith("ok ") and vector["kind"] == "seal":
            expected["ok"].pop("wraps", None)
        if (json.loads(got[3:]) != expected.get("ok")) if got.startswith("ok ") else got != expected.get("fault"):
            wrong.append(file.stem)
    return wrong

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("vector").add_argument("file", type=Path)
    commands.add_parser("check")
    client = commands.add_parser("live")
    client.add_argument("--state", required=True)
    steps = client.add_subparsers(dest="step", required=True)
    steps.add_parser("join").add_argument("invite")
    send = steps.add_parser("send")
    send.add_argument("--to", required=True)
    send.add_argument("--text-file", required=True, type=Path)
    send.add_argument("--attach", action="append", default=[], type=Path)
    steps.add_parser("receive")
    args = parser.parse_args()
    if args.command == "vector":
        print(answer(json.loads(args.file.read_text())))
        return
    if args.command == "check":
        sys.exit("\n".join(check()) or 0)
    device = Device(args.state)
    results = {"join": lambda: device.join(args.invite), "receive": device.receive,
               "send": lambda: device.send(args.to, args.text_file.read_text(), args.attach)}[args.step]()
    try:
        for result in results:
            print(json.dumps(result, default=bytes.hex), flush=True)
    except (Refused, grpc.RpcError) as refusal:
        sys.exit(str(refusal))

if __name__ == "__main__":
    main()
