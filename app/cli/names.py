"""What the registry calls a field, as the person who typed the command knows it."""

from typing import Final

CREDENTIAL_OPTIONS: Final = {
    "mac": "--mac",
    "username": "--username",
    "password": "--password",
    "serialNumber": "--serial-number",
    "deviceId": "--device-id",
    "deviceId2": "--device-id2",
    "timezone": "--timezone",
    "language": "--language",
    "model": "--model",
    "webhookSecret": "--webhook-secret",
}
OPTION_NAMES: Final = {
    "name": "NAME",
    "url": "URL",
    "kind": "--kind",
    "schedule.everyHours": "--every-hours",
    "schedule.cron": "--cron",
    "schedule.timezone": "--cron-timezone",
    "schedule.jitterMinutes": "--jitter-minutes",
    **{f"credentials.{name}": option for name, option in CREDENTIAL_OPTIONS.items()},
}
