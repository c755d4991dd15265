"""What the OpenAPI document is made of, beyond routes and schemas: one table or rule a room."""
