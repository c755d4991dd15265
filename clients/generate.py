"""Generate both clients from the OpenAPI document: ``python clients/generate.py openapi.json``.

openapi-typescript and datamodel-code-generator make the types. This script makes one method for
each operation, in TypeScript and in Python. The original API is left out.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HERE = Path(__file__).parent
V1 = "/api/v1/"
NOTE = "Generated from the OpenAPI document by clients/generate.py. Do not edit."
TYPESCRIPT = Path("typescript/src")
PYTHON = Path("python/src/futuretracker_client")
METHODS = ("get", "post", "put", "patch", "delete")
JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"
HEADERS = ("If-Match", "If-None-Match", "Idempotency-Key")
PYTHON_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def references(part: object) -> set[str]:
    """Return every ``$ref`` within a part of the document."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def resolve(document: Json, part: Json) -> Json:
    """Follow the ``$ref`` of a part, if it is one."""
    while "$ref" in part:
        _, *keys = part["$ref"].split("/")
        part = document
        for key in keys:
            part = part[key]
    return part


def current(document: Json) -> Json:
    """Return the document with the paths of v1, and only the components that they use."""
    paths = {path: item for path, item in document["paths"].items() if path.startswith(V1)}
    used: set[str] = set()
    new = references(paths)
    while new:
        used |= new
        new = references([resolve(document, {"$ref": name}) for name in new]) - used
    components = {
        kind: {n: part for n, part in parts.items() if f"#/components/{kind}/{n}" in used}
        for kind, parts in document["components"].items()
        if kind != "securitySchemes"
    }
    kept = {key: document[key] for key in ("openapi", "info")}
    return {**kept, "paths": paths, "components": components}


def without_choices(document: Json) -> Json:
    """Remove "at least one of these fields", which the generated types cannot say."""
    copy: Json = json.loads(json.dumps(document))
    for schema in copy["components"]["schemas"].values():
        if "properties" in schema:
            schema.pop("anyOf", None)
    return copy


def with_dates(document: Json) -> Json:
    """Return the document with Python's ``date``, and so ``datetime``, where a body has a date."""
    copy: Json = json.loads(json.dumps(document))
    for name in {found.body for found in operations(copy) if found.body}:
        for schema in copy["components"]["schemas"][name]["properties"].values():
            choices = schema.get("anyOf", [])
            if any(choice.get("format") in {"date", "date-time"} for choice in choices):
                choices.append({"type": "string", "customTypePath": "datetime.date"})
    return copy


def with_undefined(types: str) -> str:
    """Let each optional property be undefined, for ``exactOptionalPropertyTypes``."""
    one_line = r"^( *\w+\?: (?!never;)[^\n{]*);$"
    several = r"^(( *)\w+\?: [^\n]*{\n(?:\2 [^\n]*\n)*\2}[^\n]*);$"
    for optional in (one_line, several):
        types = re.sub(optional, r"\1 | undefined;", types, flags=re.MULTILINE)
    return types


@dataclass(frozen=True)
class Operation:
    """What the clients need to know of one operation."""

    name: str
    method: str
    path: str
    about: str
    parameters: list[str]
    query: list[Json]
    body: str | None
    returns: str | None
    many: bool
    item: str | None
    statuses: list[int]
    public: bool
    headers: list[str]
    # The content types of a body that is a file; none if the body is JSON.
    file_types: list[str]
    is_download: bool

    @property
    def query_required(self) -> bool:
        """Whether a query parameter must be given."""
        return any(parameter.get("required") for parameter in self.query)


def schema_of(document: Json, message: Json) -> Json | None:
    """Return the JSON schema of a body or a response, or None if it is not JSON."""
    content = resolve(document, message).get("content", {})
    schema: Json | None = content.get(JSON_TYPE, {}).get("schema")
    return schema


def file_types_of(document: Json, message: Json) -> list[str]:
    """Return the content types of a body that is a file; none if it is JSON only."""
    types = list(resolve(document, message).get("content", {}))
    # A form is another way to send the same file.
    return [] if types in ([], [JSON_TYPE]) else [each for each in types if each != FORM_TYPE]


def is_download(document: Json, message: Json) -> bool:
    """Return whether a response is a file, which the clients do not parse."""
    found = resolve(document, message)
    named = "Content-Disposition" in found.get("headers", {})
    return named or bool(file_types_of(document, found))


