"""Build the OpenAPI document from the routes, the contracts of the views and the schemas."""
