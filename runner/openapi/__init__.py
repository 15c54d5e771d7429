"""OpenAPI: reads a document (3.0, 3.1, 3.2), and checks requests and responses against it."""
