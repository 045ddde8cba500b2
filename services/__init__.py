"""The running system: a question goes in, a cited answer comes out."""
