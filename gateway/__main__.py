"""`python -m gateway` is the `frontdoor` command."""

from gateway.main import command

command()
