"""The state alone: the tables are made by SQL, before any migration (see apps.py)."""

import datetime

import django.db.models.functions.datetime
from django.db import migrations, models

STATE = [
    migrations.CreateModel(
        name="PeriodicTask",
        fields=[
            ("name", models.TextField(primary_key=True, serialize=False, verbose_name="name")),
            ("cron_expr", models.TextField()),
            ("time_zone", models.TextField(default="UTC")),
            ("task_path", models.TextField()),
            ("payload_json", models.JSONField(blank=True, default=dict)),
            ("queue_name", models.TextField(default="default")),
            ("priority", models.IntegerField(default=0)),
            ("max_attempts", models.IntegerField(default=3)),
            ("concurrency_key", models.TextField(blank=True, null=True)),
            ("concurrency_limit", models.IntegerField(default=0)),
            ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
            ("last_run_at", models.DateTimeField(blank=True, null=True)),
            ("next_run_at", models.DateTimeField(blank=True, null=True)),
            ("last_error", models.TextField(blank=True, editable=False, null=True)),
            ("retry_at", models.DateTimeField(blank=True, editable=False, null=True)),
            (
                "created_at",
                models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False
                ),
            ),
            (
                "updated_at",
                models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False
                ),
            ),
        ],
        options={
            "verbose_name": "periodic task",
            "verbose_name_plural": "periodic tasks",
            "db_table": "periodic_tasks",
        },
    ),
    migrations.CreateModel(
        name="QueueControl",
        fields=[
            (
                "queue_name",
                models.TextField(primary_key=True, serialize=False, verbose_name="queue"),
            ),
            ("paused", models.BooleanField(default=False)),
            ("paused_at", models.DateTimeField(blank=True, null=True)),
            ("reason", models.TextField(blank=True, null=True)),
            ("aging", models.DurationField(blank=True, null=True)),
            (
                "created_at",
                models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False
                ),
            ),
            (
                "updated_at",
                models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False
                ),
            ),
        ],
        options={
            "verbose_name": "queue control",
            "verbose_name_plural": "queue controls",
            "db_table": "reproq_queue_controls",
        },
    ),
    migrations.CreateModel(
        name="RateLimit",
        fields=[
            ("key", models.TextField(primary_key=True, serialize=False, verbose_name="key")),
            ("tokens_per_second", models.FloatField(default=0)),
            ("burst_size", models.IntegerField(default=1)),
            ("current_tokens", models.FloatField(default=0)),
            (
                "last_refilled_at",
                models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False
                ),
            ),
        ],
        options={
            "verbose_name": "rate limit",
            "verbose_name_plural": "rate limits",
            "db_table": "rate_limits",
        },
    ),
    migrations.CreateModel(
        name="TaskRun",
        fields=[
            (
                "result_id",
                models.BigAutoField(primary_key=True, serialize=False, verbose_name="result id"),
            ),
            (
                "status",
                models.TextField(
                    choices=[
                        ("SCHEDULED", "Scheduled"),
                        ("WAITING", "Waiting"),
                        ("BLOCKED", "Blocked"),
                        ("READY", "Ready"),
                        ("RUNNING", "Running"),
                        ("SUCCESSFUL", "Successful"),
                        ("FAILED", "Failed"),
                        ("CANCELLED", "Cancelled"),
                    ],
                    default="READY",
                ),
            ),
            ("queue_name", models.TextField(default="default")),
            ("priority", models.IntegerField(default=0)),
            ("backend_alias", models.TextField(default="default")),
            ("task_path", models.TextField(null=True)),
            ("spec_json", models.JSONField()),
            ("spec_hash", models.CharField(max_length=64)),
            ("dedup", models.BooleanField(default=True)),
            ("run_after", models.DateTimeField(null=True)),
            ("expires_at", models.DateTimeField(null=True)),
            ("timeout_seconds", models.IntegerField(default=900)),
            ("attempts", models.IntegerField(default=0)),
            ("max_attempts", models.IntegerField(default=3)),
            ("lease_losses", models.IntegerField(default=0)),
            ("max_lease_losses", models.IntegerField(default=3)),
            ("backoff_base", models.DurationField(default=datetime.timedelta(seconds=30))),
            ("backoff_cap", models.DurationField(default=datetime.timedelta(seconds=3600))),
            ("lock_key", models.TextField(null=True)),
            ("concurrency_key", models.TextField(null=True)),
            ("concurrency_limit", models.IntegerField(default=0)),
            ("workflow_id", models.UUIDField(null=True)),
            ("workflow_key", models.TextField(null=True)),
            ("parent_id", models.BigIntegerField(null=True)),
            ("wait_count", models.IntegerField(default=0)),
            ("lease_no", models.BigIntegerField(default=0)),
            ("leased_by", models.TextField(null=True)),
            ("leased_until", models.DateTimeField(null=True)),
            ("cancel_requested", models.BooleanField(default=False)),
            ("worker_ids", models.JSONField(default=list)),
            ("return_json", models.JSONField(null=True)),
            ("errors_json", models.JSONField(default=list)),
            ("last_error", models.TextField(null=True)),
            ("metadata_json", models.JSONField(default=dict)),
            ("logs_uri", models.TextField(null=True)),
            ("artifacts_uri", models.TextField(null=True)),
            ("result_ttl", models.DurationField(null=True)),
            ("traceparent", models.TextField(null=True)),
            (
                "enqueued_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
            ("started_at", models.DateTimeField(null=True)),
            ("last_attempted_at", models.DateTimeField(null=True)),
            ("finished_at", models.DateTimeField(null=True)),
            ("failed_at", models.DateTimeField(null=True)),
            (
                "created_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
            (
                "updated_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
        ],
        options={
            "verbose_name": "task run",
            "verbose_name_plural": "task runs",
            "permissions": [("can_replay_taskrun", "Can replay task run")],
            "db_table": "task_runs",
        },
    ),
    migrations.CreateModel(
        name="Worker",
        fields=[
            (
                "worker_id",
                models.TextField(primary_key=True, serialize=False, verbose_name="worker id"),
            ),
            ("hostname", models.TextField(default="")),
            ("concurrency", models.IntegerField(default=1)),
            ("queues", models.JSONField(default=list)),
            (
                "started_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
            (
                "last_seen_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
            ("version", models.TextField(null=True)),
        ],
        options={
            "verbose_name": "worker",
            "verbose_name_plural": "workers",
            "db_table": "reproq_workers",
        },
    ),
    migrations.CreateModel(
        name="WorkflowRun",
        fields=[
            (
                "workflow_id",
                models.UUIDField(primary_key=True, serialize=False, verbose_name="workflow id"),
            ),
            ("expected_count", models.IntegerField(default=0)),
            ("success_count", models.IntegerField(default=0)),
            ("failure_count", models.IntegerField(default=0)),
            ("callback_result_id", models.BigIntegerField(null=True)),
            ("status", models.TextField(default="RUNNING")),
            (
                "created_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
            (
                "updated_at",
                models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
            ),
        ],
        options={
            "verbose_name": "workflow run",
            "verbose_name_plural": "workflow runs",
            "db_table": "workflow_runs",
            "managed": False,
        },
    ),
]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=STATE),
    ]
