# mypy: ignore-errors
"""Terraform's plugin protocol 6 for a provider written in Python.

Terraform starts the provider as a child process, checks a cookie in the
environment, reads one handshake line from its standard output and then speaks
gRPC with it over a Unix socket under TLS. Values travel as MessagePack in the
shape that Terraform's schema gives them. This module hides all of that: it
serves any object that has the methods of `provider.StubProvider`.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import shutil
import sys
import tempfile
import threading
import traceback
from concurrent import futures
from dataclasses import dataclass

import grpc
import msgpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

COOKIE = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
)


# --- values ---------------------------------------------------------------------


class _Unknown:
    """A value that Terraform will know only after apply."""

    def __repr__(self):
        return "(known after apply)"

    def __bool__(self):
        return False


UNKNOWN = _Unknown()


@dataclass
class Diag:
    """One error or warning; `path` leads to the attribute it is about."""

    summary: str
    detail: str = ""
    path: tuple = ()
    warning: bool = False


def attribute_type(attribute: dict):
    """The type of a schema attribute, nested or not, as Terraform writes types in JSON."""
    nested = attribute.get("nested_type")
    if not nested:
        return attribute["type"]
    inner = ["object", {n: attribute_type(a) for n, a in nested["attributes"].items()}]
    mode = nested["nesting_mode"]
    return inner if mode == "single" else [mode, inner]


def block_type(block: dict):
    """The object type of a whole schema block."""
    fields = {n: attribute_type(a) for n, a in block.get("attributes", {}).items()}
    for name, nested in block.get("block_types", {}).items():
        inner, mode = block_type(nested["block"]), nested["nesting_mode"]
        fields[name] = inner if mode in ("single", "group") else [mode, inner]
    return ["object", fields]


def conform(value, kind):
    """Give a plain JSON value the exact shape of a type: absent fields become null."""
    if value is None or value is UNKNOWN or isinstance(kind, str):
        return value
    shape, inner = kind[0], kind[1]
    if shape == "object":
        return {n: conform(value.get(n), t) for n, t in inner.items()}
    if shape == "tuple":
        return [conform(v, t) for v, t in zip(value, inner)]
    if shape == "map":
        return {k: conform(v, inner) for k, v in value.items()}
    return [conform(v, inner) for v in value]


def _decode(raw: bytes):
    return msgpack.unpackb(
        raw, raw=False, strict_map_key=False, ext_hook=lambda code, data: UNKNOWN
    )


def _encode(value) -> bytes:
    def prepare(v):
        if v is UNKNOWN:
            return msgpack.ExtType(0, b"\0")
        if isinstance(v, dict):
            return {k: prepare(x) for k, x in v.items()}
        if isinstance(v, (list, tuple)):
            return [prepare(x) for x in v]
        if isinstance(v, int) and not isinstance(v, bool) and not -(2**63) <= v < 2**64:
            return str(v)
        return v

    return msgpack.packb(prepare(value), use_bin_type=True)


# --- wire messages ----------------------------------------------------------------

# name: field=number type, ...   (`*` repeated, `%` map from string)
WIRE = """
DynamicValue: msgpack=1 bytes, json=2 bytes
Step: attribute_name=1 string, element_key_string=2 string, element_key_int=3 int
AttributePath: steps=1 Step*
Diagnostic: severity=1 int, summary=2 string, detail=3 string, attribute=4 AttributePath
RawState: json=1 bytes
Attribute: name=1 string, type=2 bytes, description=3 string, required=4 bool, optional=5 bool, computed=6 bool, sensitive=7 bool, description_kind=8 int, deprecated=9 bool, nested_type=10 Object, write_only=11 bool
Object: attributes=1 Attribute*, nesting=3 int
NestedBlock: type_name=1 string, block=2 Block, nesting=3 int, min_items=4 int, max_items=5 int
Block: version=1 int, attributes=2 Attribute*, block_types=3 NestedBlock*, description=4 string, description_kind=5 int, deprecated=6 bool
Schema: version=1 int, block=2 Block
Parameter: name=1 string, type=2 bytes, allow_null_value=3 bool, allow_unknown_values=4 bool, description=5 string
Return: type=1 bytes
Function: parameters=1 Parameter*, variadic_parameter=2 Parameter, return=3 Return, summary=4 string, description=5 string
FunctionError: text=1 string, function_argument=2 int
Capabilities: plan_destroy=1 bool, get_provider_schema_optional=2 bool, move_resource_state=3 bool
Empty:
GetProviderSchemaResponse: provider=1 Schema, resource_schemas=2 Schema%, data_source_schemas=3 Schema%, diagnostics=4 Diagnostic*, server_capabilities=6 Capabilities, functions=7 Function%, ephemeral_resource_schemas=8 Schema%
ConfigRequest: config=1 DynamicValue
ProviderDiagnostics: diagnostics=2 Diagnostic*
ConfigureRequest: terraform_version=1 string, config=2 DynamicValue
Diagnostics: diagnostics=1 Diagnostic*
TypedConfig: type_name=1 string, config=2 DynamicValue
UpgradeRequest: type_name=1 string, version=2 int, raw_state=3 RawState
UpgradeResponse: upgraded_state=1 DynamicValue, diagnostics=2 Diagnostic*
ReadRequest: type_name=1 string, current_state=2 DynamicValue, private=3 bytes
ReadResponse: new_state=1 DynamicValue, diagnostics=2 Diagnostic*, private=3 bytes
PlanRequest: type_name=1 string, prior_state=2 DynamicValue, proposed_new_state=3 DynamicValue, config=4 DynamicValue, prior_private=5 bytes
PlanResponse: planned_state=1 DynamicValue, requires_replace=2 AttributePath*, planned_private=3 bytes, diagnostics=4 Diagnostic*, legacy_type_system=5 bool
ApplyRequest: type_name=1 string, prior_state=2 DynamicValue, planned_state=3 DynamicValue, config=4 DynamicValue, planned_private=5 bytes
ApplyResponse: new_state=1 DynamicValue, private=2 bytes, diagnostics=3 Diagnostic*, legacy_type_system=4 bool
ImportRequest: type_name=1 string, id=2 string
Imported: type_name=1 string, state=2 DynamicValue, private=3 bytes
ImportResponse: imported_resources=1 Imported*, diagnostics=2 Diagnostic*
DataResponse: state=1 DynamicValue, diagnostics=2 Diagnostic*
OpenResponse: diagnostics=1 Diagnostic*, result=3 DynamicValue, private=4 bytes
FunctionsResponse: functions=1 Function%, diagnostics=2 Diagnostic*
CallRequest: name=1 string, arguments=2 DynamicValue*
CallResponse: result=1 DynamicValue, error=2 FunctionError
StopResponse: Error=1 string
"""

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}


def _messages() -> dict:
    """Build message classes from the table above. proto2 keeps explicit zeros on the wire."""
    field = descriptor_pb2.FieldDescriptorProto
    scalar = {
        "string": field.TYPE_STRING,
        "bytes": field.TYPE_BYTES,
        "bool": field.TYPE_BOOL,
        "int": field.TYPE_INT64,
    }
    file = descriptor_pb2.FileDescriptorProto(name="stub.proto", package="stub", syntax="proto2")
    maps = set()

    def add(message, name, number, kind, repeated=False):
        entry = message.field.add(name=name, number=number)
        entry.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
        if kind in scalar:
            entry.type = scalar[kind]
        else:
            entry.type, entry.type_name = field.TYPE_MESSAGE, f".stub.{kind}"

    for line in WIRE.strip().splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name)
        for item in filter(None, (f.strip() for f in fields.split(","))):
            label, kind = item.split()
            fname, number = label.split("=")
            if kind.endswith("%"):
                maps.add(kind[:-1])
                add(message, fname, int(number), kind[:-1] + "Entry", True)
            else:
                add(message, fname, int(number), kind.rstrip("*"), kind.endswith("*"))
    for kind in sorted(maps):
        message = file.message_type.add(name=kind + "Entry")
        add(message, "key", 1, "string")
        add(message, "value", 2, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        m.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"stub.{m.name}"))
        for m in file.message_type
    }


M = _messages()


def _attribute(name: str, a: dict):
    out = M["Attribute"](
        name=name,
        description=a.get("description", ""),
        description_kind=int(a.get("description_kind") == "markdown"),
    )
    for flag in ("required", "optional", "computed", "sensitive", "deprecated", "write_only"):
        if a.get(flag):
            setattr(out, flag, True)
    nested = a.get("nested_type")
    if nested:
        out.nested_type.nesting = NESTING[nested["nesting_mode"]]
        out.nested_type.attributes.extend(
            _attribute(n, x) for n, x in sorted(nested["attributes"].items())
        )
    else:
        out.type = json.dumps(a["type"]).encode()
    return out


def _block(b: dict):
    out = M["Block"](
        description=b.get("description", ""),
        deprecated=bool(b.get("deprecated")),
        description_kind=int(b.get("description_kind") == "markdown"),
    )
    out.attributes.extend(_attribute(n, a) for n, a in sorted(b.get("attributes", {}).items()))
    for name, n in sorted(b.get("block_types", {}).items()):
        out.block_types.append(
            M["NestedBlock"](
                type_name=name,
                block=_block(n["block"]),
                nesting=NESTING[n["nesting_mode"]],
                min_items=n.get("min_items", 0),
                max_items=n.get("max_items", 0),
            )
        )
    return out


def _schema(s: dict):
    return M["Schema"](version=s.get("version", 0), block=_block(s["block"]))


def _function(f: dict):
    out = M["Function"](summary=f.get("summary", ""), description=f.get("description", ""))
    getattr(out, "return").type = json.dumps(f["return_type"]).encode()
    for p in f.get("parameters", []):
        out.parameters.append(
            M["Parameter"](
                name=p["name"],
                type=json.dumps(p["type"]).encode(),
                allow_null_value=bool(p.get("is_nullable")),
                description=p.get("description", ""),
            )
        )
    return out


def _path(path: tuple):
    out = M["AttributePath"]()
    for step in path:
        if isinstance(step, int):
            out.steps.add(element_key_int=step)
        elif isinstance(step, list):  # ["key"]: an element of a map
            out.steps.add(element_key_string=step[0])
        else:
            out.steps.add(attribute_name=step)
    return out


def _diags(diags) -> list:
    out = []
    for d in diags:
        m = M["Diagnostic"](severity=2 if d.warning else 1, summary=d.summary, detail=d.detail)
        if d.path:
            m.attribute.CopyFrom(_path(d.path))
        out.append(m)
    return out


# --- service ------------------------------------------------------------------------


class Service:
    """Turns protocol requests into calls on a provider object."""

    def __init__(self, provider):
        self.provider = provider
        self.methods = {
            "GetProviderSchema": ("Empty", self.schema),
            "ValidateProviderConfig": ("ConfigRequest", self.validate_provider),
            "ValidateResourceConfig": ("TypedConfig", lambda r: self.validate("resource", r)),
            "ValidateDataResourceConfig": (
                "TypedConfig",
                lambda r: self.validate("data_source", r),
            ),
            "ValidateEphemeralResourceConfig": (
                "TypedConfig",
                lambda r: self.validate("ephemeral_resource", r),
            ),
            "ConfigureProvider": ("ConfigureRequest", self.configure),
            "UpgradeResourceState": ("UpgradeRequest", self.upgrade),
            "ReadResource": ("ReadRequest", self.read),
            "PlanResourceChange": ("PlanRequest", self.plan),
            "ApplyResourceChange": ("ApplyRequest", self.apply),
            "ImportResourceState": ("ImportRequest", self.import_state),
            "ReadDataSource": ("TypedConfig", self.data),
            "OpenEphemeralResource": ("TypedConfig", self.open),
            "CloseEphemeralResource": ("TypedConfig", lambda r: M["Diagnostics"]()),
            "RenewEphemeralResource": ("TypedConfig", lambda r: M["Diagnostics"]()),
            "GetFunctions": (
                "Empty",
                lambda r: M["FunctionsResponse"](
                    functions=self._map("functions", _function, "FunctionEntry")
                ),
            ),
            "CallFunction": ("CallRequest", self.call),
            "StopProvider": ("Empty", lambda r: M["StopResponse"]()),
        }

    def _type(self, kind: str, name: str):
        return block_type(self.provider.schema[f"{kind}_schemas"][name]["block"])

    @staticmethod
    def _in(dynamic):
        if dynamic.HasField("json"):
            return json.loads(dynamic.json)
        return _decode(dynamic.msgpack) if dynamic.msgpack else None

    @staticmethod
    def _out(value):
        return M["DynamicValue"](msgpack=_encode(value))

    def _map(self, section: str, convert, entry: str = "SchemaEntry") -> list:
        return [
            M[entry](key=k, value=convert(v))
            for k, v in self.provider.schema.get(section, {}).items()
        ]

    def schema(self, _):
        return M["GetProviderSchemaResponse"](
            provider=_schema(self.provider.schema["provider"]),
            resource_schemas=self._map("resource_schemas", _schema),
            data_source_schemas=self._map("data_source_schemas", _schema),
            ephemeral_resource_schemas=self._map("ephemeral_resource_schemas", _schema),
            functions=self._map("functions", _function, "FunctionEntry"),
            server_capabilities=M["Capabilities"](get_provider_schema_optional=True),
        )

    def validate_provider(self, r):
        return M["ProviderDiagnostics"](
            diagnostics=_diags(self.provider.validate_provider(self._in(r.config)))
        )

    def validate(self, kind, r):
        return M["Diagnostics"](
            diagnostics=_diags(self.provider.validate(kind, r.type_name, self._in(r.config)))
        )

    def configure(self, r):
        return M["Diagnostics"](diagnostics=_diags(self.provider.configure(self._in(r.config))))

    def upgrade(self, r):
        state = conform(json.loads(r.raw_state.json), self._type("resource", r.type_name))
        return M["UpgradeResponse"](upgraded_state=self._out(state))

    def read(self, r):
        return M["ReadResponse"](
            new_state=self._out(self.provider.read(r.type_name, self._in(r.current_state))),
            private=r.private,
        )

    def plan(self, r):
        planned, replace, legacy, diags = self.provider.plan(
            r.type_name, self._in(r.prior_state), self._in(r.proposed_new_state), self._in(r.config)
        )
        return M["PlanResponse"](
            planned_state=self._out(planned),
            requires_replace=[_path(p) for p in replace],
            legacy_type_system=legacy,
            diagnostics=_diags(diags),
        )

    def apply(self, r):
        state, legacy, diags = self.provider.apply(
            r.type_name, self._in(r.prior_state), self._in(r.planned_state), self._in(r.config)
        )
        return M["ApplyResponse"](
            new_state=self._out(state), legacy_type_system=legacy, diagnostics=_diags(diags)
        )

    def import_state(self, r):
        state = conform(
            self.provider.imported(r.type_name, r.id), self._type("resource", r.type_name)
        )
        return M["ImportResponse"](
            imported_resources=[M["Imported"](type_name=r.type_name, state=self._out(state))]
        )

    def data(self, r):
        state, diags = self.provider.data("data_source", r.type_name, self._in(r.config))
        return M["DataResponse"](state=self._out(state), diagnostics=_diags(diags))

    def open(self, r):
        state, diags = self.provider.data("ephemeral_resource", r.type_name, self._in(r.config))
        return M["OpenResponse"](result=self._out(state), diagnostics=_diags(diags))

    def call(self, r):
        try:
            return M["CallResponse"](
                result=self._out(self.provider.call(r.name, [self._in(a) for a in r.arguments]))
            )
        except ValueError as error:
            return M["CallResponse"](error=M["FunctionError"](text=str(error)))


class _Router(grpc.GenericRpcHandler):
    """Finds the handler of a gRPC path: the provider's own and the few that go-plugin expects."""

    def __init__(self, target: Service, stop: threading.Event):
        self.target, self.stop = target, stop

    def service(self, details):
        path = details.method
        if path.startswith("/tfplugin6.Provider/"):
            known = self.target.methods.get(path.rsplit("/", 1)[1])
            return self._unary(*known) if known else None
        if path == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x08\x01")
        if path == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._shutdown)
        return None

    def _shutdown(self, request, context):
        self.stop.set()
        return b""

    @staticmethod
    def _unary(request_type, function):
        def handle(request, context):
            try:
                return function(request)
            except Exception as error:  # a bug here must reach the user instead of a silent hang
                traceback.print_exc(file=sys.stderr)
                context.abort(
                    grpc.StatusCode.INTERNAL, f"stub provider: {type(error).__name__}: {error}"
                )

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=M[request_type].FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


