//! HTTP API: health, metrics, calls, recordings, outcomes, OpenAPI.
