"""What the queue server knows of all processes, looked up when somebody asks."""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.queue.arq_queue import ArqQueue


async def measured(queue: ArqQueue) -> list[Metric]:
    """`NotReady` while the server is away."""
    depth, workers = await queue.depth(), await queue.workers()
    return [
        GaugeMetricFamily("lineup_queue_depth", "Tasks that wait in the queue or run.", value=depth),
        GaugeMetricFamily("lineup_workers_alive", "Workers that reported their health lately.", value=workers),
    ]
