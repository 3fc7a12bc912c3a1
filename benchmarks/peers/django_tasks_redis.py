"""django-tasks-redis: Redis streams."""

from benchmarks.peers.django_base import DjangoAdapter


class System(DjangoAdapter):
    app = "django_tasks_redis"
    backend = "django_tasks_redis.RedisTaskBackend"

    def setup(self) -> None:
        import redis

        self._redis = redis.Redis.from_url(self.service, decode_responses=True)
        self._redis.flushall()

    def unfinished(self) -> int:
        streams = self._redis.scan_iter("django_tasks:*", _type="stream")
        return sum(self._redis.xlen(stream) for stream in streams)

    def finished(self) -> int | None:
        keys = self._redis.scan_iter("django_tasks:*", count=1000, _type="hash")
        return sum(self._redis.hget(key, "status") == "SUCCESSFUL" for key in keys)

    def worker(self) -> list[str]:
        return self.command("run_redis_tasks", "--continuous")
