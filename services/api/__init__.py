"""HTTP: requests in, answers out, nothing echoed."""
