"""The tables of the queue as Django sees them. SQL owns them: sql/migrations/ says what each holds.

The ORM reads runs, workers and workflows; schedules, rate limits and pauses are plain rows that
it may also write.
"""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class TaskRun(models.Model):
    """One run of a task: what is to be run and what came of it."""

    class Status(models.TextChoices):
        SCHEDULED = "SCHEDULED", _("Scheduled")
        WAITING = "WAITING", _("Waiting")
        BLOCKED = "BLOCKED", _("Blocked")
        READY = "READY", _("Ready")
        RUNNING = "RUNNING", _("Running")
        SUCCESSFUL = "SUCCESSFUL", _("Successful")
        FAILED = "FAILED", _("Failed")
        CANCELLED = "CANCELLED", _("Cancelled")

    FINISHED = (Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED)

    result_id = models.BigAutoField(_("result id"), primary_key=True)
    status = models.TextField(choices=Status, default=Status.READY)
    queue_name = models.TextField(default="default")
    priority = models.IntegerField(default=0)
    backend_alias = models.TextField(default="default")

    task_path = models.TextField(null=True)
    spec_json = models.JSONField()
    spec_hash = models.CharField(max_length=64)
    dedup = models.BooleanField(default=True)

    run_after = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    timeout_seconds = models.IntegerField(default=900)
    attempts = models.IntegerField(default=0)
    max_attempts = models.IntegerField(default=3)
    lease_losses = models.IntegerField(default=0)
    max_lease_losses = models.IntegerField(default=3)
    backoff_base = models.DurationField(default=timedelta(seconds=30))
    backoff_cap = models.DurationField(default=timedelta(hours=1))

    lock_key = models.TextField(null=True)
    concurrency_key = models.TextField(null=True)
    concurrency_limit = models.IntegerField(default=0)
    workflow_id = models.UUIDField(null=True)
    workflow_key = models.TextField(null=True)
    parent_id = models.BigIntegerField(null=True)
    wait_count = models.IntegerField(default=0)

    lease_no = models.BigIntegerField(default=0)
    leased_by = models.TextField(null=True)
    leased_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    worker_ids = models.JSONField(default=list)

    return_json = models.JSONField(null=True)
    errors_json = models.JSONField(default=list)
    last_error = models.TextField(null=True)
    metadata_json = models.JSONField(default=dict)
    logs_uri = models.TextField(null=True)
    artifacts_uri = models.TextField(null=True)
    result_ttl = models.DurationField(null=True)
    traceparent = models.TextField(null=True)

    enqueued_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    last_attempted_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "task_runs"
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        permissions = [("can_replay_taskrun", "Can replay task run")]

    def __str__(self) -> str:
        return f"{self.task_path} #{self.result_id} ({self.status})"

    @property
    def spec_args(self) -> Any:
        """The positional arguments as they are stored."""
        return self.spec_json.get("args", [])

    @property
    def spec_kwargs(self) -> Any:
        """The keyword arguments as they are stored."""
        return self.spec_json.get("kwargs", {})


class PeriodicTask(models.Model):
    """A schedule: which task to enqueue when."""

    name = models.TextField(_("name"), primary_key=True)
    cron_expr = models.TextField()
    time_zone = models.TextField(default="UTC")
    task_path = models.TextField()
    payload_json = models.JSONField(default=dict, blank=True)
    queue_name = models.TextField(default="default")
    priority = models.IntegerField(default=0)
    max_attempts = models.IntegerField(default=3)
    concurrency_key = models.TextField(null=True, blank=True)
    concurrency_limit = models.IntegerField(default=0)
    enabled = models.BooleanField(_("enabled"), default=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "periodic_tasks"
        verbose_name = _("periodic task")
        verbose_name_plural = _("periodic tasks")

    def __str__(self) -> str:
        return f"{self.name} ({self.cron_expr})"


class Worker(models.Model):
    """A worker that has registered."""

    worker_id = models.TextField(_("worker id"), primary_key=True)
    hostname = models.TextField(default="")
    concurrency = models.IntegerField(default=1)
    queues = models.JSONField(default=list)
    started_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    version = models.TextField(null=True)

    class Meta:
        db_table = "reproq_workers"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.worker_id


class QueueControl(models.Model):
    """Settings of a queue; a queue without a row has the defaults."""

    queue_name = models.TextField(_("queue"), primary_key=True)
    paused = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(null=True, blank=True)
    aging = models.DurationField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "reproq_queue_controls"
        verbose_name = _("queue control")
        verbose_name_plural = _("queue controls")

    def __str__(self) -> str:
        return f"{self.queue_name} ({_('paused') if self.paused else _('open')})"


class RateLimit(models.Model):
    """A token bucket: `task:<path>` overrides `queue:<name>` overrides `global`."""

    key = models.TextField(_("key"), primary_key=True)
    tokens_per_second = models.FloatField(default=0)
    burst_size = models.IntegerField(default=1)
    current_tokens = models.FloatField(default=0)
    last_refilled_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "rate_limits"
        verbose_name = _("rate limit")
        verbose_name_plural = _("rate limits")

    def __str__(self) -> str:
        return self.key


class WorkflowRun(models.Model):
    """A workflow: how many runs it has and how it stands, counted by a view."""

    workflow_id = models.UUIDField(_("workflow id"), primary_key=True)
    expected_count = models.IntegerField(default=0)
    success_count = models.IntegerField(default=0)
    failure_count = models.IntegerField(default=0)
    callback_result_id = models.BigIntegerField(null=True)
    status = models.TextField(default="RUNNING")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "workflow_runs"
        managed = False
        verbose_name = _("workflow run")
        verbose_name_plural = _("workflow runs")

    def __str__(self) -> str:
        return f"{self.workflow_id} ({self.status})"
