"""run/, run-one/, execute/<id>/, status/<id>/ and purge/: the executor API over HTTP."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.tasks import task_backends
from django.tasks.exceptions import InvalidTaskBackend, TaskResultDoesNotExist

from .. import access, executor, web_settings
from ..run_store import AuthHandler, RunStore
from .base import Answered, GuardedView, Refusal, check_csrf
from .fields import flag, text, whole_number

_MOST_DAYS = 36_500


class TaskView(GuardedView):
    """Asks the backend's auth handler; without one for a token, or a user with the permission."""

    permission = "reproq_django.change_taskrun"
    #: A terminal was let in to look at the queues.
    takes_signed = False

    def get_auth_handler(self) -> AuthHandler | None:
        """What decides who may: the backend's handler, or None for what is built in."""
        backend = self._backend()
        return backend.get_auth_handler() if backend else None

    def admit(self, request: HttpRequest) -> None:
        """Ask the handler."""
        handler = self.get_auth_handler()
        if handler is None:
            super().admit(request)
        else:
            response = handler(request)
            if response is not None:
                raise Answered(response)
            if access.session_user(request):
                check_csrf(request)
        if self._backend() is None:
            raise Refusal(400, "backend_name is no backend of reproq's")

    def secret(self) -> str:
        """The token that lets programs in."""
        return web_settings.tasks_token()

    def may(self, user: Any) -> bool:
        """Staff with the permission."""
        return bool(user.is_staff and user.has_perm(self.permission))

    @property
    def form(self) -> Any:
        """What was sent."""
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @property
    def backend_name(self) -> str:
        """The backend that is meant."""
        return text(self.form, "backend_name", "default") or "default"

    def _backend(self) -> RunStore | None:
        try:
            backend = task_backends[self.backend_name]
        except InvalidTaskBackend:
            return None
        return backend if isinstance(backend, RunStore) else None


class RunTasksView(TaskView):
    """POST queue_name, backend_name, max_tasks: run what may run now, in this process."""

    def post(self, request: HttpRequest) -> JsonResponse:
        """Run them."""
        most = whole_number(self.form, "max_tasks", 0)
        done = executor.process_tasks(text(self.form, "queue_name"), self.backend_name, most)
        return JsonResponse({"processed": len(done), "tasks": [_shown(each) for each in done]})


class RunOneTaskView(TaskView):
    """POST queue_name, backend_name: run the next task."""

    def post(self, request: HttpRequest) -> JsonResponse:
        """Run it."""
        done = executor.process_one_task(text(self.form, "queue_name"), self.backend_name)
        if done is None:
            return JsonResponse({"processed": False, "message": "No tasks available"})
        return JsonResponse({"processed": True, "task": _shown(done)})


class ExecuteTaskView(TaskView):
    """POST backend_name, allow_retry: run this task."""

    def post(self, request: HttpRequest, task_id: str) -> JsonResponse:
        """Run it."""
        try:
            done = executor.run_task_by_id(
                task_id, self.backend_name, allow_retry=flag(self.form, "allow_retry")
            )
        except TaskResultDoesNotExist:
            raise Refusal(404, "Task not found") from None
        if done is None:
            raise Refusal(400, "Task not in executable status")
        return JsonResponse({"task": _shown(done)})


class TaskStatusView(TaskView):
    """GET backend_name: this task as it stands, with arguments and result."""

    permission = "reproq_django.view_taskrun"

    def get(self, request: HttpRequest, task_id: str) -> JsonResponse:
        """Show it."""
        data = executor.get_task_by_id(task_id, self.backend_name)
        if data is None:
            raise Refusal(404, "Task not found")
        return JsonResponse({"task": data})


class PurgeCompletedView(TaskView):
    """POST backend_name, days: delete the tasks that finished before that."""

    permission = "reproq_django.delete_taskrun"

    def post(self, request: HttpRequest) -> JsonResponse:
        """Delete them."""
        days = whole_number(self.form, "days", 7, most=_MOST_DAYS)
        return JsonResponse({"deleted": executor.purge_completed_tasks(self.backend_name, days)})


def _shown(result: Any) -> dict[str, str]:
    return {"id": result.id, "status": result.raw_status}
