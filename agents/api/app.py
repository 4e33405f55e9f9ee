"""The `/v1` application."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agents.api import models as m
from agents.api.docs import STYLE, page
from agents.card import our_version
from agents.records import base
from agents.records.base import Records, RecordsError, TaskChanges, TaskKind

log = structlog.get_logger()

_STATUS: dict[type[RecordsError], tuple[int, str]] = {
    base.NotFound: (404, "not_found"),
    base.TaskEnded: (409, "task_ended"),
    base.BadCursor: (400, "bad_cursor"),
}

_ENDED: dict[int | str, dict[str, Any]] = {
    409: {"model": m.Error, "description": "The task has ended."},
}

_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": m.Error, "description": "The cursor is not ours."},
    404: {"model": m.Error, "description": "There is no such record."},
    413: {"model": m.Error, "description": "The body is larger than 1 MiB."},
    422: {"model": m.Error, "description": "Something in the request is not as it must be."},
}


def make_api(records: Records, prefix: str = "/v1") -> FastAPI:
    """The application, to be mounted at `prefix`."""
    api = FastAPI(
        title="Front Door agent records",
        description="Projects, tasks, events, agents and artifacts. Times are RFC 3339.",
        version=our_version(),
        servers=[{"url": prefix}],
        root_path_in_servers=False,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses=_ERRORS,
    )
    _add_projects_and_tasks(api, records)
    _add_the_rest(api, records)
    _add_documentation(api)
    _add_refusals(api)
    return api


def _add_projects_and_tasks(api: FastAPI, records: Records) -> None:
    @api.get("/projects", summary="List projects, newest first")
    async def projects(paging: Annotated[m.Paging, Query()]) -> m.Page[m.Project]:
        return m.Page.of(await records.projects(_query(paging)), m.Project.model_validate)

    @api.post("/projects", status_code=201, summary="Create a project, or find it by name")
    async def create_project(new: m.NewProject) -> m.Project:
        return m.Project.model_validate(await records.create_project(new.person, new.name))

    @api.get("/tasks", summary="List tasks, newest first")
    async def tasks(filters: Annotated[m.TaskFilters, Query()]) -> m.Page[m.Task]:
        return m.Page.of(await records.tasks(_query(filters)), m.Task.model_validate)

    @api.post("/tasks", status_code=201, summary="Create a task")
    async def create_task(new: m.NewTask) -> m.Task:
        if new.kind is TaskKind.REMINDER and new.due_at is None:
            raise HTTPException(422, "a reminder needs due_at")
        task = await records.create_task(base.NewTask(**new.model_dump()))
        return m.Task.model_validate(task)

    @api.get("/tasks/{id}", summary="Read a task")
    async def task(id: str) -> m.Task:
        return m.Task.model_validate(await records.task(id))

    @api.patch("/tasks/{id}", summary="Change, finish or cancel a task", responses=_ENDED)
    async def change_task(id: str, patch: m.TaskPatch) -> m.Task:
        return m.Task.model_validate(await _change(records, id, patch))

    @api.get("/tasks/{id}/updates", summary="List a task's updates, newest first")
    async def updates(id: str, paging: Annotated[m.Paging, Query()]) -> m.Page[m.Update]:
        found = await records.updates(_query(paging, task=id))
        return m.Page.of(found, m.Update.model_validate)

    @api.post("/tasks/{id}/updates", status_code=201, summary="Note how a task is getting on")
    async def add_update(id: str, new: m.NewUpdate) -> m.Update:
        return m.Update.model_validate(await records.add_update(id, new.text))


def _add_the_rest(api: FastAPI, records: Records) -> None:
    @api.get("/events", summary="List events, oldest first")
    async def events(filters: Annotated[m.TaskBound, Query()]) -> m.Page[m.Event]:
        return m.Page.of(await records.events(_query(filters)), m.Event.model_validate)

    @api.get("/agents", summary="List agents")
    async def agents(paging: Annotated[m.Paging, Query()]) -> m.Page[m.Agent]:
        return m.Page.of(await records.agents(_query(paging)), m.Agent.model_validate)

    @api.get("/artifacts", summary="List artifacts, newest first")
    async def artifacts(filters: Annotated[m.TaskBound, Query()]) -> m.Page[m.Artifact]:
        return m.Page.of(await records.artifacts(_query(filters)), m.Artifact.model_validate)

    @api.get("/artifacts/{id}", summary="Read an artifact's description")
    async def artifact(id: str) -> m.Artifact:
        return m.Artifact.model_validate(await records.artifact(id))

    @api.get("/artifacts/{id}/content", summary="Download an artifact", response_class=Response)
    async def content(id: str) -> Response:
        described = await records.artifact(id)
        return Response(
            await records.artifact_data(id),
            media_type=described.media_type,
            headers={
                # Whatever it is, it is not a page of ours.
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(described.name)}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _add_documentation(api: FastAPI) -> None:
    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(
            page(api.openapi()),
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'self'"},
        )

    @api.get("/docs.css", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")


def _add_refusals(api: FastAPI) -> None:
    @api.exception_handler(RecordsError)
    async def _(_request: Request, error: Exception) -> Response:
        status, code = _STATUS[type(error)]  # type: ignore[index] # it is what was registered for
        return _refusal(status, code, str(error))

    @api.exception_handler(RequestValidationError)
    async def _(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        told = (
            f"{'.'.join(map(str, e['loc'][1:])) or e['loc'][0]}: {e['msg']}" for e in error.errors()
        )
        return _refusal(422, "invalid", "; ".join(told))

    @api.exception_handler(HTTPException)
    async def _(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        code = _CODES.get(error.status_code, "invalid")
        return _refusal(error.status_code, code, error.detail)

    @api.exception_handler(Exception)
    async def _(_request: Request, error: Exception) -> Response:
        log.error("api_failed", exc_info=error)
        return _refusal(500, "internal", "This went wrong on our side; the reason is in the log.")


_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _query(paging: m.Paging, task: str = "") -> base.Query:
    values = paging.model_dump()
    if "state" in values:
        values["states"] = tuple(values.pop("state"))
    return base.Query(**{**values, **({"task": task} if task else {})})


async def _change(records: Records, id: str, patch: m.TaskPatch) -> base.Task:
    changes: dict[str, Any] = patch.model_dump(exclude_unset=True)
    outcome = changes.pop("outcome", "")
    state = changes.get("state")
    for name, value in changes.items():
        if value is None and name != "due_at":
            raise HTTPException(422, f"{name} cannot be null")
    before = await records.task(id)
    if before.kind is TaskKind.REMINDER and changes.get("due_at", before.due_at) is None:
        raise HTTPException(422, "a reminder needs due_at")
    if state is None or not state.ended:
        return await records.update_task(id, **TaskChanges(**changes))  # type: ignore[typeddict-item] # the model's fields are its
    del changes["state"]
    if changes:
        await records.update_task(id, **TaskChanges(**changes))  # type: ignore[typeddict-item] # as above
    return await records.end_task(id, state, outcome)
