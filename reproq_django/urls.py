"""`path("reproq/", include("reproq_django.urls"))`: see docs/http.md. Nothing is open to all."""

from django.urls import path

from .views import authorize, pairing, proxy, stats, tasks

app_name = "reproq"

# (A <path:...> takes any text, so that what is no id is answered by us, too.)
urlpatterns = [
    path("stats/", stats.StatsView.as_view(), name="stats"),
    path("stress-test/", stats.StressTestView.as_view(), name="stress_test"),
    path("run/", tasks.RunTasksView.as_view(), name="run_tasks"),
    path("run-one/", tasks.RunOneTaskView.as_view(), name="run_one_task"),
    path("execute/<path:task_id>/", tasks.ExecuteTaskView.as_view(), name="execute_task"),
    path("status/<path:task_id>/", tasks.TaskStatusView.as_view(), name="task_status"),
    path("purge/", tasks.PurgeCompletedView.as_view(), name="purge_completed"),
    path("tui/pair/", pairing.PairView.as_view(), name="reproq-tui-pair"),
    path("tui/pair/<path:code>/", pairing.PollView.as_view(), name="reproq-tui-pair-status"),
    path("tui/config/", pairing.ConfigView.as_view(), name="reproq-tui-config"),
    path("tui/authorize/", authorize.AuthorizeView.as_view(), name="reproq-tui-authorize"),
    path("tui/login/", authorize.TuiLoginView.as_view(), name="reproq-tui-login"),
    path("tui/metrics/", proxy.MetricsView.as_view(), name="reproq-tui-metrics"),
    path("tui/healthz/", proxy.HealthView.as_view(), name="reproq-tui-healthz"),
    path("tui/events/", proxy.EventsView.as_view(), name="reproq-tui-events"),
]
