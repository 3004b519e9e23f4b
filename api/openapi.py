"""openapi.json (OpenAPI 3.1), made from the operations that the router serves: it cannot say anything else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from analytics.published import PUBLISHED
from api.http import Operation
from api.problems import TABLE
from api.representations import Problem

_REF = "#/components/schemas/{name}"
_ALWAYS = ("bad_request", "bad_parameter", "wrong_host", "internal", "unavailable")
_BODY = ("bad_json", "wrong_shape", "wrong_media_type", "too_large", "too_slow")
_UPLOAD = ("bad_form", "wrong_media_type", "too_large", "too_slow", "wrong_shape")


def document(operations: Sequence[Operation], *, server: str) -> dict[str, Any]:
    """The whole description. `server`: the address under which the paths are."""
    types = [Problem, *_types(operations)]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(_key, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Relais",
            "version": "1",
            "summary": "Requests of citizens to their community, from filing to decision.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "relais"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def problems_of(operation: Operation) -> tuple[str, ...]:
    """Every code that the operation may answer, those of the door included."""
    codes = [*_ALWAYS, *operation.refuses]
    if operation.needs == "session":
        codes += ["not_signed_in"]
    if not operation.forgives:
        codes += ["session_expired"]
    if operation.method != "GET":
        codes += ["foreign_origin"]
    if operation.takes is not None:
        codes += _BODY
    if operation.upload:
        codes += _UPLOAD
    if operation.if_match != "no":
        codes += ["bad_header", "stale"]
    if operation.if_match == "must":
        codes += ["if_match_missing"]
    if operation.once:
        codes += ["bad_header", "idempotency_key_reused"]
    if "{" in operation.path:
        codes += ["not_found"]
    return tuple(dict.fromkeys(codes))


def _types(operations: Iterable[Operation]) -> list[Any]:
    named: dict[str, Any] = {}
    for operation in operations:
        for type_ in (operation.gives, operation.takes, operation.query):
            if type_ is not None:
                named[_key(type_)] = type_
    return list(named.values())


def _key(type_: Any) -> str:
    return repr(type_)


def _operation(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.does,
        "parameters": [*_path(operation), *_headers(operation), *_query(operation)],
        "responses": {str(operation.status): _success(operation, schemas), **_failures(operation)},
        "security": [{}, {"cookie": []}, {"bearer": []}][1 if operation.needs == "session" else 0 :],
    }
    if operation.takes is not None:
        required = any(each.required for each in msgspec.structs.fields(operation.takes))
        content = {"application/json": {"schema": schemas[_key(operation.takes)]}}
        described["requestBody"] = {"required": required, "content": content}
    if operation.upload:
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOADED}}}
    return described


_UPLOADED = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
    "additionalProperties": False,
}


def _success(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": operation.does}
    if operation.gives is not None:
        response["content"] = {"application/json": {"schema": schemas[_key(operation.gives)]}}
    if operation.answers is not None:
        response["content"] = {operation.answers: {}}
    if operation.etag:
        response["headers"] = {"ETag": {"schema": {"type": "string"}, "required": True}}
    return response


def _failures(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in problems_of(operation):
        by_status.setdefault(TABLE[code].status, []).append(code)
    problem = {"allOf": [{"$ref": _REF.format(name="Problem")}]}
    return {
        str(status): {
            "description": "; ".join(f"{code}: {TABLE[code].en}" for code in codes),
            "content": {"application/problem+json": {"schema": {**problem, "properties": {"code": {"enum": codes}}}}},
        }
        for status, codes in sorted(by_status.items())
    }


def _path(operation: Operation) -> list[dict[str, Any]]:
    found = []
    for name, schema in (
        ("id", {"type": "string", "format": "uuid"}),
        ("slug", {"type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": 100}),
        ("view", {"type": "string", "pattern": "^[a-z-]+$", "maxLength": 40}),
        ("measure", {"type": "string", "enum": list(PUBLISHED)}),
    ):
        if f"{{{name}}}" in operation.path:
            found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def _headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.if_match != "no":
        schema = {"type": "string", "pattern": '^"[0-9]{1,9}"$'}
        found.append({"name": "If-Match", "in": "header", "required": operation.if_match == "must", "schema": schema})
    if operation.once:
        schema = {"type": "string", "pattern": "^[!-~]{16,200}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    return found


def _query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = msgspec.json.schema(operation.query)
    properties = next(iter(schema["$defs"].values()))["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": {k: v for k, v in each.items() if k != "default"}}
        for name, each in properties.items()
    ]
