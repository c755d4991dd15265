"""A provider that knows the schemas, and makes nothing.

Terraform asks it as it asks the real one (the plugin protocol, version 6), and plans with it.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import msgpack
from tfplugin_proto import tfplugin6_4_pb2 as pb
from tfplugin_proto import tfplugin6_4_pb2_grpc as service

from tests.deploy.terraform.schema import computed_of, schemas_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN = msgpack.ExtType(0, b"\0")  # a value that is known after the change only
SOURCES = {"cloudflare": "cloudflare/cloudflare", "aws": "hashicorp/aws"}
CONFIGURATION = {"cloudflare": (), "aws": ("region",)}


class Provider(service.ProviderServicer):
    """Answers the questions that ``validate`` and ``plan`` have."""

    def __init__(self, name: str) -> None:
        self._name = name

    def GetProviderSchema(self, _request: Any, _context: Any) -> pb.GetProviderSchema.Response:
        arguments = [
            pb.Schema.Attribute(name=name, type=b'"string"', optional=True)
            for name in CONFIGURATION[self._name]
        ]
        own = pb.Schema(version=0, block=pb.Schema.Block(attributes=arguments))
        return pb.GetProviderSchema.Response(provider=own, resource_schemas=schemas_of(self._name))

    def ValidateProviderConfig(
        self, _request: Any, _context: Any
    ) -> pb.ValidateProviderConfig.Response:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(
        self, _request: Any, _context: Any
    ) -> pb.ValidateResourceConfig.Response:
        return pb.ValidateResourceConfig.Response()

    def ConfigureProvider(self, _request: Any, _context: Any) -> pb.ConfigureProvider.Response:
        return pb.ConfigureProvider.Response()

    def PlanResourceChange(self, request: Any, _context: Any) -> pb.PlanResourceChange.Response:
        planned = msgpack.unpackb(request.proposed_new_state.msgpack, ext_hook=msgpack.ExtType)
        for name in computed_of(self._name, request.type_name):
            planned[name] = UNKNOWN
        packed = pb.DynamicValue(msgpack=msgpack.packb(planned))
        return pb.PlanResourceChange.Response(planned_state=packed)

    def StopProvider(self, _request: Any, _context: Any) -> pb.StopProvider.Response:
        return pb.StopProvider.Response()


@contextmanager
def provider(name: str, folder: Path) -> Iterator[str]:
    """Serve a provider until the block ends; yield what TF_REATTACH_PROVIDERS must be."""
    socket = folder / f"{name}.sock"
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    service.add_ProviderServicer_to_server(Provider(name), server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    address = {"Network": "unix", "String": str(socket)}
    reattach = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": address,
    }
    try:
        yield json.dumps({f"registry.terraform.io/{SOURCES[name]}": reattach})
    finally:
        server.stop(None).wait()
