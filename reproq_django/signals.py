"""Signals beside those of django.tasks. A failing receiver is logged and fails nothing."""

from django.dispatch import Signal

# After an enqueue, also one that joined a live run. Arguments: task_result, spec (the options
# that were handed to reproq_enqueue, as JSON values).
task_enqueued = Signal(use_caching=True)  # asked at each enqueue

# In the process that runs the task, before its function. Arguments: task_context.
task_started = Signal()

# After its function, before the outcome is recorded. Arguments: task_context, ok, and error (the
# exception, or None).
task_finished = Signal()
