"""Qdrant's REST API over Qdrant's own engine, for one machine."""

# The version of the API that is spoken; clients compare it with their own.
API_VERSION = "1.19.0"
