"""Plans of servers: what becomes of an output and of sampling settings, by what servers of one kind take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from promptkit.backends.schema_forms import SchemaForm, plan_of
from promptkit.backends.settings import Settings, with_settings
from promptkit.backends.wire import Endpoint
from promptkit.requests import GenerationConfig, OutputSpec, Plan

__all__ = ["Planner", "planner"]

Planner: TypeAlias = Callable[[OutputSpec, GenerationConfig, Endpoint], Plan]
"""Says where each keyword and rule of an output is enforced, and which settings cannot be sent."""


def planner(form: SchemaForm, settings: Settings) -> Planner:
    """The plans of servers that take schemas in this form, and these settings."""

    def plan(spec: OutputSpec, generation: GenerationConfig, endpoint: Endpoint) -> Plan:
        return with_settings(plan_of(spec, form, endpoint.name), generation, settings, endpoint.model)

    return plan
