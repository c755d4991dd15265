"""The detectors: one module for each kind of incident.

A detector has ``KIND`` and ``SEVERITY``, and ``detect`` returns an alarm about a scene or None. Its
docstring says what the alarm means, and what an honest explanation could be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.detectors import (
    credential_stuffing,
    id_enumeration,
    impossible_switching,
    leaked_key,
    mass_delete,
    new_client,
    night_export,
    scraping,
    slow_enumeration,
    stolen_token,
    webhook_burst,
    woken_account,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.scene import Scene

MODULES: Final[tuple[ModuleType, ...]] = (
    stolen_token,
    mass_delete,
    id_enumeration,
    scraping,
    credential_stuffing,
    night_export,
    leaked_key,
    new_client,
    slow_enumeration,
    webhook_burst,
    woken_account,
    impossible_switching,
)
KINDS: Final[tuple[str, ...]] = tuple(module.KIND for module in MODULES)
DETECTORS: Final[tuple[Callable[[Scene], Alarm | None], ...]] = tuple(
    module.detect for module in MODULES
)