def name_of(schema: Json | None) -> str | None:
    """Return the name of a referenced schema."""
    return schema["$ref"].rsplit("/", 1)[1] if schema and "$ref" in schema else None


def item_of(document: Json, schema: Json | None, query: list[Json]) -> str | None:
    """Return the name of the items if the response is one page of several."""
    if schema is None or all(p["name"] != "cursor" for p in query):
        return None
    if schema.get("type") == "array":  # the Link header leads to the next page
        return name_of(schema["items"])
    return name_of(resolve(document, schema)["properties"]["items"]["items"])


def operation(document: Json, path: str, method: str, found: Json, shared: list[Json]) -> Operation:
    """Read one operation from the document."""
    parameters = [resolve(document, part) for part in (*shared, *found.get("parameters", []))]
    query = [p for p in parameters if p["in"] == "query"]
    responses = {int(s): schema_of(document, r) for s, r in found["responses"].items()}
    first = min(responses)
    download = is_download(document, found["responses"][str(first)])
    good = None if download else responses[first]
    many = good is not None and good.get("type") == "array"
    sent = found.get("requestBody", {})
    file_types = file_types_of(document, sent)
    body = None if file_types else schema_of(document, sent)
    if body and name_of(body) is None:
        sys.exit(f"{found['operationId']}: the schema of the body needs a name")
    return Operation(
        name=found["operationId"],
        method=method.upper(),
        path=path,
        about=f"{found['summary']}.\n\n{found.get('description', '')}".strip(),
        parameters=re.findall(r"{(\w+)}", path),
        query=query,
        body=name_of(body),
        returns=name_of(good["items"] if good and many else good) if good else "",
        many=many,
        item=item_of(document, good, query),
        # Another status may have the same body: a service without its database still says so.
        statuses=sorted(s for s, schema in responses.items() if schema == responses[first]),
        public=found.get("security") == [],
        # Of changes only. A client that reads would have to keep what a 304 stands for.
        headers=[p["name"] for p in parameters if p["name"] in HEADERS and method != "get"],
        file_types=file_types,
        is_download=download,
    )