def _certificate():
    """A key and a self-signed certificate that live as long as this process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )
    usage |= dict.fromkeys(
        ("digital_signature", "key_encipherment", "key_agreement", "key_cert_sign"), True
    )
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .add_extension(x509.KeyUsage(**usage), True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem, cert


def serve(provider) -> None:
    """Shake hands with Terraform and answer until it says stop or goes away."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("This is a Terraform provider: Terraform starts it, see the README.")
    stop, parent = threading.Event(), os.getppid()
    folder = tempfile.mkdtemp(prefix="tfstub")  # mode 0700: nobody else reaches the socket
    try:
        socket = os.path.join(folder, "s")
        key, cert = _certificate()
        # The server proves itself to Terraform. It cannot ask Terraform for its certificate in
        # return: that is a P-521 one, and gRPC's TLS library refuses those from clients.
        credentials = grpc.ssl_server_credentials(
            [(key, cert.public_bytes(serialization.Encoding.PEM))]
        )
        server = grpc.server(
            futures.ThreadPoolExecutor(8),
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        server.add_generic_rpc_handlers((_Router(Service(provider), stop),))
        server.add_secure_port("unix:" + socket, credentials)
        server.start()
        der = base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")
        print(f"1|6|unix|{socket}|grpc|{der}", flush=True)
        while not stop.wait(0.5) and os.getppid() == parent:
            pass
        server.stop(0.1).wait(1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
