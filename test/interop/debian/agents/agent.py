"""Lets a test drive a Python client: see ../agent.ts."""

import base64
import json
import sys


def from_wire(value):
    if isinstance(value, dict) and list(value) == ["base64"]:
        return base64.b64decode(value["base64"])
    return value


def to_wire(value):
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {to_wire(key): to_wire(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_wire(each) for each in value]
    return value


def serve(make_operations):
    """Replies to each line of the input; make_operations(settings) has one method per operation."""
    operations = make_operations(json.loads(sys.argv[1]))
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            value = getattr(operations, name)(*map(from_wire, arguments))
            reply = {"value": to_wire(value)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)
