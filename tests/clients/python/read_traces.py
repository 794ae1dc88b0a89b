"""Reads a message of the OpenTelemetry protocol with the project's own definitions, and prints it as JSON."""

import base64
import json
import pathlib
import sys

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

request = ExportTraceServiceRequest()
request.ParseFromString(pathlib.Path(sys.argv[1]).read_bytes())

# What a message has that its definition does not know would be lost without a word.
assert request.ByteSize() == len(pathlib.Path(sys.argv[1]).read_bytes())
known = ExportTraceServiceRequest()
known.CopyFrom(request)
known.DiscardUnknownFields()
assert known == request and known.ByteSize() == request.ByteSize()

for resource in (read := MessageToDict(request))["resourceSpans"]:
    for scope in resource["scopeSpans"]:
        for span in scope["spans"]:
            for name, size in [("traceId", 16), ("spanId", 8)]:
                assert len(base64.b64decode(span[name])) == size
print(json.dumps(read))
