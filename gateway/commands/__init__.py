"""What `frontdoor` can be told besides to serve."""
