"""The door to Milvus."""
