"""Server-side configuration: one YAML file, checked whole before anything starts."""

from bot.config.charts import Charts
from bot.config.deploy import Deploy
from bot.config.fields import Address, Role
from bot.config.loading import ConfigInvalid, Problem, load, load_credentials, schema
from bot.config.models import (
    Commands,
    Config,
    Database,
    Gitlab,
    Helm,
    Log,
    Metrics,
    Project,
    TargetSettings,
    Webhook,
)

__all__ = [
    "Address",
    "Charts",
    "Commands",
    "Config",
    "ConfigInvalid",
    "Database",
    "Deploy",
    "Gitlab",
    "Helm",
    "Log",
    "Metrics",
    "Problem",
    "Project",
    "Role",
    "TargetSettings",
    "Webhook",
    "load",
    "load_credentials",
    "schema",
]
