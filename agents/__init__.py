"""The agent that ships with Front Door: a second program in the same repository.

It speaks A2A 1.0 and knows nothing of the gateway.
"""
