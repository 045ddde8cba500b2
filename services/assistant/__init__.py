"""The story of one request, from what a person wrote to a cited answer."""
