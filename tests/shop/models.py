"""Models that tasks of the tests take as arguments."""

import uuid

from django.db import models

from reproq_django.models import TaskRun


class Customer(models.Model):
    name = models.CharField(max_length=50)


class Order(models.Model):
    """Its default manager hides cancelled ones; its key exists before it is saved."""

    class Open(models.Manager):
        def get_queryset(self):
            return super().get_queryset().filter(cancelled=False)

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    cancelled = models.BooleanField(default=False)
    objects = Open()


class Seat(models.Model):
    """Has a composite key."""

    pk = models.CompositePrimaryKey("row", "number")
    row = models.CharField(max_length=2)
    number = models.IntegerField()


class Receipt(models.Model):
    """A foreign key of a user's model to a run."""

    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE)
