"""`vector FILE…` answers test vectors; `live --state DIR` is a client: `join INVITE`, `send --to …`, `receive`."""
import argparse, json, os, sys
from pathlib import Path
import grpc
import live, protocol
from protocol import TABLES, Record, Refused, get, unhex

def piece(vector, to, **start):
    file = protocol.HERE.parents[1] / f"proto/testvectors/{vector}.json"
    return bytes.fromhex(json.loads(file.read_text())["expect"]["ok"]["blob"])[start["from"]:to]
def answer(file):
    vector = json.loads(file.read_text())
    inputs, kind = unhex(vector["input"]), TABLES["kinds"][vector["kind"]]
    if vector["kind"] == "blob":
        inputs["blob"] = b"".join(one.hex if "hex" in one else piece(**one) for one in inputs.blob)
    try:
        found = vars(protocol)[kind["call"]](*kind.get("first", ()), *map(inputs.pop, kind.get("inputs", ())), **inputs)
        answers = {name.rpartition(".")[2]: get(found, name) for name in kind["answers"]}
        return "ok " + json.dumps(answers, default=bytes.hex)
    except Refused as fault:
        return str(fault)
def follow_step(args):
    step = {"join": live.join, "send": live.send, "receive": live.receive}[args.words[1]]
    file = Path(args.state, "state.json")
    state = unhex(json.loads(file.read_text())) if file.exists() else Record()
    os.umask(0o077)
    for shown in step(state, args):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(state, default=bytes.hex))
        yield json.dumps(shown, default=bytes.hex)
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="+")
    for option, settings in TABLES["options"].items(): parser.add_argument(option, **settings)
    args = parser.parse_intermixed_args()
    try:
        lines = map(answer, map(Path, args.words[1:])) if args.words[0] == "vector" else follow_step(args)
        for line in lines: print(line, flush=True)
    except (Refused, grpc.RpcError) as refusal:
        sys.exit(str(refusal))

if __name__ == "__main__":
    main()