def operations(document: Json) -> list[Operation]:
    """Return the operations of the document, in its order."""
    return [
        operation(document, path, method, item[method], item.get("parameters", []))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def camel(name: str) -> str:
    """Return ``opportunityId`` for ``opportunity_id``."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def snake(name: str) -> str:
    """Return ``list_rounds`` for ``listRounds``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def all_of(name: str) -> str:
    """Return the name of the method that reads all pages: ``allRounds`` for ``listRounds``."""
    return re.sub("^list", "all", name)


def commented(text: str) -> str:
    """Return a JSDoc comment, indented for a method."""
    lines = [f"   * {line}".rstrip() for line in text.replace("*/", "* /").splitlines()]
    return "\n".join(("  /**", *lines, "   */"))


def query_type(found: Operation) -> str:
    """Return the name of the TypeScript type of an operation's query."""
    return f"{found.name[0].upper()}{found.name[1:]}Query"


def typescript_path(found: Operation) -> str:
    """Return the path of an operation as it is in a template literal."""
    return re.sub(r"{(\w+)}", lambda match: f"${{segment({camel(match[1])})}}", found.path)


def typescript_method(found: Operation) -> str:
    """Return the TypeScript method of an operation."""
    path = typescript_path(found)
    arguments = [f"{camel(name)}: string" for name in found.parameters]
    request = [f'method: "{found.method}"', f"path: `{path}`"]
    if found.file_types:
        types = " | ".join(map(json.dumps, found.file_types))
        arguments += ["file: FileBody", f"contentType: {types}"]
        request.append("file: { content: file, contentType }")
    if found.query:
        default = "" if found.query_required or found.body else " = {}"
        arguments.append(f"query: {query_type(found)}{default}")
        request.append("query")
    if found.body:
        arguments.append(f"body: {found.body}")
        request.append("body")
    if found.public:
        request.append("isPublic: true")
    if len(found.statuses) > 1:
        request.append(f"statuses: {json.dumps(found.statuses)}")
    arguments.append("options?: CallOptions")
    if found.is_download:
        request.append("isDownload: true")
    return (
        f"{commented(found.about)}\n"
        f"  {found.name}({', '.join(arguments)}): Promise<{typescript_result(found)}> {{\n"
        f"    return this.#transport.send({{ {', '.join(request)} }}, options);\n  }}\n"
    )


def typescript_result(found: Operation) -> str:
    """Return the TypeScript type of what an operation returns."""
    if found.is_download:
        return "Response"
    result = "void" if found.returns == "" else found.returns or "Record<string, unknown>"
    return f"{result}{'[]' * found.many}"


def typescript_iterator(found: Operation) -> str:
    """Return the TypeScript method that reads all pages of a list."""
    query = f'Omit<{query_type(found)}, "cursor">' + ("" if found.query_required else " = {}")
    names = [camel(name) for name in found.parameters]
    first = "".join(f"{name}: string, " for name in names)
    path = typescript_path(found)
    body = (
        f'return this.#transport.items({{ method: "GET", path: `{path}`, query }}, options);'
        if found.many
        else f"return items((cursor) => this.{found.name}"
        f"({''.join(f'{name}, ' for name in names)}"
        "{ ...query, limit: query.limit ?? 100, ...cursor }, options));"
    )
    return (
        f"{commented(f'Read all pages of {found.name}, one item at a time.')}\n"
        f"  {all_of(found.name)}({first}query: {query}, options?: CallOptions): "
        f"AsyncGenerator<{found.item}, void, undefined> {{\n"
        f"    {body}\n  }}\n"
    )


def typescript_query(found: Operation) -> str:
    """Return the TypeScript type of an operation's query. Each of its days may be a ``Date``."""
    query = f'NonNullable<operations["{found.name}"]["parameters"]["query"]>'
    days = [f'"{p["name"]}"' for p in found.query if p["schema"].get("format") == "date"]
    query = f"WithDates<{query}, {' | '.join(days)}>" if days else query
    return f"export type {query_type(found)} = {query};\n"


def typescript(document: Json) -> str:
    """Return the module with a TypeScript method for each operation."""
    found = operations(document)
    # `Error` would hide the global of this name.
    names = sorted(set(document["components"]["schemas"]) - {"Error"})
    used = {n for o in found for n in (o.body, o.returns, o.item) if n}
    queries = "".join(typescript_query(o) for o in found if o.query)
    methods = "\n".join(
        part
        for o in found
        for part in (typescript_method(o), *([typescript_iterator(o)] if o.item else []))
    )
    return (
        f"// {NOTE}\n\n"
        f'import type {{ {", ".join(sorted(used))}, operations }} from "./api.js";\n'
        "import { type CallOptions, type FileBody, items, segment, type Transport, "
        'type WithDates } from "./transport.js";\n\n'
        f'export type {{ {", ".join(names)} }} from "./api.js";\n\n{queries}\n'
        "/** A client with one method for each operation of the API; createClient makes one. */\n"
        "export class Client {\n  readonly #transport: Transport;\n\n"
        "  constructor(transport: Transport) {\n    this.#transport = transport;\n  }\n\n"
        f"{methods}}}\n"
    )


def hint(schema: Json) -> str:
    """Return the Python type of a query parameter."""
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    if schema["type"] == "array":
        return f"Sequence[{hint(schema['items'])}]"
    name = PYTHON_TYPES[schema["type"]]
    return f"{name} | date" if schema.get("format") == "date" else name


def argument(name: str) -> str:
    """Return a name that Python accepts: ``from_`` for ``from``."""
    return f"{name}_" if keyword.iskeyword(name) else name


def python_query(found: Operation, *, leave_out: tuple[str, ...] = ()) -> list[str]:
    """Return the keyword arguments of an operation's query, those that are required first."""
    chosen = [p for p in found.query if p["name"] not in leave_out]
    needed = [f"{argument(p['name'])}: {hint(p['schema'])}" for p in chosen if p.get("required")]
    others = [
        f"{argument(p['name'])}: {hint(p['schema'])} | None = None"
        for p in chosen
        if not p.get("required")
    ]
    return ["*", *needed, *others] if chosen else []


def header_argument(name: str) -> str:
    """Return ``if_match`` for ``If-Match``."""
    return name.lower().replace("-", "_")


def python_keywords(found: Operation) -> list[str]:
    """Return the keyword arguments of an operation, except those of its body."""
    headers = [f"{header_argument(name)}: str | None = None" for name in found.headers]
    keywords = [*python_query(found)[1:], *headers]
    if found.file_types:
        types = ", ".join(map(repr, found.file_types))
        keywords.insert(0, f"content_type: Literal[{types}]")
    return ["*", *keywords] if keywords else []


def documented(text: str) -> str:
    """Return a docstring, indented for a method."""
    raw = "r" if "\\" in text else ""
    lines = textwrap.indent(text, " " * 8).lstrip()
    end = '"""' if "\n" not in lines else f'\n{" " * 8}"""'
    return f'{" " * 8}{raw}"""{lines}{end}\n'


def python_method(found: Operation, *, is_async: bool) -> str:
    """Return the Python method of an operation."""
    first = [f"{name}: str" for name in found.parameters]
    if found.file_types:
        first.append("file: bytes | BinaryIO")
    if found.body and found.query:  # fields and query parameters may have the same names
        first.append(f"body: types.{found.body}")
    arguments = ["self", *first, *["/"] * bool(first), *python_keywords(found)]
    if found.body and not found.query:
        arguments.append(f"**body: Unpack[types.{found.body}]")
    result = python_result(found, is_async=is_async)
    send = f"{'await ' * is_async}self._send({python_request(found)})"
    end = f"        {send}\n" if result == "None" else f"        return cast('{result}', {send})\n"
    return (
        f"    {'async ' * is_async}def {snake(found.name)}({', '.join(arguments)}) -> {result}:\n"
        f"{documented(found.about)}{end}"
    )


def python_request(found: Operation) -> str:
    """Return the Python expression of an operation's request."""
    path = re.sub(r"{(\w+)}", lambda match: f"{{segment({match[1]})}}", found.path)
    request = [repr(found.method), f"{'f' * bool(found.parameters)}{path!r}"]
    if found.query:
        pairs = ", ".join(f"{p['name']!r}: {argument(p['name'])}" for p in found.query)
        request.append(f"query={{{pairs}}}")
    headers = [*["Content-Type"] * bool(found.file_types), *found.headers]
    if headers:
        pairs = ", ".join(f"{name!r}: {header_argument(name)}" for name in headers)
        request.append(f"headers={{{pairs}}}")
    if found.file_types:
        request.append("content=bytes_of(file)")
    if found.body:
        request.append("body=body")
    if found.is_download:
        request.append("is_download=True")
    if found.public:
        request.append("is_public=True")
    if len(found.statuses) > 1:
        request.append(f"statuses={tuple(found.statuses)}")
    return f"Request({', '.join(request)})"


def python_result(found: Operation, *, is_async: bool) -> str:
    """Return the Python type of what an operation returns."""
    if found.is_download:
        return f"{'Async' * is_async}Download"
    if found.returns == "":
        return "None"
    result = f"types.{found.returns}" if found.returns else "dict[str, Any]"
    return f"list[{result}]" if found.many else result


def python_iterator(found: Operation, *, is_async: bool) -> str:
    """Return the Python method that reads all pages of a list."""
    if found.many:
        return python_linked_iterator(found, is_async=is_async)
    first = [f"{name}: str" for name in found.parameters]
    keywords = python_query(found, leave_out=("cursor",))
    arguments = ", ".join(["self", *first, *["/"] * bool(first), *keywords])
    pairs = (f"{argument(p['name'])}={argument(p['name'])}" for p in found.query)
    named = ("limit=limit or 100" if pair == "limit=limit" else pair for pair in pairs)
    given = ", ".join((*found.parameters, *named))
    page = f"{'await ' * is_async}self.{snake(found.name)}({given})"
    loop = (
        ["            for item in page['items']:", "                yield item"]
        if is_async
        else ["            yield from page['items']"]
    )
    result = f"{'Async' * is_async}Iterator[types.{found.item}]"
    about = f"Read all pages of ``{snake(found.name)}``, one item at a time."
    lines = (
        f"    {'async ' * is_async}def {snake(all_of(found.name))}({arguments}) -> {result}:",
        documented(about).rstrip(),
        "        cursor: str | None = None",
        "        while True:",
        f"            page = {page}",
        *loop,
        "            cursor = page['nextCursor']",
        "            if not cursor:",
        "                return\n",
    )
    return "\n".join(lines)


def python_linked_iterator(found: Operation, *, is_async: bool) -> str:
    """Return the Python method that reads all pages of a list that is a bare array."""
    arguments = ", ".join(["self", *python_query(found, leave_out=("cursor",))])
    names = [p["name"] for p in found.query if p["name"] != "cursor"]
    pairs = ", ".join(f"{name!r}: {argument(name)}" for name in names)
    result = f"{'Async' * is_async}Iterator[types.{found.item}]"
    about = f"Read all pages of ``{snake(found.name)}``, one item at a time."
    return (
        f"    def {snake(all_of(found.name))}({arguments}) -> {result}:\n{documented(about)}"
        f"        request = Request({found.method!r}, {found.path!r}, query={{{pairs}}})\n"
        f"        return cast('{result}', self._items(request))\n"
    )


def python_class(found: list[Operation], *, is_async: bool) -> str:
    """Return the Python class with a method for each operation."""
    methods = "\n".join(
        part
        for o in found
        for part in (
            python_method(o, is_async=is_async),
            *([python_iterator(o, is_async=is_async)] if o.item else []),
        )
    )
    return (
        f"class {'Async' * is_async}Operations:\n"
        '    """One method for each operation of the API."""\n\n'
        f"    {'async ' * is_async}def _send(self, request: Request) -> Any:\n"
        "        raise NotImplementedError\n\n"
        f"    def _items(self, request: Request) -> {'Async' * is_async}Iterator[Any]:\n"
        "        raise NotImplementedError\n\n"
        f"{methods}"
    )


def python(document: Json) -> str:
    """Return the module with both Python classes."""
    found = operations(document)
    return (
        f'"""One method for each operation of the API, for both clients.\n\n{NOTE}\n"""\n\n'
        "from __future__ import annotations\n\n"
        "from collections.abc import AsyncIterator, Iterator, Sequence\n"
        "from datetime import date\n"
        "from typing import Any, BinaryIO, Literal, Unpack, cast\n\n"
        "from futuretracker_client import types\n"
        "from futuretracker_client._downloads import AsyncDownload, Download\n"
        "from futuretracker_client._protocol import Request, bytes_of, segment\n\n\n"
        f"{python_class(found, is_async=False)}\n\n{python_class(found, is_async=True)}"
    )


def run(*command: str | Path) -> None:
    """Run a generator; show what it says if it fails."""
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def generate(document: Json, into: Path) -> None:
    """Write all generated files of both clients below the folder."""
    api = without_choices(current(document))
    for folder in (TYPESCRIPT, PYTHON):
        (into / folder).mkdir(parents=True, exist_ok=True)
    (into / TYPESCRIPT / "operations.ts").write_text(typescript(api))
    (into / PYTHON / "_operations.py").write_text(python(api))
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as scratch:
        for language, version in (("typescript", api), ("python", with_dates(api))):
            Path(scratch, f"{language}.json").write_text(json.dumps(version))
        run(
            HERE / "typescript/node_modules/.bin/openapi-typescript",
            Path(scratch, "typescript.json"),
            *("--output", into / TYPESCRIPT / "api.ts"),
            *("--root-types", "--root-types-no-schema-prefix", "--default-non-nullable", "false"),
        )
        types = into / TYPESCRIPT / "api.ts"
        types.write_text(with_undefined(types.read_text()))
        run(
            programs / "datamodel-codegen",
            *("--input", Path(scratch, "python.json"), "--input-file-type", "openapi"),
            *("--output", into / PYTHON / "types.py", "--output-model-type", "typing.TypedDict"),
            *("--target-python-version", "3.11", "--enum-field-as-literal", "all"),
            *("--use-standard-collections", "--use-union-operator", "--disable-timestamp"),
            *("--use-schema-description", "--use-field-description", "--formatters", "builtin"),
            *("--custom-file-header", f'"""The types of bodies and responses.\n\n{NOTE}\n"""'),
        )
    run(programs / "ruff", "format", "--quiet", "--line-length", "100", into / PYTHON)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("document", type=Path, help="the OpenAPI document")
    parser.add_argument("--into", type=Path, default=HERE, help="the folder to write to")
    options = parser.parse_args()
    if not shutil.which(HERE / "typescript/node_modules/.bin/openapi-typescript"):
        sys.exit("Run `npm ci` in clients/typescript first")
    generate(json.loads(options.document.read_text()), options.into.resolve())


if __name__ == "__main__":
    main()
