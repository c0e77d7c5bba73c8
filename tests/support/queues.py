"""A queue that nobody serves: who uses it runs the jobs."""


class NoQueue:
    """Takes every job, and hands out none."""

    async def enqueue(self, task: str, *args: str | int, job_id: str, delay_ms: int = 0) -> bool:
        return True

    async def requeue(self, task: str, *args: str | int, job_id: str) -> bool:
        return False

    async def ping(self) -> None:
        """Nothing: it is there."""

    async def workers_alive(self) -> bool:
        return True
