"""The web: an embeddable chat widget and the socket behind it.

`wire` reads and writes frames and `sessions` reads and writes tokens, both pure;
`connection` is one socket's life; `files`, `pages` and `adapter` are the routes.
`client` and `terminal` are the other end of the wire, for a terminal.
"""
